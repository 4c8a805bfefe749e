"""``genrelab bench first_sentence_leak``: what the first sentence of an article gives away.

In an encyclopedia that sentence says what kind of film it is. The rows are the same films on the
same folds, without it and with it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from genrelab.bench import Table
from genrelab.datasets import Dataset, load
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.splits import Fold, repeated_folds
from genrelab.thresholds import ThresholdTuner


def table() -> Table:
    """Return the table: five grouped folds over the films that keep 20 words in both views."""
    without, with_lead = both_views()
    return Table(
        name="first_sentence_leak",
        title="Openings of Wikipedia's articles without and with their first sentence",
        rows={
            "without first sentence": _row(0),
            "with first sentence": _row(1),
        },
        folds=repeated_folds(without.labels, without.groups, seeds=(0,)),
        data={"without": without.data_hash, "with": with_lead.data_hash},
        labels=without.labels,
        groups=without.groups,
        needs_mirror=True,
    )


def model() -> Pipeline:
    """Return TF-IDF over words and pairs of words, and logistic regression."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=5, sublinear_tf=True)
    linear = LogisticRegression(C=10, solver="liblinear", random_state=0)
    return make_pipeline(words, OneVsRestClassifier(linear))


@cache
def both_views() -> tuple[Dataset, Dataset]:
    """Return the same films without and with the first sentence, row by row.

    A film is kept if it has at least 20 words *without* the sentence. Both views have the labels
    and groups of the view without it.

    Returns
    -------
    without, with_lead : Dataset
    """
    without = load("wiki_plots", drop_lead=True)
    whole = load("wiki_plots", drop_lead=False, min_count=1)
    text_of = dict(zip(whole.ids, whole.texts, strict=True))
    # Films that share title and year are numbered within a view: the text tells them apart.
    same = [text_of.get(i, "").endswith(t) for i, t in zip(without.ids, without.texts, strict=True)]
    without = without.select(np.array(same))
    return without, replace(without, texts=tuple(text_of[film_id] for film_id in without.ids))


def _row(view: int) -> Callable[[Fold], FoldOutcome]:
    def row(fold: Fold) -> FoldOutcome:
        films = both_views()[view]
        return run_fold(
            model(), films.texts, films.labels, fold, groups=films.groups, tuner=ThresholdTuner()
        )

    return row
