"""Systems side by side: paired over the same folds, with intervals that know it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import t as student_t
from sklearn.base import BaseEstimator

from genrelab.evaluation.crossval import N_BOOT, CVResult, bootstrap, cross_validate
from genrelab.splits import (
    WEIGHTED_METRICS,
    Fold,
    repeated_folds,
)
from genrelab.thresholds import ThresholdTuner


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Systems side by side on the same folds.

    Attributes
    ----------
    results : dict of str to CVResult
    metric : str
    baseline : str
        The system that the others are compared with.
    table : DataFrame
        One line a system: the headline number with the bootstrap interval ``low, high``, the same
        metric ``untuned``, the standard deviation over folds ``fold_sd`` (the spread, not an
        interval) and ``seconds``.
    paired : DataFrame
        One line a system but the baseline. ``difference``: mean over the folds of metric minus the
        baseline's, with its Nadeau-Bengio 95 % interval ``low, high`` and ``p_value``;
        ``pooled_difference``: difference of the headline numbers, with its bootstrap 95 % interval
        ``pooled_low, pooled_high`` over groups.
    """

    results: dict[str, CVResult]
    metric: str
    baseline: str
    table: pd.DataFrame
    paired: pd.DataFrame

    def _tables(self) -> list[pd.DataFrame]:
        return [table.round(3) for table in (self.table, self.paired) if len(table)]

    def _caption(self) -> str:
        some = next(iter(self.results.values()))
        return (
            f"{self.metric}: out-of-fold predictions pooled over a repeat, averaged over "
            f"{len(some.scores)} repeat(s); low, high: bootstrap over groups, 95 %. "
            f"Differences to {self.baseline!r} over the same {len(some.folds)} folds: "
            "Nadeau-Bengio 95 % interval; pooled: bootstrap over groups, 95 %."
        )

    def __repr__(self) -> str:
        return "\n\n".join([self._caption(), *(t.to_string() for t in self._tables())])

    def _repr_html_(self) -> str:
        html = "".join(table.to_html(border=0) for table in self._tables())
        return f"<div>{html}<p>{escape(self._caption())}</p></div>"


def nadeau_bengio(
    differences: ArrayLike, test_train_ratio: float, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return the corrected resampled-t interval of a mean difference, and its p-value.

    Folds share most of their training rows, so their differences are not independent and the
    plain t interval is too narrow: the variance of the mean is ``1/k + n_test/n_train`` times that
    of the differences, not ``1/k`` times.

    Parameters
    ----------
    differences : array of shape (k,)
        One for each fold of all repeats.
    test_train_ratio : float
        Test rows divided by training rows; 1/4 for five folds.
    confidence : float, default=0.95

    Returns
    -------
    low, high, p_value : float

    References
    ----------
    Nadeau, Bengio (2003), Inference for the generalization error, Machine Learning 52.
    https://doi.org/10.1023/A:1024068626366

    Examples
    --------
    >>> low, high, p = nadeau_bengio([0.02, 0.03, 0.01, 0.04, 0.02], 0.25)
    >>> round(low, 3), round(high, 3)
    (0.003, 0.045)
    """
    differences = np.asarray(differences, dtype=float)
    k = len(differences)
    if k < 2:
        raise ValueError(f"{k} differences; expected at least 2 folds to estimate a variance.")
    mean = differences.mean()
    error = np.sqrt(differences.var(ddof=1) * (1 / k + test_train_ratio))
    if error == 0:
        return float(mean), float(mean), float(mean == 0)
    reach = student_t.ppf((1 + confidence) / 2, k - 1) * error
    p_value = 2 * student_t.sf(abs(mean) / error, k - 1)
    return float(mean - reach), float(mean + reach), float(p_value)


def compare(
    estimators: BaseEstimator | Mapping[str, BaseEstimator],
    inputs: object,
    Y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    folds: Sequence[Fold] | None = None,
    tuner: ThresholdTuner | str | None = "per_label",
    metric: str = "f1_macro",
    baseline: str | None = None,
    n_boot: int = N_BOOT,
    seed: int = 0,
    **options: object,
) -> Comparison:
    """Cross-validate several systems on the same folds and compare them in pairs.

    Parameters
    ----------
    estimators : estimator or mapping of str to estimator
    inputs : inputs or mapping of str to inputs
        One of the two may be a mapping, or both with the same keys (each system its own input).
    Y : array of shape (n, L)
        Labels, 0 or 1.
    groups, folds
        As in `cross_validate`.
    tuner : ThresholdTuner, str or None, default="per_label"
        Thresholds are tuned on inner folds; None compares at the untuned threshold.
    metric : str, default="f1_macro"
        One of `genrelab.splits.WEIGHTED_METRICS`.
    baseline : str, optional
        Name of the system to compare with; the first when left out.
    n_boot : int, default=1000
        Bootstrap samples of whole groups.
    seed : int, default=0
        Seed of the bootstrap.
    **options
        ``inner_splits, label_names, n_jobs, progress``, as in `cross_validate`.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If the names do not fit together, or the metric has no bootstrap.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> rng = np.random.RandomState(0)
    >>> X = rng.randn(60, 4)
    >>> Y = (X[:, :2] + rng.randn(60, 2) > 0).astype(int)
    >>> inputs = {"half": X[:, :1], "all": X}
    >>> result = compare(OneVsRestClassifier(LogisticRegression()), inputs, Y, n_boot=50)
    >>> bool(result.paired.loc["all", "difference"] > 0)
    True
    """
    if metric not in WEIGHTED_METRICS:
        raise ValueError(
            f"metric is {metric!r}; expected one of {', '.join(WEIGHTED_METRICS)}. Other metrics "
            "are in results[NAME].headline."
        )
    systems = _pair_up(estimators, inputs)
    baseline = next(iter(systems)) if baseline is None else baseline
    if baseline not in systems:
        raise ValueError(f"baseline is {baseline!r}; expected one of {', '.join(systems)}.")
    folds = repeated_folds(Y, groups) if folds is None else list(folds)
    options |= {"groups": groups, "folds": folds, "tuner": tuner}
    results = {
        name: cross_validate(estimator, X, Y, name=name, **options)
        for name, (estimator, X) in systems.items()
    }
    return compare_results(results, metric=metric, baseline=baseline, n_boot=n_boot, seed=seed)


def _pair_up(estimators: object, inputs: object) -> dict[str, tuple[BaseEstimator, object]]:
    """Give each system its name, its estimator and its inputs."""
    if isinstance(estimators, Mapping) and isinstance(inputs, Mapping):
        if set(estimators) != set(inputs):
            lonely = sorted(set(estimators) ^ set(inputs))
            raise ValueError(
                f"estimators and inputs are both named, but {lonely} stand only in one of them; "
                "expected the same names, or one estimator, or one input."
            )
        return {name: (estimator, inputs[name]) for name, estimator in estimators.items()}
    if isinstance(estimators, Mapping):
        return {name: (estimator, inputs) for name, estimator in estimators.items()}
    if isinstance(inputs, Mapping):
        return {name: (estimators, X) for name, X in inputs.items()}
    return {type(estimators).__name__: (estimators, inputs)}


def compare_results(
    results: Mapping[str, CVResult],
    *,
    metric: str = "f1_macro",
    baseline: str | None = None,
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> Comparison:
    """Compare systems that were cross-validated on the same folds; see `compare`.

    Parameters
    ----------
    results : mapping of str to CVResult
    metric, baseline, n_boot, seed
        As in `compare`.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If two systems saw other labels, groups or folds.
    """
    results = dict(results)
    baseline = next(iter(results)) if baseline is None else baseline
    base = results[baseline]
    for name, result in results.items():
        if not _same_yardstick(base, result):
            raise ValueError(
                f"{name!r} and {baseline!r} were judged on other labels, groups or folds; expected "
                "the same. Cross-validate both with the same arguments."
            )
    boot = dict(zip(results, bootstrap(list(results.values()), metric, n_boot, seed), strict=True))
    ratio = float(np.mean([len(fold.test) / len(fold.train) for fold in base.folds]))
    table, paired = {}, {}
    for name, result in results.items():
        low, high = np.quantile(boot[name], (0.025, 0.975))
        table[name] = {
            metric: result.headline[metric],
            "low": low,
            "high": high,
            "untuned": result.headline_untuned[metric],
            "fold_sd": result.fold_values(metric).std(ddof=1),
            "seconds": result.seconds,
        }
        if name == baseline:
            continue
        differences = result.fold_values(metric) - base.fold_values(metric)
        low, high, p_value = nadeau_bengio(differences, ratio)
        pooled_low, pooled_high = np.quantile(boot[name] - boot[baseline], (0.025, 0.975))
        paired[name] = {
            "difference": differences.mean(),
            "low": low,
            "high": high,
            "p_value": p_value,
            "pooled_difference": result.headline[metric] - base.headline[metric],
            "pooled_low": pooled_low,
            "pooled_high": pooled_high,
        }
    return Comparison(
        results,
        metric,
        baseline,
        pd.DataFrame.from_dict(table, orient="index"),
        pd.DataFrame.from_dict(paired, orient="index"),
    )


def compare_on_rows(
    results: Mapping[str, CVResult],
    rows: ArrayLike,
    groups: ArrayLike,
    *,
    metric: str = "f1_macro",
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare out-of-fold predictions on some of the rows, whatever folds they come from.

    For questions about the folds themselves, or about a kind of row; systems are better compared
    on the same folds, by `compare`.

    Parameters
    ----------
    results : mapping of str to CVResult
        Of the same rows and labels; the first is the baseline.
    rows : array of bool or int, shape (n,) or (k,)
        Which rows are judged.
    groups : array of shape (n,)
        Resampled whole in the bootstrap.
    metric, n_boot, seed
        As in `compare`. Labels without a positive among the rows are left out.

    Returns
    -------
    DataFrame
        One line a system: the metric of pooled predictions, averaged over repeats, with its
        bootstrap 95 % interval ``low, high``; ``difference`` to the baseline, with
        ``difference_low, difference_high`` from the same bootstrap samples.

    Raises
    ------
    ValueError
        If the results are of other rows or labels.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> Y = np.array([[1, 0], [1, 1]] * 10)
    >>> result = cross_validate(DummyClassifier(), np.zeros((20, 1)), Y)
    >>> judged = compare_on_rows({"dummy": result}, Y[:, 1] == 0, range(20), n_boot=10)
    >>> float(judged.loc["dummy", "f1_macro"])
    1.0
    """
    first = next(iter(results.values()))
    for name, result in results.items():
        if not np.array_equal(result.Y, first.Y):
            raise ValueError(f"{name!r} was judged on other rows or labels; expected the same.")
    judged = [_on_rows(result, np.asarray(rows), np.asarray(groups)) for result in results.values()]
    boot = bootstrap(judged, metric, n_boot, seed)  # (systems, n_boot)
    lines = {}
    for name, result, samples in zip(results, judged, boot, strict=True):
        low, high = np.quantile(samples, (0.025, 0.975))
        difference_low, difference_high = np.quantile(samples - boot[0], (0.025, 0.975))
        lines[name] = {
            metric: result.headline[metric],
            "low": low,
            "high": high,
            "difference": result.headline[metric] - judged[0].headline[metric],
            "difference_low": difference_low,
            "difference_high": difference_high,
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def _on_rows(result: CVResult, rows: np.ndarray, groups: np.ndarray) -> CVResult:
    tuned = None if result.tuned is None else result.tuned[:, rows]
    return replace(
        result,
        Y=result.Y[rows],
        groups=groups[rows],
        scores=result.scores[:, rows],
        untuned=result.untuned[:, rows],
        tuned=tuned,
    )


def _same_yardstick(a: CVResult, b: CVResult) -> bool:
    return (
        np.array_equal(a.Y, b.Y)
        and len(a.folds) == len(b.folds)
        and all(np.array_equal(f.test, g.test) for f, g in zip(a.folds, b.folds, strict=True))
        and ((a.groups is None) == (b.groups is None))
        and (a.groups is None or np.array_equal(a.groups, b.groups))
    )
