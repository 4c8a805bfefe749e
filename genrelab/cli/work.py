"""``genrelab bench`` and ``genrelab embed``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from genrelab import datasets
from genrelab.cli.base import AsJson, Config, Quiet, one_line_errors, print_json

if TYPE_CHECKING:
    import numpy as np

    from genrelab.encoding import ScriptEncoder


def bench(
    name: Annotated[
        str, typer.Argument(help="Which: `genrelab bench list` shows them.", metavar="NAME")
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Record a table of the book, or measure this machine, into book/results/NAME.json.

    A broken run resumes. Tables that read texts need them fetched: `genrelab data fetch NAME`.
    """
    from genrelab import bench

    there = sorted([*bench.TABLES, *bench.MEASUREMENTS])
    with one_line_errors():
        if name == "list":
            print_json(there) if as_json else typer.echo("\n".join(there))
            return
        if name in bench.TABLES:
            path = bench.record_table(bench.TABLES[name](), progress=not quiet)
        elif name in bench.MEASUREMENTS:
            path = _measure(name, shown=not as_json)
        else:
            raise ValueError(f"no benchmark {name!r}; there are: {', '.join(there)}.")
    if as_json:
        print_json({"name": name, "file": str(path)})
    else:
        typer.echo(path)


def _measure(name: str, *, shown: bool) -> Path:
    from importlib import import_module

    from genrelab.evaluation import record

    module = import_module(f"genrelab.bench.{name}")
    result = module.run()
    table = Table("what", "measured")
    for line in module.report(result):
        table.add_row(*line)
    if shown:
        Console().print(table)
    return record(name, result)


def embed(
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
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
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
    if as_json:
        print_json(
            {
                "documents": len(data.ids),
                "receipts": encoder.receipts_.to_dict("records"),
                "errors": encoder.errors_.to_dict("records"),
            }
        )
    else:
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
