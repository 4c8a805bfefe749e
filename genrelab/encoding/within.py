"""Encode many texts within some minutes: say how long it will take, and go on another time."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing

import numpy as np

from genrelab.encoding.encoder import ScriptEncoder
from genrelab.encoding.models import resolve_device

SECONDS_TO_LOOK = 5


def say(line: str) -> None:
    """Write a line where the reader looks, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def encode_within(
    encoder: ScriptEncoder,
    texts: Sequence[str],
    *,
    minutes: float,
    ids: Sequence[str] | None = None,
) -> dict[int, np.ndarray]:
    """Encode texts for at most so many minutes; print an estimate early, then what is done.

    With an encoder that has a store, what is finished is never encoded twice: the next call goes on
    from there, after a disconnect too.

    Parameters
    ----------
    encoder : ScriptEncoder
    texts : sequence of str
    minutes : float
        No text is waited for after that.
    ids : sequence of str, optional
        Names of the texts, for errors.

    Returns
    -------
    dict of int to ndarray
        By row, the vectors of the texts that were finished, in whatever order they were.

    Examples
    --------
    >>> encoder = ScriptEncoder(window=64, token_budget=256)
    >>> found = encode_within(encoder, ["A ship sinks.", "Nobody comes."], minutes=1)
    2 of 2 texts are encoded.
    >>> found[0].shape
    (384,)
    """
    device = resolve_device(encoder.device)
    found: dict[int, np.ndarray] = {}
    began, since, fresh, told = time.perf_counter(), None, 0, False
    with closing(encoder.iter_encode(texts, ids=ids)) as finished:
        for row, vector, receipt in finished:
            found[row] = vector
            now, left = time.perf_counter(), len(texts) - len(found)
            # Before the first text a budget is probed; what is in the store costs next to nothing.
            if since is None or receipt.from_store:
                fresh, since = 0, now
                continue
            fresh += 1
            if not told and left and now - since > SECONDS_TO_LOOK:
                about = (now - since) / fresh * left / 60
                say(f"On {device}: about {about:,.0f} minutes for the other {left:,} texts.")
                told = True
            if left and now - began > 60 * minutes:
                break
    if len(found) == len(texts):
        say(f"{len(found):,} of {len(texts):,} texts are encoded.")
    else:
        kept = f"{encoder.store} keeps them: run it again, and it goes on from there"
        kept = kept if encoder.store else "without a store, the next call begins anew"
        say(f"{len(found):,} of {len(texts):,} texts in {minutes:g} minutes; {kept}.")
    return found
