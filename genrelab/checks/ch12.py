"""Checks of chapter 12: losses for rare genres."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from genrelab.checks.core import check, close, demand, films
from genrelab.evaluation import nadeau_bengio, read_result


@check(points=1, praise="Far below log 2: where most answers are no, a lazy net is cheap.")
def ex1(lazy: float) -> None:
    """One number: the mean loss over all films and genres."""
    share = films(min_count=15).labels.mean(axis=0)
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    demand(np.ndim(lazy) == 0, "Expected one number: take the mean over films *and* genres.")
    demand(lazy > 0, "A loss is positive: the logarithm of a probability is not.")
    demand(
        not close(lazy, entropy.mean() / np.log(2), 0.002),
        "This is in bits: the formula has the natural logarithm.",
    )
    demand(
        not close(lazy, -(share * np.log(share)).mean(), 0.002),
        "Films without the genre have a loss too: the second term of the formula.",
    )
    demand(lazy < 1, "This is a sum: take the mean over films *and* genres.")
    demand(
        close(lazy, entropy.mean(), 0.002),
        "Not the loss of a net that answers every film with the genres' shares. Put each genre's "
        "own share where the formula has p, for films with and without it.",
    )


@check(
    points=2, praise="The usual weight does this for t = the genre's share, which F1 rarely asks."
)
def ex2(weight_for: Callable[[float], float]) -> None:
    """The function `weight_for(t)`, which returns a number."""
    weight = weight_for(0.2)
    demand(weight is not None and weight is not ..., "`weight_for` returns nothing yet.")
    for t in (0.2, 0.05, 0.35, 0.5):
        weight = weight_for(t)
        demand(weight > 0, f"For t = {t} the weight is {weight:.3f}: a weight is positive.")
        answer = weight * t / (weight * t + 1 - t)
        demand(
            not close(weight, t / (1 - t)) or t == 0.5,
            "The wrong way up: a low threshold has to go *up* to one half, so yes must weigh more.",
        )
        demand(
            close(answer, 0.5, 1e-6),
            f"For t = {t} your weight makes the best answer {answer:.2f} at q = t, not one half.",
        )


@check(points=2, praise="Say no more of the two than where zero lies.")
def ex3(differences: ArrayLike, low: float, high: float) -> None:
    """Ten differences, and the two ends of their interval."""
    rows = sorted(read_result("losses")["rows"], key=lambda row: (row["repeat"], row["fold"]))

    def folds(row: str, metric: str) -> np.ndarray:
        return np.array([line[metric] for line in rows if line["row"] == row])

    tuned, weighted = folds("BCE", "f1_macro"), folds("pos_weight", "f1_macro_untuned")
    differences = np.asarray(differences, dtype=float)
    demand(differences.shape == (10,), "Expected ten differences, fold by fold, in one array.")
    demand(
        not close(differences, weighted - tuned, 1e-5),
        "The sign is turned round: BCE tuned *less* `pos_weight` at 0.5.",
    )
    demand(
        not close(differences, tuned - folds("pos_weight", "f1_macro"), 1e-5),
        "Here both are tuned. The claim is about `pos_weight` at 0.5: which column has that?",
    )
    demand(
        close(differences, tuned - weighted, 1e-5),
        "Not the ten differences. Which rows, which column of each, and are both in the order of "
        "the folds?",
    )
    expected = nadeau_bengio(differences, 1 / 4)[:2]
    naive = nadeau_bengio(differences, 0)[:2]
    demand(
        not close((low, high), naive, 1e-5),
        "This interval takes the folds for independent: `test_train_ratio` is what they share.",
    )
    demand(
        close((low, high), expected, 1e-5),
        "The differences are right; the ends are not those of `nadeau_bengio` with 1 / 4.",
    )
