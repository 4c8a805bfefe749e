"""The saved pipeline: from a text to its genres, and to the scenes that speak for them."""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from genrelab import __version__, settings
from genrelab.encoding.pooling import segment_weights
from genrelab.encoding.run import problem_of
from genrelab.text import Scene, film_text, scenes
from genrelab.windows import windows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from genrelab.encoding import ScriptEncoder

FORMAT = 1
FACTS_FILE, ARRAYS_FILE = "model.json", "model.safetensors"
DEFAULT = settings.PACKAGE / "models" / "default"
# The longest is about as long as a window of 512 tokens; a short text gets ten, if they can be
# long enough to say anything.
FEWEST_WORDS, MOST_WORDS, FEWEST_WINDOWS = 50, 400, 10
WINDOW = 512
SPEAKING_SCENES = 3
LONGEST_HEADING = 80


class Reading(NamedTuple):
    """What a part made of one text: L labels.

    Attributes
    ----------
    logits : ndarray of shape (L,)
    windows : ndarray of shape (n_windows, L)
        Logits of equal parts of the text; their mean, weighted by length, is the text's.
    voices : ndarray of shape (n_scenes, L)
        What each scene adds to the text's logits.
    receipt : dict
        What was read.
    """

    logits: np.ndarray
    windows: np.ndarray
    voices: np.ndarray
    receipt: dict[str, object]


@dataclass(frozen=True, eq=False, repr=False)
class Words:
    """A linear model of tf-idf weights of word counts. V words, L labels.

    A word's weight in a text grows with the logarithm of its count, and texts have unit length; so
    a text's logit is a sum over words, and a word's share is dealt out evenly to the places where
    it stands. A window's logit is what the text's would be if all of it were like the window.

    Attributes
    ----------
    vocabulary : tuple of str
    idf : ndarray of float32, shape (V,)
    weights : ndarray of float16, shape (L, V)
    bias : ndarray of float64, shape (L,)
    """

    vocabulary: tuple[str, ...]
    idf: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    kind = "words"

    def counts(self, texts: Sequence[str]) -> "csr_array":
        """Count the known words, as those of ``script_features`` were counted.

        Parameters
        ----------
        texts : sequence of n str

        Returns
        -------
        csr_array of int32, shape (n, V)
        """
        from scipy.sparse import csr_array
        from sklearn.feature_extraction.text import CountVectorizer

        counter = CountVectorizer(vocabulary=list(self.vocabulary), dtype=np.int32)
        return csr_array(counter.transform(texts))

    def tfidf(self, counts: "csr_array") -> "csr_array":
        """Weigh counts: one row a text, of unit length."""
        from scipy.sparse import csr_array
        from sklearn.preprocessing import normalize

        data = (1 + np.log(counts.data)) * self.idf[counts.indices]
        return csr_array(normalize(csr_array((data, counts.indices, counts.indptr), counts.shape)))

    def logits(self, texts: Sequence[str], names: Sequence[str]) -> np.ndarray:
        """Score texts, shape (n, L)."""
        counts = self.counts(texts)  # (n, V)
        unknown = np.flatnonzero(np.diff(counts.indptr) == 0)
        if len(unknown):
            raise ValueError(
                f"{names[unknown[0]]}: none of its words is among the {len(self.vocabulary):,} "
                "that the model knows; expected English text. Drop it."
            )
        weights = self.weights.astype(np.float64)  # (L, V)
        return np.asarray(self.tfidf(counts) @ weights.T + self.bias)

    def read(self, text: str, name: str, cut: Sequence[Scene]) -> Reading:
        """Score one text, its windows and its scenes."""
        logits = self.logits([text], [name])[0]
        whole = self.counts([text])
        each = np.zeros(len(self.vocabulary))
        each[whole.indices] = self.tfidf(whole).data / whole.data  # of one occurrence of a word
        spoken = each[:, None] * self.weights.T  # (V, L)

        n_words = len(text.split())
        size = min(max(n_words // FEWEST_WINDOWS, FEWEST_WORDS), MOST_WORDS)
        parts = [text[start:stop] for start, stop in word_spans(text, size)]
        counts = self.counts(parts)  # (n_windows, V)
        scale = whole.sum() / np.maximum(counts.sum(axis=1), 1)
        receipt = {"words": n_words, "known_words": int(whole.sum())}
        return Reading(
            logits,
            self.bias + counts @ spoken * scale[:, None],
            self.counts([text[scene.start : scene.stop] for scene in cut]) @ spoken,
            receipt | {"windows": len(parts), "truncated": 0},
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what is saved."""
        joined = np.frombuffer("\n".join(self.vocabulary).encode(), dtype=np.uint8)
        kept = {"idf": self.idf, "weights": self.weights, "bias": self.bias}
        return kept | {"vocabulary": joined}


@dataclass(frozen=True, eq=False, repr=False)
class Vectors:
    """Dense layers over the mean of a text's window vectors. L labels.

    A window's logits are those that the layers give to it alone. A scene adds its share of the
    text times what the windows over it have above a vector of zeros.

    Attributes
    ----------
    layers : tuple of (ndarray of float64 of shape (out, in), ndarray of shape (out,))
        Applied in order, with a ReLU between two; standardising is part of the first.
    neutral : ndarray of shape (dim,)
        The average vector of the training texts, which says nothing.
    encoder : ScriptEncoder
    """

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    neutral: np.ndarray
    encoder: "ScriptEncoder"

    kind = "vectors"

    def forward(self, vectors: np.ndarray) -> np.ndarray:
        """Return the logits, shape (n, L), of vectors, shape (n, dim)."""
        for number, (weights, bias) in enumerate(self.layers):
            vectors = vectors if number == 0 else np.maximum(vectors, 0)
            vectors = vectors @ weights.T + bias  # (n, out)
        return vectors

    def _encode(
        self, texts: Sequence[str], names: Sequence[str]
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray, object]]:
        for index, found, receipt in self.encoder.iter_encode(texts, ids=names):
            shares = segment_weights(windows(receipt.tokens, WINDOW - 2), 1)[0]  # (n_windows,)
            yield index, found.astype(np.float64), shares, receipt

    def logits(self, texts: Sequence[str], names: Sequence[str]) -> np.ndarray:
        """Score texts, shape (n, L)."""
        rows = np.empty((len(texts), len(self.neutral)))
        for index, found, shares, _ in self._encode(texts, names):
            rows[index] = shares @ found
        return self.forward(rows)

    def read(self, text: str, name: str, cut: Sequence[Scene]) -> Reading:
        """Score one text, its windows and its scenes."""
        ((_, found, shares, receipt),) = self._encode([text], [name])
        logits = self.forward(found)  # (n_windows, L)
        above = logits - self.forward(self.neutral[None])
        tokens = [len(self.encoder._tokenizer(text[s.start : s.stop])) for s in cut]
        ends = np.cumsum(tokens) / max(sum(tokens), 1)  # of the text, per scene
        borders = np.concatenate([[0.0], np.cumsum(shares)])
        low = np.maximum(np.concatenate([[0.0], ends[:-1]])[:, None], borders[:-1])
        overlap = np.clip(np.minimum(ends[:, None], borders[1:]) - low, 0, None)
        kept = {key: getattr(receipt, key) for key in ("tokens", "windows", "truncated")}
        whole = self.forward((shares @ found)[None])[0]
        return Reading(whole, logits, overlap @ above, kept)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what is saved."""
        kept = {"neutral": self.neutral}
        for number, (weights, bias) in enumerate(self.layers):
            kept |= {f"weights{number}": weights, f"bias{number}": bias}
        return kept


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
    part : Words or Vectors
        What scores a text.
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

    part: Words | Vectors
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

        folder = Path(folder)
        if folder.exists() and not (
            folder.is_dir() and ((folder / FACTS_FILE).is_file() or not any(folder.iterdir()))
        ):
            raise FileExistsError(f"{folder} exists and is no saved model. Choose another folder.")
        arrays = {name: np.ascontiguousarray(a) for name, a in self.part.arrays().items()}
        packed = save(dict(sorted(arrays.items())))
        facts = self._as_json()
        facts["sha256"] = _digest(facts, packed)
        draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
        old = draft.with_suffix(".old")
        try:
            draft.mkdir(parents=True)
            (draft / ARRAYS_FILE).write_bytes(packed)
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
            return cls._from(facts, arrays, encoder)
        except (ValueError, KeyError, TypeError) as error:
            problem = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(
                f"{folder}: {problem}; expected a model folder, unchanged, as `genrelab train` "
                "writes it. Copy it again or train anew."
            ) from None

    @classmethod
    def _from(
        cls, facts: dict, arrays: dict[str, np.ndarray], encoder: "ScriptEncoder | None"
    ) -> Self:
        names, n_labels = facts["labels"], len(facts["labels"])
        _require(
            isinstance(names, list) and names and all(isinstance(name, str) for name in names),
            "the labels are no list of names",
        )
        _require(len(set(names)) == n_labels, "a label stands twice")
        thresholds = np.array(facts["thresholds"], dtype=np.float64)
        _require(
            thresholds.shape == (n_labels,) and np.isfinite(thresholds).all(),
            f"the thresholds are not {n_labels} numbers",
        )
        part = _MAKERS[facts["kind"]](facts, arrays, n_labels, encoder)
        kept = {key: facts[key] for key in ("data", "metrics", "card")}
        return cls(part, tuple(names), thresholds, bool(facts["single_label"]), kept)

    def _as_json(self) -> dict[str, object]:
        encoder = None
        if isinstance(self.part, Vectors):
            loaded = self.part.encoder._load()
            encoder = {"name": loaded.name, "sha256": loaded.sha256, "window": WINDOW}
        return {
            "format": FORMAT,
            "genrelab": __version__,
            "kind": self.part.kind,
            "card": self.facts.get("card", ""),
            "data": self.facts.get("data", {}),
            "encoder": encoder,
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


def word_spans(text: str, size: int) -> list[tuple[int, int]]:
    """Cut a text between words into as equal parts as go, of at most ``size`` words.

    Parameters
    ----------
    text : str
    size : int

    Returns
    -------
    list of (start, stop)
        Characters; the parts join to the text.

    Examples
    --------
    >>> word_spans("one two three", size=2)
    [(0, 4), (4, 13)]
    """
    starts = [match.start() for match in re.finditer(r"\S+", text)]
    n_parts = max(1, -(-len(starts) // size))
    firsts = [part * len(starts) // n_parts for part in range(1, n_parts)]
    borders = [0, *(starts[first] for first in firsts), len(text)]
    return list(zip(borders, borders[1:], strict=False))


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


def _require(holds: object, problem: str) -> None:
    if not holds:
        raise ValueError(problem)


def _read_folder(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    _require(folder.is_dir(), "no such folder")
    for name in (FACTS_FILE, ARRAYS_FILE):
        _require((folder / name).is_file(), f"{name} is missing")
    packed = (folder / ARRAYS_FILE).read_bytes()
    try:
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{FACTS_FILE} is no JSON ({error})") from None
    _require(isinstance(facts, dict), f"{FACTS_FILE} holds no object")
    _require(facts["format"] == FORMAT, f"format {facts['format']!r} is not {FORMAT}")
    _require(facts["sha256"] == _digest(facts, packed), "its files do not match their hash")
    try:
        arrays = load(packed)
    except SafetensorError as error:
        raise ValueError(f"{ARRAYS_FILE} cannot be read ({error})") from None
    for name, array in arrays.items():
        _require(bool(np.isfinite(array).all()), f"array {name!r} holds values that are not finite")
    return facts, arrays


def _words(
    facts: dict, arrays: dict[str, np.ndarray], n_labels: int, encoder: "ScriptEncoder | None"
) -> Words:
    vocabulary = tuple(arrays["vocabulary"].tobytes().decode().split("\n"))
    _require(len(set(vocabulary)) == len(vocabulary), "a word stands twice in the vocabulary")
    shapes = {
        "idf": (len(vocabulary),),
        "weights": (n_labels, len(vocabulary)),
        "bias": (n_labels,),
    }
    for name, shape in shapes.items():
        _require(arrays[name].shape == shape, f"{name} has shape {arrays[name].shape}, not {shape}")
    return Words(vocabulary, **{name: arrays[name] for name in shapes})


def _vectors(
    facts: dict, arrays: dict[str, np.ndarray], n_labels: int, encoder: "ScriptEncoder | None"
) -> Vectors:
    neutral, layers = arrays["neutral"], []
    width = len(neutral)
    while f"weights{len(layers)}" in arrays:
        weights, bias = (arrays[f"{name}{len(layers)}"] for name in ("weights", "bias"))
        fits = weights.ndim == 2 and weights.shape == (len(bias), width)
        _require(fits, f"layer {len(layers)} does not fit the one before")
        layers.append((weights, bias))
        width = len(bias)
    _require(layers and width == n_labels, f"the layers end in {width} labels, not {n_labels}")
    encoder = window_encoder() if encoder is None else encoder
    found, wanted = encoder.fit()._load().sha256, facts["encoder"]["sha256"]
    _require(
        found == wanted,
        f"trained with the encoder {facts['encoder']['name']!r} of hash {wanted[:12]}, not "
        f"{found[:12]}: load it with encoder=",
    )
    return Vectors(tuple(layers), neutral, encoder)


def window_encoder(**options: object) -> "ScriptEncoder":
    """Return the bundled encoder, which gives the vector of each window."""
    from genrelab.encoding import ScriptEncoder

    return ScriptEncoder(window=WINDOW, pooling="windows", **options)


_MAKERS: Mapping[str, Callable[..., Words | Vectors]] = {"words": _words, "vectors": _vectors}
