"""Figures of memory: what is held while work runs, or at most, size by size."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.ticker import FuncFormatter, NullFormatter

from genrelab.plots import figure as base

# More points than these are a trace in time: steps, without a marker each.
MOST_MARKERS = 12


@base.styled
def memory_lines(
    lines: Mapping[str, pd.Series],
    *,
    xlabel: str,
    log: bool = False,
    title: str | None = None,
) -> base.Figure:
    """Draw memory along a size or along time, one line a way of working.

    Parameters
    ----------
    lines : mapping of str to Series
        MiB, indexed by sizes or moments, as numbers; at most six ways. Long series are drawn as
        steps.
    xlabel : str
        What the index is.
    log : bool, default=False
        Make both axes logarithmic; a line that grows with the size then has slope 1.
    title : str, optional
        The message; by default the first way's first and last value.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are too many lines, a line is empty, or holds no finite number somewhere, or none
        above 0 for logarithmic axes.

    Examples
    --------
    >>> memory_lines({"naive": pd.Series([10, 40], index=[1, 4])}, xlabel="windows").alt
    'Memory by windows: naive from 10 MiB at 1 to 40 MiB at 4, at most 40 MiB.'
    """
    if not 1 <= len(lines) <= len(base.SERIES):
        raise ValueError(f"{len(lines)} lines; expected 1 to {len(base.SERIES)}.")
    canvas, ax = base.panel(3.8)
    if log:
        base.log_axis(ax)
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    parts = []
    for (name, line), colour, marker in zip(lines.items(), base.SERIES, base.MARKERS, strict=False):
        held = base.table(pd.DataFrame({"MiB": line}), f"line {name!r}")["MiB"]
        if log and held.min() <= 0:
            raise ValueError(
                f"line {name!r} holds {held.min():g} MiB; expected above 0 for logarithmic axes. "
                "Pass log=False."
            )
        look = {"marker": marker} if len(held) <= MOST_MARKERS else {"drawstyle": "steps-post"}
        ax.plot(held.index, held, color=colour, lw=2, **look)
        near_top = held.index[held >= 0.97 * held.max()][-1]
        base.write(ax, str(name), near_top, held.max(), -1, 9)
        if log:
            ax.set_xticks(held.index)
        parts.append(
            f"{name} from {held.iloc[0]:,.0f} MiB at {held.index[0]:,g} to "
            f"{held.iloc[-1]:,.0f} MiB at {held.index[-1]:,g}, at most {held.max():,.0f} MiB"
        )
    ax.set(xlabel=xlabel, ylabel="MiB")
    message = f"Memory of {parts[0].split(', at most')[0]}"
    return base.finish(canvas, title or message, f"Memory by {xlabel}: {base.listing(parts)}.")
