"""Cost cards: what each chapter took when it was last run for its notebook, measured.

``make notebooks`` measures and writes ``book/costs.json``, in the profile ``default``; in the other
``GENRELAB_PROFILE=full python -m genrelab.course measure`` does. The build stamps it onto pages.
"""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

from genrelab import datasets, settings
from genrelab.evaluation.recorded import hardware

FILE = "costs.json"
MIB = 2**20


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process has held: the kernel's mark, else what it holds now.

    Examples
    --------
    >>> import os
    >>> peak_bytes(os.getpid()) > MIB
    True
    """
    status = Path(f"/proc/{pid}/status")
    if status.is_file():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) * 1024
    return psutil.Process(pid).memory_info().rss


def fetched_bytes() -> int:
    """Return the size of all fetched data sets and models; its growth is what was downloaded."""
    from huggingface_hub.constants import HF_HUB_CACHE

    modules = map(datasets.module, datasets.NAMES)
    folders = [module.folder() for module in modules if hasattr(module, "folder")]
    paths = [path for folder in folders for path in folder.rglob("*")]
    # Beside the blobs the hub's cache holds links to them.
    paths += Path(HF_HUB_CACHE).glob("models--*/blobs/*")
    return sum(path.stat().st_size for path in paths if path.is_file())


def read(root: Path) -> dict[str, dict[str, dict]]:
    """Return chapter to profile to what was measured; empty where nothing was."""
    path = root / "book" / FILE
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def keep(root: Path, chapter: str, seconds: float, peak: int, fetched: int) -> None:
    """Write down what a run of a chapter took, in the profile and on the machine in force."""
    machine = hardware()
    found = read(root)
    found.setdefault(chapter, {})[settings.profile()] = {
        "seconds": round(seconds),
        "peak_mib": round(peak / MIB),
        "fetched_mib": round(fetched / MIB),
        "cpu": machine["cpu"],
        "cores": machine["cores"],
        "gpu": machine["gpu"],
        "python": platform.python_version(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    path = root / "book" / FILE
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
    draft.replace(path)


def line(profile: str, cost: Mapping[str, object]) -> str:
    r"""Say in one line what a run took.

    Examples
    --------
    >>> cost = {"seconds": 42, "peak_mib": 812, "fetched_mib": 0, "cpu": "Xeon", "cores": 2,
    ...         "gpu": None, "date": "2026-11-28"}
    >>> print(line("default", cost).replace("), ", "),\n"))
    Profile `default` (2 cores of Xeon, 2026-11-28),
    0.7 minutes, 0.8 GB of memory, nothing downloaded
    """
    fetched = f"{cost['fetched_mib']:,} MB" if cost["fetched_mib"] else "nothing"
    machine = cost["gpu"] or f"{cost['cores']} cores of {cost['cpu']}"
    return (
        f"Profile `{profile}` ({machine}, {cost['date']}), {cost['seconds'] / 60:.1f} minutes, "
        f"{cost['peak_mib'] / 1024:.1f} GB of memory, {fetched} downloaded"
    )


def card(root: Path, chapter: str) -> str:
    """Return a chapter's cost card as Markdown, with a line for each profile that was measured."""
    found = read(root).get(chapter, {})
    lines = [f"- {line(profile, cost)}." for profile, cost in sorted(found.items())]
    body = "\n".join(lines) or "- Not measured yet."
    return f":::{{admonition}} What it takes to run\n:class: note\n{body}\n:::"
