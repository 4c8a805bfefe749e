"""What classifiers that end in logits share: targets read, and logits turned into answers."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags

from genrelab.metrics import read_target


class LogitClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of label sets or classes; a subclass has ``_logits`` and sets ``_softmax``.

    ``fit`` calls ``_read_targets`` first. A one-dimensional target of two classes is one label, of
    which the second class is the positive value.
    """

    _softmax: bool

    def _logits(self, X: object) -> torch.Tensor:
        """Return the logits of each row, shape (n, L), on the CPU."""
        raise NotImplementedError

    def predict(self, X: object) -> np.ndarray:
        """Predict the labels of probability one half or more, or the likeliest class.

        Parameters
        ----------
        X : as in ``fit``

        Returns
        -------
        ndarray of int8, shape (n, L)
            Or one class a row, shape (n,), after a one-dimensional target.
        """
        probabilities = self.predict_proba(X)
        if self._one_dimensional:
            return self.classes_[probabilities.argmax(axis=1)]
        return (probabilities >= 0.5).astype(np.int8)

    def predict_proba(self, X: object) -> np.ndarray:
        """Return probabilities, one column a label or class.

        They are as good as the loss: only ``"bce"`` aims at calibrated ones.

        Parameters
        ----------
        X : as in ``fit``

        Returns
        -------
        ndarray of shape (n, L)
            One column a class, two for two, after a one-dimensional target.
        """
        logits = self._logits(X)  # (n, L)
        if self._softmax:
            return logits.softmax(dim=1).numpy()
        probabilities = logits.sigmoid().numpy()
        if not self._one_dimensional:
            return probabilities
        if probabilities.shape[1] == 1:
            return np.hstack([1 - probabilities, probabilities])
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def decision_function(self, X: object) -> np.ndarray:
        """Return the logits, one column a label or class.

        Parameters
        ----------
        X : as in ``fit``

        Returns
        -------
        ndarray of shape (n, L)
            Or (n,), those of the second class, after a one-dimensional target of two classes.
        """
        logits = self._logits(X).numpy()  # (n, L)
        return logits[:, 0] if self._one_dimensional and logits.shape[1] == 1 else logits

    def _read_targets(self, y: ArrayLike) -> np.ndarray:
        """Return a 0/1 matrix, one column a label or class, and set ``classes_``."""
        labels, self.classes_, self._one_dimensional = read_target(y)  # (n, L)
        if self._one_dimensional and len(self.classes_) < 2:
            raise ValueError(f"y holds one class, '{self.classes_[0]}'; expected at least 2.")
        return labels

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
