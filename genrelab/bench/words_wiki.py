"""``genrelab bench words_wiki``: word vectors learnt from articles on other films.

Everything as in `genrelab.bench.words`, but for the text that the vectors are learnt from. None of
the articles is on a film of the course, and their genres are not used.
"""

import time
from functools import cache, partial

from genrelab.bench import Table
from genrelab.bench.readings import vector_classifier
from genrelab.bench.views import corpus
from genrelab.bench.views_wiki import elsewhere
from genrelab.bench.words import VIEWS, texts_of
from genrelab.datasets import load, wiki_plots
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.models import WordVectors
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner

N_ARTICLES = 8_000
MODEL = WordVectors(min_count=5, epochs=3)


@cache
def vectors() -> tuple[WordVectors, float]:
    """Return word vectors learnt from the first of the articles, and the seconds of the fit."""
    texts, _, _ = elsewhere()
    start = time.perf_counter()
    return MODEL.fit(texts[:N_ARTICLES]), time.perf_counter() - start


def row(fold: Fold, *, view: str, settings: str) -> FoldOutcome:
    """Judge a logistic regression on the mean of the words' vectors."""
    # The settings are there to be hashed.
    films, texts = texts_of(view)
    learnt, seconds = vectors()
    options = {"groups": films.groups, "tuner": ThresholdTuner()}
    found = run_fold(vector_classifier(), learnt.transform(texts), films.labels, fold, **options)
    return found._replace(seconds=found.seconds + seconds)


def table() -> Table:
    """Return the table: both views, on the folds of `genrelab.bench.words`."""
    films, _ = corpus()
    settings = repr((N_ARTICLES, MODEL.get_params()))
    return Table(
        name="words_wiki",
        title=f"Word2Vec from {N_ARTICLES:,} articles on other films",
        rows={
            f"{view}, Word2Vec of articles, mean": partial(row, view=view, settings=settings)
            for view in VIEWS
        },
        folds=headline_folds(films),
        data={"films": load("films", view="both").data_hash, "wiki_plots": wiki_plots.COMMIT},
        labels=films.labels,
        groups=films.groups,
        needs_mirror=True,
    )
