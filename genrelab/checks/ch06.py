"""Checks of chapter 6: script embeddings in chunks."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genrelab.checks.core import check, close, demand, films
from genrelab.evaluation import Comparison

WINDOW = 510


@check(points=1, praise="And that is only half of a typical script.")
def ex1(n_windows: int) -> None:
    """A whole number of windows."""
    half = np.median(films().n_tokens) / 2
    demand(n_windows == int(n_windows), "Windows come whole: which way do you have to round?")
    demand(
        n_windows * WINDOW < 1.9 * half,
        "So many windows would show nearly all of the script, or more. Only half is asked for.",
    )
    demand(
        n_windows * WINDOW >= half,
        "These windows stop short of the half. How many tokens of text does one window hold, and "
        "which way do you have to round?",
    )
    demand((n_windows - 1) * WINDOW < half, "Fewer windows do: find the smallest number.")


@check(points=3, praise="Did you name the best part before you ran the cell?")
def ex2(places: Comparison) -> None:
    """What `compare` returns for three systems on five folds."""
    results = list(places.results.values())
    demand(len(results) == 3, f"Expected three systems, a part of the script each: {len(results)}.")
    demand(all(len(result.folds) == 5 for result in results), "Expected the five folds used above.")
    scripts, fold = films(), results[0].folds[0]
    model = make_pipeline(
        StandardScaler(), OneVsRestClassifier(LogisticRegression(C=0.01, max_iter=1000))
    )
    # Two genres of one fold are enough to recognise a part.
    found = [result.scores[0][fold.test][:, :2] for result in results]
    for name, part in {"first": 0, "ninth": 8, "last": 15}.items():
        data = scripts.segments[:, part]
        model.fit(data[fold.train], scripts.labels[fold.train][:, :2])
        expected = model.predict_proba(data[fold.test])
        demand(
            any(close(scores, expected, 0.02) for scores in found),
            f"None of the systems is the {name} sixteenth by `vector_classifier()`. Which index "
            "has it, when counting begins at 0? And which axis of `segments` counts the parts?",
        )


@check(points=2, praise="This is what the encoder's own pooling makes.")
def ex3(vector: ArrayLike, play: np.ndarray, tokens: int) -> None:
    """A vector of 384 numbers; the play's windows, and its number of tokens."""
    vector = np.asarray(vector, dtype=float)
    demand(
        vector.shape == play.shape[1:],
        f"Found the shape {vector.shape}, expected {play.shape[1:]}: one vector for the play.",
    )
    last = int(tokens) - WINDOW * (len(play) - 1)
    weights = np.array([WINDOW] * (len(play) - 1) + [last], dtype=float)
    expected = weights @ play / weights.sum()
    scale = np.linalg.norm(vector) / np.linalg.norm(expected)
    demand(
        not close(vector, play.mean(axis=0), 1e-6),
        "This is the plain mean: here the short last window counts as much as a full one.",
    )
    demand(
        close(scale, 1, 0.1),
        f"The vector is {scale:,.2f} times as long as a mean: what do your weights sum to?",
    )
    demand(
        close(vector, expected, 1e-5),
        "Close to the weighted mean, but not it. Do the tokens of all windows sum to those of the "
        "play? The last window holds what the others leave.",
    )
