"""``genrelab bench finetune_synopses``: MiniLM fine-tuned on synopses of the same films.

The recipe, films and folds of `genrelab.bench.finetune`: the upper third free to move, all training
films, judged by mAP. What the frozen encoder makes of the same texts is in `genrelab.bench.views`.
The row is not run again by the test, for the reason given there.
"""

from functools import partial

import numpy as np

from genrelab.bench import Table
from genrelab.bench.finetune import RECIPE
from genrelab.bench.views import corpus
from genrelab.datasets import load
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.models.finetune import FineTuned
from genrelab.splits import Fold, headline_folds

# Tokens; no synopsis is longer, so nothing is cut.
WINDOW = 224


def tuned(fold: Fold, *, options: dict[str, object]) -> FoldOutcome:
    """Fine-tune on the synopses of training films and score the test films.

    Parameters
    ----------
    fold : Fold
    options : dict
        Of `genrelab.models.finetune.FineTuned`.

    Returns
    -------
    FoldOutcome
    """
    films, views = corpus()
    texts = np.array(views["synopsis"], dtype=object)
    model = FineTuned(window=WINDOW, precision="float32", device="cpu", **options)
    return run_fold(model, texts, films.labels, fold)


def table() -> Table:
    """Return the table, of one row."""
    films, _ = corpus()
    row = "synopsis, MiniLM fine-tuned"
    return Table(
        name="finetune_synopses",
        title="MiniLM fine-tuned on synopses, judged by mAP",
        rows={row: partial(tuned, options=RECIPE)},
        folds=headline_folds(films),
        data={"films": load("films", view="both").data_hash},
        labels=films.labels,
        groups=films.groups,
        not_repeated=(row,),
    )
