"""Cross-validation, paired comparison, glue and recorded results."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from genrelab import settings
from genrelab.datasets.base import LazyTexts
from genrelab.evaluation import (
    Comparison,
    FoldOutcome,
    collect,
    compare,
    compare_on_rows,
    compare_results,
    cross_validate,
    glue,
    hardware,
    nadeau_bengio,
    read_result,
    record,
)
from genrelab.splits import Fold, repeated_folds
from genrelab.thresholds import ThresholdTuner

LOGISTIC = OneVsRestClassifier(LogisticRegression())


def films(seed: int = 0, n: int = 150) -> SimpleNamespace:
    """Three labels, one rare, and groups that share features."""
    rng = np.random.RandomState(seed)
    groups = rng.randint(0, 60, n)
    X = rng.randn(n, 6) + 0.8 * rng.randn(60, 6)[groups]
    Y = (X[:, :3] + rng.randn(n, 3) > [0, 0.5, 1.5]).astype(np.int8)
    return SimpleNamespace(X=X, Y=Y, groups=groups, folds=repeated_folds(Y, groups))


class Diary(BaseEstimator):
    """Logistic regression that notes the coefficients and rows of each fit."""

    entries: list[np.ndarray] = []  # noqa: RUF012

    def fit(self, X: np.ndarray, Y: np.ndarray) -> "Diary":
        self.model_ = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
        Diary.entries.append(np.concatenate([m.coef_.ravel() for m in self.model_.estimators_]))
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return self.model_.predict_proba(X)


def test_scores_are_those_of_a_loop_written_out() -> None:
    data = films()
    result = cross_validate(LOGISTIC, data.X, data.Y, groups=data.groups)
    for fold in data.folds:
        model = LOGISTIC.fit(data.X[fold.train], data.Y[fold.train])
        expected = model.predict_proba(data.X[fold.test])
        np.testing.assert_allclose(result.scores[fold.repeat, fold.test], expected)
    assert (result.untuned == (result.scores >= 0.5)).all()
    assert result.tuned is None and result.thresholds is None


def test_the_headline_pools_a_repeat_and_averages_the_repeats() -> None:
    data = films()
    result = cross_validate(LOGISTIC, data.X, data.Y, groups=data.groups, tuner="per_label")
    pooled = [f1_score(data.Y, guess, average="macro") for guess in result.tuned]
    assert result.headline["f1_macro"] == pytest.approx(np.mean(pooled))
    untuned = [f1_score(data.Y, guess, average="macro") for guess in result.untuned]
    assert result.headline_untuned["f1_macro"] == pytest.approx(np.mean(untuned))
    by_fold = result.fold_metrics.set_index(["repeat", "fold", "rule"])
    fold = data.folds[7]
    expected = f1_score(data.Y[fold.test], result.tuned[1, fold.test], average="micro")
    assert by_fold.loc[(1, 2, "tuned"), "f1_micro"] == pytest.approx(expected)
    assert len(by_fold) == 20
    assert result.report(1).summary["f1_macro"] == pytest.approx(pooled[1])


def test_each_folds_thresholds_make_its_tuned_predictions() -> None:
    data = films()
    result = cross_validate(LOGISTIC, data.X, data.Y, groups=data.groups, tuner=ThresholdTuner())
    assert result.thresholds.shape == (10, 3)
    for fold, thresholds in zip(data.folds, result.thresholds, strict=True):
        guess = result.scores[fold.repeat, fold.test] >= thresholds
        assert (result.tuned[fold.repeat, fold.test] == guess).all()


@pytest.mark.parametrize("strategy", ["per_label", "global"])
def test_permuted_outer_labels_move_no_fitted_number(strategy: str) -> None:
    """Whatever the test rows' labels say, coefficients, thresholds and predictions stay."""
    data = films()
    fold = data.folds[0]
    rest = Fold(0, 1, fold.test, fold.train)
    permuted = data.Y.copy()
    permuted[fold.test] = np.random.RandomState(1).permutation(data.Y[fold.test])
    assert (permuted != data.Y).any()
    fitted = []
    for Y in (data.Y, permuted):
        Diary.entries.clear()
        result = cross_validate(
            Diary(), data.X, Y, groups=data.groups, folds=[fold, rest], tuner=strategy
        )
        # Three inner models and the outer one come from the first fold.
        fitted.append((np.array(Diary.entries[:4]), result))
    (coefficients, before), (coefficients_after, after) = fitted
    np.testing.assert_array_equal(coefficients, coefficients_after)
    np.testing.assert_array_equal(before.thresholds[0], after.thresholds[0])
    np.testing.assert_array_equal(before.tuned[0, fold.test], after.tuned[0, fold.test])
    # The same labels are training labels of the other fold, where they must matter.
    assert (before.thresholds[1] != after.thresholds[1]).any()


def test_groups_stay_whole_in_inner_folds_too() -> None:
    data = films()
    seen: list[set] = []

    class Watcher(Diary):
        def fit(self, X: np.ndarray, Y: np.ndarray) -> "Watcher":
            seen.append(set(X[:, -1]))
            return super().fit(X, Y)

        def predict_proba(self, X: np.ndarray) -> np.ndarray:
            assert not seen[-1] & set(X[:, -1])
            return super().predict_proba(X)

    X = np.column_stack([data.X, data.groups])
    cross_validate(Watcher(), X, data.Y, groups=data.groups, tuner="per_label")
    assert len(seen) == 40


def test_every_kind_of_input_gives_the_same_scores() -> None:
    data = films()
    words = ["alien ship", "love song", "gun chase night", "ghost"]
    rng = np.random.RandomState(0)
    texts = [" ".join(rng.choice(words, 5)) for _ in data.Y]
    counts = CountVectorizer().fit(texts).transform(texts)
    options = {"groups": data.groups, "folds": data.folds[:5]}
    dense = cross_validate(LOGISTIC, counts.toarray(), data.Y, **options).scores
    inputs = {
        "csr": counts,
        "coo": sparse.coo_matrix(counts),
        "frame": pd.DataFrame(counts.toarray(), index=np.arange(len(texts)) + 7),
    }
    for X in inputs.values():
        np.testing.assert_allclose(cross_validate(LOGISTIC, X, data.Y, **options).scores, dense)
    vocabulary = CountVectorizer().fit(texts).get_feature_names_out()
    pipeline = make_pipeline(CountVectorizer(vocabulary=vocabulary), LOGISTIC)
    for X in (texts, tuple(texts), pd.Series(texts)):
        np.testing.assert_allclose(cross_validate(pipeline, X, data.Y, **options).scores, dense)


def test_lazy_texts_are_taken_not_read_at_once() -> None:
    data = films()
    texts = LazyTexts(range(150), lambda key: f"word{key % 3} word{key % 5}")
    pipeline = make_pipeline(CountVectorizer(), LOGISTIC)
    options = {"groups": data.groups, "folds": data.folds[:5], "tuner": "per_label"}
    lazy = cross_validate(pipeline, texts, data.Y, **options)
    plain = cross_validate(pipeline, list(texts), data.Y, **options)
    np.testing.assert_allclose(lazy.scores, plain.scores)


def test_decision_scores_are_cut_at_zero() -> None:
    data = films()
    result = cross_validate(OneVsRestClassifier(LinearSVC()), data.X, data.Y, groups=data.groups)
    assert result.cut == 0
    assert (result.untuned == (result.scores >= 0)).all()
    assert "threshold 0" in repr(result)


def test_lists_of_probabilities_and_one_label_are_understood() -> None:
    data = films()
    several = cross_validate(MultiOutputClassifier(LogisticRegression()), data.X, data.Y)
    np.testing.assert_allclose(several.scores, cross_validate(LOGISTIC, data.X, data.Y).scores)
    alone = data.Y[:, :1]
    one = cross_validate(LogisticRegression(), data.X, alone)
    tuned = cross_validate(LogisticRegression(), data.X, alone, tuner="per_label")
    assert one.scores.shape == (2, 150, 1)
    np.testing.assert_allclose(one.scores, tuned.scores)


def test_parallel_folds_give_the_same_result() -> None:
    data = films()
    options = {"folds": data.folds[:5], "tuner": "per_label"}
    one = cross_validate(LOGISTIC, data.X, data.Y, **options)
    two = cross_validate(LOGISTIC, data.X, data.Y, n_jobs=2, **options)
    np.testing.assert_array_equal(one.scores, two.scores)
    np.testing.assert_array_equal(one.thresholds, two.thresholds)


def test_the_estimator_and_the_tuner_given_stay_unfitted() -> None:
    data = films()
    estimator, tuner = OneVsRestClassifier(LogisticRegression()), ThresholdTuner()
    cross_validate(estimator, data.X, data.Y, tuner=tuner)
    assert not hasattr(estimator, "estimators_")
    assert not hasattr(tuner, "thresholds_")


def test_folds_that_cannot_be_pooled_are_refused() -> None:
    data = films()
    fold = data.folds[0]

    def run(folds: list[Fold], **options: object) -> None:
        cross_validate(LOGISTIC, data.X, data.Y, folds=folds, **options)

    with pytest.raises(ValueError, match=r"repeat 0 tests row \d+ 0 times; expected once"):
        run([fold])
    with pytest.raises(ValueError, match=r"repeat 0 tests row \d+ 2 times"):
        run([*data.folds[:5], fold])
    with pytest.raises(ValueError, match="fold 0 of repeat 0 trains and tests on row"):
        run([fold._replace(train=np.arange(150))])
    with pytest.raises(ValueError, match=r"fold 0 of repeat 0 has row 150, but Y has 150 rows"):
        run([fold._replace(train=np.array([150]))])
    with pytest.raises(ValueError, match=r"splits group .* expected whole groups"):
        run(repeated_folds(data.Y), groups=data.groups)
    with pytest.raises(ValueError, match="X has 149 rows and Y has 150"):
        cross_validate(LOGISTIC, data.X[1:], data.Y)
    with pytest.raises(ValueError, match="strategy is 'magic'"):
        run(data.folds, tuner="magic")


def test_the_bootstrap_interval_is_that_of_a_loop_over_groups() -> None:
    """The same draws, each group's rows repeated as often as it was drawn."""
    data = films()
    result = cross_validate(LOGISTIC, data.X, data.Y, groups=data.groups, tuner="per_label")
    names, codes = np.unique(data.groups, return_inverse=True)
    draws = np.random.RandomState(3).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=40
    )
    values = []
    for draw in draws:
        rows = np.repeat(np.arange(150), draw[codes])
        values.append(
            np.mean([f1_score(data.Y[rows], p[rows], average="macro") for p in result.tuned])
        )
    low, high = result.interval(n_boot=40, seed=3)
    assert (low, high) == pytest.approx(tuple(np.quantile(values, (0.025, 0.975))))
    assert low < result.headline["f1_macro"] < high


def test_groups_widen_the_interval() -> None:
    """Ten copies of each film are not ten films."""
    data = films(n=60)
    copies = np.repeat(np.arange(60), 10)
    Y = data.Y[copies]
    guess = Y ^ (np.random.RandomState(0).rand(60, 3) < 0.2)[copies]
    fold = [Fold(0, 0, np.array([0]), np.arange(600))]
    outcome = [FoldOutcome(scores=guess.astype(float))]
    alone = collect(outcome, fold, Y).interval()
    grouped = collect(outcome, fold, Y, groups=copies).interval()
    assert np.diff(grouped) > 2 * np.diff(alone)


def test_nadeau_bengio_is_the_published_formula() -> None:
    differences = np.random.RandomState(0).randn(10) / 100 + 0.01
    low, high, p_value = nadeau_bengio(differences, 0.25)
    error = math.sqrt((1 / 10 + 0.25) * np.sum((differences - differences.mean()) ** 2) / 9)
    t = stats.t(9)
    assert low == pytest.approx(differences.mean() - t.ppf(0.975) * error)
    assert high == pytest.approx(differences.mean() + t.ppf(0.975) * error)
    assert p_value == pytest.approx(2 * (1 - t.cdf(abs(differences.mean() / error))))
    uncorrected = nadeau_bengio(differences, 0.0)
    plain = stats.ttest_1samp(differences, 0)
    assert uncorrected[2] == pytest.approx(plain.pvalue)
    assert uncorrected[:2] == pytest.approx(tuple(plain.confidence_interval(0.95)))
    with pytest.raises(ValueError, match="1 differences; expected at least 2"):
        nadeau_bengio([0.1], 0.25)


def test_no_difference_is_no_difference() -> None:
    assert nadeau_bengio([0.0] * 10, 0.25) == (0.0, 0.0, 1.0)


def test_compare_puts_systems_side_by_side() -> None:
    data = films()
    inputs = {"one": data.X[:, :1], "all": data.X}
    comparison = compare(LOGISTIC, inputs, data.Y, groups=data.groups, n_boot=200)
    assert isinstance(comparison, Comparison)
    one, both = comparison.results["one"], comparison.results["all"]
    assert comparison.table.loc["all", "f1_macro"] == both.headline["f1_macro"]
    assert comparison.table.loc["all", "untuned"] == both.headline_untuned["f1_macro"]
    line = comparison.paired.loc["all"]
    differences = both.fold_values("f1_macro") - one.fold_values("f1_macro")
    assert len(differences) == 10
    assert line["difference"] == pytest.approx(differences.mean())
    # Grouped folds are of uneven size: the ratio is that of their own rows.
    ratio = np.mean([len(f.test) / len(f.train) for f in data.folds])
    assert tuple(line[["low", "high", "p_value"]]) == pytest.approx(
        nadeau_bengio(differences, ratio)
    )
    assert line["low"] > 0 and line["pooled_low"] > 0
    assert list(comparison.paired.index) == ["all"]
    assert "Nadeau-Bengio" in repr(comparison)
    html = comparison._repr_html_()
    assert html.count("<table") == 2 and "averaged over 2 repeat(s)" in html


def test_the_paired_bootstrap_draws_the_same_groups_for_both() -> None:
    """A system against itself differs by exactly nothing, whatever groups are drawn."""
    data = films()
    systems = {"a": LOGISTIC, "b": OneVsRestClassifier(LogisticRegression())}
    for metric in ("f1_macro", "map"):
        comparison = compare(
            systems, data.X, data.Y, folds=data.folds[:5], tuner=None, metric=metric, n_boot=30
        )
        assert (comparison.paired.loc["b"].drop("p_value") == 0).all()


def test_a_baseline_can_be_named_and_both_sides_can_have_names() -> None:
    data = films()
    systems = {"prior": DummyClassifier(), "model": LOGISTIC}
    inputs = {"model": data.X, "prior": data.X[:, :1]}
    comparison = compare(systems, inputs, data.Y, baseline="model", tuner=None, n_boot=20)
    assert list(comparison.paired.index) == ["prior"]
    assert comparison.paired.loc["prior", "difference"] < 0
    assert comparison.results["model"].tuned is None
    with pytest.raises(ValueError, match=r"\['prior'\] stand only in one of them"):
        compare(systems, {"model": data.X}, data.Y)
    with pytest.raises(ValueError, match="baseline is 'svm'; expected one of prior, model"):
        compare(systems, data.X, data.Y, baseline="svm")
    with pytest.raises(ValueError, match=r"metric is 'hamming'; expected one of f1_macro"):
        compare(systems, data.X, data.Y, metric="hamming")


def test_one_system_alone_has_no_pairs() -> None:
    data = films()
    comparison = compare(LOGISTIC, data.X, data.Y, n_boot=20)
    assert len(comparison.paired) == 0
    assert comparison._repr_html_().count("<table") == 1


def test_systems_judged_on_other_folds_are_not_compared() -> None:
    data = films()
    one = cross_validate(LOGISTIC, data.X, data.Y, groups=data.groups)
    other = cross_validate(LOGISTIC, data.X, data.Y)
    with pytest.raises(
        ValueError, match="'b' and 'a' were judged on other labels, groups or folds"
    ):
        compare_results({"a": one, "b": other})


def run_in_notebook(source: str) -> list[dict]:
    """Run a cell in IPython and return what it displays."""
    from IPython.testing.globalipapp import start_ipython
    from IPython.utils.capture import capture_output

    shell = start_ipython() or __import__("IPython").get_ipython()
    with capture_output() as captured:
        assert shell.run_cell(source).success
    return [{"data": out.data, "metadata": out.metadata} for out in captured.outputs]


def test_a_glued_number_is_what_the_books_role_reads() -> None:
    variables = pytest.importorskip("myst_nb.core.variables")
    extract = pytest.importorskip("myst_nb.ext.glue").extract_glue_data_cell
    outputs = run_in_notebook(
        "from genrelab.evaluation import glue\n"
        "glue('f1', 0.65)\nglue('n', 1118)\n"
        "glue('text', '+.043 [.01, .08]')\nglue('short', '.651')"
    )
    assert all(key.startswith("application/") for out in outputs for key in out["data"])
    from nbformat import NotebookNode

    cell = NotebookNode(outputs=[NotebookNode(out) for out in outputs])
    glued = {key: out["data"]["text/plain"] for key, out in extract(cell)}
    printed = {key: variables.format_plain_text(text, "s") for key, text in glued.items()}
    assert printed == {"f1": "0.650", "n": "1,118", "text": "+.043 [.01, .08]", "short": ".651"}


def test_glue_refuses_what_it_cannot_print() -> None:
    with pytest.raises(TypeError, match=r"glue\('x'\) got a list; expected text or a number"):
        glue("x", [1])


@pytest.fixture
def results(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(settings, "results_dir", lambda: tmp_path)
    return tmp_path


def test_a_recorded_result_reads_back_with_its_origin(results: object) -> None:
    payload = {
        "rows": [{"row": "a", "f1": np.float32(0.25)}, {"row": "b", "f1": float("nan")}],
        "counts": np.arange(3),
    }
    path = record("leaks", payload)
    found = read_result("leaks")
    assert found["rows"] == [{"row": "a", "f1": 0.25}, {"row": "b", "f1": None}]
    assert found["counts"] == [0, 1, 2]
    assert found["command"] == "genrelab bench leaks"
    assert found["hardware"] == hardware()
    assert {"python", "scikit-learn", "numpy"} <= set(found["versions"])
    assert len(found["date"]) == 10
    # One line a row, so that a changed number is a changed line.
    assert '  {"row": "a", "f1": 0.25},' in path.read_text().splitlines()
    assert [file.name for file in results.iterdir()] == ["leaks.json"]


def test_a_missing_result_lists_those_that_exist(results: object) -> None:
    record("baselines", {})
    with pytest.raises(
        FileNotFoundError, match=r"'windows'.*there are: baselines\..*bench windows"
    ):
        read_result("windows")
    with pytest.raises(ValueError, match=r"result name is '\.\./x'; expected small letters"):
        record("../x", {})


def test_a_failed_record_leaves_the_old_file(results: object) -> None:
    record("table", {"rows": [1]})
    with pytest.raises(ValueError, match=r"table\.json would have .* bytes; at most 400,000"):
        record("table", {"rows": ["x" * 500_000]})
    with pytest.raises(TypeError, match="not JSON serializable"):
        record("table", {"rows": [object()]})
    assert read_result("table")["rows"] == [1]
    assert len(list(results.iterdir())) == 1


def test_recorded_json_is_the_same_data_as_plain_json(results: object) -> None:
    payload = {"a": [], "b": [[1, 2], {"c": "ü"}], "d": {"e": None, "f": True}, "g": "x\ny"}
    found = json.loads(record("plain", payload).read_text(encoding="utf-8"))
    assert {key: found[key] for key in payload} == payload


def test_chosen_rows_are_judged_as_if_they_were_all_there_is() -> None:
    data = films()
    loose = repeated_folds(data.Y)
    results = {
        "whole groups": cross_validate(LOGISTIC, data.X, data.Y, folds=data.folds),
        "split groups": cross_validate(LOGISTIC, data.X, data.Y, folds=loose, tuner="per_label"),
    }
    rows = data.groups < 30
    judged = compare_on_rows(results, rows, data.groups, n_boot=200)
    for name, result in results.items():
        by_hand = [
            f1_score(data.Y[rows], guess[rows], average="macro") for guess in result.predictions
        ]
        assert judged.loc[name, "f1_macro"] == pytest.approx(np.mean(by_hand))
        assert judged.loc[name, "low"] < judged.loc[name, "f1_macro"] < judged.loc[name, "high"]
    gain = judged["f1_macro"]["split groups"] - judged["f1_macro"]["whole groups"]
    assert judged.loc["split groups", "difference"] == pytest.approx(gain)
    assert judged.loc["whole groups", ["difference_low", "difference_high"]].tolist() == [0, 0]


def test_results_of_other_rows_are_refused() -> None:
    data = films()
    one = cross_validate(LOGISTIC, data.X, data.Y, folds=data.folds)
    other = cross_validate(LOGISTIC, data.X, data.Y[::-1])
    with pytest.raises(ValueError, match="'other' was judged on other rows or labels"):
        compare_on_rows({"one": one, "other": other}, [0], data.groups)
