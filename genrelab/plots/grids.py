"""Figures that are a grid of numbers: pairs of genres, confusions, any table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from genrelab.plots import figure as base


def draw_grid(
    ax: Axes,
    values: pd.DataFrame,
    *,
    fmt: str,
    annotations: pd.DataFrame | None = None,
    centre: float | None = None,
) -> None:
    """Draw ``values`` as coloured cells with their numbers; NaN cells stay blank."""
    sns.heatmap(
        values,
        ax=ax,
        cmap=base.SEQUENTIAL if centre is None else "vlag",
        center=centre,
        annot=values if annotations is None else annotations,
        fmt=fmt,
        annot_kws={"fontsize": 8 if values.shape[1] <= 14 else 6.5},
        linewidths=1,
        linecolor=base.PALETTE["paper"],
        cbar=False,
    )
    ax.set(xlabel="", ylabel="")
    ax.tick_params(length=0)
    ax.grid(visible=False)
    if values.shape[1] > 4 and max(len(str(name)) for name in values.columns) > 4:
        for tick in ax.get_xticklabels():
            tick.set(rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticklabels(ax.get_yticklabels(), rotation=0)


@base.styled
def co_occurrence(
    Y: ArrayLike, names: Sequence[str], *, unit: str = "films", title: str | None = None
) -> base.Figure:
    """Draw which genres go together: the share of each row's genre that also carries the column's.

    Parameters
    ----------
    Y : array-like of shape (n, L)
        0/1 labels, at least two columns.
    names : sequence of str, length L
        Genre names.
    unit : str, default="films"
        What a row of ``Y`` is.
    title : str, optional
        The message; by default the strongest pair.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If ``Y`` is no 0/1 matrix of two columns or more, or a genre has no row.

    Examples
    --------
    >>> print(co_occurrence([[1, 1], [1, 0]], ["Drama", "War"]).alt)
    Strongest pairs: 100 % of War is also Drama and 50 % of Drama is also War.
    """
    Y, names = base.label_matrix(Y, names)
    if len(names) < 2:
        raise ValueError(f"Y has one genre, {names[0]!r}; expected two or more to pair.")
    if not Y.any(axis=0).all():
        empty = [name for name, used in zip(names, Y.any(axis=0), strict=True) if not used]
        raise ValueError(f"no row carries {empty}; expected at least one each. Drop the column.")
    order = np.argsort(-Y.sum(axis=0), kind="stable")
    Y, names = Y[:, order], [names[i] for i in order]
    given = (Y.T @ Y) / Y.sum(axis=0)[:, None]  # (L, L): P(column | row)
    np.fill_diagonal(given, np.nan)
    canvas, ax = base.panel(1.5 + 0.28 * len(names))
    draw_grid(ax, pd.DataFrame(100 * given, names, names), fmt=".0f")
    colours = base.support_colours(Y.mean(axis=0), len(names))
    for ticks in (ax.get_yticklabels(), ax.get_xticklabels()):
        for tick, colour in zip(ticks, colours, strict=True):
            tick.set_color(colour)
    pairs = np.argsort(-np.nan_to_num(given, nan=-1).ravel(), kind="stable")
    pairs = pairs[: min(4, len(names) * (len(names) - 1))]
    parts = [
        f"{base.percent(given.flat[k])} of {names[k // len(names)]} is also {names[k % len(names)]}"
        for k in pairs
    ]
    note = f"Read a row: of the {unit} in this genre, per cent that also carry the column's genre."
    return base.finish(canvas, title or parts[0], f"Strongest pairs: {base.listing(parts)}.", note)


@base.styled
def heatmap(
    values: pd.DataFrame,
    *,
    fmt: str = ".2f",
    centre: float | None = None,
    note: str = "",
    title: str | None = None,
) -> base.Figure:
    """Draw a table of numbers as a heat map.

    Parameters
    ----------
    values : DataFrame of shape (rows, columns)
        Finite numbers.
    fmt : str, default=".2f"
        Format of a cell's number.
    centre : float, optional
        Value in the middle of a two-sided colour scale (0 for differences); by default the scale
        is one-sided.
    note : str, default=""
        A line below the figure.
    title : str, optional
        The message; by default the highest cell.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a cell is no finite number.

    Examples
    --------
    >>> frame = pd.DataFrame({"mean": [0.61, 0.58]}, index=["512", "128"])
    >>> heatmap(frame).alt
    'Highest: 512, mean at 0.61; lowest: 128, mean at 0.58; 2 rows by 1 columns.'
    """
    values = base.table(values, "values")
    ends = {}
    for name, flat in (("high", values.to_numpy().argmax()), ("low", values.to_numpy().argmin())):
        row, column = divmod(int(flat), values.shape[1])
        cell = format(values.iat[row, column], fmt)
        ends[name] = f"{values.index[row]}, {values.columns[column]} at {cell}"
    canvas, ax = base.panel(1.4 + 0.3 * len(values))
    draw_grid(ax, values, fmt=fmt, centre=centre)
    alt = (
        f"Highest: {ends['high']}; lowest: {ends['low']}; "
        f"{len(values)} rows by {values.shape[1]} columns."
    )
    return base.finish(canvas, title or f"Highest: {ends['high']}", alt, note)


@base.styled
def confusion(matrix: pd.DataFrame, *, title: str | None = None) -> base.Figure:
    """Draw a confusion matrix: counts in the cells, shares of the true class as colour.

    Parameters
    ----------
    matrix : DataFrame of shape (L, L)
        Counts; true classes as rows, predicted ones as columns, in one order.
    title : str, optional
        The message; by default the accuracy.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If rows and columns differ, or a class has no row.

    Examples
    --------
    >>> names = ["comedy", "tragedy"]
    >>> confusion(pd.DataFrame([[9, 1], [4, 6]], names, names)).alt
    '15 of 20 on the diagonal (75 %). Most frequent error: 4 of 10 tragedy taken for comedy.'
    """
    matrix = base.table(matrix, "matrix")
    if list(matrix.index) != list(matrix.columns):
        raise ValueError(
            f"matrix has rows {list(matrix.index)} and columns {list(matrix.columns)}; "
            "expected the same classes in the same order."
        )
    totals = matrix.sum(axis=1)
    if (totals == 0).any():
        raise ValueError(f"no row is of class {list(totals.index[totals == 0])}; drop the class.")
    counts = matrix.to_numpy()
    right, n = np.trace(counts), counts.sum()
    errors = counts - np.diag(np.diag(counts))
    true, taken = divmod(int(errors.argmax()), len(matrix))
    canvas, ax = base.panel(1.9 + 0.32 * len(matrix))
    draw_grid(ax, matrix.div(totals, axis=0), fmt=".0f", annotations=matrix)
    ax.set(xlabel="predicted", ylabel="true")
    names = [str(name) for name in matrix.index]
    alt = f"{right:,.0f} of {n:,.0f} on the diagonal ({base.percent(right / n)})."
    if errors.any():
        alt += (
            f" Most frequent error: {errors.max():,.0f} of {totals.iloc[true]:,.0f} "
            f"{names[true]} taken for {names[taken]}."
        )
    message = f"{base.percent(right / n)} are right" + (
        f"; {names[true]} is most often taken for {names[taken]}" if errors.any() else ""
    )
    note = "Cells: counts. Colour: share of the true class."
    return base.finish(canvas, title or message, alt, note)
