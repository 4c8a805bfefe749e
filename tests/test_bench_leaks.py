"""The recorded leaks: nothing but the leak differs between two rows."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer

from genrelab import text
from genrelab.bench import first_sentence_leak, footer_leak
from genrelab.datasets import fetch, load, scripts


def test_counting_text_and_footer_apart_is_counting_them_together() -> None:
    texts = ["a bar and a gun", "the bar is empty"]
    footers = ("Genres : Crime gun", "Genres : Drama")
    vectorizer = CountVectorizer()
    counts = csr_array(vectorizer.fit_transform(texts))
    names = tuple(vectorizer.get_feature_names_out())
    found = footer_leak.add_counts(counts, names, footers)
    whole = [f"{body} {footer}" for body, footer in zip(texts, footers, strict=True)]
    expected = CountVectorizer(vocabulary=[*names, "crime", "drama", "genres"]).transform(whole)
    assert np.array_equal(found.toarray(), expected.toarray())


def test_a_page_without_footer_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a footer with 'Writers :' and 'Genres :'"):
        footer_leak.footer_of("The Writer sighs.\nTHE END")


def test_the_footer_starts_after_the_last_mention_of_writers() -> None:
    page = "Writers : a joke in a play\nTHE END\n Writer : A B\n Genres : Crime\n"
    assert footer_leak.footer_of(page).split() == ["Writer", ":", "A", "B", "Genres", ":", "Crime"]


def test_a_footer_names_every_genre_and_holds_no_line_of_the_film(whole_mirror: Path) -> None:
    assert whole_mirror
    for script in footer_leak._manifest(load("script_features").ids)[::100]:
        scripts.fetch(progress=False, scripts=[script])
        raw = fetch.read_verified(script.remote, scripts.folder(), what="scripts").decode()
        footer = footer_leak.footer_of(raw)
        assert all(genre in footer for genre in script.genres), script.film_id
        body = text.strip_page(raw).body
        assert not set(footer.splitlines()) & set(body.splitlines()) - {""}, script.film_id


def test_the_two_views_of_an_article_differ_in_the_first_sentence_alone(whole_mirror: Path) -> None:
    assert whole_mirror
    without, whole = first_sentence_leak.both_views()
    assert without.ids == whole.ids
    assert len(load("wiki_plots")) - len(without) < 10
    for short, full in zip(without.texts[::50], whole.texts[::50], strict=True):
        lead = full.removesuffix(short)
        assert lead
        assert lead != full
        assert text.drop_first_sentence(full) == short
        assert len(short.split()) >= 20
