"""``genrelab bench imbalance``: every remedy for rare genres, alone and combined, on ten folds.

Sixteen genres of the films of the headline folds. Resampling happens inside ``fit``; thresholds
are tuned on inner folds of the training rows.
"""

import warnings
from functools import cache, partial

import pandas as pd
from imblearn.combine import SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler, TomekLinks
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, hstack
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from genrelab.bench import Table
from genrelab.bench.baselines import logistic, tfidf
from genrelab.bench.readings import C, content_hash, hash_of_labels, joint_classifier
from genrelab.datasets import load
from genrelab.datasets.script_features import ScriptFeatures
from genrelab.evaluation import FoldOutcome, run_fold
from genrelab.resampling import (
    MLSMOTE,
    MultilabelRandomOverSampler,
    MultilabelRandomUnderSampler,
    PerLabel,
)
from genrelab.splits import Fold, headline_folds
from genrelab.thresholds import ThresholdTuner

MIN_COUNT = 15
GUARDED_BELOW = 20

System = tuple[BaseEstimator, ArrayLike, ThresholdTuner]


@cache
def films() -> ScriptFeatures:
    """Return the films of the headline folds with all sixteen genres of at least 15 scripts."""
    every, headline = load("script_features", min_count=MIN_COUNT), load("script_features")
    return every.select([film in set(headline.ids) for film in every.ids])


def parts() -> dict[str, list[int]]:
    """Return the columns of the thirteen headline genres, and of the tail."""
    headline = set(load("script_features").label_names)
    names = list(enumerate(films().label_names))
    return {
        "headline": [column for column, name in names if name in headline],
        "tail": [column for column, name in names if name not in headline],
    }


def imbalance_table(name: str, title: str, systems: dict[str, System]) -> Table:
    """Return a table of systems on the films, genres and folds of this benchmark.

    Parameters
    ----------
    name, title : str
    systems : dict of str to (estimator, data of shape (n, d), tuner)

    Returns
    -------
    Table
        With macro-F1 of headline and tail, calibration, and every genre's numbers.
    """
    scripts = films()
    rows = {
        row: partial(
            _row, table=name, row=row, system=repr((model, tuner)), inputs=content_hash(data)
        )
        for row, (model, data, tuner) in systems.items()
    }
    _SYSTEMS[name] = systems
    return Table(
        name=name,
        title=title,
        rows=rows,
        folds=headline_folds(load("script_features")),
        data={"script_features (labels, groups)": hash_of_labels(scripts)},
        labels=scripts.labels,
        groups=scripts.groups,
        label_names=scripts.label_names,
        parts=parts(),
    )


_SYSTEMS: dict[str, dict[str, System]] = {}


def _row(fold: Fold, *, table: str, row: str, system: str, inputs: str) -> FoldOutcome:
    # What the system is made of and the hash of its inputs are there to be hashed.
    model, data, tuner = _SYSTEMS[table][row]
    scripts = films()
    labels = pd.DataFrame(scripts.labels, columns=list(scripts.label_names))
    with warnings.catch_warnings():
        # Rare labels get fewer neighbours and pooled thresholds in some inner folds: by design.
        warnings.simplefilter("ignore", UserWarning)
        return run_fold(model, data, labels, fold, groups=scripts.groups, tuner=tuner)


def table() -> Table:
    """Return the table: resampling, class weights, calibration, threshold rules, word counts."""
    scripts = films()
    each, one = ThresholdTuner(), ThresholdTuner(strategy="global")
    guarded = ThresholdTuner(strategy="scutfbr")
    pooled = ThresholdTuner(min_positives=GUARDED_BELOW)
    never_empty = ThresholdTuner(at_least_one=True)
    plain, balanced = _logistic(), _logistic(class_weight="balanced")
    samplers = {
        "random over-sampling": RandomOverSampler(random_state=0),
        "random under-sampling": RandomUnderSampler(random_state=0),
        "Tomek links": TomekLinks(),
        "SMOTE": SMOTE(random_state=0),
        "borderline SMOTE": BorderlineSMOTE(random_state=0),
        "ADASYN": ADASYN(random_state=0),
        "SMOTE + Tomek links": SMOTETomek(random_state=0),
    }
    by_label = {
        f"LR, {name}": (PerLabel(sampler, plain, k="auto"), each)
        for name, sampler in samplers.items()
    }
    by_row = {
        f"LR, {name}": (make_pipeline(sampler, OneVsRestClassifier(plain)), each)
        for name, sampler in {
            "ML-ROS": MultilabelRandomOverSampler(random_state=0),
            "ML-RUS": MultilabelRandomUnderSampler(random_state=0),
            "MLSMOTE": MLSMOTE(k_neighbors="auto", random_state=0),
        }.items()
    }
    on_vectors = {
        "LR": (OneVsRestClassifier(plain), each),
        "LR, one threshold": (OneVsRestClassifier(plain), one),
        "LR, guarded thresholds": (OneVsRestClassifier(plain), guarded),
        "LR, rare genres pooled": (OneVsRestClassifier(plain), pooled),
        "LR, at least one": (OneVsRestClassifier(plain), never_empty),
        "LR, balanced weights": (OneVsRestClassifier(balanced), each),
        "LR, Platt": (OneVsRestClassifier(_calibrated(plain, "sigmoid")), each),
        "LR, isotonic": (OneVsRestClassifier(_calibrated(plain, "isotonic")), each),
        **by_label,
        **by_row,
        "LR, balanced weights, Platt": (
            OneVsRestClassifier(_calibrated(balanced, "sigmoid")),
            each,
        ),
        "LR, MLSMOTE, guarded": (by_row["LR, MLSMOTE"][0], guarded),
    }
    words = tfidf(logistic())
    both = csr_array(hstack([scripts.counts, scripts.vectors]))
    joint = joint_classifier(len(scripts.vocabulary))
    systems = {
        name: (make_pipeline(StandardScaler(), model), scripts.vectors, tuner)
        for name, (model, tuner) in on_vectors.items()
    } | {
        "TF-IDF": (words, scripts.counts, each),
        "TF-IDF, balanced weights": (
            tfidf(logistic().set_params(class_weight="balanced")),
            scripts.counts,
            each,
        ),
        "TF-IDF and vectors": (joint, both, each),
        "TF-IDF and vectors, guarded": (joint, both, guarded),
    }
    title = "Remedies for rare genres, alone and combined, sixteen genres"
    return imbalance_table("imbalance", title, systems)


def _logistic(**options: str) -> LogisticRegression:
    return LogisticRegression(C=C, max_iter=1000, **options)


def _calibrated(model: BaseEstimator, method: str) -> CalibratedClassifierCV:
    return CalibratedClassifierCV(model, method=method, cv=3)
