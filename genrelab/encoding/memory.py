"""Memory: what counts as running out of it, how much there is, which token budget fits."""

import ctypes
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np

from genrelab.encoding.models import LoadedModel
from genrelab.settings import cache_dir

SMALLEST_BUDGET = 2_048
LARGEST_BUDGET = {"cpu": 16_384, "cuda": 1_048_576}
# A step up that gains less than this is not worth its memory.
WORTH_A_STEP = 1.05
# Timed runs of each step.
PROBES = 3
Result = TypeVar("Result")
_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",
    "cannot allocate memory",
    "bad_alloc",
    # oneDNN names the step that failed, not the reason. Once it has accepted a step's description,
    # what can still be missing is room for the code, the result or the scratch space.
    "could not create a primitive",
    "could not execute a primitive",
    "could not create a memory",
)


class WindowTooLargeError(MemoryError):
    """One single window does not fit into memory."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception means that memory ran out, on whatever device.

    Covers torch's own error, the CPU allocator's, and cuDNN, cuBLAS and oneDNN allocation failures.

    Examples
    --------
    >>> is_out_of_memory(RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"))
    True
    >>> is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    False
    """
    if isinstance(error, MemoryError):
        return True
    words = str(error).lower()
    if not isinstance(error, RuntimeError) or "primitive descriptor" in words:
        return False
    return any(sign in words for sign in _OUT_OF_MEMORY)


def trim() -> None:
    """Give back to the system what the C library keeps of freed memory, where it can (glibc)."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def release(device: str) -> None:
    """Give cached blocks back to the device."""
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.empty_cache()
    trim()


def free_and_total(device: str) -> tuple[int, int]:
    """Return free and total memory of a device, in bytes."""
    import psutil
    import torch

    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)
    memory = psutil.virtual_memory()
    return memory.available, memory.total


def peak_bytes(device: str) -> int:
    """Return the most memory held so far: by tensors on a GPU, by the process on the CPU."""
    import torch

    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def auto_budget(model: LoadedModel, window: int) -> int:
    """Return the token budget for this device, model, precision and window; probed once, then kept.

    Doubles the budget while a batch of full windows fits and runs at least 5 % faster a token, and
    stops at the first step that does not. What was found is remembered in the cache folder, for
    these versions of genrelab and torch.

    Parameters
    ----------
    model : LoadedModel
    window : int
        Tokens of a full window, special tokens included.

    Returns
    -------
    int
        Padded tokens a batch.

    Raises
    ------
    WindowTooLargeError
        If not even the smallest budget fits.
    """
    memory_file = cache_dir() / "token_budgets.json"
    key = "|".join([
        _device_name(model.device), model.sha256[:16], model.precision, str(window),
        f"genrelab {version('genrelab')}", f"torch {version('torch')}",
    ])  # fmt: skip
    known = _read(memory_file)
    if key not in known:
        known = {**_read(memory_file), key: _probe(model, window)}
        _write(memory_file, known)
    return known[key]


def _probe(model: LoadedModel, window: int) -> int:
    largest = LARGEST_BUDGET["cuda" if model.device.startswith("cuda") else "cpu"]
    best, best_rate, shortage = 0, 0.0, ""
    budget = max(SMALLEST_BUDGET, window)
    while budget <= largest:
        count = budget // window
        rate, shortage = without_running_out(lambda count=count: _rate(model, count, window))
        if rate is None or rate < best_rate * WORTH_A_STEP:
            break
        best, best_rate = budget, rate
        budget *= 2
    if best == 0:
        raise too_large(model, window, budget, shortage)
    return best


def _rate(model: LoadedModel, count: int, window: int) -> float:
    ids = np.full((count, window), model.pad_id, dtype=np.int32)  # (count, window)
    lengths = np.full(count, window)
    model.launch(ids, lengths).cpu()  # the first call pays for kernels and caches
    seconds = []
    for _ in range(PROBES):
        start = time.perf_counter()
        model.launch(ids, lengths).cpu()
        seconds.append(time.perf_counter() - start)
    # Whatever else the machine does can only make a run slower: the fastest is the least disturbed.
    return count * window / min(seconds)


def without_running_out(function: Callable[[], Result]) -> tuple[Result | None, str]:
    """Call a function; where memory runs out, return no result and the error's first line."""
    try:
        return function(), ""
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        # Not the error itself: its traceback holds the tensors of the failed batch.
        return None, (str(error) or type(error).__name__).splitlines()[0]


def too_large(model: LoadedModel, window: int, budget: int, shortage: str) -> WindowTooLargeError:
    """Make the error that says one window does not fit, what failed, and what to do."""
    free, total = free_and_total(model.device)
    return WindowTooLargeError(
        f"one window of {window} tokens does not fit on {model.device} in {model.precision} "
        f"(token budget {budget}; {free / 2**30:.2f} of {total / 2**30:.2f} GiB free; "
        f"{shortage}). "
        "Free memory that other models hold, or use a smaller window, or a smaller model."
    )


def _device_name(device: str) -> str:
    import torch

    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu-{torch.backends.cpu.get_cpu_capability()}-{torch.get_num_threads()}"


def _read(path: Path) -> dict[str, int]:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _write(path: Path, content: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(content, indent=1, sort_keys=True))
    draft.replace(path)
