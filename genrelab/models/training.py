"""Models by name: what each reads, how it is built, and how it becomes a predictor."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from numbers import Integral, Real
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np
from sklearn.base import BaseEstimator

from genrelab import settings
from genrelab.datasets import Dataset
from genrelab.datasets.base import LazyTexts
from genrelab.models.parts import (
    Part,
    Recurrence,
    Tuned,
    Vectors,
    Windows,
    Words,
    window_encoder,
)
from genrelab.models.predictor import GenrePredictor
from genrelab.text import film_text
from genrelab.thresholds import ThresholdTuner, TunedMultilabelClassifier

LARGEST_VOCABULARY = 20_000
FEWEST_TEXTS = 2


class Recipe(NamedTuple):
    """A model by name.

    Attributes
    ----------
    reads : {"words", "vectors", "windows", "texts"}
        Word counts, the mean of the window vectors, all of these, or the texts themselves.
    build : callable
        Takes a loss by name and makes an untrained classifier.
    part : callable
        Turns the trained classifier, and the data set, into what a predictor saves.
    losses : tuple of str
        The losses that it knows, its own first; empty if any of `genrelab.losses`.
    """

    reads: str
    build: Callable[[str], BaseEstimator]
    part: Callable[[BaseEstimator, Dataset], Part]
    losses: tuple[str, ...] = ()


def _tfidf(loss: str) -> BaseEstimator:
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    logistic = LogisticRegression(
        C=10, solver="liblinear", dual=True, max_iter=1000, random_state=0,
        class_weight="balanced" if loss == "balanced" else None,
    )  # fmt: skip
    return make_pipeline(TfidfTransformer(sublinear_tf=True), OneVsRestClassifier(logistic))


def _minilm(loss: str) -> BaseEstimator:
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    weights = "balanced" if loss == "balanced" else None
    logistic = LogisticRegression(C=0.01, max_iter=1000, class_weight=weights)
    return make_pipeline(StandardScaler(), OneVsRestClassifier(logistic))


def _net(home: str, name: str) -> Callable[[str], BaseEstimator]:
    """Return a builder that imports its class, and torch with it, when it is called."""

    def build(loss: str) -> BaseEstimator:
        return getattr(import_module(f"genrelab.models.{home}"), name)(loss=loss)

    return build


def _linear(pipeline: BaseEstimator, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return weights, shape (L, d), and biases, shape (L,), of one-vs-rest classifiers."""
    members = pipeline[-1].estimators_
    for name, member in zip(names, members, strict=True):
        if not hasattr(member, "coef_"):
            raise ValueError(
                f"label {name!r} stands on every text or on none; expected both kinds. Leave it "
                "out or add texts."
            )
    weights = np.vstack([member.coef_[0] for member in members])
    return weights, np.array([member.intercept_[0] for member in members])


def _words_part(pipeline: BaseEstimator, dataset: Dataset) -> Words:
    weights, bias = _linear(pipeline, dataset.label_names)
    vocabulary = getattr(dataset, "vocabulary", None)
    if vocabulary is None:
        vocabulary = pipeline[0].get_feature_names_out()
    idf = pipeline[-2].idf_.astype(np.float32)
    return Words(tuple(map(str, vocabulary)), idf, weights.astype(np.float16), bias)


def _linear_part(pipeline: BaseEstimator, dataset: Dataset) -> Vectors:
    weights, bias = _linear(pipeline, dataset.label_names)
    return _scaled(pipeline[0], [(weights, bias)])


def _net_part(net: BaseEstimator, dataset: Dataset) -> Vectors:
    """Fold batch norm into the layer before it: the net is at rest now."""
    from torch import nn

    layers: list[tuple[np.ndarray, np.ndarray]] = []
    for module in net.module_:
        if isinstance(module, nn.Linear):
            layers.append((module.weight.detach().numpy(), module.bias.detach().numpy()))
        elif isinstance(module, nn.BatchNorm1d):
            gain = (module.weight / (module.running_var + module.eps).sqrt()).detach().numpy()
            weights, bias = layers[-1]
            centred = (bias - module.running_mean.numpy()) * gain + module.bias.detach().numpy()
            layers[-1] = (weights * gain[:, None], centred)
    return _scaled(net.scaler_, layers)


def _scaled(scaler: BaseEstimator, layers: list[tuple[np.ndarray, np.ndarray]]) -> Vectors:
    """Make standardising a part of the first layer."""
    weights, bias = layers[0]
    first = weights / scaler.scale_
    folded = [(first, bias - first @ scaler.mean_), *layers[1:]]
    return Vectors(tuple(folded), scaler.mean_, window_encoder())


def _recurrence_part(net: BaseEstimator, dataset: Dataset) -> Recurrence:
    from genrelab.models.words import content_words

    cut = net.vectors_.tokenize
    if cut is not content_words:
        raise ValueError(
            f"words are cut by {getattr(cut, '__name__', cut)!r}; a saved net cuts them by "
            "content_words, for a folder holds no code. Leave tokenize out."
        )
    return Recurrence(net)


def _windows_part(net: BaseEstimator, dataset: Dataset) -> Windows:
    segments = dataset.segments.shape[1] if hasattr(dataset, "segments") else 0
    return Windows(net, window_encoder(), segments)


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "tfidf": Recipe("words", _tfidf, _words_part, ("balanced", "bce")),
        "minilm": Recipe("vectors", _minilm, _linear_part, ("bce", "balanced")),
        "ffn": Recipe("vectors", _net("heads", "FeedForward"), _net_part),
        "recurrent": Recipe("texts", _net("recurrent", "Recurrent"), _recurrence_part),
        "attention": Recipe("windows", _net("aggregate", "WindowNet"), _windows_part),
        "finetune": Recipe("texts", _net("finetune", "FineTuned"), lambda net, _: Tuned(net)),
    }
)


def recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> recipe("tfidf").reads
    'words'
    """
    if name not in RECIPES:
        raise ValueError(f"there is no model {name!r}; expected one of {', '.join(RECIPES)}.")
    return RECIPES[name]


_SAID = {
    int: "a whole number from 0 on",
    float: "a number from 0 on",
    bool: "true or false",
    str: "a word",
    NoneType: "null",
}


def _takes(hint: object, value: object) -> bool:
    """Return whether a value is of an annotated type; a list will do for a tuple."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind is UnionType:
        return any(_takes(each, value) for each in inner)
    if kind is Literal:
        return value in inner
    if kind is tuple:
        return isinstance(value, (list, tuple)) and all(_takes(inner[0], v) for v in value)
    if hint in (int, float):
        wide = Integral if hint is int else Real
        return isinstance(value, wide) and not isinstance(value, bool) and 0 <= value < np.inf
    return isinstance(value, hint)


def _said(hint: object) -> str:
    """Say a type in words, as far as one can be typed in on a command line."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind is UnionType:
        return " or ".join(said for each in inner if (said := _said(each)))
    if kind is Literal:
        return " or ".join(map(repr, inner))
    return f"a list, each {_said(inner[0])}" if kind is tuple else _SAID.get(hint, "")


def _checked(name: str, estimator: BaseEstimator, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options under their full names; a nested one may go by its last."""
    parameters = estimator.get_params()
    paths: dict[str, list[str]] = {}
    for path, value in parameters.items():
        if not hasattr(value, "get_params") and path != "steps":
            paths.setdefault(path.rpartition("__")[2], []).append(path)
    short = {leaf: found[0] for leaf, found in paths.items() if len(found) == 1}
    chosen = {}
    for key, value in options.items():
        path = key if key in parameters else short.get(key)
        if path is None:
            raise ValueError(
                f"{name} has no parameter {key!r} (found {key}={value}); expected one of "
                f"{', '.join(sorted(short))}."
            )
        owner = parameters.get(path.rpartition("__")[0], estimator)
        # scikit-learn's own classes have no annotations, and check their parameters themselves.
        hint = get_type_hints(type(owner).__init__).get(path.rpartition("__")[2])
        if hint is not None and not _takes(hint, value):
            raise ValueError(f"parameter {key!r} of {name} is {value!r}; expected {_said(hint)}.")
        chosen[path] = value
    return chosen


def build(
    name: str, dataset: Dataset, *, loss: str | None = None, options: Mapping[str, Any] = {}
) -> BaseEstimator:
    """Return an untrained classifier for what `inputs` gives.

    Parameters
    ----------
    name : str
        One of ``RECIPES``.
    dataset : Dataset
    loss : str, optional
        The model's own when left out: ``"balanced"`` for tfidf, else ``"bce"``.
    options : mapping of str to object, default={}
        Further parameters of the classifier, as ``set_params`` takes them; of a step in a pipeline,
        the last part of the name will do, such as ``C``.

    Returns
    -------
    classifier

    Raises
    ------
    ValueError
        If the model does not know the loss or a parameter, or a value is of another type.

    Examples
    --------
    >>> from genrelab.datasets import load
    >>> build("minilm", load("script_features"), loss="balanced")[-1].estimator.class_weight
    'balanced'
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.pipeline import make_pipeline

    made = recipe(name)
    loss = loss or (made.losses or ("bce",))[0]
    if made.losses and loss not in made.losses:
        raise ValueError(
            f"loss is {loss!r}; {name} knows {' and '.join(made.losses)}. The nets know more."
        )
    estimator = made.build(loss)
    estimator.set_params(**_checked(name, estimator, options))
    if made.reads == "words" and not hasattr(dataset, "counts"):
        counter = CountVectorizer(min_df=FEWEST_TEXTS, max_features=LARGEST_VOCABULARY)
        return make_pipeline(counter, *(step for _, step in estimator.steps))
    return estimator


def inputs(name: str, dataset: Dataset, *, progress: bool = False) -> Any:  # noqa: ANN401
    """Return what a model reads of a data set, row by row.

    Texts are cleaned by `genrelab.text.film_text`, as a predictor cleans them, and encoded
    vectors kept in the cache. ``script_features`` has counts and vectors ready.

    Parameters
    ----------
    name : str
        One of ``RECIPES``.
    dataset : Dataset
        n rows.
    progress : bool, default=False
        Show a progress bar where texts are encoded, and while a model is trained.

    Returns
    -------
    sparse matrix or ndarray of n rows, or sequence of n texts or arrays

    Examples
    --------
    >>> from genrelab.datasets import load
    >>> inputs("minilm", load("script_features")).shape
    (885, 384)
    """
    reads = recipe(name).reads
    ready = {"words": "counts", "vectors": "vectors", "windows": "segments"}.get(reads, "")
    if hasattr(dataset, ready):
        return getattr(dataset, ready)
    texts = LazyTexts(range(len(dataset)), lambda row: film_text(dataset.texts[row]))
    if reads in ("words", "texts"):
        return list(texts)
    encoder = window_encoder(store=settings.cache_dir() / "encoded", progress=progress)
    if reads == "vectors":
        encoder.set_params(pooling="mean")
    return encoder.transform(texts, ids=dataset.ids)


def train(
    name: str,
    dataset: Dataset,
    *,
    loss: str | None = None,
    options: Mapping[str, Any] = {},
    progress: bool = False,
) -> tuple[GenrePredictor, BaseEstimator]:
    """Train a model on all rows of a data set, thresholds tuned on out-of-fold scores.

    Parameters
    ----------
    name, loss, options, progress
        As in `build` and `inputs`.
    dataset : Dataset

    Returns
    -------
    GenrePredictor
        Ready to be saved.
    classifier
        The trained one, with ``history_`` if it is a net.

    Raises
    ------
    ValueError
        If the data set has no labels.
    """
    import pandas as pd
    from rich.console import Console

    made = recipe(name)
    if not dataset.label_names:
        raise ValueError(
            f"{dataset.name} has no labels; expected some to learn. Put texts into genre folders "
            "or give a labels CSV."
        )
    tuned = TunedMultilabelClassifier(
        build(name, dataset, loss=loss, options=options), ThresholdTuner(at_least_one=True)
    )
    rows = inputs(name, dataset, progress=progress)
    Y = pd.DataFrame(dataset.labels, columns=list(dataset.label_names))
    with Console(stderr=True, quiet=not progress).status(f"training {name}, four times in all"):
        tuned.fit(rows, Y, dataset.groups)
    part = made.part(tuned.estimator_, dataset)
    facts = {
        "card": (
            f"{name}, trained on {len(dataset):,} rows of {dataset.card.title} (licence: "
            f"{dataset.card.licence.rstrip('.')}). Thresholds, one a label, are tuned for macro-F1 "
            "on scores of rows that the model had not seen, groups kept whole. It has learnt what "
            "those who labelled these texts thought, mistakes included; of other kinds of text it "
            "knows nothing. Where rare labels were weighed up, probabilities are no frequencies."
        ),
        "data": {"name": dataset.name, "rows": len(dataset), "sha256": dataset.data_hash},
        # Optimistic by a little: thresholds were tuned on these same out-of-fold scores.
        "metrics": {"f1_macro where tuned": round(tuned.tuner_.objective_value_, 4)},
    }
    predictor = GenrePredictor(
        part, dataset.label_names, tuned.thresholds_, dataset.card.single_label, facts
    )
    return predictor, tuned.estimator_
