"""Models from a small net over vectors to fine-tuned transformers; each loads on first use."""

from importlib import import_module

_HOMES = {
    "ChainEnsemble": "label_sets",
    "FeedForward": "heads",
    "LabelPowerset": "label_sets",
}

__all__ = ["ChainEnsemble", "FeedForward", "LabelPowerset"]


def __getattr__(name: str) -> type:
    if name in _HOMES:
        return getattr(import_module(f"genrelab.models.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'genrelab.models' has no attribute {name!r}")
