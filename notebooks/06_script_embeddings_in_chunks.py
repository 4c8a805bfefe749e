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
# # Script embeddings in chunks
#
# **About 30 minutes to read.**
# You need {doc}`the yardstick <02_an_honest_yardstick>` (folds by franchise, macro-F1, paired
# differences) and the TF-IDF model of {doc}`03_baselines`.
# Terms are in the {doc}`glossary <../book/glossary>`.
#
# <!-- cost: 06_script_embeddings_in_chunks -->
#
# Two questions from the chapters before:
#
# 1. Why do we keep all films of a franchise in the same fold?
# 2. Why do we give each genre a threshold of its own, and on which rows do we choose it?
#
# :::{dropdown} Answers
# 1. They share names and places. A model that has seen two of them recognises the third by its
#    heroes, not by its genre, and its score is better than it deserves.
# 2. Rare genres get small probabilities, so that 0.5 is out of reach for them. Thresholds are
#    chosen on *inner* folds of the training rows; the test fold takes no part in it.
# :::
#
# A transformer reads 512 tokens. A screenplay has tens of thousands.
# In this chapter we will:
# - see where the number 512 comes from, and what it costs to ignore it;
# - measure how little of a script the first window shows;
# - read scripts in five ways, from one window to all of them, and compare;
# - find out what an average forgets;
# - encode a whole play and read the receipt;
# - put all this beside TF-IDF, which is half a century old;
# - ask a model of screenplays about Shakespeare;
# - compare windows of 128, 256 and 512 tokens on the same text.

# %% [markdown]
# ## Why 512
#
# An *encoder* turns a text into a *vector*, here a list of 384 numbers, so that texts with
# similar meaning get similar vectors. Ours is all-MiniLM-L6-v2: the small network MiniLM
# {cite:p}`wang2020`, trained on pairs of sentences as {cite:t}`reimers2019` proposed. The text
# enters as *tokens*, words or pieces of words from a list of about 30,000.
#
# What happens if we ask it to read one token more than 512?

# %% tags=["nbval-check"]
from genrelab.encoding import ScriptEncoder

try:
    ScriptEncoder(window=513).fit()
except ValueError as error:
    print(error)

# %% [markdown]
# The network knows where a token stands only from a table: one learned vector for each place,
# added to the token's own {cite:p}`devlin2019`. The table has 512 rows. There is no row 513.
# Two places go to special tokens that mark start and end, so a *window* holds 510 tokens of
# text.
#
# A longer table could be trained. It is short because of *attention*: each token looks at each
# other token, so the work grows with the square of the length. How much is that for a script?

# %% tags=["nbval-check"]
import numpy as np

from genrelab.datasets import load

scripts = load("script_features")
median_tokens = int(np.median(scripts.n_tokens))

HEADS, WIDTH = 12, 384
for name, n_tokens in {"a window": 512, "a script": median_tokens}.items():
    gigabytes = HEADS * n_tokens**2 * 4 / 1e9
    attention, the_rest = 4 * n_tokens * WIDTH, 24 * WIDTH**2
    share = attention / (attention + the_rest)
    print(f"{name:9} {n_tokens:6,} tokens: all pairs take {gigabytes:6.2f} GB a layer,")
    print(f"{'':10} attention is {share:.0%} of a layer's arithmetic")

# %% tags=["hide-input"]
from genrelab.evaluation import glue

pairs_gb = HEADS * median_tokens**2 * 4 / 1e9
glue("ch06_n_scripts", f"{len(scripts):,}")
glue("ch06_median_tokens", f"{median_tokens:,}")
glue("ch06_pairs_gb", f"{pairs_gb:.0f}")

# %% [markdown]
# In a window, attention is a modest part of the work. In a whole script it is nearly all of it,
# and the table of all pairs alone would fill {glue:text}`ch06_pairs_gb` GB in each layer. Modern
# code never writes that table down, but it still computes every entry. Networks that skip most
# pairs exist {cite:p}`beltagy2020`. We take the plain road: cut the script into windows, encode
# each, and combine the vectors. The cost then grows with the length, not with its square.

# %% [markdown]
# ## How much of a script does a window show?
#
# A token is not a word. Common words are one token; rare ones, and most names, are several.
# Punctuation counts too.

# %% tags=["nbval-check"]
ratio = scripts.n_tokens / scripts.n_words
first_share = 510 / scripts.n_tokens

print(
    f"tokens a word:  median {np.median(ratio):.2f}, "
    f"from {ratio.min():.2f} to {ratio.max():.2f}"
)
print(f"tokens a script: median {median_tokens:,}, longest {scripts.n_tokens.max():,}")
print(f"first window:    median {np.median(first_share):.1%} of a script")
print(f"windows a script: median {np.median(np.ceil(scripts.n_tokens / 510)):.0f}")

# %% tags=["hide-input"]
glue("ch06_ratio", f"{np.median(ratio):.1f}")
glue("ch06_first_share", f"{np.median(first_share):.1%}")
floor = 2 * scripts.labels.mean(axis=0) / (1 + scripts.labels.mean(axis=0))
glue("ch06_everything", f"{floor.mean():.2f}")
words_in_window = 510 / np.median(ratio)
glue("ch06_words_in_window", f"{words_in_window:.0f}")

# %% [markdown]
# So a window of 510 tokens holds about {glue:text}`ch06_words_in_window` words of a screenplay.
# The figure shows the lengths of all scripts; look at how far the dashed line stands to the left.

# %%
from genrelab import plots

plots.lengths(
    {"scripts": scripts.n_words},
    window=words_in_window,
    title="One window is a page and a half of a hundred-page script",
)

# %% [markdown]
# The first window shows {glue:text}`ch06_first_share` of the median script. The library for which
# this encoder was published, sentence-transformers, cuts without a word: you pass the whole text,
# and get the vector of its beginning.

# %% [markdown] tags=["exercise"]
# ### Exercise 6.1 (5 minutes, 1 point)
# How many windows must one read to see half of the median script? Put the smallest such number
# into `n_windows`.

# %% [markdown] tags=["hint"]
# Half of `median_tokens`, divided by 510, rounded up.

# %% tags=["solution"]
n_windows = ...
### BEGIN SOLUTION
n_windows = int(np.ceil(median_tokens / 2 / 510))
### END SOLUTION

# %% tags=["check"]
from genrelab import checks

checks.ch06_ex1(n_windows)

# %% [markdown] tags=["rubric"]
# - One point for the smallest whole number.
# - Common wrong answers: 512 instead of 510 tokens a window; rounded down; windows for the whole
#   script.
# - Five minutes.

# %% [markdown]
# ## Five ways to read
#
# The text of the scripts is not ours to ship, so the package brings vectors that were made
# ahead, of each script by the same encoder. They allow five ways to read:
#
# | way | what is read | numbers |
# |---|---|---|
# | first window | 510 tokens | 384 |
# | first and last | two windows, side by side | 768 |
# | four random | mean of four windows drawn at random | 384 |
# | all, one mean | mean of all windows, each weighted by its tokens | 384 |
# | all, in thirds | mean of each third, side by side | 1,152 |
#
# The mean of windows is called *mean pooling*. The weights matter for the last window of a
# script, which may be short.
#
# The classifier is the same for all: the columns are standardised, then one logistic regression
# for each of the 13 genres says how likely it is. Its regularisation `C = 0.01` was fixed before
# we looked at any of these numbers.

# %%
from genrelab.bench.readings import readings, vector_classifier

ways = readings(scripts)
target = scripts.labels
for name, data in ways.items():
    print(f"{name:15} {data.shape}")
print(vector_classifier())

# %% [markdown]
# :::{admonition} Predict before you run
# :class: tip
# Predicting every genre for every film makes a macro-F1 of {glue:text}`ch06_everything`, TF-IDF on
# whole scripts {glue:text}`ch06_tfidf` (chapter 3). Where will one window land? Where the mean of
# all windows?
# :::
#
# We run the first and the last of these live, on one repeat of five folds.

# %% tags=["nbval-check"]
from genrelab.evaluation import compare
from genrelab.splits import headline_folds

live = compare(
    vector_classifier(),
    {name: ways[name] for name in ("first window", "all, one mean")},
    target,
    groups=scripts.groups,
    folds=headline_folds(scripts)[:5],
)
print(live.table[["f1_macro", "low", "high", "fold_sd"]].round(2))
print(live.paired[["difference", "low", "high"]].round(2))

# %% tags=["hide-input"]
gain = live.paired.loc["all, one mean"]
glue("ch06_live_first", f"{live.table.loc['first window', 'f1_macro']:.2f}")
glue("ch06_live_mean", f"{live.table.loc['all, one mean', 'f1_macro']:.2f}")
glue("ch06_live_gain", f"{gain.difference:+.2f}")
glue("ch06_live_gain_interval", f"{gain.low:+.2f} to {gain.high:+.2f}")

# %% [markdown]
# Reading all of it lifts macro-F1 from {glue:text}`ch06_live_first` to
# {glue:text}`ch06_live_mean`. Fold by fold the difference is {glue:text}`ch06_live_gain`, with a
# 95 % interval (corrected as by {cite:t}`nadeau2003`) of
# {glue:text}`ch06_live_gain_interval`. The folds alone do not explain that.
#
# Which genres gain? The genres in vermilion are rare: their dots move more by chance.

# %%
import pandas as pd

f1_a_genre = pd.DataFrame(
    {
        name: live.results[name].report().per_label["f1"].to_numpy()
        for name in ("first window", "all, one mean")
    },
    index=scripts.label_names,
)
plots.per_genre_dumbbell(f1_a_genre, share=target.mean(axis=0))

# %% [markdown]
# The ways between, on all ten folds, take a little longer. They were recorded by
# `genrelab bench readings`; the file names the machine and the data. First the two scores of
# each way: macro-F1 after tuning the thresholds, and mAP, the mean average precision, which
# judges the ranking and needs no threshold.

# %% tags=["nbval-check"]
from genrelab.evaluation import read_result

recorded = read_result("readings")
scores = ["f1_macro", "f1_macro_low", "f1_macro_high", "map"]
pooled = pd.DataFrame(recorded["pooled"]).set_index("row")
print(recorded["command"], "on", recorded["hardware"]["cpu"])
print(pooled.loc[list(ways), scores].round(3))

# %% [markdown]
# Now the same against the share of the script that each way reads. Look at the steps: which one
# brings most?

# %%
from genrelab.bench.readings import share_read

windows_read = [1, 2, 4, 10**4, 10**4]
folds = pd.DataFrame(recorded["rows"]).groupby("row")["f1_macro"]
reading_scores = pd.DataFrame(
    {
        "share": [share_read(scripts.n_tokens, n) for n in windows_read],
        "score": pooled.loc[list(ways), "f1_macro"],
        "low": folds.min()[list(ways)],
        "high": folds.max()[list(ways)],
    }
)
plots.reading_more(
    reading_scores,
    references={"TF-IDF, whole script": pooled.loc["TF-IDF", "f1_macro"]},
    title="The more is read, the better; four random windows go most of the way",
)

# %% tags=["hide-input"]
from genrelab.bench import paired


def verdict(line: pd.Series) -> str:
    """Say what an interval says."""
    if line.low > 0:
        return "better"
    return "worse" if line.high < 0 else "not clearly different"


to_random = paired(recorded, "first and last").loc["four random"]
to_thirds = paired(recorded, "all, one mean").loc["all, in thirds"]
to_thirds_map = paired(recorded, "all, one mean", "map").loc["all, in thirds"]
to_all = paired(recorded, "four random").loc["all, one mean"]
for key, line in {
    "random": to_random,
    "thirds": to_thirds,
    "thirds_map": to_thirds_map,
    "all": to_all,
}.items():
    glue(f"ch06_{key}", f"{line.difference:+.3f}")
    glue(f"ch06_{key}_interval", f"{line.low:+.3f} to {line.high:+.3f}")
    glue(f"ch06_{key}_verdict", verdict(line))
glue("ch06_share_random", f"{reading_scores.loc['four random', 'share']:.0%}")
glue("ch06_tfidf", f"{pooled.loc['TF-IDF', 'f1_macro']:.2f}")

# %% [markdown]
# Four random windows beat the first and the last by {glue:text}`ch06_random` (interval
# {glue:text}`ch06_random_interval`), and they are
# {glue:text}`ch06_share_random` of the text. Two things change in that step: there are more
# windows, and they come from the middle. Beginnings and ends are special: title pages, credits,
# a slow first morning, a last look back.
#
# All windows against four: {glue:text}`ch06_all` ({glue:text}`ch06_all_interval`), which is
# {glue:text}`ch06_all_verdict`. Most of what an average can learn of a script is learned from
# a sample of it, but not all.
#
# Thirds against one mean: {glue:text}`ch06_thirds` macro-F1
# ({glue:text}`ch06_thirds_interval`), {glue:text}`ch06_thirds_map` mAP
# ({glue:text}`ch06_thirds_map_interval`). They are {glue:text}`ch06_thirds_verdict` by the first
# and {glue:text}`ch06_thirds_map_verdict` by the second. Thirds have three times as many numbers
# to fit on the same few hundred films. So we cannot tell from this whether the order of events
# says nothing about genre, or whether we have too few films to learn it.
#
# Others found the same pattern. {cite:t}`park2022` saw random chunks beat the first 512 tokens
# when the information is spread over a long text. {cite:t}`sun2019` saw the mean lose to head
# and tail, but on reviews of a few hundred words, where head and tail are nearly the whole text.
# How to read depends on where the information lies.

# %% [markdown] tags=["exercise"]
# ### Exercise 6.2 (15 minutes, 3 points)
# `scripts.segments` has shape (films, 16, 384): each sixteenth of a script as the mean of its
# windows. Compare three of them on five folds: the first, the ninth (just after the middle) and
# the last. Put the comparison into `places`. Before you run: which part knows the genre best?

# %% [markdown] tags=["hint"]
# `compare(vector_classifier(), {"first": scripts.segments[:, 0], ...}, target, ...)`, with the
# same `groups` and `folds` as above.

# %% tags=["solution"]
places = ...
### BEGIN SOLUTION
places = compare(
    vector_classifier(),
    {
        "first": scripts.segments[:, 0],
        "ninth": scripts.segments[:, 8],
        "last": scripts.segments[:, 15],
    },
    target,
    groups=scripts.groups,
    folds=headline_folds(scripts)[:5],
)
print(places.table[["f1_macro", "low", "high"]].round(3))
print(places.paired[["difference", "low", "high"]].round(3))
### END SOLUTION

# %% [markdown] tags=["solution"]
# The last part knows most: the interval of its difference to the first excludes zero, that of
# the ninth does not. Perhaps endings show the genre in the open: the chase, the kiss, the
# monster. A sixteenth is about four windows, so compare it with the four *random* windows above
# rather than with the whole.
#
# Did you name the last part before you ran the cell? If one tries all sixteen and reports the
# best, it will look good by luck alone.

# %% tags=["check"]
checks.ch06_ex2(places)

# %% [markdown] tags=["rubric"]
# - Two points for the comparison, one for reading the intervals: which part differs from the first
#   by more than its uncertainty.
# - Common wrong answers: index 9 for the ninth part; comparing parts with the mean of all; naming
#   the best of the three without a look at the intervals.
# - Praise a prediction written down before. Fifteen minutes, two of them waiting.

# %% [markdown]
# ## What the mean forgets
#
# A mean does not know in which order its windows came. Turn a script around, and its vector is
# the same. Thirds would notice.

# %% tags=["nbval-check"]
from genrelab.bench.readings import thirds

forwards = scripts.segments[:1]
backwards = forwards[:, ::-1]
same_mean = np.allclose(forwards.mean(axis=1), backwards.mean(axis=1), atol=1e-6)
same_thirds = np.allclose(thirds(forwards), thirds(backwards), atol=1e-6)
print(f"{scripts.titles[0]}, backwards:")
print(f"same mean {same_mean}, same thirds {same_thirds}")

# %% [markdown]
# It forgets something else, and that is less plain. Two vectors are compared by their *cosine*:
# 1 for the same direction, 0 for nothing in common. How similar are two films, judged by one
# window each? And judged by their means?
#
# :::{admonition} Predict before you run
# :class: tip
# Will the means of two different films be more alike than their first windows, or less?
# :::


# %% tags=["nbval-check"]
def mean_cosine(vectors: np.ndarray) -> float:
    """Return the mean cosine between two different rows."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    n = len(unit)
    return float(((unit.sum(axis=0) ** 2).sum() - n) / (n * (n - 1)))


between_first = mean_cosine(scripts.head)
between_means = mean_cosine(scripts.vectors)
within = float(np.mean(np.linalg.norm(scripts.vectors, axis=1) ** 2))
print(f"first windows of two films:  {between_first:.2f}")
print(f"means of two films:          {between_means:.2f}")
print(f"two windows of the same film: {within:.2f}")

# %% tags=["hide-input"]
glue("ch06_between_first", f"{between_first:.2f}")
glue("ch06_between_means", f"{between_means:.2f}")
glue("ch06_within", f"{within:.2f}")

# %% [markdown]
# (The last line uses that each window's vector has length 1: the squared length of a mean is
# then the mean cosine of its parts.)
#
# First windows of different films have a cosine of {glue:text}`ch06_between_first`; means of
# different films, {glue:text}`ch06_between_means`. Averaging washes out what a single page is
# about, and leaves what all pages share: that this is a screenplay, in which people come
# through doors and talk. The means of two films are closer to each other than two windows of the
# same film ({glue:text}`ch06_within`).
#
# The genre sits in the small remainder. This is why we standardise the columns first: it
# removes the common part and makes the remainder large enough to work with.

# %% [markdown]
# ## A whole play, and its receipt
#
# Now we encode a long text ourselves: *The Comedy of Errors*, every word of it. With
# `pooling="windows"` we get one vector a window, not yet averaged. (`token_budget` bounds how much
# is encoded at once; {doc}`07_never_out_of_memory` is about it.)

# %%
import warnings

plays = load("plays")
which = plays.titles.index("The Comedy of Errors")

encoder = ScriptEncoder(pooling="windows", token_budget=4096)
with warnings.catch_warnings():
    # 512 is more than the model's card declares; its table of places holds 512.
    warnings.simplefilter("ignore")
    play = encoder.transform([plays.texts[which]], ids=[plays.ids[which]])[0]

receipt = encoder.receipts_.iloc[0]
columns = ["id", "tokens", "windows", "truncated"]
print(encoder.receipts_[columns].to_string(index=False))
print(f"{receipt.tokens / receipt.seconds:,.0f} tokens a second on this machine")

# %% [markdown]
# The *receipt* says what was read: tokens, windows, and how many tokens no window saw. That
# number is 0, and it is counted, not assumed. When you use an encoder of another library, ask it
# for this number. Many have none to give.

# %% tags=["nbval-check"]
truncated = int(receipt.truncated)
words = len(plays.texts[which].split())
print(
    f"{words:,} words, {receipt.tokens:,} tokens, {receipt.windows} windows, "
    f"{truncated} tokens lost"
)
print(f"{receipt.tokens / words:.2f} tokens a word")

# %% tags=["hide-input"]
glue("ch06_play_ratio", f"{receipt.tokens / words:.2f}")

# %% [markdown]
# Shakespeare takes {glue:text}`ch06_play_ratio` tokens a word, about as many as the screenplays
# with their {glue:text}`ch06_ratio`. The list of tokens was made from modern English; perhaps it
# makes up for this that the plays have few numbers, and no camera directions.

# %% [markdown] tags=["exercise"]
# ### Exercise 6.3 (10 minutes, 2 points)
# Average the windows of the play into one `vector`, and give each window the weight of its
# tokens: 510 for all but the last, which holds the rest. Why would a plain mean favour the last
# page?

# %% [markdown] tags=["hint"]
# The tokens of the last window are what is left of `receipt.tokens` after the others. Weights
# should sum to 1; then `weights @ play` is the mean.

# %% tags=["solution"]
window_tokens = np.full(len(play), 510)
vector = ...
### BEGIN SOLUTION
window_tokens[-1] = receipt.tokens - 510 * (len(play) - 1)
weights = window_tokens / window_tokens.sum()
vector = weights @ play
### END SOLUTION
print("tokens of the last window:", window_tokens[-1])

# %% [markdown] tags=["solution"]
# In a plain mean every window counts the same, so a token of a short last window counts more
# than one elsewhere: if a window held 51 tokens, each would count ten times as much. In a play
# that is the last speech, in a script the last page.

# %% tags=["check"]
checks.ch06_ex3(vector, play, receipt.tokens)

# %% [markdown] tags=["rubric"]
# - One point for the vector, one for the reason: a token of a short last window counts more in a
#   plain mean.
# - Common wrong answers: weights that do not sum to one; 512 for 510; the last window dropped.
# - Ten minutes.

# %% [markdown]
# ## Against TF-IDF, and together with it
#
# TF-IDF counts words in the whole script, gives rare ones more weight {cite:p}`sparckjones1972`,
# and knows nothing of their meaning. It was our best baseline in {doc}`03_baselines`. Here it is
# beside the vectors, on the same ten folds. "TF-IDF and mean" averages the probabilities of both
# classifiers.

# %% tags=["nbval-check"]
systems = ["all, one mean", "all, in thirds", "TF-IDF", "TF-IDF and mean"]
print(pooled.loc[systems, scores].round(3))

# %% [markdown]
# Intervals of single systems overlap. The differences on the same folds:

# %%
others = ["all, one mean", "all, in thirds", "TF-IDF and mean"]
plots.paired_differences(
    paired(recorded, "TF-IDF").loc[others],
    title="TF-IDF alone beats the vectors, and they do not help it",
)

# %% tags=["hide-input"]
to_tfidf = paired(recorded, "TF-IDF")
for key, name in {"mean": "all, one mean", "joint": "TF-IDF and mean"}.items():
    line = to_tfidf.loc[name]
    glue(f"ch06_{key}_to_tfidf", f"{line.difference:+.3f}")
    glue(f"ch06_{key}_to_tfidf_interval", f"{line.low:+.3f} to {line.high:+.3f}")
    glue(f"ch06_{key}_to_tfidf_verdict", verdict(line))
joint_map = paired(recorded, "TF-IDF", "map").loc["TF-IDF and mean"]
glue("ch06_joint_map", f"{joint_map.difference:+.3f}")
glue("ch06_joint_map_interval", f"{joint_map.low:+.3f} to {joint_map.high:+.3f}")
glue("ch06_joint_map_verdict", verdict(joint_map))

# %% [markdown]
# TF-IDF wins. The mean of all windows differs from it by {glue:text}`ch06_mean_to_tfidf` in
# macro-F1 ({glue:text}`ch06_mean_to_tfidf_interval`), and the interval does not hold zero.
#
# Nor do the two help each other here. Their average differs from TF-IDF alone by
# {glue:text}`ch06_joint_to_tfidf` macro-F1 ({glue:text}`ch06_joint_to_tfidf_interval`:
# {glue:text}`ch06_joint_to_tfidf_verdict`) and {glue:text}`ch06_joint_map` mAP
# ({glue:text}`ch06_joint_map_interval`: {glue:text}`ch06_joint_map_verdict`). A plain average
# gives the weaker model half of the say. We did not look for a better mixture: with enough tries
# on the same folds, one would be found.
#
# {cite:t}`javanmard2025` reports the same of other long documents: simple models on word counts
# beat a transformer. So a score for an encoder on long texts means little until a TF-IDF of the
# *whole* text stands beside it.
#
# Why? Two explanations come to mind at once, and both can be tested.
#
# **It has more numbers.** TF-IDF has 20,000 columns, the vector 384. So let us squeeze TF-IDF
# into 384 dimensions, with a truncated singular value decomposition fitted on the training rows.
#
# **Words beat meaning.** Perhaps counting is simply the better way to tell genres. Then it should
# win on the first window too, where both see the same 510 tokens.

# %% tags=["nbval-check"]
pairs = [
    ("first window", "TF-IDF, first window"),
    ("all, one mean", "TF-IDF, 384 dimensions"),
    ("all, one mean", "TF-IDF"),
]
for vector_row, words_row in pairs:
    line = paired(recorded, vector_row).loc[words_row]
    print(
        f"{words_row} less {vector_row}: {line.difference:+.3f} "
        f"({line.low:+.3f} to {line.high:+.3f})"
    )

# %% tags=["hide-input"]
for key, (vector_row, words_row) in zip(("short", "squeezed"), pairs[:2], strict=True):
    for metric in ("f1_macro", "map"):
        line = paired(recorded, vector_row, metric).loc[words_row]
        suffix = "" if metric == "f1_macro" else "_map"
        glue(f"ch06_{key}{suffix}", f"{line.difference:+.3f}")
        glue(f"ch06_{key}{suffix}_interval", f"{line.low:+.3f} to {line.high:+.3f}")
        glue(f"ch06_{key}{suffix}_verdict", verdict(line))
words_gain = paired(recorded, "TF-IDF, first window").loc["TF-IDF"].difference
vector_gain = paired(recorded, "first window").loc["all, one mean"].difference
glue("ch06_words_gain", f"{words_gain:+.2f}")
glue("ch06_other_windows", f"{np.median(np.ceil(scripts.n_tokens / 510)) - 1:.0f}")
glue("ch06_vector_gain", f"{vector_gain:+.2f}")

# %% [markdown]
# The first explanation falls. In 384 dimensions TF-IDF is still {glue:text}`ch06_squeezed` ahead
# of the mean ({glue:text}`ch06_squeezed_interval`).
#
# The second falls as well. On the first window, beside the vector, word counts are
# {glue:text}`ch06_short_verdict` by macro-F1 ({glue:text}`ch06_short`,
# {glue:text}`ch06_short_interval`) and {glue:text}`ch06_short_map_verdict` by mAP
# ({glue:text}`ch06_short_map`, {glue:text}`ch06_short_map_interval`).
#
# What differs is what each makes of *more* text. From the first window to the whole script,
# counts gain {glue:text}`ch06_words_gain`, vectors {glue:text}`ch06_vector_gain`. A count
# collects: thirty mentions of a spaceship, spread over a hundred pages, stand out in the sum.
# A mean dilutes: a window with a spaceship points a little towards science fiction, and is
# averaged with {glue:text}`ch06_other_windows` others that point towards rooms and doors. We saw
# the dilution in the cosines above. That it is *the* reason is our reading of these numbers, not a
# proof. If it is right, something better than the mean should win ground back:
# {doc}`08_beyond_the_mean` tries.

# %% [markdown] tags=["exercise"]
# ### Exercise 6.4 (10 minutes, 3 points)
# A colleague writes: "We replaced TF-IDF by a transformer, because transformers understand
# meaning. It reads our 40-page contracts without complaint." Name two experiments of this
# chapter that you would ask for, and say what each could show. Then name a case in which you
# would take the encoder without much doubt.

# %% [markdown] tags=["hint"]
# What does "without complaint" hide? And where did words and vectors come out even?

# %% [markdown] tags=["solution"]
# First, a receipt: how many tokens of a contract did the model read? Without complaint may mean
# that it read the first page of forty. Second, the pair comparison: TF-IDF on the *whole*
# contracts against the encoder, on the same folds, with an interval. It could show that the old
# model is better, that both are even, or that the new one wins; all three happen.
#
# The encoder is the safer choice for short texts, with few labelled examples, or where training
# and use differ in their words: other spelling, other names, another language if the encoder
# knows it. There, a word that was never seen in training counts for nothing in TF-IDF.

# %% [markdown] tags=["rubric"]
# - One point an experiment with what it could show (both directions), one for a case in which the
#   encoder is the safer choice and why.
# - Must be there for full points: that the model may have read one page of forty, and a TF-IDF of
#   the *whole* text on the same folds.
# - Common weak answers: "fine-tune it"; "check accuracy"; only experiments that can come out one
#   way. Ten minutes.

# %% [markdown]
# ## Shakespeare, out of domain
#
# Our model has learned from screenplays of films. What does it say of plays that are four
# hundred years older? Nobody wrote *INT. CASTLE – NIGHT* above *Macbeth*. The data are *out of
# domain*: they come from another source than the training rows, and no score measured on
# screenplays tells us what to expect.
#
# First the play that we have just encoded, scored by a model of all development scripts.

# %%
model = vector_classifier().fit(scripts.vectors, target)
play_vector = np.average(
    play,
    axis=0,
    weights=[510] * (len(play) - 1) + [receipt.tokens - 510 * (len(play) - 1)],
)
says = pd.Series(model.predict_proba(play_vector[None])[0], scripts.label_names)
print(says.sort_values(ascending=False).head(5).round(2).to_string())

# %% [markdown]
# All 38 plays are about 1.3 million tokens, some minutes of work. They were recorded by
# `genrelab bench shakespeare`, whole plays, scored by the five models of the first repeat.
#
# :::{admonition} Predict before you run
# :class: tip
# Will the model give comedies a higher probability of *Comedy* than tragedies? And which genre
# of film will it see most often in Shakespeare?
# :::

# %%
spoken = read_result("shakespeare")
a_fold = pd.DataFrame(spoken["rows"]).drop(columns=["repeat", "seconds"])
by_play = a_fold.groupby("row", sort=False).mean()[list(scripts.label_names)]
kinds = [plays.label_names[row.argmax()] for row in plays.labels]
by_play.index = [plays.titles[plays.ids.index(name)] for name in by_play.index]

shown = ["Comedy", "Romance", "Drama", "Adventure", "Fantasy", "Horror"]
plots.play_scores(
    by_play[shown],
    kinds,
    title="All plays look like drama; comedies have a touch of romance",
)

# %% tags=["hide-input"]
likeliest = by_play.idxmax(axis=1).value_counts()
film_share = pd.Series(target.mean(axis=0), scripts.label_names)
glue("ch06_likeliest", str(likeliest.index[0]))
glue("ch06_likeliest_n", f"{likeliest.iloc[0]}")
glue("ch06_n_plays", f"{len(by_play)}")
glue("ch06_comedy_highest", f"{by_play['Comedy'].max():.2f}")
glue("ch06_comedy_highest_title", str(by_play["Comedy"].idxmax()))
glue("ch06_fantasy_plays", f"{by_play['Fantasy'].mean():.2f}")
glue("ch06_fantasy_films", f"{film_share['Fantasy']:.2f}")
glue("ch06_horror_highest", f"{by_play['Horror'].max():.2f}")
glue("ch06_horror_highest_title", str(by_play["Horror"].idxmax()))
glue("ch06_live_comedy", f"{says['Comedy']:.2f}")

# %% [markdown]
# Taken at its word, the model is lost. The likeliest genre of {glue:text}`ch06_likeliest_n` of
# {glue:text}`ch06_n_plays` plays is {glue:text}`ch06_likeliest`. No comedy of Shakespeare's is a
# *Comedy* to it: *The Comedy of Errors* gets {glue:text}`ch06_live_comedy`, and the highest of
# all, *{glue:text}`ch06_comedy_highest_title`*, {glue:text}`ch06_comedy_highest`. *Fantasy* gets
# {glue:text}`ch06_fantasy_plays` on average, while {glue:text}`ch06_fantasy_films` of the films
# carry it. We may guess why: in films, people who say *my lord* and draw swords tend to meet a
# dragon. And for all its blood, no play rises above {glue:text}`ch06_horror_highest` for
# *Horror*; the highest is *{glue:text}`ch06_horror_highest_title`*.
#
# These probabilities are not *calibrated* here: a number of 0.2 does not come true in one case
# of five. Thresholds tuned on films would be useless. But probabilities can be wrong and still
# stand in the right order. Take every pair of a comedy and a tragedy, and count how often the
# comedy has the higher probability. This share is the area under the ROC curve (AUC): one half
# is guessing. With so few plays chance alone can go far, so beside it stands the p-value of the
# rank test of Mann and Whitney.

# %% tags=["nbval-check"]
from scipy.stats import mannwhitneyu

kind = np.array(kinds)
comedies, tragedies = by_play[kind == "comedy"], by_play[kind == "tragedy"]
print(f"{len(comedies)} comedies, {len(tragedies)} tragedies")
ranks = {}
for genre in ("Comedy", "Romance"):
    test = mannwhitneyu(comedies[genre], tragedies[genre])
    ranks[genre] = test.statistic / (len(comedies) * len(tragedies)), test.pvalue
    print(f"{genre:8} AUC {ranks[genre][0]:.2f}, p = {ranks[genre][1]:.2f}")

# %% tags=["hide-input"]
for genre, (auc, p_value) in ranks.items():
    glue(f"ch06_auc_{genre.lower()}", f"{auc:.2f}")
    glue(f"ch06_p_{genre.lower()}", f"{p_value:.2f}")
adventure = by_play["Adventure"]
glue("ch06_history_adventure", f"{adventure[kind == 'history'].mean():.2f}")
glue("ch06_other_adventure", f"{adventure[kind != 'history'].mean():.2f}")

# %% [markdown]
# By *Comedy* the comedies come first in {glue:text}`ch06_auc_comedy` of the pairs; with so few
# plays that is no proof (p = {glue:text}`ch06_p_comedy`). By *Romance* they come first in
# {glue:text}`ch06_auc_romance` (p = {glue:text}`ch06_p_romance`). Be careful with this second
# number: we looked at *Romance* after we had seen the figure. But it makes sense. What
# Shakespeare's age called a comedy is a play that ends in weddings, and a film with three
# couples and a wedding is a romance. The histories, full of armies on the march, get
# {glue:text}`ch06_history_adventure` for *Adventure*, the other plays
# {glue:text}`ch06_other_adventure`.
#
# So the vectors seem to carry something of what happens in the plays across four hundred years. The
# classifier's scale does not travel.

# %% [markdown]
# ## Windows of 128, 256 and 512
#
# One choice is left. The card of our encoder declares 256 tokens; it was trained on shorter
# texts still. Its table of places has 512 rows, and we used them all. Was that wise? A fair
# comparison must read *the same tokens* each time. So two blocks of at most 510 tokens were taken
# from each script, one at its beginning and one at its middle, and read with windows of 128, 256
# and 512. In each block the windows were averaged by their tokens, then the two blocks.
# `genrelab bench window_sizes` recorded this; it needs the texts.
#
# :::{admonition} Predict before you run
# :class: tip
# Short windows are what the encoder was trained on, and there are more of them. Long windows
# see more context at once. Which wins?
# :::

# %% tags=["nbval-check"]
sizes = read_result("window_sizes")
by_size = pd.DataFrame(sizes["pooled"]).set_index("row")
print(by_size[["f1_macro", "f1_macro_low", "f1_macro_high", "map"]].round(3))
print(paired(sizes, "window 512")[["difference", "low", "high"]].round(3))

# %% [markdown]
# The second table as a picture.

# %%
plots.paired_differences(paired(sizes, "window 512"))

# %% tags=["hide-input"]
for size in (128, 256):
    for metric in ("f1_macro", "map"):
        line = paired(sizes, "window 512", metric).loc[f"window {size}"]
        suffix = "" if metric == "f1_macro" else "_map"
        glue(f"ch06_{size}{suffix}", f"{line.difference:+.3f}")
        glue(f"ch06_{size}{suffix}_interval", f"{line.low:+.3f} to {line.high:+.3f}")
        glue(f"ch06_{size}{suffix}_verdict", verdict(line))
glue("ch06_blocks_512", f"{by_size.loc['window 512', 'f1_macro']:.2f}")

# %% [markdown]
# Against 512, windows of 256 tokens are {glue:text}`ch06_256_verdict` by macro-F1
# ({glue:text}`ch06_256`, {glue:text}`ch06_256_interval`) and
# {glue:text}`ch06_256_map_verdict` by mAP ({glue:text}`ch06_256_map`,
# {glue:text}`ch06_256_map_interval`). Windows of 128 are {glue:text}`ch06_128_verdict` by
# macro-F1 ({glue:text}`ch06_128`, {glue:text}`ch06_128_interval`) and
# {glue:text}`ch06_128_map_verdict` by mAP ({glue:text}`ch06_128_map`,
# {glue:text}`ch06_128_map_interval`).
#
# Two blocks are little, and make no more than {glue:text}`ch06_blocks_512`. That is enough to
# compare sizes with each other, not enough to compare with the scores above. All numbers of this
# chapter without a size beside them rest on windows of 512.

# %% [markdown]
# ## With the texts: do the shipped vectors come out?
#
# The vectors of the scripts came with the package. You need not take our word for them. In the
# profile `full` the next cell fetches the scripts (for private study:
# {doc}`../book/how_to_run`), encodes all of them window by window, on a GPU if there is one, pools
# the windows as above, and compares the result with what was shipped.
#
# After a few seconds it says how many minutes the rest will take, and it stops after `MINUTES`.
# What is finished is kept in the cache folder, on Colab in your Drive if it is mounted. Run the
# cell again, after a disconnect too, and it goes on from there. In the default profile it fetches
# nothing.

# %%
from genrelab import settings
from genrelab.encoding.features import encode_scripts, lowest_cosine, pool_windows

MINUTES = 60
if settings.profile() == "full":
    found = encode_scripts(scripts, minutes=MINUTES)
    made = {
        row: pool_windows(scripts.ids[row], int(scripts.n_tokens[row]), of_windows)
        for row, of_windows in found.items()
    }
    rows = list(made)
    for kind in ("vectors", "head", "random4", "segments") if rows else ():
        ours = np.stack([made[row][kind] for row in rows])
        cosine = lowest_cosine(getattr(scripts, kind)[rows], ours)
        same = "they come out" if cosine > 0.999 else "THEY DIFFER"
        print(
            f"{kind:8} of {len(rows)} scripts, lowest cosine to shipped: {cosine:.4f}, {same}"
        )
else:
    print("profile 'default': no script is fetched")

# %% tags=["hide-input"]
stored = pd.DataFrame(read_result("quantisation")["lines"])
moved = (stored["f1_macro_shipped"] - stored["f1_macro_before"]).abs()
glue("ch06_stored_cosine", f"{stored['lowest_cosine'].min():.4f}")
glue("ch06_stored_moved", f"{moved.max():.3f}")

# %% [markdown]
# Do not expect a cosine of 1.0000. The shipped vectors were made on another chip, in another
# number format, and most of them are stored with eight bits a number. Storing alone takes the
# lowest cosine to {glue:text}`ch06_stored_cosine` and moves a macro-F1 by
# {glue:text}`ch06_stored_moved` at most (recorded by `genrelab bench quantisation`).

# %% [markdown]
# ## Your score
#
# Three of the exercises check themselves. Exercise 6.4 asks for a judgement: hold yours against
# the solution in the book.

# %% tags=["check"]
checks.summary()

# %% [markdown]
# ## Quiz
#
# Choose, then unfold your choice. Each says why it is right or wrong.
#
# <!-- quiz: 06_script_embeddings_in_chunks -->

# %% [markdown]
# ## What we learned
#
# - A window of 512 tokens shows {glue:text}`ch06_first_share` of a script. We ask an encoder for
#   its receipt before we believe that it has read our text.
# - Reading more helps at each step; a handful of windows spread over the text is worth much more
#   than its beginning.
# - A mean of windows forgets the order, and makes all films look alike: what is left of the
#   genre is small, and standardising the columns brings it out.
# - TF-IDF on the whole text is still better than the mean of a small encoder. A claim for an
#   encoder on long texts needs that baseline, on the same folds, with an interval.
# - A model can keep some sense far from its training data and lose its calibration there. Ask
#   for rankings before probabilities.

# %% [markdown]
# ## References
#
# ```{bibliography}
# :filter: docname in docnames
# ```
