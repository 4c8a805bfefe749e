"""Views of a text keep what they promise; leak guards catch what gives the answer away."""

import json
import re
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrelab import text

WIKI_GENRES = frozenset(
    [
        "Action",
        "Adventure",
        "Animated",
        "Biography",
        "Comedy",
        "Crime",
        "Documentary",
        "Drama",
        "Family",
        "Fantasy",
        "Historical",
        "Horror",
        "Musical",
        "Mystery",
        "Noir",
        "Romance",
        "Science Fiction",
        "Sports",
        "Thriller",
        "War",
        "Western",
    ]
)
SCRIPT_LINES = [
    "INT. BAR - DAY",
    "12A EXT. ROAD",
    "  I/E CAR",
    "He waits.",
    "",
    "INTO THE NIGHT",
    "EXTRA! EXTRA!",
    "Int. Kitchen",
    "FADE IN:",
    "INT./EXT. TRAIN 7",
    "A pint. EXT.",
]
HEADINGS = ("INT. BAR - DAY", "EXT. ROAD", "I/E CAR", "Int. Kitchen", "INT./EXT. TRAIN 7")


@settings(deadline=None)
@given(st.text(alphabet="aB.'\n\r\t \xa0\u2003é", max_size=60))
def test_the_neural_view_changes_white_space_only_and_is_stable(raw):
    view = text.neural_text(raw)
    assert view.split() == raw.split()
    assert text.neural_text(view) == view
    assert "\xa0" not in view
    assert "\r" not in view
    assert "\n\n\n" not in view
    assert not re.search(r"[^\S\n]{2}", view)


def test_the_neural_view_keeps_case_punctuation_and_paragraphs():
    raw = 'EXT. ROAD\r\n\r\n\r\n\r\n"Stop!",\xa0he said …'
    assert text.neural_text(raw) == 'EXT. ROAD\n\n"Stop!", he said …'


def test_the_classic_view_drops_stop_words_and_takes_lemmas():
    raw = "The CHILDREN weren't running from the knives; they'd've seen Ann's fire, didn't they?"
    assert text.classic_text(raw) == "child run knife see ann fire"
    assert text.classic_text(raw, lemmas=False) == "children running knives seen ann fire"
    assert text.classic_text("He is in it.", stop_words=False, lemmas=False) == "he is in it"
    assert text.classic_text("12 °C, 007 – l'été à 5 h") == "été"


@settings(deadline=None)
@given(st.lists(st.sampled_from("Horses the ran fire's it don't SHERIFF and 42".split())))
def test_the_classic_view_of_the_whole_is_the_view_of_its_words(words):
    whole = text.classic_text(" ".join(words))
    assert whole.split() == [token for word in words for token in text.classic_text(word).split()]


def test_a_whole_script_takes_less_than_a_second_once_its_words_are_known():
    stems = ("walk", "ride", "shoot", "sheriff", "horse")
    page = " ".join(stem + end for stem in stems for end in ("s", "ing", "ed", "er", "")) + " "
    text.classic_text(page)
    start = time.process_time()
    view = text.classic_text(page * 1600)
    assert len((page * 1600).split()) == 40_000
    assert len(view.split()) == 40_000
    assert time.process_time() - start < 1


def test_a_part_of_speech_filter_without_spacy_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    text._tagger.cache_clear()
    with pytest.raises(ImportError, match="python -m spacy download en_core_web_sm"):
        text.classic_text("The horses ran.", keep_pos={"NOUN"})


def test_a_part_of_speech_filter_keeps_the_parts_asked_for(monkeypatch, tmp_path):
    spacy = pytest.importorskip("spacy")
    tagger = spacy.blank("en")
    rules = tagger.add_pipe("attribute_ruler")
    for word, part in {"rusty": "ADJ", "doors": "NOUN", "opened": "VERB"}.items():
        rules.add([[{"LOWER": word}]], {"POS": part})
    tagger.to_disk(tmp_path / "model")
    monkeypatch.setattr(text, "SPACY_MODEL", tmp_path / "model")
    text._tagger.cache_clear()
    assert text.classic_text("Rusty doors opened slowly.", keep_pos={"NOUN"}) == "door"
    assert text.classic_text("Rusty doors opened.", keep_pos={"VERB", "ADJ"}) == "rusty open"
    text._tagger.cache_clear()


def test_bigrams_join_what_comes_together_and_nothing_else():
    pytest.importorskip("gensim")
    texts = [["new", "york", word, "cop"] for word in "abcdefghij"] + [["cop", "new"]] * 3
    joined = text.bigrams(texts, min_count=3, threshold=1)
    assert joined[0] == ["new_york", "a", "cop"]
    for before, after in zip(texts, joined, strict=True):
        assert "_".join(after) == "_".join(before)


def test_bigrams_without_gensim_say_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models.phrases", None)
    with pytest.raises(ImportError, match=r"genrelab\[train\]"):
        text.bigrams([["a", "b"]])


@settings(deadline=None)
@given(st.lists(st.sampled_from(SCRIPT_LINES), max_size=12), st.sampled_from(["\n", "\n \n"]))
def test_scenes_cover_the_text_in_order(lines, gap):
    script = gap.join(lines)
    found = text.scenes(script)
    assert "".join(script[scene.start : scene.stop] for scene in found) == script
    assert all(scene.start < scene.stop for scene in found)
    wanted = [heading for line in lines for heading in HEADINGS if line.endswith(heading)]
    assert [scene.heading for scene in found if scene.heading] == wanted
    for scene in found[1:]:
        assert scene.heading in script[scene.start : scene.stop].split("\n")[0]


def test_a_text_without_headings_is_one_scene_and_an_empty_one_none():
    assert text.scenes("Nothing here.") == [("", 0, 13)]
    assert text.scenes("") == []


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("Nowhere is a 1997 American black comedy drama film by A. B.", ("Comedy", "Drama")),
        ("An animated science-fiction and war movie.", ("Animation", "Sci-Fi", "War")),
        ("It is a 1942 American Western directed by Sam Newfield.", ("Western",)),
        ("The action-adventure films ran.", ("Action", "Adventure")),
        ("Her family fled the war with western horses, music and a mystery.", ()),
        ("INT. CRIME LAB - DAY. A horror. He romances her in a period costume.", ()),
        ("A romantic comedy.", ("Comedy",)),
        ("A romantic comedy film.", ("Comedy", "Romance")),
    ],
)
def test_a_genre_is_given_away_only_where_it_names_a_kind_of_film(raw, found):
    assert text.genre_words(raw) == found


def test_labels_of_either_source_are_found_by_their_own_names():
    lead = "X is an animated historical sports film."
    assert text.genre_words(lead, ["Sports", "Animated", "Drama"]) == ("Sports", "Animated")
    assert text.genre_words(lead, ["Sport", "Animation", "History"]) == (
        "Sport",
        "Animation",
        "History",
    )
    with pytest.raises(ValueError, match=r"no words are known for .*Telenovela"):
        text.genre_words(lead, ["Telenovela"])


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ("It is a comedy film about Mr. Smith and Dr. No.", "He lives."),
        ("What About Bob? is a 1991 film by Frank Oz.", "Murray plays Bob."),
        ("To Wong Foo, Thanks for Everything! Julie Newmar is a 1995 comedy.", "It ran."),
        ("Monsters, Inc. is an animated comedy by P. J. Docter.", "It stars Billy."),
        ("Goodbye Christopher Robin is a drama about the creator A. A. Milne.", "His son left."),
        ("It is a war film set in the U.S. Army at Ft. Worth, St. Louis.", "She fights."),
        ("It is a war film shot in the U.S.", "The film failed."),
        ("It stars Robert Downey Jr. Kiss Kiss is a noir by Warner Bros.", "A woman sings."),
        ("It grossed $1.5 million in Jan. 1990 as No. 5 of its year.", "Critics liked it."),
        ('The film is called a "thriller."', '"No," said the critics.'),
        ("The film is a thriller (a good one).[1]", "In Rome, it ran."),
        ("King: A Filmed Record... Montgomery to Memphis is a documentary.", "It ran."),
        ("Ritchie (transl. The Rich) is a crime film.", "2 men meet."),
    ],
)
@pytest.mark.parametrize("gap", [" ", "\n", "\n\n"])
def test_the_first_sentence_goes_whole_and_the_second_stays_whole(first, rest, gap):
    assert text.drop_first_sentence(first + gap + rest) == rest


def test_a_single_sentence_leaves_nothing():
    assert text.drop_first_sentence("It is a 1950 American comedy film.") == ""
    assert text.drop_first_sentence("") == ""


def test_first_sentences_of_wikipedia_hold_almost_all_that_names_the_genre(whole_mirror):
    [decade] = whole_mirror.glob("prust/wikipedia-movie-data/*/movies-1990s.json")
    films = [film for film in json.loads(decade.read_text("utf-8")) if film.get("extract")][:1000]
    named = {"first": 0, "rest": 0}
    total = 0
    for film in films:
        genres = [genre for genre in film["genres"] if genre in WIKI_GENRES]
        rest = text.drop_first_sentence(film["extract"])
        first = film["extract"].removesuffix(rest)
        assert film["extract"].endswith(rest)
        total += len(genres)
        named["first"] += len(text.genre_words(first, genres))
        named["rest"] += len(text.genre_words(rest, genres))
    assert named["first"] / total > 0.7
    assert named["rest"] / total < 0.06
