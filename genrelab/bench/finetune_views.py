"""``genrelab bench finetune_views``: MiniLM fine-tuned on loglines, and on synopses.

The recipe, films and folds of `genrelab.bench.finetune`, all training films, the upper third free
to move. On loglines thresholds are tuned on three inner folds, which takes four fits a fold: that
row stands beside those of `genrelab.bench.views`. On synopses, five times as long, one fit a fold
has to do: that row is for its mAP. Neither is run again by the test, for the reason given there.
"""

from functools import partial

import numpy as np

from genrelab.bench import Table
from genrelab.bench.finetune import RECIPE, WINDOW
from genrelab.bench.views import corpus
from genrelab.datasets import load
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.models.finetune import FineTuned
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner

# Tokens; no synopsis is longer, so nothing is cut.
WINDOWS = {"logline": WINDOW, "synopsis": 224}


def row(fold: Fold, *, view: str, thresholds: bool, options: dict[str, object]) -> FoldOutcome:
    """Fine-tune on the texts of training films and judge the test films.

    Parameters
    ----------
    fold : Fold
    view : {"logline", "synopsis"}
    thresholds : bool
        Whether to tune them, on three inner folds.
    options : dict
        Of `genrelab.models.finetune.FineTuned`.

    Returns
    -------
    FoldOutcome
    """
    films, views = corpus()
    texts = np.array(views[view], dtype=object)
    model = FineTuned(window=WINDOWS[view], precision="float32", device="cpu", **options)
    judged = {"groups": films.groups, "tuner": ThresholdTuner()} if thresholds else {}
    return run_fold(model, texts, films.labels, fold, **judged)


def table() -> Table:
    """Return the table: a row for each view."""
    films, _ = corpus()
    rows = {
        f"{view}, MiniLM fine-tuned": partial(row, view=view, thresholds=thresholds, options=RECIPE)
        for view, thresholds in (("synopsis", False), ("logline", True))
    }
    return Table(
        name="finetune_views",
        title="MiniLM fine-tuned on loglines with thresholds, and on synopses by mAP",
        rows=rows,
        folds=headline_folds(films),
        data={"films": load("films", view="both").data_hash},
        labels=films.labels,
        groups=films.groups,
        not_repeated=tuple(rows),
    )
