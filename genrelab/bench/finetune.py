"""``genrelab bench finetune``: MiniLM frozen and fine-tuned, on the same films and folds.

Loglines and synopses; thresholds tuned on inner folds of the training rows, as everywhere. The
fine-tuned rows need a GPU: on one, run ``record_table(table(), n_jobs=12)``, since one model of
this size leaves it idle most of the time. Their ``seconds`` are then those of twelve neighbours.
"""

from functools import partial

import numpy as np

from genrelab.bench import Table
from genrelab.bench.views import corpus, material, read_by
from genrelab.datasets import load
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.models.finetune import FineTuned
from genrelab.models.heads import FeedForward
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner

# Tokens; no logline or synopsis is longer, so nothing is cut.
WINDOWS = {"logline": 64, "synopsis": 256}
# The first is the recipe as it stands; each other row changes one thing.
RECIPES: dict[str, dict[str, object]] = {
    "fine-tuned": {},
    "lower half frozen": {"frozen_layers": 3},
    "all layers frozen": {"frozen_layers": 6},
    "smoothing .1": {"label_smoothing": 0.1},
    "focal": {"loss": "focal"},
    "smoothing .05": {"label_smoothing": 0.05},
    "half the rate": {"learning_rate": 5e-5},
    "20 epochs": {"epochs": 20},
}


def tuned(fold: Fold, *, view: str, options: dict[str, object]) -> FoldOutcome:
    """Fine-tune on one view of the training films and judge by the test films.

    Parameters
    ----------
    fold : Fold
    view : {"logline", "synopsis"}
    options : dict
        Of `genrelab.models.finetune.FineTuned`.

    Returns
    -------
    FoldOutcome
    """
    films, views = corpus()
    texts = np.array(views[view], dtype=object)
    model = FineTuned(window=WINDOWS[view], **options)
    return run_fold(model, texts, films.labels, fold, groups=films.groups, tuner=ThresholdTuner())


def frozen_net(fold: Fold, *, view: str) -> FoldOutcome:
    """Train the small net of chapter 5 on the vectors of the encoder as it came."""
    films, views = corpus()
    vectors, seconds = material(views[view], "MiniLM")
    options = {"groups": films.groups, "tuner": ThresholdTuner()}
    found = run_fold(FeedForward(), vectors, films.labels, fold, **options)
    return found._replace(seconds=found.seconds + seconds)


def table() -> Table:
    """Return the table: two frozen readings and the fine-tuned ones, on ten folds."""
    films, _ = corpus()
    on_gpu = {
        f"synopsis, {name}": partial(tuned, view="synopsis", options=options)
        for name, options in RECIPES.items()
    }
    on_gpu["logline, fine-tuned"] = partial(tuned, view="logline", options={})
    frozen = {}
    for view in WINDOWS:
        frozen[f"{view}, frozen + LR"] = partial(read_by, model="MiniLM", learn=view, score=view)
        frozen[f"{view}, frozen + net"] = partial(frozen_net, view=view)
    return Table(
        name="finetune",
        title="MiniLM frozen and fine-tuned on the same films",
        rows=frozen | on_gpu,
        folds=headline_folds(films),
        data={"films": load("films", view="both").data_hash},
        labels=films.labels,
        groups=films.groups,
        needs_gpu=tuple(on_gpu),
    )
