"""Checks of chapter 9: short, long, longest."""

from collections.abc import Mapping

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from genrelab.checks.core import check, close, demand
from genrelab.datasets import load
from genrelab.evaluation import Comparison, CVResult, read_result
from genrelab.metrics import report


@check(points=2, praise="Read the interval before the number.")
def ex1(both: Comparison) -> None:
    """What `compare` returns for the synopsis and for both texts, on five folds."""
    results = list(both.results.values())
    demand(
        len(results) == 2, f"Expected two systems, without and with the logline: {len(results)}."
    )
    demand(all(len(result.folds) == 5 for result in results), "Expected the same five folds.")
    fold = results[0].folds[0]
    regression = LogisticRegression(
        C=10, solver="liblinear", dual=True, max_iter=1000, random_state=0, tol=0.01
    )
    model = make_pipeline(
        CountVectorizer(min_df=2),
        TfidfTransformer(sublinear_tf=True),
        OneVsRestClassifier(regression),
    )
    # Two genres of one fold are enough to recognise a text.
    found = [result.scores[0][fold.test][:, :2] for result in results]
    for view, name in {"synopsis": "the synopsis alone", "both": "logline and synopsis"}.items():
        films = load("films", view=view)
        texts = np.array(films.texts, dtype=object)
        model.fit(texts[fold.train], films.labels[fold.train][:, :2])
        expected = model.predict_proba(texts[fold.test])
        demand(
            any(close(scores, expected, 0.05) for scores in found),
            f"Neither system reads {name}, by words and on these folds. Look at one text of each: "
            "does it begin and end where you think?",
        )


@check(points=2, praise="The best of four, chosen on the rows that judge it, is no honest score.")
def ex2(map_of_weight: Mapping[float, float], script: CVResult, synopsis: CVResult) -> None:
    """A dict from weight to mAP, with four weights; and the two systems that vote."""
    weights = (0.3, 0.5, 0.7, 0.9)
    found = {round(float(weight), 6): value for weight, value in dict(map_of_weight).items()}
    demand(
        sorted(found) == list(weights),
        f"Expected the weights 0.3, 0.5, 0.7 and 0.9; found {sorted(found)}.",
    )

    def voted(weight: float) -> float:
        mixed = weight * script.scores[0] + (1 - weight) * synopsis.scores[0]
        return report(script.Y, np.zeros_like(script.Y), mixed).summary["map"]

    demand(
        close(found[0.5], voted(0.5), 1e-4),
        "At 0.5 this is not the plain vote. Mix the *probabilities*, film by film and genre by "
        "genre, and judge the mixture by mAP.",
    )
    demand(
        not close(found[0.3], voted(0.7), 1e-4) or close(voted(0.3), voted(0.7), 1e-4),
        "The weights are on the wrong side: `weight` is the script's say.",
    )
    for weight in weights:
        demand(
            close(found[weight], voted(weight), 1e-4),
            f"The mAP at {weight} is not that of the mixture: the two weights have to sum to 1.",
        )


@check(points=2, praise="Rather an upper bound: gains tend to shrink with each doubling.")
def ex3(expected: float) -> None:
    """One number: the macro-F1 at twice the number of films."""
    scores: dict[str, list[float]] = {}
    for row in read_result("views")["rows"]:
        scores.setdefault(row["row"], []).append(row["f1_macro"])
    half, full = (np.mean(scores[f"logline, MiniLM{part}"]) for part in (", 4/8", ""))
    demand(np.ndim(expected) == 0, "Expected one number, the mean over the folds.")
    demand(
        not close(expected, full + 2 * (full - half), 1e-3),
        "This line is straight in the number of films. On the scale of log2, going from half of "
        "the films to all is as far as from all to twice as many.",
    )
    demand(expected > full, "A rising line goes on rising: this is no more than today's score.")
    demand(
        close(expected, full + (full - half), 1e-3),
        "Not on the line through the last two points. They are means over the folds of *logline, "
        "MiniLM*, with half of the training films and with all; how far apart are the three points "
        "on the scale of log2?",
    )
