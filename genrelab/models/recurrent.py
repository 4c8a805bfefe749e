"""Nets that read a text word by word: a GRU or an LSTM in both directions."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Sampler, TensorDataset

from genrelab.models.nets import Net
from genrelab.models.words import WordVectors, check_texts, warn_of_unknown

CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}
# Word numbers: 0 is no word, 1 a word without a vector of its own.
UNKNOWN, FIRST = 1, 2
BUCKETS_MIXED = 8


class Recurrent(Net):
    """A recurrent net over word vectors, for label sets or for classes.

    Each word's vector goes through a GRU or an LSTM, once from the front and once from the back; a
    linear layer reads the largest value that each number of the state takes. The word vectors are
    learnt in ``fit`` from the texts that the net learns from, and scaled to a variance of 1.
    Training, early stopping and the rows set aside are those of `genrelab.models.FeedForward`, in
    float64 as there. Needs gensim and skorch (``pip install 'genrelab[train]'``).

    Parameters
    ----------
    cell : {"gru", "lstm"}, default="gru"
    vectors : WordVectors, optional
        Untrained; default ``WordVectors()``. Its pooling plays no part.
    frozen : bool, default=True
        Leave the words' vectors as they were learnt; else the net goes on learning them.
    hidden : int, default=16
        Numbers in a state, each way.
    dropout : float, default=0.3
        Share of the numbers of words and of states that is dropped at random.
    loss, learning_rate, weight_decay, batch_size, max_epochs, patience, validation_share, \
random_state, device
        As `genrelab.models.FeedForward` has them. Rows of about the same length share a batch.
    clip : float, default=1.0
        Longest gradient, over all weights together: a longer one is cut to this norm.

    Attributes
    ----------
    module_ : torch.nn.Module
        The net, on the CPU, in float64. It takes word numbers of shape (n, words), 0 after the end.
    vectors_ : WordVectors
        Fitted on the texts that the net learnt from, not on those set aside.
    history_ : DataFrame
        One row an epoch: ``epoch, train_loss, valid_loss``.
    classes_ : ndarray
        Column numbers 0 … L-1; for a one-dimensional target its classes.

    Notes
    -----
    Texts are read whole. A word that has no vector is read as *unknown*, also where FastText could
    make one.

    References
    ----------
    Hochreiter, Schmidhuber (1997), "Long Short-Term Memory". Cho et al. (2014), "Learning Phrase
    Representations using RNN Encoder-Decoder", arXiv 1406.1078. Schuster, Paliwal (1997),
    "Bidirectional Recurrent Neural Networks". Conneau et al. (2017), "Supervised Learning of
    Universal Sentence Representations" (the maximum over states), arXiv 1705.02364. Pascanu,
    Mikolov, Bengio (2013), "On the difficulty of training recurrent neural networks", arXiv
    1211.5063.

    Examples
    --------
    >>> texts = ["A ship sinks at sea.", "A bank is robbed by a gang."] * 10
    >>> y = ["adventure", "crime"] * 10
    >>> net = Recurrent(vectors=WordVectors(vector_size=4), hidden=4, learning_rate=0.05)
    >>> net.fit(texts, y).predict(texts[:2]).tolist()
    ['adventure', 'crime']
    """

    def __init__(
        self,
        *,
        cell: Literal["gru", "lstm"] = "gru",
        vectors: WordVectors | None = None,
        frozen: bool = True,
        hidden: int = 16,
        dropout: float = 0.3,
        loss: str | nn.Module = "bce",
        learning_rate: float = 1e-2,
        weight_decay: float = 1e-4,
        clip: float = 1.0,
        batch_size: int = 32,
        max_epochs: int = 15,
        patience: int = 2,
        validation_share: float = 0.15,
        random_state: int | np.random.RandomState | None = 0,
        device: str = "auto",
    ) -> None:
        self.cell = cell
        self.vectors = vectors
        self.frozen = frozen
        self.hidden = hidden
        self.dropout = dropout
        self.loss = loss
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip = clip
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_share = validation_share
        self.random_state = random_state
        self.device = device

    def fit(self, X: Sequence[str], y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Learn the word vectors, then train the net.

        Parameters
        ----------
        X : sequence of n texts
        y : array-like, DataFrame or sparse matrix of shape (n, L), or array of shape (n,)
            0/1 labels, or classes.
        groups : array-like of shape (n,), optional
            Rows of one group stay on one side of the inner division.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If lengths differ, labels are not 0/1, an item is no text, a parameter is out of range,
            too few rows are left to train on, or the loss becomes infinite.
        """
        if self.cell not in CELLS:
            raise ValueError(f"cell is {self.cell!r}; expected one of {tuple(CELLS)}.")
        if not self.clip > 0:
            raise ValueError(f"clip is {self.clip}; expected a positive number.")
        return self._learn(check_texts(X), y, groups)

    def _inputs(self, X: Sequence[str], trains: np.ndarray | None = None) -> torch.Tensor:
        texts = check_texts(X)
        if trains is not None:
            vectors = WordVectors() if self.vectors is None else clone(self.vectors)
            self.vectors_ = vectors.fit([texts[row] for row in np.flatnonzero(trains)])
        known = self.vectors_.vectors_.key_to_index
        rows = [
            [known[word] + FIRST if word in known else UNKNOWN for word in words]
            for words in map(self.vectors_.tokenize, texts)
        ]
        warn_of_unknown([max(row, default=0) < FIRST for row in rows], len(known))
        # A text without a word is read as one unknown word: a net needs something to read.
        rows = [torch.tensor(row or [UNKNOWN], dtype=torch.int32) for row in rows]
        return nn.utils.rnn.pad_sequence(rows, batch_first=True)  # (n, longest)

    def _logits(self, X: Sequence[str]) -> torch.Tensor:
        check_is_fitted(self, "module_")
        ids = self._inputs(X)
        logits = torch.empty(len(ids), self.module_.head.out_features, dtype=torch.float64)
        with torch.inference_mode():
            for rows in BucketSampler(ids, self.batch_size):
                logits[rows] = self.module_(ids[rows])  # (batch, L)
        return logits

    def _batches(self, rows: TensorDataset, batch_size: int, shuffle: bool = False) -> DataLoader:
        sampler = BucketSampler(rows.tensors[0], batch_size, shuffle)
        return DataLoader(rows, sampler=sampler, batch_size=None)

    def _network(self, n_inputs: int, n_outputs: int) -> nn.Module:
        learnt = torch.from_numpy(self.vectors_.vectors_.vectors)  # (words, d)
        # Gates are made for numbers near one; how long word vectors are depends on the epochs.
        learnt = learnt / learnt.std()
        table = torch.cat([torch.zeros(FIRST, learnt.shape[1]), learnt])  # (2 + words, d)
        return Reader(table, n_outputs, self.cell, self.hidden, self.dropout, self.frozen)

    def _callbacks(self) -> list[tuple[str, Any]]:
        from skorch.callbacks import GradientNormClipping

        return [("clip", GradientNormClipping(gradient_clip_value=self.clip))]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags


class Reader(nn.Module):
    """Word numbers to logits: vectors, a recurrent layer both ways, a linear one.

    Parameters
    ----------
    table : Tensor of shape (2 + words, d)
        The vectors; the first is padding.
    n_outputs : int
    cell, hidden, dropout, frozen
        As `Recurrent` has them.
    """

    def __init__(
        self, table: torch.Tensor, n_outputs: int, cell: str, hidden: int, dropout: float,
        frozen: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.words = nn.Embedding.from_pretrained(table, freeze=frozen, padding_idx=0)
        self.reader = CELLS[cell](table.shape[1], hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * hidden, n_outputs)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape (n, L), of word numbers, shape (n, words)."""
        lengths = lengths_of(ids)  # (n,)
        vectors = self.dropout(self.words(ids[:, : lengths.max()]))  # (n, longest, d)
        # Packed, the way back starts at a text's last word and not in its padding.
        packed = pack_padded_sequence(vectors, lengths.cpu(), True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.reader(packed)[0], True, padding_value=-torch.inf)
        strongest = states.amax(dim=1)  # (n, longest, 2 * hidden) to (n, 2 * hidden)
        return self.head(self.dropout(strongest))


def lengths_of(ids: torch.Tensor) -> torch.Tensor:
    """Return how many words each row of padded word numbers has: (n, words) to (n,)."""
    return (ids > 0).sum(dim=1)


class BucketSampler(Sampler[torch.Tensor]):
    """Batches of rows of about the same length, so that little is padded.

    Parameters
    ----------
    ids : Tensor of shape (n, words)
        Padded word numbers.
    batch_size : int
    shuffle : bool, default=False
        Mix the rows anew each time, sort only within some batches' worth, and mix the batches.

    Examples
    --------
    >>> ids = torch.tensor([[4, 4, 4], [4, 0, 0], [4, 4, 4], [4, 0, 0]])
    >>> [rows.tolist() for rows in BucketSampler(ids, 2)]
    [[1, 3], [0, 2]]
    """

    def __init__(self, ids: torch.Tensor, batch_size: int, shuffle: bool = False) -> None:
        self.lengths, self.batch_size, self.shuffle = lengths_of(ids), batch_size, shuffle

    def __iter__(self) -> Iterator[torch.Tensor]:
        n = len(self.lengths)
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        pools = order.split(BUCKETS_MIXED * self.batch_size if self.shuffle else n)
        batches = [
            batch
            for pool in pools
            for batch in pool[self.lengths[pool].argsort(stable=True)].split(self.batch_size)
        ]
        turns = torch.randperm(len(batches)) if self.shuffle else range(len(batches))
        yield from (batches[turn] for turn in turns)
