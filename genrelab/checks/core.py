"""What every check is made of: a judge that raises `NotYet`, and an outcome that is kept."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from genrelab.datasets.script_features import ScriptFeatures
    from genrelab.splits import Fold

_points: dict[str, int] = {}
_outcomes: dict[str, "Outcome"] = {}


class NotYet(Exception):
    """Raised by a judge: what is wrong, and how to think about it, without the answer."""


def demand(holds: object, otherwise: str) -> None:
    """Raise `NotYet` with the message unless the condition holds.

    Examples
    --------
    >>> demand(2 > 1, "Two is more than one.")
    """
    if not holds:
        raise NotYet(otherwise)


def close(found: ArrayLike, expected: ArrayLike, tolerance: float = 1e-6) -> bool:
    """Tell whether numbers have the expected shape and differ by no more than a tolerance.

    Examples
    --------
    >>> close([0.5, 1], (0.5, 1.0)), close(0.52, 0.5, 0.01), close([0.5], 0.5)
    (True, False, False)
    """
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    return found.shape == expected.shape and bool((np.abs(found - expected) <= tolerance).all())


@functools.cache
def films(min_count: int = 35) -> "ScriptFeatures":
    """Return the films of the headline folds, with the genres of at least so many scripts.

    Examples
    --------
    >>> len(films(min_count=15)) == len(films())
    True
    """
    from genrelab.datasets import load

    every = load("script_features", min_count=min_count)
    return every.select(np.isin(every.ids, load("script_features").ids))


@functools.cache
def folds() -> list["Fold"]:
    """Return the five folds of the first repeat, which the chapters run live.

    Examples
    --------
    >>> len(folds())
    5
    """
    from genrelab.splits import headline_folds

    return headline_folds()[:5]


@dataclass(frozen=True)
class Outcome:
    """What a check found; true if the answer is right.

    Attributes
    ----------
    exercise : str
        Chapter and number, such as ``"6.1"``.
    right : bool
    points : int
        What the exercise is worth.
    message : str
    """

    exercise: str
    right: bool
    points: int
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        state = "right" if self.right else "not yet"
        earned = self.points if self.right else 0
        score = f"{earned} of {self.points} points"
        return f"Exercise {self.exercise}: {state}, {score}. {self.message}".rstrip()


def check(
    points: int, praise: str = "", exercise: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., Outcome]]:
    """Make a judge into a check.

    A judge takes the learner's answers; it raises `NotYet` if one is wrong and returns nothing if
    all are right. The first line of its docstring says what it expects. An answer that is still
    ``...`` never reaches it, and whatever else it raises on a strange answer becomes a message.

    Parameters
    ----------
    points : int
        As the exercise's heading has it.
    praise : str, default=""
        What to say of a right answer: one sentence, or nothing.
    exercise : str, optional
        Chapter and number; taken from the names of module and function, ``ch06`` and ``ex1``,
        when left out.

    Returns
    -------
    callable
        Takes the same answers and returns an `Outcome`, which it also keeps for `summary`.

    Examples
    --------
    >>> @check(points=2, praise="And no shorter list would do.", exercise="0.1")
    ... def ex1(count):
    ...     '''A whole number: how many tokens.'''
    ...     if count % 2:
    ...         raise NotYet("An odd number of tokens cannot fall into pairs.")
    >>> ex1(4)
    Exercise 0.1: right, 2 of 2 points. And no shorter list would do.
    >>> ex1(3)
    Exercise 0.1: not yet, 0 of 2 points. An odd number of tokens cannot fall into pairs.
    >>> ex1(...)
    Exercise 0.1: not yet, 0 of 2 points. An answer is still '...': put yours there.
    >>> print(ex1("four").message)
    Your answer could not be judged (TypeError: ...). Expected: A whole number: how many tokens.
    """

    def decorate(judge: Callable[..., None]) -> Callable[..., Outcome]:
        number = exercise or _number(judge)
        _points[number] = points

        @functools.wraps(judge)
        def run(*answers: object) -> Outcome:
            fault = _fault(judge, answers)
            outcome = Outcome(number, fault is None, points, praise if fault is None else fault)
            _outcomes[number] = outcome
            return outcome

        return run

    return decorate


def _number(judge: Callable[..., None]) -> str:
    chapter = judge.__module__.rpartition(".ch")[2]
    return f"{int(chapter)}.{judge.__name__.removeprefix('ex')}"


def _fault(judge: Callable[..., None], answers: tuple[object, ...]) -> str | None:
    """Return what is wrong with the answers, or None."""
    if any(answer is ... for answer in answers):
        return "An answer is still '...': put yours there."
    try:
        judge(*answers)
    except NotYet as fault:
        return str(fault)
    # A learner's answer can be anything; whatever breaks the judge is a wrong answer.
    except Exception as error:
        expected = (judge.__doc__ or "").partition("\n")[0]
        found = f"{type(error).__name__}: {error}"
        return f"Your answer could not be judged ({found}). Expected: {expected}"
    return None


@dataclass(frozen=True)
class Score:
    """Points so far, exercise by exercise; prints as a small table.

    Attributes
    ----------
    outcomes : dict of str to Outcome or None
        None for an exercise that was not checked yet.
    points, out_of : int
    """

    outcomes: dict[str, Outcome | None]
    points: int
    out_of: int

    def __repr__(self) -> str:
        lines = []
        for number, outcome in self.outcomes.items():
            state = "not checked" if outcome is None else "right" if outcome else "not yet"
            earned = _points[number] if outcome else 0
            lines.append(f"{number:>5}  {state:<11}  {earned} of {_points[number]}")
        return "\n".join([*lines, f"total  {'':<11}  {self.points} of {self.out_of} points"])


def summary() -> Score:
    """Return the score of the exercises of every chapter that was checked in this session.

    Returns
    -------
    Score

    Examples
    --------
    >>> @check(points=2, exercise="0.2")
    ... def ex2(answer):
    ...     '''Anything.'''
    >>> ex2(1).right, summary().outcomes["0.2"].points
    (True, 2)
    """
    tried = {number.partition(".")[0] for number in _outcomes}
    numbers = [number for number in _points if number.partition(".")[0] in tried]
    order = sorted(numbers, key=lambda number: [int(part) for part in number.split(".")])
    outcomes = {number: _outcomes.get(number) for number in order}
    earned = sum(_points[number] for number, outcome in outcomes.items() if outcome)
    return Score(outcomes, earned, sum(_points[number] for number in order))
