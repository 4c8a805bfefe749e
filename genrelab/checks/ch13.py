"""Checks of chapter 13: from probabilities to genres."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from genrelab.checks.core import NotYet, check, close, demand, films, folds


@check(points=2, praise="One sort, and every threshold is judged: this is how the tuner works.")
def ex1(best_horror: float, lowest: float, score: np.ndarray, truth: np.ndarray) -> None:
    """The best F1 of the genre and the lowest score that passes; its scores and labels."""
    cuts = np.unique(score)  # (m,)
    passed = score >= cuts[:, None]  # (m, n)
    f1 = 2 * (passed & (truth == 1)).sum(axis=1) / (passed.sum(axis=1) + truth.sum())
    demand(
        best_horror <= f1.max() + 1e-6,
        "No threshold reaches so much. Does the denominator count the films that passed so far, "
        "the first one included, and all films that carry the genre?",
    )
    demand(
        close(best_horror, f1.max(), 1e-4),
        "Some threshold does better. Are the labels sorted by the score, highest first, before "
        "the hits are summed up?",
    )
    demand(
        0 <= lowest <= 1,
        "The threshold is a score, a number between 0 and 1, and not a place in the order.",
    )
    passed = score >= lowest - 1e-9
    reached = 2 * (passed & (truth == 1)).sum() / (passed.sum() + truth.sum())
    demand(
        close(reached, f1.max(), 1e-4),
        f"The best F1 is right, but this threshold makes {reached:.3f}. Look up the *sorted* "
        "scores at the place where the curve is highest.",
    )


@check(points=3, praise="And when the costs change next month, the formula changes with them.")
def ex2(
    costs: Mapping[str, float],
    target: np.ndarray,
    scores: np.ndarray,
    calibrated: np.ndarray,
    by_f1: np.ndarray,
) -> None:
    """A dict of four costs; the labels, both kinds of scores, and the sets tuned for F1."""
    names = ["f1", "formula", "half", "plain"]
    demand(sorted(costs) == names, f"Expected {', '.join(names)}; found {', '.join(costs)}.")

    def cost(guess: np.ndarray, missed: float = 4, wrong: float = 1) -> float:
        return missed * ((target == 1) & ~guess).sum() + wrong * ((target == 0) & guess).sum()

    guesses = {
        "half": scores >= 0.5,
        "f1": by_f1.astype(bool),
        "plain": scores >= 1 / 5,
        "formula": calibrated >= 1 / 5,
    }
    for cut, why in {
        4 / 5: "The wrong way round: a dear miss makes one say yes *sooner*.",
        1 / 4: "A wrong yes costs 1 - p, not 1: solve $1 - p < 4p$ for p.",
        1 / 2: "One half is for equal costs. At which p do the two expected costs meet?",
    }.items():
        demand(not close(costs["plain"], cost(scores >= cut), 0.5), why)
    for name, guess in guesses.items():
        demand(
            not close(costs[name], cost(guess, 1, 4), 0.5)
            or close(cost(guess, 1, 4), cost(guess), 0.5),
            f"In `{name}` the two prices are exchanged: it is the missed genre that is dear.",
        )
        # A score that equals the threshold may fall on either side.
        demand(
            close(costs[name], cost(guess), 5),
            f"The cost of `{name}` is off. Are its scores, its threshold and both kinds of errors "
            "the ones that the text names?",
        )


@check(points=4, praise="A rule has to beat what the scores know, not what you know.")
def ex3(with_rules: ArrayLike, before: np.ndarray) -> None:
    """The predictions with rules, and those before them, of all films and genres."""
    target, found = films(min_count=15).labels.astype(int), np.asarray(with_rules).astype(int)
    demand(found.shape == before.shape, f"Expected the shape {before.shape}: {found.shape}.")
    demand(not (found < before).any(), "Labels have disappeared: a rule adds, it takes none away.")
    demand((found != before).any(), "Nothing was added yet.")
    for fold in folds():
        labels = target[fold.train]
        together = labels.T @ labels
        follows = together / np.diag(together)[:, None] >= 0.8
        once = before[fold.test] | (before[fold.test] @ follows > 0)
        # A genre that was added may itself bring others along, or not.
        more = once | (once @ follows > 0)
        these = found[fold.test]
        if ((these < once) | (these > more)).any():
            turned = before[fold.test] | (before[fold.test] @ follows.T > 0)
            demand(
                not np.array_equal(these, turned),
                "These rules run backwards: 80 % of the films with A carry B, not the other way.",
            )
            raise NotYet(
                f"In fold {fold.fold} the rules are other ones, or miss some films. Count on this "
                "fold's *training* rows, divide by the number of films with A, and change this "
                "fold's test rows only."
            )
