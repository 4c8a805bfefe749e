"""Tables of the book's prose pages, made at build time of what they tell about.

A Sphinx extension: a line ``<!-- fill: NAME -->`` in a page becomes the table of that name, so the
ledger knows a result as soon as it is recorded.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from genrelab import __version__, datasets
from genrelab.course import costs
from genrelab.course.chapters import ROOT, address, chapters
from genrelab.datasets.films import read_films
from genrelab.evaluation import capstone

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MARK = re.compile(r"^<!-- fill: (\w+) -->$", re.M)
PRONOUNS = {"he": ("he", "him", "his"), "she": ("she", "her", "hers")}


def table(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    r"""Return a Markdown table.

    Examples
    --------
    >>> print(table(["a", "b"], [[1, "x | y"]]))
    | a | b |
    |---|---|
    | 1 | x \| y |
    """

    def line(cells: Sequence[object]) -> str:
        texts = (str(cell).replace("|", r"\|").replace("\n", " ") for cell in cells)
        return f"| {' | '.join(texts)} |"

    return "\n".join([line(columns), "|" + "---|" * len(columns), *map(line, lines)])


def ledger() -> str:
    """Return one line for every file in ``book/results``."""
    url, branch = address(ROOT)
    lines = []
    for result in capstone.recorded():
        earlier = result.get("kept", {})
        machines = {capstone.machine(result, row) for row in ("", *earlier)}
        dates = sorted({result["date"], *(of["date"] for of in earlier.values())})
        systems = len(result.get("code", {}))
        commit = result["commit"] or "unknown"
        link = f"[{result['name']}]({url}/blob/{branch}/book/results/{result['name']}.json)"
        when = " to ".join(dict.fromkeys([dates[0], dates[-1]]))
        lines.append(
            [
                f"{link}: {result['title']}. `{result['command']}`",
                ", ".join(_data(result)),
                f"{'; '.join(sorted(machines))}, {when}",
                f"`{commit[:7]}{commit[40:]}`",
                f"{systems} × {len(result['rows']) // systems}" if systems else "–",
                "yes" if result.get("complete", True) else "**no**",
            ]
        )
    columns = "file, data, machine and date, commit, systems × folds, complete"
    return table(columns.split(", "), lines)


def _data(result: dict) -> list[str]:
    """Name the data sets behind a result, each with the beginning of its hash."""
    found = result.get("data", {})
    return [f"{name} `{str(value)[:7]}`" for name, value in found.items() if name != "folds"]


def published() -> str:
    """Return the published results, with their citations and our command."""
    columns = ["work", "system", "data", "published, not run by us", "nearest run of ours"]
    return table(
        columns,
        (
            [
                f"{{cite:t}}`{of.key}`",
                of.system,
                of.data,
                of.result,
                f"`{of.ours}`" if of.ours.startswith("genrelab") else of.ours,
            ]
            for of in capstone.PUBLISHED
        ),
    )


def cards() -> str:
    """Return the card of every data set, a section each; of installed ones, what loading adds."""
    sections = []
    for name in datasets.NAMES:
        card = datasets.module(name).CARD
        card = datasets.load(name).card if card.shipped else card
        facts = {
            "comes": card.comes,
            "rows": "known after loading" if card.n_rows is None else f"{card.n_rows:,}",
            "labels": "one a row" if card.single_label else "several a row",
            "licence": card.licence,
            "source": card.source,
            "cite": card.citation,
            "checked by": "; ".join(f"`{what}`: {of}" for what, of in card.hashes.items()),
        }
        counts = ", ".join(f"{label} {count:,}" for label, count in card.label_counts.items())
        facts |= {"rows a label": counts} if counts else {}
        notes = "\n".join(f"- {note}" for note in card.notes)
        body = table(["", ""], facts.items())
        sections.append(f"## `{name}`: {card.title}\n\n{card.summary}\n\n{body}\n\n{notes}")
    return "\n\n".join(sections)


def decades() -> str:
    """Return how many of the development films are of each decade."""
    years = read_films()
    ids = datasets.load("films").ids
    of = pd.Series([years[film].year // 10 * 10 for film in ids]).value_counts().sort_index()
    shares = ((f"{decade}s", count, f"{count / len(ids):.0%}") for decade, count in of.items())
    return table(["decade", "films", "share"], shares)


def pronouns() -> str:
    """Return, genre by genre, what share of a script's third-person pronouns are hers."""
    scripts = datasets.load("script_features")
    column = {word: place for place, word in enumerate(scripts.vocabulary)}
    counts = {
        who: np.asarray(scripts.counts[:, [column[w] for w in words if w in column]].sum(axis=1))
        for who, words in PRONOUNS.items()
    }
    share = counts["she"] / (counts["he"] + counts["she"])  # (n,)
    genres = [("all", np.ones(len(scripts), bool))]
    genres += [(g, scripts.labels[:, k] == 1) for k, g in enumerate(scripts.label_names)]
    lines = ([g, rows.sum(), f"{np.nanmedian(share[rows]):.0%}"] for g, rows in genres)
    return table(["genre", "films", "she, her, hers: median share"], lines)


def status() -> str:
    """Return what each chapter took when it was last run, in each profile that was measured."""
    lines = []
    for path in chapters():
        for profile, cost in sorted(costs.read(ROOT).get(path.stem, {}).items()):
            lines.append(
                [
                    f"{{doc}}`../notebooks/{path.stem}`",
                    profile,
                    f"{cost['seconds'] / 60:.1f}",
                    f"{cost['peak_mib'] / 1024:.1f}",
                    f"{cost['fetched_mib']:,}",
                    cost["gpu"] or f"{cost['cores']} cores of {cost['cpu']}",
                    cost["python"],
                    cost["date"],
                ]
            )
    columns = "chapter, profile, minutes, memory (GB), downloaded (MB), machine, Python, date"
    return table(columns.split(", "), lines)


def timings() -> str:
    """Return the minutes to read each chapter, and the minutes and points of its exercises."""
    lines = []
    for path in chapters():
        text = path.read_text("utf-8")
        (read,) = re.findall(r"About (\d+) minutes to read", text)
        tasks = re.findall(r"### Exercise \S+ \((\d+) minutes?, (\d+) points?\)", text)
        minutes, points = (sum(map(int, of)) for of in zip(*tasks, strict=True))
        lines.append([f"{{doc}}`../notebooks/{path.stem}`", read, len(tasks), minutes, points])
    columns = "chapter, minutes to read, exercises, their minutes, their points"
    return table(columns.split(", "), lines)


def pins() -> str:
    """Return the versions that the book is built and tested with."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    pinned = [line.split("==") for line in lines if "==" in line]
    return table(["package", "version"], [["genrelab", __version__], *pinned])


FILL: dict[str, Callable[[], str]] = {
    of.__name__: of for of in (ledger, published, cards, decades, pronouns, status, timings, pins)
}


def filled(text: str) -> str:
    """Return a page with its tables.

    Raises
    ------
    KeyError
        If there is no table of that name.

    Examples
    --------
    >>> filled("No table here.")
    'No table here.'
    """
    return MARK.sub(lambda mark: FILL[mark[1]](), text)


def _fill(app: "Sphinx", page: str, source: list[str]) -> None:
    if page.startswith("book/"):
        source[0] = filled(source[0])


def setup(app: "Sphinx") -> dict[str, bool]:
    """Tell Sphinx to fill pages as it reads them."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}
