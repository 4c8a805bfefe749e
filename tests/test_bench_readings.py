"""Readings of scripts, windows of three sizes, and plays out of domain."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array, hstack

from genrelab import bench, settings
from genrelab.bench import readings, shakespeare, window_sizes
from genrelab.bench.baselines import logistic, tfidf
from genrelab.datasets import load
from genrelab.datasets.script_features import ScriptFeatures
from genrelab.encoding import ScriptEncoder, memory
from genrelab.evaluation import FoldOutcome, read_result
from genrelab.splits import headline_folds

pytestmark = pytest.mark.filterwarnings("ignore:window=512 exceeds")


@pytest.fixture(scope="module")
def scripts() -> ScriptFeatures:
    return load("script_features")


@pytest.fixture(scope="module")
def encoder() -> ScriptEncoder:
    return ScriptEncoder(token_budget=4096).fit()


@pytest.fixture(scope="module")
def play() -> str:
    return load("plays").texts[0]


numbers = st.floats(-10, 10, width=32)
shapes = st.tuples(st.integers(1, 3), st.integers(3, 20), st.integers(1, 3))


@given(arrays(np.float64, shapes, elements=numbers))
def test_thirds_are_means_of_three_equal_shares(segments: np.ndarray) -> None:
    n, n_parts, dim = segments.shape
    fine = np.repeat(segments, 3, axis=1)  # each part cut into three: thirds end between pieces
    slow = fine.reshape(n, 3, n_parts, dim).mean(axis=2).reshape(n, 3 * dim)
    np.testing.assert_allclose(readings.thirds(segments), slow, atol=1e-9)


def test_readings_hold_their_windows_side_by_side(scripts: ScriptFeatures) -> None:
    found = readings.readings(scripts)
    assert [data.shape[1] for data in found.values()] == [384, 768, 384, 1152, 384]
    both = found["first and last"]
    np.testing.assert_array_equal(both[:, :384], scripts.head)
    np.testing.assert_array_equal(both[:, 384:], scripts.tail)


def test_the_joint_classifier_averages_the_probabilities_of_both(scripts: ScriptFeatures) -> None:
    rows, labels = slice(0, 120), scripts.labels[:120, :2]
    counts, vectors = scripts.counts[rows], scripts.vectors[rows]
    joint = readings.joint_classifier(counts.shape[1])
    together = csr_array(hstack([counts, vectors]))
    found = joint.fit(together, labels).predict_proba(together)
    words = tfidf(logistic()).fit(counts, labels).predict_proba(counts)
    meaning = readings.vector_classifier().fit(vectors, labels).predict_proba(vectors)
    np.testing.assert_allclose(found, (words + meaning) / 2, atol=1e-3)


def test_a_row_is_bound_to_its_own_inputs() -> None:
    matrix = csr_array(np.eye(3))
    changed = matrix.copy()
    changed.data[1] = 2
    moved = csr_array(np.eye(3)[:, ::-1])
    hashes = {readings.content_hash(m) for m in (matrix, matrix.copy(), changed, moved)}
    assert len(hashes) == 3
    rows = readings.table().rows
    assert len({bench._code_of(row) for row in rows.values()}) == len(rows)


def test_the_share_read_is_never_more_than_all() -> None:
    assert readings.share_read([100, 200], 1) == 1
    assert readings.share_read([1000, 2000, 8000], 2, window=100) == 0.1


def test_tfidf_scores_the_same_in_both_recorded_tables() -> None:
    ours = {line["row"]: line for line in read_result("readings")["pooled"]}
    theirs = {line["row"]: line for line in read_result("baselines")["pooled"]}
    pairs = {"TF-IDF": "TF-IDF + LR", "TF-IDF, first window": "TF-IDF + LR, first 512 tokens"}
    for our, their in pairs.items():
        assert ours[our]["f1_macro"] == pytest.approx(theirs[their]["f1_macro"], abs=0.005)


def tokens_of(encoder: ScriptEncoder, text: str) -> list[str]:
    return encoder._load().network.tokenizer.tokenize(text)


def test_a_block_has_the_tokens_that_it_has_in_the_text(encoder: ScriptEncoder, play: str) -> None:
    blocks = window_sizes.spaced_blocks(play, encoder, n_blocks=8)
    assert len(blocks) == 8
    whole = " ".join(tokens_of(encoder, play))
    places = []
    for block in blocks:
        tokens = tokens_of(encoder, block)
        assert 500 <= len(tokens) <= window_sizes.BLOCK_TOKENS
        places.append(whole.find(" ".join(tokens)))
    assert -1 not in places
    steps = np.diff(places)
    assert (steps > 0).all()
    # Evenly spaced: the shortest step is close to the longest.
    assert steps.min() > 0.85 * steps.max()


def test_blocks_of_a_short_text_hold_each_word_once(encoder: ScriptEncoder) -> None:
    text = "Two men wait. " * 150
    blocks = window_sizes.spaced_blocks(text, encoder, n_blocks=8, size=100)
    assert " ".join(blocks).split() == text.split()[: len(" ".join(blocks).split())]
    assert all(len(tokens_of(encoder, block)) <= 100 for block in blocks)


def test_a_word_longer_than_a_block_is_cut_not_lost(encoder: ScriptEncoder) -> None:
    (block,) = window_sizes.spaced_blocks("a" * 90, encoder, n_blocks=1, size=5)
    assert block and set(block) == {"a"}


def test_a_text_without_a_token_is_refused(encoder: ScriptEncoder) -> None:
    with pytest.raises(ValueError, match="holds no token; expected at least one word"):
        window_sizes.spaced_blocks("  \n ", encoder)


@pytest.fixture
def two_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple]:
    """Stand in for the scripts: two of them, three blocks and one."""
    blocks = (("A ship sinks.", "She runs.", "They kiss and part."), ("A gun. A scream.",))
    monkeypatch.setattr(settings, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(window_sizes, "script_blocks", lambda: blocks)
    monkeypatch.setattr(memory, "auto_budget", lambda model, window: 2048)
    window_sizes.block_means.cache_clear()
    yield blocks
    window_sizes.block_means.cache_clear()


def test_blocks_of_a_script_are_averaged_and_kept(two_scripts: tuple) -> None:
    means, seconds = window_sizes.block_means(128)
    single = ScriptEncoder(window=128)
    slow = [single.transform(list(blocks)).mean(axis=0) for blocks in two_scripts]
    np.testing.assert_allclose(means, slow, atol=2e-3)
    assert seconds > 0
    window_sizes.block_means.cache_clear()
    again, stored_seconds = window_sizes.block_means(128)
    np.testing.assert_array_equal(again, means)
    assert stored_seconds == pytest.approx(seconds)


def test_a_row_counts_the_seconds_of_stored_work(scripts: ScriptFeatures) -> None:
    fold = headline_folds(scripts)[0]
    outcome = FoldOutcome(np.zeros((len(fold.test), scripts.labels.shape[1])), seconds=500.0)
    table = bench.Table("demo", "Demo", {"a": lambda _: outcome}, [fold], {}, scripts.labels)
    line, _ = bench._run(table, "a", fold)
    assert line["seconds"] == 500


def test_the_blocks_belong_to_the_films_of_the_features(
    whole_mirror: Path, scripts: ScriptFeatures
) -> None:
    assert load("scripts").ids == scripts.ids


def test_a_play_is_scored_by_a_model_that_never_saw_the_test_rows(
    scripts: ScriptFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold = headline_folds(scripts)[1]
    film = fold.test[3]
    monkeypatch.setattr(shakespeare, "play_vector", lambda _: scripts.vectors[film])
    found = shakespeare.genre_scores("hamlet", fold)
    expected = readings.judged(readings.vector_classifier(), scripts.vectors, fold)
    assert tuple(found) == scripts.label_names
    np.testing.assert_allclose(list(found.values()), expected.scores[3], atol=1e-6)


def test_every_play_has_a_row() -> None:
    table = shakespeare.table()
    assert tuple(table.rows) == load("plays").ids and len(table.folds) == 5
