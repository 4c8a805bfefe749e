"""The saved pipeline: from a text to its genres, and to the scenes that speak for them."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from genrelab import __version__, settings
from genrelab.encoding.run import problem_of
from genrelab.models.parts import MAKERS, Part, Saved, require
from genrelab.text import Scene, film_text, scenes

if TYPE_CHECKING:
    from genrelab.encoding import ScriptEncoder

FORMAT = 1
FACTS_FILE, ARRAYS_FILE = "model.json", "model.safetensors"
DEFAULT = settings.PACKAGE / "models" / "default"
SPEAKING_SCENES = 3
LONGEST_HEADING = 80


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a text was given its genres. L labels.

    Attributes
    ----------
    genres : tuple of str
        The predicted ones, most probable first.
    label_names : tuple of str
    probabilities, thresholds : ndarray of shape (L,)
    scores : ndarray of shape (n_windows, L)
        Probabilities of equal parts of the text, in order.
    scenes : dict of str to list of dict
        For each predicted genre the scenes that speak most for it: ``scene`` (its number, the
        first is 1), ``heading``, ``from`` and ``to`` (shares of the text), and ``adds`` to the
        genre's logit.
    receipt : dict
        How much was read, by how many windows, how much was cut off (nothing), in how many
        seconds.
    """

    genres: tuple[str, ...]
    label_names: tuple[str, ...]
    probabilities: np.ndarray
    thresholds: np.ndarray
    scores: np.ndarray
    scenes: dict[str, list[dict[str, object]]]
    receipt: dict[str, object]


@dataclass(frozen=True, eq=False, repr=False)
class GenrePredictor:
    r"""From texts to genres; `load` gives the one that ships.

    Parameters
    ----------
    part : Words, Vectors, Windows, Recurrence or Tuned
        What scores a text; see `genrelab.models.parts`.
    label_names : tuple of str, length L
    thresholds : ndarray of shape (L,)
        A genre is predicted from this probability on; a text that reaches none gets its most
        probable genre.
    single_label : bool, default=False
        Always the most probable genre alone, whatever the thresholds.
    facts : mapping
        What is known of it: ``data`` (name, rows, hash), ``metrics``, ``card``.

    Examples
    --------
    >>> predictor = GenrePredictor.load()
    >>> len(predictor.label_names)
    13
    >>> ghosts = "INT. CRYPT - NIGHT\n\nA scream. The vampire, covered in blood, bites. " * 20
    >>> predictor.predict([ghosts])[0][0]
    'Horror'
    """

    part: Part
    label_names: tuple[str, ...]
    thresholds: np.ndarray
    single_label: bool = False
    facts: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<GenrePredictor: {len(self.label_names)} genres from {self.part.kind}>"

    def predict_proba(self, texts: Sequence[str], names: Sequence[str] | None = None) -> np.ndarray:
        """Return probabilities.

        Parameters
        ----------
        texts : sequence of n str
            Scripts or other texts; a script page's footer, which names the genres, is cut off.
        names : sequence of str, optional
            What messages call them.

        Returns
        -------
        ndarray of shape (n, L)

        Raises
        ------
        ValueError
            If a text is empty, binary, or holds nothing that the model knows.
        """
        if isinstance(texts, str):
            raise ValueError("texts is one text; expected a sequence. Wrap it in a list.")
        names = [f"text {row}" for row in range(len(texts))] if names is None else list(names)
        read = [self._text(text, name) for text, name in zip(texts, names, strict=True)]
        return self._probabilities(self.part.logits(read, names))

    def predict(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Return each text's genres, most probable first; at least one.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        list of tuple of str
        """
        return [self.genres(row) for row in self.predict_proba(texts)]

    def genres(self, probabilities: np.ndarray) -> tuple[str, ...]:
        """Return the genres of one row of probabilities, shape (L,)."""
        order = np.argsort(-probabilities, kind="stable")
        passed = [label for label in order if probabilities[label] >= self.thresholds[label]]
        chosen = order[:1] if self.single_label or not passed else passed
        return tuple(self.label_names[label] for label in chosen)

    def explain(self, text: str, name: str = "the text") -> Explanation:
        """Say which genres a text has, where in it, and which scenes speak for them.

        Parameters
        ----------
        text : str
        name : str
            What messages call it.

        Returns
        -------
        Explanation

        Raises
        ------
        ValueError
            As `predict_proba`.
        """
        start = time.perf_counter()
        text = self._text(text, name)
        cut = scenes(text)
        reading = self.part.read(text, name, cut)
        probabilities = self._probabilities(reading.logits[None])[0]
        genres = self.genres(probabilities)
        receipt = reading.receipt | {"seconds": round(time.perf_counter() - start, 3)}
        return Explanation(
            genres,
            self.label_names,
            probabilities,
            self.thresholds,
            self._probabilities(reading.windows),
            {genre: _loudest(self._column(reading.voices, genre), cut) for genre in genres},
            receipt,
        )

    def save(self, folder: str | Path) -> Path:
        """Write the predictor as a folder of safetensors and JSON, whole or not at all.

        Parameters
        ----------
        folder : str or Path
            A new or empty folder, or one that holds a saved predictor, which is replaced.

        Returns
        -------
        Path

        Raises
        ------
        FileExistsError
            If the folder holds anything else.
        """
        from safetensors.numpy import save

        folder = check_target(folder)
        arrays = {name: np.ascontiguousarray(a) for name, a in self.part.arrays().items()}
        packed = save(dict(sorted(arrays.items())))
        draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
        old = draft.with_suffix(".old")
        try:
            draft.mkdir(parents=True)
            (draft / ARRAYS_FILE).write_bytes(packed)
            facts = self._as_json() | self.part.write(draft)
            facts["sha256"] = _digest(facts, packed)
            text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
            (draft / FACTS_FILE).write_text(text + "\n", encoding="utf-8")
            if folder.exists():
                folder.replace(old)
            draft.replace(folder)
        finally:
            if old.exists() and not folder.exists():
                old.replace(folder)
            shutil.rmtree(draft, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
        return folder

    @classmethod
    def load(
        cls, folder: str | Path | None = None, *, encoder: "ScriptEncoder | None" = None
    ) -> Self:
        """Read a saved predictor; nothing in the folder is ever run.

        Parameters
        ----------
        folder : str or Path, optional
            The model that ships with the package when left out.
        encoder : ScriptEncoder, optional
            For a model over vectors; the bundled MiniLM when left out. A folder cannot name one,
            and its hash must be that of the encoder that the model was trained with.

        Returns
        -------
        GenrePredictor

        Raises
        ------
        ValueError
            If a piece is missing, damaged or not as expected.
        """
        folder = DEFAULT if folder is None else Path(folder)
        try:
            facts, arrays = _read_folder(folder)
            return cls._from(folder, facts, arrays, encoder)
        except (ValueError, KeyError, TypeError) as error:
            problem = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(
                f"{folder}: {problem}; expected a model folder, unchanged, as `genrelab train` "
                "writes it. Copy it again or train anew."
            ) from None

    @classmethod
    def _from(
        cls,
        folder: Path,
        facts: dict,
        arrays: dict[str, np.ndarray],
        encoder: "ScriptEncoder | None",
    ) -> Self:
        names, n_labels = facts["labels"], len(facts["labels"])
        require(
            isinstance(names, list) and names and all(isinstance(name, str) for name in names),
            "the labels are no list of names",
        )
        require(len(set(names)) == n_labels, "a label stands twice")
        thresholds = np.array(facts["thresholds"], dtype=np.float64)
        require(
            thresholds.shape == (n_labels,) and np.isfinite(thresholds).all(),
            f"the thresholds are not {n_labels} numbers",
        )
        part = MAKERS[facts["kind"]](Saved(folder, facts, arrays, n_labels, encoder))
        kept = {key: facts[key] for key in ("data", "metrics", "card")}
        return cls(part, tuple(names), thresholds, bool(facts["single_label"]), kept)

    def _as_json(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "genrelab": __version__,
            "kind": self.part.kind,
            "card": self.facts.get("card", ""),
            "data": self.facts.get("data", {}),
            "encoder": None,
            "metrics": self.facts.get("metrics", {}),
            "single_label": self.single_label,
            "labels": list(self.label_names),
            "thresholds": self.thresholds.tolist(),
        }

    def _text(self, raw: object, name: str) -> str:
        problem = problem_of(raw)
        text = "" if problem else film_text(raw)
        if problem or not text:
            problem = problem or "holds page furniture only"
            raise ValueError(f"{name} {problem}; expected text. Mend or drop it.")
        return text

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        if self.single_label:
            exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
            return exponents / exponents.sum(axis=1, keepdims=True)
        return 1 / (1 + np.exp(-logits))

    def _column(self, values: np.ndarray, genre: str) -> np.ndarray:
        return values[:, self.label_names.index(genre)]


def check_target(folder: str | Path) -> Path:
    """Return where a model may be saved, or raise FileExistsError if something else is there."""
    folder = Path(folder)
    if folder.exists() and not (
        folder.is_dir() and ((folder / FACTS_FILE).is_file() or not any(folder.iterdir()))
    ):
        raise FileExistsError(f"{folder} exists and is no saved model. Choose another folder.")
    return folder


def _loudest(voices: np.ndarray, cut: Sequence[Scene]) -> list[dict[str, object]]:
    """Return the scenes that add most, by number, heading and place; none that adds nothing."""
    length = cut[-1].stop
    order = [row for row in np.argsort(-voices, kind="stable") if voices[row] > 0]
    return [
        {
            "scene": int(row) + 1,
            "heading": cut[row].heading[:LONGEST_HEADING],
            "from": round(cut[row].start / length, 4),
            "to": round(cut[row].stop / length, 4),
            "adds": round(float(voices[row]), 4),
        }
        for row in order[:SPEAKING_SCENES]
    ]


def _digest(facts: Mapping[str, object], packed: bytes) -> str:
    """Hash what both files say: it finds damage, not malice."""
    said = {key: value for key, value in facts.items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    digest.update(packed)
    return digest.hexdigest()


def _read_folder(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    require(folder.is_dir(), "no such folder")
    for name in (FACTS_FILE, ARRAYS_FILE):
        require((folder / name).is_file(), f"{name} is missing")
    packed = (folder / ARRAYS_FILE).read_bytes()
    try:
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{FACTS_FILE} is no JSON ({error})") from None
    require(isinstance(facts, dict), f"{FACTS_FILE} holds no object")
    require(facts["format"] == FORMAT, f"format {facts['format']!r} is not {FORMAT}")
    require(facts["sha256"] == _digest(facts, packed), "its files do not match their hash")
    try:
        arrays = load(packed)
    except SafetensorError as error:
        raise ValueError(f"{ARRAYS_FILE} cannot be read ({error})") from None
    for name, array in arrays.items():
        require(bool(np.isfinite(array).all()), f"array {name!r} holds values that are not finite")
    return facts, arrays
