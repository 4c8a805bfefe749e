"""Make ``script_features``: what the package ships of the scripts in place of their text.

Word counts (words found in at least five scripts) and vectors (each an average over hundreds of
words), in the spirit of HathiTrust's Extracted Features.
"""

import hashlib
import json
import os
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import sparse

from genrelab import __version__, settings
from genrelab.datasets import load
from genrelab.datasets.base import Dataset
from genrelab.datasets.fetch import FetchError
from genrelab.datasets.script_features import ScriptFeatures
from genrelab.encoding.encoder import ScriptEncoder
from genrelab.encoding.pooling import segment_weights
from genrelab.encoding.run import Receipt
from genrelab.encoding.within import encode_within, say
from genrelab.settings import data_file
from genrelab.windows import windows

WINDOW = 512
SEGMENTS = 16
RANDOM_WINDOWS = 4
FEWEST_SCRIPTS = 5
LARGEST_VOCABULARY = 20_000
# Characters that surely hold one window of tokens.
_HEAD_CHARACTERS = 12_000
FEATURES_FILE = "script_features.npz"
EXACT_FILE = "before_quantisation.npz"


def build_features(
    scripts: Dataset, store: Path | None, *, out: Path | None = None, progress: bool = True
) -> Path:
    """Encode and count all usable scripts, and write the file that ships.

    Parameters
    ----------
    scripts : Dataset
        ``load("scripts", split="all")``.
    store : Path, optional
        Folder that keeps the window vectors, so that a broken run resumes, and the vectors as they
        are before quantisation.
    out : Path, optional
        Where to write; the package's own file by default.

    Returns
    -------
    Path
    """
    texts = list(scripts.texts)
    encoder = ScriptEncoder(window=WINDOW, pooling="windows", store=store, progress=progress).fit()
    pooled: list[dict[str, np.ndarray]] = []
    n_tokens = np.zeros(len(scripts), np.int32)
    for index, vectors, receipt in _in_order(encoder, texts, scripts.ids):
        n_tokens[index] = receipt.tokens
        pooled.append(pool_windows(scripts.ids[index], receipt.tokens, vectors))
    single = ScriptEncoder(window=WINDOW, progress=progress).fit()
    heads, tails = zip(
        *(first_and_last_window(single, text) for text in scripts.texts), strict=True
    )
    arrays = {name: np.stack([of[name] for of in pooled]) for name in pooled[0]}
    arrays["tail"] = single.transform(list(tails))
    counts, head_counts, vocabulary = count_words(texts, heads)
    provenance = {
        "model": encoder._load().name,
        "model_sha256": encoder._load().sha256,
        "precision": encoder._load().precision,
        "window": WINDOW,
        "overlap": 0,
        "segments": SEGMENTS,
        "genrelab": __version__,
        "manifest_sha256": hashlib.sha256(data_file("scripts.csv").read_bytes()).hexdigest(),
    }
    if store is not None:
        np.savez(store / EXACT_FILE, **arrays)
    packed, cosines = _quantise(arrays)
    provenance["lowest_cosine_to_unquantised"] = cosines
    packed |= _pack_counts("counts", counts) | _pack_counts("head_counts", head_counts)
    out = out or data_file(FEATURES_FILE)
    draft = out.with_suffix(f".{os.getpid()}.tmp.npz")
    np.savez_compressed(
        draft,
        ids=np.array(scripts.ids),
        vocabulary=np.array(vocabulary),
        n_tokens=n_tokens,
        n_words=np.array([len(text.split()) for text in texts], np.int32),
        provenance=np.array(json.dumps(provenance, sort_keys=True)),
        **packed,
    )
    draft.replace(out)
    return out


def pool_windows(film_id: str, n_tokens: int, vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Make what ships of a script's windows, before it is quantised.

    Parameters
    ----------
    film_id : str
        It decides which windows are the random ones.
    n_tokens : int
    vectors : ndarray of shape (n_windows, dim)

    Returns
    -------
    dict of str to ndarray
        ``vectors``, ``head`` and ``random4`` of shape (dim,), ``segments`` of shape (16, dim).

    Examples
    --------
    >>> made = pool_windows("alien-1979", 30 * 510, np.ones((30, 384), np.float32))
    >>> {name: array.shape for name, array in made.items()}
    {'vectors': (384,), 'head': (384,), 'random4': (384,), 'segments': (16, 384)}
    """
    size = WINDOW - 2
    spans = windows(n_tokens, size)
    return {
        "vectors": (segment_weights(spans, 1) @ vectors)[0],
        "head": vectors[0],
        "random4": vectors[random_windows(film_id, len(spans))].mean(axis=0),
        "segments": segment_weights(spans, SEGMENTS, shortest=2 * size) @ vectors,
    }


def encode_scripts(features: ScriptFeatures, *, minutes: float) -> dict[int, np.ndarray]:
    """Fetch the scripts behind features and encode their windows, within so many minutes.

    The window vectors are kept where `build_features` keeps them, so that nothing is encoded twice.

    Parameters
    ----------
    features : ScriptFeatures
        ``load("script_features")``, or some of its rows.
    minutes : float
        As in `genrelab.encoding.within.encode_within`.

    Returns
    -------
    dict of int to ndarray of shape (n_windows, dim)
        By row of ``features``, the scripts that were finished; none, and one printed line that says
        why, if the texts could not be fetched.
    """
    try:
        scripts = load("scripts", ids=features.ids)
    except FetchError as error:
        say(f"No script is encoded, for they could not be fetched: {error}")
        return {}
    encoder = ScriptEncoder(
        window=WINDOW, pooling="windows", store=settings.cache_dir() / "encoded"
    )
    with warnings.catch_warnings():
        # 512 tokens are more than the model's card declares; its position table holds 512.
        warnings.filterwarnings("ignore", message="window=512 exceeds")
        return encode_within(encoder, scripts.texts, minutes=minutes, ids=scripts.ids)


def random_windows(film_id: str, n_windows: int) -> np.ndarray:
    """Return which windows of a script stand for a random reading: fixed by the film's id."""
    rng = np.random.default_rng(zlib.crc32(film_id.encode()))
    return np.sort(rng.choice(n_windows, size=min(RANDOM_WINDOWS, n_windows), replace=False))


def first_and_last_window(encoder: ScriptEncoder, text: str) -> tuple[str, str]:
    """Return the text of the first and of the last window of a script."""
    size = WINDOW - 2
    tokenizer = encoder._load().network.tokenizer

    def offsets(part: str) -> list[tuple[int, int]]:
        return tokenizer(
            part, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )["offset_mapping"]

    head, tail = text[:_HEAD_CHARACTERS], text[-_HEAD_CHARACTERS:]
    return head[: offsets(head)[:size][-1][1]], tail[offsets(tail)[-size:][0][0] :]


def count_words(
    texts: list[str], heads: tuple[str, ...]
) -> tuple[sparse.csr_matrix, sparse.csr_matrix, tuple[str, ...]]:
    """Count words in whole scripts and in their first windows, over one vocabulary.

    The vocabulary is the words found in at least five scripts; of more than 20,000, those found in
    most scripts.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(min_df=FEWEST_SCRIPTS, dtype=np.int32)
    counts = vectorizer.fit_transform(texts).tocsr()
    found_in = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.sort(np.argsort(-found_in, kind="stable")[:LARGEST_VOCABULARY])
    names = vectorizer.get_feature_names_out()[kept]
    head_counts = CountVectorizer(vocabulary=list(names), dtype=np.int32).transform(heads)
    return counts[:, kept].tocsr(), head_counts.tocsr(), tuple(names)


def quantise(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return int8 rows and one float32 scale a row: ``rows ≈ int8 * scale``.

    Examples
    --------
    >>> whole, scale = quantise(np.array([[0.5, -1.0]]))
    >>> whole.tolist(), scale.shape
    ([[64, -127]], (1,))
    """
    scale = np.abs(rows).max(axis=-1) / 127
    return np.round(rows / scale[..., None]).astype(np.int8), scale.astype(np.float32)


def _quantise(arrays: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    packed: dict[str, np.ndarray] = {"vectors_f16": arrays["vectors"].astype(np.float16)}
    cosines = {"vectors": lowest_cosine(arrays["vectors"], packed["vectors_f16"])}
    for name in ("head", "tail", "random4", "segments"):
        whole, scale = quantise(arrays[name])
        packed |= {f"{name}_i8": whole, f"{name}_scale": scale}
        cosines[name] = lowest_cosine(arrays[name], whole * scale[..., None])
    return packed, cosines


def lowest_cosine(exact: np.ndarray, kept: np.ndarray) -> float:
    """Return the lowest cosine between two arrays' vectors, pair by pair.

    Parameters
    ----------
    exact, kept : ndarray of shape (..., dim)

    Returns
    -------
    float

    Examples
    --------
    >>> lowest_cosine(np.eye(2), np.array([[2.0, 0.0], [3.0, 4.0]]))
    0.8
    """
    exact, kept = exact.astype(np.float64), kept.astype(np.float64)
    norms = np.linalg.norm(exact, axis=-1) * np.linalg.norm(kept, axis=-1)
    return round(float(((exact * kept).sum(axis=-1) / norms).min()), 6)


def _pack_counts(name: str, counts: sparse.csr_matrix) -> dict[str, np.ndarray]:
    counts.sort_indices()
    return {
        f"{name}_data": counts.data.astype(np.uint16),
        # Steps between column numbers compress to half the size of the numbers.
        f"{name}_steps": np.diff(counts.indices, prepend=0).astype(np.int16),
        f"{name}_indptr": counts.indptr.astype(np.int32),
    }


def _in_order(
    encoder: ScriptEncoder, texts: list[str], ids: tuple[str, ...]
) -> Iterator[tuple[int, np.ndarray, Receipt]]:
    """Documents finish out of order; few at a time, so few wait here."""
    waiting: dict[int, tuple] = {}
    following = 0
    for index, vectors, receipt in encoder.iter_encode(texts, ids=ids):
        waiting[index] = (index, vectors, receipt)
        while following in waiting:
            yield waiting.pop(following)
            following += 1
