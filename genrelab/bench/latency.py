"""``genrelab bench latency``: texts a second through an encoder with a head, at a fixed length.

Random ids of the full length, 192 tokens, 32 texts a batch, forward only, with what the batch costs
to be copied there and back; the median of many batches after a warm-up. Tokenising is not in it.
"""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from genrelab.models.finetune import EncoderClassifier, load_encoder

LENGTH, BATCH, N_LABELS = 192, 32, 13


def samples_per_second(
    model: str | Path | None = None,
    *,
    device: str = "cpu",
    precision: str = "float32",
    n_batches: int = 50,
    n_warm_up: int = 5,
) -> float:
    """Return the median number of texts a second.

    Parameters
    ----------
    model : str or Path, optional
        As in `genrelab.models.finetune.load_encoder`.
    device : str, default="cpu"
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Of matrix products.
    n_batches, n_warm_up : int, default=50 and 5

    Returns
    -------
    float
    """
    encoder, tokenizer = load_encoder(model)
    network = EncoderClassifier(encoder, N_LABELS).to(device).eval()
    ids = torch.from_numpy(np.random.default_rng(0).integers(len(tokenizer), size=(BATCH, LENGTH)))
    mask = torch.ones_like(ids)
    low = precision != "float32"
    dtype = getattr(torch, precision) if low else None
    seconds = []
    with torch.inference_mode(), torch.autocast(device, dtype=dtype, enabled=low):
        for _ in range(n_warm_up + n_batches):
            start = time.perf_counter()
            network(ids.to(device), mask.to(device)).cpu()
            seconds.append(time.perf_counter() - start)
    return BATCH / float(np.median(seconds[n_warm_up:]))


def run() -> dict[str, object]:
    """Measure the bundled encoder on this machine's devices."""
    lines = [
        {
            "device": device,
            "precision": precision,
            "threads": torch.get_num_threads() if device == "cpu" else None,
            "samples_per_second": samples_per_second(
                device=device, precision=precision, n_batches=n_batches
            ),
        }
        for device, precisions, n_batches in (
            ("cuda", ("float32", "bfloat16"), 100),
            ("cpu", ("float32",), 20),
        )
        if device == "cpu" or torch.cuda.is_available()
        for precision in precisions
    ]
    sizes = {"length": LENGTH, "batch": BATCH, "model": "all-MiniLM-L6-v2"}
    return {"title": "Texts a second, 192 tokens each, 32 a batch", **sizes, "lines": lines}


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the printed table."""
    return [
        (f"{line['device']}, {line['precision']}", f"{line['samples_per_second']:,.0f} texts a s")
        for line in result["lines"]
    ]
