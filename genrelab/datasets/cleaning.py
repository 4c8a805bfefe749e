"""From raw texts to clean ones, with an account of what went."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from genrelab.datasets.base import Dataset, LazyTexts
from genrelab.text import film_text

EMPTY, REPEATED = "empty once clean", "the same as an earlier text"


def clean(
    dataset: Dataset, rows: Iterable[int] | None = None
) -> tuple[Dataset, dict[str, list[str]], int]:
    """Clean every text; leave out those that are empty then, and repetitions.

    Parameters
    ----------
    dataset : Dataset
    rows : iterable of int, optional
        Row numbers; a caller may count them to show progress.

    Returns
    -------
    cleaned : Dataset
        With texts that are cleaned on access.
    dropped : dict of str to list of str
        Reason to ids.
    cut : int
        Characters that went, over all texts.

    Examples
    --------
    >>> from genrelab.datasets import load
    >>> cleaned, dropped, cut = clean(load("plays"))
    >>> len(cleaned), dropped
    (38, {'empty once clean': [], 'the same as an earlier text': []})
    """
    dropped: dict[str, list[str]] = {EMPTY: [], REPEATED: []}
    kept, seen, cut = [], set(), 0
    for row in range(len(dataset)) if rows is None else rows:
        raw = dataset.texts[row]
        text = film_text(raw)
        cut += len(raw) - len(text)
        key = hashlib.sha256(text.encode()).digest()
        reason = EMPTY if not text else REPEATED if key in seen else None
        if reason:
            dropped[reason].append(dataset.ids[row])
        else:
            kept.append(row)
            seen.add(key)
    texts = LazyTexts(range(len(dataset)), partial(_clean_text, dataset.texts))
    return replace(dataset, texts=texts).select(kept), dropped, cut


def _clean_text(texts: Sequence[str], row: int) -> str:
    return film_text(texts[row])
