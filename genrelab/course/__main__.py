"""Run, write, build and measure: ``python -m genrelab.course run|notebooks|book|measure``."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from genrelab import settings
from genrelab.course import notebooks
from genrelab.course.chapters import ROOT, chapters
from genrelab.course.execute import ChapterError, executed, measure


def build_book(root: Path = ROOT) -> None:
    """Execute what is not cached, then build the HTML clean, warnings being errors.

    An incremental build would pass over warnings that it has already shown.
    """
    for path in chapters(root):
        executed(path, root)
    for folder in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(root / "_build" / folder, ignore_errors=True)
    command = ["build", str(root), "-W", "-n", "--keep-going", "-q"]
    subprocess.run([Path(sys.executable).with_name("jupyter-book"), *command], check=True)
    page = root / "_build" / "html" / "index.html"
    if not page.is_file():
        raise ChapterError(f"jupyter-book ended without writing {page}; is jupyter-book 1.x here?")
    print(f"\nThe book is at {page.as_uri()}")


def write_notebooks(only: list[Path], root: Path = ROOT) -> None:
    """Write chapters' notebooks with outputs, and the README's chapter list."""
    if settings.profile() != "default":
        raise ValueError(
            "stored notebooks are of the profile 'default': unset GENRELAB_PROFILE. For the cost "
            "cards of this profile: python -m genrelab.course measure"
        )
    for path in only:
        print(notebooks.write(path, executed(path, root, measure=True), root).relative_to(root))
    readme = root / "README.md"
    readme.write_text(notebooks.with_chapter_list(readme.read_text("utf-8"), root), "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m genrelab.course", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("book", help="execute all chapters (cached) and build _build/html")
    for verb, text in (
        ("run", "execute chapters and name what fails"),
        ("notebooks", "write NN_slug.ipynb beside each source, with outputs"),
        ("measure", "run chapters in the profile in force and write their cost cards alone"),
    ):
        command = verbs.add_parser(verb, help=text)
        command.add_argument("chapters", nargs="*", type=Path, help="sources; default: all")
        if verb == "notebooks":
            command.add_argument("--check", action="store_true", help="only say what is stale")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.verb == "book":
            build_book()
            return 0
        only = [path.resolve() for path in chosen.chapters] or chapters()
        if chosen.verb == "run":
            for path in only:
                executed(path)
        elif chosen.verb == "measure":
            for path in only:
                print(measure(path))
        elif chosen.check:
            problems = notebooks.stale()
            print("\n".join(problems) or "Every notebook and the README's list are fresh.")
            return int(bool(problems))
        else:
            write_notebooks(only)
    except (ChapterError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"jupyter-book: exit status {error.returncode}; see above.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
