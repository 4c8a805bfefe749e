"""Answers to the exercises, right and wrong: they prove that the checks can tell them apart.

One module a chapter, ``ch06.py``, with ``EXERCISES = {"ex1": Answers(...), ...}`` for every check
of ``genrelab.checks.ch06``. Answers are made by functions, so that collecting tests costs nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answers:
    """A right answer, made without running the chapter, and at least two plausible wrong ones.

    Each function returns the tuple of arguments that the check gets. ``also_right`` holds answers
    by other ways, which must pass as well.
    """

    right: Callable[[], tuple]
    wrong: Mapping[str, Callable[[], tuple]]
    also_right: Mapping[str, Callable[[], tuple]] = field(default_factory=dict)
