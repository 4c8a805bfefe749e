"""Three views of the same films, and articles on other films."""

from pathlib import Path

import numpy as np
import pytest

from genrelab import bench
from genrelab.bench import agreement, views, views_wiki
from genrelab.datasets import load, scripts, wiki_plots
from genrelab.datasets.base import Dataset
from genrelab.datasets.films import read_films
from genrelab.evaluation import read_result, run_fold
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner


@pytest.fixture(scope="module")
def films() -> Dataset:
    return views.corpus()[0]


@pytest.fixture(scope="module")
def fold(films: Dataset) -> Fold:
    return headline_folds(films)[3]


def test_the_three_views_are_of_the_same_films_in_the_same_order(films: Dataset) -> None:
    _, texts = views.corpus()
    written = read_films()
    assert texts["script"].ids == films.ids
    np.testing.assert_array_equal(texts["script"].labels, films.labels)
    np.testing.assert_array_equal(texts["script"].groups, films.groups)
    assert texts["logline"] == tuple(written[film_id].logline for film_id in films.ids)
    assert texts["synopsis"] == tuple(written[film_id].synopsis for film_id in films.ids)


def test_a_smaller_share_lies_inside_a_larger_one_and_holds_every_genre(
    films: Dataset, fold: Fold
) -> None:
    parts = [views.nested(fold, films, share) for share in (1 / 8, 1 / 4, 1 / 2, 1)]
    for part, larger in zip(parts, parts[1:], strict=False):
        assert set(part) < set(larger)
        assert abs(len(larger) / len(part) - 2) < 0.05
    np.testing.assert_array_equal(parts[-1], fold.train)
    assert films.labels[parts[0]].any(axis=0).all()


def test_a_share_cuts_at_most_one_franchise(films: Dataset, fold: Fold) -> None:
    inside = views.nested(fold, films, 1 / 4)
    outside = np.setdiff1d(fold.train, inside)
    shared = np.intersect1d(films.groups[inside], films.groups[outside])
    assert len(shared) <= 1


def test_learning_and_reading_one_view_is_a_plain_fold(films: Dataset, fold: Fold) -> None:
    found = views.read_by(fold, model="TF-IDF", learn="logline", score="logline")
    loglines = np.array(load("films", view="logline").texts, dtype=object)
    model = views.classifier(loglines, "TF-IDF")
    plain = run_fold(
        model, loglines, films.labels, fold, groups=films.groups, tuner=ThresholdTuner()
    )
    np.testing.assert_array_equal(found.scores, plain.scores)
    np.testing.assert_array_equal(found.tuned, plain.tuned)


def test_a_model_learns_from_one_view_alone_and_reads_the_other_alone(
    films: Dataset, fold: Fold
) -> None:
    found = views.read_by(fold, model="TF-IDF", learn="logline", score="synopsis")
    _, texts = views.corpus()
    learn, read = (np.array(texts[name], dtype=object) for name in ("logline", "synopsis"))
    model = views.classifier(learn, "TF-IDF").fit(learn[fold.train], films.labels[fold.train])
    np.testing.assert_allclose(found.scores, model.predict_proba(read[fold.test]), atol=1e-9)


def test_few_synopses_have_the_words_of_all_loglines(films: Dataset, fold: Fold) -> None:
    _, texts = views.corpus()
    share = views.table().rows["few synopsis → synopsis"].keywords["share"]
    few = views.nested(fold, films, share)
    bought = sum(len(texts["synopsis"][row].split()) for row in few)
    paid = sum(len(texts["logline"][row].split()) for row in fold.train)
    assert bought == pytest.approx(paid, rel=0.03)


def test_vectors_come_from_the_texts_in_order_and_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path))
    texts = ("a ship sinks in a storm", "two men wait for a train")
    vectors, seconds = views.material(texts, "MiniLM")
    np.testing.assert_allclose(views.material(texts[::-1], "MiniLM")[0], vectors[::-1], atol=1e-6)
    views.encoded.cache_clear()
    again, as_long = views.material(texts, "MiniLM")
    np.testing.assert_array_equal(again, vectors)
    assert as_long == pytest.approx(seconds) and seconds > 0
    assert list((tmp_path / "encoded").rglob("*"))


def test_script_vectors_and_counts_are_the_shipped_ones(films: Dataset) -> None:
    _, texts = views.corpus()
    shipped = load("script_features")
    rows = [shipped.ids.index(film_id) for film_id in films.ids]
    np.testing.assert_array_equal(
        views.material(texts["script"], "MiniLM")[0], shipped.vectors[rows]
    )
    assert (views.material(texts["script"], "TF-IDF")[0] != shipped.counts[rows]).nnz == 0


def test_whole_scripts_score_as_in_the_readings() -> None:
    ours = {line["row"]: line for line in read_result("views")["pooled"]}
    theirs = {line["row"]: line for line in read_result("readings")["pooled"]}
    # Nine films fewer, other folds, a looser tolerance.
    for our, their in {"script, TF-IDF": "TF-IDF", "script, MiniLM": "all, one mean"}.items():
        assert ours[our]["map"] == pytest.approx(theirs[their]["map"], abs=0.03)


def test_every_row_has_code_of_its_own() -> None:
    rows = views.table().rows
    assert len({bench._code_of(row) for row in rows.values()}) == len(rows)


# --- beside Wikipedia ----------------------------------------------------------------------------


def test_both_texts_of_a_film_are_cut_to_one_length(whole_mirror: Path) -> None:
    films, texts = views_wiki.corpus()
    ours, theirs = texts["ours"], texts["Wikipedia's"]
    assert len(ours) == len(theirs) == len(films) == len(texts["synopsis"])
    for mine, whole, other in zip(ours, texts["synopsis"], theirs, strict=True):
        assert len(mine.split()) == len(other.split()) >= 40
        assert " ".join(whole.split()).startswith(mine)


def test_articles_are_of_the_films_of_their_year(whole_mirror: Path) -> None:
    films, texts = views_wiki.corpus()
    written, plots = read_films(), wiki_plots.read_films()
    where = {(agreement.title_key(plot.title), plot.year): plot.text for plot in plots}
    for film_id, article in zip(films.ids, texts["Wikipedia's"], strict=True):
        film = written[film_id]
        source = where[agreement.title_key(film.title), film.year]
        assert article in " ".join(source.split())
        assert not " ".join(source.split()).startswith(article)


def test_no_article_to_learn_from_is_on_one_of_our_films_or_franchises(whole_mirror: Path) -> None:
    articles, labels, removed = views_wiki.elsewhere()
    learned = set(articles)
    keys = {agreement.title_key(film.title) for film in read_films().values()}
    keys |= {agreement.title_key(script.title) for script in scripts.read_manifest()}
    everything = load("wiki_plots", drop_lead=True)
    same = [t for title, t in zip(everything.titles, everything.texts, strict=True)
            if agreement.title_key(title) in keys]  # fmt: skip
    assert len(same) > 700 and not learned & set(same)
    _, texts = views_wiki.corpus()
    assert not {text[:200] for text in articles} & {text[:200] for text in texts["Wikipedia's"]}
    sequels = ("Batman Begins", "The Dark Knight", "Star Wars", "Rocky III", "Aliens")
    for title in sequels:
        rows = [row for row, other in enumerate(everything.titles) if other == title]
        assert not learned & {everything.texts[row] for row in rows}
    assert labels.any(axis=1).all() and removed >= len(same)


def test_labels_of_articles_are_wikipedias_under_our_names(whole_mirror: Path) -> None:
    articles, labels, _ = views_wiki.elsewhere()
    everything, names = load("wiki_plots", drop_lead=True), load("films").label_names
    row_of = {text: row for row, text in enumerate(everything.texts)}
    for text, row in list(zip(articles, labels, strict=True))[:300]:
        found = everything.labels[row_of[text]]
        theirs = {n for n, has in zip(everything.label_names, found, strict=True) if has}
        ours = {name for name, has in zip(names, row, strict=True) if has}
        assert ours == {agreement.SAME.get(name, name) for name in theirs} & set(names)
