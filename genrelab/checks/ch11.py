"""Checks of chapter 11: resampling."""

import numpy as np
from numpy.typing import ArrayLike

from genrelab.checks.core import check, close, demand, films
from genrelab.evaluation import read_result
from genrelab.resampling import imbalance_report


@check(points=1, praise="None of them would be real.")
def ex1(n_westerns: int) -> None:
    """A whole number of Westerns to add."""
    scripts = films(min_count=15)
    mean_ir = imbalance_report(scripts.labels, scripts.label_names).summary["mean_ir"]
    counts = dict(zip(scripts.label_names, scripts.labels.sum(axis=0).astype(int), strict=True))
    most, westerns = max(counts.values()), counts["Western"]
    demand(n_westerns == int(n_westerns), "Films come whole: which way do you have to round?")
    demand(
        n_westerns != np.ceil(most / mean_ir) or most / (n_westerns + westerns - 1) > mean_ir,
        "So many Westerns there must *be*; some are there already.",
    )
    demand(
        most / (westerns + n_westerns) <= mean_ir,
        "With so many added, Western is still rarer than MeanIR allows.",
    )
    demand(
        most / (westerns + n_westerns - 1) > mean_ir, "Fewer would do: find the smallest number."
    )


@check(points=3, praise="A small leak is more dangerous than a large one: nobody believes .99.")
def ex2(fake_f1: float, honest_f1: float) -> None:
    """Two numbers: macro-F1 at 0.5 with MLSMOTE before the split, and inside the folds."""
    demand(0 < honest_f1 < 1 and 0 < fake_f1 < 1, "Both are macro-F1 scores, between 0 and 1.")
    demand(
        fake_f1 > honest_f1,
        "Which of the two models had relatives of its test rows among its training rows? That one "
        "should look better.",
    )
    # Recorded over both repeats; yours is one of the two.
    recorded = {row["row"]: row["f1_macro_untuned"] for row in read_result("imbalance")["pooled"]}
    demand(
        close(honest_f1, recorded["LR, MLSMOTE"], 0.03),
        "The honest score is off. The sampler belongs into the pipeline, between scaler and "
        "classifier, and the real films keep their folds; score the pooled rows at 0.5.",
    )
    demand(
        fake_f1 - honest_f1 > 0.03,
        "This leak is too small. Are the added rows in the score as well, as in a notebook that "
        "resamples first and splits then?",
    )
    demand(
        fake_f1 - honest_f1 < 0.25,
        "This leak is too large for MLSMOTE, which adds one row for each rare one. Does each added "
        "row fall into a fold of its own choice, and is each row scored by a model without it?",
    )


@check(points=3, praise="Every score moved by the log-odds of its genre's share, and no further.")
def ex3(corrected: ArrayLike, score: np.ndarray) -> None:
    """The corrected probabilities of all films and genres, and the scores they come from."""
    corrected, share = np.asarray(corrected, dtype=float), films(min_count=15).labels.mean(axis=0)
    demand(
        corrected.shape == score.shape,
        f"Found the shape {corrected.shape}, expected {score.shape}: a film a row, a genre a "
        "column.",
    )
    demand(
        corrected.min() >= 0 and corrected.max() <= 1,
        "Some of these are no probabilities: numerator and denominator are both sums of products.",
    )
    demand(
        corrected.mean() < score.mean(),
        "The scores were too high and have become higher. Which side does the rare share multiply?",
    )
    demand(
        not close(corrected, score * share, 1e-6),
        "This is the numerator alone. A film with p = 1 should keep its 1.",
    )
    demand(
        close(corrected, score * share / (score * share + (1 - score) * (1 - share)), 1e-5),
        "Not the formula, or not with each genre's own share. Try p = 0.5 by hand: what should "
        "come out for a genre that one film in ten carries?",
    )
