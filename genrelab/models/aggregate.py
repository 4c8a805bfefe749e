"""Classifiers over the windows of a document: chunks that vote, pooled vectors, attention.

Each takes a list of arrays of shape (windows, dim), one a document, or one array of shape
(n, windows, dim); each tells what it makes of every window alone.
"""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted
from torch import nn

from genrelab.metrics import as_indicator, read_target
from genrelab.models.nets import Net
from genrelab.thresholds import label_scores

CUT = 0.5
RAREST = (1e-3, 1 - 1e-3)  # a label that no row has, or every row, has finite log odds
VOTES = {
    "mean": lambda scores: scores.mean(axis=0),
    "majority": lambda scores: (scores >= CUT).mean(axis=0),
    "max": lambda scores: scores.max(axis=0),
}
VECTORS = {"mean": lambda vectors: vectors.mean(axis=0), "max": lambda vectors: vectors.max(axis=0)}


def read_windows(X: ArrayLike | Sequence[ArrayLike], dim: int | None = None) -> list[np.ndarray]:
    """Check the windows of documents.

    Parameters
    ----------
    X : list of n arrays of shape (windows, dim), or array of shape (n, windows, dim)
    dim : int, optional
        Numbers that a vector must have; by default as many as the first one has.

    Returns
    -------
    list of n ndarrays of float64, shape (windows, dim)

    Raises
    ------
    ValueError
        If a document has no window, its vectors are no matrix or of another length, or a number
        is not finite.

    Examples
    --------
    >>> [part.shape for part in read_windows([[[1, 2]], [[3, 4], [5, 6]]])]
    [(1, 2), (2, 2)]
    """
    if len(X) == 0:
        raise ValueError("X holds no document; expected at least one.")
    documents = [np.asarray(document, dtype=np.float64) for document in X]
    for row, document in enumerate(documents):
        if document.ndim != 2 or 0 in document.shape:
            raise ValueError(
                f"document {row} has shape {document.shape}; expected (windows, dim), at least one "
                "window. A document of one vector is one window: vector[None]."
            )
        dim = document.shape[1] if dim is None else dim
        if document.shape[1] != dim:
            raise ValueError(
                f"document {row} has vectors of {document.shape[1]} numbers; expected {dim}. "
                "Encode all documents with the same model."
            )
        if not np.isfinite(document).all():
            raise ValueError(f"document {row} holds a number that is not finite; encode it again.")
    return documents


class _OverWindows:
    """What the models share: the scores of single windows."""

    def window_scores(self, X: ArrayLike | Sequence[ArrayLike]) -> list[np.ndarray]:
        """Return what the model says of each window, as if it were the whole document.

        Parameters
        ----------
        X : list of n arrays of shape (windows, dim), or array of shape (n, windows, dim)

        Returns
        -------
        list of n ndarrays of shape (windows, L)
        """
        documents = read_windows(X)
        alone = np.vstack(documents)[:, None]  # (all windows, 1, dim)
        return _apart(self.predict_proba(alone), documents)


def _apart(rows: np.ndarray, documents: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Give each document its own of the rows of all windows."""
    return np.split(rows, np.cumsum([len(document) for document in documents])[:-1])


class _Wrapped(_OverWindows, ClassifierMixin, BaseEstimator):
    """A model that leaves the learning to a classifier of single vectors."""

    def predict(self, X: ArrayLike | Sequence[ArrayLike]) -> np.ndarray:
        """Predict the labels of score one half or more; int8, shape (n, L)."""
        return (self.predict_proba(X) >= CUT).astype(np.int8)

    def _fit(self, vectors: np.ndarray, labels: np.ndarray) -> Self:
        if not hasattr(self.estimator, "predict_proba"):
            raise TypeError(
                f"{type(self.estimator).__name__} has no predict_proba; expected a classifier with "
                "probabilities. Calibrate it (CalibratedClassifierCV)."
            )
        self.classes_ = np.arange(labels.shape[1])
        self.n_features_in_ = vectors.shape[1]
        # scikit-learn's classifiers take a single label as a vector.
        target = labels[:, 0] if labels.shape[1] == 1 else labels
        self.estimator_ = clone(self.estimator).fit(vectors, target)
        return self

    def _score(self, vectors: Sequence[np.ndarray]) -> np.ndarray:
        return label_scores(self.estimator_, np.vstack(vectors), len(self.classes_))

    def _read(self, X: ArrayLike | Sequence[ArrayLike]) -> list[np.ndarray]:
        check_is_fitted(self)
        return read_windows(X, self.n_features_in_)


class ChunkVoting(_Wrapped):
    """Give every window the labels of its document, learn windows, and let them vote.

    Most of these labels are wrong: a love scene of a horror film counts as horror. And the windows
    of a document are no independent examples.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``
        Of single vectors and 0/1 label matrices.
    vote : {"mean", "majority", "max"}, default="mean"
        Mean of the windows' probabilities; share of windows of one half or more; highest
        probability.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on all windows.
    classes_, n_features_in_
        Column numbers 0 … L-1; length of a vector.

    References
    ----------
    Dietterich, Lathrop, Lozano-Pérez (1997), "Solving the multiple instance problem with
    axis-parallel rectangles", names the problem: labels belong to bags, not to their instances.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> X = [[[0.0], [1.0]], [[8.0], [0.5], [9.0]], [[0.2]], [[7.0]]]
    >>> model = ChunkVoting(OneVsRestClassifier(GaussianNB())).fit(X, [[0], [1], [0], [1]])
    >>> model.predict([[[8.5], [0.1]], [[0.3]]]).tolist()
    [[1], [0]]
    >>> [scores.shape for scores in model.window_scores(X)]
    [(2, 1), (3, 1), (1, 1), (1, 1)]
    """

    def __init__(
        self, estimator: BaseEstimator, *, vote: Literal["mean", "majority", "max"] = "mean"
    ) -> None:
        self.estimator = estimator
        self.vote = vote

    def fit(self, X: ArrayLike | Sequence[ArrayLike], y: ArrayLike) -> Self:
        """Fit the classifier on all windows.

        Parameters
        ----------
        X : list of n arrays of shape (windows, dim), or array of shape (n, windows, dim)
        y : array-like, DataFrame or sparse matrix of shape (n, L)
            0/1 labels of the documents.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If lengths differ, labels are not 0/1, a document has no window, or an option is
            unknown.
        """
        if self.vote not in VOTES:
            raise ValueError(f"vote is {self.vote!r}; expected one of {tuple(VOTES)}.")
        documents, labels = read_windows(X), as_indicator(y, "y")
        check_consistent_length(documents, labels)
        sizes = [len(document) for document in documents]
        return self._fit(np.vstack(documents), np.repeat(labels, sizes, axis=0))

    def predict_proba(self, X: ArrayLike | Sequence[ArrayLike]) -> np.ndarray:
        """Return the outcome of the vote, shape (n, L), from 0 to 1.

        Parameters
        ----------
        X : list of n arrays of shape (windows, dim), or array of shape (n, windows, dim)
        """
        documents = self._read(X)
        parts = _apart(self._score(documents), documents)
        return np.array([VOTES[self.vote](part) for part in parts])


class PooledWindows(_Wrapped):
    """Pool the vectors of a document's windows into one, then classify it.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``
        Of single vectors and 0/1 label matrices.
    pooling : {"mean", "max"}, default="mean"
        Mean or highest value in each dimension; windows count alike.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on the pooled vectors.
    classes_, n_features_in_
        Column numbers 0 … L-1; length of a vector.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> X = [[[0.0], [1.0]], [[8.0], [6.0], [9.0]], [[0.2]], [[7.0]]]
    >>> model = PooledWindows(OneVsRestClassifier(GaussianNB())).fit(X, [[0], [1], [0], [1]])
    >>> model.predict([[[8.5], [6.1]], [[0.3]]]).tolist()
    [[1], [0]]
    """

    def __init__(
        self, estimator: BaseEstimator, *, pooling: Literal["mean", "max"] = "mean"
    ) -> None:
        self.estimator = estimator
        self.pooling = pooling

    def fit(self, X: ArrayLike | Sequence[ArrayLike], y: ArrayLike) -> Self:
        """Fit the classifier on one pooled vector a document; parameters as in `ChunkVoting.fit`.

        Parameters
        ----------
        X : list of n arrays of shape (windows, dim), or array of shape (n, windows, dim)
        y : array-like, DataFrame or sparse matrix of shape (n, L)

        Returns
        -------
        self
        """
        if self.pooling not in VECTORS:
            raise ValueError(f"pooling is {self.pooling!r}; expected one of {tuple(VECTORS)}.")
        documents, labels = read_windows(X), as_indicator(y, "y")
        check_consistent_length(documents, labels)
        return self._fit(np.array([VECTORS[self.pooling](part) for part in documents]), labels)

    def predict_proba(self, X: ArrayLike | Sequence[ArrayLike]) -> np.ndarray:
        """Return the probabilities of the pooled vectors, shape (n, L).

        Parameters
        ----------
        X : list of n arrays of shape (windows, dim), or array of shape (n, windows, dim)
        """
        return self._score([VECTORS[self.pooling](part) for part in self._read(X)])


class WindowNet(_OverWindows, Net):
    """A net that scores every window by one linear layer and pools the scores of a document.

    With gated attention, a second small net gives each window a weight, weights of a document sum
    to 1, and a document's logit is the weighted mean of its windows' logits: the same as a linear
    layer on the weighted mean of their vectors. It starts with equal weights and with every label
    at its prior, and moves from there. Training, early stopping and the rows set aside
    are those of `genrelab.models.FeedForward`, in float64 as there. Needs skorch
    (``pip install 'genrelab[train]'``).

    Parameters
    ----------
    pooling : {"attention", "mean", "max"}, default="attention"
        How windows make a document: weighted by attention, alike, or each label by its highest
        window.
    hidden : int, default=32
        Units of the attention; other poolings have none.
    dropout : float, default=0.3
        Share of the numbers of a window's vector that is dropped at random.
    loss, learning_rate, weight_decay, batch_size, max_epochs, patience, validation_share, \
random_state, device
        As `genrelab.models.FeedForward` has them.

    Attributes
    ----------
    module_ : torch.nn.Module
        The net, on the CPU, in float64. It takes windows of shape (n, windows, dim), NaN after the
        last window of a document.
    scaler_ : StandardScaler
        Fitted on the mean vectors of the documents that the net learnt from.
    history_ : DataFrame
        One row an epoch: ``epoch, train_loss, valid_loss``.
    classes_ : ndarray
        Column numbers 0 … L-1; for a one-dimensional target its classes.

    References
    ----------
    Ilse, Tomczak, Welling (2018), "Attention-based Deep Multiple Instance Learning",
    arXiv 1802.04712; the gate is equation 9.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 2
    >>> X = [rng.normal(size=(3 + row % 2, 4)) for row in range(60)]
    >>> for document, label in zip(X, y, strict=True):
    ...     document[1] += 6 * label  # one window tells
    >>> net = WindowNet(hidden=4, learning_rate=0.05).fit(X, y)
    >>> bool((net.predict(X) == y).mean() > 0.9)
    True
    >>> net.attention(X[:1])[0].shape, net.window_scores(X[:1])[0].shape
    ((3,), (3, 2))
    """

    def __init__(
        self,
        *,
        pooling: Literal["attention", "mean", "max"] = "attention",
        hidden: int = 32,
        dropout: float = 0.3,
        loss: str | nn.Module = "bce",
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        batch_size: int = 32,
        max_epochs: int = 50,
        patience: int = 5,
        validation_share: float = 0.15,
        random_state: int | np.random.RandomState | None = 0,
        device: str = "auto",
    ) -> None:
        self.pooling = pooling
        self.hidden = hidden
        self.dropout = dropout
        self.loss = loss
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_share = validation_share
        self.random_state = random_state
        self.device = device

    def fit(
        self,
        X: ArrayLike | Sequence[ArrayLike],
        y: ArrayLike,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the net.

        Parameters
        ----------
        X : list of n arrays of shape (windows, dim), or array of shape (n, windows, dim)
        y : array-like, DataFrame or sparse matrix of shape (n, L), or array of shape (n,)
            0/1 labels, or classes.
        groups : array-like of shape (n,), optional
            Rows of one group stay on one side of the inner division.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If lengths differ, labels are not 0/1, a document has no window, a parameter is out of
            range, too few rows are left to train on, or the loss becomes infinite.
        """
        if self.pooling not in POOLS:
            raise ValueError(f"pooling is {self.pooling!r}; expected one of {tuple(POOLS)}.")
        self._prior = read_target(y)[0].mean(axis=0).clip(*RAREST)  # (L,)
        return self._learn(read_windows(X), y, groups)

    def attention(self, X: ArrayLike | Sequence[ArrayLike]) -> list[np.ndarray]:
        """Return the weight of each window in its document; a document's weights sum to 1.

        Parameters
        ----------
        X : list of n arrays of shape (windows, dim), or array of shape (n, windows, dim)

        Returns
        -------
        list of n ndarrays of shape (windows,)

        Raises
        ------
        ValueError
            If the net pools by the highest window, which weighs each label's windows apart.
        """
        check_is_fitted(self, "module_")
        if self.pooling == "max":
            raise ValueError("pooling is 'max', which has no weights; expected 'attention'.")
        windows = self._inputs(X)  # (n, longest, dim)
        with torch.inference_mode():
            weights = self.module_.weights(windows).numpy()  # (n, longest)
        return [row[:size] for row, size in zip(weights, map(len, X), strict=True)]

    def _inputs(
        self, X: ArrayLike | Sequence[ArrayLike], trains: np.ndarray | None = None
    ) -> torch.Tensor:
        """Return standardised windows, shape (n, longest, dim), NaN where a document has none."""
        documents = read_windows(X, None if trains is not None else self.scaler_.n_features_in_)
        if trains is not None:
            means = [documents[row].mean(axis=0) for row in np.flatnonzero(trains)]
            self.scaler_ = StandardScaler().fit(np.array(means))
        scaled = [torch.from_numpy(self.scaler_.transform(document)) for document in documents]
        return nn.utils.rnn.pad_sequence(scaled, batch_first=True, padding_value=torch.nan)

    def _network(self, n_inputs: int, n_outputs: int) -> nn.Module:
        dim = self.scaler_.n_features_in_
        net = POOLS[self.pooling](dim, n_outputs, dropout=self.dropout, hidden=self.hidden)
        # Begin at the prior: else a net of few steps is busy with it, and bends the weights to it.
        nn.init.zeros_(net.head.weight)
        net.head.bias.data = torch.from_numpy(np.log(self._prior / (1 - self._prior)))
        return net


class _Mean(nn.Module):
    """Windows, NaN where there is none, to the weighted mean of their logits."""

    def __init__(self, dim: int, n_outputs: int, *, dropout: float, hidden: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(dim, n_outputs)

    def raw_weights(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the weights before softmax, (n, k): here all alike."""
        return torch.zeros_like(windows[..., 0])

    def weights(self, windows: torch.Tensor) -> torch.Tensor:
        """Return weights that sum to 1 over each document's windows, (n, k)."""
        missing = windows[..., 0].isnan()  # (n, k)
        raw = self.raw_weights(windows.nan_to_num())
        return raw.masked_fill(missing, -torch.inf).softmax(dim=1)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the logits of documents, (n, L), of windows (n, k, dim)."""
        weights = self.weights(windows).unsqueeze(1)  # (n, 1, k)
        pooled = weights @ self.dropout(windows.nan_to_num())  # (n, 1, dim)
        return self.head(pooled.squeeze(1))


class _Attention(_Mean):
    """Gated attention: a weight for each window of tanh(Vh) times sigmoid(Uh)."""

    def __init__(self, dim: int, n_outputs: int, *, dropout: float, hidden: int) -> None:
        super().__init__(dim, n_outputs, dropout=dropout, hidden=hidden)
        self.content, self.gate = nn.Linear(dim, hidden), nn.Linear(dim, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)
        # Begin at the mean, and leave it only where that helps.
        nn.init.zeros_(self.score.weight)

    def raw_weights(self, windows: torch.Tensor) -> torch.Tensor:
        gated = self.content(windows).tanh() * self.gate(windows).sigmoid()  # (n, k, hidden)
        return self.score(gated).squeeze(2)


class _Max(_Mean):
    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        logits = self.head(self.dropout(windows.nan_to_num()))  # (n, k, L)
        missing = windows[..., :1].isnan()  # (n, k, 1)
        return logits.masked_fill(missing, -torch.inf).amax(dim=1)


POOLS = {"attention": _Attention, "mean": _Mean, "max": _Max}
