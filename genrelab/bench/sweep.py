"""``genrelab bench sweep``: a small sweep by optuna, and what is left of its best on other films.

Every trial learns from an eighth of the training films of fold 0 and is judged by mAP on another
eighth of them; so is the recipe as it stands. The best trial is then run on the outer folds of the
first repeat, once, where `genrelab.bench.finetune` has the recipe ("upper third, an eighth").
"""

from collections.abc import Mapping

import numpy as np
from rich.progress import track

from genrelab.bench.finetune import RECIPE, tuned
from genrelab.bench.views import corpus, nested
from genrelab.metrics import report as judge
from genrelab.splits import Fold, headline_folds

N_TRIALS, N_RANDOM, SEED = 8, 4, 0
SHARE = 1 / 8


def inner_fold(fold: Fold) -> Fold:
    """Return a division of an outer fold's training films: an eighth learns, another judges.

    Examples
    --------
    >>> films, _ = corpus()
    >>> outer = headline_folds(films)[0]
    >>> inner = inner_fold(outer)
    >>> used = np.concatenate([inner.train, inner.test])
    >>> np.isin(used, outer.test).any(), len(np.unique(used)) == len(used)
    (np.False_, True)
    """
    films, _ = corpus()
    learns, both = (nested(fold, films, share) for share in (SHARE, 2 * SHARE))
    return fold._replace(train=learns, test=np.setdiff1d(both, learns))


def suggest(trial: object) -> dict[str, object]:
    """Draw the options of a trial: five knobs."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-3, log=True),
        "head_learning_rate": trial.suggest_float("head_learning_rate", 1e-3, 1e-1, log=True),
        "epochs": trial.suggest_int("epochs", 2, 6),
        "frozen_layers": trial.suggest_int("frozen_layers", 4, 6),
        "batch_size": trial.suggest_categorical("batch_size", [4, 8, 16]),
    }


def score(options: Mapping[str, object], fold: Fold, share: float = 1) -> float:
    """Return the mAP of a fine-tuned encoder on the test films of a fold."""
    found = tuned(fold, share=share, options=dict(options))
    truth = corpus()[0].labels[fold.test]
    return float(judge(truth, found.predictions["untuned"], found.scores).summary["map"])


def run() -> dict[str, object]:
    """Sweep on fold 0's training films, then judge the best trial on the outer folds, once.

    References
    ----------
    Akiba et al. (2019), "Optuna". Bergstra et al. (2011), "Algorithms for Hyper-Parameter
    Optimization" (the sampler).
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    outer = [fold for fold in headline_folds(corpus()[0]) if fold.repeat == 0]
    inner = inner_fold(outer[0])
    sampler = optuna.samplers.TPESampler(seed=SEED, n_startup_trials=N_RANDOM)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for _ in track(range(N_TRIALS), "sweep"):
        trial = study.ask()
        study.tell(trial, score(suggest(trial), inner))
    best = study.best_trial
    return {
        "title": "A sweep over five knobs of fine-tuning, and what is left of its best",
        "films": {"train": len(inner.train), "judge": len(inner.test)},
        "trials": [{"map": trial.value, **trial.params} for trial in study.trials],
        "best": best.params,
        "inner": {"recipe": score(RECIPE, inner), "best": best.value},
        "outer": [score(best.params, fold, SHARE) for fold in outer],
    }


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the printed table."""
    inner, outer = result["inner"], result["outer"]
    return [
        ("recipe", f"mAP on inner films {inner['recipe']:.3f}"),
        (
            "best trial",
            f"mAP on inner films {inner['best']:.3f}, on outer fold 0 {outer[0]:.3f}, on five "
            f"outer folds {np.mean(outer):.3f}",
        ),
    ]
