"""What a data set is: rows of text with labels and groups, and the card that says where from."""

import csv
import hashlib
import html
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import numpy as np

from genrelab import settings

if TYPE_CHECKING:
    import pandas as pd


class DatasetError(ValueError):
    """Data or an option is not as expected; the message names the item and the remedy."""


@dataclass(frozen=True)
class DatasetCard:
    """What one must know of a data set before using it.

    Attributes
    ----------
    name, title, summary : str
        The name that :func:`~genrelab.datasets.load` takes, and what it is.
    licence, source, citation : str
        What the law allows, where the data come from, and whom to cite.
    hashes : mapping of str to str
        What the content is checked against, by file or pattern.
    single_label : bool
        Whether each row has exactly one label.
    shipped : bool
        Whether the data are installed with the package (or a pinned wheel).
    by_hand : bool
        Whether the user brings the files: nothing is fetched.
    n_rows : int or None
        Rows; ``None`` where only loading can tell.
    label_counts : mapping of str to int
        Positive rows a label, after loading.
    notes : tuple of str
        What was dropped, changed or left out, with counts and reasons.
    """

    name: str
    title: str
    summary: str
    licence: str
    source: str
    citation: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    single_label: bool = False
    shipped: bool = False
    by_hand: bool = False
    n_rows: int | None = None
    label_counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def comes(self) -> str:
        """How the data come: ``"installed"``, ``"brought by you"`` or ``"fetched"``."""
        return "installed" if self.shipped else "brought by you" if self.by_hand else "fetched"

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._lines())

    def _repr_html_(self) -> str:
        cells = ((html.escape(name), html.escape(value)) for name, value in self._lines())
        rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in cells)
        return f"<table>{rows}</table>"

    def _lines(self) -> list[tuple[str, str]]:
        kind = "one a row" if self.single_label else "several a row"
        counts = ", ".join(f"{name} {count:,}" for name, count in self.label_counts.items())
        shown = {
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "rows": "known after loading" if self.n_rows is None else f"{self.n_rows:,}",
            "labels": f"{kind}: {counts}" if counts else kind,
            "licence": self.licence,
            "source": self.source,
            "cite": self.citation,
            "comes": self.comes,
        }
        return [*shown.items(), *(("note", note) for note in self.notes)]


class LazyTexts(Sequence[str]):
    """Texts that are read on access; the last few stay in memory.

    Parameters
    ----------
    keys : sequence
        One hashable key a text, for example a path.
    read : callable
        Takes a key, returns the text.
    keep : int, default=4
        How many texts stay in memory.

    Examples
    --------
    >>> texts = LazyTexts(["a", "b"], str.upper)
    >>> len(texts), texts[-1], list(texts)
    (2, 'B', ['A', 'B'])
    """

    def __init__(self, keys: Sequence[Any], read: Callable[[Any], str], keep: int = 4) -> None:
        self._keys, self._source, self._keep = tuple(keys), read, keep
        self._read = lru_cache(maxsize=keep)(read)

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, item: int | slice) -> "str | LazyTexts":
        if isinstance(item, slice):
            return self.take(range(len(self))[item])
        return self._read(self._keys[item])

    def __reduce__(self) -> tuple:
        return LazyTexts, (self._keys, self._source, self._keep)

    def __repr__(self) -> str:
        return f"<{len(self):,} texts, read on access>"

    def take(self, rows: Iterable[int]) -> "LazyTexts":
        """Return the texts of the given rows, unread."""
        return LazyTexts([self._keys[row] for row in rows], self._source, self._keep)


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Texts with labels and groups; it does not change.

    Attributes
    ----------
    name : str
    ids, titles : tuple of str
        One a row; ids are unique.
    texts : sequence of str
        One a row; long ones are read on access.
    labels : ndarray of int8, shape (n_rows, n_labels)
        0 or 1, also for single-label sets.
    label_names : tuple of str
        Most frequent first.
    groups : ndarray of str, shape (n_rows,)
        Rows of one group (a franchise, say) must not be split between training and test.
    card : DatasetCard
    """

    name: str
    ids: tuple[str, ...]
    titles: tuple[str, ...]
    texts: Sequence[str]
    labels: np.ndarray
    label_names: tuple[str, ...]
    groups: np.ndarray
    card: DatasetCard

    _not_rows: ClassVar[frozenset[str]] = frozenset({"name", "label_names", "card"})
    _not_hashed: ClassVar[frozenset[str]] = frozenset({"name", "titles", "card"})

    def __post_init__(self) -> None:
        n_rows, labels = len(self.ids), np.array(self.labels, dtype=np.int8)
        for name in self.row_fields():
            values = getattr(self, name)
            n_found = values.shape[0] if hasattr(values, "shape") else len(values)
            if n_found != n_rows:
                self._refuse(f"{name} has {n_found} rows; expected {n_rows}, one for each id")
        repeated = [name for name, count in Counter(self.ids).items() if count > 1]
        if repeated:
            self._refuse(f"id {repeated[0]!r} stands more than once; expected unique ids")
        expected = (n_rows, len(self.label_names))
        if labels.shape != expected or np.any(labels & ~1):
            self._refuse(
                f"labels of shape {labels.shape} do not fit; expected 0 or 1 of shape {expected}"
            )
        odd = np.flatnonzero(labels.sum(axis=1) != 1) if self.card.single_label else ()
        if len(odd):
            found = labels[odd[0]].sum()
            self._refuse(f"{self.ids[odd[0]]!r} has {found} labels; expected 1 in such a set")
        labels.setflags(write=False)
        object.__setattr__(self, "labels", labels)
        counts = dict(zip(self.label_names, labels.sum(axis=0).tolist(), strict=True))
        card = replace(self.card, n_rows=n_rows, label_counts=counts)
        object.__setattr__(self, "card", card)

    def _refuse(self, problem: str) -> NoReturn:
        raise DatasetError(f"data set {self.name!r}: {problem}. Correct the data or its loader.")

    @classmethod
    def row_fields(cls) -> list[str]:
        """Return the names of the fields with one entry a row."""
        return [entry.name for entry in fields(cls) if entry.name not in cls._not_rows]

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.name!r}: {len(self):,} rows, "
            f"{len(self.label_names)} labels, {len(set(self.groups.tolist())):,} groups>"
        )

    def _repr_html_(self) -> str:
        return self.card._repr_html_()

    @cached_property
    def data_hash(self) -> str:
        """SHA-256 over ids, label names, labels, groups and content; it reads every text."""
        digest = hashlib.sha256()
        for part in self._content():
            digest.update(f"{len(part)}:".encode())
            digest.update(part)
        return digest.hexdigest()

    def select(self, rows: Sequence[bool] | Sequence[int] | np.ndarray) -> Self:
        """Return the chosen rows as a data set of the same kind.

        Parameters
        ----------
        rows : array of bool, shape (n_rows,), or array of int
            A mask, or row numbers in the order wanted, each at most once.

        Returns
        -------
        Dataset

        Raises
        ------
        DatasetError
            If a mask has another length, or a row does not exist or is chosen twice.

        Examples
        --------
        >>> from genrelab.datasets import load
        >>> plays = load("plays")
        >>> plays.select(plays.groups == "henriad")
        <Dataset 'plays': 5 rows, 6 labels, 1 groups>
        """
        index = self._row_numbers(rows)
        chosen = {name: _take(getattr(self, name), index) for name in self.row_fields()}
        return replace(self, **chosen)

    def summary(self) -> "pd.Series":
        """Return rows, labels, groups and label statistics as a Series.

        ``cardinality`` is the mean number of labels a row, ``density`` the same divided by the
        number of labels.
        """
        import pandas as pd

        per_row = self.labels.sum(axis=1)
        sizes = Counter(self.groups.tolist())
        return pd.Series(
            {
                "rows": len(self),
                "labels": len(self.label_names),
                "groups": len(sizes),
                "largest group": max(sizes.values(), default=0),
                "cardinality": float(per_row.mean()) if len(self) else float("nan"),
                "density": float(self.labels.mean()) if self.labels.size else float("nan"),
                "label sets": len({row.tobytes() for row in self.labels}),
            },
            name=self.name,
            dtype=object,
        )

    def _content(self) -> Iterator[bytes]:
        for entry in fields(self):
            if entry.name not in self._not_hashed:
                yield entry.name.encode()
                yield from _as_bytes(getattr(self, entry.name))

    def _row_numbers(self, rows: Sequence[bool] | Sequence[int] | np.ndarray) -> np.ndarray:
        index = np.asarray(rows)
        index = index if index.size or index.dtype == bool else index.astype(int)
        if index.ndim != 1 or index.dtype.kind not in "biu":
            raise DatasetError(
                f"select() got an array of {index.dtype}, shape {index.shape}; expected a mask or "
                "row numbers in one dimension."
            )
        if index.dtype == bool:
            if len(index) != len(self):
                raise DatasetError(
                    f"select() got a mask of {len(index)} rows; expected {len(self)}."
                )
            return np.flatnonzero(index)
        outside = index[(index < -len(self)) | (index >= len(self))]
        if outside.size:
            raise DatasetError(
                f"select() got row {outside[0]}; {self.name!r} has rows 0 to {len(self) - 1}."
            )
        index = index % max(len(self), 1)
        values, counts = np.unique(index, return_counts=True)
        if np.any(counts > 1):
            raise DatasetError(
                f"select() got row {values[counts > 1][0]} twice; expected each row at most once. "
                "To draw with replacement, index the arrays instead."
            )
        return index


def read_card(name: str) -> DatasetCard:
    """Return the shipped card of a data set, as it is before loading."""
    cards = tomllib.loads(settings.data_file("cards.toml").read_text(encoding="utf-8"))
    return DatasetCard(name=name, **cards[name])


def read_table(name: str) -> list[dict[str, str]]:
    """Return the rows of a shipped CSV file."""
    with settings.data_file(name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def split_lines(data: bytes, separator: str, n_cells: int, *, what: str) -> list[list[str]]:
    """Split UTF-8 lines into cells without outer white space; the last cell may hold separators.

    Empty lines are passed over.

    Examples
    --------
    >>> split_lines(b"1 ::: Alien ::: In space ::: a cat.", ":::", 3, what="films.txt")
    [['1', 'Alien', 'In space ::: a cat.']]
    """
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{what}: {error}; expected UTF-8. Bring the file again.") from None
    table = [[cell.strip() for cell in line.split(separator, n_cells - 1)] for line in lines]
    odd = [row for row, cells in enumerate(table) if len(cells) != n_cells and cells != [""]]
    if odd:
        raise DatasetError(
            f"{what}, line {odd[0] + 1}: {len(table[odd[0]])} cells; expected {n_cells}, separated "
            f"by {separator!r}. Bring the file again."
        )
    return [cells for cells in table if cells != [""]]


def slug(title: str) -> str:
    """Make an id of a title: lower case ASCII, words joined by hyphens.

    Examples
    --------
    >>> slug("L.A. Confidential"), slug("Amélie")
    ('l-a-confidential', 'amelie')
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def frequent_labels(label_sets: Iterable[Iterable[str]], min_count: int = 1) -> tuple[str, ...]:
    """Return the labels with at least ``min_count`` rows, most frequent first, then by name.

    Examples
    --------
    >>> frequent_labels([("War", "Drama"), ("Drama",), ("Comedy",)])
    ('Drama', 'Comedy', 'War')
    >>> frequent_labels([("War", "Drama"), ("Drama",)], min_count=2)
    ('Drama',)
    """
    if min_count < 1:
        raise DatasetError(f"min_count is {min_count}; expected at least 1.")
    counts = Counter(label for labels in label_sets for label in set(labels))
    names = sorted(counts, key=lambda label: (-counts[label], label))
    frequent = tuple(name for name in names if counts[name] >= min_count)
    if counts and not frequent:
        raise DatasetError(
            f"no label has min_count={min_count} rows; the most frequent, {names[0]!r}, has "
            f"{counts[names[0]]}. Lower min_count."
        )
    return frequent


def label_matrix(label_sets: Sequence[Iterable[str]], names: Sequence[str]) -> np.ndarray:
    """Return a 0/1 matrix (n_rows, n_labels) of int8; labels outside ``names`` are left out.

    Examples
    --------
    >>> label_matrix([("War", "Drama"), ("Comedy",)], ["Drama", "War"])
    array([[1, 1],
           [0, 0]], dtype=int8)
    """
    column = {name: number for number, name in enumerate(names)}
    matrix = np.zeros((len(label_sets), len(names)), dtype=np.int8)
    for row, labels in enumerate(label_sets):
        matrix[row, [column[label] for label in labels if label in column]] = 1
    return matrix


def linked_groups(titles: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """Group rows that share a title (remakes) or a text (an article on a series), also in chains.

    Examples
    --------
    >>> linked_groups(["dracula", "dracula", "alien", "aliens"], ["a", "b", "c", "b"]).tolist()
    ['dracula', 'dracula', 'alien', 'dracula']
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes: dict[tuple[str, str], int] = {}
    edges = [
        (
            nodes.setdefault(("title", title), len(nodes)),
            nodes.setdefault(("text", text), len(nodes)),
        )
        for title, text in zip(titles, texts, strict=True)
    ]
    of_title, of_text = np.array(edges, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(edges)), (of_title, of_text)), shape=(len(nodes), len(nodes)))
    component = connected_components(graph, directed=False)[1][of_title].tolist()
    first: dict[int, str] = {}
    for number, title in zip(component, titles, strict=True):
        first.setdefault(number, title)
    return np.array([first[number] for number in component], dtype=str)


def _take(values: Sequence | np.ndarray, index: np.ndarray) -> Sequence | np.ndarray:
    if isinstance(values, tuple):
        return tuple(values[row] for row in index)
    return values[index] if hasattr(values, "shape") else values.take(index.tolist())


def _as_bytes(values: Sequence[str] | np.ndarray) -> Iterator[bytes]:
    if hasattr(values, "indptr"):  # a sparse matrix
        values.sort_indices()
        yield from (part.tobytes() for part in (values.indptr, values.indices, values.data))
    elif hasattr(values, "tobytes") and values.dtype.kind != "U":
        yield f"{values.dtype}{values.shape}".encode()
        yield values.tobytes()
    else:
        yield from (str(value).encode() for value in values)
