"""Vectors of words, learnt from the corpus itself, and of texts, as their weighted means."""

import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from genrelab.text import classic_text

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

KINDS = ("word2vec", "fasttext")
POOLINGS = ("mean", "tfidf", "sif")
# Room for the n-grams of some ten thousand words; gensim's own two million would take 250 MB.
BUCKETS = 20_000


def content_words(text: str) -> list[str]:
    """Return the lemmas of a text's content words, in order: `genrelab.text.classic_text`, cut.

    Examples
    --------
    >>> content_words("The horses weren't running.")
    ['horse', 'run']
    """
    return classic_text(text).split()


def check_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts as a list.

    Raises
    ------
    TypeError
        If they are one text, or an item is no text.

    Examples
    --------
    >>> check_texts(("a ship sinks", "a bank is robbed"))
    ['a ship sinks', 'a bank is robbed']
    """
    if isinstance(texts, str):
        raise TypeError(f"got one text of {len(texts)} characters; expected a list of texts.")
    texts = list(texts)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(
                f"item {index} is a {type(text).__name__}; expected a text. Pass a list of str."
            )
    return texts


class WordVectors(TransformerMixin, BaseEstimator):
    """Learn a vector for each word (skip-gram), and make a text the mean of its words' vectors.

    Needs gensim (``pip install 'genrelab[train]'``), which runs in one thread under a seed.

    Parameters
    ----------
    kind : {"word2vec", "fasttext"}, default="word2vec"
        A vector for each word, or for each of its n-grams of 3 to 6 letters too: FastText makes
        vectors for words that it never saw.
    pooling : {"mean", "tfidf", "sif"}, default="mean"
        How a text's words are weighed: alike; by inverse document frequency; or by *smooth inverse
        frequency* ``a / (a + p(word))``, after which the first principal component of the training
        texts is taken out. ``fit`` does not depend on it: set it anew on a fitted object if you
        like.
    vector_size : int, default=31
        Numbers a word. Below 32, processors add up a dot product in the same order, so that the
        same vectors come out everywhere; with more they differ in the fourth decimal after some
        epochs.
    window : int, default=5
        Neighbours on either side, at most, that a word learns to predict.
    min_count : int, default=2
        Words seen less often get no vector.
    epochs : int, default=10
        Passes over the texts.
    learning_rate : float, default=0.1
        Of the first step; it falls to almost 0. gensim's own .025 suits corpora of many million
        words, and on a few ten thousand leaves the vectors near where they started.
    a : float, default=1e-3
        Of SIF: the word probability at which a word counts half.
    tokenize : callable, default=content_words
        Takes a text and returns its words.
    random_state : int, RandomState or None, default=0

    Attributes
    ----------
    vectors_ : gensim.models.KeyedVectors
        The words' vectors; ``vectors_.most_similar("ship")`` and the like.
    counts_ : Counter
        How often each word stands in the training texts, rare ones too; ``n_words_`` in all.
    document_counts_ : Counter
        In how many of the ``n_texts_`` it stands.
    component_ : ndarray of shape (vector_size,)
        The direction that SIF takes out.

    References
    ----------
    Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
    Compositionality", arXiv 1310.4546. Bojanowski et al. (2017), "Enriching Word Vectors with
    Subword Information", arXiv 1607.04606. Arora, Liang, Ma (2017), "A Simple but Tough-to-Beat
    Baseline for Sentence Embeddings", https://openreview.net/forum?id=SyK00v5xx.

    Examples
    --------
    >>> texts = ["A ship sinks at sea.", "The crew leaves the ship.", "The sea is calm."]
    >>> words = WordVectors(vector_size=4).fit(texts)
    >>> words.vectors_.index_to_key, words.transform(texts).shape
    (['sea', 'ship'], (3, 4))
    """

    def __init__(
        self,
        *,
        kind: Literal["word2vec", "fasttext"] = "word2vec",
        pooling: Literal["mean", "tfidf", "sif"] = "mean",
        vector_size: int = 31,
        window: int = 5,
        min_count: int = 2,
        epochs: int = 10,
        learning_rate: float = 0.1,
        a: float = 1e-3,
        tokenize: Callable[[str], list[str]] = content_words,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.kind = kind
        self.pooling = pooling
        self.vector_size = vector_size
        self.window = window
        self.min_count = min_count
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.a = a
        self.tokenize = tokenize
        self.random_state = random_state

    def fit(self, X: Sequence[str], y: object = None) -> Self:
        """Learn the words' vectors, their frequencies, and what the texts have in common.

        Parameters
        ----------
        X : sequence of n texts
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ImportError
            If gensim is not installed.
        ValueError
            If an option is out of range, or no word occurs ``min_count`` times.
        TypeError
            If an item is no text.
        """
        self._check_options()
        texts = [self.tokenize(text) for text in check_texts(X)]
        self.counts_ = Counter(word for words in texts for word in words)
        self.document_counts_ = Counter(word for words in texts for word in set(words))
        self.n_texts_, self.n_words_ = len(texts), self.counts_.total()
        most = max(self.counts_.values(), default=0)
        if most < self.min_count:
            raise ValueError(
                f"the most frequent word of {len(texts)} texts occurs {most} times; expected at "
                f"least min_count={self.min_count}. Pass more text, or a lower min_count."
            )
        self.vectors_ = self._train(texts)
        weighed = self._pool(texts, "sif")  # (n, vector_size)
        # Not centred: the component is the direction in which all texts point alike.
        self.component_ = np.linalg.eigh(weighed.T @ weighed)[1][:, -1]
        return self

    def transform(self, X: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts.

        Parameters
        ----------
        X : sequence of n texts

        Returns
        -------
        ndarray of float64, shape (n, vector_size)

        Warns
        -----
        UserWarning
            If texts hold no word that has a vector: theirs is zero.
        """
        check_is_fitted(self)
        self._check_options()
        texts = [self.tokenize(text) for text in check_texts(X)]
        pooled = self._pool(texts, self.pooling)  # (n, vector_size)
        known = self.vectors_
        warn_of_unknown([not any(word in known for word in words) for words in texts], len(known))
        if self.pooling == "sif":
            pooled -= np.outer(pooled @ self.component_, self.component_)
        return pooled

    def weight(self, word: str) -> float:
        """Return how much a word counts in a text, by the rule of ``pooling``.

        Parameters
        ----------
        word : str
            As `tokenize` makes it; one that was never seen is as rare as can be.

        Returns
        -------
        float
        """
        return self._weight(word, self.pooling)

    def _weight(self, word: str, pooling: str) -> float:
        if pooling == "tfidf":
            return 1 + np.log((1 + self.n_texts_) / (1 + self.document_counts_[word]))
        if pooling == "sif":
            return self.a / (self.a + self.counts_[word] / self.n_words_)
        return 1.0

    def _pool(self, texts: list[list[str]], pooling: str) -> np.ndarray:
        pooled = np.zeros((len(texts), self.vector_size))
        for row, words in zip(pooled, texts, strict=True):
            known = [word for word in words if word in self.vectors_]
            if known:
                weights = np.array([self._weight(word, pooling) for word in known])  # (words,)
                # Arora's mean divides by the number of words, so that common ones make it short.
                total = len(known) if pooling == "sif" else weights.sum()
                row[:] = weights @ self.vectors_[known].astype(np.float64) / total
        return pooled

    def _train(self, texts: list[list[str]]) -> "KeyedVectors":
        try:
            from gensim.models import FastText, Word2Vec
        except ImportError:
            raise ImportError(
                "word vectors need gensim, which is not installed. "
                'Run: python -m pip install "genrelab[train]"'
            ) from None
        method, options = (
            (Word2Vec, {}) if self.kind == "word2vec" else (FastText, {"bucket": BUCKETS})
        )
        return method(
            texts,
            sg=1,
            vector_size=self.vector_size,
            window=self.window,
            min_count=self.min_count,
            epochs=self.epochs,
            alpha=self.learning_rate,
            seed=check_random_state(self.random_state).randint(2**31),
            workers=1,
            # Python's own hash changes from process to process.
            hashfxn=_stable_hash,
            **options,
        ).wv

    def _check_options(self) -> None:
        for name, allowed in (("kind", KINDS), ("pooling", POOLINGS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected one of {allowed}.")
        for name in ("vector_size", "window", "min_count", "epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1.")
        for name in ("learning_rate", "a"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a positive number.")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags


def warn_of_unknown(unknown: list[bool], n_words: int) -> None:
    """Warn of texts of which no word is known.

    Parameters
    ----------
    unknown : list of bool
        A text each.
    n_words : int
        How many words are known.
    """
    if any(unknown):
        warnings.warn(
            f"{sum(unknown)} of {len(unknown)} texts (first: index {unknown.index(True)}) hold no "
            f"word of the {n_words:,} that have a vector, so theirs is zero. Drop them, fit on "
            'more text, or take WordVectors(kind="fasttext").',
            stacklevel=3,
        )


def _stable_hash(word: str) -> int:
    return zlib.crc32(word.encode())
