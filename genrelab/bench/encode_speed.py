"""``genrelab bench encode_speed``: the timings of ``genrelab bench encode`` alone.

For a machine that is at hand for minutes only; memory, kills and lengths need no second processor.
"""

from collections.abc import Mapping

from genrelab.bench import encode
from genrelab.datasets import load


def run(rounds: int = 5, n_windows: int = 48) -> dict[str, object]:
    """Time the encoder and its peers; see `genrelab.bench.encode.run`."""
    found = encode.speed(list(load("plays").texts), rounds, n_windows)
    return {"title": "The encoder's speed beside its peers", "rounds": rounds, "speed": found}


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the printed table."""
    return encode.report_speed(result["speed"])
