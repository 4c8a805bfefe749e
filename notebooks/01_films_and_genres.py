# ---
# jupyter:
#   accelerator: GPU
#   colab:
#     gpuType: T4
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Films and their genres
#
# **About 25 minutes to read.**
# You need Python, and to have called `fit` and `predict` of scikit-learn before;
# a {doc}`ten-minute test <../book/prerequisites>` tells you whether that is enough.
# Terms are in the {doc}`glossary <../book/glossary>`.
#
# <!-- cost: 01_films_and_genres -->
#
# Two questions to carry along. You can answer both at the end.
#
# 1. A model reads whole screenplays and names their genres better than you thought possible.
#    What do you check first?
# 2. Five films of one series lie among your data. Three are used for training, two for testing.
#    What does the test tell you?
#
# :::{dropdown} Answers, for those who come back
# 1. Whether the answer stands in the input. On the pages that we read, it did: in a footer.
# 2. How well the model recognises *that series*. What you wanted to know is how it fares on
#    films that it has never met, and the test cannot say.
# :::
#
# In this chapter we will:
# - look at one film the way a model sees it;
# - meet a *multi-label* problem: several genres a film, some common, some rare;
# - ask where the labels come from, and how firm they are;
# - measure how long the texts are, from a title to fifty thousand words;
# - find three leaks in real data, and measure what a cheating model gains from each.

# %% [markdown]
# ## One film
#
# The course reads real screenplays. Their texts belong to the studios, so the package brings
# none of them along. It brings *features*: how often each word occurs in each script, and some
# vectors that later chapters use. Let us load them.

# %%
from genrelab.datasets import load

scripts = load("script_features")
scripts

# %% [markdown]
# What you see is the *card* of the data set: what it holds, where it comes from, what the law
# allows, and what was left out. Every data set of the course has one. Read it before you train
# anything; we will come back to its notes. Skip what you do not know yet: vectors, windows and
# segments belong to {doc}`06_script_embeddings_in_chunks`.
#
# Take one row. Here is *Fargo*, as the computer has it.

# %% tags=["nbval-check"]
import numpy as np

row = scripts.titles.index("Fargo")
genres = np.array(scripts.label_names)[scripts.labels[row] == 1]
n_distinct = scripts.counts[[row]].nnz

print("title: ", scripts.titles[row])
print("genres:", ", ".join(sorted(genres)))
print(
    f"words:  {scripts.n_words[row]:,}, of which {n_distinct:,} different ones are counted"
)

# %% [markdown]
# :::{admonition} Predict before you run
# :class: tip
# Most of those words are *the*, *he* and *door*. Which dozen words would tell you, without the
# title, that this is *Fargo*?
# :::
#
# A word says much about a script if it is frequent there and rare elsewhere. *TF-IDF* multiplies
# the two: term frequency times inverse document frequency. The second factor is an old idea of
# text search {cite:p}`sparckjones1972`. With `sublinear_tf` the logarithm of the count goes in, so
# a word used a hundred times does not weigh a hundred times as much. The course comes back to
# these weights again and again.

# %% tags=["nbval-check"]
from sklearn.feature_extraction.text import TfidfTransformer

weights = TfidfTransformer(sublinear_tf=True).fit_transform(scripts.counts)
words = np.array(scripts.vocabulary)


def top_words(row, n=12):
    """Return the words with the largest weights in a script."""
    heaviest = np.argsort(-weights[[row]].toarray().ravel(), kind="stable")[:n]
    return words[heaviest].tolist()


print(", ".join(top_words(row)))

# %% [markdown]
# Some of these are how people talk: *yah*, *geez*. Most are what they are called: Norm, Carl,
# Wade, Jerry.
#
# Keep both kinds in mind. How people talk may say something about the *genre*. What they are
# called says only which *film* it is. A model cannot tell the two kinds apart, and that will
# matter before the chapter is over.

# %% [markdown]
# ## Several genres a film
#
# *Fargo* is a comedy, a crime film and a thriller at once. A task where each row may carry any
# number of labels is called *multi-label classification*. It differs from *multi-class*, where
# each row has exactly one. We write the labels as a matrix of zeros and ones: one row a film,
# one column a genre.

# %%
from genrelab.evaluation import glue

target = scripts.labels
n_films, n_genres = target.shape
target[:3]

# %% tags=["hide-input"]
from genrelab import plots
from genrelab.datasets.scripts import read_manifest

manifest = read_manifest()
share = target.mean(axis=0)
per_film = target.sum(axis=1)
label_sets, films_of_set = np.unique(target, axis=0, return_counts=True)
glue("ch01_n_films", n_films)
glue("ch01_n_genres", n_genres)
glue("ch01_n_files", len(manifest))
glue("ch01_drama", f"{share.max():.0%}".replace("%", " %"))
glue("ch01_rarest", scripts.label_names[share.argmin()])
glue("ch01_rarest_n", int(target.sum(axis=0).min()))
glue("ch01_n_rare", int((share < plots.LOW_SUPPORT).sum()))
locked = [s for s in manifest if s.usable and s.split == "test"]
glue(
    "ch01_n_locked", sum(bool(set(s.genres) & set(scripts.label_names)) for s in locked)
)

# %% [markdown]
# There are {glue:text}`ch01_n_films` films and {glue:text}`ch01_n_genres` genres.
# These are the films of the *development* part. Another {glue:text}`ch01_n_locked` scripts are
# locked away for a final test, and nobody looks at them before {doc}`14_the_whole_road`;
# {doc}`02_an_honest_yardstick` says why.
#
# How are the genres spread?

# %%
plots.genre_counts(target, scripts.label_names)

# %% [markdown]
# Very unevenly. {glue:text}`ch01_drama` of the films are dramas, but only
# {glue:text}`ch01_rarest_n` carry *{glue:text}`ch01_rarest`*.
# The figure marks genres that fewer than a tenth of the films carry:
# {glue:text}`ch01_n_rare` of {glue:text}`ch01_n_genres`. Those two colours mean the same in
# every chapter.
#
# The rare genres are where it gets hard. Divide thirty films into five parts for a test, and six
# are left in each. One film more or less, and the score of that genre jumps.

# %%
plots.cardinality(target)

# %% tags=["hide-input"]
glue("ch01_cardinality", f"{per_film.mean():.2f}")
glue("ch01_density", f"{target.mean():.2f}")
glue("ch01_one_genre", int((per_film == 1).sum()))
glue("ch01_most_genres", int(per_film.max()))
glue("ch01_n_sets", len(label_sets))
glue("ch01_n_sets_once", int((films_of_set == 1).sum()))

# %% [markdown]
# The mean number of labels a row is the *label cardinality*: {glue:text}`ch01_cardinality` here.
# Divided by the number of labels it is the *density*: {glue:text}`ch01_density`. So about four
# cells in five of the label matrix are zero, and a model that never says yes is right in four
# cells of five. {doc}`02_an_honest_yardstick` has more on scores that flatter.
#
# Could we treat each *set* of genres as a class of its own, and be back at multi-class? The films
# show {glue:text}`ch01_n_sets` different sets, and {glue:text}`ch01_n_sets_once` of them occur
# only once. A class with one film cannot be learned. So we let the model decide genre by genre.
#
# :::{admonition} Predict before you run
# :class: tip
# The genres are not independent. Of the animated films, which share are family films? And are
# there genres that never meet at all?
# :::

# %%
plots.co_occurrence(target, scripts.label_names)

# %% tags=["hide-input"]
together = target.T.astype(int) @ target
name_of = list(scripts.label_names)
family, animation = name_of.index("Family"), name_of.index("Animation")

glue("ch01_family_animation", int(together[family, animation]))
glue("ch01_animation", int(together[animation, animation]))
glue("ch01_family", int(together[family, family]))
never = np.argwhere(np.triu(together == 0))
glue("ch01_never", " or ".join(f"{name_of[a]} with {name_of[b]}" for a, b in never))

# %% [markdown]
# Read a row from left to right: of the films that carry the row's genre, this share also carries
# the column's.
#
# Of the {glue:text}`ch01_animation` animated films, {glue:text}`ch01_family_animation` are family
# films. The other way round it is {glue:text}`ch01_family_animation` of
# {glue:text}`ch01_family`: the table is not symmetric. And nowhere do you find
# {glue:text}`ch01_never`.
#
# A model could use this: sure of *Animation*, it might raise its guess for *Family*. Whether that
# pays is a question for later chapters.

# %% [markdown]
# ## Where the labels come from
#
# Each script was a page of a script site {cite:p}`moviescripts`. At the bottom stand the title,
# the writers and the genres. We took the labels from there. Nobody in this course decided that
# *Fargo* is no drama; somebody at that site did, and we do not know by which rule.
#
# Not all {glue:text}`ch01_n_files` files are usable. The card keeps account.

# %% tags=["nbval-check"]
for note in scripts.card.notes[:6]:
    print("-", note)

# %% tags=["hide-input"]
reasons = [s.dropped.split(" of ")[0] for s in manifest if not s.usable]
glue("ch01_n_dropped", len(reasons))
glue("ch01_foreign", reasons.count("foreign"))
glue("ch01_stub", reasons.count("stub"))
glue("ch01_duplicate", reasons.count("duplicate"))
short_name = next(s for s in manifest if s.file == "L.txt")
glue("ch01_short_file", short_name.file)
glue("ch01_short_title", short_name.title)

# %% [markdown]
# {glue:text}`ch01_n_dropped` files went: {glue:text}`ch01_foreign` are not in English,
# {glue:text}`ch01_stub` hold only a beginning, {glue:text}`ch01_duplicate` are a second copy of
# another one. A copy is worse than useless: with one copy in training and one in the test, the
# model is asked what it has just been told.
#
# Even a title is not a safe thing. The file {glue:text}`ch01_short_file` is
# *{glue:text}`ch01_short_title`*: somebody's program cut the name at the first dot. So titles,
# too, come from the page and not from the file's name.
#
# How firm are the labels? One look from inside: films of one *franchise* – a film and its
# sequels, remakes and spin-offs – tell related stories. Do they carry the same genres?

# %% tags=["nbval-check"]
from itertools import combinations

franchises, sizes = np.unique(scripts.groups, return_counts=True)
series = [np.flatnonzero(scripts.groups == name) for name in franchises[sizes > 1]]
pairs = [pair for films in series for pair in combinations(films, 2)]
same = [np.array_equal(target[a], target[b]) for a, b in pairs]
print(f"{len(series)} franchises, {sum(map(len, series))} films, {len(pairs)} pairs")
print(f"pairs with the same set of genres: {np.mean(same):.2f}")

# %% [markdown]
# One of these franchises, film by film:

# %% tags=["nbval-check"]
for film in np.flatnonzero(scripts.groups == "star-trek"):
    carried = [name for name, has in zip(name_of, target[film], strict=True) if has]
    print(f"{scripts.titles[film]}: {', '.join(sorted(carried))}")

# %% tags=["hide-input"]
glue("ch01_n_series", len(series))
glue("ch01_n_series_films", sum(map(len, series)))
glue("ch01_same_set", f"{np.mean(same):.0%}".replace("%", " %"))

# %% [markdown]
# In {glue:text}`ch01_same_set` of the pairs the two sets are the same. Some of the difference is
# real: sequels change their tone. Some is taste: the first *Star Trek* is science fiction and
# nothing else, though the crew stands on the same bridge as in its sequels.
#
# That sets a limit to every score in this book. Where two people who know the film would
# disagree, a model cannot be "right". {doc}`03_baselines` measures this limit: it holds these
# labels against Wikipedia's for the same films.

# %% [markdown]
# ## Three views of one film
#
# A film can be told in a sentence, on half a page, or in full. For most of the scripts' films the
# course has the first two as well, written for it: a *logline* says who wants what and what stands
# in the way, a *synopsis* tells the story to its end. Here is *Fargo* three times. Of the script we
# may show numbers only.

# %%
from IPython.display import HTML

loglines, synopses = load("films", view="logline"), load("films", view="synopsis")
film = synopses.ids.index(scripts.ids[row])
three_views = {
    "logline": loglines.texts[film],
    "synopsis": synopses.texts[film],
    "script": f"{scripts.n_words[row]:,} words. The heaviest: {', '.join(top_words(row))}.",
}
left = "style='text-align: left; vertical-align: top'"
lines = (
    f"<tr><th {left}>{name}</th><td {left}>{text}</td></tr>"
    for name, text in three_views.items()
)
HTML(f"<table>{''.join(lines)}</table>")

# %% tags=["nbval-check"]
view_words = [len(loglines.texts[film].split()), len(synopses.texts[film].split())]
print(f"{view_words[0]} words, {view_words[1]} words, {scripts.n_words[row]:,} words")
for note in synopses.card.notes[:3]:
    print("-", note)

# %% tags=["hide-input"]
glue("ch01_view_steps", f"{view_words[1] / view_words[0]:.0f}")
glue("ch01_view_steps_script", f"{scripts.n_words[row] / view_words[1]:.0f}")
glue("ch01_n_short", f"{len(synopses)}")

# %% [markdown]
# The synopsis has {glue:text}`ch01_view_steps` times the words of the logline, the script
# {glue:text}`ch01_view_steps_script` times those of the synopsis. Which of the three would you
# rather read before you name the genres? The sentence leaves out nearly everything. The script
# holds everything, and the murders are some lines among thousands of others.
#
# Mind what the card says: **a machine wrote the short texts**, with the genres out of sight until
# a last check. They are more even than what people write; does that make them easier for a model?
# {doc}`09_short_long_longest` compares the three views on the same
# {glue:text}`ch01_n_short` films, and tests it.

# %% [markdown]
# ## From a title to fifty thousand words
#
# Genres can be guessed from very little text. The course goes from short to long. Here are five
# kinds of text on one axis: the films' titles, loglines and synopses, the 38 plays of Shakespeare
# that the course uses where a whole long text must be shown, and the screenplays. Mind the axis:
# each step to the right multiplies the length by ten.

# %%
plays = load("plays")
tokens_a_word = (scripts.n_tokens / scripts.n_words).mean()
n_words = {
    "titles": [len(title.split()) for title in scripts.titles],
    "loglines": [len(text.split()) for text in loglines.texts],
    "synopses": [len(text.split()) for text in synopses.texts],
    "plays": [len(text.split()) for text in plays.texts],
    "scripts": scripts.n_words,
}
plots.lengths(n_words, window=510 / tokens_a_word)

# %% tags=["hide-input"]
read_at_once = 510 / scripts.n_tokens
glue("ch01_median_words", int(np.median(scripts.n_words)))
glue("ch01_max_words", int(scripts.n_words.max()))
glue("ch01_median_tokens", int(np.median(scripts.n_tokens)))
glue("ch01_median_windows", int(np.median(np.ceil(scripts.n_tokens / 510))))
glue("ch01_tokens_a_word", f"{tokens_a_word:.2f}")
glue("ch01_window_words", round(510 / tokens_a_word))
glue("ch01_window_share", f"{np.median(read_at_once):.1%}".replace("%", " %"))

# %% [markdown]
# Half of the scripts are longer than {glue:text}`ch01_median_words` words; the longest has
# {glue:text}`ch01_max_words`.
#
# The dashed line is what a common language model reads at once. Such models do not count words
# but *tokens*: frequent words are one token, rare ones are put together from several. In these
# scripts a word makes {glue:text}`ch01_tokens_a_word` tokens on average. A window of 512 tokens,
# two of them reserved for marks of its own, holds about {glue:text}`ch01_window_words` words.
# The median script has {glue:text}`ch01_median_tokens` tokens, so one window shows
# {glue:text}`ch01_window_share` of it.
#
# What to do about the rest is the subject of {doc}`06_script_embeddings_in_chunks`. Before that,
# we must make sure that what we feed to a model is really the film.

# %% [markdown]
# ## Three leaks
#
# A *leak* is information in the training or test data that the model will not have when it is
# used. The score goes up, the usefulness does not. Leaks are common, also in published work:
# {cite:t}`kapoor2023` found them in 17 fields of science.
#
# We met three in the data of this course. We did not build them in; each was there and waited.
#
# To weigh them we need a model and a score. The model is plain: TF-IDF weights, then one
# *logistic regression* a genre. The score is *macro-F1*. F1 is a number between 0 and 1 that is
# high only if most films of a genre are found *and* most that were called so are right.
# Macro-F1 is its mean over the genres, so a rare genre counts as much as a common one.
#
# Models are always tested on films that they were not trained on. In *cross-validation* the films
# are divided into parts, called *folds*; each fold is the test once, and the model learns from the
# others. {doc}`02_an_honest_yardstick` takes all of this apart, and shows how the intervals below
# are made.

# %% [markdown]
# ### The footer that names the genre
#
# The labels stand at the bottom of the page. Whoever downloads the page and feeds all of it to a
# model feeds it the answer.
#
# We trained the same model five times, on five kinds of input: the whole script without and with
# the page's footer, its first window without and with it, and the footer alone. This needs the
# pages themselves, so the numbers are *recorded*: run once, by one command, on a machine that the
# record names. You read the record instead of waiting.
#
# :::{admonition} Predict before you run
# :class: tip
# A footer is a line or two, the first window a few hundred words, a script more than twenty
# thousand. To which of the two is the footer worth more, the window or the script?
# :::

# %% tags=["nbval-check"]
import pandas as pd

from genrelab.evaluation import read_result

footer = read_result("footer_leak")
recorded = pd.DataFrame(footer["pooled"]).set_index("row")
print("recorded with:", footer["command"])
print(recorded[["f1_macro", "f1_macro_low", "f1_macro_high"]].round(3).to_string())

# %% [markdown]
# The figure compares each input without and with the footer.

# %%
f1 = recorded["f1_macro"]
parts = ("whole script", "first window")
plots.leak_bars(
    {part: (f1[part], f1[f"{part} and footer"]) for part in parts},
    title="The footer saves a model that reads one page; in a whole script it drowns",
)

# %% tags=["hide-input"]
from genrelab.evaluation import nadeau_bengio

by_fold = pd.DataFrame(footer["rows"]).pivot(
    index=["repeat", "fold"], columns="row", values="f1_macro"
)
gain = by_fold["whole script and footer"] - by_fold["whole script"]
low, high, _ = nadeau_bengio(gain, test_train_ratio=1 / 4)
glue("ch01_footer_gain", f"{gain.mean():+.3f}")
glue("ch01_footer_gain_interval", f"{low:+.3f} to {high:+.3f}")
glue("ch01_footer_cpu", footer["hardware"]["cpu"])
glue("ch01_footer_whole", f"{f1['whole script']:.2f}")
glue("ch01_footer_whole_leak", f"{f1['whole script and footer']:.2f}")
glue("ch01_footer_head", f"{f1['first window']:.2f}")
glue("ch01_footer_head_leak", f"{f1['first window and footer']:.2f}")
glue("ch01_footer_alone", f"{f1['footer alone']:.3f}")

# %% [markdown]
# (Recorded on {glue:text}`ch01_footer_cpu`; five folds, divided twice; low and high bound a 95 %
# interval over films.)
#
# The footer alone, a line or two without any film, scores {glue:text}`ch01_footer_alone`. The
# answer is there for the taking.
#
# With the first window it lifts the score from {glue:text}`ch01_footer_head` to
# {glue:text}`ch01_footer_head_leak`. A careless reader would conclude that one page is enough
# for a model that reads well.
#
# With the whole script the score hardly moves: {glue:text}`ch01_footer_whole` without and
# {glue:text}`ch01_footer_whole_leak` with; fold by fold the mean difference is
# {glue:text}`ch01_footer_gain` (95 % interval {glue:text}`ch01_footer_gain_interval`, so it may
# well be nothing). The word *thriller* at the bottom is one among thousands, and this model
# spreads its trust over all of them.
#
# That is no reason to relax. It means that **a leak may be in the data and hardly show in the
# score** – until somebody picks a model that looks at the end of the page, and publishes.
#
# So we cut the footer off, and with it everything else that is page and not film: page numbers,
# *CONTINUED*, running heads.

# %% [markdown]
# ### The first sentence that names the genre
#
# The second data set is short: the openings of Wikipedia's articles on American films, with
# genres {cite:p}`wikimovies`. An encyclopedia begins by saying what a thing is. "Fargo is a 1996
# black comedy crime film …": here, too, the answer stands in the text, this time not in a footer
# but in the most natural place.
#
# Again the same model reads the same films twice: without the first sentence, and with it. Films
# that keep fewer than twenty words without it are left out of *both*, so that nothing but the
# sentence differs.

# %% tags=["nbval-check"]
sentence = read_result("first_sentence_leak")
recorded = pd.DataFrame(sentence["pooled"]).set_index("row")
print("recorded with:", sentence["command"])
print(recorded[["f1_macro", "f1_macro_low", "f1_macro_high"]].round(3).to_string())

# %% [markdown]
# The same two numbers, drawn as before.

# %%
lead = recorded["f1_macro"]
clean, cheating = lead["without first sentence"], lead["with first sentence"]
plots.leak_bars(
    {"opening of the article": (clean, cheating)},
    title=f"One sentence is worth {cheating - clean:.2f} macro-F1",
)

# %% tags=["hide-input"]
glue("ch01_lead_cpu", sentence["hardware"]["cpu"])
glue("ch01_lead_clean", f"{clean:.2f}")
glue("ch01_lead_leak", f"{cheating:.2f}")

# %% [markdown]
# (Recorded on {glue:text}`ch01_lead_cpu`; five folds, in which films of one title stay together.)
#
# One sentence lifts macro-F1 from {glue:text}`ch01_lead_clean` to {glue:text}`ch01_lead_leak`.
# Remember that step when a cleverer model promises a few hundredths.
#
# Is it cheating to read the first sentence? It depends on what the model is *for*. To sort an
# encyclopedia, use it: it will be there. To learn what a plot says about its genre, it must go,
# because a new manuscript does not begin with a verdict on itself. A leak is always a leak *with
# respect to a use*.
#
# `load("wiki_plots")` therefore cuts the first sentence unless you ask for it. That is not
# perfect: a later sentence may still call the film a comedy.

# %% [markdown]
# (franchises)=
# ### Franchises split over folds
#
# The third leak is in no text. It is in how we divide the films.
#
# If films are dealt to the folds at random, *Alien* may be in training and *Aliens* in the test.
# The two share a world: a ship, an airlock, a creature, and the names that go with them.
#
# First, a look at how close siblings are. For each film we ask which other film uses the most
# similar words, by the *cosine* between the TF-IDF weights: 1 for the same words in the same
# proportion, 0 for no word in common.

# %% tags=["nbval-check"]
similarity = (weights @ weights.T).toarray()
np.fill_diagonal(similarity, -1)
nearest = similarity.argmax(axis=1)

in_franchise = np.isin(scripts.groups, franchises[sizes > 1])
is_sibling = scripts.groups[nearest] == scripts.groups
for title in ("Jaws", "Die Hard", "Fargo"):
    film = scripts.titles.index(title)
    print(f"{title}: nearest is {scripts.titles[nearest[film]]}")
print(f"a sibling is nearest: {is_sibling[in_franchise].mean():.2f} of franchise films")

# %% tags=["hide-input"]
glue("ch01_sibling", f"{is_sibling[in_franchise].mean():.0%}".replace("%", " %"))
glue("ch01_franchise_share", f"{in_franchise.mean():.0%}".replace("%", " %"))

# %% [markdown]
# For {glue:text}`ch01_sibling` of the films in a franchise, the nearest of all
# {glue:text}`ch01_n_films` films is a sibling. So the cheapest conceivable model may be the best
# cheat. It is called *one nearest neighbour*: find the most similar film of the training part,
# and copy its genres.
#
# We test this copycat twice, on five folds: once with films dealt at random, once with whole
# franchises kept together. Both ways give each fold about the same share of every genre, and the
# model is the same.
#
# :::{admonition} Predict before you run
# :class: tip
# {glue:text}`ch01_franchise_share` of the films belong to a franchise. How much will the copycat
# gain on those? And over all films?
# :::

# %%
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from genrelab.evaluation import compare_on_rows, cross_validate
from genrelab.splits import headline_folds, repeated_folds

divisions = {
    "whole franchises": headline_folds(scripts)[:5],
    "films at random": repeated_folds(target)[:5],
}
copycat = make_pipeline(
    TfidfTransformer(sublinear_tf=True), KNeighborsClassifier(1, metric="cosine")
)
copied = {
    name: cross_validate(copycat, scripts.counts, target, folds=folds)
    for name, folds in divisions.items()
}

# %% tags=["nbval-check"]
series_only = np.flatnonzero(in_franchise)
which = {"all films": np.arange(n_films), "in a franchise": series_only}
shown = ["f1_macro", "difference", "difference_low", "difference_high"]
judged = {
    name: compare_on_rows(copied, rows, scripts.groups) for name, rows in which.items()
}
print(pd.concat(judged)[shown].round(2).to_string())

# %% [markdown]
# Each `difference` is to the line above it, from whole franchises to films at random. The columns
# `difference_low` and `difference_high` bound a 95 % *bootstrap interval*: franchises
# are drawn again and again with replacement, and each time the two ways are compared. If zero
# lies outside, chance in the choice of films alone is a poor explanation.
#
# Is a proper model just as easily fooled? Here is the linear model of the other two leaks. To
# turn its probabilities into genres it needs one *threshold* a genre, the probability from which
# on it says yes. It finds them on *inner folds*, which divide the training films once more (into
# two here, to be quick); {doc}`03_baselines` shows how much hangs on that.

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

one_genre = LogisticRegression(
    C=10, solver="liblinear", dual=True, tol=0.01, random_state=0
)
linear = make_pipeline(
    TfidfTransformer(sublinear_tf=True), OneVsRestClassifier(one_genre)
)
inner_groups = {"whole franchises": scripts.groups, "films at random": None}
fitted = {
    name: cross_validate(
        linear,
        scripts.counts,
        target,
        folds=folds,
        groups=inner_groups[name],
        tuner="per_label",
        inner_splits=2,
        n_jobs=2,
    )
    for name, folds in divisions.items()
}

# %%
judged_linear = {
    name: compare_on_rows(fitted, rows, scripts.groups) for name, rows in which.items()
}
print(pd.concat(judged_linear)[shown].round(2).to_string())

# %% [markdown]
# Both models side by side. The further an orange bar goes beyond the green one, the more the
# random folds flatter.

# %%
bars = {
    f"{model}, {name}": tuple(tables[name]["f1_macro"])
    for model, tables in (("copycat", judged), ("linear", judged_linear))
    for name in which
}
plots.leak_bars(
    bars, title="Random folds flatter the model that copies, on films with siblings"
)

# %% tags=["hide-input"]
for model, tables in (("copycat", judged), ("linear", judged_linear)):
    for short, name in (("all", "all films"), ("series", "in a franchise")):
        line = tables[name].loc["films at random"]
        glue(f"ch01_{model}_{short}", f"{line.difference:+.2f}")
        interval = f"{line.difference_low:+.2f} to {line.difference_high:+.2f}"
        glue(f"ch01_{model}_{short}_interval", interval)

# %% [markdown]
# On franchise films the copycat gains {glue:text}`ch01_copycat_series`
# ({glue:text}`ch01_copycat_series_interval`). It has not learned what a horror film is. It has
# found the sequel.
#
# The linear model gains {glue:text}`ch01_linear_series` there
# ({glue:text}`ch01_linear_series_interval`). It weighs thousands of words at a time, and those
# that siblings share are only some of them.
#
# Over all films the gains shrink to {glue:text}`ch01_copycat_all`
# ({glue:text}`ch01_copycat_all_interval`) and {glue:text}`ch01_linear_all`
# ({glue:text}`ch01_linear_all_interval`), because only {glue:text}`ch01_franchise_share` of the
# films have a sibling here. For the linear model that is small, and we tried but one division of
# each kind.
#
# These numbers may even be too kind. To keep the package small, its counts hold the 20,000 words
# that occur in most scripts; *Ripley* and *Jedi* are not among them. A model that reads the full
# text sees those names too. We have not measured how much it gains.
#
# Why bother with a small effect? Because the gain is not the same for all models. It rewards
# memory. Compare two models on random folds, and the one that remembers films better looks like
# the one that understands genres. Keeping groups together costs one argument, `groups=`, and
# removes the question. From here on, every fold of scripts in this book keeps franchises whole.

# %% [markdown]
# ## Exercises
#
# Exercises work the same way in every chapter. To answer them, open the chapter as a notebook:
# {doc}`How to run this book <../book/how_to_run>` tells you how.
#
# 1. Read the task. It says how many minutes it may take, how many points it brings, and under
#    which names it wants your answer. The *hint* is folded.
# 2. Write your answer into the cell *Your turn*, and run that cell.
# 3. Do **not** run the folded *solution* below it: it would put our answer in the place of yours.
#    (*Run all* runs it, too.)
# 4. Run the *check*, the line that begins with `checks.` It says "right", or what to think about.
#    Change your answer and check again as often as you like.
#
# After the last exercise `checks.summary()` adds up your points. An exercise that asks for a
# judgement has no check: unfold the solution, and be honest.

# %% [markdown] tags=["exercise"]
# ### Exercise 1.1 (5 minutes, 1 point)
# Compute the label cardinality of the films that carry *Drama*, and of those that do not.
# Call them `with_drama` and `without_drama`. Which group has more genres, and would you have
# guessed it?

# %% [markdown] tags=["hint"]
# `target[:, 0] == 1` is a mask of the dramas: genres are sorted by frequency.
# `per_film` holds the number of genres of each film.

# %% tags=["solution"]
is_drama = target[:, 0] == 1
with_drama = without_drama = ...
### BEGIN SOLUTION
with_drama = per_film[is_drama].mean()
without_drama = per_film[~is_drama].mean()
print(f"with Drama {with_drama:.2f}, without {without_drama:.2f}")
### END SOLUTION

# %% [markdown] tags=["solution"]
# Films *without* Drama carry a little more. Drama is often alone: of the sets of genres, "Drama
# and nothing else" is the commonest. Whoever finds no better word writes *Drama*, one may guess.

# %% tags=["check"]
from genrelab import checks

checks.ch01_ex1(with_drama, without_drama)

# %% [markdown] tags=["rubric"]
# - One point for both means, with two decimals or more.
# - Common wrong answers: the two groups exchanged; a sum for a mean; *Drama* itself not counted,
#   which makes the first number one too small.
# - Whoever guessed the other way round has lost nothing: ask what sort of film has no genre but
#   *Drama*. Five minutes; ten for newcomers to NumPy masks.

# %% [markdown] tags=["exercise"]
# ### Exercise 1.2 (10 minutes, 2 points)
# *Lift* says how much more often two genres meet than they would by chance: the share of films
# with both, divided by the product of the two shares. Compute the matrix `lift` for all pairs,
# and print the pair with the highest. Why should you not trust the highest lift too much?

# %% [markdown] tags=["hint"]
# `together / n_films` holds the shares of films with both genres, `np.outer(share, share)` what
# chance would give. Set the diagonal to zero before you look for the maximum.

# %% tags=["solution"]
lift = ...
### BEGIN SOLUTION
lift = together / n_films / np.outer(share, share)
np.fill_diagonal(lift, 0)
first, second = np.unravel_index(lift.argmax(), lift.shape)
print(f"{name_of[first]} and {name_of[second]}: {lift.max():.1f} times chance")
### END SOLUTION

# %% [markdown] tags=["solution"]
# The highest lift belongs to the two rarest genres. Lift divides by the product of two small
# shares, so a few films more or less change it much: {glue:text}`ch01_family_animation` films
# together are a lot of lift, and a small sample. A measure that is largest where there is least
# data should come with an interval.

# %% tags=["check"]
checks.ch01_ex2(lift)

# %% [markdown] tags=["rubric"]
# - One point for the matrix, one for the doubt: few films stand behind the largest lift, and a
#   handful more or fewer would move it.
# - Common wrong answers: shares among the films of one genre, which are not symmetric; not divided
#   by chance; int8 counts that overflowed.
# - "Because it is rare" alone is half an answer; the full one speaks of the small sample. Ten
#   minutes.

# %% [markdown] tags=["exercise"]
# ### Exercise 1.3 (10 minutes, 2 points)
# Find what carries the third leak. For each word, take the share of *Star Trek* films
# (`scripts.groups == "star-trek"`) in which it occurs, less the share of all other films. Put the
# ten words with the largest difference into `marks`. Are they words of a genre, or of a series?

# %% [markdown] tags=["hint"]
# `scripts.counts > 0` says which words occur where; choose rows of it by number, with
# `np.flatnonzero`. The mean over films is the share. `np.argsort` of the negative difference puts
# the largest first.

# %% tags=["solution"]
occurs = scripts.counts > 0
is_trek = scripts.groups == "star-trek"
marks = ...
### BEGIN SOLUTION
share_inside = occurs[np.flatnonzero(is_trek)].mean(axis=0)
share_outside = occurs[np.flatnonzero(~is_trek)].mean(axis=0)
marks = words[np.argsort(share_outside - share_inside, kind="stable")[:10]]
print(", ".join(marks))
### END SOLUTION

# %% [markdown] tags=["solution"]
# They are the things of one world. Some would help with any film in space (*orbit*), some with
# any film on a ship (*helm*, *aft*), and some with this series alone (*warp*). No list of words
# to delete would separate them, so it is the folds that must keep the series together.

# %% tags=["check"]
checks.ch01_ex3(marks)

# %% [markdown] tags=["rubric"]
# - One point for the ten words, one for saying that they mix words of a genre with words of the
#   series.
# - Common wrong answers: counts instead of "occurs at all", so that one long script decides; a
#   ratio of shares, which finds names of one film; the commonest words, because nothing was taken
#   off.
# - Ten minutes; the sparse matrix costs beginners five more.

# %% [markdown] tags=["exercise"]
# ### Exercise 1.4 (10 minutes, 3 points)
# A colleague has collected 5,000 reviews of computer games from a shop's pages, with the genre
# tags that the shop gives each game. There are several reviews a game. She splits the reviews at
# random, trains a model and reports an accuracy of 0.93. You have ten minutes with her data. Name
# three checks, in the order in which you would do them, and for each what you would expect to see
# if there is a leak.

# %% [markdown] tags=["hint"]
# One check for each section on leaks. Which of them needs no training at all?

# %% [markdown] tags=["solution"]
# 1. *Read ten inputs to their very end.* Pages carry menus, tags and "more games like this". If
#    the tag names stand in the text, count for how many rows; no model is needed. A test that
#    settles it: train on that part of the page alone.
# 2. *Split by game.* Several reviews of one game share its name and its heroes. Expect the score
#    to fall when all reviews of a game stay on one side. Games of one series belong together, too.
# 3. *Search the text for the names of the labels.* A reviewer who writes "the best shooter of the
#    year" names the genre. Is that a leak? If the model will read such reviews later, no. If it
#    shall judge a game by its description, yes: then remove those sentences, and measure again.
#
# The order goes from cheap to dear. A good answer also asks what the model is for, since that
# decides what counts as a leak, and asks for the score of a model that predicts the commonest tag.

# %% [markdown] tags=["rubric"]
# - One point a check that names where the leak would be *and* what one would see; at most three.
#   Half a point for a check without an expected result.
# - The order must go from cheap to dear, or be argued for. Accept other leaks: reviews copied
#   between games, the shop's own summary, dates.
# - Common weak answers: "use more data", "try another model", "look at the confusion matrix": none
#   of them finds a leak. Who only says "cross-validate" has not seen that the split itself is at
#   fault. Ten minutes.

# %% [markdown]
# ## Your score
#
# Three of the exercises check themselves. Exercise 1.4 asks for a judgement: hold yours against
# the solution in the book.

# %% tags=["check"]
checks.summary()

# %% [markdown]
# ## Quiz
#
# Choose, then unfold your choice. Each says why it is right or wrong.
#
# <!-- quiz: 01_films_and_genres -->

# %% [markdown]
# ## What we learned
#
# - A film carries several genres at once, and they are spread unevenly; the rarest have a few
#   dozen films, and their scores will be shaky.
# - Labels are opinions that somebody wrote on a page. They bound what any model can reach.
# - A leak can be large and obvious (a first sentence), large for one model and invisible for
#   another (a footer), or sit in the folds and not in the text at all (a franchise).
# - Before believing a score: read inputs to the end, ask what belongs together, and train once on
#   the part that you suspect.
# - A script is dozens of windows long. Reading one of them is not reading the script.

# %% [markdown]
# ## References
#
# ```{bibliography}
# :filter: docname in docnames
# ```
