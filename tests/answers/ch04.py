"""Answers to the exercises of chapter 4."""

from functools import cache

import numpy as np

from answers import Answers
from genrelab.datasets import load
from genrelab.models import WordVectors


@cache
def words():
    return WordVectors(epochs=3).fit(load("films", view="logline").texts)


def nearest(*, unit=True, itself=False, last=False, n=5):
    learnt = words().vectors_
    matrix = learnt.vectors.astype(float)
    if unit:
        matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    ship = learnt.key_to_index["ship"]
    near = matrix @ matrix[ship]
    if not itself:
        near[ship] = np.inf if last else -np.inf
    order = np.argsort(near if last else -near)
    return learnt, [learnt.index_to_key[row] for row in order[:n]]


def reordered():
    learnt, five = nearest()
    return learnt, five[::-1]


def by_gensim():
    learnt = words().vectors_
    return learnt, [word for word, _ in learnt.most_similar("ship", topn=5)]


@cache
def common():
    return np.random.default_rng(0).normal(size=(60, 7)) + np.arange(7)


def without(u=None, rows=None, power=1):
    rows = common() if rows is None else rows
    u = np.linalg.svd(rows, full_matrices=False)[2][0] if u is None else u
    return common(), rows - power * np.outer(rows @ u, u)


def taken_out():
    u = np.linalg.svd(common(), full_matrices=False)[2][0]
    return common(), np.outer(common() @ u, u)


def lengths():
    return np.random.default_rng(0).integers(40, 90, size=107)


def padded(values, *, of_words=False, longest=None, mean=False):
    batches = [values[start : start + 32] for start in range(0, len(values), 32)]
    read = [len(batch) * (longest or batch.max()) for batch in batches]
    held = [batch.sum() for batch in batches]
    if mean:
        return np.mean([1 - a / b for a, b in zip(held, read, strict=True)])
    share = sum(held) / sum(read)
    return share if of_words else 1 - share


def shares(**options):
    values = lengths()
    return values, padded(values, **options), padded(np.sort(values), **options)


EXERCISES = {
    "ex1": Answers(
        right=nearest,
        wrong={
            "itself among them": lambda: nearest(itself=True),
            "dot product, not cosine": lambda: nearest(unit=False),
            "furthest words": lambda: nearest(last=True),
            "four words": lambda: nearest(n=4),
            "the nearest last": reordered,
        },
        also_right={"by gensim": by_gensim},
    ),
    "ex2": Answers(
        right=without,
        wrong={
            "nothing taken out": lambda: (common(), common()),
            "centred": lambda: without(rows=common() - common().mean(axis=0)),
            "only the mean taken off": lambda: (common(), common() - common().mean(axis=0)),
            "what is taken out": taken_out,
            "the last component": lambda: without(u=np.linalg.svd(common())[2][-1]),
            "a column for a row": lambda: (common(), without()[1].T),
        },
        also_right={
            "by the eigenvectors": lambda: without(
                u=-np.linalg.eigh(common().T @ common())[1][:, -1]
            )
        },
    ),
    "ex3": Answers(
        right=shares,
        wrong={
            "the share of words": lambda: (
                lengths(),
                *sorted(shares(of_words=True)[1:], reverse=True),
            ),
            "the longest of all": lambda: shares(longest=lengths().max()),
            "a mean of means": lambda: shares(mean=True),
            "changed places": lambda: (lengths(), *shares()[:0:-1]),
            "a whole number": lambda: (lengths(), 12, 3),
        },
    ),
}
