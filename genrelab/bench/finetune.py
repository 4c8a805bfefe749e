"""``genrelab bench finetune``: MiniLM frozen and fine-tuned on loglines of the same films.

A small table, made for two CPU cores: one repeat of five folds, and most rows learn from a quarter
of the training films. Judged by mAP, since tuning thresholds would take four times as many fits.
Fine-tuned in float32: rounding differs between processors and training amplifies it, so those rows
are not run again by the test.
"""

from functools import partial

import numpy as np

from genrelab.bench import Table
from genrelab.bench.readings import vector_classifier
from genrelab.bench.views import corpus, material, nested
from genrelab.datasets import load
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.models.finetune import FineTuned
from genrelab.models.heads import FeedForward
from genrelab.splits import Fold, headline_folds

# Tokens; no logline is longer, so nothing is cut.
WINDOW = 64
FROZEN = {"LR": vector_classifier(), "net": FeedForward()}
RECIPES: dict[str, dict[str, object]] = {
    "upper third": {"frozen_layers": 4},
    "all layers": {},
    "upper third, smoothing .1": {"frozen_layers": 4, "label_smoothing": 0.1},
    "upper third, focal": {"frozen_layers": 4, "loss": "focal"},
}


def frozen(fold: Fold, *, head: str, share: float, settings: str) -> FoldOutcome:
    """Judge a classifier over the vectors of the encoder as it came.

    Parameters
    ----------
    fold : Fold
    head : {"LR", "net"}
    share : float
        Part of the training films, as `genrelab.bench.views.nested` chooses them.
    settings : str
        What the classifier is made of: the row is run again when it changes.

    Returns
    -------
    FoldOutcome
    """
    films, views = corpus()
    vectors, seconds = material(views["logline"], "MiniLM")
    fold = fold._replace(train=nested(fold, films, share))
    found = run_fold(FROZEN[head], vectors, films.labels, fold)
    return found._replace(seconds=found.seconds + seconds)


def tuned(fold: Fold, *, share: float, options: dict[str, object]) -> FoldOutcome:
    """Fine-tune on the loglines of training films and score the test films.

    Parameters
    ----------
    fold : Fold
    share : float
        Part of the training films, as `genrelab.bench.views.nested` chooses them.
    options : dict
        Of `genrelab.models.finetune.FineTuned`.

    Returns
    -------
    FoldOutcome
    """
    films, views = corpus()
    texts = np.array(views["logline"], dtype=object)
    fold = fold._replace(train=nested(fold, films, share))
    model = FineTuned(window=WINDOW, precision="float32", device="cpu", **options)
    return run_fold(model, texts, films.labels, fold)


def table() -> Table:
    """Return the table: two frozen readings and the fine-tuned ones, five folds."""
    films, _ = corpus()
    rows = {
        f"frozen, {head}, {films_used}": partial(
            frozen, head=head, share=share, settings=repr(FROZEN[head])
        )
        for films_used, share in (("a quarter", 1 / 4), ("all films", 1))
        for head in FROZEN
    }
    moving = {
        f"{name}, a quarter": partial(tuned, share=1 / 4, options=options)
        for name, options in RECIPES.items()
    }
    moving["upper third, all films"] = partial(
        tuned, share=1, options={"frozen_layers": 4, "epochs": 4}
    )
    return Table(
        name="finetune",
        title="MiniLM frozen and fine-tuned on loglines, judged by mAP",
        rows=rows | moving,
        folds=[fold for fold in headline_folds(films) if fold.repeat == 0],
        data={"films": load("films", view="both").data_hash},
        labels=films.labels,
        groups=films.groups,
        not_repeated=tuple(moving),
    )
