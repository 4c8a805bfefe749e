"""Checks of chapter 2: an honest yardstick."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from genrelab.checks.core import check, close, demand, films


@check(points=1, praise="A model below this number would gain by saying everything.")
def ex1(floor: float) -> None:
    """One number: the macro-F1 of saying yes to every genre of every film."""
    share = films().labels.mean(axis=0)
    demand(np.ndim(floor) == 0, "Expected one number: macro-F1 is the mean of the genres' F1.")
    demand(
        not close(floor, share.mean(), 0.001),
        "This is the mean precision: of the films that are called so, the share that is. What is "
        "the recall of a system that says everything, and what is F1 made of?",
    )
    mean = share.mean()
    demand(
        not close(floor, 2 * mean / (1 + mean), 0.001),
        "This is the F1 of a genre with the mean share. Macro-F1 averages the F1, not the share.",
    )
    demand(
        close(floor, (2 * share / (1 + share)).mean(), 0.001),
        "Count for one genre and n films, of which the share p has it: how many hits, how many "
        "true, how many predicted? Put these into the formula of F1, and let n cancel.",
    )


@check(points=2, praise="Luck with the seed does not help: a random fold cuts most franchises.")
def ex2(cuts: Sequence[int]) -> None:
    """Twenty whole numbers: how many franchises each of twenty random divisions cuts."""
    found = np.asarray(cuts, dtype=float)
    demand(found.shape == (20,), f"Expected twenty counts, a seed each; found {found.size}.")
    groups = films().groups
    _, group = np.unique(groups, return_inverse=True)
    several = int((np.bincount(group) > 1).sum())
    demand(
        np.unique(found).size > 1,
        "All twenty are the same. Does each seed reach `random_state`, and does each division "
        "start from an empty array?",
    )
    demand(
        found.min() >= 0 and found.max() <= several,
        "Count franchises, not films or folds: only those with more than one film can be cut, and "
        f"there are {several} of these.",
    )
    # Any seeds will do, so the counts are compared with the spread of our own.
    rng = np.random.default_rng(0)
    own = [_cut(group, rng.permutation(len(group)) % 5) for _ in range(60)]
    demand(
        abs(found.mean() - np.mean(own)) < 2 * np.std(own),
        "Random folds cut another number of franchises on average. `fold_numbers[test] = number` "
        "for the test rows of each fold, all five, and only then count.",
    )


def _cut(group: np.ndarray, fold: np.ndarray) -> int:
    """Count the groups of which not all rows lie in one fold."""
    lowest, highest = np.full(group.max() + 1, fold.max()), np.zeros(group.max() + 1, dtype=int)
    np.minimum.at(lowest, group, fold)
    np.maximum.at(highest, group, fold)
    return int((lowest < highest).sum())


@check(points=2, praise="The second term is what the folds share; repeating does not shrink it.")
def ex3(differences: ArrayLike, lower: float, upper: float) -> None:
    """Ten differences, and the two ends of their corrected 95 % interval."""
    from scipy.stats import norm, t

    differences = np.asarray(differences, dtype=float)
    demand(lower < upper, "The lower end must lie below the upper one.")
    demand(
        close((lower + upper) / 2, differences.mean(), 1e-4),
        "The interval should lie evenly around the mean of the ten differences.",
    )
    found, deviation = (upper - lower) / 2, differences.std(ddof=1)
    corrected, naive = np.sqrt(1 / 10 + 1 / 4), np.sqrt(1 / 10)
    for half, why in {
        t.ppf(0.975, 9) * naive: "This treats the folds as independent: what do they share, and "
        "which term of the formula stands for it?",
        t.ppf(0.95, 9) * corrected: "One end too near: a 95 % interval leaves 2.5 % on each side.",
        norm.ppf(0.975) * corrected: "Ten numbers know little of their own spread: take the t "
        "distribution, with nine degrees of freedom, instead of the normal one.",
        t.ppf(0.975, 10) * corrected: "Ten differences around their own mean leave nine degrees.",
        t.ppf(0.975, 9) * corrected * np.sqrt(9 / 10): "The variance of a sample divides by one "
        "less than its size.",
    }.items():
        demand(not close(found, half * deviation, 1e-6), why)
    demand(
        close(found, t.ppf(0.975, 9) * corrected * deviation, 1e-6),
        "The width is off. Go through the formula: the variance of the ten differences, times the "
        "sum of two terms, then the root, then the quantile.",
    )
