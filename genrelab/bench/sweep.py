"""``genrelab bench sweep``: a small sweep by optuna on each fold, and what is left of its best.

The small net over frozen vectors of loglines: with it a trial takes a second, with an encoder to be
fine-tuned on two CPU cores half a minute. In each outer fold of the first repeat every trial learns
from an eighth of the training films and is judged by mAP on another eighth; so is the recipe, the
net as it stands. Only then are the best trial and the recipe judged on the fold's test films, once.
"""

from collections.abc import Mapping

import numpy as np

from genrelab.bench.views import corpus, material, nested
from genrelab.metrics import report as judge
from genrelab.models.heads import FeedForward
from genrelab.splits import Fold, headline_folds

N_TRIALS, N_RANDOM, SEED = 16, 6, 0
SHARE = 1 / 8


def inner_fold(fold: Fold) -> Fold:
    """Return a division of an outer fold's training films: an eighth learns, another judges.

    Examples
    --------
    >>> films, _ = corpus()
    >>> outer = headline_folds(films)[0]
    >>> inner = inner_fold(outer)
    >>> used = np.concatenate([inner.train, inner.test])
    >>> bool(np.isin(used, outer.test).any()), len(np.unique(used)) == len(used)
    (False, True)
    """
    films, _ = corpus()
    learns, both = (nested(fold, films, share) for share in (SHARE, 2 * SHARE))
    return fold._replace(train=learns, test=np.setdiff1d(both, learns))


def suggest(trial: object) -> dict[str, object]:
    """Draw the options of a trial: five knobs."""
    return {
        "hidden": (trial.suggest_int("hidden", 16, 512, log=True),),
        "dropout": trial.suggest_float("dropout", 0, 0.6),
        "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True),
        "batch_size": trial.suggest_categorical("batch_size", [8, 16, 32]),
    }


def score(options: Mapping[str, object], fold: Fold) -> float:
    """Return the mAP on the test films of a fold after learning from its training films."""
    films, views = corpus()
    vectors, _ = material(views["logline"], "MiniLM")
    net = FeedForward(**options).fit(vectors[fold.train], films.labels[fold.train])
    found = net.predict_proba(vectors[fold.test])
    truth = films.labels[fold.test]
    return float(judge(truth, (found >= 0.5).astype(np.int8), found).summary["map"])


def swept(fold: Fold) -> dict[str, object]:
    """Sweep inside one outer fold; judge the best trial and the recipe inside and outside.

    References
    ----------
    Akiba et al. (2019), "Optuna". Bergstra et al. (2011), "Algorithms for Hyper-Parameter
    Optimization" (the sampler).
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    inner = inner_fold(fold)
    sampler = optuna.samplers.TPESampler(seed=SEED, n_startup_trials=N_RANDOM)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    drawn = []
    for _ in range(N_TRIALS):
        trial = study.ask()
        drawn.append(suggest(trial))
        study.tell(trial, score(drawn[-1], inner))
    best = study.best_trial
    outer = fold._replace(train=inner.train)
    return {
        "fold": fold.fold,
        "judges": len(inner.test),
        "trials": [trial.value for trial in study.trials],
        "best": best.params,
        "inner": {"recipe": score({}, inner), "best": best.value},
        "outer": {"recipe": score({}, outer), "best": score(drawn[best.number], outer)},
    }


def run() -> dict[str, object]:
    """Sweep inside each outer fold of the first repeat."""
    outer = [fold for fold in headline_folds(corpus()[0]) if fold.repeat == 0]
    title = "A sweep over five knobs inside each fold, and what is left of its best"
    return {"title": title, "n_trials": N_TRIALS, "folds": [swept(fold) for fold in outer]}


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the printed table: the gain of the best trial over the recipe."""
    gains = [
        {where: line[where]["best"] - line[where]["recipe"] for where in ("inner", "outer")}
        for line in result["folds"]
    ]
    return [
        (f"fold {line['fold']}", f"promised {gain['inner']:+.3f}, kept {gain['outer']:+.3f} mAP")
        for line, gain in zip(result["folds"], gains, strict=True)
    ]
