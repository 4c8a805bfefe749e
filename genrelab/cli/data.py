"""``genrelab data``: list, fetch, verify, clean, explore and export what there is to read."""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from genrelab import datasets, settings
from genrelab.cli.base import (
    PROBLEMS,
    AsJson,
    Config,
    Labels,
    Load,
    Quiet,
    counted,
    one_line_errors,
    print_json,
    read_data,
    write_file,
)
from genrelab.datasets.scripts import LockedTestWarning

app = typer.Typer(
    help="What there is to read: list, fetch, verify, clean, explore, export.",
    no_args_is_help=True,
)

Source = Annotated[
    str, typer.Argument(metavar="DATA", help="A data set by name, or a folder of your own texts.")
]
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
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fetch a data set into the cache, verified by content hash; run again to resume.

    GENRELAB_CACHE names the cache folder. GENRELAB_MIRROR names a folder or URL that replaces the
    host, laid out as OWNER/REPO/COMMIT/PATH.
    """
    with one_line_errors():
        loader = datasets.module(name)
        n_fetched = loader.fetch(progress=not quiet)
        if as_json:
            print_json({"name": name, "comes": loader.CARD.comes, "fetched": n_fetched})
        elif loader.CARD.shipped:
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
    as_json: AsJson = False,
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
    if as_json:
        print_json({"rows": len(scripts), "file": str(path)})
    else:
        typer.echo(f"script_features: {len(scripts):,} scripts, written to {path}")


@app.command("clean")
def clean_command(
    data: Source,
    out: Annotated[Path, typer.Argument(help="File to write: .csv or .parquet.", metavar="OUT")],
    labels: Labels = None,
    load: Load = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Clean a data set, or a folder of raw texts, into one table; say what went.

    Page furniture goes, and the footer that names the genres. Texts that hold nothing else, and
    texts that are the same as an earlier one, are left out; they are counted and named.

    For example:

        genrelab data clean my_texts clean.csv --labels labels.csv
    """
    from genrelab.datasets.export import export

    with one_line_errors():
        dataset = read_data(data, labels, load)
        rows = counted(range(len(dataset)), "cleaning", quiet)
        cleaned, dropped, cut = datasets.clean(dataset, rows)
        export(cleaned, out)
    found = {
        "rows": len(dataset),
        "kept": len(cleaned),
        "dropped": dropped,
        "characters_cut": cut,
        "notes": list(dataset.card.notes),
        "file": str(out),
    }
    if as_json:
        print_json(found)
        return
    typer.echo(f"{len(dataset):,} texts read, {len(cleaned):,} kept, {cut:,} characters cut: {out}")
    for reason, names in dropped.items():
        if names:
            some = ", ".join(names[:5]) + ", …" * (len(names) > 5)
            typer.echo(f"{len(names):,} left out, {reason}: {some}")
    for note in dataset.card.notes:
        typer.echo(f"on loading: {note}")


@app.command("explore")
def explore_command(
    data: Source,
    out: Annotated[Path, typer.Argument(help="Folder for the pictures.", metavar="FOLDER")],
    labels: Labels = None,
    load: Load = None,
    clean: Annotated[bool, typer.Option("--clean", help="Clean the texts first.")] = False,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Look at a data set, raw or clean: numbers, and pictures of genres and lengths.

    For example:

        genrelab data explore films pictures/ --load view=synopsis
    """
    with one_line_errors():
        if out.exists() and not out.is_dir():
            raise ValueError(f"{out} is a file; expected a folder for the pictures.")
        dataset = read_data(data, labels, load)
        rows = counted(range(len(dataset)), "reading", quiet)
        if clean:
            dataset, _, _ = datasets.clean(dataset, rows)
            rows = range(len(dataset))
        pictures = _pictures(dataset, rows)
        for name, picture in pictures.items():
            write_file(out / f"{name}.png", picture)
        numbers = dataset.summary()
    found = {
        "data": dataset.name,
        **numbers.dropna().to_dict(),
        "label_counts": dict(dataset.card.label_counts),
        "pictures": [str(out / f"{name}.png") for name in pictures],
    }
    if as_json:
        print_json(found)
    else:
        typer.echo(numbers.to_string())
        typer.echo("\n".join(f"written: {path}" for path in found["pictures"]))


def _pictures(dataset: datasets.Dataset, rows: Iterable[int]) -> dict[str, bytes]:
    """Draw what a data set has: labels, label sets, lengths."""
    from genrelab import plots

    n_words = getattr(dataset, "n_words", None)
    if n_words is None:
        n_words = [len(dataset.texts[row].split()) for row in rows]
    Y, names = dataset.labels, list(dataset.label_names)
    figures = {"lengths": plots.lengths({dataset.name: n_words})}
    if names:
        figures["genres"] = plots.genre_counts(Y, names, unit="texts")
    if len(names) > 1 and not dataset.card.single_label:
        figures["genres_a_text"] = plots.cardinality(Y, unit="texts")
        figures["genres_together"] = plots.co_occurrence(Y, names, unit="texts")
    return {name: figure.png for name, figure in figures.items()}


@app.command("export")
def export_command(
    data: Source,
    out: Annotated[
        Path, typer.Argument(help="File to write: .csv, .parquet or .conllu.", metavar="OUT")
    ],
    labels: Labels = None,
    load: Load = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a data set as CSV, parquet or CoNLL-U.

    CoNLL-U holds words and lemmas; part-of-speech tags where spaCy and its English model are
    installed, else `_` and a comment that says so.

    For example:

        genrelab data export plays plays.conllu
    """
    from genrelab.datasets.export import export

    with one_line_errors():
        dataset = read_data(data, labels, load)
        export(dataset, out, counted(range(len(dataset)), "writing", quiet))
    if as_json:
        print_json({"rows": len(dataset), "file": str(out)})
    else:
        typer.echo(f"{len(dataset):,} rows: {out}")
