"""``genrelab data``: list, fetch, verify, clean, explore and export what there is to read."""

import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from genrelab import datasets, settings
from genrelab.cli.base import PROBLEMS, AsJson, Quiet, one_line_errors, print_json
from genrelab.datasets.scripts import LockedTestWarning

app = typer.Typer(
    help="What there is to read: list, fetch, verify, clean, explore, export.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(datasets.NAMES)}.")]


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List the data sets: what they are, how many rows, where they come from."""
    if as_json:
        found = datasets.list_datasets().astype(object).reset_index()
        print_json(found.where(found.notna(), None).to_dict("records"))
        return
    table = Table(Column("name", no_wrap=True), "what", "rows", "labels", "comes")
    for name in datasets.NAMES:
        card = datasets.module(name).CARD
        table.add_row(
            name,
            card.title,
            "after loading" if card.n_rows is None else f"{card.n_rows:,}",
            "one a row" if card.single_label else "several a row",
            card.comes,
        )
    Console().print(table)


@app.command("fetch")
def fetch_command(
    name: Name,
    quiet: Quiet = False,
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


@app.command("verify")
def verify_command(name: Name, as_json: AsJson = False) -> None:
    """Check the content of a data set again; exit code 1 if anything is missing or changed."""
    with one_line_errors():
        problems = datasets.module(name).verify()
    if as_json:
        print_json({"name": name, "problems": problems})
        raise typer.Exit(PROBLEMS if problems else 0)
    for problem in problems:
        typer.echo(problem)
    if problems:
        typer.echo(f"error: {name}: {len(problems):,} problems found.", err=True)
        raise typer.Exit(PROBLEMS)
    typer.echo(f"{name}: all files are there and unchanged.")


@app.command("build-features")
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
