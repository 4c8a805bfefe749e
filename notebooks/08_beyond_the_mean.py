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
# # Beyond the mean
#
# **About 35 minutes to read.**
# You need {doc}`06_script_embeddings_in_chunks` (windows and their mean) and the folds and paired
# differences of {doc}`02_an_honest_yardstick`.
# Terms are in the {doc}`glossary <../book/glossary>`.
#
# <!-- cost: 08_beyond_the_mean -->
#
# Two questions from the chapters before:
#
# 1. What does the mean of a script's windows not know?
# 2. A net stops training when its loss on some rows no longer falls. Which rows may these be, and
#    which not?
#
# :::{dropdown} Answers
# 1. In which order the windows came, and which of them was unusual. A window with a monster is
#    averaged with dozens of others.
# 2. Rows set aside from the *training* rows, whole franchises together. The test rows must not
#    take part, or the net has seen them.
# :::
#
# A film is no soup. It has a beginning and an end, and in some films the genre changes on the
# way. In this chapter we will:
#
# - try the idea that comes first to everybody's mind, and watch it fail;
# - find out *why* it fails, with three measurements;
# - let a net decide which parts of a script count: attention;
# - ask what attention looks at, and how far its weights explain anything;
# - draw the genre timeline of a film, and move along it;
# - see where in a film each genre is loudest.

# %% [markdown]
# ## A bag of parts
#
# The features that we ship hold sixteen vectors a script: the windows of each sixteenth,
# averaged. They keep the order, roughly, and they are what we work with here. Everything below
# works as well on lists of single windows, of any number a film.

# %% tags=["nbval-check"]
import numpy as np

from genrelab.datasets import load

scripts = load("script_features")
data, target, genres = scripts.segments, scripts.labels, scripts.label_names
n_films, n_parts, dim = data.shape
n_genres = len(genres)
print(f"{n_films} films, {n_parts} parts each, {dim} numbers a part")
print(f"tokens a part: median {np.median(scripts.n_tokens) / n_parts:,.0f}")

# %% tags=["hide-input"]
from genrelab.evaluation import glue

glue("ch08_n_films", n_films)
glue("ch08_n_chunks", n_films * n_parts)

# %% [markdown]
# Labels we have for films only: nobody has told us which *part* of a film is horror. The
# literature calls this *multiple-instance learning* {cite:p}`dietterich1997`: a label belongs to
# a bag, not to the instances in it. Something must lead from instances to the bag. There are two
# places for it:
#
# | first pool, then classify | first classify, then pool |
# |---|---|
# | the mean of the vectors (chapter 6) | the parts vote |
# | the highest value in each dimension | the highest score counts |
# | thirds, side by side | a weighted vote: attention |

# %% [markdown]
# ## The idea that comes first
#
# We have {glue:text}`ch08_n_films` films, which is few. But we have
# {glue:text}`ch08_n_chunks` parts! So: give every part the labels of its film, train a classifier
# on parts, and let the parts of a new film vote. Sixteen times the examples, and no information
# thrown away by averaging.
#
# :::{admonition} Predict before you run
# :class: tip
# Same classifier, sixteen times the rows. Will the votes be better than the classifier of means,
# about the same, or worse? Write down a number for the difference in mAP.
# :::
#
# One fold, live. `PooledWindows` averages first, `ChunkVoting` is the idea.

# %% tags=["nbval-check"]
import pandas as pd

from genrelab.bench.readings import vector_classifier
from genrelab.metrics import report
from genrelab.models import ChunkVoting, PooledWindows, WindowNet
from genrelab.splits import headline_folds

fold = headline_folds(scripts)[0]
train, test = fold.train, fold.test

of_films = PooledWindows(vector_classifier()).fit(data[train], target[train])
of_chunks = ChunkVoting(vector_classifier()).fit(data[train], target[train])

part_scores = np.array(of_chunks.window_scores(data[test]))  # (films, parts, genres)
mean_read, voted = of_films.predict_proba(data[test]), part_scores.mean(axis=1)
for name, scores in {"mean of vectors": mean_read, "vote of the parts": voted}.items():
    found = report(target[test], scores >= 0.5, scores).summary
    print(f"{name:18} mAP {found['map']:.2f}, macro-F1 at 0.5 {found['f1_macro']:.2f}")

# %% [markdown]
# Worse. One fold proves little, so here are all ten, with thresholds tuned on inner folds, as
# `genrelab bench aggregate` recorded them. Beside them stand rows of chapter 6, recorded on the
# same folds by `genrelab bench readings`. Three ways to count votes: the mean of the parts'
# probabilities; the share of parts of one half or more; the highest probability.

# %% tags=["nbval-check"]
from genrelab.bench import paired
from genrelab.evaluation import read_result

parts_table, scripts_table = read_result("aggregate"), read_result("readings")
lines = scripts_table["rows"] + parts_table["rows"]
recorded = {"name": "aggregate and readings", "rows": lines}
shown = ["f1_macro_untuned", "f1_macro", "map"]
means = pd.DataFrame(lines).groupby("row")[shown].mean()  # over the ten folds
votes = ["chunks, mean vote", "chunks, majority vote", "chunks, highest vote"]
print(parts_table["command"], "on", parts_table["hardware"]["cpu"])
print(means.loc[["mean", *votes]].round(3).to_string())

# %%
from genrelab import plots

to_mean = paired(recorded, "mean")
to_mean_map = paired(recorded, "mean", "map")
plots.paired_differences(
    to_mean_map.loc[votes],
    metric="mAP",
    title="Sixteen times the examples, and a worse ranking than the mean's",
)


# %% tags=["hide-input"]
def verdict(line: pd.Series) -> str:
    """Say what an interval says."""
    if line.low > 0:
        return "better"
    return "worse" if line.high < 0 else "not clearly different"


def tell(name: str, line: pd.Series) -> None:
    """Glue a difference, its interval and its verdict."""
    glue(f"ch08_{name}", f"{line.difference:+.3f}")
    glue(f"ch08_{name}_interval", f"{line.low:+.3f} to {line.high:+.3f}")
    glue(f"ch08_{name}_verdict", verdict(line))


tell("vote", to_mean.loc["chunks, mean vote"])
tell("vote_map", to_mean_map.loc["chunks, mean vote"])
tell("highest_map", to_mean_map.loc["chunks, highest vote"])
tell("majority_map", to_mean_map.loc["chunks, majority vote"])

# %% [markdown]
# Against the mean, the mean vote is {glue:text}`ch08_vote_map_verdict` by mAP
# ({glue:text}`ch08_vote_map`, 95 % interval {glue:text}`ch08_vote_map_interval`) and
# {glue:text}`ch08_vote_verdict` by tuned macro-F1 ({glue:text}`ch08_vote`,
# {glue:text}`ch08_vote_interval`). By mAP the majority is {glue:text}`ch08_majority_map_verdict`
# ({glue:text}`ch08_majority_map`), the highest vote {glue:text}`ch08_highest_map_verdict`
# ({glue:text}`ch08_highest_map`).
#
# More rows, less knowledge. Three measurements say where it went.

# %% [markdown]
# ### First: most parts get a wrong label
#
# A love scene in a horror film counts as horror, and so does its page of small talk. Seen from
# the part, the label is noise. How much can such a model know of a part? Below, for *Horror*: how
# many parts of horror films does it score at one half or more? And how well does it rank parts,
# compared with films?

# %% tags=["nbval-check"]
from sklearn.metrics import roc_auc_score

horror = genres.index("Horror")
own = target[test][:, horror] == 1
passing = (part_scores[own][:, :, horror] >= 0.5).mean()
by_part = roc_auc_score(
    np.repeat(target[test], n_parts, axis=0), part_scores.reshape(-1, n_genres)
)
by_film = roc_auc_score(target[test], voted)
print(f"parts of horror films scored 0.5 or more: {passing:.0%}")
print(f"AUC, mean over genres: parts {by_part:.2f}, films by vote {by_film:.2f}")

# %% tags=["hide-input"]
glue("ch08_passing", f"{passing:.0%}")

# %% [markdown]
# Taken at its word, the model finds horror in {glue:text}`ch08_passing` of the parts of horror
# films. It has learned that most parts of a horror film look like parts of any film, which is
# true.
#
# ### Second: parts are too sure, votes are blurred
#
# Scores are *calibrated* if of those around 0.8, eight in ten come true. The curve shows how far
# they are from it. Dots below the dashed line: too sure.

# %%
pairs = {
    "a part": (
        np.repeat(target[test], n_parts, axis=0),
        part_scores.reshape(-1, n_genres),
    ),
    "vote of the parts": (target[test], voted),
    "mean of vectors": (target[test], mean_read),
}
plots.reliability(
    pairs, title="A part is too sure of itself; averaging sixteen of them hides it"
)

# %% tags=["nbval-check"]
for name, (_, scores) in pairs.items():
    print(f"{name:18} spread of a genre's scores {scores.std(axis=0).mean():.2f}")

# %% [markdown]
# A part that says 0.8 is right less often than that. The average of sixteen such numbers is pulled
# towards the middle, and the two errors happen to cancel: the vote is close to the line. But
# compare the spread. Of two calibrated scores, the one that varies less from film to film knows
# less: it stays nearer to the share of the genre. The vote is blurred.
#
# Why are parts so sure? Because of the third measurement.
#
# ### Third: sixteen parts are not sixteen examples
#
# Parts of one film share its heroes, its places, its writer. Statisticians have met this in
# surveys that ask whole households {cite:p}`kish1965`. Let $\rho$ be the *intraclass
# correlation*: the share of the variance that lies between films. Then $k$ parts of each of $n$
# films are worth
#
# $$n_\text{eff} = \frac{n k}{1 + (k - 1)\rho}$$
#
# independent ones. With $\rho = 0$ all count; with $\rho = 1$ a film counts once, however often
# we cut it.

# %% tags=["nbval-check"]
by_film_means = data.mean(axis=1)  # (films, dim)
between = (
    n_parts * ((by_film_means - by_film_means.mean(axis=0)) ** 2).sum() / (n_films - 1)
)
within = ((data - by_film_means[:, None]) ** 2).sum() / (n_films * (n_parts - 1))
rho = (between - within) / (between + (n_parts - 1) * within)
print(f"intraclass correlation of the parts' vectors: {rho:.2f}")

# %% [markdown] tags=["exercise"]
# ### Exercise 8.1 (5 minutes, 1 point)
# How many independent parts are our {glue:text}`ch08_n_chunks` worth? Put the number into
# `n_effective`. How many is that for each film?

# %% [markdown] tags=["hint"]
# The formula above, with `n_films`, `n_parts` and `rho`.

# %% tags=["solution"]
n_effective = ...
### BEGIN SOLUTION
n_effective = n_films * n_parts / (1 + (n_parts - 1) * rho)
print(f"{n_effective:,.0f} parts, {n_effective / n_films:.1f} a film")
### END SOLUTION

# %% [markdown] tags=["solution"]
# Fewer than two a film. And that is for the vectors alone: the *labels* of a film's parts
# are the same to the letter.

# %% tags=["check"]
from genrelab import checks

checks.ch08_ex1(n_effective)

# %% [markdown] tags=["rubric"]
# - One point for the number, of all parts together.
# - Common wrong answers: the number for one film; `k` for `k - 1` in the denominator.
# - Worth saying aloud: the formula is for means. It shows the order of magnitude, not the exact
#   worth of a row to a classifier. Five minutes.

# %% [markdown]
# The classifier does not know that parts of a film hang together. It takes them for sixteen times
# the examples, so its regularisation (`C = 0.01`, chosen for films) weighs sixteen times less
# against them. That is how it becomes too sure.
#
# ### The trap beside the idea
#
# Who trains on parts is soon tempted to *split* by parts too. Then parts of one film lie on both
# sides. Wrong and right, side by side: the same classifier, the same number of training parts,
# judged part by part.

# %% tags=["nbval-check"]
from sklearn.metrics import average_precision_score

chunks = data.reshape(-1, dim)
chunk_labels = np.repeat(target, n_parts, axis=0)
shuffled = np.random.default_rng(0).permutation(len(chunks))
some, others = shuffled[: len(train) * n_parts], shuffled[len(train) * n_parts :]
leaky = vector_classifier().fit(chunks[some], chunk_labels[some])
wrong = average_precision_score(
    chunk_labels[others], leaky.predict_proba(chunks[others])
)
right = average_precision_score(
    np.repeat(target[test], n_parts, axis=0), part_scores.reshape(-1, n_genres)
)
print(f"parts split at random (wrong):       mAP of parts {wrong:.2f}")
print(f"films split by franchise (right):    mAP of parts {right:.2f}")

# %% tags=["hide-input"]
glue("ch08_leak_wrong", f"{wrong:.2f}")
glue("ch08_leak_right", f"{right:.2f}")

# %% [markdown]
# {glue:text}`ch08_leak_wrong` instead of {glue:text}`ch08_leak_right`: the difference is not
# skill. The model meets films that it knows. {doc}`02_an_honest_yardstick` has shown the same for
# franchises; here whole films leak.

# %% [markdown]
# ## Is it the training or the voting?
#
# Two things were changed at once: the model is *trained* on parts, and it *reads* parts. They can
# be taken apart. A model of films can read the parts of a new film, one by one, as if each were a
# film. A model of parts can read a film's mean vector, as if it were a part.
#
# :::{admonition} Predict before you run
# :class: tip
# Which of the two does the damage? Put the four combinations in order before you look.
# :::

# %% tags=["nbval-check"]
square = pd.DataFrame(
    {
        "reads the mean": means.loc[["mean", "chunks, mean read"], "map"].to_numpy(),
        "its parts vote": means.loc[
            ["mean, parts vote", "chunks, mean vote"], "map"
        ].to_numpy(),
    },
    index=["trained on films", "trained on parts"],
)
print(square.round(3).to_string())

# %%
plots.heatmap(
    square,
    fmt=".3f",
    title="The training on parts does the damage, not the vote",
    note="mAP, mean of ten folds.",
)

# %% tags=["hide-input"]
tell("films_vote_map", to_mean_map.loc["mean, parts vote"])
tell("chunks_read_map", to_mean_map.loc["chunks, mean read"])

# %% [markdown]
# A model that has learned *films* may read their parts without harm. Its vote against its reading
# of the mean: {glue:text}`ch08_films_vote_map_verdict` ({glue:text}`ch08_films_vote_map`,
# {glue:text}`ch08_films_vote_map_interval`). A model that has learned parts with film labels is
# {glue:text}`ch08_chunks_read_map_verdict` even when it reads the mean
# ({glue:text}`ch08_chunks_read_map`, {glue:text}`ch08_chunks_read_map_interval`).
#
# The first half of this is good news: it means that we may look *inside* a film with a model of
# films. We come back to it.

# %% [markdown]
# ## Let a net decide what counts
#
# If most parts say little and some say much, they should not weigh alike.
# {cite:t}`ilse2018` let a second small net give each part $h_k$ a weight:
#
# $$a_k = \frac{\exp\big(w^\top (\tanh(V h_k) \odot \sigma(U h_k))\big)}
#   {\sum_j \exp\big(w^\top (\tanh(V h_j) \odot \sigma(U h_j))\big)}$$
#
# The weights of a film are positive and sum to one: a *softmax* of raw scores. This is *gated
# attention*: the factor with $\sigma$ is a gate that can close. The film's vector is
# $z = \sum_k a_k h_k$, and a linear layer makes genres of it. Both nets learn together from the
# films' labels; no part has a label of its own. The order of the parts plays no role, and any
# number of parts will do.
#
# `WindowNet` is this net. It starts with equal weights, which is the mean, and with every genre
# at its share of the training films, so that its first steps are not spent on learning that
# genres are rare; {cite:t}`lin2017` start their detector so, for the same reason. All settings
# were fixed on inner rows of the first fold and not touched again.

# %%
net = WindowNet().fit(data[train], target[train], scripts.groups[train])
weights = np.array(net.attention(data[test]))  # (films, parts)
print(f"{len(net.history_)} epochs; weights sum to {weights.sum(axis=1).mean():.6f}")

# %% [markdown] tags=["exercise"]
# ### Exercise 8.2 (15 minutes, 3 points)
# Real films have different numbers of windows, so short ones are padded to the length of the
# longest. Write `attend(raw, real)`: from raw scores of shape (films, windows) and a mask of the
# same shape that is true for real windows, return weights that sum to one over the real windows
# of each film and are zero on padding. Raw scores may be as large as 1,000.

# %% [markdown] tags=["hint"]
# A weight of zero is $\exp(-\infty)$. And $\exp(1000)$ is too large for a float: softmax does not
# change if you subtract the film's highest raw score from all of them first.


# %% tags=["solution"]
def attend(raw, real):
    """Return the weights of the windows of each film; padding gets none."""
    ### BEGIN SOLUTION
    raw = np.where(real, raw, -np.inf)
    positive = np.exp(raw - raw.max(axis=1, keepdims=True))
    return positive / positive.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
checks.ch08_ex2(attend)

# %% [markdown] tags=["rubric"]
# - One point for weights that sum to one over real windows, one for padding of weight zero, one
#   for raw scores that do not overflow.
# - Common wrong answers: masking after the softmax, so that the sum falls short; zero as the raw
#   score of padding, which has weight; softmax over films; changing the arguments in place.
# - Fifteen minutes; ten with a library's softmax, which is fine.

# %% [markdown]
# ### Does it pay?
#
# Three nets with the same training, which differ in the pooling alone: equal weights, attention,
# and the highest score of each genre. Beside them other ways to pool vectors, and TF-IDF as the
# system to beat. ("All, one mean" weighs windows by their tokens; "mean" is the mean of sixteen
# equal parts. They should hardly differ.)

# %% tags=["nbval-check"]
ways = [
    "net, mean",
    "net, attention",
    "net, max",
    "mean",
    "highest of each dimension",
    "all, one mean",
    "all, in thirds",
    "TF-IDF",
]
print(means.loc[ways].round(3).to_string())

# %%
plots.paired_differences(
    to_mean.loc[
        [
            "net, attention",
            "net, mean",
            "net, max",
            "highest of each dimension",
            "all, in thirds",
            "TF-IDF",
        ]
    ],
    title="Macro-F1 against the mean of the parts: what each pooling buys",
)

# %% tags=["hide-input"]
to_net = paired(recorded, "net, mean")
to_net_map = paired(recorded, "net, mean", "map")
to_tfidf = paired(recorded, "TF-IDF")
tell("attention", to_net.loc["net, attention"])
tell("attention_map", to_net_map.loc["net, attention"])
tell("max_map", to_net_map.loc["net, max"])
tell("attention_mean", to_mean.loc["net, attention"])
tell("attention_mean_map", to_mean_map.loc["net, attention"])
tell("attention_tfidf", to_tfidf.loc["net, attention"])

# %% [markdown]
# Attention against equal weights, all else the same: {glue:text}`ch08_attention` macro-F1
# ({glue:text}`ch08_attention_interval`), {glue:text}`ch08_attention_map` mAP
# ({glue:text}`ch08_attention_map_interval`). It is {glue:text}`ch08_attention_verdict` by the
# first and {glue:text}`ch08_attention_map_verdict` by the second.
#
# The highest score of each genre is {glue:text}`ch08_max_map_verdict` than the mean of the same
# net by mAP ({glue:text}`ch08_max_map`, {glue:text}`ch08_max_map_interval`). In the words of
# multiple-instance learning, "one horror scene makes a horror film" is a poor rule.
#
# Against the plain logistic regression on the mean, the net with attention is
# {glue:text}`ch08_attention_mean_verdict` by macro-F1 ({glue:text}`ch08_attention_mean`,
# {glue:text}`ch08_attention_mean_interval`) and {glue:text}`ch08_attention_mean_map_verdict` by
# mAP ({glue:text}`ch08_attention_mean_map`, {glue:text}`ch08_attention_mean_map_interval`).
# Against TF-IDF it is {glue:text}`ch08_attention_tfidf_verdict`
# ({glue:text}`ch08_attention_tfidf`, {glue:text}`ch08_attention_tfidf_interval`).
#
# Chapter 6 ended with a guess: if the mean *dilutes*, something better than the mean should win
# ground back. On sixteenths of a script, each itself a mean of several windows, this is the
# answer. It does not rule out that attention over single windows, or with more films, does more.

# %% [markdown]
# ### What attention looks at
#
# The weights are there to be looked at. If all parts counted alike, each would get one
# sixteenth, the dashed line. The band is a 95 % bootstrap interval over franchises.

# %%
N_BOOT = 500


def band(values: np.ndarray, groups: np.ndarray) -> pd.DataFrame:
    """Return mean and 95 % interval of each column of (films, parts), resampling franchises."""
    codes = np.unique(groups, return_inverse=True)[1]
    drawn = np.random.default_rng(0).multinomial(
        codes.max() + 1, np.ones(codes.max() + 1) / (codes.max() + 1), size=N_BOOT
    )[:, codes]  # (N_BOOT, films): how often each film was drawn
    means = drawn @ values / drawn.sum(axis=1, keepdims=True)
    low, high = np.quantile(means, (0.025, 0.975), axis=0)
    return pd.DataFrame({"mean": values.mean(axis=0), "low": low, "high": high})


looked_at = band(weights, scripts.groups[test])
plots.place_bands(
    {"attention": looked_at},
    ylabel="weight of a part",
    level=1 / n_parts,
    title="Attention leans a little towards the end",
)

# %% [markdown]
# The last sixteenth gets the most, and only a little more than an equal share. The parts in the
# middle lie near the dashed line.
#
# How uneven are the weights in one film? If one part had all the weight, the *effective number* of
# parts, $1 / \sum a_k^2$, would be 1; with equal weights it is 16. And how much do they matter? We
# keep the trained layers and make all weights equal.

# %% tags=["nbval-check"]
from scipy.special import expit

effective = 1 / (weights**2).sum(axis=1)
logits = net.decision_function(data[test].reshape(-1, 1, dim)).reshape(
    len(test), n_parts, -1
)
equal = expit(logits.mean(axis=1))  # the same net, all parts alike
trained = net.predict_proba(data[test])
agreement = np.corrcoef(trained.ravel(), equal.ravel())[0, 1]
print(f"effective number of parts: median {np.median(effective):.1f} of {n_parts}")
print(f"scores with learned and with equal weights: correlation {agreement:.2f}")
for name, scores in {"learned weights": trained, "equal weights": equal}.items():
    print(f"{name:16} mAP {average_precision_score(target[test], scores):.2f}")

# %% tags=["hide-input"]
glue("ch08_effective", f"{np.median(effective):.0f}")
glue("ch08_agreement", f"{agreement:.2f}")

# %% [markdown]
# The median film uses {glue:text}`ch08_effective` of its sixteen parts, and the scores with
# learned and with equal weights go together with a correlation of {glue:text}`ch08_agreement`.
# So the weights tell where the net *looked*, and yet it would have said much the same had it
# looked everywhere alike.
#
# {cite:t}`jain2019` found this in many models of text: quite different weights often give the
# same answer, so weights alone are no explanation of it. {cite:t}`wiegreffe2019` reply that it
# depends on what one asks of an explanation. We keep to what can be checked: change the weights,
# and see what happens to the scores.

# %% [markdown]
# ## The genre timeline
#
# Back to the good news: a model of films may read parts. With a linear model there is more to it.
# Call *logit* the number before it becomes a probability. The logit of a film's mean vector *is*
# the mean of its parts' logits:
#
# $$w^\top \Big(\frac{1}{k}\sum_k h_k\Big) + b = \frac{1}{k}\sum_k \big(w^\top h_k + b\big)$$
#
# So the scores of the parts are no second opinion. They are the film's score, taken apart. We
# compute them for all films, each by a model that has not seen the film or its franchise: five
# folds, five models.

# %% tags=["nbval-check"]
from scipy.special import logit

timelines = np.empty((n_films, n_parts, len(genres)))
whole = np.empty((n_films, len(genres)))
for division in headline_folds(scripts)[:5]:
    assert not set(scripts.groups[division.train]) & set(scripts.groups[division.test])
    model = PooledWindows(vector_classifier())
    model.fit(data[division.train], target[division.train])
    timelines[division.test] = np.array(model.window_scores(data[division.test]))
    whole[division.test] = model.predict_proba(data[division.test])
taken_apart = logit(timelines).mean(axis=1)
print(
    "a film's logit is the mean of its parts':", np.allclose(taken_apart, logit(whole))
)

# %% [markdown]
# Where does a film become a horror film? A film that is famous for it is *From Dusk Till Dawn*:
# two robbers on the run take a family hostage and cross a border, and then they walk into the
# wrong bar. We picked it for that, before we had seen its scores.
#
# :::{admonition} Predict before you run
# :class: tip
# Which genres lead in the first half? In which sixteenth does *Horror* rise? (Think of it, even
# if you have not seen the film.)
# :::

# %%
film = scripts.titles.index("From Dusk Till Dawn")
own_genres = [genre for genre, label in zip(genres, target[film], strict=True) if label]
plots.genre_timeline(
    timelines[film],
    genres,
    marked=own_genres,
    title="From Dusk Till Dawn: crime and drama first, then horror and action",
)

# %% tags=["hide-input"]
turn = timelines[film][:, horror]
rises = int(np.argmax(np.diff(turn))) + 1
before, after = (
    timelines[film][:rises].mean(axis=0),
    timelines[film][rises:].mean(axis=0),
)
glue("ch08_turn", f"{100 * rises / n_parts:.0f} %")
glue("ch08_turn_before", f"{before[horror]:.2f}")
glue("ch08_turn_after", f"{after[horror]:.2f}")
glue("ch08_turn_whole", f"{whole[film, horror]:.2f}")
glue("ch08_turn_leader", genres[int(before.argmax())])
glue("ch08_turn_leader_score", f"{before.max():.2f}")

# %% [markdown]
# The steepest step of *Horror* is at {glue:text}`ch08_turn` of the script. Before it the mean
# score of *Horror* is {glue:text}`ch08_turn_before`, and the loudest genre is
# {glue:text}`ch08_turn_leader` ({glue:text}`ch08_turn_leader_score`). After it *Horror* has
# {glue:text}`ch08_turn_after`. The mean over all parts says {glue:text}`ch08_turn_whole`: a model
# that has only the mean must call this film a doubtful case. Part by part it looks like two films,
# one after the other.
#
# :::{warning}
# Nobody has labelled parts, so no number of this chapter says how often a timeline is *right*.
# The model was trained on whole films, and a part is not a film: probabilities of parts are not
# calibrated. Read a timeline as "this part looks like films of that genre".
# :::
#
# Now it is your turn. Choose a film that you know and move along it, with the mouse, a finger, or
# the arrow keys. Genres of the film are in bold. Try this:
#
# - *Gremlins* and *Alien*: when does it begin?
# - a romantic comedy: what happens to *Comedy* towards the end?
# - a film that the model gets wrong: which parts mislead it?

# %%
plots.timeline_explorer(
    timelines,
    target,
    genres,
    scripts.titles,
    first=film,
    title="From Dusk Till Dawn, part by part",
)

# %% [markdown]
# ### Finer than sixteenths
#
# The same model reads single windows, of about a page and a half each, if it can have the text.
# In the profile `full` the next cell fetches the script, encodes the film in windows and draws
# those. In the default profile, offline, it draws the sixteen parts of another film.

# %%
from genrelab import settings
from genrelab.encoding.features import encode_scripts

FULL = settings.profile() == "full"
windows = encode_scripts(scripts.select([film]), minutes=10) if FULL else {}
if windows:
    windows = windows[0]
else:
    film = scripts.titles.index("Gremlins")
    windows = data[film]
[division] = [d for d in headline_folds(scripts)[:5] if film in d.test]
model = PooledWindows(vector_classifier()).fit(
    data[division.train], target[division.train]
)
[window_scores] = model.window_scores([windows])
plots.genre_timeline(
    window_scores,
    genres,
    marked=[genre for genre, label in zip(genres, target[film], strict=True) if label],
    title=f"{scripts.titles[film]} in {len(windows)} parts",
)

# %% [markdown]
# In the sixteen parts of *Gremlins*, *Horror* comes up in the first quarter and stays to the end.
#
# And attention? Over sixteenths, each a mean itself, it had little to choose from. In the profile
# `full` the next cell encodes *all* scripts in windows, or reads back those that
# {doc}`06_script_embeddings_in_chunks` has encoded, and trains the three nets once more on the
# first fold: over sixteenths, and over single windows. It uses a GPU if there is one, and says
# early how many minutes the encoding will take. What is finished survives a disconnect: run the
# cell again. One fold is a look and no result.

# %%
MINUTES, FEWEST = 60, 100
found = encode_scripts(scripts, minutes=MINUTES) if FULL else {}
learn, judge = ([row for row in part if row in found] for part in (train, test))
if len(learn) >= FEWEST and judge:
    for pooling in ("mean", "attention", "max"):
        for name, bags in {"sixteenths": data, "windows": found}.items():
            finer = WindowNet(pooling=pooling)
            finer.fit(
                [bags[row] for row in learn], target[learn], scripts.groups[learn]
            )
            scores = finer.predict_proba([bags[row] for row in judge])
            summary = report(target[judge], scores >= 0.5, scores).summary
            print(f"{pooling:9} over {name:10}: mAP {summary['map']:.3f}")
print(
    f"profile {settings.profile()!r}: {len(learn)} films in windows to learn from, "
    f"{len(judge)} to judge by; nets are trained from {FEWEST} on"
)

# %% [markdown]
# ## Where is each genre loudest?
#
# One film is an anecdote. For each genre we take all films that carry it, and in each of them
# the score of a part less the mean of the film's parts. What is left is the *shape*: where the
# genre is louder than usual in its own films.

# %%
shapes = {}
for column, genre in enumerate(genres):
    own = target[:, column] == 1
    of_genre = timelines[own][:, :, column]
    shapes[genre] = band(
        of_genre - of_genre.mean(axis=1, keepdims=True), scripts.groups[own]
    )
grid = pd.DataFrame({genre: 100 * shape["mean"] for genre, shape in shapes.items()}).T
grid = grid.round() + 0  # no "-0"
grid.columns = range(1, n_parts + 1)
plots.heatmap(
    grid,
    fmt="+.0f",
    centre=0,
    title="Action and horror come late, comedy fades",
    note="Score of a sixteenth less the film's mean, in points of 100, films of the genre only.",
)

# %% [markdown]
# Which of these are more than noise? The bands are 95 % bootstrap intervals over franchises.

# %%
plots.place_bands(
    shapes,
    ylabel="score less the film's mean",
    title="Ends differ from beginnings in many genres",
)

# %% tags=["hide-input"]
last, first = shapes["Comedy"].iloc[-1], shapes["Horror"].iloc[2]
action = shapes["Action"]["mean"].idxmax()
n_clear = sum(
    ((shape["low"] > 0) | (shape["high"] < 0)).sum() for shape in shapes.values()
)
glue("ch08_comedy_end", f"{last['mean']:+.2f}")
glue("ch08_comedy_end_interval", f"{last['low']:+.2f} to {last['high']:+.2f}")
glue("ch08_horror_low", f"{first['mean']:+.2f}")
glue("ch08_horror_low_interval", f"{first['low']:+.2f} to {first['high']:+.2f}")
glue("ch08_horror_end", f"{shapes['Horror'].iloc[-1]['mean']:+.2f}")
glue(
    "ch08_action_peak",
    f"{100 * action / n_parts:.0f}–{100 * (action + 1) / n_parts:.0f} %",
)
glue("ch08_action_peak_score", f"{shapes['Action'].loc[action, 'mean']:+.2f}")
glue("ch08_n_clear", int(n_clear))
glue("ch08_n_cells", n_parts * len(genres))
glue("ch08_n_by_chance", f"{0.05 * n_parts * len(genres):.0f}")
glue("ch08_rho", f"{rho:.2f}")
glue("ch08_worth", f"{n_parts / (1 + (n_parts - 1) * rho):.1f}")

# %% [markdown]
# Of {glue:text}`ch08_n_cells` means, {glue:text}`ch08_n_clear` have an interval without zero;
# about {glue:text}`ch08_n_by_chance` would by chance, if nothing were there.
#
# - *Action* is loudest at {glue:text}`ch08_action_peak` of the script
#   ({glue:text}`ch08_action_peak_score`): the last big fight, before the short goodbye.
# - *Horror* waits. Its third sixteenth is low ({glue:text}`ch08_horror_low`,
#   {glue:text}`ch08_horror_low_interval`), when people arrive at the house and laugh about it;
#   its last is {glue:text}`ch08_horror_end`.
# - *Comedy* seems to lose its laughter: {glue:text}`ch08_comedy_end` in the last sixteenth
#   ({glue:text}`ch08_comedy_end_interval`).
#
# Is it the genre that comes late, or do all scripts end so? Films that do *not* carry the genre
# tell. Here is the last quarter less the first, for both.

# %% tags=["nbval-check"]
changes = {}
for genre in ("Action", "Comedy"):
    column = genres.index(genre)
    quarters = timelines[:, -4:, column].mean(axis=1) - timelines[:, :4, column].mean(
        axis=1
    )
    for kind, rows in (
        ("with", target[:, column] == 1),
        ("without", target[:, column] == 0),
    ):
        changes[genre, kind] = band(quarters[rows, None], scripts.groups[rows]).iloc[0]
        mean, low, high = changes[genre, kind]
        print(f"{genre:7} films {kind:8} {mean:+.2f} ({low:+.2f} to {high:+.2f})")

# %% tags=["hide-input"]
for (genre, kind), change in changes.items():
    glue(f"ch08_{genre.lower()}_{kind}", f"{change['mean']:+.2f}")

# %% [markdown]
# *Action* rises by {glue:text}`ch08_action_with` in its own films and by
# {glue:text}`ch08_action_without` in all others: more than half of the rise is its own. *Comedy*
# changes by {glue:text}`ch08_comedy_with` in comedies and by {glue:text}`ch08_comedy_without` in
# films that are none. Nearly the whole fall is common to scripts as such: towards the end they all
# look less like comedies. "Comedies turn serious" would have made a fine headline, and the control
# does not support it.
#
# The stories told beside these numbers are ours. What was measured is that parts at these places
# look more, or less, like films of the genre. {cite:t}`papalampidi2019`, who search films for
# their turning points, found that the expected place alone is a strong guess.

# %% [markdown] tags=["exercise"]
# ### Exercise 8.3 (15 minutes, 3 points)
# For each film that carries *Horror*, how much does its horror score rise from the first quarter
# of the script to the last? Put the array, one number a film, into `rise`. Then look at the mean,
# its interval, and the share of films in which it falls.

# %% [markdown] tags=["hint"]
# `timelines[films, parts, genres]`; a quarter is four parts. `band` takes a column
# (`rise[:, None]`) and the films' groups.

# %% tags=["solution"]
rise = ...
### BEGIN SOLUTION
horror_films = target[:, horror] == 1
own_scores = timelines[horror_films][:, :, horror]
rise = own_scores[:, -4:].mean(axis=1) - own_scores[:, :4].mean(axis=1)
print(band(rise[:, None], scripts.groups[horror_films]).round(2).to_string())
print(f"falls in {(rise < 0).mean():.0%} of the films")
### END SOLUTION

# %% tags=["check"]
checks.ch08_ex3(rise, timelines)

# %% [markdown] tags=["rubric"]
# - Two points for the array, one for saying what the interval shows and that the rise is not there
#   in every film.
# - Common wrong answers: the last part less the first; all films instead of horror films; the
#   difference turned round.
# - Fifteen minutes.

# %% [markdown] tags=["exercise"]
# ### Exercise 8.4 (10 minutes, 3 points)
# A streaming service wants to warn parents before frightening scenes. A colleague proposes: "Our
# attention model was trained on film labels. We show a warning wherever its weight is high." Name
# two reasons why this cannot work as it stands, each with the measurement of this chapter that
# shows it. What would you propose instead, and what would you need to *test* it?

# %% [markdown] tags=["hint"]
# What does a weight say about horror in particular? And who has told the model which scenes are
# frightening?

# %% [markdown] tags=["solution"]
# A weight says how much a part counts for *all* genres together; it may be high because the part
# is clearly a romance. It need not matter at all: with equal weights the scores hardly change.
# The genre scores of parts would be the better signal. But they were learned from whole films and
# are not calibrated for parts; "looks like a horror film" is not "will frighten a child". To test
# any proposal one needs scenes that people have marked as frightening, in films that no model has
# seen, whole franchises apart, and a decision about the costs: a missed scene is worse than a
# warning too many.

# %% [markdown] tags=["rubric"]
# - One point for each reason with its measurement: weights are common to all genres, or hardly
#   matter (equal weights, same scores); no part was ever labelled, so no number says how often a
#   timeline is right. One point for a proposal with a test: marked scenes, unseen franchises,
#   costs.
# - "Attention is a black box" without a measurement earns nothing.
# - Ten minutes.

# %% [markdown]
# ## Your score
#
# Three of the exercises check themselves. Exercise 8.4 asks for a judgement: hold yours against
# the solution in the book.

# %% tags=["check"]
checks.summary()

# %% [markdown]
# ## Quiz
#
# Choose, then unfold your choice. Each says why it is right or wrong.
#
# <!-- quiz: 08_beyond_the_mean -->

# %% [markdown]
# ## What we learned
#
# - Cutting films into parts makes rows, not examples: with an intraclass correlation of
#   {glue:text}`ch08_rho`, the sixteen parts of a film are worth {glue:text}`ch08_worth`. I split by
#   film before I cut.
# - Training parts on the labels of their films is what hurts. A model of films may read parts.
# - Attention over sixteenths against equal weights: {glue:text}`ch08_attention_map_verdict` by mAP.
#   I test a weight by changing it before I call it an explanation.
# - A linear model's score can be taken apart exactly. The genre timeline shows where a film
#   changes, which the mean hides; how often it is right, nobody has measured.
# - A pattern over many films needs a control: the same curve in films without the genre.
#
# ## References
#
# ```{bibliography}
# :filter: docname in docnames
# ```
