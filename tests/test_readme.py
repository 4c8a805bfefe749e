"""The README's promises, run."""

import csv
import os
import re
import subprocess
import sys

from genrelab.course.chapters import ROOT, address

README = (ROOT / "README.md").read_text("utf-8")


def test_the_example_on_your_own_documents_runs_as_printed(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    (tmp_path / "texts").mkdir()
    genres = {"War": "The guns fire and the soldiers run.", "Romance": "They kiss in the rain."}
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "labels"])
        for number in range(40):
            genre = list(genres)[number % 2]
            story = f"{genres[genre]} Story {number}. " * 5
            (tmp_path / "texts" / f"{number}.txt").write_text(story)
            rows.writerow([number, genre])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "40 rows" in done.stdout
    assert (tmp_path / "vectors").exists()


def test_every_file_that_the_readme_names_is_there():
    named = re.findall(r"\]\(([^)\s]+)\)", README)
    local = [name for name in named if not name.startswith("http")]
    assert local
    assert [name for name in local if not (ROOT / name).is_file()] == []


def test_the_repositorys_address_stands_in_the_configuration_alone():
    place = address()[0].removeprefix("https://")
    listed = subprocess.run(
        ["git", "grep", "-lI", place], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    # Written from the configuration, and this course's tests of that.
    derived = re.compile(r"notebooks/.*\.ipynb|README\.md|tests/test_notebooks\.py")
    assert [name for name in listed if not derived.fullmatch(name)] in ([], ["_config.yml"])
