"""Assigned exercises live in a folder of their own: whatever is in the repository is public.

An overlay folder holds ``overlay.yml`` and one ``NN_exK.py`` for each exercise NN.K, in the form of
a chapter: tagged py:percent cells, the exercise first. ``overlay.yml`` has the lines

``title``
    Whose class this is.
``seed``
    A whole number that ``--seed`` overrides. It becomes the ``SEED = …`` of every code cell that
    has such a line, so that another class gets other data and last year's answers do not fit.
``replaces``
    The exercises of the book, such as ``"1.2"``, that a file here stands for. Any other file adds
    an exercise after the chapter's last. Optional.
``public``
    True only of a sample that is meant to be read by all. Optional.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from nbformat import NotebookNode

from genrelab.course.chapters import ROOT, chapters, read
from genrelab.course.exercises import Exercise, gather

FILE = re.compile(r"(\d\d)_ex(\d+)\.py")
SEED = re.compile(r"^SEED = .*$", re.M)
KEYS = {"title": str, "seed": int, "replaces": list, "public": bool}


@dataclass(frozen=True)
class Overlay:
    """An overlay folder, read.

    Parameters
    ----------
    title : str
    exercises : list of Exercise
        Sorted by chapter and number, seeds filled in.
    replaces : frozenset of str
        Names of the exercises that take the place of one in the book.
    """

    title: str
    exercises: list[Exercise]
    replaces: frozenset[str]

    def over(self, items: list[NotebookNode | Exercise], chapter: int) -> list:
        """Return a chapter with the assigned exercises in it.

        Parameters
        ----------
        items : list of NotebookNode or Exercise
            The chapter as `exercises.gather` returns it.
        chapter : int
            Its number.

        Raises
        ------
        ValueError
            If an exercise would replace one unasked, or shall replace one that is not there.
        """
        items = list(items)
        for exercise in self.exercises:
            if exercise.chapter != chapter:
                continue
            places = {each.name: at for at, each in enumerate(items) if isinstance(each, Exercise)}
            if (exercise.name in places) != (exercise.name in self.replaces):
                told = "does not list it" if exercise.name in places else "says it replaces one"
                there = ", ".join(places) or "none"
                raise ValueError(
                    f"overlay: exercise {exercise.name}: the chapter has {there}, and overlay.yml "
                    f"{told}; correct 'replaces' or the number."
                )
            if exercise.name in places:
                items[places[exercise.name]] = exercise
            else:
                items.insert(max(places.values(), default=len(items) - 1) + 1, exercise)
        return items


def read_overlay(folder: Path, seed: int | None = None, root: Path = ROOT) -> Overlay:
    """Read an overlay folder.

    Parameters
    ----------
    folder : Path
    seed : int, optional
        For this class; the one of ``overlay.yml`` when left out.
    root : Path
        The checkout, in which no overlay may lie unless it is public.

    Raises
    ------
    ValueError
        If the folder is inside the repository, or holds something other than it should.

    Examples
    --------
    >>> overlay = read_overlay(ROOT / "book" / "overlay_sample")
    >>> [exercise.name for exercise in overlay.exercises]
    ['1.5']
    """
    settings = _settings(folder / "overlay.yml")
    if root.resolve() in folder.resolve().parents and not settings.get("public"):
        raise ValueError(
            f"{folder}: lies inside the repository, where everything is public; move the overlay "
            "out of it."
        )
    seed = settings["seed"] if seed is None else seed
    known = {int(path.stem[:2]) for path in chapters(root)}
    found = [_exercise(path, seed, known) for path in sorted(folder.glob("*.py"))]
    if not found:
        raise ValueError(f"{folder}: holds no NN_exK.py; write one for each assigned exercise.")
    replaces = frozenset(map(str, settings.get("replaces", [])))
    idle = sorted(replaces - {exercise.name for exercise in found})
    if idle:
        raise ValueError(
            f"{folder / 'overlay.yml'}: replaces {', '.join(idle)}, for which there is no file."
        )
    found.sort(key=lambda exercise: (exercise.chapter, exercise.number))
    return Overlay(settings["title"], found, replaces)


def _settings(path: Path) -> dict:
    if not path.is_file():
        raise ValueError(f"{path}: no such file; an overlay folder needs it, see the guide.")
    settings = yaml.safe_load(path.read_text("utf-8"))
    if not isinstance(settings, dict) or not settings.keys() >= {"title", "seed"}:
        raise ValueError(f"{path}: expected at least the lines 'title: …' and 'seed: …'.")
    for key, value in settings.items():
        kind = KEYS.get(key)
        if kind is None or not isinstance(value, kind):
            expected = f"a {kind.__name__}" if kind else f"one of {', '.join(KEYS)}"
            raise ValueError(f"{path}: {key}: {value!r}; expected {expected}.")
    return settings


def _exercise(path: Path, seed: int, known: set[int]) -> Exercise:
    name = FILE.fullmatch(path.name)
    items = gather(read(path.read_text("utf-8")).cells, path.name)
    if name is None or len(items) != 1 or not isinstance(items[0], Exercise):
        raise ValueError(f"{path}: expected one exercise, in a file named like 06_ex5.py.")
    exercise = items[0]
    if (exercise.chapter, exercise.number) != (int(name[1]), int(name[2])):
        raise ValueError(f"{path}: its heading says exercise {exercise.name}; rename one of them.")
    if exercise.chapter not in known:
        raise ValueError(f"{path}: there is no chapter {exercise.chapter}.")
    seeded = [cell for cell in exercise.of("solution") if SEED.search(cell.source)]
    if exercise.checks and not seeded:
        raise ValueError(
            f"{path}: no given line 'SEED = …' in its solution, so every class would have the same "
            "answer; draw data or numbers from such a seed."
        )
    for cell in exercise.cells:
        if cell.cell_type == "code":
            cell.source = SEED.sub(f"SEED = {seed}", cell.source)
    return exercise
