"""Checks of chapter 1: films and their genres."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from genrelab.checks.core import check, close, demand, films


@check(points=1, praise="Drama is often a film's only genre.")
def ex1(with_drama: float, without_drama: float) -> None:
    """Two numbers: mean genres a film, of the films with Drama and of those without."""
    labels = films().labels
    is_drama, per_film = labels[:, 0] == 1, labels.sum(axis=1)
    means = per_film[is_drama].mean(), per_film[~is_drama].mean()
    demand(
        not close((without_drama, with_drama), means, 0.005),
        "The two have changed places: which films does your mask keep, and which does `~` keep?",
    )
    for name, found, mean in zip(
        ("with_drama", "without_drama"), (with_drama, without_drama), means, strict=True
    ):
        demand(found <= 13, f"`{name}` is no mean: a film has at most thirteen genres.")
        demand(
            not close(found, mean - 1, 0.005),
            f"`{name}` is off by one: Drama itself is one of the film's genres.",
        )
        demand(
            close(found, mean, 0.005),
            f"`{name}` is not the mean. Take the number of genres of each film, keep the films of "
            "this group alone, and average over them.",
        )


@check(points=2, praise="Look at how few films stand behind the largest lift.")
def ex2(lift: ArrayLike) -> None:
    """A matrix with a row and a column a genre: how many times more often than by chance."""
    labels = films().labels.astype(int)
    share, both = labels.mean(axis=0), labels.T @ labels / len(labels)
    lift = np.asarray(lift, dtype=float)
    demand(
        lift.shape == both.shape,
        f"Found the shape {lift.shape}, expected a row and a column for each genre: {both.shape}.",
    )
    # What stands on the diagonal is nobody's business.
    pairs = ~np.eye(len(share), dtype=bool)
    demand(
        close(lift[pairs], lift.T[pairs]),
        "The lift of (a, b) and of (b, a) must agree. A share among the films of *one* of the two "
        "genres does not treat them alike: divide by what chance gives, from both shares.",
    )
    demand(
        not close(lift[pairs], both[pairs]),
        "This is how often two genres meet. How often would they meet by chance alone?",
    )
    demand(
        close(lift[pairs], (both / np.outer(share, share))[pairs]),
        "Not the share of both divided by the product of the two shares. Take one pair and count "
        "by hand. Are all three shares of *all* films? Did a count of the type int8 overflow?",
    )


@check(points=2, praise="A model that knows these words knows the series.")
def ex3(marks: Sequence[str]) -> None:
    """Ten words of the vocabulary."""
    scripts = films()
    occurs, is_trek = scripts.counts > 0, scripts.groups == "star-trek"
    inside, outside = (occurs[np.flatnonzero(rows)].mean(axis=0) for rows in (is_trek, ~is_trek))
    column = {word: number for number, word in enumerate(scripts.vocabulary)}
    marks = [str(word) for word in marks]
    demand(len(set(marks)) == len(marks) == 10, f"Expected ten words; found {len(set(marks))}.")
    unknown = [word for word in marks if word not in column]
    demand(not unknown, f"Not in the vocabulary: {', '.join(unknown)}.")
    chosen = [column[word] for word in marks]
    gap = inside - outside
    demand(gap[chosen].max() > 0, "The series uses these words *less*: sort the other way round.")
    demand(
        outside[chosen].mean() < 0.5,
        "Nearly every film has these words, so they mark no series: take off the others' share.",
    )
    # Words may tie for the tenth place.
    demand(
        gap[chosen].min() >= np.sort(gap)[-10] - 1e-9,
        f"'{marks[int(gap[chosen].argmin())]}' is not among the ten. Ask in which share of the "
        "films a word occurs at all, not how often, and take the difference, not the ratio.",
    )
