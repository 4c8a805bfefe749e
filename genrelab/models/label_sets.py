"""Label sets as wholes: chains of classifiers, and one class a set.

One classifier a label is `sklearn.multiclass.OneVsRestClassifier`; one chain is
`sklearn.multioutput.ClassifierChain`.
"""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.multioutput import ClassifierChain
from sklearn.utils import Tags, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from genrelab.metrics import as_indicator


class _OverLabelSets(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """What a chain and a powerset share: dense vectors in, 0/1 label matrices out."""

    def _read(self, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        if Y is None:
            raise ValueError("fit requires y to be passed, but the target y is None.")
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        labels = as_indicator(Y, "Y")
        check_consistent_length(X, labels)
        self.classes_ = np.arange(labels.shape[1])
        return X, labels

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = False
        tags.target_tags.multi_output = True
        tags.classifier_tags.multi_label = True
        return tags


class ChainEnsemble(_OverLabelSets):
    """The average of several chains of classifiers, each in a random order of the labels.

    In a chain each label's classifier also sees the labels before it: in training the true ones,
    in use the probabilities that the chain has just given.

    Parameters
    ----------
    estimator : classifier of two classes
        With ``predict_proba``; it gets vectors, and a column more for each label before it.
    n_chains : int, default=10
        Chains to average.
    random_state : int, RandomState or None, default=0
        Seed of the orders.

    Attributes
    ----------
    chains_ : list of sklearn.multioutput.ClassifierChain
    classes_ : ndarray
        Column numbers 0 … L-1.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    Read, Pfahringer, Holmes, Frank (2011), "Classifier chains for multi-label classification",
    Machine Learning 85. https://doi.org/10.1007/s10994-011-5256-5

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> ChainEnsemble(LogisticRegression(), n_chains=3).fit(X, Y).predict_proba(X).shape
    (100, 5)
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        *,
        n_chains: int = 10,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.estimator = estimator
        self.n_chains = n_chains
        self.random_state = random_state

    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Train every chain.

        Parameters
        ----------
        X : array-like of shape (n, d)
        Y : array-like of shape (n, L)
            0/1 labels; each label has rows with and without it.

        Returns
        -------
        self
        """
        X, labels = self._read(X, Y)
        random = check_random_state(self.random_state)
        self.chains_ = [
            ClassifierChain(
                clone(self.estimator),
                order=random.permutation(len(self.classes_)).tolist(),
                chain_method="predict_proba",
            ).fit(X, labels)
            for _ in range(self.n_chains)
        ]
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return probabilities of shape (n, L), averaged over the chains.

        Parameters
        ----------
        X : array-like of shape (n, d)
        """
        check_is_fitted(self, "chains_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.mean([chain.predict_proba(X) for chain in self.chains_], axis=0)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the labels of probability one half or more, int8 of shape (n, L).

        Parameters
        ----------
        X : array-like of shape (n, d)
        """
        return (self.predict_proba(X) >= 0.5).astype(np.int8)


class LabelPowerset(_OverLabelSets):
    """One class for each label set that the training rows have.

    A set that no training row has can never be predicted as a set.

    Parameters
    ----------
    estimator : classifier of many classes
        With ``predict_proba``.

    Attributes
    ----------
    estimator_ : classifier
        Its classes are rows of ``sets_``.
    sets_ : ndarray of int8, shape (S, L)
        The sets seen.
    classes_ : ndarray
        Column numbers 0 … L-1.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    Tsoumakas, Katakis, Vlahavas (2010), "Mining Multi-label Data", in *Data Mining and Knowledge
    Discovery Handbook*.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, Y = [[0.0], [1.0], [2.0]] * 9, [[1, 0], [1, 1], [0, 1]] * 9
    >>> model = LabelPowerset(LogisticRegression()).fit(X, Y)
    >>> model.sets_.tolist(), model.predict([[2.5]]).tolist()
    ([[0, 1], [1, 0], [1, 1]], [[0, 1]])
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Train the classifier of sets.

        Parameters
        ----------
        X : array-like of shape (n, d)
        Y : array-like of shape (n, L)
            0/1 labels, at least two different rows.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If all rows have the same label set.
        """
        X, labels = self._read(X, Y)
        self.sets_, codes = np.unique(labels, axis=0, return_inverse=True)  # (S, L), (n,)
        if len(self.sets_) < 2:
            raise ValueError("all rows have the same label set: 1 class; expected at least 2.")
        self.estimator_ = clone(self.estimator).fit(X, codes.ravel())
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return each label's probability, summed over the sets that hold it, shape (n, L).

        Parameters
        ----------
        X : array-like of shape (n, d)
        """
        check_is_fitted(self, "sets_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        sets = self.estimator_.predict_proba(X)  # (n, S)
        return sets @ self.sets_

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the likeliest set of each row, int8 of shape (n, L).

        Parameters
        ----------
        X : array-like of shape (n, d)
        """
        check_is_fitted(self, "sets_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.sets_[self.estimator_.predict(X)]
