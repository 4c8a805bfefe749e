"""What every command shares: exit codes, errors in one line, options from a YAML file."""

import json
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from genrelab import datasets
from genrelab.datasets.fetch import FetchError

PROBLEMS, BAD_INPUT = 1, 2
_POWER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")

Item = TypeVar("Item")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn an expected error into one line on standard error and an exit code; warnings too."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _one_line
            yield
    except (FileExistsError, IsADirectoryError) as error:
        _stop(error, BAD_INPUT)
    except (FetchError, OSError, ImportError) as error:
        _stop(error, PROBLEMS)
    except ValueError as error:
        _stop(error, BAD_INPUT)


def _stop(error: Exception, code: int) -> None:
    typer.echo(f"error: {' '.join(str(error).split())}", err=True)
    raise typer.Exit(code) from None


def _one_line(message: Warning, category: type[Warning], *_: object) -> None:
    if issubclass(category, UserWarning):
        typer.echo(f"warning: {' '.join(str(message).split())}", err=True)


def print_json(value: object) -> None:
    """Write plain JSON to standard output, and nothing else."""
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Let a YAML file stand for options; those on the command line win."""
    if path is None:
        return None
    import yaml

    with one_line_errors():
        if not path.is_file():
            raise ValueError(f"{path}: no such file; expected YAML with options of this command.")
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: {error}; expected YAML.") from None
        if not isinstance(found, dict):
            raise ValueError(f"{path}: holds no mapping; expected lines such as 'loss: focal'.")
        # Under the names that the command line knows: --set is 'set', an argument goes by its own.
        known = {
            max(each.opts, key=len).lstrip("-"): each
            for each in context.command.params
            if each.name not in ("config", "help")
        }
        options = {}
        for key, value in found.items():
            name = str(key).replace("_", "-")
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}? " if close else ""
                raise ValueError(f"{path}: no option {key!r}; {hint}there are: {', '.join(known)}.")
            many = getattr(known[name], "multiple", False) or known[name].nargs == -1
            options[known[name].name] = [value] if many and not isinstance(value, list) else value
    context.default_map = options
    return path


Config = Annotated[
    Path | None,
    typer.Option(
        help="YAML file that may hold every option, one a line: 'loss: focal'. "
        "The command line wins.",
        callback=_read_config,
        is_eager=True,
        metavar="FILE.yaml",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
Labels = Annotated[
    Path | None,
    typer.Option(
        help="For a folder: CSV file with the columns id and labels (Crime|Drama). Without it the "
        "sub-folders are the genres.",
        metavar="FILE.csv",
    ),
]
Load = Annotated[
    list[str] | None,
    typer.Option(
        "--load", metavar="KEY=VALUE", help="Option of the data set's loader, e.g. view=logline."
    ),
]


def read_pairs(words: list[str] | None) -> dict[str, object]:
    """Read KEY=VALUE words; values as YAML reads them, so that 3 is a number, and 1e-3 as well."""
    import yaml

    found = {}
    for word in words or ():
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise ValueError(f"{word!r} is no KEY=VALUE, such as max_epochs=20.")
        try:
            # YAML takes 1e-3, without a point, for a word.
            found[key] = float(value) if _POWER.fullmatch(value) else yaml.safe_load(value)
        except yaml.YAMLError:
            raise ValueError(
                f"{word!r}: the value cannot be read; expected a number, a word, or a list such "
                "as [128, 64]."
            ) from None
    return found


@contextmanager
def naming(option: str, values: dict[str, object]) -> Iterator[None]:
    """Let an error that values of an option brought about name them."""
    try:
        yield
    except (TypeError, RuntimeError) as error:
        if not values:
            raise
        said = ", ".join(f"{key}={value}" for key, value in values.items())
        raise ValueError(f"{option} {said} does not fit: {error}") from None


def read_data(data: str, labels: Path | None, options: list[str] | None) -> datasets.Dataset:
    """Load a data set by name, or a folder of texts."""
    chosen = read_pairs(options)
    with naming("--load", chosen):
        if data in datasets.NAMES:
            if labels is not None:
                raise ValueError(f"--labels goes with a folder; {data} has labels of its own.")
            return datasets.load(data, **chosen)
        if Path(data).exists():
            return datasets.load_folder(data, labels, **chosen)
    datasets.module(data)  # says which data sets there are
    raise AssertionError


def counted(items: Iterable[Item], what: str, quiet: bool) -> Iterable[Item]:
    """Show a progress bar while items are taken, if somebody is there to see it."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(
        items, what, console=console, disable=quiet or not console.is_terminal, transient=True
    )


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
