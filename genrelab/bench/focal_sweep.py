"""``genrelab bench focal_sweep``: gamma against alpha."""

from itertools import product

from genrelab.bench import Table
from genrelab.bench.imbalance import films, imbalance_table
from genrelab.losses import FocalLoss
from genrelab.models.heads import FeedForward
from genrelab.thresholds import ThresholdTuner

GAMMAS = (0.0, 1.0, 2.0, 5.0)
ALPHAS = (0.25, 0.5, 0.75, 0.9)


def table() -> Table:
    """Return the table: a row for each pair, named ``gamma 2, alpha 0.25``."""
    vectors = films().vectors
    systems = {
        f"gamma {gamma:g}, alpha {alpha:g}": (
            FeedForward(loss=FocalLoss(gamma=gamma, alpha=alpha)),
            vectors,
            ThresholdTuner(),
        )
        for gamma, alpha in product(GAMMAS, ALPHAS)
    }
    title = "Focal loss: gamma against alpha, sixteen genres"
    return imbalance_table("focal_sweep", title, systems)
