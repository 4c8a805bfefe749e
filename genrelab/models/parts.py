"""What scores texts inside a saved predictor: one class for each kind of model."""

import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genrelab.encoding.pooling import segment_weights
from genrelab.text import Scene
from genrelab.windows import windows

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import nn

    from genrelab.encoding import ScriptEncoder
    from genrelab.models import FineTuned, Recurrent, WindowNet

# The longest is about as long as a window of 512 tokens; a short text gets ten, if they can be
# long enough to say anything.
FEWEST_WORDS, MOST_WORDS, FEWEST_WINDOWS = 50, 400, 10
WINDOW = 512
FOLDER = "finetuned"
PIECES = ("classifier.json", "head.safetensors", "encoder/config.json", "encoder/model.safetensors")
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
KEPT = frozenset(f"{FOLDER}/{name}" for name in (*PIECES, *(f"encoder/{n}" for n in TOKENIZER)))
# What a configuration could name to fetch code with: from beside the weights, or from the hub.
FETCHING = {"auto_map", "attn_implementation", "_attn_implementation", "quantization_config"}

Facts = dict[str, object]
Arrays = dict[str, np.ndarray]


class Reading(NamedTuple):
    """What a part made of one text: L labels.

    Attributes
    ----------
    logits : ndarray of shape (L,)
    windows : ndarray of shape (n_windows, L)
        Logits of equal parts of the text, each by itself.
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
            raise _nothing_known(names[unknown[0]], len(self.vocabulary))
        weights = self.weights.astype(np.float64)  # (L, V)
        return np.asarray(self.tfidf(counts) @ weights.T + self.bias)

    def read(self, text: str, name: str, cut: Sequence[Scene]) -> Reading:
        """Score one text, its windows and its scenes."""
        logits = self.logits([text], [name])[0]
        whole = self.counts([text])
        each = np.zeros(len(self.vocabulary))
        each[whole.indices] = self.tfidf(whole).data / whole.data  # of one occurrence of a word
        spoken = each[:, None] * self.weights.T  # (V, L)

        parts = equal_parts(text)
        counts = self.counts(parts)  # (n_windows, V)
        scale = whole.sum() / np.maximum(counts.sum(axis=1), 1)
        receipt = {"words": len(text.split()), "known_words": int(whole.sum())}
        return Reading(
            logits,
            self.bias + counts @ spoken * scale[:, None],
            self.counts([text[scene.start : scene.stop] for scene in cut]) @ spoken,
            receipt | {"windows": len(parts), "truncated": 0},
        )

    def arrays(self) -> Arrays:
        """Return what is saved."""
        joined = _joined(self.vocabulary)
        kept = {"idf": self.idf, "weights": self.weights, "bias": self.bias}
        return kept | {"vocabulary": joined}

    def write(self, folder: Path) -> Facts:
        """Return what is said of it beside the arrays: nothing."""
        return {}


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

    def logits(self, texts: Sequence[str], names: Sequence[str]) -> np.ndarray:
        """Score texts, shape (n, L)."""
        rows = np.empty((len(texts), len(self.neutral)))
        for index, found, shares, _ in _encoded(self.encoder, texts, names):
            rows[index] = shares @ found
        return self.forward(rows)

    def read(self, text: str, name: str, cut: Sequence[Scene]) -> Reading:
        """Score one text, its windows and its scenes."""
        ((_, found, shares, receipt),) = _encoded(self.encoder, [text], [name])
        logits = self.forward(found)  # (n_windows, L)
        above = logits - self.forward(self.neutral[None])
        whole = self.forward((shares @ found)[None])[0]
        shared = overlap(_sizes(self.encoder._tokenizer, text, cut), shares)
        return Reading(whole, logits, shared @ above, receipt)

    def arrays(self) -> Arrays:
        """Return what is saved."""
        kept = {"neutral": self.neutral}
        for number, (weights, bias) in enumerate(self.layers):
            kept |= {f"weights{number}": weights, f"bias{number}": bias}
        return kept

    def write(self, folder: Path) -> Facts:
        """Return what is said of it beside the arrays: which encoder it needs."""
        return {"encoder": _named(self.encoder)}


@dataclass(frozen=True, eq=False, repr=False)
class Windows:
    """A net over all window vectors of a text, such as gated attention. L labels.

    A window's logits are those of the net for it alone, and a text's are their weighted mean, or
    their highest. So what a window adds is its weight times what its logits have above those of an
    average vector; a scene has its share of the windows that it reaches into.

    Attributes
    ----------
    net : WindowNet
    encoder : ScriptEncoder
    segments : int
        Into how many equal parts the windows are averaged first, as in ``script_features``; 0 if
        the net reads the windows themselves.
    """

    net: "WindowNet"
    encoder: "ScriptEncoder"
    segments: int = 0

    kind = "windows"

    def logits(self, texts: Sequence[str], names: Sequence[str]) -> np.ndarray:
        """Score texts, shape (n, L)."""
        rows: dict[int, np.ndarray] = {}
        for index, found, _, _ in _encoded(self.encoder, texts, names, self.segments):
            rows[index] = self.net._logits([found]).numpy()  # (1, L)
        return np.vstack([rows[index] for index in range(len(texts))])

    def read(self, text: str, name: str, cut: Sequence[Scene]) -> Reading:
        """Score one text, its windows and its scenes."""
        ((_, found, shares, receipt),) = _encoded(self.encoder, [text], [name], self.segments)
        logits = self.net._logits(found[:, None]).numpy()  # (n_windows, L)
        if self.net.pooling == "max":
            weights = logits == logits.max(axis=0)  # (n_windows, L)
            weights = weights / weights.sum(axis=0)
        else:
            weights = self.net.attention([found])[0][:, None]  # (n_windows, 1)
        added = weights * (logits - self.net.module_.head.bias.detach().numpy())
        shared = overlap(_sizes(self.encoder._tokenizer, text, cut), shares) / shares
        return Reading(self.net._logits([found]).numpy()[0], logits, shared @ added, receipt)

    def arrays(self) -> Arrays:
        """Return what is saved."""
        scaler = self.net.scaler_
        return _state(self.net.module_) | {"mean": scaler.mean_, "scale": scaler.scale_}

    def write(self, folder: Path) -> Facts:
        """Return what is said of it beside the arrays."""
        options = {"pooling": self.net.pooling, "segments": self.segments}
        return {"encoder": _named(self.encoder), "options": options}


@dataclass(frozen=True, eq=False, repr=False)
class Recurrence:
    """A recurrent net over a text's words. L labels.

    What it reads has no parts that add up: the parts of the text are read each by itself. A scene
    adds its share of the text times what the parts over it have above the mean of all parts.

    Attributes
    ----------
    net : Recurrent
    """

    net: "Recurrent"

    kind = "recurrent"

    def logits(self, texts: Sequence[str], names: Sequence[str]) -> np.ndarray:
        """Score texts, shape (n, L)."""
        words = self.net.vectors_
        known = words.vectors_.key_to_index.keys()
        for text, name in zip(texts, names, strict=True):
            if known.isdisjoint(words.tokenize(text)):
                raise _nothing_known(name, len(known))
        return self.net._logits(texts).numpy()

    def read(self, text: str, name: str, cut: Sequence[Scene]) -> Reading:
        """Score one text, its parts and its scenes."""
        whole, parts = self.logits([text], [name])[0], equal_parts(text)
        with warnings.catch_warnings():
            # A part without a known word is told from others by its score alone.
            warnings.filterwarnings("ignore", message=".*hold no word", category=UserWarning)
            logits = self.net._logits(parts).numpy()  # (n_windows, L)
        n_words = [len(part.split()) for part in parts]
        receipt = {"words": sum(n_words), "windows": len(parts), "truncated": 0}
        return _apart(whole, logits, n_words, _sizes(str.split, text, cut), receipt)

    def arrays(self) -> Arrays:
        """Return what is saved."""
        return _state(self.net.module_) | {"vocabulary": _joined(self._words)}

    def write(self, folder: Path) -> Facts:
        """Return what is said of it beside the arrays."""
        return {"options": {"cell": self.net.cell}}

    @property
    def _words(self) -> list[str]:
        return list(self.net.vectors_.vectors_.key_to_index)


@dataclass(frozen=True, eq=False, repr=False)
class Tuned:
    """A fine-tuned encoder, its weights in a sub-folder. L labels.

    Whatever it reads of a text, all windows of the text are scored, each by itself. A scene adds
    its share of the text times what the windows over it have above the mean of all windows.

    Attributes
    ----------
    net : FineTuned
    """

    net: "FineTuned"

    kind = "finetuned"

    def logits(self, texts: Sequence[str], names: Sequence[str]) -> np.ndarray:
        """Score texts, shape (n, L)."""
        return self.net._logits(texts).double().numpy()

    def read(self, text: str, name: str, cut: Sequence[Scene]) -> Reading:
        """Score one text, its windows and its scenes."""
        from genrelab.encoding.models import special_tokens
        from genrelab.encoding.tokens import DocumentTokenizer

        (ids,) = self.net._documents([text])
        size = self.net.window - sum(map(len, special_tokens(self.net.tokenizer_)))
        parts = [ids[start:stop] for start, stop in windows(len(ids), size)]
        n_read = sum(map(len, self.net._cut(ids)))
        receipt = {"tokens": len(ids), "windows": len(parts), "truncated": len(ids) - n_read}
        sizes = _sizes(DocumentTokenizer(self.net.tokenizer_), text, cut)
        whole, logits = self.logits([ids], [name])[0], self.logits(parts, [name])
        return _apart(whole, logits, [len(part) for part in parts], sizes, receipt)

    def arrays(self) -> Arrays:
        """Return nothing: the net saves its own."""
        return {}

    def write(self, folder: Path) -> Facts:
        """Write the net into a sub-folder; return the hashes of its files, and what it is."""
        from genrelab.encoding.models import locate

        made = self.net.save(folder / FOLDER)
        files = {path.relative_to(folder).as_posix(): path for path in made.rglob("*.*")}
        for name in files.keys() - KEPT:
            files.pop(name).unlink()
        hashes = {name: sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
        weights = hashes[f"{FOLDER}/encoder/model.safetensors"]
        encoder = {"name": locate(self.net.model)[2], "sha256": weights, "window": self.net.window}
        return {"encoder": encoder, "files": dict(sorted(hashes.items()))}


Part = Words | Vectors | Windows | Recurrence | Tuned


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


def equal_parts(text: str) -> list[str]:
    """Cut a text into parts of 50 to 400 words, ten if that goes."""
    n_words = len(text.split())
    size = min(max(n_words // FEWEST_WINDOWS, FEWEST_WORDS), MOST_WORDS)
    return [text[start:stop] for start, stop in word_spans(text, size)]


def overlap(sizes: Sequence[int], shares: np.ndarray) -> np.ndarray:
    """Return the share of the text that each scene has in common with each window.

    Parameters
    ----------
    sizes : sequence of int
        Of the scenes, which follow one another.
    shares : ndarray of shape (n_windows,)
        Of the windows, which follow one another; they sum to 1.

    Returns
    -------
    ndarray of shape (n_scenes, n_windows)

    Examples
    --------
    >>> overlap([1, 3], np.array([0.5, 0.5])).tolist()
    [[0.25, 0.0], [0.25, 0.5]]
    """
    ends = np.cumsum(sizes) / max(sum(sizes), 1)  # (n_scenes,)
    borders = np.concatenate([[0.0], np.cumsum(shares)])
    low = np.maximum(np.concatenate([[0.0], ends[:-1]])[:, None], borders[:-1])
    return np.clip(np.minimum(ends[:, None], borders[1:]) - low, 0, None)


def _apart(
    whole: np.ndarray, logits: np.ndarray, lengths: Sequence[int], sizes: Sequence[int],
    receipt: Facts,
) -> Reading:  # fmt: skip
    """Make a reading of windows that were scored each by itself."""
    shares = np.array(lengths) / sum(lengths)  # (n_windows,)
    return Reading(whole, logits, overlap(sizes, shares) @ (logits - shares @ logits), receipt)


def _encoded(
    encoder: "ScriptEncoder", texts: Sequence[str], names: Sequence[str], segments: int = 0
) -> Iterator[tuple[int, np.ndarray, np.ndarray, Facts]]:
    """Yield each text's number, window vectors, their shares of the text, and what was read."""
    for index, found, receipt in encoder.iter_encode(texts, ids=names):
        spans, vectors = windows(receipt.tokens, WINDOW - 2), found.astype(np.float64)
        shares = segment_weights(spans, 1)[0]  # (n_windows,)
        if segments:
            vectors = segment_weights(spans, segments, shortest=2 * (WINDOW - 2)) @ vectors
            shares = np.full(segments, 1 / segments)
        kept = {key: getattr(receipt, key) for key in ("tokens", "windows", "truncated")}
        yield index, vectors, shares, kept


def _sizes(cut_up: Callable[[str], Sequence], text: str, cut: Sequence[Scene]) -> list[int]:
    return [len(cut_up(text[scene.start : scene.stop])) for scene in cut]


def _nothing_known(name: str, n_words: int) -> ValueError:
    return ValueError(
        f"{name}: none of its words is among the {n_words:,} that the model knows; expected "
        "English text. Drop it."
    )


def _joined(words: Sequence[str]) -> np.ndarray:
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def _named(encoder: "ScriptEncoder") -> Facts:
    loaded = encoder._load()
    return {"name": loaded.name, "sha256": loaded.sha256, "window": WINDOW}


def _state(module: "nn.Module") -> Arrays:
    return {f"net.{name}": value.numpy() for name, value in module.state_dict().items()}


def require(holds: object, problem: str) -> None:
    """Raise a ValueError that tells the problem, unless all is well."""
    if not holds:
        raise ValueError(problem)


class Saved(NamedTuple):
    """What a folder holds, its hash and its labels checked, and the encoder given beside it."""

    folder: Path
    facts: dict
    arrays: Arrays
    n_labels: int
    encoder: "ScriptEncoder | None"


def _vocabulary(arrays: Arrays) -> tuple[str, ...]:
    words = tuple(arrays["vocabulary"].tobytes().decode().split("\n"))
    require(len(set(words)) == len(words), "a word stands twice in the vocabulary")
    return words


def _words(saved: Saved) -> Words:
    vocabulary, arrays, n_labels = _vocabulary(saved.arrays), saved.arrays, saved.n_labels
    shapes = {
        "idf": (len(vocabulary),),
        "weights": (n_labels, len(vocabulary)),
        "bias": (n_labels,),
    }
    for name, shape in shapes.items():
        require(arrays[name].shape == shape, f"{name} has shape {arrays[name].shape}, not {shape}")
    return Words(vocabulary, **{name: arrays[name] for name in shapes})


def _vectors(saved: Saved) -> Vectors:
    arrays, n_labels = saved.arrays, saved.n_labels
    neutral, layers = arrays["neutral"], []
    width = len(neutral)
    while f"weights{len(layers)}" in arrays:
        weights, bias = (arrays[f"{name}{len(layers)}"] for name in ("weights", "bias"))
        fits = weights.ndim == 2 and weights.shape == (len(bias), width)
        require(fits, f"layer {len(layers)} does not fit the one before")
        layers.append((weights, bias))
        width = len(bias)
    require(layers and width == n_labels, f"the layers end in {width} labels, not {n_labels}")
    return Vectors(tuple(layers), neutral, _its_encoder(saved))


def _its_encoder(saved: Saved) -> "ScriptEncoder":
    encoder = window_encoder() if saved.encoder is None else saved.encoder
    said = saved.facts["encoder"]
    found, wanted = encoder.fit()._load().sha256, said["sha256"]
    require(
        found == wanted,
        f"trained with the encoder {said['name']!r} of hash {wanted[:12]}, not {found[:12]}: load "
        "it with encoder=",
    )
    return encoder


def _windows(saved: Saved) -> Windows:
    from sklearn.preprocessing import StandardScaler

    from genrelab.models.aggregate import POOLS, WindowNet

    options, arrays = saved.facts["options"], saved.arrays
    pooling, segments, mean = options["pooling"], options["segments"], arrays["mean"]
    require(pooling in POOLS, f"pooling is {pooling!r}")
    require(isinstance(segments, int) and 0 <= segments <= 1000, f"segments is {segments!r}")
    require(mean.ndim == 1 and arrays["scale"].shape == mean.shape, "the scales do not fit")
    net, hidden = WindowNet(pooling=pooling), len(arrays.get("net.gate.bias", [0]))
    net.scaler_ = StandardScaler()
    net.scaler_.mean_, net.scaler_.scale_ = mean, arrays["scale"]
    net.scaler_.n_features_in_ = len(mean)
    module = POOLS[pooling](len(mean), saved.n_labels, dropout=net.dropout, hidden=hidden)
    net.module_ = _filled(module, arrays)
    return Windows(net, _its_encoder(saved), segments)


def _recurrence(saved: Saved) -> Recurrence:
    import torch

    from genrelab.models.recurrent import CELLS, FIRST, Reader, Recurrent
    from genrelab.models.words import WordVectors

    words, cell = _vocabulary(saved.arrays), saved.facts["options"]["cell"]
    table, head = (saved.arrays[f"net.{name}.weight"] for name in ("words", "head"))
    require(cell in CELLS, f"cell is {cell!r}")
    require(table.ndim == head.ndim == 2, "the net's layers are no matrices")
    require(len(table) == len(words) + FIRST, f"{len(words)} words, {len(table)} vectors")
    net = Recurrent(cell=cell, hidden=head.shape[1] // 2)
    net.vectors_ = WordVectors()
    numbers = {word: number for number, word in enumerate(words)}
    net.vectors_.vectors_ = SimpleNamespace(key_to_index=numbers)
    empty = torch.empty(table.shape)
    module = Reader(empty, saved.n_labels, cell, net.hidden, net.dropout, net.frozen)
    net.module_ = _filled(module, saved.arrays)
    return Recurrence(net)


def _filled(module: "nn.Module", arrays: Arrays) -> "nn.Module":
    import torch

    weights = {
        name.removeprefix("net."): torch.tensor(array)
        for name, array in arrays.items()
        if name.startswith("net.")
    }
    try:
        module.double().load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(str(error)) from None
    return module.eval()


def _keys_in(packed: bytes) -> set[str]:
    """Return the keys of all objects in JSON, however deep."""
    keys: set[str] = set()
    json.loads(packed, object_hook=keys.update)
    return keys


def _tuned(saved: Saved) -> Tuned:
    import torch

    from genrelab.models.finetune import FineTuned

    folder, files = saved.folder, saved.facts["files"]
    names = {f"{FOLDER}/{piece}" for piece in PIECES}
    require(isinstance(files, dict) and names <= files.keys() <= KEPT, "its files are others")
    there = {p.relative_to(folder).as_posix() for p in (folder / FOLDER).rglob("*") if p.is_file()}
    for name, hashed in files.items():
        require(name in there, f"{name} is missing")
        found = sha256((folder / name).read_bytes()).hexdigest()
        require(found == hashed, f"{name} does not match its hash")
    # A file that nobody expects could lead the library elsewhere, as an adapter's settings do.
    require(there == files.keys(), f"{min(there - files.keys(), default='')} does not belong there")
    for name in sorted(name for name in files if name.endswith("config.json")):
        keys = _keys_in((folder / name).read_bytes())
        require(keys.isdisjoint(FETCHING), f"{name} names {min(keys & FETCHING, default='')}")
    try:
        net = FineTuned.load(folder / FOLDER)
        finite = all(bool(torch.isfinite(w).all()) for w in net.network_.parameters())
    except Exception as error:  # the libraries raise anything where a folder was made to break them
        raise ValueError(f"{FOLDER} cannot be read ({error})") from None
    require(finite, f"{FOLDER} holds weights that are not finite")
    n_outputs = net.network_.head.out_features
    require(n_outputs == saved.n_labels, f"the net ends in {n_outputs} labels")
    return Tuned(net)


def window_encoder(**options: object) -> "ScriptEncoder":
    """Return the bundled encoder, which gives the vector of each window."""
    from genrelab.encoding import ScriptEncoder

    return ScriptEncoder(window=WINDOW, pooling="windows", **options)


MAKERS: Mapping[str, Callable[[Saved], Part]] = MappingProxyType(
    {
        "words": _words,
        "vectors": _vectors,
        "windows": _windows,
        "recurrent": _recurrence,
        "finetuned": _tuned,
    }
)
