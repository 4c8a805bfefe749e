"""Checks of chapter 8: beyond the mean."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from genrelab.checks.core import check, close, demand, films

QUARTER = 4


@check(points=1, praise="Cutting made sixteen times the rows, and not even twice the examples.")
def ex1(n_effective: float) -> None:
    """A number: how many independent parts all parts are worth."""
    segments = films().segments.astype(float)
    n, k, _ = segments.shape
    means = segments.mean(axis=1)
    between = k * ((means - means.mean(axis=0)) ** 2).sum() / (n - 1)
    within = ((segments - means[:, None]) ** 2).sum() / (n * (k - 1))
    rho = (between - within) / (between + (k - 1) * within)
    expected = n * k / (1 + (k - 1) * rho)
    demand(
        not close(n_effective, expected / n, 0.05),
        "This is the number for one film. Asked for are all parts together.",
    )
    demand(
        n <= n_effective <= n * k,
        f"{n_effective:,.0f} cannot be: with rho = 1 the parts are worth {n:,}, as many as there "
        f"are films, and with rho = 0 {n * k:,}, as many as there are parts.",
    )
    demand(
        close(n_effective, expected, 0.01 * expected),
        "Between the bounds, but not what the formula gives. Is it k - 1 in the denominator, and "
        "is n k the number of all parts?",
    )


@check(points=3, praise="Padding has no weight, and no score is too large.")
def ex2(attend: Callable[[np.ndarray, np.ndarray], ArrayLike]) -> None:
    """A function of raw scores and a mask, both of shape (films, windows), that returns weights."""
    raw = np.array([[0.0, np.log(3), 50.0], [2.0, 2.0, 2.0], [-4.0, 9.0, 9.0]])
    real = np.array([[True, True, False], [True, True, True], [True, False, False]])
    expected = np.array([[0.25, 0.75, 0], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0]])
    kept = raw.copy(), real.copy()
    with np.errstate(all="ignore"):
        weights = np.asarray(attend(raw, real), dtype=float)
        large = np.asarray(attend(1000 + kept[0], kept[1]), dtype=float)
    demand(
        weights.shape == raw.shape,
        f"Found weights of shape {weights.shape} for raw scores of shape {raw.shape}: one weight a "
        "window is expected.",
    )
    demand(
        np.array_equal(raw, kept[0]) and np.array_equal(real, kept[1]),
        "Your function changes the arrays it is given; whoever calls it still needs them.",
    )
    demand(
        close(weights[~real], np.zeros(3), 1e-9),
        "Padding gets weight. What must a raw score be, so that its exponential is zero?",
    )
    demand(
        close(weights.sum(axis=1), np.ones(3), 1e-6),
        "The weights of a film do not sum to one. Over which axis do you divide, and does padding "
        "still count in the sum?",
    )
    demand(
        close(weights, expected, 1e-6),
        "The weights sum to one, but they are no softmax: a raw score larger by log 3 must get "
        "three times the weight.",
    )
    demand(
        close(large, expected, 1e-6),
        "With raw scores around 1,000 the weights break. What may be subtracted from all raw "
        "scores of a film without changing its weights?",
    )


@check(points=3, praise="Most of them save it for the end.")
def ex3(rise: ArrayLike, timelines: np.ndarray) -> None:
    """One number a horror film; and the timelines, shape (films, parts, genres)."""
    scripts, rise = films(), np.asarray(rise, dtype=float)
    column = scripts.label_names.index("Horror")
    own = scripts.labels[:, column] == 1
    demand(
        rise.shape == (own.sum(),),
        f"Found the shape {rise.shape}, expected ({own.sum()},): one number for each film that "
        "carries Horror, and for no other.",
    )
    scores = np.asarray(timelines)[own][:, :, column]
    expected = scores[:, -QUARTER:].mean(axis=1) - scores[:, :QUARTER].mean(axis=1)
    demand(
        not close(rise, -expected, 1e-6),
        "The sign is turned round: a film whose horror grows should have a positive number.",
    )
    demand(
        not close(rise, scores[:, -1] - scores[:, 0], 1e-6),
        "This compares the last part with the first. A quarter is more than one of sixteen parts.",
    )
    demand(
        close(rise, expected, 1e-6),
        "The films are right, the numbers are not. Which column of the timelines is Horror, and "
        "which parts are the first and the last quarter?",
    )
