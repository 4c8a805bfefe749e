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
# # An honest yardstick
#
# **About 30 minutes to read.** You need
# {doc}`01_films_and_genres` and a little NumPy.
# Terms are in the {doc}`glossary <../book/glossary>`.
#
# <!-- cost: 02_an_honest_yardstick -->
#
# Before any model is built, we fix how it will be judged.
# A yardstick that is chosen afterwards tends to suit the one who chose it.
#
# Two questions from the chapter before:
#
# 1. What is label cardinality?
# 2. Why must two films of one franchise never lie on two sides of a split?
#
# :::{dropdown} Answers
# 1. The mean number of labels a row. Our films carry between two and three of the
#    thirteen genres on average.
# 2. They share names and places. A model that has learned "Skywalker" in training
#    recognises the franchise in the test, and we would take that for knowledge of genres.
# :::
#
# In this chapter we will:
#
# - compute every metric of the course by hand on five films, and then never again;
# - see which metrics can be won by guessing;
# - divide films into folds that are fair to rare genres and to franchises;
# - learn what the spread over five folds says, and what it does not;
# - compare two models in pairs, with an interval that is wide enough;
# - lock a test away;
# - play a competition five hundred times, and ask whether its leaderboard can be trusted.

# %% [markdown]
# ## Five films
#
# Films have several genres at once, so a prediction is not simply right or wrong.
# We take five films whose genres are real. The prediction is **made up by us**:
# we chose its errors so that each metric has something to notice.

# %%
import numpy as np
import pandas as pd

from genrelab.datasets import load

scripts = load("script_features")
films = ["Alien", "The Matrix", "Psycho", "Annie Hall", "Heathers"]
genres = ["Thriller", "Comedy", "Action", "Sci-Fi", "Romance", "Horror"]
rows = [scripts.titles.index(film) for film in films]
columns = [scripts.label_names.index(genre) for genre in genres]
truth = scripts.labels[np.ix_(rows, columns)]
guess = np.array(
    [
        [1, 0, 0, 1, 0, 1],  # Alien
        [1, 0, 1, 1, 0, 0],  # The Matrix
        [1, 0, 0, 0, 1, 0],  # Psycho
        [0, 1, 0, 0, 0, 0],  # Annie Hall
        [1, 0, 0, 0, 0, 1],  # Heathers
    ]
)
words = np.array([["", "false alarm"], ["missed", "hit"]])
pd.DataFrame(words[truth, guess], index=films, columns=genres)

# %% [markdown]
# Read the table by rows: *The Matrix* is perfect, *Heathers* is all wrong.
# Read it by columns: *Sci-Fi* is perfect, *Romance* is a miss and a false alarm.
# These are the two ways to average, and they answer different questions.

# %% [markdown]
# ### Counting cells: micro
#
# Three counts are enough. A **hit** is a genre that is true and predicted.
# **Precision** is the share of predicted genres that are true; **recall** is the share
# of true genres that are predicted. **F1** is their harmonic mean, which comes to
#
# $$
# F_1 = \frac{2 \cdot \text{hits}}{\text{true} + \text{predicted}} .
# $$
#
# Counting over the whole table at once is called **micro** averaging.

# %% tags=["nbval-check"]
hits = truth & guess
precision = hits.sum() / guess.sum()
recall = hits.sum() / truth.sum()
f1_micro = 2 * hits.sum() / (truth.sum() + guess.sum())
print(f"hits {hits.sum()}, true {truth.sum()}, predicted {guess.sum()}")
print(f"precision {precision:.3f}, recall {recall:.3f}")
print(f"micro-F1 {f1_micro:.3f}")

# %% [markdown]
# ### Averaging columns: macro
#
# **Macro** averaging computes F1 for each genre, and takes the plain mean.
# A genre with thirty films then counts as much as one with five hundred.
# That is why macro-F1 is the headline number of this course: we care about rare genres.

# %% tags=["nbval-check"]
of_each = truth.sum(axis=0) + guess.sum(axis=0)
f1_genre = 2 * hits.sum(axis=0) / of_each
f1_macro = f1_genre.mean()
f1_weighted = np.average(f1_genre, weights=truth.sum(axis=0))
for genre, value in zip(genres, f1_genre, strict=True):
    print(f"{genre:8} {value:.2f}")
print(f"macro-F1 {f1_macro:.3f}, weighted by support {f1_weighted:.3f}")

# %% [markdown]
# *Romance* has one true film out of five, and alone it costs the macro average
# a sixth. **Weighted** averaging gives each genre the weight of its **support**, the
# number of films that truly have it. It hides rare genres again; we print it because
# others report it.
#
# ### Averaging rows: samples
#
# Now each film gets a score, and the films are averaged.
# **Samples-F1** uses the same formula on a row. The **Jaccard** index divides what is in
# both sets by what is in either. It is the stricter of the two for any partial success.

# %% tags=["nbval-check"]
in_each = truth.sum(axis=1) + guess.sum(axis=1)
f1_film = 2 * hits.sum(axis=1) / in_each
jaccard_film = hits.sum(axis=1) / (truth | guess).sum(axis=1)
for film, f1, jaccard in zip(films, f1_film, jaccard_film, strict=True):
    print(f"{film:11} F1 {f1:.2f}   Jaccard {jaccard:.2f}")
print(f"{'mean':11} F1 {f1_film.mean():.3f}  Jaccard {jaccard_film.mean():.3f}")

# %% [markdown]
# ### Four more, from severe to lenient
#
# - **Subset accuracy**: the share of films with every genre right.
# - **Hamming loss**: the share of wrong cells in the table; lower is better.
# - **At least one**: the share of films of which at least one true genre is predicted.
# - **Cardinality**: genres a film, predicted and true. It is no score, but it shows
#   at a glance whether a model says too much or too little.

# %% tags=["nbval-check"]
print(f"subset accuracy {(truth == guess).all(axis=1).mean():.3f}")
print(f"Hamming loss    {(truth != guess).mean():.3f}")
print(f"at least one    {hits.any(axis=1).mean():.3f}")
print(f"cardinality     {guess.sum(axis=1).mean():.1f} predicted", end=", ")
print(f"{truth.sum(axis=1).mean():.1f} true")

# %% [markdown]
# One prediction, and scores from one film in five to four in five.
# None is wrong. A number without the name of its metric is.
#
# ### The same from the package
#
# `metrics.report` prints them all. From here on every chapter uses it.

# %% tags=["nbval-check"]
from genrelab.metrics import report

five = report(truth, guess, label_names=genres)
print(five)

# %% [markdown]
# Does it agree with what we computed by hand?

# %%
by_hand = {
    "precision_micro": precision,
    "recall_micro": recall,
    "f1_micro": f1_micro,
    "f1_macro": f1_macro,
    "f1_weighted": f1_weighted,
    "f1_samples": f1_film.mean(),
    "jaccard": jaccard_film.mean(),
    "hamming": (truth != guess).mean(),
    "subset_accuracy": (truth == guess).all(axis=1).mean(),
    "at_least_one": hits.any(axis=1).mean(),
}
summary = five.summary[list(by_hand)]
print("all agree:", np.allclose(list(by_hand.values()), summary))

# %% [markdown]
# The tests of `genrelab` hold each of these against scikit-learn, to the last digit.
# In one point `report` differs on purpose: a genre that no film in the table has is
# left out of the macro average and named, rather than counted as zero.

# %% [markdown]
# ## A metric that needs no threshold
#
# Models do not say yes or no. They give each genre a score, and a threshold cuts.
# **Average precision** (AP) judges the scores themselves. Sort the films from the highest
# score to the lowest. At each film that truly has the genre, note the precision so far.
# AP is the mean of these notes.
#
# Here are made-up *Horror* scores for our five films.

# %% tags=["nbval-check"]
score = np.array([0.9, 0.2, 0.6, 0.1, 0.7])
order = np.argsort(-score)
is_horror = truth[order, genres.index("Horror")]
so_far = is_horror.cumsum() / np.arange(1, 6)
for film, yes, value in zip(order, is_horror, so_far, strict=True):
    genre = "Horror" if yes else "-"
    print(f"{films[film]:11} {genre:7} precision so far {value:.2f}")
average_precision = so_far[is_horror == 1].mean()
print(f"average precision {average_precision:.3f}")

# %% [markdown]
# One film, *Heathers*, stands between the two horror films, and costs a sixth of the score.
# Multiply all scores by ten, and nothing changes: only the order counts.
#
# The mean of AP over the genres is **mAP**. A scorer that knows nothing gets about the share
# of films that have the genre, so mAP is low for rare genres even when a model is useful.
#
# Macro-F1 and mAP answer two questions: how good are the labels that we hand out, and how
# good is the order behind them? A model with good order and a bad threshold can be repaired
# in a minute ({doc}`03_baselines` shows it). One with a bad order cannot.

# %% [markdown]
# ## What guessing gets
#
# Now all development films and all thirteen genres. Four systems that read no word:
#
# - *everything*: every genre for every film;
# - *nothing*: no genre for any film;
# - *top two*: the two most frequent genres, for every film;
# - *coin*: each genre by a coin that falls on yes as often as the genre occurs.
#
# :::{admonition} Predict before you run
# :class: tip
# Which of the four wins on macro-F1? On Hamming loss? On "at least one"?
# :::

# %% tags=["nbval-check"]
target, label_names = scripts.labels, scripts.label_names
share = target.mean(axis=0)  # (13,) share of films with each genre
random = np.random.RandomState(0)
frequent = share >= np.sort(share)[-2]
guessers = {
    "everything": np.ones_like(target),
    "nothing": np.zeros_like(target),
    "top two": np.tile(frequent, (len(target), 1)),
    "coin": random.random_sample(target.shape) < share,
}
shown = ["f1_macro", "f1_samples", "jaccard", "hamming", "at_least_one"]
table = pd.DataFrame(
    {name: report(target, said).summary[shown] for name, said in guessers.items()}
)
print(table.T.round(3))

# %% tags=["hide-input"]
from genrelab.evaluation import glue

glue("ch02_n", len(scripts))
glue("ch02_everything_f1", float(table.loc["f1_macro", "everything"]))
glue("ch02_everything_hamming", float(table.loc["hamming", "everything"]))
glue("ch02_nothing_hamming", float(table.loc["hamming", "nothing"]))
glue("ch02_top_two_one", float(table.loc["at_least_one", "top two"]))
glue("ch02_coin_f1", float(table.loc["f1_macro", "coin"]))
glue("ch02_cardinality", f"{target.sum(axis=1).mean():.2f}")

# %% [markdown]
# *Everything* makes a macro-F1 of {glue:text}`ch02_everything_f1` on
# {glue:text}`ch02_n` films, well above the coin's {glue:text}`ch02_coin_f1`.
# This is the floor of the course: a model below it would gain by saying everything.
# It may still order the films well. Then its threshold is to blame, and can be mended.
#
# *Nothing* wins on Hamming loss by far, {glue:text}`ch02_nothing_hamming` against
# {glue:text}`ch02_everything_hamming`. Most cells of the table are empty, as a film has
# {glue:text}`ch02_cardinality` of thirteen genres. So silence is cheap there.
#
# And *top two*, the same two words for every film, names at least one true genre for a
# share of {glue:text}`ch02_top_two_one` of all films.

# %% [markdown]
# ### Why "at least one" rewards guessing
#
# A wrong genre costs nothing there, so every further guess can only help.
# Let a guesser say yes to each cell with the same chance, and raise that chance.
# Watch which curves rise and whether any of them falls.

# %%
from genrelab import plots

chances = np.linspace(0.05, 1, 12)
draws = {"at_least_one": [], "f1_macro": [], "jaccard": []}
for chance in chances:
    cells = [random.random_sample(target.shape) for _ in range(3)]
    runs = [report(target, cell < chance).summary for cell in cells]
    for metric, values in draws.items():
        values.append([run[metric] for run in runs])
plots.learning_curve(
    {
        metric.replace("_", " "): pd.DataFrame(values, index=chances)
        for metric, values in draws.items()
    },
    xlabel="chance of a yes",
    metric="score",
    runs="draws",
    title="Guess more, and “at least one” is nearly free",
)

# %% tags=["hide-input"]
half = report(target, random.random_sample(target.shape) < 0.5).summary
glue("ch02_half_one", float(half["at_least_one"]))
glue("ch02_half_f1", float(half["f1_macro"]))
glue("ch02_half_jaccard", float(half["jaccard"]))

# %% [markdown]
# Half of all cells at random, and {glue:text}`ch02_half_one` of the films have a hit.
# Macro-F1 is then {glue:text}`ch02_half_f1` and Jaccard {glue:text}`ch02_half_jaccard`.
#
# F1 is no saint either: on average its curve never falls. For a scorer without
# information the best policy under F1 is to say yes to everything, as
# {cite:t}`lipton2014` prove.
# But the reward ends at a low floor, and the floor is known in advance (exercise 2.1).
#
# The rule for the rest of the course: "at least one" is printed because publications use
# it, and never alone. Beside it stands the cardinality, which gives a guesser away.

# %% [markdown]
# ## Folds
#
# To judge a model we need films that it has not seen. **K-fold cross-validation** divides
# the films into K parts. Each part is the test once, while a model learns from the others.
# At the end every film has been judged by a model that never saw it. These judgements are
# called **out-of-fold** predictions.
#
# There are better and worse ways to divide.
#
# - *Random*: shuffle and cut. A rare genre may end up mostly in one fold.
# - *Stratified*: each fold gets its share of every genre. With one label a film that is
#   routine. With several we use iterative stratification {cite:p}`sechidis2011`:
#   the rarest genre is dealt out first, then the next.
# - *Grouped*: a franchise goes into one fold as a whole. A film without siblings is a group of
#   its own.
#
# scikit-learn groups and stratifies, but not with several labels a row.
# `splits.GroupedStratifiedKFold` does.
#
# :::{admonition} Predict before you run
# :class: tip
# {glue:text}`ch02_franchises` franchises have more than one film here. How many of them does
# a random five-fold cut?
# :::

# %% tags=["nbval-check"]
from sklearn.model_selection import KFold

from genrelab.splits import GroupedStratifiedKFold

groups = scripts.groups
splitter = GroupedStratifiedKFold(5)
fold_of = {
    "random": np.zeros(len(scripts), dtype=int),
    "stratified": splitter.fold_of_rows(target),
    "+ grouped": splitter.fold_of_rows(target, groups),
}
shuffled = KFold(5, shuffle=True, random_state=0).split(target)
for number, (_, test) in enumerate(shuffled):
    fold_of["random"][test] = number


def franchises_cut(folds: np.ndarray) -> int:
    return int((pd.Series(folds).groupby(groups).nunique() > 1).sum())


labels = pd.DataFrame(target, columns=label_names).assign(films=1)
table = {}
for name, folds in fold_of.items():
    counts = labels.groupby(folds).sum()
    table[name] = {
        column: f"{counts[column].min()} to {counts[column].max()}"
        for column in ("films", "Drama", "Family", "Animation")
    }
    table[name]["franchises cut"] = franchises_cut(folds)
table = pd.DataFrame(table)
print(table)

# %% tags=["hide-input"]
group_sizes = pd.Series(groups).value_counts()
glue("ch02_franchises", int((group_sizes > 1).sum()))
glue("ch02_franchise_films", int(group_sizes[group_sizes > 1].sum()))
glue("ch02_cut_random", int(table.loc["franchises cut", "random"]))
glue("ch02_cut_stratified", int(table.loc["franchises cut", "stratified"]))
glue("ch02_animation_random", str(table.loc["Animation", "random"]))
glue("ch02_animation_grouped", str(table.loc["Animation", "+ grouped"]))

# %% [markdown]
# The random folds hold {glue:text}`ch02_animation_random` *Animation* films each, the
# stratified and grouped ones {glue:text}`ch02_animation_grouped`. With so few, a fold's F1
# for the genre is mostly luck, and uneven folds add to the luck.
#
# Of {glue:text}`ch02_franchises` franchises with several films
# ({glue:text}`ch02_franchise_films` films), the random folds cut
# {glue:text}`ch02_cut_random`. Stratifying alone does not help: it cuts
# {glue:text}`ch02_cut_stratified`. Grouping cuts none, by construction, and the price in
# balance is small. What a cut is worth in score was measured in {doc}`01_films_and_genres`.
#
# `splits.headline_folds()` gives the ten folds that this course uses throughout: five,
# grouped and stratified, and all that once more with another seed. Every system of every
# chapter is judged on them.

# %% [markdown]
# ## How wide five folds spread
#
# We need a model to judge. {doc}`06_script_embeddings_in_chunks` explains where its inputs
# come from: 384 numbers a script, made by a small language model that reads every window of it.
# On top is a logistic regression for each genre. Its errors on films that have the genre
# are weighted up (`class_weight="balanced"`), so that the threshold 0.5 is bearable;
# {doc}`03_baselines` does better than that.

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genrelab.evaluation import cross_validate
from genrelab.splits import headline_folds


def model(strength: float = 0.01):
    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000)
    return make_pipeline(StandardScaler(), OneVsRestClassifier(regression))


folds = headline_folds(scripts)
data = scripts.vectors
judged = {"groups": groups, "folds": folds}
whole = cross_validate(model(), data, target, **judged)
fold_scores = whole.fold_values("f1_macro")
print("first five folds ", fold_scores[:5].round(2))
print("second five folds", fold_scores[5:].round(2))

# %% tags=["hide-input"]
repeats = [whole.report(repeat).summary["f1_macro"] for repeat in (0, 1)]
glue("ch02_fold_low", f"{fold_scores.min():.2f}")
glue("ch02_fold_high", f"{fold_scores.max():.2f}")
glue("ch02_fold_mean", float(fold_scores.mean()))
glue("ch02_headline", float(whole.headline["f1_macro"]))
glue("ch02_repeat_0", float(repeats[0]))
glue("ch02_repeat_1", float(repeats[1]))

# %% [markdown]
# One model, one set of films, and folds from {glue:text}`ch02_fold_low` to
# {glue:text}`ch02_fold_high`. Whoever reports a single split could print either.
#
# We do not average the folds' F1. F1 is not a mean over films, and six *Animation* films
# in a fold make a shaky value. We **pool** the out-of-fold
# predictions of the five folds, compute F1 once, and average over the two repeats.
# That is the **headline number** of every table: {glue:text}`ch02_headline` here, against a
# mean over folds of {glue:text}`ch02_fold_mean`. {cite:t}`forman2010` show how far the two
# can drift apart for rare classes.
#
# The two repeats alone give {glue:text}`ch02_repeat_0` and {glue:text}`ch02_repeat_1`:
# the same films and the same model, only divided in another way.

# %% [markdown]
# ### A fold's deviation is no interval
#
# One often reads "0.60 ± 0.02", where the 0.02 is the standard deviation over folds.
# It reads like an interval for the score. It is not, for two reasons that pull in opposite
# directions.
#
# **Too wide**: it tells how much a score moves on a *fifth* of the films. Our headline
# rests on all of them.
#
# **Too narrow**, as soon as one divides it by the root of the number of folds to mend that: the
# folds are not independent experiments. Their models learned from largely the same films. How
# largely?

# %% tags=["nbval-check"]
shared = np.intersect1d(folds[0].train, folds[1].train)
print(f"training films of fold 0: {len(folds[0].train)}")
print(f"of these also in fold 1:  {len(shared) / len(folds[0].train):.0%}")

# %% [markdown]
# Three quarters. If the films that we happen to have are a lucky choice, all five
# folds are lucky together, and their spread does not show it. {cite:t}`bengio2004` proved that
# no unbiased estimate of the variance can be made from one K-fold at all.
#
# What can be done is the **bootstrap over groups**: draw franchises with replacement, as
# many as there are, compute the headline number of the films drawn, and repeat that a
# thousand times. The middle 95 % of these numbers is the interval.
# It answers one question: how would the number move with *other films*, for models trained
# as these were? It leaves out what other training films would change.

# %%
low, high = whole.interval("f1_macro")
deviation = fold_scores.std(ddof=1)
centre = whole.headline["f1_macro"]
naive = 1.96 * deviation / np.sqrt(10)
ways = {
    "± one deviation of the folds": (centre - deviation, centre + deviation),
    "naive: 1.96 deviations / √10": (centre - naive, centre + naive),
    "bootstrap over groups, 95 %": (low, high),
}
table = pd.DataFrame(ways, index=["from", "to"]).T
table["width"] = table["to"] - table["from"]
table.round(3)

# %% tags=["hide-input"]
glue("ch02_sd", float(deviation))
glue("ch02_interval", f"{low:.3f} to {high:.3f}")
glue("ch02_naive_width", float(2 * 1.96 * deviation / np.sqrt(10)))
glue("ch02_boot_width", float(high - low))

# %% [markdown]
# The naive interval is {glue:text}`ch02_naive_width` wide, the bootstrap's
# {glue:text}`ch02_boot_width`, from {glue:text}`ch02_interval`. That the deviation of the folds
# ({glue:text}`ch02_sd`) looks similar in size to half of it is an accident of five folds and
# {glue:text}`ch02_n` films: with ten folds it would grow, though we would know no less.

# %% [markdown]
# ## Comparing two models
#
# Intervals like that one overlap for most pairs of models that one wants to compare.
# It does not follow that nothing can be said. A hard fold is hard for both models, so we
# look at the **paired differences**: model B minus model A, on the same fold.
#
# Three candidates against the model above (*all windows*):
#
# - *stronger penalty*: the same inputs, a logistic regression that is held shorter;
# - *four windows*: a script is four random windows of 512 tokens, not all of them;
# - *first window*: only the first 512 tokens.
#
# :::{admonition} Predict before you run
# :class: tip
# Which of the three differences will be larger than its own uncertainty?
# :::

# %%
from genrelab.evaluation import compare

inputs = {
    "all windows": data,
    "stronger penalty": data,
    "four windows": scripts.random4,
    "first window": scripts.head,
}
systems = {name: model() for name in inputs}
systems["stronger penalty"] = model(0.003)
comparison = compare(systems, inputs, target, tuner=None, **judged)
comparison.table[["f1_macro", "low", "high", "fold_sd"]].round(3)

# %% [markdown]
# `low` and `high` are the ends of the bootstrap's interval, `fold_sd` is the deviation over the
# folds. Now the folds themselves. How far do the clouds of dots overlap?

# %%
by_fold = pd.DataFrame(
    {
        name: result.fold_values("f1_macro")
        for name, result in comparison.results.items()
    }
)
plots.fold_spread(by_fold)

# %% [markdown]
# Two clouds lie on top of each other, the other two below. Now the same dots in pairs, each fold
# against the same fold of *all windows*. Thick lines are a corrected interval, which the next
# section explains, dashed lines the bootstrap's.

# %%
plots.paired_differences(comparison.paired)

# %% [markdown]
# Do the folds of two systems move together? Compare the deviation of the difference with those of
# its parts.

# %%
pair = by_fold[["all windows", "four windows"]].copy()
pair["difference"] = pair["four windows"] - pair["all windows"]
print("deviation over the folds")
print(pair.std().round(3).to_string())


# %% tags=["hide-input"]
def signed(value: float) -> str:
    return f"{value:+.3f}"


def verdict(row: pd.Series) -> str:
    if row["low"] > 0 or row["high"] < 0:
        return "outside"
    return "inside"


paired = comparison.paired
for key in ("stronger penalty", "four windows", "first window"):
    short = key.replace(" ", "_")
    glue(f"ch02_{short}", signed(paired.loc[key, "difference"]))
    ends = (signed(paired.loc[key, "low"]), signed(paired.loc[key, "high"]))
    glue(f"ch02_{short}_interval", " to ".join(ends))
    glue(f"ch02_{short}_verdict", verdict(paired.loc[key]))
glue("ch02_sd_all", float(pair["all windows"].std()))
glue("ch02_sd_four", float(pair["four windows"].std()))
glue("ch02_sd_difference", float(pair["difference"].std()))

# %% [markdown]
# - *First window*: {glue:text}`ch02_first_window` (95 % interval
#   {glue:text}`ch02_first_window_interval`); zero lies
#   {glue:text}`ch02_first_window_verdict` the interval.
# - *Four windows*: {glue:text}`ch02_four_windows`
#   ({glue:text}`ch02_four_windows_interval`); zero lies
#   {glue:text}`ch02_four_windows_verdict`.
# - *Stronger penalty*: {glue:text}`ch02_stronger_penalty`
#   ({glue:text}`ch02_stronger_penalty_interval`); zero lies
#   {glue:text}`ch02_stronger_penalty_verdict`.
#
# Pairing pays when two models find the same folds hard. Over the folds, *all windows*
# deviates by {glue:text}`ch02_sd_all`, *four windows* by {glue:text}`ch02_sd_four`, and their
# difference by {glue:text}`ch02_sd_difference`; for two unrelated models the variances
# would add.
#
# An interval with zero inside does not say that two models are equal. It says that these
# films and folds cannot tell them apart.

# %% [markdown]
# ### The corrected interval
#
# The plain *t* interval for the mean of $k$ differences has the variance
# $\hat\sigma^2 / k$, with $\hat\sigma^2$ the variance of the differences. It treats the folds
# as independent. {cite:t}`nadeau2003` replace it by
#
# $$
# \left( \frac{1}{k} + \frac{n_\text{test}}{n_\text{train}} \right) \hat\sigma^2 .
# $$
#
# The second term stands for what the folds share. It does not shrink when one repeats the
# K-fold more often, and that is the point: repeating costs nothing and brings no new films.
# With ratio zero we get the naive interval back. The last column, *p*, is the chance of a
# difference at least as large if the two models were equally good, each way with its own variance.

# %%
from genrelab.evaluation import nadeau_bengio

naive, corrected = {}, {}
for name in ("stronger penalty", "four windows", "first window"):
    differences = by_fold[name] - by_fold["all windows"]
    naive[name] = nadeau_bengio(differences, test_train_ratio=0)
    corrected[name] = nadeau_bengio(differences, test_train_ratio=1 / 4)
table = pd.concat(
    {
        way: pd.DataFrame(found, index=["low", "high", "p"]).T
        for way, found in {"naive": naive, "corrected": corrected}.items()
    },
    axis=1,
)
table.round(3)

# %% [markdown]
# How much wider is the corrected interval, and what if we repeat the five folds twenty times?

# %% tags=["nbval-check"]
ratio = np.sqrt(1 / 10 + 1 / 4) / np.sqrt(1 / 10)
print(f"ten folds: the corrected interval is {ratio:.2f} times as wide")
ratio = np.sqrt(1 / 100 + 1 / 4) / np.sqrt(1 / 100)
print(f"a hundred folds (twenty repeats): {ratio:.2f} times")

# %% [markdown]
# What do many repeats do to the naive *p*? We pretend: ten times the same ten differences
# of the stronger penalty. Nothing was learned, but there are a hundred numbers.

# %%
ten = by_fold["stronger penalty"] - by_fold["all windows"]
hundred = np.tile(ten, 10)
for name, some in {"ten folds": ten, "a hundred": hundred}.items():
    p = [nadeau_bengio(some, ratio)[2] for ratio in (0, 1 / 4)]
    print(f"{name}: naive p {p[0]:.1g}, corrected p {p[1]:.2f}")

# %% tags=["hide-input"]
glue("ch02_p_naive", float(naive["stronger penalty"][2]))
p_hundred = nadeau_bengio(hundred, 0)[2]
glue("ch02_p_hundred", f"{p_hundred:.3f}" if p_hundred >= 0.001 else "below 0.001")
glue("ch02_p_corrected", f"{nadeau_bengio(ten, 1 / 4)[2]:.2f}")
glue("ch02_p_corrected_hundred", f"{nadeau_bengio(hundred, 1 / 4)[2]:.2f}")

# %% [markdown]
# Copying the numbers moves the naive *p* from {glue:text}`ch02_p_naive` to
# {glue:text}`ch02_p_hundred`. The corrected one goes from {glue:text}`ch02_p_corrected` to
# {glue:text}`ch02_p_corrected_hundred`, as $1/k$ shrinks and the second term stays.
# Real repeats are not plain copies,
# but they use the same films, and the naive interval takes them for new ones.
#
# The correction is a repair, not a theorem: it assumes one correlation between folds for
# every problem. So `compare` prints two intervals, this one and the bootstrap over groups
# (dashed in the figure), and we believe in a difference when both do. The bootstrap's is
# often the narrower: it leaves out what other training films would change.

# %% [markdown]
# ## The locked test
#
# Everything so far used **development** films. Each time we look at their scores and then
# change something, a little of their answer leaks into our choices. After thirteen chapters
# of that, an untouched set is needed.
#
# A fifth of the scripts was locked away before any model was trained: whole franchises,
# stratified over genres, drawn once with a fixed seed and written into the list of all scripts.
# `load` does not return them. We ask for them with every warning turned into an error, so
# that the door stays shut behind the message.

# %% tags=["nbval-check"]
import textwrap
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        load("script_features", split="test")
    except Warning as warning:
        print(textwrap.fill(str(warning), 72))

# %% [markdown]
# Chapter 14 opens the set, once, after we have written down what score we
# expect.
#
# How was it drawn? By the function that we now rehearse on the development films.
# What should we ask of such a draw? That it cuts no franchise, and that each genre's share
# is nearly the same on both sides.

# %% tags=["nbval-check"]
from genrelab.splits import locked_split

rehearsal = locked_split(target, groups, test_share=0.2, seed=0)
away = rehearsal == "test"
cut = set(groups[away]) & set(groups[~away])
gap = target[away].mean(axis=0) - target[~away].mean(axis=0)
print(f"{away.sum()} films away, {(~away).sum()} stay")
print(f"franchises cut: {len(cut)}")
print(f"largest difference of a genre's share: {np.abs(gap).max():.3f}")

# %% tags=["hide-input"]
glue("ch02_test_width", f"{(high - low) * np.sqrt(5):.2f}")

# %% [markdown]
# A locked test is honest, not precise. It has a fifth of the films, so if widths go with one
# over the root of the number of films, its 95 % interval will be about
# {glue:text}`ch02_test_width` wide. It can confirm a score. It cannot
# choose between two good models, and it must not: that would be one more look.

# %% [markdown]
# ## The leaderboard
#
# In a competition the organisers hold the hidden test. A **public** part of it scores every
# submission at once, for all to see. The **private** part decides in the end.
# So there are two judges at hand before the end: the public board, and one's own K-fold.
# Which one should pick the final submission?
#
# We play it on development films. The submissions are the kind of tinkering that people
# send in: the scores of two models, blended in five proportions, cut at seven thresholds.

# %%
every = comparison.results["all windows"].scores[0]  # (films, genres)
four = comparison.results["four windows"].scores[0]
submissions = {}
for part in (0, 0.25, 0.5, 0.75, 1):
    blend = (1 - part) * every + part * four
    for threshold in np.linspace(0.4, 0.7, 7):
        name = f"{part:.0%} four windows, cut {threshold:.2f}"
        submissions[name] = (blend >= threshold).astype(np.int8)
print(len(submissions), "submissions")

# %% [markdown]
# In each of 500 rounds `simulate_leaderboard` draws three samples of whole franchises, with
# replacement: training films for the K-fold's judgement (60 % of the groups), a public
# part (12 %), and a private part (28 %). **Regret** is what we lose: the best private score
# among the submissions, less the private score of the one that was picked.
#
# :::{admonition} Predict before you run
# :class: tip
# The public part is drawn fairly, and it is hidden data, while the K-fold has no
# hidden film at all. Which judge picks better?
# :::

# %%
from genrelab.splits import simulate_leaderboard

fair = simulate_leaderboard(scripts, submissions)
plots.leaderboard(fair)

# %% tags=["hide-input"]
mean = fair.groupby("picked_by")[["public_score", "private_score", "regret"]].mean()
correlation = fair.groupby("picked_by")["rank_correlation"].mean()
by_judge = fair.pivot(index="round", columns="picked_by", values="private_score")
n_public = round(0.4 * 0.3 * len(set(groups.tolist())))
glue("ch02_n_submissions", len(submissions))
glue("ch02_public_groups", n_public)
glue("ch02_regret_public", float(mean.loc["public", "regret"]))
glue("ch02_regret_cv", float(mean.loc["cv", "regret"]))
flattery = mean.eval("public_score - private_score")["public"]
glue("ch02_optimism", float(flattery))
glue("ch02_rank_public", f"{correlation['public']:.2f}")
glue("ch02_rank_cv", f"{correlation['cv']:.2f}")
glue("ch02_cv_better", f"{100 * (by_judge['cv'] > by_judge['public']).mean():.0f} %")
glue("ch02_cv_worse", f"{100 * (by_judge['cv'] < by_judge['public']).mean():.0f} %")

# %% [markdown]
# Picking by the public board costs {glue:text}`ch02_regret_public` of macro-F1 on average,
# picking by the K-fold {glue:text}`ch02_regret_cv`. The K-fold's pick is the better one in
# {glue:text}`ch02_cv_better` of the rounds, and the worse one in {glue:text}`ch02_cv_worse`.
# Its order of the submissions correlates with the private order at
# {glue:text}`ch02_rank_cv`, the public board's at {glue:text}`ch02_rank_public`.
#
# There is no magic in it. The public part holds about {glue:text}`ch02_public_groups`
# groups, the K-fold judges on five times as many.
#
# The board also flatters. The submission that leads it scores
# {glue:text}`ch02_optimism` more in public than in private: the best of
# {glue:text}`ch02_n_submissions` is in part the luckiest. {cite:t}`blum2015` study how
# this grows when people submit again and again in answer to the board.

# %% [markdown]
# ### A skewed board
#
# A public part is not always drawn fairly. It may come from one source or one year.
# We let some films be ten times as likely to be in it; the private part stays fair.


# %%
def tenfold(*chosen: str) -> np.ndarray:
    carries = target[:, np.isin(label_names, chosen)].any(axis=1)
    return np.where(carries, 10.0, 1.0)


boards = {
    "fair": None,
    "more Family, Animation": tenfold("Family", "Animation"),
    "more Action, Sci-Fi": tenfold("Action", "Sci-Fi"),
    "more Drama": tenfold("Drama"),
}
lines = {}
for name, odds in boards.items():
    rounds = simulate_leaderboard(scripts, submissions, public_odds=odds)
    mean = rounds.groupby("picked_by").mean(numeric_only=True)
    leader = mean.loc["public"]
    lines[name] = {
        "public regret": leader["regret"],
        "K-fold regret": mean.loc["cv", "regret"],
        "public order": leader["rank_correlation"],
        "flattery": leader["public_score"] - leader["private_score"],
    }
skewed = pd.DataFrame(lines).T
skewed.round(3)

# %% tags=["hide-input"]
public_regret = skewed["public regret"]
worst = public_regret.idxmax()
glue("ch02_skew_worst", worst)
glue("ch02_skew_regret", float(public_regret.max()))
glue("ch02_skew_least", float(public_regret.min()))
glue("ch02_skew_cv_low", float(skewed["K-fold regret"].min()))
glue("ch02_skew_cv_high", float(skewed["K-fold regret"].max()))
gaps = skewed["flattery"]
glue("ch02_gap_low", signed(gaps.min()))
glue("ch02_gap_high", signed(gaps.max()))

# %% [markdown]
# *Public order* is the rank correlation of the board with the private part (1 is the same order),
# *flattery* the public score of the board's leader less its private score.
#
# Flattery moves from
# {glue:text}`ch02_gap_low` to {glue:text}`ch02_gap_high` with the kind of skew: a skewed
# board is no estimate of the final score.
#
# The regret of trusting it hardly moves: it lies between {glue:text}`ch02_skew_least` and
# {glue:text}`ch02_skew_regret`, the highest for "{glue:text}`ch02_skew_worst`".
# Where all submissions gain or lose together, their order stays, and a skew does not hurt the
# choice. From outside one cannot know whether that is so. The K-fold never looks at the board;
# its regret is {glue:text}`ch02_skew_cv_low` at the least and {glue:text}`ch02_skew_cv_high` at
# the most.
#
# **Trust your K-fold**, as long as your own films resemble the private ones. The simulation
# grants that. If they do not, neither judge helps.

# %% [markdown]
# ## Exercises

# %% [markdown] tags=["exercise"]
# ### Exercise 2.1 (5 minutes, 1 point)
# A genre is carried by a share $p$ of the films. What is the F1 of saying yes to every film?
# Compute it for the thirteen genres from their shares alone, without `report`, and put the
# macro-F1 of *everything* into `floor`.

# %% [markdown] tags=["hint"]
# Saying yes to all $n$ films makes $np$ hits, $np$ true and $n$ predicted.
# Put these into the formula of F1.

# %% tags=["solution"]
floor = ...
### BEGIN SOLUTION
share = target.mean(axis=0)
floor = (2 * share / (1 + share)).mean()
### END SOLUTION

# %% tags=["check"]
from genrelab import checks

checks.ch02_ex1(floor)

# %% [markdown] tags=["rubric"]
# - One point for the number, from shares alone.
# - Common wrong answers: the mean share, which is the precision; the F1 of the mean share, which
#   averages too early; a missing 2.
# - Ask: for which share is this F1 one half? (A third.) Five minutes.

# %% [markdown] tags=["exercise"]
# ### Exercise 2.2 (10 minutes, 2 points)
# One shuffle could be an accident. Cut the films into five random folds with twenty
# different seeds, and count for each how many franchises are cut. Keep the twenty counts
# in `cuts`. Is there a seed that cuts none?

# %% [markdown] tags=["hint"]
# `KFold(5, shuffle=True, random_state=seed).split(target)` gives the test rows of each fold.
# Write the fold's number into an array, and hand it to `franchises_cut`.

# %% tags=["solution"]
cuts = []
### BEGIN SOLUTION
for seed in range(20):
    fold_numbers = np.zeros(len(target), dtype=int)
    shuffled = KFold(5, shuffle=True, random_state=seed).split(target)
    for number, (_, test) in enumerate(shuffled):
        fold_numbers[test] = number
    cuts.append(franchises_cut(fold_numbers))
print(f"{min(cuts)} to {max(cuts)} franchises are cut")
### END SOLUTION

# %% tags=["check"]
checks.ch02_ex2(cuts)

# %% [markdown] tags=["rubric"]
# - One point for twenty counts, one for the answer that no seed cuts none, or hardly ever would.
# - Common wrong answers: one array of folds that is reused; a seed that never reaches
#   `random_state`; films counted for franchises.
# - Good students ask how likely it is that a pair stays together: one in five. Ten minutes.

# %% [markdown] tags=["exercise"]
# ### Exercise 2.3 (10 minutes, 2 points)
# Write the corrected 95 % interval of the ten paired differences between *four windows* and
# *all windows* yourself, with NumPy and `scipy.stats.t`, without `nadeau_bengio`.
# Put its ends into `lower` and `upper`.

# %% [markdown] tags=["hint"]
# The mean, plus and minus `t.ppf(0.975, 9)` times the root of
# $(1/10 + 1/4)\,\hat\sigma^2$. Divide by $k - 1$ in the variance (`ddof=1`).

# %% tags=["solution"]
from scipy.stats import t

differences = (by_fold["four windows"] - by_fold["all windows"]).to_numpy()
lower = upper = ...
### BEGIN SOLUTION
error = np.sqrt((1 / 10 + 1 / 4) * differences.var(ddof=1))
lower = differences.mean() - t.ppf(0.975, 9) * error
upper = differences.mean() + t.ppf(0.975, 9) * error
print(f"{differences.mean():+.3f} ({lower:+.3f} to {upper:+.3f})")
### END SOLUTION

# %% tags=["check"]
checks.ch02_ex3(differences, lower, upper)

# %% [markdown] tags=["rubric"]
# - Two points for both ends; one if a single factor is off (normal for *t*, `ddof=0`, one side for
#   two).
# - The naive width earns nothing: the second term is what the exercise is about.
# - Ten minutes with the formula at hand.

# %% [markdown] tags=["exercise"]
# ### Exercise 2.4 (10 minutes, 3 points)
# A colleague writes: "Our model reaches 0.62 ± 0.01 (standard deviation over five shuffled
# folds, twenty repeats). It names at least one correct genre for 97 % of the films. We chose
# it among forty variants, by its score on the public leaderboard, and it beats the
# baseline significantly (t test over 100 folds, *p* < 0.001)."
#
# Name four things you would ask, and for each say in which direction the number
# may be wrong.

# %% [markdown] tags=["hint"]
# Go through the sentence and ask at each number: which metric, which films, against what,
# chosen how?

# %% [markdown] tags=["solution"]
# Any four of these, with a direction:
#
# 1. *0.62 of what?* The metric is not named. Micro-F1 is usually higher than macro-F1 on
#    such labels, since frequent genres are easier.
# 2. *Shuffled folds.* They cut franchises, so the score may be too high.
# 3. *± 0.01.* A deviation over folds is no interval for the score; the folds share three
#    quarters of their training films. A bootstrap over groups is needed.
# 4. *At least one, 97 %.* Without the predicted cardinality this may be guessing: saying
#    everything gets 100 %.
# 5. *Best of forty on the public board.* The leader's public score is too high, and the
#    choice is worse than one by the K-fold.
# 6. *t test over 100 folds.* Twenty repeats bring no new films. The naive interval is
#    about five times too narrow, so *p* is far too small.

# %% [markdown] tags=["rubric"]
# - Three points for four questions with a direction each; two for three of them, one for two. A
#   question without a direction counts half.
# - Common misconceptions: that 100 folds are 100 samples; that a score over 97 % must be a good
#   one; that the public leaderboard is a test set.
# - Do not deduct for extra questions, such as which baseline, or whether thresholds were tuned for
#   both. Ten minutes; well suited for pairs.

# %% [markdown]
# ## Your score
#
# Three of the exercises check themselves. Exercise 2.4 asks for a judgement: hold yours against
# the solution in the book.

# %% tags=["check"]
checks.summary()

# %% [markdown]
# ## Quiz
#
# Choose, then unfold your choice. Each says why it is right or wrong.
#
# <!-- quiz: 02_an_honest_yardstick -->

# %% [markdown]
# ## What we learned
#
# - We can compute each metric by hand, and say which question it answers. Macro-F1 on pooled
#   out-of-fold predictions is our headline; mAP stands beside it.
# - "At least one" can be had for free, and saying everything makes a macro-F1 of
#   {glue:text}`ch02_everything_f1`. We no longer read a score without its floor.
# - Folds are grouped by franchise and stratified over genres; random folds cut
#   {glue:text}`ch02_cut_random` of {glue:text}`ch02_franchises` franchises.
# - We no longer take a deviation over folds for an interval. Models are compared in pairs,
#   with a corrected interval and a bootstrap over groups.
# - The test stays locked, and a small public board is a poor judge: trust your K-fold.

# %% [markdown]
# ## References
#
# ```{bibliography}
# :filter: docname in docnames
# ```
