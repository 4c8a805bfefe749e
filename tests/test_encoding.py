"""The encoder reads every token, in any batch, and says what it did."""

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from genrelab.encoding import ScriptEncoder, VectorStore, WindowTooLargeError
from genrelab.encoding import memory as memory_module
from genrelab.encoding.batches import Window, ahead, budgeted
from genrelab.encoding.models import LoadedModel, load_model
from genrelab.encoding.pooling import open_pool, own_spans, segment_weights
from genrelab.encoding.store import content_key
from genrelab.encoding.tokens import DocumentTokenizer, pieces
from genrelab.windows import windows

WORDS = "INT. HALL NIGHT the old sailor waits by a locked door and counts his money twice".split()


def script(n_words: int, seed: int = 0) -> str:
    """A text of so many words with blank lines, different for each seed."""
    rng = np.random.default_rng(seed)
    words = rng.choice(WORDS, size=n_words)
    return "\n\n".join(" ".join(words[i : i + 12]) for i in range(0, n_words, 12))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer BERT with the bundled tokenizer: all the code paths, none of the wait."""
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny-bert")
    tokenizer = load_model(precision="float32").network.tokenizer
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    SentenceTransformer(str(folder)).save(str(folder))
    return folder


@pytest.fixture
def encoder(tiny: Path) -> ScriptEncoder:
    return ScriptEncoder(tiny, window=64, token_budget=512, precision="float32")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))


def lowest_cosine(a: np.ndarray, b: np.ndarray) -> float:
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return float(((a * b).sum(-1) / norms).min())


# --- against sentence-transformers ---------------------------------------------------------------


def test_window_vectors_are_those_of_sentence_transformers() -> None:
    encoder = ScriptEncoder(window=256, pooling="windows", precision="float32", token_budget=2048)
    text = script(700)
    [vectors] = encoder.fit_transform([text])
    peer = load_model(precision="float32").network
    ids = peer.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    parts = [peer.tokenizer.decode(ids[a:b]) for a, b in windows(len(ids), 254)]
    expected = peer.encode(parts)
    assert len(parts) > 2
    assert lowest_cosine(vectors, expected) >= 0.9999


def test_low_precision_stays_close_to_float32() -> None:
    text = [script(600)]
    settings_ = {"window": 256, "token_budget": 2048}
    exact = ScriptEncoder(precision="float32", **settings_).fit_transform(text)
    quick = ScriptEncoder(precision="bfloat16", **settings_).fit_transform(text)
    assert lowest_cosine(exact, quick) >= 0.9995


@pytest.mark.parametrize("mode", ["cls", "lasttoken", "max"])
def test_the_models_own_pooling_and_normalisation_are_honoured(
    tiny: Path, tmp_path: Path, mode: str
) -> None:
    from sentence_transformers import SentenceTransformer

    peer = SentenceTransformer(str(tiny))
    modules = list(peer.children())
    pooling = type(modules[1])(32, pooling_mode=mode)
    from sentence_transformers.models import Normalize

    SentenceTransformer(modules=[modules[0], pooling, Normalize()]).save(str(tmp_path / mode))
    folder = tmp_path / mode
    texts = [script(30, seed) for seed in range(3)]
    ours = ScriptEncoder(folder, window=128, precision="float32", token_budget=256)
    theirs = SentenceTransformer(str(folder))
    theirs.max_seq_length = 128
    np.testing.assert_allclose(ours.fit_transform(texts), theirs.encode(texts), atol=1e-5)


def test_a_plain_transformers_folder_is_read_with_mean_pooling(tiny: Path, tmp_path: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    AutoModel.from_pretrained(tiny).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    model, tokenizer = AutoModel.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    with torch.inference_mode():
        batch = tokenizer("two men wait", return_tensors="pt")
        expected = model(**batch).last_hidden_state.mean(1).numpy()
    vector = ScriptEncoder(tmp_path, window=64, precision="float32", token_budget=64).fit_transform(
        ["two men wait"]
    )
    np.testing.assert_allclose(vector, expected, atol=1e-5)


def test_bundled_weights_that_changed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from genrelab.encoding import models

    monkeypatch.setitem(models._BUNDLED_SHA256, "tokenizer.json", "0" * 64)
    with pytest.raises(ValueError, match=r"tokenizer.json: expected sha256 0000.*Reinstall"):
        load_model()


# --- tokens --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled_tokenizer() -> DocumentTokenizer:
    return DocumentTokenizer(load_model(precision="float32").network.tokenizer)


@given(text=st.text(alphabet=st.sampled_from("ab .,'-\n\t\u00e9\u4e2d#@"), min_size=1))
@settings(max_examples=200, deadline=None)
def test_ids_of_the_pieces_are_the_ids_of_the_whole(
    bundled_tokenizer: DocumentTokenizer, text: str
) -> None:
    whole = bundled_tokenizer._ids([text])
    joined = bundled_tokenizer._ids(list(pieces(text, size=3)))
    np.testing.assert_array_equal(joined, whole)


@given(text=st.text(alphabet="ab \n\t"), size=st.integers(1, 20))
def test_pieces_join_to_the_text(text: str, size: int) -> None:
    assert "".join(pieces(text, size)) == text


def test_a_long_text_is_never_truncated(bundled_tokenizer: DocumentTokenizer) -> None:
    assert len(bundled_tokenizer("word " * 30_000)) == 30_000


def test_a_tokenizer_that_reaches_across_blank_lines_gets_whole_texts() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(use_regex=False, add_prefix_space=True)
    trainer = trainers.BpeTrainer(initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    backend.train_from_iterator(["x.\n\ny " * 50], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    text = "x.\n\ny " * 10
    ours = DocumentTokenizer(tokenizer)
    assert not ours._in_pieces
    np.testing.assert_array_equal(ours(text), tokenizer(text)["input_ids"])


# --- batches -------------------------------------------------------------------------------------

LENGTHS = st.lists(st.integers(1, 64), max_size=80)


@given(lengths=LENGTHS, budget=st.integers(1, 300))
def test_every_window_is_in_one_batch_and_no_batch_exceeds_the_budget(
    lengths: list[int], budget: int
) -> None:
    stream = [Window(0, i, np.zeros(n, np.int32)) for i, n in enumerate(lengths)]
    batches = list(budgeted(stream, lambda: budget))
    assert sorted(window.number for batch in batches for window in batch) == list(
        range(len(lengths))
    )
    for batch in batches:
        longest = max(len(window.ids) for window in batch)
        assert len(batch) == 1 or longest * len(batch) <= budget


def test_the_thread_ahead_runs_no_further_than_its_depth() -> None:
    started: list[int] = []

    def note(item: int) -> int:
        started.append(item)
        return item

    results = ahead(note, iter(range(100)), depth=3)
    assert next(results) == 0
    assert len(started) <= 5
    assert list(results) == list(range(1, 100))


def test_an_error_in_the_thread_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        list(ahead(lambda item: 1 // item, [1, 0, 2], depth=2))


@pytest.mark.parametrize("pooling", ["mean", "max", "mean+max", "thirds", "segments(5)"])
def test_the_result_does_not_depend_on_the_budget(tiny: Path, pooling: str) -> None:
    texts = [script(n, seed=n) for n in (5, 40, 333, 1200)]
    results = [
        ScriptEncoder(
            tiny, window=64, pooling=pooling, token_budget=budget, precision="float32"
        ).fit_transform(texts)
        for budget in (64, 640, 10_000)
    ]
    np.testing.assert_allclose(results[0], results[1], atol=1e-5)
    np.testing.assert_allclose(results[0], results[2], atol=1e-5)


# --- pooling -------------------------------------------------------------------------------------

SHAPES = st.integers(2, 40).flatmap(
    lambda size: st.tuples(st.integers(1, 500), st.just(size), st.integers(0, size - 1))
)


@given(shape=SHAPES, k=st.integers(1, 8))
def test_segment_weights_are_those_of_counting_token_by_token(
    shape: tuple[int, int, int], k: int
) -> None:
    n_tokens, size, overlap = shape
    spans = windows(n_tokens, size, overlap)
    owner = np.zeros(n_tokens, int)
    for number, (start, stop) in enumerate(own_spans(spans)):
        owner[start:stop] = number
    fine = np.repeat(owner, k)  # k equal parts of n tokens: cut each token into k slivers
    expected = [
        np.bincount(part, minlength=len(spans)) / len(part) for part in fine.reshape(k, n_tokens)
    ]
    np.testing.assert_allclose(segment_weights(spans, k), expected, atol=1e-9)


@given(shape=SHAPES, order=st.randoms(use_true_random=False))
def test_streaming_in_any_order_equals_pooling_at_once(
    shape: tuple[int, int, int], order: object
) -> None:
    spans = windows(*shape)
    vectors = np.random.default_rng(0).normal(size=(len(spans), 3))
    weights = segment_weights(spans, 1)[0]
    expected = {
        "mean": weights @ vectors,
        "max": vectors.max(0),
        "mean+max": np.concatenate([weights @ vectors, vectors.max(0)]),
        "segments(4)": (segment_weights(spans, 4) @ vectors).ravel(),
    }
    numbers = list(range(len(spans)))
    order.shuffle(numbers)
    for name, wanted in expected.items():
        pool = open_pool(name, spans, 3)
        for number in numbers:
            pool.add(number, vectors[number])
        np.testing.assert_allclose(pool.result(), wanted, atol=1e-9)


def test_a_callable_gets_all_windows_in_order_with_their_weights(tiny: Path) -> None:
    text = [script(300)]
    settings_ = {"window": 64, "token_budget": 512, "precision": "float32"}
    every = ScriptEncoder(tiny, pooling="windows", **settings_).fit_transform(text)[0]
    mean = ScriptEncoder(tiny, **settings_).fit_transform(text)
    ours = ScriptEncoder(tiny, pooling=lambda v, w: w @ v, **settings_).fit_transform(text)
    first = ScriptEncoder(tiny, pooling=lambda v, w: v[0], **settings_).fit_transform(text)
    np.testing.assert_allclose(ours, mean, atol=1e-6)
    np.testing.assert_allclose(first[0], every[0], atol=1e-6)


def test_an_unknown_pooling_is_refused_with_what_there_is(encoder: ScriptEncoder) -> None:
    with pytest.raises(ValueError, match=r"'median'; expected one of mean, max"):
        encoder.set_params(pooling="median").transform(["a"])


# --- out of memory -------------------------------------------------------------------------------


class Ceiling:
    """A model that runs out of memory above so many padded tokens, with a given error."""

    def __init__(self, model: LoadedModel, tokens: int, error: Exception) -> None:
        self._model, self._tokens, self._error = model, tokens, error
        self.tried: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._model, name)

    def launch(self, input_ids: np.ndarray, lengths: np.ndarray) -> torch.Tensor:
        self.tried.append(input_ids.size)
        if input_ids.size > self._tokens:
            raise self._error
        return self._model.launch(input_ids, lengths)


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("std::bad_alloc"),
    RuntimeError("could not create a primitive"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda e: str(e)[:30] or "MemoryError")
def test_running_out_of_memory_halves_the_budget_and_loses_nothing(
    encoder: ScriptEncoder, error: Exception
) -> None:
    texts = [script(n, seed=n) for n in (400, 50, 700)]
    expected = encoder.fit_transform(texts)
    ceiling = Ceiling(encoder._load(), tokens=130, error=error)
    encoder._loaded = ceiling
    with pytest.warns(UserWarning, match="out of memory on cpu with a batch of 8 windows") as seen:
        found = encoder.transform(texts)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert len([w for w in seen if "out of memory" in str(w.message)]) == 1
    assert encoder.receipts_["backoffs"].sum() > 0
    # 512 → 256 → 128: two failures, then the smaller budget is kept.
    assert sum(size > 130 for size in ceiling.tried) == 2


def test_a_window_that_does_not_fit_alone_says_what_to_do(encoder: ScriptEncoder) -> None:
    encoder.fit()
    encoder._loaded = Ceiling(encoder._load(), tokens=10, error=OUT_OF_MEMORY[0])
    with (
        pytest.warns(UserWarning, match="budget falls"),
        pytest.raises(
            WindowTooLargeError,
            match=r"one window of 64 tokens .*float32.*GiB free; CUDA out of memory\. Tried",
        ),
    ):
        encoder.transform([script(500)])


def test_an_unsupported_product_is_not_taken_for_lack_of_memory() -> None:
    words = "could not create a primitive descriptor for the matmul primitive. Run workload with"
    assert not memory_module.is_out_of_memory(RuntimeError(words))


def test_what_was_finished_before_a_window_did_not_fit_is_in_the_store(
    encoder: ScriptEncoder, tmp_path: Path
) -> None:
    encoder.set_params(store=tmp_path, token_budget=64).fit()
    encoder._loaded = Ceiling(encoder._load(), tokens=40, error=OUT_OF_MEMORY[0])
    # One look-ahead holds 8 x 64 tokens: all its documents are done when the long one comes.
    texts = ["sea " * 30 for _ in range(16)] + [script(500)]
    with pytest.raises(WindowTooLargeError):
        encoder.transform([f"{n} {text}" for n, text in enumerate(texts)])
    assert len(VectorStore(tmp_path)) == 16


def test_another_error_is_not_taken_for_lack_of_memory(encoder: ScriptEncoder) -> None:
    encoder.fit()
    encoder._loaded = Ceiling(encoder._load(), 10, RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        encoder.transform([script(50)])


def test_the_budget_is_probed_once_and_remembered(
    encoder: ScriptEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = encoder._load()
    found = memory_module.auto_budget(model, 64)
    assert found >= memory_module.SMALLEST_BUDGET
    monkeypatch.setattr(memory_module, "_probe", lambda *_: pytest.fail("probed twice"))
    assert memory_module.auto_budget(model, 64) == found


def test_the_probe_stops_below_the_budget_that_runs_out(encoder: ScriptEncoder) -> None:
    ceiling = Ceiling(encoder._load(), tokens=2100, error=OUT_OF_MEMORY[0])
    assert memory_module._probe(ceiling, 64) == 2048


# --- receipts and refusals -----------------------------------------------------------------------


def test_receipts_account_for_every_token(encoder: ScriptEncoder) -> None:
    encoder.set_params(overlap=10)
    texts = [script(n, seed=n) for n in (3, 61, 62, 63, 500)]
    encoder.fit(texts).transform(texts)
    tokenizer = encoder._load().network.tokenizer
    lengths = [
        len(tokenizer(t, add_special_tokens=False, verbose=False)["input_ids"]) for t in texts
    ]
    receipts = encoder.receipts_
    assert receipts["tokens"].tolist() == lengths
    assert receipts["windows"].tolist() == [len(windows(n, 62, 10)) for n in lengths]
    assert (receipts["truncated"] == 0).all()
    assert (receipts["seconds"] > 0).all()
    assert f"{sum(lengths):,} tokens" in encoder.summary_


BAD = {
    "None": (None, "is missing"),
    "NaN": (float("nan"), "is missing"),
    "bytes": (b"abc", "is bytes"),
    "number": (7, "is int"),
    "empty": ("", "is empty"),
    "white space": (" \n\t", "white space"),
    "NUL": ("a\0b", r"NUL character \(at 1\)"),
    "surrogate": ("a\ud800", "lone surrogate"),
}


@pytest.mark.parametrize(("bad", "words"), BAD.values(), ids=BAD)
def test_what_is_no_text_is_refused_by_name_before_the_model_runs(
    encoder: ScriptEncoder, bad: object, words: str
) -> None:
    encoder.fit()
    encoder._loaded = Ceiling(encoder._load(), tokens=0, error=AssertionError("the model ran"))
    with pytest.raises(ValueError, match=rf"document 'b' \(index 1\) .*{words}"):
        encoder.transform(["fine", bad], ids=["a", "b"])


def test_collecting_errors_encodes_the_rest_and_lists_the_refused(encoder: ScriptEncoder) -> None:
    encoder.set_params(on_error="collect")
    with pytest.warns(UserWarning, match="1 of 3 documents were refused"):
        vectors = encoder.fit_transform(["one man", "", "two men"])
    assert np.isnan(vectors[1]).all() and not np.isnan(vectors[[0, 2]]).any()
    assert encoder.errors_["index"].tolist() == [1]
    assert encoder.receipts_["index"].tolist() == [0, 2]


def test_one_string_is_not_taken_for_a_list_of_letters(encoder: ScriptEncoder) -> None:
    with pytest.raises(ValueError, match="X is one str; expected a sequence"):
        encoder.transform("a script")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"window": 129}, "window is 129; .* positions for 128"),
        ({"window": 2}, "window is 2"),
        ({"overlap": 62}, "overlap is 62; expected 0 <= overlap < 62"),
        ({"token_budget": 0}, "token_budget is 0"),
        ({"on_error": "ignore"}, "on_error is 'ignore'"),
        ({"precision": "int4"}, "precision is 'int4'"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_its_value(
    encoder: ScriptEncoder, setting: dict, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        encoder.set_params(**setting).transform(["a"])


def test_a_window_beyond_the_card_warns_once() -> None:
    encoder = ScriptEncoder(window=300, token_budget=512)
    with pytest.warns(UserWarning, match="exceeds the 256 tokens"):
        encoder.fit()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.transform(["a"])


def test_documents_may_come_lazily(encoder: ScriptEncoder) -> None:
    texts = [script(n, seed=n) for n in (10, 200, 30)]
    lazily: Iterator[str] = (text for text in texts)
    found = {index: vector for index, vector, _ in encoder.iter_encode(lazily)}
    expected = encoder.transform(texts)
    np.testing.assert_allclose([found[i] for i in range(3)], expected, atol=1e-6)


def test_the_encoder_clones_and_travels_without_its_network(encoder: ScriptEncoder) -> None:
    texts = [script(100)]
    expected = encoder.fit_transform(texts)
    np.testing.assert_allclose(clone(encoder).transform(texts), expected, atol=1e-6)
    packed = pickle.dumps(encoder)
    assert len(packed) < 5_000
    np.testing.assert_allclose(pickle.loads(packed).transform(texts), expected, atol=1e-6)


# --- the store -----------------------------------------------------------------------------------


def test_a_second_run_reads_the_store_and_changes_nothing(
    encoder: ScriptEncoder, tmp_path: Path
) -> None:
    texts = [script(n, seed=n) for n in (10, 200, 30)]
    encoder.set_params(store=tmp_path / "store")
    first = encoder.fit_transform(texts)
    second = encoder.transform([*texts, script(40, seed=9)])
    np.testing.assert_array_equal(first, second[:3])
    assert encoder.receipts_["from_store"].tolist() == [True, True, True, False]
    assert len(VectorStore(tmp_path / "store")) == 4


@pytest.mark.parametrize(
    "change", [{"window": 32}, {"overlap": 3}, {"pooling": "max"}, {"precision": "bfloat16"}]
)
def test_another_setting_is_another_entry(
    encoder: ScriptEncoder, tmp_path: Path, change: dict
) -> None:
    encoder.set_params(store=tmp_path)
    encoder.fit_transform([script(100)])
    encoder.set_params(**change).transform([script(100)])
    assert not encoder.receipts_["from_store"].any()
    assert len(VectorStore(tmp_path)) == 2


def damage_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def damage_flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = content.index(b"NUMPY") + 140
    content[middle] ^= 0xFF
    path.write_bytes(content)


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [damage_cut, damage_flip, damage_empty])
def test_a_damaged_entry_is_noticed_and_encoded_again(
    encoder: ScriptEncoder, tmp_path: Path, damage: object
) -> None:
    encoder.set_params(store=tmp_path / "store")
    expected = encoder.fit_transform([script(100)])
    [entry] = (tmp_path / "store").glob("*/*.npz")
    damage(entry)
    with pytest.warns(UserWarning, match="is damaged .* encoded again"):
        found = encoder.transform([script(100)])
    np.testing.assert_array_equal(found, expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.transform([script(100)])


def test_a_full_disk_is_a_clear_error_and_leaves_the_store_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = VectorStore(tmp_path)
    store.put("aa11", np.ones(4, np.float32), {})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left .* the 1 vectors in the store are safe"):
        store.put("bb22", np.ones(4, np.float32), {})
    assert len(store) == 1 and store.get("bb22") is None
    assert not list(tmp_path.rglob("*.tmp"))


def _put_many(folder: str, start: int) -> None:
    store = VectorStore(folder)
    for number in range(60):
        key = content_key(str(number))
        store.put(key, np.full(8, number, np.float32), {"by": start})


def test_two_processes_can_write_one_store(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_put_many, args=(str(tmp_path), i)) for i in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    store = VectorStore(tmp_path)
    assert len(store) == 60
    for number in range(60):
        vector, _ = store.get(content_key(str(number)))
        np.testing.assert_array_equal(vector, np.full(8, number, np.float32))


KILLED = """
import json, sys
from genrelab.encoding import ScriptEncoder
texts = json.load(open(sys.argv[1]))
encoder = ScriptEncoder(sys.argv[2], window=64, token_budget=512, precision="float32",
                        store=sys.argv[3])
for index, _, _ in encoder.iter_encode(texts):
    print(index, flush=True)
"""


def test_a_killed_encode_loses_only_documents_in_flight(
    encoder: ScriptEncoder, tiny: Path, tmp_path: Path
) -> None:
    texts = [script(2000, seed=seed) for seed in range(40)]
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    command = [
        sys.executable,
        "-c",
        KILLED,
        *map(str, (tmp_path / "texts.json", tiny, tmp_path / "s")),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    finished = [int(process.stdout.readline()) for _ in range(7)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(VectorStore(tmp_path / "s")) >= len(finished)
    expected = encoder.fit_transform(texts)
    encoder.set_params(store=tmp_path / "s")
    np.testing.assert_allclose(encoder.transform(texts), expected, atol=1e-5)
    assert encoder.receipts_.loc[finished, "from_store"].all()


# --- memory --------------------------------------------------------------------------------------


def test_memory_held_does_not_grow_with_the_number_of_documents(encoder: ScriptEncoder) -> None:
    import tracemalloc

    def peak(n_documents: int) -> int:
        lazily = (script(3000, seed=seed) for seed in range(n_documents))
        tracemalloc.start()
        for _ in encoder.iter_encode(lazily):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    encoder.fit()
    few, many = peak(4), peak(40)
    assert many - few < 2**20
