"""Checks of chapter 15: many machines."""

import heapq
from collections.abc import Callable

import numpy as np
import pandas as pd

from genrelab.checks.core import check, close, demand, films


def _million() -> float:
    return 1e6 * films().n_tokens.mean()


@check(points=1, praise="They all have to start before they work, which comes on top.")
def ex1(n_gpus: int, bill: Callable[[float, float], pd.DataFrame]) -> None:
    """A whole number of GPUs; and the chapter's function `bill`."""
    hours = bill(2 * 7e9, _million())["hours"]
    demand(n_gpus == int(n_gpus), "GPUs come whole: which way do you have to round?")
    demand(
        abs(n_gpus - hours["T4"] / 24) > 1 or abs(n_gpus - hours["A100"] / 24) < 2,
        "So many T4s would do it. A100s are asked for.",
    )
    demand(n_gpus < hours["A100"] / 2, "These are hours of one GPU. Each of yours may work a day.")
    demand(
        n_gpus * 24 >= hours["A100"],
        "These do not make it within 24 hours. How many hours would one GPU need, and which way "
        "do you have to round?",
    )
    demand((n_gpus - 1) * 24 < hours["A100"], "Fewer do it in 24 hours: find the smallest number.")


@check(points=2, praise="A price an hour says nothing without a speed.")
def ex2(break_even: float, minilm: pd.DataFrame, cpu_rate: float) -> None:
    """Dollars an hour; and the chapter's bill for MiniLM and the CPU's tokens a second."""
    usd, hours = minilm.loc["T4", "usd"], _million() / cpu_rate / 3600
    demand(
        not close(break_even / (usd / hours), 1 / 0.08, 0.5),
        "This compares with the price in the list. Which price an hour makes the two bills equal?",
    )
    demand(
        break_even < minilm.loc["T4", "usd"] / minilm.loc["T4", "hours"],
        "The CPU is slower than the T4. Can its hour be worth more?",
    )
    demand(
        not close(break_even / (minilm.loc["A100", "usd"] / hours), 1, 1e-3),
        "This is the bill of the A100. The T4's is asked for.",
    )
    demand(
        close(break_even / (usd / hours), 1, 0.02),
        "At this price the two bills differ. A bill is hours times dollars an hour: the T4's bill "
        "is known, and so are the CPU's hours for the million.",
    )


@check(points=3, praise="At the end only short scripts are left, and they fill the gaps.")
def ex3(longest_first: float) -> None:
    """One number: how many times as fast as one machine."""
    n_tokens = films().n_tokens
    orders = {"down": np.sort(n_tokens)[::-1], "up": np.sort(n_tokens), "as is": n_tokens}
    speed_up = {name: n_tokens.sum() / _last_one_done(order) for name, order in orders.items()}
    demand(
        longest_first < 1000,
        "These are tokens: of the busiest machine, perhaps. How many times as many does a single "
        "machine read?",
    )
    demand(longest_first <= 64, "64 machines are never more than 64 times as fast as one.")
    for name, why in {
        "up": "The shortest came first here: turn the order round.",
        "as is": "The scripts came in the order of the data set: sort their lengths.",
    }.items():
        demand(not close(longest_first, speed_up[name], 1e-3), why)
    demand(
        close(longest_first, speed_up["down"], 0.01),
        "Not the speed-up of the longest first. One script at a time, 64 machines, and the sum of "
        "all tokens over those of the busiest machine.",
    )


def _last_one_done(n_tokens: np.ndarray, machines: int = 64) -> float:
    """Return the tokens of the busiest machine if whoever is free takes the next script."""
    busy_until = [0.0] * machines
    for tokens in n_tokens:
        heapq.heapreplace(busy_until, busy_until[0] + tokens)
    return max(busy_until)
