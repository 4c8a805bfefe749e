"""``genrelab bench imdb27``: one of 27 genres a description, on the files at hand.

The parts are those of the publisher. A truncated copy is read too; the title then says with how
many rows, and so must every number. The encoder is fine-tuned in float32, whose rounding differs
between processors, so that row is not run again by the test.
"""

import warnings
from functools import cache, partial

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import TruncatedSVD
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import LinearSVC

from genrelab.bench import Table
from genrelab.bench._scored import judge
from genrelab.bench.baselines import logistic
from genrelab.bench.first_sentence_leak import model as tfidf_and_logistic
from genrelab.bench.readings import C
from genrelab.bench.views import encoded
from genrelab.datasets import Dataset, load
from genrelab.datasets.base import label_matrix
from genrelab.evaluation import FoldOutcome
from genrelab.models import FeedForward, FineTuned
from genrelab.splits import Fold

TUNED = "MiniLM fine-tuned"
# The window of the published systems; epochs set before it was run.
RECIPE = {"window": 192, "epochs": 4, "precision": "float32", "device": "cpu"}


@cache
def parts() -> tuple[Dataset, Dataset]:
    """Return training and test rows, of a partial copy if that is what is there."""
    with warnings.catch_warnings():
        # The title of the table says what the warning would.
        warnings.simplefilter("ignore", UserWarning)
        return tuple(load("imdb27", split=part, allow_partial=True) for part in ("train", "test"))


def genres_of(part: Dataset) -> np.ndarray:
    """Return the genre of each row, shape (n,)."""
    return np.array(part.label_names)[part.labels.argmax(axis=1)]


def systems() -> dict[str, tuple[BaseEstimator, str]]:
    """Return each system's untrained classifier, and what it takes: words or vectors."""
    words = tfidf_and_logistic().steps[0][1]
    squeeze = (TruncatedSVD(384, random_state=0), Normalizer())
    return {
        "most frequent": (DummyClassifier(), "words"),
        "TF-IDF + LR": (make_pipeline(words, OneVsRestClassifier(logistic())), "words"),
        "TF-IDF + linear SVM": (make_pipeline(words, LinearSVC(random_state=0)), "words"),
        "TF-IDF + SVD + net": (make_pipeline(words, *squeeze, FeedForward()), "words"),
        "MiniLM + LR": (
            make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000)),
            "vectors",
        ),
        "MiniLM + net": (FeedForward(), "vectors"),
        "MiniLM + net, log weights": (FeedForward(loss="log"), "vectors"),
        TUNED: (FineTuned(**RECIPE), "words"),
    }


def row(fold: Fold, *, system: str, settings: str) -> dict[str, float]:
    """Judge a system on the test rows; subset accuracy is accuracy here, with its interval."""
    # The settings are there to be hashed: the row is run again when they change.
    train, test = parts()
    estimator, kind = systems()[system]
    inputs, seconds = [np.array(part.texts, dtype=object) for part in parts()], 0.0
    if kind == "vectors":
        found = [encoded(tuple(part.texts)) for part in parts()]
        inputs, seconds = [vectors for vectors, _ in found], found[0][1] + found[1][1]
    model = estimator.fit(inputs[0], genres_of(train))
    said = label_matrix([[genre] for genre in model.predict(inputs[1])], test.label_names)
    truth = label_matrix([[genre] for genre in genres_of(test)], test.label_names)
    metrics = judge(FoldOutcome(said.astype(float), seconds=seconds), truth, test.groups)
    kept = ("f1_macro", "f1_weighted", "precision_macro", "recall_macro", "subset_accuracy")
    return {name: value for name, value in metrics.items() if name.startswith(kept)}


def counts(fold: Fold) -> dict[str, float]:
    """Return rows and genres of both parts, and test rows whose work is among the training rows."""
    train, test = parts()
    return {
        "train": float(len(train)),
        "test": float(len(test)),
        "genres_train": float(len(train.label_names)),
        "genres_test": float(len(test.label_names)),
        "shared": float(np.isin(test.groups, train.groups).sum()),
    }


def table() -> Table:
    """Return the table: word weights and vectors, each in front of the usual classifiers."""
    train, test = parts()
    rows = {
        name: partial(row, system=name, settings=repr(model))
        for name, (model, _) in systems().items()
    }
    return Table(
        name="imdb27",
        title=f"One of 27 genres; {len(train):,} training and {len(test):,} test rows "
        f"({train.name}, {test.name})",
        rows=rows | {"counts": counts},
        folds=[Fold(0, 0, np.arange(len(train)), np.arange(len(test)))],
        data={"train": train.data_hash, "test": test.data_hash},
        needs_mirror=True,
        not_repeated=(TUNED,),
    )
