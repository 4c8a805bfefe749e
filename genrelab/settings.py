"""Where things are: the profile, the cache, the mirror and the files that ship."""

import os
from pathlib import Path

PACKAGE = Path(__file__).parent
PROFILES = ("default", "full")


def profile() -> str:
    """Return the profile that the chapters run in.

    ``"default"`` is offline and small (two CPU cores, at most a minute a chapter); ``"full"`` uses
    fetched texts and a GPU if there is one. ``GENRELAB_PROFILE`` chooses.

    Returns
    -------
    str
        ``"default"`` or ``"full"``.

    Raises
    ------
    ValueError
        If ``GENRELAB_PROFILE`` holds anything else.

    Examples
    --------
    >>> profile() in PROFILES
    True
    """
    name = os.environ.get("GENRELAB_PROFILE", "default")
    if name not in PROFILES:
        raise ValueError(
            f"GENRELAB_PROFILE is {name!r}; expected one of {', '.join(PROFILES)}. "
            "Unset it or choose one of these."
        )
    return name


def cache_dir() -> Path:
    """Return the folder for fetched data: ``GENRELAB_CACHE``, else the user's cache folder.

    Examples
    --------
    >>> cache_dir().is_absolute()
    True
    """
    folder = os.environ.get("GENRELAB_CACHE")
    if folder:
        return Path(folder).expanduser().resolve()
    import platformdirs

    return Path(platformdirs.user_cache_dir("genrelab"))


def mirror() -> str | None:
    """Return the folder or URL that replaces the hosts of fetched data (``GENRELAB_MIRROR``).

    Its layout is ``<owner>/<repo>/<commit>/<path>``.
    """
    return os.environ.get("GENRELAB_MIRROR") or None


def data_file(name: str) -> Path:
    """Return the path of a data file that ships with the package."""
    return PACKAGE / "datasets" / "files" / name


def results_dir() -> Path:
    """Return the folder of recorded results: ``book/results`` in a checkout, else the wheel's."""
    checkout = PACKAGE.parent / "book" / "results"
    return checkout if checkout.is_dir() else PACKAGE / "results"
