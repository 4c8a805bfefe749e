"""A folder of finished vectors: what is in it is whole, whoever was killed while writing."""

import hashlib
import io
import json
import os
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np

_BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError)


class VectorStore:
    """Vectors and receipts on disk, one small file a document, keyed by content.

    An entry is written under a temporary name and renamed, so a killed process leaves a whole entry
    or none, and two processes can share a store. Each entry carries checksums; one that does not
    match is reported, and the caller encodes again.

    Parameters
    ----------
    folder : str or Path
        Made if absent.

    Examples
    --------
    >>> import tempfile
    >>> store = VectorStore(tempfile.mkdtemp())
    >>> store.put("ab12", np.ones(2, np.float32), {"tokens": 7})
    >>> vector, receipt = store.get("ab12")
    >>> vector.tolist(), receipt, len(store)
    ([1.0, 1.0], {'tokens': 7}, 1)
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*/*.npz"))

    def get(self, key: str) -> tuple[np.ndarray, dict] | None:
        """Return (vector, receipt), or None if there is no whole entry under this key."""
        path = self._path(key)
        try:
            with np.load(path, allow_pickle=False) as entry:
                return entry["vector"], json.loads(str(entry["receipt"]))
        except FileNotFoundError:
            return None
        except _BROKEN as error:
            warnings.warn(
                f"store entry {path.name} is damaged ({type(error).__name__}: {error}); "
                "it is encoded again.",
                stacklevel=2,
            )
            return None

    def put(self, key: str, vector: np.ndarray, receipt: dict) -> None:
        """Write an entry whole, or not at all.

        Raises
        ------
        OSError
            If the disk is full or the folder cannot be written; the store stays valid.
        """
        path = self._path(key)
        content = io.BytesIO()
        np.savez(content, vector=vector, receipt=np.array(json.dumps(receipt)))
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise OSError(
                error.errno,
                f"could not write a vector of {len(content.getbuffer())} bytes "
                f"({error.strerror}); the {len(self)} vectors in the store are safe. "
                "Make room and start again: finished documents are not encoded twice",
                str(self.folder),
            ) from error

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"


def content_key(text: str, *settings: object) -> str:
    """Return the key of a text under settings: a hash of everything that decides its vector.

    Examples
    --------
    >>> content_key("a", 512) == content_key("a", 512) != content_key("a", 256)
    True
    """
    digest = hashlib.sha256(json.dumps([str(setting) for setting in settings]).encode())
    digest.update(b"\0")
    digest.update(text.encode("utf-8"))
    return digest.hexdigest()
