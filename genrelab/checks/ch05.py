"""Checks of chapter 5: a lazy accuracy, a loss over uneven batches, sets against genres."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from genrelab.checks.core import NotYet, check
from genrelab.datasets import load
from genrelab.splits import headline_folds, locked_split

SETS = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1]])  # Drama; Comedy; Comedy and Romance


def validation_labels() -> np.ndarray:
    """Return the labels of the chapter's validation films, shape (films, 13).

    Examples
    --------
    >>> validation_labels().shape[1]
    13
    """
    films = load("films", view="logline")
    train = headline_folds(films)[0].train
    sides = locked_split(films.labels[train], films.groups[train], test_share=0.2)
    return films.labels[train[sides == "test"]]


@check(points=1, praise="A number that a net without any skill reaches proves no skill.")
def ex1(lazy_accuracy: float) -> None:
    """A number between 0 and 1: the accuracy of always saying no."""
    truth = validation_labels()
    close = {
        "That is the share of cells that are 1. A net that says no is wrong there, and right in "
        "the others.": truth.mean(),
        "That is the share of films without any genre: count cells, not films.": (
            (truth.sum(axis=1) == 0).mean()
        ),
        "That is the accuracy on one film. Take all validation films.": 1 - truth[-1].mean(),
    }
    if math.isclose(lazy_accuracy, 1 - truth.mean(), abs_tol=0.006):
        return
    for fault, value in close.items():
        if math.isclose(lazy_accuracy, value, abs_tol=0.006):
            raise NotYet(fault)
    raise NotYet(
        "Count the cells of `Y_valid` in which the true answer is no, and divide by all its cells."
    )


@check(points=3, praise="Each film counts once, whichever batch it came in.")
def ex2(validation_loss: Callable[[Sequence[float], Sequence[int]], float]) -> None:
    """A function of batch losses and batch sizes that returns the mean loss over films."""
    even = validation_loss([0.2, 0.4], [8, 8])
    if even is None:
        raise NotYet("The function returns nothing: does it end with `return`?")
    if not math.isclose(even, 0.3, abs_tol=1e-9):
        raise NotYet(
            f"For two batches of eight films with losses 0.2 and 0.4 it says {even:.3g}. What is "
            "the mean over the sixteen films?"
        )
    uneven = validation_loss([0.3, 3.3], [32, 1])
    if math.isclose(uneven, 1.8, abs_tol=1e-9):
        raise NotYet(
            "With batches of 32 and of 1, the single film counts as much as the 32 together. Give "
            "each batch the weight of its films."
        )
    if not math.isclose(uneven, (32 * 0.3 + 3.3) / 33, abs_tol=1e-9):
        raise NotYet(
            f"With batches of 32 and of 1, losses 0.3 and 3.3, it says {uneven:.3g}. Write down "
            "the sum over all 33 films first, then divide."
        )
    losses, sizes = [1.0, 2.0, 4.0], [5, 3, 2]
    if not math.isclose(validation_loss(losses, sizes), 1.9, abs_tol=1e-9):
        raise NotYet("Two batches come out right, three do not: does it use all of them?")


@check(points=2, praise="A set must be likely as a whole; a genre collects from all its sets.")
def ex3(of_sets: Sequence[float]) -> None:
    """Three numbers from 0 to 1 that sum to 1: {Drama}, {Comedy}, {Comedy, Romance}."""
    sets = np.array(of_sets, dtype=float)
    if sets.shape != (3,):
        raise NotYet(f"Found {sets.size} numbers; each of the three sets needs one.")
    if (sets < 0).any() or not math.isclose(sets.sum(), 1, abs_tol=1e-6):
        raise NotYet(f"They sum to {sets.sum():.3g}; probabilities are at least 0 and sum to 1.")
    genres = sets @ SETS
    likeliest = np.flatnonzero(np.isclose(sets, sets.max()))
    if len(likeliest) > 1:
        raise NotYet("Two sets are equally likely: make one of them the likeliest.")
    names = ["Drama", "Comedy", "Romance"]
    top = np.flatnonzero(np.isclose(genres, genres.max()))
    held = [names[genre] for genre in top if SETS[likeliest[0], genre]]
    if held:
        raise NotYet(
            f"The likeliest set holds {held[0]}, and no genre is likelier. Add up each genre over "
            "the sets that hold it: which set could win without its genre winning?"
        )
