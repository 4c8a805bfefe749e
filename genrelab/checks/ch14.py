"""Checks of chapter 14: the whole road."""

import math

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import average_precision_score

from genrelab.checks.core import check, close, demand

GRID = np.round(np.arange(0, 1.01, 0.1), 1)
Part = tuple[ArrayLike, ArrayLike, ArrayLike]


def _of_weights(part: Part) -> np.ndarray:
    one, other, truth = part
    return np.array(
        [average_precision_score(truth, w * one + (1 - w) * other, average="macro") for w in GRID]
    )


@check(points=2, praise="Chosen inside, judged outside: that is all there is to stacking.")
def ex1(best: float, on_test: float, inside: Part, outside: Part) -> None:
    """Two numbers: the weight that is best on the inner scores, and its mAP on the test films."""
    inner, outer = _of_weights(inside), _of_weights(outside)
    demand(0 <= best <= 1, "A weight lies between nought and one: is this the mAP, or an index?")
    place = int(np.argmin(np.abs(GRID - best)))
    demand(close(GRID[place], best, 1e-3), "The weight is not one of the eleven of the grid.")
    # Other processors may round two even weights the other way.
    good = np.flatnonzero(inner.max() - inner < 2e-4)
    if place not in good and outer.max() - outer[place] < 2e-4:
        demand(
            False,
            "This weight is best on the test films. Had you chosen it there, what would the test "
            "still say? Choose on the inner scores.",
        )
    mirrored = np.isin(len(GRID) - 1 - place, good) and place not in good
    demand(not mirrored, "Which of the two members does your weight belong to: `one` or `other`?")
    demand(place in good, "Another weight makes a higher mAP on the inner scores.")
    demand(
        not close(on_test, inner[place], 1e-3),
        "This is the mAP on the inner scores. The weight was chosen there: look at other films.",
    )
    demand(close(on_test, outer[place], 2e-3), "Not the mAP of this weight on the test films.")


@check(points=2, praise="Each further decimal costs a hundred times the films.")
def ex2(n_films: int) -> None:
    """A whole number: how many films bring the half-width down to .01."""
    from genrelab.evaluation import read_result

    opened = read_result("locked_test")
    line = opened["intervals"]["f1_macro"][opened["systems"]["final"]]
    half, n_now = (line["high"] - line["low"]) / 2, opened["n_test"]
    right = n_now * (half / 0.01) ** 2
    demand(n_films > n_now, "A narrower interval cannot come from fewer films than there are.")
    demand(
        not close(n_films, n_now * half / 0.01, 1.01),
        "You shrink the width with the number of films. It shrinks with its square root.",
    )
    demand(
        not close(n_films, 4 * right, 4.01),
        "Four times too many: is .01 here the half-width, or the whole?",
    )
    demand(close(n_films, math.ceil(right), 1.01), "Half-width times root of n must stay the same.")
    demand(float(n_films).is_integer(), "Films come whole: round up.")


@check(points=3, praise="Set the two side by side before you call a model wrong.")
def ex3(
    excused: float, by_chance: float, predicted: ArrayLike, ours: ArrayLike, second: ArrayLike
) -> None:
    """Two shares: of the false alarms, and of the rest without our label, that Wikipedia names."""
    yes, ours, second = (np.asarray(of) == 1 for of in (predicted, ours, second))
    alarms, rest = yes & ~ours, ~yes & ~ours
    shares = second[alarms].mean(), second[rest].mean()
    demand(not close((by_chance, excused), shares, 1e-3), "The two shares have changed places.")
    demand(
        not close(excused, second[yes].mean(), 1e-3),
        "Your pairs hold genres that our labels name too. A false alarm is one that they lack.",
    )
    demand(
        not close(excused, (second & alarms).sum() / second.sum(), 1e-3),
        "This is a share of what Wikipedia names. The question is about the false alarms: what "
        "stands below the line?",
    )
    demand(close(excused, shares[0], 1e-3), "`excused` is not that share of the false alarms.")
    demand(
        not close(by_chance, second[~ours].mean(), 1e-3),
        "`by_chance` holds the false alarms themselves. Take the pairs where the model says no.",
    )
    demand(close(by_chance, shares[1], 1e-3), "`by_chance` is not the share among the other pairs.")
