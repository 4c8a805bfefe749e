"""The films corpus: complete, our own words, and silent about kinds of film."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from genrelab.course.chapters import ROOT
from genrelab.datasets import DatasetError, films, load, scripts
from genrelab.encoding import ScriptEncoder
from genrelab.evaluation import cross_validate
from genrelab.metrics import report
from genrelab.settings import data_file
from genrelab.splits import repeated_folds

FILMS = films.read_films()
ENTRIES = [
    (film.film_id, view, film.text(view))
    for film in FILMS.values()
    for view in ("logline", "synopsis")
]
LENGTHS = {"logline": (20, 35), "synopsis": (90, 150)}
KINDS = re.compile(
    r"\b(comed(y|ies|ic)|drama(s|tic)?|melodramas?|thrillers?|horrors?|horrific|sci-?fi"
    r"|science[ -]fiction|westerns?|musicals?|animat(ed|ion)|cartoons?|rom-?coms?|noir|biopics?"
    r"|slashers?)\b",
    re.IGNORECASE,
)
BRITISH = re.compile(
    r"\b(colour|honour|neighbour|favour|harbour|rumour|theatre|centre|jewell?ery|"
    r"travell(ed|er|ing)|realis(e|es|ed|ing)|organis(e|es|ed|ing|ation)|defence|cheque|pyjamas|storey)\b",
    re.IGNORECASE,
)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("\u2019", "'"))


def runs(text: str, length: int) -> set[str]:
    found = words(text)
    return {" ".join(found[i : i + length]) for i in range(len(found) - length + 1)}


def test_there_are_at_least_eight_hundred_films_and_each_has_features() -> None:
    with data_file(films.FILE).open(encoding="utf-8", newline="") as file:
        keys = [row["film_id"] for row in csv.DictReader(file)]
    assert len(keys) == len(set(keys)) >= 800
    with pytest.warns(scripts.LockedTestWarning):
        features = load("script_features", split="all", min_count=1)
    assert set(keys) <= set(features.ids)


def test_the_file_is_the_one_that_the_card_names() -> None:
    assert films.verify() == []


def test_the_card_lists_every_film_that_was_left_out() -> None:
    listed = [
        title
        for note in films.CARD.notes
        if note.startswith("left out")
        for title in note.split(": ")[1].split("; ")
    ]
    without = [
        script.title
        for script in scripts.read_manifest()
        if script.usable and script.film_id not in FILMS
    ]
    assert sorted(listed) == sorted(without)


def test_the_readme_says_of_the_films_what_the_card_says() -> None:
    readme = (ROOT / "README.md").read_text("utf-8").lower()
    told = [note for note in films.CARD.notes if not note.startswith("left out")]
    assert len(told) >= 3
    assert [note for note in told if note.lower() not in readme] == []
    assert f"{len(FILMS):,} of the scripts' films" in readme


def test_every_text_keeps_to_its_length() -> None:
    outside = [
        (film_id, view, len(text.split()))
        for film_id, view, text in ENTRIES
        if not LENGTHS[view][0] <= len(text.split()) <= LENGTHS[view][1]
    ]
    assert outside == []


def test_no_text_names_a_kind_of_film() -> None:
    assert [
        (film_id, KINDS.search(text)[0]) for film_id, _, text in ENTRIES if KINDS.search(text)
    ] == []


def test_texts_are_plain_ascii_in_one_spelling_and_speak_of_no_film() -> None:
    for film_id, _, text in ENTRIES:
        assert text.isprintable() and text.isascii(), film_id
        assert '"' not in text, film_id
        assert not re.search(r"\b(this|the) (film|movie) (follows|opens|ends|tells)", text), film_id
        assert not BRITISH.search(text), (film_id, BRITISH.search(text)[0])


def test_no_ten_words_stand_in_two_entries() -> None:
    holders: dict[str, str] = {}
    for film_id, _, text in ENTRIES:
        for run in runs(text, 10):
            assert holders.setdefault(run, film_id) == film_id, run


def test_no_opening_of_two_words_becomes_a_habit() -> None:
    for view in ("logline", "synopsis"):
        openings = Counter(" ".join(words(text)[:2]) for _, kind, text in ENTRIES if kind == view)
        assert openings.most_common(1)[0][1] <= 0.04 * len(FILMS)


def test_views_are_the_texts_of_the_file_in_the_order_of_the_scripts() -> None:
    both, logline = load("films", view="both"), load("films", view="logline")
    order = [i for i in load("script_features").ids if i in FILMS]
    assert list(both.ids) == order
    film = FILMS[both.ids[0]]
    assert both.texts[0] == f"{film.logline}\n\n{film.synopsis}"
    assert logline.texts[0] == film.logline


def test_a_view_that_is_none_is_refused() -> None:
    with pytest.raises(DatasetError, match="view='plot'; expected one of synopsis, logline, both"):
        load("films", view="plot")


def test_labels_and_groups_are_those_of_the_script() -> None:
    ours, theirs = load("films"), load("script_features")
    rows = [theirs.ids.index(film_id) for film_id in ours.ids]
    np.testing.assert_array_equal(ours.labels, theirs.labels[rows])
    np.testing.assert_array_equal(ours.groups, theirs.groups[rows])


# --- what a model reads in them ------------------------------------------------------------------


@pytest.fixture(scope="session")
def vectors() -> dict[str, np.ndarray]:
    """MiniLM vectors of length one, a row a film, by view: encoded once."""
    encoder = ScriptEncoder(window=256, token_budget=4096)
    found = {}
    for view in ("logline", "synopsis"):
        rows = encoder.fit_transform([film.text(view) for film in FILMS.values()])
        found[view] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def tuned_f1(model: BaseEstimator, inputs: object) -> float:
    """Macro-F1 over grouped folds of the development rows, thresholds tuned inside."""
    data = load("films")
    folds = repeated_folds(data.labels, data.groups, seeds=(0,))
    result = cross_validate(
        OneVsRestClassifier(model) if isinstance(model, LogisticRegression) else model,
        inputs,
        data.labels,
        groups=data.groups,
        folds=folds,
        tuner="per_label",
    )
    return result.headline["f1_macro"]


@pytest.mark.parametrize("view", ["logline", "synopsis"])
def test_the_first_five_words_tell_little_more_than_any_five(view: str) -> None:
    texts = [words(text) for text in load("films", view=view).texts]
    model = make_pipeline(
        TfidfVectorizer(token_pattern=r"\S+"),
        OneVsRestClassifier(LogisticRegression(C=10, solver="liblinear")),
    )
    first = tuned_f1(model, [" ".join(text[:5]) for text in texts])
    anywhere = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        drawn = [" ".join(rng.choice(text, 5, replace=False)) for text in texts]
        anywhere.append(tuned_f1(model, drawn))
    assert first <= np.mean(anywhere) + 0.05, (first, anywhere)


@pytest.mark.parametrize("view", ["logline", "synopsis"])
def test_a_model_learns_from_the_texts(view: str, vectors: dict[str, np.ndarray]) -> None:
    data, row = load("films"), {film_id: i for i, film_id in enumerate(FILMS)}
    everything = report(data.labels, np.ones_like(data.labels)).summary["f1_macro"]
    inputs = vectors[view][[row[film_id] for film_id in data.ids]]
    model = LogisticRegression(C=10, max_iter=1000)
    assert tuned_f1(model, inputs) > everything + 0.1


def test_no_two_films_tell_almost_the_same(vectors: dict[str, np.ndarray]) -> None:
    ids = list(FILMS)
    for view, rows in vectors.items():
        left, right = np.nonzero(np.triu(rows @ rows.T > 0.95, k=1))
        assert [(view, ids[i], ids[j]) for i, j in zip(left, right, strict=True)] == []


# --- against what others wrote -------------------------------------------------------------------


def wiki_rows(mirror: Path) -> list[dict]:
    folder = next(mirror.glob("prust/wikipedia-movie-data/*"))
    rows = []
    for path in sorted(folder.glob("movies-*s.json")):
        rows += json.loads(path.read_text("utf-8"))
    return rows


def longest_shared(text: str, known: set[str]) -> int:
    """Length of the longest run of the text whose every eight words stand in ``known``."""
    found = words(text)
    longest = here = 0
    for i in range(len(found) - 7):
        here = here + 1 if " ".join(found[i : i + 8]) in known else 0
        longest = max(longest, here + 7 if here else 0)
    return longest


def shared_with(known_of: dict[str, set[str]] | set[str]) -> dict[str, int]:
    shared = {}
    for film_id, _, text in ENTRIES:
        known = known_of if isinstance(known_of, set) else known_of.get(film_id, set())
        shared[film_id] = max(shared.get(film_id, 0), longest_shared(text, known))
    return shared


def test_texts_are_not_wikipedias(mirror: Path) -> None:
    ours = {run for _, _, text in ENTRIES for run in runs(text, 8)}
    theirs = {run for row in wiki_rows(mirror) for run in runs(row.get("extract") or "", 8)}
    shared = shared_with(ours & theirs)
    assert max(shared.values()) < 12
    assert sum(length >= 8 for length in shared.values()) <= 0.03 * len(FILMS)


def test_texts_are_not_the_scripts(mirror: Path) -> None:
    folder = next(mirror.glob("florian-rieder/Movie-Scripts/*/scripts"))
    files = {script.film_id: folder / script.file for script in scripts.read_manifest()}
    known = {}
    for film_id, film in FILMS.items():
        if files[film_id].exists():
            script = f" {' '.join(words(files[film_id].read_text('utf-8')))} "
            ours = runs(film.logline, 8) | runs(film.synopsis, 8)
            known[film_id] = {run for run in ours if f" {run} " in script}
    if not known:
        pytest.skip("the mirror holds no script of these films")
    shared = shared_with(known)
    assert max(shared.values()) < 12
    assert sum(length >= 8 for length in shared.values()) <= 0.03 * len(FILMS)


def test_no_text_names_its_cast(mirror: Path) -> None:
    # They appear in these under their own names.
    themselves = {"127-hours", "ace-ventura-pet-detective", "being-john-malkovich", "milk"}
    themselves |= {"i-love-you-phillip-morris", "oceans-twelve", "purple-rain", "the-fighter"}
    themselves |= {"this-is-40"}
    cast: dict[tuple[str, int], list[str]] = {}
    for row in wiki_rows(mirror):
        cast[" ".join(words(row["title"])), int(row["year"])] = row["cast"]
    named = [
        (film.film_id, name)
        for film in FILMS.values()
        for year in (film.year - 1, film.year, film.year + 1)
        for name in cast.get((" ".join(words(film.title)), year), [])
        if " " in name and f" {' '.join(words(name))} " in f" {' '.join(words(film.text('both')))} "
    ]
    assert {film_id for film_id, _ in named} <= themselves, named


def test_years_agree_with_wikipedia(whole_mirror: Path) -> None:
    years: dict[str, set[int]] = {}
    for row in wiki_rows(whole_mirror):
        years.setdefault(" ".join(words(row["title"])), set()).add(int(row["year"]))
    # Wikipedia's list has another film of that title.
    others = {"crash", "the-debt", "get-carter", "the-way-back"}
    wrong = [
        (film.film_id, film.year, sorted(years[title]))
        for film in FILMS.values()
        if (title := " ".join(words(film.title))) in years
        and film.film_id not in others
        and min(abs(year - film.year) for year in years[title]) > 1
    ]
    assert wrong == []
