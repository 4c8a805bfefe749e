"""The page on the command line shows what its commands print.

``python tests/test_command_line_page.py`` writes the outputs into the page.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from genrelab.course.chapters import ROOT

PAGE = ROOT / "book" / "command_line.md"
PICTURE = ROOT / "book" / "_static" / "lighthouse.png"
BLOCK = re.compile(r"```console\n(.*?)```", re.S)
# Commands on files that the page only speaks of.
NOT_RUN = ("my-model", "evaluate tfidf")


def script() -> str:
    """The made-up script that the page holds."""
    (text,) = re.findall(r"lighthouse\.txt\n```text\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    return text


def with_outputs(block: str, folder: Path) -> str:
    """Run the block's commands in the folder and put their output below each."""
    commands = re.findall(r"^\$ (.*)$", block, re.M)
    lines = []
    for command in commands:
        lines.append(f"$ {command}\n")
        if not any(word in command for word in NOT_RUN):
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            environment = {**os.environ, "PATH": path, "COLUMNS": "80", "NO_COLOR": "1"}
            done = subprocess.run(
                command, shell=True, cwd=folder, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, (command, done.stderr)
            lines += [f"{line.rstrip()}\n" for line in done.stdout.splitlines()]
    return "".join(lines)


def rebuilt(folder: Path) -> str:
    (folder / "lighthouse.txt").write_text(script(), encoding="utf-8")
    page = PAGE.read_text("utf-8")
    return BLOCK.sub(lambda block: f"```console\n{with_outputs(block[1], folder)}```", page)


def test_the_page_shows_what_its_commands_print(tmp_path):
    assert rebuilt(tmp_path) == PAGE.read_text("utf-8")
    shown, drawn = (
        np.asarray(Image.open(path).convert("L"), dtype=float)
        for path in (PICTURE, tmp_path / "lighthouse.png")
    )
    assert shown.shape == drawn.shape
    # Letters may be smoothed otherwise elsewhere; bars would stand elsewhere.
    assert np.abs(shown - drawn).mean() < 1


def test_the_page_runs_commands_at_all():
    commands = re.findall(r"^\$ (.*)$", "".join(BLOCK.findall(PAGE.read_text("utf-8"))), re.M)
    assert len([c for c in commands if not any(word in c for word in NOT_RUN)]) >= 6


def main() -> None:
    """Write the outputs into the page, and the picture beside it."""
    with tempfile.TemporaryDirectory() as folder:
        text = rebuilt(Path(folder))
        PICTURE.write_bytes((Path(folder) / "lighthouse.png").read_bytes())
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
