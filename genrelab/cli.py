"""The command ``genrelab``. Exit codes: 0 all is well, 1 problems were found, 2 bad input."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from genrelab import __version__, datasets, settings
from genrelab.datasets.fetch import FetchError
from genrelab.datasets.scripts import LockedTestWarning

PROBLEMS, BAD_INPUT = 1, 2

app = typer.Typer(
    name="genrelab",
    help="Predict a film's genres from its text, and encode documents of any length.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data = typer.Typer(
    help="What there is to read: list the data sets, fetch them, verify them.",
    no_args_is_help=True,
)
app.add_typer(data, name="data")

Name = Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(datasets.NAMES)}.")]


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn an expected error into one line on standard error and an exit code."""
    try:
        yield
    except (FetchError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(PROBLEMS) from None
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"genrelab {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Predict a film's genres from its text, and encode documents of any length."""


@data.command("list")
def list_command() -> None:
    """List the data sets: what they are, how many rows, where they come from."""
    table = Table(Column("name", no_wrap=True), "what", "rows", "labels", "comes")
    for name in datasets.NAMES:
        card = datasets.module(name).CARD
        table.add_row(
            name,
            card.title,
            "after loading" if card.n_rows is None else f"{card.n_rows:,}",
            "one a row" if card.single_label else "several a row",
            "installed" if card.shipped else "fetched",
        )
    Console().print(table)


@data.command("fetch")
def fetch_command(
    name: Name,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Fetch a data set into the cache, verified by content hash; run again to resume.

    GENRELAB_CACHE names the cache folder. GENRELAB_MIRROR names a folder or URL that replaces the
    host, laid out as OWNER/REPO/COMMIT/PATH.
    """
    with one_line_errors():
        loader = datasets.module(name)
        n_fetched = loader.fetch(progress=not quiet)
        if loader.CARD.shipped:
            typer.echo(f"{name} comes with the installation: nothing to fetch.")
        else:
            typer.echo(f"{name}: {n_fetched:,} files fetched, all verified, in {loader.folder()}")


@data.command("verify")
def verify_command(name: Name) -> None:
    """Check the content of a data set again; exit code 1 if anything is missing or changed."""
    with one_line_errors():
        problems = datasets.module(name).verify()
    for problem in problems:
        typer.echo(problem)
    if problems:
        typer.echo(f"error: {name}: {len(problems):,} problems found.", err=True)
        raise typer.Exit(PROBLEMS)
    typer.echo(f"{name}: all files are there and unchanged.")


@data.command("build-features")
def build_features_command(
    out: Annotated[
        Path | None,
        typer.Option(help="File to write; the one that ships with the package when left out."),
    ] = None,
) -> None:
    """Make script_features again from scripts, which are fetched first where the cache lacks them.

    This encodes every script: hours on two cores, minutes on a GPU.
    """
    from genrelab.encoding.features import build_features

    with one_line_errors(), warnings.catch_warnings():
        # Features are made of every script; nothing is learned from the locked ones here.
        warnings.simplefilter("ignore", LockedTestWarning)
        scripts = datasets.load("scripts", split="all", min_count=1)
        path = build_features(scripts, settings.cache_dir() / "encoded", out=out)
    typer.echo(f"script_features: {len(scripts):,} scripts, written to {path}")
