"""``load_folder``: anyone's own texts, with labels from sub-folders or from a CSV file."""

import csv
import hashlib
import warnings
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genrelab import settings
from genrelab.datasets.base import (
    Dataset,
    DatasetCard,
    DatasetError,
    LazyTexts,
    frequent_labels,
    label_matrix,
)

_FACTS = ("id", "title", "group")


class _Row(NamedTuple):
    line: int
    labels: tuple[str, ...]
    title: str
    group: str


def load_folder(
    path: str | Path, labels_csv: str | Path | None = None, *, encoding: str = "utf-8"
) -> Dataset:
    """Load your own ``.txt`` files.

    Where labels come from:

    - ``labels_csv`` given: one line a text. Column ``id`` (the file's path inside the folder, with
      or without ``.txt``), then either ``labels`` (``Crime|Drama``) or one column of 0 and 1 a
      label. Columns ``title`` and ``group`` are used if they are there.
    - else, if every text lies in a sub-folder: the first sub-folder is its genre.
    - else, if no text lies in a sub-folder: no labels (enough for encoding).

    Parameters
    ----------
    path : str or Path
        The folder, searched with its sub-folders; or a zip or tar archive of it, which is unpacked
        into the cache.
    labels_csv : str or Path, optional
        The labels.
    encoding : str, default="utf-8"
        Of the texts and of the CSV file.

    Returns
    -------
    Dataset
        With texts that are read on access. Every file was read once, to find bad ones now.

    Raises
    ------
    DatasetError
        If a file is empty or in another encoding, an id stands twice, a text has no labels or a
        line no text; the message names file and line.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for genre, story in {"war": "Guns.", "romance": "Kisses."}.items():
    ...     (folder / genre).mkdir()
    ...     _ = (folder / genre / "story.txt").write_text(story)
    >>> stories = load_folder(folder)
    >>> stories.ids, stories.label_names, stories.texts[1]
    (('romance/story', 'war/story'), ('romance', 'war'), 'Guns.')
    """
    root = _folder(Path(path).expanduser())
    files = _text_files(root)
    for file in files.values():
        _read(encoding, file)
    if labels_csv is not None:
        rows = _rows(Path(labels_csv).expanduser(), encoding)
        rows = _match(rows, files, root, Path(labels_csv))
        origin = f"labels from {Path(labels_csv).name}"
    else:
        rows = _rows_of_folders(files, root)
        origin = "one label a text: its sub-folder" if _labelled(rows) else "no labels"
    names = frequent_labels([row.labels for row in rows.values()])
    return Dataset(
        name=root.name,
        ids=tuple(files),
        titles=tuple(rows[name].title or Path(name).name for name in files),
        texts=LazyTexts(tuple(files.values()), partial(_read, encoding)),
        labels=label_matrix([rows[name].labels for name in files], names),
        label_names=names,
        groups=np.array([rows[name].group or name for name in files], dtype=str),
        card=DatasetCard(
            name=root.name,
            title=f"Texts of {root.name}",
            summary="Texts from a folder of this computer.",
            licence="yours to know",
            source=str(path),
            citation="",
            single_label=labels_csv is None and _labelled(rows),
            notes=(origin,),
        ),
    )


def _folder(path: Path) -> Path:
    if path.is_dir():
        return path
    if not path.is_file():
        raise DatasetError(f"{path}: no such folder or archive; expected a folder of .txt files.")
    from genrelab.datasets.fetch import unpack

    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return unpack(path, settings.cache_dir() / "folders" / digest / path.name.split(".")[0])


def _text_files(root: Path) -> dict[str, Path]:
    """Map ids to files, sorted; warn of files that are left out."""
    files: dict[str, Path] = {}
    others = []
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if not path.is_file() or any(part.startswith((".", "__MACOSX")) for part in inside.parts):
            continue
        if path.suffix.lower() != ".txt":
            others.append(inside.as_posix())
            continue
        name = inside.with_suffix("").as_posix()
        if name in files:
            raise DatasetError(
                f"{root}: {files[name].name!r} and {path.name!r} both make the id {name!r}; "
                "expected unique ids. Rename one."
            )
        files[name] = path
    if not files:
        raise DatasetError(f"{root}: no .txt file in it or below; expected one a text.")
    others = [name for name in others if not name.lower().endswith(".csv")]
    if others:
        warnings.warn(
            f"{root}: {len(others)} files are not .txt and were left out (first: {others[0]!r}). "
            "Convert them to plain text to use them.",
            stacklevel=3,
        )
    return files


def _read(encoding: str, path: Path) -> str:
    data = path.read_bytes()
    text = _decode(data, path, encoding)
    if not text.strip():
        raise DatasetError(f"{path}: empty ({len(data)} bytes); expected text. Drop or fill it.")
    return text


def _decode(data: bytes, path: Path, encoding: str) -> str:
    try:
        text = data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DatasetError(
            f"{path}, line {line}: byte 0x{data[error.start]:02x} is not {encoding}. Save the file "
            "as UTF-8, or pass its encoding, for example encoding='cp1252'."
        ) from None
    except LookupError:
        raise DatasetError(f"encoding={encoding!r} is unknown; expected 'utf-8', say.") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _rows_of_folders(files: dict[str, Path], root: Path) -> dict[str, _Row]:
    inside = [name for name in files if "/" in name]
    outside = [name for name in files if "/" not in name]
    if inside and outside:
        raise DatasetError(
            f"{root}: {files[outside[0]].name!r} lies at the top and {inside[0]!r} in a "
            "sub-folder; expected every text in its genre's folder, or none. Move them, or pass "
            "labels_csv."
        )
    return {name: _Row(0, tuple(name.split("/")[:-1][:1]), "", "") for name in files}


def _labelled(rows: dict[str, _Row]) -> bool:
    return any(row.labels for row in rows.values())


def _rows(path: Path, encoding: str) -> dict[str, _Row]:
    """Read the labels; every line is checked."""
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; expected a CSV file with the labels.")
    lines = _decode(path.read_bytes(), path, encoding).split("\n")
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        columns = _label_columns(path, header)
        rows: dict[str, _Row] = {}
        for cells in reader:
            if not cells:
                continue
            where = f"{path.name}, line {reader.line_num}"
            if len(cells) != len(header):
                raise DatasetError(
                    f"{where}: {len(cells)} cells; expected {len(header)}, as in the first line."
                )
            cell = dict(zip(header, (value.strip() for value in cells), strict=True))
            name = _without_suffix(cell["id"])
            if not name:
                raise DatasetError(f"{where}: the id is empty; expected the name of a file.")
            if name in rows:
                raise DatasetError(
                    f"{where}: id {name!r} stands in line {rows[name].line} already; expected each "
                    "once. Join the two lines."
                )
            labels = _labels(where, name, cell, columns)
            rows[name] = _Row(reader.line_num, labels, cell.get("title", ""), cell.get("group", ""))
    except csv.Error as error:
        raise DatasetError(f"{path.name}, line {reader.line_num}: not CSV ({error}).") from None
    if not rows:
        raise DatasetError(f"{path.name}: no line below the first; expected one a text.")
    return rows


def _label_columns(path: Path, header: list[str]) -> list[str]:
    columns = [name for name in header if name not in _FACTS]
    if "id" not in header or not columns or "" in header or len(set(header)) < len(header):
        raise DatasetError(
            f"{path.name}, line 1: the columns are {', '.join(map(repr, header)) or 'none'}; "
            "expected 'id' and then 'labels', or one column a label, each named once and separated "
            "by commas."
        )
    if "labels" in columns and len(columns) > 1:
        raise DatasetError(
            f"{path.name}, line 1: both 'labels' and other columns ({', '.join(columns)}); "
            "expected 'labels' alone, or one column a label."
        )
    return columns


def _labels(where: str, name: str, cell: dict[str, str], columns: list[str]) -> tuple[str, ...]:
    if columns == ["labels"]:
        labels = [label.strip() for label in cell["labels"].split("|") if label.strip()]
    else:
        for column in columns:
            if cell[column] not in ("0", "1"):
                raise DatasetError(
                    f"{where}: {cell[column]!r} in column {column!r}; expected 0 or 1."
                )
        labels = [column for column in columns if cell[column] == "1"]
    if not labels:
        raise DatasetError(f"{where}: {name!r} has no label; expected at least one.")
    return tuple(dict.fromkeys(labels))


def _without_suffix(name: str) -> str:
    name = name.replace("\\", "/").removeprefix("./")
    return name[:-4] if name.lower().endswith(".txt") else name


def _match(
    rows: dict[str, _Row], files: dict[str, Path], root: Path, path: Path
) -> dict[str, _Row]:
    unlabelled = [name for name in files if name not in rows]
    absent = [name for name in rows if name not in files]
    if absent:
        raise DatasetError(
            f"{path.name}, line {rows[absent[0]].line}: no file {absent[0]}.txt in {root} "
            f"({_count(absent)} without a file, {_count(unlabelled)} without a line). "
            "Correct the ids or add the texts."
        )
    if unlabelled:
        raise DatasetError(
            f"{files[unlabelled[0]]}: no line in {path.name} ({_count(unlabelled)} without one). "
            "Add its labels or move the file away."
        )
    return rows


def _count(names: Iterable[str]) -> str:
    number = len(list(names))
    return f"{number} {'text' if number == 1 else 'texts'}"
