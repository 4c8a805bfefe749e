"""What every command shares: exit codes, errors in one line, options from a YAML file."""

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from genrelab.datasets.fetch import FetchError

PROBLEMS, BAD_INPUT = 1, 2


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn an expected error into one line on standard error and an exit code; warnings too."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _one_line
            yield
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
        options = {str(key).replace("-", "_"): value for key, value in found.items()}
        known = [
            each.name for each in context.command.params if each.name not in ("config", "help")
        ]
        for name in options:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}? " if close else ""
                raise ValueError(
                    f"{path}: no option {name!r}; {hint}there are: {', '.join(known)}."
                )
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
