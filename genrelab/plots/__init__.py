"""Every figure of the book is one call that returns a `Figure` with alt text.

One style, one colour-blind-safe palette. Genres carry one of two colours in every chapter: that of
high support, or that of low support (fewer than 10 % of the rows).
"""

from genrelab.plots.curves import (
    learning_curve,
    lines,
    play_scores,
    quality_vs_cost,
    reading_more,
    reliability,
)
from genrelab.plots.explorer import threshold_explorer
from genrelab.plots.figure import LOW_SUPPORT, PALETTE, SERIES, Figure, support_colours
from genrelab.plots.films import (
    agreement,
    cardinality,
    embedding_map,
    genre_counts,
    lengths,
    word_weights,
)
from genrelab.plots.grids import co_occurrence, confusion, heatmap
from genrelab.plots.memory import memory_lines
from genrelab.plots.rows import resampled_rows
from genrelab.plots.scores import (
    fold_spread,
    leaderboard,
    leak_bars,
    paired_differences,
    per_genre_dumbbell,
    threshold_cliff,
    threshold_curves,
)
from genrelab.plots.timeline import genre_timeline, place_bands, timeline_explorer

__all__ = [
    "LOW_SUPPORT",
    "PALETTE",
    "SERIES",
    "Figure",
    "agreement",
    "cardinality",
    "co_occurrence",
    "confusion",
    "embedding_map",
    "fold_spread",
    "genre_counts",
    "genre_timeline",
    "heatmap",
    "leaderboard",
    "leak_bars",
    "learning_curve",
    "lengths",
    "lines",
    "memory_lines",
    "paired_differences",
    "per_genre_dumbbell",
    "place_bands",
    "play_scores",
    "quality_vs_cost",
    "reading_more",
    "reliability",
    "resampled_rows",
    "support_colours",
    "threshold_cliff",
    "threshold_curves",
    "threshold_explorer",
    "timeline_explorer",
    "word_weights",
]
