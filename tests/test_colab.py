"""The package beside what Colab ships: installed under its freeze lists, tested, one chapter run.

``GENRELAB_COLAB`` names a folder with lists of ``pip freeze`` on Colab's GPU runtime. Versions are
held at theirs, torch aside, on the Python at hand.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from genrelab.course.chapters import ROOT

FOLDER = Path(os.environ.get("GENRELAB_COLAB", ""))
LISTS = sorted(FOLDER.glob("pip-freeze.gpu.*.txt")) if FOLDER.name else []
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)$", re.M)
# Colab's torch is built for its GPUs; a CPU build of another version stands in for it, and asks
# for newer setuptools.
TORCH = re.compile(r"(torch.*|triton|nvidia-.*|cuda-.*|setuptools)", re.I)
HELD = ("numpy", "pandas", "scipy", "scikit-learn", "transformers", "sentence-transformers")
TESTED = (
    "windows text_views losses metrics splits resampling thresholds heads evaluation encoding "
    "datasets plots"
)
CHAPTER = "02_an_honest_yardstick"
SHOW_VERSIONS = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"


def run(*command: object, **env: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module", params=LISTS, ids=lambda path: path.stem)
def colab(request, tmp_path_factory):
    """A virtual environment with Colab's versions, and the versions that it must have."""
    folder = tmp_path_factory.mktemp("colab")
    pins = dict(PIN.findall(request.param.read_text("utf-8")))
    held = {name: version for name, version in pins.items() if not TORCH.fullmatch(name)}
    (torch,) = re.findall(r"^torch==\S+", (ROOT / "requirements.txt").read_text("utf-8"), re.M)
    constraints = folder / "constraints.txt"
    lines = [torch, *(f"{name}=={version}" for name, version in held.items())]
    constraints.write_text("\n".join(lines))
    python = folder / "bin" / "python"
    pip = (python, "-m", "pip", "install", "-q")
    run(sys.executable, "-m", "venv", folder)
    run(*pip, torch)
    wanted = (f"{ROOT}[train]", "pytest", "hypothesis", "iterative-stratification", "ipython")
    run(*pip, "-c", constraints, *wanted)
    run(*pip, "--no-deps", "--require-hashes", "-r", ROOT / "requirements-data.txt")
    return python, held


@pytest.mark.skipif(not LISTS, reason="GENRELAB_COLAB names no folder with Colab's freeze lists")
class TestBesideWhatColabShips:
    """One environment a list; its tests share it."""

    def test_nothing_that_colab_ships_is_up_or_downgraded(self, colab):
        python, held = colab
        assert run(python, "-c", SHOW_VERSIONS, *HELD).split() == [held[name] for name in HELD]

    def test_the_packages_tests_pass(self, colab):
        files = [f"tests/test_{name}.py" for name in TESTED.split()]
        options = ("-q", "-x", "-p", "no:cacheprovider")
        run(colab[0], "-m", "pytest", *options, *files, GENRELAB_MIRROR="")

    def test_a_chapter_runs_from_top_to_bottom(self, colab):
        env = {"GENRELAB_PROFILE": "default", "HF_HUB_OFFLINE": "1", "MPLBACKEND": "agg"}
        run(colab[0], "-m", "IPython", f"notebooks/{CHAPTER}.py", GENRELAB_MIRROR="", **env)
