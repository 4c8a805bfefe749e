"""Fetching, against a host on this computer that misbehaves on purpose."""

import io
import os
import subprocess
import sys
import tarfile
import textwrap
import threading
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from genrelab.datasets import DatasetError
from genrelab.datasets.fetch import (
    FetchError,
    RemoteFile,
    blob_sha1,
    fetch,
    read_verified,
    unpack,
    verify,
)

NAMES = ["plain.txt", "Mariachi,-El.txt", "what's up & why? #1 50%.txt", "café.txt"]


class Host:
    """A host with files; ``plan[name]`` holds the mishaps of the next requests for that file."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.plan: dict[str, list[str]] = defaultdict(list)
        self.asked: list[str] = []
        self.agents: set[str] = set()
        self.headers: dict[str, str] = {}
        self.lock = threading.Lock()
        self.open = self.most_open = 0
        self.before: Callable[[str], None] = lambda name: None

    def add(self, name: str, data: bytes) -> RemoteFile:
        self.content[name] = data
        return RemoteFile(name, f"owner/repo/c0ffee/{name}", blob_sha1(data), len(data))

    def files(self, number: int) -> list[RemoteFile]:
        return [self.add(f"{n:03}.txt", f"text {n}\r\n\xa0".encode() * 99) for n in range(number)]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    state = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = unquote(self.path).rsplit("/", 1)[-1]
            with state.lock:
                state.asked.append(name)
                state.agents.add(self.headers["User-Agent"])
                state.open += 1
                state.most_open = max(state.open, state.most_open)
                mishap = state.plan[name].pop(0) if state.plan[name] else "fine"
            state.before(name)
            with state.lock:
                state.open -= 1
            self.answer(name, mishap)

        def answer(self, name: str, mishap: str) -> None:
            known = self.path == f"/owner/repo/c0ffee/{quote(name)}" and name in state.content
            data = state.content.get(name, b"")
            if mishap == "break":
                self.connection.close()
                return
            if mishap.isdigit() or not known:
                self.send_response(int(mishap) if mishap.isdigit() else 404)
                for header, value in state.headers.items():
                    self.send_header(header, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            sent = {
                "wrong": bytes(len(data)),
                "long": data * 2,
                "short": data[: len(data) // 2],
                "truncate": data[: len(data) // 2],
            }.get(mishap, data)
            self.send_response(200)
            self.send_header("Content-Length", str(len(data if mishap == "truncate" else sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("GENRELAB_MIRROR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield state
    server.shutdown()
    server.server_close()


class Waits(list):
    """Stands for ``time.sleep``: notes the seconds, does not wait."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def get(files: list[RemoteFile], folder: Path, waits: Waits | None = None) -> int:
    return fetch(
        files, folder, what="films", sleep=Waits() if waits is None else waits, progress=False
    )


def test_the_blob_hash_agrees_with_git(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes("Line\r\nends, \xa0 and no newline".encode())
    git = subprocess.run(
        ["git", "hash-object", "--no-filters", path], capture_output=True, text=True, check=True
    )
    assert blob_sha1(path.read_bytes()) == git.stdout.strip()


def test_files_arrive_with_their_bytes_and_names_unchanged(host: Host, tmp_path: Path) -> None:
    files = [host.add(name, f"{name}\r\n\xa0\n\r".encode()) for name in NAMES]
    assert get(files, tmp_path / "cache") == 4
    found = {path.name: path.read_bytes() for path in (tmp_path / "cache").iterdir()}
    assert found == host.content
    assert verify(files, tmp_path / "cache") == []


def test_the_fetcher_says_who_it_is(host: Host, tmp_path: Path) -> None:
    get(host.files(2), tmp_path)
    assert len(host.agents) == 1
    assert "genrelab/" in host.agents.pop()


def test_six_connections_run_side_by_side_and_never_more(host: Host, tmp_path: Path) -> None:
    meeting = threading.Barrier(6, timeout=20)
    first = iter(range(6))
    host.before = lambda _: meeting.wait() if next(first, None) is not None else None
    assert get(host.files(40), tmp_path) == 40
    assert host.most_open == 6


@pytest.mark.parametrize("mishap", ["break", "truncate", "short", "long", "wrong", "500", "503"])
def test_a_mishap_is_tried_again_until_the_file_is_right(
    host: Host, tmp_path: Path, mishap: str
) -> None:
    files = host.files(3)
    host.plan["001.txt"] = [mishap] * 3
    waits = Waits()
    assert get(files, tmp_path, waits) == 3
    assert waits == [1, 2, 4]
    assert host.asked.count("001.txt") == 4
    assert verify(files, tmp_path) == []


@pytest.mark.parametrize("mishap", ["break", "truncate", "short", "long", "wrong", "500"])
def test_a_lasting_mishap_leaves_nothing_half_written(
    host: Host, tmp_path: Path, mishap: str
) -> None:
    files = host.files(3)
    host.plan["001.txt"] = [mishap] * 99
    with pytest.raises(FetchError, match=r"films: 1 of 3 files are missing.*001\.txt.*5 times"):
        get(files, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000.txt", "002.txt"]


def test_wrong_bytes_are_named_by_both_hashes(host: Host, tmp_path: Path) -> None:
    file = host.add("a.txt", b"right")
    host.plan["a.txt"] = ["wrong"] * 5
    with pytest.raises(FetchError) as caught:
        get([file], tmp_path)
    assert file.sha1[:8] in str(caught.value)
    assert blob_sha1(bytes(5))[:8] in str(caught.value)
    assert "genrelab data fetch films" in str(caught.value)


@pytest.mark.parametrize("status", ["404", "403", "410"])
def test_a_file_that_is_not_there_is_not_asked_for_again(
    host: Host, tmp_path: Path, status: str
) -> None:
    files = host.files(3)
    host.plan["001.txt"] = [status] * 9
    waits = Waits()
    with pytest.raises(FetchError, match=rf"001\.txt: HTTP {status}"):
        get(files, tmp_path, waits)
    assert host.asked.count("001.txt") == 1
    assert waits == []


def test_a_busy_host_gets_the_pause_it_asks_for(host: Host, tmp_path: Path) -> None:
    files = host.files(1)
    host.headers = {"Retry-After": "7"}
    host.plan["000.txt"] = ["429", "429", "429", "429"]
    waits = Waits()
    get(files, tmp_path, waits)
    assert waits == [7, 7, 7, 8]


def test_a_pause_may_be_asked_for_as_a_date(host: Host, tmp_path: Path) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=120)
    host.headers = {"Retry-After": format_datetime(moment, usegmt=True)}
    files = host.files(1)
    host.plan["000.txt"] = ["429"]
    waits = Waits()
    get(files, tmp_path, waits)
    assert len(waits) == 1
    assert 100 < waits[0] <= 120


def test_a_pause_of_an_hour_is_left_to_the_user(host: Host, tmp_path: Path) -> None:
    host.headers = {"Retry-After": "3600"}
    files = host.files(1)
    host.plan["000.txt"] = ["429"] * 5
    waits = Waits()
    with pytest.raises(FetchError, match="asks to wait 3600 s"):
        get(files, tmp_path, waits)
    assert waits == []


def test_a_second_fetch_asks_only_for_what_is_missing(host: Host, tmp_path: Path) -> None:
    files = host.files(5)
    host.plan["003.txt"] = ["404"]
    with pytest.raises(FetchError):
        get(files, tmp_path)
    host.asked.clear()
    assert get(files, tmp_path) == 1
    assert host.asked == ["003.txt"]
    assert get(files, tmp_path) == 0
    assert host.asked == ["003.txt"]


@pytest.mark.parametrize("damage", [b"", b"short", bytes(990)])
def test_a_cached_file_that_changed_is_found_and_mended(
    host: Host, tmp_path: Path, damage: bytes
) -> None:
    files = host.files(2)
    get(files, tmp_path)
    (tmp_path / "000.txt").write_bytes(damage)
    assert [problem.split(":")[0] for problem in verify(files, tmp_path)] == ["000.txt"]
    with pytest.raises(DatasetError, match="genrelab data fetch films"):
        read_verified(files[0], tmp_path, what="films")
    assert get(files, tmp_path) == 1
    assert verify(files, tmp_path) == []


def test_verify_names_what_is_missing(host: Host, tmp_path: Path) -> None:
    assert verify(host.files(1), tmp_path) == ["000.txt: missing"]


def test_a_host_where_nothing_is_right_is_given_up_early(host: Host, tmp_path: Path) -> None:
    files = host.files(100)
    host.content.clear()
    with pytest.raises(FetchError, match="films: 100 of 100 files are missing"):
        get(files, tmp_path)
    assert 12 <= len(host.asked) <= 12 + 12


def test_a_host_that_does_not_answer_is_an_error_not_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRELAB_MIRROR", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(FetchError, match=r"connection to .* broke"):
        get([RemoteFile("a.txt", "o/r/c/a.txt", "0" * 40, 1)], tmp_path)


def test_an_archive_without_a_hash_may_not_be_larger_than_agreed(
    host: Host, tmp_path: Path
) -> None:
    archive = host.add("plots.tar.gz", bytes(100))._replace(sha1="", size=99)
    with pytest.raises(FetchError, match="more than the 99 bytes"):
        get([archive], tmp_path)
    assert get([archive._replace(size=100)], tmp_path) == 1
    assert (tmp_path / "plots.tar.gz").read_bytes() == bytes(100)


def test_another_host_is_asked_where_no_mirror_is_set(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, other = host.files(1), os.environ["GENRELAB_MIRROR"]
    monkeypatch.delenv("GENRELAB_MIRROR")
    assert fetch(files, tmp_path, what="films", host=other, progress=False) == 1
    assert verify(files, tmp_path) == []


def test_a_mirror_may_be_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "mirror" / "owner" / "repo" / "c0ffee"
    source.mkdir(parents=True)
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path / "mirror"))
    files = Host().files(3)
    for number, file in enumerate(files):
        (source / file.name).write_bytes(f"text {number}\r\n\xa0".encode() * 99)
    assert get(files, tmp_path / "cache") == 3
    assert verify(files, tmp_path / "cache") == []


def test_a_folder_without_the_file_names_the_path_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(FetchError, match=r"not in the mirror, expected .*/c0ffee/000\.txt"):
        get(Host().files(1), tmp_path / "cache")


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from genrelab.datasets.fetch import RemoteFile, blob_sha1, fetch

    files = []
    for n in range(int(sys.argv[2])):
        data = f"text {n}\\r\\n\\xa0".encode() * 99
        files.append(RemoteFile(f"{n:03}.txt", f"owner/repo/c0ffee/{n:03}.txt", blob_sha1(data),
                                len(data)))
    calls, rename = [], Path.replace

    def die_before_the_tenth(self, target):
        calls.append(target)
        if len(calls) == 10:
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(self, target)

    if sys.argv[3] == "renaming":
        Path.replace = die_before_the_tenth
    fetch(files, Path(sys.argv[1]), what="films", progress=False)
"""


def _start(folder: Path, number: int, when: str) -> subprocess.Popen:
    code = textwrap.dedent(KILLED)
    return subprocess.Popen([sys.executable, "-c", code, str(folder), str(number), when])


def _named_files_are_whole(files: list[RemoteFile], folder: Path) -> int:
    arrived = [file for file in files if (folder / file.name).exists()]
    assert verify(arrived, folder) == []
    return len(arrived)


def test_a_fetch_killed_while_it_downloads_resumes(host: Host, tmp_path: Path) -> None:
    files = host.files(30)
    stuck, free = threading.Event(), threading.Event()

    def stop_after_twelve(_: str) -> None:
        if len(host.asked) > 12:
            stuck.set()
            free.wait(30)

    host.before = stop_after_twelve
    process = _start(tmp_path, 30, "downloading")
    assert stuck.wait(30)
    process.kill()
    process.wait()
    free.set()
    n_arrived = _named_files_are_whole(files, tmp_path)
    assert 0 < n_arrived < 30
    assert get(files, tmp_path) == 30 - n_arrived
    assert verify(files, tmp_path) == []


def test_a_fetch_killed_while_it_writes_resumes(host: Host, tmp_path: Path) -> None:
    files = host.files(30)
    process = _start(tmp_path, 30, "renaming")
    assert process.wait(60) == -9
    assert list(tmp_path.glob("*.part"))
    n_arrived = _named_files_are_whole(files, tmp_path)
    assert 0 < n_arrived < 30
    assert get(files, tmp_path) == 30 - n_arrived
    assert verify(files, tmp_path) == []
    assert not list(tmp_path.glob("*.part"))


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def _tar(path: Path, members: dict[str, bytes], link: str | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        if link:
            info = tarfile.TarInfo("link.txt")
            info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info)
    return path


@pytest.mark.parametrize("make", [_zip, _tar])
def test_an_archive_is_unpacked_whole(tmp_path: Path, make: Callable) -> None:
    archive = make(tmp_path / "a", {"one.txt": b"1", "sub/two.txt": b"2"})
    folder = unpack(archive, tmp_path / "out")
    assert (folder / "one.txt").read_bytes() == b"1"
    assert (folder / "sub" / "two.txt").read_bytes() == b"2"


@pytest.mark.parametrize("make", [_zip, _tar])
@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "..\\evil.txt"])
def test_no_member_leaves_the_folder(tmp_path: Path, make: Callable, name: str) -> None:
    archive = make(tmp_path / "a", {"good.txt": b"1", name: b"2"})
    with pytest.raises(DatasetError, match="leads out of the folder"):
        unpack(archive, tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("*.txt"))


def test_a_drive_letter_does_not_leave_the_folder(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "a.zip", {"C:\\evil.txt": b"2"})
    with pytest.raises(DatasetError, match="leads out"):
        unpack(archive, tmp_path / "out")


def test_links_in_an_archive_are_refused(tmp_path: Path) -> None:
    archive = _tar(tmp_path / "a.tar.gz", {"good.txt": b"1"}, link="/etc/passwd")
    with pytest.raises(DatasetError, match=r"link\.txt.*no plain file"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("make", [_zip, _tar])
def test_a_damaged_archive_is_named(tmp_path: Path, make: Callable) -> None:
    archive = make(tmp_path / "a", {"one.txt": bytes(range(256)) * 200})
    archive.write_bytes(archive.read_bytes()[:100])
    with pytest.raises(DatasetError, match="cannot be unpacked"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
