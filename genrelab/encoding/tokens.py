"""Tokenise once: whole documents to ids, untruncated, in pieces that change nothing."""

import re
from collections.abc import Iterator

import numpy as np

_BLANK_LINES = re.compile(r"\n[ \t]*\n")
PIECE_CHARACTERS = 20_000
# The tokenizer's own objects take a hundred bytes and more a token: only so many live at once.
PIECES_AT_ONCE = 16


class DocumentTokenizer:
    """Turn whole texts into token ids, linear in their length and never truncated.

    Some tokenizers take more than linear time on one long string, so a text is cut at blank lines
    into pieces of about ``PIECE_CHARACTERS`` and the pieces' ids are joined. Where a tokenizer lets
    tokens reach across a blank line, pieces would change the ids; a probe finds out, and such
    a tokenizer gets whole texts.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
        A transformers tokenizer with a Rust backend.

    Examples
    --------
    >>> from genrelab.encoding.models import load_model
    >>> tokenizer = DocumentTokenizer(load_model().network.tokenizer)
    >>> tokenizer("INT. BAR").tolist()
    [20014, 1012, 3347]
    """

    def __init__(self, tokenizer: object) -> None:
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ValueError(
                f"{type(tokenizer).__name__} has no fast backend; expected a fast tokenizer. "
                "Load the model with use_fast=True or convert its tokenizer."
            )
        # A copy: the model's own tokenizer keeps the truncation that its card declares.
        self._backend = type(backend).from_str(backend.to_str())
        self._backend.no_truncation()
        self._backend.no_padding()
        self._in_pieces = self._pieces_change_nothing()

    def __call__(self, text: str) -> np.ndarray:
        """Return the ids of the whole text, special tokens left out.

        Parameters
        ----------
        text : str

        Returns
        -------
        ndarray of int32, shape (n_tokens,)
        """
        parts = list(pieces(text)) if self._in_pieces else [text]
        return self._ids(parts)

    def _ids(self, parts: list[str]) -> np.ndarray:
        encode = getattr(self._backend, "encode_batch_fast", self._backend.encode_batch)
        ids = []
        for start in range(0, len(parts), PIECES_AT_ONCE):
            encoded = encode(parts[start : start + PIECES_AT_ONCE], add_special_tokens=False)
            ids += [np.asarray(part.ids, dtype=np.int32) for part in encoded]
        return np.concatenate(ids)

    def _pieces_change_nothing(self) -> bool:
        probe = "INT. BAR - NIGHT\n\n  He waits.  \n \n\nNAME\nwell, 'tis--so...\n\n\n\t(beat)\n\nX"
        cuts = [0, *(match.end() for match in _BLANK_LINES.finditer(probe)), len(probe)]
        parts = [probe[a:b] for a, b in zip(cuts, cuts[1:], strict=False) if a < b]
        return np.array_equal(self._ids(parts), self._ids([probe]))


def pieces(text: str, size: int = PIECE_CHARACTERS) -> Iterator[str]:
    r"""Cut a text at blank lines into pieces of at least ``size`` characters that join to it.

    Examples
    --------
    >>> list(pieces("one\n\ntwo\n\nthree", size=4))
    ['one\n\n', 'two\n\n', 'three']
    """
    start = 0
    while start < len(text):
        blank = _BLANK_LINES.search(text, min(start + size, len(text)) - 1)
        stop = blank.end() if blank else len(text)
        yield text[start:stop]
        start = stop
