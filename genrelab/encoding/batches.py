"""Budgeted batches: windows of many documents, alike in length, under one token budget."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

# Windows are sorted by length inside a look-ahead of this many batches: more saves padding, less
# keeps fewer documents in flight.
LOOK_AHEAD = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Window:
    """One window of one document, special tokens included."""

    document: int
    number: int
    ids: np.ndarray


def fit_batch(windows: list[Window], token_budget: int) -> int:
    """Return how many of the windows, longest first, fit into one padded batch (at least one).

    Examples
    --------
    >>> long, short = Window(0, 0, np.zeros(8, int)), Window(0, 1, np.zeros(4, int))
    >>> fit_batch([long, short, short], token_budget=16)
    2
    """
    return max(1, min(len(windows), token_budget // len(windows[0].ids)))


def pad(windows: list[Window], pad_id: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids, shape (windows, longest), padded at the end, and the lengths."""
    lengths = np.array([len(window.ids) for window in windows])
    ids = np.full((len(windows), lengths.max()), pad_id, dtype=np.int32)  # (windows, longest)
    for row, window in zip(ids, windows, strict=True):
        row[: len(window.ids)] = window.ids
    return ids, lengths


def budgeted(windows: Iterable[Window], budget: Callable[[], int]) -> Iterator[list[Window]]:
    """Group a stream of windows into batches of at most ``budget()`` padded tokens.

    Inside each look-ahead the longest come first, so neighbours are alike and the batch that needs
    the most memory is the first one.

    Parameters
    ----------
    windows : iterable of Window
    budget : callable
        Returns the budget in force, in padded tokens (longest x count); asked for each batch, as it
        may shrink on the way.

    Yields
    ------
    list of Window
    """
    waiting: list[Window] = []
    tokens = 0
    for window in windows:
        waiting.append(window)
        tokens += len(window.ids)
        if tokens >= LOOK_AHEAD * budget():
            yield from _longest_first(waiting, budget)
            waiting, tokens = [], 0
    yield from _longest_first(waiting, budget)


def _longest_first(waiting: list[Window], budget: Callable[[], int]) -> Iterator[list[Window]]:
    queue = sorted(waiting, key=lambda window: -len(window.ids))
    while queue:
        count = fit_batch(queue, budget())
        yield queue[:count]
        queue = queue[count:]


def ahead(
    function: Callable[[Item], Result], items: Iterable[Item], depth: int, threads: int = 1
) -> Iterator[Result]:
    """Map in threads that run at most ``depth`` items ahead, in order.

    The fast tokenizers release Python's lock and use every core, so threads suffice.

    Examples
    --------
    >>> list(ahead(abs, [-1, -2, 3], depth=2))
    [1, 2, 3]
    """
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="genrelab-tokenizer") as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > depth:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
