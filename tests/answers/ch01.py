"""Answers to the exercises of chapter 1."""

import numpy as np

from answers import Answers
from genrelab.checks.core import films


def per_film():
    labels = films().labels
    return labels[:, 0] == 1, labels.sum(axis=1)


def means():
    is_drama, n = per_film()
    return n[is_drama].mean(), n[~is_drama].mean()


def sums():
    is_drama, n = per_film()
    return n[is_drama].sum(), n[~is_drama].sum()


def counted(dtype=int):
    labels = films().labels.astype(dtype)
    return labels.T @ labels, labels.mean(axis=0)


def lift(dtype=int, diagonal=0.0):
    together, share = counted(dtype)
    found = together / len(films()) / np.outer(share, share)
    np.fill_diagonal(found, diagonal)
    return (found,)


def conditional():
    together, _ = counted()
    return (together / np.diag(together)[:, None],)


def trek(by):
    scripts = films()
    inside = scripts.groups == "star-trek"
    shares = [(scripts.counts[np.flatnonzero(rows)] > 0).mean(axis=0) for rows in (inside, ~inside)]
    order = np.argsort(-by(*shares), kind="stable")
    return np.array(scripts.vocabulary)[order]


EXERCISES = {
    "ex1": Answers(
        right=means,
        wrong={
            "changed places": lambda: means()[::-1],
            "without Drama itself": lambda: (means()[0] - 1, means()[1]),
            "sums for means": sums,
            "one mean for both": lambda: (per_film()[1].mean(),) * 2,
        },
        also_right={"two decimals": lambda: tuple(round(mean, 2) for mean in means())},
    ),
    "ex2": Answers(
        right=lift,
        wrong={
            "share among the row's films": conditional,
            "not divided by chance": lambda: (counted()[0] / len(films()),),
            "int8 overflows": lambda: lift(np.int8),
            "one row": lambda: (lift()[0][0],),
        },
        also_right={"ones on the diagonal": lambda: lift(diagonal=1.0)},
    ),
    "ex3": Answers(
        right=lambda: (trek(lambda inside, outside: inside - outside)[:10],),
        wrong={
            "nothing taken off": lambda: (trek(lambda inside, outside: inside)[:10],),
            "wrong way round": lambda: (trek(lambda inside, outside: outside - inside)[:10],),
            "a ratio": lambda: (trek(lambda i, o: i / (o + 1e-3))[:10],),
            "nine words": lambda: (trek(lambda i, o: i - o)[:9],),
            "a name that is no word": lambda: (["Enterprise", *trek(lambda i, o: i - o)[:9]],),
        },
        also_right={
            "a list in another order": lambda: (trek(lambda i, o: i - o)[:10][::-1].tolist(),)
        },
    ),
}
