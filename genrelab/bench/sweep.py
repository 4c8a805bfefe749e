"""``genrelab bench sweep``: a small sweep by optuna, and what is left of its best on other films.

Every trial is judged by mAP on three inner folds of the training rows of fold 0, and so is the
recipe as it stands. The best trial is then run on the outer folds of the first repeat, once; there
`genrelab.bench.finetune` has the recipe. Needs a GPU.
"""

from collections.abc import Mapping

import numpy as np
from joblib import Parallel, delayed

from genrelab.bench.finetune import WINDOWS, tuned
from genrelab.bench.views import corpus
from genrelab.metrics import report as judge
from genrelab.models.finetune import FineTuned
from genrelab.splits import Fold, GroupedStratifiedKFold, headline_folds

VIEW = "synopsis"
N_TRIALS, AT_A_TIME, INNER_SPLITS, SEED = 16, 8, 3, 0


def inner_folds(fold: Fold) -> list[Fold]:
    """Divide the training rows of an outer fold; whole franchises, no outer row among them.

    Examples
    --------
    >>> films, _ = corpus()
    >>> fold = headline_folds(films)[0]
    >>> inner = inner_folds(fold)
    >>> len(inner), any(np.isin(part.test, fold.test).any() for part in inner)
    (3, False)
    """
    films, _ = corpus()
    labels, groups = films.labels[fold.train], films.groups[fold.train]
    parts = GroupedStratifiedKFold(INNER_SPLITS, random_state=SEED).split(labels, labels, groups)
    return [
        Fold(0, number, fold.train[train], fold.train[test])
        for number, (train, test) in enumerate(parts)
    ]


def score(options: Mapping[str, object], fold: Fold) -> float:
    """Return the mAP of the fine-tuned encoder on the test rows of a fold."""
    films, views = corpus()
    train, test = ([views[VIEW][row] for row in rows] for rows in (fold.train, fold.test))
    model = FineTuned(window=WINDOWS[VIEW], **options)
    model.fit(train, films.labels[fold.train], films.groups[fold.train])
    scores = model.predict_proba(test)
    truth = films.labels[fold.test]
    return float(judge(truth, (scores >= 0.5).astype(np.int8), scores).summary["map"])


def suggest(trial: object) -> dict[str, object]:
    """Draw the options of a trial: five knobs."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 5e-4, log=True),
        "epochs": trial.suggest_int("epochs", 2, 12),
        "frozen_layers": trial.suggest_int("frozen_layers", 0, 6),
        "label_smoothing": trial.suggest_float("label_smoothing", 0, 0.2, step=0.05),
        "batch_size": trial.suggest_categorical("batch_size", [8, 16, 32]),
    }


def search(folds: list[Fold], *, n_trials: int = N_TRIALS, n_jobs: int = 1) -> list[dict]:
    """Sweep: trials are drawn eight at a time, so that as many can run side by side.

    Parameters
    ----------
    folds : list of Fold
        Inner folds.
    n_trials : int, default=16
    n_jobs : int, default=1

    Returns
    -------
    list of dict
        One a trial, in order: its ``options``, and its ``scores``, one an inner fold.

    References
    ----------
    Akiba et al. (2019), "Optuna". Bergstra et al. (2011), "Algorithms for Hyper-Parameter
    Optimization" (the sampler).
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Told nothing of the trials that run beside it, a sampler would draw the same again.
    sampler = optuna.samplers.TPESampler(seed=SEED, constant_liar=True, n_startup_trials=AT_A_TIME)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    lines = []
    while len(lines) < n_trials:
        trials = [study.ask() for _ in range(min(AT_A_TIME, n_trials - len(lines)))]
        drawn = [suggest(trial) for trial in trials]
        jobs = (delayed(score)(options, fold) for options in drawn for fold in folds)
        scores = np.reshape(Parallel(n_jobs)(jobs), (len(trials), len(folds)))
        for trial, options, found in zip(trials, drawn, scores, strict=True):
            study.tell(trial, found.mean())
            lines.append({"options": options, "scores": found.tolist()})
    return lines


def run(n_jobs: int = 1, *, n_trials: int = N_TRIALS) -> dict[str, object]:
    """Sweep on fold 0's training rows, then judge the best trial on the outer folds, once."""
    films, _ = corpus()
    outer = [fold for fold in headline_folds(films) if fold.repeat == 0]
    inner = inner_folds(outer[0])
    trials = search(inner, n_trials=n_trials, n_jobs=n_jobs)
    best = max(trials, key=lambda line: np.mean(line["scores"]))
    jobs = [delayed(_judged)(best["options"], fold) for fold in outer]
    jobs += [delayed(score)({}, fold) for fold in inner]
    found = Parallel(n_jobs)(jobs)
    return {
        "title": "A sweep over five knobs of fine-tuning, and what is left of its best",
        "trials": trials,
        "best": best["options"],
        "inner": {"best": best["scores"], "recipe": found[len(outer) :]},
        "outer": found[: len(outer)],
    }


def _judged(options: Mapping[str, object], fold: Fold) -> dict[str, float]:
    """Return mAP and tuned macro-F1 of the test rows of an outer fold."""
    made = tuned(fold, view=VIEW, options=dict(options))
    found = judge(corpus()[0].labels[fold.test], made.tuned, made.scores).summary
    return {metric: float(found[metric]) for metric in ("map", "f1_macro")}


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the printed table."""
    inner = {name: np.mean(scores) for name, scores in result["inner"].items()}
    outer = [fold["map"] for fold in result["outer"]]
    return [
        ("recipe", f"mAP on inner folds {inner['recipe']:.3f}"),
        (
            "best",
            f"mAP on inner folds {inner['best']:.3f}, on the outer fold 0 {outer[0]:.3f}, on five "
            f"outer folds {np.mean(outer):.3f}",
        ),
    ]
