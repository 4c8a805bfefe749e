"""Answers to the exercises of chapter 9."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd

from answers import Answers
from genrelab.bench.views import classifier
from genrelab.datasets import load
from genrelab.evaluation import cross_validate, read_result
from genrelab.metrics import report
from genrelab.splits import headline_folds


@cache
def judged(view):
    """Cross-validate two genres, which is what the check looks at."""
    films = load("films", view=view)
    texts = np.array(films.texts, dtype=object)
    folds, target = headline_folds(load("films"))[:5], films.labels[:, :2]
    return cross_validate(classifier(["text"], "TF-IDF"), texts, target, folds=folds)


def compared(*views):
    return (SimpleNamespace(results={str(n): judged(view) for n, view in enumerate(views)}),)


@cache
def voters():
    rng = np.random.default_rng(0)
    target = (rng.random((200, 3)) < 0.3).astype(np.int8)
    return tuple(
        SimpleNamespace(Y=target, scores=(target + noise * rng.normal(size=target.shape))[None])
        for noise in (0.7, 1.5)
    )


def votes(
    weights=(0.3, 0.5, 0.7, 0.9), mix=lambda w, script, synopsis: w * script + (1 - w) * synopsis
):
    script, synopsis = voters()
    target = script.Y
    found = {
        w: report(
            target, np.zeros_like(target), mix(w, script.scores[0], synopsis.scores[0])
        ).summary["map"]
        for w in weights
    }
    return found, script, synopsis


def ranks(w, script, synopsis):
    return w * script.argsort(axis=0).argsort(axis=0) + (1 - w) * (synopsis > 0.5)


def curve(row="logline, MiniLM"):
    means = pd.DataFrame(read_result("views")["rows"]).groupby("row")["f1_macro"].mean()
    return means[f"{row}, 4/8"], means[row]


def line(gains, row="logline, MiniLM"):
    half, full = curve(row)
    return (full + gains * (full - half),)


EXERCISES = {
    "ex1": Answers(
        right=lambda: compared("synopsis", "both"),
        also_right={"in another order": lambda: compared("both", "synopsis")},
        wrong={
            "the logline alone": lambda: compared("synopsis", "logline"),
            "the same twice": lambda: compared("both", "both"),
            "three views": lambda: compared("logline", "synopsis", "both"),
        },
    ),
    "ex2": Answers(
        right=votes,
        wrong={
            "weights on the wrong side": lambda: votes(mix=lambda w, a, b: (1 - w) * a + w * b),
            "three weights": lambda: votes((0.3, 0.5, 0.7)),
            "the synopsis keeps its say": lambda: votes(mix=lambda w, a, b: w * a + 0.5 * b),
            "ranks and votes": lambda: votes(mix=ranks),
        },
    ),
    "ex3": Answers(
        right=lambda: line(1),
        wrong={
            "straight in films": lambda: line(2),
            "no gain": lambda: line(0),
            "another system": lambda: line(1, "script, TF-IDF"),
            "half of the gain": lambda: line(0.5),
        },
    ),
}
