"""The profile ``full``: what only it runs in the chapters, on one script, without a GPU."""

from pathlib import Path

import numpy as np
import pytest
import transformers
from test_finetune import tiny

from genrelab import plots, settings
from genrelab.bench.latency import LENGTH, samples_per_second
from genrelab.bench.readings import vector_classifier
from genrelab.course.chapters import ROOT, for_book
from genrelab.datasets import load, scripts
from genrelab.encoding import ScriptEncoder, memory, within
from genrelab.encoding.features import encode_scripts
from genrelab.encoding.within import encode_within
from genrelab.metrics import report
from genrelab.models import FeedForward, FineTuned, PooledWindows, WindowNet
from genrelab.models.finetune import load_encoder
from genrelab.splits import headline_folds, locked_split

TEXTS = ["A ship sinks. " * 40, "Two men wait for a train.", "Nobody comes.", "A bank is robbed."]


@pytest.fixture
def encoder(tmp_path: Path) -> ScriptEncoder:
    return ScriptEncoder(window=64, token_budget=64, store=tmp_path / "store")


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRELAB_PROFILE", "full")
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(memory, "_probe", lambda model, window: 2048)  # a minute on a busy CPU


@pytest.fixture
def shortest(mirror: Path):
    """The features of the shortest development script that the mirror holds."""
    folder = next(mirror.glob("florian-rieder/Movie-Scripts/*/scripts"))
    features = load("script_features")
    there = [
        script
        for script in scripts.read_manifest()
        if script.film_id in features.ids and (folder / script.file).exists()
    ]
    script = min(there, key=lambda script: script.words)
    return features.select([features.ids.index(script.film_id)])


def run_cell(chapter: str, mark: str, names: dict, **constants: str) -> None:
    """Execute the one cell of a chapter that holds a mark, with other constants if need be."""
    [path] = (ROOT / "notebooks").glob(f"{chapter}_*.py")
    cells = for_book(path.read_text("utf-8")).cells
    [source] = [c.source for c in cells if c.cell_type == "code" and mark in c.source]
    for old, new in constants.items():
        assert source.count(f'"{old}"') == 1
        source = source.replace(f'"{old}"', repr(new))
    exec(compile(source, f"{chapter}, {mark}", "exec"), names)


def test_out_of_time_the_next_call_goes_on_from_the_store(encoder, capsys):
    some = encode_within(encoder, TEXTS, minutes=0)
    assert 0 < len(some) < len(TEXTS)
    said = capsys.readouterr().out
    assert f"{len(some)} of 4 texts in 0 minutes" in said and "goes on from there" in said
    every = encode_within(encoder, TEXTS, minutes=10)
    assert "4 of 4 texts are encoded." in capsys.readouterr().out
    assert encoder.receipts_["from_store"].sum() >= len(some)
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
    assert said.count("of 1 scripts") == said.count("they come out") == 4
    # Read back from the store, as chapter 8 does, and held against other vectors.
    others = type(shortest)(**{**vars(shortest), "vectors": shortest.vectors[:, ::-1]})
    run_cell("06", "encode_scripts(", {"scripts": others, "np": np})
    said = capsys.readouterr().out
    assert said.count("they come out") == 3
    assert said.count("THEY DIFFER") == 1


def test_chapter_5_keeps_its_vectors_in_one_file_and_reads_them_back(full, capsys):
    loglines = load("films", view="logline")

    def stand_in(name: str, **options: object):
        assert name == "wiki_plots"
        return loglines.select(range(60, 180))

    names = {"films": loglines, "np": np, "load": stand_in, "locked_split": locked_split,
             "FeedForward": FeedForward, "report": report}  # fmt: skip
    run_cell("05", "encode_within(", dict(names))
    first = capsys.readouterr().out
    [kept] = settings.cache_dir().glob("chapter-05-*.npy")
    run_cell("05", "encode_within(", dict(names))
    assert first.split("120 of 120 texts are encoded.\n")[1] == capsys.readouterr().out
    kept.write_bytes(b"")
    with pytest.raises(EOFError):
        run_cell("05", "encode_within(", dict(names))


def test_chapter_5_takes_loglines_and_says_so_where_no_article_can_be_fetched(
    full, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path))
    names = {"films": load("films", view="logline"), "np": np, "load": load,
             "locked_split": locked_split, "FeedForward": FeedForward,
             "report": report}  # fmt: skip
    run_cell("05", "encode_within(", names)
    said = capsys.readouterr().out
    assert "Loglines instead of articles" in said and "200 texts, " in said


def test_chapter_7_measures_whatever_device_there_is(full, capsys):
    names = {"ScriptEncoder": ScriptEncoder, "np": np}
    for mark in ("WIDTH, LAYERS, HEADS, BYTES =", "network = load_model(", "def batch("):
        run_cell("07", mark, names)
    exec("from genrelab.encoding.measure import resident_peak", names)
    capsys.readouterr()
    names["plays"] = load("plays").select(range(5))
    texts = [text[:1_500] for text in names["plays"].texts]
    names["plays"] = type(names["plays"])(**{**vars(names["plays"]), "texts": texts})
    run_cell("07", "def rise(", names)
    said = capsys.readouterr().out
    assert said.count("formula") == 2 and said.count("memory rises by") == 2
    assert "4 plays" in said and "5 plays" in said


def test_chapter_8_draws_a_film_by_its_windows_and_trains_on_windows(full, shortest, capsys):
    features = load("script_features")
    film = features.ids.index(shortest.ids[0])
    fold = headline_folds(features)[0]
    names = {
        "scripts": features, "data": features.segments, "target": features.labels,
        "genres": features.label_names, "film": film, "headline_folds": headline_folds,
        "PooledWindows": PooledWindows, "vector_classifier": vector_classifier, "plots": plots,
        "np": np, "WindowNet": WindowNet, "report": report,
        "train": fold.train[:110], "test": fold.test[:30],
    }  # fmt: skip
    run_cell("08", "encode_scripts(scripts.select([film])", names)
    assert len(names["windows"]) == -(-features.n_tokens[film] // 510)
    capsys.readouterr()
    run_cell("08", "finer = WindowNet(", dict(names, encode_scripts=lambda *_, **__: {film: None}))
    assert "0 films in windows to learn from" in capsys.readouterr().out
    some = [*names["train"], *names["test"]]
    ragged = {row: features.segments[row][: 3 + row % 5] for row in some}
    run_cell("08", "finer = WindowNet(", dict(names, encode_scripts=lambda *_, **__: ragged))
    said = capsys.readouterr().out
    assert said.count("over sixteenths") == said.count("over windows") == 3
    assert "110 films in windows to learn from, 30 to judge by" in said


def test_chapter_10_fine_tunes_once_and_reads_the_model_back(full, tmp_path, capsys):
    films = load("films").select(range(40))
    few, judge = np.arange(24), np.arange(24, 40)
    names = {
        "settings": settings, "np": np, "device": "cpu", "few": few, "test": judge,
        "views": {"synopsis": films.texts}, "films": films, "target": films.labels,
        "FineTuned": FineTuned, "samples_per_second": samples_per_second, "LENGTH": LENGTH,
        "mean_average_precision": lambda scores: float(scores.mean()),
    }  # fmt: skip
    folder = tiny("bert", tmp_path / "bert")
    encoder, _ = load_encoder(folder)
    longer = transformers.BertConfig(
        **{**encoder.config.to_dict(), "max_position_embeddings": 300, "num_hidden_layers": 1}
    )
    transformers.AutoModel.from_config(longer).save_pretrained(folder)
    run_cell("10", "checkpoint_dir=kept", names, **{"distilroberta-base": str(folder)})
    first = capsys.readouterr().out.splitlines()
    assert "24 synopses: about" in first[0] and "mAP" in first[1]
    run_cell("10", "checkpoint_dir=kept", names, **{"distilroberta-base": str(folder)})
    assert capsys.readouterr().out.splitlines() == first[1:]
    missing = str(tmp_path / "none")
    run_cell("10", "checkpoint_dir=kept", names, **{"distilroberta-base": missing})
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "could not be fetched, so nothing is trained" in said
