"""Answers to the exercises of chapter 5."""

from answers import Answers
from genrelab.checks.ch05 import validation_labels


def by_films(losses: list[float], sizes: list[int]) -> float:
    """Weigh each batch by its films."""
    return sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)


EXERCISES = {
    "ex1": Answers(
        right=lambda: (float(1 - validation_labels().mean()),),
        wrong={
            "the share of yes": lambda: (float(validation_labels().mean()),),
            "one film": lambda: (float(1 - validation_labels()[-1].mean()),),
            "films without a genre": lambda: (0.0,),
            "a percentage": lambda: (float(100 * (1 - validation_labels().mean())),),
        },
    ),
    "ex2": Answers(
        right=lambda: (by_films,),
        wrong={
            "the mean of means": lambda: (lambda losses, sizes: sum(losses) / len(losses),),
            "the sum": lambda: (lambda losses, sizes: sum(losses),),
            "divided by batches": lambda: (
                lambda losses, sizes: by_films(losses, sizes) * sum(sizes) / len(sizes),
            ),
            "nothing returned": lambda: (lambda losses, sizes: None,),
            "two batches only": lambda: (lambda losses, sizes: by_films(losses[:2], sizes[:2]),),
        },
    ),
    "ex3": Answers(
        right=lambda: ([0.4, 0.3, 0.3],),
        wrong={
            "the likeliest genre is in the set": lambda: ([0.6, 0.2, 0.2],),
            "they sum to more": lambda: ([0.5, 0.5, 0.5],),
            "genres for sets": lambda: ([0.4, 0.6],),
            "two equal sets": lambda: ([0.4, 0.4, 0.2],),
            "the pair wins": lambda: ([0.1, 0.2, 0.7],),
        },
    ),
}
