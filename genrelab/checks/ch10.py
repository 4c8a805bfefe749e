"""Checks of chapter 10: fine-tuning."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from genrelab.checks.core import check, close, demand

TRIES, ERROR = (1, 2, 5, 10, 50), 0.02
# Of ELECTRA: its weights, layers and width; windows a step and tokens a window.
WEIGHTS, LAYERS, WIDTH, WINDOWS, TOKENS = 108_891_648, 12, 768, 64, 512
FREE = 7 * 2**30


@check(points=2, praise="What was asked for modestly can be read honestly.")
def ex1(unsmoothed: Callable[[np.ndarray, float], ArrayLike]) -> None:
    """A function of answers and a smoothing that returns shares, as an array."""
    share, s = np.array([0.0, 0.1, 0.5, 0.9, 1.0]), 0.2
    asked = share * (1 - s) + s / 2
    found = np.asarray(unsmoothed(asked, s), dtype=float)
    demand(found.shape == share.shape, "Five answers went in: five shares should come out.")
    demand(
        not close(found, np.clip(asked * (1 - s) + s / 2, 0, 1)),
        "This smooths the answers once more. Which way do you need the formula?",
    )
    demand(
        close(found, share),
        "Smoothing a share and undoing it should give the share back. Solve p = q (1 - s) + s / 2 "
        "for q, and try q = 0 and q = 1.",
    )
    outside = np.asarray(unsmoothed(np.array([0.01, 0.99]), s), dtype=float)
    demand(
        close(outside, [0.0, 1.0]),
        "A model may answer 0.01 although it was asked for 0.1 at least. No share is below 0 or "
        "above 1.",
    )
    demand(close(unsmoothed(share, 0.0), share), "Without smoothing nothing is to be undone.")


@check(points=3, praise="Nothing was better, and yet the best of them looks so.")
def ex2(promise: ArrayLike) -> None:
    """An array of five numbers: the mean over-promise for each number of trials."""
    expected = np.array([_expected_maximum(k) for k in TRIES]) * ERROR
    found = np.asarray(promise, dtype=float)
    demand(found.shape == (5,), f"Expected one number for each of {list(TRIES)}, in an array.")
    demand(
        not close(found, expected / ERROR, 0.1),
        "These are multiples of the standard error. How large is the error here?",
    )
    demand(
        found[0] < 0.01,
        "With a single trial nothing is chosen, so nothing can be promised too much. Is the "
        "maximum taken over the trials of one sweep, and not over all draws?",
    )
    demand(
        found[-1] > 0.01,
        "The mean of means is zero. A sweep reports the *highest* of its k numbers: take the "
        "maximum of each sweep first, then the mean over sweeps.",
    )
    demand(
        close(found, expected, 0.001),
        "Near, or in another order. Is there one column a trial, at least 10,000 rows, and the "
        "order that of `tries`?",
    )


@check(points=2, praise="The step stays the same, and it fits.")
def ex3(accumulate: int) -> None:
    """A whole number: into how many parts a step is divided."""
    demand(
        int(accumulate) == accumulate and accumulate >= 1 and not WINDOWS % int(accumulate),
        f"{WINDOWS} windows have to fall into equal parts: a power of two, at most {WINDOWS}.",
    )
    needed = _step_bytes(int(accumulate))
    demand(
        needed <= FREE,
        f"A part of {WINDOWS // int(accumulate)} windows needs {needed / 2**30:.1f} GiB, the "
        "weights' 16 bytes each among them, and 7 are free.",
    )
    demand(
        accumulate == 1 or _step_bytes(int(accumulate) // 2) > FREE,
        "It fits, but fewer parts would fit too, and larger parts keep the hardware busier.",
    )


def _expected_maximum(k: int) -> float:
    """Return the mean of the largest of k standard normal numbers, by integration."""
    from scipy.stats import norm

    x = np.linspace(-8, 8, 4001)
    return float(np.trapezoid(x * k * norm.pdf(x) * norm.cdf(x) ** (k - 1), x))


def _step_bytes(parts: int) -> int:
    return 16 * WEIGHTS + 4 * (WINDOWS // parts) * TOKENS * WIDTH * 16 * LAYERS
