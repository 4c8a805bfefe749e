"""From scores to sets of labels: thresholds tuned exactly, pooled or a label at a time.

A label is predicted where ``score >= threshold``. Everything works on ranks, so that scores may be
probabilities or any real decision scores.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import check_cv
from sklearn.utils import Tags, _safe_indexing, get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from genrelab.metrics import as_indicator, as_scores, names_of, read_target
from genrelab.splits import GroupedStratifiedKFold

OBJECTIVES = ("f1_macro", "f1_micro", "f1_samples", "jaccard")
STRATEGIES = ("global", "per_label", "scutfbr")
FBR_GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
FBR_FOLDS = 5
CALLABLE_CUTS = 200

Objective = str | Callable[[np.ndarray, np.ndarray], float]


class ThresholdTuner(BaseEstimator):
    """Choose the thresholds that make the best label sets of given scores.

    Fit it on scores of rows that the model was *not* trained on (out-of-fold scores):
    `TunedMultilabelClassifier` does so.

    Parameters
    ----------
    objective : str or callable ``(Y, P) -> float``, default="f1_macro"
        What to maximise: ``"f1_macro"`` (over labels that have positives), ``"f1_micro"``,
        ``"f1_samples"``, ``"jaccard"`` (averaged over rows), or a function of the true and the
        predicted 0/1 matrix, higher for better.
    strategy : {"per_label", "global", "scutfbr"}, default="per_label"
        ``"global"``: one threshold for all labels, the best of all cut-offs.

        ``"per_label"``: one a label. Macro-F1 falls apart into labels and is solved over all
        cut-offs by one sort; micro-F1 is solved exactly too, as a ratio of sums (Dinkelbach).
        The other objectives climb label by label, each time to the best cut-off given the other
        labels, until nothing improves (Fan & Lin's cyclic optimisation): a local optimum, never
        worse than ``"global"``.

        ``"scutfbr"``: SCutFBR.1, the guard for rare labels. Over five parts of the rows, each
        label's F1-optimal threshold is found on the other four; where even that F1 stays below
        the value ``fbr``, the label's highest score is taken instead, so that hardly anything
        passes. Thresholds are averaged over the five. The objective on the parts left out picks
        ``fbr`` from 0, 0.1, …, 0.8.
    at_least_one : bool, default=False
        Give a row that nothing passes the label of its highest score. For probabilities that is
        the label most likely to be right; the thresholds play no part in it. The rule acts after
        the thresholds are chosen.
    min_positives : int, default=0
        A label with fewer positives gets the pooled (``"global"``) threshold, with a warning that
        names it. A label without any positives always does.

    Attributes
    ----------
    thresholds_ : ndarray of shape (L,)
        Midway between the two neighbouring distinct scores; the lowest score where predicting
        everything is best, just above the highest where predicting nothing is. Of equally good
        cut-offs the highest is taken.
    objective_value_ : float
        The objective of ``predict(scores)`` on the rows of `fit`: optimistic, since tuned there.
    pooled_labels_ : tuple of str
        Labels that got the pooled threshold for want of positives.
    fbr_ : float
        The guard's value; only with ``strategy="scutfbr"``.

    Notes
    -----
    A callable objective is evaluated at no more than 200 cut-offs a label and pass, evenly spread
    over the ranks of the distinct scores.

    References
    ----------
    Lipton, Elkan, Naryanaswamy (2014), "Optimal Thresholding of Classifiers to Maximize F1
    Measure". Yang (2001), "A Study on Thresholding Strategies for Text Categorization". Fan, Lin
    (2007), "A Study on Threshold Selection for Multi-label Classification". Dinkelbach (1967), "On
    Nonlinear Fractional Programming".

    Examples
    --------
    >>> scores = [[0.9, 0.2], [0.4, 0.1], [0.3, 0.3], [0.1, 0.0]]
    >>> films = [[1, 1], [1, 0], [0, 1], [0, 0]]
    >>> tuner = ThresholdTuner().fit(scores, films)
    >>> tuner.thresholds_
    array([0.35, 0.15])
    >>> tuner.predict([[0.36, 0.1], [0.1, 0.2]])
    array([[1, 0],
           [0, 1]], dtype=int8)
    """

    def __init__(
        self,
        *,
        objective: Objective = "f1_macro",
        strategy: str = "per_label",
        at_least_one: bool = False,
        min_positives: int = 0,
    ) -> None:
        self.objective = objective
        self.strategy = strategy
        self.at_least_one = at_least_one
        self.min_positives = min_positives

    def fit(
        self, scores: ArrayLike, Y: ArrayLike, *, label_names: Sequence[str] | None = None
    ) -> Self:
        """Choose the thresholds.

        Parameters
        ----------
        scores : array-like of shape (n, L)
            Probabilities or decision scores, higher for likelier.
        Y : array-like, DataFrame or sparse matrix of shape (n, L)
            True labels, 0/1.
        label_names : sequence of str, optional
            Names for warnings; default: a DataFrame's columns, else numbers.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is unknown, shapes differ, labels are not 0/1, a score is not finite,
            or no label has a positive.
        """
        self._check_parameters()
        truth = as_indicator(Y, "Y")  # (n, L)
        matrix = as_scores(scores, truth.shape)  # (n, L)
        names = names_of(truth.shape[1], label_names, Y, scores)
        positives = truth.sum(axis=0, dtype=np.int64)
        if not positives.any():
            raise ValueError(
                f"none of the {len(truth)} rows has a label; expected at least one positive to "
                "tune on. Look at the split or at min_count."
            )
        rare = (positives < max(1, self.min_positives)) & (self.strategy != "global")
        pooled = np.nan
        if self.strategy == "global" or rare.any():
            pooled = _pooled_threshold(self.objective, matrix, truth)
        if self.strategy == "global":
            self.thresholds_ = np.full(truth.shape[1], pooled)
        elif self.strategy == "per_label":
            self.thresholds_ = _each_label(self.objective, matrix, truth, rare, pooled)
        else:
            self.thresholds_, self.fbr_ = _guarded(self.objective, matrix, truth, rare, pooled)
        self.pooled_labels_ = tuple(np.array(names)[rare].tolist())
        if rare.any():
            self._warn_of_rare_labels(positives[rare], pooled)
        self.objective_value_ = _value(self.objective, truth, self.predict(matrix))
        return self

    def predict(self, scores: ArrayLike) -> np.ndarray:
        """Turn scores into label sets.

        Parameters
        ----------
        scores : array-like of shape (n, L)
            Scores of the kind that the thresholds were tuned on.

        Returns
        -------
        ndarray of int8, shape (n, L)

        Raises
        ------
        ValueError
            If the number of labels differs or a score is not finite.
        """
        check_is_fitted(self, "thresholds_")
        matrix = as_scores(scores)
        if matrix.shape[1] != len(self.thresholds_):
            raise ValueError(
                f"scores have {matrix.shape[1]} columns; expected {len(self.thresholds_)}, one a "
                "threshold. Score the labels that the tuner was fitted on."
            )
        predicted = (matrix >= self.thresholds_).astype(np.int8)
        if self.at_least_one:
            empty = np.flatnonzero(~predicted.any(axis=1))
            predicted[empty, matrix[empty].argmax(axis=1)] = 1
        return predicted

    def _warn_of_rare_labels(self, positives: np.ndarray, pooled: float) -> None:
        counts = ", ".join(
            f"{name!r} {n}" for name, n in zip(self.pooled_labels_, positives, strict=True)
        )
        remedy = (
            "Lower min_positives to tune them."
            if positives.all()
            else "Drop them or load more rows."
        )
        warnings.warn(
            f"{len(positives)} of {len(self.thresholds_)} labels have fewer than "
            f"{max(1, self.min_positives)} positives ({counts}): they get the pooled threshold "
            f"{pooled:.4g}. {remedy}",
            stacklevel=3,
        )

    def _check_parameters(self) -> None:
        if not callable(self.objective) and self.objective not in OBJECTIVES:
            raise ValueError(
                f"objective is {self.objective!r}; expected one of {OBJECTIVES} or a callable "
                "(Y, P) -> float."
            )
        if self.strategy not in STRATEGIES:
            raise ValueError(f"strategy is {self.strategy!r}; expected one of {STRATEGIES}.")
        if self.min_positives < 0:
            raise ValueError(f"min_positives is {self.min_positives}; expected 0 or more.")


class TunedMultilabelClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A classifier whose thresholds are tuned on out-of-fold scores inside ``fit``.

    ``fit`` scores each row by a model that has not seen it, tunes the thresholds on these scores,
    and fits the model once more on all rows. ``OneVsRestClassifier(TunedThresholdClassifierCV())``
    looks alike but ignores its thresholds (scikit-learn issue 30036).

    Parameters
    ----------
    estimator : classifier
        Takes 0/1 label matrices and has ``predict_proba`` or ``decision_function``, such as
        ``OneVsRestClassifier(LogisticRegression())``.
    tuner : ThresholdTuner, optional
        Default: ``ThresholdTuner()``.
    cv : int, splitter or iterable of (train, test), default=3
        Inner folds; each row must be in exactly one test fold. A number makes
        `genrelab.splits.GroupedStratifiedKFold`: stratified over labels, groups kept whole.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on all rows.
    tuner_ : ThresholdTuner
        Fitted on the out-of-fold scores.
    thresholds_ : ndarray of shape (L,)
        The tuner's thresholds.
    classes_ : ndarray
        Column numbers 0 … L-1; for a one-dimensional target its two classes.
    n_features_in_, feature_names_in_
        As the estimator says, where it does.

    References
    ----------
    Fan, Lin (2007), "A Study on Threshold Selection for Multi-label Classification".

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = TunedMultilabelClassifier(OneVsRestClassifier(LogisticRegression())).fit(X, Y)
    >>> model.thresholds_.shape, model.predict(X[:2]).shape
    ((5,), (2, 5))
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        tuner: ThresholdTuner | None = None,
        cv: Any = 3,  # noqa: ANN401
    ) -> None:
        self.estimator = estimator
        self.tuner = tuner
        self.cv = cv

    def fit(self, X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Tune the thresholds on out-of-fold scores, then fit on all rows.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of n documents
            What the estimator takes.
        Y : array-like, DataFrame or sparse matrix of shape (n, L), or array of shape (n,)
            0/1 labels, or a target of two classes.
        groups : array-like of shape (n,), optional
            Rows of one group stay on one side of each inner fold.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If lengths differ, labels are not 0/1 (or a one-dimensional target has not two
            classes), or ``cv`` does not score every row once.
        """
        labels, self.classes_, self._one_dimensional = read_target(Y, "Y")  # (n, L)
        if self._one_dimensional and len(self.classes_) != 2:
            kind = type_of_target(Y) if len(self.classes_) > 2 else "one class"
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {kind}: Y "
                f"holds {len(self.classes_)} classes; expected 2, or a 0/1 matrix. Binarise it."
            )
        X, _, groups = indexable(X, labels, groups)
        # scikit-learn's classifiers take a single label as a vector.
        target = labels[:, 0] if labels.shape[1] == 1 else labels
        folds = self._inner_folds(X, target, groups)
        scores = np.empty(labels.shape)
        for train, test in folds:
            model = clone(self.estimator).fit(_safe_indexing(X, train), target[train])
            scores[test] = label_scores(model, _safe_indexing(X, test), labels.shape[1])
        tuner = ThresholdTuner() if self.tuner is None else clone(self.tuner)
        names = names_of(labels.shape[1], None, Y)
        self.tuner_ = tuner.fit(scores, labels, label_names=names)
        self.thresholds_ = self.tuner_.thresholds_
        self.estimator_ = clone(self.estimator).fit(X, target)
        for seen in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, seen):
                setattr(self, seen, getattr(self.estimator_, seen))
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict label sets by the tuned thresholds.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of n documents
            What the estimator takes.

        Returns
        -------
        ndarray of int8, shape (n, L)
            Or one class a row, shape (n,), after a one-dimensional target.
        """
        check_is_fitted(self)
        scores = label_scores(self.estimator_, X, len(self.thresholds_))
        predicted = self.tuner_.predict(scores)
        return self.classes_[predicted[:, 0]] if self._one_dimensional else predicted

    @available_if(lambda self: _has(self, "predict_proba"))
    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the estimator's probabilities, one column a label.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of n documents
            What the estimator takes.

        Returns
        -------
        ndarray of shape (n, L)
            Or (n, 2), one column a class, after a one-dimensional target.
        """
        check_is_fitted(self)
        if self._one_dimensional:
            return self.estimator_.predict_proba(X)
        return label_scores(self.estimator_, X, len(self.thresholds_))

    @available_if(lambda self: _has(self, "decision_function"))
    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the estimator's decision scores, one column a label.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of n documents
            What the estimator takes.

        Returns
        -------
        ndarray of shape (n, L)
            Or (n,) after a one-dimensional target.
        """
        check_is_fitted(self)
        scores = self.estimator_.decision_function(X)
        return scores if self._one_dimensional else scores.reshape(len(scores), -1)

    def _inner_folds(
        self, X: ArrayLike, target: np.ndarray, groups: ArrayLike | None
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Split the rows; refuse folds that leave a row out or score it twice."""
        if isinstance(self.cv, (int, np.integer)):
            splitter = GroupedStratifiedKFold(self.cv)
        else:
            splitter = check_cv(self.cv, target, classifier=True)
        folds = list(splitter.split(X, target, groups))
        times = np.bincount(np.concatenate([test for _, test in folds]), minlength=len(target))
        if (times != 1).any():
            raise ValueError(
                f"cv puts {(times == 0).sum()} rows into no test fold and {(times > 1).sum()} into "
                "several; expected every row in exactly one. Use a K-fold splitter without repeats."
            )
        return folds

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator).input_tags
        tags.input_tags.sparse = inner.sparse
        tags.input_tags.pairwise = inner.pairwise
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.multi_label = True
        return tags


def label_scores(estimator: BaseEstimator, X: ArrayLike, n_labels: int | None = None) -> np.ndarray:
    """Score every label of every row by a fitted multi-label classifier.

    Parameters
    ----------
    estimator : fitted classifier
        Its ``predict_proba`` is used, else its ``decision_function``. A list of arrays, as
        `sklearn.multioutput.MultiOutputClassifier` and forests return it, is put together; a label
        of which the estimator never saw a positive scores 0.
    X : array-like, sparse matrix, DataFrame or list of n documents
        What the estimator takes.
    n_labels : int, optional
        Labels expected. With 1, the second column of a binary classifier's probabilities is the
        label's.

    Returns
    -------
    ndarray of shape (n, L)

    Raises
    ------
    TypeError
        If the estimator has neither method.
    ValueError
        If it scores another number of labels.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> knn = KNeighborsClassifier(n_neighbors=1).fit([[0], [1]], [[1, 0], [1, 1]])
    >>> label_scores(knn, [[0.9]]).tolist()
    [[1.0, 1.0]]
    """
    if hasattr(estimator, "predict_proba"):
        scores = estimator.predict_proba(X)
    elif hasattr(estimator, "decision_function"):
        scores = estimator.decision_function(X)
    else:
        raise TypeError(
            f"{type(estimator).__name__} has neither predict_proba nor decision_function; expected "
            "one. Wrap the base classifier in OneVsRestClassifier or CalibratedClassifierCV."
        )
    if isinstance(scores, list):
        pairs = zip(scores, estimator.classes_, strict=True)
        scores = np.column_stack([table[:, classes == 1].sum(axis=1) for table, classes in pairs])
    scores = np.asarray(scores)
    if scores.ndim == 1:
        scores = scores[:, None]
    if n_labels == 1 and scores.shape[1] == 2:
        scores = scores[:, 1:]
    if n_labels not in (None, scores.shape[1]):
        raise ValueError(
            f"{type(estimator).__name__} scores {scores.shape[1]} labels; expected {n_labels}. "
            "Fit it on the same label matrix."
        )
    return scores


def _has(model: TunedMultilabelClassifier, method: str) -> bool:
    """Ask the fitted estimator, or before ``fit`` the one given; raises AttributeError if not."""
    getattr(getattr(model, "estimator_", model.estimator), method)
    return True


@dataclass(frozen=True)
class _Cuts:
    """All cut-offs of each column of scores: cut ``k`` predicts the ``k`` highest scores."""

    order: np.ndarray  # (n, L): rows from the highest score down
    scores: np.ndarray  # (n, L): scores from the highest down
    hits: np.ndarray  # (n + 1, L): true labels among the k highest
    allowed: np.ndarray  # (n + 1, L): False where the cut would part equal scores

    @classmethod
    def of(cls, scores: np.ndarray, Y: np.ndarray) -> Self:
        # Each label's scores lie side by side in memory: sorting and summing are quicker so.
        scores, Y = np.ascontiguousarray(scores.T), np.ascontiguousarray(Y.T)  # (L, n)
        order = np.argsort(-scores, axis=1, kind="stable")
        ranked = np.take_along_axis(scores, order, axis=1)
        hits = np.zeros((len(scores), scores.shape[1] + 1), dtype=np.int64)
        np.cumsum(np.take_along_axis(Y, order, axis=1), axis=1, out=hits[:, 1:])
        allowed = np.ones(hits.shape, dtype=bool)
        allowed[:, 1:-1] = ranked[:, :-1] > ranked[:, 1:]
        return cls(order.T, ranked.T, hits.T, allowed.T)

    @property
    def sizes(self) -> np.ndarray:
        """How many rows each cut predicts, shape (n + 1, 1)."""
        return np.arange(len(self.hits))[:, None]

    def best(self, values: np.ndarray) -> np.ndarray:
        """Return the allowed cut of the highest value in each column, the smallest of equals."""
        return np.where(self.allowed, values, -np.inf).argmax(axis=0)

    def thresholds(self, cuts: np.ndarray) -> np.ndarray:
        """Return the middle of the gap between the scores that a cut parts, one a column."""
        columns = np.arange(self.scores.shape[1])
        above = np.vstack([np.nextafter(self.scores[:1], np.inf), self.scores])[cuts, columns]
        below = np.vstack([self.scores, self.scores[-1:]])[cuts, columns]
        middle = above / 2 + below / 2
        # Between neighbouring floats there is no middle; the upper one parts them.
        return np.where(middle > below, middle, above)


def _ratio(
    objective: Objective, hits: np.ndarray, predicted: np.ndarray, true: np.ndarray
) -> np.ndarray:
    """F1 or Jaccard from counts; 0 where nothing is true and nothing predicted."""
    if objective == "jaccard":
        return hits / np.maximum(predicted + true - hits, 1)
    return 2 * hits / np.maximum(predicted + true, 1)


def _value(objective: Objective, Y: np.ndarray, P: np.ndarray) -> float:
    """The objective of one prediction."""
    if callable(objective):
        value = float(objective(Y, P))
        if not np.isfinite(value):
            raise ValueError(f"objective returned {value}; expected a finite number for every P.")
        return value
    axis = {"f1_micro": None, "f1_macro": 0}.get(objective, 1)
    hits, predicted, true = (np.sum(m, axis=axis, dtype=np.int64) for m in (Y & P, P, Y))
    values = _ratio(objective, hits, predicted, true)
    return float(np.mean(values[true > 0] if objective == "f1_macro" else values))


def _pooled_threshold(objective: Objective, scores: np.ndarray, Y: np.ndarray) -> float:
    """Return the best single threshold."""
    if callable(objective):
        cuts = _Cuts.of(scores.reshape(-1, 1), Y.reshape(-1, 1))
        tried = [cuts.thresholds(np.array([k]))[0] for k in _spread(cuts.allowed[:, 0])]
        values = [_value(objective, Y, (scores >= t).astype(np.int8)) for t in tried]
        return float(tried[np.argmax(values)])
    # The objective is a mean over columns: labels, rows, or one column of everything.
    if objective == "f1_macro":
        present = Y.any(axis=0)
        scores, Y = scores[:, present], Y[:, present]
    elif objective == "f1_micro":
        scores, Y = scores.reshape(-1, 1), Y.reshape(-1, 1)
    else:
        scores, Y = scores.T, Y.T
    cuts = _Cuts.of(scores, Y)
    values = _ratio(objective, cuts.hits, cuts.sizes, cuts.hits[-1])
    # As the threshold sinks, each score that passes moves its own column one cut on.
    steps = np.diff(values, axis=0).reshape(-1, 1)
    pooled = _Cuts.of(cuts.scores.reshape(-1, 1), np.zeros(steps.shape, dtype=np.int8))
    curve = np.vstack([[[0.0]], np.cumsum(steps[pooled.order[:, 0]], axis=0)])
    return float(pooled.thresholds(pooled.best(curve))[0])


def _each_label(
    objective: Objective, scores: np.ndarray, Y: np.ndarray, held: np.ndarray, pooled: float
) -> np.ndarray:
    """Return the best threshold of each label; those held get the pooled one."""
    if objective == "f1_macro":
        # One label at a time, so that its arrays stay in the processor's cache.
        columns = (_Cuts.of(scores[:, [label]], Y[:, [label]]) for label in range(Y.shape[1]))
        tuned = [cuts.thresholds(_best_f1(cuts))[0] for cuts in columns]
        return np.where(held, pooled, tuned)
    cuts = _Cuts.of(scores, Y)
    given = (scores >= pooled).sum(axis=0)
    cuts.allowed[:, held] = False
    cuts.allowed[given[held], held] = True
    if objective == "f1_micro":
        chosen = _best_micro_f1(cuts)
    else:
        one = (scores >= _pooled_threshold(objective, scores, Y)).sum(axis=0)
        starts = [_best_f1(cuts), np.where(held, given, one)]
        values = [_value(objective, Y, _predicted(cuts, start)) for start in starts]
        chosen = _climb(objective, cuts, Y, starts[int(np.argmax(values))])
    return np.where(held, pooled, cuts.thresholds(chosen))


def _best_f1(cuts: _Cuts) -> np.ndarray:
    """Return the cut of the highest F1 of each label."""
    return cuts.best(_ratio("f1_macro", cuts.hits, cuts.sizes, cuts.hits[-1]))


def _best_micro_f1(cuts: _Cuts) -> np.ndarray:
    """Maximise 2 Σ hits / (Σ predicted + Σ true) over all combinations of cuts.

    For a fixed ratio r the best of ``2 hits - r predicted`` is found label by label; the ratio it
    reaches is at least r, and once it is r no combination reaches more (Dinkelbach).
    """
    columns, true = np.arange(cuts.hits.shape[1]), cuts.hits[-1].sum()
    reached, chosen = -1.0, None
    while True:
        tried = cuts.best(2 * cuts.hits - max(reached, 0.0) * cuts.sizes)
        ratio = 2 * cuts.hits[tried, columns].sum() / (tried.sum() + true)
        if ratio <= reached:
            return chosen
        reached, chosen = ratio, tried


def _climb(objective: Objective, cuts: _Cuts, Y: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Move one label at a time to its best cut given the others, until none improves."""
    chosen, predicted = start.copy(), _predicted(cuts, start)
    improved = True
    while improved:
        improved = False
        for label in range(Y.shape[1]):
            curve = _called_curve if callable(objective) else _row_curve
            tried, values = curve(objective, cuts, Y, predicted, label, chosen[label])
            best = values.argmax()
            # Less than this is rounding, and would keep the climb going for ever.
            if values[best] > values[tried == chosen[label]][0] + 1e-12:
                chosen[label], improved = tried[best], True
                predicted[:, label] = _column(cuts, label, tried[best])
    return chosen


def _row_curve(
    objective: Objective, cuts: _Cuts, Y: np.ndarray, P: np.ndarray, label: int, _: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return a label's cuts and the row-wise objective at each, the other labels as they are."""
    own, true = Y[:, label].astype(np.int64), Y.sum(axis=1)
    hits = (Y & P).sum(axis=1) - (own & P[:, label])
    others = P.sum(axis=1) - P[:, label]
    without = _ratio(objective, hits, others, true)  # (n,)
    gains = _ratio(objective, hits + own, others + 1, true) - without  # (n,)
    curve = without.sum() + np.concatenate([[0.0], np.cumsum(gains[cuts.order[:, label]])])
    tried = np.flatnonzero(cuts.allowed[:, label])
    return tried, curve[tried] / len(Y)


def _called_curve(
    objective: Objective, cuts: _Cuts, Y: np.ndarray, P: np.ndarray, label: int, now: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return some of a label's cuts, the present one among them, and the objective at each."""
    tried = np.union1d(_spread(cuts.allowed[:, label]), now)
    trial = P.copy()
    values = np.empty(len(tried))
    for number, cut in enumerate(tried):
        trial[:, label] = _column(cuts, label, cut)
        values[number] = _value(objective, Y, trial)
    return tried, values


def _spread(allowed: np.ndarray) -> np.ndarray:
    """Return the allowed cuts, or as many as a callable objective is tried at, evenly spread."""
    cuts = np.flatnonzero(allowed)
    return cuts[np.unique(np.linspace(0, len(cuts) - 1, CALLABLE_CUTS).round().astype(int))]


def _column(cuts: _Cuts, label: int, cut: int) -> np.ndarray:
    column = np.zeros(len(cuts.order), dtype=np.int8)
    column[cuts.order[:cut, label]] = 1
    return column


def _predicted(cuts: _Cuts, chosen: np.ndarray) -> np.ndarray:
    """Return the 0/1 matrix of one cut a label."""
    return np.column_stack([_column(cuts, label, cut) for label, cut in enumerate(chosen)])


def _guarded(
    objective: Objective, scores: np.ndarray, Y: np.ndarray, held: np.ndarray, pooled: float
) -> tuple[np.ndarray, float]:
    """SCutFBR.1: return the thresholds and the F1 below which a label is guarded."""
    grid = np.array(FBR_GRID)[:, None]
    tuned, predicted = [], np.empty((len(grid), *Y.shape), dtype=np.int8)
    for rest, part in _parts(len(Y)):
        cuts = _Cuts.of(scores[rest], Y[rest])
        values = _ratio("f1_macro", cuts.hits, cuts.sizes, cuts.hits[-1])
        chosen = cuts.best(values)
        f1 = values[chosen, np.arange(Y.shape[1])]
        each = np.where(f1 < grid, cuts.scores[0], cuts.thresholds(chosen))  # (grid, L)
        tuned.append(each)
        predicted[:, part] = scores[part] >= np.where(held, pooled, each)[:, None, :]
    best = int(np.argmax([_value(objective, Y, P) for P in predicted]))
    return np.where(held, pooled, np.mean(tuned, axis=0)[best]), FBR_GRID[best]


def _parts(n: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Deal the rows into parts, in an order that is mixed but fixed."""
    if n < 2:
        raise ValueError(f'strategy "scutfbr" got {n} row; expected at least 2 to part.')
    part = np.random.default_rng(0).permutation(n) % min(FBR_FOLDS, n)
    for number in range(part.max() + 1):
        yield np.flatnonzero(part != number), np.flatnonzero(part == number)
