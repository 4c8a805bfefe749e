"""Tuning by one sort is as good as scikit-learn's grid, and much faster."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from genrelab.bench import MEASUREMENTS, TABLES
from genrelab.bench.thresholds import by_grid, by_sorting, calibrated, report
from genrelab.evaluation import read_result
from genrelab.metrics import expected_calibration_error


def f1_of(scores: np.ndarray, labels: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    return f1_score(labels, scores >= thresholds, average=None, zero_division=0)


def test_it_is_a_measurement_and_no_table():
    assert "thresholds" in MEASUREMENTS
    assert "thresholds" not in TABLES


def test_the_recorded_sort_is_fifty_times_as_fast_as_the_grid_at_an_f1_no_lower():
    recorded = read_result("thresholds")
    assert (recorded["rows"], recorded["labels"]) == (100_000, 25)
    seconds = recorded["seconds"]
    assert len(seconds["sort"]) == len(seconds["grid"]) == recorded["rounds"] >= 3
    ratio = np.median(seconds["grid"]) / np.median(seconds["sort"])
    assert ratio == pytest.approx(recorded["ratio"])
    assert ratio >= 50
    f1 = recorded["f1"]
    assert len(f1["sort"]["tuned"]) == 25
    assert (np.array(f1["sort"]["tuned"]) >= np.array(f1["grid"]["tuned"])).all()
    # On scores that neither was tuned on, the two are even.
    assert np.mean(f1["sort"]["fresh"]) == pytest.approx(np.mean(f1["grid"]["fresh"]), abs=0.001)


def test_the_recorded_f1_is_that_of_the_sort_today():
    recorded = read_result("thresholds")
    scores, labels = calibrated(recorded["rows"], recorded["labels"], seed=0)
    found = by_sorting(scores[:, :2], labels[:, :2])
    again = f1_of(scores[:, :2], labels[:, :2], found)
    np.testing.assert_allclose(again, recorded["f1"]["sort"]["tuned"][:2], atol=0.005)


def test_the_report_names_both_ways_and_the_ratio():
    lines = dict(report(read_result("thresholds")))
    assert list(lines) == ["sort", "grid", "ratio"]
    assert "times as fast" in lines["ratio"]


def test_with_every_cut_off_as_its_grid_scikit_learn_finds_the_same_f1():
    scores, labels = calibrated(400, 4, seed=2)
    sort = f1_of(scores, labels, by_sorting(scores, labels))
    every = [by_grid(scores[:, [k]], labels[:, [k]], np.unique(scores[:, k]))[0] for k in range(4)]
    np.testing.assert_array_equal(sort, f1_of(scores, labels, np.array(every)))


def test_a_coarse_grid_is_never_better_and_sometimes_worse():
    scores, labels = calibrated(2000, 6, seed=3)
    sort = f1_of(scores, labels, by_sorting(scores, labels))
    grid = f1_of(scores, labels, by_grid(scores, labels, 10))
    assert (sort >= grid).all()
    assert (sort > grid).any()


def test_the_drawn_probabilities_are_calibrated_and_the_labels_rare_to_common():
    scores, labels = calibrated(50_000, 5, seed=4)
    assert expected_calibration_error(labels, scores) < 0.01
    share = labels.mean(axis=0)
    assert (np.diff(share) > 0).all() and share[0] < 0.01 and share[-1] > 0.4
