"""Classifiers over one vector a document: a feed-forward net."""

from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import validate_data
from torch import nn

from genrelab.models.nets import Net


class FeedForward(Net):
    """A feed-forward net over any embedding, for label sets or for classes.

    Standardised inputs; linear layers with batch norm, ReLU and dropout; AdamW over shuffled
    batches. Part of the training rows is set aside: when its loss has not fallen for some epochs,
    training stops, and the weights of its best epoch come back. All in float64: what float32
    rounds differs from processor to processor, training amplifies it, and a recorded score would
    not come out again elsewhere. Needs skorch (``pip install 'genrelab[train]'``).

    Parameters
    ----------
    hidden : tuple of int, default=(256,)
        Units of each hidden layer; ``()`` for a linear model.
    dropout : float, default=0.3
        Share of the hidden units that is dropped at random.
    batch_norm : bool, default=True
        Normalise hidden units over each batch.
    loss : str or torch Module, default="bce"
        A name of `genrelab.losses.make_loss` (``"bce"``, ``"balanced"``, ``"log"``,
        ``"pos_weight"``, ``"focal"``, ``"asymmetric"``, ``"smoothed"``), weighed by the rows that
        the net learns from; or a loss of logits and 0/1 targets, both of shape (batch, L).
    learning_rate, weight_decay : float, default=1e-3 and 1e-4
        Of AdamW.
    batch_size : int, default=32
        Rows a step, at least 2. A last batch of a single row is left out: batch norm cannot learn
        from it, and shuffling makes it another row in each epoch.
    max_epochs : int, default=100
        Passes over the training rows, at most.
    patience : int, default=10
        Epochs without a lower validation loss before training stops.
    validation_share : float, default=0.15
        Share of the rows that is set aside, stratified over labels, groups kept whole. With 0, all
        rows train, for ``max_epochs``.
    random_state : int, RandomState or None, default=0
        Seed of the division, the weights, the batches and the dropout; torch's own random state
        stays as it was.
    device : str, default="auto"
        A torch device to train on; ``"auto"`` takes the GPU if there is one.

    Attributes
    ----------
    module_ : torch.nn.Sequential
        The net, on the CPU, in float64, so that a row's scores do not depend on its neighbours.
    scaler_ : StandardScaler
        Fitted on the rows that the net learnt from.
    history_ : DataFrame
        One row an epoch: ``epoch, train_loss, valid_loss`` (NaN without validation). The training
        loss is measured with dropout, while the weights still move.
    classes_ : ndarray
        Column numbers 0 … L-1; for a one-dimensional target its classes.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Notes
    -----
    A one-dimensional target of two classes is one label, of which the second class is the positive
    value. With more classes, ``"bce"``, ``"balanced"``, ``"log"`` and ``"smoothed"`` are
    cross-entropy over a softmax; the other losses judge each class for itself, and its sigmoids
    are divided by their sum.

    References
    ----------
    Ioffe, Szegedy (2015), "Batch Normalization". Srivastava et al. (2014), "Dropout". Loshchilov,
    Hutter (2019), "Decoupled Weight Decay Regularization". Prechelt (1998), "Early Stopping – But
    When?".

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> X, Y = make_multilabel_classification(n_samples=200, random_state=0)
    >>> net = FeedForward(max_epochs=20).fit(X, Y)
    >>> net.predict_proba(X[:2]).shape, net.predict(X[:2]).dtype
    ((2, 5), dtype('int8'))
    >>> list(net.history_.columns)
    ['epoch', 'train_loss', 'valid_loss']
    """

    def __init__(
        self,
        *,
        hidden: tuple[int, ...] = (256,),
        dropout: float = 0.3,
        batch_norm: bool = True,
        loss: str | nn.Module = "bce",
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        batch_size: int = 32,
        max_epochs: int = 100,
        patience: int = 10,
        validation_share: float = 0.15,
        random_state: int | np.random.RandomState | None = 0,
        device: str = "auto",
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.loss = loss
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_share = validation_share
        self.random_state = random_state
        self.device = device

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Train the net.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One vector a row.
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
            If lengths differ, labels are not 0/1, a parameter is out of range, too few rows are
            left to train on, or the loss becomes infinite.
        """
        return self._learn(
            validate_data(self, X, dtype=np.float64, ensure_min_samples=2), y, groups
        )

    def _inputs(self, X: ArrayLike, trains: np.ndarray | None = None) -> torch.Tensor:
        if trains is None:
            X = validate_data(self, X, dtype=np.float64, reset=False)
        else:
            self.scaler_ = StandardScaler().fit(X[trains])
        return torch.from_numpy(self.scaler_.transform(X))  # (n, d)

    def _network(self, n_inputs: int, n_outputs: int) -> nn.Sequential:
        layers = []
        for units in self.hidden:
            layers.append(nn.Linear(n_inputs, units))
            if self.batch_norm:
                layers.append(nn.BatchNorm1d(units))
            layers += [nn.ReLU(), nn.Dropout(self.dropout)]
            n_inputs = units
        return nn.Sequential(*layers, nn.Linear(n_inputs, n_outputs))
