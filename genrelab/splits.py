"""Which rows learn and which rows judge: grouped, stratified folds, the locked test, leaderboards.

Films of one franchise share names and places, so a franchise never lies on both sides of a split.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state

from genrelab.metrics import as_indicator

if TYPE_CHECKING:
    from genrelab.datasets import Dataset

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
    if np.ndim(Y) == 1:
        Y = np.asarray(Y)
        return (Y[:, None] == np.unique(Y)).astype(np.int8)
    return as_indicator(Y)


def _group_codes(groups: ArrayLike | None, n: int) -> np.ndarray:
    """Number the groups 0, 1, … in sorted order; without groups each row is its own."""
    if groups is None:
        return np.arange(n)
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(f"groups has shape {groups.shape}; expected ({n},), one a row of Y.")
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

    def __init__(
        self, n_splits: int = 5, *, random_state: int | np.random.RandomState | None = 0
    ) -> None:
        if not isinstance(n_splits, (int, np.integer)) or n_splits < 2:
            raise ValueError(f"n_splits is {n_splits!r}; expected a whole number of at least 2.")
        self.n_splits = n_splits
        self.random_state = random_state

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
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
        self, X: object = None, y: ArrayLike | None = None, groups: ArrayLike | None = None
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


def _development_only(dataset: "Dataset") -> None:
    """Refuse a data set that holds rows of the locked test."""
    locked = int((np.asarray(getattr(dataset, "split", ())) == "test").sum())
    if locked:
        raise ValueError(
            f"'{dataset.name}' holds {locked} rows of the locked test; expected development rows "
            'only. Load it with split="dev".'
        )


def headline_folds(dataset: "Dataset | None" = None) -> list[Fold]:
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


COUNT_METRICS = ("f1_macro", "f1_micro", "f1_samples", "jaccard", "subset_accuracy")
WEIGHTED_METRICS = (*COUNT_METRICS, "map")


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide, with 0 where there is nothing to divide by (scikit-learn's ``zero_division=0``)."""
    return np.divide(part, whole, out=np.zeros_like(part, dtype=float), where=whole > 0)


def _average_precision(Y: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision of one label for each row of weights: (n,), (n,), (B, n) -> (B,)."""
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    weights = weights[:, order]
    hits = (weights * Y[order]).cumsum(axis=1)[:, last_of_tie]  # (B, distinct scores)
    precision = _ratio(hits, weights.cumsum(axis=1)[:, last_of_tie])
    found = np.diff(hits, axis=1, prepend=0)
    return _ratio((found * precision).sum(axis=1), hits[:, -1])


def weighted_metric(
    Y: np.ndarray, predictions: np.ndarray, weights: np.ndarray, metric: str = "f1_macro"
) -> np.ndarray:
    """Compute one metric under many weightings of the rows at once.

    A weighting of zeros and ones is a subset of the rows; one of whole numbers is a bootstrap
    sample. Labels without a positive row in a weighting are left out of its macro averages.

    Parameters
    ----------
    Y : ndarray of shape (n, L)
        True labels, 0 or 1.
    predictions : ndarray of shape (n, L)
        Predicted labels, 0 or 1; scores for ``metric="map"``.
    weights : ndarray of shape (B, n)
        One weighting of the rows in each line.
    metric : str, default="f1_macro"
        One of ``WEIGHTED_METRICS``.

    Returns
    -------
    ndarray of shape (B,)

    Examples
    --------
    >>> Y = np.array([[1, 0], [0, 1], [1, 1]])
    >>> guess = np.array([[1, 0], [0, 1], [0, 1]])
    >>> weighted_metric(Y, guess, np.array([[1, 1, 0], [1, 1, 1]]), "subset_accuracy").round(2)
    array([1.  , 0.67])
    """
    if metric not in WEIGHTED_METRICS:
        raise ValueError(
            f"metric is {metric!r}; expected one of {', '.join(WEIGHTED_METRICS)} (these can be "
            "computed over thousands of resamples)."
        )
    weights = np.asarray(weights, dtype=float)
    true = weights @ Y  # (B, L)
    absent = true == 0
    if metric == "map":
        columns = [
            _average_precision(y, s, weights) for y, s in zip(Y.T, predictions.T, strict=True)
        ]
        return np.ma.array(np.column_stack(columns), mask=absent).mean(axis=1).filled(np.nan)
    both = (Y == 1) & (predictions == 1)
    either = (Y == 1) | (predictions == 1)
    if metric == "f1_macro":
        f1 = _ratio(2 * (weights @ both), true + weights @ predictions)
        return np.ma.array(f1, mask=absent).mean(axis=1).filled(np.nan)
    if metric == "f1_micro":
        sizes = true.sum(axis=1) + (weights @ predictions).sum(axis=1)
        return _ratio(2 * (weights @ both).sum(axis=1), sizes)
    hits, union = both.sum(axis=1), either.sum(axis=1)
    of_row = {
        "f1_samples": _ratio(2 * hits, hits + union),
        "jaccard": _ratio(hits, union),
        "subset_accuracy": hits == union,
    }[metric]
    return _ratio(weights @ of_row, weights.sum(axis=1))


def _draw_groups(
    rng: np.random.RandomState, codes: np.ndarray, share: float, odds: np.ndarray, n_rounds: int
) -> np.ndarray:
    """Draw groups with replacement; return how often each row was drawn: (rounds, n)."""
    sizes = np.bincount(codes)
    chance = np.bincount(codes, odds) / sizes
    n_drawn = max(1, round(share * len(sizes)))
    return rng.multinomial(n_drawn, chance / chance.sum(), size=n_rounds)[:, codes]


def simulate_leaderboard(
    data: "Dataset | ArrayLike",
    submissions: Mapping[str, np.ndarray] | Sequence[np.ndarray],
    *,
    groups: ArrayLike | None = None,
    metric: str = "f1_macro",
    test_share: float = 0.4,
    public_share: float = 0.3,
    public_odds: ArrayLike | None = None,
    n_rounds: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """Play a competition many times, and pick once by the public board, once by the K-fold.

    The rows stand for all films there are. In each round three samples of whole groups are drawn
    from them, with replacement: training rows, on which the out-of-fold predictions give each
    submission its cross-validated score; the public part of the hidden test; and its private part.
    One picks the submission that leads in public, one that leads in cross-validation; *regret* is
    how far the private score of the pick is below the best private score.

    Drawing without replacement would hold luck against the better judge: a film on which a
    submission was lucky in one part could not be in another.

    Parameters
    ----------
    data : Dataset or array of shape (n, L)
        Development rows and their true labels. A data set brings its groups along.
    submissions : mapping or sequence of arrays of shape (n, L)
        Out-of-fold predictions, 0 or 1, of at least two systems (scores for ``metric="map"``).
    groups : array of shape (n,), optional
        Groups that stay together; each row is its own when left out.
    metric : str, default="f1_macro"
        One of ``WEIGHTED_METRICS``. Labels without a positive row in a part are left out there.
    test_share, public_share : float, default=0.4 and 0.3
        Part of the groups that is hidden; part of the hidden groups that is public.
    public_odds : array of shape (n,), optional
        Odds of a row to be drawn into the public part (positive); makes a skewed board.
    n_rounds : int, default=500
    seed : int, default=0

    Returns
    -------
    DataFrame
        Two rows a round, ``picked_by`` "public" and "cv": ``round, picked_by, submission,
        public_score, cv_score, private_score, regret, rank_correlation`` (Spearman, over the
        submissions, between the scores picked by and the private scores).

    Raises
    ------
    ValueError
        If the data set holds rows of the locked test, or shapes do not fit.

    References
    ----------
    Blum, Hardt (2015), The Ladder: a reliable leaderboard for machine learning competitions.
    https://arxiv.org/abs/1502.04585

    Examples
    --------
    >>> rng = np.random.RandomState(0)
    >>> Y = rng.randint(0, 2, (200, 3))
    >>> noisy = {f"{p:.0%} noise": Y ^ (rng.rand(200, 3) < p) for p in (0.1, 0.3, 0.4)}
    >>> board = simulate_leaderboard(Y, noisy, n_rounds=20)
    >>> board.groupby("picked_by")["submission"].agg(lambda picks: picks.mode()[0]).tolist()
    ['10% noise', '10% noise']
    """
    if hasattr(data, "labels"):
        _development_only(data)
        groups = data.groups if groups is None else groups
        data = data.labels
    Y = label_matrix(data)
    if not isinstance(submissions, Mapping):
        submissions = {str(i): guess for i, guess in enumerate(submissions)}
    if len(submissions) < 2:
        raise ValueError(f"{len(submissions)} submissions; expected at least 2 to pick from.")
    for name, guess in submissions.items():
        if np.shape(guess) != Y.shape:
            raise ValueError(
                f"submission {name!r} has shape {np.shape(guess)}; expected {Y.shape} like Y."
            )
    for name, share in (("test_share", test_share), ("public_share", public_share)):
        if not 0 < share < 1:
            raise ValueError(f"{name} is {share}; expected a number between 0 and 1.")

    fair = np.ones(len(Y))
    odds = fair if public_odds is None else np.asarray(public_odds, dtype=float)
    if odds.shape != fair.shape or not (odds > 0).all():
        raise ValueError(f"public_odds must be {len(Y)} positive numbers, one a row of Y.")
    codes = _group_codes(groups, len(Y))
    rng = np.random.RandomState(seed)
    parts = np.concatenate(
        [
            _draw_groups(rng, codes, test_share * public_share, odds, n_rounds),
            _draw_groups(rng, codes, 1 - test_share, fair, n_rounds),
            _draw_groups(rng, codes, test_share * (1 - public_share), fair, n_rounds),
        ]
    )  # (3 R, n)
    scores = np.stack(
        [weighted_metric(Y, np.asarray(guess), parts, metric) for guess in submissions.values()],
        axis=-1,
    ).reshape(3, n_rounds, -1)
    seen = dict(zip(("public", "cv", "private"), scores, strict=True))
    names = np.array(list(submissions), dtype=object)
    rounds = np.arange(n_rounds)
    tables = []
    for judge in ("public", "cv"):
        pick = seen[judge].argmax(axis=1)
        tables.append(
            pd.DataFrame(
                {
                    "round": rounds,
                    "picked_by": judge,
                    "submission": names[pick],
                    "public_score": seen["public"][rounds, pick],
                    "cv_score": seen["cv"][rounds, pick],
                    "private_score": seen["private"][rounds, pick],
                    "regret": seen["private"].max(axis=1) - seen["private"][rounds, pick],
                    "rank_correlation": _rank_correlation(seen[judge], seen["private"]),
                }
            )
        )
    return pd.concat(tables).sort_values("round", kind="stable", ignore_index=True)


def _rank_correlation(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Spearman's correlation along the rows: (R, S), (R, S) -> (R,); NaN where all are equal."""
    left, right = (rankdata(scores, axis=1) for scores in (left, right))
    left = left - left.mean(axis=1, keepdims=True)
    right = right - right.mean(axis=1, keepdims=True)
    scale = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    return np.where(scale > 0, (left * right).sum(axis=1) / np.where(scale > 0, scale, 1), np.nan)
