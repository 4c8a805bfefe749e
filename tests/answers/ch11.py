"""Answers to the exercises of chapter 11."""

import numpy as np

from answers import Answers
from genrelab.checks.core import films
from genrelab.evaluation import read_result
from genrelab.resampling import imbalance_report


def westerns(rounded=np.ceil):
    scripts = films(min_count=15)
    counts = scripts.labels.sum(axis=0)
    mean_ir = imbalance_report(scripts.labels, scripts.label_names).summary["mean_ir"]
    there = counts[scripts.label_names.index("Western")]
    return int(rounded(counts.max() / mean_ir)), int(there)


def honest():
    """Return what was recorded for MLSMOTE inside the folds, at one half."""
    rows = {row["row"]: row for row in read_result("imbalance")["pooled"]}
    return rows["LR, MLSMOTE"]["f1_macro_untuned"]


def score():
    return np.random.default_rng(0).uniform(0.01, 0.99, size=films(min_count=15).labels.shape)


def corrected(share=None, turned=False):
    share = films(min_count=15).labels.mean(axis=0) if share is None else share
    share, p = (1 - share if turned else share), score()
    return p * share / (p * share + (1 - p) * (1 - share)), p


EXERCISES = {
    "ex1": Answers(
        right=lambda: (westerns()[0] - westerns()[1],),
        wrong={
            "all that there must be": lambda: (westerns()[0],),
            "rounded down": lambda: (westerns(np.floor)[0] - westerns()[1],),
            "one too many": lambda: (westerns()[0] - westerns()[1] + 1,),
        },
    ),
    "ex2": Answers(
        right=lambda: (honest() + 0.1, honest()),
        also_right={"other random folds": lambda: (honest() + 0.08, honest() + 0.01)},
        wrong={
            "changed places": lambda: (honest(), honest() + 0.1),
            "no leak": lambda: (honest() + 0.001, honest()),
            "scored on its own training rows": lambda: (0.9, honest()),
            "the honest one leaks too": lambda: (honest() + 0.12, honest() + 0.1),
            "per cent": lambda: (51.0, 42.0),
        },
    ),
    "ex3": Answers(
        right=corrected,
        wrong={
            "the wrong way round": lambda: corrected(turned=True),
            "the numerator alone": lambda: (
                score() * films(min_count=15).labels.mean(axis=0),
                score(),
            ),
            "one share for all": lambda: corrected(films(min_count=15).labels.mean()),
            "nothing corrected": lambda: (score(), score()),
            "odds times the share": lambda: (
                corrected()[0] / (1 - corrected()[0]) * 3,
                score(),
            ),
        },
    ),
}
