"""Classifiers over one vector a document: a feed-forward net."""

from typing import Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from genrelab.encoding.models import resolve_device
from genrelab.losses import make_loss
from genrelab.metrics import read_target
from genrelab.splits import locked_split


class FeedForward(ClassifierMixin, BaseEstimator):
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
        for name, lowest in (("batch_size", 2), ("max_epochs", 1), ("patience", 1)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least {lowest}.")
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        targets, self.classes_, self._one_dimensional = read_target(y)  # (n, L)
        if self._one_dimensional and len(self.classes_) < 2:
            raise ValueError(f"y holds one class, '{self.classes_[0]}'; expected at least 2.")
        check_consistent_length(X, targets, groups)
        seed = check_random_state(self.random_state).randint(2**31)
        trains = np.ones(len(X), dtype=bool)
        if self.validation_share:
            groups = np.arange(len(X)) if groups is None else groups
            split = locked_split(targets, groups, test_share=self.validation_share, seed=seed)
            trains = split == "dev"
        if trains.sum() < 2:
            raise ValueError(
                f"{trains.sum()} of {len(X)} rows is left to train on; expected at least 2. Use "
                "more rows, or validation_share=0."
            )
        self.scaler_ = StandardScaler().fit(X[trains])
        names = getattr(y, "columns", self.classes_[-targets.shape[1] :])
        exclusive = self._one_dimensional and len(names) > 1
        loss = make_loss(self.loss, targets[trains], exclusive=exclusive, label_names=names)
        self._softmax = isinstance(loss, nn.CrossEntropyLoss)
        X, targets = torch.from_numpy(self.scaler_.transform(X)), torch.tensor(targets).double()
        parts = [TensorDataset(X[rows], targets[rows]) for rows in (trains, ~trains)]
        self._train(loss, *parts, seed=seed)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the labels of probability one half or more, or the likeliest class.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of int8, shape (n, L)
            Or one class a row, shape (n,), after a one-dimensional target.
        """
        probabilities = self.predict_proba(X)
        if self._one_dimensional:
            return self.classes_[probabilities.argmax(axis=1)]
        return (probabilities >= 0.5).astype(np.int8)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return probabilities, one column a label or class.

        They are as good as the loss: only ``"bce"`` aims at calibrated ones.

        Parameters
        ----------
        X : array-like of shape (n, d)

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

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the logits, one column a label or class.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, L)
            Or (n,), those of the second class, after a one-dimensional target of two classes.
        """
        logits = self._logits(X).numpy()  # (n, L)
        return logits[:, 0] if self._one_dimensional and logits.shape[1] == 1 else logits

    def _logits(self, X: ArrayLike) -> torch.Tensor:
        check_is_fitted(self, "module_")
        rows = self.scaler_.transform(validate_data(self, X, dtype=np.float64, reset=False))
        with torch.inference_mode():
            return self.module_(torch.from_numpy(rows))  # (n, L)

    def _train(
        self, loss: nn.Module, train: TensorDataset, valid: TensorDataset, *, seed: int
    ) -> None:
        """Fit by skorch under a seed of its own; set ``module_`` and ``history_``."""
        from skorch import NeuralNet
        from skorch.callbacks import EarlyStopping
        from skorch.helper import predefined_split
        from skorch.utils import noop

        stopper = EarlyStopping(patience=self.patience, threshold=0, load_best=True, sink=noop)
        # Seeding touches every GPU, whichever is used.
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            torch.manual_seed(seed)
            net = NeuralNet(
                self._network(*(part.shape[1] for part in train.tensors)).double(),
                criterion=loss.double(),
                optimizer=torch.optim.AdamW,
                optimizer__weight_decay=self.weight_decay,
                optimizer__fused=True,
                lr=self.learning_rate,
                max_epochs=self.max_epochs,
                batch_size=self.batch_size,
                iterator_train=_batches,
                iterator_train__shuffle=True,
                iterator_valid=_batches,
                train_split=predefined_split(valid) if len(valid) else None,
                callbacks=[("stopper", stopper)] if len(valid) else None,
                device=resolve_device(self.device),
                verbose=0,
            ).fit(train)
        history = pd.DataFrame(list(net.history))
        self.history_ = history.reindex(columns=["epoch", "train_loss", "valid_loss"])
        # skorch takes an interrupt for a wish to stop early.
        if len(history) < self.max_epochs and stopper.misses_ < self.patience:
            raise KeyboardInterrupt
        if not np.isfinite(self.history_["train_loss"]).all():
            raise ValueError(
                f"the training loss is not finite after {len(history)} epochs at learning_rate="
                f"{self.learning_rate}; expected finite losses. Lower it, or look at the loss."
            )
        self.module_ = net.module_.cpu().eval()

    def _network(self, n_inputs: int, n_outputs: int) -> nn.Sequential:
        layers = []
        for units in self.hidden:
            layers.append(nn.Linear(n_inputs, units))
            if self.batch_norm:
                layers.append(nn.BatchNorm1d(units))
            layers += [nn.ReLU(), nn.Dropout(self.dropout)]
            n_inputs = units
        return nn.Sequential(*layers, nn.Linear(n_inputs, n_outputs))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _batches(rows: TensorDataset, batch_size: int, shuffle: bool = False) -> DataLoader:
    """Load whole batches at once; one row at a time would take longer than learning from it."""
    order = RandomSampler(rows) if shuffle else range(len(rows))
    alone = shuffle and len(rows) % batch_size == 1
    return DataLoader(
        rows, sampler=BatchSampler(order, batch_size, drop_last=alone), batch_size=None
    )
