"""Numbers that leave a cell: glued into prose, recorded with hardware and command."""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from genrelab import settings

MAX_RECORD_BYTES = 400_000
_GLUE_PREFIX = "application/papermill.record/"
_LIBRARIES = (
    "genrelab",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "torch",
    "transformers",
    "sentence-transformers",
)


def glue(name: str, value: object) -> None:
    """Store a number or text under a name, so that the book's prose can print it.

    In a notebook it leaves the record that MyST-NB's ``{glue:text}`` role reads; it needs no
    MyST-NB, so the cell runs on Colab too. Outside a notebook it does nothing.

    Parameters
    ----------
    name : str
        The name in ``{glue:text}`name```; unique in a chapter.
    value : str or number
        Text is printed as it is, whole numbers as ``1,118``, others with three decimals.

    Raises
    ------
    TypeError
        If the value is neither text nor a number.

    Examples
    --------
    >>> glue("f1_all", 0.6514)
    """
    if isinstance(value, str):
        text = value
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        text = f"{value:,}"
    elif isinstance(value, (float, np.floating)):
        text = f"{value:.3f}"
    else:
        raise TypeError(
            f"glue({name!r}) got a {type(value).__name__}; expected text or a number. Format it "
            "first."
        )
    # Only a running kernel has IPython loaded already.
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return
    from IPython.display import display

    # The role evaluates the text as a literal; unquoted, 1,118 would become a pair.
    display(
        {f"{_GLUE_PREFIX}text/plain": repr(text)},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": _GLUE_PREFIX}},
    )


@cache
def hardware() -> dict[str, object]:
    """Describe this machine: processor, cores, matrix instructions, memory and GPU.

    Returns
    -------
    dict
        ``cpu, cores, amx, avx512_bf16, ram_gib, gpu`` (None where there is none).
    """
    import psutil

    model, flags = platform.processor() or platform.machine(), ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        pairs = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        fields = {key.strip(): text.strip() for key, _, text in pairs}
        model, flags = fields.get("model name", model), fields.get("flags", "")
    return {
        "cpu": model,
        "cores": _cores(),
        "amx": "amx_bf16" in flags.split(),
        "avx512_bf16": "avx512_bf16" in flags.split(),
        "ram_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": _gpu(),
    }


def _cores() -> int | None:
    """Return the cores that this process may use; a part of the machine's, under ``taskset``."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count()


def environment() -> dict[str, object]:
    """Say where and when a number was made: commit, date, hardware, versions.

    Examples
    --------
    >>> list(environment())
    ['commit', 'date', 'hardware', 'versions']
    """
    return {
        "commit": _commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "hardware": hardware(),
        "versions": _versions(),
    }


def _gpu() -> str | None:
    """Return the GPU's name, unless it is hidden from this process."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return None
    return _output_of("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")


def _output_of(*command: str) -> str | None:
    """Return what a command prints; None if it is missing, fails or prints nothing."""
    try:
        call = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return call.stdout.strip() or None


@cache
def _commit() -> str | None:
    """Return the checkout's commit, with a plus where the package has changes since."""
    git = ("git", "-C", str(settings.PACKAGE))
    commit = _output_of(*git, "rev-parse", "HEAD")
    return commit and commit + ("+" if _output_of(*git, "status", "--porcelain", "--", ".") else "")


@cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def _plain(value: object) -> object:
    """Turn numpy values into JSON's kinds: six decimals, and null for NaN."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value


def _to_json(payload: Mapping[str, object]) -> str:
    """Write one line an entry, and one a row of a list, so that differences read well."""
    lines = []
    for key, value in payload.items():
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if isinstance(value, list) and value:
            rows = [json.dumps(item, ensure_ascii=False, allow_nan=False) for item in value]
            text = "[\n  " + ",\n  ".join(rows) + "\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _result_path(name: str) -> Path:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError(
            f"result name is {name!r}; expected small letters, digits and underscores."
        )
    return settings.results_dir() / f"{name}.json"


def record(name: str, payload: Mapping[str, object]) -> Path:
    """Write a result to ``book/results/NAME.json``, with where, when and by what it was made.

    Parameters
    ----------
    name : str
        Small letters, digits and underscores.
    payload : mapping
        What JSON can hold, numpy numbers and arrays too; NaN becomes null. May bring its own
        ``command`` (default ``genrelab bench NAME``), as every other key of the header.

    Returns
    -------
    Path
        The file; it is replaced in one step.

    Raises
    ------
    ValueError
        If the name does not fit or the file would be larger than 200 kB.
    """
    path = _result_path(name)
    header = {"name": name, "command": f"genrelab bench {name}", **environment()}
    text = _to_json(_plain({**header, **payload}))
    if len(text.encode()) > MAX_RECORD_BYTES:
        raise ValueError(
            f"{path.name} would have {len(text.encode()):,} bytes; at most {MAX_RECORD_BYTES:,}. "
            "Keep metrics, not predictions."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return path


def read_result(name: str) -> dict[str, object]:
    """Read ``book/results/NAME.json``.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict

    Raises
    ------
    FileNotFoundError
        If there is no such result; the message lists those that exist.
    """
    path = _result_path(name)
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in path.parent.glob("*.json"))) or "none"
        raise FileNotFoundError(
            f"no recorded result {name!r} in {path.parent}; there are: {there}. Record it with "
            f"`genrelab bench {name}`."
        )
    return json.loads(path.read_text(encoding="utf-8"))
