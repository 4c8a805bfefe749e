"""Recorded tables: resumed, honest about their origin, and repeatable."""

import json
import os
import random
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier

from genrelab import settings
from genrelab.bench import TABLES, Table, _code_of, is_measured, record_table, rerun
from genrelab.datasets import imdb27
from genrelab.datasets.scripts import read_manifest
from genrelab.evaluation import FoldOutcome, cross_validate, read_result, run_fold
from genrelab.splits import Fold, repeated_folds
from genrelab.thresholds import ThresholdTuner

TOLERANCE = 0.005
LONGEST_RERUN = 40  # recorded seconds
CARDINALITIES = {"cardinality_pred", "cardinality_true"}
RECORDED = sorted(settings.results_dir().glob("*.json"))

rng = np.random.RandomState(0)
X = rng.randn(80, 3)
Y = (X[:, :2] + rng.randn(80, 2) > 0).astype(np.int8)
FOLDS = repeated_folds(Y)
LOGISTIC = OneVsRestClassifier(LogisticRegression())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for results and cache that is the test's own."""
    monkeypatch.setattr(settings, "results_dir", lambda: tmp_path)
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))
    return tmp_path


class Counter:
    """A row that counts its runs, and breaks at a given one."""

    def __init__(self, break_at: int | None = None) -> None:
        self.runs: list[tuple[int, int]] = []
        self.break_at = break_at

    def row(self, fold: Fold) -> object:
        if len(self.runs) == self.break_at:
            raise KeyboardInterrupt
        self.runs.append(fold[:2])
        thresholds = X[fold.train, :2].mean(axis=0)
        scores = X[fold.test, :2]
        tuned = (scores >= thresholds).astype(np.int8)
        return FoldOutcome(scores, cut=0.0, thresholds=thresholds, tuned=tuned)


def table(rows: dict, **changes: object) -> Table:
    settings_of = {"name": "demo", "title": "Demo", "folds": FOLDS, "data": {"films": "abc"}}
    return Table(rows=rows, **{**settings_of, "labels": Y, **changes})


@pytest.mark.usefixtures("folder")
def test_a_table_holds_each_fold_and_the_pooled_headline() -> None:
    def row(fold: Fold) -> FoldOutcome:
        return run_fold(LOGISTIC, X, Y, fold, tuner=ThresholdTuner())

    record_table(table({"model": row}), progress=False)
    found = read_result("demo")
    expected = cross_validate(LOGISTIC, X, Y, tuner="per_label")
    tuned = expected.fold_metrics[expected.fold_metrics["rule"] == "tuned"]
    assert [line["f1_macro"] for line in found["rows"]] == pytest.approx(
        tuned["f1_macro"].tolist(), abs=1e-6
    )
    untuned = expected.fold_metrics[expected.fold_metrics["rule"] == "untuned"]
    assert [line["f1_macro_untuned"] for line in found["rows"]] == pytest.approx(
        untuned["f1_macro"].tolist(), abs=1e-6
    )
    (pooled,) = found["pooled"]
    for metric, value in expected.headline.items():
        assert pooled[metric] == pytest.approx(value, abs=1e-6)
    assert (pooled["f1_macro_low"], pooled["f1_macro_high"]) == pytest.approx(
        expected.interval(), abs=1e-6
    )
    assert found["complete"] and found["data"]["films"] == "abc"
    assert found["command"] == "genrelab bench demo"


@pytest.mark.usefixtures("folder")
def test_a_table_that_names_its_labels_is_looked_at_label_by_label() -> None:
    def row(fold: Fold) -> FoldOutcome:
        return run_fold(LOGISTIC, X, Y, fold, tuner=ThresholdTuner())

    named = table({"model": row}, label_names=("a", "b"), parts={"second": [1]})
    record_table(named, progress=False)
    found = read_result("demo")
    expected = cross_validate(LOGISTIC, X, Y, tuner="per_label")
    labels = found["pooled"][0]["per_label"]["tuned"]
    f1 = [[f1_score(Y[:, i], guess[:, i]) for guess in expected.tuned] for i in range(2)]
    assert [labels[name]["f1"] for name in "ab"] == pytest.approx(np.mean(f1, axis=1), abs=1e-6)
    fold, line = FOLDS[3], found["rows"][3]
    guess, scores = expected.tuned[0][fold.test], expected.scores[0][fold.test]
    assert line["f1_macro_second"] == pytest.approx(
        f1_score(Y[fold.test, 1], guess[:, 1]), abs=1e-6
    )
    assert line["brier"] == pytest.approx(((scores - Y[fold.test]) ** 2).mean(), abs=1e-6)


@pytest.mark.usefixtures("folder")
def test_a_killed_table_loses_only_the_fold_in_flight() -> None:
    killed = Counter(break_at=4)
    with pytest.raises(KeyboardInterrupt):
        record_table(table({"model": killed.row}), progress=False)
    partial_file = read_result("demo")
    assert len(partial_file["rows"]) == 4 and not partial_file["complete"]
    assert partial_file["pooled"] == []
    resumed = Counter()
    record_table(table({"model": resumed.row}), progress=False)
    assert resumed.runs == [fold[:2] for fold in FOLDS[4:]]
    resumed_file = read_result("demo")
    record_table(table({"model": Counter().row}, name="whole"), progress=False)
    whole_file = read_result("whole")
    assert without_times(resumed_file["rows"]) == without_times(whole_file["rows"])
    assert resumed_file["pooled"] == whole_file["pooled"]


@pytest.mark.usefixtures("folder")
def test_rows_at_a_time_are_recorded_as_one_after_the_other() -> None:
    one, two = (table({"model": squares, "other": squares}, name=name) for name in ("one", "two"))
    record_table(one, progress=False)
    record_table(two, progress=False, n_jobs=2)
    expected, found = read_result("one"), read_result("two")
    assert without_times(found["rows"]) == without_times(expected["rows"])
    assert found["pooled"] == expected["pooled"] and found["complete"]


@pytest.mark.usefixtures("folder")
def test_a_table_that_gains_folds_runs_those_alone_and_pools_all() -> None:
    def run(folds: list[Fold], name: str = "demo") -> list[tuple[int, int]]:
        counter = Counter()
        record_table(table({"model": counter.row}, folds=folds, name=name), progress=False)
        return counter.runs

    run(FOLDS[:5])
    few = read_result("demo")
    assert run(FOLDS) == [fold[:2] for fold in FOLDS[5:]]
    grown = read_result("demo")
    run(FOLDS, name="whole")
    whole = read_result("whole")
    assert without_times(grown["rows"]) == without_times(whole["rows"])
    assert without_times(grown["pooled"]) == without_times(whole["pooled"])
    assert without_times(grown["pooled"]) != without_times(few["pooled"])
    assert grown["data"] == whole["data"] and grown["complete"]


def squares(fold: Fold) -> FoldOutcome:
    return FoldOutcome(X[fold.test, :2] ** 2)


def without_times(lines: list[dict]) -> list[dict]:
    return [{k: v for k, v in line.items() if not is_measured(k)} for line in lines]


def test_predictions_lost_from_the_cache_are_made_again(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        record_table(table({"model": Counter(break_at=9).row}), progress=False)
    lost = sorted((folder / "cache").rglob("*.npz"))[0]
    lost.unlink()
    again = Counter()
    record_table(table({"model": again.row}), progress=False)
    assert len(again.runs) == 2
    assert len(read_result("demo")["pooled"]) == 1


def constant(value: float, fold: Fold) -> dict[str, float]:
    CALLS.append((value, fold[:2]))
    return {"accuracy": value}


CALLS: list[tuple] = []


@pytest.mark.usefixtures("folder")
def test_a_row_is_run_again_when_its_code_or_the_data_changed() -> None:
    def run(**changes: object) -> int:
        CALLS.clear()
        rows = {"a": partial(constant, changes.pop("a", 0.1)), "b": partial(constant, 0.2)}
        record_table(table(rows, labels=None, **changes), progress=False)
        return len(CALLS)

    assert run() == 20
    assert run() == 0
    assert run(a=0.3) == 10
    assert [line["accuracy"] for line in read_result("demo")["rows"]] == [0.3] * 10 + [0.2] * 10
    assert set(read_result("demo")["kept"]) == {"b"}
    assert run(data={"films": "changed"}) == 20
    assert run(data={"films": "changed"}, folds=repeated_folds(Y, seeds=(2, 3))) == 20
    assert read_result("demo")["kept"] == {}


def test_kept_rows_name_the_machine_that_made_them(folder: Path) -> None:
    rows = {"a": partial(constant, 0.1)}
    path = record_table(table(rows, labels=None), progress=False)
    old = json.loads(path.read_text())
    old["hardware"]["cpu"] = "Another Chip"
    path.write_text(json.dumps(old))
    for name in ("b", "c"):
        rows[name] = partial(constant, 0.2)
        record_table(table(rows, labels=None), progress=False)
    found = read_result("demo")
    assert found["kept"]["a"]["hardware"]["cpu"] == "Another Chip"
    assert found["kept"]["b"]["hardware"]["cpu"] != "Another Chip"
    assert "c" not in found["kept"]


def test_rows_of_one_factory_have_different_codes() -> None:
    def factory(c: float, model: object) -> object:
        return lambda fold: {"c": c, "model": repr(model)}

    first, same = factory(1.0, LogisticRegression()), factory(1.0, LogisticRegression())
    assert _code_of(first) == _code_of(same)
    assert _code_of(first) != _code_of(factory(2.0, LogisticRegression()))
    assert _code_of(first) != _code_of(factory(1.0, LogisticRegression(C=3)))
    assert _code_of(partial(constant, 1)) != _code_of(partial(constant, 2))


@pytest.mark.usefixtures("folder")
def test_a_rerun_gives_the_recorded_line() -> None:
    demo = table({"model": Counter().row})
    record_table(demo, progress=False)
    line = rerun(demo, "model", (1, 3))
    recorded = read_result("demo")["rows"][8]
    assert (recorded["repeat"], recorded["fold"]) == (1, 3)
    assert_repeats(recorded, line)
    with pytest.raises(KeyError, match=r"no row 'svm' with fold \(1, 3\)"):
        rerun(demo, "svm", (1, 3))
    with pytest.raises(KeyError, match=r"with fold \(2, 0\)"):
        rerun(demo, "model", (2, 0))


@pytest.mark.usefixtures("folder")
def test_a_fold_outcome_without_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="row 'model' of table 'demo' returned a FoldOutcome"):
        record_table(table({"model": Counter().row}, labels=None), progress=False)


def assert_repeats(recorded: dict, line: dict, n_labels: int = 1) -> None:
    """Every metric that is no time or memory is within the tolerance.

    A cardinality counts labels, up to ``n_labels`` a row; it is compared as a share of them, as
    the Hamming loss is, and all others are shares already.
    """
    metrics = {k for k, v in recorded.items() if isinstance(v, float) and not is_measured(k)}
    assert metrics
    unit = {metric: n_labels if metric in CARDINALITIES else 1 for metric in metrics}
    far = {
        metric: (recorded[metric], line[metric])
        for metric in metrics
        if abs(recorded[metric] - line[metric]) > TOLERANCE * unit[metric]
    }
    assert not far, f"recorded and run again: {far}"


@pytest.mark.usefixtures("folder")
def test_a_number_that_moved_is_noticed() -> None:
    demo = table({"model": Counter().row})
    record_table(demo, progress=False)
    line = rerun(demo, "model", (0, 0))
    moved = {**read_result("demo")["rows"][0]}
    moved["jaccard"] += 0.01
    with pytest.raises(AssertionError, match="jaccard"):
        assert_repeats(moved, line)


@pytest.mark.usefixtures("folder")
def test_a_cardinality_that_moved_is_noticed_as_a_share_of_the_labels() -> None:
    demo = table({"model": Counter().row})
    record_table(demo, progress=False)
    line = rerun(demo, "model", (0, 0))
    recorded = read_result("demo")["rows"][0]
    near = {**recorded, "cardinality_pred": line["cardinality_pred"] + 0.009}
    assert_repeats(near, line, n_labels=2)
    far = {**recorded, "cardinality_pred": line["cardinality_pred"] + 0.011}
    with pytest.raises(AssertionError, match="cardinality_pred"):
        assert_repeats(far, line, n_labels=2)


def has_whole_mirror() -> bool:
    """Tell a mirror of all scripts and plots from none, and from a small one."""
    folder = Path(settings.mirror() or "no mirror")
    n_scripts = len(list(folder.glob("florian-rieder/Movie-Scripts/*/scripts/*.txt")))
    return n_scripts == len(read_manifest()) and len(list(folder.glob("prust/*/*/movies-*"))) == 13


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_one_random_cell_of_a_recorded_table_runs_again(path: Path) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    if "rows" not in found or "code" not in found:
        pytest.skip(f"{path.name} is a recorded result, not a table of rows and folds")
    assert path.stem in TABLES, f"{path.name} has no module genrelab/bench/{path.stem}.py"
    assert found["complete"], f"{path.name} is half done; run {found['command']} again"
    if found["needs_mirror"] and not has_whole_mirror():
        pytest.skip(f"{path.name} needs all fetched texts: set GENRELAB_MIRROR to a whole mirror")
    if path.stem == "imdb27" and not imdb27.folder().is_dir():
        pytest.skip(f"{path.name} needs the files that one brings oneself in {imdb27.folder()}")
    seed = int(os.environ.get("GENRELAB_RERUN_SEED", random.SystemRandom().randrange(10**6)))
    rounded = set(found.get("not_repeated", ()))
    repeatable = [line for line in found["rows"] if line["row"] not in rounded]
    short = [line for line in repeatable if line["seconds"] <= LONGEST_RERUN]
    if not short:
        pytest.skip(f"{path.name} has no row and fold of at most {LONGEST_RERUN} s")
    line = random.Random(seed).choice(short)
    print(f"GENRELAB_RERUN_SEED={seed}: {path.stem}, {line['row']}, {line['repeat'], line['fold']}")
    recorded_table = TABLES[path.stem]()
    assert recorded_table.hashes == found["data"], f"data changed; run {found['command']} again"
    again = rerun(recorded_table, line["row"], (line["repeat"], line["fold"]))
    known = recorded_table.labels
    assert_repeats(line, again, n_labels=1 if known is None else known.shape[1])
