"""Baselines and the agreement of two labelings: held against other libraries and by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.multiclass import OneVsRestClassifier

from genrelab import settings
from genrelab.bench import _code_of, agreement, baselines, paired
from genrelab.datasets import load
from genrelab.datasets.wiki_plots import Plot
from genrelab.evaluation import compare, cross_validate, read_result
from genrelab.splits import WEIGHTED_METRICS, weighted_metric

RECORDED = (settings.results_dir() / "agreement.json").is_file()


def plot(title: str, year: int = 2000, *genres: str) -> Plot:
    return Plot(title, year, genres or ("Drama",), "")


def test_zero_shot_scores_are_cosines_of_rows_and_queries() -> None:
    rng = np.random.RandomState(0)
    vectors, queries = rng.randn(20, 6), rng.randn(3, 6)
    labels = np.eye(3, dtype=int)[rng.randint(3, size=20)]
    scores = baselines.ZeroShot(queries).fit(vectors, labels).decision_function(vectors)
    np.testing.assert_allclose(scores, cosine_similarity(vectors, queries))


def test_zero_shot_learns_nothing_from_labels() -> None:
    rng = np.random.RandomState(0)
    vectors, queries = rng.randn(40, 6), rng.randn(2, 6)
    labels = (rng.rand(40, 2) < 0.5).astype(int)
    one, other = (
        cross_validate(baselines.ZeroShot(queries), vectors, Y).scores for Y in (labels, 1 - labels)
    )
    np.testing.assert_allclose(one, other)


def test_zero_shot_refuses_queries_of_another_encoder() -> None:
    with pytest.raises(ValueError, match=r"queries have shape \(2, 5\); expected \(2, 6\)"):
        baselines.ZeroShot(np.ones((2, 5))).fit(np.ones((4, 6)), [[0, 1], [1, 0]] * 2)


def test_every_headline_genre_has_a_definition_that_does_not_name_it() -> None:
    names = load("script_features").label_names
    assert set(names) == set(baselines.DEFINITIONS)
    for name, definition in baselines.DEFINITIONS.items():
        assert name.lower() not in definition.lower()
    with pytest.raises(KeyError, match="no definition of 'Western'"):
        baselines.query_vectors(["Drama", "Western"])


def test_top_words_finds_the_word_that_makes_the_label() -> None:
    rng = np.random.RandomState(0)
    counts = rng.poisson(1.0, size=(200, 5))
    labels = np.column_stack([counts[:, 3] > 1, counts[:, 0] > 1]).astype(int)
    model = baselines.tfidf(baselines.logistic()).fit(csr_array(counts), labels)
    words = baselines.top_words(model, list("abcde"), ["War", "Music"], n_words=2)
    heaviest = words.groupby("genre", sort=False).first()["word"]
    assert heaviest.to_dict() == {"War": "d", "Music": "a"}
    assert (words.groupby("genre")["weight"].diff().dropna() <= 0).all()
    with pytest.raises(ValueError, match=r"\(2, 5\); expected \(2, 4\), genres by words"):
        baselines.top_words(model, list("abcd"), ["War", "Music"])


def test_the_baselines_are_scored_on_the_headline_folds_of_development_rows() -> None:
    table = baselines.table()
    assert len(table.folds) == 10
    assert set(load("script_features").split) == {"dev"}
    assert len(table.labels) == len(load("script_features"))


def test_new_vectors_open_the_zero_shot_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = baselines.table()
    scripts = load("script_features")
    changed = replace(scripts, vectors=scripts.vectors + 1)
    monkeypatch.setattr(baselines, "_scripts", lambda: changed)
    after = baselines.table()
    assert before.hashes == after.hashes
    moved = {row for row in after.rows if _code_of(before.rows[row]) != _code_of(after.rows[row])}
    assert moved == {"zero-shot"}


def test_new_counts_open_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    before = baselines.table()
    scripts = load("script_features")
    changed = replace(scripts, counts=scripts.counts * 2)
    monkeypatch.setattr(baselines, "_scripts", lambda: changed)
    assert baselines.table().hashes != before.hashes


def test_recorded_differences_are_those_of_a_live_comparison() -> None:
    rng = np.random.RandomState(0)
    data = rng.randn(100, 3)
    labels = (data[:, :2] + rng.randn(100, 2) > 0).astype(int)
    live = compare(
        OneVsRestClassifier(LogisticRegression()), {"half": data[:, :1], "all": data}, labels
    )
    rows = [
        {"row": name, "repeat": line.repeat, "fold": line.fold, "f1_macro": line.f1_macro}
        for name, result in live.results.items()
        for line in result.fold_metrics.itertuples()
        if line.rule == "tuned"
    ]
    found = paired({"name": "demo", "rows": rows}, "half").loc["all"]
    for column in ("difference", "low", "high", "p_value"):
        assert found[column] == pytest.approx(live.paired.loc["all", column], rel=1e-6)
    with pytest.raises(KeyError, match="has no row 'svm'"):
        paired({"name": "demo", "rows": rows}, "svm")


def test_titles_match_across_spellings_and_not_across_articles() -> None:
    films = [plot("The Thing"), plot("Love & Basketball"), plot("Amélie"), plot("A Bug's Life")]
    titles = ["Thing, The", "Love and Basketball", "Amelie", "A Bugs Life", "Thing"]
    found = agreement.match([str(i) for i in range(5)], titles, films)
    assert [found.films[str(i)] for i in range(4)] == films
    assert found.not_found == ("4",)


def test_a_shared_title_is_left_out_unless_the_script_names_the_year() -> None:
    films = [plot("Psycho", 1960), plot("Psycho", 1998)]
    found = agreement.match(["a", "b"], ["Psycho", "Psycho (1998)"], films)
    assert found.ambiguous == ("a",)
    assert found.films["b"].year == 1998
    assert agreement.match(["c"], ["Psycho (1970)"], films).not_found == ("c",)
    two_scripts = agreement.match(["a", "b"], ["Dune", "Dune"], [plot("Dune")])
    assert two_scripts.ambiguous == ("a", "b")


def test_a_silent_film_is_never_the_film_of_a_script() -> None:
    films = [plot("Emma", 1922, "Drama", "Silent"), plot("Emma", 1996, "Comedy")]
    assert agreement.match(["a"], ["Emma"], films).films["a"].year == 1996


def test_opinions_stand_in_the_order_of_the_data_set_and_skip_the_silent_ones() -> None:
    scripts = load("script_features").select(np.arange(4))
    films = [
        {"id": scripts.ids[3], "year": 2000, "genres": ["Science Fiction", "Superhero"]},
        {"id": scripts.ids[0], "year": 2000, "genres": ["Animated", "Drama"]},
        {"id": scripts.ids[1], "year": 2000, "genres": ["Superhero"]},
        {"id": "a-film-of-the-locked-test", "year": 2000, "genres": ["Drama"]},
    ]
    rows, labels = agreement.opinions({"films": films}, scripts)
    said = [{scripts.label_names[j] for j in np.flatnonzero(line)} for line in labels]
    assert rows.tolist() == [0, 3]
    assert said == [{"Animation", "Drama"}, {"Sci-Fi"}]
    wider = dict(agreement.SAME) | {"Superhero": "Action"}
    assert agreement.opinions({"films": films}, scripts, wider)[0].tolist() == [0, 1, 3]


def test_agreement_is_symmetric_and_kappa_is_one_minus_disagreement_over_chance() -> None:
    rng = np.random.RandomState(0)
    one, other = (rng.rand(2, 50, 3) < 0.4).astype(int)
    table = agreement.per_genre(one, other, ["a", "b", "c"])
    swapped = agreement.per_genre(other, one, ["a", "b", "c"])
    np.testing.assert_allclose(table[["f1", "kappa"]], swapped[["f1", "kappa"]])
    np.testing.assert_allclose(table["f1"], f1_score(one, other, average=None))
    p, q = one.mean(axis=0), other.mean(axis=0)
    by_chance = p * (1 - q) + q * (1 - p)
    np.testing.assert_allclose(table["kappa"], 1 - (one != other).mean(axis=0) / by_chance)


def test_bootstrap_weights_keep_groups_whole_and_draw_as_many_as_there_are() -> None:
    groups = np.array(["b", "a", "b", "c", "a", "b"])
    weights = agreement.bootstrap_weights(groups, n_boot=300)
    for name in "abc":
        columns = weights[:, groups == name]
        assert (columns == columns[:, :1]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert abs(weights.mean() - 1) < 0.1


@pytest.mark.skipif(not RECORDED, reason="agreement.json is not recorded")
def test_the_recorded_agreement_follows_from_the_recorded_films() -> None:
    found, scripts = read_result("agreement"), load("script_features")
    rows, theirs = agreement.opinions(found, scripts)
    ours = scripts.labels[rows]
    assert len(rows) == found["counts"]["compared"]
    weights = np.ones((1, len(rows)))
    for metric in set(WEIGHTED_METRICS) - {"map"}:
        (value,) = weighted_metric(ours, theirs, weights, metric)
        assert found["summary"][metric] == pytest.approx(value, abs=1e-6)
    counts = found["counts"]
    parts = counts["matched"] + counts["ambiguous"] + counts["not_found"]
    assert parts == counts["scripts"] == len(scripts)


@pytest.mark.usefixtures("whole_mirror")
@pytest.mark.skipif(not RECORDED, reason="agreement.json is not recorded")
def test_the_recorded_films_are_found_again() -> None:
    again, found = agreement.run(), read_result("agreement")
    assert again["films"] == found["films"]
    assert again["counts"] == found["counts"]
    assert again["summary"] == pytest.approx(found["summary"], abs=1e-6)
