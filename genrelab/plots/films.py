"""Figures of what there is to read: genres, lengths, words, two opinions on one film."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from numpy.typing import ArrayLike

from genrelab.plots import figure as base


@base.styled
def genre_counts(
    Y: ArrayLike, names: Sequence[str], *, unit: str = "films", title: str | None = None
) -> base.Figure:
    """Draw how many rows carry each genre, the most frequent on top.

    Parameters
    ----------
    Y : array-like of shape (n, L)
        0/1 labels.
    names : sequence of str, length L
        Genre names.
    unit : str, default="films"
        What a row is.
    title : str, optional
        The message; by default the most and the least frequent genre.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If ``Y`` is no 0/1 matrix or ``names`` does not fit it.

    Examples
    --------
    >>> genre_counts([[1, 0], [1, 1], [1, 0]], ["Drama", "Western"]).alt
    'Number of 3 films that carry each genre: Drama 3 (100 %) and Western 1 (33 %).'
    """
    Y, names = base.label_matrix(Y, names)
    order = np.argsort(-Y.sum(axis=0), kind="stable")
    names = [names[i] for i in order]
    counts, share = Y.sum(axis=0)[order], Y.mean(axis=0)[order]
    parts = [f"{count:,} ({base.percent(p)})" for count, p in zip(counts, share, strict=True)]
    colours = base.support_colours(share, len(names))
    canvas, ax = base.panel(0.9 + 0.27 * len(names))
    ax.barh(range(len(names)), counts, color=colours, height=0.72)
    for row, part in enumerate(parts):
        base.write(ax, part, counts[row], row, dx=4)
    base.rows_axis(ax, names)
    ax.set_xlim(0, 1.22 * max(counts.max(), 1))
    ax.set_xlabel(unit)
    base.support_key(ax, colours, unit)
    first, last = base.percent(share[0]), base.percent(share[-1])
    message = f"{names[0]} is in {first} of {unit}, {names[-1]} in {last}"
    said = base.listing([f"{name} {part}" for name, part in zip(names, parts, strict=True)])
    alt = f"Number of {len(Y):,} {unit} that carry each genre: {said}."
    return base.finish(canvas, title or message, alt)


@base.styled
def cardinality(Y: ArrayLike, *, unit: str = "films", title: str | None = None) -> base.Figure:
    """Draw how many genres a row carries (its label cardinality).

    Parameters
    ----------
    Y : array-like of shape (n, L)
        0/1 labels.
    unit : str, default="films"
        What a row is.
    title : str, optional
        The message; by default the mean.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If ``Y`` is no 0/1 matrix.

    Examples
    --------
    >>> cardinality([[1, 0], [1, 1], [1, 0]]).alt
    'Of 3 films, 2 have 1 genre and 1 has 2 genres; the mean is 1.33.'
    """
    Y, _ = base.label_matrix(Y)
    sizes, counts = np.unique(Y.sum(axis=1), return_counts=True)
    mean = Y.sum(axis=1).mean()
    canvas, ax = base.panel(3.1)
    ax.bar(sizes, counts, color=base.PALETTE["high"], width=0.72)
    for size, count in zip(sizes, counts, strict=True):
        base.write(ax, f"{count:,}", size, count, dy=7)
    ax.set_xticks(np.arange(sizes.min(), sizes.max() + 1))
    ax.grid(visible=False, axis="x")
    ax.set(xlabel=f"genres a row carries (mean {mean:.2f})", ylabel=unit)
    ax.margins(y=0.12)
    parts = [
        f"{c:,} {'has' if c == 1 else 'have'} {s} genre{'' if s == 1 else 's'}"
        for s, c in zip(sizes, counts, strict=True)
    ]
    alt = f"Of {len(Y):,} {unit}, {base.listing(parts)}; the mean is {mean:.2f}."
    message = f"{unit.capitalize()} carry {mean:.2f} genres on average"
    return base.finish(canvas, title or message, alt)


@base.styled
def lengths(
    n_words: Mapping[str, ArrayLike],
    *,
    window: float | None = None,
    title: str | None = None,
) -> base.Figure:
    """Draw how long texts are, kind by kind, on a logarithmic scale.

    Parameters
    ----------
    n_words : mapping of str to array-like of shape (n,)
        Lengths in words of each kind of text; at least 1 each.
    window : float, optional
        Words that one window of the encoder holds; drawn as a line.
    title : str, optional
        The message; by default the medians of the shortest and the longest kind.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a kind has no length, or one below 1.

    Examples
    --------
    >>> lengths({"loglines": [20, 30, 40], "scripts": [20_000, 25_000]}).alt
    'Median length in words: loglines 30 (20 to 40, n = 3) and scripts 22,500 (20,000 to 25,000, \
n = 2).'
    """
    if not n_words:
        raise ValueError("n_words is empty; expected at least one kind of text.")
    kinds = {name: np.asarray(values, dtype=float) for name, values in n_words.items()}
    for name, values in kinds.items():
        if values.ndim != 1 or not len(values) or not (values >= 1).all():
            raise ValueError(
                f"lengths of {name!r} have shape {values.shape}"
                + (f" and minimum {values.min():g}" if values.size else "")
                + "; expected one number of words a text, at least 1. Drop empty texts."
            )
    long = pd.concat(pd.DataFrame({"words": v, "kind": k}) for k, v in kinds.items())
    canvas, ax = base.panel(1.4 + 0.62 * len(kinds))
    sns.violinplot(
        long,
        x="words",
        y="kind",
        order=list(kinds),
        log_scale=True,
        cut=0,
        inner=None,
        color=base.PALETTE["high"],
        alpha=0.45,
        linewidth=0,
        density_norm="width",
        ax=ax,
    )
    medians = {name: float(np.median(values)) for name, values in kinds.items()}
    for row, median in enumerate(medians.values()):
        ax.plot(median, row, "o", color=base.PALETTE["ink"], markersize=5)
        base.write(ax, f"{median:,.0f}", median, row, dy=11, fontweight="bold")
    base.log_axis(ax)
    base.rows_axis(ax, list(kinds))
    if window is not None:
        ax.axvline(window, color=base.PALETTE["ink"], linestyle="--", linewidth=1.5)
        base.write(ax, f"one window: {window:,.0f} words", window, -0.5, dx=4)
    ax.set(xlabel="words (logarithmic scale; dot: median)", ylabel="")
    short, long_kind = min(medians, key=medians.get), max(medians, key=medians.get)
    message = (
        f"Half of the {long_kind} are longer than {medians[long_kind]:,.0f} words, "
        f"of the {short} than {medians[short]:,.0f}"
    )
    parts = [
        f"{k} {medians[k]:,.0f} ({v.min():,.0f} to {v.max():,.0f}, n = {len(v):,})"
        for k, v in kinds.items()
    ]
    alt = f"Median length in words: {base.listing(parts)}."
    if window is not None:
        alt += f" One window of the encoder holds {window:,.0f} words."
    return base.finish(canvas, title or message, alt)


@base.styled
def word_weights(
    words: pd.DataFrame, *, share: ArrayLike | None = None, title: str | None = None
) -> base.Figure:
    """Draw the words that speak most for each genre.

    Parameters
    ----------
    words : DataFrame
        One row a genre and word, with columns ``genre``, ``word`` and ``weight``.
    share : array-like of shape (L,), optional
        Share of rows with each genre, in the order in which genres appear in ``words``; colours
        the genres by support.
    title : str, optional
        The message; by default the heaviest word of all.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing, or a weight is no finite number.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"genre": ["War", "War"], "word": ["sergeant", "tank"], "weight": [2.0, 1.5]}
    ... )
    >>> word_weights(frame).alt
    'Words with the largest weights: War: sergeant 2.00, tank 1.50.'
    """
    frame = pd.DataFrame(words)
    weights = base.table(frame, "words", ["weight"])["weight"]
    missing = {"genre", "word"} - set(frame.columns)
    if missing:
        raise ValueError(f"words has columns {list(frame.columns)}; expected also {missing}.")
    frame = frame.assign(weight=weights)
    genres = list(dict.fromkeys(frame["genre"]))
    colours = base.support_colours(share, len(genres))
    most = frame.groupby("genre").size().max()
    canvas, axes = base.panels(len(genres), 3, 0.45 + 0.19 * most, sharex=True)
    parts = []
    for ax, genre, colour in zip(axes, genres, colours, strict=True):
        chosen = frame[frame["genre"] == genre].sort_values("weight", ascending=False)
        ax.barh(range(len(chosen)), chosen["weight"], color=colour, height=0.7)
        base.rows_axis(ax, list(chosen["word"]))
        ax.set_ylim(most - 0.4, -0.6)
        ax.tick_params(axis="y", labelsize=8.5, pad=1)
        ax.set_xticks([])
        ax.set_title(genre, loc="left", fontsize=9.5, fontweight="bold", color=colour)
        pairs = zip(chosen["word"], chosen["weight"], strict=True)
        parts.append(f"{genre}: " + ", ".join(f"{word} {weight:.2f}" for word, weight in pairs))
    top = frame.loc[frame["weight"].idxmax()]
    alt = f"Words with the largest weights: {'; '.join(parts)}."
    message = f"The heaviest word of all: \u201c{top['word']}\u201d, for {top['genre']}"
    return base.finish(canvas, title or message, alt, "Bars: weights, on one scale for all genres.")


@base.styled
def embedding_map(
    points: ArrayLike, groups: Sequence[str], *, note: str = "", title: str | None = None
) -> base.Figure:
    """Draw texts as points on a plane, one colour a group.

    Parameters
    ----------
    points : array-like of shape (n, 2)
        Coordinates, from a projection that the caller names in ``note``.
    groups : sequence of str, length n
        Group of each point, at most six; points of the group ``"other"`` are grey.
    note : str, default=""
        How the projection was made.
    title : str, optional
        The message; by default the sizes of the groups.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If ``points`` is no finite (n, 2) array, or there are more than six groups.

    Examples
    --------
    >>> embedding_map([[0, 0], [1, 1], [4, 4]], ["comedy", "comedy", "tragedy"]).alt
    '3 texts on a plane: comedy (2) around (0.5, 0.5) and tragedy (1) around (4.0, 4.0).'
    """
    points, groups = np.asarray(points, dtype=float), np.asarray(groups, dtype=str)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError(f"points has shape {points.shape}; expected (n, 2) finite numbers.")
    if groups.shape != (len(points),):
        raise ValueError(f"groups has shape {groups.shape}; expected {points.shape[:1]}.")
    found, counts = np.unique(groups, return_counts=True)
    names = sorted((name for name in found if name != "other"), key=lambda n: -counts[found == n])
    if len(names) > len(base.SERIES):
        raise ValueError(
            f"{len(names)} groups; expected at most {len(base.SERIES)}, which colours can tell "
            'apart. Name the rest "other".'
        )
    canvas, ax = base.panel(4.4)
    parts, size = [], max(8, min(40, 6000 / len(points)))
    for name, colour in [("other", base.PALETTE["faint"]), *zip(names, base.SERIES, strict=False)]:
        mine = points[groups == name]
        if len(mine):
            ax.scatter(*mine.T, s=size, color=colour, alpha=0.75, linewidth=0)
            x, y = np.median(mine, axis=0)
            parts.append(f"{name} ({len(mine):,}) around ({x:z.1f}, {y:z.1f})")
            base.write(ax, name, x, y, fontweight="bold")
    ax.set(xticks=[], yticks=[])
    ax.spines["bottom"].set_visible(False)
    alt = f"{len(points):,} texts on a plane: {base.listing(parts)}."
    return base.finish(canvas, title or f"{len(points):,} texts on a plane", alt, note)


@base.styled
def agreement(
    measures: pd.DataFrame | pd.Series,
    *,
    share: ArrayLike | None = None,
    measure: str = "agreement",
    title: str | None = None,
) -> base.Figure:
    """Draw how far two labelings of the same rows agree, genre by genre.

    Parameters
    ----------
    measures : DataFrame or Series indexed by genre
        One column a measure (Cohen's kappa, F1 of one human against the other, F1 of a model …).
    share : array-like of shape (L,), optional
        Share of rows with each genre; colours the genres by support.
    measure : str, default="agreement"
        Name of the axis.
    title : str, optional
        The message; by default the mean and the genre with least agreement.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a cell is no finite number or ``share`` does not fit.

    Examples
    --------
    >>> agreement(pd.Series({"Drama": 0.7, "Mystery": 0.5}, name="kappa")).alt
    'kappa: mean 0.60; Drama 0.70 and Mystery 0.50.'
    """
    if isinstance(measures, pd.Series):
        measures = measures.to_frame(measures.name or measure)
    frame = base.table(measures, "measures")
    canvas, ax = base.panel(1.1 + 0.3 * len(frame))
    base.dots_a_genre(ax, frame, base.support_colours(share, len(frame)))
    ax.set_xlabel(measure)
    first = frame.iloc[:, 0]
    message = f"{frame.columns[0]}: {first.mean():.2f} on average, {first.min():.2f} for "
    alt = "; ".join(
        f"{name}: mean {column.mean():.2f}; "
        + base.listing([f"{genre} {value:.2f}" for genre, value in column.items()])
        for name, column in frame.items()
    )
    return base.finish(canvas, title or message + str(first.idxmin()), alt + ".")
