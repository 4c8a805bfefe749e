"""The exercises' checks: ``checks.ch06_ex1(answer)`` is exercise 6.1; ``checks.summary()`` scores.

Plain functions without widgets or files. Each says whether an answer is right and, where it is
not, what is wrong and how to think about it. Their code is open: reading it may spoil an exercise.
"""

import re
from collections.abc import Callable
from importlib import import_module

from genrelab.checks.core import Outcome, summary

__all__ = ["Outcome", "summary"]


def __getattr__(name: str) -> Callable[..., Outcome]:
    exercise = re.fullmatch(r"(ch\d\d)_(ex\d+)", name)
    if exercise is None:
        raise AttributeError(f"module 'genrelab.checks' has no attribute {name!r}")
    module = import_module(f"genrelab.checks.{exercise[1]}")
    return getattr(module, exercise[2])
