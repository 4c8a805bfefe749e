"""What the small nets share: rows set aside, training, early stopping, probabilities."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from genrelab.encoding.models import resolve_device
from genrelab.losses import make_loss
from genrelab.metrics import read_target
from genrelab.models.base import LogitClassifier
from genrelab.splits import locked_split


class Net(LogitClassifier):
    """A net trained by skorch, for label sets or for classes; the base of the small nets.

    A subclass takes the options of training (``loss, learning_rate, weight_decay, batch_size,
    max_epochs, patience, validation_share, random_state, device``), calls `_learn` in ``fit``, and
    says how inputs become a tensor (`_inputs`) and what the net is (`_network`).
    """

    def _inputs(self, X: ArrayLike, trains: np.ndarray | None = None) -> torch.Tensor:
        """Return what the net takes, a row each; ``trains`` marks the rows to learn from."""
        raise NotImplementedError

    def _network(self, n_inputs: int, n_outputs: int) -> nn.Module:
        """Return an untrained net of inputs of shape (n, n_inputs)."""
        raise NotImplementedError

    def _batches(self, rows: TensorDataset, batch_size: int, shuffle: bool = False) -> DataLoader:
        """Load whole batches at once; a row at a time would take longer than learning from it."""
        order = RandomSampler(rows) if shuffle else range(len(rows))
        alone = shuffle and len(rows) % batch_size == 1
        return DataLoader(
            rows, sampler=BatchSampler(order, batch_size, drop_last=alone), batch_size=None
        )

    def _logits(self, X: ArrayLike) -> torch.Tensor:
        check_is_fitted(self, "module_")
        with torch.inference_mode():
            return self.module_(self._inputs(X))  # (n, L)

    def _learn(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None) -> "Net":
        """Set rows aside, prepare the inputs on the others, and train."""
        for name, lowest in (("batch_size", 2), ("max_epochs", 1), ("patience", 1)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least {lowest}.")
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
        names = getattr(y, "columns", self.classes_[-targets.shape[1] :])
        exclusive = self._one_dimensional and len(names) > 1
        loss = make_loss(self.loss, targets[trains], exclusive=exclusive, label_names=names)
        self._softmax = isinstance(loss, nn.CrossEntropyLoss)
        X, targets = self._inputs(X, trains), torch.tensor(targets).double()
        self._train(loss, *(TensorDataset(X[r], targets[r]) for r in (trains, ~trains)), seed=seed)
        return self

    def _callbacks(self) -> list[tuple[str, Any]]:
        return []

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
                iterator_train=self._batches,
                iterator_train__shuffle=True,
                iterator_valid=self._batches,
                train_split=predefined_split(valid) if len(valid) else None,
                callbacks=[*self._callbacks(), *([("stopper", stopper)] if len(valid) else [])],
                device=resolve_device(self.device),
                verbose=0,
                callbacks__print_log=None,
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
