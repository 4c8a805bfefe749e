"""Folds, the locked test and the leaderboard."""

import time
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, f1_score, jaccard_score
from sklearn.model_selection import GroupKFold, KFold, cross_val_score

from genrelab.datasets import load
from genrelab.splits import (
    COUNT_METRICS,
    GroupedStratifiedKFold,
    headline_folds,
    locked_split,
    repeated_folds,
    simulate_leaderboard,
    weighted_metric,
)

SHARES = np.array([606, 383, 369, 304, 214, 198, 176, 161, 150, 117, 110, 43, 38]) / 1118


def film_like(seed: int, n: int = 850) -> tuple[np.ndarray, np.ndarray]:
    """Labels as rare as the scripts' genres; every third film in a franchise that shares them."""
    rng = np.random.RandomState(seed)
    groups = np.where(rng.rand(n) < 0.35, rng.randint(0, 80, n), 1000 + np.arange(n))
    taste = {group: rng.rand(13) < SHARES for group in np.unique(groups)}
    Y = [np.where(rng.rand(13) < 0.7, taste[group], rng.rand(13) < SHARES) for group in groups]
    return np.array(Y, dtype=np.int8), groups.astype(str)


def imbalance(Y: np.ndarray, folds: np.ndarray) -> float:
    """How far a fold's count of a label (and of rows) is from its share, on average."""
    with_size = np.column_stack([Y, np.ones(len(Y))])
    counts = np.array([with_size[folds == fold].sum(axis=0) for fold in np.unique(folds)])
    share = counts.mean(axis=0)
    return float((np.abs(counts - share) / share).mean())


def fold_of_rows(splitter: object, Y: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    folds = np.full(len(Y), -1)
    for fold, (_, test) in enumerate(splitter.split(np.zeros(len(Y)), Y, groups)):
        folds[test] = fold
    return folds


@st.composite
def grouped_labels(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    n = draw(st.integers(6, 60))
    rng = np.random.RandomState(draw(st.integers(0, 10_000)))
    groups = rng.randint(0, draw(st.integers(4, 40)), n)
    Y = (rng.rand(n, draw(st.integers(1, 6))) < draw(st.floats(0, 1))).astype(int)
    n_splits = draw(st.integers(2, 6))
    return Y, groups, min(n_splits, max(2, len(np.unique(groups))))


@pytest.mark.filterwarnings("ignore:.*fewer groups:UserWarning")
@settings(deadline=None)
@given(grouped_labels(), st.integers(0, 99))
def test_no_group_is_split_and_every_row_is_tested_once(case: tuple, seed: int) -> None:
    Y, groups, n_splits = case
    if len(np.unique(groups)) < n_splits:
        return
    times_tested = np.zeros(len(Y), dtype=int)
    parts = list(GroupedStratifiedKFold(n_splits, random_state=seed).split(Y, Y, groups))
    assert len(parts) == n_splits
    for train, test in parts:
        times_tested[test] += 1
        assert len(test)
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(len(Y)))
    assert (times_tested == 1).all()


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(0, 999), st.data())
def test_a_label_of_enough_groups_is_in_each_fold(
    n_splits: int, seed: int, data: st.DataObject
) -> None:
    """With one label a group nothing stands in the way, however uneven the groups are."""
    sizes = data.draw(
        st.lists(
            st.lists(st.integers(1, 9), min_size=n_splits, max_size=12), min_size=1, max_size=4
        )
    )
    labels = np.concatenate([np.repeat(i, sum(franchises)) for i, franchises in enumerate(sizes)])
    groups = np.repeat(np.arange(sum(map(len, sizes))), np.concatenate(sizes))
    for _, test in GroupedStratifiedKFold(n_splits, random_state=seed).split(
        labels, labels, groups
    ):
        assert set(labels[test]) == set(labels)


@pytest.mark.parametrize("seed", range(3))
def test_every_genre_of_film_like_data_is_in_each_fold(seed: int) -> None:
    Y, groups = film_like(seed)
    for fold in repeated_folds(Y, groups):
        assert (Y[fold.test].sum(axis=0) > 0).all()


def test_single_row_groups_are_balanced_as_well_as_by_iterative_stratification() -> None:
    """Stated factor: 1.05 times the library's imbalance, averaged over ten seeds."""
    ours, library = [], []
    for seed in range(10):
        Y, _ = film_like(seed)
        ours.append(imbalance(Y, fold_of_rows(GroupedStratifiedKFold(random_state=seed), Y)))
        reference = MultilabelStratifiedKFold(5, shuffle=True, random_state=seed)
        library.append(imbalance(Y, fold_of_rows(reference, Y)))
    assert np.mean(ours) <= 1.05 * np.mean(library)


def test_groups_are_balanced_much_better_than_at_random() -> None:
    """Measured: about a sixth of the imbalance of random groups; a third is demanded."""
    ours, random = [], []
    for seed in range(5):
        Y, groups = film_like(seed)
        ours.append(
            imbalance(Y, fold_of_rows(GroupedStratifiedKFold(random_state=seed), Y, groups))
        )
        shuffled = GroupKFold(5, shuffle=True, random_state=seed)
        random.append(imbalance(Y, fold_of_rows(shuffled, Y, groups)))
    assert np.mean(ours) < np.mean(random) / 3


def test_folds_repeat_by_seed_and_follow_the_names_of_the_groups() -> None:
    Y, groups = film_like(0)
    folds = fold_of_rows(GroupedStratifiedKFold(random_state=3), Y, groups)
    assert (folds == fold_of_rows(GroupedStratifiedKFold(random_state=3), Y, groups)).all()
    assert (folds != fold_of_rows(GroupedStratifiedKFold(random_state=4), Y, groups)).any()
    order = np.random.RandomState(0).permutation(len(Y))
    moved = fold_of_rows(GroupedStratifiedKFold(random_state=3), Y[order], groups[order])
    assert (moved == folds[order]).all()


def test_it_is_a_scikit_learn_splitter() -> None:
    from sklearn.dummy import DummyClassifier

    scores = cross_val_score(
        DummyClassifier(),
        np.zeros((20, 1)),
        [0, 1] * 10,
        cv=GroupedStratifiedKFold(4),
        groups=np.arange(20),
    )
    assert len(scores) == 4
    assert "n_splits=4" in repr(GroupedStratifiedKFold(4))


def test_too_few_groups_and_bad_shapes_are_refused() -> None:
    Y = np.eye(4, dtype=int)
    with pytest.raises(ValueError, match=r"n_splits=3, but there are only 2 groups in 4 rows"):
        next(GroupedStratifiedKFold(3).split(Y, Y, [0, 0, 1, 1]))
    with pytest.raises(ValueError, match=r"groups has shape \(3,\); expected \(4,\)"):
        GroupedStratifiedKFold(2).fold_of_rows(Y, [0, 0, 1])
    with pytest.raises(ValueError, match=r"Y\[0, 0\] is 2; expected 0 or 1"):
        repeated_folds(2 * Y)
    with pytest.raises(ValueError, match="at least 2"):
        GroupedStratifiedKFold(1)
    with pytest.raises(ValueError, match="y is None"):
        next(GroupedStratifiedKFold(2).split(Y))


def test_scarce_labels_are_named() -> None:
    Y = np.zeros((10, 2), dtype=int)
    Y[:, 0], Y[3, 1] = 1, 1
    with pytest.warns(
        UserWarning,
        match=r"1 labels lie in fewer groups than the 5 folds.*: column \(groups\) 1 \(1\)",
    ):
        repeated_folds(Y, seeds=(0,))


def test_repeats_differ_and_are_numbered() -> None:
    Y, groups = film_like(1)
    folds = repeated_folds(Y, groups)
    assert [(fold.repeat, fold.fold) for fold in folds] == [
        (r, f) for r in (0, 1) for f in range(5)
    ]
    assert set(folds[0].test) != set(folds[5].test)


@pytest.mark.parametrize("seed", range(3))
def test_the_locked_test_is_whole_franchises_and_a_fair_fifth(seed: int) -> None:
    Y, groups = film_like(seed)
    split = locked_split(Y, groups, seed=seed)
    assert not set(groups[split == "dev"]) & set(groups[split == "test"])
    assert abs((split == "test").mean() - 0.2) < 0.01
    assert (np.abs(Y[split == "test"].sum(axis=0) / Y.sum(axis=0) - 0.2) < 0.05).all()
    assert (split == locked_split(Y, groups, seed=seed)).all()
    with pytest.raises(ValueError, match=r"test_share is 1\.2"):
        locked_split(Y, groups, test_share=1.2)


def test_locked_rows_are_refused() -> None:
    Y, groups = film_like(0)
    split = locked_split(Y, groups)
    films = SimpleNamespace(name="films", labels=Y, groups=groups, split=split)
    message = rf"'films' holds {(split == 'test').sum()} rows of the locked test"
    with pytest.raises(ValueError, match=message):
        headline_folds(films)
    with pytest.raises(ValueError, match=message):
        simulate_leaderboard(films, [Y, Y])
    films.split = np.full(len(Y), "dev")
    assert len(headline_folds(films)) == 10


def sklearn_score(Y: np.ndarray, guess: np.ndarray, weights: np.ndarray, metric: str) -> float:
    held = (weights @ Y) > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if metric == "map":
            per_label = [
                average_precision_score(Y[:, i], guess[:, i], sample_weight=weights)
                for i in np.flatnonzero(held)
            ]
            return float(np.mean(per_label))
        if metric == "f1_macro":
            per_label = f1_score(Y, guess, average=None, sample_weight=weights, zero_division=0)
            return per_label[held].mean()
        if metric == "f1_micro":
            return f1_score(Y, guess, average="micro", sample_weight=weights, zero_division=0)
        if metric == "f1_samples":
            return f1_score(Y, guess, average="samples", sample_weight=weights, zero_division=0)
        if metric == "jaccard":
            return jaccard_score(
                Y, guess, average="samples", sample_weight=weights, zero_division=0
            )
        return float(np.average((guess == Y).all(axis=1), weights=weights))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([*COUNT_METRICS, "map"]))
def test_weighted_metrics_agree_with_scikit_learn(seed: int, metric: str) -> None:
    rng = np.random.RandomState(seed)
    Y = (rng.rand(30, 4) < 0.3).astype(np.int8)
    guess = (
        rng.randint(0, 9, Y.shape) / 8 if metric == "map" else (rng.rand(30, 4) < 0.4).astype(int)
    )
    weights = rng.randint(0, 3, (5, 30))
    expected = [sklearn_score(Y, guess, row, metric) for row in weights]
    np.testing.assert_allclose(weighted_metric(Y, guess, weights, metric), expected, atol=1e-12)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'hamming'; expected one of f1_macro"):
        weighted_metric(np.eye(2), np.eye(2), np.ones((1, 2)), "hamming")


def submissions_of(Y: np.ndarray, n: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.RandomState(seed)
    return {f"s{i}": Y ^ (rng.rand(*Y.shape) < 0.25 + i / 1000) for i in range(n)}


def test_the_leaderboard_agrees_with_a_slow_obvious_round() -> None:
    Y, groups = film_like(0, n=120)
    entries = submissions_of(Y, 6)
    board = simulate_leaderboard(Y, entries, groups=groups, n_rounds=3, seed=5)
    names, codes = np.unique(groups, return_inverse=True)
    rng = np.random.RandomState(5)
    shares = {"public": 0.4 * 0.3, "cv": 0.6, "private": 0.4 * 0.7}
    drawn = {
        part: rng.multinomial(round(share * len(names)), np.full(len(names), 1 / len(names)), 3)
        for part, share in shares.items()
    }
    for i in range(3):
        score = {
            part: {
                name: sklearn_score(Y, guess, draws[i][codes], "f1_macro")
                for name, guess in entries.items()
            }
            for part, draws in drawn.items()
        }
        for judge in ("public", "cv"):
            line = board[(board["round"] == i) & (board["picked_by"] == judge)].iloc[0]
            pick = max(score[judge], key=score[judge].get)
            assert line["submission"] == pick
            for part in score:
                assert line[f"{part}_score"] == pytest.approx(score[part][pick])
            best = max(score["private"].values())
            assert line["regret"] == pytest.approx(best - score["private"][pick])
            judged, truth = list(score[judge].values()), list(score["private"].values())
            assert line["rank_correlation"] == pytest.approx(spearmanr(judged, truth).statistic)


def test_a_big_honest_sample_picks_better_than_a_small_public_one() -> None:
    Y, groups = film_like(2)
    start = time.perf_counter()
    board = simulate_leaderboard(Y, submissions_of(Y, 20), groups=groups, n_rounds=500)
    assert time.perf_counter() - start < 20
    assert len(board) == 1000
    assert (board["regret"] >= 0).all()
    mean = board.groupby("picked_by")[["regret", "rank_correlation"]].mean()
    assert mean.loc["cv", "regret"] < mean.loc["public", "regret"]
    assert mean.loc["cv", "rank_correlation"] > 1.2 * mean.loc["public", "rank_correlation"]


def test_a_skewed_public_board_picks_the_specialist() -> None:
    Y, groups = film_like(3)
    drama = Y[:, 0] == 1
    rng = np.random.RandomState(0)
    entries = {
        "generalist": Y ^ (rng.rand(*Y.shape) < 0.15),
        "specialist": Y ^ (rng.rand(*Y.shape) < np.where(drama, 0.1, 0.5)[:, None]),
    }

    def specialists(**options: object) -> float:
        board = simulate_leaderboard(Y, entries, groups=groups, n_rounds=100, **options)
        picked = board[board["picked_by"] == "public"]["submission"]
        return (picked == "specialist").mean()

    assert specialists() < 0.1
    assert specialists(public_odds=np.where(drama, 50.0, 1.0)) > 0.5


def test_bad_submissions_are_named() -> None:
    Y = np.eye(6, dtype=int)
    with pytest.raises(ValueError, match=r"submission 'b' has shape \(5, 6\); expected \(6, 6\)"):
        simulate_leaderboard(Y, {"a": Y, "b": Y[:5]})
    with pytest.raises(ValueError, match="1 submissions; expected at least 2"):
        simulate_leaderboard(Y, [Y])
    with pytest.raises(ValueError, match="public_share is 0"):
        simulate_leaderboard(Y, [Y, Y], public_share=0)
    with pytest.raises(ValueError, match="6 positive numbers"):
        simulate_leaderboard(Y, [Y, Y], public_odds=[1, 2])


def test_random_folds_are_the_weaker_oracle_of_balance() -> None:
    Y, _ = film_like(0)
    random = fold_of_rows(KFold(5, shuffle=True, random_state=0), Y)
    ours = fold_of_rows(GroupedStratifiedKFold(), Y)
    assert imbalance(Y, ours) < imbalance(Y, random) / 3


def test_headline_folds_are_ten_over_the_development_films() -> None:
    films = load("script_features")
    folds = headline_folds()
    assert len(folds) == 10
    assert films.labels.shape[1] == 13
    for fold in folds:
        assert len(fold.train) + len(fold.test) == len(films)
        assert not set(films.groups[fold.train]) & set(films.groups[fold.test])
        assert (films.labels[fold.test].sum(axis=0) > 0).all()
