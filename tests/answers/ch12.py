"""Answers to the exercises of chapter 12."""

import numpy as np
import pandas as pd

from answers import Answers
from genrelab.checks.core import films
from genrelab.evaluation import nadeau_bengio, read_result


def bce(p=None, log=np.log, total=np.mean):
    target = films(min_count=15).labels
    p = target.mean(axis=0) if p is None else p
    return (-total(target * log(p) + (1 - target) * log(1 - p)),)


def of_yes():
    target = films(min_count=15).labels
    return (-(target * np.log(target.mean(axis=0))).mean(),)


def compared(first=("BCE", "f1_macro"), second=("pos_weight", "f1_macro_untuned"), ratio=1 / 4):
    rows = pd.DataFrame(read_result("losses")["rows"]).sort_values(["repeat", "fold"])
    by_row = rows.set_index("row")
    one, other = (by_row.loc[name, metric].to_numpy() for name, metric in (first, second))
    return one - other, *nadeau_bengio(one - other, ratio)[:2]


EXERCISES = {
    "ex1": Answers(
        right=bce,
        wrong={
            "a sum": lambda: bce(total=np.sum),
            "bits": lambda: bce(log=np.log2),
            "no sign": lambda: (-bce()[0],),
            "films with the genre alone": of_yes,
            "one share for all": lambda: bce(p=films(min_count=15).labels.mean()),
            "one half": lambda: bce(p=0.5),
        },
    ),
    "ex2": Answers(
        right=lambda: (lambda t: (1 - t) / t,),
        also_right={"another form": lambda: (lambda t: 1 / t - 1,)},
        wrong={
            "upside down": lambda: (lambda t: t / (1 - t),),
            "one over t": lambda: (lambda t: 1 / t,),
            "half over t": lambda: (lambda t: 0.5 / t,),
            "four for all": lambda: (lambda t: 4.0,),
            "the stub": lambda: (lambda t: ...,),
        },
    ),
    "ex3": Answers(
        right=compared,
        wrong={
            "the sign": lambda: compared(("pos_weight", "f1_macro_untuned"), ("BCE", "f1_macro")),
            "both tuned": lambda: compared(second=("pos_weight", "f1_macro")),
            "both at one half": lambda: compared(("BCE", "f1_macro_untuned")),
            "naive": lambda: compared(ratio=0),
            "one difference": lambda: (compared()[0].mean(), *compared()[1:]),
        },
    ),
}
