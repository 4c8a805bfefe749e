"""Answers to the exercises of chapter 8."""

from functools import cache

import numpy as np
from scipy.special import softmax

from answers import Answers
from genrelab.checks.core import films


@cache
def sizes():
    """Return films, parts, and the intraclass correlation, computed dimension by dimension."""
    segments = films().segments.astype(float)
    n, k, dim = segments.shape
    between = within = 0.0
    for d in range(dim):
        column = segments[:, :, d]
        between += k * column.mean(axis=1).var(ddof=1)
        within += column.var(axis=1, ddof=1).mean()
    return n, k, (between - within) / (between + (k - 1) * within)


def worth(divide=1.0, off=1):
    n, k, rho = sizes()
    return (n * k / (1 + (k - off) * rho) / divide,)


def attend(raw, real):
    raw = np.where(real, raw, -np.inf)
    positive = np.exp(raw - raw.max(axis=1, keepdims=True))
    return positive / positive.sum(axis=1, keepdims=True)


def overflowing(raw, real):
    positive = np.exp(raw) * real
    return positive / positive.sum(axis=1, keepdims=True)


def in_place(raw, real):
    raw[~real] = -np.inf
    return softmax(raw, axis=1)


def shares(raw, real):
    positive = np.where(real, np.abs(raw) + 1, 0)
    return positive / positive.sum(axis=1, keepdims=True)


@cache
def timelines():
    scripts = films()
    return np.random.default_rng(0).random((*scripts.segments.shape[:2], len(scripts.label_names)))


def rise(first=slice(None, 4), last=slice(-4, None), genre="Horror", every=False):
    scripts = films()
    column = scripts.label_names.index(genre)
    own = scripts.labels[:, scripts.label_names.index("Horror")] == 1
    scores = timelines()[:, :, column] if every else timelines()[own][:, :, column]
    return scores[:, last].mean(axis=1) - scores[:, first].mean(axis=1), timelines()


EXERCISES = {
    "ex1": Answers(
        right=worth,
        wrong={
            "of one film": lambda: worth(divide=sizes()[0]),
            "all parts": lambda: (sizes()[0] * sizes()[1],),
            "k for k - 1": lambda: worth(off=0),
            "films for parts": lambda: worth(divide=sizes()[1]),
        },
    ),
    "ex2": Answers(
        right=lambda: (attend,),
        also_right={
            "by a library": lambda: (
                lambda raw, real: softmax(np.where(real, raw, -np.inf), axis=1),
            ),
        },
        wrong={
            "padding counts": lambda: (lambda raw, real: softmax(raw, axis=1),),
            "zero for padding": lambda: (lambda raw, real: softmax(raw * real, axis=1),),
            "masked after": lambda: (lambda raw, real: softmax(raw, axis=1) * real,),
            "over films": lambda: (
                lambda raw, real: softmax(np.where(real, raw, -np.inf), axis=0),
            ),
            "overflow": lambda: (overflowing,),
            "in place": lambda: (in_place,),
            "no softmax": lambda: (shares,),
        },
    ),
    "ex3": Answers(
        right=rise,
        wrong={
            "turned round": lambda: rise(first=slice(-4, None), last=slice(None, 4)),
            "first and last part": lambda: rise(first=slice(None, 1), last=slice(-1, None)),
            "halves": lambda: rise(first=slice(None, 8), last=slice(8, None)),
            "another genre": lambda: rise(genre="Comedy"),
            "all films": lambda: rise(every=True),
        },
    ),
}
