"""The tables of chapter 10: who learns, who judges, and what a sweep may look at."""

import numpy as np
import pytest

from genrelab.bench import finetune, finetune_synopses, sweep
from genrelab.bench.views import corpus, nested
from genrelab.evaluation import read_result
from genrelab.splits import headline_folds

FOLDS = headline_folds(corpus()[0])[:5]


@pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: f"fold {fold.fold}")
def test_no_test_film_and_no_franchise_of_one_takes_part_in_a_sweep(fold):
    films, _ = corpus()
    inner = sweep.inner_fold(fold)
    used = np.concatenate([inner.train, inner.test])
    assert len(np.unique(used)) == len(used) and np.isin(used, fold.train).all()
    assert not np.isin(films.groups[used], films.groups[fold.test]).any()


def test_a_sweep_learns_from_the_films_that_the_table_learns_from():
    films, _ = corpus()
    for fold in FOLDS:
        expected = nested(fold, films, finetune.SHARES["an eighth"])
        np.testing.assert_array_equal(sweep.inner_fold(fold).train, expected)


def test_the_best_trial_of_the_record_is_its_best_and_both_recipes_are_judged_outside():
    recorded = read_result("sweep")
    assert [line["fold"] for line in recorded["folds"]] == [0, 1, 2, 3, 4]
    for line in recorded["folds"]:
        assert len(line["trials"]) == recorded["n_trials"]
        assert line["inner"]["best"] == max(line["trials"])
        assert set(line["outer"]) == {"recipe", "best"}


def test_the_net_of_the_sweep_is_the_net_of_the_table():
    rows = {
        (line["row"], line["repeat"], line["fold"]): line["map"]
        for line in read_result("finetune")["rows"]
    }
    for line in read_result("sweep")["folds"]:
        found = rows["frozen, net, an eighth", 0, line["fold"]]
        assert line["outer"]["recipe"] == pytest.approx(found, abs=0.005)


@pytest.mark.parametrize(
    ("view", "window"),
    [("logline", finetune.WINDOW), ("synopsis", finetune_synopses.WINDOW)],
)
def test_no_text_is_longer_than_the_window(view, window):
    from genrelab.models.finetune import load_encoder

    tokenizer = load_encoder()[1]
    longest = max(map(len, tokenizer(list(corpus()[1][view]))["input_ids"]))
    assert longest <= window
