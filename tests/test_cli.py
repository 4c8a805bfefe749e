"""The command line: what it prints and with which code it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from genrelab import settings
from genrelab.cli import app
from genrelab.datasets import NAMES, wiki_plots
from genrelab.datasets.fetch import blob_sha1

STORY = "A sailor comes home and finds his house sold to a stranger. " * 3


@pytest.fixture
def decades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with two decades of one film each; returns its folder."""
    source = tmp_path / "mirror" / wiki_plots.REPOSITORY / wiki_plots.COMMIT
    source.mkdir(parents=True)
    lines = ["file,sha1,bytes"]
    for decade in ("movies-1950s.json", "movies-1960s.json"):
        film = {"title": decade, "year": 1950, "genres": ["War"], "extract": STORY}
        data = json.dumps([film]).encode()
        (source / decade).write_bytes(data)
        lines.append(f"{decade},{blob_sha1(data)},{len(data)}")
    shipped = tmp_path / "wiki_plots.csv"
    shipped.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(settings, "data_file", lambda name: shipped)
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))
    return source


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_data_list_names_every_data_set() -> None:
    result = run("data", "list")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in NAMES)


def test_fetch_then_verify_ends_well(decades: Path) -> None:
    fetched = run("data", "fetch", "wiki_plots", "--quiet")
    assert fetched.exit_code == 0
    assert "2 files fetched, all verified" in fetched.stdout
    assert run("data", "verify", "wiki_plots").exit_code == 0
    assert "0 files fetched" in run("data", "fetch", "wiki_plots", "-q").stdout


def test_verify_names_each_problem_and_ends_with_1(decades: Path) -> None:
    run("data", "fetch", "wiki_plots", "-q")
    (wiki_plots.folder() / "movies-1950s.json").write_text("[]")
    (wiki_plots.folder() / "movies-1960s.json").unlink()
    result = run("data", "verify", "wiki_plots")
    assert result.exit_code == 1
    assert "movies-1950s.json: expected git blob" in result.stdout
    assert "movies-1960s.json: missing" in result.stdout
    assert "2 problems found" in result.stderr


def test_a_fetch_that_fails_ends_with_1_and_one_line(decades: Path) -> None:
    (decades / "movies-1960s.json").unlink()
    result = run("data", "fetch", "wiki_plots", "-q")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: wiki_plots: 1 of 2 files are missing")
    assert result.stderr.count("\n") == 1
    assert (wiki_plots.folder() / "movies-1950s.json").exists()


@pytest.mark.parametrize("command", ["fetch", "verify"])
def test_an_unknown_data_set_is_bad_input(command: str) -> None:
    result = run("data", command, "wiki_plot")
    assert result.exit_code == 2
    assert "did you mean 'wiki_plots'" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words", [("data", "fetch"), ("data", "fetch", "plays", "--no-such"), ("dato",)]
)
def test_bad_usage_ends_with_2(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_what_is_installed_is_not_fetched() -> None:
    result = run("data", "fetch", "plays")
    assert result.exit_code == 0
    assert "nothing to fetch" in result.stdout


def test_the_plays_verify() -> None:
    assert run("data", "verify", "plays").exit_code == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--help",), ["data"]),
        (("data", "--help"), ["list", "fetch", "verify", "build-features"]),
        (("data", "fetch", "--help"), ["GENRELAB_CACHE", "GENRELAB_MIRROR", "resume", *NAMES]),
        (("data", "verify", "--help"), ["exit code 1"]),
        (("data", "build-features", "--help"), ["--out", "scripts"]),
    ],
)
def test_help_helps(words: tuple[str, ...], expected: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 0
    flat = " ".join(result.stdout.split())
    assert [word for word in expected if word not in flat] == []


def test_an_error_of_the_real_command_has_no_traceback(tmp_path: Path) -> None:
    code = "from genrelab.cli import app; app()"
    environment = {"GENRELAB_CACHE": str(tmp_path), "GENRELAB_MIRROR": str(tmp_path / "nowhere")}
    command = [sys.executable, "-c", code, "data", "fetch", "wiki_plots", "-q"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1
    assert "GENRELAB_MIRROR" in result.stderr


def test_the_version_is_the_package_version() -> None:
    import genrelab

    assert run("--version").stdout.strip() == f"genrelab {genrelab.__version__}"
