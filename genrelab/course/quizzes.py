"""Quizzes: one YAML file a chapter in ``book/quizzes``; each choice says why it is right or wrong.

A file is a list of questions::

    - question: What does predicting every genre for every film make?
      code: |            # optional; then the right choice, in back-ticks, is what it prints
        print(2 * 0.2 / 1.2)
      choices:
        - text: about 0.3
          right: true
          reason: Precision is the share of the genre, recall is 1.
        - text: about 0
          reason: Only recall 0 would make that.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

LETTERS = "ABCDEF"
FEWEST, MOST = 3, 5


@dataclass(frozen=True)
class Choice:
    """One answer to choose: its text, whether it is right, and why."""

    text: str
    reason: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question, its choices, of which one is right, and code if it asks about some."""

    question: str
    choices: tuple[Choice, ...]
    code: str = ""

    @property
    def answer(self) -> Choice:
        """The right choice."""
        return next(choice for choice in self.choices if choice.right)


def read_quiz(path: Path) -> list[Question]:
    """Read a chapter's quiz.

    Parameters
    ----------
    path : Path
        The YAML file.

    Returns
    -------
    list of Question

    Raises
    ------
    ValueError
        If the file has not three to five questions, or a question has not exactly one right choice
        among two or more, or a choice gives no reason.
    """
    questions = []
    for number, raw in enumerate(yaml.safe_load(path.read_text("utf-8")) or [], start=1):
        where = f"{path.name}, question {number}"
        try:
            choices = tuple(Choice(**choice) for choice in raw.pop("choices"))
            question = Question(choices=choices, **raw)
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{where}: {error}; expected question, choices (text, reason, right) and, if it "
                "asks about code, code."
            ) from None
        n_right = sum(choice.right for choice in choices)
        if n_right != 1 or not 2 <= len(choices) <= len(LETTERS):
            raise ValueError(
                f"{where} has {n_right} right among {len(choices)} choices; expected one right "
                f"among two to {len(LETTERS)}."
            )
        if not all(choice.reason.strip() for choice in choices):
            raise ValueError(f"{where}: a choice has no reason; say why it is right or wrong.")
        questions.append(question)
    if not FEWEST <= len(questions) <= MOST:
        raise ValueError(
            f"{path.name} has {len(questions)} questions; expected {FEWEST} to {MOST}."
        )
    return questions


def as_myst(questions: list[Question]) -> str:
    r"""Write a quiz as Markdown: each choice unfolds its reason, so no kernel is needed.

    Examples
    --------
    >>> choices = Choice("4", "Two and two.", True), Choice("22", "That joins digits.")
    >>> print(as_myst([Question("What is 2 + 2?", choices)]))
    **Question 1.** What is 2 + 2?
    <BLANKLINE>
    :::{dropdown} A. 4
    **Right.** Two and two.
    :::
    <BLANKLINE>
    :::{dropdown} B. 22
    **No.** That joins digits.
    :::
    """
    blocks = []
    for number, question in enumerate(questions, start=1):
        blocks.append(f"**Question {number}.** {question.question.strip()}")
        if question.code:
            blocks.append(f"```python\n{question.code.strip()}\n```")
        for letter, choice in zip(LETTERS, question.choices, strict=False):
            verdict = "**Right.**" if choice.right else "**No.**"
            text = " ".join(choice.text.split())
            reason = choice.reason.strip()
            blocks.append(f":::{{dropdown}} {letter}. {text}\n{verdict} {reason}\n:::")
    return "\n\n".join(blocks)


def printed(choice: Choice) -> str:
    """Return what a choice says that the code prints: the text between its back-ticks.

    Examples
    --------
    >>> printed(Choice("`[0, 1]`", "It counts from zero."))
    '[0, 1]'
    """
    return re.sub(r"^`(.*)`$", r"\1", choice.text.strip(), flags=re.S)
