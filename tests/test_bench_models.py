"""Combinations that learn inside, a forecast made in time, and a test that opens once."""

import hashlib
import json
import subprocess
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from genrelab import settings
from genrelab.bench import locked_test, models, prediction
from genrelab.course.chapters import ROOT
from genrelab.datasets import load
from genrelab.evaluation import cross_validate, read_result, run_fold
from genrelab.splits import repeated_folds
from genrelab.thresholds import ThresholdTuner

OPENED = settings.results_dir() / "locked_test.json"
rng = np.random.RandomState(0)


def material(labels: np.ndarray | None = None) -> models.Material:
    """Some films with made-up text vectors; every seventh has no text."""
    scripts = load("script_features").select(np.arange(240))
    if labels is not None:
        object.__setattr__(scripts, "labels", labels)
    synopsis = np.random.RandomState(1).randn(len(scripts), 8)
    synopsis[::7] = np.nan
    inputs = {"counts": scripts.counts, "vectors": scripts.vectors, "synopsis": synopsis}
    return models.Material(scripts, inputs)


FILMS = material()
FOLD = repeated_folds(FILMS.scripts.labels, FILMS.scripts.groups)[0]
MEMBERS = ("mean vector", "synopsis")


def judged(films: models.Material, how: str, members: tuple[str, ...] = MEMBERS):
    scores = [models.member_scores(name, films, FOLD) for name in members]
    return models.judged(models.System(members, how, ""), films, FOLD, scores)


@pytest.mark.parametrize("how", models.META_C)
def test_nothing_is_learned_from_outer_rows(how):
    labels = FILMS.scripts.labels.copy()
    labels[FOLD.test] = rng.permutation(labels[FOLD.test])
    one, other = judged(FILMS, how), judged(material(labels), how)
    np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_array_equal(one.thresholds, other.thresholds)


def test_a_member_alone_is_judged_as_in_the_other_chapters():
    found = judged(FILMS, "alone", ("mean vector",))
    options = {"groups": FILMS.scripts.groups, "tuner": ThresholdTuner()}
    model, reads = models.member("mean vector")
    expected = run_fold(model, FILMS.inputs[reads], FILMS.scripts.labels, FOLD, **options)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-8)
    np.testing.assert_allclose(found.thresholds, expected.thresholds, atol=1e-8)
    np.testing.assert_array_equal(found.tuned, expected.tuned)


def test_inner_scores_are_of_copies_that_have_not_seen_the_row(monkeypatch):
    class Memory(DummyClassifier):
        """Says of a row that it knows the truth, and of another one half."""

        def fit(self, X, y):
            self.known = {row.tobytes(): line for row, line in zip(X, y, strict=True)}
            self.n_labels = y.shape[1]
            return self

        def decision_function(self, X):
            unknown = np.full(self.n_labels, 0.5)
            return np.array([self.known.get(row.tobytes(), unknown) for row in X], dtype=float)

        predict_proba = property()

    monkeypatch.setattr(models, "member", lambda name: (Memory(), "vectors"))
    scores = models.member_scores("memory", FILMS, FOLD)
    assert (scores.inner == 0.5).all()
    assert (scores.outer == 0.5).all()


def test_a_film_without_text_is_neither_learned_from_nor_spoken_of():
    scores = models.member_scores("synopsis", FILMS, FOLD)
    missing = np.isnan(FILMS.inputs["synopsis"][:, 0])
    assert missing.any()
    np.testing.assert_array_equal(np.isnan(scores.inner).all(axis=1), missing[FOLD.train])
    np.testing.assert_array_equal(np.isnan(scores.outer).any(axis=1), missing[FOLD.test])
    assert np.isfinite(judged(FILMS, "vote").scores).all()
    assert np.isfinite(judged(FILMS, "stack across genres", ("synopsis",)).scores).all()


def test_a_vote_of_twins_ranks_as_one_of_them_does():
    scores = models.member_scores("mean vector", FILMS, FOLD)
    one = models.combine([scores], "vote", FILMS, FOLD)[1]
    twins = models.combine([scores, scores], "vote", FILMS, FOLD)[1]
    np.testing.assert_allclose(one, twins)


def test_a_stack_listens_to_the_member_that_knows():
    labels = FILMS.scripts.labels
    noise = rng.randn(*labels.shape)

    def said(values):
        return models.MemberScores(values[FOLD.train], values[FOLD.test], 0.0)

    babble, knows = said(noise), said(labels + 0.3 * rng.randn(*labels.shape))
    stacked = models.combine([babble, knows], "stack", FILMS, FOLD)[1]
    voted = models.combine([babble, knows], "vote", FILMS, FOLD)[1]
    truth = labels[FOLD.test]

    def gap(scores):
        return scores[truth == 1].mean() - scores[truth == 0].mean()

    assert gap(stacked) > gap(voted) + 0.1


def test_every_system_has_a_reason_and_names_what_it_reads():
    assert len(models.SYSTEMS) <= 10
    for name, system in models.SYSTEMS.items():
        assert system.why
        assert system.reads_texts == ("texts" in name or "synopsis" in name)
        for member in system.members:
            assert models.member(member)[1]


def guessed(noise: float, seed: int, n: int = 300):
    """Out-of-fold results of a system that errs at random."""
    Y = np.random.RandomState(9).randint(0, 2, (n, 4))
    folds = repeated_folds(Y)
    flips = np.random.RandomState(seed).rand(n, 4) < noise
    result = cross_validate(
        DummyClassifier(), np.zeros((n, 1)), Y, groups=np.arange(n), folds=folds
    )
    object.__setattr__(result, "untuned", np.stack([Y ^ flips] * 2).astype(np.int8))
    return result


def test_the_best_of_many_equals_owes_its_lead_to_luck_and_one_alone_owes_none():
    alone = prediction.optimism({"one": guessed(0.3, 0)}, "f1_macro", n_rounds=500)
    many = {str(seed): guessed(0.3, seed) for seed in range(12)}
    assert abs(alone) < 0.004
    assert prediction.optimism(many, "f1_macro", n_rounds=500) > alone + 0.004


def test_a_smaller_test_is_harder_to_foretell(monkeypatch):
    result = guessed(0.3, 0)
    width = []
    for share in (0.1, 1.0):
        monkeypatch.setattr(prediction, "TEST_GROUPS", share)
        width.append(np.std(prediction.spread(result, "f1_macro", n_rounds=400)))
    assert width[0] > 1.5 * width[1]


def test_more_films_bring_what_the_recorded_curve_says():
    pooled = {line["row"]: line["map"] for line in read_result("views")["pooled"]}
    doubling = pooled["script, TF-IDF"] - pooled["script, TF-IDF, 4/8"]
    assert prediction.growth(400, 200, "map") == pytest.approx(doubling)
    assert prediction.growth(200, 200, "map") == 0


def test_the_surest_mistakes_come_first():
    truth = np.array([[1, 0], [0, 1]])
    scores = np.array([[0.1, 0.8], [0.6, 0.4]])
    found = locked_test.worst(truth, scores, ["Jaws", "Heat"], ("Horror", "Crime"), 2)
    alarms = [(line["title"], line["genre"]) for line in found["false_alarms"]]
    misses = [(line["title"], line["genre"]) for line in found["misses"]]
    assert alarms == [("Jaws", "Crime"), ("Heat", "Horror")]
    assert misses == [("Jaws", "Horror"), ("Heat", "Crime")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A git checkout of results that holds a prediction, not committed yet."""
    monkeypatch.setattr(settings, "results_dir", lambda: tmp_path)
    for command in (
        ("init", "-q"),
        ("config", "user.email", "a@b.c"),
        ("config", "user.name", "a"),
    ):
        git(tmp_path, *command)
    said = {"date": "2026-01-01", "models_sha256": prediction.code_hash()}
    (tmp_path / "prediction.json").write_text(json.dumps(said))
    return tmp_path


def git(folder, *command) -> str:
    call = ["git", "-C", str(folder), *command]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder) -> None:
    git(folder, "add", "prediction.json")
    git(folder, "commit", "-q", "-m", "predict")


def test_a_committed_prediction_opens_the_test_and_is_named(folder):
    commit(folder)
    allowed = locked_test.permission(folder)
    content = (folder / "prediction.json").read_bytes()
    assert allowed["commit"] == git(folder, "rev-parse", "HEAD")
    assert allowed["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_test_stays_locked_without_a_prediction_or_with_one_that_can_change(folder):
    with pytest.raises(ValueError, match="not committed as it stands"):
        locked_test.permission(folder)
    commit(folder)
    changed = json.loads((folder / "prediction.json").read_text())
    (folder / "prediction.json").write_text(json.dumps({**changed, "date": "later"}))
    with pytest.raises(ValueError, match="not committed as it stands"):
        locked_test.permission(folder)
    (folder / "prediction.json").unlink()
    with pytest.raises(ValueError, match="expected a committed prediction"):
        locked_test.permission(folder)


def test_the_test_stays_locked_for_another_system_than_the_predicted_one(folder):
    said = {"date": "2026-01-01", "models_sha256": "of other code"}
    (folder / "prediction.json").write_text(json.dumps(said))
    commit(folder)
    with pytest.raises(ValueError, match="changed since the prediction"):
        locked_test.permission(folder)


def test_the_test_opens_once(folder):
    commit(folder)
    opened = {"date": "2026-01-02", "systems": {"final": "words"}}
    (folder / "locked_test.json").write_text(json.dumps(opened))
    with pytest.raises(ValueError, match="opened on 2026-01-02 for 'words', and it is opened once"):
        locked_test.run()


opened = pytest.mark.skipif(not OPENED.is_file(), reason="the locked test is still locked")


@opened
def test_the_recorded_test_is_of_the_prediction_that_is_there():
    found, said = read_result("locked_test"), read_result("prediction")
    content = (settings.results_dir() / "prediction.json").read_bytes()
    assert found["prediction"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert found["systems"] == said["systems"]
    assert set(found["scores"]) == set(said["systems"].values())
    best = max(read_result("models")["pooled"], key=lambda line: line["f1_macro"])
    assert said["systems"]["final"] == best["row"]


@opened
def test_the_prediction_was_committed_before_the_test_was_opened():
    found = read_result("locked_test")
    commit = found["prediction"]["commit"]
    path = "book/results/prediction.json"
    call = ["git", "-C", str(ROOT), "show", f"{commit}:{path}"]
    there = subprocess.run(call, capture_output=True, check=False)
    if there.returncode:
        pytest.skip("the history of this checkout does not reach back to the prediction")
    assert hashlib.sha256(there.stdout).hexdigest() == found["prediction"]["sha256"]
    changes = git(ROOT, "log", "--format=%H", "--", path).splitlines()
    assert changes[0] == commit, "the prediction was changed after the test was opened"
    results = git(ROOT, "log", "--format=%cI", "--", "book/results/locked_test.json").splitlines()
    predicted = datetime.fromisoformat(git(ROOT, "show", "-s", "--format=%cI", commit))
    assert all(predicted < datetime.fromisoformat(when) for when in results)
    assert len(results) <= 1, "the locked test was recorded more than once"


@opened
def test_the_recorded_test_is_of_the_locked_films_and_its_table_adds_up():
    found = read_result("locked_test")
    assert found["n_train"] == len(load("script_features"))
    final = found["systems"]["final"]
    labels = pd.DataFrame(found["per_label"]).T
    assert labels["f1"].mean() == pytest.approx(found["scores"][final]["f1_macro"], abs=1e-5)
    assert labels["ap"].mean() == pytest.approx(found["scores"][final]["map"], abs=1e-5)
    for metric, lines in found["intervals"].items():
        for name, of in lines.items():
            assert of[metric] == pytest.approx(found["scores"][name][metric], abs=1e-5)
            assert of["low"] <= of[metric] <= of["high"]
