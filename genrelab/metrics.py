"""The one report that every chapter prints, and how far probabilities can be believed."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets

AVERAGES = ("micro", "macro", "weighted", "samples")
MEASURES = ("precision", "recall", "f1")
_LINES = (
    [
        ("accuracy", "accuracy"),
        ("jaccard", "Jaccard"),
        ("hamming", "Hamming loss"),
        ("subset_accuracy", "subset accuracy"),
        ("at_least_one", "at least one"),
        ("at_least_two", "at least two"),
    ],
    [("cardinality_pred", "labels a row: predicted"), ("cardinality_true", "true")],
    [("map", "mAP"), ("roc_auc", "ROC-AUC")],
)


def as_indicator(values: ArrayLike, name: str = "Y") -> np.ndarray:
    """Return a 0/1 label matrix as a dense integer array, or say which entry is not 0 or 1.

    Parameters
    ----------
    values : array-like, DataFrame or sparse matrix of shape (n, L)
        One row a document, one column a label.
    name : str, default="Y"
        What the error calls the matrix.

    Returns
    -------
    ndarray of int8, shape (n, L)

    Raises
    ------
    ValueError
        If it is not a matrix with rows and columns, or holds anything but 0 and 1.

    Examples
    --------
    >>> as_indicator([[True, False], [1, 1]]).tolist()
    [[1, 0], [1, 1]]
    """
    matrix = _matrix(values, name)
    good = (matrix == 0) | (matrix == 1)
    _require(good, values, matrix, name, "0 or 1", "Cut scores at a threshold first.")
    return matrix.astype(np.int8)


def read_target(y: ArrayLike, name: str = "y") -> tuple[np.ndarray, np.ndarray, bool]:
    """Read the target of a classifier: a 0/1 matrix of labels, or one class a row.

    Parameters
    ----------
    y : array-like, DataFrame or sparse matrix of shape (n, L), or array of shape (n,)
    name : str, default="y"
        What errors call the target.

    Returns
    -------
    labels : ndarray of int8, shape (n, L)
        One column a label or class; of two classes, the column of the second.
    classes : ndarray
        Column numbers; of a one-dimensional target its classes.
    one_dimensional : bool

    Raises
    ------
    ValueError
        If there is no target, or its values are neither 0/1 labels nor classes.

    Examples
    --------
    >>> labels, classes, one_dimensional = read_target(["comedy", "tragedy", "comedy"])
    >>> labels.tolist(), classes.tolist(), one_dimensional
    ([[0], [1], [0]], ['comedy', 'tragedy'], True)
    """
    if y is None:
        raise ValueError("fit requires y to be passed, but the target y is None.")
    target = y if issparse(y) else np.asarray(y)
    if target.ndim != 1:
        labels = as_indicator(y, name)
        return labels, np.arange(labels.shape[1]), False
    assert_all_finite(target, input_name=name)
    check_classification_targets(target)
    classes, codes = np.unique(target, return_inverse=True)
    one_hot = np.eye(len(classes), dtype=np.int8)[codes]  # (n, classes)
    return (one_hot[:, 1:] if len(classes) == 2 else one_hot), classes, True


def as_scores(
    values: ArrayLike, shape: tuple[int, int] | None = None, name: str = "scores"
) -> np.ndarray:
    """Return a score matrix as float64, or say which entry is not a finite number.

    Parameters
    ----------
    values : array-like, DataFrame or sparse matrix of shape (n, L)
        Probabilities or decision scores, one column a label.
    shape : (int, int), optional
        Shape that the labels have; None takes any.
    name : str, default="scores"
        What the error calls the matrix.

    Returns
    -------
    ndarray of float64, shape (n, L)

    Raises
    ------
    ValueError
        If it is not a matrix of finite numbers, or not of the expected shape.

    Examples
    --------
    >>> as_scores([[0, 1], [0.5, 0.25]]).tolist()
    [[0.0, 1.0], [0.5, 0.25]]
    """
    matrix = _matrix(values, name).astype(np.float64)
    if shape is not None and matrix.shape != shape:
        raise ValueError(
            f"{name} has shape {matrix.shape}; expected {shape}, the shape of the labels. "
            "Give one score a row and label."
        )
    remedy = "Look at the model or the row that made it."
    _require(np.isfinite(matrix), values, matrix, name, "a finite number", remedy)
    return matrix


def names_of(
    n_labels: int, label_names: Sequence[str] | None, *tables: ArrayLike
) -> tuple[str, ...]:
    """Return the labels' names: those given, else the columns of a DataFrame, else 0, 1, ….

    Parameters
    ----------
    n_labels : int
        How many labels there are.
    label_names : sequence of str or None
        Names in the order of the columns.
    *tables : array or DataFrame
        Label and score matrices; all DataFrames among them must agree on their columns.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If there are too many, too few or repeated names, or two DataFrames disagree.

    Examples
    --------
    >>> names_of(2, None, pd.DataFrame({"Drama": [1], "Horror": [0]}))
    ('Drama', 'Horror')
    """
    columns = [tuple(map(str, t.columns)) for t in tables if isinstance(t, pd.DataFrame)]
    for other in columns[1:]:
        if other != columns[0]:
            raise ValueError(
                f"two tables name their columns {list(columns[0])} and {list(other)}; expected the "
                "same labels in the same order. Reorder one of them."
            )
    if label_names is None:
        return columns[0] if columns else tuple(map(str, range(n_labels)))
    names = tuple(map(str, label_names))
    if len(names) != n_labels:
        raise ValueError(
            f"label_names has {len(names)} names; expected {n_labels}, one a label. "
            f"Found {list(names)}."
        )
    if len(set(names)) < n_labels:
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"label_names repeats {twice}; expected {n_labels} different names.")
    return names


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """All metrics of one prediction; prints as a short table.

    Attributes
    ----------
    summary : pandas.Series of float
        Metric name to value, see `report`.
    per_label : pandas.DataFrame
        One row a label: ``label, support, predicted, precision, recall, f1`` and, where scores
        were given, ``ap, auc``. NaN where a label has no positives.
    confusion : pandas.DataFrame or None
        Single-label targets: counts, rows are true classes, columns predicted ones.
    co_prediction : pandas.DataFrame or None
        Multi-label targets: of the rows that have the row's label, how many were given the
        column's label.
    missing : tuple of str
        Labels without positives, left out of every macro average.
    n_rows : int
        How many rows were judged.
    """

    summary: pd.Series
    per_label: pd.DataFrame
    confusion: pd.DataFrame | None
    co_prediction: pd.DataFrame | None
    missing: tuple[str, ...]
    n_rows: int

    def _averages(self) -> pd.DataFrame:
        """Precision, recall and F1 under each average."""
        rows = {
            "F1" if measure == "f1" else measure: [
                self.summary[f"{measure}_{average}"] for average in AVERAGES
            ]
            for measure in MEASURES
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=AVERAGES)

    def _lines(self) -> list[str]:
        """The numbers that are no average of precision, recall or F1, a line each group."""
        lines = [
            ", ".join(
                f"{title} {_number(self.summary[k])}" for k, title in group if k in self.summary
            )
            for group in _LINES
        ]
        return [line for line in lines if line]

    def _notes(self) -> list[str]:
        """What was left out, and of what."""
        notes = []
        if self.missing:
            notes.append(
                f"No positives, so left out of macro averages: {', '.join(self.missing)} "
                f"({len(self.missing)} of {len(self.per_label)} labels)."
            )
        full = self.per_label.loc[self.per_label["support"] == self.n_rows, "label"]
        if "roc_auc" in self.summary and len(full):
            notes.append(f"No negatives, so left out of ROC-AUC: {', '.join(full)}.")
        return notes

    def _title(self) -> str:
        kind = "classes" if self.confusion is not None else "labels"
        return f"{self.n_rows:,} rows, {len(self.per_label)} {kind}"

    def __repr__(self) -> str:
        table = self._averages().to_string(float_format=_number, na_rep="-")
        return "\n".join([self._title(), table, *self._lines(), *self._notes()])

    def _repr_html_(self) -> str:
        averages = self._averages().to_html(float_format=_number, na_rep="-", border=0)
        labels = self.per_label.to_html(float_format=_number, na_rep="-", border=0, index=False)
        text = "".join(f"<p>{escape(line)}</p>" for line in [*self._lines(), *self._notes()])
        return (
            f"<div><p><strong>{escape(self._title())}</strong></p>{averages}{text}"
            f"<details><summary>Label by label</summary>{labels}</details></div>"
        )


def report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_score: ArrayLike = None,
    *,
    label_names: Sequence[str] | None = None,
) -> Report:
    """Judge a prediction by every metric of the course at once.

    Two-dimensional targets are multi-label; one-dimensional ones hold one class a row. A label
    that no row has (`Report.missing`) has no recall, F1 or average precision: it is left out of
    the macro averages, not counted as zero, and the report says so. Its false positives still
    count in the micro and samples averages, Jaccard, Hamming loss and subset accuracy.

    Parameters
    ----------
    y_true, y_pred : array-like, DataFrame or sparse matrix of shape (n, L), or array of shape (n,)
        True and predicted labels: 0/1 matrices, or one class a row.
    y_score : array-like of shape (n, L), optional
        Probabilities or decision scores, higher for likelier. Adds mAP and ROC-AUC. For classes,
        one column each in the order of ``label_names`` (sorted where these are not given).
    label_names : sequence of str, optional
        Names in the order of the columns. For classes: the classes themselves in the order
        wanted, or the names of the codes 0, 1, …. Default: a DataFrame's columns, else numbers.

    Returns
    -------
    Report
        Its ``summary`` holds ``precision_*``, ``recall_*`` and ``f1_*`` for ``micro``, ``macro``,
        ``weighted`` and ``samples``, and

        - ``jaccard``: true and predicted in common / in either, averaged over rows;
        - ``hamming``: the share of wrong entries of the label matrix (lower is better);
        - ``subset_accuracy``: the share of rows with every label right;
        - ``at_least_one``, ``at_least_two``: the share of all rows of which one or more (two or
          more) true labels are predicted. A row with fewer than two true labels can never count
          for ``at_least_two``, and wrong labels cost nothing: predicting everything is best;
        - ``cardinality_pred``, ``cardinality_true``: labels a row;
        - ``map``: average precision, averaged over labels; ``roc_auc`` the same (over labels that
          have both positives and negatives).

        Classes get ``accuracy`` and the averages.

    Raises
    ------
    ValueError
        If shapes differ, labels are not 0/1, a score is not finite, or names do not fit.

    Notes
    -----
    A ratio whose denominator is zero counts as zero, as in scikit-learn: a label that is never
    predicted has precision 0, a row with nothing true and nothing predicted has F1 0.

    References
    ----------
    Tsoumakas, Katakis, Vlahavas (2010), "Mining Multi-label Data", in *Data Mining and Knowledge
    Discovery Handbook*.

    Examples
    --------
    >>> films = report(
    ...     [[1, 1, 0], [0, 1, 0]], [[1, 0, 0], [0, 1, 1]], label_names=["Crime", "Drama", "War"]
    ... )
    >>> films
    2 rows, 3 labels
               micro  macro  weighted  samples
    precision  0.667  1.000     1.000    0.750
    recall     0.667  0.750     0.667    0.750
    F1         0.667  0.833     0.778    0.667
    Jaccard 0.500, Hamming loss 0.333, subset accuracy 0.000, at least one 1.000, \
at least two 0.000
    labels a row: predicted 1.500, true 1.500
    No positives, so left out of macro averages: War (1 of 3 labels).
    """
    single_label = not issparse(y_true) and np.ndim(_array(y_true, "y_true")) == 1
    if single_label:
        true, pred, names = _one_column_a_class(y_true, y_pred, label_names)
    else:
        true, pred = as_indicator(y_true, "y_true"), as_indicator(y_pred, "y_pred")
        _same_shape(true.shape, pred.shape)
        names = names_of(true.shape[1], label_names, y_true, y_pred, y_score)
    scores = None if y_score is None else as_scores(y_score, true.shape, "y_score")

    per_label = _per_label(true, pred, scores, names)
    present = per_label["support"] > 0
    matrix = pd.DataFrame(
        true.T.astype(np.int64) @ pred,
        index=pd.Index(names, name="true"),
        columns=pd.Index(names, name="predicted"),
    )
    summary = _averages(true, pred, per_label[present])
    if single_label:
        summary = {"accuracy": (true == pred).all(axis=1).mean()} | summary
    else:
        summary |= _row_metrics(true, pred)
    if scores is not None:
        summary |= {"map": per_label["ap"].mean(), "roc_auc": per_label["auc"].mean()}
    return Report(
        summary=pd.Series(summary, dtype=float),
        per_label=per_label,
        confusion=matrix if single_label else None,
        co_prediction=None if single_label else matrix,
        missing=tuple(per_label.loc[~present, "label"]),
        n_rows=len(true),
    )


def precision_at_k(y_true: ArrayLike, y_score: ArrayLike, k: int) -> float:
    """Return the share of true labels among each row's ``k`` highest scores, averaged over rows.

    Parameters
    ----------
    y_true : array-like of shape (n, L)
        0/1 labels.
    y_score : array-like of shape (n, L)
        Scores, higher for likelier. Of equal scores the first column comes first.
    k : int
        Labels taken a row, from 1 to L. A row with fewer than ``k`` true labels cannot reach 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If shapes differ, a value is no 0/1 label or no finite score, or ``k`` is out of range.

    References
    ----------
    Manning, Raghavan, Schütze (2008), *Introduction to Information Retrieval*, chapter 8.

    Examples
    --------
    >>> precision_at_k([[1, 0, 1], [0, 1, 0]], [[0.9, 0.5, 0.1], [0.2, 0.7, 0.3]], k=2)
    0.5
    """
    true = as_indicator(y_true, "y_true")
    scores = as_scores(y_score, true.shape, "y_score")
    if not 1 <= k <= true.shape[1]:
        raise ValueError(f"k is {k}; expected 1 to {true.shape[1]}, the number of labels.")
    highest = np.argsort(-scores, axis=1, kind="stable")[:, :k]  # (n, k)
    return float(np.take_along_axis(true, highest, axis=1).mean())


def brier_score(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    average: Literal["macro"] | None = "macro",
) -> float | np.ndarray:
    """Mean squared distance of the probabilities from 0 and 1; lower is better.

    A label without positives counts like any other: its best probability is 0.

    Parameters
    ----------
    y_true : array-like of shape (n, L) or (n,)
        0/1 labels.
    y_prob : array-like of shape (n, L) or (n,)
        Probabilities.
    average : "macro" or None, default="macro"
        The mean over labels, or the score of each label.

    Returns
    -------
    float or ndarray of shape (L,)

    Raises
    ------
    ValueError
        If shapes differ or a value is no 0/1 label or no probability.

    References
    ----------
    Brier (1950), "Verification of forecasts expressed in terms of probability".

    Examples
    --------
    >>> brier_score([1, 0], [0.5, 0.25])
    0.15625
    """
    true, prob = _labels_and_probabilities(y_true, y_prob)
    scores = ((prob - true) ** 2).mean(axis=0)
    return float(scores.mean()) if average == "macro" else scores


def expected_calibration_error(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: Literal["uniform", "quantile"] = "uniform",
    average: Literal["macro"] | None = "macro",
) -> float | np.ndarray:
    """How far, on average, a label's probabilities are from its observed frequency.

    Rows are binned by probability, a label at a time; each bin's distance between mean
    probability and share of positives is weighted by the bin's rows.

    Parameters
    ----------
    y_true : array-like of shape (n, L) or (n,)
        0/1 labels.
    y_prob : array-like of shape (n, L) or (n,)
        Probabilities.
    n_bins : int, default=10
        Number of bins.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of one width, or of about as many rows each.
    average : "macro" or None, default="macro"
        The mean over labels, or the error of each label.

    Returns
    -------
    float or ndarray of shape (L,)

    Raises
    ------
    ValueError
        If shapes differ, a value is no 0/1 label or no probability, or the bins make no sense.

    References
    ----------
    Naeini, Cooper, Hauskrecht (2015), "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning".

    Examples
    --------
    >>> round(expected_calibration_error([1, 1, 0, 1], [0.8, 0.8, 0.8, 0.8]), 3)
    0.05
    """
    true, prob = _labels_and_probabilities(y_true, y_prob)
    errors = np.empty(true.shape[1])
    for label in range(true.shape[1]):
        curve = reliability_curve(true[:, label], prob[:, label], n_bins=n_bins, strategy=strategy)
        distance = (curve["mean_probability"] - curve["share_positive"]).abs()
        errors[label] = np.average(distance, weights=curve["count"])
    return float(errors.mean()) if average == "macro" else errors


def reliability_curve(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: Literal["uniform", "quantile"] = "uniform",
) -> pd.DataFrame:
    """How often a label is there, among rows that were given about the same probability.

    Parameters
    ----------
    y_true : array-like of shape (n, L) or (n,)
        0/1 labels; the labels of a matrix are pooled into one curve.
    y_prob : array-like of shape (n, L) or (n,)
        Probabilities.
    n_bins : int, default=10
        Number of bins; bins without rows are left out.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of one width, or of about as many rows each.

    Returns
    -------
    pandas.DataFrame
        One row a bin: ``lower, upper, count, mean_probability, share_positive``.

    Raises
    ------
    ValueError
        If shapes differ, a value is no 0/1 label or no probability, or the bins make no sense.

    References
    ----------
    Niculescu-Mizil, Caruana (2005), "Predicting good probabilities with supervised learning".

    Examples
    --------
    >>> reliability_curve([0, 1, 1, 1], [0.1, 0.3, 0.8, 0.9], n_bins=2)
       lower  upper  count  mean_probability  share_positive
    0    0.0    0.5      2              0.20             0.5
    1    0.5    1.0      2              0.85             1.0
    """
    true, prob = (matrix.ravel() for matrix in _labels_and_probabilities(y_true, y_prob))
    if n_bins < 1:
        raise ValueError(f"n_bins is {n_bins}; expected at least 1.")
    if strategy == "uniform":
        edges = np.linspace(0, 1, n_bins + 1)
    elif strategy == "quantile":
        edges = np.quantile(prob, np.linspace(0, 1, n_bins + 1))
    else:
        raise ValueError(f"strategy is {strategy!r}; expected 'uniform' or 'quantile'.")
    bins = np.searchsorted(edges[1:-1], prob)
    count = np.bincount(bins, minlength=n_bins)
    filled = count > 0
    return pd.DataFrame(
        {
            "lower": edges[:-1][filled],
            "upper": edges[1:][filled],
            "count": count[filled],
            "mean_probability": np.bincount(bins, prob, n_bins)[filled] / count[filled],
            "share_positive": np.bincount(bins, true, n_bins)[filled] / count[filled],
        }
    )


def _array(values: ArrayLike, name: str) -> np.ndarray:
    """Make a dense array; lists of unequal length are refused by name."""
    if issparse(values):
        return values.toarray()
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} has rows of different lengths; expected a 0/1 matrix. "
            "Binarise label sets with MultiLabelBinarizer first."
        ) from None


def _matrix(values: ArrayLike, name: str) -> np.ndarray:
    matrix = _array(values, name)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"{name} has shape {matrix.shape}; expected (n, L) with at least one row and one label."
        )
    if matrix.dtype.kind == "O":
        with contextlib.suppress(TypeError, ValueError):
            matrix = matrix.astype(np.float64)
    if matrix.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} holds {matrix.dtype} values, {str(matrix[0, 0])!r} first; expected numbers. "
            "Binarise label sets with MultiLabelBinarizer first."
        )
    return matrix


def _require(
    good: np.ndarray, given: ArrayLike, matrix: np.ndarray, name: str, expected: str, remedy: str
) -> None:
    """Raise for the first entry that is not good, with its column's name where it has one."""
    odd = np.argwhere(~good)
    if len(odd):
        row, column = odd[0]
        label = repr(given.columns[column]) if isinstance(given, pd.DataFrame) else column
        raise ValueError(
            f"{name}[{row}, {label}] is {matrix[row, column]}; expected {expected} "
            f"({len(odd)} such entries). {remedy}"
        )


def _same_shape(true: tuple[int, ...], pred: tuple[int, ...]) -> None:
    if true != pred:
        raise ValueError(
            f"y_pred has shape {pred}; expected {true}, the shape of y_true. "
            "Predict the same rows and labels."
        )


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def _one_column_a_class(
    y_true: ArrayLike, y_pred: ArrayLike, label_names: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Turn classes into 0/1 columns, so that one path serves both kinds of target."""
    true, pred = _array(y_true, "y_true"), _array(y_pred, "y_pred")
    _same_shape(true.shape, pred.shape)
    if not len(true):
        raise ValueError("y_true has no rows; expected at least one.")
    for name, values in (("y_true", true), ("y_pred", pred)):
        odd = [value for value in values.tolist() if not _is_class(value)]
        if odd:
            raise ValueError(
                f"{name} holds {odd[0]!r}; expected one class (a name or a whole number) a row. "
                "Take the argmax of scores; binarise label sets with MultiLabelBinarizer."
            )
    classes = seen = np.unique(np.concatenate([true, pred]))
    if label_names is not None:
        named = seen.dtype.kind in "UO"
        classes = np.array(label_names if named else range(len(label_names)))
        unknown = sorted(set(seen.tolist()) - set(classes.tolist()))
        if unknown:
            raise ValueError(
                f"class {unknown[0]!r} is not among the {len(classes)} classes of label_names "
                f"{list(label_names)}; expected a name for every class. Add it to label_names."
            )
    names = names_of(len(classes), classes if label_names is None else label_names)
    true, pred = ((column[:, None] == classes).astype(np.int8) for column in (true, pred))
    return true, pred, names


def _is_class(value: object) -> bool:
    return isinstance(value, (str, int)) or (isinstance(value, float) and value.is_integer())


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide; nothing by nothing is zero."""
    return np.divide(
        numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator != 0
    )


def _precision_recall_f1(
    true: np.ndarray, pred: np.ndarray, axis: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hits = np.sum(true & pred, axis=axis, dtype=np.int64)
    n_true, n_pred = (np.sum(m, axis=axis, dtype=np.int64) for m in (true, pred))
    return _divide(hits, n_pred), _divide(hits, n_true), _divide(2.0 * hits, n_true + n_pred)


def _per_label(
    true: np.ndarray, pred: np.ndarray, scores: np.ndarray | None, names: tuple[str, ...]
) -> pd.DataFrame:
    support = true.sum(axis=0, dtype=np.int64)
    table = pd.DataFrame(
        {"label": names, "support": support, "predicted": pred.sum(axis=0, dtype=np.int64)}
    )
    for measure, values in zip(MEASURES, _precision_recall_f1(true, pred, axis=0), strict=True):
        table[measure] = np.where(support > 0, values, np.nan)
    if scores is not None:
        both = (support > 0) & (support < len(true))
        table["ap"] = _each_label(average_precision_score, true, scores, support > 0)
        table["auc"] = _each_label(roc_auc_score, true, scores, both)
    return table


def _each_label(
    metric: Callable[..., float], true: np.ndarray, scores: np.ndarray, defined: np.ndarray
) -> np.ndarray:
    values = np.full(true.shape[1], np.nan)
    for label in np.flatnonzero(defined):
        values[label] = metric(true[:, label], scores[:, label])
    return values


def _averages(true: np.ndarray, pred: np.ndarray, present: pd.DataFrame) -> dict[str, float]:
    micro = _precision_recall_f1(true, pred, axis=None)
    samples = _precision_recall_f1(true, pred, axis=1)
    summary = {}
    for number, measure in enumerate(MEASURES):
        values, weights = present[measure].to_numpy(), present["support"]
        summary[f"{measure}_micro"] = float(micro[number])
        summary[f"{measure}_macro"] = np.average(values) if len(values) else np.nan
        summary[f"{measure}_weighted"] = (
            np.average(values, weights=weights) if len(values) else np.nan
        )
        summary[f"{measure}_samples"] = np.average(samples[number])
    return summary


def _row_metrics(true: np.ndarray, pred: np.ndarray) -> dict[str, float]:
    hits = (true & pred).sum(axis=1)
    return {
        "jaccard": np.average(_divide(hits, (true | pred).sum(axis=1))),
        "hamming": np.mean(true != pred),
        "subset_accuracy": np.mean((true == pred).all(axis=1)),
        "at_least_one": np.mean(hits >= 1),
        "at_least_two": np.mean(hits >= 2),
        "cardinality_pred": pred.sum(axis=1).mean(),
        "cardinality_true": true.sum(axis=1).mean(),
    }


def _labels_and_probabilities(
    y_true: ArrayLike, y_prob: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Check 0/1 labels and probabilities; one label may come as a vector."""
    if not issparse(y_true) and np.ndim(y_true) == 1:
        y_true, y_prob = np.asarray(y_true)[:, None], np.asarray(y_prob).reshape(-1, 1)
    true = as_indicator(y_true, "y_true")
    prob = as_scores(y_prob, true.shape, "y_prob")
    good = (prob >= 0) & (prob <= 1)
    remedy = "Calibrate decision scores first."
    _require(good, y_prob, prob, "y_prob", "a probability in [0, 1]", remedy)
    return true, prob
