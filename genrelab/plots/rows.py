"""Figures of the rows that a model is fitted on."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from genrelab.plots import figure as base

KINDS = {  # colour, size, marker
    "without": (base.PALETTE["faint"], 4, "o"),
    "added": (base.SERIES[0], 8, "^"),
    "with": (base.PALETTE["low"], 26, "o"),
}


@base.styled
def resampled_rows(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike]],
    genre: str,
    *,
    note: str = "",
    title: str | None = None,
) -> base.Figure:
    """Draw what samplers make of one genre's rows, a small panel each.

    Parameters
    ----------
    panels : mapping of sampler to (points, kinds)
        Coordinates of shape (n, 2), from one projection that the caller names in ``note``, and of
        each row whether it is a film ``"with"`` the genre, ``"without"`` it, or was ``"added"``.
    genre : str
    note : str, default=""
        How the projection was made.
    title : str, optional
        The message; by default the most rows that a sampler adds.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If points and kinds do not fit, or a kind is another word.

    Examples
    --------
    >>> resampled_rows({"SMOTE": ([[0, 0], [2, 2], [1, 1]], ["with", "with", "added"])}, "War").alt
    'Rows that teach War: SMOTE 2 with it, 1 added, 0 without it.'
    """
    canvas, axes = base.panels(len(panels), 2, 1.95, sharex=True, sharey=True)
    parts, most = [], 0
    for ax, (name, (points, kinds)) in zip(axes, panels.items(), strict=True):
        points, kinds = np.asarray(points, dtype=float), np.asarray(kinds, dtype=str)
        if points.shape != (len(kinds), 2) or not set(kinds) <= set(KINDS):
            raise ValueError(
                f"{name!r}: points of shape {points.shape} for {len(kinds)} rows of the kinds "
                f"{sorted(set(kinds.tolist()))}; expected (n, 2), and the kinds {sorted(KINDS)}."
            )
        for kind, (colour, size, marker) in KINDS.items():
            ax.scatter(*points[kinds == kind].T, s=size, color=colour, marker=marker, linewidth=0)
        n = {kind: int((kinds == kind).sum()) for kind in KINDS}
        ax.set_title(f"{name}\n{n['with']} + {n['added']} with, {n['without']} without", fontsize=9)
        ax.set(xticks=[], yticks=[])
        ax.spines["bottom"].set_visible(False)
        parts.append(f"{name} {n['with']} with it, {n['added']} added, {n['without']} without it")
        most = max(most, n["added"])
    message = f"{genre}: a sampler adds up to {most:,} rows"
    note = f"Vermilion: films with {genre}. Green: rows added. Grey: films without. {note}"
    alt = f"Rows that teach {genre}: {'; '.join(parts)}."
    return base.finish(canvas, title or message, alt, note)
