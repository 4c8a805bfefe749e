"""Fetch files: in parallel, politely, verified by content hash, resumable; unpack archives safely.

A file is held in memory until its hash is right, written under a temporary name and renamed. So
what stands in the cache under its own name is whole and right, whenever the process is killed.
"""

import hashlib
import os
import shutil
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from genrelab import __version__, settings
from genrelab.datasets.base import DatasetError

if TYPE_CHECKING:
    import requests

GITHUB_RAW = "https://raw.githubusercontent.com"
WORKERS = 6
_TIMEOUT = (10, 30)  # seconds to connect, seconds between two bytes
_LONGEST_WAIT = 300  # seconds; a host that asks for more is asked again by the user, later
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_GIVE_UP_AFTER = 12  # files failed in a row: the host is gone, or is the wrong one


class FetchError(RuntimeError):
    """Files did not arrive; the message says which, why, and what to do."""


class _Retry(Exception):
    """What went wrong may go right the next time, after ``wait`` seconds at the least."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


class RemoteFile(NamedTuple):
    """One file of a pinned commit, or of another host.

    Attributes
    ----------
    name : str
        Its name in the cache folder.
    path : str
        ``<owner>/<repo>/<commit>/<path>``, on the host and in a mirror.
    sha1 : str
        Git blob SHA-1 of its bytes; empty for an archive of which only the members' are known.
    size : int
        Length in bytes; of such an archive, the most that is accepted; 0 where it is not known.
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
    if file.sha1 in ("", found):
        return None
    size = f" ({file.size:,} bytes)" if file.size else ""
    return (
        f"{file.name}: expected git blob {file.sha1[:8]}…{size}, "
        f"found {found[:8]}… ({len(data):,} bytes)"
    )


def problem_with(file: RemoteFile, folder: Path) -> str | None:
    """Return what is wrong with the cached copy of a file, or None."""
    path = folder / file.name
    return mismatch(file, path.read_bytes()) if path.is_file() else f"{file.name}: missing"


def verify(files: Sequence[RemoteFile], folder: Path) -> list[str]:
    """Hash every file of the cache again; return one line a problem."""
    return [problem for file in files if (problem := problem_with(file, folder))]


def read_verified(file: RemoteFile, folder: Path, *, what: str) -> bytes:
    """Return the bytes of a cached file after checking its hash.

    Raises
    ------
    DatasetError
        If the file is missing or its content is not what was fetched.
    """
    problem = problem_with(file, folder)
    if problem:
        raise DatasetError(f"{what}: {problem} in {folder}. Run: genrelab data fetch {what}")
    return (folder / file.name).read_bytes()


def fetch(
    files: Sequence[RemoteFile],
    folder: Path,
    *,
    what: str,
    host: str = GITHUB_RAW,
    attempts: int = 5,
    sleep: Callable[[float], None] = time.sleep,
    progress: bool = True,
) -> int:
    """Bring files into ``folder``, six at a time; those that are there and right are left alone.

    ``GENRELAB_MIRROR`` (a folder or a URL) replaces the host.

    Parameters
    ----------
    files : sequence of RemoteFile
    folder : Path
        Made if need be.
    what : str
        The data set's name, for messages.
    host : str, default=GITHUB_RAW
        The URL that the files' paths are below.
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
    from rich.console import Console
    from rich.progress import track

    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("*.part"):
        leftover.unlink(missing_ok=True)
    wanted = [file for file in files if problem_with(file, folder)]
    failures, in_a_row = [], 0
    local = threading.local()

    def fetch_one(file: RemoteFile) -> None:
        if not hasattr(local, "session"):
            local.session = _session()
        _download(file, folder, local.session, settings.mirror() or host, attempts, sleep)

    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = as_completed([pool.submit(fetch_one, file) for file in wanted])
        label, bar = f"fetching {what}, {len(wanted):,} files", Console(stderr=True)
        hidden = not (progress and wanted)
        try:
            for job in track(jobs, label, total=len(wanted), console=bar, disable=hidden):
                error = job.exception()
                if error and not isinstance(error, FetchError):
                    raise error
                in_a_row = in_a_row + 1 if error else 0
                failures += [str(error)] if error else []
                if in_a_row == _GIVE_UP_AFTER:
                    break
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    if failures:
        examples = "; ".join(failures[:3]) + ("; …" if len(failures) > 3 else "")
        raise FetchError(
            f"{what}: {len(verify(wanted, folder)):,} of {len(files):,} files are missing after "
            f"{len(failures)} failures ({examples}). What arrived is verified and kept. Check the "
            f"connection and GENRELAB_MIRROR, then run: genrelab data fetch {what}"
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
        If the file is no such archive or is damaged, or if a member leads out of the folder or is
        a link or device.
    """
    if folder.is_dir():
        return folder
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    is_zip = zipfile.is_zipfile(archive)
    try:
        with zipfile.ZipFile(archive) if is_zip else tarfile.open(archive) as bundle:
            names = bundle.namelist() if is_zip else [_plain_name(member) for member in bundle]
            bad = [name for name in names if _leads_out(name)]
            if bad:
                raise DatasetError(
                    f"{archive}: member {bad[0]!r} leads out of the folder or is no plain file. "
                    "Nothing was unpacked: do not trust this archive."
                )
            bundle.extractall(part, **({} if is_zip else {"filter": "data"}))
        part.replace(folder)
    except DatasetError:
        raise
    except Exception as error:  # zip, tar, zlib and lzma raise a dozen kinds on damaged bytes
        raise DatasetError(f"{archive}: cannot be unpacked ({error}). Fetch it again.") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _plain_name(member: tarfile.TarInfo) -> str:
    return member.name if member.isfile() or member.isdir() else f"../{member.name}"


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or bool(PureWindowsPath(name).drive)


def _download(
    file: RemoteFile,
    folder: Path,
    session: "requests.Session",
    source: str,
    attempts: int,
    sleep: Callable[[float], None],
) -> None:
    for attempt in range(attempts):
        try:
            data = _read(file, source, session)
            problem = mismatch(file, data)
            if problem:
                raise _Retry(problem)
            return write_whole(folder / file.name, data)
        except _Retry as error:
            reason, wait = str(error), max(2.0**attempt, error.wait)
        except FileNotFoundError as error:  # another fetch swept the temporary file away
            reason, wait = f"{file.name}: {error}", 2.0**attempt
        if wait > _LONGEST_WAIT:
            raise FetchError(f"{reason}; the host asks to wait {wait:.0f} s")
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
            status, headers = response.status_code, response.headers
            if status in _TRANSIENT:
                wait = _retry_after(headers.get("Retry-After", ""))
                raise _Retry(f"{file.name}: HTTP {status} from {url}", wait)
            if status != 200:
                raise FetchError(f"{file.name}: HTTP {status} from {url}")
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


def _retry_after(value: str) -> float:
    """Seconds that the header asks for: a number, or a date."""
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
    session.headers["User-Agent"] = f"genrelab/{__version__} (course on film genres)"
    return session
