"""Fetch files: in parallel, politely, verified by content hash, resumable; unpack archives safely.

A file is held in memory until its hash is right, written under a temporary name and renamed. So
what stands in the cache under its own name is whole and right, whenever the process is killed.
"""

import hashlib
import lzma
import os
import shutil
import tarfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from genrelab import __version__, settings
from genrelab.datasets.base import DatasetError

if TYPE_CHECKING:
    import requests
    from rich.progress import Progress

GITHUB_RAW = "https://raw.githubusercontent.com"
USER_AGENT = f"genrelab/{__version__} (course on film genres; polite fetcher)"
MAX_WORKERS = 6
_TIMEOUT = (10, 30)  # seconds to connect, seconds between two bytes
_LONGEST_WAIT = 300  # seconds; a host that asks for more is asked again by the user, later
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_DAMAGED = (  # what the readers of archives raise on damaged or encrypted ones
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
)
_GIVE_UP_AFTER = 12  # files failed in a row: the host is gone, or is the wrong one


class FetchError(RuntimeError):
    """Files did not arrive; the message says which, why, and what to do."""


class _Retry(Exception):
    """What went wrong may go right the next time, after ``wait`` seconds at the least."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class RemoteFile:
    """One file of a pinned commit.

    Attributes
    ----------
    name : str
        Its name in the cache folder.
    path : str
        ``<owner>/<repo>/<commit>/<path>``, on the host and in a mirror.
    sha1 : str
        Git blob SHA-1 of its bytes.
    size : int
        Length in bytes.
    """

    name: str
    path: str
    sha1: str
    size: int


def blob_sha1(data: bytes) -> str:
    """Return the SHA-1 that git gives to a file with these bytes.

    Examples
    --------
    >>> blob_sha1(b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    header = f"blob {len(data)}\0".encode()
    return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()


def mismatch(file: RemoteFile, data: bytes) -> str | None:
    """Return how ``data`` differs from what ``file`` should hold, or None."""
    found = blob_sha1(data)
    if found == file.sha1:
        return None
    return (
        f"{file.name}: expected git blob {file.sha1[:8]}… ({file.size:,} bytes), "
        f"found {found[:8]}… ({len(data):,} bytes)"
    )


def read_verified(file: RemoteFile, folder: Path, *, what: str) -> bytes:
    """Return the bytes of a cached file after checking its hash.

    Raises
    ------
    DatasetError
        If the file is missing or its content is not what was fetched.
    """
    path = folder / file.name
    remedy = f"Run: genrelab data fetch {what}"
    if not path.is_file():
        raise DatasetError(f"{what}: {path} is missing; expected {file.size:,} bytes. {remedy}")
    data = path.read_bytes()
    problem = mismatch(file, data)
    if problem:
        raise DatasetError(f"{what}: {problem} in {folder}. {remedy}")
    return data


def verify(files: Sequence[RemoteFile], folder: Path) -> list[str]:
    """Hash every file of the cache again.

    Parameters
    ----------
    files : sequence of RemoteFile
    folder : Path

    Returns
    -------
    list of str
        One line a problem; empty if all is well.
    """
    problems = []
    for file in files:
        path = folder / file.name
        problem = mismatch(file, path.read_bytes()) if path.is_file() else f"{file.name}: missing"
        if problem:
            problems.append(problem)
    return problems


def fetch(
    files: Sequence[RemoteFile],
    folder: Path,
    *,
    what: str,
    workers: int = MAX_WORKERS,
    attempts: int = 5,
    sleep: Callable[[float], None] = time.sleep,
    progress: bool = True,
) -> int:
    """Bring files into ``folder``; those that are there and right are left alone.

    The host is GitHub's raw host, or what ``GENRELAB_MIRROR`` names (a folder or a URL).

    Parameters
    ----------
    files : sequence of RemoteFile
    folder : Path
        Made if need be.
    what : str
        The data set's name, for messages.
    workers : int, default=6
        Connections at a time, at most 6.
    attempts : int, default=5
        How often one file is tried; the wait doubles each time, from one second, and is never
        shorter than the host asks for (``Retry-After``).
    sleep : callable, default=time.sleep
        Waits that many seconds.
    progress : bool, default=True
        Show a progress bar on standard error.

    Returns
    -------
    int
        How many files were fetched now.

    Raises
    ------
    FetchError
        If files did not arrive. Those that did are kept, so that the next call resumes.
    """
    if not 1 <= workers <= MAX_WORKERS:
        raise DatasetError(f"workers is {workers}; expected 1 to {MAX_WORKERS}: be polite.")
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("*.part"):
        leftover.unlink(missing_ok=True)
    wanted = [file for file in files if not _is_right(file, folder)]
    if not wanted:
        return 0
    source = settings.mirror() or GITHUB_RAW
    failures = _fetch_all(wanted, folder, source, what, workers, attempts, sleep, progress)
    if failures:
        examples = "; ".join(failures[:3]) + ("; …" if len(failures) > 3 else "")
        missing = sum(not _is_right(file, folder) for file in wanted)
        raise FetchError(
            f"{what}: {missing:,} of {len(files):,} files are missing after {len(failures)} "
            f"failures ({examples}). What arrived is verified and kept. Check the connection"
            f"{' and GENRELAB_MIRROR' if settings.mirror() else ''}, then run: "
            f"genrelab data fetch {what}"
        )
    return len(wanted)


def write_whole(path: Path, data: bytes) -> None:
    """Write under a temporary name, then rename: a reader sees the whole file or none."""
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    part.write_bytes(data)
    part.replace(path)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a zip or tar archive into a new ``folder``; nothing is written outside of it.

    Parameters
    ----------
    archive : Path
        ``.zip``, ``.tar``, ``.tar.gz``, ``.tar.xz`` or ``.tar.bz2``.
    folder : Path
        Appears when all members are there; left alone if it exists.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DatasetError
        If the file is no such archive or is damaged, or if a member's name leads out of the folder
        or is a link or device.
    """
    if folder.is_dir():
        return folder
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    part.mkdir(parents=True)
    try:
        for name, stream in _members(archive):
            target = part / _safe(name, archive)
            target.parent.mkdir(parents=True, exist_ok=True)
            with stream, target.open("wb") as out:
                shutil.copyfileobj(stream, out)
        part.replace(folder)
    except _DAMAGED as error:
        raise DatasetError(
            f"{archive}: cannot be unpacked ({error}); expected a whole zip or tar archive. "
            "Fetch it again."
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _fetch_all(
    files: list[RemoteFile],
    folder: Path,
    source: str,
    what: str,
    workers: int,
    attempts: int,
    sleep: Callable[[float], None],
    progress: bool,
) -> list[str]:
    """Fetch side by side; return one line a file that failed, stop when only failures come."""
    failures: list[str] = []
    in_a_row = 0
    local = threading.local()

    def fetch_one(file: RemoteFile) -> None:
        if not hasattr(local, "session"):
            local.session = _session()
        _download(file, folder, source, local.session, attempts, sleep)

    with _progress_bar(progress) as bar, ThreadPoolExecutor(workers) as pool:
        task = bar.add_task(f"fetching {what}", total=len(files))
        jobs: dict[Future[None], RemoteFile] = {pool.submit(fetch_one, f): f for f in files}
        try:
            for job in as_completed(jobs):
                try:
                    job.result()
                    in_a_row = 0
                except FetchError as error:
                    failures.append(str(error))
                    in_a_row += 1
                bar.advance(task)
                if in_a_row == _GIVE_UP_AFTER:
                    break
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return failures


def _download(
    file: RemoteFile,
    folder: Path,
    source: str,
    session: "requests.Session",
    attempts: int,
    sleep: Callable[[float], None],
) -> None:
    for attempt in range(attempts):
        try:
            data = _read(file, source, session)
            problem = mismatch(file, data)
            if problem:
                raise _Retry(problem)
            write_whole(folder / file.name, data)
            return
        except _Retry as error:
            reason, wait = str(error), max(2.0**attempt, error.wait)
        except FileNotFoundError as error:  # another fetch swept the temporary file away
            reason, wait = f"{file.name}: {error}", 2.0**attempt
        if wait > _LONGEST_WAIT:
            raise FetchError(f"{reason}; the host asks to wait {wait:.0f} s") from None
        if attempt + 1 < attempts:
            sleep(wait)
    raise FetchError(f"{reason}, tried {attempts} times")


def _read(file: RemoteFile, source: str, session: "requests.Session") -> bytes:
    import requests

    if not source.startswith(("http://", "https://")):
        path = Path(source).expanduser() / file.path
        if not path.is_file():
            raise FetchError(f"{file.name}: not in the mirror, expected {path}")
        return path.read_bytes()
    url = f"{source.rstrip('/')}/{quote(file.path)}"
    try:
        with session.get(url, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code in _TRANSIENT:
                wait = _retry_after(response.headers.get("Retry-After"))
                raise _Retry(f"{file.name}: HTTP {response.status_code} from {url}", wait)
            if response.status_code != 200:
                raise FetchError(f"{file.name}: HTTP {response.status_code} from {url}")
            data = bytearray()
            for chunk in response.iter_content(1 << 16):
                data += chunk
                if len(data) > file.size:
                    raise _Retry(f"{file.name}: more than the {file.size:,} bytes expected")
            return bytes(data)
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
        raise _Retry(f"{file.name}: connection to {url} broke") from None
    except requests.RequestException as error:
        raise FetchError(f"{file.name}: {error}") from None


def _retry_after(value: str | None) -> float:
    """Seconds that the header asks for: a number, or a date."""
    if not value:
        return 0
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _session() -> "requests.Session":
    import requests

    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    return session


def _is_right(file: RemoteFile, folder: Path) -> bool:
    path = folder / file.name
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    return mismatch(file, path.read_bytes()) is None


def _progress_bar(show: bool) -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not show,
    )


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as bundle:
            for info in bundle.infolist():
                if not info.is_dir():
                    yield info.filename, bundle.open(info)
        return
    with tarfile.open(archive) as bundle:
        for member in bundle:
            if member.isdir():
                continue
            stream = bundle.extractfile(member) if member.isfile() else None
            if stream is None:
                raise DatasetError(
                    f"{archive}: member {member.name!r} is a link or device; expected plain files. "
                    "Nothing was unpacked: do not trust this archive."
                )
            yield member.name, stream


def _safe(name: str, archive: Path) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(name).drive:
        raise DatasetError(
            f"{archive}: member {name!r} leads out of the folder; expected relative names. "
            "Nothing was unpacked: do not trust this archive."
        )
    return path
