"""Which rows learn and which rows judge: grouped, stratified folds, the locked test, leaderboards.

Films of one franchise share names and places, so a franchise never lies on both sides of a split.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state

HEADLINE_SPLITS = 5
HEADLINE_SEEDS = (0, 1)


class Fold(NamedTuple):
    """One train/test division of a repeated K-fold; the arrays hold row numbers."""

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray


def label_matrix(Y: ArrayLike) -> np.ndarray:
    """Return labels as a 0/1 matrix; a vector of classes becomes one column a class.

    Parameters
    ----------
    Y : array of shape (n,) or (n, L)
        Classes, or a 0/1 indicator matrix.

    Returns
    -------
    ndarray of int8, shape (n, L)

    Raises
    ------
    ValueError
        If ``Y`` has another shape, or a matrix holds anything but 0 and 1.

    Examples
    --------
    >>> label_matrix(["comedy", "tragedy", "comedy"]).tolist()
    [[1, 0], [0, 1], [1, 0]]
    """
    Y = np.asarray(Y)
    if Y.ndim == 1:
        return (Y[:, None] == np.unique(Y)).astype(np.int8)
    if Y.ndim != 2:
        raise ValueError(f"Y has shape {Y.shape}; expected (n,) classes or an (n, L) 0/1 matrix.")
    strange = ~np.isin(Y, (0, 1))
    if strange.any():
        row, column = np.argwhere(strange)[0]
        raise ValueError(
            f"Y[{row}, {column}] is {Y[row, column]!r}; expected 0 or 1. Binarise the labels first."
        )
    return Y.astype(np.int8)


def _group_codes(groups: ArrayLike | None, n: int) -> np.ndarray:
    """Number the groups 0, 1, … in sorted order; without groups each row is its own."""
    if groups is None:
        return np.arange(n)
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(f"groups has shape {groups.shape}; expected ({n},), one for each row of Y.")
    return np.unique(groups, return_inverse=True)[1].reshape(n)


def _place_groups(
    Y: np.ndarray, codes: np.ndarray, shares: np.ndarray, rng: np.random.RandomState
) -> np.ndarray:
    """Place whole groups into folds by iterative stratification; return the fold of each row.

    Labels are dealt out from the rarest on, the largest groups of a label first, each group to the
    fold that has got the smallest part of its share of that label. Ties go to the fold that most
    wants the group's other labels and rows.
    """
    n_groups = codes.max() + 1
    # The last column counts rows, so that size is stratified like a label.
    counts = np.zeros((n_groups, Y.shape[1] + 1), dtype=np.int64)
    np.add.at(counts, codes, np.column_stack([Y, np.ones(len(Y), dtype=np.int64)]))
    total = counts.sum(axis=0)
    share = shares[:, None] * np.maximum(total, 1)  # folds x (labels + 1)
    placed = np.zeros_like(share)
    fold_of = np.full(n_groups, -1)
    waiting = rng.permutation(n_groups)
    while len(waiting):
        holders = (counts[waiting, :-1] > 0).sum(axis=0)
        label = np.where(holders > 0, holders, n_groups + 1).argmin() if holders.any() else -1
        queue = waiting[counts[waiting, label] > 0]
        for group in queue[np.argsort(-counts[queue, label], kind="stable")]:
            wish = 1 - placed / share
            others = wish @ (counts[group] / np.maximum(total, 1))
            noise = rng.random_sample(len(shares))
            fold_of[group] = np.lexsort((noise, others.round(9), wish[:, label].round(9)))[-1]
            placed[fold_of[group]] += counts[group]
        waiting = waiting[fold_of[waiting] < 0]
    return fold_of[codes]


class GroupedStratifiedKFold(BaseCrossValidator):
    """K folds that keep groups whole and give each fold its share of every label and of the rows.

    Iterative stratification, with groups in the place of rows. The folds depend on the seed, the
    labels and the names of the groups; where groups are given, the order of the rows is all one.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds; at least 2, at most the number of groups.
    random_state : int, RandomState or None, default=0
        Seed of the order among equals.

    References
    ----------
    Sechidis, Tsoumakas, Vlahavas (2011), On the stratification of multi-label data, ECML PKDD.
    https://doi.org/10.1007/978-3-642-23808-6_10

    Examples
    --------
    >>> horror = [1, 1, 1, 1, 0, 0]
    >>> franchise = ["alien", "alien", "psycho", "psycho", "gigi", "hair"]
    >>> for train, test in GroupedStratifiedKFold(2).split(horror, horror, franchise):
    ...     print([franchise[row] for row in test])
    ['alien', 'alien', 'hair']
    ['psycho', 'psycho', 'gigi']
    """

    def __init__(self, n_splits: int = 5, *, random_state: Any = 0) -> None:
        if not isinstance(n_splits, (int, np.integer)) or n_splits < 2:
            raise ValueError(f"n_splits is {n_splits!r}; expected a whole number of at least 2.")
        self.n_splits = n_splits
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds."""
        return self.n_splits

    def fold_of_rows(self, y: ArrayLike, groups: ArrayLike | None = None) -> np.ndarray:
        """Return the number of the test fold of each row, shape (n,)."""
        Y = label_matrix(y)
        codes = _group_codes(groups, len(Y))
        n_groups = len(np.unique(codes))
        if self.n_splits > n_groups:
            raise ValueError(
                f"n_splits={self.n_splits}, but there are only {n_groups} groups in {len(Y)} rows; "
                "each fold needs a group of its own. Use fewer folds."
            )
        self._warn_of_scarce_labels(Y, codes)
        shares = np.full(self.n_splits, 1 / self.n_splits)
        return _place_groups(Y, codes, shares, check_random_state(self.random_state))

    def _warn_of_scarce_labels(self, Y: np.ndarray, codes: np.ndarray) -> None:
        holders = [len(np.unique(codes[column == 1])) for column in Y.T]
        scarce = [f"{i} ({held})" for i, held in enumerate(holders) if held < self.n_splits]
        if scarce:
            warnings.warn(
                f"{len(scarce)} labels lie in fewer groups than the {self.n_splits} folds, so some "
                f"folds test without them: column (groups) {', '.join(scarce)}. Use fewer folds, "
                "or a higher min_count when loading.",
                UserWarning,
                stacklevel=4,
            )

    def _iter_test_indices(
        self, X: Any = None, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[np.ndarray]:
        if y is None:
            raise ValueError("y is None; expected the labels to stratify by.")
        folds = self.fold_of_rows(y, groups)
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds == fold)


def repeated_folds(
    Y: ArrayLike,
    groups: ArrayLike | None = None,
    n_splits: int = HEADLINE_SPLITS,
    seeds: Sequence[int] = HEADLINE_SEEDS,
) -> list[Fold]:
    """Repeat a grouped, stratified K-fold once for each seed.

    Parameters
    ----------
    Y : array of shape (n, L) or (n,)
        Labels.
    groups : array of shape (n,), optional
        Group of each row; each row is its own when left out.
    n_splits : int, default=5
        Folds in a repeat.
    seeds : sequence of int, default=(0, 1)
        One repeat for each.

    Returns
    -------
    list of Fold
        ``len(seeds) * n_splits`` of them; in each repeat every row is tested once.

    Examples
    --------
    >>> folds = repeated_folds([0, 1] * 5)
    >>> len(folds), folds[-1].repeat, folds[-1].fold
    (10, 1, 4)
    """
    Y = label_matrix(Y)
    return [
        Fold(repeat, fold, train, test)
        for repeat, seed in enumerate(seeds)
        for fold, (train, test) in enumerate(
            GroupedStratifiedKFold(n_splits, random_state=seed).split(Y, Y, groups)
        )
    ]


def _development_only(dataset: Any) -> None:
    """Refuse a data set that holds rows of the locked test."""
    locked = int((np.asarray(getattr(dataset, "split", ())) == "test").sum())
    if locked:
        raise ValueError(
            f"'{dataset.name}' holds {locked} rows of the locked test; expected development rows "
            'only. Load it with split="dev".'
        )


def headline_folds(dataset: Any = None) -> list[Fold]:
    """Return the ten folds on which every headline number of the course is made.

    Five folds, grouped by franchise and stratified over labels and size, for each of two fixed
    seeds.

    Parameters
    ----------
    dataset : Dataset, optional
        Development rows; ``load("script_features")`` (13 genres) when left out.

    Returns
    -------
    list of Fold

    Raises
    ------
    ValueError
        If ``dataset`` holds rows of the locked test.
    """
    if dataset is None:
        from genrelab.datasets import load

        dataset = load("script_features")
    _development_only(dataset)
    return repeated_folds(dataset.labels, dataset.groups)


def locked_split(
    Y: ArrayLike, groups: ArrayLike, *, test_share: float = 0.2, seed: int = 0
) -> np.ndarray:
    """Divide whole groups into development and test rows, stratified over labels and size.

    Parameters
    ----------
    Y : array of shape (n, L) or (n,)
        Labels.
    groups : array of shape (n,)
        Group (franchise) of each row.
    test_share : float, default=0.2
        Part of the rows that is locked away, between 0 and 1.
    seed : int, default=0
        Seed of the order among equals.

    Returns
    -------
    ndarray of str, shape (n,)
        ``"dev"`` or ``"test"``.

    Examples
    --------
    >>> split = locked_split([0, 1] * 10, range(20))
    >>> int((split == "test").sum())
    4
    """
    if not 0 < test_share < 1:
        raise ValueError(f"test_share is {test_share}; expected a number between 0 and 1.")
    Y = label_matrix(Y)
    codes = _group_codes(groups, len(Y))
    shares = np.array([1 - test_share, test_share])
    folds = _place_groups(Y, codes, shares, np.random.RandomState(seed))
    if len(np.unique(folds)) < 2:
        raise ValueError(
            f"{codes.max() + 1} groups cannot give a test of {test_share:.0%}; use more groups."
        )
    return np.array(["dev", "test"])[folds]
