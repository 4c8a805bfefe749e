"""What a piece of work holds in memory: its tensors, and the whole process."""

import gc
import os
import threading
from collections.abc import Callable

import numpy as np

from genrelab.encoding.memory import trim

# A forward pass holds its highest point for some milliseconds.
SECONDS_BETWEEN_LOOKS = 0.001


def tensor_trace(work: Callable[[], object]) -> np.ndarray:
    """Return the bytes that CPU tensors hold, after each allocation and release during ``work``.

    Counts what torch asks of the allocator, by its profiler: exact, and the same on any machine.
    Memory that a library takes for itself is not in it; :func:`resident_peak` sees that.

    Parameters
    ----------
    work : callable
        Called once, without arguments. What it returns is alive at the end of the trace.

    Returns
    -------
    ndarray of int64, shape (events,)
        Starts at 0; the highest is the peak, the last is what stays. Tensors that were there
        before are not counted, nor is their release.

    References
    ----------
    https://docs.pytorch.org/docs/stable/profiler.html

    Examples
    --------
    >>> import torch
    >>> trace = tensor_trace(lambda: (torch.ones(1000) + torch.ones(1000)).sum())
    >>> bool(trace.max() >= 3 * 4000), bool(trace[-1] < 4000)
    (True, True)
    """
    # The profiler's logger would write two lines to stderr for each trace.
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")
    from torch._C._profiler import _EventType
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        alive = work()
    waiting = list(profiler.profiler.kineto_results.experimental_event_tree())
    del alive
    events = []
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.tag == _EventType.Allocation and node.extra_fields.device.type == "cpu":
            events.append((node.start_time_ns, node.extra_fields))
    events.sort(key=lambda event: event[0])
    steps, here = [0], set()
    for _, block in events:
        # A block that was there before is none of ours, though an earlier trace may have seen it.
        if block.alloc_size > 0 or block.ptr in here:
            steps.append(block.alloc_size)
            (here.add if block.alloc_size > 0 else here.remove)(block.ptr)
    return np.cumsum(steps, dtype=np.int64)


def resident_peak(work: Callable[[], object]) -> int:
    """Return how far the process's resident memory rises during ``work``, in bytes.

    A thread looks every millisecond. What earlier work has left with the C library is given back
    first, where that library can; a first call that pays for kernels and caches should come before.

    Parameters
    ----------
    work : callable
        Called once, without arguments.

    Returns
    -------
    int

    Examples
    --------
    >>> resident_peak(lambda: np.ones(2**23)) > 2**25
    True
    """
    import psutil

    gc.collect()
    trim()
    process = psutil.Process()
    before = process.memory_info().rss
    seen = [before]
    done = threading.Event()

    def look() -> None:
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            seen[0] = max(seen[0], process.memory_info().rss)

    watcher = threading.Thread(target=look, name="genrelab-memory")
    watcher.start()
    try:
        alive = work()
        seen[0] = max(seen[0], process.memory_info().rss)
        del alive
    finally:
        done.set()
        watcher.join()
    return seen[0] - before
