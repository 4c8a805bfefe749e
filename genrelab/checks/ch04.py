"""Checks of chapter 4: words to sequences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from genrelab.checks.core import check, close, demand

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

WORD, N_NEAREST, BATCH = "ship", 5, 32


@check(points=2, praise="This is what most_similar does, too.")
def ex1(learnt: "KeyedVectors", nearest: Sequence[str]) -> None:
    """The word vectors, and a list of five words, the nearest first."""
    nearest = [str(word) for word in nearest]
    demand(
        len(set(nearest)) == len(nearest) == N_NEAREST,
        f"Expected {N_NEAREST} different words; found {len(set(nearest))}.",
    )
    unknown = [word for word in nearest if word not in learnt.key_to_index]
    demand(not unknown, f"These have no vector: {', '.join(unknown)}.")
    demand(
        WORD not in nearest,
        f"'{WORD}' itself is among them: its cosine with itself is 1, so it must be left out.",
    )
    vectors = learnt.vectors.astype(np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit[learnt.key_to_index[WORD]]
    cosines[learnt.key_to_index[WORD]] = -1
    found = np.array([cosines[learnt.key_to_index[word]] for word in nearest])
    best = np.sort(cosines)[::-1][:N_NEAREST]
    demand(found.mean() > 0, "These are the words furthest away: sort the other way round.")
    # Words whose cosines agree to the sixth digit may change places.
    demand(
        found.min() >= best[-1] - 1e-6,
        f"'{nearest[int(found.argmin())]}' is not among the nearest. Is each vector divided by its "
        "own length? A plain dot product favours long vectors, a plain distance short ones.",
    )
    demand(close(found, best), "The right words, but not in order: the nearest comes first.")


@check(points=3, praise="What all texts share says nothing about any of them.")
def ex2(common: ArrayLike, without: ArrayLike) -> None:
    """Two matrices of the same shape: the texts' vectors before and after."""
    common, without = (np.asarray(values, dtype=np.float64) for values in (common, without))
    demand(
        without.shape == common.shape,
        f"Found the shape {without.shape}, expected that of `common`, {common.shape}: one vector "
        "is taken out of each row, and the rows keep their length.",
    )
    demand(not close(common, without, 1e-9), "Nothing was taken out.")
    u = np.linalg.eigh(common.T @ common)[1][:, -1]
    size = np.abs(common).max()
    centred = common - common.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    for start in (common, centred):
        demand(
            not close(without, start - np.outer(start @ axis, axis), 1e-5 * size)
            and not close(without, centred, 1e-5 * size),
            "This has been centred: the mean of the rows was taken off. Here it may stay, because "
            "what the rows have in common is just what u shall catch.",
        )
    demand(
        not close(without, np.outer(common @ u, u), 1e-5 * size),
        "This is what is to be taken out. What is left of each row without it?",
    )
    demand(
        np.abs(without @ u).max() < 1e-4 * size,
        "The rows still have a part along the common direction. Is u a unit vector, and as long as "
        "a row? Which of the three matrices of the SVD has one direction a row?",
    )
    demand(
        close(without, common - np.outer(common @ u, u), 1e-4 * size),
        "More than the common direction is gone: take off, of each row, only its projection on u.",
    )


@check(points=2, praise="The more the lengths differ, the more sorting saves.")
def ex3(lengths: ArrayLike, as_they_come: float, by_length: float) -> None:
    """The lengths of the texts, and two shares between 0 and 1."""
    lengths = np.asarray(lengths)

    def places(ordered: np.ndarray) -> list[tuple[int, int]]:
        batches = [ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH)]
        return [(int(batch.sum()), len(batch) * int(batch.max())) for batch in batches]

    demand(
        0 <= by_length <= 1 and 0 <= as_they_come <= 1,
        "A share lies between 0 and 1: padded places divided by all places.",
    )
    demand(
        by_length <= as_they_come,
        "Sorting made it worse? Then the two have changed places, or only a part was sorted.",
    )
    for name, found, ordered in (
        ("as_they_come", as_they_come, lengths),
        ("by_length", by_length, np.sort(lengths)),
    ):
        batches = np.array(places(ordered))  # (batches, 2)
        n_words, n_places = batches.sum(axis=0)
        demand(
            not close(found, n_words / n_places),
            f"`{name}` is the share of places that hold a word. The rest is padding.",
        )
        demand(
            not close(found, 1 - n_words / (len(lengths) * lengths.max()))
            or close(found, 1 - n_words / n_places),
            f"`{name}` pads to the longest text of all. A batch is padded to its own longest.",
        )
        demand(
            not close(found, (1 - batches[:, 0] / batches[:, 1]).mean())
            or close(found, 1 - n_words / n_places),
            f"`{name}` is a mean of the batches' shares, but the last batch is smaller: add up "
            "first, then divide.",
        )
        demand(
            close(found, 1 - n_words / n_places, 1e-4),
            f"`{name}` is not the share. Check one batch by hand, and the last, shorter one.",
        )
