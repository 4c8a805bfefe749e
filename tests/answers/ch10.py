"""Answers to the exercises of chapter 10."""

import numpy as np

from answers import Answers


def undo(p, s):
    return np.clip((np.asarray(p) - s / 2) / (1 - s), 0, 1)


def draws(k, n=20_000, error=0.02):
    return np.random.default_rng(k).normal(0, error, size=(n, k))


TRIES = (1, 2, 5, 10, 50)

EXERCISES = {
    "ex1": Answers(
        right=lambda: (undo,),
        also_right={
            "through the middle": lambda: (
                lambda p, s: np.minimum(1, np.maximum(0, 0.5 + (p - 0.5) / (1 - s))),
            )
        },
        wrong={
            "forwards": lambda: (lambda p, s: p * (1 - s) + s / 2,),
            "not clipped": lambda: (lambda p, s: (p - s / 2) / (1 - s),),
            "half the smoothing": lambda: (lambda p, s: np.clip((p - s / 2) / (1 - s / 2), 0, 1),),
            "clipped to what was asked": lambda: (
                lambda p, s: (np.clip(p, s / 2, 1 - s / 2) - s / 2) / (1 - s / 2),
            ),
            "one number": lambda: (lambda p, s: 0.5,),
        },
    ),
    "ex2": Answers(
        right=lambda: (np.array([draws(k).max(axis=1).mean() for k in TRIES]),),
        also_right={"a list": lambda: ([draws(k, 50_000).max(axis=1).mean() for k in TRIES],)},
        wrong={
            "the mean of means": lambda: (np.array([draws(k).mean(axis=1).mean() for k in TRIES]),),
            "the maximum of all": lambda: (np.array([draws(k).max() for k in TRIES]),),
            "a standard deviation of 1": lambda: (
                np.array([draws(k, error=1).max(axis=1).mean() for k in TRIES]),
            ),
            "turned round": lambda: (
                np.array([draws(k).max(axis=1).mean() for k in reversed(TRIES)]),
            ),
            "one number": lambda: (0.03,),
        },
    ),
    "ex3": Answers(
        right=lambda: (4,),
        wrong={
            "all at once": lambda: (1,),
            "the weights are forgotten": lambda: (2,),
            "more parts than needed": lambda: (8,),
            "unequal parts": lambda: (3,),
            "no part": lambda: (0,),
        },
    ),
}
