"""Checks of chapter 3: baselines."""

from collections.abc import Mapping

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from genrelab.checks.core import NotYet, check, close, demand, films
from genrelab.evaluation import CVResult, read_result
from genrelab.metrics import Report


@check(points=1, praise="As p < 2p / (1 + p), saying everything beats guessing for every share.")
def ex1(by_hand: float) -> None:
    """One number: the macro-F1 that a random guess should make."""
    share = films().labels.mean(axis=0)
    demand(np.ndim(by_hand) == 0, "Expected one number: macro-F1 is the mean of the genres' F1.")
    demand(
        not close(by_hand, (2 * share / (1 + share)).mean(), 0.002),
        "This is the floor of saying yes to *everything*. A guess says yes to a share p only: how "
        "many of the films with the genre does it find?",
    )
    demand(
        not close(by_hand, (share**2).mean(), 0.002),
        "This is the share of hits among all films. F1 sets the hits against what is true and what "
        "was predicted.",
    )
    demand(
        close(by_hand, share.mean(), 0.002),
        "The guess does not look at the film. So what share of the films that it calls so has the "
        "genre? And what share of the films with the genre does it call so?",
    )


@check(points=3, praise="What looks wrong in a list of words need not show in the score.")
def ex2(no_names: CVResult) -> None:
    """What `cross_validate` returns for the model on the columns that are left."""
    scripts = films()
    total = np.maximum(scripts.counts.sum(axis=0), 1)
    busiest = scripts.counts.max(axis=0).toarray().ravel() / total
    n = len(scripts)
    demand(
        no_names.scores.shape[:2] == (1, n) and len(no_names.folds) == 5,
        f"Expected five folds that test each of the {n} films once: pass `**shared`.",
    )
    regression = LogisticRegression(
        C=10, solver="liblinear", dual=True, max_iter=1000, random_state=0
    )
    model = make_pipeline(TfidfTransformer(sublinear_tf=True), OneVsRestClassifier(regression))
    # Two genres of one fold are enough to recognise the columns.
    train, test = no_names.folds[0].train, no_names.folds[0].test

    def made_of(kept: np.ndarray) -> bool:
        data = scripts.counts[:, np.flatnonzero(kept)]
        scores = model.fit(data[train], scripts.labels[train][:, :2]).predict_proba(data[test])
        return close(no_names.scores[0][test][:, :2], scores, 0.01)

    if not made_of(busiest < 0.1):
        demand(
            not made_of(busiest >= 0.1),
            "These are the scores of the names alone: which words does your mask keep?",
        )
        demand(
            not made_of(total > 0),
            "These are the scores of all words: does your mask pick *columns* of `data`?",
        )
        raise NotYet(
            "Not the scores of `model` on the columns with `busiest < 0.1`. Same model, same "
            "folds, only fewer columns of the word counts."
        )


@check(points=4, praise="Whether it is a *better* translation, this number cannot say.")
def ex3(wider: Mapping[str, str], wider_report: Report) -> None:
    """Your dictionary of labels, and the report on Wikipedia's opinion in your translation."""
    scripts, wider = films(), dict(wider)
    ours, same = set(scripts.label_names), {"Science Fiction": "Sci-Fi", "Animated": "Animation"}
    demand(
        same.items() <= wider.items(), "Start from `SAME`: its translations should still be there."
    )
    added = wider.keys() - same
    demand(added, "Nothing was added to `SAME`.")
    recorded = read_result("agreement")["films"]
    opinions = [set(film["genres"]) for film in recorded if film["id"] in set(scripts.ids)]
    unknown = sorted(added - set().union(*opinions))
    demand(not unknown, f"Wikipedia gives these films no such label: {', '.join(unknown)}.")
    lost = sorted({wider[name] for name in added} - ours)
    demand(not lost, f"Not among our thirteen genres: {', '.join(lost)}.")
    said = [len({wider.get(genre, genre) for genre in there} & ours) for there in opinions]
    n_rows = np.count_nonzero(said)
    demand(
        wider_report.n_rows == n_rows,
        f"Your report is of {wider_report.n_rows} films. With your dictionary other films have an "
        "opinion too: take the rows that `opinions` returns, not only the labels.",
    )
    demand(
        close(wider_report.summary["cardinality_pred"], sum(said) / n_rows),
        "The predictions in your report are not Wikipedia's labels in your translation. Who is "
        "taken as the truth here, and who as the prediction?",
    )
