"""One run of the encoder: documents in, windows through the model, finished vectors out."""

import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from genrelab.encoding import memory
from genrelab.encoding.batches import LOOK_AHEAD, Window, ahead, budgeted, fit_batch, pad
from genrelab.encoding.models import LoadedModel
from genrelab.encoding.pooling import Pool, PoolingCallable, open_pool
from genrelab.encoding.store import VectorStore, content_key
from genrelab.encoding.tokens import DocumentTokenizer
from genrelab.windows import windows

if TYPE_CHECKING:
    import torch

# Threads that tokenise, and documents that they may run ahead of the model. A GPU reads a script in
# a hundredth of a second: it needs many at work, and enough in stock to fill a look-ahead.
TOKENIZERS = {"cpu": (1, 4), "cuda": (4, 32)}


@dataclass
class Receipt:
    """What was read of one document, and what it took.

    ``truncated`` counts tokens that no window read; it is 0 by construction, and counted all the
    same. ``seconds`` is the document's share, by tokens, of the time its batches took.
    """

    index: int
    id: str
    tokens: int = 0
    windows: int = 0
    truncated: int = 0
    seconds: float = 0.0
    token_budget: int = 0
    backoffs: int = 0
    from_store: bool = False
    error: str = ""


@dataclass
class _Prepared:
    """A document after the tokenizer thread: ids, or a finished vector, or a refusal."""

    receipt: Receipt
    key: str = ""
    ids: np.ndarray | None = None
    vector: np.ndarray | None = None


@dataclass
class _Open:
    """A document with windows still to come."""

    receipt: Receipt
    key: str
    pool: Pool
    waiting: int
    read: int = 0


@dataclass
class Run:
    """Settings and state of one pass over documents."""

    model: LoadedModel
    tokenizer: DocumentTokenizer
    window: int
    overlap: int
    pooling: str | PoolingCallable
    token_budget: int
    store: VectorStore | None
    collect_errors: bool
    _open: dict[int, _Open] = field(default_factory=dict)
    _done: deque[tuple[np.ndarray | None, Receipt]] = field(default_factory=deque)
    _launched: tuple[list[Window], "torch.Tensor", float] | None = None
    _warned: bool = False

    def documents(
        self, texts: Iterable[object], ids: Iterable[str] | None
    ) -> Iterator[tuple[np.ndarray | None, Receipt]]:
        """Yield (vector, receipt) as documents finish; a refused one has no vector."""
        named = zip(ids, texts, strict=True) if ids else ((str(i), t) for i, t in enumerate(texts))
        items = ((index, name, text) for index, (name, text) in enumerate(named))
        threads, depth = TOKENIZERS["cuda" if self.model.device.startswith("cuda") else "cpu"]
        prepared = ahead(self._prepare, items, depth, threads)
        batches = budgeted(self._windows(prepared), lambda: self.token_budget)
        for number, batch in enumerate(batches, 1):
            self._encode(batch)
            # Batches of many shapes leave holes between blocks, and the process would swell.
            if number % LOOK_AHEAD == 0:
                memory.trim()
            while self._done:
                yield self._done.popleft()
        self._collect()
        memory.trim()
        while self._done:
            yield self._done.popleft()

    def _prepare(self, item: tuple[int, str, object]) -> _Prepared:
        index, name, text = item
        receipt = Receipt(index, name)
        problem = problem_of(text)
        if problem:
            return self._refused(receipt, problem)
        key = ""
        if self.store is not None:
            key = content_key(
                text, self.model.sha256, self.window, self.overlap, self.pooling,
                self.model.precision,
            )  # fmt: skip
            entry = self.store.get(key)
            if entry is not None:
                vector, kept = entry
                receipt = Receipt(**{**kept, "index": index, "id": name, "from_store": True})
                return _Prepared(receipt, vector=vector)
        ids = self.tokenizer(text)
        if len(ids) == 0:
            return self._refused(receipt, "holds no token that the tokenizer knows")
        return _Prepared(receipt, key, ids)

    def _refused(self, receipt: Receipt, problem: str) -> _Prepared:
        receipt.error = refusal(receipt.index, receipt.id, problem)
        if not self.collect_errors:
            raise ValueError(receipt.error)
        return _Prepared(receipt)

    def _windows(self, prepared: Iterable[_Prepared]) -> Iterator[Window]:
        model = self.model
        size = self.window - len(model.prefix) - len(model.suffix)
        for document in prepared:
            if document.ids is None:
                self._done.append((document.vector, document.receipt))
                continue
            spans = windows(len(document.ids), size, self.overlap)
            receipt = document.receipt
            receipt.tokens, receipt.windows = len(document.ids), len(spans)
            pool = open_pool(self.pooling, spans, model.dim)
            self._open[receipt.index] = _Open(receipt, document.key, pool, len(spans))
            for number, (start, stop) in enumerate(spans):
                ids = np.concatenate([model.prefix, document.ids[start:stop], model.suffix])
                yield Window(receipt.index, number, ids.astype(np.int32))

    def _encode(self, batch: list[Window]) -> None:
        waiting = batch
        while waiting:
            count = fit_batch(waiting, self.token_budget)
            start = time.perf_counter()
            vectors, shortage = self._try(waiting[:count])
            if vectors is None:
                self._back_off(waiting[:count], shortage)
                continue
            seconds = time.perf_counter() - start
            # The device works on this batch while the one before it is read and pooled.
            self._collect()
            self._launched = (waiting[:count], vectors, seconds)
            waiting = waiting[count:]

    def _try(self, part: list[Window]) -> "tuple[torch.Tensor | None, str]":
        ids, lengths = pad(part, self.model.pad_id)
        vectors, shortage = memory.without_running_out(lambda: self.model.launch(ids, lengths))
        if vectors is None:
            # Out here the traceback, and the tensors that it held, are gone.
            memory.release(self.model.device)
        return vectors, shortage

    def _collect(self) -> None:
        """Read and pool the batch that is under way, if one is."""
        if self._launched is None:
            return
        part, vectors, seconds = self._launched
        self._launched = None
        start = time.perf_counter()
        found = vectors.cpu().numpy()  # (windows, dim)
        self._deliver(part, found, seconds + time.perf_counter() - start)

    def _back_off(self, part: list[Window], shortage: str) -> None:
        longest = len(part[0].ids)
        self._collect()
        if len(part) == 1:
            raise memory.too_large(self.model, longest, self.token_budget, shortage)
        tried = longest * len(part)
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"out of memory on {self.model.device} with a batch of {len(part)} windows "
                f"({tried} padded tokens); the token budget falls from {self.token_budget} to "
                f"{max(tried // 2, longest)} and the batch is tried again. Finished work is kept; "
                f"pass token_budget={max(tried // 2, longest)} to start there.",
                stacklevel=2,
            )
        self.token_budget = max(tried // 2, longest)
        for index in {window.document for window in part}:
            self._open[index].receipt.backoffs += 1

    def _deliver(self, part: list[Window], vectors: np.ndarray, seconds: float) -> None:
        total = sum(len(window.ids) for window in part)
        special = len(self.model.prefix) + len(self.model.suffix)
        for window, vector in zip(part, vectors, strict=True):
            document = self._open[window.document]
            document.pool.add(window.number, vector)
            document.receipt.seconds += seconds * len(window.ids) / total
            document.read += len(window.ids) - special
            document.waiting -= 1
            if document.waiting == 0:
                self._finish(window.document)

    def _finish(self, index: int) -> None:
        document = self._open.pop(index)
        receipt = document.receipt
        receipt.token_budget = self.token_budget
        shared = self.overlap * (receipt.windows - 1)
        receipt.truncated = receipt.tokens - (document.read - shared)
        vector = document.pool.result().astype(np.float32)
        if self.store is not None:
            self.store.put(document.key, vector, asdict(receipt))
        self._done.append((vector, receipt))


def problem_of(text: object) -> str:
    """Say what is wrong with a text, or return an empty string."""
    if text is None or (isinstance(text, float) and np.isnan(text)):
        return "is missing (None or NaN)"
    if isinstance(text, bytes):
        return "is bytes; decode it first"
    if not isinstance(text, str):
        return f"is {type(text).__name__}, not str"
    if not text:
        return "is empty"
    if not text.strip():
        return "holds only white space"
    if "\0" in text:
        return f"holds a NUL character (at {text.index(chr(0))}): a binary file?"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"holds a lone surrogate (at {error.start}): it was decoded wrongly"
    return ""


def refusal(index: int, name: str, problem: str) -> str:
    """Make the one line that refuses a document."""
    return (
        f"document {name!r} (index {index}) {problem}; expected text. "
        'Mend or drop it, or pass on_error="collect" to encode the rest.'
    )
