"""Rare labels are balanced as the papers say, from training rows alone, and errors name a label."""

import tracemalloc
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.base import is_sampler
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    SVMSMOTE,
    BorderlineSMOTE,
    RandomOverSampler,
)
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler, TomekLinks
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn.base import BaseEstimator, clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import KFold, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from genrelab.datasets import load
from genrelab.resampling import (
    MLSMOTE,
    MultilabelRandomOverSampler,
    MultilabelRandomUnderSampler,
    PerLabel,
    imbalance_report,
)
from genrelab.thresholds import TunedMultilabelClassifier

SAMPLERS_OF_MATRICES = [MLSMOTE, MultilabelRandomOverSampler, MultilabelRandomUnderSampler]
patiently = settings(max_examples=60, deadline=None)
NAMES = ["Drama", "Comedy", "Crime", "Western"]


def films(
    n: int = 120, rare: int = 8, n_features: int = 5, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Features with some signal, three common labels, and a Western of exactly ``rare`` rows."""
    rng = np.random.default_rng(seed)
    Y = (rng.random((n, 4)) < [0.6, 0.5, 0.4, 0.0]).astype(np.int8)
    Y[rng.choice(n, rare, replace=False), 3] = 1
    return rng.normal(size=(n, n_features)) + Y @ rng.normal(size=(4, n_features)), Y


def logistic() -> LogisticRegression:
    return LogisticRegression(max_iter=500)


@st.composite
def data_sets(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Small data with ties and duplicates in X, a minority label among others, and a seed."""
    n, d = draw(st.integers(8, 25)), draw(st.integers(1, 4))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    X = rng.integers(-3, 4, size=(n, d)) * draw(st.sampled_from([1.0, 0.1, 1e6]))
    Y = (rng.random((n, 5)) < draw(st.floats(0.1, 0.6))).astype(np.int8)
    Y[:, 0] = 1
    Y[:, 1] = 0
    Y[rng.choice(n, draw(st.integers(2, 4)), replace=False), 1] = 1
    return X, Y, seed


# ---------------------------------------------------------------- the measures


def measures_by_the_definitions(Y: np.ndarray) -> dict[str, float]:
    """IRLbl, MeanIR, CVIR and SCUMBLE, entry by entry, of labels that all have rows."""
    n, L = Y.shape
    most = max(sum(Y[i][k] for i in range(n)) for k in range(L))
    irlbl = [most / sum(Y[i][k] for i in range(n)) for k in range(L)]
    mean_ir = sum(irlbl) / L
    sigma = (sum((ir - mean_ir) ** 2 for ir in irlbl) / (L - 1)) ** 0.5
    rows = []
    for i in range(n):
        own = [irlbl[k] for k in range(L) if Y[i][k]]
        mean = sum(own) / len(own) if own else 1
        rows.append(1 - np.prod(own) ** (1 / len(own)) / mean if own else 0.0)
    return {
        "mean_ir": mean_ir,
        "max_ir": max(irlbl),
        "cvir": sigma / mean_ir,
        "scumble": sum(rows) / n,
        "cardinality": Y.sum() / n,
        "density": Y.sum() / n / L,
    }


def test_the_report_is_what_the_papers_definitions_give_by_hand() -> None:
    # Counts 4, 2, 1: IRLbl 1, 2, 4; MeanIR 7/3; only the last label lies above it.
    Y = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 0], [0, 0, 0]])
    report = imbalance_report(Y, label_names=["Drama", "Crime", "Western"])
    assert report.per_label["irlbl"].tolist() == [1, 2, 4]
    assert report.per_label["minority"].tolist() == [False, False, True]
    assert report.summary["mean_ir"] == pytest.approx(7 / 3)
    # Deviations -4/3, -1/3, 5/3: variance (16 + 1 + 25) / 9 / 2 = 7/3.
    assert report.summary["cvir"] == pytest.approx((7 / 3) ** 0.5 / (7 / 3))
    # Rows {1, 2}: 1 - sqrt(2) / 1.5, twice; row {1, 4}: 1 - 2 / 2.5 = .2; the others 0.
    twice = 1 - 2**0.5 / 1.5
    assert report.summary["scumble"] == pytest.approx((2 * twice + 0.2) / 5)
    assert report.per_label["scumble"].tolist() == pytest.approx(
        [(2 * twice + 0.2) / 4, twice, 0.2]
    )
    assert report.summary["cardinality"] == 7 / 5
    assert report.summary["density"] == pytest.approx(7 / 15)
    assert report.missing == ()


@patiently
@given(data_sets())
def test_the_report_is_the_slow_reading_of_the_definitions(
    data: tuple[np.ndarray, np.ndarray, int],
) -> None:
    Y = data[1][:, data[1].any(axis=0)]
    summary = imbalance_report(Y).summary
    for name, value in measures_by_the_definitions(Y).items():
        assert summary[name] == pytest.approx(value, abs=1e-12), name


def test_a_label_without_rows_is_named_and_left_out() -> None:
    Y = pd.DataFrame({"Drama": [1, 1, 1], "Short": [0, 0, 0], "War": [0, 1, 0]})
    report, without = imbalance_report(Y), imbalance_report(Y[["Drama", "War"]])
    assert report.missing == ("Short",) and "Short" in repr(report)
    assert np.isnan(report.per_label["irlbl"][1]) and not report.per_label["minority"][1]
    for name in ("mean_ir", "max_ir", "cvir", "scumble", "cardinality"):
        assert report.summary[name] == without.summary[name]
    with pytest.raises(ValueError, match="no row of Y has a label"):
        imbalance_report(np.zeros((3, 2)))


@pytest.mark.parametrize(("min_count", "n_labels"), [(35, 13), (15, 16)])
def test_the_genres_of_the_scripts_are_as_unbalanced_as_their_counts(
    min_count: int, n_labels: int
) -> None:
    scripts = load("script_features", min_count=min_count)
    report = imbalance_report(scripts.labels, scripts.label_names)
    table = report.per_label.set_index("label")
    assert len(table) == n_labels and report.missing == ()
    assert table["irlbl"].idxmin() == "Drama" and table.loc["Drama", "irlbl"] == 1
    rarest = table["count"].idxmin()
    assert table.loc[rarest, "irlbl"] == table["count"].max() / table["count"].min()
    assert table.loc[rarest, "minority"] and not table.loc["Drama", "minority"]
    assert 2 < report.summary["cardinality"] < 3.5
    assert 0 < report.summary["scumble"] < 0.5
    if n_labels == 16:
        assert rarest == "Western" and {"War", "Musical"} <= set(table.index[table["minority"]])


# ---------------------------------------------------------------- MLSMOTE


def slow_mlsmote(
    X: np.ndarray, Y: np.ndarray, k: int, labels: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """MLSMOTE as the paper tells it, a row at a time; random numbers drawn in the same order."""
    rng = np.random.RandomState(seed)
    counts = [int(Y[:, label].sum()) for label in range(Y.shape[1])]
    ratios = [max(counts) / count if count else None for count in counts]
    mean_ir = np.mean([ratio for ratio in ratios if ratio])
    rows, sets = [*X], [*Y]
    for label, ratio in enumerate(ratios):
        if ratio is None or ratio <= mean_ir:
            continue
        bag = [i for i in range(len(X)) if Y[i, label]]
        picks, steps = rng.randint(k, size=len(bag)), rng.uniform(size=(len(bag), 1))
        for place, i in enumerate(bag):
            others = sorted((j for j in bag if j != i), key=lambda j: ((X[i] - X[j]) ** 2).sum())
            near = others[:k]
            chosen = near[picks[place]]
            rows.append(X[i] + steps[place, 0] * (X[chosen] - X[i]))
            new = np.zeros(Y.shape[1], dtype=np.int8)
            for other in range(Y.shape[1]):
                votes = sum(Y[j, other] for j in [i, *near])
                if labels == "union":
                    new[other] = votes > 0
                elif labels == "intersection":
                    new[other] = votes == k + 1
                else:
                    new[other] = votes > (k + 1) / 2
            sets.append(new)
    return np.array(rows), np.array(sets)


@pytest.mark.parametrize("labels", ["ranking", "union", "intersection"])
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_mlsmote_is_the_slow_obvious_version(labels: str, k: int, seed: int) -> None:
    X, Y = films(seed=seed)
    Y[:, 1] &= np.arange(len(Y)) % 4 == 0
    sampler = MLSMOTE(k_neighbors=k, labels=labels, random_state=seed)
    X_more, Y_more = sampler.fit_resample(X, Y)
    X_slow, Y_slow = slow_mlsmote(X, Y, k, labels, seed)
    np.testing.assert_allclose(X_more, X_slow, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(Y_more, Y_slow)
    assert len(X_more) > len(X)


def on_a_segment(point: np.ndarray, start: np.ndarray, stop: np.ndarray) -> bool:
    """Whether a point lies between two others, to within rounding."""
    toward, scale = stop - start, np.abs([start, stop]).max() + 1e-300
    length = toward @ toward
    share = np.clip((point - start) @ toward / length, 0, 1) if length else 0.0
    return bool(np.abs(start + share * toward - point).max() <= 1e-12 * scale)


@settings(patiently, max_examples=100)
@given(data_sets(), st.sampled_from(["ranking", "union", "intersection"]))
def test_each_synthetic_row_lies_between_two_rows_of_its_minority(
    data: tuple[np.ndarray, np.ndarray, int], labels: str
) -> None:
    X, Y, seed = data
    sampler = MLSMOTE(k_neighbors="auto", labels=labels, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X_more, Y_more = sampler.fit_resample(X, Y)
    assert (X_more[: len(X)] == X).all() and (Y_more[: len(Y)] == Y).all()
    place = len(X)
    for label in map(int, sampler.minority_labels_):
        bag = np.flatnonzero(Y[:, label])
        for i in bag if len(bag) > 1 else []:
            assert any(on_a_segment(X_more[place], X[i], X[j]) for j in bag if j != i)
            assert Y_more[place, label] == 1
            place += 1
    assert place == len(X_more)


@patiently
@given(data_sets())
def test_label_sets_grow_from_intersection_over_ranking_to_union(
    data: tuple[np.ndarray, np.ndarray, int],
) -> None:
    X, Y, seed = data
    made = {}
    for labels in ("intersection", "ranking", "union"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made[labels] = MLSMOTE(
                k_neighbors="auto", labels=labels, random_state=seed
            ).fit_resample(X, Y)
    assert (made["intersection"][0] == made["union"][0]).all()
    assert (made["intersection"][1] <= made["ranking"][1]).all()
    assert (made["ranking"][1] <= made["union"][1]).all()


@pytest.mark.parametrize("make", [csr_matrix, csr_array])
def test_sparse_features_stay_sparse_and_give_the_same_rows(make: Callable) -> None:
    X, Y = films(n_features=30)
    X[np.abs(X) < 1] = 0
    dense, labels = MLSMOTE(random_state=0).fit_resample(X, Y)
    thin, same = MLSMOTE(random_state=0).fit_resample(make(X), Y)
    assert issparse(thin) and thin.format == "csr"
    np.testing.assert_allclose(thin.toarray(), dense, atol=1e-12)
    assert (same == labels).all()
    # Between two sparse rows nothing new is nonzero: at most both rows' entries together.
    assert np.diff(thin.indptr)[len(X) :].max() <= 2 * (X != 0).sum(axis=1).max()


def test_word_counts_are_interpolated_not_cut_to_whole_numbers() -> None:
    X, Y = films()
    counts = csr_matrix(np.abs(X * 3).astype(np.int32))
    more, _ = MLSMOTE(random_state=0).fit_resample(counts, Y)
    assert more.dtype == np.float64 and (more.data % 1 != 0).any()
    small, _ = MLSMOTE(random_state=0).fit_resample(X.astype(np.float32), Y)
    assert small.dtype == np.float32


@pytest.mark.parametrize("kind", SAMPLERS_OF_MATRICES)
def test_tables_come_back_as_tables_with_their_columns(kind: type) -> None:
    sampler = kind(random_state=0)
    X, Y = films()
    tables = pd.DataFrame(X, columns=list("abcde")), pd.DataFrame(Y, columns=NAMES)
    plain, made = clone(sampler).fit_resample(X, Y), sampler.fit_resample(*tables)
    for table, array, given_table in zip(made, plain, tables, strict=True):
        assert table.columns.tolist() == given_table.columns.tolist()
        assert (table.to_numpy() == array).all()
    assert sampler.minority_labels_ == ("Western",)
    thin = pd.DataFrame.sparse.from_spmatrix(csr_matrix(X))
    assert (clone(sampler).fit_resample(thin, Y)[0].to_numpy() == plain[0]).all()
    assert (clone(sampler).fit_resample(X, csr_matrix(Y))[1] == plain[1]).all()


def test_too_few_neighbours_name_the_label_the_count_and_the_largest_legal_k() -> None:
    X, Y = films(rare=4)
    message = (
        "label 'Western' has 4 rows in this fold; MLSMOTE with k_neighbors=5 needs 6. Use "
        'k_neighbors<=3, k_neighbors="auto", or a higher min_count when loading.'
    )
    with pytest.raises(ValueError) as caught:
        MLSMOTE(label_names=NAMES).fit_resample(X, Y)
    assert str(caught.value) == message
    MLSMOTE(k_neighbors=3).fit_resample(X, Y)
    with pytest.raises(ValueError, match=r"'Western' has 4 rows.*k_neighbors<=3"):
        MLSMOTE(k_neighbors=4).fit_resample(X, pd.DataFrame(Y, columns=NAMES))


@pytest.mark.parametrize("rare", [1, 2, 4, 5])
def test_auto_clamps_and_says_so(rare: int) -> None:
    X, Y = films(rare=rare)
    done = f"k_neighbors is clamped to {rare - 1}" if rare > 1 else "nothing is added for it"
    with pytest.warns(UserWarning, match=rf"'Western' has {rare} rows.*needs 6: {done}") as caught:
        X_more, _ = MLSMOTE(k_neighbors="auto", label_names=NAMES).fit_resample(X, Y)
    assert len(X_more) == len(X) + (rare if rare > 1 else 0)
    assert caught[0].filename == __file__


def test_auto_does_not_warn_where_five_neighbours_are_there() -> None:
    X, Y = films(rare=6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        auto = MLSMOTE(k_neighbors="auto", random_state=0).fit_resample(X, Y)
    plain = MLSMOTE(random_state=0).fit_resample(X, Y)
    assert (auto[0] == plain[0]).all() and (auto[1] == plain[1]).all()


# ---------------------------------------------------------------- whole rows


@patiently
@given(data_sets(), st.floats(0.05, 2.0))
def test_copies_are_of_minority_rows_and_stop_at_the_share_or_in_balance(
    data: tuple[np.ndarray, np.ndarray, int], share: float
) -> None:
    X, Y, seed = data
    sampler = MultilabelRandomOverSampler(share=share, random_state=seed)
    X_more, Y_more = sampler.fit_resample(X, Y)
    rows = sampler.sample_indices_
    assert (X_more == X[rows]).all() and (Y_more == Y[rows]).all()
    assert (rows[: len(X)] == np.arange(len(X))).all()
    minority = [int(label) for label in sampler.minority_labels_]
    assert Y[rows[len(X) :]][:, minority].any(axis=1).all()
    added = len(rows) - len(X)
    assert added <= round(share * len(X))
    if added < round(share * len(X)):
        # Each label came down to MeanIR once; copies made for the others may have moved it since.
        counts = Y.sum(axis=0).astype(int)
        reached = dict.fromkeys(minority, False)
        for row in rows[len(X) :]:
            counts += Y[row]
            for label in minority:
                reached[label] |= counts.max() / counts[label] <= sampler.mean_ir_
        assert all(reached.values())


def test_over_sampling_lowers_mean_ir_where_rare_labels_stand_alone() -> None:
    Y = np.repeat(np.eye(3, dtype=int), [60, 10, 4], axis=0)
    _, more = MultilabelRandomOverSampler(share=0.5, random_state=0).fit_resample(Y, Y)
    assert imbalance_report(more).summary["mean_ir"] < imbalance_report(Y).summary["mean_ir"]


@patiently
@given(data_sets(), st.floats(0.05, 0.9))
def test_rows_removed_have_no_minority_label(
    data: tuple[np.ndarray, np.ndarray, int], share: float
) -> None:
    X, Y, seed = data
    sampler = MultilabelRandomUnderSampler(share=share, random_state=seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        X_less, Y_less = sampler.fit_resample(X, Y)
    rows = sampler.sample_indices_
    assert (X_less == X[rows]).all() and (Y_less == Y[rows]).all()
    assert (np.diff(rows) > 0).all()
    minority = [int(label) for label in sampler.minority_labels_]
    gone = np.setdiff1d(np.arange(len(X)), rows)
    free = int((~Y[:, minority].any(axis=1)).sum())
    assert not Y[gone][:, minority].any()
    assert len(gone) == min(free, round(share * len(X)))
    assert bool(caught) == (free < round(share * len(X)))


def test_whole_rows_may_be_texts() -> None:
    texts = [f"scene {i}" for i in range(120)]
    _, Y = films()
    sampler = MultilabelRandomOverSampler(random_state=0)
    more, labels = sampler.fit_resample(texts, Y)
    assert isinstance(more, list) and len(more) == len(labels) > 120
    assert more == [texts[i] for i in sampler.sample_indices_]
    model = make_pipeline(sampler, TfidfVectorizer(), OneVsRestClassifier(logistic()))
    assert model.fit(texts, Y).predict(texts).shape == Y.shape


# ---------------------------------------------------------------- inside fit only


@pytest.mark.parametrize("kind", SAMPLERS_OF_MATRICES)
def test_a_sampler_in_a_pipeline_never_sees_a_held_out_row(kind: type) -> None:
    sampler, seen = kind(random_state=0), []

    class Recorder(OneVsRestClassifier):
        def fit(self, X: np.ndarray, Y: np.ndarray) -> "Recorder":
            seen.append((X, Y))
            return super().fit(X, Y)

    X, Y = films(rare=20)
    changed = []
    for train, test in KFold(4, shuffle=True, random_state=0).split(X):
        for spoilt in (False, True):
            X_seen, Y_seen = X.copy(), Y.copy()
            if spoilt:
                X_seen[test], Y_seen[test] = 1e9, 1 - Y[test]
            model = make_pipeline(clone(sampler), Recorder(logistic()))
            cross_val_score(model, X_seen, Y_seen, cv=[(train, test)], error_score="raise")
        (X_before, Y_before), (X_after, Y_after) = seen[-2:]
        changed.append(len(X_before) != len(train))
        assert np.array_equal(X_before, X_after) and np.array_equal(Y_before, Y_after)
    assert all(changed)


@pytest.mark.parametrize("sampler", [SMOTE(random_state=0), SMOTETomek(random_state=0)])
def test_smote_never_sees_a_test_row(sampler: BaseEstimator) -> None:
    X, Y = films(rare=20)
    train, test = next(KFold(4, shuffle=True, random_state=0).split(X))
    model = PerLabel(sampler, logistic())
    before = list(model.iter_resample(X[train], Y[train]))
    coefficients = [m.coef_ for m in clone(model).fit(X[train], Y[train]).estimators_]
    scores = cross_val_score(model, X, Y, cv=[(train, test)], scoring="f1_macro")
    X[test], Y[test] = 1e9, 1 - Y[test]
    after = list(model.iter_resample(X[train], Y[train]))
    for (name, X_old, y_old), (same, X_new, y_new) in zip(before, after, strict=True):
        assert name == same
        assert np.array_equal(X_old, X_new) and np.array_equal(y_old, y_new)
    again = clone(model).fit(X[train], Y[train])
    for old, new in zip(coefficients, again.estimators_, strict=True):
        assert np.array_equal(old, new.coef_)
    assert cross_val_score(model, X, Y, cv=[(train, test)], scoring="f1_macro") != scores


def test_scoring_and_predicting_do_not_resample() -> None:
    X, Y = films()
    model = make_pipeline(MLSMOTE(random_state=0), OneVsRestClassifier(logistic())).fit(X, Y)
    assert model.predict_proba(X).shape == Y.shape
    assert is_sampler(model[0])


# ---------------------------------------------------------------- a label at a time

SAMPLERS = [
    SMOTE(random_state=0),
    BorderlineSMOTE(random_state=0),
    SVMSMOTE(random_state=0),
    ADASYN(random_state=0),
    RandomOverSampler(random_state=0),
    RandomUnderSampler(random_state=0),
    TomekLinks(),
    SMOTETomek(random_state=0),
    SMOTEENN(random_state=0),
]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: type(s).__name__)
def test_per_label_is_the_sampler_and_the_estimator_label_by_label(sampler: BaseEstimator) -> None:
    X, Y = films(rare=20)
    Y[:, 1] &= np.arange(len(Y)) % 3 != 0  # ADASYN refuses labels that are balanced already
    Y[:, 0] |= np.arange(len(Y)) % 3 == 0
    model = PerLabel(sampler, logistic()).fit(X, Y)
    assert model.resampled_["with_before"].tolist() == Y.sum(axis=0).tolist()
    for label in range(4):
        X_label, y_label = clone(sampler).fit_resample(X, Y[:, label])
        one = logistic().fit(X_label, y_label)
        row = model.resampled_.loc[label]
        assert row["with_after"] + row["without_after"] == len(X_label)
        assert row["with_after"] == y_label.sum()
        assert (model.predict_proba(X)[:, label] == one.predict_proba(X)[:, 1]).all()
        assert (model.predict(X)[:, label] == one.predict(X)).all()


def test_per_label_takes_sparse_counts_and_tables() -> None:
    X, Y = films(rare=20)
    thin, table = csr_matrix(np.abs(X)), pd.DataFrame(np.abs(X), columns=list("abcde"))
    plain = PerLabel(SMOTE(random_state=0), logistic()).fit(np.abs(X), Y)
    for some in (thin, table):
        model = PerLabel(SMOTE(random_state=0), logistic()).fit(some, csr_matrix(Y))
        np.testing.assert_allclose(model.predict_proba(some), plain.predict_proba(np.abs(X)))
    assert model.feature_names_in_.tolist() == list("abcde")


def test_rows_with_one_label_each_are_not_taken_for_classes() -> None:
    X, _ = films()
    Y = np.eye(3, dtype=int)[np.repeat([0, 1, 2], [80, 30, 10])]
    # What imbalanced-learn does alone: it balances three classes, 80 rows each.
    assert SMOTE(random_state=0).fit_resample(X, Y)[1].sum(axis=0).tolist() == [80, 80, 80]
    model = PerLabel(SMOTE(random_state=0), logistic()).fit(X, Y)
    assert model.resampled_["with_after"].tolist() == [80, 90, 110]
    assert model.resampled_["without_after"].tolist() == [80, 90, 110]
    assert model.predict_proba(X).sum(axis=1) != pytest.approx(np.ones(len(X)))
    sampler = MLSMOTE(random_state=0)
    _, more = sampler.fit_resample(X, Y)
    # MeanIR is (1 + 8/3 + 8) / 3: only the last label lies above, and gets its ten rows once more.
    assert sampler.minority_labels_ == ("2",)
    assert more.sum(axis=0).tolist() == [80, 30, 20]


def test_one_class_a_row_is_one_task_a_class_or_refused() -> None:
    X, _ = films()
    y = np.array(["Drama", "Crime", "War"])[np.repeat([0, 1, 2], [80, 30, 10])]
    model = PerLabel(SMOTE(random_state=0), logistic()).fit(X, y)
    assert model.resampled_["label"].tolist() == ["Crime", "Drama", "War"]
    assert set(model.predict(X)) <= {"Drama", "Crime", "War"}
    for kind in SAMPLERS_OF_MATRICES:
        with pytest.raises(ValueError, match=r"Y has shape \(120,\), one class a row; expected"):
            kind().fit_resample(X, y == "War")
        with pytest.raises(ValueError, match=r"expected \(n, L\)"):
            kind().fit_resample(X, [0, 1] * 60)


def test_a_rare_label_stops_smote_with_its_name_and_the_remedy() -> None:
    X, Y = films(rare=4)
    with pytest.raises(ValueError) as caught:
        PerLabel(SMOTE(), logistic(), label_names=NAMES).fit(X, Y)
    assert str(caught.value) == (
        "label 'Western' has 4 rows in this fold; SMOTE with k_neighbors=5 needs 6. Use "
        'k_neighbors<=3, k="auto", or a higher min_count when loading.'
    )
    PerLabel(SMOTE(k_neighbors=3), logistic()).fit(X, Y)


@pytest.mark.parametrize(
    ("sampler", "key"),
    [
        (SMOTE(random_state=0), "k_neighbors"),
        (BorderlineSMOTE(random_state=0), "k_neighbors"),
        (ADASYN(random_state=0), "n_neighbors"),
        (SMOTETomek(random_state=0), "smote__k_neighbors"),
        (SMOTETomek(smote=SMOTE(k_neighbors=7, random_state=0)), "smote__k_neighbors"),
        (SMOTEENN(random_state=0), "smote__k_neighbors"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseEstimator) else "",
)
def test_auto_clamps_any_sampler_to_what_the_label_allows(sampler: BaseEstimator, key: str) -> None:
    X, Y = films(rare=4)
    Y = np.column_stack([Y[:, 3], np.arange(len(Y)) % 3 == 0])
    names = ["Western", "Crime"]
    with pytest.raises(ValueError, match=rf"'Western' has 4 rows.*{key}<=3"):
        PerLabel(sampler, logistic(), label_names=names).fit(X, Y)
    model = PerLabel(sampler, logistic(), k="auto", label_names=names)
    with pytest.warns(UserWarning, match=rf"'Western' has 4 rows.*{key} is clamped to 3") as told:
        model.fit(X, Y)
    # Other libraries warn of their own future, each release in its own way.
    assert len([warning for warning in told if "is clamped" in str(warning.message)]) == 1
    assert model.resampled_["with_after"][0] > 4
    largest = clone(sampler)
    if getattr(largest, "smote", 0) is None:
        largest.set_params(smote=SMOTE(random_state=0))
    X_label, y_label = largest.set_params(**{key: 3}).fit_resample(X, Y[:, 0])
    (name, X_auto, y_auto), *_ = quietly(lambda: list(model.iter_resample(X, Y)))
    assert name == "Western"
    assert np.array_equal(X_auto, X_label) and np.array_equal(y_auto, y_label)


def quietly(call: Callable) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def test_the_rare_side_may_be_the_rows_without_the_label() -> None:
    X, Y = films()
    Y[:, 0] = np.arange(len(Y)) > 2
    with pytest.raises(ValueError, match=r"'Drama' has 3 rows without it .*k_neighbors<=2"):
        PerLabel(SMOTE(), logistic(), label_names=NAMES).fit(X, Y)


def test_a_sampler_that_cannot_help_a_label_says_so_or_leaves_it_with_a_warning() -> None:
    X, Y = films(rare=1)
    with pytest.raises(ValueError, match=r"'Western' has 1 rows.*to add nothing for it"):
        PerLabel(SMOTE(), logistic(), label_names=NAMES).fit(X, Y)
    model = PerLabel(SMOTE(random_state=0), logistic(), k="auto", label_names=NAMES)
    with pytest.warns(UserWarning, match="'Western' has 1 rows.*nothing is added"):
        model.fit(X, Y)
    assert model.resampled_.loc[3].tolist() == ["Western", 1, 119, 1, 119]
    # 58 against 62: ADASYN deals four rows out over 58, and each share rounds to none.
    even = (np.arange(120) % 2).astype(int)
    even[[1, 3]] = 0
    Y = np.column_stack([even, np.arange(120) % 4 == 0])
    with pytest.raises(ValueError, match=r"'0' has 58 of 120 rows; ADASYN says.*k=.auto"):
        PerLabel(ADASYN(random_state=0), logistic()).fit(X, Y)
    model = PerLabel(ADASYN(random_state=0), logistic(), k="auto")
    with pytest.warns(UserWarning, match="label '0' has 58 .*nothing is added"):
        model.fit(X, Y)
    assert model.resampled_["with_after"][0] == 58


@pytest.mark.parametrize("k", ["raise", "auto"])
def test_a_label_without_rows_or_another_fault_is_an_error_that_names_it(k: str) -> None:
    X, Y = films()
    Y[:, 3] = 0
    with pytest.raises(ValueError, match=r"'Western' has 0 of 120 rows; SMOTE says: .*Drop"):
        PerLabel(SMOTE(), logistic(), k=k, label_names=NAMES).fit(X, Y)
    with pytest.raises(ValueError, match=r"'Drama' has .*'k_neighbors' parameter of SMOTE"):
        PerLabel(SMOTE(k_neighbors="x"), logistic(), k=k, label_names=NAMES).fit(X, Y)


def test_a_tuner_can_be_put_around_and_a_rare_label_there_is_named() -> None:
    X, Y = films(rare=12)
    model = PerLabel(SMOTE(random_state=0), logistic(), label_names=NAMES)
    tuned = TunedMultilabelClassifier(model).fit(X, Y)
    assert tuned.predict(X).shape == Y.shape
    one = TunedMultilabelClassifier(model.set_params(label_names=None)).fit(X, Y[:, [3]])
    assert one.predict(X).shape == (120, 1)
    rare = TunedMultilabelClassifier(model.set_params(label_names=NAMES))
    with pytest.raises(ValueError, match="'Western' has 4 rows"):
        rare.fit(*films(rare=6))


def test_decisions_are_there_where_the_estimator_has_them_and_partial_fit_is_not() -> None:
    X, Y = films(rare=20)
    model = PerLabel(SMOTE(random_state=0), LinearSVC()).fit(X, Y)
    assert model.decision_function(X).shape == Y.shape
    assert not hasattr(model, "predict_proba")
    assert not hasattr(PerLabel(SMOTE(), SGDClassifier()), "partial_fit")


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(MLSMOTE, labels="both"), "labels is 'both'; expected"),
        (partial(MLSMOTE, k_neighbors=0), "n_neighbors"),
        (partial(MultilabelRandomOverSampler, share=0), "share is 0; expected"),
        (partial(MultilabelRandomUnderSampler, share=-1), "share is -1; expected"),
        (partial(PerLabel, SMOTE(), LogisticRegression(), k="clamp"), "k is 'clamp'; expected"),
    ],
)
def test_a_wrong_parameter_is_refused(make: Callable, message: str) -> None:
    model = make()
    with pytest.raises(ValueError, match=message):
        getattr(model, "fit_resample", model.fit)(*films())


def test_labels_that_are_all_alike_have_no_minority() -> None:
    X, _ = films()
    for Y in (np.ones((120, 1)), np.tile(np.eye(2), (60, 1))):
        with pytest.raises(ValueError, match="MLSMOTE expects a minority"):
            MLSMOTE().fit_resample(X, Y)


def test_wrong_shapes_and_values_are_refused() -> None:
    X, Y = films()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MLSMOTE().fit_resample(X[1:], Y)
    with pytest.raises(ValueError, match="expected 0 or 1"):
        MLSMOTE().fit_resample(X, Y * 2)
    with pytest.raises(ValueError, match="NaN"):
        MLSMOTE().fit_resample(np.where(X > 2, np.nan, X), Y)
    assert MLSMOTE(label_names=NAMES).fit(X, Y).minority_labels_ == ("Western",)


# ---------------------------------------------------------------- scale


def test_memory_grows_with_the_rows_not_with_their_square() -> None:
    peaks = []
    for n in (3_000, 6_000):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n, 64)).astype(np.float32)
        Y = (rng.random((n, 6)) < [0.7, 0.5, 0.4, 0.15, 0.12, 0.1]).astype(np.int8)
        tracemalloc.start()
        more, _ = MLSMOTE(random_state=0).fit_resample(X, Y)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        # The rows themselves, those added and a working copy of each; no table of distances.
        assert peaks[-1] < 4 * more.nbytes
    assert peaks[1] < 2.5 * peaks[0]


# ---------------------------------------------------------------- common checks


def expected_failures(_: BaseEstimator) -> dict[str, str]:
    """Checks that a classifier of label matrices fails on purpose, and why."""
    return {
        "check_supervised_y_2d": "a column is a label matrix of one label, not a clumsy vector",
    }


@parametrize_with_checks(
    [PerLabel(SMOTE(random_state=0), LogisticRegression(), k="auto")],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_common_checks_pass(estimator: BaseEstimator, check: Callable) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="label .* (clamped|nothing is added)")
        check(estimator)


# The other checks, and all of imbalanced-learn's own but one, hand a sampler one class a row, which
# these refuse by design; tables, sparse features, dtypes and refusals are tested above instead.
CONTRACT = {
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_fit1d",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
}


@pytest.mark.parametrize("kind", SAMPLERS_OF_MATRICES)
def test_samplers_keep_scikit_learns_contract_of_an_estimator(kind: type) -> None:
    kept = set()
    for estimator, check in estimator_checks_generator(kind(), legacy=True):
        name = getattr(check, "func", check).__name__
        if name in CONTRACT:
            check(estimator)
            kept.add(name)
    assert len(kept) >= len(CONTRACT) - 1  # one or the other is not in every release
