"""``script_features``: what we ship of the scripts, and no readable text among it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np

from genrelab import settings
from genrelab.datasets import scripts
from genrelab.datasets.base import Dataset, DatasetError, label_matrix, read_card

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FILE = "script_features.npz"
DENSE = ("vectors", "head", "tail", "random4", "segments")
COUNTS = ("counts", "head_counts")
CARD = read_card("script_features")
REBUILD = "Make it again: genrelab data build-features"


class NoTexts(Sequence[str]):
    """Stands where texts would be; says where they are when one asks."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, item: int | slice) -> NoReturn:
        raise DatasetError(
            "script_features holds counts and vectors, no texts. "
            "load('scripts') fetches the texts of the same ids."
        )

    def __repr__(self) -> str:
        return "<no texts: load('scripts') fetches them>"

    def take(self, rows: Iterable[int]) -> "NoTexts":
        """Return as many missing texts as there are rows."""
        return NoTexts(len(list(rows)))


@dataclass(frozen=True, eq=False, repr=False)
class ScriptFeatures(Dataset):
    """Counts and vectors of the scripts; ``texts`` is not available.

    Attributes
    ----------
    counts, head_counts : csr_array of int32, shape (n, n_words_in_vocabulary)
        Words of the whole script, and of its first window.
    vocabulary : tuple of str
        The columns of both.
    vectors, head, tail, random4 : ndarray of float32, shape (n, dim)
        Token-weighted mean over all windows; the first window; the last; the mean of four random
        ones.
    segments : ndarray of float32, shape (n, n_segments, dim)
        Equal parts of the script in order, each a mean over its windows.
    n_tokens, n_words : ndarray of int, shape (n,)
    split : ndarray of str, shape (n,)
        "dev" or "test".
    provenance : dict
        Model hash, window, overlap, code version.
    """

    counts: "csr_array"
    head_counts: "csr_array"
    vocabulary: tuple[str, ...]
    vectors: np.ndarray
    head: np.ndarray
    tail: np.ndarray
    random4: np.ndarray
    segments: np.ndarray
    n_tokens: np.ndarray
    n_words: np.ndarray
    split: np.ndarray
    provenance: dict[str, Any]

    _not_rows: ClassVar[frozenset[str]] = Dataset._not_rows | {"vocabulary", "provenance"}
    _not_hashed: ClassVar[frozenset[str]] = Dataset._not_hashed | {"texts", "provenance"}


def load(
    *,
    min_count: int = scripts.MIN_COUNT,
    split: scripts.Split = "dev",
    path: Path | None = None,
) -> ScriptFeatures:
    """Load the shipped features of the usable scripts.

    Parameters
    ----------
    min_count : int, default=35
        Labels on at least so many files of the manifest: 35 gives the 13 headline genres, 15
        gives 16. Scripts with none of them are left out, with their count on the card.
    split : {"dev", "test", "all"}, default="dev"
        The development part, or the locked test, which only chapter 14 opens: that one warns.
    path : Path, optional
        Another file of the same form, as ``genrelab data build-features`` writes it.

    Returns
    -------
    ScriptFeatures
        Rows in the manifest's order; vectors as stored, made float32, not normalised again.

    Raises
    ------
    DatasetError
        If the file is missing, damaged, or made for another manifest.
    """
    chosen, names, notes = scripts.choose(split=split, min_count=min_count, what="script_features")
    path = path or settings.data_file(FILE)
    stored = _read_file(path)
    row_of = {film_id: row for row, film_id in enumerate(stored["ids"].tolist())}
    strangers = row_of.keys() ^ {row.film_id for row in scripts.read_manifest() if row.usable}
    if strangers:
        raise DatasetError(
            f"{path.name}: {len(strangers)} films are in this file or in the manifest, not in both "
            f"(first: {min(strangers)!r}): it was made for another manifest. {REBUILD}"
        )
    rows = [row_of[script.film_id] for script in chosen]
    return ScriptFeatures(
        name="script_features",
        ids=tuple(script.film_id for script in chosen),
        titles=tuple(script.title for script in chosen),
        texts=NoTexts(len(chosen)),
        labels=label_matrix([script.genres for script in chosen], names),
        label_names=names,
        groups=np.array([script.group for script in chosen], dtype=str),
        card=replace(CARD, notes=(*notes, *_cost_of_quantising(stored["provenance"]))),
        split=np.array([script.split for script in chosen], dtype=str),
        vocabulary=tuple(stored["vocabulary"].tolist()),
        provenance=stored["provenance"],
        **{name: stored[name][rows] for name in (*DENSE, *COUNTS, "n_tokens", "n_words")},
    )


def fetch(progress: bool = True) -> int:
    """Fetch nothing: the features ship with the package."""
    return 0


def verify() -> list[str]:
    """Read the shipped file whole and hold it against the manifest; return one line a problem."""
    try:
        load(min_count=1)
    except DatasetError as error:
        return [str(error)]
    return []


def _read_file(path: Path) -> dict[str, Any]:
    """Read the arrays, as they were before they were packed, and check them."""
    if not path.is_file():
        raise DatasetError(f"{path} is missing; expected the features of the scripts. {REBUILD}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            packed = {name: archive[name] for name in archive.files}
        stored = {name: packed[name] for name in ("ids", "vocabulary", "n_tokens", "n_words")}
        stored["provenance"] = json.loads(str(packed["provenance"]))
        stored |= {name: _dense(packed, name) for name in DENSE}
        stored |= {name: _counts(packed, name) for name in COUNTS}
    except KeyError as error:
        raise DatasetError(f"{path}: no array {error}. {REBUILD}") from None
    except Exception as error:  # zip, zlib and numpy raise a dozen kinds on damaged bytes
        raise DatasetError(f"{path}: cannot be read ({error}). {REBUILD}") from None
    for name in (*DENSE, *COUNTS, "n_tokens", "n_words"):
        if stored[name].shape[0] != len(stored["ids"]):
            raise DatasetError(
                f"{path}: {name} has {stored[name].shape[0]} rows; expected {len(stored['ids'])}, "
                f"one for each id. {REBUILD}"
            )
        if name in DENSE and not np.isfinite(stored[name]).all():
            raise DatasetError(f"{path}: {name} holds values that are not finite. {REBUILD}")
    return stored


def _dense(packed: dict[str, np.ndarray], name: str) -> np.ndarray:
    if f"{name}_f16" in packed:
        return packed[f"{name}_f16"].astype(np.float32)
    return packed[f"{name}_i8"] * packed[f"{name}_scale"][..., None]  # int8 * float32 = float32


def _counts(packed: dict[str, np.ndarray], name: str) -> "csr_array":
    from scipy.sparse import csr_array

    indices = np.cumsum(packed[f"{name}_steps"], dtype=np.int32)
    parts = (packed[f"{name}_data"].astype(np.int32), indices, packed[f"{name}_indptr"])
    return csr_array(parts, shape=(len(parts[2]) - 1, len(packed["vocabulary"])))


def _cost_of_quantising(provenance: dict[str, Any]) -> list[str]:
    cosines = provenance.get("lowest_cosine_to_unquantised", {})
    return [f"{name}: cosine to float32 at least {low}" for name, low in cosines.items()]
