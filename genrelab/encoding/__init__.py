"""Encode long documents: windows, budgeted batches, streaming pooling, receipts."""

from genrelab.encoding.encoder import ScriptEncoder
from genrelab.encoding.memory import WindowTooLargeError
from genrelab.encoding.run import Receipt
from genrelab.encoding.store import VectorStore

__all__ = ["Receipt", "ScriptEncoder", "VectorStore", "WindowTooLargeError"]
