"""Figures of scores along something: text read, rows seen, cost, predicted probability."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike
from sklearn.calibration import calibration_curve

from genrelab.plots import figure as base


def label_points(ax: Axes, x: ArrayLike, y: ArrayLike, names: Sequence[str]) -> None:
    """Name points directly, beside them on the roomier side, without two names overlapping."""
    ax.margins(x=0.12, y=0.15)
    ax.autoscale_view()
    to_axes = ax.transData + ax.transAxes.inverted()
    points = np.column_stack([x, y])
    places = to_axes.transform(points)  # (n, 2), each coordinate in 0..1
    lefts, heights = places[:, 0] > 0.6, places[:, 1].copy()
    for side in (lefts, ~lefts):
        heights[side] = base.spread(heights[side], 0.22 / ax.figure.get_figheight())
    for name, point, place, left, height in zip(names, points, places, lefts, heights, strict=True):
        place = (place[0] + (-0.025 if left else 0.025), height)
        side = {"xytext": place, "textcoords": "axes fraction", "ha": "right" if left else "left"}
        base.write(ax, name, *point, **side)


@base.styled
def reading_more(
    scores: pd.DataFrame,
    *,
    references: Mapping[str, float] | None = None,
    metric: str = "macro-F1",
    title: str | None = None,
) -> base.Figure:
    """Draw scores against the share of the text that the model reads.

    Parameters
    ----------
    scores : DataFrame indexed by way of reading
        Columns ``share`` (of the text, above 0 and at most 1) and ``score``; ``low`` and ``high``
        (lowest and highest fold) are drawn as lines where they are there.
    references : mapping of str to float, optional
        Scores to compare with, drawn as horizontal lines.
    metric : str, default="macro-F1"
        Name of the axis.
    title : str, optional
        The message; by default the scores of the least and the most that is read.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing, a cell is no finite number, or a share is not in (0, 1].

    Examples
    --------
    >>> frame = pd.DataFrame({"share": [0.01, 1], "score": [0.48, 0.61]}, ["head", "all"])
    >>> reading_more(frame, references={"TF-IDF": 0.65}).alt
    'macro-F1 by share of the text read: head (1 %) 0.480 and all (100 %) 0.610; for comparison \
TF-IDF 0.650.'
    """
    folds = ["low", "high"] if {"low", "high"} <= set(scores.columns) else []
    frame = base.table(scores, "scores", ["share", "score", *folds])
    if not frame["share"].between(0, 1, inclusive="right").all():
        raise ValueError(
            f"shares run from {frame['share'].min():g} to {frame['share'].max():g}; expected "
            "parts of the text above 0 and at most 1."
        )
    canvas, ax = base.panel(3.9)
    base.log_axis(ax)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: base.percent(share)))
    ax.plot(frame["share"], frame["score"], "o", color=base.SERIES[0], markersize=8)
    if folds:
        ax.vlines(frame["share"], frame["low"], frame["high"], color=base.SERIES[0], alpha=0.6)
    for name, value in (references or {}).items():
        ax.axhline(value, color=base.SERIES[1], lw=1.8, ls="--")
        place = ("axes fraction", "data")
        base.write(ax, f"{name} {value:.3f}", 0.01, value, 0.1, 6, xycoords=place)
    names = [f"{name} {score:.3f}" for name, score in frame["score"].items()]
    label_points(ax, frame["share"], frame["score"], names)
    ax.set(xlabel="share of the text read (logarithmic scale)", ylabel=metric)
    least, most = frame.sort_values(["share", "score"]).index[[0, -1]]
    message = (
        f"{metric} is {frame.loc[least, 'score']:.2f} with {least}, "
        f"{frame.loc[most, 'score']:.2f} with {most}"
    )
    parts = [f"{name} ({base.percent(r.share)}) {r.score:.3f}" for name, r in frame.iterrows()]
    alt = f"{metric} by share of the text read: {base.listing(parts)}"
    if references:
        alt += "; for comparison " + base.listing([f"{n} {v:.3f}" for n, v in references.items()])
    note = "Lines: lowest to highest fold, no confidence interval." if folds else ""
    return base.finish(canvas, title or message, alt + ".", note)


@base.styled
def quality_vs_cost(
    systems: pd.DataFrame,
    *,
    cost: str = "seconds",
    quality: str = "macro-F1",
    kind: str | None = None,
    named: Sequence[str] | None = None,
    title: str | None = None,
) -> base.Figure:
    """Draw what each system scores against what it costs; a line joins those that none beats.

    Parameters
    ----------
    systems : DataFrame indexed by system
        Columns named by ``cost`` (above 0) and ``quality``.
    cost : str, default="seconds"
        Column of the horizontal, logarithmic axis; lower is better.
    quality : str, default="macro-F1"
        Column of the vertical axis; higher is better.
    kind : str, optional
        Column that colours the systems, at most three kinds.
    named : sequence of str, optional
        Systems that get their names, in the figure and in its alt text; all when left out.
    title : str, optional
        The message; by default the best system and its cost.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing, a cell is no finite number, or a cost is not positive.

    Examples
    --------
    >>> frame = pd.DataFrame({"seconds": [5, 900], "macro-F1": [0.65, 0.61]}, ["TF-IDF", "MiniLM"])
    >>> quality_vs_cost(frame).alt
    'macro-F1 and seconds: TF-IDF 0.650 for 5 and MiniLM 0.610 for 900; not beaten at their cost: \
TF-IDF.'
    """
    frame = base.table(systems, "systems", [cost, quality])
    if (frame[cost] <= 0).any():
        raise ValueError(
            f"{cost} of {frame[cost].idxmin()!r} is {frame[cost].min():g}; expected above 0, "
            "for the logarithmic axis."
        )
    ordered = frame.sort_values([cost, quality], ascending=[True, False])
    front = ordered[ordered[quality] > ordered[quality].cummax().shift(fill_value=-np.inf)]
    canvas, ax = base.panel(4.0)
    base.log_axis(ax)
    ax.plot(front[cost], front[quality], color=base.PALETTE["faint"], lw=2, drawstyle="steps-post")
    if kind is None:
        ax.plot(frame[cost], frame[quality], "o", color=base.PALETTE["muted"], markersize=8)
        ax.plot(front[cost], front[quality], "o", color=base.SERIES[0], markersize=9)
    else:
        colours = dict(zip(systems[kind].unique(), base.SERIES, strict=False))
        for (of, colour), marker in zip(colours.items(), base.MARKERS, strict=False):
            part = frame[systems[kind] == of]
            ax.plot(part[cost], part[quality], marker, color=colour, markersize=6, alpha=0.7)
        base.key(ax, colours)
    shown = frame if named is None else frame.loc[list(named)]
    label_points(ax, shown[cost], shown[quality], list(map(str, shown.index)))
    ax.set(xlabel=f"{cost} (logarithmic scale)", ylabel=quality)
    best = frame[quality].idxmax()
    score, price = frame.loc[best, [quality, cost]]
    message = f"{best} is best ({quality} {score:.2f}) for {price:,g} {cost}"
    parts = [f"{name} {row[quality]:.3f} for {row[cost]:,g}" for name, row in shown.iterrows()]
    unbeaten = base.listing(list(map(str, front.index)))
    alt = f"{quality} and {cost}: {base.listing(parts)}; not beaten at their cost: {unbeaten}."
    if len(shown) < len(frame):
        alt = f"{len(frame)} systems, {len(shown)} of them named. {alt}"
    return base.finish(canvas, title or message, alt)


@base.styled
def learning_curve(
    curves: Mapping[str, pd.DataFrame],
    *,
    xlabel: str = "training rows",
    metric: str = "macro-F1",
    runs: str = "folds",
    title: str | None = None,
) -> base.Figure:
    """Draw mean scores along a size or a step, with a band from the lowest to the highest fold.

    Parameters
    ----------
    curves : mapping of system to DataFrame of shape (sizes, folds)
        Index: sizes or steps, as numbers; at most six systems.
    xlabel : str, default="training rows"
        What the index is.
    metric : str, default="macro-F1"
        Name of the axis.
    runs : str, default="folds"
        What the columns are: folds, draws, seeds.
    title : str, optional
        The message; by default the first system's first and last mean.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a curve is empty, holds no finite number somewhere, or there are too many systems.

    Examples
    --------
    >>> frame = pd.DataFrame([[0.4, 0.5], [0.6, 0.62]], index=[100, 800])
    >>> learning_curve({"TF-IDF": frame}).alt
    'macro-F1: TF-IDF from 0.450 at 100 training rows to 0.610 at 800 (mean of 2 folds).'
    """
    if not 1 <= len(curves) <= len(base.SERIES):
        raise ValueError(f"{len(curves)} curves; expected 1 to {len(base.SERIES)}.")
    frames = {name: base.table(curve, f"curve {name!r}") for name, curve in curves.items()}
    canvas, ax = base.panel(3.8)
    parts, ends = [], []
    looks = zip(base.SERIES, base.MARKERS, strict=True)
    for (name, frame), (colour, marker) in zip(frames.items(), looks, strict=False):
        frame = frame.sort_index()
        mean = frame.mean(axis=1)
        ax.fill_between(
            frame.index, frame.min(axis=1), frame.max(axis=1), color=colour, alpha=0.18, lw=0
        )
        ax.plot(frame.index, mean, color=colour, marker=marker, lw=2)
        ends.append((frame.index[-1], mean.iloc[-1]))
        parts.append(
            f"{name} from {mean.iloc[0]:.3f} at {frame.index[0]:,g} {xlabel} to "
            f"{mean.iloc[-1]:.3f} at {frame.index[-1]:,g} (mean of {frame.shape[1]} {runs})"
        )
    ax.set(xlabel=xlabel, ylabel=metric)
    low, high = ax.get_ylim()
    heights = base.spread([y for _, y in ends], 0.07 * (high - low))
    for name, (x, _), height in zip(frames, ends, heights, strict=True):
        base.write(ax, name, x, height, dx=8, fontweight="bold")
    message = f"{metric}: {parts[0].split(' (mean')[0]}"
    note = f"Line: mean of the {runs}. Band: from lowest to highest, no confidence interval."
    return base.finish(canvas, title or message, f"{metric}: {base.listing(parts)}.", note)


@base.styled
def lines(
    panels: Mapping[str, pd.DataFrame],
    *,
    xlabel: str,
    ylabel: str,
    diagonal: bool = False,
    title: str | None = None,
) -> base.Figure:
    """Draw functions of one number, such as losses of a probability, in panels side by side.

    Parameters
    ----------
    panels : mapping of str to DataFrame of shape (points, functions)
        Index: the number, rising; the same columns in each panel, at most six.
    xlabel, ylabel : str
        Names of the axes.
    diagonal : bool, default=False
        Draw the line on which both axes are equal.
    title : str, optional
        The message; by default the names of the axes.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there is no panel, a cell is no finite number, or columns differ or are too many.

    Examples
    --------
    >>> frame = pd.DataFrame({"BCE": [2.3, 0.1]}, index=[0.1, 0.9])
    >>> lines({"positive": frame}, xlabel="p", ylabel="loss").alt
    'loss from p 0.1 to 0.9. positive: BCE 2.30 to 0.10.'
    """
    frames = {name: base.table(panel, f"panel {name!r}") for name, panel in panels.items()}
    kinds = {tuple(map(str, frame.columns)) for frame in frames.values()}
    if len(kinds) != 1 or len(min(kinds)) > len(base.SERIES):
        raise ValueError(
            f"{len(frames)} panels with columns {sorted(kinds)}; expected at least one panel, and "
            f"the same columns in each, at most {len(base.SERIES)}."
        )
    canvas, axes = base.panels(len(frames), len(frames), 3.4, sharey=True)
    parts = []
    for ax, (name, frame) in zip(axes, frames.items(), strict=True):
        if diagonal:
            ax.axline((0, 0), slope=1, color=base.PALETTE["muted"], lw=1, ls="--")
        looks = zip(base.SERIES, ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))), strict=True)
        for column, (colour, dashes) in zip(frame, looks, strict=False):
            ax.plot(frame.index, frame[column], color=colour, ls=dashes, lw=2, label=column)
        ax.set(xlabel=xlabel)
        ax.set_title(name, fontsize=10, loc="left")
        said = [f"{c} {v.iloc[0]:.2f} to {v.iloc[-1]:.2f}" for c, v in frame.items()]
        parts.append(f"{name}: {base.listing(said)}.")
    axes[0].set_ylabel(ylabel)
    canvas.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=3, frameon=False
    )
    ends = f"{frame.index[0]:g} to {frame.index[-1]:g}"
    alt = f"{ylabel} from {xlabel} {ends}. {' '.join(parts)}"
    return base.finish(canvas, title or f"{ylabel} against {xlabel}", alt)


@base.styled
def reliability(
    predictions: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    bins: int = 10,
    title: str | None = None,
) -> base.Figure:
    """Draw how often a predicted probability comes true.

    Parameters
    ----------
    predictions : mapping of system to (y_true, y_score)
        0/1 outcomes and predicted probabilities of one shape; all labels are pooled. At most six
        systems.
    bins : int, default=10
        Bins with equally many predictions.
    title : str, optional
        The message; by default the expected calibration errors.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If shapes differ, or a score is no probability.

    Examples
    --------
    >>> truth, scores = [0, 0, 1, 1], [0.2, 0.2, 0.7, 0.7]
    >>> reliability({"LR": (truth, scores)}, bins=2).alt
    'Expected calibration error: LR 0.250; of predictions around 0.70, 100 % came true.'
    """
    if not 1 <= len(predictions) <= len(base.SERIES):
        raise ValueError(f"{len(predictions)} systems; expected 1 to {len(base.SERIES)}.")
    canvas, ax = base.panel(4.4)
    ax.plot([0, 1], [0, 1], color=base.PALETTE["muted"], lw=1, ls="--")
    parts, errors = [], {}
    for (name, (truth, score)), colour, marker in zip(
        predictions.items(), base.SERIES, base.MARKERS, strict=False
    ):
        truth, score = np.asarray(truth), np.asarray(score, dtype=float)
        if truth.shape != score.shape or not ((score >= 0) & (score <= 1)).all():
            raise ValueError(
                f"{name!r}: y_true has shape {truth.shape}, y_score {score.shape} with values "
                f"{score.min():g} to {score.max():g}; expected one shape and probabilities."
            )
        truth, score = truth.ravel(), score.ravel()
        observed, predicted = calibration_curve(truth, score, n_bins=bins, strategy="quantile")
        ax.plot(predicted, observed, color=colour, marker=marker, lw=1.8)
        edges = np.quantile(score, np.linspace(0, 1, bins + 1))
        member = np.searchsorted(edges[1:-1], score)
        gaps = np.bincount(member, weights=truth - score, minlength=bins)
        errors[name] = np.abs(gaps).sum() / len(score)
        parts.append(
            f"{name} {errors[name]:.3f}; of predictions around {predicted[-1]:.2f}, "
            f"{base.percent(observed[-1])} came true"
        )
    base.key(ax, dict(zip(predictions, base.SERIES, strict=False)))
    ax.set(xlabel="predicted probability", ylabel="share that came true", aspect="equal")
    said = base.listing([f"{name} {error:.3f}" for name, error in errors.items()])
    message = f"Expected calibration error: {said}"
    alt = f"Expected calibration error: {base.listing(parts)}."
    return base.finish(canvas, title or message, alt, "Dashed: perfect calibration.")


@base.styled
def play_scores(
    scores: pd.DataFrame, kinds: Sequence[str], *, title: str | None = None
) -> base.Figure:
    """Draw what a model says of each play, one panel a genre, plays sorted into kinds.

    Parameters
    ----------
    scores : DataFrame of shape (plays, genres)
        Scores or probabilities, indexed by title.
    kinds : sequence of str, length plays
        Kind of each play: comedy, tragedy, history …
    title : str, optional
        The message; by default the widest gap between two kinds.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a cell is no finite number or ``kinds`` does not fit.

    Examples
    --------
    >>> frame = pd.DataFrame({"Comedy": [0.6, 0.2]}, ["Twelfth Night", "Macbeth"])
    >>> play_scores(frame, ["comedy", "tragedy"]).alt
    'Mean scores: Comedy: comedy 0.60 and tragedy 0.20.'
    """
    frame = base.table(scores, "scores")
    if len(kinds) != len(frame):
        raise ValueError(f"{len(kinds)} kinds for {len(frame)} plays; expected one each.")
    means = frame.groupby(np.asarray(kinds, dtype=str)).mean()
    canvas, axes = base.panels(
        frame.shape[1], min(3, frame.shape[1]), 0.75 + 0.25 * len(means), sharex=True, sharey=True
    )
    for ax, (genre, column) in zip(axes, frame.items(), strict=True):
        for row, kind in enumerate(means.index):
            values = column[np.asarray(kinds, dtype=str) == kind]
            ax.plot(
                values,
                np.full(len(values), row),
                base.MARKERS[row % len(base.MARKERS)],
                color=base.SERIES[row % len(base.SERIES)],
                alpha=0.55,
                markersize=5.5,
                mew=0,
            )
            ax.vlines(means.loc[kind, genre], row - 0.35, row + 0.35, base.PALETTE["ink"], lw=2)
        ax.set_title(str(genre), loc="left", fontsize=9.5, fontweight="bold", pad=3)
        base.rows_axis(ax, list(means.index))
    widest = (means.max() - means.min()).idxmax()
    high, low = means[widest].idxmax(), means[widest].idxmin()
    message = (
        f"{widest} parts the kinds most: {means[widest].max():.2f} for {high}, "
        f"{means[widest].min():.2f} for {low}"
    )
    parts = [
        f"{genre}: " + base.listing([f"{kind} {value:.2f}" for kind, value in column.items()])
        for genre, column in means.items()
    ]
    note = "Dots: plays. Bar: mean of the kind."
    return base.finish(canvas, title or message, f"Mean scores: {'; '.join(parts)}.", note)
