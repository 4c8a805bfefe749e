"""Figures to play with, without a kernel; here the reader moves a threshold."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from genrelab.plots import figure as base
from genrelab.plots.scores import threshold_curves

FILES = Path(__file__).parent / "files"
TEMPLATE = FILES / "threshold_explorer.html"
SHARED = ("explorer.css", "explorer.js")  # of all explorers; pages say where they go
STEPS = 1000  # thresholds between 0 and 1 that the page can tell apart


class Explorer(base.Figure):
    """An interactive figure; where no script runs, a still picture stands in.

    Parameters
    ----------
    still : Figure
        Picture and alt text.
    data : mapping
        What the page computes from: ``genres``, ``titles``, ``labels`` (positions in ``genres``,
        one list a film), and whatever else its template wants.
    template : Path
        The page, with places for the picture, the data, and what all explorers share.

    Attributes
    ----------
    data : mapping
    template : Path
    """

    def __init__(self, still: base.Figure, data: Mapping[str, object], template: Path) -> None:
        super().__init__(still.canvas, still.alt)
        self.data = data
        self.template = template

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(include, exclude)
        page = self.template.read_text("utf-8")
        for name in SHARED:
            page = page.replace(f"/* {name} */\n", (FILES / name).read_text("utf-8"))
        page = page.replace("<!-- picture -->", bundle["text/html"])
        packed = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        # "</script>" in a title would end the element that holds it.
        return bundle | {"text/html": page.replace("/* data */", packed.replace("<", "\\u003c"))}


def threshold_explorer(
    scores: ArrayLike,
    Y: ArrayLike,
    label_names: Sequence[str],
    titles: Sequence[str],
    *,
    thresholds: ArrayLike | None = None,
    title: str | None = None,
) -> Explorer:
    """Let the reader move the threshold of a genre, or of all genres, and see what follows.

    Precision, recall and F1 follow the slider, and so do the predicted genres of a film that the
    reader picks. The page computes all this itself, from scores rounded to three digits; it loads
    nothing, and works with keyboard and touch.

    Parameters
    ----------
    scores : array-like of shape (n, L)
        Predicted probabilities, out of fold.
    Y : array-like of shape (n, L)
        0/1 labels, at least one positive a genre.
    label_names : sequence of str, length L
        Genre names.
    titles : sequence of str, length n
        Film titles.
    thresholds : array-like of shape (L,), optional
        Where each genre's slider stands at first; by default at 0.5.
    title : str, optional
        The message of the still picture.

    Returns
    -------
    Explorer

    Raises
    ------
    ValueError
        If shapes or lengths differ, a score is no probability, or a genre has no positive row.

    Examples
    --------
    >>> made = threshold_explorer([[0.1], [0.3], [0.8]], [[0], [1], [1]], ["War"], ["A", "B", "C"])
    >>> made.data["scores"], made.data["labels"], made.data["thresholds"]
    ([[100], [300], [800]], [[], [0], [0]], [500])
    """
    still = threshold_curves(scores, Y, label_names, title=title)
    Y, names = base.label_matrix(Y, label_names)
    scores, titles = np.asarray(scores, dtype=float), list(map(str, titles))
    cuts = np.full(len(names), 0.5) if thresholds is None else np.asarray(thresholds, dtype=float)
    if scores.min() < 0 or scores.max() > 1:
        raise ValueError(
            f"scores hold {scores.min():g} to {scores.max():g}; expected probabilities between 0 "
            "and 1. Calibrate decision scores first."
        )
    if len(titles) != len(Y) or cuts.shape != (len(names),):
        raise ValueError(
            f"{len(titles)} titles and thresholds of shape {cuts.shape}; expected {len(Y)}, one a "
            f"row of Y, and ({len(names)},), one a genre."
        )
    data = {
        "genres": list(names),
        "titles": titles,
        "scores": np.rint(STEPS * scores).astype(int).tolist(),
        "labels": [np.flatnonzero(row).tolist() for row in Y],
        "thresholds": np.rint(STEPS * cuts.clip(0, 1)).astype(int).tolist(),
    }
    return Explorer(still, data, TEMPLATE)
