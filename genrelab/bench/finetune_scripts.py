"""``genrelab bench finetune_scripts``: MiniLM fine-tuned on parts of the scripts.

The first 510 tokens, 255 at each end, or four excerpts of 250 tokens, evenly spaced. The same
films, folds and tuned thresholds as in `genrelab.bench.finetune`; needs fetched texts and a GPU.
"""

import hashlib
import json
from functools import cache, partial

import numpy as np

from genrelab import settings
from genrelab.bench import Table
from genrelab.bench.views import corpus
from genrelab.bench.window_sizes import spaced_blocks
from genrelab.datasets import load
from genrelab.encoding import ScriptEncoder
from genrelab.encoding.features import first_and_last_window
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.models.finetune import FineTuned
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner

N_EXCERPTS, EXCERPT_TOKENS = 4, 250
READINGS: dict[str, tuple[str, dict[str, object]]] = {
    "first 510 tokens": ("head", {"window": 512}),
    "four excerpts": ("excerpts", {"window": 256, "read": "windows"}),
    "both ends": ("ends", {"window": 512, "read": "head+tail"}),
}


@cache
def parts() -> dict[str, list[str]]:
    """Return what each reading reads of each script; made once, then kept in the cache."""
    path = settings.cache_dir() / "finetune_scripts.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    films, _ = corpus()
    scripts = load("scripts")
    encoder = ScriptEncoder()  # only its tokenizer is used
    found: dict[str, list[str]] = {"head": [], "ends": [], "excerpts": []}
    texts = dict(zip(scripts.ids, scripts.texts, strict=True))
    for film in films.ids:
        head, tail = first_and_last_window(encoder, texts[film])
        found["head"].append(head)
        found["ends"].append(f"{head}\n\n{tail}")
        blocks = spaced_blocks(texts[film], encoder, N_EXCERPTS, EXCERPT_TOKENS)
        found["excerpts"].append("\n\n".join(blocks))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(found), encoding="utf-8")
    temporary.replace(path)
    return found


def tuned(fold: Fold, *, reading: str, settings: str) -> FoldOutcome:
    """Fine-tune on one reading of the training scripts and judge by the test scripts."""
    # The settings are there to be hashed: the row is run again when they change.
    films, _ = corpus()
    part, options = READINGS[reading]
    texts = np.array(parts()[part], dtype=object)
    return run_fold(
        FineTuned(**options),
        texts,
        films.labels,
        fold,
        groups=films.groups,
        tuner=ThresholdTuner(),
    )


def table() -> Table:
    """Return the table: three readings of the scripts, ten folds."""
    films, _ = corpus()
    texts = json.dumps(parts(), sort_keys=True)
    return Table(
        name="finetune_scripts",
        title="MiniLM fine-tuned on parts of the scripts",
        rows={
            name: partial(tuned, reading=name, settings=repr(READINGS[name])) for name in READINGS
        },
        folds=headline_folds(films),
        data={"parts of scripts": hashlib.sha256(texts.encode()).hexdigest()},
        labels=films.labels,
        groups=films.groups,
        needs_mirror=True,
        needs_gpu=tuple(READINGS),
    )
