"""Predict a film's genres from its text, from a one-line plot to a whole screenplay.

Rooms load on first use, so that ``import genrelab`` stays instant:

>>> import genrelab
>>> genrelab.windows.windows(10, size=4, overlap=1)
[(0, 4), (3, 7), (6, 10)]
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

_ROOMS = (
    "settings",
    "windows",
    "text",
    "losses",
    "metrics",
    "datasets",
    "encoding",
    "splits",
    "resampling",
    "thresholds",
    "models",
    "evaluation",
    "plots",
    "tracking",
    "checks",
    "bench",
)


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS:
        return import_module(f"genrelab.{name}")
    raise AttributeError(f"module 'genrelab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS])
