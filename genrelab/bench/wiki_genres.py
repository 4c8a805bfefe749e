"""``genrelab bench wiki_genres``: openings of Wikipedia's articles without their first sentence.

The films are divided once, 80/10/10, whole groups (one title, or one text) together: models learn
from the first part, thresholds from the second, and the third judges. Decision rules are laid down
here; none was chosen by what it made of the third part.
"""

from functools import cache, partial

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from genrelab.bench import Table
from genrelab.bench._scored import Scored, judge, score, set_aside, tune
from genrelab.bench.first_sentence_leak import model as tfidf_and_logistic
from genrelab.bench.readings import vector_classifier
from genrelab.bench.views import encoded
from genrelab.datasets import Dataset, load
from genrelab.evaluation import FoldOutcome
from genrelab.losses import FocalLoss
from genrelab.models import FeedForward
from genrelab.splits import Fold
from genrelab.thresholds import ThresholdTuner

NETS = {
    "net, plain": FeedForward(batch_size=128),
    "net, focal": FeedForward(batch_size=128, loss=FocalLoss(gamma=2, alpha=0.375)),
    "net, log weights": FeedForward(batch_size=128, loss="log"),
}
# Of a published project that is shown beside: yes from here, and the likeliest label otherwise.
PUBLISHED_CUT = 0.425
RULES = ("untuned", "one threshold", "one a label", "for Jaccard")


@cache
def films() -> Dataset:
    """Return the films: 20 words or more after the first sentence, genres of 200 films or more."""
    return load("wiki_plots", drop_lead=True, progress=False)


@cache
def division() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows that train, tune and judge."""
    labels, groups = films().labels, films().groups
    rows = np.arange(len(labels))
    judges = set_aside(rows, labels, groups, 1 / 10)
    rest = rows[~judges]
    tunes = set_aside(rest, labels, groups, 1 / 9)
    return rest[~tunes], rest[tunes], rows[judges]


@cache
def material(kind: str) -> tuple[ArrayLike, float]:
    """Return texts or vectors of all films, and the seconds of making them."""
    if kind == "words":
        return np.array(films().texts, dtype=object), 0.0
    return encoded(tuple(films().texts))


def systems() -> dict[str, tuple[BaseEstimator, str]]:
    """Return each system's untrained classifier, and what it takes: words or vectors."""
    words, _ = tfidf_and_logistic()
    svm = make_pipeline(words, OneVsRestClassifier(LinearSVC(random_state=0)))
    return {
        "TF-IDF + LR": (tfidf_and_logistic(), "words"),
        "TF-IDF + linear SVM": (svm, "words"),
        "MiniLM + LR": (vector_classifier(), "vectors"),
        **{f"MiniLM + {name}": (net, "vectors") for name, net in NETS.items()},
    }


@cache
def scored(system: str) -> Scored:
    """Return a system's scores; "TF-IDF and MiniLM" is the mean of two systems' probabilities."""
    if system == "TF-IDF and MiniLM":
        one, other = scored("TF-IDF + LR"), scored("MiniLM + net, plain")
        means = [(a + b) / 2 for a, b in zip(one[:2], other[:2], strict=True)]
        return Scored(*means, one.cut, one.seconds + other.seconds)
    estimator, kind = systems()[system]
    data, seconds = material(kind)
    found = score(estimator, data, films().labels, films().groups, *division())
    return found._replace(seconds=found.seconds + seconds)


def decide(found: Scored, rule: str, labels: np.ndarray) -> FoldOutcome:
    """Make label sets of scores by a rule; ``labels`` are those of the validation rows."""
    if rule == "untuned":
        return FoldOutcome(found.test, found.cut, seconds=found.seconds)
    if rule == "published rule":
        predicted = found.test >= PUBLISHED_CUT
        predicted[np.arange(len(predicted)), found.test.argmax(axis=1)] = True
        return FoldOutcome(found.test, tuned=predicted.astype(np.int8), seconds=found.seconds)
    strategy = "global" if rule == "one threshold" else "per_label"
    objective = "jaccard" if rule == "for Jaccard" else "f1_macro"
    tuner = ThresholdTuner(objective=objective, strategy=strategy, at_least_one=True)
    return tune(found, tuner, labels)


def row(fold: Fold, *, system: str, rule: str) -> dict[str, float]:
    """Judge a system and a rule; its seconds hold the encoding, also where a store kept it."""
    outcome = decide(scored(system), rule, films().labels[division()[1]])
    return judge(outcome, films().labels[fold.test], films().groups[fold.test])


def counts(fold: Fold) -> dict[str, float]:
    """Return how many films train, tune and judge."""
    names = ("train", "tune", "judge")
    return {name: float(len(rows)) for name, rows in zip(names, division(), strict=True)}


def table() -> Table:
    """Return the table: six systems and the mean of two, each under every rule."""
    names = [*systems(), "TF-IDF and MiniLM"]
    pairs = [(system, rule) for system in names for rule in RULES]
    pairs += [(f"MiniLM + {name}", "published rule") for name in NETS]
    train, tunes, judges = division()
    return Table(
        name="wiki_genres",
        title="Openings of Wikipedia's articles without their first sentence",
        rows={f"{s}, {r}": partial(row, system=s, rule=r) for s, r in pairs} | {"counts": counts},
        folds=[Fold(0, 0, np.concatenate([train, tunes]), judges)],
        data={"wiki_plots": films().data_hash},
        needs_mirror=True,
    )
