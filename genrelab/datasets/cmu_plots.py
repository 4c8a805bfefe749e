"""``cmu_plots``: Wikipedia's plot summaries with Freebase's genres, fetched by the user."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from genrelab import settings
from genrelab.datasets import fetch as fetching
from genrelab.datasets.base import (
    Dataset,
    DatasetError,
    frequent_labels,
    label_matrix,
    linked_groups,
    read_card,
    slug,
    split_lines,
)

HOST = "http://www.cs.cmu.edu"
MOST_BYTES = 100_000_000
CARD = read_card("cmu_plots")


def load(*, min_count: int = 1, progress: bool = True) -> Dataset:
    """Load the plots; the archive is fetched first where the cache lacks it.

    Parameters
    ----------
    min_count : int, default=1
        Labels with at least so many films; films with none of them are left out. The default keeps
        all of Freebase's genres: the many-label case.
    progress : bool, default=True
        Show a progress bar while fetching.

    Returns
    -------
    Dataset
        Films of one title, or with one text, are a group.

    Raises
    ------
    DatasetError
        If the archive is not the published one.
    """
    fetch(progress)
    films = {cells[0]: (cells[2], genres_of(cells[8])) for cells in _table("movie.metadata.tsv", 9)}
    plots = [
        (number, text, *films.get(number, ("", ())))
        for number, text in _table("plot_summaries.txt", 2)
    ]
    named = [plot for plot in plots if plot[3]]
    names = frequent_labels((genres for *_, genres in named), min_count)
    kept = [plot for plot in named if set(plot[3]) & set(names)]
    notes = (
        f"{len(plots):,} plots; {len(plots) - len(named):,} left out: they have no genre",
        f"{sum(plot[0] not in films for plot in plots):,} of these are not in movie.metadata.tsv",
        f"{len(named) - len(kept):,} left out: none of their genres has {min_count} films",
    )
    return Dataset(
        name="cmu_plots",
        ids=tuple(number for number, *_ in kept),
        titles=tuple(title for _, _, title, _ in kept),
        texts=tuple(text for _, text, *_ in kept),
        labels=label_matrix([genres for *_, genres in kept], names),
        label_names=names,
        groups=linked_groups(
            [slug(plot[2]) or plot[2] for plot in kept], [plot[1] for plot in kept]
        ),
        card=replace(CARD, notes=(*CARD.notes, *notes)),
    )


def genres_of(cell: str) -> tuple[str, ...]:
    """Return the genres' names of Freebase's JSON, each once.

    Examples
    --------
    >>> genres_of('{"/m/07s9rl0": "Drama", "/m/06ppq": "Silent film"}')
    ('Drama', 'Silent film')
    """
    return tuple(dict.fromkeys(name.strip() for name in json.loads(cell).values()))


def folder() -> Path:
    """Return the cache folder of the archive as unpacked."""
    return settings.cache_dir() / "cmu_plots"


def files() -> tuple[fetching.RemoteFile, ...]:
    """Return the members that are read, with the hashes of the card."""
    return tuple(
        fetching.RemoteFile(f"unpacked/MovieSummaries/{name}", "", sha1, 0)
        for name, sha1 in CARD.hashes.items()
    )


def fetch(progress: bool = True) -> int:
    """Fetch and unpack the archive where the cache lacks its files; return how many came.

    Raises
    ------
    FetchError
        If the archive does not arrive.
    DatasetError
        If it cannot be unpacked safely or holds other files than the published ones.
    """
    if not verify():
        return 0
    path = CARD.source.removeprefix(f"{HOST}/")
    archive = fetching.RemoteFile(path.rsplit("/", 1)[-1], path, "", MOST_BYTES)
    fetching.fetch((archive,), folder(), what="cmu_plots", host=HOST, progress=progress)
    unpacked = folder() / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        fetching.unpack(folder() / archive.name, unpacked)
    finally:
        (folder() / archive.name).unlink()
    problems = verify()
    if problems:
        raise DatasetError(
            f"cmu_plots: {'; '.join(problems)}, from {settings.mirror() or HOST}. Unset or correct "
            "GENRELAB_MIRROR, then run: genrelab data fetch cmu_plots"
        )
    return len(files())


def verify() -> list[str]:
    """Hash the unpacked files again; return one line a problem."""
    return fetching.verify(files(), folder())


def _table(name: str, n_cells: int) -> list[list[str]]:
    file = next(file for file in files() if file.name.endswith(name))
    data = fetching.read_verified(file, folder(), what="cmu_plots")
    return split_lines(data, "\t", n_cells, what=f"cmu_plots: {name}")
