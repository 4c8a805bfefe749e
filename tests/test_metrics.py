"""The report agrees with scikit-learn to the last digit, and says what it leaves out."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from genrelab.metrics import (
    AVERAGES,
    brier_score,
    expected_calibration_error,
    precision_at_k,
    reliability_curve,
    report,
)

CLASSES = ["comedy", "history", "tragedy"]
SHAPES = st.tuples(st.integers(1, 30), st.integers(2, 6))
PAIRS = SHAPES.flatmap(
    lambda shape: st.tuples(
        arrays(np.int8, shape, elements=st.integers(0, 1)),
        arrays(np.int8, shape, elements=st.integers(0, 1)),
        arrays(np.float64, shape, elements=st.sampled_from(np.linspace(0, 1, 9).tolist())),
    )
)

patiently = settings(max_examples=50, deadline=None)


def films(n: int = 200, n_labels: int = 5, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Labels, predictions and scores with some skill; each label has both kinds of row."""
    rng = np.random.default_rng(seed)
    true = (rng.random((n, n_labels)) < np.linspace(0.1, 0.6, n_labels)).astype(np.int8)
    scores = np.clip(0.5 * true + 0.5 * rng.random(true.shape), 0, 1)
    return true, (scores > 0.6).astype(np.int8), scores


@patiently
@given(PAIRS)
def test_every_metric_equals_scikit_learns_to_the_last_digit(
    pair: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    true, pred, _ = pair
    summary = report(true, pred).summary
    present = np.flatnonzero(true.any(axis=0))
    for average in AVERAGES:
        if average in ("macro", "weighted") and not len(present):
            assert np.isnan(summary[f"f1_{average}"])
            continue
        expected = sk.precision_recall_fscore_support(
            true,
            pred,
            average=average,
            labels=present if average == "macro" else None,
            zero_division=0,
        )
        found = [summary[f"{measure}_{average}"] for measure in ("precision", "recall", "f1")]
        assert found == list(expected[:3])
    assert summary["jaccard"] == sk.jaccard_score(true, pred, average="samples", zero_division=0)
    assert summary["hamming"] == sk.hamming_loss(true, pred)
    assert summary["subset_accuracy"] == sk.accuracy_score(true, pred)


@patiently
@given(PAIRS)
def test_the_label_table_and_the_ranking_metrics_equal_scikit_learns(
    pair: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    true, pred, scores = pair
    found = report(true, pred, scores)
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        true, pred, average=None, zero_division=0
    )
    present = support > 0
    table = found.per_label[present]
    assert found.per_label["support"].tolist() == support.tolist()
    assert found.per_label["predicted"].tolist() == pred.sum(axis=0).tolist()
    assert table["precision"].tolist() == precision[present].tolist()
    assert table["recall"].tolist() == recall[present].tolist()
    assert table["f1"].tolist() == f1[present].tolist()
    if present.any():
        assert found.summary["map"] == sk.average_precision_score(
            true[:, present], scores[:, present], average="macro"
        )
    both = present & (support < len(true))
    if both.sum() > 1:
        assert found.summary["roc_auc"] == pytest.approx(
            sk.roc_auc_score(true[:, both], scores[:, both], average="macro"), abs=1e-15
        )
    assert found.per_label["auc"].isna().tolist() == (~both).tolist()


@patiently
@given(PAIRS)
def test_at_least_one_and_two_count_rows_as_a_loop_over_sets_does(
    pair: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    true, pred, _ = pair
    common = [
        len(set(np.flatnonzero(t)) & set(np.flatnonzero(p)))
        for t, p in zip(true, pred, strict=True)
    ]
    summary = report(true, pred).summary
    assert summary["at_least_one"] == sum(c >= 1 for c in common) / len(true)
    assert summary["at_least_two"] == sum(c >= 2 for c in common) / len(true)
    assert summary["cardinality_true"] == sum(map(len, map(np.flatnonzero, true))) / len(true)
    assert summary["cardinality_pred"] == sum(map(len, map(np.flatnonzero, pred))) / len(true)


def test_a_label_without_positives_is_named_and_moves_no_macro_average() -> None:
    true, pred, scores = films()
    without = report(true, pred, scores)
    rare = [
        np.column_stack([m, column]) for m, column in ((true, 0 * true[:, 0]), (pred, pred[:, 0]))
    ]
    found = report(
        rare[0],
        rare[1],
        np.column_stack([scores, scores[:, 0]]),
        label_names=["Drama", "Crime", "Horror", "War", "Sport", "<Noir>"],
    )
    assert found.missing == ("<Noir>",)
    for key in ("f1_macro", "precision_macro", "recall_macro", "f1_weighted", "map", "roc_auc"):
        assert found.summary[key] == without.summary[key]
    assert found.summary["f1_micro"] < without.summary["f1_micro"]
    assert "left out of macro averages: <Noir> (1 of 6 labels)" in repr(found)
    assert "&lt;Noir&gt;" in found._repr_html_() and "<Noir>" not in found._repr_html_()
    assert found.per_label.loc[5, ["precision", "recall", "f1", "ap", "auc"]].isna().all()


def test_a_label_without_negatives_has_no_roc_auc_and_the_report_says_so() -> None:
    true, pred, scores = films()
    true[:, 2] = 1
    names = ["Drama", "Crime", "Horror", "War", "Sport"]
    found = report(true, pred, scores, label_names=names)
    others = [0, 1, 3, 4]
    assert found.summary["roc_auc"] == sk.roc_auc_score(true[:, others], scores[:, others])
    assert "left out of ROC-AUC: Horror" in repr(found)


def test_co_prediction_counts_what_rows_of_a_label_were_given() -> None:
    found = report([[1, 1], [1, 0], [0, 1]], [[1, 0], [1, 1], [0, 0]], label_names=["a", "b"])
    assert found.co_prediction.loc["a"].tolist() == [2, 1]
    assert found.co_prediction.loc["b"].tolist() == [1, 0]
    assert found.confusion is None


@patiently
@given(st.lists(st.tuples(*[st.sampled_from(CLASSES)] * 2), min_size=1))
def test_classes_get_scikit_learns_accuracy_macro_f1_and_confusion_matrix(
    pairs: list[tuple[str, str]],
) -> None:
    true, pred = map(list, zip(*pairs, strict=True))
    found = report(true, pred)
    assert found.summary["accuracy"] == sk.accuracy_score(true, pred)
    assert found.summary["f1_macro"] == sk.f1_score(
        true, pred, average="macro", labels=sorted(set(true))
    )
    expected = sk.confusion_matrix(true, pred, labels=CLASSES)
    square = found.confusion.reindex(index=CLASSES, columns=CLASSES, fill_value=0)
    assert square.to_numpy().tolist() == expected.tolist()
    assert found.missing == tuple(sorted(set(pred) - set(true)))
    assert found.co_prediction is None and "accuracy" in repr(found)


def test_classes_take_their_order_or_the_names_of_their_codes_from_label_names() -> None:
    ordered = report(["b", "a", "a"], ["b", "b", "a"], label_names=["b", "a", "c"])
    coded = report([0, 1, 1], [0, 0, 1], label_names=["b", "a", "c"])
    pd.testing.assert_frame_equal(ordered.confusion, coded.confusion)
    assert coded.confusion.loc["a", "b"] == 1 and coded.missing == ("c",)
    longer = report(["War", "War"], ["War", "War"], label_names=["War", "Warfare"])
    assert longer.per_label["support"].tolist() == [2, 0]


def test_scores_of_classes_stand_in_the_order_of_the_names() -> None:
    scores = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.3, 0.2, 0.5], [0.1, 0.6, 0.3]])
    true = np.array([0, 1, 2, 2])
    found = report(true, scores.argmax(axis=1), scores)
    assert found.summary["roc_auc"] == pytest.approx(
        sk.roc_auc_score(true, scores, multi_class="ovr", average="macro"), abs=1e-15
    )


def test_lists_tables_and_sparse_matrices_give_the_same_report() -> None:
    true, pred, scores = films()
    expected = report(true, pred, scores).summary
    columns = list("abcde")
    for make in (np.ndarray.tolist, csr_matrix, lambda m: pd.DataFrame(m, columns=columns)):
        pd.testing.assert_series_equal(
            report(make(true), make(pred), make(scores)).summary, expected
        )
    table = report(pd.DataFrame(true, columns=columns), pred)
    assert table.per_label["label"].tolist() == columns
    nullable = pd.DataFrame(true, columns=columns).astype("Int64")
    pd.testing.assert_series_equal(report(nullable, pred, scores).summary, expected)


def test_one_label_in_a_column_is_multi_label() -> None:
    true, pred, scores = films()
    found = report(true[:, :1], pred[:, :1], scores[:, :1])
    assert found.summary["f1_macro"] == sk.f1_score(true[:, 0], pred[:, 0])
    assert found.summary["map"] == sk.average_precision_score(true[:, 0], scores[:, 0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[1, 0]], [[1, 0], [0, 1]]), r"y_pred has shape \(2, 2\); expected \(1, 2\)"),
        (([[1, 0]], [1]), r"y_pred has shape \(1,\); expected \(n, L\)"),
        (([[1, 2]], [[1, 0]]), r"y_true\[0, 1\] is 2; expected 0 or 1"),
        (([[1, 0]], [[0.7, 0]]), r"y_pred\[0, 0\] is 0.7.*threshold"),
        (([[1, 0]], pd.DataFrame([[0.7, 0]], columns=["Drama", "War"])), r"y_pred\[0, 'Drama'\]"),
        (([[1, 0]], [[1, 0]], [[np.nan, 1]]), r"y_score\[0, 0\] is nan; expected a finite"),
        (([[1, 0]], [[1, 0]], [[0.5]]), r"y_score has shape \(1, 1\); expected \(1, 2\)"),
        (([["Drama"], ["War", "Crime"]], [[1], [0]]), "MultiLabelBinarizer"),
        (([["Drama", "War"]], [[1, 0]]), "'Drama' first; expected numbers"),
        (([0, 1], [0.2, 1.0]), "y_pred holds 0.2; expected one class"),
        (([{"Drama"}], [{"War"}]), "MultiLabelBinarizer"),
        (([], []), "no rows"),
        ((np.zeros((0, 3)), np.zeros((0, 3))), r"shape \(0, 3\)"),
        ((np.zeros((2, 3, 1)), np.zeros((2, 3, 1))), r"shape \(2, 3, 1\)"),
    ],
)
def test_bad_input_is_refused_by_name(arguments: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        report(*arguments)


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="label_names has 1 names; expected 2"):
        report([[1, 0]], [[1, 0]], label_names=["Drama"])
    with pytest.raises(ValueError, match=r"repeats \['Drama'\]"):
        report([[1, 0]], [[1, 0]], label_names=["Drama", "Drama"])
    with pytest.raises(ValueError, match="class 'War' is not among"):
        report(["War"], ["War"], label_names=["Drama"])
    with pytest.raises(ValueError, match="same labels in the same order"):
        report(
            pd.DataFrame([[1, 0]], columns=["a", "b"]), pd.DataFrame([[1, 0]], columns=["b", "a"])
        )


def test_the_report_of_ordinary_input_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report(*films())
        report([[1, 0]], [[0, 0]], [[0.5, 0.5]])


@patiently
@given(PAIRS)
def test_brier_score_equals_scikit_learns_a_label_at_a_time(
    pair: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    true, _, scores = pair
    expected = [
        sk.brier_score_loss(t, s, pos_label=1) for t, s in zip(true.T, scores.T, strict=True)
    ]
    assert brier_score(true, scores, average=None) == pytest.approx(expected, abs=1e-15)
    assert brier_score(true, scores) == pytest.approx(np.mean(expected), abs=1e-15)


@patiently
@given(PAIRS, st.integers(1, 6))
def test_precision_at_k_is_the_share_of_hits_counted_row_by_row(
    pair: tuple[np.ndarray, np.ndarray, np.ndarray], k: int
) -> None:
    true, _, scores = pair
    k = min(k, true.shape[1])
    slow = []
    for labels, row in zip(true, scores, strict=True):
        ranked = sorted(range(len(row)), key=lambda label: (-row[label], label))
        slow.append(sum(labels[label] for label in ranked[:k]) / k)
    assert precision_at_k(true, scores, k) == pytest.approx(np.mean(slow))


@pytest.mark.parametrize("k", [0, 3])
def test_precision_at_more_labels_than_there_are_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match=f"k is {k}; expected 1 to 2"):
        precision_at_k([[1, 0]], [[0.5, 0.5]], k)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_the_reliability_curve_equals_scikit_learns(strategy: str) -> None:
    rng = np.random.default_rng(0)
    prob = rng.beta(1, 4, 500)
    true = rng.random(500) < prob
    observed, mean = calibration_curve(true, prob, n_bins=8, strategy=strategy)
    found = reliability_curve(true, prob, n_bins=8, strategy=strategy)
    assert found["share_positive"].to_numpy() == pytest.approx(observed, abs=1e-15)
    assert found["mean_probability"].to_numpy() == pytest.approx(mean, abs=1e-15)
    assert found["count"].sum() == 500


def test_calibration_error_is_the_rows_mean_distance_in_their_bins() -> None:
    true, _, scores = films()
    slow = []
    for t, s in zip(true.T, scores.T, strict=True):
        bins = np.clip(np.ceil(s * 10) - 1, 0, 9)
        slow.append(np.mean([abs(s[bins == b].mean() - t[bins == b].mean()) for b in bins]))
    assert expected_calibration_error(true, scores, average=None) == pytest.approx(slow)
    assert expected_calibration_error(true, scores) == pytest.approx(np.mean(slow))


def test_calibrated_probabilities_have_a_small_error_and_shifted_ones_the_shift() -> None:
    rng = np.random.default_rng(0)
    prob = rng.uniform(0, 0.7, (50_000, 2))
    true = (rng.random(prob.shape) < prob).astype(int)
    assert expected_calibration_error(true, prob) < 0.01
    assert expected_calibration_error(true, prob + 0.3) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("function", [brier_score, expected_calibration_error, reliability_curve])
def test_decision_scores_are_no_probabilities(function: object) -> None:
    with pytest.raises(ValueError, match=r"y_prob\[1, 0\] is 1.5; expected a probability"):
        function([0, 1], [0.5, 1.5])


def test_bins_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="n_bins is 0"):
        reliability_curve([0, 1], [0.5, 0.5], n_bins=0)
    with pytest.raises(ValueError, match="strategy is 'even'"):
        reliability_curve([0, 1], [0.5, 0.5], strategy="even")
