"""``genrelab bench window_sizes``: the same tokens through windows of 128, 256 and 512."""

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from genrelab import settings
from genrelab.bench import Table
from genrelab.bench.readings import hash_of_labels, judged, vector_classifier
from genrelab.datasets import load
from genrelab.encoding import ScriptEncoder
from genrelab.evaluation import FoldOutcome
from genrelab.splits import Fold, headline_folds

WINDOWS = (128, 256, 512)
N_BLOCKS, BLOCK_TOKENS = 2, 510
# Characters that surely hold one block.
_CHARACTERS = 12_000


def spaced_blocks(
    text: str, encoder: ScriptEncoder, n_blocks: int = N_BLOCKS, size: int = BLOCK_TOKENS
) -> list[str]:
    """Take evenly spaced blocks out of a text, each of at most ``size`` tokens.

    Blocks begin and end between words, so that a block alone has the tokens that it has in the
    text.

    Parameters
    ----------
    text : str
        At least one word long.
    encoder : ScriptEncoder
        Its tokenizer counts.
    n_blocks : int, default=2
        A text too short for so many gives fewer: its blocks do not overlap.
    size : int, default=510
        Tokens of a block; 510 and two special tokens fill a window of 512.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If the text holds no token.

    Examples
    --------
    >>> spaced_blocks("one two three four five six", ScriptEncoder(), n_blocks=2, size=2)
    ['one two', 'four five']
    """
    tokenizer = encoder._load().network.tokenizer
    blocks: list[str] = []
    read_to = 0
    for number in range(n_blocks):
        start = number * len(text) // n_blocks
        # A block begins after white space, and never inside the block before.
        while 0 < start < len(text) and not text[start - 1].isspace():
            start += 1
        start = max(start, read_to)
        part = tokenizer(
            text[start : start + _CHARACTERS],
            add_special_tokens=False, return_offsets_mapping=True, verbose=False,
        )  # fmt: skip
        words = part.word_ids()
        if not words:
            continue
        kept = len(words)
        if len(words) > size:
            # The word that the limit would cut is left out whole.
            kept = words.index(words[size]) or size
        read_to = start + part["offset_mapping"][kept - 1][1]
        blocks.append(text[start + part["offset_mapping"][0][0] : read_to])
    if not blocks:
        raise ValueError(
            f"a text of {len(text)} characters holds no token; expected at least one word. Drop it."
        )
    return blocks


@cache
def script_blocks() -> tuple[tuple[str, ...], ...]:
    """Return the blocks of every development script; texts are fetched where they are missing."""
    encoder = ScriptEncoder(window=256)  # only its tokenizer is used
    return tuple(tuple(spaced_blocks(text, encoder)) for text in load("scripts").texts)


@cache
def block_means(window: int) -> tuple[np.ndarray, float]:
    """Encode all blocks with a window, and average the blocks of a script.

    Returns
    -------
    vectors : ndarray of shape (n, 384)
    seconds : float
        What the encoding took, also where a store kept it from an earlier run.
    """
    scripts = script_blocks()
    store = settings.cache_dir() / "bench" / "window_sizes" / "vectors"
    encoder = ScriptEncoder(window=window, store=store, progress=True)
    vectors = encoder.transform([block for blocks in scripts for block in blocks])
    starts = np.cumsum([0, *(len(blocks) for blocks in scripts[:-1])])
    counts = np.array([len(blocks) for blocks in scripts])[:, None]
    means = np.add.reduceat(vectors, starts, axis=0) / counts  # (n, dim)
    return means, float(encoder.receipts_["seconds"].sum())


def read_by(window: int, fold: Fold) -> FoldOutcome:
    """Judge one window on one fold."""
    vectors, seconds = block_means(window)
    outcome = judged(vector_classifier(), vectors, fold)
    # Counted to every fold: none can be run again without it.
    return outcome._replace(seconds=outcome.seconds + seconds)


def table() -> Table:
    """Return the table: one row a window; texts are read when its first row runs."""
    scripts = load("script_features")
    rows: dict[str, Callable[[Fold], FoldOutcome]] = {
        f"window {window}": partial(read_by, window) for window in WINDOWS
    }
    return Table(
        name="window_sizes",
        title=f"{N_BLOCKS} blocks of {BLOCK_TOKENS} tokens a script, by windows of three sizes",
        rows=rows,
        folds=headline_folds(scripts),
        # Only labels and groups of the features are used: their vectors may change.
        data={"script_features (labels, groups)": hash_of_labels(scripts)},
        labels=scripts.labels,
        groups=scripts.groups,
        needs_mirror=True,
    )
