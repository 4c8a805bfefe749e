"""``genrelab bench small_nets``: what a small net, chains and label sets make of sentence vectors.

Loglines, synopses and scripts of the same films as vectors of the bundled MiniLM; thresholds tuned
on inner folds. The rows "told the rest" are no systems: they are given the true other genres.
"""

from functools import cache, partial
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from genrelab.bench import Table
from genrelab.bench.baselines import DEFINITIONS, ZeroShot, query_vectors
from genrelab.bench.readings import C, content_hash, hash_of_labels, vector_classifier
from genrelab.bench.views import VIEWS, corpus, material
from genrelab.datasets import load
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.models import ChainEnsemble, FeedForward, LabelPowerset
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner

ORACLES = ("LR, told the rest", "LR, told the rest and no text")


class ToldTheRest(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """One classifier a label that is given the true other labels, in use too: no system.

    Parameters
    ----------
    estimator : classifier of two classes

    Notes
    -----
    The last L columns of the inputs are the labels; each classifier sees all but its own.

    Examples
    --------
    >>> Y = np.array([[0, 0], [1, 1], [0, 0], [1, 1]])
    >>> told = ToldTheRest(LogisticRegression(C=100)).fit(Y, Y)
    >>> told.predict_proba([[9, 1]]).round().tolist()
    [[1.0, 1.0]]
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Train the classifiers.

        Parameters
        ----------
        X : array of shape (n, d + L)
        Y : array of shape (n, L)

        Returns
        -------
        self
        """
        Y = np.asarray(Y)
        self.classes_ = np.arange(Y.shape[1])
        self.estimators_ = [
            clone(self.estimator).fit(self._without(X, label), Y[:, label])
            for label in self.classes_
        ]
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return probabilities of shape (n, L)."""
        each = [
            model.predict_proba(self._without(X, label))[:, 1]
            for label, model in enumerate(self.estimators_)
        ]
        return np.column_stack(each)

    def _without(self, X: ArrayLike, label: int) -> np.ndarray:
        X = np.asarray(X)
        return np.delete(X, X.shape[1] - len(self.classes_) + label, axis=1)


def logistic() -> Pipeline:
    """Return the logistic regression of every row, with the columns standardised before it.

    Examples
    --------
    >>> [name for name, _ in logistic().steps]
    ['standardscaler', 'logisticregression']
    """
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000))


@cache
def models() -> dict[str, BaseEstimator]:
    """Return the untrained classifiers by the names of their rows."""
    return {
        "LR": vector_classifier(),
        "net": FeedForward(),
        "chain": ChainEnsemble(logistic(), n_chains=1),
        "ten chains": ChainEnsemble(logistic()),
        "label powerset": LabelPowerset(logistic()),
        "zero-shot": ZeroShot(query_vectors(corpus()[0].label_names)),
        **dict.fromkeys(ORACLES, ToldTheRest(logistic())),
    }


def vectors_of(view: str) -> tuple[np.ndarray, float]:
    """Return the films' vectors, shape (n, 384), and the seconds of encoding them."""
    return material(corpus()[1][view], "MiniLM")


def row(fold: Fold, *, model: str, view: str, settings: str) -> FoldOutcome:
    """Judge a model on one view; its seconds hold the encoding, also where a store kept it."""
    # The settings are there to be hashed: the row is run again when they change.
    films, (data, seconds) = corpus()[0], vectors_of(view)
    if model in ORACLES:
        kept = data if model == ORACLES[0] else data[:, :0]
        data = np.hstack([kept, films.labels])
    labels = pd.DataFrame(films.labels, columns=list(films.label_names))
    options = {"groups": films.groups, "tuner": ThresholdTuner()}
    found = run_fold(models()[model], data, labels, fold, **options)
    return found._replace(seconds=found.seconds + seconds)


def likeliest_set(fold: Fold, *, view: str) -> FoldOutcome:
    """Judge the label powerset by its likeliest set, without thresholds."""
    films, (data, seconds) = corpus()[0], vectors_of(view)
    model = clone(models()["label powerset"]).fit(data[fold.train], films.labels[fold.train])
    scores, sets = model.predict_proba(data[fold.test]), model.predict(data[fold.test])
    return FoldOutcome(scores, tuned=sets, seconds=seconds)


def table() -> Table:
    """Return the table: every model on every view, on the ten headline folds."""
    films, views = corpus()
    settings = {name: repr(model) for name, model in models().items()}
    settings["zero-shot"] = repr(DEFINITIONS)
    rows = {
        f"{model}, {view}": partial(row, model=model, view=view, settings=settings[model])
        for view in VIEWS
        for model in models()
        if model != ORACLES[1] or view == VIEWS[0]
    }
    rows |= {f"likeliest set, {view}": partial(likeliest_set, view=view) for view in VIEWS}
    return Table(
        name="small_nets",
        title="A small net, chains and label sets on sentence vectors",
        rows=rows,
        folds=headline_folds(films),
        data={
            "films": load("films", view="both").data_hash,
            "script_features (vectors)": content_hash(views["script"].vectors),
            "labels, groups": hash_of_labels(films),
        },
        labels=films.labels,
        groups=films.groups,
    )
