"""Answers to the exercises of chapter 13."""

from functools import cache

import numpy as np

from answers import Answers
from genrelab.checks.core import films, folds


@cache
def scored(shape=(400, 3)):
    """Return labels, calibrated scores of them, and scores that are too low."""
    rng = np.random.default_rng(0)
    calibrated = rng.beta(0.6, 2.5, size=shape)
    target = (rng.random(shape) < calibrated).astype(np.int8)
    return target, calibrated**2, calibrated


def by_hand(place=0, n_true=None, order=-1):
    target, scores, _ = scored()
    score, truth = scores[:, 0], target[:, 0]
    ranks = np.argsort(order * score)
    n_true = truth.sum() if n_true is None else n_true
    curve = 2 * truth[ranks].cumsum() / (np.arange(1, len(score) + 1) + n_true)
    best = int(curve.argmax())
    return curve[best], score[ranks][best + place], score, truth


def cost(guess, missed=4, wrong=1):
    target = scored()[0]
    found = missed * ((target == 1) & ~guess).sum() + wrong * ((target == 0) & guess).sum()
    return float(found)


def costs(cut=1 / 5, **prices):
    target, scores, calibrated = scored()
    by_f1 = scores >= 0.3
    found = {
        "formula": cost(calibrated >= cut, **prices),
        "plain": cost(scores >= cut, **prices),
        "half": cost(scores >= 0.5, **prices),
        "f1": cost(by_f1, **prices),
    }
    return found, target, scores, calibrated, by_f1.astype(np.int8)


def predictions():
    """Return the labels with some of them dropped."""
    target = films(min_count=15).labels
    return target * (np.random.default_rng(0).random(target.shape) < 0.7)


def rules(*, backwards=False, share=0.8, twice=False):
    target, before = films(min_count=15).labels, predictions()
    found = before.copy()
    for fold in folds():
        labels = target[fold.train].astype(int)
        together = labels.T @ labels
        follows = together / np.diag(together)[:, None]
        np.fill_diagonal(follows, 0)
        for _ in range(2 if twice else 1):
            for a, b in np.argwhere(follows >= share):
                a, b = (b, a) if backwards else (a, b)
                found[fold.test, b] |= (found if twice else before)[fold.test, a]
    return found, before


EXERCISES = {
    "ex1": Answers(
        right=by_hand,
        wrong={
            "one place further": lambda: by_hand(place=40),
            "sorted upwards": lambda: by_hand(order=1),
            "true labels forgotten": lambda: by_hand(n_true=0),
            "a place and no score": lambda: (by_hand()[0], 57, *by_hand()[2:]),
            "at one half": lambda: (by_hand()[0], 0.5, *by_hand()[2:]),
        },
    ),
    "ex2": Answers(
        right=costs,
        wrong={
            "four fifths": lambda: costs(4 / 5),
            "one quarter": lambda: costs(1 / 4),
            "one half": lambda: costs(1 / 2),
            "prices exchanged": lambda: costs(missed=1, wrong=4),
            "one is missing": lambda: ({"formula": 1.0}, *costs()[1:]),
        },
    ),
    "ex3": Answers(
        right=rules,
        also_right={"what was added brings others": lambda: rules(twice=True)},
        wrong={
            "backwards": lambda: rules(backwards=True),
            "another share": lambda: rules(share=0.7),
            "nothing added": lambda: (predictions(), predictions()),
            "labels taken away": lambda: (np.zeros_like(predictions()), predictions()),
        },
    ),
}
