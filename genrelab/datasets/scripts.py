"""``scripts``: whole screenplays, fetched by the user; the shipped manifest holds facts only."""

import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np

from genrelab import settings, text
from genrelab.datasets import fetch as fetching
from genrelab.datasets.base import (
    Dataset,
    DatasetError,
    LazyTexts,
    frequent_labels,
    label_matrix,
    read_card,
    read_table,
)

REPOSITORY = "florian-rieder/Movie-Scripts"
COMMIT = "1aad17ade9e673d3ce183ad28439411d2c7456db"
MIN_COUNT = 35
CARD = read_card("scripts")
NOTICE = f"About the scripts: {CARD.licence}"
Split = Literal["dev", "test", "all"]


class LockedTestWarning(UserWarning):
    """Rows of the locked test were asked for."""


class Script(NamedTuple):
    """One row of the manifest: facts about one file."""

    film_id: str
    file: str
    sha1: str
    size: int
    title: str
    genres: tuple[str, ...]
    group: str
    words: int
    usable: bool
    dropped: str
    split: str

    @property
    def remote(self) -> fetching.RemoteFile:
        """Where the file is and what it must hold."""
        path = f"{REPOSITORY}/{COMMIT}/scripts/{self.file}"
        return fetching.RemoteFile(self.file, path, self.sha1, self.size)


def read_manifest() -> tuple[Script, ...]:
    """Read the shipped manifest: one row for each of the files, usable or not."""
    return tuple(
        Script(
            film_id=row["film_id"],
            file=row["file"],
            sha1=row["sha1"],
            size=int(row["bytes"]),
            title=row["title"],
            genres=tuple(row["genres"].split("|")),
            group=row["group"],
            words=int(row["words"]),
            usable=row["usable"] == "1",
            dropped=row["dropped"],
            split=row["split"],
        )
        for row in read_table("scripts.csv")
    )


def folder() -> Path:
    """Return the cache folder of the files as fetched."""
    return settings.cache_dir() / "scripts" / COMMIT


def texts(scripts: Sequence[Script]) -> LazyTexts:
    """Return the cleaned texts, each read from the cache and verified on access.

    The page's footer (it names the genres) and page furniture are cut off by
    :func:`genrelab.text.strip_page`.
    """
    return LazyTexts(tuple(scripts), partial(_read, folder()))


def fetch(progress: bool = True, scripts: Sequence[Script] | None = None) -> int:
    """Fetch what the cache lacks; say once what the scripts are and for what use.

    Parameters
    ----------
    progress : bool, default=True
        Show a progress bar on standard error.
    scripts : sequence of Script, optional
        Only these; all files of the manifest when left out.

    Returns
    -------
    int
        Files fetched now.

    Raises
    ------
    FetchError
        If files did not arrive; those that did are kept.
    """
    wanted = read_manifest() if scripts is None else scripts
    notice = folder() / "NOTICE.txt"
    if not notice.exists():
        sys.stderr.write(f"{NOTICE}\n")
        notice.parent.mkdir(parents=True, exist_ok=True)
        fetching.write_whole(notice, f"{NOTICE}\n".encode())
    remotes = [script.remote for script in wanted]
    return fetching.fetch(remotes, folder(), what="scripts", progress=progress)


def verify() -> list[str]:
    """Hash every cached file again; return one line a problem."""
    return fetching.verify([script.remote for script in read_manifest()], folder())


def load(
    *,
    split: Split = "dev",
    min_count: int = MIN_COUNT,
    ids: Sequence[str] | None = None,
    progress: bool = True,
) -> Dataset:
    """Load the screenplays; what the cache lacks is fetched first.

    Parameters
    ----------
    split : {"dev", "test", "all"}, default="dev"
        The development part, or the locked test, which only chapter 14 opens: that one warns.
    min_count : int, default=35
        Labels on at least so many files of the manifest: 35 gives the 13 headline genres, 15
        gives 16. Scripts with none of them are left out, with their count on the card.
    ids : sequence of str, optional
        Only these films, in this order; only they are fetched.
    progress : bool, default=True
        Show a progress bar while fetching.

    Returns
    -------
    Dataset
        With texts that are read and cleaned on access.
    """
    scripts, names, notes = choose(split=split, min_count=min_count, what="scripts")
    if ids is not None:
        scripts = _by_id(scripts, ids)
    if any(not (folder() / script.file).is_file() for script in scripts):
        fetch(progress, scripts)
    return Dataset(
        name="scripts",
        ids=tuple(script.film_id for script in scripts),
        titles=tuple(script.title for script in scripts),
        texts=texts(scripts),
        labels=label_matrix([script.genres for script in scripts], names),
        label_names=names,
        groups=np.array([script.group for script in scripts], dtype=str),
        card=replace(CARD, notes=notes),
    )


def choose(
    *, split: Split, min_count: int, what: str
) -> tuple[list[Script], tuple[str, ...], tuple[str, ...]]:
    """Choose rows and labels of the manifest, as ``scripts`` and ``script_features`` both do.

    Parameters
    ----------
    split : {"dev", "test", "all"}
    min_count : int
        Counted over all files, before any is dropped: so the label sets are those that the
        yardstick fixed, whatever cleaning finds.
    what : str
        The data set's name, for messages.

    Returns
    -------
    scripts : list of Script
    label_names : tuple of str
    notes : tuple of str
        What was left out, with counts.
    """
    if split not in get_args(Split):
        raise DatasetError(
            f"{what}: split={split!r}; expected one of {', '.join(get_args(Split))}."
        )
    manifest = read_manifest()
    usable = [script for script in manifest if script.usable]
    names = frequent_labels([script.genres for script in manifest], min_count)
    rare = sorted({genre for script in usable for genre in script.genres} - set(names))
    labelled = [script for script in usable if set(script.genres) & set(names)]
    chosen = [script for script in labelled if split in (script.split, "all")]
    if split != "dev":
        n_test = sum(script.split == "test" for script in chosen)
        warnings.warn(
            f"{what}: split={split!r} OPENS THE LOCKED TEST ({n_test} scripts). It is opened once, "
            "in chapter 14, after the score was predicted. For everything else use split='dev'.",
            LockedTestWarning,
            stacklevel=4,
        )
    reasons = Counter(script.dropped.split(" of ")[0] for script in manifest if not script.usable)
    notes = (
        f"{len(chosen):,} rows: the {split} part of {len(labelled):,} usable, labelled scripts "
        f"among {len(manifest):,} files",
        *(f"{count} files dropped: {reason}" for reason, count in sorted(reasons.items())),
        f"{len(usable) - len(labelled)} usable scripts left out: none of their genres has "
        f"{min_count} files",
        f"labels are the {len(names)} genres on at least {min_count} of all files, duplicates and "
        "other dropped files counted too",
        f"rarer genres are not labels here: {', '.join(rare) or 'none'}",
    )
    return chosen, names, notes


def _by_id(scripts: Sequence[Script], ids: Sequence[str]) -> list[Script]:
    by_id = {script.film_id: script for script in scripts}
    unknown = [film_id for film_id in ids if film_id not in by_id]
    if unknown:
        raise DatasetError(
            f"scripts: {len(unknown)} ids are not among the {len(by_id):,} rows of this split and "
            f"min_count (first: {unknown[0]!r}). Take ids from load('script_features').ids."
        )
    return [by_id[film_id] for film_id in ids]


def _read(cache: Path, script: Script) -> str:
    raw = fetching.read_verified(script.remote, cache, what="scripts")
    return text.strip_page(raw.decode("utf-8")).body
