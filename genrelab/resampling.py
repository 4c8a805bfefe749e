"""Balance rare labels by adding or removing *training* rows: inside ``fit``, never before a split.

Whatever is made before the split carries test rows into training. Put a sampler into
`imblearn.pipeline.Pipeline`, or wrap it in `PerLabel`: both resample in ``fit`` alone.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from imblearn.base import BaseSampler
from imblearn.over_sampling import SMOTE
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import _safe_indexing, check_random_state, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from genrelab.metrics import as_indicator, names_of


@dataclass(frozen=True, eq=False, repr=False)
class ImbalanceReport:
    """How unevenly the labels of a data set are spread; see `imbalance_report`.

    Attributes
    ----------
    summary : pandas.Series of float
        ``rows, labels, cardinality, density, mean_ir, max_ir, cvir, scumble``.
    per_label : pandas.DataFrame
        One row a label: ``label, count, share, irlbl, minority, scumble``.
    missing : tuple of str
        Labels that no row has, left out of every mean over labels.
    """

    summary: pd.Series
    per_label: pd.DataFrame
    missing: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{self.summary.round(3).to_string()}\nno rows: {', '.join(self.missing) or 'none'}"


def imbalance_report(Y: ArrayLike, label_names: Sequence[str] | None = None) -> ImbalanceReport:
    """Measure the imbalance of a multi-label data set.

    Parameters
    ----------
    Y : array-like, DataFrame or sparse matrix of shape (n, L)
        0/1 labels.
    label_names : sequence of str, optional
        Names in the order of the columns; default: a DataFrame's columns, else numbers.

    Returns
    -------
    ImbalanceReport
        For each label its ``count``, its ``share`` of the rows, and

        - ``irlbl``: the count of the most frequent label divided by its own, 1 or more;
        - ``minority``: whether ``irlbl`` exceeds ``mean_ir``, so that `MLSMOTE` adds to it;
        - ``scumble``: the mean over its own rows of what ``scumble`` averages over all.

        Over all labels

        - ``cardinality``: labels a row; ``density``: the same divided by the number of labels;
        - ``mean_ir``, ``max_ir``: mean and maximum of IRLbl; ``cvir``: its standard deviation
          (over L - 1) divided by its mean;
        - ``scumble``: how far frequent and rare labels sit in the same rows, from 0 to 1. A row's
          value is 1 minus the geometric divided by the arithmetic mean of its labels' IRLbl; 0
          for a row of fewer than two labels. Where it is high (Charte et al. speak of .1 and
          more), what is added for a rare label adds to the frequent ones too.

    Raises
    ------
    ValueError
        If labels are not 0/1, names do not fit, or no row has a label.

    References
    ----------
    Charte, Rivera, del Jesus, Herrera (2015), "Addressing imbalance in multilabel classification:
    Measures and random resampling algorithms", https://doi.org/10.1016/j.neucom.2014.08.091.
    Charte et al. (2014), "Concurrence among Imbalanced Labels and Its Influence on Multilabel
    Resampling Algorithms" (SCUMBLE).

    Examples
    --------
    >>> films = pd.DataFrame({"Drama": [1, 1, 1, 1], "Western": [0, 0, 0, 1]})
    >>> imbalance_report(films)
    rows           4.000
    labels         2.000
    cardinality    1.250
    density        0.625
    mean_ir        2.500
    max_ir         4.000
    cvir           0.849
    scumble        0.050
    no rows: none
    """
    truth = as_indicator(Y, "Y")  # (n, L)
    names = names_of(truth.shape[1], label_names, Y)
    counts, sizes = truth.sum(axis=0, dtype=np.int64), truth.sum(axis=1, dtype=np.int64)
    ratios = _irlbl(counts)
    filled = ratios.fillna(1).to_numpy()
    arithmetic = truth @ filled / np.maximum(sizes, 1)
    geometric = np.exp(truth @ np.log(filled) / np.maximum(sizes, 1))
    scumble = np.where(sizes > 1, 1 - geometric / np.maximum(arithmetic, 1), 0)  # (n,)
    per_label = pd.DataFrame(
        {
            "label": names,
            "count": counts,
            "share": counts / len(truth),
            "irlbl": ratios,
            "minority": ratios > ratios.mean(),
            "scumble": np.where(counts > 0, scumble @ truth / np.maximum(counts, 1), np.nan),
        }
    )
    summary = pd.Series(
        {
            "rows": len(truth),
            "labels": len(names),
            "cardinality": sizes.mean(),
            "density": truth.mean(),
            "mean_ir": ratios.mean(),
            "max_ir": ratios.max(),
            "cvir": ratios.std() / ratios.mean(),
            "scumble": scumble.mean(),
        },
        dtype=float,
    )
    return ImbalanceReport(summary, per_label, tuple(per_label["label"][counts == 0]))


class _MultilabelSampler(BaseSampler):
    """What the samplers of a 0/1 label matrix share.

    imbalanced-learn's own ``fit_resample`` refuses rows of several labels, and takes a matrix
    whose rows all have one label for classes; so it is not called.
    """

    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Check the input and find the minority labels; `fit_resample` does all at once.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n, d)
            Features.
        Y : array-like, DataFrame or sparse matrix of shape (n, L)
            0/1 labels.

        Returns
        -------
        self
        """
        self._read(X, Y)
        return self

    def fit_resample(self, X: ArrayLike, Y: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
        """Return resampled rows and their labels.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n, d)
            Features. `MLSMOTE` makes whole numbers float64 and keeps sparse sparse (CSR); the
            random samplers take anything that has rows, lists of texts too.
        Y : array-like, DataFrame or sparse matrix of shape (n, L)
            0/1 labels. A matrix whose rows all have one label is treated like any other.

        Returns
        -------
        X : ndarray, DataFrame, sparse matrix or list of m rows, as given
        Y : ndarray of int8 or DataFrame, shape (m, L)

        Raises
        ------
        ValueError
            If ``Y`` is no 0/1 matrix, lengths differ, a parameter makes no sense, no label is a
            minority, or (`MLSMOTE`) a minority label has too few rows.
        """
        rng = check_random_state(self.random_state)
        X_new, labels = self._fit_resample(X, *self._read(X, Y), rng)
        return _like(X, X_new), _like(Y, labels)

    def _read(self, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the labels, their counts and which of them are minorities."""
        if getattr(Y, "ndim", 2) == 1:
            raise ValueError(
                f"Y has shape {Y.shape}, one class a row; expected a 0/1 matrix (n, L). Use "
                "imbalanced-learn's own samplers for classes, or binarise Y."
            )
        truth = as_indicator(Y, "Y")
        indexable(X, truth)
        counts = truth.sum(axis=0, dtype=np.int64)
        ratios = _irlbl(counts)
        self.irlbl_, self.mean_ir_ = ratios.to_numpy(), ratios.mean()
        minority = np.flatnonzero(ratios > self.mean_ir_)
        names = np.array(names_of(len(counts), self.label_names, Y))
        self.minority_labels_ = tuple(names[minority].tolist())
        if not len(minority):
            raise ValueError(
                f"none of {len(counts)} labels has an IRLbl above MeanIR {self.mean_ir_:.4g}; "
                f"{type(self).__name__} expects a minority. Look at imbalance_report(Y)."
            )
        return truth, counts, minority


class MLSMOTE(_MultilabelSampler):
    """Add synthetic rows between neighbours that share a rare label.

    A label is a minority where its IRLbl exceeds MeanIR (see `imbalance_report`). Each row of a
    minority label gets one synthetic row: a random point on the segment between it and one of its
    ``k_neighbors`` nearest rows of that label, drawn at random. Neighbours are found by Euclidean
    distance among the rows of ``X`` alone: no synthetic row is interpolated again.

    Parameters
    ----------
    k_neighbors : int or "auto", default=5
        Neighbours to draw from. With ``"auto"`` 5, and fewer where a label has fewer rows, with a
        warning that names it; a label of one row gets no synthetic row.
    labels : {"ranking", "union", "intersection"}, default="ranking"
        Which labels a synthetic row gets, of the row and all its ``k_neighbors`` neighbours:
        those of more than half of these rows, of any, or of all.
    random_state : int, RandomState or None, default=None
        Seed of the neighbours and the points drawn.
    label_names : sequence of str, optional
        Names for errors; default: a DataFrame's columns, else numbers.

    Attributes
    ----------
    irlbl_ : ndarray of shape (L,)
        IRLbl of each label; NaN for a label without rows, which is never a minority.
    mean_ir_ : float
        Mean of IRLbl.
    minority_labels_ : tuple of str
        Labels that rows were added for.

    Notes
    -----
    One random number places a row, as in SMOTE of imbalanced-learn, so that it lies on the
    segment; the paper's pseudo-code draws one a feature, which fills the box around the segment.
    Ranking follows the pseudo-code (more than half); the text beside it says "half or more".

    References
    ----------
    Charte, Rivera, del Jesus, Herrera (2015), "MLSMOTE: Approaching imbalanced multilabel learning
    through synthetic instance generation", https://doi.org/10.1016/j.knosys.2015.07.019.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0], [8.0], [9.0]])
    >>> Y = np.array([[1, 0], [1, 0], [1, 0], [1, 0], [1, 1], [1, 1]])
    >>> X_more, Y_more = MLSMOTE(k_neighbors=1, random_state=0).fit_resample(X, Y)
    >>> Y_more[6:].tolist(), bool((X_more[6:] >= 8).all() and (X_more[6:] <= 9).all())
    ([[1, 1], [1, 1]], True)
    """

    def __init__(
        self,
        *,
        k_neighbors: int | str = 5,
        labels: str = "ranking",
        random_state: int | np.random.RandomState | None = None,
        label_names: Sequence[str] | None = None,
    ) -> None:
        self.k_neighbors = k_neighbors
        self.labels = labels
        self.random_state = random_state
        self.label_names = label_names

    def _fit_resample(
        self,
        X: ArrayLike,
        truth: np.ndarray,
        counts: np.ndarray,
        minority: np.ndarray,
        rng: np.random.RandomState,
    ) -> tuple[np.ndarray | sparse.spmatrix, np.ndarray]:
        """Return the rows given, then the synthetic ones, a minority label at a time."""
        if self.labels not in ("ranking", "union", "intersection"):
            raise ValueError(
                f'labels is {self.labels!r}; expected "ranking", "union" or "intersection".'
            )
        wanted = 5 if self.k_neighbors == "auto" else self.k_neighbors
        matrix = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32))
        for name, n in zip(self.minority_labels_, counts[minority], strict=True):
            if n <= wanted:
                _short(
                    f"label {name!r} has {n} rows in this fold; MLSMOTE with k_neighbors={wanted} "
                    f"needs {wanted + 1}",
                    "k_neighbors",
                    n - 1,
                    'k_neighbors="auto"',
                    self.k_neighbors == "auto",
                )
        rows, labels = [matrix], [truth]
        for label in minority[counts[minority] > 1]:
            k, bag = min(wanted, counts[label] - 1), np.flatnonzero(truth[:, label])
            new, votes = _between(matrix[bag], truth[bag], k, rng)
            least = {"union": 1, "intersection": k + 1}.get(self.labels, (k + 1) // 2 + 1)
            rows.append(new)
            labels.append((votes >= least).astype(np.int8))
        stack = sparse.vstack(rows, format="csr") if sparse.issparse(matrix) else np.vstack(rows)
        return stack, np.vstack(labels)


class _RandomSampler(_MultilabelSampler):
    """What drawing whole rows takes, over or under."""

    def __init__(
        self,
        *,
        share: float = 0.25,
        random_state: int | np.random.RandomState | None = None,
        label_names: Sequence[str] | None = None,
    ) -> None:
        self.share = share
        self.random_state = random_state
        self.label_names = label_names

    def _fit_resample(
        self, X: ArrayLike, truth: np.ndarray, *counted: np.ndarray
    ) -> tuple[ArrayLike, np.ndarray]:
        if not self.share > 0:
            raise ValueError(f"share is {self.share!r}; expected a number above 0.")
        self.sample_indices_ = self._draw(truth, *counted, round(self.share * len(truth)))
        return _safe_indexing(X, self.sample_indices_), truth[self.sample_indices_]


class MultilabelRandomOverSampler(_RandomSampler):
    """Add copies of rows that have rare labels (ML-ROS).

    The minority labels (IRLbl above MeanIR) take turns: each adds a copy of one of its rows, drawn
    at random, until ``share`` of the rows are added. A label drops out once its IRLbl, counted
    with the copies, has come down to the MeanIR of the rows given; fewer rows are added when all
    have.

    Parameters
    ----------
    share : float, default=0.25
        Rows to add, as a share of the rows given.
    random_state : int, RandomState or None, default=None
        Seed of the draws.
    label_names : sequence of str, optional
        Names for ``minority_labels_``; default: a DataFrame's columns, else numbers.

    Attributes
    ----------
    sample_indices_ : ndarray of int
        Row of ``X`` that each row returned is.
    irlbl_, mean_ir_, minority_labels_
        As in `MLSMOTE`.

    References
    ----------
    Charte, Rivera, del Jesus, Herrera (2015), "Addressing imbalance in multilabel classification:
    Measures and random resampling algorithms", https://doi.org/10.1016/j.neucom.2014.08.091.

    Examples
    --------
    >>> Y = np.array([[1, 0], [1, 0], [1, 0], [1, 0], [0, 1]])
    >>> sampler = MultilabelRandomOverSampler(share=0.4, random_state=0)
    >>> sampler.fit_resample(["a", "b", "c", "d", "e"], Y)[0]
    ['a', 'b', 'c', 'd', 'e', 'e']
    """

    def _draw(
        self,
        truth: np.ndarray,
        counts: np.ndarray,
        minority: np.ndarray,
        rng: np.random.RandomState,
        wanted: int,
    ) -> np.ndarray:
        bags = {label: np.flatnonzero(truth[:, label]) for label in minority}
        rows, turns = list(range(len(truth))), list(minority)
        while turns and len(rows) < len(truth) + wanted:
            label = turns.pop(0)
            rows.append(rng.choice(bags[label]))
            counts += truth[rows[-1]]
            if counts.max() / counts[label] > self.mean_ir_:
                turns.append(label)
        return np.array(rows)


class MultilabelRandomUnderSampler(_RandomSampler):
    """Remove rows that have no rare label (ML-RUS).

    Rows are drawn at random among those without any minority label (IRLbl above MeanIR), so that
    no rare label loses a row.

    Parameters
    ----------
    share : float, default=0.25
        Rows to remove, as a share of the rows given, below 1. Where fewer rows have no minority
        label, all of these go, with a warning.
    random_state : int, RandomState or None, default=None
        Seed of the draw.
    label_names : sequence of str, optional
        Names for ``minority_labels_``; default: a DataFrame's columns, else numbers.

    Attributes
    ----------
    sample_indices_ : ndarray of int
        Row of ``X`` that each row returned is.
    irlbl_, mean_ir_, minority_labels_
        As in `MLSMOTE`.

    Notes
    -----
    Removed are rows without minority labels, as in the authors' R package ``mldr.resampling``.
    Other implementations let the majority labels take turns, which also costs rare labels rows.

    References
    ----------
    Charte, Rivera, del Jesus, Herrera (2015), "Addressing imbalance in multilabel classification:
    Measures and random resampling algorithms", https://doi.org/10.1016/j.neucom.2014.08.091.

    Examples
    --------
    >>> Y = np.array([[1, 0], [1, 0], [1, 0], [1, 1]])
    >>> sampler = MultilabelRandomUnderSampler(share=0.5, random_state=0)
    >>> sampler.fit_resample(["a", "b", "c", "d"], Y)[1].tolist()
    [[1, 0], [1, 1]]
    """

    def _draw(
        self,
        truth: np.ndarray,
        counts: np.ndarray,
        minority: np.ndarray,
        rng: np.random.RandomState,
        wanted: int,
    ) -> np.ndarray:
        free = np.flatnonzero(~truth[:, minority].any(axis=1))
        if len(free) < wanted:
            warnings.warn(
                f"share={self.share} asks for {wanted} of {len(truth)} rows, but only {len(free)} "
                "have no minority label: these are removed. Lower share.",
                stacklevel=3,
            )
        return np.setdiff1d(np.arange(len(truth)), rng.permutation(free)[:wanted])


class PerLabel(OneVsRestClassifier):
    """One classifier a label, each fitted on rows that an imbalanced-learn sampler resampled.

    imbalanced-learn's samplers balance two classes. Here every label is such a task of its own:
    rows with it against rows without it. ``fit`` gives each label its own clone of the sampler and
    of the estimator; scoring and predicting never resample, and are inherited from
    `sklearn.multiclass.OneVsRestClassifier`. A matrix whose rows all happen to have one label is
    treated like any other; one class a row (a one-dimensional ``Y``) makes one task a class.

    Parameters
    ----------
    sampler : imbalanced-learn sampler
        ``SMOTE()``, ``BorderlineSMOTE()``, ``ADASYN()``, ``TomekLinks()``, ``SMOTETomek()``,
        ``RandomUnderSampler()``, …
    estimator : classifier
        Takes two classes, such as ``LogisticRegression()``.
    k : {"raise", "auto"}, default="raise"
        What to do where a label has fewer rows than the sampler's neighbours. ``"raise"``: an
        error that names label, count and largest legal number. ``"auto"``: clamp that number for
        that label; a label that even so cannot be resampled (one row, or ADASYN with nothing to
        add) is fitted on its rows as they are. Both with a warning that names them.
    label_names : sequence of str, optional
        Names for errors and ``resampled_``; default: a DataFrame's columns, else numbers.

    Attributes
    ----------
    estimators_ : list of L classifiers
        Fitted, in the order of the labels.
    resampled_ : pandas.DataFrame
        One row a label: ``label, with_before, without_before, with_after, without_after``, the
        rows that have the label and those that do not.
    classes_ : ndarray
        Column numbers 0 … L-1; for a one-dimensional target its classes.
    n_features_in_, feature_names_in_
        The columns of ``X``, and their names where it is a table.

    See Also
    --------
    MLSMOTE : one resampled set for all labels.

    References
    ----------
    Lemaître, Nogueira, Aridas (2017), "Imbalanced-learn", JMLR 18(17). Boutell et al. (2004),
    "Learning multi-label scene classification" (one binary task a label).

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, Y = make_multilabel_classification(n_classes=2, n_labels=1, random_state=0)
    >>> model = PerLabel(SMOTE(random_state=0), LogisticRegression()).fit(X, Y)
    >>> model.resampled_
      label  with_before  without_before  with_after  without_after
    0     0           38              62          62             62
    1     1           44              56          56             56
    >>> model.predict(X[:3]).shape
    (3, 2)
    """

    def __init__(
        self,
        sampler: BaseEstimator,
        estimator: BaseEstimator,
        *,
        k: str = "raise",
        label_names: Sequence[str] | None = None,
    ) -> None:
        self.sampler = sampler
        self.estimator = estimator
        self.k = k
        self.label_names = label_names

    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Resample and fit, label by label.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n, d)
            Features that the sampler takes.
        Y : array-like, DataFrame or sparse matrix of shape (n, L), or array of shape (n,)
            0/1 labels, or one class a row.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `iter_resample`.
        """
        self.label_binarizer_, truth, names = _one_column_a_label(Y, self.label_names)
        self.classes_, self.estimators_, after = self.label_binarizer_.classes_, [], []
        for _, X_label, y_label in self.iter_resample(X, Y):
            self.estimators_.append(clone(self.estimator).fit(X_label, y_label))
            after.append([(y_label == side).sum() for side in (1, 0)])
        self.resampled_ = pd.DataFrame(
            np.column_stack([truth.sum(axis=0), (truth == 0).sum(axis=0), after]),
            pd.Index(names, name="label"),
            ["with_before", "without_before", "with_after", "without_after"],
        ).reset_index()
        validate_data(self, X, skip_check_array=True)
        return self

    @available_if(lambda self: False)
    def partial_fit(self) -> None:
        """Not there: a sampler needs all rows at once."""

    def iter_resample(self, X: ArrayLike, Y: ArrayLike) -> Iterator[tuple[str, Any, np.ndarray]]:
        """Yield the rows that each label's classifier is fitted on.

        Parameters
        ----------
        X, Y
            As in `fit`.

        Yields
        ------
        name : str
            The label.
        X : ndarray, DataFrame or sparse matrix of shape (m, d)
        y : ndarray of shape (m,)
            1 with the label, 0 without.

        Raises
        ------
        ValueError
            If labels are not 0/1, a label has no row or all rows, or the sampler cannot resample
            it; the message names the label.

        Warns
        -----
        UserWarning
            Names the labels that ``k="auto"`` had to change the sampler for.
        """
        if self.k not in ("raise", "auto"):
            raise ValueError(f'k is {self.k!r}; expected "raise" or "auto".')
        _, truth, names = _one_column_a_label(Y, self.label_names)
        for name, y in zip(names, truth.T, strict=True):
            yield name, *self._resample(X, y, name)

    def _resample(self, X: ArrayLike, y: np.ndarray, name: str) -> tuple[Any, np.ndarray]:
        """Resample one label."""
        sampler = clone(self.sampler)
        if getattr(sampler, "smote", self) is None:  # then SMOTETomek and SMOTEENN make this one
            sampler.set_params(
                smote=SMOTE(
                    sampling_strategy=sampler.sampling_strategy, random_state=sampler.random_state
                )
            )
        while True:
            try:
                return sampler.fit_resample(X, y)
            except (ValueError, RuntimeError) as error:
                fact, key, legal = _fault(sampler, y, str(error).rstrip("."))
                fact = f"label {name!r} has {fact}"
                # ADASYN's words where all neighbours agree, or where classes are balanced already.
                if not key and not re.search("belong to the majority|No samples will be", fact):
                    raise ValueError(f"{fact}. Drop the label or take another sampler.") from error
                _short(fact, key, legal, 'k="auto"', self.k == "auto")
                if legal < 1:
                    return X, y
                sampler.set_params(**{key: legal})


def _irlbl(counts: np.ndarray) -> pd.Series:
    """Return each label's imbalance ratio, NaN where it has no row."""
    if not counts.any():
        raise ValueError("no row of Y has a label; expected at least one. Look at the split.")
    return counts.max() / pd.Series(counts).where(counts > 0)


def _between(
    bag: np.ndarray | sparse.spmatrix, labels: np.ndarray, k: int, rng: np.random.RandomState
) -> tuple[np.ndarray | sparse.spmatrix, np.ndarray]:
    """Return a point between each row and a neighbour, and how many rows vote for each label."""
    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(bag)
    near = search.kneighbors(return_distance=False)  # (m, k), a row itself left out
    toward = bag[near[np.arange(len(near)), rng.randint(k, size=len(near))]] - bag
    steps = rng.uniform(size=(len(near), 1)).astype(bag.dtype)
    shift = toward.multiply(steps).tocsr() if sparse.issparse(bag) else steps * toward  # (m, d)
    return bag + shift, labels + labels[near].sum(axis=1, dtype=np.int64)  # (m, L)


def _one_column_a_label(
    Y: ArrayLike, label_names: Sequence[str] | None
) -> tuple[LabelBinarizer, np.ndarray, tuple[str, ...]]:
    """Return a 0/1 matrix and the names of its columns, of a matrix or of one class a row."""
    target = Y if sparse.issparse(Y) else np.asarray(Y)
    labels = as_indicator(Y, "Y") if target.ndim == 2 else Y
    binarizer = LabelBinarizer().fit(labels)
    truth = binarizer.transform(labels)  # (n, L); (n, 1) for two classes
    if target.ndim == 1 and label_names is None:
        label_names = binarizer.classes_[-truth.shape[1] :]
    return binarizer, truth, names_of(truth.shape[1], label_names, Y)


def _fault(sampler: BaseEstimator, y: np.ndarray, error: str) -> tuple[str, str | None, int]:
    """Return what went wrong and, if a neighbour count is at fault, its name and largest value."""
    kind = type(sampler).__name__
    found = re.search(r"n_neighbors = (\d+), n_samples_fit = (\d+)", error)
    needed, there = map(int, found.groups()) if found else (0, 0)
    for key, k in sampler.get_params().items():
        if key.endswith("neighbors") and k == needed - 1:
            sides = {len(y): "rows in all", (y == 0).sum(): "rows without it", y.sum(): "rows"}
            have = f"{there} {sides.get(there, 'rows to choose from')} in this fold"
            return f"{have}; {kind} with {key}={k} needs {needed}", key, there - 1
    return f"{y.sum()} of {len(y)} rows; {kind} says: {error}", None, 0


def _short(fact: str, key: str | None, legal: int, switch: str, auto: bool) -> None:
    """Refuse a label that has too few rows, or warn of what is done about it."""
    use, done = f"{switch} to add nothing for it", "nothing is added for it"
    if legal > 0:
        use, done = f"{key}<={legal}, {switch}", f"{key} is clamped to {legal}"
    if not auto:
        raise ValueError(f"{fact}. Use {use}, or a higher min_count when loading.")
    warnings.warn(f"{fact}: {done}. A higher min_count when loading avoids it.", stacklevel=4)


def _like(given: ArrayLike, values: np.ndarray | sparse.spmatrix) -> ArrayLike:
    """Make a table with the columns of the one given, if it was one."""
    if not isinstance(given, pd.DataFrame):
        return values
    make = pd.DataFrame.sparse.from_spmatrix if sparse.issparse(values) else pd.DataFrame
    return make(values, columns=given.columns)
