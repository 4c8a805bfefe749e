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
# # Never out of memory
#
# **About 30 minutes to read.**
# You need {doc}`06_script_embeddings_in_chunks`: windows, the mean of windows, the receipt.
# Terms are in the {doc}`glossary <../book/glossary>`.
#
# <!-- cost: 07_never_out_of_memory -->
#
# Two questions from the chapter before:
#
# 1. Why does our encoder read windows of at most 512 tokens?
# 2. Turn a script around, window by window. Does the mean of its windows change?
#
# :::{dropdown} Answers
# 1. It knows a token's place only from a table, and the table has 512 rows. The rest of a
#    longer text would be cut off; so we cut the text into windows and read them all.
# 2. No. A mean does not know the order in which its parts came. Remember this: it is the reason
#    why the windows of many scripts can share a batch, and come back in any order.
# :::
#
# This project began with a line that many people have read in the evening:
# *CUDA out of memory*. The patient was a script of 50,000 words. The usual advice is to encode
# one script at a time, to take a smaller model, to delete variables, to switch off gradients.
# This chapter is a clinic: we measure before we prescribe. In it we will:
# - write down what is in memory when a transformer runs, and check the formula on a real one;
# - give the four old remedies to a patient, and measure what each really saves;
# - see what bounds memory for good;
# - drive a process out of memory on purpose, and watch it recover;
# - read a receipt column by column.
#
# All of it is measured on the CPU, even if your machine has a GPU, so that everyone can repeat
# it. The same tensors lie in a GPU's memory. What its own libraries add to them we have not
# recorded, and so this chapter gives no GPU figure; in the profile `full` its last section
# measures yours.

# %% [markdown]
# ## What is in memory
#
# Four kinds of things take memory: the model's *weights*; its *activations*, the numbers that
# its layers make of the text on the way; what *training* adds; and the results that we keep.
# We take them in turn. First the weights of our encoder, in `float32`, four bytes a number.

# %% tags=["nbval-check"]
from genrelab.encoding.models import load_model

network = load_model(precision="float32", device="cpu").network
n_weights = sum(weight.numel() for weight in network.parameters())
word_table = network[0].auto_model.embeddings.word_embeddings.weight.numel()

print(f"{n_weights / 1e6:.1f} million weights, {n_weights * 4 / 2**20:.0f} MiB")
print(f"{word_table / n_weights:.0%} of them are the table of words")

# %% tags=["hide-input"]
from genrelab.evaluation import glue

weights_mib = n_weights * 4 / 2**20
glue("ch07_weights_mib", f"{weights_mib:.0f}")
glue("ch07_word_share", f"{word_table / n_weights:.0%}")

# %% [markdown]
# That is {glue:text}`ch07_weights_mib` MiB, the same for one word and for a thousand scripts. With
# an encoder of this size, weights are not the trouble.
#
# ### Activations
#
# For each token a layer holds a row of 384 numbers, its *width*. Let us count in such rows. From
# the input (1 row) the layer makes queries, keys and values (3 rows, by which attention finds out
# which tokens matter to which), and from them a mixture (1) that is added to the input and
# normalised. Then comes a small net that is four times as wide: 4 rows before its bend, 4 rows
# after it, and back to 1.
#
# When only the result is wanted, a row is dropped as soon as nobody needs it. The highest point
# is then inside the small net: 4 rows before the bend, 4 after it, and the input of the net and
# of the layer, which wait. That makes 10 rows a token. The *number* of layers does not matter:
# each uses the room of the one before.
#
# When *gradients* are wanted, everything that the way back needs must stay: the input, queries,
# keys, values, the mixture, the two sums, the normalised row, and both times 4 rows. We count 16
# rows a token, and here every layer counts.
#
# Then there is attention. It works 12 times side by side, in so many *heads*, and each of them
# compares each token with each other in the window. Older code writes these comparisons into a
# *table of pairs*: 12 × 512 numbers for each token, as many as another 16 rows. Newer code (SDPA,
# *scaled dot product attention*) computes the same sums piece by piece and never writes the table
# {cite:p}`rabe2021,dao2022`.
#
# In code:

# %%
WIDTH, LAYERS, HEADS, BYTES = 384, 6, 12, 4


def activation_bytes(tokens: int, window: int, gradients: bool, pairs: bool) -> int:
    """Return the most that activations take, by our count."""
    table = HEADS * window if pairs else 0
    if gradients:
        return tokens * BYTES * LAYERS * (16 * WIDTH + table)
    return tokens * BYTES * max(10 * WIDTH, 4 * WIDTH + 2 * table)


# %% [markdown]
# (Without gradients the table is there twice for a moment, before and after a step of its
# making, beside the layer's input, queries, keys and values: 4 rows. For models that train in
# 16 bit, {cite:t}`korthikanti2022` count in the same way.)
#
# `tokens` are *padded* tokens: the longest window of the batch times the number of windows. A
# padded place costs as much as a word.
#
# To check the formula we need a measuring tape. `tensor_trace` notes, by torch's profiler, each
# time a tensor takes memory or gives it back. We run a batch of four windows in four ways.
#
# :::{admonition} Predict before you run
# :class: tip
# Without gradients 10 rows a token at most; with gradients 16 rows in each of 6 layers. How many
# times as much memory does one and the same batch take with gradients on, as they are by
# default?
# :::

# %% tags=["nbval-check"]
import torch

from genrelab.datasets import load
from genrelab.encoding.measure import tensor_trace

plays = load("plays")
play_ids = torch.tensor(network.tokenizer(plays.texts[0], verbose=False)["input_ids"])


def batch(windows: int, length: int = 512) -> torch.Tensor:
    """Return the first windows of a play, as token ids of shape (windows, length)."""
    return play_ids[: windows * length].reshape(windows, length)


def encode(ids: torch.Tensor, encoder: torch.nn.Module = network) -> torch.Tensor:
    """Return one vector a window, of shape (windows, 384)."""
    features = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return encoder(features)["sentence_embedding"]


ids = batch(4)
traces = {}
for attention in ("sdpa", "eager"):
    network[0].auto_model.set_attn_implementation(attention)
    for gradients in (False, True):
        with torch.set_grad_enabled(gradients):
            trace = tensor_trace(lambda: encode(ids))
        expected = activation_bytes(ids.numel(), 512, gradients, attention == "eager")
        traces[attention, gradients] = trace
        print(
            f"{attention:5} gradients {gradients!s:5} measured {trace.max() / expected:.1f} "
            "of what the formula says"
        )
network[0].auto_model.set_attn_implementation("sdpa")

# %% tags=["hide-input"]
peaks = {way: trace.max() for way, trace in traces.items()}
worst = max(
    abs(peak / activation_bytes(ids.numel(), 512, way[1], way[0] == "eager") - 1)
    for way, peak in peaks.items()
)
glue("ch07_worst", f"{worst:.0%}")
glue("ch07_with_gradients", f"{peaks['sdpa', True] / peaks['sdpa', False]:.0f}")
glue("ch07_eager_with", f"{peaks['eager', True] / peaks['sdpa', True]:.1f}")
glue("ch07_eager_without", f"{peaks['eager', False] / peaks['sdpa', False]:.1f}")
glue("ch07_batch_without", f"{peaks['sdpa', False] / 2**20:.0f}")
glue("ch07_batch_with", f"{peaks['sdpa', True] / 2**20:.0f}")

# %% [markdown]
# The formula holds to {glue:text}`ch07_worst`. One batch of four windows takes
# {glue:text}`ch07_batch_without` MiB, and {glue:text}`ch07_batch_with` MiB with gradients:
# {glue:text}`ch07_with_gradients` times as much. Writing the table of pairs makes it
# {glue:text}`ch07_eager_without` times as much without gradients, and
# {glue:text}`ch07_eager_with` times with them. The switch for SDPA is on by default in current
# libraries; an old script, or a call that asks for the attention weights, turns it off.
#
# The same two passes in time. Each step is a tensor that came or went; look for the six layers.

# %%
import pandas as pd

from genrelab import plots

plots.memory_lines(
    {
        "with gradients": pd.Series(traces["sdpa", True] / 2**20),
        "without": pd.Series(traces["sdpa", False] / 2**20),
    },
    xlabel="tensors that came or went, in order",
    title="With gradients a pass climbs stairs; without, it uses the same room six times",
)

# %% [markdown]
# With gradients every layer adds a stair, and all stairs stay to the end. Without them the layers
# are bumps of the same height, one after the other.
#
# ### Resident memory
#
# Tensors are what torch asks for. What the operating system hands out is *resident memory*, the
# figure that a task manager shows; it adds the work space of the matrix libraries, and pieces
# that the C library keeps for later. We watch it from a second thread, on a batch of eight
# windows, after a first small pass that pays for what happens only once.

# %%
from genrelab.encoding.measure import resident_peak

eight = batch(8)
resident = {}
with torch.inference_mode():
    encode(ids[:1])
for gradients in (False, True):
    with torch.set_grad_enabled(gradients):
        held = resident_peak(lambda: encode(eight))
    expected = activation_bytes(eight.numel(), 512, gradients, False)
    resident[gradients] = (held - expected) / 2**20
    print(
        f"gradients {gradients!s:5} formula {expected / 2**20:3.0f} MiB, "
        f"resident memory rises by {held / 2**20:3.0f} MiB"
    )

# %% tags=["hide-input"]
glue("ch07_resident_without", f"{resident[False]:.0f}")
glue("ch07_resident_with", f"{resident[True]:.0f}")

# %% [markdown]
# Without gradients the process grows by {glue:text}`ch07_resident_without` MiB more than the
# formula says, with them by {glue:text}`ch07_resident_with` MiB. This part is not proportional:
# it weighs for a small batch and vanishes beside a large one. We take it for pieces that were
# released and wait in the C library for their next use, and for work space; we have not traced
# it. It depends on the machine and on what ran before, so yours will differ. Leave some room.
#
# ### Training, and what we keep
#
# Training adds a gradient for each weight, and Adam {cite:p}`kingma2015`, the usual optimiser,
# keeps two running averages for each. Three more numbers a weight, then. Is it so?

# %% tags=["nbval-check"]
import copy

student = copy.deepcopy(network)


def train_one_step() -> torch.optim.Optimizer:
    """Forwards, backwards, and one step of Adam; the target does not matter here."""
    optimizer = torch.optim.Adam(student.parameters())
    encode(batch(1), student).sum().backward()
    optimizer.step()
    return optimizer


stays = tensor_trace(train_one_step)[-1]
print(
    f"after one step there are {stays / (4 * n_weights):.1f} numbers more for each weight"
)

# %% [markdown]
# So it is, and they stay. An encoder that is only used needs none of this.
#
# Last, the results. One window's vector is 1.5 kB, which is nothing, until one collects them.

# %% tags=["nbval-check"]
import numpy as np

scripts = load("script_features")
n_windows = np.ceil(scripts.n_tokens / 510)
of_a_script = np.median(n_windows) * WIDTH * BYTES
print(f"a script, all windows kept:          {of_a_script / 2**10:6.0f} kB")
print(
    f"{len(scripts)} scripts, all windows kept:      "
    f"{n_windows.sum() * WIDTH * BYTES / 2**20:6.0f} MB"
)
print(f"a million scripts, all windows kept: {1e6 * of_a_script / 2**30:6.0f} GB")
print(f"a million scripts, one vector each:  {1e6 * WIDTH * BYTES / 2**30:6.1f} GB")

# %% [markdown]
# A library that piles up window vectors on the GPU until the last text is done will work in the
# test with ten scripts, and die at night in the run with all of them.

# %% [markdown] tags=["exercise"]
# ### Exercise 7.1 (5 minutes, 1 point)
# Beside the weights, 4 GiB are free. How many windows of 512 tokens fit into one batch without
# gradients, and how many with them? Put the two numbers into `fits` and `fits_training`; use
# `activation_bytes`, with SDPA. (Leave out what Adam keeps.)

# %% [markdown] tags=["hint"]
# `activation_bytes(512, 512, gradients, False)` is the price of one window. How often does it go
# into `4 * 2**30`?

# %% tags=["solution"]
fits = ...
fits_training = ...
### BEGIN SOLUTION
fits = 4 * 2**30 // activation_bytes(512, 512, False, False)
fits_training = 4 * 2**30 // activation_bytes(512, 512, True, False)
### END SOLUTION
print(fits, fits_training)

# %% tags=["check"]
from genrelab import checks

checks.ch07_ex1(fits, fits_training)

# %% [markdown] tags=["rubric"]
# - Half a point a number.
# - Common wrong answers: $10^9$ bytes for a GiB; the price with the table of pairs; rounding up,
#   which is out of memory by one window.
# - Follow-up: what changes for a model of twice the depth? Only the second number. Five minutes.

# %% [markdown]
# ## Four old remedies
#
# Now the patient: a loop as one writes it on the first day. It puts all windows of all scripts
# through the network and keeps the vectors. Gradients are on, because nobody turned them off.
#
# We give it the old remedies, one after the other, and measure three things:
# - the *peak*, as a share of the untreated patient's;
# - the peak for *twice as many* scripts, and for scripts *twice as long*, each as a multiple of
#   the peak before.
#
# The last two matter most. A remedy that lets the peak grow has not cured anything: a larger
# corpus or a longer script will come.
#
# :::{admonition} Predict before you run
# :class: tip
# "One script at a time" with gradients on, three scripts of one, one and two windows: which
# share of the patient's memory will it take? And does deleting variables in the loop help?
# :::

# %%
import gc

half = copy.deepcopy(network)
half[0].auto_model.encoder.layer = half[0].auto_model.encoder.layer[:3]


def untreated(texts: list[torch.Tensor]) -> torch.Tensor:
    return encode(torch.cat(texts))


def one_at_a_time(texts: list[torch.Tensor]) -> list[torch.Tensor]:
    return [encode(ids) for ids in texts]


def deleting(texts: list[torch.Tensor]) -> list[torch.Tensor]:
    kept = []
    for ids in texts:
        vectors = encode(ids)
        kept.append(vectors)
        del vectors
        gc.collect()
    return kept


def keeping_numbers(texts: list[torch.Tensor]) -> list[np.ndarray]:
    kept = []
    for ids in texts:
        vectors = encode(ids)
        kept.append(vectors.detach().numpy())
        del vectors
    return kept


def smaller_model(texts: list[torch.Tensor]) -> torch.Tensor:
    return encode(torch.cat(texts), half)


# %%
remedies = {
    "untreated: all in one batch": untreated,
    "one script at a time": one_at_a_time,
    "... and deleting variables": deleting,
    "... and keeping only numbers": keeping_numbers,
    "a model of half the layers": smaller_model,
    "no gradients": torch.inference_mode()(untreated),
    "... and half the layers": torch.inference_mode()(smaller_model),
    "... and one script at a time": torch.inference_mode()(one_at_a_time),
}
three = [batch(n, length=128) for n in (1, 1, 2)]
twice_as_many = three * 2
twice_as_long = [torch.cat([ids, ids]) for ids in three]


def peak(remedy: object, texts: list[torch.Tensor]) -> int:
    """Return the most that tensors hold while a remedy works."""
    return tensor_trace(lambda: remedy(texts)).max()


patient = peak(untreated, three)
rows = {}
for name, remedy in remedies.items():
    now = peak(remedy, three)
    more, longer = peak(remedy, twice_as_many) / now, peak(remedy, twice_as_long) / now
    rows[name] = {"peak": now / patient, "twice as many": more, "twice as long": longer}
measured = pd.DataFrame(rows).T
print(measured.round(2).to_string())

# %% tags=["hide-input"]
glue("ch07_one", f"{measured.loc['one script at a time', 'peak']:.0%}")
glue("ch07_deleting", f"{measured.loc['... and deleting variables', 'peak']:.0%}")
glue("ch07_numbers", f"{measured.loc['... and keeping only numbers', 'peak']:.0%}")
glue("ch07_half", f"{measured.loc['a model of half the layers', 'peak']:.0%}")
glue("ch07_none", f"{measured.loc['no gradients', 'peak']:.0%}")
glue("ch07_none_one", f"{measured.loc['... and one script at a time', 'peak']:.0%}")
layers = sum(weight.numel() for weight in half.parameters())
glue("ch07_half_weights", f"{layers / n_weights:.0%}")

# %% [markdown]
# **One script at a time** takes {glue:text}`ch07_one` of the patient's memory. Are you surprised?
# The loop keeps each vector, each vector remembers how it was made, and so all the activations
# of all the scripts stay. The batch is smaller and the memory is not.
#
# **Deleting variables** brings it to {glue:text}`ch07_deleting`. `del` removes a *name*. The
# tensor goes when nobody holds it any more, and the list still holds it. Nor can `gc.collect()`
# help, or emptying the GPU's cache: nothing of this is garbage.
#
# What helps is to keep only the numbers: after `.detach()` a vector no longer remembers. Now one
# script at a time takes {glue:text}`ch07_numbers`, its longest script. (The `del` in that loop
# has work to do: without it, the last script's activations wait under the name `vectors` while
# the next script makes its own.)
#
# **A smaller model**, here with 3 of the 6 layers, takes {glue:text}`ch07_half`, because with
# gradients every layer counts. Without them it would save nothing but its weights, and of those
# {glue:text}`ch07_half_weights` remain, for the table of words is the larger part. And its
# vectors are other vectors: what that costs in quality has to be measured.
#
# **No gradients** takes {glue:text}`ch07_none`. It is the best of the four and it costs nothing.
# Encode under `torch.inference_mode()`, always.
#
# Now look at the last two columns. Even the best combination grows with the length of a script.
# It is {glue:text}`ch07_none_one` of where we began, and a factor like this one feels like a
# cure: the script that failed yesterday goes through today. Then a longer one comes.

# %% [markdown]
# ## What bounds memory for good
#
# Nothing in the formula says that a batch must be a script, or a number of scripts. The peak
# depends on padded tokens. So that is what we fix.
#
# ### A budget of tokens
#
# `ScriptEncoder` cuts all documents into windows, and fills each batch up to a `token_budget`:
# longest window times number of windows. The windows of a long script spread over many batches;
# short scripts share one. We let it and the two best loops encode documents of growing length.

# %%
from functools import partial

from genrelab.encoding import ScriptEncoder

settings = {"window": 256, "precision": "float32", "device": "cpu"}
encoder = ScriptEncoder(token_budget=512, **settings).fit()
ways = {
    "with gradients": lambda ids, text: encode(ids),
    "no gradients": lambda ids, text: torch.inference_mode()(encode)(ids),
    "a budget of 512 tokens": lambda ids, text: encoder.transform([text]),
}
by_length = {name: {} for name in ways}
for n in (1, 2, 4, 8):
    ids = batch(n, length=256)
    text = network.tokenizer.decode(ids.flatten(), skip_special_tokens=True)
    for name, way in ways.items():
        held = tensor_trace(partial(way, ids, text)).max()
        by_length[name][ids.numel()] = held / 2**20

lines = {name: pd.Series(held) for name, held in by_length.items()}
plots.memory_lines(
    lines,
    xlabel="tokens of the document (logarithmic scale)",
    log=True,
    title="Remedies lower the line; only a budget makes it flat",
)

# %% tags=["hide-input"]
flat = lines["a budget of 512 tokens"]
plain = lines["no gradients"]
glue("ch07_budget_growth", f"{flat.loc[2048] / flat.loc[512]:.2f}")
glue("ch07_plain_growth", f"{plain.loc[2048] / plain.loc[512]:.1f}")

# %% [markdown]
# From a document of 512 tokens, which fills the budget, to one of 2,048, the best of the old
# remedies grows by a factor of {glue:text}`ch07_plain_growth`, the encoder by a factor of
# {glue:text}`ch07_budget_growth`. Its line stops rising where the first batch is full.
#
# The budget itself is a knob with a physical meaning. Let us turn it, on one and the same text.

# %% tags=["nbval-check"]
text = network.tokenizer.decode(
    batch(8, length=256).flatten(), skip_special_tokens=True
)
by_budget = {}
for budget in (256, 512, 1024):
    encoder.set_params(token_budget=budget)
    by_budget[budget] = tensor_trace(lambda: encoder.transform([text])).max()
    share = by_budget[budget] / activation_bytes(budget, 256, False, False)
    print(f"budget {budget:5,}: measured {share:.1f} of the formula")

# %% [markdown]
# Twice the budget, twice the memory, as the formula says. So a budget can be computed from the
# memory that is free, or simply tried out: with `token_budget="auto"` the encoder doubles it as
# long as a batch fits and gets faster, once for each device, and remembers the result.
#
# ### Pool as you go
#
# A budget bounds the activations. The results must be bounded too. For a mean we do not need
# the windows' vectors side by side: a running sum is enough, and each vector can go as soon as
# it is added. Such *streaming pooling* holds one row for a document, however long it is. We feed
# two pools of the encoder, one for the mean and one that keeps all windows.

# %%
import tracemalloc

from genrelab.encoding.pooling import open_pool
from genrelab.windows import windows

vector = np.ones(WIDTH, dtype=np.float32)
pooled = {}
for pooling in ("mean", "windows"):
    for n in (100, 10_000):
        spans = windows(n * 510, 510)
        tracemalloc.start()
        pool = open_pool(pooling, spans, WIDTH)
        for number in range(n):
            pool.add(number, vector)
        pooled[pooling, n], _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(f"{pooling:8} {n:6,} windows: {pooled[pooling, n] / 2**10:8,.0f} kB held")

# %% tags=["hide-input"]
glue("ch07_pooled", f"{pooled['windows', 10_000] / pooled['mean', 10_000]:.0f}")

# %% [markdown]
# The sum is one row of 384 numbers. What grows in the first pool is the weight of each window in
# the mean, a number or two of bookkeeping. For the longer text, keeping every vector takes
# {glue:text}`ch07_pooled` times as much.
#
# The vectors are made in `float32`, or in shorter numbers still; the sum is kept in `float64`.
# A sum of many small numbers in a short format loses its last digits as it grows.
#
# ### Back off
#
# A budget that fits today may not fit tomorrow: somebody else uses the GPU, or the windows are
# longer. When memory runs out all the same, the encoder halves the budget and tries *that batch*
# again. What is finished stays finished. In outline:
#
# 1. Catch the error, and check that it really means memory. Every other error is raised again.
# 2. *Leave the `except` block.* An exception holds the frames in which it arose, and these hold
#    the tensors. Whoever tries again inside the block tries with less memory than before.
# 3. Give what is free back to the device, halve the budget, and cut the batch.
# 4. Keep the smaller budget for the rest of the run; warn once, with the numbers.
# 5. If a single window does not fit, stop, and say so. There is nothing left to halve.

# %% [markdown] tags=["exercise"]
# ### Exercise 7.2 (10 minutes, 2 points)
# A mean can be streamed; so can a standard deviation. Write the loop: it sees each window's
# vector once and may keep three things only, the number of windows so far, a mean and a sum of
# squares. Put the result (384 numbers) into `spread`.

# %% [markdown] tags=["hint"]
# {cite:t}`welford1962`: for each vector, `step = vector - mean`; then move the mean by
# `step / count`, and add `step * (vector - mean)`, with the *new* mean, to the sum of squares.

# %% tags=["solution"]
all_windows = ScriptEncoder(pooling="windows", token_budget=512, **settings)
vectors = all_windows.transform([text])[0]
count, mean, squares = 0, np.zeros(WIDTH), np.zeros(WIDTH)
for vector in vectors:
    count += 1
    ### BEGIN SOLUTION
    step = vector - mean
    mean += step / count
    squares += step * (vector - mean)
    ### END SOLUTION
spread = np.sqrt(squares / count)

# %% [markdown] tags=["solution"]
# The shorter way, to stream the sum and the sum of squares and to subtract at the end, also holds
# little. But it subtracts two large numbers that are nearly equal, and loses digits by that.
# Welford's way does not.

# %% tags=["check"]
checks.ch07_ex2(spread, vectors)

# %% [markdown] tags=["rubric"]
# - Two points for the loop; one if only the order of the two means is wrong.
# - Common wrong answers: the old mean used twice, or the new one; all vectors kept in a list, which
#   passes the check and misses the point: take one point.
# - Ten minutes, and paper.

# %% [markdown]
# ## Out of memory, on purpose
#
# Now we want to see it. In a process of its own, we encode the openings of three plays. Then we
# tell the operating system to give this process no more than 96 MiB beyond what it holds, raise
# the budget to a batch that cannot fit, and encode again. The error is a real one: the network
# asks for memory and gets none. (The limit works on Linux, as on Colab.)

# %%
import os
import subprocess
import sys

CRAMPED = """
import resource, warnings, numpy as np, psutil
from genrelab.datasets import load
from genrelab.encoding import ScriptEncoder

warnings.formatwarning = lambda message, *_: f"warning: {message}\\n\\n"
texts = [text[:9_000] for text in load("plays").texts[:3]]
encoder = ScriptEncoder(window=256, token_budget=1024, precision="float32", device="cpu")
roomy = encoder.fit_transform(texts)

limit = psutil.Process().memory_info().vms + 96 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
encoder.set_params(token_budget=8192)
cramped = encoder.transform(texts)

columns = ["tokens", "windows", "truncated", "token_budget", "backoffs"]
print(encoder.receipts_[columns].to_string())
print("largest difference to the run with room:", f"{np.abs(cramped - roomy).max():.1g}")
"""
done = subprocess.run(
    [sys.executable, "-c", CRAMPED],
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
    # Otherwise the C library reserves as much again for each thread, and keeps what is freed.
    env={**os.environ, "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(2**20)},
)
print(done.stdout)

# %% [markdown]
# Read it from the top. The warning names the device, the batch that failed, the old budget and
# the new one, and what to pass next time. It comes once, though the budget may have been halved
# more often: `backoffs` counts how many batches of a document had to be tried again, and
# `token_budget` is the budget that was in force when the document was finished.
#
# And the vectors are the same, up to the last digits of a `float32`. This is what the second
# question at the top was for. A window's vector does not depend on its neighbours in the batch,
# and a document's vector does not depend on the order in which its windows come back. So batches
# can be cut anywhere, and cut again.

# %% tags=["nbval-check"]
print("survived:", done.returncode == 0 or (done.returncode, done.stdout[-500:]))
print("warned once:", done.stdout.count("out of memory on cpu") == 1)

# %% [markdown]
# What if one single window does not fit? We refuse memory altogether: before the network runs, a
# hook asks the allocator for a million gigabytes. No machine has them, so every batch fails.

# %%
from torch.nn.modules.module import register_module_forward_pre_hook

from genrelab.encoding import WindowTooLargeError


def no_room(module: torch.nn.Module, inputs: tuple) -> None:
    """Ask for more than there is."""
    torch.empty(2**50, dtype=torch.uint8)


hook = register_module_forward_pre_hook(no_room)
try:
    encoder.set_params(token_budget=256).transform([text])
except WindowTooLargeError as error:
    print(error)
finally:
    hook.remove()

# %% [markdown]
# The error says which window, where, in which number format, with which budget, how much memory
# is free and how much there is, and three things to do. Compare it with the line at the top of
# this chapter.

# %% [markdown] tags=["exercise"]
# ### Exercise 7.3 (15 minutes, 3 points)
# Write the back-off yourself. `cramped` stands for a network: it returns one number a window,
# and fails for more than 5 windows. Complete `encode_all` so that all windows are encoded, in
# order, whichever function `encode_batch` it is given: the size is halved after each failure and
# stays so, and no window is encoded twice. Retry *outside* the `except`. Raise if a single window
# does not fit, and let every error pass that is not about memory.

# %% [markdown] tags=["hint"]
# `failed = False` before the `try`, `failed = True` inside the `except`. After the block: if it
# failed, halve `size` (or `raise` anew at size 1); the loop does the rest. The next batch is
# `numbers[len(finished) : len(finished) + size]`.

# %% tags=["solution"]
sizes_tried = []


def cramped(numbers: list[int]) -> list[int]:
    """Encode at most five windows."""
    sizes_tried.append(len(numbers))
    if len(numbers) > 5:
        raise MemoryError(f"{len(numbers)} windows do not fit")
    return [number**2 for number in numbers]


def encode_all(
    numbers: list[int], size: int, encode_batch: object = cramped
) -> list[int]:
    """Encode in batches of ``size``, smaller where memory runs out."""
    finished = []
    ### BEGIN SOLUTION
    while len(finished) < len(numbers):
        failed = False
        try:
            finished += encode_batch(numbers[len(finished) : len(finished) + size])
        except MemoryError:
            failed = True
        if failed and size == 1:
            raise MemoryError("one single window does not fit")
        if failed:
            size //= 2
    ### END SOLUTION
    return finished


found = encode_all(list(range(40)), size=32)
print(f"{len(found)} windows in batches of {sizes_tried}")

# %% tags=["check"]
checks.ch07_ex3(encode_all)

# %% [markdown] tags=["rubric"]
# - One point for complete and in order, one for nothing done twice, one for the retry outside the
#   `except` and for giving up where it must.
# - Common wrong answers: a fresh start after each failure; `except Exception`, which also hides
#   bugs; a size that falls to 0 and loops for ever.
# - Fifteen minutes; let beginners draw the loop first.

# %% [markdown]
# ## The receipt
#
# For every document the encoder writes a receipt. Here are two short texts, encoded twice with a
# *store*, a folder that keeps finished vectors. One text is missing in the second run, as happens
# in real data; `on_error="collect"` encodes the others and lists it.

# %%
import tempfile
import warnings

with (
    tempfile.TemporaryDirectory() as folder,
    warnings.catch_warnings(record=True) as said,
):
    warnings.simplefilter("always")
    encoder = ScriptEncoder(
        window=256, token_budget=1024, store=folder, on_error="collect", device="cpu"
    )
    encoder.transform([plays.texts[0][:4_000], "Two men wait for a train."])
    second = encoder.transform(
        [plays.texts[0][:4_000], None, "Nobody comes."], ids=["play", "lost", "short"]
    )

print(encoder.receipts_.round({"seconds": 3}).T.to_string(header=False))
print(encoder.errors_.to_string(index=False))
print("warning:", said[-1].message)

# %% [markdown]
# Line by line:
#
# | receipt | what it says | when to look twice |
# |---|---|---|
# | `index`, `id` | which document, in your order | |
# | `tokens` | its length, for this model | above 2 a word: a language it does not know |
# | `windows` | pieces that were read | 1 everywhere: are these whole texts? |
# | `truncated` | tokens that no window read | not 0: a fault of the encoder |
# | `seconds` | its share of its batches' time | |
# | `token_budget` | the budget when it was finished | below yours: start there next time |
# | `backoffs` | batches of it that were tried again | above 0: who else uses the device? |
# | `from_store` | read back, not encoded | true: `seconds` are those of the first run |
#
# `summary_` has the whole run in one line. The document that is missing has a line in `errors_`
# and a row of NaN in the result, so that rows and films still match. A missing text that becomes
# a vector of zeros, without a word, would be worse than a crash.

# %% [markdown]
# ## Beside others, recorded
#
# Does all this caution cost speed? Beside our encoder stand the naive loop and the usual library
# for such models, sentence-transformers, here called the *peer*. The comparison takes most of an
# hour, so it was recorded, by `genrelab bench encode`; the file names the machine. All systems
# encode the same windows of 512 tokens, in turn, and the medians of the rounds are compared. Each
# ratio is a system's time in units of ours. The cosine compares a system's vectors with its own in
# `float32`; we print the lowest.
#
# Two number formats occur: `float32`, and *bfloat16* with half as many bits. Some processors have
# units that multiply it several times as fast; others have none and must imitate it. So look at
# two records: first a processor without such units, then one with them. The second record has
# speeds alone, as that machine was at hand for minutes only.

# %% tags=["nbval-check"]
from genrelab.evaluation import read_result

recorded, with_units = read_result("encode"), read_result("encode_speed")
for record in (recorded, with_units):
    speed, hardware = record["speed"], record["hardware"]
    print(
        f"{hardware['cpu']}, {hardware['cores']} cores, {record['rounds']} rounds, "
        f"{speed['tokens']:,} tokens, ours in {speed['precision']}, "
        f"commit {record['commit'][:7]}"
    )
    for system in speed["systems"]:
        print(
            f"  {system['system']}:\n    {system['tokens_per_second']:8,.0f} tokens/s, "
            f"{system['ratio']:.2f} times our time, "
            f"cosine {system['lowest_cosine_to_float32']:.4f}"
        )
    print(
        f"  share of the machine's bare matrix products: {speed['share_of_matrix_rate']:.0%}"
    )

# %% tags=["hide-input"]
for mark, record in {"": recorded, "_units": with_units}.items():
    systems = pd.DataFrame(record["speed"]["systems"]).set_index("system")
    for key, part in {
        "default": "its defaults",
        "best": "batch",
        "naive": "naive loop",
    }.items():
        system = systems[systems.index.str.contains(part)].iloc[0]
        glue(f"ch07_ratio_{key}{mark}", f"{system.ratio:.2f}")
        glue(f"ch07_cosine_{key}{mark}", f"{system.lowest_cosine_to_float32:.4f}")
    ours = systems.loc["ScriptEncoder"]
    glue(f"ch07_cosine_ours{mark}", f"{ours.lowest_cosine_to_float32:.5f}")
    glue(f"ch07_rate_ours{mark}", f"{ours.tokens_per_second:,.0f}")
    glue(f"ch07_precision{mark}", record["speed"]["precision"])
    glue(f"ch07_share_matrix{mark}", f"{record['speed']['share_of_matrix_rate']:.0%}")

memory = recorded["memory"]
glue("ch07_more_documents", f"{memory['documents 4 to 80']:.0f}")
glue("ch07_longer", f"{memory['one document, 20,000 to 400,000 words']:.0f}")

by_words = pd.DataFrame(recorded["by_length"]).set_index("words")["tokens_per_second"]
glue("ch07_flat", f"{1 - by_words.min() / by_words.max():.0%}")
glue("ch07_slowest", f"{by_words.idxmin():,}")
glue("ch07_fastest", f"{by_words.idxmax():,}")

killed = recorded["killed"]
for key, number in killed.items():
    glue(f"ch07_killed_{key}", f"{number}")
dropped = recorded["dropped"]
glue("ch07_dropped_256", f"{dropped['256']:.0%}")
glue("ch07_dropped_512", f"{dropped['512']:.0%}")

# %% [markdown]
# Take the first machine. Our encoder finds no units for bfloat16 there, keeps to
# {glue:text}`ch07_precision`, and reads {glue:text}`ch07_rate_ours` tokens a second.
# `SentenceTransformer.encode` with its defaults takes {glue:text}`ch07_ratio_default` times our
# time in the same number format. So caution costs nothing here, and it wins nothing either: we
# reach {glue:text}`ch07_share_matrix` of the rate of the machine's bare matrix products, measured
# in the same run, and nobody can leave those out. The naive loop, one window a call and gradients
# on, takes {glue:text}`ch07_ratio_naive` times as long.
#
# The peer in `bfloat16` takes {glue:text}`ch07_ratio_best` times our time there, at the best of
# five batch sizes. Half the bits, and far slower: without units for it, a number format is
# imitated. `precision="auto"` asks the processor first.
#
# Now the second machine. Ours multiplies in {glue:text}`ch07_precision_units` and reads
# {glue:text}`ch07_rate_ours_units` tokens a second; the peer with its defaults, in `float32`,
# takes {glue:text}`ch07_ratio_default_units` times as long. Is that skill? The fair opponent is
# the same peer in `bfloat16`, at the batch size that suits it best. It takes
# {glue:text}`ch07_ratio_best_units` times our time. So the gap was the number format alone. The
# lowest cosine of its vectors to those of `float32` is {glue:text}`ch07_cosine_best_units`, of
# ours {glue:text}`ch07_cosine_ours_units`.
#
# There the bare products are only {glue:text}`ch07_share_matrix_units` of the whole: they are so
# quick that everything around them counts. A profile names it: attention, the bias that is copied
# into each result, the bend of the small net as a pass of its own, numbers that change their
# format on the way. (The profile is of the first machine; what is there to name is the same.) Mind
# the commits: the second record is older than today's encoder, which lets oneDNN, the library below
# PyTorch, do bias and bend inside the product (`genrelab.encoding.fused`), and runs the whole
# transformer in bfloat16. How much that wins on such a machine, we have not measured.
#
# Memory, in processes of their own: from 4 documents to 80, resident memory rises by
# {glue:text}`ch07_more_documents` MiB; from a document of 20,000 words to one of 400,000, by
# {glue:text}`ch07_longer` MiB. The texts grow twentyfold in both. And speed: from a thousand words
# to half a million, the slowest rate (at {glue:text}`ch07_slowest` words) is
# {glue:text}`ch07_flat` below the fastest (at {glue:text}`ch07_fastest`).
#
# The store was put to the test, too. An encoding of {glue:text}`ch07_killed_documents` texts was
# killed {glue:text}`ch07_killed_kills` times at a random moment, and started again each time.
# Vectors lost that had been written: {glue:text}`ch07_killed_written_vectors_lost`. Vectors that
# differ from those of an undisturbed run: {glue:text}`ch07_killed_wrong`.
#
# One number is missing from the comparison of speeds. Fed with the 38 plays as they are, the peer
# would be done much sooner, since it reads 256 tokens of each and drops
# {glue:text}`ch07_dropped_256` of the text; with its limit raised to 512, still
# {glue:text}`ch07_dropped_512`. It gives no warning. That, too, is a way never to run out of
# memory.

# %% [markdown] tags=["exercise"]
# ### Exercise 7.4 (10 minutes, 3 points)
# A colleague has mended his out-of-memory errors: "I catch the error, call `empty_cache()`, halve
# the batch size and start the whole run again. To be safe I also cut each text after 20,000
# words, and I call `del` and `gc.collect()` after each batch. It has run for a week." Which of
# these would you keep, which change, which drop? What would you ask to see?

# %% [markdown] tags=["hint"]
# For each step: which term of memory does it lower, and is that term what bounds the peak? What
# does it cost, and who would notice?

# %% [markdown] tags=["solution"]
# Keep the idea of halving, but not the new start: finished texts are thrown away, and a failure
# in the last hour costs the whole night. Retry the one batch, outside the `except`. And batch
# size is the wrong knob where lengths differ: a batch of 8 short texts and one of 8 long ones
# have little in common. Padded tokens are the right one.
#
# Drop the cut after 20,000 words. Once a text is read in windows, its length does not enter the
# peak, so the cut saves no memory at all; it only removes endings, and nobody would notice.
# Drop `del` and `gc.collect()` too, after a check that gradients are off and that only numbers
# are kept: if memory grows without them, something still holds a graph, and that is the thing to
# mend.
#
# Ask for receipts: tokens and truncated tokens of each text, and the peak of a run of ten
# texts beside that of a run of a thousand. "It has run for a week" says that nothing crashed,
# not that everything was read.

# %% [markdown] tags=["rubric"]
# - Three points: what to keep (halving), what to change (retry one batch, budget of tokens), what
#   to drop (the cut, `del`), each with the term of memory it touches. One point for each of the
#   three.
# - Asking for receipts, or for the peak at two sizes of corpus, can make up for one omission.
# - Common misconceptions: `del` frees what a list still holds; `empty_cache` makes room for live
#   tensors; a run that ends has read all. Ten minutes.

# %% [markdown]
# ## On your GPU
#
# All figures above are of a CPU. In the profile `full` the next cell repeats three of them on your
# GPU, or on the CPU if there is none: the formula, on a batch of eight windows; the encoder's
# memory for four plays and for all of them; and, on a GPU, a run that is given 256 MiB more than
# it holds and a budget that cannot fit. Look for two numbers that are nearly the same, and for
# vectors that are. If encoding all plays takes longer than a few seconds, it says how many
# minutes. In the default profile the cell does nothing: you have seen it all.

# %%
import time

from genrelab.encoding.models import resolve_device
from genrelab.encoding.within import encode_within
from genrelab.settings import profile


def rise(device: str, work: object) -> float:
    """Return by how many MiB memory rises: that of tensors on a GPU, else that of the process."""
    if device == "cpu":
        return resident_peak(work) / 2**20
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    return (torch.cuda.max_memory_allocated() - before) / 2**20


if profile() == "full":
    device = resolve_device("auto")
    there, ids = (
        load_model(precision="float32", device=device).network,
        batch(8).to(device),
    )
    encode(ids[:1], there)
    for gradients in (False, True):
        expected = activation_bytes(ids.numel(), 512, gradients, False) / 2**20
        with torch.set_grad_enabled(gradients):
            measured = rise(device, lambda: encode(ids, there))
        print(
            f"{device}, gradients {gradients!s:5} formula {expected:5,.0f} MiB, "
            f"measured {measured:5,.0f} MiB"
        )

    reader = ScriptEncoder(window=256)
    reader.fit_transform(["The first text pays for the probe of the budget."])
    for n in (4, len(plays)):
        began = time.perf_counter()
        measured = rise(
            device, lambda n=n: encode_within(reader, plays.texts[:n], minutes=10)
        )
        print(
            f"{device}, {n} plays: {time.perf_counter() - began:,.0f} s, "
            f"memory rises by {measured:,.0f} MiB"
        )

    if device != "cpu":
        some = [text[:60_000] for text in plays.texts[:8]]
        roomy = reader.transform(some)
        torch.cuda.empty_cache()
        limit = torch.cuda.memory_reserved() + 256 * 2**20
        whole = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(limit / whole)
        try:
            tight = reader.set_params(token_budget=262_144).transform(some)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        print(
            f"cramped: {reader.receipts_['backoffs'].max()} backoffs, largest difference to the "
            f"run with room {np.abs(tight - roomy).max():.1g}"
        )
else:
    print("profile 'default': nothing to repeat")

# %% [markdown]
# ## Your score
#
# Three of the exercises check themselves. Exercise 7.4 asks for a judgement: hold yours against
# the solution in the book.

# %% tags=["check"]
checks.summary()

# %% [markdown]
# ## Quiz
#
# Choose, then unfold your choice. Each says why it is right or wrong.
#
# <!-- quiz: 07_never_out_of_memory -->

# %% [markdown]
# ## What we learned
#
# - Without gradients the peak is about ten rows for each padded token of a batch, whatever the
#   depth; with gradients it is {glue:text}`ch07_with_gradients` times as much. We can compute it
#   before we run.
# - `torch.inference_mode()` is the one old remedy that costs nothing. One script at a time and
#   `del` do nothing while the kept vectors remember how they were made.
# - A factor is not a bound. What bounds memory is a budget of padded tokens, pooling as the
#   windows come, and a retry of the one batch that failed.
# - Running out of memory need not end a run: the vectors are the same afterwards.
# - We read the receipt: truncated is 0, backoffs say how close it was.

# %% [markdown]
# ## References
#
# ```{bibliography}
# :filter: docname in docnames
# ```
