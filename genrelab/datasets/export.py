"""A data set as a file: CSV, parquet, or CoNLL-U, whole or not at all."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from genrelab import text
from genrelab.datasets.base import Dataset, DatasetError

if TYPE_CHECKING:
    import pandas as pd

EMPTY, GLUED = "_", "SpaceAfter=No"
NO_TAGS = (
    f"# tags = none, for spaCy or its model {text.SPACY_MODEL} is not installed: "
    f'python -m pip install "genrelab[tags]" && python -m spacy download {text.SPACY_MODEL}'
)
_TOKEN = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]")


def table(dataset: Dataset, texts: bool = True) -> "pd.DataFrame":
    """Return a data set as a table: id, title, group, labels (Crime|Drama), text.

    Parameters
    ----------
    dataset : Dataset
    texts : bool, default=True

    Returns
    -------
    DataFrame
        One line a row.

    Examples
    --------
    >>> from genrelab.datasets import load
    >>> table(load("plays"), texts=False).query("id == 'hamlet'").iloc[0].tolist()
    ['hamlet', 'Hamlet', 'hamlet', 'tragedy']
    """
    import numpy as np
    import pandas as pd

    names = np.array(dataset.label_names)
    frame = pd.DataFrame(
        {
            "id": dataset.ids,
            "title": dataset.titles,
            "group": dataset.groups.astype(object),
            "labels": ["|".join(names[row == 1]) for row in dataset.labels],
        }
    )
    return frame.assign(text=list(dataset.texts)) if texts else frame


def conllu(dataset: Dataset, rows: Iterable[int] | None = None) -> Iterator[str]:
    """Yield a data set in CoNLL-U, sentence by sentence: words, lemmas, tags.

    Parameters
    ----------
    dataset : Dataset
    rows : iterable of int, optional
        Which rows; all when left out. A caller may count them to show progress.

    Yields
    ------
    str
        A sentence with its comments and the blank line after it. The first of a row says
        ``# newdoc id``; where spaCy's model is missing the first of all says so, and tags are
        ``_``, as heads and relations always are.

    References
    ----------
    https://universaldependencies.org/format.html

    Examples
    --------
    >>> from genrelab.datasets import load
    >>> sentence = next(conllu(load("plays")))
    >>> "# newdoc id = a-midsummer-night-s-dream" in sentence
    True
    """
    tag = _tagger()
    names, notes = dataset.label_names, [] if tag else [NO_TAGS]
    for row in range(len(dataset)) if rows is None else rows:
        name = dataset.ids[row]
        labels = [label for label, has in zip(names, dataset.labels[row], strict=True) if has]
        notes += [f"# newdoc id = {name}", f"# labels = {'|'.join(labels)}"]
        for number, sentence in enumerate(text.sentences(dataset.texts[row]), 1):
            found = list(_TOKEN.finditer(sentence))
            words = [match[0] for match in found]
            tags = tag(words) if tag else [EMPTY] * len(words)
            ends = [match.end() for match in found]
            starts = [*(match.start() for match in found[1:]), None]
            lines = [*notes, f"# sent_id = {name}-{number}", f"# text = {sentence}"]
            lines += [
                "\t".join(
                    [str(place), word, text._lemma(word.lower()), pos, *[EMPTY] * 5]
                    + [GLUED if end == start else EMPTY]
                )
                for place, (word, pos, end, start) in enumerate(
                    zip(words, tags, ends, starts, strict=True), 1
                )
            ]
            notes = []
            yield "\n".join(lines) + "\n\n"


def _tagger() -> Callable[[list[str]], list[str]] | None:
    """Return what tags the words of a sentence, or None where spaCy or its model is missing."""
    try:
        pipeline = text._tagger()
    except ImportError:
        return None
    from spacy.tokens import Doc

    # A pipeline may leave a word without a tag; the format has no empty columns.
    return lambda words: [
        token.pos_ or EMPTY for token in pipeline(Doc(pipeline.vocab, words=words))
    ]


def _as_csv(dataset: Dataset, path: Path, rows: Iterable[int]) -> None:
    table(dataset).to_csv(path, index=False)


def _as_parquet(dataset: Dataset, path: Path, rows: Iterable[int]) -> None:
    table(dataset).to_parquet(path, index=False)


def _as_conllu(dataset: Dataset, path: Path, rows: Iterable[int]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(conllu(dataset, rows))


FORMATS: Mapping[str, Callable[[Dataset, Path, Iterable[int]], None]] = MappingProxyType(
    {".csv": _as_csv, ".parquet": _as_parquet, ".conllu": _as_conllu}
)


def export(dataset: Dataset, path: Path, rows: Iterable[int] | None = None) -> Path:
    """Write a data set in the format that the file's name asks for.

    Parameters
    ----------
    dataset : Dataset
    path : Path
        Ends in ``.csv``, ``.parquet`` or ``.conllu``.
    rows : iterable of int, optional
        For ``.conllu``, row numbers, which a caller may count to show progress.

    Returns
    -------
    Path

    Raises
    ------
    DatasetError
        If the name ends otherwise.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise DatasetError(f"{path}: expected a name in {', '.join(FORMATS)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        FORMATS[path.suffix](dataset, draft, range(len(dataset)) if rows is None else rows)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
