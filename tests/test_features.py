"""What ships of the scripts is what the scripts give."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from genrelab.datasets import load, scripts
from genrelab.encoding import ScriptEncoder
from genrelab.encoding.features import (
    SEGMENTS,
    build_features,
    first_and_last_window,
    quantise,
    random_windows,
)
from genrelab.encoding.pooling import segment_weights
from genrelab.evaluation import read_result
from genrelab.settings import data_file
from genrelab.windows import windows

LARGEST_FILE = 13_000_000


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return float(((a * b).sum(axis=-1) / norms).min())


@pytest.fixture(scope="module")
def short_scripts(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Ids of the two shortest development scripts that the mirror holds."""
    folder = next(mirror.glob("florian-rieder/Movie-Scripts/*/scripts"))
    there = [
        script
        for script in scripts.read_manifest()
        if script.usable and script.split == "dev" and (folder / script.file).exists()
    ]
    return [script.film_id for script in sorted(there, key=lambda script: script.words)[:2]]


@pytest.mark.filterwarnings("ignore:window=512 exceeds")
def test_encoding_a_script_again_gives_what_ships(
    short_scripts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path))
    shipped = load("script_features", min_count=1)
    data = load("scripts", ids=short_scripts, min_count=1, progress=False)
    encoder = ScriptEncoder(pooling="windows", token_budget=4096)
    for text, film_id, vectors in zip(
        data.texts, data.ids, encoder.transform(data.texts), strict=True
    ):
        row = shipped.ids.index(film_id)
        n_tokens = int(shipped.n_tokens[row])
        spans = windows(n_tokens, 510)
        assert len(vectors) == len(spans)
        assert shipped.n_words[row] == len(text.split())
        expected = {
            "vectors": segment_weights(spans, 1)[0] @ vectors,
            "head": vectors[0],
            "random4": vectors[random_windows(film_id, len(spans))].mean(axis=0),
            "segments": segment_weights(spans, SEGMENTS, shortest=1020) @ vectors,
        }
        for name, wanted in expected.items():
            assert cosine(getattr(shipped, name)[row], wanted) >= 0.999, (film_id, name)
        head, tail = first_and_last_window(encoder, text)
        single = ScriptEncoder(token_budget=4096).transform([tail])[0]
        assert cosine(shipped.tail[row], single) >= 0.999
        for counts, part in ((shipped.counts, text), (shipped.head_counts, head)):
            counted = CountVectorizer(vocabulary=list(shipped.vocabulary)).transform([part])
            np.testing.assert_array_equal(counts[[row]].toarray(), counted.toarray())


def test_features_are_built_whole_or_not_at_all(tmp_path: Path) -> None:
    plays = load("plays").select(np.arange(5))
    short = [text[:9_000] for text in plays.texts]
    data = type(plays)(**{**vars(plays), "texts": short})
    out = build_features(data, tmp_path, out=tmp_path / "features.npz", progress=False)
    assert [path.name for path in tmp_path.glob("features*")] == ["features.npz"]
    with np.load(out, allow_pickle=False) as archive:
        assert archive["ids"].tolist() == list(data.ids)
        provenance = json.loads(str(archive["provenance"]))
        assert archive["segments_i8"].shape == (5, SEGMENTS, 384)
    assert min(provenance["lowest_cosine_to_unquantised"].values()) >= 0.999


def test_the_shipped_file_is_small_and_says_how_it_was_made() -> None:
    assert data_file("script_features.npz").stat().st_size <= LARGEST_FILE
    provenance = load("script_features").provenance
    assert provenance["window"] == 512 and provenance["overlap"] == 0
    assert provenance["model"] == "all-MiniLM-L6-v2" and len(provenance["model_sha256"]) == 64
    assert min(provenance["lowest_cosine_to_unquantised"].values()) >= 0.999


def test_quantisation_costs_less_than_half_a_point_of_macro_f1() -> None:
    for line in read_result("quantisation")["lines"]:
        assert abs(line["f1_macro_shipped"] - line["f1_macro_before"]) <= 0.005, line
        assert line["lowest_cosine"] >= 0.999


def test_no_word_ships_that_fewer_than_five_scripts_hold() -> None:
    with pytest.warns(scripts.LockedTestWarning):
        every = load("script_features", split="all", min_count=1)
    holders = (every.counts > 0).sum(axis=0)
    assert len(every.vocabulary) <= 20_000
    assert np.asarray(holders).min() >= 5


def test_quantised_rows_come_back_within_half_a_step() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 384))
    whole, scale = quantise(rows)
    assert (np.abs(whole * scale[:, None] - rows) <= scale[:, None] * 0.5001).all()
