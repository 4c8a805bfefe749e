"""``genrelab course``: build editions, check that they are fresh and tight, export assignments."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from genrelab.course.overlay import Overlay

PROBLEMS, BAD_INPUT = 1, 2

app = typer.Typer(
    help="For authors and instructors, in a checkout: editions of the course, and assignments.",
    no_args_is_help=True,
)


class Edition(StrEnum):
    """What the one source becomes."""

    book = "book"
    notebooks = "notebooks"
    student = "student"
    instructor = "instructor"


class Grader(StrEnum):
    """Whom assignments are exported to."""

    otter = "otter"
    nbgrader = "nbgrader"


Key = Annotated[
    Path | None,
    typer.Option(
        help="Overlay folder outside the repository: assigned exercises, solutions, hidden checks.",
        metavar="DIR",
    ),
]
Seed = Annotated[
    int | None, typer.Option(help="Of this class; changes the overlay's data and numbers.")
]


@contextmanager
def _one_line() -> Iterator[None]:
    """Turn an expected error into one line on standard error and an exit code."""
    try:
        yield
    except ModuleNotFoundError as error:
        _stop(f"needs {error.name}; install what the book needs: pip install 'genrelab[book]'", 2)
    except (ValueError, OSError, RuntimeError, subprocess.CalledProcessError) as error:
        _stop(str(error), BAD_INPUT)


def _stop(message: str, code: int) -> None:
    typer.echo(f"error: genrelab course: {message}", err=True)
    raise typer.Exit(code) from None


def _chosen(numbers: list[int] | None) -> list[Path]:
    from genrelab.course.chapters import ROOT, chapters

    there = {int(path.stem[:2]): path for path in chapters()}
    if not there:
        raise ValueError(f"no chapters in {ROOT / 'notebooks'}; run it in a checkout of the course")
    unknown = sorted(set(numbers or ()) - there.keys())
    if unknown:
        raise ValueError(f"no chapter {unknown[0]}; there are {', '.join(map(str, there))}")
    return [path for number, path in there.items() if not numbers or number in numbers]


def _overlay(key: Path | None, seed: int | None) -> "Overlay | None":
    from genrelab.course.overlay import read_overlay

    if key is None and seed is not None:
        raise ValueError("--seed changes the exercises of an overlay; name its folder with --key")
    return None if key is None else read_overlay(key, seed)


def _check(edition: Edition, out: Path | None, overlay: "Overlay | None") -> list[str]:
    """Say what is stale or leaks; a folder is compared only where one is named."""
    from genrelab.course import editions, notebooks

    paths = _chosen(None)
    if edition is Edition.book:
        return editions.open_places(overlay=overlay)
    if edition is Edition.notebooks:
        texts = {f"{path.stem}.ipynb": path.with_suffix(".ipynb") for path in paths}
        there = {name: path.read_text("utf-8") for name, path in texts.items() if path.is_file()}
        return notebooks.stale() + (editions.compare(there, out) if out else [])
    try:
        texts = editions.rendered(edition, paths, overlay=overlay)
    except ValueError as error:
        return str(error).splitlines()
    return editions.compare(texts, out) if out else []


def _build(edition: Edition, out: Path | None, overlay: "Overlay | None") -> Path:
    from genrelab.course import editions
    from genrelab.course.__main__ import build_book, write_notebooks
    from genrelab.course.chapters import ROOT

    paths = _chosen(None)
    if edition is Edition.book:
        build_book()
        home = ROOT / "_build" / "html"
        return Path(shutil.copytree(home, out, dirs_exist_ok=True)) if out else home
    if edition is Edition.notebooks:
        write_notebooks(paths)
        texts = {f"{p.stem}.ipynb": p.with_suffix(".ipynb").read_text("utf-8") for p in paths}
        home = out or ROOT / "notebooks"
    else:
        texts = editions.rendered(edition, paths, overlay=overlay)
        home = out or ROOT / "_build" / edition
    editions.write(texts, home)
    return home


@app.command("build")
def build(
    edition: Annotated[Edition | None, typer.Option(help="Which edition.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to or compare with.", metavar="DIR"),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All four editions; with --out, in DIR/EDITION.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; name what is stale or leaks, exit 1.")
    ] = False,
    key: Key = None,
    seed: Seed = None,
) -> None:
    """Build editions: book, notebooks, student (no answers), instructor (answers, rubrics, points).

    Without --out the book goes to _build/html, the notebooks beside their sources, the others to
    _build/EDITION. With --check, student and instructor are compared only with a folder that you
    name; without one they are built in memory and searched for answers.
    """
    with _one_line():
        if (edition is None) == (not every):
            raise ValueError("name one with --edition, or take --all")
        overlay, problems = _overlay(key, seed), []
        for each in Edition if every else [edition]:
            folder = out / each if out and every else out
            if check:
                problems += _check(each, folder, overlay)
            else:
                typer.echo(f"{each}: {_build(each, folder, overlay)}")
    if problems:
        typer.echo("\n".join(problems))
        raise typer.Exit(PROBLEMS)
    if check:
        typer.echo("Fresh, and nothing leaks.")


@app.command("export")
def export(
    to: Annotated[Grader, typer.Option(help="Which grader.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.", metavar="DIR")],
    chapters: Annotated[
        list[int] | None, typer.Option(help="Number of a chapter; again for more. All if absent.")
    ] = None,
    key: Key = None,
    seed: Seed = None,
) -> None:
    """Write assignments for otter-grader or nbgrader, solutions and hidden checks included.

    Then, in DIR: otter assign NN_slug/NN_slug.ipynb dist; or nbgrader generate_assignment NN_slug.
    """
    with _one_line():
        from genrelab.course import editions, exports

        texts = exports.rendered(to, _chosen(chapters), overlay=_overlay(key, seed))
        editions.write(texts, out)
        typer.echo(f"{to}: {len(texts)} files in {out}")
