"""ScriptEncoder: one vector for a document of any length, in bounded memory."""

import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from genrelab.encoding import memory
from genrelab.encoding.models import LoadedModel, load_model
from genrelab.encoding.pooling import PoolingCallable, check_pooling
from genrelab.encoding.run import Receipt, Run, problem_of, refusal
from genrelab.encoding.store import VectorStore
from genrelab.encoding.tokens import DocumentTokenizer

if TYPE_CHECKING:
    import pandas as pd
    from rich.progress import Progress

_ON_ERROR = ("raise", "collect")


class ScriptEncoder(TransformerMixin, BaseEstimator):
    """Encode documents of any length, every token read, without running out of memory.

    A document is tokenised once and untruncated, cut into windows, and the windows of many
    documents go through the model in batches of one token budget. Window vectors are pooled as they
    come: memory is bounded by one batch, not by a document or a data set.

    Parameters
    ----------
    model : str or Path, optional
        Folder or hub id of a sentence-transformers or transformers encoder. ``None`` is the bundled
        all-MiniLM-L6-v2, verified by hash. Its own pooling and normalisation are honoured.
    window : int, default=512
        Tokens of a window, special tokens included. It may exceed the length that the model's card
        declares, up to its position table, and then warns once.
    overlap : int, default=0
        Tokens that neighbouring windows share (*stride* in Hugging Face).
    pooling : str or callable, default="mean"
        ``"mean"`` (token-weighted, overlap counted once), ``"max"``, ``"mean+max"``, ``"thirds"``,
        ``"segments(k)"``, ``"windows"`` (all window vectors), or a callable
        ``(vectors, weights) -> vector``.
    token_budget : int or "auto", default="auto"
        Padded tokens a batch (longest x count). ``"auto"`` probes once for each device, model and
        precision, and remembers. It changes speed and memory; vectors agree to a cosine of 0.9999.
    precision : {"auto", "float32", "bfloat16", "float16"}, default="auto"
        Number format of the transformer. ``"auto"`` takes the fastest that the hardware has units
        for. Output is float32, pooled in float64.
    device : str, default="auto"
        A torch device; ``"auto"`` takes the GPU if there is one.
    store : str or Path, optional
        Folder that keeps finished vectors, by content. A second run reads them back; a killed run
        loses only documents in flight.
    on_error : {"raise", "collect"}, default="raise"
        What to do with a document that cannot be encoded. ``"collect"`` encodes the rest, warns,
        lists the refused in ``errors_`` and fills their rows with NaN.
    progress : bool, default=False
        Show documents, tokens a second and time left.

    Attributes
    ----------
    receipts_ : DataFrame
        One row a document: tokens, windows, truncated (always 0), seconds, token budget, backoffs.
    errors_ : DataFrame
        The refused documents: index, id, error.
    summary_ : str
        One line: documents, tokens, tokens/s, peak memory.

    Raises
    ------
    ValueError
        If a setting is out of range or a document is no text; the message names it.
    genrelab.encoding.memory.WindowTooLargeError
        If one single window does not fit into memory.

    References
    ----------
    Chunking and pooling long documents: Park et al. 2022, https://arxiv.org/abs/2203.11258.
    Sentence embeddings: Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084.

    Examples
    --------
    >>> encoder = ScriptEncoder(window=128, token_budget=2048)
    >>> vectors = encoder.fit_transform(["A ship sinks. " * 200, "Two men wait for a train."])
    >>> vectors.shape
    (2, 384)
    >>> encoder.receipts_[["tokens", "windows", "truncated"]].values.tolist()
    [[800, 7, 0], [7, 1, 0]]
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        window: int = 512,
        overlap: int = 0,
        pooling: str | PoolingCallable = "mean",
        token_budget: int | str = "auto",
        precision: str = "auto",
        device: str = "auto",
        store: str | Path | None = None,
        on_error: str = "raise",
        progress: bool = False,
    ) -> None:
        self.model = model
        self.window = window
        self.overlap = overlap
        self.pooling = pooling
        self.token_budget = token_budget
        self.precision = precision
        self.device = device
        self.store = store
        self.on_error = on_error
        self.progress = progress

    def fit(self, X: Sequence[str] | None = None, y: object = None) -> Self:
        """Load the model; nothing is learned from the texts."""
        self._load()
        return self

    def transform(
        self, X: Iterable[str], ids: Sequence[str] | None = None
    ) -> np.ndarray | list[np.ndarray]:
        """Encode documents.

        Parameters
        ----------
        X : iterable of str
            Documents, of any length.
        ids : sequence of str, optional
            Names for receipts and errors; a pandas index serves if there is one.

        Returns
        -------
        ndarray of float32, shape (n_documents, dim)
            For ``pooling="windows"`` a list of arrays of shape (n_windows, dim).
        """
        texts = X if hasattr(X, "__len__") else list(X)
        rows: list[np.ndarray | None] = [None] * len(texts)
        for index, vector, _ in self.iter_encode(texts, ids=ids, refused=True):
            rows[index] = vector
        dim = self._load().dim
        shape = next((row.shape for row in rows if row is not None), (dim,))
        shape = (1, dim) if len(shape) == 2 else shape
        filled = [np.full(shape, np.nan, np.float32) if row is None else row for row in rows]
        if self.pooling == "windows":
            return filled
        return np.stack(filled) if filled else np.zeros((0, dim), np.float32)

    def iter_encode(
        self, X: Iterable[str], ids: Sequence[str] | None = None, *, refused: bool = False
    ) -> Iterator[tuple[int, np.ndarray | None, Receipt]]:
        """Encode documents and yield each as it finishes, not necessarily in order.

        Texts in memory are all checked before the model runs; texts that come lazily are checked
        as they come.

        Parameters
        ----------
        X : iterable of str
        ids : sequence of str, optional
        refused : bool, default=False
            With ``on_error="collect"``, yield refused documents too, without a vector.

        Yields
        ------
        (int, ndarray of float32, Receipt)
        """
        self._check_settings()
        if isinstance(X, str | bytes):
            raise ValueError(
                f"X is one {type(X).__name__}; expected a sequence of texts. Wrap it in a list."
            )
        names = _names(X, ids)
        if self.on_error == "raise" and isinstance(X, list | tuple):
            _check_all(X, names)
        run = self._start()
        receipts: list[Receipt] = []
        began = time.perf_counter()
        with _progress(X) if self.progress else nullcontext() as bar:
            for vector, receipt in run.documents(X, names):
                receipts.append(receipt)
                if bar is not None:
                    _advance(bar, receipts, time.perf_counter() - began)
                if vector is not None or refused:
                    yield receipt.index, vector, receipt
            self._report(receipts, time.perf_counter() - began)
            if bar is not None:
                bar.console.print(self.summary_)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return ``scriptencoder0``, ``scriptencoder1``, …, one name a dimension of the vector."""
        width = self.transform(["a"]).shape[1]
        return np.array([f"scriptencoder{i}" for i in range(width)], dtype=object)

    def _start(self) -> Run:
        model = self._load()
        budget = self.token_budget
        return Run(
            model=model,
            tokenizer=self._tokenizer,
            window=self.window,
            overlap=self.overlap,
            pooling=self.pooling,
            token_budget=memory.auto_budget(model, self.window) if budget == "auto" else budget,
            store=None if self.store is None else VectorStore(self.store),
            collect_errors=self.on_error == "collect",
        )

    def _load(self) -> LoadedModel:
        wanted = (self.model, self.precision, self.device)
        if getattr(self, "_loaded_as", None) != wanted:
            from genrelab.encoding.fused import fuse

            self._loaded = load_model(self.model, precision=self.precision, device=self.device)
            fuse(self._loaded)
            self._tokenizer = DocumentTokenizer(self._loaded.network.tokenizer)
            self._loaded_as = wanted
            self._check_window(self._loaded)
        return self._loaded

    def _check_window(self, model: LoadedModel) -> None:
        special = len(model.prefix) + len(model.suffix)
        if not special < self.window <= model.longest_window:
            raise ValueError(
                f"window is {self.window}; {model.name} has positions for {model.longest_window} "
                f"tokens, {special} of them special. Choose a window in between."
            )
        if self.overlap >= self.window - special or self.overlap < 0:
            raise ValueError(
                f"overlap is {self.overlap}; expected 0 <= overlap < {self.window - special}, the "
                "window less its special tokens. Lower the overlap."
            )
        if self.window > model.declared_length > 0:
            warnings.warn(
                f"window={self.window} exceeds the {model.declared_length} tokens that the card of "
                f"{model.name} declares; its position table holds {model.longest_window}. "
                "Compare both lengths on your data.",
                stacklevel=4,
            )

    def _check_settings(self) -> None:
        check_pooling(self.pooling)
        if self.on_error not in _ON_ERROR:
            raise ValueError(f"on_error is {self.on_error!r}; expected 'raise' or 'collect'.")
        budget = self.token_budget
        if budget != "auto" and not (isinstance(budget, int | np.integer) and budget > 0):
            raise ValueError(f"token_budget is {budget!r}; expected 'auto' or a positive integer.")
        if self.store is not None and callable(self.pooling):
            raise ValueError(
                "store= needs a pooling with a name, and this one is a callable, whose vectors "
                'could not be told apart later. Store pooling="windows" and pool what you read.'
            )

    def _report(self, receipts: list[Receipt], seconds: float) -> None:
        import pandas as pd

        table = pd.DataFrame([asdict(receipt) for receipt in receipts], columns=_columns())
        table = table.sort_values("index", ignore_index=True)
        wrong = table["error"] != ""
        self.receipts_ = table[~wrong].drop(columns="error").reset_index(drop=True)
        self.errors_ = table.loc[wrong, ["index", "id", "error"]].reset_index(drop=True)
        self.summary_ = _summary(self.receipts_, seconds, self._loaded.device)
        if wrong.any():
            names = ", ".join(self.errors_["id"].astype(str)[:5])
            warnings.warn(
                f"{wrong.sum()} of {len(table)} documents were refused ({names}"
                f"{', ...' if wrong.sum() > 5 else ''}); their rows are NaN. See errors_.",
                stacklevel=3,
            )

    def __getstate__(self) -> dict:
        state = super().__getstate__()
        return {key: value for key, value in state.items() if key not in _NOT_COPIED}

    def __sklearn_tags__(self) -> object:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.requires_fit = False
        return tags


# The network is loaded again from its source in another process.
_NOT_COPIED = ("_loaded", "_tokenizer", "_loaded_as")


def _names(texts: Iterable[object], ids: Sequence[str] | None) -> list[str] | None:
    if ids is None:
        index = getattr(texts, "index", None)
        ids = None if index is None or callable(index) else index
    if ids is None:
        return [str(i) for i in range(len(texts))] if hasattr(texts, "__len__") else None
    if hasattr(texts, "__len__") and len(ids) != len(texts):
        raise ValueError(
            f"ids has {len(ids)} names for {len(texts)} documents; expected one each. Align them."
        )
    return [str(name) for name in ids]


def _check_all(texts: Sequence[object], names: Iterable[str]) -> None:
    for index, (name, text) in enumerate(zip(names, texts, strict=True)):
        problem = problem_of(text)
        if problem:
            raise ValueError(refusal(index, name, problem))


def _columns() -> list[str]:
    return list(Receipt.__dataclass_fields__)


def _summary(receipts: "pd.DataFrame", seconds: float, device: str) -> str:
    fresh = receipts[~receipts["from_store"].astype(bool)]
    tokens = int(fresh["tokens"].sum())
    return (
        f"{len(receipts)} documents ({len(receipts) - len(fresh)} from the store), "
        f"{tokens:,} tokens in {int(fresh['windows'].sum()):,} windows, "
        f"{int(fresh['truncated'].sum())} truncated, "
        f"{tokens / max(seconds, 1e-9):,.0f} tokens/s, "
        f"peak {memory.peak_bytes(device) / 2**20:,.0f} MiB, "
        f"{int(fresh['backoffs'].sum())} backoffs"
    )


def _progress(texts: Iterable[object]) -> "Progress":
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = ("Encoding", BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    bar.add_task("encode", total=len(texts) if hasattr(texts, "__len__") else None, rate="")
    return bar


def _advance(bar: "Progress", receipts: list[Receipt], seconds: float) -> None:
    tokens = sum(receipt.tokens for receipt in receipts if not receipt.from_store)
    bar.update(bar.task_ids[0], advance=1, rate=f"{tokens / max(seconds, 1e-9):,.0f} tokens/s")
