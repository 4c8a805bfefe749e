"""``load_folder``: anyone's own texts, with labels from sub-folders or from a CSV file."""

import csv
import hashlib
import re
import warnings
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

_EXPECTED = (
    "expected 'id', then 'labels' (Crime|Drama) or one column of 0 and 1 a label, each named once "
    "and separated by commas"
)
_FACTS = frozenset({"id", "title", "group"})


class _Row(NamedTuple):
    line: int = 0
    labels: tuple[str, ...] = ()
    title: str = ""
    group: str = ""


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
        rows = _rows_of_table(Path(labels_csv).expanduser(), encoding, files)
    else:
        rows = _rows_of_folders(files, root)
    names = frequent_labels(row.labels for row in rows.values())
    card = DatasetCard(
        name=root.name,
        title=f"Texts of {root.name}",
        summary="Texts from a folder of this computer.",
        licence="yours to know",
        source=str(path),
        citation="",
        single_label=labels_csv is None and bool(names),
        notes=(f"labels from {labels_csv or ('the sub-folders' if names else 'nowhere')}",),
    )
    return Dataset(
        name=root.name,
        ids=tuple(files),
        titles=tuple(rows[name].title or Path(name).name for name in files),
        texts=LazyTexts(tuple(files.values()), partial(_read, encoding)),
        labels=label_matrix([rows[name].labels for name in files], names),
        label_names=names,
        groups=np.array([rows[name].group or name for name in files], dtype=str),
        card=card,
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
    inside = [path.relative_to(root) for path in sorted(root.rglob("*")) if path.is_file()]
    hidden = {path for path in inside if re.search(r"(^|/)(\.|__MACOSX)", path.as_posix())}
    shown = [path for path in inside if path not in hidden]
    texts = [path for path in shown if path.suffix.lower() == ".txt"]
    others = [str(path) for path in shown if path.suffix.lower() not in (".txt", ".csv")]
    if not texts:
        raise DatasetError(f"{root}: no .txt file in it or below; expected one a text.")
    if others:
        warnings.warn(
            f"{root}: {len(others)} files are not .txt and were left out (first: {others[0]!r}). "
            "Convert them to plain text to use them.",
            stacklevel=3,
        )
    files: dict[str, Path] = {}
    for path in texts:
        name = path.with_suffix("").as_posix()
        if name in files:
            raise DatasetError(
                f"{root}: {files[name].name!r} and {path.name!r} both make the id {name!r}; "
                "expected unique ids. Rename one."
            )
        files[name] = root / path
    return files


def _read(encoding: str, path: Path) -> str:
    text = _decode(path, encoding)
    if not text.strip():
        raise DatasetError(f"{path}: empty; expected text. Drop the file or fill it.")
    if "\0" in text:
        raise DatasetError(f"{path}: a binary file (it holds a NUL); expected text. Drop it.")
    return text


def _decode(path: Path, encoding: str) -> str:
    return decode(path.read_bytes(), str(path), encoding)


def decode(data: bytes, name: str, encoding: str = "utf-8") -> str:
    r"""Turn bytes into text with plain line ends, or say which byte is wrong.

    Parameters
    ----------
    data : bytes
    name : str
        What the message calls them.
    encoding : str, default="utf-8"

    Returns
    -------
    str

    Raises
    ------
    DatasetError
        If a byte does not fit, or the encoding is unknown.

    Examples
    --------
    >>> decode(b"INT. BAR\r\n", "bar.txt")
    'INT. BAR\n'
    """
    try:
        text = data.decode("utf-8-sig" if encoding.lower() == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DatasetError(
            f"{name}, line {line}: byte 0x{data[error.start]:02x} is not {encoding}. Save the file "
            "as UTF-8, or name its encoding, cp1252 for example."
        ) from None
    except LookupError:
        raise DatasetError(f"encoding={encoding!r} is unknown; expected 'utf-8', say.") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _rows_of_folders(files: dict[str, Path], root: Path) -> dict[str, _Row]:
    genres = {name: Path(name).parts[:-1][:1] for name in files}
    inside = [name for name in files if genres[name]]
    outside = [name for name in files if not genres[name]]
    if inside and outside:
        raise DatasetError(
            f"{root}: {outside[0]!r} lies at the top and {inside[0]!r} in a sub-folder; expected "
            "every text in its genre's folder, or none. Move them, or pass labels_csv."
        )
    return {name: _Row(labels=genres[name]) for name in files}


def _rows_of_table(path: Path, encoding: str, files: dict[str, Path]) -> dict[str, _Row]:
    """Read the labels; every line is checked and held against the files."""
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; expected a CSV file with the labels.")
    reader = csv.reader(_decode(path, encoding).split("\n"), strict=True)
    rows: dict[str, _Row] = {}
    try:
        header = [name.strip() for name in next(reader, [])]
        columns = [name for name in header if name not in _FACTS]
        wrong = not columns or ("labels" in columns and len(columns) > 1)
        if wrong or "id" not in header or not all(columns) or len(set(header)) < len(header):
            raise DatasetError(f"the columns are {header}; {_EXPECTED}")
        for cells in filter(None, reader):
            if len(cells) != len(header):
                raise DatasetError(f"{len(cells)} cells; expected {len(header)}, as in line 1.")
            cell = dict(zip(header, map(str.strip, cells), strict=True))
            name = cell["id"].replace("\\", "/").removeprefix("./")
            name = name[:-4] if name.lower().endswith(".txt") else name
            if name not in files:
                raise DatasetError(
                    f"no file for the id {cell['id']!r}. Correct it or add the text."
                )
            if name in rows:
                raise DatasetError(f"id {name!r} stands in line {rows[name].line} already.")
            title, group = cell.get("title", ""), cell.get("group", "")
            rows[name] = _Row(reader.line_num, _labels(cell, columns), title, group)
    except (DatasetError, csv.Error) as error:
        raise DatasetError(f"{path.name}, line {reader.line_num}: {error}") from None
    unlabelled = [name for name in files if name not in rows]
    if unlabelled:
        raise DatasetError(
            f"{files[unlabelled[0]]}: no line in {path.name} ({len(unlabelled)} such files). "
            "Add its labels or move the file away."
        )
    return rows


def _labels(cell: dict[str, str], columns: list[str]) -> tuple[str, ...]:
    if columns == ["labels"]:
        labels = [label.strip() for label in cell["labels"].split("|") if label.strip()]
    else:
        odd = [column for column in columns if cell[column] not in ("0", "1")]
        if odd:
            raise DatasetError(f"{cell[odd[0]]!r} in column {odd[0]!r}; expected 0 or 1.")
        labels = [column for column in columns if cell[column] == "1"]
    if not labels:
        raise DatasetError(f"{cell['id']!r} has no label; expected at least one.")
    return tuple(dict.fromkeys(labels))
