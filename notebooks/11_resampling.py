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
# # Resampling
#
# **About 30 minutes to read.** You need {doc}`the yardstick <02_an_honest_yardstick>` (folds by
# franchise, thresholds tuned inside, paired differences) and the script vectors of
# {doc}`06_script_embeddings_in_chunks`. Terms are in the {doc}`glossary <../book/glossary>`.
#
# <!-- cost: 11_resampling -->
#
# Two questions from the chapters before:
#
# 1. The threshold of a genre is chosen on inner folds of the training rows. What would go wrong
#    if we chose it on the test fold?
# 2. A difference between two systems has a 95 % interval from −.03 to +.05. May we say that
#    both are equally good?
#
# :::{dropdown} Answers
# 1. It would fit the accidents of these test rows, and the score would be better than on any
#    new film. A row that is tested must not have helped to make the model, nor its threshold.
# 2. No. We may say that we cannot tell them apart with these films. A gain of .04 would fit the
#    interval as well as a loss of .02.
# :::
#
# Of our {glue:text}`ch11_films` films, {glue:text}`ch11_western_count` are Westerns. A model that
# answers *no* to each film is right for {glue:text}`ch11_no` of them. A common advice is
# to *resample*: add rows of the rare class, or remove rows of the frequent one, until both are
# of one size. In this chapter we will:
# - measure how uneven sixteen genres are;
# - see with our eyes what five samplers do to the rows of one genre;
# - resample before the split, which imbalanced-learn's guide counts among the common
#   [pitfalls](https://imbalanced-learn.org/stable/common_pitfalls.html), and watch a score of
#   nearly 1 appear;
# - resample where it belongs, and look at precision, recall and probabilities;
# - tune the thresholds, and see what is left of each gain.

# %% [markdown]
# ## What imbalance is here
#
# So far we kept to the 13 genres with at least 35 scripts. Now we take 16: *War*, *Musical* and
# *Western* join. We call these three the **tail** and the other 13 the **headline** genres, and
# report them apart. Rarer genres than these have too few films to be trained and judged.

# %% tags=["nbval-check"]
from genrelab.bench.imbalance import films, parts
from genrelab.resampling import imbalance_report

scripts = films()
data, target, names = scripts.vectors, scripts.labels, scripts.label_names
tail, headline = parts()["tail"], parts()["headline"]

uneven = imbalance_report(target, names)
print(
    uneven.summary[["rows", "labels", "mean_ir", "max_ir", "scumble"]]
    .round(2)
    .to_string()
)
by_genre = uneven.per_label.set_index("label")
print(by_genre.iloc[tail][["count", "irlbl", "scumble"]].round(2))

# %% tags=["hide-input"]
from genrelab.evaluation import glue

western = names.index("Western")
frequent = by_genre.index[by_genre["count"] >= 100]
with_frequent = target[target[:, western] == 1][:, [names.index(g) for g in frequent]]
glue("ch11_films", f"{len(scripts)}")
glue("ch11_mean_ir", f"{uneven.summary['mean_ir']:.1f}")
glue("ch11_scumble", f"{uneven.summary['scumble']:.2f}")
glue("ch11_no", f"{1 - by_genre.loc['Western', 'count'] / len(scripts):.1%}")
glue("ch11_western_irlbl", f"{by_genre.loc['Western', 'irlbl']:.0f}")
glue("ch11_western_count", f"{by_genre.loc['Western', 'count']}")
glue("ch11_minorities", int(by_genre["minority"].sum()))
glue("ch11_western_scumble", f"{by_genre.loc['Western', 'scumble']:.2f}")
glue("ch11_western_frequent", f"{with_frequent.any(axis=1).sum()}")
glue("ch11_tail_films", f"{int(target[:, tail].sum())}")

# %% [markdown]
# Three measures by {cite:t}`charte2015measures` and {cite:t}`charte2014` say how uneven that is.
#
# **IRLbl**, the imbalance ratio of a label, is the count of the most frequent label divided by
# its own. *Western* has {glue:text}`ch11_western_irlbl`: for each Western there are that many
# dramas.
#
# **MeanIR** is the mean of these ratios, here {glue:text}`ch11_mean_ir`. A label above it counts
# as a *minority*.
#
# **SCUMBLE** tells whether rare and frequent labels sit in the same films: 0 if they never
# meet, close to 1 if a very rare one always comes with a very frequent one. Over all films it is
# {glue:text}`ch11_scumble`; over the Westerns {glue:text}`ch11_western_scumble`. Of
# {glue:text}`ch11_western_count` Westerns, {glue:text}`ch11_western_frequent` also carry a genre
# that a hundred films have. Who adds a Western therefore adds a drama or an action film too.
# That is the trouble of *multi-label* data, where a row may have several labels.
#
# In the figure, look at which genres lie to the right of MeanIR.

# %%
from genrelab import plots

ratios = by_genre[["irlbl"]].rename(columns={"irlbl": "IRLbl"})
plots.per_genre_dumbbell(
    ratios.assign(MeanIR=uneven.summary["mean_ir"]),
    share=by_genre["share"],
    metric="times rarer than the most frequent genre",
    title=f"{by_genre['minority'].sum()} of {len(names)} genres are rarer than MeanIR",
)

# %% [markdown] tags=["exercise"]
# ### Exercise 11.1 (5 minutes, 1 point)
# How many Westerns, and nothing else, would one have to add until the IRLbl of *Western* is no
# larger than today's MeanIR? Put the smallest such number into `n_westerns`. How many of them
# would be real?

# %% [markdown] tags=["hint"]
# The largest count divided by (count of Westerns + `n_westerns`) must be at most
# `uneven.summary["mean_ir"]`. `np.ceil` rounds up.

# %% tags=["solution"]
import numpy as np

counts = by_genre["count"]
n_westerns = ...
### BEGIN SOLUTION
needed = counts.max() / uneven.summary["mean_ir"]
n_westerns = int(np.ceil(needed)) - counts["Western"]
### END SOLUTION
print(n_westerns)

# %% [markdown] tags=["solution"]
# None of them would be real. Three times as many Westerns as were ever read would be made of the
# ones that were. This is all that resampling can do: it repeats or mixes what is there.

# %% tags=["check"]
from genrelab import checks

checks.ch11_ex1(n_westerns)

# %% [markdown] tags=["rubric"]
# - One point for the smallest whole number; the question "how many are real" has the answer none.
# - Common wrong answers: the number that there must *be* rather than to *add*; rounding down;
#   MeanIR computed anew with the added films.
# - Five minutes.

# %% [markdown]
# ## What samplers do to the rows
#
# Samplers were made for two classes. With many labels we take them *a label at a time*: rows
# with the label against rows without it, and a classifier for each label, fitted on its own
# resampled rows. These are the samplers:
#
# - **random over-sampling** repeats rows of the rare class;
# - **random under-sampling** drops rows of the frequent one;
# - **Tomek links** {cite:p}`tomek1976` finds pairs of one row each, each the other's nearest
#   neighbour, and drops the frequent one of the pair;
# - **SMOTE** {cite:p}`chawla2002` makes *synthetic* rows: it takes a rare row, one of its 5
#   nearest rare neighbours, and a random point on the line between them;
# - **MLSMOTE** {cite:p}`charte2015` does this for all labels at once: each row of a minority
#   label gets one synthetic row, which takes the labels that most of the neighbours have;
# - **ML-ROS and ML-RUS** {cite:p}`charte2015measures` copy or drop whole films, with all their
#   labels.
#
# The first four come from imbalanced-learn {cite:p}`lemaitre2017`, the multi-label ones (ML) from
# our package. Further down we also meet borderline SMOTE and ADASYN, which add more rows where the
# two sides meet, and SMOTE followed by Tomek links.
#
# Here are the training rows of one fold for *Western*, before and after. The vectors have 384
# numbers; the figure shows the plane in which the Westerns differ most.
#
# :::{admonition} Predict before you run
# :class: tip
# Where will SMOTE put its new rows: around the Westerns, like a cloud, or somewhere else?
# :::

# %%
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler, TomekLinks
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from genrelab.resampling import MLSMOTE
from genrelab.splits import headline_folds

folds = headline_folds()[:5]
train = folds[0].train
rows, labels = StandardScaler().fit_transform(data[train]), target[train]
is_western = labels[:, western]

made = {"as they are": (rows, is_western)}
for name, sampler in {
    "random over-sampling": RandomOverSampler(random_state=0),
    "random under-sampling": RandomUnderSampler(random_state=0),
    "Tomek links": TomekLinks(),
    "SMOTE": SMOTE(random_state=0),
}.items():
    made[name] = sampler.fit_resample(rows, is_western)
more_rows, more_labels = MLSMOTE(random_state=0).fit_resample(rows, labels)
made["MLSMOTE"] = more_rows, more_labels[:, western]

# %%
plane = PCA(2).fit(rows[is_western == 1])
kinds = {
    name: np.where(
        has == 1, np.where(np.arange(len(has)) < len(rows), "with", "added"), "without"
    )
    for name, (_, has) in made.items()
}
plots.resampled_rows(
    {name: (plane.transform(after), kinds[name]) for name, (after, _) in made.items()},
    "Western",
    note="Plane: two principal components of the Westerns.",
    title="SMOTE spins threads between the few Westerns there are",
)

# %% tags=["nbval-check"]
for name, kind in kinds.items():
    shown = {word: int((kind == word).sum()) for word in ("with", "added", "without")}
    print(f"{name:22} {shown}")

# %% tags=["hide-input"]
added = more_labels[len(rows) :]
glue("ch11_western_train", f"{int(is_western.sum())}")
glue("ch11_smote_added", f"{(kinds['SMOTE'] == 'added').sum()}")
glue("ch11_under_left", f"{(kinds['random under-sampling'] == 'without').sum()}")
glue("ch11_under_rows", f"{len(kinds['random under-sampling'])}")
glue("ch11_tomek_dropped", f"{len(rows) - len(kinds['Tomek links'])}")
glue("ch11_mlsmote_added", f"{len(added)}")
glue("ch11_mlsmote_drama", f"{int(added[:, names.index('Drama')].sum())}")
glue("ch11_mlsmote_western", f"{int(added[:, western].sum())}")

# %% [markdown]
# Over-sampling looks like the rows as they are: {glue:text}`ch11_smote_added` copies lie exactly
# on {glue:text}`ch11_western_train` dots. SMOTE puts as many synthetic rows on the lines between
# those dots. The Westerns do not become a cloud: they become a web with
# {glue:text}`ch11_western_train` knots, and nothing is known off its threads. The plane flatters
# them, too. In 384 dimensions the web is thinner than it looks here.
#
# Under-sampling leaves {glue:text}`ch11_under_left` of all other films. Tomek links hardly does
# anything: rows dropped, {glue:text}`ch11_tomek_dropped`. MLSMOTE is modest, one synthetic row
# for each row of a minority label. Of the {glue:text}`ch11_mlsmote_added` rows that it added
# for all minority labels, {glue:text}`ch11_mlsmote_western` are Westerns and
# {glue:text}`ch11_mlsmote_drama` are dramas: this is the SCUMBLE of before at work. (In its
# panel, the rows added without *Western* are grey.)
#
# SMOTE needs neighbours. Where a label has too few rows, imbalanced-learn's error names two
# numbers, but neither the label nor a remedy. `PerLabel`, which runs any of its samplers a label
# at a time, says all three.

# %% tags=["nbval-check"]
from sklearn.linear_model import LogisticRegression

from genrelab.resampling import PerLabel

classifier = LogisticRegression(C=0.01, max_iter=1000)
few = np.concatenate(
    [np.flatnonzero(is_western)[:4], np.flatnonzero(is_western == 0)[:100]]
)
try:
    PerLabel(SMOTE(), classifier, label_names=["Western"]).fit(
        rows[few], is_western[few]
    )
except ValueError as error:
    print(error)

# %% [markdown]
# ## A trap: one label a row
#
# What does imbalanced-learn do when it is given a matrix of labels? Let us try with a small
# one: films that carry exactly one genre, and that one is *Drama*, *Comedy* or *Horror*. Then
# with all films.

# %% tags=["nbval-check"]
three = [names.index(genre) for genre in ("Drama", "Comedy", "Horror")]
alone = (target.sum(axis=1) == 1) & target[:, three].any(axis=1)
small_data, small_target = data[alone], target[alone][:, three]

_, by_smote = SMOTE(random_state=0).fit_resample(small_data, small_target)
print("before", small_target.sum(axis=0), "after", by_smote.sum(axis=0))
try:
    SMOTE(random_state=0).fit_resample(data, target)
except ValueError as error:
    print("all films:", str(error).split(". ")[1])

# %% [markdown]
# On all films it refuses: labels that overlap are not supported. On the small matrix it does not
# refuse. It saw a single 1 in each row and took the three columns for *classes* that exclude
# each other, which is documented but easy to miss. So the same line means one thing on rows
# that happen to have one label each, and is an error as soon as one film has two. A notebook
# that was tried out on a few clean rows breaks on the real ones; or worse, a model that should
# learn "horror, and perhaps drama too" is fed rows in which that never happens.
#
# `PerLabel` and `MLSMOTE` treat such a matrix like any other: three questions, each with yes
# and no.

# %% tags=["nbval-check"]
per_label = PerLabel(
    SMOTE(random_state=0), classifier, label_names=["Drama", "Comedy", "Horror"]
)
per_label.fit(small_data, small_target)
print(per_label.resampled_.to_string(index=False))

# %% [markdown]
# ## SMOTE before the split
#
# Now the mistake that this chapter exists for. It is one line in the wrong place:
#
# ```python
# data, target = SMOTE().fit_resample(data, target)   # all rows cross_val_score(model, data,
# target)                # then the split
# ```
#
# The copies and the synthetic rows of a film fall on both sides of the split. The model is tested
# on what it was trained on, or on mixtures of it.
#
# We do it for the three genres of the tail, one at a time, both ways. Real films keep their
# folds; what a sampler adds falls into a random fold, as it would in a notebook like the one
# above. Everything is judged at the usual threshold of 0.5.
#
# :::{admonition} Predict before you run
# :class: tip
# Without resampling the F1 of these genres is close to 0. What will it be with SMOTE before the
# split? And with SMOTE inside each fold?
# :::

# %%
import pandas as pd
from imblearn.pipeline import make_pipeline
from sklearn.metrics import average_precision_score, precision_recall_fscore_support
from sklearn.model_selection import PredefinedSplit, cross_val_predict

fold_of = np.empty(len(scripts), dtype=int)
for fold in folds:
    fold_of[fold.test] = fold.fold


def out_of_fold(model, inputs, labels, fold_of_row):
    """Return each row's scores by a model that was fitted on the other folds."""
    split = PredefinedSplit(fold_of_row)
    scores = cross_val_predict(model, inputs, labels, cv=split, method="predict_proba")
    return scores[:, 1] if np.ndim(labels) == 1 else scores


def judged(truth, score):
    """Return precision, recall, F1 and average precision of one genre at 0.5."""
    counted = precision_recall_fscore_support(
        truth, score > 0.5, average="binary", zero_division=0
    )
    return [*counted[:3], average_precision_score(truth, score)]


# %%
random = np.random.default_rng(0)
scaled = StandardScaler().fit_transform(data)
lines = []
for genre in tail:
    is_genre = target[:, genre]
    plain = out_of_fold(
        make_pipeline(StandardScaler(), classifier), data, is_genre, fold_of
    )
    lines.append(["none", "", *judged(is_genre, plain)])
    for name, sampler in {
        "copies": RandomOverSampler(random_state=0),
        "SMOTE": SMOTE(random_state=0),
    }.items():
        model = make_pipeline(StandardScaler(), sampler, classifier)
        inside = out_of_fold(model, data, is_genre, fold_of)
        lines.append([name, "inside the fold", *judged(is_genre, inside)])

        wrong_data, wrong_target = sampler.fit_resample(scaled, is_genre)
        n_added = len(wrong_data) - len(data)
        wrong_fold_of = np.concatenate([fold_of, random.integers(5, size=n_added)])
        before = out_of_fold(classifier, wrong_data, wrong_target, wrong_fold_of)
        lines.append([name, "before, all rows", *judged(wrong_target, before)])
        lines.append(
            [name, "before, real films", *judged(is_genre, before[: len(data)])]
        )

# %% tags=["nbval-check"]
columns = ["sampler", "when", "precision", "recall", "F1", "AP"]
leak = pd.DataFrame(lines, columns=columns).groupby(["sampler", "when"]).mean()
print(leak.round(2))

# %%
plots.leak_bars(
    {
        "copies": (
            leak.loc[("copies", "inside the fold"), "F1"],
            leak.loc[("copies", "before, all rows"), "F1"],
        ),
        "SMOTE": (
            leak.loc[("SMOTE", "inside the fold"), "F1"],
            leak.loc[("SMOTE", "before, all rows"), "F1"],
        ),
    },
    metric="mean F1 of War, Musical and Western",
    title="Resampled before the split, three rare genres look solved",
)

# %% tags=["hide-input"]
glue("ch11_none_f1", f"{leak.loc[('none', ''), 'F1']:.2f}")
glue("ch11_none_ap", f"{leak.loc[('none', ''), 'AP']:.2f}")
for key, name in {"copies": "copies", "smote": "SMOTE"}.items():
    for when, short in {
        "inside the fold": "inside",
        "before, all rows": "fake",
        "before, real films": "real",
    }.items():
        for column in ("F1", "AP", "precision", "recall"):
            value = leak.loc[(name, when), column]
            glue(f"ch11_{key}_{short}_{column.lower()}", f"{value:.2f}")

# %% [markdown]
# SMOTE before the split makes an F1 of {glue:text}`ch11_smote_fake_f1`. Inside the folds it is
# {glue:text}`ch11_smote_inside_f1`. Copies do the same, {glue:text}`ch11_copies_fake_f1` against
# {glue:text}`ch11_copies_inside_f1`: synthetic rows are no cleaner than copies.
#
# Two things are wrong with the high number, and the line *before, real films* tells them apart.
# It takes the same leaky models, but judges them on real films only. F1 falls to
# {glue:text}`ch11_smote_real_f1`, since half of the test rows were no films at all and all of
# them were easy. But recall stays at {glue:text}`ch11_smote_real_recall`, and average precision
# (AP), which needs no threshold, at {glue:text}`ch11_smote_real_ap` instead of
# {glue:text}`ch11_smote_inside_ap`. That part is the leak proper: a held-out Western has
# relatives in the training rows that were made of it.
#
# So it does not help to throw the synthetic rows out of the test set after the split. The sampler
# must never have seen a test row. In code: put it into a pipeline, and give the *pipeline* to the
# cross-validation.
#
# What is true of the gain: from {glue:text}`ch11_none_f1` without resampling to
# {glue:text}`ch11_smote_inside_f1`, at a threshold of 0.5. Remember these last words.

# %% [markdown] tags=["exercise"]
# ### Exercise 11.2 (15 minutes, 3 points)
# The same with all sixteen genres: resample all films with `MLSMOTE(random_state=0)`, then
# cross-validate one logistic regression a genre on the scaled vectors. Put the macro-F1 at 0.5
# over all rows into `fake_f1`, and the honest one, with MLSMOTE inside the folds, into
# `honest_f1`. Is the leak larger or smaller than with SMOTE? Why?

# %% [markdown] tags=["hint"]
# `OneVsRestClassifier(classifier)` makes one logistic regression a genre. Added rows come last;
# give each a random fold, as above. `out_of_fold` also takes a matrix of labels. Then
# `f1_score(truth, scores > 0.5, average="macro", zero_division=0)`.

# %% tags=["solution"]
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier

each_genre = OneVsRestClassifier(classifier)
fake_f1 = honest_f1 = ...
### BEGIN SOLUTION
leaky_data, leaky_target = MLSMOTE(random_state=0).fit_resample(scaled, target)
n_added = len(leaky_data) - len(data)
leaky_fold_of = np.concatenate([fold_of, random.integers(5, size=n_added)])
scores = out_of_fold(each_genre, leaky_data, leaky_target, leaky_fold_of)
fake_f1 = f1_score(leaky_target, scores > 0.5, average="macro", zero_division=0)

sampler = MLSMOTE(random_state=0)
scores = out_of_fold(
    make_pipeline(StandardScaler(), sampler, each_genre), data, target, fold_of
)
honest_f1 = f1_score(target, scores > 0.5, average="macro", zero_division=0)
print(f"before the split {fake_f1:.2f}, inside the folds {honest_f1:.2f}")
### END SOLUTION

# %% [markdown] tags=["solution"]
# The leak is smaller here, for three reasons. MLSMOTE adds one row for each rare row, not dozens;
# only {glue:text}`ch11_minorities` of the sixteen genres are minorities; and the macro average
# dilutes them. It is still a leak. A small one is more dangerous than a large one: nobody believes
# .99.

# %% tags=["check"]
checks.ch11_ex2(fake_f1, honest_f1)

# %% [markdown] tags=["rubric"]
# - Two points for the two scores, one for a reason why this leak is smaller: fewer added rows,
#   fewer minority genres, or dilution in the mean.
# - Common wrong answers: judged on real films only; the scaler and sampler outside the pipeline in
#   the honest run; old folds reused for added rows.
# - The random folds move the leaky score in its second decimal: do not ask for more. Fifteen
#   minutes, a few of them waiting.

# %% [markdown]
# ## Precision and recall at one half
#
# From here on every sampler works inside the folds. We run five of them live, on one repeat of
# five folds, without any tuning: a genre is predicted where its probability exceeds 0.5. Look at
# how precision and recall move against each other, and at the three columns of the tail.

# %%
from sklearn.multiclass import OneVsRestClassifier

from genrelab.evaluation import cross_validate

systems = {
    "as they are": OneVsRestClassifier(classifier),
    "MLSMOTE": make_pipeline(MLSMOTE(random_state=0), OneVsRestClassifier(classifier)),
    "random over-sampling": PerLabel(RandomOverSampler(random_state=0), classifier),
    "SMOTE": PerLabel(SMOTE(random_state=0), classifier),
    "random under-sampling": PerLabel(RandomUnderSampler(random_state=0), classifier),
}
live = {
    name: cross_validate(
        make_pipeline(StandardScaler(), model),
        data,
        target,
        groups=scripts.groups,
        folds=folds,
        label_names=names,
    )
    for name, model in systems.items()
}

# %% tags=["nbval-check"]
at_half = {}
for name, result in live.items():
    per_genre = result.report().per_label[["precision", "recall", "f1"]]
    at_half[name] = pd.concat(
        {
            "headline": per_genre.iloc[headline].mean(),
            "tail": per_genre.iloc[tail].mean(),
        }
    )
at_half = pd.DataFrame(at_half).T
at_half.columns = [f"{part}, {metric}" for part, metric in at_half.columns]
print(at_half.T.round(2).rename(columns=lambda name: name.replace("random ", "")))

# %%
plots.heatmap(
    at_half.rename(
        columns=lambda name: name.replace("headline", "head").replace(", ", "\n")
    ),
    title="Balanced rows lift recall, most of all in the tail",
    note="Means over 13 headline and 3 tail genres, threshold 0.5, five folds.",
)

# %% tags=["hide-input"]
for key, name in {
    "plain": "as they are",
    "mlsmote": "MLSMOTE",
    "over": "random over-sampling",
    "smote": "SMOTE",
    "under": "random under-sampling",
}.items():
    for part in ("headline", "tail"):
        for metric in ("precision", "recall", "f1"):
            value = at_half.loc[name, f"{part}, {metric}"]
            glue(f"ch11_half_{key}_{part}_{metric}", f"{value:.2f}")

# %% [markdown]
# Balanced rows make bold models. In the tail, SMOTE lifts recall from
# {glue:text}`ch11_half_plain_tail_recall` to {glue:text}`ch11_half_smote_tail_recall`, and F1 from
# {glue:text}`ch11_half_plain_tail_f1` to {glue:text}`ch11_half_smote_tail_f1`. In the headline
# genres recall rises too, and precision falls from {glue:text}`ch11_half_plain_headline_precision`
# to {glue:text}`ch11_half_smote_headline_precision`. Copies do what SMOTE does
# ({glue:text}`ch11_half_over_tail_f1` in the tail): the cleverness of the synthetic rows is not
# what makes the difference.
#
# (On the rows as they are the tail is hardly ever predicted, so its precision says little.)
#
# Under-sampling is the boldest. It finds {glue:text}`ch11_half_under_tail_recall` of the rare
# films, and {glue:text}`ch11_half_under_tail_precision` of what it calls rare is. MLSMOTE changes
# little, as little as it adds.
#
# If we stopped here, we would recommend over-sampling. But the threshold of 0.5 was our choice.

# %% [markdown]
# ## What happens to the probabilities
#
# A probability of 0.3 is *calibrated* if the genre is there in three of ten such cases. We
# measure the distance with the *expected calibration error* (ECE). Films with similar
# probabilities are put into one bin, ten bins a genre; the ECE is the mean distance between what
# a bin's probabilities promise and the share that came true. 0 is perfect. But there is a
# plainer test. The sum of the probabilities for *Western* over all films should be the number
# of Westerns.
#
# :::{admonition} Predict before you run
# :class: tip
# There are {glue:text}`ch11_western_count` Westerns among these films. How many will the model
# after under-sampling expect?
# :::

# %% tags=["nbval-check"]
from genrelab.metrics import expected_calibration_error

print(f"Westerns that there are: {target[:, western].sum()}")
expects, ece = {}, {}
for name, result in live.items():
    expects[name] = result.scores[0][:, western].sum()
    ece[name] = expected_calibration_error(target, result.scores[0])
    print(f"{name:22} expects {expects[name]:5.0f}, ECE {ece[name]:.3f}")

# %%
shown = ["as they are", "SMOTE", "random under-sampling"]
plots.reliability(
    {name: (target, live[name].scores[0]) for name in shown},
    title="Balanced rows teach the model that every genre is common",
)

# %% tags=["hide-input"]
from genrelab.bench import paired
from genrelab.evaluation import read_result

ways = [
    "random over-sampling",
    "random under-sampling",
    "Tomek links",
    "SMOTE",
    "borderline SMOTE",
    "ADASYN",
    "SMOTE + Tomek links",
    "ML-ROS",
    "ML-RUS",
    "MLSMOTE",
]
everything = read_result("imbalance")
kept = {"LR", *(f"LR, {name}" for name in ways)}
recorded = {
    "name": everything["name"],
    "rows": [line for line in everything["rows"] if line["row"] in kept],
}


def to_plain(metric: str) -> pd.DataFrame:
    """Return each way's difference to the rows as they are, on the recorded ten folds."""
    return paired(recorded, "LR", metric).rename(
        index=lambda name: name.removeprefix("LR, ")
    )


ece_gap = to_plain("ece")
glue("ch11_cpu", everything["hardware"]["cpu"])
glue("ch11_expect_plain", f"{expects['as they are']:.0f}")
glue("ch11_expect_smote", f"{expects['SMOTE']:.0f}")
glue("ch11_expect_under", f"{expects['random under-sampling']:.0f}")
glue("ch11_ece_plain", f"{ece['as they are']:.3f}")
for key, name in {"smote": "SMOTE", "under": "random under-sampling"}.items():
    glue(f"ch11_ece_gap_{key}", f"{ece_gap.loc[name, 'difference']:+.3f}")
    low, high = ece_gap.loc[name, ["low", "high"]]
    glue(f"ch11_ece_gap_{key}_interval", f"{low:+.3f} to {high:+.3f}")

# %% [markdown]
# The model on rows as they are expects {glue:text}`ch11_expect_plain`. After SMOTE it expects
# {glue:text}`ch11_expect_smote`, and after under-sampling {glue:text}`ch11_expect_under`, which is
# more than a third of all films. It is not mad: it was shown a world in which every second film
# is a Western, and it reports what it saw.
#
# On the ten recorded folds, SMOTE adds {glue:text}`ch11_ece_gap_smote` to the calibration error
# (interval {glue:text}`ch11_ece_gap_smote_interval`), under-sampling
# {glue:text}`ch11_ece_gap_under` ({glue:text}`ch11_ece_gap_under_interval`). This is the harm that
# {cite:t}`goorbergh2022` describe for risk models in medicine: logistic regression after
# over-sampling, under-sampling or SMOTE ranked patients no better, and overstated their risk.
#
# Whoever uses only yes and no may not care. Whoever reads probabilities should.

# %% [markdown] tags=["exercise"]
# ### Exercise 11.3 (15 minutes, 3 points)
# The damage is known, so it can be undone. Rows were balanced to one half, while the genre's true
# share is $\pi$. Then the odds are too high by the factor $(1 - \pi) / \pi$, and the corrected
# probability is
#
# $$
# p' = \frac{p\,\pi}{p\,\pi + (1 - p)(1 - \pi)}
# $$
#
# {cite:p}`elkan2001`. Correct the scores of SMOTE, put them into `corrected`, and compare ECE and
# macro-F1 at 0.5 before and after. (The shares of all films stand in for those of the training
# rows; they hardly differ.) What became of SMOTE's gain?

# %% [markdown] tags=["hint"]
# `share = target.mean(axis=0)` has one number a genre and broadcasts over
# `live["SMOTE"].scores[0]`, which has shape (films, genres).

# %% tags=["solution"]
share, score = target.mean(axis=0), live["SMOTE"].scores[0]
corrected = ...
### BEGIN SOLUTION
corrected = score * share / (score * share + (1 - score) * (1 - share))
for name, p in {
    "as they are": live["as they are"].scores[0],
    "SMOTE": score,
    "corrected": corrected,
}.items():
    f1 = f1_score(target, p > 0.5, average="macro", zero_division=0)
    error = expected_calibration_error(target, p)
    print(f"{name:12} macro-F1 at 0.5 {f1:.2f}, ECE {error:.3f}")
### END SOLUTION

# %% [markdown] tags=["solution"]
# The calibration error falls by nearly half, and macro-F1 falls back to where it was without
# SMOTE. The correction only moves each genre's scores by one fixed amount of log-odds; the order
# of the films does not change. So what SMOTE had gained at 0.5 was, but for a rest, a moved
# threshold. (The correction is not perfect: the penalty of the logistic regression holds the
# scores back, so the true factor is smaller than the formula's.)

# %% tags=["check"]
checks.ch11_ex3(corrected, score)

# %% [markdown] tags=["rubric"]
# - Two points for the correction and both comparisons, one for the conclusion that the gain was a
#   moved threshold.
# - Common wrong answers: numerator only; share and complement exchanged; one share for all genres.
# - A student who notes that the correction overshoots has understood the penalty. Fifteen minutes.

# %% [markdown]
# ## What is left once thresholds are tuned
#
# A threshold can be moved without touching a row. `genrelab bench imbalance` recorded ten ways to
# resample on all ten folds, each judged at 0.5 and at thresholds tuned on inner folds (on
# {glue:text}`ch11_cpu`; the file has the rest). Where an inner fold has too few rows, SMOTE takes
# fewer neighbours. First the differences at 0.5 to the same logistic regression on the rows as
# they are. All intervals are Nadeau and Bengio's {cite:p}`nadeau2003`.

# %%
plots.paired_differences(
    to_plain("f1_macro_untuned").loc[ways],
    metric="macro-F1 at 0.5, 16 genres",
    title="At 0.5, whatever balances the rows looks like a great help",
)

# %% [markdown]
# :::{admonition} Predict before you run
# :class: tip
# Now each system gets its own tuned thresholds, the rows as they are included. Which of the ten
# will still be ahead?
# :::

# %%
tuned = to_plain("f1_macro").loc[ways]
n_ahead = int((tuned["low"] > 0).sum())
plots.paired_differences(
    tuned,
    metric="macro-F1 with tuned thresholds, 16 genres",
    title=f"With tuned thresholds, {n_ahead or 'none'} of {len(ways)} is clearly ahead",
)

# %% tags=["nbval-check"]
scores = pd.DataFrame(recorded["rows"]).groupby("row", sort=False)[
    ["f1_macro_untuned", "f1_macro", "f1_macro_headline", "f1_macro_tail", "map"]
]
print(
    scores.mean()
    .loc[["LR", "LR, SMOTE", "LR, random under-sampling", "LR, MLSMOTE"]]
    .round(3)
    .T
)
for part in ("headline", "tail"):
    print(part)
    print(
        to_plain(f"f1_macro_{part}").loc[ways, ["difference", "low", "high"]].round(3)
    )


# %% tags=["hide-input"]
def verdict(line: pd.Series) -> str:
    """Say what an interval says."""
    if line.low > 0:
        return "better"
    return "worse" if line.high < 0 else "not clearly different"


def listed(frame: pd.DataFrame, word: str) -> str:
    """Name the ways of which the verdict is the word."""
    return (
        ", ".join(name for name, line in frame.iterrows() if verdict(line) == word)
        or "none"
    )


parts_of = {
    "all": tuned,
    "head": to_plain("f1_macro_headline").loc[ways],
    "tail": to_plain("f1_macro_tail").loc[ways],
    "half": to_plain("f1_macro_untuned").loc[ways],
    "map": to_plain("map").loc[ways],
}
means = scores.mean()
tested = [target[fold.test][:, tail].sum(axis=0) for fold in folds]
glue("ch11_tested", f"{np.min(tested)} to {np.max(tested)}")
glue("ch11_lr_half", f"{means.loc['LR', 'f1_macro_untuned']:.2f}")
glue("ch11_lr_tuned", f"{means.loc['LR', 'f1_macro']:.2f}")
for key, frame in parts_of.items():
    glue(f"ch11_better_{key}", listed(frame, "better"))
    glue(f"ch11_worse_{key}", listed(frame, "worse"))
    for short, name in {"smote": "SMOTE", "under": "random under-sampling"}.items():
        line = frame.loc[name]
        glue(f"ch11_{short}_{key}", f"{line.difference:+.3f}")
        glue(f"ch11_{short}_{key}_interval", f"{line.low:+.3f} to {line.high:+.3f}")
        glue(f"ch11_{short}_{key}_verdict", verdict(line))

# %% [markdown]
# At 0.5, clearly better than the rows as they are: {glue:text}`ch11_better_half`. SMOTE is ahead by
# {glue:text}`ch11_smote_half` ({glue:text}`ch11_smote_half_interval`).
#
# With tuned thresholds, clearly better: {glue:text}`ch11_better_all`. Clearly worse:
# {glue:text}`ch11_worse_all`. SMOTE's difference is {glue:text}`ch11_smote_all`
# ({glue:text}`ch11_smote_all_interval`): {glue:text}`ch11_smote_all_verdict`. The tuned
# logistic regression on untouched rows makes {glue:text}`ch11_lr_tuned`; at 0.5 it made
# {glue:text}`ch11_lr_half` (both are means over the folds), and that gap was all that resampling
# had to offer.
#
# Headline and tail apart, since a mean over 16 genres can hide three:
#
# - **Headline.** Better: {glue:text}`ch11_better_head`. Worse: {glue:text}`ch11_worse_head`.
# - **Tail.** Better: {glue:text}`ch11_better_tail`. Worse: {glue:text}`ch11_worse_tail`. SMOTE's
#   difference is {glue:text}`ch11_smote_tail`, but its interval reaches from
#   {glue:text}`ch11_smote_tail_interval`. A fold tests {glue:text}`ch11_tested` films of such a
#   genre, so a true gain of a tenth would not have shown. We do *not* know that SMOTE does nothing
#   for Westerns. We know that {glue:text}`ch11_tail_films` films are too few to see it.
# - **Ranking** (mAP, which has no threshold). Better: {glue:text}`ch11_better_map`. Worse:
#   {glue:text}`ch11_worse_map`.
#
# One loose end. In the table of the leak, AP rose with SMOTE *inside* the folds too, from
# {glue:text}`ch11_none_ap` to {glue:text}`ch11_smote_inside_ap`, and AP has no threshold to move.
# Does the ranking of the tail improve after all? Over all genres mAP does not
# ({glue:text}`ch11_smote_map`, {glue:text}`ch11_smote_map_interval`). And there is a duller
# explanation. Twice the rows, of which half are rare, also weaken the penalty of the logistic
# regression. So we weaken it by hand, `C = 0.1` for `C = 0.01`, and resample nothing.

# %% tags=["nbval-check"]
weaker = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
ap_weaker = np.mean(
    [
        average_precision_score(
            target[:, genre], out_of_fold(weaker, data, target[:, genre], fold_of)
        )
        for genre in tail
    ]
)
print(
    f"mean AP of the tail: as they are {leak.loc[('none', ''), 'AP']:.2f}, "
    f"SMOTE {leak.loc[('SMOTE', 'inside the fold'), 'AP']:.2f}, "
    f"weaker penalty {ap_weaker:.2f}"
)

# %% tags=["hide-input"]
glue("ch11_ap_weaker", f"{ap_weaker:.2f}")

# %% [markdown]
# A weaker penalty alone makes {glue:text}`ch11_ap_weaker`. It is one repeat, and we chose 0.1
# after the fact, so this is no better setting; it only shows that the rise needs no synthetic
# film. A sampler is to be compared with a rival whose penalty was chosen with the same care.
#
# Ten ways and several metrics make many intervals; at 95 %, two in forty exclude zero by chance
# alone. So a "worse" by a hair, on its own, should not be taken as proven either.
#
# {cite:t}`elor2022` found the same on many tables of two classes: balancing helped weak learners
# and metrics with a fixed threshold, and did not help strong ones, whose threshold can be moved
# instead. Ours is one data set, one kind of vector and one linear model with a fixed penalty. For
# other models, measure again.

# %% [markdown]
# ## The price of under-sampling
#
# Clearly worse over all sixteen genres: {glue:text}`ch11_worse_all`. With tuned thresholds,
# random under-sampling makes {glue:text}`ch11_under_all` macro-F1
# ({glue:text}`ch11_under_all_interval`). The reason stands in the figure of the rows. A
# classifier with 384 weights was fitted on {glue:text}`ch11_under_rows` films; the rest of the
# training rows went into the bin.
#
# Which films are kept is an accident, too. So we draw ten times, with ten seeds, and look at the
# average precision for *Western*.

# %% tags=["nbval-check"]
is_western = target[:, western]
draws = np.array(
    [
        out_of_fold(
            make_pipeline(
                StandardScaler(), RandomUnderSampler(random_state=seed), classifier
            ),
            data,
            is_western,
            fold_of,
        )
        for seed in range(10)
    ]
)
ap = [average_precision_score(is_western, draw) for draw in draws]
ap_mean = average_precision_score(is_western, draws.mean(axis=0))
plain = live["as they are"].scores[0][:, western]
ap_plain = average_precision_score(is_western, plain)
print(f"one draw: AP {min(ap):.2f} to {max(ap):.2f}, mean {np.mean(ap):.2f}")
print(f"mean of ten draws' probabilities: AP {ap_mean:.2f}")
print(f"all rows: AP {ap_plain:.2f}")

# %% tags=["hide-input"]
glue("ch11_ap_low", f"{min(ap):.2f}")
glue("ch11_ap_high", f"{max(ap):.2f}")
glue("ch11_ap_ten", f"{ap_mean:.2f}")
glue("ch11_ap_all", f"{ap_plain:.2f}")

# %% [markdown]
# From one seed to the next the same method makes between {glue:text}`ch11_ap_low` and
# {glue:text}`ch11_ap_high`. A single run could be sold as a failure or as a promise. The mean of
# ten draws makes {glue:text}`ch11_ap_ten`: it has seen more of the films that a single draw throws
# away. All rows at once make {glue:text}`ch11_ap_all`, with one fit instead of ten. These are
# {glue:text}`ch11_western_count` positive films, so read the pattern and not the second decimal.
#
# There is a good use: where the frequent class has millions of rows that say the same thing over
# and over, dropping most of them saves time and costs little. We have hundreds.

# %% [markdown] tags=["exercise"]
# ### Exercise 11.4 (10 minutes, 3 points)
# A report says: "Our classes were imbalanced (1:40). After SMOTE, the F1 of the rare class rose
# from 0.03 to 0.41 in ten-fold cross-validation, so we deployed the SMOTE model. Its
# probabilities are shown to the staff." Write down three questions to the authors, in the order of
# their weight, and say what each answer would change. Then name a situation in which you would
# still resample.

# %% [markdown] tags=["hint"]
# Where was the sampler? Which threshold? Who reads the probabilities?

# %% [markdown] tags=["solution"]
# 1. *Was SMOTE fitted inside each fold?* If not, the number means nothing. A value of 0.41 does
#    not look like a leak, but a weak model with a leak looks just like this.
# 2. *What is the F1 without SMOTE at a tuned threshold?* 0.03 at 0.5 only says that a calibrated
#    model of a rare class seldom exceeds 0.5. If tuning alone makes 0.4, SMOTE has done nothing.
#    One would also ask for an interval of the difference.
# 3. *Were the probabilities corrected or calibrated after SMOTE?* If not, the staff reads risks
#    that are several times too high. This may be the worst of the three, since people act on it.
#
# One may still resample where a learner has no probabilities to put a threshold on, or its
# training breaks down without enough positives in a batch; where a tool allows no other threshold
# than 0.5; or to save time on an abundant class. Then inside the folds, against a tuned baseline,
# and with calibration afterwards.

# %% [markdown] tags=["rubric"]
# - One point a question that says what its answer would change; the first must be where the sampler
#   stood. Half a point for a question without consequence.
# - The situation for resampling need not be in the text, but has to say why moving a threshold
#   would not do there.
# - Common misconceptions: SMOTE adds information; a high F1 after SMOTE proves the ranking better;
#   probabilities stay usable. Ten minutes.

# %% [markdown]
# ## Your score
#
# Three of the exercises check themselves. Exercise 11.4 asks for a judgement: hold yours against
# the solution in the book.

# %% tags=["check"]
checks.summary()

# %% [markdown]
# ## Quiz
#
# Choose, then unfold your choice. Each says why it is right or wrong.
#
# <!-- quiz: 11_resampling -->

# %% [markdown]
# ## What we learned
#
# - We resample inside the folds or not at all. SMOTE before the split made an F1 of
#   {glue:text}`ch11_smote_fake_f1` out of one of {glue:text}`ch11_smote_inside_f1`, and throwing
#   the synthetic rows out of the test set does not mend it.
# - At a threshold of 0.5 every way that makes both sides equal looks good, copies as good as
#   SMOTE. It is a moved threshold, paid for with calibration: the model expects
#   {glue:text}`ch11_expect_smote` Westerns where there are {glue:text}`ch11_western_count`.
# - With tuned thresholds, clearly better than doing nothing: {glue:text}`ch11_better_all`. We ask
#   for this baseline before we believe in a sampler.
# - Under-sampling throws films away, and its result depends on the seed.
# - With a handful of films a genre, "no clear difference" is a statement about our data, not about
#   the method. And a matrix whose rows have one label each may be taken for classes.
#
# ## References
#
# ```{bibliography}
# :filter: docname in docnames
# ```
