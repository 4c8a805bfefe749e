"""Streaming pooling: from a document's window vectors to one vector, as the windows come."""

import re
from collections.abc import Callable
from typing import Protocol

import numpy as np

Spans = list[tuple[int, int]]
PoolingCallable = Callable[[np.ndarray, np.ndarray], np.ndarray]
_SEGMENTS = re.compile(r"segments\((\d+)\)")
NAMES = ("mean", "max", "mean+max", "thirds", "segments(k)", "windows")


class Pool(Protocol):
    """One open document: takes window vectors in any order, holds O(dim) numbers."""

    def add(self, window: int, vector: np.ndarray) -> None:
        """Take the vector, shape (dim,), of one window."""

    def result(self) -> np.ndarray:
        """Return the document's vector once every window was added."""


def own_spans(spans: Spans) -> Spans:
    """Return the tokens that each window adds to those before it, so that overlap counts once.

    Examples
    --------
    >>> own_spans([(0, 4), (3, 7), (6, 8)])
    [(0, 4), (4, 7), (7, 8)]
    """
    starts = [0, *(stop for _, stop in spans[:-1])]
    return [(start, stop) for start, (_, stop) in zip(starts, spans, strict=True)]


def segment_weights(spans: Spans, k: int, shortest: int = 0) -> np.ndarray:
    """Return how much each window counts in each of ``k`` equal parts of the document.

    A window counts in a part by the tokens that lie in it (overlap once), so every part, however
    short the document, is an average of the windows that cover it. ``k=1`` is the token-weighted
    mean.

    Parameters
    ----------
    spans : list of (start, stop)
        Windows of one document, in order.
    k : int
        Number of parts.
    shortest : int, default=0
        Tokens that a part reaches over at least; parts of short documents then overlap.

    Returns
    -------
    ndarray of float64, shape (k, n_windows)
        Rows sum to 1.

    Examples
    --------
    >>> segment_weights([(0, 4), (4, 6)], k=1).round(3).tolist()
    [[0.667, 0.333]]
    >>> segment_weights([(0, 4), (4, 6)], k=2).round(3).tolist()
    [[1.0, 0.0], [0.333, 0.667]]
    """
    own = np.array(own_spans(spans), dtype=np.float64)  # (n_windows, 2)
    n_tokens = own[-1, 1]
    length = min(max(n_tokens / k, shortest), n_tokens)
    centres = (np.arange(k) + 0.5) * n_tokens / k
    lows = np.clip(centres - length / 2, 0, n_tokens - length)[:, None]  # (k, 1)
    starts = np.maximum(own[None, :, 0], lows)  # (k, n_windows)
    stops = np.minimum(own[None, :, 1], lows + length)  # (k, n_windows)
    shared = np.clip(stops - starts, 0, None)
    return shared / shared.sum(axis=1, keepdims=True)


class _WeightedMeans:
    def __init__(self, weights: np.ndarray, dim: int) -> None:
        self._weights = weights  # (k, n_windows)
        self._sums = np.zeros((len(weights), dim))

    def add(self, window: int, vector: np.ndarray) -> None:
        for part in np.flatnonzero(self._weights[:, window]):
            self._sums[part] += self._weights[part, window] * vector

    def result(self) -> np.ndarray:
        return self._sums.ravel()


class _Maximum:
    def __init__(self, dim: int) -> None:
        self._highest = np.full(dim, -np.inf)

    def add(self, window: int, vector: np.ndarray) -> None:
        np.maximum(self._highest, vector, out=self._highest)

    def result(self) -> np.ndarray:
        return self._highest


class _Joined:
    def __init__(self, *pools: Pool) -> None:
        self._pools = pools

    def add(self, window: int, vector: np.ndarray) -> None:
        for pool in self._pools:
            pool.add(window, vector)

    def result(self) -> np.ndarray:
        return np.concatenate([pool.result() for pool in self._pools])


class _AllWindows:
    """Keeps every window: for callers that ask for it, O(windows x dim) a document."""

    def __init__(self, spans: Spans, dim: int, function: PoolingCallable | None) -> None:
        self._vectors = np.zeros((len(spans), dim), dtype=np.float32)
        self._weights = segment_weights(spans, 1)[0]
        self._function = function

    def add(self, window: int, vector: np.ndarray) -> None:
        self._vectors[window] = vector

    def result(self) -> np.ndarray:
        if self._function is None:
            return self._vectors
        pooled = np.asarray(self._function(self._vectors, self._weights))
        if pooled.ndim != 1:
            raise ValueError(
                f"pooling callable returned shape {pooled.shape}; expected one vector, shape (d,). "
                "Reduce over the windows (axis 0)."
            )
        return pooled


def open_pool(pooling: str | PoolingCallable, spans: Spans, dim: int) -> Pool:
    """Open the pool of one document.

    Parameters
    ----------
    pooling : str or callable
        ``"mean"`` (token-weighted, overlap counted once), ``"max"``, ``"mean+max"``, ``"thirds"``,
        ``"segments(k)"`` (means of k equal parts, joined), ``"windows"`` (all vectors, unpooled),
        or a callable ``(vectors, weights) -> vector`` with vectors of shape (n_windows, dim) and
        weights of shape (n_windows,) that sum to 1.
    spans : list of (start, stop)
        The document's windows.
    dim : int
        Length of a window vector.

    Raises
    ------
    ValueError
        If ``pooling`` is no known name.

    Examples
    --------
    >>> pool = open_pool("mean", [(0, 3), (3, 4)], dim=2)
    >>> pool.add(1, np.array([4.0, 0.0]))
    >>> pool.add(0, np.array([0.0, 4.0]))
    >>> pool.result().tolist()
    [1.0, 3.0]
    """
    if callable(pooling):
        return _AllWindows(spans, dim, pooling)
    if pooling == "windows":
        return _AllWindows(spans, dim, None)
    if pooling == "max":
        return _Maximum(dim)
    if pooling == "mean+max":
        return _Joined(_WeightedMeans(segment_weights(spans, 1), dim), _Maximum(dim))
    return _WeightedMeans(segment_weights(spans, _parts(pooling)), dim)


def check_pooling(pooling: str | PoolingCallable) -> None:
    """Refuse a pooling that :func:`open_pool` does not know."""
    if not callable(pooling) and pooling not in ("windows", "max", "mean+max"):
        _parts(pooling)


def _parts(pooling: str) -> int:
    if pooling == "mean":
        return 1
    if pooling == "thirds":
        return 3
    match = _SEGMENTS.fullmatch(str(pooling))
    if match and int(match[1]) > 0:
        return int(match[1])
    raise ValueError(
        f"pooling is {pooling!r}; expected one of {', '.join(NAMES)}, or a callable "
        "(vectors, weights) -> vector."
    )
