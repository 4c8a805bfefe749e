"""Answers to the exercises of chapter 14."""

import math
from functools import cache

import numpy as np
from sklearn.metrics import average_precision_score

from answers import Answers
from genrelab.evaluation import read_result

GRID = np.round(np.arange(0, 1.01, 0.1), 1)


@cache
def parts():
    """Two members on inner and on test films; inside the first is better, outside the second."""
    rng = np.random.RandomState(0)
    made = []
    for n, noise in ((400, (1.0, 2.0)), (120, (2.5, 1.0))):
        truth = (rng.rand(n, 3) < 0.3).astype(int)
        made.append((*(truth + of * rng.randn(n, 3) for of in noise), truth))
    return tuple(made)


def scores(part):
    one, other, truth = part
    return [
        average_precision_score(truth, w * one + (1 - w) * other, average="macro") for w in GRID
    ]


def weighed(chosen_on=0, judged_on=1, flip=False):
    place = int(np.argmax(scores(parts()[chosen_on])))
    place = len(GRID) - 1 - place if flip else place
    return GRID[place], scores(parts()[judged_on])[place], *parts()


def films(power=2, width=0.01):
    opened = read_result("locked_test")
    line = opened["intervals"]["f1_macro"][opened["systems"]["final"]]
    half = (line["high"] - line["low"]) / 2
    return (math.ceil(opened["n_test"] * (half / width) ** power),)


@cache
def lists():
    rng = np.random.RandomState(1)
    ours, predicted = (rng.rand(2, 200, 5) < 0.3).astype(int)
    second = (rng.rand(200, 5) < 0.1 + 0.3 * ours + 0.3 * predicted).astype(int)
    return predicted, ours, second


def shares(alarms, rest):
    predicted, ours, second = lists()
    return second[alarms].mean(), second[rest].mean(), predicted, ours, second


def masks():
    predicted, ours, _ = lists()
    return predicted == 1, ours == 1


def right_shares():
    yes, ours = masks()
    return shares(yes & ~ours, ~yes & ~ours)


def swapped():
    excused, by_chance, *rest = right_shares()
    return by_chance, excused, *rest


def of_all_predicted():
    yes, ours = masks()
    return shares(yes, ~yes & ~ours)


def of_all_that_we_lack():
    yes, ours = masks()
    return shares(yes & ~ours, ~ours)


def of_what_wikipedia_names():
    yes, ours = masks()
    _, by_chance, *rest = right_shares()
    return (rest[2][yes & ~ours].sum() / rest[2].sum(), by_chance, *rest)


EXERCISES = {
    "ex1": Answers(
        right=weighed,
        wrong={
            "chosen on the test films": lambda: weighed(chosen_on=1),
            "judged where it was chosen": lambda: weighed(judged_on=0),
            "the other member's weight": lambda: weighed(flip=True),
        },
    ),
    "ex2": Answers(
        right=films,
        wrong={
            "width falls with n": lambda: films(power=1),
            "whole width": lambda: films(width=0.005),
            "as many as there are": lambda: (read_result("locked_test")["n_test"],),
        },
    ),
    "ex3": Answers(
        right=right_shares,
        wrong={
            "swapped": swapped,
            "all that was predicted": of_all_predicted,
            "all that we lack": of_all_that_we_lack,
            "share of what Wikipedia names": of_what_wikipedia_names,
        },
    ),
}
