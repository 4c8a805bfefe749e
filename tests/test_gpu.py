"""What only a GPU can show: ``pytest -m gpu``. ``genrelab bench encode`` measures its speed."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from genrelab.datasets import load
from genrelab.encoding import ScriptEncoder, WindowTooLargeError
from genrelab.encoding.features import lowest_cosine

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use"),
]
MIB = 2**20


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [text[:60_000] for text in load("plays").texts[:8]]


@pytest.fixture
def whole_gpu() -> None:
    """Give the process the whole GPU back, whatever the test took away."""
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


def peak(encoder: ScriptEncoder, texts: list[str]) -> int:
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    encoder.transform(texts)
    return torch.cuda.max_memory_allocated()


def what_is_free() -> Iterator[torch.Tensor]:
    """Take all that the process may still have: reserved memory has room for a window or two."""
    size = 64 * MIB
    while size >= 512:
        try:
            yield torch.empty(size, dtype=torch.uint8, device="cuda")
        except torch.OutOfMemoryError:
            size //= 2


def test_peak_memory_does_not_grow_with_the_documents(texts: list[str]) -> None:
    encoder = ScriptEncoder(window=256, token_budget=8_192).fit()
    assert peak(encoder, texts) - peak(encoder, texts[:1]) <= 32 * MIB


def test_low_precision_agrees_with_float32(texts: list[str]) -> None:
    exact = ScriptEncoder(window=256, precision="float32").fit_transform(texts)
    kinds = ["float16"]
    if torch.cuda.get_device_capability()[0] >= 8:
        kinds.append("bfloat16")
    for precision in kinds:
        quick = ScriptEncoder(window=256, precision=precision).fit_transform(texts)
        assert lowest_cosine(exact, quick) >= 0.9995, precision


def test_a_gpu_that_is_nearly_full_costs_retries_and_nothing_else(
    texts: list[str], whole_gpu: None
) -> None:
    settings = {"window": 256, "precision": "float32"}
    roomy = ScriptEncoder(token_budget=2_048, **settings).fit_transform(texts)
    encoder = ScriptEncoder(token_budget=262_144, **settings).fit()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 256 * MIB) / total)
    with pytest.warns(UserWarning, match="out of memory on cuda"):
        cramped = encoder.transform(texts)
    assert encoder.receipts_["backoffs"].max() >= 1
    assert encoder.receipts_["token_budget"].max() < 262_144
    np.testing.assert_allclose(cramped, roomy, atol=1e-4)


def test_a_window_that_does_not_fit_is_named(texts: list[str], whole_gpu: None) -> None:
    encoder = ScriptEncoder(window=512, token_budget=512).fit()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(torch.cuda.memory_reserved() / total)
    ballast = list(what_is_free())
    with pytest.raises(WindowTooLargeError, match="512"):
        encoder.transform(texts[:1])
    del ballast
