"""Tuned thresholds are the best there are, and learn nothing from rows that judge them."""

import itertools
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_multilabel_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    cross_val_predict,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from genrelab.metrics import report
from genrelab.thresholds import OBJECTIVES, ThresholdTuner, TunedMultilabelClassifier, label_scores


def scored(max_rows: int, max_labels: int) -> st.SearchStrategy:
    """Draw scores with many ties, and labels of which at least one is positive."""
    return (
        st.tuples(st.integers(1, max_rows), st.integers(1, max_labels))
        .flatmap(
            lambda shape: st.tuples(
                arrays(np.float64, shape, elements=st.integers(-3, 3).map(float)),
                arrays(np.int8, shape, elements=st.integers(0, 1)),
            )
        )
        .filter(lambda pair: pair[1].any())
    )


def simulated(
    n: int = 400, n_labels: int = 6, seed: int = 0, skill: float = 1.5
) -> tuple[np.ndarray, np.ndarray]:
    """Decision scores with some skill, and labels from rare to common."""
    rng = np.random.default_rng(seed)
    Y = (rng.random((n, n_labels)) < np.geomspace(0.02, 0.5, n_labels)).astype(np.int8)
    return skill * Y + rng.normal(size=Y.shape), Y


def value(objective: str, Y: np.ndarray, P: np.ndarray) -> float:
    """The objective by its definition, cell by cell; far quicker than a whole report."""
    axis = {"f1_micro": None, "f1_macro": 0}.get(objective, 1)
    hits, size, true = (np.sum(m, axis=axis, dtype=float) for m in (Y & P, P, Y))
    below = (size + true - hits) if objective == "jaccard" else (size + true) / 2
    values = hits / np.where(below == 0, 1, below)
    return float(np.mean(values[true > 0] if objective == "f1_macro" else values))


patiently = settings(max_examples=50, deadline=None)


def all_cuts(column: np.ndarray) -> list[float]:
    """One threshold for each way to cut a column of scores."""
    return [*np.unique(column).tolist(), np.inf]


def best_by_brute_force(objective: str, scores: np.ndarray, Y: np.ndarray) -> float:
    combinations = itertools.product(*map(all_cuts, scores.T))
    return max(value(objective, Y, scores >= np.array(t)) for t in combinations)


def quiet(tuner: ThresholdTuner, scores: np.ndarray, Y: np.ndarray) -> ThresholdTuner:
    """Fit without the warning that names empty labels, where it is not the point."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*positives.*")
        return tuner.fit(scores, Y)


@settings(patiently, max_examples=300)
@given(scored(12, 4))
def test_each_labels_f1_is_the_best_of_all_its_cut_offs(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    scores, Y = pair
    predicted = quiet(ThresholdTuner(), scores, Y).predict(scores)
    for label in np.flatnonzero(Y.any(axis=0)):
        best = max(
            value("f1_micro", Y[:, label], scores[:, label] >= t)
            for t in all_cuts(scores[:, label])
        )
        assert value("f1_micro", Y[:, label], predicted[:, label]) == best


@pytest.mark.parametrize("objective", OBJECTIVES)
@patiently
@given(pair=scored(9, 4))
def test_the_objective_is_the_one_that_the_report_prints(
    objective: str, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    scores, Y = pair
    tuner = quiet(ThresholdTuner(objective=objective, at_least_one=True), scores, Y)
    assert tuner.objective_value_ == report(Y, tuner.predict(scores)).summary[objective]


@patiently
@given(scored(6, 3).filter(lambda pair: pair[1].any(axis=0).all()))
def test_micro_f1_is_the_best_of_all_combinations_of_cut_offs(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    scores, Y = pair
    tuner = ThresholdTuner(objective="f1_micro").fit(scores, Y)
    assert tuner.objective_value_ == best_by_brute_force("f1_micro", scores, Y)


@pytest.mark.parametrize("objective", OBJECTIVES)
@patiently
@given(pair=scored(9, 4))
def test_the_global_threshold_is_the_best_of_all_cut_offs(
    objective: str, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    scores, Y = pair
    tuner = ThresholdTuner(objective=objective, strategy="global").fit(scores, Y)
    best = max(value(objective, Y, scores >= t) for t in all_cuts(scores.ravel()))
    assert len(set(tuner.thresholds_.tolist())) == 1
    assert tuner.objective_value_ == pytest.approx(best, abs=1e-12)
    assert tuner.objective_value_ == value(objective, Y, tuner.predict(scores))


@pytest.mark.parametrize("objective", ["f1_samples", "jaccard"])
@patiently
@given(pair=scored(8, 3).filter(lambda pair: pair[1].any(axis=0).all()))
def test_no_single_label_can_better_a_climbed_objective_nor_can_one_threshold(
    objective: str, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    scores, Y = pair
    tuner = ThresholdTuner(objective=objective).fit(scores, Y)
    pooled = ThresholdTuner(objective=objective, strategy="global").fit(scores, Y)
    assert tuner.objective_value_ >= pooled.objective_value_ - 1e-12
    for label in range(Y.shape[1]):
        for threshold in all_cuts(scores[:, label]):
            moved = tuner.thresholds_.copy()
            moved[label] = threshold
            assert value(objective, Y, scores >= moved) <= tuner.objective_value_ + 1e-11


@pytest.mark.parametrize("strategy", ["global", "per_label"])
@pytest.mark.parametrize("objective", ["f1_samples", "jaccard"])
def test_a_callable_climbs_as_high_as_the_objective_it_spells_out(
    objective: str, strategy: str
) -> None:
    scores, Y = simulated(n=60, n_labels=3)
    named = ThresholdTuner(objective=objective, strategy=strategy).fit(scores, Y)
    called = ThresholdTuner(objective=partial(value, objective), strategy=strategy).fit(scores, Y)
    assert called.objective_value_ == pytest.approx(named.objective_value_, abs=1e-12)


def test_a_climb_that_would_stall_starts_from_the_one_best_threshold() -> None:
    rng = np.random.default_rng(48)
    Y = (rng.random((30, 5)) < 0.15).astype(np.int8)
    scores = 0.5 * Y + rng.normal(size=Y.shape)

    def subset_accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
        return (truth == predicted).all(axis=1).mean()

    each = ThresholdTuner(objective=subset_accuracy).fit(scores, Y)
    pooled = ThresholdTuner(objective=subset_accuracy, strategy="global").fit(scores, Y)
    assert each.objective_value_ >= pooled.objective_value_


def test_a_callable_is_tried_at_no_more_than_200_cut_offs_a_label() -> None:
    scores, Y = simulated(n=1000, n_labels=1)
    calls = []

    def objective(truth: np.ndarray, predicted: np.ndarray) -> float:
        calls.append(predicted.sum())
        return value("f1_macro", truth, predicted)

    tuner = ThresholdTuner(objective=objective, strategy="global").fit(scores, Y)
    exact = ThresholdTuner(strategy="global").fit(scores, Y)
    assert len(calls) == 201 and {0, 1000} <= set(calls)
    assert exact.objective_value_ * 0.97 < tuner.objective_value_ <= exact.objective_value_


@patiently
@given(scored(12, 4))
def test_a_threshold_lies_midway_between_neighbouring_scores(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    scores, Y = pair
    tuner = quiet(ThresholdTuner(), scores, Y)
    for label in np.flatnonzero(Y.any(axis=0)):
        distinct, t = np.unique(scores[:, label]), tuner.thresholds_[label]
        middles = (distinct[1:] + distinct[:-1]) / 2
        assert t in middles or t == distinct[0]


@patiently
@given(
    st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=8, unique=True),
    st.integers(1, 7),
)
def test_scores_as_close_or_as_far_as_floats_go_are_parted(values: list[float], k: int) -> None:
    scores = np.sort(np.array(values) + 0.0)[:, None]
    Y = np.zeros(scores.shape, dtype=int)
    Y[-min(k, len(Y) - 1) :] = 1
    for column in (scores, np.array([[1.0], [np.nextafter(1.0, 2.0)]])):
        truth = Y if column is scores else np.array([[0], [1]])
        tuner = ThresholdTuner().fit(column, truth)
        assert np.isfinite(tuner.thresholds_).all()
        assert (tuner.predict(column) == truth).all()


def test_tuned_threshold_of_calibrated_scores_is_half_the_best_f1() -> None:
    grid = np.arange(51)
    scores, Y = [], []
    for seed in range(4):
        # Exactly calibrated: of 50 m rows with the score i / 50, i m are positive.
        copies = np.random.default_rng(seed).permutation(grid) + 1
        scores.append(np.repeat(grid / 50, 50 * copies))
        Y.append(
            np.concatenate([np.arange(50 * m) < i * m for i, m in zip(grid, copies, strict=True)])
        )
    scores, Y = np.column_stack(scores), np.column_stack(Y).astype(np.int8)
    tuner = ThresholdTuner().fit(scores, Y)
    best = report(Y, tuner.predict(scores)).per_label["f1"].to_numpy()
    assert (tuner.predict(scores) == (scores > best / 2)).all()
    assert tuner.thresholds_ == pytest.approx(best / 2, abs=1 / 50)


@pytest.mark.parametrize(
    ("objective", "strategy"),
    [("f1_macro", "per_label"), *[(objective, "global") for objective in OBJECTIVES]],
)
def test_constant_scores_predict_everything(objective: str, strategy: str) -> None:
    _, Y = simulated()
    scores = np.full(Y.shape, 0.3)
    tuner = ThresholdTuner(objective=objective, strategy=strategy).fit(scores, Y)
    assert tuner.predict(scores).all()


@pytest.mark.parametrize("objective", ["f1_micro", "f1_samples", "jaccard"])
def test_a_label_without_any_signal_may_be_left_out_where_that_is_better(objective: str) -> None:
    _, Y = simulated()
    scores = np.full(Y.shape, 0.3)
    tuner = ThresholdTuner(objective=objective).fit(scores, Y)
    predicted = tuner.predict(scores)
    assert not predicted[:, 0].any() and predicted[:, -1].all()
    assert tuner.objective_value_ > value(objective, Y, np.ones_like(Y))


@patiently
@given(scored(10, 3), st.sampled_from(["global", "per_label", "scutfbr"]))
def test_a_monotone_change_of_all_scores_changes_no_prediction(
    pair: tuple[np.ndarray, np.ndarray], strategy: str
) -> None:
    scores, Y = pair
    if len(Y) < 2:
        return
    plain = quiet(ThresholdTuner(strategy=strategy), scores, Y)
    # Affine, since the guard averages thresholds.
    moved = quiet(ThresholdTuner(strategy=strategy), 4 * scores - 16, Y)
    assert (plain.predict(scores) == moved.predict(4 * scores - 16)).all()


def test_a_row_that_nothing_passes_gets_the_label_of_its_highest_score() -> None:
    scores, Y = simulated()
    plain = ThresholdTuner().fit(scores, Y)
    tuner = ThresholdTuner(at_least_one=True).fit(scores, Y)
    before, after = plain.predict(scores), tuner.predict(scores)
    empty = ~before.any(axis=1)
    assert empty.any() and (after[~empty] == before[~empty]).all()
    assert (after[empty].sum(axis=1) == 1).all()
    assert (after[empty].argmax(axis=1) == scores[empty].argmax(axis=1)).all()
    assert tuner.objective_value_ == value("f1_macro", Y, after)
    assert (tuner.thresholds_ == plain.thresholds_).all()


@pytest.mark.parametrize("strategy", ["per_label", "scutfbr"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_label_with_few_positives_gets_the_pooled_threshold_and_is_named(
    objective: str, strategy: str
) -> None:
    scores, Y = simulated()
    names = ["Noir", "Western", "War", "Crime", "Comedy", "Drama"]
    positives = Y.sum(axis=0)
    rare = positives < 20
    assert 0 < rare.sum() < 6
    pooled = ThresholdTuner(objective=objective, strategy="global").fit(scores, Y)
    tuner = ThresholdTuner(objective=objective, strategy=strategy, min_positives=20)
    with pytest.warns(UserWarning, match=rf"'Noir' {positives[0]}.*min_positives"):
        tuner.fit(scores, Y, label_names=names)
    assert tuner.pooled_labels_ == tuple(np.array(names)[rare])
    assert (tuner.thresholds_[rare] == pooled.thresholds_[0]).all()
    assert (tuner.thresholds_[~rare] != pooled.thresholds_[0]).all()
    if objective == "f1_macro" and strategy == "per_label":
        free = ThresholdTuner().fit(scores, Y)
        assert (tuner.thresholds_[~rare] == free.thresholds_[~rare]).all()


def test_a_label_without_positives_is_pooled_even_unasked() -> None:
    scores, Y = simulated()
    Y[:, 0] = 0
    with pytest.warns(UserWarning, match=r"1 of 6 labels.*'a' 0"):
        tuner = ThresholdTuner().fit(scores, pd.DataFrame(Y, columns=list("abcdef")))
    assert tuner.thresholds_[0] == ThresholdTuner(strategy="global").fit(scores, Y).thresholds_[0]


def test_the_guard_keeps_a_rare_unlearnable_label_from_flooding_new_rows() -> None:
    rng = np.random.default_rng(0)
    Y = np.zeros((600, 3), dtype=np.int8)
    Y[:, 1:] = rng.random((600, 2)) < 0.4
    Y[rng.choice(600, 4, replace=False), 0] = 1
    scores = rng.normal(size=Y.shape) + np.array([0, 2, 2]) * Y
    fresh = rng.normal(size=(4000, 3))
    bold = ThresholdTuner().fit(scores, Y)
    guarded = ThresholdTuner(strategy="scutfbr", objective="f1_micro").fit(scores, Y)
    assert guarded.thresholds_[1:] == pytest.approx(bold.thresholds_[1:], abs=0.3)
    assert bold.predict(fresh)[:, 0].mean() > 0.1
    assert guarded.predict(fresh)[:, 0].mean() < 0.01


def test_the_guard_equals_a_plain_reading_of_scutfbr() -> None:
    scores, Y = simulated(n=100, n_labels=3, seed=3, skill=0.8)
    Y[:8, 0] = 1  # so that each of the parts can be tuned
    part = np.random.default_rng(0).permutation(len(Y)) % 5
    best = (-1.0, None, None)
    for fbr in np.arange(9) / 10:
        thresholds = np.empty((5, 3))
        predicted = np.zeros_like(Y)
        for p, label in itertools.product(range(5), range(3)):
            s, y = scores[part != p, label], Y[part != p, label]
            tuned = quiet(ThresholdTuner(), s[:, None], y[:, None]).thresholds_[0]
            low = value("f1_micro", y, s >= tuned) < fbr
            thresholds[p, label] = s.max() if low else tuned
            predicted[part == p, label] = scores[part == p, label] >= thresholds[p, label]
        if value("f1_macro", Y, predicted) > best[0]:
            best = (value("f1_macro", Y, predicted), fbr, thresholds.mean(axis=0))
    tuner = ThresholdTuner(strategy="scutfbr").fit(scores, Y)
    assert tuner.fbr_ == pytest.approx(best[1])
    assert tuner.thresholds_ == pytest.approx(best[2])


def test_lists_tables_and_sparse_labels_give_the_same_thresholds() -> None:
    scores, Y = simulated()
    expected = ThresholdTuner().fit(scores, Y).thresholds_
    for make in (np.ndarray.tolist, pd.DataFrame, csr_matrix):
        assert (ThresholdTuner().fit(scores, make(Y)).thresholds_ == expected).all()
    assert (ThresholdTuner().fit(pd.DataFrame(scores), Y).thresholds_ == expected).all()
    single = scores.astype(np.float32)
    tuner = ThresholdTuner().fit(single, Y)
    assert (tuner.predict(single) == tuner.predict(single.astype(np.float64))).all()


@pytest.mark.parametrize(
    ("parameters", "scores", "Y", "words"),
    [
        ({"objective": "f2"}, [[1]], [[1]], "objective is 'f2'; expected one of"),
        ({"strategy": "best"}, [[1]], [[1]], "strategy is 'best'; expected one of"),
        ({"min_positives": -1}, [[1]], [[1]], "min_positives is -1"),
        ({"strategy": "scutfbr"}, [[1]], [[1]], "got 1 row; expected at least 2"),
        ({"objective": lambda Y, P: np.nan}, [[1]], [[1]], "objective returned nan"),
        ({}, [[1], [2]], [[0], [0]], "none of the 2 rows has a label"),
        ({}, [[1], [2]], [[0], [2]], r"Y\[1, 0\] is 2; expected 0 or 1"),
        ({}, [[1], [np.nan]], [[0], [1]], r"scores\[1, 0\] is nan"),
        ({}, [[1, 2]], [[1]], r"scores has shape \(1, 2\); expected \(1, 1\)"),
    ],
)
def test_bad_input_is_refused_by_name(parameters: dict, scores: list, Y: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ThresholdTuner(**parameters).fit(scores, Y)


def test_scores_of_other_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="scores have 3 columns; expected 6"):
        ThresholdTuner().fit(*simulated()).predict([[1, 2, 3]])


# The classifier that tunes inside its own fit


def learnable(n: int = 150, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X, Y = make_multilabel_classification(n, n_classes=4, random_state=seed)
    return X, Y.astype(np.int8)


def logistic() -> OneVsRestClassifier:
    return OneVsRestClassifier(LogisticRegression())


class Diary(ClassifierMixin, BaseEstimator):
    """A classifier that refuses to score a row it was fitted on, until it is told to."""

    strict = True

    def fit(self, X: np.ndarray, Y: np.ndarray) -> "Diary":
        self.rows_ = set(X[:, 0].tolist())
        self.classes_ = np.arange(Y.shape[1])
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        assert not self.rows_ & set(X[:, 0].tolist())
        return X[:, 1:]


def test_thresholds_are_those_of_scikit_learns_out_of_fold_scores() -> None:
    X, Y = learnable()
    cv = KFold(4, shuffle=True, random_state=1)
    model = TunedMultilabelClassifier(logistic(), cv=cv).fit(X, Y)
    scores = cross_val_predict(logistic(), X, Y, cv=cv, method="predict_proba")
    assert (model.thresholds_ == ThresholdTuner().fit(scores, Y).thresholds_).all()
    refit = logistic().fit(X, Y)
    expected = (refit.predict_proba(X) >= model.thresholds_).astype(np.int8)
    assert (model.predict(X) == expected).all()
    assert (model.predict_proba(X) == refit.predict_proba(X)).all()


def test_no_row_is_scored_by_a_model_that_was_fitted_on_it() -> None:
    scores, Y = simulated()
    X = np.column_stack([np.arange(len(Y)), scores])
    model = TunedMultilabelClassifier(Diary(), cv=3).fit(X, Y)
    assert model.estimator_.rows_ == set(range(len(Y)))
    assert (model.thresholds_ == ThresholdTuner().fit(scores, Y).thresholds_).all()


def test_a_model_that_memorises_is_tuned_on_what_it_does_to_new_rows() -> None:
    X, Y = learnable()
    forest = RandomForestClassifier(30, random_state=0)
    model = TunedMultilabelClassifier(forest).fit(X, Y)
    seen = ThresholdTuner().fit(label_scores(forest.fit(X, Y), X), Y)
    assert seen.objective_value_ > 0.99 > model.tuner_.objective_value_


def test_permuting_outer_labels_moves_no_fitted_number() -> None:
    X, Y = learnable()
    train, test = np.arange(100), np.arange(100, 150)
    model = TunedMultilabelClassifier(logistic(), ThresholdTuner(strategy="scutfbr"))
    before = clone(model).fit(X[train], Y[train])
    Y[test] = Y[np.random.default_rng(0).permutation(test)]
    after = clone(model).fit(X[train], Y[train])
    assert (before.thresholds_ == after.thresholds_).all()
    for old, new in zip(before.estimator_.estimators_, after.estimator_.estimators_, strict=True):
        assert (old.coef_ == new.coef_).all()
    assert (before.predict(X[test]) == after.predict(X[test])).all()


@pytest.mark.parametrize("cv", [3, GroupKFold(3)])
def test_groups_stay_whole_in_the_inner_folds(cv: object) -> None:
    scores, Y = simulated(n=90)
    groups = np.repeat(np.arange(30), 3)
    X = np.column_stack([groups, scores])
    model = TunedMultilabelClassifier(Diary(), cv=cv).fit(X, Y, groups=groups)
    assert model.estimator_.rows_ == set(range(30))


@pytest.mark.parametrize(
    "cv", [ShuffleSplit(3, random_state=0), RepeatedKFold(n_splits=2, n_repeats=2)]
)
def test_folds_that_leave_rows_out_or_score_them_twice_are_refused(cv: object) -> None:
    with pytest.raises(ValueError, match="expected every row in exactly one"):
        TunedMultilabelClassifier(logistic(), cv=cv).fit(*learnable())


@pytest.mark.parametrize(
    "estimator",
    [
        logistic(),
        MultiOutputClassifier(LogisticRegression()),
        RandomForestClassifier(5, random_state=0),
        DecisionTreeClassifier(random_state=0),
        OneVsRestClassifier(LinearSVC()),
        DummyClassifier(strategy="prior"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_any_multilabel_classifier_can_be_tuned(estimator: BaseEstimator) -> None:
    X, Y = learnable()
    model = TunedMultilabelClassifier(estimator).fit(X, Y)
    predicted = model.predict(X)
    assert predicted.shape == Y.shape and predicted.dtype == np.int8
    assert (predicted == (label_scores(model, X) >= model.thresholds_)).all()
    assert model.classes_.tolist() == [0, 1, 2, 3]
    assert hasattr(model, "predict_proba") == hasattr(model.estimator_, "predict_proba")


def test_a_label_never_seen_scores_zero_in_a_list_of_probabilities() -> None:
    X, Y = learnable()
    Y[:, 1], Y[:, 2] = 0, 1
    scores = label_scores(DecisionTreeClassifier().fit(X, Y), X)
    assert (scores == Y).all()


def test_an_estimator_that_scores_nothing_or_other_labels_is_refused() -> None:
    X, Y = learnable()
    with pytest.raises(TypeError, match="neither predict_proba nor decision_function"):
        label_scores(MultiOutputClassifier(LinearSVC()).fit(X, Y), X)
    with pytest.raises(ValueError, match="scores 4 labels; expected 3"):
        label_scores(logistic().fit(X, Y), X, n_labels=3)


@pytest.mark.parametrize("shape", ["column", "vector"])
def test_one_label_may_come_as_a_column_or_as_two_classes(shape: str) -> None:
    X, Y = learnable()
    target = Y[:, :1] if shape == "column" else np.array(["not", "war"])[Y[:, 0]]
    model = TunedMultilabelClassifier(logistic()).fit(X, target)
    scores = logistic().fit(X, Y[:, 0]).predict_proba(X)[:, 1]
    passed = scores >= model.thresholds_[0]
    expected = passed[:, None] if shape == "column" else np.array(["not", "war"])[passed * 1]
    assert (model.predict(X) == expected).all()
    assert model.predict_proba(X).shape == ((len(X), 1) if shape == "column" else (len(X), 2))
    assert model.decision_function(X).shape == ((len(X), 1) if shape == "column" else (len(X),))


def test_a_list_of_texts_can_be_tuned() -> None:
    texts = ["a horse and a gun", "a kiss", "a gun", "a kiss and a horse"] * 10
    Y = pd.DataFrame({"Western": [1, 0, 1, 1] * 10, "Romance": [0, 1, 0, 1] * 10})
    model = make_pipeline(TfidfVectorizer(), logistic())
    tuned = TunedMultilabelClassifier(model, cv=KFold(4)).fit(texts, Y)
    assert (tuned.predict(texts) == Y.to_numpy()).all()


def test_a_rare_labels_warning_names_the_column_of_the_table() -> None:
    X, Y = learnable()
    table = pd.DataFrame(Y, columns=["Drama", "Crime", "Horror", "War"])
    table["War"] = 0
    table.loc[:2, "War"] = 1
    model = TunedMultilabelClassifier(RandomForestClassifier(5), ThresholdTuner(min_positives=5))
    with pytest.warns(UserWarning, match="'War' 3"):
        model.fit(X, table)


def test_a_grid_search_reaches_through_to_tuner_and_estimator() -> None:
    X, Y = learnable()
    grid = {
        "estimator__estimator__C": [0.01, 1.0],
        "tuner__strategy": ["global", "per_label"],
    }
    model = TunedMultilabelClassifier(logistic(), ThresholdTuner(), cv=2)
    search = GridSearchCV(model, grid, scoring="f1_macro", cv=KFold(3)).fit(X, Y)
    best = clone(model).set_params(**search.best_params_).fit(X, Y)
    assert (search.best_estimator_.thresholds_ == best.thresholds_).all()
    assert len(set(search.cv_results_["mean_test_score"].tolist())) > 1
    assert search.best_estimator_.tuner is not model.tuner


def test_more_than_two_classes_in_a_vector_are_refused() -> None:
    X, _ = learnable()
    with pytest.raises(ValueError, match="Y holds 3 classes; expected 2, or a 0/1 matrix"):
        TunedMultilabelClassifier(logistic()).fit(X, np.arange(150) % 3)


def expected_failures(_: BaseEstimator) -> dict[str, str]:
    """Checks that a tuned multi-label classifier fails on purpose, and why."""
    return {
        "check_classifiers_train": "classes are cut at the tuned threshold, not by argmax",
        "check_classifiers_multilabel_output_format_predict": (
            "label sets are int8 everywhere in genrelab, whatever the dtype of the targets"
        ),
        "check_supervised_y_2d": "a column is a label matrix of one label, not a clumsy vector",
    }


@parametrize_with_checks(
    [TunedMultilabelClassifier(OneVsRestClassifier(LogisticRegression()))],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_common_checks_pass(estimator: BaseEstimator, check: Callable) -> None:
    check(estimator)
