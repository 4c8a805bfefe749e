"""The profile ``full``: what only it runs in the chapters, on a script or two, without a GPU."""

from pathlib import Path

import numpy as np
import pytest

from genrelab.course.chapters import ROOT, for_book
from genrelab.datasets import load, scripts
from genrelab.encoding import ScriptEncoder, within
from genrelab.encoding.features import encode_scripts
from genrelab.encoding.within import encode_within

TEXTS = ["A ship sinks. " * 40, "Two men wait for a train.", "Nobody comes.", "A bank is robbed."]


@pytest.fixture
def encoder(tmp_path: Path) -> ScriptEncoder:
    return ScriptEncoder(window=64, token_budget=64, store=tmp_path / "store")


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRELAB_PROFILE", "full")
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def shortest(mirror: Path):
    """The features of the two shortest development scripts that the mirror holds."""
    folder = next(mirror.glob("florian-rieder/Movie-Scripts/*/scripts"))
    features = load("script_features")
    there = [
        script
        for script in scripts.read_manifest()
        if script.film_id in features.ids and (folder / script.file).exists()
    ]
    two = sorted(there, key=lambda script: script.words)[:2]
    return features.select([features.ids.index(script.film_id) for script in two])


def run_cell(chapter: str, mark: str, names: dict) -> dict:
    """Execute the one cell of a chapter that holds a mark, as it stands there."""
    [path] = (ROOT / "notebooks").glob(f"{chapter}_*.py")
    cells = for_book(path.read_text("utf-8")).cells
    [source] = [c.source for c in cells if c.cell_type == "code" and mark in c.source]
    exec(compile(source, f"{chapter}, {mark}", "exec"), names)
    return names


def test_out_of_time_the_next_call_goes_on_from_the_store(encoder, capsys):
    some = encode_within(encoder, TEXTS, minutes=0)
    assert 0 < len(some) < len(TEXTS)
    said = capsys.readouterr().out
    assert f"{len(some)} of 4 texts in 0 minutes" in said and "goes on from there" in said
    every = encode_within(encoder, TEXTS, minutes=10)
    assert "All 4 texts are encoded." in capsys.readouterr().out
    assert encoder.receipts_["from_store"].sum() == len(some)
    expected = ScriptEncoder(window=64, token_budget=64).transform(TEXTS)
    np.testing.assert_allclose(np.stack([every[row] for row in range(4)]), expected, atol=1e-5)


def test_without_a_store_nobody_is_promised_that_it_goes_on(encoder, capsys):
    encode_within(encoder.set_params(store=None), TEXTS, minutes=0)
    assert "the next call begins anew" in capsys.readouterr().out


def test_the_estimate_comes_once_and_only_of_texts_that_were_encoded_now(
    encoder, capsys, monkeypatch
):
    monkeypatch.setattr(within, "SECONDS_TO_LOOK", 0)
    encode_within(encoder, TEXTS, minutes=10)
    assert capsys.readouterr().out.count("minutes for the other") == 1
    encode_within(encoder, TEXTS, minutes=10)
    assert "minutes for the other" not in capsys.readouterr().out


def test_scripts_that_cannot_be_fetched_are_one_line_and_no_crash(
    full, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path))
    assert encode_scripts(load("script_features").select([0, 1]), minutes=1) == {}
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "could not be fetched" in said and "GENRELAB_MIRROR" in said


def test_chapter_6_encodes_the_scripts_and_finds_the_shipped_vectors(full, shortest, capsys):
    run_cell("06", "encode_scripts(", {"scripts": shortest, "np": np})
    said = capsys.readouterr().out
    assert said.count("of 2 scripts") == said.count("they come out") == 4
    store = encode_scripts(shortest, minutes=1)  # read back: chapter 8 finds what 6 has encoded
    assert sorted(store) == [0, 1]
    shuffled = shortest.select([1, 0])
    shuffled = type(shuffled)(**{**vars(shuffled), "vectors": shortest.vectors})
    run_cell("06", "encode_scripts(", {"scripts": shuffled, "np": np})
    assert "THEY DIFFER" in capsys.readouterr().out
