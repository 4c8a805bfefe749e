"""Cost cards: measured when a chapter runs for its notebook, stamped when a page is built."""

import json
import os

import numpy as np
import pytest

from genrelab.course import costs, execute
from genrelab.course.__main__ import main
from genrelab.course.chapters import ROOT, chapters

CHAPTER = """\
# %% [markdown]
# # A small chapter

# %%
import numpy as np
held = np.ones(40_000_000)
del held
"""


@pytest.fixture
def root(tmp_path):
    for folder in ("notebooks", "book/results", "genrelab/datasets/files"):
        (tmp_path / folder).mkdir(parents=True)
    path = tmp_path / "notebooks" / "01_small.py"
    path.write_text(CHAPTER, "utf-8")
    return tmp_path


def test_a_run_is_measured_with_memory_that_was_given_back(root):
    path = root / "notebooks" / "01_small.py"
    execute.executed(path, root, measure=True)
    cost = costs.read(root)["01_small"]["default"]
    assert cost["peak_mib"] > 300
    assert cost["fetched_mib"] == 0
    assert cost["cores"] == len(os.sched_getaffinity(0))
    again = json.loads((root / "book" / costs.FILE).read_text("utf-8"))
    execute.executed(path, root, measure=True)
    assert costs.read(root) == again, "a chapter from the cache was not run, so nothing is measured"


def test_measuring_writes_the_card_of_the_profile_in_force_and_nothing_else(root, monkeypatch):
    path = root / "notebooks" / "01_small.py"
    monkeypatch.setenv("GENRELAB_PROFILE", "full")
    assert execute.measure(path, root).startswith("Profile `full` (")
    assert set(costs.read(root)["01_small"]) == {"full"}
    written = {file.name for file in root.rglob("*.*") if file.is_file()}
    assert written == {"01_small.py", costs.FILE}


def test_what_the_hub_sends_counts_as_fetched_once(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path))
    assert costs.fetched_bytes() == 0
    blob = tmp_path / "hub" / "models--of--someone" / "blobs" / "0a1b"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"weights")
    link = blob.parents[1] / "snapshots" / "main" / "model.safetensors"
    link.parent.mkdir(parents=True)
    link.symlink_to(blob)
    assert costs.fetched_bytes() == 7


def test_notebooks_are_not_written_in_the_full_profile(root, monkeypatch, capsys):
    monkeypatch.setenv("GENRELAB_PROFILE", "full")
    assert main(["notebooks", str(root / "notebooks" / "01_small.py")]) == 1
    assert "genrelab.course measure" in capsys.readouterr().err


def test_the_peak_is_the_most_that_a_process_ever_held():
    before = costs.peak_bytes(os.getpid())
    held = np.ones(before // 8 + 10_000_000)
    high = costs.peak_bytes(os.getpid())
    del held
    assert high > before
    assert costs.peak_bytes(os.getpid()) > before


def test_a_gpu_run_stands_beside_the_cpu_run(root, monkeypatch):
    machine = {"cpu": "Xeon", "cores": 2, "gpu": None}
    monkeypatch.setattr(costs, "hardware", lambda: machine)
    costs.keep(root, "06_x", 42.4, 800 * costs.MIB, 0)
    monkeypatch.setenv("GENRELAB_PROFILE", "full")
    machine |= {"gpu": "T4"}
    costs.keep(root, "06_x", 600, 2048 * costs.MIB, 160 * costs.MIB)
    card = costs.card(root, "06_x")
    assert "Profile `default` (2 cores of Xeon, " in card
    assert "0.7 minutes, 0.8 GB of memory, nothing downloaded." in card
    assert "Profile `full` (T4, " in card
    assert "10.0 minutes, 2.0 GB of memory, 160 MB downloaded." in card
    assert "Not measured yet" in costs.card(root, "07_y")


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_every_chapter_bears_a_measured_card_and_no_typed_one(path):
    first = path.read_text("utf-8").split("# %% [markdown]")[1]
    assert f"# <!-- cost: {path.stem} -->" in first
    assert "to run" not in first.partition("<!-- cost")[0]
    assert "default" in costs.read(ROOT)[path.stem]
