"""``genrelab bench quantisation``: what it costs to ship vectors in one or two bytes a number.

Needs what ``genrelab data build-features`` keeps in the cache: the vectors before quantisation.
"""

from collections.abc import Mapping

import numpy as np

from genrelab import settings
from genrelab.bench.readings import vector_classifier
from genrelab.datasets import load
from genrelab.encoding.features import EXACT_FILE, lowest_cosine
from genrelab.evaluation import cross_validate
from genrelab.splits import headline_folds

NAMES = ("vectors", "head", "tail", "random4", "segments")


def run() -> dict[str, object]:
    """Compare shipped with exact vectors: lowest cosine, and macro-F1 over five folds."""
    shipped = load("script_features")
    path = settings.cache_dir() / "encoded" / EXACT_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing. Make it: genrelab data build-features.")
    with np.load(path, allow_pickle=False) as archive:
        exact = {name: archive[name] for name in NAMES}
    ids = [row.film_id for row in _manifest_rows()]
    rows = np.array([ids.index(film_id) for film_id in shipped.ids])
    lines = []
    for name in NAMES:
        kept, before = getattr(shipped, name), exact[name][rows]
        scores = [
            cross_validate(
                vector_classifier(), data.reshape(len(data), -1), shipped.labels,
                groups=shipped.groups, folds=headline_folds(shipped)[:5], tuner="per_label",
            ).headline
            for data in (before, kept)
        ]  # fmt: skip
        lines.append(
            {
                "vectors": name,
                "lowest_cosine": lowest_cosine(before, kept),
                "f1_macro_before": scores[0]["f1_macro"],
                "f1_macro_shipped": scores[1]["f1_macro"],
            }
        )
    return {"title": "What quantisation costs", "lines": lines}


def report(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the lines of the printed table."""
    return [
        (
            line["vectors"],
            f"cosine >= {line['lowest_cosine']:.5f}; macro-F1 before "
            f"{line['f1_macro_before']:.4f}, as shipped {line['f1_macro_shipped']:.4f}",
        )
        for line in result["lines"]
    ]


def _manifest_rows() -> list:
    from genrelab.datasets.scripts import read_manifest

    return [row for row in read_manifest() if row.usable]
