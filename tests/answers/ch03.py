"""Answers to the exercises of chapter 3."""

from functools import cache

import numpy as np
from sklearn.multiclass import OneVsRestClassifier

from answers import Answers
from genrelab.bench.agreement import SAME, opinions
from genrelab.bench.baselines import logistic, tfidf
from genrelab.checks.core import films, folds
from genrelab.evaluation import cross_validate, read_result
from genrelab.metrics import report


def share():
    return films().labels.mean(axis=0)


@cache
def without(names):
    """Cross-validate two genres, which is what the check looks at, on some of the columns."""
    scripts = films()
    counts = scripts.counts
    busiest = counts.max(axis=0).toarray().ravel() / np.maximum(counts.sum(axis=0), 1)
    kept = {"names": busiest < 0.1, "words": busiest >= 0.1, "nothing": busiest >= 0}[names]
    data = counts[:, np.flatnonzero(kept)]
    return (cross_validate(tfidf(logistic()), data, scripts.labels[:, :2], folds=folds()),)


def on_vectors():
    scripts = films()
    model = OneVsRestClassifier(logistic())
    return (cross_validate(model, scripts.vectors, scripts.labels[:, :2], folds=folds()),)


WIDER = dict(SAME) | {"Slasher": "Horror", "Superhero": "Action", "Noir": "Crime"}


def wider(names=WIDER, *, old_rows=False, turned=False):
    scripts, opinion = films(), read_result("agreement")
    rows, labels = opinions(opinion, scripts, SAME if old_rows else names)
    ours = scripts.labels[rows]
    pair = (labels, ours) if turned else (ours, labels)
    return names, report(*pair, label_names=scripts.label_names)


EXERCISES = {
    "ex1": Answers(
        right=lambda: (share().mean(),),
        also_right={"three decimals": lambda: (round(share().mean(), 3),)},
        wrong={
            "everything": lambda: ((2 * share() / (1 + share())).mean(),),
            "hits alone": lambda: ((share() ** 2).mean(),),
            "half of all": lambda: (0.5,),
            "thirteen numbers": lambda: (share(),),
        },
    ),
    "ex2": Answers(
        right=lambda: without("names"),
        wrong={
            "the mask the wrong way round": lambda: without("words"),
            "all words": lambda: without("nothing"),
            "vectors": on_vectors,
        },
    ),
    "ex3": Answers(
        right=wider,
        also_right={"another translation": lambda: wider(dict(SAME) | {"Spy": "Thriller"})},
        wrong={
            "SAME is lost": lambda: wider({"Slasher": "Horror"}),
            "nothing added": lambda: wider(dict(SAME)),
            "the old rows": lambda: wider(old_rows=True),
            "no label of ours": lambda: wider(dict(SAME) | {"Noir": "Film-Noir"}),
            "the two opinions turned round": lambda: wider(turned=True),
        },
    ),
}
