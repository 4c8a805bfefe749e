"""Execute chapters once: outputs are cached until code, package or data change."""

import hashlib
import os
import re
import shutil
import sys
import time
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from genrelab import settings
from genrelab.course import costs
from genrelab.course.chapters import ROOT, for_book

CELL_TIMEOUT = {"default": 1800, "full": 7200}  # seconds; the full profile encodes whole scripts


class ChapterError(RuntimeError):
    """A chapter's cell failed; the message names chapter, cell and line."""


def fingerprint(root: Path = ROOT) -> str:
    """Hash everything but the chapters that their outputs depend on.

    That is the package (without this room), its data files, the recorded results, the pinned
    requirements, the profile and the Python version.

    Examples
    --------
    >>> len(fingerprint())
    64
    """
    package = root / "genrelab"
    files = [path for path in package.rglob("*.py") if package / "course" not in path.parents]
    for folder in ("datasets/files", "models/default", "plots/files"):
        files += [path for path in (package / folder).rglob("*") if path.is_file()]
    files += [*(root / "book" / "results").glob("*.json"), *root.glob("requirements*.txt")]
    digest = hashlib.sha256(f"{settings.profile()} {sys.version_info[:2]}".encode())
    for path in sorted(files):
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def open_cache(root: Path = ROOT) -> JupyterCacheBase:
    """Open the cache of executed chapters, emptied first if the fingerprint has changed."""
    folder = root / "_build" / ".jupyter_cache"
    stamp = folder / "fingerprint.txt"
    now = fingerprint(root)
    if not stamp.is_file() or stamp.read_text() != now:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        stamp.write_text(now)
    return get_cache(folder)


def store(cache: JupyterCacheBase, path: Path, notebook: NotebookNode) -> None:
    """Put an executed chapter where the book's build looks for it."""
    cache.cache_notebook_bundle(
        CacheBundleIn(notebook, str(path)), check_validity=False, overwrite=True
    )


def executed(path: Path, root: Path = ROOT, measure: bool = False) -> NotebookNode:
    """Return a chapter with outputs: from the cache, or by running it.

    Parameters
    ----------
    path : Path
        The chapter's source.
    root : Path
        The checkout.
    measure : bool, default=False
        Write down what a run takes, for the chapter's cost card.

    Raises
    ------
    ChapterError
        If a cell fails.
    """
    notebook = for_book(path.read_text("utf-8"))
    before = fingerprint(root)
    try:
        return open_cache(root).merge_match_into_notebook(notebook)[1]
    except KeyError:
        print(f"{path.stem}: executing …", flush=True)
    cost = timed(path, notebook)
    if measure:
        costs.keep(root, path.stem, *cost)
    if fingerprint(root) == before:
        store(open_cache(root), path, notebook)
    else:
        print(f"{path.stem}: package or data changed meanwhile; its outputs are not cached.")
    return notebook


def timed(path: Path, notebook: NotebookNode) -> tuple[float, int, int]:
    """Execute a notebook in place; return seconds, peak memory and what was fetched, in bytes."""
    start, fetched = time.perf_counter(), costs.fetched_bytes()
    peak = run(path, notebook)
    seconds = time.perf_counter() - start
    print(f"{path.stem}: executed in {seconds:.0f} s", flush=True)
    return seconds, peak, costs.fetched_bytes() - fetched


def measure(path: Path, root: Path = ROOT) -> str:
    """Run a chapter in the profile in force for its cost card alone; return the card's new line.

    Outputs are thrown away and no cache is asked: stored notebooks are of the profile ``default``.
    """
    costs.keep(root, path.stem, *timed(path, for_book(path.read_text("utf-8"))))
    profile = settings.profile()
    return costs.line(profile, costs.read(root)[path.stem][profile])


def run(path: Path, notebook: NotebookNode) -> int:
    """Execute a notebook in place, in its chapter's folder; return its peak memory in bytes."""
    here, peak = {"index": 0}, 0

    def remember(cell: NotebookNode, cell_index: int) -> None:
        here["index"] = cell_index

    def look(**_: object) -> None:
        nonlocal peak
        peak = max(peak, costs.peak_bytes(client.km.provisioner.pid))

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_TIMEOUT[settings.profile()],
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        on_cell_execute=remember,
        on_cell_executed=look,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute(env=environment())
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        raise ChapterError(f"{place(path, notebook, here['index'])} failed.\n{plain}") from None
    return peak


def environment() -> dict[str, str]:
    """Return the environment of a chapter's kernel: the default profile is offline."""
    env = dict(os.environ)
    if settings.profile() == "default":
        env.pop("GENRELAB_MIRROR", None)
        env["HF_HUB_OFFLINE"] = "1"
    return env


def place(path: Path, notebook: NotebookNode, index: int) -> str:
    """Say where a cell stands in its source: chapter, code cell and line."""
    number = sum(cell.cell_type == "code" for cell in notebook.cells[: index + 1])
    starts = [
        line_number
        for line_number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if line.startswith("# %%")
        and not any(other in line for other in ("[markdown]", "[raw]", '"hidden-check"'))
    ]
    return f"{path.name}, code cell {number} (line {starts[number - 1]})"
