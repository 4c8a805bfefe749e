"""The commands predict, train and evaluate, and data clean, explore and export."""

import csv
import json
import sys

import conllu
import pandas as pd
import pytest
from PIL import Image
from test_predictor import CAR, HORROR, ROMANCE
from typer.testing import CliRunner, Result

from genrelab import plots
from genrelab.cli import app
from genrelab.cli.base import read_pairs
from genrelab.datasets import export, load, load_folder
from genrelab.models.predictor import GenrePredictor
from genrelab.models.training import build

FOOTER = "Night, The\n Writers :   A B\n Genres :   Romance  Comedy\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Texts and labels of one's own: 24 short scripts."""
    root = tmp_path_factory.mktemp("mine")
    (root / "texts").mkdir()
    with (root / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "labels"])
        for number in range(24):
            is_horror = number % 2
            scene = (HORROR if is_horror else ROMANCE) * (1 + number % 4)
            (root / "texts" / f"{number}.txt").write_text(f"Take {number}.\n\n{CAR}{scene}")
            labels = ["Horror"] * is_horror + ["Romance"] * (not is_horror or number % 5 == 0)
            rows.writerow([number, "|".join(labels)])
    return root


@pytest.fixture(scope="module")
def trained(folder):
    """A model folder made by the command."""
    result = run("train", folder / "model", *mine(folder), "--json", "-q")
    assert result.exit_code == 0, result.output
    return folder / "model"


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "night.txt"
    path.write_text((CAR * 20 + HORROR * 60) + FOOTER)
    return path


def mine(folder) -> tuple[str, ...]:
    return ("--data", str(folder / "texts"), "--labels", str(folder / "labels.csv"))


def run(*words: object, **options: object) -> Result:
    return CliRunner().invoke(app, list(map(str, words)), **options)


def is_refused(result: Result, *said: str) -> None:
    """One clear line, exit code 2."""
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1, result.stderr
    assert [word for word in said if word not in result.stderr] == []
    assert result.stdout == ""


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_predict_prints_genres_scenes_and_draws_the_timeline(script, tmp_path):
    result = run("predict", script, "--timeline", tmp_path / "night.png")
    assert result.exit_code == 0, result.output
    assert "Horror" in result.stdout
    assert "scenes that speak most for Horror:" in result.stdout
    assert "INT. CRYPT - NIGHT" in result.stdout
    assert "bites" not in result.stdout
    with Image.open(tmp_path / "night.png") as picture:
        assert picture.width > 500
    assert names(tmp_path) == ["night.png", "night.txt"]


def test_predict_as_json_is_a_list_with_an_object_a_file(script, tmp_path):
    other = tmp_path / "love.txt"
    other.write_text(ROMANCE * 80)
    result = run("predict", script, other, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [each["file"] for each in found] == [str(script), str(other)]
    for each in found:
        assert list(each) == ["file", "genres", "scores", "scenes", "receipt"]
        assert each["genres"]
        for genre in each["genres"]:
            assert list(genre) == ["label", "probability", "threshold"]
            assert 0 <= genre["probability"] <= 1
        assert set(each["scenes"]) == {genre["label"] for genre in each["genres"]}
        assert all(len(scenes) <= 3 for scenes in each["scenes"].values())
        assert len(each["scores"]) == 13
        assert {len(line) for line in each["scores"].values()} == {each["receipt"]["windows"]}
        assert each["receipt"]["truncated"] == 0
    assert found[0]["scenes"]["Horror"][0]["heading"] == "INT. CRYPT - NIGHT"
    assert "Romance" in [genre["label"] for genre in found[1]["genres"]]


def test_predict_reads_standard_input(script):
    result = run("predict", "-", "--json", input=script.read_text())
    (found,) = json.loads(result.stdout)
    (same,) = json.loads(run("predict", script, "--json").stdout)
    assert found["file"] == "-"
    assert found["genres"] == same["genres"]


def test_a_submission_is_read_back_by_load_folder(script, trained, tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    for name, text in {"a": HORROR * 9, "b": ROMANCE * 9, "c": HORROR * 5 + ROMANCE * 5}.items():
        (texts / f"{name}.txt").write_text(text)
    pictures = tmp_path / "pictures"
    result = run(
        "predict", *sorted(texts.iterdir()), "--model", trained,
        "--csv", tmp_path / "out.csv", "--timeline", pictures,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    back = load_folder(texts, tmp_path / "out.csv")
    labels = {
        name: {genre for genre, has in zip(back.label_names, row, strict=True) if has}
        for name, row in zip(back.ids, back.labels, strict=True)
    }
    assert (labels["a"], labels["b"]) == ({"Horror"}, {"Romance"})
    assert labels["c"]
    assert names(pictures) == ["a.png", "b.png", "c.png"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"  \n\n", "only white space"),
        (b"INT. BAR\0\0\1", "NUL character"),
        ("Amélie waits in the café.".encode("latin-1"), "is not utf-8"),
        (b"1.\n\n2.\n", "page furniture only"),
        (None, "no such file"),
    ],
)
def test_bad_files_are_refused_and_nothing_is_written(script, tmp_path, content, said):
    bad = tmp_path / "bad.txt"
    if content is not None:
        bad.write_bytes(content)
    before = names(tmp_path)
    outputs = ("--csv", tmp_path / "out.csv", "--timeline", tmp_path / "pictures")
    is_refused(run("predict", script, bad, *outputs), "bad.txt", said)
    assert names(tmp_path) == before


def test_latin_1_is_read_when_asked_for(tmp_path):
    path = tmp_path / "amelie.txt"
    path.write_bytes(("Amélie kisses him in the café. " * 50).encode("latin-1"))
    assert run("predict", path, "--encoding", "latin-1").exit_code == 0


def test_an_empty_standard_input_is_refused():
    is_refused(run("predict", "-", input=""), "- is empty")


@pytest.mark.parametrize("piece", ["model.json", "model.safetensors"])
def test_a_model_folder_with_a_piece_missing_is_refused(trained, script, tmp_path, piece):
    import shutil

    broken = shutil.copytree(trained, tmp_path / "broken")
    (broken / piece).unlink()
    is_refused(run("predict", script, "--model", broken), f"{piece} is missing")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--timeline", "night.jpg"), "expected a name in .png, or a folder"),
        (("--csv", "folder"), "folder is a folder; expected a CSV file"),
    ],
)
def test_outputs_that_cannot_be_are_refused(script, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    is_refused(run("predict", script, *options), said)
    is_refused(run("predict", "folder"), "folder: a folder; expected a text file")
    assert names(tmp_path) == ["folder", "night.txt"]


def test_training_is_refused_before_it_begins_where_it_could_not_be_saved(folder, monkeypatch):
    monkeypatch.setattr("genrelab.models.training.train", None)
    is_refused(run("train", folder / "texts", *mine(folder), "-q"), "exists and is no saved model")


def test_a_genre_that_no_scene_adds_to_says_so(tmp_path):
    (tmp_path / "short.txt").write_text(HORROR)
    assert ": none adds to it\n" in run("predict", tmp_path / "short.txt").stdout


def test_two_texts_do_not_land_in_one_picture(script, tmp_path):
    (tmp_path / "sub").mkdir()
    twin = tmp_path / "sub" / script.name
    twin.write_text(HORROR)
    is_refused(run("predict", script, twin, "--timeline", tmp_path / "one.png"), "Name a folder")
    is_refused(run("predict", script, twin, "--timeline", tmp_path / "p"), "two texts", "night.png")
    is_refused(run("predict", script, twin, "--csv", tmp_path / "s.csv"), "the id 'night'")
    assert names(tmp_path) == ["night.txt", "sub"]


def test_a_fault_midway_leaves_nothing_half_written(script, tmp_path, monkeypatch):
    second = tmp_path / "second.txt"
    second.write_text(ROMANCE * 30)
    drawn = []

    def breaks(*args, **options):
        drawn.append(args)
        if len(drawn) == 2:
            raise OSError("no space left")
        return real(*args, **options)

    real = plots.genre_timeline
    monkeypatch.setattr(plots, "genre_timeline", breaks)
    before = names(tmp_path)
    outputs = ("--csv", tmp_path / "out.csv", "--timeline", tmp_path / "pictures")
    result = run("predict", script, second, *outputs)
    assert result.exit_code == 1
    assert result.stderr == "error: no space left\n"
    assert names(tmp_path) == before


def test_a_trained_folder_says_what_it_was_trained_on(trained, folder):
    facts = json.loads((trained / "model.json").read_text())
    dataset = load_folder(folder / "texts", folder / "labels.csv")
    assert facts["data"] == {"name": "texts", "rows": 24, "sha256": dataset.data_hash}
    assert facts["labels"] == list(dataset.label_names)
    assert len(facts["thresholds"]) == 2
    assert facts["encoder"] is None
    assert GenrePredictor.load(trained).predict([HORROR * 3]) == [("Horror",)]


def test_options_come_from_a_yaml_file_and_the_command_line_wins(folder, tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text(
        f"model: minilm\nloss: focal\nquiet: true\ndata: {folder / 'texts'}\n"
        f"labels: {folder / 'labels.csv'}\nout: {tmp_path / 'made'}\n"
    )
    is_refused(run("train", "--config", config), "loss is 'focal'; minilm knows bce and balanced")
    done = run("train", "--config", config, "--model", "tfidf", "--loss", "bce", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["folder"] == str(tmp_path / "made")
    assert json.loads((tmp_path / "made" / "model.json").read_text())["kind"] == "words"


def test_a_yaml_file_uses_the_names_of_the_command_line(folder, script, tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text(f"files: {script}\njson: true\ncsv: {tmp_path / 'out.csv'}\n")
    done = run("predict", "--config", config)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)[0]["file"] == str(script)
    assert (tmp_path / "out.csv").read_text().startswith("id,labels\nnight,")
    for options in ("set: [C=0.5, tol=0.1]\njson: true", "set: C=0.5\njson: true"):
        config.write_text(f"{options}\ndata: {folder / 'texts'}\nlabels: {folder / 'labels.csv'}")
        done = run("train", tmp_path / "made", "--config", config, "-q")
        assert done.exit_code == 0, done.output
    config.write_text("set: [no_such=1]\nload: [view=logline]\ndata: films")
    is_refused(run("train", tmp_path / "other", "--config", config), "no parameter 'no_such'")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("los: focal", "no option 'los'; did you mean 'loss'?"),
        ("- a\n- b", "holds no mapping"),
        ("a: [", "expected YAML"),
        ("!!python/object/apply:os.system ['true']", "expected YAML"),
        (None, "no such file"),
    ],
)
def test_a_config_that_is_none_is_refused(tmp_path, content, said):
    config = tmp_path / "run.yaml"
    if content is not None:
        config.write_text(content)
    is_refused(run("train", "--config", config), said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train",), "name a folder to write"),
        (("train", "x", "--model", "tfidff"), "no model 'tfidff'"),
        (("train", "x", "--data", "script_feature"), "did you mean 'script_features'"),
        (("train", "x", "--labels", "l.csv"), "--labels goes with a folder"),
        (("train", "x", "--set", "epochs"), "is no KEY=VALUE"),
        (("train", "x", "--set", "hidden=[4"), "'hidden=[4': the value cannot be read"),
        (("train", "x", "--load", "min_count=abc"), "--load min_count=abc does not fit: "),
        (("evaluate", "no-such-model"), "no model 'no-such-model'"),
        (("evaluate", "tfidf", "--load", "no_such=1"), "unknown option 'no_such'"),
        (("data", "export", "films", "films.xlsx"), "expected a name in .csv, .parquet, .conllu"),
        (("data", "explore", "nowhere", "x"), "no data set 'nowhere'"),
        (("data", "clean", "script_features", "x.csv"), "no texts"),
    ],
)
def test_bad_usage_is_one_line_and_writes_nothing(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    is_refused(run(*words, "-q"), said)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("model", "option", "said"),
    [
        ("tfidf", "no_such=1", "tfidf has no parameter 'no_such' (found no_such=1); expected one "
         "of C, class_weight, "),
        ("minilm", "max_epochs=3", "minilm has no parameter 'max_epochs'"),
        ("tfidf", "C=abc", "--set C=abc does not fit: The 'C' parameter of LogisticRegression must "
         "be a float in the range (0.0, inf]. Got 'abc'"),
        ("recurrent", "max_epochs=abc", "parameter 'max_epochs' of recurrent is 'abc'; expected a "
         "whole number from 0 on."),
        ("recurrent", "hidden=1.5", "is 1.5; expected a whole number"),
        ("recurrent", "hidden=true", "is True; expected a whole number"),
        ("recurrent", "hidden=-3", "is -3; expected a whole number from 0 on"),
        ("recurrent", "cell=rnn", "is 'rnn'; expected 'gru' or 'lstm'."),
        ("recurrent", "frozen=maybe", "is 'maybe'; expected true or false."),
        ("recurrent", "random_state=x", "expected a whole number from 0 on or null."),
        ("recurrent", "device=abc", "--set device=abc does not fit: "),
        ("ffn", "hidden=4", "parameter 'hidden' of ffn is 4; expected a list, each a whole"),
        ("ffn", "hidden=[a]", "is ['a']; expected a list, each a whole number"),
        ("attention", "pooling=sum", "expected 'attention' or 'mean' or 'max'"),
        ("finetune", "learning_rate=fast", "parameter 'learning_rate' of finetune is 'fast'"),
        ("finetune", "model=[a]", "expected a word or null."),
    ],
)  # fmt: skip
def test_an_option_that_a_model_does_not_take_is_one_line(folder, tmp_path, model, option, said):
    if model != "tfidf":
        pytest.importorskip("skorch")
        pytest.importorskip("accelerate")
    words = (*mine(folder), "--model", model, "--set", option, "-q")
    is_refused(run("train", tmp_path / "made", *words), said)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("word", "value"),
    [("a=1e-3", 0.001), ("a=2.5E4", 25000.0), ("a=3", 3), ("a=logline", "logline"), ("a=", None)],
)
def test_values_are_read_as_they_are_meant(word, value):
    assert read_pairs([word]) == {"a": value}


def test_the_last_part_of_a_nested_name_will_do(folder):
    dataset = load_folder(folder / "texts", folder / "labels.csv")
    for model in ("tfidf", "minilm"):
        assert build(model, dataset, options={"C": 3})[-1].estimator.C == 3
    whole = {"onevsrestclassifier__estimator__C": 4}
    assert build("tfidf", dataset, options=whole)[-1].estimator.C == 4


def test_evaluate_by_name_cross_validates(folder):
    result = run("evaluate", "tfidf", *mine(folder), "--json", "-q")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["how"] == "cross-validation"
    assert found["rows"] == 24
    assert found["summary"]["f1_macro"] > 0.9
    low, high = found["f1_macro_95"]
    assert low <= found["summary"]["f1_macro"] + 1e-9
    assert high >= low
    assert {line["label"] for line in found["per_label"]} == {"Horror", "Romance"}
    shown = run("evaluate", "tfidf", *mine(folder), "-q")
    assert "24 rows, 2 labels" in shown.stdout
    assert "95 % interval" in shown.stdout


def test_evaluating_a_folder_on_its_own_rows_warns(trained, folder):
    result = run("evaluate", trained, *mine(folder), "--json", "-q")
    assert result.exit_code == 0, result.output
    assert "was trained on these very rows" in result.stderr
    assert json.loads(result.stdout)["how"] == "a saved model, as it is"
    assert json.loads(result.stdout)["summary"]["f1_macro"] > 0.9


def test_evaluating_a_folder_on_other_labels_is_refused(trained):
    is_refused(run("evaluate", trained, "--data", "plays"), "predicts Romance, Horror")


def test_training_is_tracked_when_asked_for(folder, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("skorch")
    monkeypatch.chdir(tmp_path)
    options = ("--model", "ffn", "--loss", "focal", "--set", "max_epochs=2", "--set", "hidden=[4]")
    result = run("train", "made", *mine(folder), *options, "--track", "-q")
    assert result.exit_code == 0, result.output
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    (tracked,) = client.search_runs(["1"])
    assert tracked.data.params["loss"] == "focal"
    assert tracked.data.params["data.rows"] == "24"
    assert len(client.get_metric_history(tracked.info.run_id, "train_loss")) == 2
    assert names(tmp_path) == ["made", "mlartifacts", "mlflow.db"]


def test_nothing_is_tracked_unless_asked_for(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENRELAB_TRACK", raising=False)
    assert run("train", "made", *mine(folder), "-q").exit_code == 0
    assert names(tmp_path) == ["made"]


def test_clean_counts_what_it_drops(tmp_path):
    texts = tmp_path / "raw"
    texts.mkdir()
    page = "INT. BAR\n\n 12.\n\nCONTINUED: (2)\nHe  waits.\n" + FOOTER
    for name, text in {"a": page, "b": page, "c": "12.\n\n13.\n", "d": "She waits."}.items():
        (texts / f"{name}.txt").write_text(text)
    result = run("data", "clean", texts, tmp_path / "clean.csv", "--json", "-q")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["rows"], found["kept"]) == (4, 2)
    assert found["dropped"] == {"empty once clean": ["c"], "the same as an earlier text": ["b"]}
    kept = pd.read_csv(tmp_path / "clean.csv")
    assert kept["text"].tolist() == ["INT. BAR\n\nHe waits.", "She waits."]
    assert found["characters_cut"] == len(page) * 2 + 9 - 2 * len("INT. BAR\n\nHe waits.")
    shown = run("data", "clean", texts, tmp_path / "clean.parquet", "-q").stdout
    assert "4 texts read, 2 kept" in shown
    assert "1 left out, the same as an earlier text: b" in shown


def test_exploring_into_a_file_is_refused(folder):
    result = run("data", "explore", folder / "texts", folder / "labels.csv", "-q")
    is_refused(result, "labels.csv is a file; expected a folder")


def test_explore_draws_a_data_set_raw_or_clean(folder, tmp_path):
    for clean in ((), ("--clean",)):
        out = tmp_path / f"pictures{len(clean)}"
        result = run("data", "explore", folder / "texts", out, "--labels", folder / "labels.csv",
                     *clean, "--json", "-q")  # fmt: skip
        assert result.exit_code == 0, result.output
        found = json.loads(result.stdout)
        assert found["label_counts"] == {"Romance": 14, "Horror": 12}
        assert names(out) == [
            "genres.png", "genres_a_text.png", "genres_together.png", "lengths.png",
        ]  # fmt: skip


@pytest.mark.parametrize(("suffix", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_tables_hold_every_row_and_its_labels(folder, tmp_path, suffix, read):
    out = tmp_path / f"mine.{suffix}"
    done = run("data", "export", folder / "texts", out, "--labels", folder / "labels.csv", "-q")
    assert done.exit_code == 0, done.output
    table = read(out)
    dataset = load_folder(folder / "texts", folder / "labels.csv")
    assert list(map(str, table["id"])) == list(dataset.ids)
    assert table["text"].tolist() == list(dataset.texts)
    assert table.set_index(table["id"].astype(str)).loc["5", "labels"] == "Romance|Horror"


def test_conllu_is_read_back_by_the_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    from genrelab import text

    text._tagger.cache_clear()
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text('INT. BAR - DAY\n\nThe horses ran. She\'s "home", he said.\n')
    (texts / "b.txt").write_text("Two doors opened.")
    out = tmp_path / "mine.conllu"
    assert run("data", "export", texts, out, "-q").exit_code == 0
    found = conllu.parse(out.read_text(encoding="utf-8"))
    assert [each.metadata["text"] for each in found] == [
        "INT. BAR - DAY", "The horses ran.", "She's \"home\", he said.", "Two doors opened.",
    ]  # fmt: skip
    assert [each.metadata.get("newdoc id") for each in found] == ["a", None, None, "b"]
    assert "spaCy" in found[0].metadata["tags"]
    assert "tags" not in found[3].metadata
    horses = found[1][1]
    assert (horses["form"], horses["lemma"], horses["upos"]) == ("horses", "horse", "_")
    for sentence in found:
        glued = "".join(
            word["form"] + ("" if (word["misc"] or {}).get("SpaceAfter") == "No" else " ")
            for word in sentence
        )
        assert glued.strip() == sentence.metadata["text"]
        assert [word["id"] for word in sentence] == list(range(1, len(sentence) + 1))
    again = conllu.parse("".join(each.serialize() for each in found))
    assert [list(each) for each in again] == [list(each) for each in found]
    text._tagger.cache_clear()


def test_a_whole_play_survives_conllu(tmp_path):
    plays = load("plays").select([0])
    out = export.export(plays, tmp_path / "play.conllu")
    found = conllu.parse(out.read_text(encoding="utf-8"))
    spoken = " ".join(each.metadata["text"] for each in found)
    assert spoken.split() == plays.texts[0].split()


UPOS = set("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split())


def exported(folder, out) -> list[conllu.TokenList]:
    """Export texts by the command, with no tagger left from another test, and read them back."""
    from genrelab import text

    text._tagger.cache_clear()
    done = run("data", "export", folder, out, "-q")
    text._tagger.cache_clear()
    assert done.exit_code == 0, done.output
    return conllu.parse(out.read_text(encoding="utf-8"))


def test_tags_come_from_spacy_where_it_is_installed(monkeypatch, tmp_path):
    spacy = pytest.importorskip("spacy")
    from genrelab import text

    known = {"rusty": "ADJ", "doors": "NOUN", "opened": "VERB", ".": "PUNCT", "don't": "AUX"}
    tagger = spacy.blank("en")
    rules = tagger.add_pipe("attribute_ruler")
    for word, part in known.items():
        rules.add([[{"LOWER": word}]], {"POS": part})
    tagger.to_disk(tmp_path / "model")
    monkeypatch.setattr(text, "SPACY_MODEL", tmp_path / "model")
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text("Rusty doors opened. They don't squeak.\n\nDOORS (closed).\n")
    (texts / "b.txt").write_text("Doors.")
    found = exported(texts, tmp_path / "mine.conllu")
    told = [[(word["form"], word["upos"]) for word in sentence] for sentence in found]
    assert told == [
        [("Rusty", "ADJ"), ("doors", "NOUN"), ("opened", "VERB"), (".", "PUNCT")],
        # spaCy left these without a tag: an empty column would be no CoNLL-U.
        [("They", "_"), ("don't", "AUX"), ("squeak", "_"), (".", "PUNCT")],
        [("DOORS", "NOUN"), ("(", "_"), ("closed", "_"), (")", "_"), (".", "PUNCT")],
        [("Doors", "NOUN"), (".", "PUNCT")],
    ]
    assert all("tags" not in sentence.metadata for sentence in found)
    assert all(len(line.split("\t")) == 10 and "" not in line.split("\t")
               for line in (tmp_path / "mine.conllu").read_text().splitlines()
               if line and not line.startswith("#"))  # fmt: skip


def test_without_the_model_spacy_alone_gives_no_tags_and_the_file_says_so(monkeypatch, tmp_path):
    pytest.importorskip("spacy")
    from genrelab import text

    monkeypatch.setattr(text, "SPACY_MODEL", "no_such_model")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("Rusty doors opened.")
    (sentence,) = exported(tmp_path / "texts", tmp_path / "mine.conllu")
    assert {word["upos"] for word in sentence} == {"_"}
    assert "genrelab[tags]" in sentence.metadata["tags"]


def test_spacys_own_english_model_tags_every_word(tmp_path):
    pytest.importorskip("spacy")
    pytest.importorskip("en_core_web_sm", reason="spaCy's model en_core_web_sm is not installed")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text(f"{HORROR}{ROMANCE}The old doors opened slowly.\n")
    found = exported(tmp_path / "texts", tmp_path / "mine.conllu")
    assert {word["upos"] for sentence in found for word in sentence} <= UPOS
    last = {word["form"]: word["upos"] for word in found[-1]}
    assert (last["doors"], last["opened"], last["slowly"]) == ("NOUN", "VERB", "ADV")


def test_an_export_that_breaks_leaves_no_file(tmp_path, monkeypatch):
    def breaks(word):
        raise OSError("no space left")

    monkeypatch.setattr("genrelab.text._lemma", breaks)
    result = run("data", "export", "plays", tmp_path / "plays.conllu", "-q")
    assert result.exit_code == 1
    assert result.stderr == "error: no space left\n"
    assert names(tmp_path) == []


def test_data_list_and_verify_speak_json():
    found = json.loads(run("data", "list", "--json").stdout)
    assert {"script_features", "plays"} <= {each["name"] for each in found}
    assert json.loads(run("data", "verify", "plays", "--json").stdout) == {
        "name": "plays", "problems": [],
    }  # fmt: skip


def test_embed_speaks_json(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("He waits in the bar.")
    result = run("embed", tmp_path / "texts", "--store", tmp_path / "store", "--json", "-q")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["documents"], found["receipts"][0]["id"], found["errors"]) == (1, "a", [])


def test_one_genre_a_text_stays_one_genre_a_text(tmp_path):
    """Genre folders: the likeliest genre alone, in training, judging and predicting."""
    for number in range(16):
        genre, scene = (("horror", HORROR), ("romance", ROMANCE))[number % 2]
        (tmp_path / "films" / genre).mkdir(parents=True, exist_ok=True)
        path = tmp_path / "films" / genre / f"{number}.txt"
        path.write_text(f"Take {number}.\n\n{CAR}{scene}")
    data = ("--data", tmp_path / "films")
    judged = run("evaluate", "tfidf", *data, "--json", "-q")
    assert judged.exit_code == 0, judged.output
    assert sum(line["predicted"] for line in json.loads(judged.stdout)["per_label"]) == 16
    assert run("train", tmp_path / "model", *data, "-q").exit_code == 0
    both = run("predict", "-", "--model", tmp_path / "model", "--json", input=HORROR + ROMANCE)
    (found,) = json.loads(both.stdout)
    assert len(found["genres"]) == 1
    total = sum(line[0] for line in found["scores"].values())
    assert total == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("command", ["predict", "train", "evaluate", "data clean", "data explore"])
def test_help_shows_an_example(command):
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"genrelab {command} " in " ".join(result.stdout.split())
