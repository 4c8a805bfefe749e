"""Chains and label powersets: held against scikit-learn's own chain and against counting."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from genrelab.evaluation import cross_validate
from genrelab.models import ChainEnsemble, FeedForward, LabelPowerset
from genrelab.splits import Fold
from genrelab.thresholds import ThresholdTuner


def films(n: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Vectors, and three labels of which the second is likelier with the first."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    first = X[:, 0] + rng.normal(size=n) > 0
    second = X[:, 1] + 2 * first + rng.normal(size=n) > 1
    third = X[:, 2] - second + rng.normal(size=n) > 0
    return X, np.column_stack([first, second, third]).astype(np.int8)


def test_an_ensemble_of_one_is_scikit_learns_chain():
    X, Y = films()
    ours = ChainEnsemble(LogisticRegression(), n_chains=1, random_state=3).fit(X, Y)
    order = np.random.RandomState(3).permutation(3).tolist()
    theirs = ClassifierChain(LogisticRegression(), order=order, chain_method="predict_proba")
    assert ours.chains_[0].order == order
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.fit(X, Y).predict_proba(X))


def test_an_ensemble_averages_chains_of_different_orders():
    X, Y = films()
    model = ChainEnsemble(LogisticRegression(), n_chains=6).fit(X, Y)
    assert len({tuple(chain.order) for chain in model.chains_}) > 1
    each = [chain.predict_proba(X) for chain in model.chains_]
    np.testing.assert_allclose(model.predict_proba(X), sum(each) / 6)
    again = ChainEnsemble(LogisticRegression(), n_chains=6).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))


def test_a_chain_uses_the_labels_before_it():
    X, Y = films()
    blind = np.zeros_like(X)
    chain = ChainEnsemble(LogisticRegression(C=1e6), n_chains=1).fit(blind, Y).chains_[0]
    place = {label: place for place, label in enumerate(chain.order)}
    later, earlier = (1, 0) if place[1] > place[0] else (0, 1)
    weight = chain.estimators_[place[later]].coef_[0, blind.shape[1] + place[earlier]]
    assert weight > 1


def test_a_labels_probability_is_the_sum_over_the_sets_that_hold_it():
    X, Y = films()
    model = LabelPowerset(GaussianNB()).fit(X, Y)
    seen = sorted({tuple(row) for row in Y.tolist()})
    assert [tuple(row) for row in model.sets_.tolist()] == seen
    of_set = GaussianNB().fit(X, [seen.index(tuple(row)) for row in Y.tolist()]).predict_proba(X)
    for label in range(3):
        holding = [number for number, labels in enumerate(seen) if labels[label]]
        np.testing.assert_allclose(model.predict_proba(X)[:, label], of_set[:, holding].sum(axis=1))


def test_a_powerset_of_shares_gives_the_shares_of_the_labels():
    X, Y = films()
    model = LabelPowerset(DummyClassifier(strategy="prior")).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X[:1])[0], Y.mean(axis=0))


def test_a_powerset_never_predicts_a_set_that_it_has_not_seen():
    X, Y = films(300)
    kept = ~(Y == [1, 1, 1]).all(axis=1)
    model = LabelPowerset(LogisticRegression()).fit(X[kept], Y[kept])
    found = {tuple(row) for row in model.predict(X).tolist()}
    assert found <= {tuple(row) for row in Y[kept].tolist()}
    apart = OneVsRestClassifier(LogisticRegression()).fit(X[kept], Y[kept])
    assert (apart.predict(X) == [1, 1, 1]).all(axis=1).any()


def test_where_labels_exclude_each_other_a_powerset_names_one_and_single_labels_none():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(300, 2)) * 0.01, np.eye(3, dtype=np.int8)[rng.integers(0, 3, 300)]
    assert (LabelPowerset(LogisticRegression()).fit(X, Y).predict(X).sum(axis=1) == 1).all()
    assert not OneVsRestClassifier(LogisticRegression()).fit(X, Y).predict(X).any()


@pytest.mark.parametrize(
    "model",
    [
        ChainEnsemble(LogisticRegression(), n_chains=2),
        LabelPowerset(LogisticRegression()),
        LabelPowerset(FeedForward(hidden=(8,), max_epochs=3)),
    ],
    ids=["chains", "powerset", "powerset of the net"],
)
def test_they_can_be_cross_validated_with_tuned_thresholds(model: BaseEstimator):
    X, Y = films()
    folds = [
        Fold(0, k, np.flatnonzero(np.arange(90) % 2 != k), np.arange(k, 90, 2)) for k in (0, 1)
    ]
    found = cross_validate(model, X, Y, folds=folds, tuner=ThresholdTuner())
    assert found.scores.shape == (1, 90, 3)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert found.headline["map"] > Y.mean()


def test_what_they_cannot_learn_from_is_refused():
    X, Y = films()
    with pytest.raises(ValueError, match="all rows have the same label set: 1 class"):
        LabelPowerset(LogisticRegression()).fit(X, np.ones_like(Y))
    for model in (LabelPowerset(LogisticRegression()), ChainEnsemble(LogisticRegression())):
        with pytest.raises(ValueError, match=r"Y has shape \(90,\); expected \(n, L\)"):
            model.fit(X, Y[:, 0])
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            model.fit(X, Y[:50])


CLASSES = "the check passes classes; these models take 0/1 label matrices, as their tags say"
TAKE_CLASSES = (
    "check_fit_score_takes_y",
    "check_estimators_overwrite_params",
    "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self",
    "check_readonly_memmap_input",
    "check_n_features_in_after_fitting",
    "check_positive_only_tag_during_fit",
    "check_estimators_dtypes",
    "check_dtype_object",
    "check_f_contiguous_array_estimator",
    "check_classifier_data_not_an_array",
    "check_classifiers_one_label",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_classifiers_regression_target",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_fit2d_1feature",
    "check_dict_unchanged",
    "check_fit2d_predict1d",
)


def expected_failures(_: BaseEstimator) -> dict[str, str]:
    """Checks that these models fail on purpose, and why."""
    return dict.fromkeys(TAKE_CLASSES, CLASSES) | {
        "check_classifiers_multilabel_output_format_predict": (
            "label sets are int8 everywhere in genrelab, whatever the dtype of the targets"
        )
    }


@parametrize_with_checks(
    [
        ChainEnsemble(LogisticRegression(max_iter=500), n_chains=2),
        LabelPowerset(LogisticRegression(max_iter=500)),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_common_checks_pass(estimator: BaseEstimator, check: Callable) -> None:
    check(estimator)
