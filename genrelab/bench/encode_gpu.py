"""``genrelab bench encode_gpu``: scripts through the encoder and through its peer, on a GPU.

The peer gets every advantage: the windows are cut for it, the model is cast to bfloat16 whole, its
batch is the fastest of several. Ours starts from the texts. Both run in turn, round after round.
"""

import statistics
import threading
import time
from collections.abc import Callable, Mapping

import numpy as np

from genrelab.bench.encode import _peer, _seconds, matrix_rate, token_flop
from genrelab.datasets import load
from genrelab.encoding import ScriptEncoder
from genrelab.encoding.features import lowest_cosine
from genrelab.windows import windows

WINDOW = 512
PEER_BATCHES = (32, 64, 128, 256, 512)
EVERY = 4  # each fourth script is read: enough to settle, and the same mixture of lengths
SAMPLE = 12  # scripts, to choose the peer's batch and to hold vectors against float32


def run(rounds: int = 5) -> dict[str, object]:
    """Measure and return what is recorded.

    Parameters
    ----------
    rounds : int, default=5
        Interleaved rounds of each timing.

    Returns
    -------
    dict
        ``systems``, each with seconds, tokens/s, the ratio to ours, the share of the time that the
        device was busy (as its driver counts it), and peak memory above the loaded model.

    Raises
    ------
    ValueError
        If torch can use no GPU.
    """
    import torch

    if not torch.cuda.is_available():
        raise ValueError("torch finds no GPU; expected one. `genrelab bench encode` needs none.")
    scripts = load("scripts", split="all", min_count=1)
    texts = [scripts.texts[place] for place in range(0, len(scripts), EVERY)]
    encoder = ScriptEncoder(window=WINDOW).fit()
    model = encoder._load()
    parts = _parts(encoder, texts)
    peer = _peer(model, dtype=torch.bfloat16)
    some = parts[: sum(len(_parts(encoder, [text])) for text in texts[:SAMPLE])]
    peer.encode(some)
    batch = min(PEER_BATCHES, key=lambda size: _seconds(lambda: peer.encode(some, batch_size=size)))
    encoder.transform(texts[:SAMPLE])  # probes the budget, warms kernels up
    systems: dict[str, Callable[[], np.ndarray]] = {
        "ScriptEncoder, from the texts": lambda: encoder.transform(texts),
        f"SentenceTransformer, bfloat16, batch {batch}, windows cut beforehand": (
            lambda: peer.encode(parts, batch_size=batch)
        ),
    }
    measured = {name: [] for name in systems}
    for _ in range(rounds):
        for name, system in systems.items():
            measured[name].append(_observed(system))
    tokens = int(encoder.receipts_["tokens"].sum() + 2 * encoder.receipts_["windows"].sum())
    ours = [seconds for seconds, _, _ in measured["ScriptEncoder, from the texts"]]
    full = ScriptEncoder(window=WINDOW, precision="float32").transform(texts[:SAMPLE])
    rate = matrix_rate(model)
    return {
        "title": "Scripts on a GPU, beside the peer at its best",
        "scripts": len(texts),
        "tokens": tokens,
        "windows": len(parts),
        "precision": model.precision,
        "token_budget": int(encoder.receipts_["token_budget"].max()),
        "lowest_cosine_to_float32": lowest_cosine(full, encoder.transform(texts[:SAMPLE])),
        "matrix_rate_gflops": rate / 1e9,
        "share_of_matrix_rate": tokens / statistics.median(ours) * token_flop(WINDOW) / rate,
        "systems": [
            {
                "system": name,
                "seconds": [seconds for seconds, _, _ in runs],
                "tokens_per_second": tokens / statistics.median(seconds for seconds, _, _ in runs),
                "ratio": statistics.median(
                    seconds / own for (seconds, _, _), own in zip(runs, ours, strict=True)
                ),
                "device_busy": statistics.median(busy for _, busy, _ in runs),
                "peak_mib": statistics.median(peak for _, _, peak in runs),
            }
            for name, runs in measured.items()
        ],
    }


def _parts(encoder: ScriptEncoder, texts: list[str]) -> list[str]:
    """Cut texts where the encoder's windows are, so that the peer reads the same words."""
    backend = encoder._tokenizer._backend
    parts = []
    for text in texts:
        offsets = backend.encode(text, add_special_tokens=False).offsets
        cuts = windows(len(offsets), WINDOW - 2)
        parts += [text[offsets[start][0] : offsets[stop - 1][1]] for start, stop in cuts]
    return parts


def _observed(system: Callable[[], object]) -> tuple[float, float, float]:
    """Return seconds, the share of them that the device was busy, and peak MiB above the start."""
    import torch

    samples, done = [], threading.Event()

    def sample() -> None:
        while not done.wait(0.1):
            samples.append(torch.cuda.utilization() / 100)

    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    watcher = threading.Thread(target=sample)
    watcher.start()
    start = time.perf_counter()
    system()
    torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    peak = (torch.cuda.max_memory_allocated() - before) / 2**20
    return seconds, float(np.mean(samples)), peak


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the printed table: what was measured, and what came out."""
    lines = [
        (
            system["system"],
            f"{system['tokens_per_second']:,.0f} tokens/s; takes {system['ratio']:.2f} times our "
            f"time; device busy {system['device_busy']:.0%}; peak {system['peak_mib']:,.0f} MiB",
        )
        for system in result["systems"]
    ]
    lines.append(("lowest cosine to float32", f"{result['lowest_cosine_to_float32']:.5f}"))
    lines.append(("share of the matrix rate", f"{result['share_of_matrix_rate']:.2f}"))
    return lines
