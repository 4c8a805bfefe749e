"""``genrelab embed`` and ``genrelab bench``: thin, honest doors to the library."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from genrelab.cli import app
from genrelab.encoding import ScriptEncoder, VectorStore


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "wait.txt").write_text("Two men wait for a train. " * 40)
    (texts / "ship.txt").write_text("A ship sinks slowly.")
    return texts


def embed(*arguments: object) -> object:
    return CliRunner().invoke(app, ["embed", "-q", "--window", "64", *map(str, arguments)])


def test_embed_writes_the_vectors_that_the_encoder_gives(folder: Path, tmp_path: Path) -> None:
    result = embed(folder, "--out", tmp_path / "x.parquet", "--store", tmp_path / "store")
    assert result.exit_code == 0, result.output
    assert "0 truncated" in result.output
    table = pd.read_parquet(tmp_path / "x.parquet").set_index("id")
    texts = [(folder / f"{name}.txt").read_text() for name in table.index]
    expected = ScriptEncoder(window=64).transform(texts)
    np.testing.assert_allclose(np.stack(table["vector"]), expected, atol=1e-3)
    assert len(VectorStore(tmp_path / "store")) == 2


def test_embed_resumes_from_its_store(folder: Path, tmp_path: Path) -> None:
    embed(folder, "--store", tmp_path / "store")
    assert "2 from the store" in embed(folder, "--store", tmp_path / "store").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give either a folder of texts or --dataset"),
        (["FOLDER"], "nothing would be kept"),
        (["FOLDER", "--store", "STORE", "--pooling", "windows"], "one vector a document"),
        (["FOLDER", "--store", "STORE", "--window", "9999"], "window"),
    ],
)
def test_embed_refuses_in_one_line_with_exit_code_two(
    folder: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    places = {"FOLDER": str(folder), "STORE": str(tmp_path / "store")}
    result = embed(*(places.get(argument, argument) for argument in arguments))
    assert result.exit_code == 2
    assert words in result.stderr and result.stderr.count("\n") == 1


def test_an_unknown_benchmark_is_refused_with_those_that_exist() -> None:
    result = CliRunner().invoke(app, ["bench", "nothing"])
    assert result.exit_code == 2
    assert "encode" in result.stderr
