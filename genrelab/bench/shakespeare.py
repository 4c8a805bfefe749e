"""``genrelab bench shakespeare``: what a model of screenplays says of 38 whole plays."""

from functools import cache, partial

import numpy as np

from genrelab import settings
from genrelab.bench import Table
from genrelab.bench.readings import vector_classifier
from genrelab.datasets import load
from genrelab.encoding import ScriptEncoder
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import label_scores


@cache
def play_vector(play_id: str) -> np.ndarray:
    """Encode one whole play, in float32 so that machines agree; shape (384,)."""
    plays = load("plays")
    text = plays.texts[plays.ids.index(play_id)]
    store = settings.cache_dir() / "bench" / "shakespeare" / "vectors"
    return ScriptEncoder(precision="float32", store=store).transform([text])[0]


@cache
def _model_of(repeat: int, fold: int) -> object:
    """Fit on the training rows of a fold."""
    scripts = load("script_features")
    found = next(f for f in headline_folds(scripts) if f[:2] == (repeat, fold))
    return vector_classifier().fit(scripts.vectors[found.train], scripts.labels[found.train])


def genre_scores(play_id: str, fold: Fold) -> dict[str, float]:
    """Return the probability of each genre, by the model of one fold's training rows."""
    scores = label_scores(_model_of(*fold[:2]), play_vector(play_id)[None])[0]
    return dict(zip(load("script_features").label_names, scores.tolist(), strict=True))


def table() -> Table:
    """Return the table: one row a play, one probability a genre, by the models of five folds."""
    scripts, plays = load("script_features"), load("plays")
    return Table(
        name="shakespeare",
        title="Genres of 38 plays, by models of screenplays",
        rows={play_id: partial(genre_scores, play_id) for play_id in plays.ids},
        folds=headline_folds(scripts)[:5],
        data={"script_features": scripts.data_hash, "plays": plays.data_hash},
    )
