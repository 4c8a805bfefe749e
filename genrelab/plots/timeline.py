"""Figures of genres along a film: part by part, as a picture or to move along."""

import base64
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from genrelab.plots import figure as base
from genrelab.plots.explorer import FILES, Explorer

TEMPLATE = FILES / "timeline_explorer.html"
STEPS = 100  # scores between 0 and 1 that the page can tell apart
MOST_ROWS = 16
NAMED = 3  # genres that the alt text tells of


def along(scores: ArrayLike, label_names: Sequence[str], what: str = "scores") -> np.ndarray:
    """Return the scores of a film's parts, checked: shape (n_parts, L), from 0 to 1."""
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or 0 in scores.shape or scores.shape[1] != len(label_names):
        raise ValueError(
            f"{what} has shape {scores.shape}; expected (parts, {len(label_names)}), at least one "
            "part and one column a genre."
        )
    if not ((scores >= 0) & (scores <= 1)).all():
        part, genre = np.argwhere(~((scores >= 0) & (scores <= 1)))[0]
        raise ValueError(
            f"{what} holds {scores[part, genre]:g} in part {part}, genre {label_names[genre]!r}; "
            "expected probabilities between 0 and 1."
        )
    return scores


def place(part: int, n_parts: int) -> str:
    """Return where a part lies in the script: ``'25–50 %'``; halves are rounded up."""
    start, stop = (int(100 * edge / n_parts + 0.5) for edge in (part, part + 1))
    return f"{start}–{stop} %"


@base.styled
def genre_timeline(
    scores: ArrayLike,
    label_names: Sequence[str],
    *,
    marked: Sequence[str] = (),
    title: str | None = None,
) -> base.Figure:
    """Draw the genre scores of a film, part by part: one row a genre, the loudest on top.

    All rows have the same height, from 0 to 1. A dot marks each row's highest part.

    Parameters
    ----------
    scores : array-like of shape (n_parts, L)
        Probabilities of equal parts of the script, in order.
    label_names : sequence of str, length L
        Genre names.
    marked : sequence of str, default=()
        Genres to set off in bold and full colour, such as the film's own or the predicted ones;
        by default all have full colour.
    title : str, optional
        The message; by default the highest score and its place.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If shapes do not fit, a score is no probability, or a marked genre is unknown.

    Examples
    --------
    >>> genre_timeline([[0.2, 0.1], [0.9, 0.3]], ["Horror", "War"]).alt
    'Genre scores in 2 parts of the script. Horror: mean 0.55, highest 0.90 at 50–100 %; War: mean \
0.20, highest 0.30 at 50–100 %.'
    """
    names = list(map(str, label_names))
    scores = along(scores, names)
    strangers = sorted(set(marked) - set(names))
    if strangers:
        raise ValueError(f"marked genre {strangers[0]!r} is none of {names}.")
    n_parts = len(scores)
    order = np.argsort(-scores.mean(axis=0), kind="stable")[:MOST_ROWS]
    edges = np.linspace(0, 100, n_parts + 1)
    canvas, ax = base.panel(1.5 + 0.33 * len(order))
    for row, genre in enumerate(order):
        line, strong = scores[:, genre], not marked or names[genre] in marked
        colour = base.SERIES[0] if strong else base.PALETTE["faint"]
        # 0.85 of a row's height, so that a full score does not touch the row above
        ax.stairs(row - 0.85 * line, edges, baseline=row, fill=True, color=colour, alpha=0.85)
        ax.axhline(row, color=base.PALETTE["grid"], lw=0.8, zorder=0)
        peak = int(line.argmax())
        x, y = (edges[peak] + edges[peak + 1]) / 2, row - 0.85 * line[peak]
        ax.plot(x, y, "o", color=base.PALETTE["ink"], markersize=3.5, zorder=3)
        value = f"{line[peak]:.2f}"
        base.write(ax, value, 102, row - 0.25, 0.1)
    ax.set_yticks(np.arange(len(order)) - 0.25, [names[genre] for genre in order])
    for tick in ax.get_yticklabels():
        tick.set_fontweight("bold" if tick.get_text() in marked else "normal")
    ax.set(xlim=(0, 100), ylim=(len(order) - 0.9, -1.1), xlabel="place in the script, per cent")
    ax.grid(visible=False, axis="y")
    said = []
    for genre in order[:NAMED]:
        line = scores[:, genre]
        where = place(int(line.argmax()), n_parts)
        said.append(f"{names[genre]}: mean {line.mean():.2f}, highest {line.max():.2f} at {where}")
    part, genre = np.unravel_index(scores.argmax(), scores.shape)
    message = f"{names[genre]} is loudest at {place(int(part), n_parts)} of the script"
    note = "Height: score from 0 to 1, the same for all rows. Dot and number: the highest part."
    if len(order) < len(names):
        note = f"The {len(order)} highest of {len(names)} genres. {note}"
    parts = f"{n_parts} parts" if n_parts > 1 else "one part"
    alt = f"Genre scores in {parts} of the script. {'; '.join(said)}."
    return base.finish(canvas, title or message, alt, note)


@base.styled
def place_bands(
    places: Mapping[str, pd.DataFrame], *, ylabel: str, level: float = 0, title: str | None = None
) -> base.Figure:
    """Draw a mean along the script with its band, one small panel each, all on one scale.

    Parameters
    ----------
    places : mapping of str to DataFrame of shape (parts, 3)
        Columns ``mean, low, high``; rows are equal parts of the script, in order.
    ylabel : str
        What is averaged.
    level : float, default=0
        Where a line is drawn to compare with.
    title : str, optional
        The message; by default the highest mean and its place.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there is no panel, or a column is missing or holds no finite number.

    Examples
    --------
    >>> frame = pd.DataFrame({"mean": [-0.1, 0.2], "low": [-0.2, 0.1], "high": [0, 0.3]})
    >>> place_bands({"Horror": frame}, ylabel="score").alt
    'score along the script, with a band: Horror highest at 50–100 %, 0.20 (0.10 to 0.30).'
    """
    if not places:
        raise ValueError("places holds no panel; expected at least one.")
    frames = {
        name: base.table(frame, f"panel {name!r}", ["mean", "low", "high"])
        for name, frame in places.items()
    }
    columns = min(3, len(frames))
    height = 1.05 if columns == 3 else 2.4
    canvas, axes = base.panels(len(frames), columns, height, sharex=True, sharey=True)
    peaks = {}
    for ax, (name, frame) in zip(axes, frames.items(), strict=True):
        n_parts = len(frame)
        centres = 100 * (np.arange(n_parts) + 0.5) / n_parts
        ax.axhline(level, color=base.PALETTE["muted"], lw=0.8, ls="--")
        ax.fill_between(centres, frame["low"], frame["high"], color=base.SERIES[0], alpha=0.25)
        ax.plot(centres, frame["mean"], color=base.SERIES[0], lw=1.8)
        ax.set(xlim=(0, 100), xticks=(0, 50, 100))
        ax.set_title(str(name), loc="left", fontsize=9.5, fontweight="bold", pad=3)
        peak = int(frame["mean"].argmax())
        mean, low, high = frame.iloc[peak]
        peaks[name] = (mean, f"{place(peak, n_parts)}, {mean:.2f} ({low:.2f} to {high:.2f})")
    canvas.supylabel(ylabel, fontsize=9.5, color=base.PALETTE["muted"])
    said = base.listing([f"{name} highest at {text}" for name, (_, text) in peaks.items()])
    top = max(peaks, key=lambda name: peaks[name][0])
    message = f"{top} is highest at {peaks[top][1].partition(',')[0]} of the script"
    alt = f"{ylabel} along the script, with a band: {said}."
    return base.finish(canvas, title or message, alt, "Across: place in the script, per cent.")


def timeline_explorer(
    scores: Sequence[ArrayLike],
    Y: ArrayLike,
    label_names: Sequence[str],
    titles: Sequence[str],
    *,
    first: int = 0,
    title: str | None = None,
) -> Explorer:
    """Let the reader choose a film and move along it, by mouse, finger or arrow keys.

    The page holds titles and scores, rounded to hundredths, and loads nothing.

    Parameters
    ----------
    scores : sequence of n arrays of shape (parts, L)
        Probabilities of equal parts of each script, by a model that has not seen the film.
    Y : array-like of shape (n, L)
        0/1 labels: a film's own genres are set off.
    label_names : sequence of str, length L
        Genre names.
    titles : sequence of str, length n
        Film titles.
    first : int, default=0
        The film to begin with; also that of the still picture.
    title : str, optional
        The message of the still picture.

    Returns
    -------
    Explorer

    Raises
    ------
    ValueError
        If shapes or lengths differ, or a score is no probability.

    Examples
    --------
    >>> made = timeline_explorer([[[0.1, 0.9], [0.2, 0.8]]], [[0, 1]], ["War", "Drama"], ["A"])
    >>> list(base64.b64decode(made.data["scores"][0])), made.data["labels"]
    ([10, 90, 20, 80], [[1]])
    """
    Y, names = base.label_matrix(Y, label_names)
    titles = list(map(str, titles))
    if not len(scores) == len(titles) == len(Y):
        raise ValueError(
            f"{len(scores)} films have scores, {len(titles)} titles and {len(Y)} labels; expected "
            "the same number."
        )
    films = [along(of_film, names, f"film {titles[row]!r}") for row, of_film in enumerate(scores)]
    marked = [name for name, own in zip(names, Y[first], strict=True) if own]
    message = title or f"{titles[first]}, part by part"
    still = genre_timeline(films[first], names, marked=marked, title=message)
    packed = [np.rint(STEPS * film).astype(np.uint8).tobytes() for film in films]
    data = {
        "genres": list(names),
        "titles": titles,
        "scores": [base64.b64encode(film).decode("ascii") for film in packed],
        "labels": [np.flatnonzero(row).tolist() for row in Y],
        "first": int(first),
    }
    return Explorer(still, data, TEMPLATE)
