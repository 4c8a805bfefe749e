"""Recorded tables: numbers that take too long for a page, made by one command each.

A table is rows (systems) by folds. ``genrelab bench NAME`` fills ``book/results/NAME.json`` and
takes up an interrupted run where it stopped; a test runs a random row and fold again.
"""

import functools
import hashlib
import inspect
import json
import pkgutil
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from genrelab import settings
from genrelab.evaluation import (
    CVResult,
    FoldOutcome,
    collect,
    nadeau_bengio,
    read_result,
    record,
    summaries,
)
from genrelab.evaluation.capstone import folds_hash
from genrelab.metrics import brier_score, expected_calibration_error, report
from genrelab.splits import Fold

Row = Callable[[Fold], FoldOutcome | Mapping[str, float]]
PROBABILITY_CUT = 0.5
UNTUNED = ("f1_macro", "f1_micro", "jaccard")


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """A recorded table.

    Attributes
    ----------
    name : str
        Also the module ``genrelab.bench.<name>`` and the file in ``book/results``.
    title : str
    rows : mapping of str to callable
        Takes a `Fold`; returns its metrics, or a `genrelab.evaluation.FoldOutcome` (as
        `genrelab.evaluation.run_fold` makes it), of which the metrics are computed here.
    folds : sequence of Fold
    data : mapping of str to str
        Hash of each data set behind the numbers.
    labels : ndarray of shape (n, L), optional
        True labels; needed for rows that return a `FoldOutcome`, which get a line in ``pooled``.
    groups : ndarray of shape (n,), optional
    label_names : sequence of str, default=()
        Where given, rows that return a `FoldOutcome` are looked at label by label too: ``pooled``
        gets ``per_label``, and every fold ``ece`` and ``brier`` (of probabilities).
    parts : mapping of str to sequence of int, default={}
        Columns of the labels that get a macro-F1 of their own, ``f1_macro_<part>``, in each fold.
    needs_mirror : bool, default=False
        Whether the rows need fetched texts.
    not_repeated : sequence of str, default=()
        Rows of nets trained in float32 that move by more than .005 between processors: rounding
        differs and training amplifies it, so the test does not run them again.
    """

    name: str
    title: str
    rows: Mapping[str, Row]
    folds: Sequence[Fold]
    data: Mapping[str, str]
    labels: np.ndarray | None = None
    groups: np.ndarray | None = None
    label_names: Sequence[str] = ()
    parts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    needs_mirror: bool = False
    not_repeated: Sequence[str] = ()

    @property
    def hashes(self) -> dict[str, str]:
        """What the numbers depend on besides code: the data sets and the folds."""
        return {**self.data, "folds": folds_hash(self.folds)}


def _load_table(name: str) -> Table:
    return import_module(f"{__name__}.{name}").table()


# What is no table of rows by folds: benchmarks of the machine, two labelings side by side, the
# locked test and what was predicted of it.
MEASUREMENTS = (
    "agreement", "encode", "encode_gpu", "encode_speed", "latency", "locked_test", "prediction",
    "quantisation", "sweep", "thresholds",
)  # fmt: skip

TABLES: dict[str, Callable[[], Table]] = {
    module.name: functools.partial(_load_table, module.name)
    for module in pkgutil.iter_modules(__path__)
    if not module.name.startswith("_") and module.name not in MEASUREMENTS
}


def is_measured(metric: str) -> bool:
    """Return whether a metric is a time or a memory, which another run does not repeat.

    Examples
    --------
    >>> is_measured("seconds"), is_measured("f1_macro")
    (True, False)
    """
    return "second" in metric or "memory" in metric


def _code_of(row: Row) -> str:
    """Hash what a row does: its source, its bound arguments, and what it closes over."""
    bound = ""
    while isinstance(row, functools.partial):
        bound += repr((row.args, row.keywords))
        row = row.func
    closed_over = inspect.getclosurevars(row).nonlocals if inspect.isfunction(row) else {}
    text = inspect.getsource(row) + bound + repr(closed_over)
    without_addresses = re.sub(r" at 0x[0-9a-f]+", "", text)
    return hashlib.sha256(without_addresses.encode()).hexdigest()[:16]


def _metrics_of(table: Table, fold: Fold, made: FoldOutcome | Mapping[str, float]) -> dict:
    """Return the metrics of a row's fold; a FoldOutcome is judged by its last rule."""
    if not isinstance(made, FoldOutcome):
        return dict(made)
    true = table.labels[fold.test]
    found = summaries(true, made.predictions, made.scores)
    untuned = {f"{metric}_untuned": found["untuned"][metric] for metric in UNTUNED}
    *_, guess = made.predictions.values()
    parts = {
        f"f1_macro_{part}": float(report(true[:, columns], guess[:, columns]).summary["f1_macro"])
        for part, columns in table.parts.items()
    }
    errors = _calibration(table, true, made.scores) if made.cut == PROBABILITY_CUT else {}
    return {**list(found.values())[-1], **untuned, **parts, **errors}


def _calibration(table: Table, true: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    if not table.label_names:
        return {}
    return {"ece": expected_calibration_error(true, scores), "brier": brier_score(true, scores)}


def _run(table: Table, row: str, fold: Fold) -> tuple[dict, FoldOutcome | None]:
    start = time.perf_counter()
    made = table.rows[row](fold)
    seconds = time.perf_counter() - start
    if isinstance(made, FoldOutcome) and table.labels is None:
        raise ValueError(
            f"row {row!r} of table {table.name!r} returned a FoldOutcome, but the table has no "
            "labels; give Table(labels=...) or return metrics."
        )
    if isinstance(made, FoldOutcome):
        # A row that reads what a store kept says itself how long it takes from nothing.
        seconds = max(seconds, made.seconds)
    line = {"row": row, "repeat": fold.repeat, "fold": fold.fold, "seconds": seconds}
    line |= _metrics_of(table, fold, made)
    return line, made._replace(seconds=seconds) if isinstance(made, FoldOutcome) else None


def rerun(table: Table, row: str, fold: tuple[int, int]) -> dict[str, float]:
    """Run one row on one fold again.

    Parameters
    ----------
    table : Table
    row : str
    fold : (repeat, fold) or Fold

    Returns
    -------
    dict
        ``row, repeat, fold, seconds`` and the metrics, as ``rows`` of the recorded file has them.

    Raises
    ------
    KeyError
        If the table has no such row or fold.
    """
    folds = {division[:2]: division for division in table.folds}
    if row not in table.rows or tuple(fold[:2]) not in folds:
        raise KeyError(
            f"table {table.name!r} has no row {row!r} with fold {tuple(fold[:2])}; it has rows "
            f"{list(table.rows)} and {len(folds)} folds."
        )
    return _run(table, row, folds[tuple(fold[:2])])[0]


def paired(result: Mapping[str, object], baseline: str, metric: str = "f1_macro") -> pd.DataFrame:
    """Return the differences of recorded rows to one of them, over the same folds.

    Parameters
    ----------
    result : mapping
        A recorded table, as `genrelab.evaluation.read_result` gives it.
    baseline : str
        The row to compare with.
    metric : str, default="f1_macro"

    Returns
    -------
    DataFrame
        One line a row but the baseline: the mean ``difference`` over the folds with its
        Nadeau-Bengio 95 % interval ``low, high``, and ``p_value``.

    Raises
    ------
    KeyError
        If the table has no such row.

    Examples
    --------
    >>> rows = [
    ...     {"row": name, "repeat": 0, "fold": fold, "f1_macro": value + fold / 100}
    ...     for name, value in (("a", 0.5), ("b", 0.6))
    ...     for fold in range(5)
    ... ]
    >>> paired({"name": "demo", "rows": rows}, "a").round(2).loc["b"].tolist()
    [0.1, 0.1, 0.1, 0.0]
    """
    lines = pd.DataFrame(result["rows"])
    folds = lines.pivot(index=["repeat", "fold"], columns="row", values=metric)
    if baseline not in folds:
        raise KeyError(
            f"table {result['name']!r} has no row {baseline!r}; it has {sorted(folds.columns)}."
        )
    n_splits = lines["fold"].nunique()
    found = {}
    for name in lines["row"].unique():
        if name != baseline:
            differences = (folds[name] - folds[baseline]).to_numpy()
            low, high, p_value = nadeau_bengio(differences, 1 / (n_splits - 1))
            found[name] = [differences.mean(), low, high, p_value]
    columns = ["difference", "low", "high", "p_value"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)


class _Store:
    """Predictions of finished folds, kept in the cache until their row can be pooled."""

    def __init__(self, table: Table, codes: Mapping[str, str]) -> None:
        self._folder = settings.cache_dir() / "bench" / table.name
        self._key = {row: json.dumps([dict(table.data), row, code]) for row, code in codes.items()}

    def _path(self, row: str, fold: Fold) -> Path:
        key = f"{self._key[row]} {fold.repeat} {fold.fold} {folds_hash([fold])}"
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"

    def keep(self, row: str, fold: Fold, outcome: FoldOutcome) -> None:
        path = self._path(row, fold)
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {name: value for name, value in outcome._asdict().items() if value is not None}
        temporary = path.with_suffix(".tmp.npz")
        np.savez_compressed(temporary, **arrays)
        temporary.replace(path)

    def read(self, row: str, fold: Fold) -> FoldOutcome | None:
        path = self._path(row, fold)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            values = {name: arrays[name] for name in arrays.files}
        return FoldOutcome(**{n: v if v.ndim else float(v) for n, v in values.items()})


def out_of_fold(table: Table, row: str) -> CVResult:
    """Return a row's out-of-fold predictions: those that the cache keeps, the others made anew.

    Parameters
    ----------
    table : Table
        With labels.
    row : str
        One that returns a `FoldOutcome`.

    Returns
    -------
    CVResult
    """
    store = _Store(table, {row: _code_of(table.rows[row])})
    outcomes = []
    for fold in table.folds:
        outcome = store.read(row, fold)
        if outcome is None:
            outcome = _run(table, row, fold)[1]
            store.keep(row, fold, outcome)
        outcomes.append(outcome)
    names = table.label_names or None
    return collect(
        outcomes, table.folds, table.labels, groups=table.groups, label_names=names, name=row
    )


def _pooled_line(table: Table, row: str, outcomes: Sequence[FoldOutcome]) -> dict:
    """Return a row's headline numbers, with the bootstrap interval of macro-F1 over groups."""
    result = collect(outcomes, table.folds, table.labels, groups=table.groups, name=row)
    low, high = result.interval("f1_macro")
    untuned = {f"{metric}_untuned": result.headline_untuned[metric] for metric in UNTUNED}
    line = {"row": row, **result.headline, **untuned, "f1_macro_low": low, "f1_macro_high": high}
    return line | ({"per_label": _per_label(result, table)} if table.label_names else {})


def _per_label(result: CVResult, table: Table) -> dict[str, dict[str, dict[str, float]]]:
    """Return rule to label to metrics of pooled out-of-fold predictions, averaged over repeats."""
    rules = {"untuned": result.untuned} | ({} if result.tuned is None else {"tuned": result.tuned})
    return {
        rule: pd.concat(
            report(table.labels, guess, scores, label_names=table.label_names).per_label
            for guess, scores in zip(guesses, result.scores, strict=True)
        )
        .groupby("label", sort=False)
        .mean(numeric_only=True)
        .to_dict("index")
        for rule, guesses in rules.items()
    }


def _earlier(table: Table, codes: Mapping[str, str]) -> dict:
    """Return what the recorded file holds that is still true: same data, same code of the row.

    A table that only gained folds keeps the lines of those it had; what pools them is made anew.
    """
    nothing = {"rows": [], "pooled": [], "kept": {}}
    try:
        old = read_result(table.name)
    except FileNotFoundError:
        return nothing
    begins = {folds_hash(table.folds[:n]) for n in range(1, len(table.folds) + 1)}
    if old["data"] != {**table.data, "folds": old["data"]["folds"]}:
        return nothing
    if old["data"]["folds"] not in begins:
        return nothing
    same = {row for row, code in codes.items() if old["code"].get(row) == code}
    gained = old["data"] != table.hashes
    origin = {key: old[key] for key in ("commit", "date", "hardware", "versions")}
    return {
        "rows": [line for line in old["rows"] if line["row"] in same],
        "pooled": [line for line in old["pooled"] if line["row"] in same and not gained],
        "kept": {row: old["kept"].get(row, origin) for row in same},
    }


def record_table(table: Table, progress: bool = True, n_jobs: int = 1) -> Path:
    """Run every row on every fold and write ``book/results/<name>.json`` after each.

    A finished row and fold is kept where the file was made of the same data and the same code of
    the row; ``kept`` in the file says on which machine, of a row that gained folds the machine of
    the first ones. ``pooled`` holds the headline numbers of
    rows that return a `FoldOutcome`: out-of-fold predictions pooled over a repeat, averaged over
    the repeats. ``complete`` is false until all is done.

    Parameters
    ----------
    table : Table
    progress : bool, default=True
        Show a progress bar.
    n_jobs : int, default=1
        Rows and folds at a time, by joblib: for a GPU that one of them does not fill.

    Returns
    -------
    Path
        The recorded file.
    """
    from joblib import Parallel, delayed
    from rich.progress import track

    codes = {row: _code_of(run) for row, run in table.rows.items()}
    earlier = _earlier(table, codes)
    lines = {(line["row"], line["repeat"], line["fold"]): line for line in earlier["rows"]}
    pooled = {line["row"]: line for line in earlier["pooled"]}
    store = _Store(table, codes)
    folds = {division[:2]: division for division in table.folds}

    def is_open(row: str, fold: Fold) -> bool:
        line = lines.get((row, fold.repeat, fold.fold))
        # A row is pooled only when all its predictions are at hand.
        needs_predictions = row not in pooled and line is not None and "f1_macro_untuned" in line
        return line is None or (needs_predictions and store.read(row, fold) is None)

    def write(complete: bool) -> Path:
        order = [(row, *fold) for row in table.rows for fold in folds]
        payload = {
            "title": table.title,
            "complete": complete,
            "needs_mirror": table.needs_mirror,
            "not_repeated": list(table.not_repeated),
            "data": table.hashes,
            "code": codes,
            "kept": {row: earlier["kept"][row] for row in table.rows if row in earlier["kept"]},
            "rows": [lines[key] for key in order if key in lines],
            "pooled": [pooled[row] for row in table.rows if row in pooled],
        }
        return record(table.name, payload)

    jobs = [(row, fold) for row in table.rows for fold in table.folds if is_open(row, fold)]
    runs = Parallel(n_jobs, return_as="generator")(delayed(_run)(table, *job) for job in jobs)
    done = zip(jobs, runs, strict=True)
    options = {"description": table.name, "total": len(jobs), "disable": not progress}
    for (row, fold), (line, outcome) in track(done, **options):
        lines[(row, fold.repeat, fold.fold)] = line
        if outcome is not None:
            store.keep(row, fold, outcome)
        write(complete=False)
    for row in table.rows:
        outcomes = [store.read(row, fold) for fold in table.folds]
        if row not in pooled and None not in outcomes:
            pooled[row] = _pooled_line(table, row, outcomes)
    return write(complete=True)
