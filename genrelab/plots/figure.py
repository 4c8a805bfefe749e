"""What every figure shares: one style, one palette, checked input and alt text."""

import base64
import functools
import html
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ParamSpec

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike
from PIL import Image

PALETTE: Mapping[str, str] = MappingProxyType(
    {
        "high": "#0072B2",  # genres with support
        "low": "#D55E00",  # genres in fewer than LOW_SUPPORT of the rows
        "ink": "#2B2B2B",
        "muted": "#66625C",
        "faint": "#BDB8AF",
        "grid": "#E7E3DB",
        "paper": "#FCFBF8",
    }
)
# Okabe and Ito's colours less the two that mean support, so that a system is never taken for one.
SERIES = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#2B2B2B", "#8C6D1F")
MARKERS = ("o", "s", "D", "^", "v", "P")
LOW_SUPPORT = 0.10
SEQUENTIAL = LinearSegmentedColormap.from_list(
    "genrelab", [PALETTE["paper"], "#B9D6E8", PALETTE["high"], "#00324F"]
)
STYLE = sns.axes_style("whitegrid") | {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib: the same letters everywhere
    "font.size": 10,
    "axes.labelsize": 9.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 10,
    "legend.fontsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": PALETTE["faint"],
    "axes.labelcolor": PALETTE["muted"],
    "axes.facecolor": PALETTE["paper"],
    "figure.facecolor": PALETTE["paper"],
    "savefig.facecolor": PALETTE["paper"],
    "grid.color": PALETTE["grid"],
    "text.color": PALETTE["ink"],
    "xtick.color": PALETTE["muted"],
    "ytick.color": PALETTE["ink"],
}
WIDTH = 5.6  # inches: narrow, so that letters stay legible when a phone scales the picture down
CSS_PIXELS_PER_INCH = 115
HALO = (patheffects.withStroke(linewidth=2.5, foreground=PALETTE["paper"]),)

P = ParamSpec("P")


class Figure:
    """A finished picture with the sentence that says what it shows.

    Notebooks show it as an image with alt text. It belongs to no pyplot state, so nothing has to
    be closed.

    Parameters
    ----------
    canvas : matplotlib.figure.Figure
        The drawing.
    alt : str
        What the figure shows, with its numbers.

    Attributes
    ----------
    canvas : matplotlib.figure.Figure
    alt : str

    Examples
    --------
    >>> from genrelab import plots
    >>> figure = plots.cardinality([[1, 0], [1, 1]])
    >>> figure.alt.startswith("Of 2 films, 1 has 1 genre and 1 has 2")
    True
    >>> sorted(figure._repr_mimebundle_())
    ['text/html', 'text/plain']
    """

    def __init__(self, canvas: Canvas, alt: str) -> None:
        self.canvas = canvas
        self.alt = alt

    @functools.cached_property
    def png(self) -> bytes:
        """The picture as PNG, two device pixels a CSS pixel, at most 64 colours."""
        with matplotlib.rc_context(STYLE):
            agg = FigureCanvasAgg(self.canvas)
            self.canvas.set_dpi(2 * CSS_PIXELS_PER_INCH)
            agg.draw()
            pixels = np.asarray(agg.buffer_rgba())[..., :3]
        image = Image.fromarray(np.ascontiguousarray(pixels))
        # median cut, Pillow's default, drops a colour that only a few letters have
        packed = image.quantize(64, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        packed.save(buffer, "PNG", optimize=True)
        return buffer.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write the figure to ``path``.

        Parameters
        ----------
        path : str or Path
            A name that ends in ``.png``.

        Returns
        -------
        Path

        Raises
        ------
        ValueError
            If the name ends otherwise.
        """
        path = Path(path)
        if path.suffix != ".png":
            raise ValueError(f"cannot save a figure as {path.name!r}; expected a name in .png.")
        draft = path.with_name(path.name + ".part")
        draft.write_bytes(self.png)
        return draft.replace(path)

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> dict[str, str]:
        width = round(self.canvas.get_figwidth() * CSS_PIXELS_PER_INCH)
        data = base64.b64encode(self.png).decode("ascii")
        image = (
            f'<img class="genrelab-figure" alt="{html.escape(self.alt)}" width="{width}" '
            'style="max-width:100%;height:auto;border-radius:8px" '
            f'src="data:image/png;base64,{data}">'
        )
        return {"text/html": image, "text/plain": self.alt}

    def __repr__(self) -> str:
        return f"Figure({self.alt!r})"


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let ``draw`` run in the book's style, whatever the caller's matplotlib settings are."""

    @functools.wraps(draw)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return in_style


def panel(height: float) -> tuple[Canvas, Axes]:
    """Return a new drawing of ``height`` inches with one pair of axes."""
    canvas = Canvas(figsize=(WIDTH, height), layout="constrained")
    canvas.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
    return canvas, canvas.subplots()


def panels(n: int, columns: int, height: float, **share: bool) -> tuple[Canvas, list[Axes]]:
    """Return a new drawing with ``n`` small axes, ``height`` inches a row."""
    rows = -(-n // columns)
    canvas = Canvas(figsize=(WIDTH, rows * height + 0.8), layout="constrained")
    canvas.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    axes = list(canvas.subplots(rows, columns, squeeze=False, **share).flat)
    for spare in axes[n:]:
        spare.remove()
    return canvas, axes[:n]


def wrap(text: str, width: int) -> str:
    """Break ``text`` into as few lines as fit, of about the same length."""
    lines = len(textwrap.wrap(text, width))
    while width > 20 and len(textwrap.wrap(text, width - 1)) == lines:
        width -= 1
    return textwrap.fill(text, width)


def finish(canvas: Canvas, title: str, alt: str, note: str = "") -> Figure:
    """Put the message on top and the note below, and hand the figure over."""
    canvas.suptitle(wrap(title, 52), x=0.02, ha="left", fontsize=12, fontweight="bold")
    if note:
        canvas.supxlabel(wrap(note, 74), x=0.02, ha="left", fontsize=8.5, color=PALETTE["muted"])
    return Figure(canvas, alt)


def rows_axis(ax: Axes, names: Sequence[str], colours: Sequence[str] | None = None) -> None:
    """Name the rows of a horizontal chart, first on top; ``colours`` tell the support."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(visible=False, axis="y")
    if ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(6))
    for tick, colour in zip(ax.get_yticklabels(), colours or (), strict=False):
        tick.set_color(colour)


def key(ax: Axes, entries: Mapping[str, str], markers: Sequence[str] = MARKERS) -> None:
    """Say above the axes which colour and marker means what."""
    handles = [
        Line2D([], [], ls="", marker=marker, color=colour, label=name, markersize=7)
        for (name, colour), marker in zip(entries.items(), markers * len(entries), strict=False)
    ]
    columns = 3 if sum(map(len, entries)) <= 50 else 2
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        frameon=False,
        handletextpad=0.2,
        columnspacing=1.2,
        borderaxespad=0.2,
    )


def write(
    ax: Axes, text: str, x: float, y: float, dx: float = 0, dy: float = 0, **style: object
) -> None:
    """Write ``text`` at a point of the data, ``dx`` and ``dy`` typographic points from it."""
    ha = "left" if dx > 0 else "right" if dx < 0 else "center"
    place = {"xytext": (dx, dy), "textcoords": "offset points", "ha": ha, "va": "center"}
    ax.annotate(text, (x, y), fontsize=9, path_effects=HALO, annotation_clip=False, **place | style)


def support_key(ax: Axes, colours: Sequence[str], unit: str = "films") -> None:
    """Explain the two support colours, where a figure shows both."""
    if len(set(colours)) == 2:
        often = f"in {percent(LOW_SUPPORT)} of {unit} or more"
        key(ax, {often: PALETTE["high"], "in fewer": PALETTE["low"]}, ("s",))


def log_axis(ax: Axes) -> None:
    """Make the x axis logarithmic and write its numbers out, as in 1,000."""
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def dots_a_genre(ax: Axes, frame: pd.DataFrame, colours: Sequence[str]) -> None:
    """Draw one row a genre, one dot a column, and a line between a row's dots."""
    entries = dict(zip(map(str, frame.columns), SERIES, strict=False))
    if len(entries) < frame.shape[1]:
        raise ValueError(
            f"{frame.shape[1]} columns; expected at most {len(SERIES)}, with different names."
        )
    rows = range(len(frame))
    ax.hlines(rows, frame.min(axis=1), frame.max(axis=1), color=colours, lw=3, alpha=0.35)
    for (_, values), colour, marker in zip(frame.items(), SERIES, MARKERS, strict=False):
        ax.plot(values, rows, marker, color=colour, markersize=7.5, mec=PALETTE["paper"], mew=0.8)
    rows_axis(ax, list(map(str, frame.index)), colours)
    if len(entries) > 1:
        key(ax, entries)


def support_colours(share: ArrayLike | None, n: int) -> list[str]:
    """Return the colour of each label: fixed for high and for low support.

    Parameters
    ----------
    share : array-like of shape (n,) or None
        Share of rows that carry each label, between 0 and 1; None counts as high support.
    n : int
        Number of labels.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If ``share`` is not ``n`` numbers between 0 and 1.

    Examples
    --------
    >>> support_colours([0.54, 0.03], 2) == [PALETTE["high"], PALETTE["low"]]
    True
    """
    if share is None:
        return [PALETTE["high"]] * n
    share = np.asarray(share, dtype=float)
    if share.shape != (n,):
        raise ValueError(f"share has shape {share.shape}; expected ({n},), one number a label.")
    if not ((share >= 0) & (share <= 1)).all():
        raise ValueError(
            f"share holds {share.min():g} to {share.max():g}; expected shares of the rows "
            "between 0 and 1. Pass Y.mean(axis=0), not counts."
        )
    return [PALETTE["low" if value < LOW_SUPPORT else "high"] for value in share]


def label_matrix(
    Y: ArrayLike, names: Sequence[str] | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return ``Y`` as a 0/1 array (n, L) and the names of its columns, both checked."""
    Y = np.asarray(Y)
    if Y.ndim != 2 or 0 in Y.shape:
        raise ValueError(f"Y has shape {Y.shape}; expected (rows, labels), at least one of each.")
    if not np.isin(Y, (0, 1)).all():
        found = np.setdiff1d(Y, (0, 1))[:3].tolist()
        raise ValueError(f"Y holds {found}; expected 0 and 1 only. Pass labels, not scores.")
    names = tuple(map(str, range(Y.shape[1]) if names is None else names))
    if len(names) != Y.shape[1]:
        raise ValueError(f"{len(names)} names for {Y.shape[1]} columns of Y; expected one each.")
    return Y.astype(int), names


def table(data: pd.DataFrame | Mapping, what: str, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Return ``data`` as a frame of finite numbers that has ``columns``.

    Raises
    ------
    ValueError
        If the frame is empty, a column is missing, or a cell is no finite number; the message
        names the row and the column.
    """
    frame = pd.DataFrame(data)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(
            f"{what} has columns {list(frame.columns)}; expected also {missing}. "
            "Rename or add them."
        )
    if frame.empty:
        raise ValueError(f"{what} is empty; expected at least one row and one column.")
    frame = frame[list(columns)] if columns else frame
    numbers = frame.apply(pd.to_numeric, errors="coerce").astype(float)
    bad = np.argwhere(~np.isfinite(numbers.to_numpy()))
    if len(bad):
        row, column = bad[0]
        found = frame.astype(object).iat[row, column]
        raise ValueError(
            f"{what} holds {found!r} in row {frame.index[row]!r}, column "
            f"{frame.columns[column]!r}; expected a finite number ({len(bad)} such cells). "
            "Drop or fill them and say so."
        )
    return numbers


def spread(positions: ArrayLike, gap: float) -> np.ndarray:
    """Move positions apart, as little as it takes, until neighbours are ``gap`` from each other.

    Parameters
    ----------
    positions : array-like of shape (n,)
        Where the labels would like to stand.
    gap : float
        Smallest distance between two of them.

    Returns
    -------
    ndarray of shape (n,)
        In the order of the input.

    Examples
    --------
    >>> [round(float(place), 3) for place in spread([0.5, 0.5, 0.9], 0.1)]
    [0.45, 0.55, 0.9]
    """
    positions = np.asarray(positions, dtype=float)
    order = np.argsort(positions, kind="stable")
    blocks: list[list[float]] = []  # each block: sum of wishes less offsets, size
    for wish in positions[order]:
        blocks.append([wish, 1])
        while len(blocks) > 1:
            (before, n), (after, m) = blocks[-2:]
            if after / m >= before / n + n * gap:
                break
            # least squares: two blocks that touch move as one, around their common mean
            blocks[-2:] = [[before + after - m * n * gap, n + m]]
    placed = [total / n + i * gap for total, n in blocks for i in range(int(n))]
    return np.array(placed)[np.argsort(order, kind="stable")]


def percent(share: float) -> str:
    """Return a share as a reader's percentage: ``'54 %'``, ``'0.4 %'``."""
    return f"{100 * share:.1f} %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def listing(parts: Sequence[str]) -> str:
    """Join phrases as a sentence does: ``'a, b and c'``."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
