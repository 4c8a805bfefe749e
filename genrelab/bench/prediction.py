"""``genrelab bench prediction``: what the locked test will say, written down before it is opened.

Everything here comes from the development folds: which system is final, what it should score on
films that nobody has looked at, and how far off such a forecast may be.
"""

import hashlib
import inspect
from collections.abc import Mapping

import numpy as np

from genrelab.bench import baselines, models, out_of_fold
from genrelab.datasets import load
from genrelab.evaluation import CVResult, read_result
from genrelab.splits import weighted_metric

METRICS = ("f1_macro", "map")
REFERENCE = "TF-IDF + LR"
TEST_GROUPS = 0.25  # of the development groups: the test is a fifth of all films
N_ROUNDS = 2000


def code_hash() -> str:
    """Return the SHA-256 of the code that makes the systems.

    Examples
    --------
    >>> len(code_hash())
    64
    """
    return hashlib.sha256(inspect.getsource(models).encode()).hexdigest()


def draws(codes: np.ndarray, n_drawn: int, n_rounds: int, rng: np.random.Generator) -> np.ndarray:
    """Draw groups with replacement: how often each group came, shape (n_rounds, n_groups).

    Examples
    --------
    >>> draws(np.array([0, 0, 1]), 4, 2, np.random.default_rng(0)).sum(axis=1).tolist()
    [4, 4]
    """
    n_groups = codes.max() + 1
    return rng.multinomial(n_drawn, np.full(n_groups, 1 / n_groups), size=n_rounds)


def made(result: CVResult, metric: str) -> np.ndarray:
    """Return what a metric judges, predictions or scores, shape (R, n, L)."""
    return result.scores if metric == "map" else result.predictions


def optimism(candidates: Mapping[str, CVResult], metric: str, n_rounds: int = N_ROUNDS) -> float:
    """Return how much the best of several systems owes to luck in the films that picked it.

    In each round two samples of whole groups are drawn. One picks the best system by macro-F1; its
    score there, less its score on the other sample, averaged over the rounds, is the answer.

    Parameters
    ----------
    candidates : mapping of str to CVResult
    metric : {"f1_macro", "map"}
        What is compared; the pick is by macro-F1 in any case.
    n_rounds : int, default=2000

    Returns
    -------
    float
    """
    first = next(iter(candidates.values()))
    codes = np.unique(first.groups, return_inverse=True)[1]
    rng = np.random.default_rng(0)
    parts = [draws(codes, codes.max() + 1, n_rounds, rng)[:, codes] for _ in range(2)]

    def scores(weights: np.ndarray, metric: str) -> np.ndarray:
        every = [
            weighted_metric(r.Y, made(r, metric)[0], weights, metric) for r in candidates.values()
        ]
        return np.stack(every)  # (systems, n_rounds)

    pick = scores(parts[0], "f1_macro").argmax(axis=0)
    seen, unseen = (scores(part, metric)[pick, np.arange(n_rounds)] for part in parts)
    return float((seen - unseen).mean())


def spread(result: CVResult, metric: str, n_rounds: int = N_ROUNDS) -> np.ndarray:
    """Return how far the score of a test may lie from the development score, a line of deviations.

    Each round draws the films of the world (whole groups of the development films, with
    replacement), then from these a test of its size, judged by one of the repeats.

    Parameters
    ----------
    result : CVResult
    metric : {"f1_macro", "map"}
    n_rounds : int, default=2000

    Returns
    -------
    ndarray of shape (n_rounds,)
    """
    codes = np.unique(result.groups, return_inverse=True)[1]
    rng = np.random.default_rng(1)
    n_groups = codes.max() + 1
    world = draws(codes, n_groups, n_rounds, rng) / n_groups
    test = rng.multinomial(round(TEST_GROUPS * n_groups), world)[:, codes]  # (n_rounds, n)
    scores = np.concatenate(
        [
            weighted_metric(result.Y, guess, part, metric)
            for guess, part in zip(
                made(result, metric), np.array_split(test, len(result.scores)), strict=True
            )
        ]
    )
    return scores - result.headline[metric]


def growth(n_now: int, n_folds: int, metric: str) -> float:
    """Return what more training films should bring, by the recorded learning curve of scripts.

    Parameters
    ----------
    n_now : int
        Films that the final model learns from.
    n_folds : int
        Films that a model of the folds learned from.
    metric : str

    Returns
    -------
    float
        The gain of the last doubling times the doublings that are left: rather too much.
    """
    pooled = {line["row"]: line[metric] for line in read_result("views")["pooled"]}
    doubling = pooled["script, TF-IDF"] - pooled["script, TF-IDF, 4/8"]
    return doubling * float(np.log2(n_now / n_folds))


def forecast(result: CVResult, luck: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Forecast a system's test scores.

    Parameters
    ----------
    result : CVResult
    luck : mapping of str to float
        `optimism` by metric.

    Returns
    -------
    dict of str to dict
        Metric to ``development, luck, growth, predicted`` and a 95 % interval ``low, high``.
    """
    n_folds = round(np.mean([len(fold.train) for fold in result.folds]))
    found = {}
    for metric in METRICS:
        gain = growth(len(result.Y), n_folds, metric)
        point = result.headline[metric] - luck[metric] + gain
        low, high = point + np.quantile(spread(result, metric), (0.025, 0.975))
        found[metric] = {
            "development": result.headline[metric],
            "luck": luck[metric],
            "growth": gain,
            "predicted": point,
            "low": low,
            "high": high,
        }
    return found


def run() -> dict[str, object]:
    """Choose the final system by macro-F1 on the development folds, and predict its test score.

    Beside it stand the best system that reads the script alone, and TF-IDF with logistic
    regression, which nobody chose.

    Returns
    -------
    dict
        ``systems`` (role to name), ``forecasts`` (name to `forecast`), hashes of data and code, and
        of the final system every film's out-of-fold ``probabilities`` (mean of the repeats) and
        ``predicted`` genres (numbers of the columns, first repeat).
    """
    table = models.table()
    results = {name: out_of_fold(table, name) for name in table.rows}
    script_only = {n: r for n, r in results.items() if not models.SYSTEMS[n].reads_texts}
    reference = out_of_fold(baselines.table(), REFERENCE)

    def best(of: Mapping[str, CVResult]) -> str:
        return max(of, key=lambda name: of[name].headline["f1_macro"])

    systems = {"final": best(results), "script only": best(script_only), "reference": REFERENCE}
    luck = {
        "final": {metric: optimism(results, metric) for metric in METRICS},
        "script only": {metric: optimism(script_only, metric) for metric in METRICS},
        "reference": dict.fromkeys(METRICS, 0.0),
    }
    every = {**results, REFERENCE: reference}
    final = results[systems["final"]]
    return {
        "title": "What the locked test will say, written down before it is opened",
        "data": table.hashes,
        "models_sha256": code_hash(),
        "systems": systems,
        "forecasts": {name: forecast(every[name], luck[role]) for role, name in systems.items()},
        "label_names": final.label_names,
        "films": [
            {
                "id": film,
                "probabilities": probabilities.round(3),
                "predicted": np.flatnonzero(said).tolist(),
            }
            for film, probabilities, said in zip(
                load("script_features").ids,
                final.scores.mean(axis=0),
                final.predictions[0],
                strict=True,
            )
        ],
    }


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines that the command prints.

    Examples
    --------
    >>> of = {"f1_macro": {"predicted": 0.6, "low": 0.5, "high": 0.7}}
    >>> report({"systems": {"final": "words"}, "forecasts": {"words": of}})
    [('final: words, f1_macro', '0.600, 95 % interval 0.500 to 0.700')]
    """
    return [
        (
            f"{role}: {name}, {metric}",
            f"{of['predicted']:.3f}, 95 % interval {of['low']:.3f} to {of['high']:.3f}",
        )
        for role, name in result["systems"].items()
        for metric, of in result["forecasts"][name].items()
    ]
