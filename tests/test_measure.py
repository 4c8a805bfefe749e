"""What the measuring tape says is what the allocator did."""

import numpy as np
import pytest
import torch

from genrelab.encoding.measure import resident_peak, tensor_trace

FLOATS = 2**18
MIB = FLOATS * 4


def test_the_trace_follows_each_tensor_from_birth_to_release():
    def work():
        first = torch.empty(FLOATS)
        second = torch.empty(2 * FLOATS)
        del first
        return second

    assert (tensor_trace(work) / MIB).tolist() == [0, 1, 3, 2]


def test_a_tensor_that_outlives_the_work_is_not_released_in_the_trace():
    kept = []
    trace = tensor_trace(lambda: kept.append(torch.empty(FLOATS)))
    assert trace[-1] == MIB == kept[0].nbytes


def test_releasing_what_was_there_before_is_not_counted():
    before = [torch.empty(FLOATS)]
    assert tensor_trace(before.clear).tolist() == [0]


def test_a_trace_writes_nothing_to_the_readers_screen(capfd):
    tensor_trace(lambda: torch.empty(FLOATS))
    assert capfd.readouterr() == ("", "")


def test_what_a_forward_pass_leaves_is_what_autograd_saves():
    network = torch.nn.Sequential(
        torch.nn.Linear(64, 256), torch.nn.GELU(), torch.nn.Linear(256, 64)
    )
    rows = torch.randn(1000, 64)
    weights = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
    saved = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights | {rows.untyped_storage().data_ptr()}:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        alive = network(rows)
    trace = tensor_trace(lambda: network(rows))
    assert sum(saved.values()) == 2 * 1000 * 256 * 4
    assert trace[-1] == sum(saved.values()) + alive.nbytes
    with torch.no_grad():
        assert tensor_trace(lambda: network(rows))[-1] == alive.nbytes


def test_an_error_in_the_work_reaches_the_caller_and_ends_the_watch():
    import threading

    def fail():
        raise KeyError("seventeen")

    for measure in (tensor_trace, resident_peak):
        with pytest.raises(KeyError, match="seventeen"):
            measure(fail)
    assert all(thread.name != "genrelab-memory" for thread in threading.enumerate())


def test_resident_memory_rises_by_what_is_written():
    room = resident_peak(lambda: np.ones(2**24))  # 128 MiB
    assert 0.9 * 2**27 < room < 1.3 * 2**27


def test_memory_that_is_gone_at_the_end_is_seen_all_the_same():
    def work():
        large = torch.ones(2**25)  # 128 MiB
        large = large.sum()
        return large.sqrt()

    assert resident_peak(work) > 0.9 * 2**27


def test_what_earlier_work_left_with_the_c_library_is_not_taken_for_free_room():
    def small_tensors():
        return [torch.ones(2**10) for _ in range(2**14)]  # 64 MiB in small blocks

    small_tensors()
    assert resident_peak(small_tensors) > 0.9 * 2**26


def test_what_an_earlier_trace_left_is_not_counted_when_it_goes():
    kept = []
    tensor_trace(lambda: kept.append(torch.empty(FLOATS)))
    assert tensor_trace(kept.clear).tolist() == [0]
