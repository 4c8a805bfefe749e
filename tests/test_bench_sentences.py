"""Tables on sentence vectors: what trains, what tunes, what judges, and what an oracle may see."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from genrelab.bench import _scored, imdb27, many_labels, small_nets, wiki_genres
from genrelab.datasets import load
from genrelab.evaluation import FoldOutcome
from genrelab.metrics import report
from genrelab.models import FeedForward
from genrelab.splits import Fold, headline_folds, locked_split
from genrelab.thresholds import ThresholdTuner

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 5))
Y = (X[:, :3] + rng.normal(size=(200, 3)) > 0.5).astype(np.int8)
GROUPS = np.arange(200) // 2


def parts() -> list[np.ndarray]:
    rows = np.arange(200)
    judges = _scored.set_aside(rows, Y, GROUPS, 0.2)
    tunes = _scored.set_aside(rows[~judges], Y, GROUPS, 0.25)
    return [rows[~judges][~tunes], rows[~judges][tunes], rows[judges]]


def test_no_group_is_on_two_sides_and_every_row_on_one() -> None:
    train, tunes, judges = parts()
    assert sorted([*train, *tunes, *judges]) == list(range(200))
    assert not set(GROUPS[train]) & set(GROUPS[tunes])
    assert not set(GROUPS[judges]) & (set(GROUPS[train]) | set(GROUPS[tunes]))
    assert (len(tunes), len(judges)) == pytest.approx((40, 40), abs=2)


def test_labels_of_the_judging_rows_move_no_score_and_no_threshold() -> None:
    train, tunes, judges = parts()
    shuffled = Y.copy()
    shuffled[judges] = rng.permutation(Y[judges])
    model = OneVsRestClassifier(LogisticRegression())
    found = [_scored.score(model, X, labels, GROUPS, *parts()) for labels in (Y, shuffled)]
    np.testing.assert_array_equal(found[0].test, found[1].test)
    one, other = (_scored.tune(f, ThresholdTuner(), Y[tunes]) for f in found)
    np.testing.assert_array_equal(one.thresholds, other.thresholds)
    fresh = model.fit(X[train], Y[train])
    np.testing.assert_allclose(found[0].valid, fresh.predict_proba(X[tunes]))
    np.testing.assert_allclose(found[0].test, fresh.predict_proba(X[judges]))


def test_the_net_keeps_groups_together_in_its_early_stopping() -> None:
    net = FeedForward(hidden=(8,), max_epochs=4)
    train, _, judges = parts()
    found = _scored.score(net, X, Y, GROUPS, *parts())
    same = FeedForward(hidden=(8,), max_epochs=4).fit(X[train], Y[train], GROUPS[train])
    np.testing.assert_array_equal(found.test, same.predict_proba(X[judges]))


def test_an_outcome_is_judged_by_the_one_report_with_intervals_around_it() -> None:
    _, tunes, judges = parts()
    found = _scored.score(OneVsRestClassifier(LogisticRegression()), X, Y, GROUPS, *parts())
    outcome = _scored.tune(found, ThresholdTuner(), Y[tunes])
    metrics = _scored.judge(outcome, Y[judges], GROUPS[judges])
    expected = report(Y[judges], outcome.tuned, outcome.scores).summary
    for metric, value in expected.items():
        assert metrics[metric] == pytest.approx(value)
    for metric in _scored.WITH_INTERVAL:
        assert metrics[f"{metric}_low"] < metrics[metric] < metrics[f"{metric}_high"]


def test_every_rule_decides_as_it_says() -> None:
    scores = expit(rng.normal(size=(80, 3)) - 1)
    labels = (rng.random((80, 3)) < scores).astype(np.int8)
    found = _scored.Scored(scores, scores, 0.5, 1.0)
    said = {rule: wiki_genres.decide(found, rule, labels) for rule in wiki_genres.RULES}
    guess = {rule: list(outcome.predictions.values())[-1] for rule, outcome in said.items()}
    np.testing.assert_array_equal(guess["untuned"], scores >= 0.5)
    assert len(set(said["one threshold"].thresholds)) == 1
    assert len(set(said["one a label"].thresholds)) == 3
    assert all(guess[rule].any(axis=1).all() for rule in wiki_genres.RULES[1:])
    best = {rule: report(labels, guess[rule]).summary["jaccard"] for rule in guess}
    assert best["for Jaccard"] == max(best.values())
    published = wiki_genres.decide(found, "published rule", labels).tuned
    for row, line in zip(scores, published, strict=True):
        expected = {*np.flatnonzero(row >= 0.425), row.argmax()}
        assert set(np.flatnonzero(line)) == expected


def test_scores_of_a_linear_svm_are_cut_at_zero() -> None:
    found = _scored.score(OneVsRestClassifier(LinearSVC()), X, Y, GROUPS, *parts())
    guess = wiki_genres.decide(found, "untuned", Y).predictions["untuned"]
    np.testing.assert_array_equal(guess, found.test >= 0)


def test_who_is_told_the_rest_never_sees_the_own_label() -> None:
    told = small_nets.ToldTheRest(LogisticRegression()).fit(np.hstack([X, Y]), Y)
    before = told.predict_proba(np.hstack([X, Y]))
    for label in range(3):
        turned = Y.copy()
        turned[:, label] = 1 - turned[:, label]
        after = told.predict_proba(np.hstack([X, turned]))
        np.testing.assert_array_equal(before[:, label], after[:, label])
        others = [other for other in range(3) if other != label]
        assert (before[:, others] != after[:, others]).any()


def test_small_nets_are_judged_on_the_headline_folds_and_oracles_are_named() -> None:
    table = small_nets.table()
    films = load("films")
    for one, other in zip(table.folds, headline_folds(films), strict=True):
        np.testing.assert_array_equal(one.test, other.test)
    assert all(any(f"{oracle}, " in row for row in table.rows) for oracle in small_nets.ORACLES)
    assert "net, script" in table.rows


def test_the_oracle_without_text_gets_the_labels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    films, views = small_nets.corpus()
    fold = headline_folds(films)[0]
    model, view = small_nets.ORACLES[1], "script"
    one = small_nets.row(fold, model=model, view=view, settings="")
    blank = np.zeros((len(films), 2), dtype=np.float32)
    monkeypatch.setattr(small_nets, "vectors_of", lambda _: (blank, 0.0))
    other = small_nets.row(fold, model=model, view=view, settings="")
    assert views
    np.testing.assert_array_equal(one.scores, other.scores)


def test_many_labels_are_the_strings_of_the_source(whole_mirror: Path) -> None:
    assert whole_mirror
    texts, labels, groups, names = many_labels.films()
    assert len(texts) == len(labels) == len(groups)
    assert {"Silent", "Short", "Sport", "Sports", "Martial Arts"} <= set(names)
    counts = labels.sum(axis=0)
    assert (np.diff(counts) <= 0).all() and counts[-1] >= 5
    for fold in many_labels.folds():
        assert not set(groups[fold.train]) & set(groups[fold.test])


def test_articles_are_divided_eighty_ten_ten_by_title_and_text(whole_mirror: Path) -> None:
    assert whole_mirror
    films = wiki_genres.films()
    shares = [len(rows) / len(films) for rows in wiki_genres.division()]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.002)
    sides = [set(films.groups[rows]) for rows in wiki_genres.division()]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert all(films.labels[rows].any(axis=0).all() for rows in wiki_genres.division())


@pytest.fixture
def small_imdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty training and twelve test rows of the published form, by their first words."""
    words = {"drama": "a widow mourns her son", "horror": "a ghost screams in the cellar"}
    lines = [
        f"{n} ::: Film {n} ({1950 + n}) ::: {genre} ::: Number {n}: {words[genre]} at night."
        for n, genre in enumerate(["drama", "drama", "horror"] * 18)
    ]
    folder = tmp_path / "imdb27"
    folder.mkdir()
    ends = {"train_data.txt": lines[:40], "test_data_solution.txt": lines[40:52]}
    ends["test_data.txt"] = [line.replace(f"{line.split(' ::: ')[2]} ::: ", "", 1)
                             for line in lines[40:52]]  # fmt: skip
    for name, rows in ends.items():
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path))
    imdb27.parts.cache_clear()
    yield folder
    imdb27.parts.cache_clear()


def test_a_partial_copy_is_called_so_and_its_rows_are_counted(small_imdb: Path) -> None:
    assert small_imdb
    table = imdb27.table()
    assert table.title == (
        "One of 27 genres; 40 training and 12 test rows (imdb27 (partial), imdb27 (partial))"
    )
    found = table.rows["counts"](table.folds[0])
    assert (found["train"], found["test"], found["genres_test"]) == (40, 12, 2)
    assert found["shared"] == 0


def test_one_genre_a_row_is_judged_by_accuracy_and_macro_f1(small_imdb: Path) -> None:
    assert small_imdb
    table = imdb27.table()
    guess = table.rows["most frequent"](table.folds[0])
    assert guess["subset_accuracy"] == pytest.approx(8 / 12)
    assert guess["f1_macro"] == pytest.approx((2 * 8 / 20 + 0) / 2)
    words = table.rows["TF-IDF + LR"](table.folds[0])
    assert words["subset_accuracy"] == words["f1_macro"] == 1
    assert not any(metric.startswith("jaccard") for metric in words)


def test_a_single_label_outcome_counts_the_same_as_its_classes() -> None:
    codes, guess = rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    truth, said = np.eye(3, dtype=np.int8)[codes], np.eye(3)[guess]
    found = _scored.judge(FoldOutcome(said), truth, np.arange(60))
    expected = report(codes, guess).summary
    assert found["subset_accuracy"] == pytest.approx(expected["accuracy"])
    assert found["f1_macro"] == pytest.approx(expected["f1_macro"])
    assert found["f1_weighted"] == pytest.approx(expected["f1_weighted"])


def test_a_fold_of_many_labels_tunes_on_its_training_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = np.array([f"word{k % 7} word{k % 3}" for k in range(200)], dtype=object)
    monkeypatch.setattr(many_labels, "films", lambda: (texts, Y, GROUPS, ("a", "b", "c")))
    sides = locked_split(Y, GROUPS, test_share=0.2, seed=5)
    fold = Fold(0, 0, np.flatnonzero(sides == "dev"), np.flatnonzero(sides == "test"))
    monkeypatch.setattr(many_labels, "folds", lambda: [fold])
    many_labels.scored.cache_clear(), many_labels.material.cache_clear()
    found, tunes = many_labels.scored("shares", 0)
    assert set(tunes) < set(fold.train)
    assert found.test.shape == (len(fold.test), 3)
    outcome = many_labels.row(fold, system="shares", rule="one threshold")
    assert outcome.tuned.any(axis=1).all()
    at = many_labels.ranking(fold, system="shares")
    assert at["precision_at_3"] == pytest.approx(Y[fold.test].mean())
    many_labels.scored.cache_clear(), many_labels.material.cache_clear()
