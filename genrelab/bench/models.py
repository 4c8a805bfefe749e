"""``genrelab bench models``: single systems and honest combinations of them, on ten folds.

Ten systems, written down before any was run. Those that read a synopsis or a logline stand apart
by their names: a language model that knew the films wrote these texts, so it may have told more
than the script does.
"""

import time
import warnings
from collections.abc import Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression

from genrelab.bench import Table
from genrelab.bench.baselines import ZeroShot, logistic, query_vectors, tfidf
from genrelab.bench.readings import vector_classifier
from genrelab.bench.views import encoded
from genrelab.datasets import load
from genrelab.datasets.script_features import ScriptFeatures
from genrelab.datasets.scripts import Split
from genrelab.evaluation import FoldOutcome
from genrelab.models.heads import FeedForward
from genrelab.splits import Fold, GroupedStratifiedKFold, headline_folds
from genrelab.thresholds import ThresholdTuner, label_scores

INNER_SPLITS = 3
SCRIPT = ("words", "mean vector", "segments", "net")
TEXTS = ("synopsis", "logline", "zero-shot")


class System(NamedTuple):
    """Which members speak, how they are brought together, and why the system is in the table.

    Attributes
    ----------
    members : tuple of str
        Of ``SCRIPT`` and ``TEXTS``.
    how : {"alone", "vote", "stack", "stack across genres"}
        One member; the mean of the members' standardised scores; weights learned for each genre
        from the members' scores of that genre, or of all genres.
    why : str
    """

    members: tuple[str, ...]
    how: str
    why: str

    @property
    def reads_texts(self) -> bool:
        """Whether it reads the synopsis or the logline."""
        return bool(set(self.members) & set(TEXTS))


SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        "words, balanced LR": System(("words",), "alone", "the best word counts on sixteen genres"),
        "mean vector, net": System(("net",), "alone", "the net of chapter 5 on whole scripts"),
        "segments, mean and spread": System(
            ("segments",), "alone", "what the mean throws away: how much a script changes"
        ),
        "script: vote": System(SCRIPT, "vote", "four readings of the script, equal weights"),
        "script: stack": System(SCRIPT, "stack", "the same, weights learned inside"),
        "texts: vote": System(TEXTS, "vote", "synopsis and logline without the script"),
        "script + synopsis: vote": System(
            ("words", "synopsis"), "vote", "the best reader of each length, equal weights"
        ),
        "script + texts: vote": System(SCRIPT + TEXTS, "vote", "all members, equal weights"),
        "script + texts: stack": System(SCRIPT + TEXTS, "stack", "the same, weights learned"),
        "script + texts: stack across genres": System(
            SCRIPT + TEXTS, "stack across genres", "a genre may speak for another"
        ),
    }
)
# Strength of the combination's logistic regression, by how many scores it weighs; fixed ahead.
META_C = MappingProxyType({"vote": 1.0, "stack": 0.1, "stack across genres": 0.01})


class Material(NamedTuple):
    """The films and what the members read of them.

    Attributes
    ----------
    scripts : ScriptFeatures
        n rows.
    inputs : dict of str to array of shape (n, d)
        Rows of NaN where a film has no text.
    seconds : mapping of str to float
        What encoding took, by the member that reads it.
    """

    scripts: ScriptFeatures
    inputs: dict[str, np.ndarray]
    seconds: Mapping[str, float] = MappingProxyType({})


@cache
def material(split: Split = "dev", texts: bool = False) -> Material:
    """Return the films of a split with their word counts, script vectors and, if asked, texts."""
    scripts = load("script_features", split=split)
    row_of = {film_id: row for row, film_id in enumerate(scripts.ids)}
    inputs = {
        "counts": scripts.counts,
        "vectors": scripts.vectors,
        "segments": np.hstack([scripts.segments.mean(axis=1), scripts.segments.std(axis=1)]),
    }
    if not texts:
        return Material(scripts, inputs)
    seconds = {}
    for view in ("synopsis", "logline"):
        films = load("films", view=view, split=split)
        vectors, seconds[view] = encoded(tuple(films.texts))
        inputs[view] = np.full((len(scripts), vectors.shape[1]), np.nan)
        inputs[view][[row_of[film_id] for film_id in films.ids]] = vectors
    inputs["texts"] = (inputs["synopsis"] + inputs["logline"]) / 2
    return Material(scripts, inputs, seconds)


@cache
def member(name: str) -> tuple[BaseEstimator, str]:
    """Return a member's untrained classifier, and the name of what it reads.

    Examples
    --------
    >>> member("segments")[1]
    'segments'
    """
    words = tfidf(logistic().set_params(class_weight="balanced"))
    found = {
        "words": lambda: (words, "counts"),
        "mean vector": lambda: (vector_classifier(), "vectors"),
        "segments": lambda: (vector_classifier(), "segments"),
        "net": lambda: (FeedForward(device="cpu"), "vectors"),
        "synopsis": lambda: (vector_classifier(), "synopsis"),
        "logline": lambda: (vector_classifier(), "logline"),
        "zero-shot": lambda: (ZeroShot(query_vectors(load("films").label_names)), "texts"),
    }
    return found[name]()


class MemberScores(NamedTuple):
    """A member's scores of one division: logits, or cosines where it learns nothing.

    Attributes
    ----------
    inner : ndarray of shape (n_train, L)
        Of each training row, by a copy that has not seen it.
    outer : ndarray of shape (n_test, L)
    seconds : float
    """

    inner: np.ndarray
    outer: np.ndarray
    seconds: float


def inner_folds(scripts: ScriptFeatures, train: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Divide training rows into inner folds, whole franchises again; numbers within ``train``."""
    labels = scripts.labels[train]
    return list(GroupedStratifiedKFold(INNER_SPLITS).split(labels, labels, scripts.groups[train]))


def member_scores(name: str, films: Material, fold: Fold) -> MemberScores:
    """Score the training rows out of fold, and the test rows by a copy that learned from them all.

    Parameters
    ----------
    name : str
        Of a member.
    films : Material
    fold : Fold

    Returns
    -------
    MemberScores
        Rows of NaN where the film has no text: there the member neither learns nor speaks.
    """
    start = time.perf_counter()
    model, reads = member(name)
    inputs, labels = films.inputs[reads], films.scripts.labels
    there = np.ones(len(labels), bool) if issparse(inputs) else np.isfinite(inputs).all(axis=1)

    def scores(learn: np.ndarray, judge: np.ndarray) -> np.ndarray:
        learn, can = learn[there[learn]], there[judge]
        fitted = clone(model).fit(inputs[learn], labels[learn])
        found = np.full((len(judge), labels.shape[1]), np.nan)
        found[can] = label_scores(fitted, inputs[judge[can]], labels.shape[1])
        return logit(found.clip(1e-9, 1 - 1e-9)) if hasattr(fitted, "predict_proba") else found

    inner = np.empty((len(fold.train), labels.shape[1]))
    for learn, judge in inner_folds(films.scripts, fold.train):
        inner[judge] = scores(fold.train[learn], fold.train[judge])
    outer = scores(fold.train, fold.test)
    seconds = time.perf_counter() - start + films.seconds.get(name, 0)
    return MemberScores(inner, outer, seconds)


def standardised(scores: list[MemberScores]) -> tuple[np.ndarray, np.ndarray]:
    """Bring members to one scale, by mean and spread of each genre's inner scores.

    Parameters
    ----------
    scores : list of MemberScores, length M

    Returns
    -------
    inner : ndarray of shape (M, n_train, L)
    outer : ndarray of shape (M, n_test, L)

    Examples
    --------
    >>> inner, outer = standardised([MemberScores(np.array([[0.0], [4.0]]), np.array([[6.0]]), 0)])
    >>> inner.ravel().tolist(), outer.ravel().tolist()
    ([-1.0, 1.0], [2.0])
    """
    inner = np.stack([of_one.inner for of_one in scores])  # (M, n_train, L)
    outer = np.stack([of_one.outer for of_one in scores])  # (M, n_test, L)
    mean, spread = (f(inner, axis=1, keepdims=True) for f in (np.nanmean, np.nanstd))
    return (inner - mean) / spread, (outer - mean) / spread


def evidence(scores: np.ndarray, how: str) -> np.ndarray:
    """Return what the last step weighs for each genre, of standardised scores.

    Parameters
    ----------
    scores : ndarray of shape (M, n, L)
        NaN where a member has nothing to read. In a vote the other members decide; in a stack the
        member says the average. Where no member has a text, the average is all there is.
    how : {"vote", "stack", "stack across genres"}

    Returns
    -------
    ndarray of shape (L, n, F)
        F is 1, M or M * L.

    Examples
    --------
    >>> scores = np.array([[[2.0, 0.0]], [[np.nan, 1.0]]])
    >>> evidence(scores, "vote").ravel().tolist(), evidence(scores, "stack").tolist()
    ([2.0, 0.5], [[[2.0, 0.0]], [[0.0, 1.0]]])
    """
    if how == "vote":
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
            scores = np.nanmean(scores, axis=0, keepdims=True)  # (1, n, L)
    scores = np.nan_to_num(scores, nan=0.0)
    n_labels = scores.shape[2]
    if how == "stack across genres":
        every = scores.transpose(1, 0, 2).reshape(scores.shape[1], -1)  # (n, M * L)
        return np.broadcast_to(every, (n_labels, *every.shape))
    return scores.transpose(2, 1, 0)  # (L, n, M)


def combine(
    scores: list[MemberScores], how: str, films: Material, fold: Fold
) -> tuple[np.ndarray, np.ndarray]:
    """Learn, on inner scores alone, to turn what the members say into probabilities.

    Parameters
    ----------
    scores : list of MemberScores
    how : {"vote", "stack", "stack across genres"}
    films : Material
    fold : Fold
        Labels of its test rows are not read.

    Returns
    -------
    inner : ndarray of shape (n_train, L)
        Probabilities of training rows, each by a last step that did not learn from it: what the
        thresholds are tuned on.
    outer : ndarray of shape (n_test, L)

    References
    ----------
    Wolpert (1992), "Stacked generalization", Neural Networks 5(2).
    """
    inner, outer = (evidence(part, how) for part in standardised(scores))  # (L, n, F)
    labels = films.scripts.labels[fold.train]
    folds = inner_folds(films.scripts, fold.train)
    known, new = np.empty(labels.shape), np.empty((len(fold.test), labels.shape[1]))
    for genre, target in enumerate(labels.T):
        model = LogisticRegression(C=META_C[how], max_iter=1000)
        for learn, judge in folds:
            fitted = clone(model).fit(inner[genre, learn], target[learn])
            known[judge, genre] = fitted.predict_proba(inner[genre, judge])[:, 1]
        new[:, genre] = model.fit(inner[genre], target).predict_proba(outer[genre])[:, 1]
    return known, new


def judged(system: System, films: Material, fold: Fold, scores: list[MemberScores]) -> FoldOutcome:
    """Bring the members' scores together, tune thresholds on the inner ones, predict the outer.

    Parameters
    ----------
    system : System
    films : Material
    fold : Fold
    scores : list of MemberScores
        One for each of the system's members.

    Returns
    -------
    FoldOutcome
        Its seconds hold the members', the encoding of texts included.
    """
    start = time.perf_counter()
    if system.how == "alone":
        inner, outer = expit(scores[0].inner), expit(scores[0].outer)
    else:
        inner, outer = combine(scores, system.how, films, fold)
    tuner = ThresholdTuner().fit(inner, films.scripts.labels[fold.train])
    return FoldOutcome(
        scores=outer,
        thresholds=tuner.thresholds_,
        tuned=tuner.predict(outer),
        seconds=sum(of_one.seconds for of_one in scores) + time.perf_counter() - start,
    )


@cache
def _folds() -> dict[tuple[int, int], Fold]:
    return {fold[:2]: fold for fold in headline_folds(load("script_features"))}


@cache
def _scores(name: str, repeat: int, fold: int) -> MemberScores:
    # Texts are encoded for those who read them: a row of scripts alone repeats in seconds.
    return member_scores(name, material(texts=name in TEXTS), _folds()[repeat, fold])


def _row(fold: Fold, *, system: System, models: str) -> FoldOutcome:
    # What the members are made of is there to be hashed.
    scores = [_scores(name, fold.repeat, fold.fold) for name in system.members]
    return judged(system, material(), fold, scores)


def table() -> Table:
    """Return the table of single systems, votes and stacks on the headline folds."""
    scripts = load("script_features")
    rows = {
        name: partial(_row, system=system, models=repr([member(m)[0] for m in system.members]))
        for name, system in SYSTEMS.items()
    }
    return Table(
        name="models",
        title="Every reading of a film, alone and together, thirteen genres",
        rows=rows,
        folds=list(_folds().values()),
        data={
            "films": load("films", view="both").data_hash,
            "script_features": scripts.data_hash,
        },
        labels=scripts.labels,
        groups=scripts.groups,
        label_names=scripts.label_names,
    )
