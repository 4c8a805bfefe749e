"""Nets and fine-tuned encoders as saved predictors: the same scores again, and no foreign code."""

import json
import pickle
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load
from test_cli_models import is_refused, run
from test_finetune import tiny
from test_predictor import CAR, HORROR, ROMANCE, Bomb, resign, write_stories

from genrelab.datasets import load as load_dataset
from genrelab.datasets import scripts
from genrelab.models.parts import FOLDER, PIECES, WINDOW, overlap, window_encoder
from genrelab.models.predictor import GenrePredictor
from genrelab.models.training import RECIPES, build, inputs, train
from genrelab.models.words import WordVectors
from genrelab.text import film_text, scenes

pytest.importorskip("skorch")
pytest.importorskip("gensim")
pytest.importorskip("accelerate")
pytestmark = pytest.mark.filterwarnings("ignore:window=512 exceeds")

LONG = CAR * 12 + HORROR * 20 + ROMANCE * 10
NETS = {
    "recurrent": {"max_epochs": 2, "hidden": 4},
    "recurrent, lstm": {"max_epochs": 1, "hidden": 4, "cell": "lstm", "frozen": False},
    "attention": {"max_epochs": 3, "learning_rate": 0.05, "hidden": 8},
    "attention, max": {"max_epochs": 2, "learning_rate": 0.05, "pooling": "max"},
    "finetune": {"epochs": 1, "window": 24, "read": "tail"},
    "finetune, whole": {"epochs": 1, "window": 24, "read": "windows", "pooling": "first"},
}


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    return write_stories(tmp_path_factory.mktemp("stories"))


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return tiny("bert", tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def made(stories, bert, tmp_path_factory):
    """Each net, trained once and saved: its predictor, its classifier, its folder."""
    kept = {}

    def of(net: str) -> tuple:
        if net not in kept:
            name, options = net.partition(",")[0], NETS[net]
            options = options | ({"model": bert} if name == "finetune" else {})
            predictor, classifier = train(name, stories, loss="focal", options=options)
            folder = predictor.save(tmp_path_factory.mktemp("saved") / "model")
            kept[net] = predictor, classifier, folder
        return kept[net]

    return of


@pytest.fixture
def tuned(made, tmp_path):
    """A copy of a fine-tuned predictor's folder, to break."""
    return GenrePredictor.load(made("finetune")[2]).save(tmp_path / "model")


def change_file(folder: Path, name: str, content: bytes) -> None:
    """Change a file of a fine-tuned net, with hashes that fit, as an attacker would."""
    (folder / name).write_bytes(content)
    facts = json.loads((folder / "model.json").read_text())
    facts["files"][name] = sha256(content).hexdigest()
    resign(folder, facts)


@pytest.mark.parametrize("net", NETS)
def test_a_saved_net_scores_and_explains_as_before(net, made, stories):
    predictor, classifier, folder = made(net)
    assert len(classifier.history_) >= 1
    again, texts = GenrePredictor.load(folder), list(stories.texts)
    expected = classifier.predict_proba(inputs(net.partition(",")[0], stories))
    np.testing.assert_allclose(predictor.predict_proba(texts), expected, atol=1e-5)
    np.testing.assert_allclose(again.predict_proba(texts), expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-4, "a net that says the same of all tests nothing"
    before, after = predictor.explain(LONG), again.explain(LONG)
    for name in ("probabilities", "scores", "thresholds"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=1e-6)
    np.testing.assert_allclose(after.probabilities, again.predict_proba([LONG])[0], atol=1e-6)
    assert after.genres == before.genres
    assert [[s["scene"] for s in each] for each in after.scenes.values()] == [
        [s["scene"] for s in each] for each in before.scenes.values()
    ]
    assert again.facts == predictor.facts
    assert (again.label_names, again.single_label) == (predictor.label_names, False)


@pytest.mark.parametrize("net", ["recurrent", "attention", "finetune"])
def test_a_net_saved_twice_is_the_same_folder(net, made, tmp_path):
    folder = made(net)[2]
    second = GenrePredictor.load(folder).save(tmp_path / "second")
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    assert files == [p.relative_to(second) for p in sorted(second.rglob("*")) if p.is_file()]
    assert {path.suffix for path in files} == {".json", ".safetensors"}
    for path in files:
        assert (folder / path).read_bytes() == (second / path).read_bytes(), path


@pytest.mark.parametrize("net", ["attention", "attention, max"])
def test_what_scenes_add_to_pooled_windows_adds_up_to_the_text(net, made):
    part, text = made(net)[0].part, film_text(LONG)
    reading = part.read(text, "text", scenes(text))
    bias = part.net.module_.head.bias.detach().numpy()
    np.testing.assert_allclose(bias + reading.voices.sum(axis=0), reading.logits)
    assert np.abs(reading.voices).max() > 1e-3


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(1, 9), min_size=1))
def test_overlap_counts_what_scenes_and_windows_have_in_common(scene_sizes, window_sizes):
    # As long as each other: what one of them lacks, its last part gets.
    missing = sum(window_sizes) - sum(scene_sizes)
    scene_sizes[-1] += max(missing, 0)
    window_sizes[-1] += max(-missing, 0)
    owners = (np.repeat(np.arange(len(sizes)), sizes) for sizes in (scene_sizes, window_sizes))
    counted = np.zeros((len(scene_sizes), len(window_sizes)))
    np.add.at(counted, tuple(owners), 1 / sum(window_sizes))
    shares = np.array(window_sizes) / sum(window_sizes)
    np.testing.assert_allclose(overlap(scene_sizes, shares), counted, atol=1e-12)


@pytest.mark.parametrize("net", ["recurrent", "finetune", "finetune, whole"])
def test_scenes_stand_out_against_the_mean_of_all_windows(net, made):
    part, text = made(net)[0].part, film_text(LONG)
    cut = scenes(text)
    reading = part.read(text, "text", cut)
    assert len(reading.windows) > 2
    assert len(reading.voices) == len(cut)
    np.testing.assert_allclose(reading.voices.sum(axis=0), 0, atol=1e-6)
    assert np.abs(reading.voices).max() > 1e-5


def test_a_receipt_says_what_a_fine_tuned_net_did_not_read(made):
    n_tokens = len(made("finetune")[1]._documents([film_text(LONG)])[0])
    tail = made("finetune")[0].explain(LONG)
    assert tail.receipt["tokens"] == n_tokens
    assert tail.receipt["truncated"] == n_tokens - 22
    assert len(tail.scores) == tail.receipt["windows"] == -(-n_tokens // 22)
    assert made("finetune, whole")[0].explain(LONG).receipt["truncated"] == 0


def test_a_net_trained_on_segments_reads_segments(mirror):
    """The features' own rows, made again from the page, get the features' scores."""
    features = load_dataset("script_features")
    there = [
        (path.stat().st_size, features.ids.index(script.film_id), path)
        for script in scripts.read_manifest()
        if script.film_id in features.ids and (path := mirror / script.remote.path).is_file()
    ]
    if not there:
        pytest.skip("the mirror holds no development script")
    _, row, path = min(there)
    net = build("attention", features, options={"max_epochs": 2})
    net.fit(features.segments, features.labels)
    part = RECIPES["attention"].part(net, features)
    text = film_text(path.read_bytes().decode("utf-8"))
    expected = net._logits(features.segments[[row]]).numpy()
    # Segments are stored in a byte a number.
    np.testing.assert_allclose(part.logits([text], ["film"]), expected, atol=0.05)
    assert part.read(text, "film", scenes(text)).windows.shape == (16, len(features.label_names))


def test_a_text_without_a_known_word_is_refused_by_name(made):
    predictor = made("recurrent")[0]
    with pytest.raises(ValueError, match=r"x\.txt: none of its words"):
        predictor.predict_proba([HORROR, "qqq zzz"], ["ok", "x.txt"])
    predictor.explain("qqq zzz. " * 300 + HORROR)


def test_a_folder_says_which_encoder_and_which_data(made, stories):
    for net, kind in (("recurrent", "recurrent"), ("attention", "windows")):
        facts = json.loads((made(net)[2] / "model.json").read_text())
        assert facts["kind"] == kind
        assert facts["data"]["sha256"] == stories.data_hash
        assert facts["metrics"]["f1_macro where tuned"] > 0
    encoder = window_encoder().fit()._load()
    assert facts["encoder"] == {
        "name": encoder.name, "sha256": encoder.sha256, "window": WINDOW
    }  # fmt: skip
    facts = json.loads((made("finetune")[2] / "model.json").read_text())
    weights = made("finetune")[2] / FOLDER / "encoder" / "model.safetensors"
    assert facts["encoder"]["sha256"] == sha256(weights.read_bytes()).hexdigest()
    assert str(Path.cwd()) not in (made("finetune")[2] / "model.json").read_text()


@pytest.mark.parametrize("piece", [*PIECES, "encoder/tokenizer.json"])
@pytest.mark.parametrize("how", ["missing", "does not match its hash"])
def test_a_piece_of_a_fine_tuned_net_missing_or_changed_is_named(tuned, piece, how, tmp_path):
    path = tuned / FOLDER / piece
    if how == "missing":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"{FOLDER}/{piece} .*{how}; expected a model folder"):
        GenrePredictor.load(tuned)
    script = tmp_path / "night.txt"
    script.write_text(HORROR)
    before = sorted(tmp_path.rglob("*"))
    outputs = ("--csv", tmp_path / "out.csv", "--timeline", tmp_path / "pictures")
    is_refused(run("predict", script, "--model", tuned, *outputs), piece, how)
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_in_a_fine_tuned_folder_is_run(tuned, tmp_path):
    ran = tmp_path / "ran"
    bomb, code = pickle.dumps(Bomb(ran)), f"open({str(ran)!r}, 'w')"
    (tuned / "pytorch_model.bin").write_bytes(bomb)
    (tuned / "modeling_bert.py").write_text(code)
    GenrePredictor.load(tuned).predict([HORROR])
    for name in ("pytorch_model.bin", "modeling_bert.py", "adapter_config.json"):
        stranger = tuned / FOLDER / "encoder" / name
        stranger.write_bytes(bomb)
        with pytest.raises(ValueError, match=f"{name} does not belong there"):
            GenrePredictor.load(tuned)
        facts = json.loads((tuned / "model.json").read_text())
        listed = {**facts["files"], f"{FOLDER}/encoder/{name}": sha256(bomb).hexdigest()}
        resign(tuned, facts | {"files": listed})
        with pytest.raises(ValueError, match="its files are others"):
            GenrePredictor.load(tuned)
        resign(tuned, facts)
        stranger.unlink()
    for piece in ("head.safetensors", "encoder/model.safetensors"):
        kept = (tuned / FOLDER / piece).read_bytes()
        change_file(tuned, f"{FOLDER}/{piece}", bomb)
        with pytest.raises(ValueError, match=f"{FOLDER} cannot be read"):
            GenrePredictor.load(tuned)
        change_file(tuned, f"{FOLDER}/{piece}", kept)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("auto_map", {"AutoModel": "modeling.Evil"}),
        ("attn_implementation", "somebody/kernel"),
        ("text_config", {"attn_implementation": "somebody/kernel"}),
        ("quantization_config", {"quant_method": "awq"}),
    ],
)
def test_a_configuration_that_names_code_is_refused_though_its_hash_fits(tuned, key, value):
    name = f"{FOLDER}/encoder/config.json"
    config = json.loads((tuned / name).read_text()) | {key: value}
    change_file(tuned, name, json.dumps(config).encode())
    with pytest.raises(ValueError, match=rf"{name} names (auto_map|attn_impl|quantization)"):
        GenrePredictor.load(tuned)


def test_files_elsewhere_are_not_read(tuned):
    facts = json.loads((tuned / "model.json").read_text())
    outside = f"{FOLDER}/../../../etc/passwd"
    resign(tuned, facts | {"files": {**facts["files"], outside: "0" * 64}})
    with pytest.raises(ValueError, match="its files are others"):
        GenrePredictor.load(tuned)


@pytest.mark.parametrize(
    ("net", "facts", "arrays", "problem"),
    [
        ("recurrent", {"options": {"cell": "rnn"}}, {}, "cell is 'rnn'"),
        ("recurrent", {"options": {"cell": "lstm"}}, {}, "size mismatch"),
        ("recurrent", {"options": {}}, {}, "no 'cell'"),
        ("recurrent", {}, {"vocabulary": np.frombuffer(b"ghost", np.uint8)}, "1 words, .* vectors"),
        ("recurrent", {}, {"net.head.bias": None}, "Missing key"),
        ("recurrent", {}, {"net.head.weight": np.zeros((3, 8))}, "size mismatch"),
        ("recurrent", {}, {"net.head.weight": np.zeros(3)}, "no matrices"),
        ("attention", {"options": {"pooling": "sum", "segments": 0}}, {}, "pooling is 'sum'"),
        ("attention", {"options": {"pooling": "max", "segments": 0}}, {}, "Unexpected key"),
        ("attention", {"options": {"pooling": "attention", "segments": -1}}, {}, "segments is -1"),
        ("attention", {"options": {"pooling": "attention", "segments": "9"}}, {}, "segments is"),
        ("attention", {}, {"mean": np.zeros(3)}, "scales do not fit"),
        ("attention", {}, {"scale": np.full(384, np.nan)}, "not finite"),
        ("attention", {"labels": ["A"], "thresholds": [0.5]}, {}, "size mismatch"),
        ("finetune", {"labels": ["A"], "thresholds": [0.5]}, {}, "the net ends in 2 labels"),
        ("finetune", {"files": []}, {}, "its files are others"),
    ],
)
def test_contents_that_do_not_fit_are_refused_though_their_hash_does(
    made, tmp_path, net, facts, arrays, problem
):
    folder = GenrePredictor.load(made(net)[2]).save(tmp_path / "model")
    said = json.loads((folder / "model.json").read_text()) | facts
    kept = load((folder / "model.safetensors").read_bytes()) | arrays
    resign(folder, said, {name: value for name, value in kept.items() if value is not None})
    with pytest.raises(ValueError, match=problem):
        GenrePredictor.load(folder)


def test_another_way_to_cut_words_cannot_be_saved(stories):
    options = {"vectors": WordVectors(tokenize=str.split), "max_epochs": 1}
    with pytest.raises(ValueError, match="words are cut by 'split'; a saved net cuts them by"):
        train("recurrent", stories, options=options)


@pytest.mark.parametrize(
    ("name", "options"),
    [("recurrent", ["max_epochs=1"]), ("finetune", ["epochs=1", "window=24"])],
)
def test_the_commands_train_evaluate_and_predict_with_a_net(name, options, tmp_path, bert):
    stories = write_stories(tmp_path)
    mine = ("--data", tmp_path, "--labels", tmp_path / "labels.csv")
    options = [*options, f"model={bert}"] if name == "finetune" else options
    chosen = [word for option in options for word in ("--set", option)]
    out = tmp_path.with_name(f"{tmp_path.name}-{name}")
    done = run("train", out, *mine, "--model", name, *chosen, "--json", "-q")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["labels"] == list(stories.label_names)
    judged = run("evaluate", out, *mine, "--json", "-q")
    assert judged.exit_code == 0, judged.output
    assert json.loads(judged.stdout)["how"] == "a saved model, as it is"
    told = run("predict", tmp_path / "05.txt", "--model", out, "--json")
    assert told.exit_code == 0, told.output
    ((found,), expected) = (
        json.loads(told.stdout),
        GenrePredictor.load(out).predict(stories.texts[5:6]),
    )
    assert [genre["label"] for genre in found["genres"]] == list(expected[0])
