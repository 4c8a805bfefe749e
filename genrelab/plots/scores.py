"""Figures of how systems do: folds, differences, thresholds, costs."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import precision_recall_curve

from genrelab.plots import figure as base

NO_INTERVAL = "The spread of folds is no confidence interval: folds share training rows."


@base.styled
def fold_spread(
    scores: pd.DataFrame | Mapping[str, ArrayLike],
    *,
    metric: str = "macro-F1",
    title: str | None = None,
) -> base.Figure:
    """Draw each system's score on each fold, and the mean.

    Parameters
    ----------
    scores : DataFrame of shape (folds, systems), or mapping of system to folds' scores
    metric : str, default="macro-F1"
        Name of the axis.
    title : str, optional
        The message; by default the widest spread.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a score is no finite number.

    Examples
    --------
    >>> fold_spread({"TF-IDF": [0.6, 0.7], "dummy": [0.3, 0.3]}).alt
    'macro-F1 over 2 folds: TF-IDF mean 0.650 (0.600 to 0.700) and dummy mean 0.300 (0.300 to \
0.300).'
    """
    frame = base.table(scores, "scores")
    canvas, ax = base.panel(1.5 + 0.38 * frame.shape[1])
    jitter = np.linspace(-0.22, 0.22, len(frame)) if len(frame) > 1 else [0]
    for row, (_, values) in enumerate(frame.items()):
        ax.plot(values, row + np.array(jitter), "o", color=base.SERIES[0], alpha=0.65, ms=5.5)
        ax.vlines(values.mean(), row - 0.34, row + 0.34, color=base.PALETTE["ink"], lw=2.5)
        base.write(ax, f"{values.mean():.3f}", values.max(), row, dx=7, fontweight="bold")
    base.rows_axis(ax, list(map(str, frame.columns)))
    ax.margins(x=0.14)
    ax.set_xlabel(metric)
    widest = (frame.max() - frame.min()).idxmax()
    low, high = frame[widest].min(), frame[widest].max()
    parts = [
        f"{name} mean {v.mean():.3f} ({v.min():.3f} to {v.max():.3f})" for name, v in frame.items()
    ]
    alt = f"{metric} over {len(frame)} folds: {base.listing(parts)}."
    message = f"{metric} moves from {low:.2f} to {high:.2f} between folds of one system"
    note = f"Dots: {len(frame)} folds. Bar: their mean. {NO_INTERVAL}"
    return base.finish(canvas, title or message, alt, note)


@base.styled
def paired_differences(
    paired: pd.DataFrame, *, metric: str = "macro-F1", title: str | None = None
) -> base.Figure:
    """Draw differences to a baseline on the same folds, with their 95 % intervals.

    Parameters
    ----------
    paired : DataFrame indexed by system
        ``.paired`` of :func:`genrelab.evaluation.compare`: columns ``difference``, ``low`` and
        ``high`` (Nadeau-Bengio); ``pooled_low`` and ``pooled_high`` (bootstrap over groups) are
        drawn too where they are there.
    metric : str, default="macro-F1"
        Name of the axis.
    title : str, optional
        The message; by default how many intervals exclude zero.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing or a cell is no finite number.

    Examples
    --------
    >>> frame = pd.DataFrame({"difference": [0.05], "low": [0.02], "high": [0.08]}, ["SVD"])
    >>> paired_differences(frame).alt
    'Difference in macro-F1: SVD +0.050 (95 % interval +0.020 to +0.080).'
    """
    pooled = ["pooled_low", "pooled_high"]
    boot = set(pooled) <= set(paired.columns)
    frame = base.table(paired, "paired", ["difference", "low", "high", *pooled * boot])
    clear = (frame["low"] > 0) | (frame["high"] < 0)
    rows = np.arange(len(frame))
    canvas, ax = base.panel(1.5 + 0.42 * len(frame))
    ax.axvline(0, color=base.PALETTE["ink"], lw=1.2)
    colours = [base.SERIES[0] if is_clear else base.PALETTE["muted"] for is_clear in clear]
    ax.hlines(rows, frame["low"], frame["high"], color=colours, lw=3)
    if boot:
        ax.hlines(
            rows + 0.22, frame["pooled_low"], frame["pooled_high"], color=colours, lw=1.2, ls="--"
        )
    ax.scatter(frame["difference"], rows, color=colours, s=46, zorder=3)
    for row, value in zip(rows, frame["difference"], strict=True):
        base.write(ax, f"{value:+.3f}", value, row, dy=10)
    base.rows_axis(ax, list(map(str, frame.index)))
    ax.set_xlabel(f"difference in {metric}")
    parts = [
        f"{name} {r.difference:+.3f} (95 % interval {r.low:+.3f} to {r.high:+.3f})"
        for name, r in frame.iterrows()
    ]
    alt = f"Difference in {metric}: {base.listing(parts)}."
    message = f"Zero lies outside {clear.sum()} of {len(frame)} intervals (95 %)"
    note = "Thick: Nadeau and Bengio." + (" Dashed: bootstrap over groups." if boot else "")
    return base.finish(canvas, title or message, alt, note)


@base.styled
def leaderboard(
    rounds: pd.DataFrame, *, metric: str = "macro-F1", title: str | None = None
) -> base.Figure:
    """Draw what picking by the public board costs in private, against picking by the K-fold.

    Parameters
    ----------
    rounds : DataFrame
        What :func:`genrelab.splits.simulate_leaderboard` returns: one row a round and judge, with
        columns ``picked_by`` ("public" or "cv") and ``regret``.
    metric : str, default="macro-F1"
        What the regret is counted in.
    title : str, optional
        The message; by default the mean regrets.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing or a regret is no finite number.

    Examples
    --------
    >>> frame = pd.DataFrame({"picked_by": ["public", "cv"], "regret": [0.03, 0.0]})
    >>> leaderboard(frame).alt
    'Regret in macro-F1 over 1 rounds: picked by the public board 0.0300 on average (none in 0 % \
of rounds, at worst 0.030) and picked by the K-fold 0.0000 on average (none in 100 % of rounds, at \
worst 0.000).'
    """
    regret = base.table(rounds, "rounds", ["regret"])["regret"]
    judges = {"public board": "public", "K-fold": "cv"}
    if "picked_by" not in rounds or set(rounds["picked_by"]) != set(judges.values()):
        raise ValueError('rounds needs a column picked_by with "public" and "cv", nothing else.')
    canvas, ax = base.panel(3.6)
    means, parts = {}, []
    for (name, judge), colour in zip(judges.items(), base.SERIES[1::-1], strict=True):
        mine = np.sort(regret[rounds["picked_by"] == judge])
        means[name] = mine.mean()
        reached = np.arange(1, len(mine) + 1) / len(mine)
        ax.plot(mine, reached, color=colour, lw=2.2, drawstyle="steps-post")
        ax.vlines(means[name], 0, 1, color=colour, lw=1.2, ls="--")
        parts.append(
            f"picked by the {name} {means[name]:.4f} on average (none in "
            f"{base.percent((mine == 0).mean())} of rounds, at worst {mine[-1]:.3f})"
        )
    base.key(ax, dict(zip(judges, base.SERIES[1::-1], strict=True)), ("s",))
    ax.set(xlabel=f"regret in {metric}", ylabel="share of rounds with at most that", ylim=(0, 1.02))
    alt = f"Regret in {metric} over {len(mine):,} rounds: {base.listing(parts)}."
    public, folds = means.values()
    message = f"Trusting the public board costs {public:.3f} {metric}, the K-fold {folds:.3f}"
    note = "Regret: best private score less the private score of the pick. Dashed: means."
    return base.finish(canvas, title or message, alt, note)


@base.styled
def leak_bars(
    scores: Mapping[str, tuple[float, float]],
    *,
    metric: str = "macro-F1",
    title: str | None = None,
) -> base.Figure:
    """Draw what each leak is worth: the clean score and the cheating one.

    Parameters
    ----------
    scores : mapping of str to (clean, cheating)
    metric : str, default="macro-F1"
        Name of the axis.
    title : str, optional
        The message; by default the leak worth most.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If an entry is not two finite numbers.

    Examples
    --------
    >>> leak_bars({"footer": (0.6, 0.99)}).alt
    'macro-F1 without and with the leak: footer 0.60 and 0.99 (+0.39).'
    """
    frame = base.table(pd.DataFrame(dict(scores), index=["clean", "cheating"]).T, "scores")
    gain = frame["cheating"] - frame["clean"]
    canvas, ax = base.panel(1.6 + 0.72 * len(frame))
    looks = (("clean", -0.19, base.SERIES[0]), ("cheating", 0.19, base.SERIES[2]))
    for column, shift, colour in looks:
        ax.barh(np.arange(len(frame)) + shift, frame[column], height=0.35, color=colour)
        for row, value in enumerate(frame[column]):
            base.write(ax, f"{value:.2f}", value, row + shift, dx=4)
    base.rows_axis(ax, list(map(str, frame.index)))
    base.key(ax, {"honest": base.SERIES[0], "with the leak": base.SERIES[2]}, ("s",))
    ax.set_xlim(0, max(1.0, 1.12 * frame.to_numpy().max()))
    ax.set_xlabel(metric)
    parts = [
        f"{name} {row.clean:.2f} and {row.cheating:.2f} ({gain[name]:+.2f})"
        for name, row in frame.iterrows()
    ]
    alt = f"{metric} without and with the leak: {base.listing(parts)}."
    message = f"One leak, \u201c{gain.idxmax()}\u201d, is worth {gain.max():+.2f} {metric}"
    return base.finish(canvas, title or message, alt)


@base.styled
def threshold_curves(
    scores: ArrayLike, Y: ArrayLike, names: Sequence[str], *, title: str | None = None
) -> base.Figure:
    """Draw F1 against the threshold, one small panel a genre, the optimum marked.

    Parameters
    ----------
    scores : array-like of shape (n, L)
        Predicted probabilities (or any scores).
    Y : array-like of shape (n, L)
        0/1 labels, at least one positive a genre.
    names : sequence of str, length L
        Genre names.
    title : str, optional
        The message; by default the range of the optima.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If shapes differ, a score is not finite, or a genre has no positive row.

    Examples
    --------
    >>> threshold_curves([[0.1], [0.3], [0.8]], [[0], [1], [1]], ["Drama"]).alt
    'Threshold of the best F1: Drama 0.30 (F1 1.00, at 0.5 0.67).'
    """
    Y, names = base.label_matrix(Y, names)
    scores = np.asarray(scores, dtype=float)
    if scores.shape != Y.shape or not np.isfinite(scores).all():
        raise ValueError(
            f"scores has shape {scores.shape}; expected {Y.shape} finite numbers, as Y."
        )
    if not Y.any(axis=0).all():
        empty = [name for name, used in zip(names, Y.any(axis=0), strict=True) if not used]
        raise ValueError(f"no row carries {empty}; F1 is undefined there. Drop the column.")
    canvas, axes = base.panels(len(names), 3, 1.15, sharex=True, sharey=True)
    parts, best = [], []
    for ax, name, colour, score, truth in zip(
        axes, names, base.support_colours(Y.mean(axis=0), len(names)), scores.T, Y.T, strict=True
    ):
        precision, recall, thresholds = precision_recall_curve(truth, score)
        total = precision[:-1] + recall[:-1]
        f1 = np.divide(2 * precision[:-1] * recall[:-1], total, where=total > 0, out=0 * total)
        top = int(f1.argmax())
        half = int(np.searchsorted(thresholds, 0.5))
        at_half = f1[half] if half < len(f1) else 0.0
        ax.plot(thresholds, f1, color=colour, lw=1.6, drawstyle="steps-pre")
        ax.axvline(0.5, color=base.PALETTE["faint"], lw=1, ls=":")
        ax.plot(thresholds[top], f1[top], "o", color=base.PALETTE["ink"], markersize=4.5)
        ax.set_title(
            f"{name} {thresholds[top]:.2f}",
            loc="left",
            fontsize=9.5,
            color=colour,
            fontweight="bold",
            pad=3,
        )
        best.append(thresholds[top])
        parts.append(f"{name} {thresholds[top]:.2f} (F1 {f1[top]:.2f}, at 0.5 {at_half:.2f})")
    axes[0].set(ylim=(0, 1.02), yticks=[0, 0.5, 1])
    message = f"The best thresholds lie between {min(best):.2f} and {max(best):.2f}"
    note = "F1 against the threshold. Dot and number: the optimum. Dotted: 0.5."
    alt = f"Threshold of the best F1: {base.listing(parts)}."
    return base.finish(canvas, title or message, alt, note)


@base.styled
def per_genre_dumbbell(
    scores: pd.DataFrame,
    *,
    share: ArrayLike | None = None,
    metric: str = "F1",
    title: str | None = None,
) -> base.Figure:
    """Draw each genre's score under several systems.

    Parameters
    ----------
    scores : DataFrame of shape (genres, systems)
        At most six systems.
    share : array-like of shape (genres,), optional
        Share of rows with each genre; colours the genres by support.
    metric : str, default="F1"
        Name of the axis.
    title : str, optional
        The message; by default the genre that differs most between first and last system.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a cell is no finite number, there are too many systems, or ``share`` does not fit.

    Examples
    --------
    >>> frame = pd.DataFrame({"first page": [0.5], "all": [0.7]}, index=["Drama"])
    >>> per_genre_dumbbell(frame).alt
    'F1 a genre (first page, all): Drama 0.50, 0.70.'
    """
    frame = base.table(scores, "scores")
    colours = base.support_colours(share, len(frame))
    canvas, ax = base.panel(1.3 + 0.29 * len(frame))
    base.dots_a_genre(ax, frame, colours)
    ax.set_xlabel(metric)
    gain = frame.iloc[:, -1] - frame.iloc[:, 0]
    widest = gain.abs().idxmax()
    message = (
        f"{widest} moves most: {metric} {frame.iloc[:, 0][widest]:.2f} with "
        f"{frame.columns[0]}, {frame.iloc[:, -1][widest]:.2f} with {frame.columns[-1]}"
    )
    parts = [
        f"{genre} {', '.join(f'{value:.2f}' for value in row)}" for genre, row in frame.iterrows()
    ]
    alt = f"{metric} a genre ({', '.join(map(str, frame.columns))}): {'; '.join(parts)}."
    rare = sum(colour == base.PALETTE["low"] for colour in colours)
    note = f"Genre names in vermilion: carried by fewer than {base.percent(0.1)} of the rows."
    return base.finish(canvas, title or message, alt, note if rare else "")


def threshold_cliff(
    at_half: ArrayLike,
    tuned: ArrayLike,
    names: Sequence[str],
    *,
    share: ArrayLike | None = None,
    metric: str = "F1",
    title: str | None = None,
) -> base.Figure:
    """Draw each genre's score at the threshold 0.5 and at a tuned one.

    Parameters
    ----------
    at_half, tuned : array-like of shape (L,)
        Scores at 0.5 and at thresholds tuned on inner folds.
    names : sequence of str, length L
        Genre names.
    share : array-like of shape (L,), optional
        Share of rows with each genre; colours the genres by support.
    metric : str, default="F1"
        Name of the axis.
    title : str, optional
        The message; by default the two means.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If lengths differ or a score is no finite number.

    Examples
    --------
    >>> threshold_cliff([0.1, 0.7], [0.5, 0.7], ["Family", "Drama"], share=[0.04, 0.54]).alt
    'F1 a genre (at 0.5, tuned): Family 0.10, 0.50; Drama 0.70, 0.70.'
    """
    at_half, tuned = np.asarray(at_half, dtype=float), np.asarray(tuned, dtype=float)
    if not at_half.shape == tuned.shape == (len(names),):
        raise ValueError(
            f"at_half has shape {at_half.shape} and tuned {tuned.shape}; expected "
            f"({len(names)},) each, one score a name."
        )
    frame = pd.DataFrame({"at 0.5": at_half, "tuned": tuned}, index=list(names))
    message = f"Tuned thresholds lift mean {metric} from {at_half.mean():.2f} to {tuned.mean():.2f}"
    return per_genre_dumbbell(frame, share=share, metric=metric, title=title or message)
