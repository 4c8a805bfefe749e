"""``genrelab bench finetune``: MiniLM frozen and fine-tuned on loglines of the same films.

The encoder's upper third is fine-tuned on an eighth, a quarter and all of the training films, on a
quarter with smoothed labels and with a focal loss too, and the whole encoder on all films. Judged
by mAP, since tuning thresholds would take four times as many fits. Fine-tuned in float32: rounding
differs between processors and training amplifies it, so those rows are not run again by the test.
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
SHARES = {"an eighth": 1 / 8, "a quarter": 1 / 4, "all films": 1}
FROZEN = {"LR": vector_classifier(), "net": FeedForward()}
# Few films make few steps: small batches and a quick head, fixed before any fold was run.
RECIPE: dict[str, object] = {
    "frozen_layers": 4,
    "epochs": 6,
    "batch_size": 8,
    "learning_rate": 2e-4,
    "head_learning_rate": 5e-3,
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
        Its seconds are those of the classifier, on vectors made before.
    """
    films, views = corpus()
    vectors, _ = material(views["logline"], "MiniLM")
    fold = fold._replace(train=nested(fold, films, share))
    return run_fold(FROZEN[head], vectors, films.labels, fold)


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
    """Return the table: two frozen readings and the fine-tuned ones."""
    films, _ = corpus()
    rows = {
        f"frozen, {head}, {used}": partial(
            frozen, head=head, share=share, settings=repr(FROZEN[head])
        )
        for used, share in SHARES.items()
        for head in FROZEN
    }
    moving = {
        name: partial(tuned, share=share, options=options)
        for name, share, options in (
            ("upper third, an eighth", 1 / 8, RECIPE),
            ("upper third, a quarter", 1 / 4, RECIPE),
            ("upper third, a quarter, smoothed", 1 / 4, RECIPE | {"label_smoothing": 0.1}),
            ("upper third, a quarter, focal", 1 / 4, RECIPE | {"loss": "focal"}),
            ("upper third, all films", 1, RECIPE),
            ("all layers, all films", 1, {}),
        )
    }
    return Table(
        name="finetune",
        title="MiniLM frozen and fine-tuned on loglines, judged by mAP",
        rows=rows | moving,
        folds=headline_folds(films),
        data={"films": load("films", view="both").data_hash},
        labels=films.labels,
        groups=films.groups,
        not_repeated=tuple(moving),
    )
