"""``genrelab bench encode``: the encoder beside its peers, on real windows of real texts.

Systems run in turn, round after round, and medians are compared, since a machine's speed drifts.
Each memory figure comes from a process of its own.
"""

import functools
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping

import numpy as np

from genrelab.datasets import load
from genrelab.encoding import ScriptEncoder, VectorStore
from genrelab.encoding.batches import Window, budgeted
from genrelab.encoding.features import lowest_cosine
from genrelab.encoding.models import LoadedModel
from genrelab.windows import windows

WINDOW = 512
WORDS_BY_LENGTH = (1_000, 10_000, 50_000, 500_000)
PEER_BATCHES = (2, 4, 8, 16, 32)
PRODUCT_ROWS = 4_096
PROCESSES = 3


def run(rounds: int = 5, n_windows: int = 48) -> dict[str, object]:
    """Measure everything and return what is recorded.

    Parameters
    ----------
    rounds : int, default=5
        Interleaved rounds of each timing.
    n_windows : int, default=48
        Windows of 512 tokens that each system encodes a round.

    Returns
    -------
    dict
        ``speed, memory, by_length, padding, killed, dropped``.
    """
    texts = list(load("plays").texts)
    found = speed(texts, rounds, n_windows)
    return {
        "title": "The encoder beside its peers",
        "rounds": rounds,
        "speed": found,
        "memory": memory(),
        "by_length": by_length(texts, rounds),
        "padding": padding(found["token_budget"]),
        "killed": killed(rounds=20),
        "dropped": dropped(texts),
    }


def speed(texts: list[str], rounds: int, n_windows: int) -> dict[str, object]:
    """Time the encoder against sentence-transformers on the same 512-token windows."""
    import torch

    encoder = ScriptEncoder(window=WINDOW, pooling="windows").fit()
    model = encoder._load()
    document, parts = _same_windows(encoder, " \n\n".join(texts), n_windows)
    exact, half = _peer(model), _peer(model, dtype=torch.bfloat16)
    batch = min(
        PEER_BATCHES, key=lambda size: _seconds(lambda: half.encode(parts, batch_size=size))
    )
    systems: dict[str, Callable[[], np.ndarray]] = {
        "ScriptEncoder": lambda: encoder.transform([document])[0],
        "SentenceTransformer, float32, its defaults": lambda: exact.encode(parts),
        f"SentenceTransformer, bfloat16, batch {batch}": lambda: half.encode(
            parts, batch_size=batch
        ),
        "naive loop: one window a call, float32, with gradients": lambda: _naive(exact, parts),
    }
    vectors = {name: system() for name, system in systems.items()}
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    rates = []
    for _ in range(rounds):
        for name, system in systems.items():
            seconds[name].append(_seconds(system))
        rates.append(matrix_rate(model))
    ours = seconds["ScriptEncoder"]
    # A window that begins inside a word is other tokens for a peer, which reads it as text: each
    # is held against its own float32.
    full = ScriptEncoder(window=WINDOW, pooling="windows", precision="float32")
    references = {"ScriptEncoder": full.transform([document])[0]}
    peer = vectors["SentenceTransformer, float32, its defaults"]
    tokens = n_windows * WINDOW
    rate = statistics.median(rates)
    return {
        "tokens": tokens,
        "precision": model.precision,
        "token_budget": int(encoder.receipts_["token_budget"].max()),
        "systems": [
            {
                "system": name,
                "seconds": times,
                "tokens_per_second": tokens / statistics.median(times),
                "ratio": statistics.median(t / o for t, o in zip(times, ours, strict=True)),
                "lowest_cosine_to_float32": lowest_cosine(
                    references.get(name, peer), vectors[name]
                ),
            }
            for name, times in seconds.items()
        ],
        "matrix_rate_gflops": rate / 1e9,
        "share_of_matrix_rate": tokens / statistics.median(ours) * token_flop(WINDOW) / rate,
    }


def token_flop(window: int) -> float:
    """Return the floating-point operations that MiniLM-L6 spends on one token of a window.

    Six layers; in each, four 384 x 384 products (query, key, value, output), two 384 x 1536 ones,
    and attention over the window, two operations a multiply-add.

    Examples
    --------
    >>> round(token_flop(512) / 1e6)
    26
    """
    return 6 * 2 * (4 * 384 * 384 + 2 * 384 * 1536 + 2 * window * 384)


def matrix_rate(model: LoadedModel) -> float:
    """Return FLOP/s of products of the model's own shapes in its precision, median of 20."""
    import torch

    dtype = getattr(torch, model.precision)
    shapes = [(384, 384)] * 4 + [(384, 1536), (1536, 384)]
    pairs = [
        (
            torch.randn(PRODUCT_ROWS, inner, dtype=dtype, device=model.device),
            torch.randn(inner, outer, dtype=dtype, device=model.device),
        )
        for inner, outer in shapes
    ]
    flop = sum(2 * PRODUCT_ROWS * inner * outer for inner, outer in shapes)

    def products() -> None:
        for left, right in pairs:
            left @ right
        if model.device.startswith("cuda"):
            torch.cuda.synchronize()

    products()
    return flop / statistics.median(_seconds(products) for _ in range(20))


_MEMORY = """
import json, re, sys
from pathlib import Path
from genrelab.datasets import load
from genrelab.encoding import ScriptEncoder
words = " ".join(load("plays").texts).split()
def document(start, length):
    chosen = [words[(start * 9973 + i) % len(words)] for i in range(length)]
    return "\\n\\n".join(" ".join(chosen[i:i + 40]) for i in range(0, length, 40))
def highest():
    # The kernel's own high-water mark of resident memory, in KiB: no pass is too short to be seen.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
encoder = ScriptEncoder(window=512).fit()
# Batches of many shapes, full ones too: kernels, buffers and holes are paid for here.
encoder.transform([document(i, 3_000) for i in range(20)] + [document(0, 20_000)])
report = []
for count, length in json.loads(sys.argv[1]):
    Path("/proc/self/clear_refs").write_text("5")
    for _ in encoder.iter_encode(document(i, length) for i in range(count)):
        pass
    report.append(highest())
print(json.dumps(report))
"""


def memory() -> dict[str, float]:
    """Measure how peak memory grows with more documents, and with a longer one, in MiB.

    Each figure is the median of three processes.
    """
    cases = {
        "documents 4 to 80": [(4, 3_000), (80, 3_000)],
        "one document, 20,000 to 400,000 words": [(1, 20_000), (1, 400_000)],
    }
    return {name: _growth(case) for name, case in cases.items()}


def _growth(case: list[tuple[int, int]]) -> float:
    # Where the C library puts its blocks differs from process to process by some tens of MiB.
    peaks = [json.loads(_python(_MEMORY, json.dumps(case))) for _ in range(PROCESSES)]
    return statistics.median(many - few for few, many in peaks) / 2**20


def by_length(texts: list[str], rounds: int) -> list[dict[str, float]]:
    """Measure tokens/s of one document from a thousand to half a million words."""
    words = " ".join(texts).split()
    encoder = ScriptEncoder(window=WINDOW).fit()
    documents = {}
    for length in WORDS_BY_LENGTH:
        chosen = (words * (length // len(words) + 1))[:length]
        text = "\n\n".join(" ".join(chosen[i : i + 40]) for i in range(0, length, 40))
        # A short document is repeated, so that each timing covers as many tokens.
        documents[length] = [text] * max(1, 20_000 // length)
    rates: dict[int, list[float]] = {length: [] for length in documents}
    for _ in range(rounds):
        for length, copies in documents.items():
            seconds = _seconds(functools.partial(encoder.transform, copies))
            rates[length].append(int(encoder.receipts_["tokens"].sum()) / seconds)
    return [
        {"words": length, "tokens_per_second": statistics.median(found)}
        for length, found in rates.items()
    ]


def padding(token_budget: int) -> float:
    """Return the share of padding in the batches that the development scripts fall into."""
    lengths = load("script_features").n_tokens
    stream = (
        Window(document, 0, np.empty(stop - start + 2, np.int8))
        for document, n_tokens in enumerate(lengths)
        for start, stop in windows(int(n_tokens), WINDOW - 2)
    )
    read = padded = 0
    for batch in budgeted(stream, lambda: token_budget):
        sizes = [len(window.ids) for window in batch]
        read, padded = read + sum(sizes), padded + max(sizes) * len(sizes)
    return 1 - read / padded


_KILLED = """
import sys
from genrelab.encoding import ScriptEncoder
from genrelab.datasets import load
texts = [text[:6000] + str(i) for i, text in enumerate(load("plays").texts)]
encoder = ScriptEncoder(window=128, token_budget=1024, store=sys.argv[1])
print("ready", flush=True)
for index, _, _ in encoder.iter_encode(texts):
    print(index, flush=True)
"""


def killed(rounds: int) -> dict[str, int]:
    """Kill an encode at random moments, again and again, and count what was lost or wrong."""
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        lost = 0
        for _ in range(rounds):
            process = subprocess.Popen(
                [sys.executable, "-c", _KILLED, folder], stdout=subprocess.PIPE, text=True
            )
            process.stdout.readline()
            time.sleep(rng.uniform(0.0, 2.0))
            process.send_signal(signal.SIGKILL)
            finished = len(process.stdout.read().split())
            process.wait()
            lost += max(0, finished - len(VectorStore(folder)))
        resumed = subprocess.run(
            [sys.executable, "-c", _KILLED, folder], check=True, capture_output=True, text=True
        )
        done = len(resumed.stdout.split()) - 1
        texts = [text[:6000] + str(i) for i, text in enumerate(load("plays").texts)]
        settings = {"window": 128, "token_budget": 1024}
        stored = ScriptEncoder(store=folder, **settings).transform(texts)
        fresh = ScriptEncoder(**settings).transform(texts)
    wrong = int((np.abs(stored - fresh).max(axis=1) > 1e-3).sum())
    return {"kills": rounds, "documents": done, "written_vectors_lost": lost, "wrong": wrong}


def dropped(texts: list[str]) -> dict[str, float]:
    """Count the share of tokens that the peer never reads when it is fed whole plays."""
    encoder = ScriptEncoder(window=WINDOW).fit()
    lengths = [len(encoder._tokenizer(text)) for text in texts]
    return {
        str(limit): 1 - sum(min(n, limit - 2) for n in lengths) / sum(lengths)
        for limit in (256, 512)
    }


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the printed table: what was measured, and what came out."""
    lines = report_speed(result["speed"])
    lines += [(f"memory growth, {k}", f"{v:.1f} MiB") for k, v in result["memory"].items()]
    lines += [
        (f"one document of {row['words']:,} words", f"{row['tokens_per_second']:,.0f} tokens/s")
        for row in result["by_length"]
    ]
    lines.append(("padding in the batches", f"{result['padding']:.2%} of tokens"))
    lines.append(("kill -9", ", ".join(f"{v} {k}" for k, v in result["killed"].items())))
    lines += [
        (f"dropped by a {k}-token limit", f"{v:.1%} of tokens")
        for k, v in result["dropped"].items()
    ]
    return lines


def report_speed(found: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the timings: each system beside ours, and beside the machine's rate."""
    lines = [
        (
            system["system"],
            f"{system['tokens_per_second']:,.0f} tokens/s; takes {system['ratio']:.2f} times "
            f"our time; cosine {system['lowest_cosine_to_float32']:.5f}",
        )
        for system in found["systems"]
    ]
    return [*lines, ("share of the matrix rate", f"{found['share_of_matrix_rate']:.2f}")]


def _same_windows(encoder: ScriptEncoder, text: str, count: int) -> tuple[str, list[str]]:
    """Return a document of exactly ``count`` windows, and the windows as texts."""
    tokenizer = encoder._load().network.tokenizer
    size = WINDOW - 2
    encoded = tokenizer(
        text[: count * size * 12],
        add_special_tokens=False,
        return_offsets_mapping=True,
        verbose=False,
    )
    offsets = encoded["offset_mapping"][: count * size]
    cuts = windows(len(offsets), size)
    parts = [text[offsets[a][0] : offsets[b - 1][1]] for a, b in cuts]
    return text[: offsets[-1][1]], parts


def _peer(model: LoadedModel, **model_kwargs: object) -> object:
    from sentence_transformers import SentenceTransformer

    source = model.network.tokenizer.name_or_path
    peer = SentenceTransformer(source, device=model.device, model_kwargs=model_kwargs or None)
    peer.max_seq_length = WINDOW
    return peer


def _naive(peer: object, parts: list[str]) -> np.ndarray:
    import torch

    rows = []
    for part in parts:
        features = {k: v.to(peer.device) for k, v in peer.tokenizer(
            part, return_tensors="pt", truncation=True, max_length=WINDOW).items()}  # fmt: skip
        rows.append(peer(features)["sentence_embedding"][0])
    return torch.stack(rows).float().detach().cpu().numpy()


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout
