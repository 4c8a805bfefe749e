"""Answers to the exercises of chapter 15."""

import heapq

import numpy as np
import pandas as pd

from answers import Answers
from genrelab.bench.encode import token_flop
from genrelab.checks.core import films

CPU_RATE = 7_000.0


def bill(flop_a_token, n_tokens):
    gpus = pd.DataFrame(
        {"peak": [65e12, 312e12], "usd_an_hour": [0.526, 2.745]}, index=["T4", "A100"]
    )
    hours = n_tokens / (gpus["peak"] * 0.3 / flop_a_token) / 3600
    return pd.DataFrame({"hours": hours, "usd": hours * gpus["usd_an_hour"]})


def million():
    return 1e6 * films().n_tokens.mean()


def gpus(hours=24, gpu="A100", rounded=np.ceil):
    return int(rounded(bill(2 * 7e9, million()).loc[gpu, "hours"] / hours)), bill


def price(gpu="T4", hours=None):
    minilm = bill(token_flop(512), million())
    hours = million() / CPU_RATE / 3600 if hours is None else hours
    return minilm.loc[gpu, "usd"] / hours, minilm, CPU_RATE


def speed_up(order, machines=64):
    busy = [0] * machines
    for tokens in order:
        heapq.heapreplace(busy, busy[0] + int(tokens))
    return (films().n_tokens.sum() / max(busy),)


def lengths():
    return np.sort(films().n_tokens)


EXERCISES = {
    "ex1": Answers(
        right=gpus,
        wrong={
            "rounded down": lambda: gpus(rounded=np.floor),
            "T4s": lambda: gpus(gpu="T4"),
            "hours": lambda: gpus(hours=1),
            "one too many": lambda: (gpus()[0] + 1, bill),
        },
    ),
    "ex2": Answers(
        right=price,
        wrong={
            "a factor and no price": lambda: (price()[0] / 0.08, *price()[1:]),
            "the A100": lambda: price("A100"),
            "the T4's own hour": lambda: price(hours=price()[1].loc["T4", "hours"]),
            "minutes": lambda: price(hours=million() / CPU_RATE / 60),
        },
    ),
    "ex3": Answers(
        right=lambda: speed_up(lengths()[::-1]),
        wrong={
            "shortest first": lambda: speed_up(lengths()),
            "not sorted": lambda: speed_up(films().n_tokens),
            "tokens": lambda: (films().n_tokens.sum() / speed_up(lengths()[::-1])[0],),
            "no gaps at all": lambda: (64.0,),
            "32 machines": lambda: speed_up(lengths()[::-1], machines=32),
        },
    ),
}
