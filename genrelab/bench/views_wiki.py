"""``genrelab bench views_wiki``: our texts beside Wikipedia's, and thousands of articles.

The films are those of the development part with an article of 40 words or more, the first sentence
not counted. The articles from which models learn are of other films.
"""

import time
from functools import cache, partial

import numpy as np

from genrelab.bench import Table, agreement, views
from genrelab.datasets import Dataset, load, scripts, wiki_plots
from genrelab.datasets.films import read_films
from genrelab.evaluation import FoldOutcome
from genrelab.splits import Fold, headline_folds
from genrelab.text import drop_first_sentence
from genrelab.thresholds import ThresholdTuner


@cache
def corpus() -> tuple[Dataset, dict[str, tuple[str, ...]]]:
    """Return the films with an article, and their texts.

    Returns
    -------
    films : Dataset
    views : dict of str to tuple of str
        ``"synopsis"``, whole; ``"ours"`` and ``"Wikipedia's"``: synopsis, and article without its
        first sentence, both cut to the length of the shorter.
    """
    films, written = load("films"), read_films()
    titles = [f"{written[film_id].title} ({written[film_id].year})" for film_id in films.ids]
    wiki_plots.fetch()
    found = agreement.match(films.ids, titles, wiki_plots.read_films()).films
    bodies = {name: drop_first_sentence(plot.text).split() for name, plot in found.items()}
    films = films.select([len(bodies.get(name, ())) >= 40 for name in films.ids])
    pairs = [(t.split(), bodies[name]) for name, t in zip(films.ids, films.texts, strict=True)]
    cut = [[" ".join(text[: min(map(len, pair))]) for text in pair] for pair in pairs]
    ours, theirs = zip(*cut, strict=True)
    return films, {"synopsis": films.texts, "ours": ours, "Wikipedia's": theirs}


def stem(title: str) -> str:
    """Return a title's key without its article, and with a mark at the end.

    Examples
    --------
    >>> stem("The Avengers (2012)"), stem("Alien Nation").startswith(stem("Alien"))
    ('avengers-', True)
    """
    return f"{agreement.title_key(title).removeprefix('the-').removeprefix('a-')}-"


@cache
def elsewhere() -> tuple[np.ndarray, np.ndarray, int]:
    """Return articles on other films, in random order, with their labels.

    Left out is every article whose title begins with that of a film or a franchise of any script,
    test or development, or is the beginning of one; and what shares title or text with these.

    Returns
    -------
    texts : ndarray of object, shape (n,)
    labels : ndarray of int8, shape (n, L)
        In the order of the films' labels; articles with none of these are left out.
    removed : int
        Articles left out because of their titles.
    """
    articles, names = load("wiki_plots", drop_lead=True), load("films").label_names
    columns = [agreement.SAME.get(name, name) for name in articles.label_names]
    labels = articles.labels[:, [columns.index(name) for name in names]]  # (n, L)
    known = {
        stem(title)
        for film in (*scripts.read_manifest(), *read_films().values())
        for title in (film.title, getattr(film, "group", film.title))
    }
    starts = {"-".join(key.split("-")[:n]) + "-" for key in known for n in range(1, key.count("-"))}
    near = [key in starts or key.startswith(tuple(known)) for key in map(stem, articles.titles)]
    ours = np.isin(articles.groups, articles.groups[near])
    kept = np.random.RandomState(0).permutation(np.flatnonzero(labels.any(axis=1) & ~ours))
    return np.array(articles.texts, dtype=object)[kept], labels[kept], int(ours.sum())


@cache
def scores_by_articles(n: int | None, score: str) -> np.ndarray:
    """Train on ``n`` articles (None: on all), and score the films by one of their texts."""
    articles, labels, _ = elsewhere()
    fitted = views.classifier(articles, "TF-IDF").fit(articles[:n], labels[:n])
    return fitted.predict_proba(corpus()[1][score])


def by_articles(fold: Fold, *, n: int | None, score: str) -> FoldOutcome:
    """Judge what was learned from articles; only the thresholds are tuned on our films."""
    start = time.perf_counter()
    scores = scores_by_articles(n, score)
    tuner = ThresholdTuner().fit(scores[fold.train], corpus()[0].labels[fold.train])
    return FoldOutcome(
        scores=scores[fold.test],
        thresholds=tuner.thresholds_,
        tuned=tuner.predict(scores[fold.test]),
        seconds=time.perf_counter() - start,
    )


def counts(fold: Fold) -> dict[str, float]:
    """Return films and median words of their cut texts; articles to learn from, and removed."""
    return {
        "films": float(len(corpus()[0])),
        "words": float(np.median([len(text.split()) for text in corpus()[1]["ours"]])),
        "articles": float(len(elsewhere()[0])),
        "removed": float(elsewhere()[2]),
    }


def table() -> Table:
    """Return the table: films by their own texts, and by what was learned from articles."""
    films, names = corpus()
    rows = {
        f"{learn} → {score}": partial(
            views.read_by, model="TF-IDF", learn=learn, score=score, source=corpus
        )
        for learn in names
        for score in names
        if learn == score or "synopsis" not in (learn, score)
    }
    rows |= {
        f"{n or 'all'} articles → {score}": partial(by_articles, n=n, score=score)
        for n in (500, 2000, 6000, None)
        for score in names
    }
    return Table(
        name="views_wiki",
        title="Our texts and Wikipedia's of the same films; models of other films' articles",
        rows={**rows, "counts": counts},
        folds=headline_folds(films),
        data={"films": load("films", view="both").data_hash, "wiki_plots": wiki_plots.COMMIT},
        labels=films.labels,
        groups=films.groups,
        needs_mirror=True,
    )
