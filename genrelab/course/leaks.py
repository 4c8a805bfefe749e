"""Look for what only some may see in files that all may see."""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path

from nbformat import NotebookNode

from genrelab.course.chapters import for_instructors, halves
from genrelab.course.exercises import OPEN, Exercise, part
from genrelab.course.myst import ROLE

# Shorter lines, such as ``target,`` or *Common wrong answers:*, tell nothing.
PROSE, CODE, LETTERS = 5, 3, 20


class LeakError(ValueError):
    """Something secret stands where learners can read it."""


def words(text: str) -> str:
    r"""Reduce text to its words, so that wrapping, quoting and colouring make no difference.

    Examples
    --------
    >>> words("n_windows = int(\n    np.ceil(Tokens / 510))")
    'n_windows int np ceil tokens 510'
    """
    return " ".join(re.findall(r"\w+", text.lower()))


def telling(text: str) -> set[str]:
    r"""Return the lines of a text, reduced to words, that are long enough to recognise.

    Examples
    --------
    >>> telling("else:\n    share = target[:, 0].mean(axis=0)")
    {'share target 0 mean axis 0'}
    """
    found = set()
    for line in ROLE.sub("\n", text).splitlines():
        told = words(line)
        is_code = len(told) >= LETTERS and re.search(r"[=(\[_]", line)
        if told.count(" ") + 1 >= (CODE if is_code else PROSE):
            found.add(told)
    return found


def _sides(exercise: Exercise, answers: bool) -> tuple[list[str], list[str]]:
    """Split an exercise into what learners see and what they do not."""
    seen, unseen = [], []
    for cell in exercise.cells:
        if part(cell) in OPEN or not (answers or for_instructors(cell)):
            seen.append(cell.source)
        elif part(cell) == "solution" and cell.cell_type == "code":
            given, answer = halves(cell.source)
            seen.append(given)
            unseen.append(answer)
        else:
            unseen.append(cell.source)
    return seen, unseen


def secrets(items: Iterable[NotebookNode | Exercise], answers: bool = True) -> dict[str, str]:
    """Return what no learner of a chapter may read, line by line, each with its exercise.

    A line that the chapter teaches and the solution takes up is no secret, unless the chapter
    shows all lines of that cell: then somebody has left the answer there.

    Parameters
    ----------
    items : iterable of NotebookNode or Exercise
        A chapter as `exercises.gather` returns it.
    answers : bool, default=True
        Whether answers are secret; rubrics and hidden checks always are.

    Returns
    -------
    dict of str to str
        What `found` takes.
    """
    shown, hidden = [], []
    for item in items:
        if isinstance(item, Exercise):
            seen, unseen = _sides(item, answers)
            shown += seen
            hidden += [(telling(text), f"exercise {item.name}") for text in unseen]
        else:
            shown.append(item.source)
    page = f" {words(' '.join(shown))} "
    secret = {}
    for lines, origin in hidden:
        taught = {line for line in lines if f" {line} " in page}
        secret |= dict.fromkeys(lines if taught == lines else lines - taught, origin)
    return secret


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key in value:
            yield from _strings(value[key])
    elif isinstance(value, list):
        # nbformat splits a text into lines.
        yield "".join(value) if all(isinstance(v, str) for v in value) else ""
        for each in value:
            yield from _strings(each)


def readable(name: str, content: str | bytes) -> str:
    """Return what a file tells: a notebook all its strings, a page what stands between tags.

    Arrays and pictures tell nothing.
    """
    if isinstance(content, bytes):
        content = "" if b"\0" in content[:1024] else content.decode("utf-8", "ignore")
    if name.endswith(".ipynb"):
        return "\n".join(_strings(json.loads(content)))
    return unescape(re.sub(r"<[^<>]*>", " ", content)) if name.endswith(".html") else content


def files(place: Path) -> Iterator[tuple[str, str]]:
    """Read a file, all files of a folder, or all files of a wheel; yield names and texts."""
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            yield from files(path) if path.is_file() else ()
    elif zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            for name in archive.namelist():
                yield f"{place.name}/{name}", readable(name, archive.read(name))
    else:
        yield str(place), readable(place.name, place.read_bytes())


def found(secret: dict[str, str], texts: Iterable[tuple[str, str]]) -> list[str]:
    """Name every secret line that a text holds.

    Parameters
    ----------
    secret : dict of str to str
        Lines from `telling`, and where each comes from.
    texts : iterable of (str, str)
        Names and texts.

    Returns
    -------
    list of str
        One line a leak; empty when nothing leaks.

    Examples
    --------
    >>> secret = {line: "exercise 6.1" for line in telling("n = ceil(tokens / size / 2)")}
    >>> found(secret, [("page", "and n = ceil( tokens/size/2 ) it is")])
    ["page: tells a line of exercise 6.1: 'n ceil tokens size 2'."]
    """
    problems = []
    for name, text in texts:
        page = f" {words(text)} "
        problems += [
            f"{name}: tells a line of {origin}: {line!r}."
            for line, origin in secret.items()
            if f" {line} " in page
        ]
    return problems


def refuse(secret: dict[str, str], texts: Iterable[tuple[str, str]]) -> None:
    """Raise `LeakError` if a text holds a secret line; arguments as for `found`."""
    problems = found(secret, texts)
    if problems:
        raise LeakError("\n".join(problems))
