"""Runs kept in MLflow: off unless asked for by ``--track`` or ``GENRELAB_TRACK=1``."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from genrelab.metrics import Report

EXPERIMENT = "genrelab"
GRID = np.linspace(0, 1, 101)


def wanted() -> bool:
    """Return whether ``GENRELAB_TRACK`` asks for tracking.

    Raises
    ------
    ValueError
        If it holds anything but 0, 1 or nothing.

    Examples
    --------
    >>> wanted()
    False
    """
    value = os.environ.get("GENRELAB_TRACK", "")
    if value not in ("", "0", "1"):
        raise ValueError(f"GENRELAB_TRACK is {value!r}; expected 1 or 0. Set one, or unset it.")
    return value == "1"


def curves(Y: "ArrayLike", scores: "ArrayLike") -> dict[str, pd.DataFrame]:
    """Return precision over recall, and true over false positive rate.

    Parameters
    ----------
    Y : array of shape (n, L)
        True labels, 0 or 1.
    scores : array of shape (n, L)

    Returns
    -------
    dict of str to DataFrame of shape (101, 2)
        ``"precision_recall"`` and ``"roc"``; columns ``all pairs`` (every row and label together)
        and ``mean label``. Precision is the best at that recall or a higher one. Labels without
        positives, or without negatives, are left out of the mean.

    Examples
    --------
    >>> found = curves([[1, 0], [0, 1]], [[0.9, 0.2], [0.1, 0.8]])
    >>> found["precision_recall"].loc[1.0].tolist()
    [1.0, 1.0]
    """
    from sklearn.metrics import precision_recall_curve, roc_curve

    Y, scores = np.asarray(Y), np.asarray(scores)
    both = [label for label in range(Y.shape[1]) if 0 < Y[:, label].sum() < len(Y)]
    pairs = [(Y.ravel(), scores.ravel()), *((Y[:, label], scores[:, label]) for label in both)]

    def precision(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
        height, recall, _ = precision_recall_curve(truth, score)  # recall falls
        best = np.maximum.accumulate(height)
        return best[len(recall) - 1 - np.searchsorted(recall[::-1], GRID)]

    def rate(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
        false, true, _ = roc_curve(truth, score)
        return np.interp(GRID, false, true)

    def frame(rows: list[np.ndarray]) -> pd.DataFrame:
        mean = np.mean(rows[1:], axis=0) if rows[1:] else rows[0]
        return pd.DataFrame({"all pairs": rows[0], "mean label": mean}, GRID)

    return {
        "precision_recall": frame([precision(*pair) for pair in pairs]),
        "roc": frame([rate(*pair) for pair in pairs]),
    }


def track(
    name: str,
    *,
    parameters: Mapping[str, object],
    report: "Report | None" = None,
    Y: "ArrayLike | None" = None,
    scores: "ArrayLike | None" = None,
    history: pd.DataFrame | None = None,
    data: Mapping[str, object] | None = None,
) -> str:
    """Keep one run: what went in, what came out, and where it ran.

    The store is a sqlite file, ``mlflow.db`` in the working folder, with pictures and tables in
    ``mlartifacts`` beside it; ``MLFLOW_TRACKING_URI`` names another. Look at it with
    ``mlflow ui --backend-store-uri sqlite:///mlflow.db`` (the whole of mlflow has the pages).

    Parameters
    ----------
    name : str
        The run's.
    parameters : mapping
        What was chosen.
    report : Report, optional
        Its summary becomes metrics; its tables, and the confusion or co-prediction matrix as a
        picture, become artifacts.
    Y, scores : array of shape (n, L), optional
        For the precision-recall and ROC curves.
    history : DataFrame, optional
        One row an epoch: ``epoch`` and losses.
    data : mapping, optional
        Name, rows and hash of the data.

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    ImportError
        If MLflow is not installed.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        from mlflow import MlflowClient
        from mlflow.entities import Metric
    except ImportError:
        raise ImportError(
            'tracking needs MLflow, which is not installed. Run: pip install "genrelab[track]"'
        ) from None
    from genrelab.evaluation import environment

    store = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path('mlflow.db').resolve()}"
    client = MlflowClient(tracking_uri=store)
    known = client.get_experiment_by_name(EXPERIMENT)
    experiment = known.experiment_id if known else client.create_experiment(
        EXPERIMENT, artifact_location=Path("mlartifacts").resolve().as_uri()
    )  # fmt: skip
    run = client.create_run(experiment, run_name=name).info.run_id
    status = "FAILED"
    try:
        for key, value in {
            **parameters,
            **{f"data.{k}": v for k, v in (data or {}).items()},
        }.items():
            client.log_param(run, key, value)
        if report is not None:
            for metric, value in report.summary.items():
                client.log_metric(run, metric, value)
        if history is not None:
            _log_history(client, run, history, Metric)
        client.log_dict(run, environment(), "environment.json")
        with tempfile.TemporaryDirectory() as folder:
            _draw(Path(folder), report, Y, scores, history)
            client.log_artifacts(run, folder)
        status = "FINISHED"
    finally:
        client.set_terminated(run, status)
    return run


def _log_history(client: object, run: str, history: pd.DataFrame, metric: type) -> None:
    """Log every epoch's numbers at once; NaN, where nothing was set aside, is no number."""
    epochs = history["epoch"].astype(int)
    found = [
        metric(column, float(value), 0, epoch)
        for column in history.columns.drop("epoch")
        for epoch, value in zip(epochs, history[column], strict=True)
        if np.isfinite(value)
    ]
    client.log_batch(run, metrics=found)


def _draw(
    folder: Path,
    report: "Report | None",
    Y: "ArrayLike | None",
    scores: "ArrayLike | None",
    history: pd.DataFrame | None,
) -> None:
    """Write tables as CSV and pictures as PNG into a folder."""
    from genrelab import plots

    if report is not None:
        report.per_label.to_csv(folder / "per_label.csv", index=False)
        matrices = {"confusion": report.confusion, "co_prediction": report.co_prediction}
        for name, matrix in matrices.items():
            if matrix is not None:
                matrix.to_csv(folder / f"{name}.csv")
                picture = plots.confusion if name == "confusion" else plots.heatmap
                picture(matrix, title=name.replace("_", "-")).save(folder / f"{name}.png")
    if scores is not None:
        axes = {"precision_recall": ("recall", "precision"), "roc": ("false positive rate", "true")}
        for name, frame in curves(Y, scores).items():
            xlabel, ylabel = axes[name]
            drawn = plots.lines({"": frame}, xlabel=xlabel, ylabel=ylabel, diagonal=name == "roc")
            drawn.save(folder / f"{name}.png")
    if history is not None and len(history) > 1:
        losses = history.set_index("epoch").dropna(axis=1)
        plots.lines({"": losses}, xlabel="epoch", ylabel="loss").save(folder / "history.png")
