"""``genrelab bench losses``: one small net over script vectors, one loss after another.

Same films, genres, folds and tuned thresholds as `genrelab.bench.imbalance`.
"""

from genrelab.bench import Table
from genrelab.bench.imbalance import films, imbalance_table
from genrelab.losses import FocalLoss
from genrelab.models.heads import FeedForward
from genrelab.thresholds import ThresholdTuner

LOSSES = {
    "BCE": "bce",
    "balanced weights": "balanced",
    "log weights": "log",
    "pos_weight": "pos_weight",
    "focal, alpha .25": FocalLoss(alpha=0.25),
    "focal, alpha .5": FocalLoss(alpha=0.5),
    "focal, alpha .75": FocalLoss(alpha=0.75),
    "asymmetric": "asymmetric",
    "smoothed": "smoothed",
}


def table() -> Table:
    """Return the table: nine losses, the same net, ten folds."""
    vectors = films().vectors
    systems = {
        name: (FeedForward(loss=loss), vectors, ThresholdTuner()) for name, loss in LOSSES.items()
    }
    return imbalance_table("losses", "One net, nine losses, sixteen genres", systems)
