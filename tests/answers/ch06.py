"""Answers to the exercises of chapter 6."""

from functools import cache
from types import SimpleNamespace

import numpy as np

from answers import Answers
from genrelab.bench.readings import vector_classifier
from genrelab.checks.core import films, folds
from genrelab.evaluation import compare


def half():
    return np.median(films().n_tokens) / 2


@cache
def places(*parts):
    """Compare parts on two genres, which is what the check looks at."""
    scripts = films()
    data = {f"part {part}": scripts.segments[:, part] for part in parts}
    target = scripts.labels[:, :2]
    return (compare(vector_classifier(), data, target, folds=folds(), tuner=None),)


def again(*numbers):
    """Return some of the right systems under other names."""
    results = list(places(0, 8, 15)[0].results.values())
    return (SimpleNamespace(results={str(n): results[k] for n, k in enumerate(numbers)}),)


TOKENS = 7 * 510 + 86


def play():
    windows = np.random.default_rng(0).normal(size=(8, 384)) + 0.5
    return windows / np.linalg.norm(windows, axis=1, keepdims=True)


def weighted(last=86, full=510, divide=True):
    weights = np.array([full] * 7 + [last])
    vector = weights @ play() / (weights.sum() if divide else 1)
    return vector.astype(np.float32), play(), TOKENS


EXERCISES = {
    "ex1": Answers(
        right=lambda: (int(np.ceil(half() / 510)),),
        also_right={"a float": lambda: (np.ceil(half() / 510),)},
        wrong={
            "rounded down": lambda: (int(half() // 510),),
            "not rounded": lambda: (half() / 510,),
            "the whole script": lambda: (int(np.ceil(2 * half() / 510)),),
            "one too many": lambda: (int(np.ceil(half() / 510)) + 1,),
        },
    ),
    "ex2": Answers(
        right=lambda: places(0, 8, 15),
        also_right={"in another order": lambda: again(2, 0, 1)},
        wrong={
            "counted from one": lambda: places(1, 9, 15),
            "two parts": lambda: again(0, 2),
            "one part twice": lambda: again(0, 1, 1),
        },
    ),
    "ex3": Answers(
        right=weighted,
        wrong={
            "plain mean": lambda: (play().mean(axis=0), play(), TOKENS),
            "a sum": lambda: weighted(divide=False),
            "the last window left out": lambda: weighted(last=0),
            "the rest of 512": lambda: weighted(last=TOKENS - 512 * 7, full=512),
            "all windows": lambda: (play(), play(), TOKENS),
        },
    ),
}
