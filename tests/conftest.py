"""Fixtures that more than one test file uses."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The local copy of the public data; tests that need it skip where it is not set."""
    folder = os.environ.get("GENRELAB_MIRROR")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GENRELAB_MIRROR names no folder: lay out the mirror to run this test")
    return Path(folder)


@pytest.fixture(scope="session")
def whole_mirror(mirror: Path) -> Path:
    """A mirror of all scripts and plots; the small one has 40 scripts and one decade."""
    n_scripts = len(list(mirror.glob("florian-rieder/Movie-Scripts/*/scripts/*.txt")))
    n_decades = len(list(mirror.glob("prust/wikipedia-movie-data/*/movies-*s.json")))
    if n_scripts < 1_118 or n_decades < 13:
        pytest.skip(
            f"the mirror holds {n_scripts} of 1,118 scripts and {n_decades} of 13 decades: lay out "
            "the whole one to run this test"
        )
    return mirror
