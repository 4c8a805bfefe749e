"""Every recorded system on the headline folds, and the published results that stand beside them."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from genrelab import settings
from genrelab.evaluation.recorded import read_result
from genrelab.splits import Fold

# What a system reads besides the script, by words in its name: the page's footer names the genres,
# and so does who tells a film's other genres; a language model wrote the texts.
READS = {
    "footer": "the answer",
    "told the rest": "the answer",
    "logline": "texts",
    "synopsis": "texts",
    "texts": "texts",
}


class Published(NamedTuple):
    """A result of others, as they published it; not run by us.

    Attributes
    ----------
    key : str
        Of the book's references.
    system, data, result : str
        Who reads, what, and what came out.
    ours : str
        Our command on the nearest data, or what is missing.
    """

    key: str
    system: str
    data: str
    result: str
    ours: str


PUBLISHED = (
    Published(
        "hijest",
        "public student projects: DistilRoBERTa; ELECTRA; TF-IDF + SVD, net; MiniLM, net; BiGRU",
        "IMDb descriptions, 27 classes, one a film",
        "macro-F1 .474; .472; .383; .389; .352. Accuracy .640; .645; .546; .540; .540",
        "genrelab bench imdb27",
    ),
    Published(
        "hijest",
        "public repositories: BERT; frozen BERT with a net",
        "the same, official test of 54,200 rows",
        "accuracy .634; the same. Weighted F1 .621",
        "genrelab bench imdb27",
    ),
    Published(
        "timdirr",
        "DistilBERT: plain; focal; log-weighted loss",
        "IMDb descriptions, 21 genres, about 17,000 films",
        "Jaccard .42; .44; .43. Samples F1 .52; .54; .54. Macro recall .30; .37; .47",
        "genrelab bench losses",
    ),
    Published(
        "majathurup2020",
        "BiLSTM on Word2Vec, one threshold of 0.3",
        "IMDb summaries, 22 genres",
        "F1 about .6",
        "genrelab bench words",
    ),
    Published(
        "hoang2018",
        "GRU with a learned threshold",
        "IMDb plot summaries, 20 genres",
        "Jaccard .500, hit rate .805",
        "genrelab bench wiki_genres",
    ),
    Published(
        "arevalo2017",
        "GMU",
        "MM-IMDb: plot and poster, 23 genres",
        "macro-F1 .54",
        "none: no posters here",
    ),
    Published(
        "kiela2019",
        "MMBT",
        "MM-IMDb: plot and poster, 23 genres",
        "macro-F1 .616 to .632",
        "none: no posters here",
    ),
    Published(
        "gross2025",
        "chunks, E5 and logistic regression",
        "MovieSum's screenplays: nominated for an Oscar or not",
        "macro-F1 .66",
        "none: another question",
    ),
    Published(
        "park2022",
        "BERT on 512 tokens; with random chunks; ToBERT; Longformer",
        "long documents whose information is spread out",
        "52.2; 56.6; 57.1; 57.8 (Longformer at 12 times the cost)",
        "genrelab bench readings",
    ),
    Published(
        "sun2019",
        "BERT: head and tail; chunks and their mean",
        "reviews of 300 to 740 tokens",
        "error 5.42 %; 5.89 %, the worst of six",
        "genrelab bench readings",
    ),
    Published(
        "javanmard2025",
        "XGBoost and logistic regression on words; RoBERTa-base",
        "documents of 7,000 to 14,000 words",
        "words beat RoBERTa",
        "genrelab bench baselines",
    ),
    Published(
        "elor2022",
        "SMOTE and its relatives",
        "tables of numbers",
        "no gain for strong learners, nor once the threshold is tuned",
        "genrelab bench imbalance",
    ),
    Published(
        "huang2021",
        "distribution-balanced losses",
        "Reuters, 90 labels",
        "micro-F1 90.7; the gain is in the tail",
        "genrelab bench losses",
    ),
)


def folds_hash(folds: Sequence[Fold]) -> str:
    """Return the SHA-256 of the test rows of folds, by which recorded tables name theirs.

    Examples
    --------
    >>> folds_hash([Fold(0, 0, np.array([1]), np.array([0]))])[:8]
    'af5570f5'
    """
    digest = hashlib.sha256()
    for fold in folds:
        digest.update(fold.test.astype(np.int64).tobytes())
    return digest.hexdigest()


def recorded() -> Iterator[dict]:
    """Read every result in ``book/results``, in the order of their names."""
    for path in sorted(settings.results_dir().glob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def machine(result: dict, row: str) -> str:
    """Return the GPU, or the processor, on which a row of a result was made.

    Examples
    --------
    >>> cpu = {"cpu": "EPYC", "cores": 2, "gpu": None}
    >>> machine({"hardware": cpu, "kept": {"b": {"hardware": {**cpu, "gpu": "T4"}}}}, "b")
    'T4'
    >>> machine({"hardware": cpu}, "a")
    '2 cores of EPYC'
    """
    hardware = result.get("kept", {}).get(row, result)["hardware"]
    return hardware["gpu"] or f"{hardware['cores']} cores of {hardware['cpu']}"


def systems(folds: Sequence[Fold], label_names: Sequence[str]) -> pd.DataFrame:
    """Return every recorded system that was judged on given folds and genres.

    A table that trained on more genres is judged on these alone, by the mean of their F1 and
    average precision; it has no interval then.

    Parameters
    ----------
    folds : sequence of Fold
    label_names : sequence of str

    Returns
    -------
    DataFrame
        Indexed by ``system``, best macro-F1 first: ``table, trained_on`` (number of genres),
        ``reads`` ("script", "texts" or "the answer"), ``f1_macro, low, high``, ``untuned``
        (macro-F1 at the classifier's own threshold; the same where none was tuned), ``map``,
        ``seconds`` (mean a fold), ``hardware, command``. Systems that two tables hold alike are
        listed once.

    Raises
    ------
    FileNotFoundError
        If nothing on these folds is recorded.
    """
    wanted, lines = folds_hash(folds), []
    for result in recorded():
        if "pooled" not in result or result["data"]["folds"] != wanted:
            continue
        seconds = pd.DataFrame(result["rows"]).groupby("row")["seconds"].mean()
        for pooled in result["pooled"]:
            line = {
                "system": pooled["row"],
                "table": result["name"],
                "trained_on": len(label_names),
                "reads": next((of for w, of in READS.items() if w in pooled["row"]), "script"),
                "f1_macro": pooled["f1_macro"],
                "low": pooled["f1_macro_low"],
                "high": pooled["f1_macro_high"],
                "untuned": pooled["f1_macro_untuned"],
                "map": pooled["map"],
                "seconds": seconds[pooled["row"]],
                "hardware": machine(result, pooled["row"]),
                "command": result["command"],
            }
            # By rule, the untuned one first: what a table holds of each of its genres.
            genres = [pd.DataFrame(of) for of in pooled.get("per_label", {}).values()]
            if genres and genres[0].shape[1] > len(label_names):
                untuned, of = (genres[i][list(label_names)].mean(axis=1) for i in (0, -1))
                line |= {"trained_on": genres[0].shape[1], "f1_macro": of["f1"], "map": of["ap"]}
                line |= {"low": np.nan, "high": np.nan, "untuned": untuned["f1"]}
            lines.append(line)
    if not lines:
        read_result("baselines")
    frame = pd.DataFrame(lines).drop_duplicates(["f1_macro", "map"]).set_index("system")
    return frame.sort_values("f1_macro", ascending=False)
