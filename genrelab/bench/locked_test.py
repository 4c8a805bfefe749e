"""``genrelab bench locked_test``: the test, opened once, after its score was predicted.

It runs the systems that ``prediction.json`` names and no other, and it does not run twice.
"""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from genrelab import settings
from genrelab.bench import baselines, models, prediction
from genrelab.datasets.scripts import read_manifest
from genrelab.evaluation import (
    CVResult,
    FoldOutcome,
    collect,
    compare_on_rows,
    read_result,
    run_fold,
)
from genrelab.splits import Fold
from genrelab.thresholds import ThresholdTuner

SHOWN = 12


def committed(path: Path) -> str:
    """Return the commit that a file came into its present form with.

    Parameters
    ----------
    path : Path
        A file of a git checkout.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the file is not committed as it stands.
    """

    def git(*command: str) -> subprocess.CompletedProcess:
        call = ["git", "-C", str(path.parent), *command, "--", path.name]
        return subprocess.run(call, capture_output=True, text=True, check=False)

    commit = git("log", "-1", "--format=%H").stdout.strip()
    if not commit or git("diff", "--quiet", "HEAD").returncode:
        raise ValueError(
            f"{path.name} is not committed as it stands; expected a prediction that nobody can "
            "change after the test is opened. Commit it first."
        )
    return commit


def permission(folder: Path) -> dict[str, str]:
    """Return which prediction allows the test to be opened, or refuse.

    Parameters
    ----------
    folder : Path
        Where the results lie.

    Returns
    -------
    dict
        ``commit, sha256`` of ``prediction.json``, and its ``date``.

    Raises
    ------
    ValueError
        If the test was opened before, nothing was predicted, the prediction is not committed, or
        the code of the systems changed since.
    """
    path = folder / "prediction.json"
    if (folder / "locked_test.json").exists():
        opened = read_result("locked_test")
        raise ValueError(
            f"the locked test was opened on {opened['date']} for {opened['systems']['final']!r}, "
            "and it is opened once. Judge other systems on the development folds."
        )
    if not path.exists():
        raise ValueError(
            "no prediction.json in the results; expected a committed prediction of the score. "
            "Write it: genrelab bench prediction."
        )
    commit, said = committed(path), read_result("prediction")
    if said["models_sha256"] != prediction.code_hash():
        raise ValueError(
            "genrelab/bench/models.py changed since the prediction; expected the systems that were "
            "predicted. Take the change back, or predict again."
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"commit": commit, "sha256": digest, "date": said["date"]}


def worst(
    truth: np.ndarray, scores: np.ndarray, titles: list[str], names: tuple[str, ...], n: int
) -> dict[str, list[dict]]:
    """List the surest mistakes: genres said of films that lack them, and genres missed.

    Parameters
    ----------
    truth : ndarray of shape (n_films, L)
    scores : ndarray of shape (n_films, L)
        Probabilities.
    titles : list of str, length n_films
    names : tuple of str, length L
    n : int
        How many of each.

    Returns
    -------
    dict
        ``false_alarms`` and ``misses``: lines of ``title, genre, probability, genres`` (true ones).

    Examples
    --------
    >>> found = worst(np.array([[1, 0]]), np.array([[0.2, 0.9]]), ["Jaws"], ("Horror", "Drama"), 1)
    >>> found["false_alarms"]
    [{'title': 'Jaws', 'genre': 'Drama', 'probability': 0.9, 'genres': ['Horror']}]
    """
    found = {}
    for kind, wrong, order in (("false_alarms", 0, -scores), ("misses", 1, scores)):
        places = [place for place in np.argsort(order, axis=None) if truth.flat[place] == wrong]
        found[kind] = [
            {
                "title": titles[row],
                "genre": names[column],
                "probability": round(float(scores[row, column]), 3),
                "genres": [names[k] for k in np.flatnonzero(truth[row])],
            }
            for row, column in (divmod(int(place), len(names)) for place in places[:n])
        ]
    return found


def outcome(name: str, films: models.Material, fold: Fold) -> FoldOutcome:
    """Train one of the predicted systems on a fold's training rows and let it judge the others."""
    scripts = films.scripts
    if name == prediction.REFERENCE:
        model = baselines.tfidf(baselines.logistic())
        options = {"groups": scripts.groups, "tuner": ThresholdTuner()}
        return run_fold(model, scripts.counts, scripts.labels, fold, **options)
    system = models.SYSTEMS[name]
    scores = [models.member_scores(member, films, fold) for member in system.members]
    return models.judged(system, films, fold, scores)


def run() -> dict[str, object]:
    """Open the locked test.

    Returns
    -------
    dict
        ``prediction`` (commit, hash), ``systems``, by name the ``scores`` (all metrics) and
        ``intervals`` (bootstrap over groups, and the paired difference to the reference), and of
        the final system ``per_label`` and its surest mistakes.

    Raises
    ------
    ValueError
        As `permission`.
    """
    allowed = permission(settings.results_dir())
    said = read_result("prediction")
    if said["data"] != models.table().hashes:
        raise ValueError("the data changed since the prediction; expected the same. Predict again.")
    films = models.material("all", texts=True)
    scripts = films.scripts
    dev, test = (np.flatnonzero(scripts.split == part) for part in ("dev", "test"))
    fold, truth, groups = Fold(0, 0, dev, test), scripts.labels[test], scripts.groups[test]
    names = list(dict.fromkeys([said["systems"]["reference"], *said["systems"].values()]))
    results: dict[str, CVResult] = {
        name: collect(
            [outcome(name, films, fold)],
            [fold._replace(test=np.arange(len(test)))],
            truth,
            groups=groups,
            label_names=scripts.label_names,
            name=name,
        )
        for name in names
    }
    every_row = np.ones(len(test), bool)
    final = results[said["systems"]["final"]]
    titles = [scripts.titles[row] for row in test]
    return {
        "title": "The locked test, opened once",
        "prediction": allowed,
        "data": said["data"],
        "systems": said["systems"],
        "n_train": len(dev),
        "n_test": len(test),
        "n_groups": len(set(groups)),
        "unused": sum(script.usable for script in read_manifest()) - len(scripts),
        "scores": {name: result.headline for name, result in results.items()},
        "untuned": {name: result.headline_untuned for name, result in results.items()},
        "seconds": {name: result.seconds for name, result in results.items()},
        "intervals": {
            metric: compare_on_rows(results, every_row, groups, metric=metric).to_dict("index")
            for metric in prediction.METRICS
        },
        "per_label": final.report().per_label.set_index("label").to_dict("index"),
        **worst(truth, final.scores[0], titles, scripts.label_names, SHOWN),
    }


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines that the command prints.

    Examples
    --------
    >>> line = {"f1_macro": 0.6, "low": 0.5, "high": 0.7}
    >>> report({"intervals": {"f1_macro": {"words": line}}})
    [('words, f1_macro', '0.600, 95 % interval 0.500 to 0.700')]
    """
    return [
        (
            f"{name}, {metric}",
            f"{of[metric]:.3f}, 95 % interval {of['low']:.3f} to {of['high']:.3f}",
        )
        for metric, lines in result["intervals"].items()
        for name, of in lines.items()
    ]
