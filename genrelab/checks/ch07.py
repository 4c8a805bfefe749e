"""Checks of chapter 7: never out of memory."""

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from genrelab.checks.core import NotYet, check, close, demand

FREE = 4 * 2**30
ROW = 384 * 4
# Most that the activations of a window take, in bytes: rows a token without gradients and with.
PRICES = {"fits": 512 * 10 * ROW, "fits_training": 512 * 6 * 16 * ROW}


@check(points=1, praise="The first number would be the same for a model of twice the depth.")
def ex1(fits: int, fits_training: int) -> None:
    """Two whole numbers of windows: without gradients, and with them."""
    demand(fits > fits_training, "Gradients cost memory: fewer windows must fit with them.")
    for (name, price), found in zip(PRICES.items(), (fits, fits_training), strict=True):
        demand(found == int(found), f"`{name}` should be whole: windows are not cut here.")
        demand(
            found * price <= FREE,
            f"The windows of `{name}` take more than 4 GiB. Which price did you take, and which "
            "way did you round?",
        )
        demand(
            (found + 1) * price > FREE,
            f"More windows fit than `{name}` says. A GiB is 2**30 bytes, and SDPA writes no table "
            "of pairs.",
        )


@check(points=2, praise="numpy needs all vectors at once for this; you needed three numbers each.")
def ex2(spread: ArrayLike, vectors: np.ndarray) -> None:
    """The standard deviation of each of the 384 numbers over the windows; and the windows."""
    spread, vectors = np.asarray(spread, dtype=float), np.asarray(vectors, dtype=float)
    demand(spread.shape == vectors.shape[1:], f"Expected 384 numbers; found {spread.shape}.")
    demand(np.isfinite(spread).all(), "There are numbers missing: a root of something negative?")
    demand(spread.any(), "All zeros: nothing was added to the sum of squares.")
    truth, n = vectors.std(axis=0), len(vectors)
    demand(
        not close(spread * np.sqrt((n - 1) / n), truth, 1e-5),
        "This divides by one window less than there are. The loop's last line divides by `count`.",
    )
    demand(
        not close(spread, np.sqrt((vectors**2).mean(axis=0)), 1e-5),
        "This is the distance from zero, not from the mean: the mean has to move along.",
    )
    demand(
        close(spread, truth, 1e-5),
        "Not the standard deviation. In each round `vector` enters twice: with the mean before it "
        "moved, and with the mean after. Try it on two windows with paper and pencil.",
    )


class _Endless(BaseException):
    """No `except Exception` may swallow this."""


class _Network:
    """Has room for so many windows, for others after each success; takes notes."""

    def __init__(self, *rooms: int, error: type[Exception] = MemoryError) -> None:
        self.rooms, self.error, self.inside = rooms, error, False
        self.done, self.failed = [], []

    def __call__(self, numbers: list[int]) -> list[int]:
        self.inside |= sys.exc_info()[0] is not None
        fits = len(numbers) <= self.rooms[min(len(self.done), len(self.rooms) - 1)]
        (self.done if fits else self.failed).append(len(numbers))
        if len(self.done) + len(self.failed) > 200:
            raise _Endless
        if not fits:
            raise self.error(f"{len(numbers)} windows do not fit")
        return [number**2 for number in numbers]


@check(points=3, praise="Complete, nothing done twice, and it gives up where it must.")
def ex3(encode_all: Callable[[list[int], int, Callable], list[int]]) -> None:
    """The function `encode_all(numbers, size, encode_batch)`."""
    numbers = list(range(40))
    # In the third, somebody else takes memory after two batches.
    for size, *rooms in ((32, 5), (8, 8), (8, 8, 8, 3), (16, 1)):
        network = _Network(*rooms)
        case = f"With batches of {size} and room for {' and later '.join(map(str, rooms[-2:]))}"
        try:
            found = encode_all(list(numbers), size, network)
        except _Endless:
            raise NotYet(
                f"{case} it goes round for ever. Does `size` shrink after a failure, and does the "
                "list of finished windows grow after a success?"
            ) from None
        except MemoryError:
            raise NotYet(
                f"{case} the error comes through: catch it, and try again with a smaller batch."
            ) from None
        demand(found is not None and found is not ..., "`encode_all` returns nothing.")
        demand(
            network.done or network.failed,
            "`encode_batch` was never called: the windows go through it.",
        )
        demand(
            list(found) == [number**2 for number in numbers],
            f"{case} {len(found)} vectors come back for 40 windows, or in another order: keep what "
            "is finished, and go on behind it.",
        )
        demand(
            sum(network.done) == 40,
            f"{case} some windows are encoded twice: keep what is finished.",
        )
        halved = [size]
        while halved[-1] > rooms[-1]:
            halved.append(halved[-1] // 2)
        demand(
            network.failed == halved[:-1],
            f"{case} the batches that failed had the sizes {network.failed}: halve after each "
            "failure, and keep the smaller size for the rest of the run.",
        )
        demand(
            not network.inside,
            "It tries again inside the `except` block, where the exception still holds the frames "
            "and their tensors. Note the failure there, and act after the block.",
        )
    for error, why in {
        MemoryError: "even one single window does not fit: there is nothing left to halve",
        ValueError: "the error is not about memory: such an error is not yours to mend",
    }.items():
        try:
            encode_all([1, 2, 3], 2, _Network(0, error=error))
        # Whichever error tells of a window that does not fit will do.
        except Exception as raised:
            if error is MemoryError or isinstance(raised, error):
                continue
        except _Endless:
            pass
        raise NotYet(f"It has to raise when {why}.")
