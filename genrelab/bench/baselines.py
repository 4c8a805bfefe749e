"""``genrelab bench baselines``: what a system must beat before it may be called good.

Every row is scored on the ten headline folds, thresholds tuned inside the training rows.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer, normalize
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted, validate_data

from genrelab.bench import Table
from genrelab.datasets import load
from genrelab.datasets.script_features import ScriptFeatures
from genrelab.encoding import ScriptEncoder
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner

DEFINITIONS: Mapping[str, str] = MappingProxyType(
    {
        "Drama": "A serious story about people, their feelings and the conflicts between them.",
        "Thriller": "A story of suspense and danger, in which somebody is hunted or threatened.",
        "Comedy": "A funny story, made to make people laugh at jokes, mishaps and fools.",
        "Action": "A story of fights, chases, gunfire and explosions.",
        "Crime": "A story of criminals, gangsters and the police: a robbery, a murder, a trial.",
        "Romance": "A love story: two people meet, kiss, part and find each other again.",
        "Adventure": "A journey to far and dangerous places, a quest for a treasure or a cause.",
        "Sci-Fi": "A story of the future, of spaceships, robots, aliens or new technology.",
        "Horror": "A frightening story of monsters, ghosts, killers, blood and screams.",
        "Fantasy": "A story of magic, in which wizards, dragons, spells or gods are real.",
        "Mystery": "A riddle to be solved: a detective follows clues to find out who did it.",
        "Family": "A story for parents and children to watch together, often with pets.",
        "Animation": "An animated cartoon, with drawn characters and talking animals.",
    }
)


class ZeroShot(ClassifierMixin, BaseEstimator):
    """Score each label by the cosine between a row's vector and the label's query vector.

    It learns nothing: ``fit`` only looks at the shapes.

    Parameters
    ----------
    queries : array-like of shape (L, dim)
        One vector a label, from the encoder that made the rows' vectors.

    References
    ----------
    Yin, Hay, Roth (2019), "Benchmarking Zero-shot Text Classification", arXiv 1909.00161.

    Examples
    --------
    >>> model = ZeroShot([[1.0, 0.0], [0.0, 1.0]]).fit([[1.0, 1.0]], [[1, 0]])
    >>> model.decision_function([[3.0, 4.0]]).round(2).tolist()
    [[0.6, 0.8]]
    """

    def __init__(self, queries: ArrayLike) -> None:
        self.queries = queries

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Check that there is a query for each label, as long as a row.

        Parameters
        ----------
        X : array-like of shape (n, dim)
        y : array-like of shape (n, L)

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, multi_output=True)
        expected = (y.shape[1] if y.ndim == 2 else 1, X.shape[1])
        if np.shape(self.queries) != expected:
            raise ValueError(
                f"queries have shape {np.shape(self.queries)}; expected {expected}, one vector a "
                "label. Encode the definitions with the encoder of the rows."
            )
        self.classes_ = np.arange(expected[0])
        return self

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the cosines.

        Parameters
        ----------
        X : array-like of shape (n, dim)

        Returns
        -------
        ndarray of shape (n, L)
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return normalize(X) @ normalize(self.queries).T  # (n, dim) @ (dim, L)


def tfidf(classifier: BaseEstimator, *steps: BaseEstimator) -> Pipeline:
    """Put a classifier, one copy a label, behind tf-idf weights of word counts.

    Parameters
    ----------
    classifier : scikit-learn classifier of two classes
    *steps : transformers
        What comes between the weights and the classifier.

    Returns
    -------
    Pipeline

    Examples
    --------
    >>> [name for name, _ in tfidf(LinearSVC()).steps]
    ['tfidftransformer', 'onevsrestclassifier']
    """
    return make_pipeline(
        TfidfTransformer(sublinear_tf=True), *steps, OneVsRestClassifier(classifier)
    )


def logistic(C: float = 10) -> LogisticRegression:
    """Return logistic regression for a wide, sparse matrix: the dual problem is the small one.

    Examples
    --------
    >>> logistic().C
    10
    """
    return LogisticRegression(C=C, solver="liblinear", dual=True, max_iter=1000, random_state=0)


def query_vectors(names: Sequence[str]) -> np.ndarray:
    """Encode the definitions of the named genres with the bundled MiniLM.

    Parameters
    ----------
    names : sequence of str, length L

    Returns
    -------
    ndarray of float32, shape (L, 384)

    Raises
    ------
    KeyError
        If a genre has no definition.
    """
    missing = [name for name in names if name not in DEFINITIONS]
    if missing:
        raise KeyError(f"no definition of {missing[0]!r}; there are {', '.join(DEFINITIONS)}.")
    encoder = ScriptEncoder(window=256, token_budget=2048, precision="float32")
    return encoder.fit_transform([DEFINITIONS[name] for name in names])


def top_words(
    model: Pipeline, vocabulary: Sequence[str], names: Sequence[str], n_words: int = 8
) -> pd.DataFrame:
    """Return the words with the largest weights for each genre.

    Parameters
    ----------
    model : Pipeline
        Fitted, as `tfidf` makes it with a linear classifier and no steps between.
    vocabulary : sequence of str
        The words of the model's columns.
    names : sequence of str
        The genres.
    n_words : int, default=8
        Words a genre.

    Returns
    -------
    DataFrame
        One row a genre and word: ``genre, word, weight``, heaviest first.
    """
    weights = np.vstack([of_one.coef_ for of_one in model[-1].estimators_])  # (L, n_words)
    if weights.shape != (len(names), len(vocabulary)):
        raise ValueError(
            f"the model has weights of shape {weights.shape}; expected ({len(names)}, "
            f"{len(vocabulary)}), genres by words. Pass its own vocabulary and genres."
        )
    heaviest = np.argsort(-weights, axis=1, kind="stable")[:, :n_words]
    return pd.DataFrame(
        [
            {"genre": name, "word": vocabulary[word], "weight": line[word]}
            for name, line, words in zip(names, weights, heaviest, strict=True)
            for word in words
        ]
    )


@functools.cache
def _scripts() -> ScriptFeatures:
    return load("script_features")


@functools.cache
def _queries() -> np.ndarray:
    return query_vectors(_scripts().label_names)


def _score(fold: Fold, *, estimator: BaseEstimator, words: str, tuned: bool = True) -> FoldOutcome:
    scripts = _scripts()
    labels = pd.DataFrame(scripts.labels, columns=list(scripts.label_names))
    tuner = ThresholdTuner() if tuned else None
    counts = getattr(scripts, words)
    return run_fold(estimator, counts, labels, fold, groups=scripts.groups, tuner=tuner)


def _zero_shot(fold: Fold, *, definitions: Mapping[str, str], vectors: str) -> FoldOutcome:
    # Both arguments are there to be hashed: the row is run again when either changes.
    scripts = _scripts()
    model = ZeroShot(_queries())
    return run_fold(
        model, scripts.vectors, scripts.labels, fold, groups=scripts.groups, tuner=ThresholdTuner()
    )


def _hash(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def table() -> Table:
    """Return the table of the baselines.

    The hash of the vectors is bound to the one row that reads them: when they change, that row
    alone is run again.
    """
    scripts = _scripts()
    guess = partial(_score, words="counts", tuned=False)
    whole = partial(_score, words="counts")
    everything = np.ones(len(scripts.label_names), dtype=int).tolist()
    vectors = _hash(scripts.vectors)
    rows = {
        "predict everything": partial(
            guess, estimator=DummyClassifier(strategy="constant", constant=everything)
        ),
        "random guess": partial(
            guess, estimator=DummyClassifier(strategy="stratified", random_state=0)
        ),
        "zero-shot": partial(_zero_shot, definitions=dict(DEFINITIONS), vectors=vectors),
        "naive Bayes": partial(whole, estimator=OneVsRestClassifier(ComplementNB())),
        "TF-IDF + LR, first 512 tokens": partial(
            _score, words="head_counts", estimator=tfidf(logistic())
        ),
        "TF-IDF + linear SVM": partial(whole, estimator=tfidf(LinearSVC(random_state=0))),
        "TF-IDF + LR": partial(whole, estimator=tfidf(logistic())),
        "TF-IDF + LR, C = 1": partial(whole, estimator=tfidf(logistic(1))),
        "TF-IDF + LR, C = 100": partial(whole, estimator=tfidf(logistic(100))),
        "TF-IDF + SVD + LR": partial(
            whole,
            estimator=tfidf(logistic(), TruncatedSVD(200, random_state=0), Normalizer()),
        ),
    }
    counts = (scripts.counts, scripts.head_counts)
    parts = [part for matrix in counts for part in (matrix.indptr, matrix.indices, matrix.data)]
    return Table(
        name="baselines",
        title="Baselines on 13 genres of film scripts",
        rows=rows,
        folds=headline_folds(scripts),
        data={
            "script_features (counts, labels, groups)": _hash(
                *parts, scripts.labels, np.char.encode(scripts.groups, "utf-8")
            )
        },
        labels=scripts.labels,
        groups=scripts.groups,
    )
