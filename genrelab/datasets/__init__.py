"""What there is to read: one card, one loader and one verification a data set.

A data set is a module of this package with ``CARD``, ``load(**options)``, ``fetch(progress)`` and
``verify()``; its name in ``NAMES`` makes it known.
"""

import inspect
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from genrelab.datasets.base import Dataset, DatasetCard, DatasetError
from genrelab.datasets.cleaning import clean
from genrelab.datasets.folder import load_folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NAMES",
    "Dataset",
    "DatasetCard",
    "DatasetError",
    "clean",
    "list_datasets",
    "load",
    "load_folder",
    "module",
]

NAMES = (
    "script_features",
    "scripts",
    "films",
    "plays",
    "wiki_plots",
    "cmu_plots",
    "imdb27",
    "kaggle_csv",
)


def load(name: str, **options: object) -> Dataset:
    """Load a data set by name.

    Parameters
    ----------
    name : str
        One of :data:`NAMES`; :func:`list_datasets` says what they are. For your own texts see
        :func:`load_folder`.
    **options
        Passed to the loader: ``min_count`` and ``split`` for the scripts and their features,
        ``view`` for the films, ``drop_lead`` for ``wiki_plots``, ``split`` and ``allow_partial``
        for ``imdb27``, ``path`` and ``fill`` for ``kaggle_csv``.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If there is no such data set or option, or the data are not as they should be.

    Examples
    --------
    >>> load("plays")
    <Dataset 'plays': 38 rows, 6 labels, 30 groups>
    """
    loader = module(name).load
    allowed = inspect.signature(loader).parameters
    unknown = sorted(set(options) - set(allowed))
    if unknown:
        raise DatasetError(
            f"load({name!r}) got the unknown option {unknown[0]!r}; expected "
            f"{', '.join(allowed) or 'none'}."
        )
    return loader(**options)


def module(name: str) -> ModuleType:
    """Return the module of a data set: its ``CARD``, ``load``, ``fetch`` and ``verify``.

    Raises
    ------
    DatasetError
        If there is no such data set.
    """
    if name not in NAMES:
        close = get_close_matches(str(name), NAMES, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise DatasetError(
            f"there is no data set {name!r}; {hint}expected one of {', '.join(NAMES)}. "
            "For your own texts use load_folder(path)."
        )
    return import_module(f"genrelab.datasets.{name}")


def list_datasets() -> "pd.DataFrame":
    """Return the cards as a table, one row a data set; nothing is loaded or fetched.

    Returns
    -------
    DataFrame
        Indexed by name: title, rows (``None`` where only loading can tell), labels a row, where it
        comes from, licence, source.

    Examples
    --------
    >>> list_datasets().index.tolist()[:5]
    ['script_features', 'scripts', 'films', 'plays', 'wiki_plots']
    """
    import pandas as pd

    cards = [module(name).CARD for name in NAMES]
    return pd.DataFrame(
        {
            "title": [card.title for card in cards],
            "rows": pd.array([card.n_rows for card in cards], dtype="Int64"),
            "labels a row": ["one" if card.single_label else "several" for card in cards],
            "comes": [card.comes for card in cards],
            "licence": [card.licence for card in cards],
            "source": [card.source for card in cards],
        },
        index=pd.Index([card.name for card in cards], name="name"),
    )
