"""Runs in a real sqlite store."""

import numpy as np
import pandas as pd
import pytest

from genrelab import tracking
from genrelab.metrics import report

mlflow = pytest.importorskip("mlflow")

Y = np.array([[1, 0], [0, 1], [1, 1], [0, 1], [1, 0], [0, 0]])
SCORES = np.array([[0.9, 0.2], [0.3, 0.8], [0.6, 0.7], [0.2, 0.1], [0.4, 0.6], [0.5, 0.3]])


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("GENRELAB_TRACK", raising=False)
    return tmp_path


def client(store) -> "mlflow.MlflowClient":
    return mlflow.MlflowClient(tracking_uri=f"sqlite:///{store / 'mlflow.db'}")


def test_a_run_keeps_parameters_metrics_epochs_pictures_and_where_it_ran(store):
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "train_loss": [0.9, 0.5, 0.4], "valid_loss": [np.nan] * 3}
    )
    found = report(Y, SCORES >= 0.5, SCORES, label_names=["War", "Love"])
    run_id = tracking.track(
        "ffn on six films",
        parameters={"model": "ffn", "loss": "focal"},
        report=found,
        Y=Y,
        scores=SCORES,
        history=history,
        data={"name": "six", "sha256": "ab12"},
    )
    run = client(store).get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {
        "model": "ffn", "loss": "focal", "data.name": "six", "data.sha256": "ab12",
    }  # fmt: skip
    assert run.data.metrics["f1_macro"] == pytest.approx(found.summary["f1_macro"])
    epochs = client(store).get_metric_history(run_id, "train_loss")
    assert [(each.step, each.value) for each in epochs] == [(1, 0.9), (2, 0.5), (3, 0.4)]
    assert client(store).get_metric_history(run_id, "valid_loss") == []
    kept = {each.path for each in client(store).list_artifacts(run_id)}
    assert kept == {
        "environment.json", "per_label.csv", "co_prediction.csv", "co_prediction.png",
        "precision_recall.png", "roc.png", "history.png",
    }  # fmt: skip
    where = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/environment.json")
    assert where["hardware"]["cores"] >= 1
    assert not (store / "mlruns").exists()


def test_a_second_run_joins_the_first_and_keeps_a_confusion_matrix(store):
    classes = report(np.array([0, 1, 1]), np.array([0, 1, 0]))
    ids = [tracking.track(name, parameters={}, report=classes) for name in "ab"]
    (experiment,) = [
        each for each in client(store).search_experiments() if each.name == tracking.EXPERIMENT
    ]
    runs = client(store).search_runs([experiment.experiment_id])
    assert {run.info.run_id for run in runs} == set(ids)
    kept = {each.path for each in client(store).list_artifacts(ids[1])}
    assert {"confusion.csv", "confusion.png"} <= kept


def test_a_run_that_breaks_is_marked_as_failed(store, monkeypatch):
    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(tracking, "_draw", broken)
    with pytest.raises(OSError, match="disk full"):
        tracking.track("broken", parameters={"model": "tfidf"})
    (run,) = client(store).search_runs(["1"])
    assert run.info.status == "FAILED"


def test_the_curves_are_those_of_a_slow_count():
    found = tracking.curves(Y, SCORES)
    truth, scores = Y.ravel(), SCORES.ravel()
    cuts = [scores >= cut for cut in (*np.unique(scores), 2.0)]
    points = [((c & (truth == 1)).sum() / truth.sum(), c) for c in cuts if c.any()]
    for recall, height in found["precision_recall"]["all pairs"].items():
        reached = [truth[c].mean() for share, c in points if share >= recall - 1e-12]
        assert height == pytest.approx(max(reached))
    falls = [((c & (truth == 0)).sum() / (truth == 0).sum(), share) for share, c in points]
    for fall, share in falls:
        on_grid = found["roc"]["all pairs"].iloc[int(np.ceil(round(fall * 100, 9)))]
        assert on_grid >= share - 1e-12
    assert found["roc"].iloc[-1].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("value", "expected"), [("", False), ("0", False), ("1", True)])
def test_the_environment_asks_for_tracking(monkeypatch, value, expected):
    monkeypatch.setenv("GENRELAB_TRACK", value)
    assert tracking.wanted() is expected


def test_an_odd_wish_is_refused(monkeypatch):
    monkeypatch.setenv("GENRELAB_TRACK", "yes")
    with pytest.raises(ValueError, match="GENRELAB_TRACK is 'yes'; expected 1 or 0"):
        tracking.wanted()
