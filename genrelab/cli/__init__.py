"""The command ``genrelab``. Exit codes: 0 all is well, 1 problems were found, 2 bad input."""

from typing import Annotated

import typer

from genrelab import __version__
from genrelab.cli import data, models, work
from genrelab.course import command as course

app = typer.Typer(
    name="genrelab",
    help="Predict a film's genres from its text, and encode documents of any length.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.command("predict")(models.predict)
app.command("train")(models.train)
app.command("evaluate")(models.evaluate)
app.command("bench")(work.bench)
app.command("embed")(work.embed)
app.add_typer(course.app, name="course")


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
