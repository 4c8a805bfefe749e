"""``script_features``: what we ship of the scripts, and no readable text among it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np

from genrelab import settings
from genrelab.datasets import scripts
from genrelab.datasets.base import Dataset, DatasetCard, DatasetError, label_matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FILE = "script_features.npz"
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
    vectors, head, tail : ndarray of float32, shape (n, dim)
        Token-weighted mean over all windows; the first window; the last.
    random4 : ndarray of float32, shape (n, 4, dim)
        Four random windows.
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

    row_fields: ClassVar[tuple[str, ...]] = (
        *Dataset.row_fields,
        "counts",
        "head_counts",
        "vectors",
        "head",
        "tail",
        "random4",
        "segments",
        "n_tokens",
        "n_words",
        "split",
    )

    def _content(self) -> Iterator[bytes]:
        yield from (name.encode() for name in (*self.ids, *self.label_names, *self.vocabulary))
        yield self.labels.tobytes()
        yield from (str(name).encode() for name in (*self.groups, *self.split))
        for matrix in (self.counts, self.head_counts):
            yield from (part.tobytes() for part in (matrix.indptr, matrix.indices, matrix.data))
        for array in (self.vectors, self.head, self.tail, self.random4, self.segments):
            yield np.ascontiguousarray(array).tobytes()
        yield from (array.astype("<i8").tobytes() for array in (self.n_tokens, self.n_words))


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
    stored = read_file(path)
    row_of = {film_id: row for row, film_id in enumerate(stored["ids"].tolist())}
    missing = [script.film_id for script in chosen if script.film_id not in row_of]
    if missing:
        raise DatasetError(
            f"{path.name}: {len(missing)} films of the manifest are missing (first: "
            f"{missing[0]!r}); the file was made for another manifest. {REBUILD}"
        )
    rows = np.array([row_of[script.film_id] for script in chosen], dtype=int)
    vocabulary = tuple(stored["vocabulary"].tolist())
    scale = stored["segments_scale"][rows][:, :, None].astype(np.float32)
    return ScriptFeatures(
        name="script_features",
        ids=tuple(script.film_id for script in chosen),
        titles=tuple(script.title for script in chosen),
        texts=NoTexts(len(chosen)),
        labels=label_matrix([script.genres for script in chosen], names),
        label_names=names,
        groups=np.array([script.group for script in chosen], dtype=str),
        card=replace(CARD, notes=(*notes, *_quantised(stored))),
        counts=_counts(stored, "counts", rows),
        head_counts=_counts(stored, "head_counts", rows),
        vocabulary=vocabulary,
        vectors=stored["vectors_f16"][rows].astype(np.float32),
        head=stored["head_f16"][rows].astype(np.float32),
        tail=stored["tail_f16"][rows].astype(np.float32),
        random4=stored["random4_f16"][rows].astype(np.float32),
        segments=stored["segments_i8"][rows].astype(np.float32) * scale,
        n_tokens=stored["n_tokens"][rows].astype(np.int64),
        n_words=stored["n_words"][rows].astype(np.int64),
        split=np.array([script.split for script in chosen], dtype=str),
        provenance=json.loads(str(stored["provenance"])),
    )


def read_file(path: Path) -> dict[str, np.ndarray]:
    """Read and check the arrays of a features file, as they are stored.

    Raises
    ------
    DatasetError
        If the file or one of its arrays is missing, or arrays do not have one row a film.
    """
    if not path.is_file():
        raise DatasetError(f"{path} is missing; expected the features of the scripts. {REBUILD}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive.files}
    except Exception as error:  # zip, zlib and numpy raise a dozen kinds on damaged bytes
        raise DatasetError(f"{path}: cannot be read ({error}). {REBUILD}") from None
    absent = sorted(set(_ARRAYS) - set(stored))
    if absent:
        raise DatasetError(f"{path}: the arrays {', '.join(absent)} are missing. {REBUILD}")
    n_films = len(stored["ids"])
    for name in _PER_FILM:
        n_rows = len(stored[name]) - name.endswith("indptr")
        if n_rows != n_films:
            raise DatasetError(
                f"{path}: {name} has {n_rows} rows; expected {n_films}, one for each id. {REBUILD}"
            )
    return stored


def fetch(progress: bool = True) -> int:
    """Fetch nothing: the features ship with the package."""
    return 0


def verify() -> list[str]:
    """Read the shipped file whole and hold it against the manifest; return one line a problem."""
    try:
        stored = read_file(settings.data_file(FILE))
    except DatasetError as error:
        return [str(error)]
    usable = {script.film_id for script in scripts.read_manifest() if script.usable}
    found = set(stored["ids"].tolist())
    problems = [f"{FILE}: {film_id} of the manifest is missing" for film_id in usable - found]
    problems += [f"{FILE}: {film_id} is no usable film" for film_id in found - usable]
    problems += [
        f"{FILE}: {name} holds values that are not finite"
        for name in _ARRAYS
        if stored[name].dtype.kind == "f" and not np.isfinite(stored[name]).all()
    ]
    return sorted(problems)


def _counts(stored: dict[str, np.ndarray], name: str, rows: np.ndarray) -> "csr_array":
    from scipy.sparse import csr_array

    data, indices, indptr = (stored[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
    shape = (len(stored["ids"]), len(stored["vocabulary"]))
    parts = (data.astype(np.int32), indices.astype(np.int32), indptr.astype(np.int32))
    return csr_array(parts, shape=shape)[rows]


def _quantised(stored: dict[str, np.ndarray]) -> tuple[str, ...]:
    cost = json.loads(str(stored["provenance"])).get("quantisation")
    return (f"quantised: {cost}",) if cost else ()


_PER_FILM = (
    "counts_indptr",
    "head_counts_indptr",
    "vectors_f16",
    "head_f16",
    "tail_f16",
    "random4_f16",
    "segments_i8",
    "segments_scale",
    "n_tokens",
    "n_words",
)
_ARRAYS = (
    *_PER_FILM,
    "ids",
    "vocabulary",
    "counts_data",
    "counts_indices",
    "head_counts_data",
    "head_counts_indices",
    "provenance",
)

CARD = DatasetCard(
    name="script_features",
    title="Word counts and vectors of the scripts",
    summary="Of all usable scripts: counts of words found in at least five scripts, and MiniLM "
    "vectors of the whole, the head, the tail, four random windows and equal segments.",
    licence="Non-expressive features in the spirit of HathiTrust's Extracted Features: counts of "
    "words found in at least five scripts, and averages over at least a sixteenth of a script. We "
    "know of no way to rebuild readable text from them; this is our judgement, not legal advice; "
    "rights holders can ask for removal.",
    source="made by `genrelab data build-features` from the data set `scripts`",
    citation=scripts.CARD.citation,
    hashes={"scripts/*.txt": "git blob SHA-1 of each source file, in scripts.csv"},
    shipped=True,
)
