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
