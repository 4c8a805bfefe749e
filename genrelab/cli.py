"""The command ``genrelab``. Exit codes: 0 all is well, 1 problems were found, 2 bad input."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from genrelab import __version__, datasets, settings
from genrelab.datasets.fetch import FetchError
from genrelab.datasets.scripts import LockedTestWarning

if TYPE_CHECKING:
    import numpy as np

    from genrelab.encoding import ScriptEncoder

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
            card.comes,
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


@app.command("bench")
def bench_command(
    name: Annotated[
        str, typer.Argument(help="Which: `genrelab bench list` shows them.", metavar="NAME")
    ],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Record a table of the book, or measure this machine, into book/results/NAME.json.

    A broken run resumes. Tables that read texts need them fetched: `genrelab data fetch NAME`.
    """
    from genrelab import bench

    with one_line_errors():
        if name == "list":
            typer.echo("\n".join(sorted([*bench.TABLES, *bench.MEASUREMENTS])))
        elif name in bench.TABLES:
            typer.echo(bench.record_table(bench.TABLES[name](), progress=not quiet))
        elif name in bench.MEASUREMENTS:
            _measure(name)
        else:
            there = ", ".join(sorted([*bench.TABLES, *bench.MEASUREMENTS]))
            raise ValueError(f"no benchmark {name!r}; there are: {there}.")


def _measure(name: str) -> None:
    from importlib import import_module

    from genrelab.evaluation import record

    module = import_module(f"genrelab.bench.{name}")
    result = module.run()
    table = Table("what", "measured")
    for line in module.report(result):
        table.add_row(*line)
    Console().print(table)
    typer.echo(record(name, result))


@app.command("embed")
def embed_command(
    texts: Annotated[
        Path | None, typer.Argument(help="A folder of text files of your own.", exists=True)
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="A data set by name, e.g. scripts.")] = None,
    store: Annotated[
        Path | None, typer.Option(help="Folder that keeps finished vectors; resume from it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Parquet file to write: id, receipt, vector.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Folder or hub id of an encoder; the bundled MiniLM if absent."),
    ] = None,
    window: Annotated[int, typer.Option(help="Tokens a window, special ones included.")] = 512,
    overlap: Annotated[int, typer.Option(help="Tokens that neighbouring windows share.")] = 0,
    pooling: Annotated[
        str, typer.Option(help="mean, max, mean+max, thirds or segments(k).")
    ] = "mean",
    on_error: Annotated[
        str, typer.Option(help="raise, or collect: encode the rest and list the refused.")
    ] = "raise",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Encode long documents: one vector each, every token read, resumed where it was broken off."""
    from genrelab.encoding import ScriptEncoder

    with one_line_errors():
        if (texts is None) == (dataset is None):
            raise ValueError("give either a folder of texts or --dataset NAME.")
        if store is None and out is None:
            raise ValueError("nothing would be kept: give --store FOLDER or --out FILE.parquet.")
        if pooling == "windows":
            raise ValueError("pooling is 'windows'; the command writes one vector a document.")
        options = {"split": "all", "min_count": 1} if dataset == "scripts" else {}
        data = datasets.load_folder(texts) if texts else datasets.load(dataset, **options)
        encoder = ScriptEncoder(
            model, window=window, overlap=overlap, pooling=pooling, store=store,
            on_error=on_error, progress=not quiet,
        )  # fmt: skip
        vectors = encoder.transform(data.texts, ids=data.ids)
        if out is not None:
            _write_parquet(out, data.ids, vectors, encoder)
        typer.echo(encoder.summary_)


def _write_parquet(
    out: Path, ids: tuple[str, ...], vectors: "np.ndarray", encoder: "ScriptEncoder"
) -> None:
    """Write id, receipt and vector of each encoded document, whole or not at all."""
    kept = encoder.receipts_.drop(columns="id")
    kept.insert(0, "id", [ids[index] for index in kept["index"]])
    kept["vector"] = list(vectors[kept["index"].to_numpy()])
    draft = out.with_name(f".{out.name}.part")
    kept.drop(columns="index").to_parquet(draft, index=False)
    draft.replace(out)
