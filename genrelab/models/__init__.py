"""Models from a small net over vectors to fine-tuned transformers; each loads on first use."""

from importlib import import_module

_HOMES = {
    "ChainEnsemble": "label_sets",
    "ChunkVoting": "aggregate",
    "FeedForward": "heads",
    "FineTuned": "finetune",
    "GenrePredictor": "predictor",
    "LabelPowerset": "label_sets",
    "PooledWindows": "aggregate",
    "Recurrent": "recurrent",
    "WindowNet": "aggregate",
    "WordVectors": "words",
}

__all__ = [
    "ChainEnsemble",
    "ChunkVoting",
    "FeedForward",
    "FineTuned",
    "GenrePredictor",
    "LabelPowerset",
    "PooledWindows",
    "Recurrent",
    "WindowNet",
    "WordVectors",
]


def __getattr__(name: str) -> type:
    if name in _HOMES:
        return getattr(import_module(f"genrelab.models.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'genrelab.models' has no attribute {name!r}")
