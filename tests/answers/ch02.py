"""Answers to the exercises of chapter 2."""

import numpy as np
from scipy.stats import norm, t
from sklearn.model_selection import KFold

from answers import Answers
from genrelab.checks.core import films

DIFFERENCES = np.array([-0.02, 0.01, -0.03, -0.05, 0.0, -0.01, 0.02, -0.04, -0.02, -0.03])


def share():
    return films().labels.mean(axis=0)


def cuts(seeds, *, films_of_them=False):
    _, group = np.unique(films().groups, return_inverse=True)
    found = []
    for seed in seeds:
        fold = np.zeros(len(group), dtype=int)
        folds = KFold(5, shuffle=True, random_state=seed).split(group)
        for number, (_, test) in enumerate(folds):
            fold[test] = number
        several = list(map(np.flatnonzero, np.eye(group.max() + 1)[:, group]))
        cut = [rows for rows in several if len(set(fold[rows])) > 1]
        found.append(sum(map(len, cut)) if films_of_them else len(cut))
    return (found,)


def interval(quantile=None, second=1 / 4, ddof=1):
    quantile = t.ppf(0.975, 9) if quantile is None else quantile
    half = quantile * np.sqrt((1 / 10 + second) * DIFFERENCES.var(ddof=ddof))
    return DIFFERENCES, DIFFERENCES.mean() - half, DIFFERENCES.mean() + half


EXERCISES = {
    "ex1": Answers(
        right=lambda: ((2 * share() / (1 + share())).mean(),),
        wrong={
            "mean precision": lambda: (share().mean(),),
            "F1 of the mean share": lambda: (2 * share().mean() / (1 + share().mean()),),
            "a two is missing": lambda: ((share() / (1 + share())).mean(),),
            "thirteen numbers": lambda: (2 * share() / (1 + share()),),
        },
    ),
    "ex2": Answers(
        right=lambda: cuts(range(20)),
        also_right={"other seeds": lambda: cuts(range(100, 120))},
        wrong={
            "one seed for all": lambda: cuts([0] * 20),
            "films and not franchises": lambda: cuts(range(20), films_of_them=True),
            "a running total": lambda: (np.cumsum(cuts(range(20))[0]).tolist(),),
            "ten seeds": lambda: cuts(range(10)),
            "uncut ones": lambda: ([45 - cut for cut in cuts(range(20))[0]],),
        },
    ),
    "ex3": Answers(
        right=interval,
        wrong={
            "naive": lambda: interval(second=0),
            "normal quantile": lambda: interval(norm.ppf(0.975)),
            "one-sided": lambda: interval(t.ppf(0.95, 9)),
            "variance of the population": lambda: interval(ddof=0),
            "ten degrees": lambda: interval(t.ppf(0.975, 10)),
            "changed ends": lambda: (DIFFERENCES, *interval()[:0:-1]),
            "around zero": lambda: (DIFFERENCES, -0.02, 0.02),
        },
    ),
}
