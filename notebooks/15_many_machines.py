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
# # Many machines
#
# **About 25 minutes to read.** You need {doc}`06_script_embeddings_in_chunks` (windows, vectors,
# receipts). Terms are in the {doc}`glossary <../book/glossary>`.
#
# <!-- cost: 15_many_machines -->
#
# Two questions from the chapters before:
#
# 1. Why does the cost of a script grow with its length when we cut it into windows, and with the
#    square of its length when we do not?
# 2. What does a receipt say, and why do we ask for it?
#
# :::{dropdown} Answers
# 1. Attention compares each token with each other token *in its window*. Windows have a fixed
#    size, so twice the text is twice the windows. Without windows, twice the text is four times
#    the pairs.
# 2. How many tokens of a text the model has read, and how many it has not. Without it, a model
#    that read one page in sixty looks like one that read them all.
# :::
#
# All chapters of this course run on one machine, most of them on two cores. Some day somebody
# comes with a million documents. In this chapter we will:
# - work out what a million scripts cost, in tokens, hours and money, and change the assumptions;
# - see where the bottleneck goes when the model gets fast;
# - find out how many machines are too many;
# - run our encoder on a cluster, a small one, and compare it with one machine;
# - pull the plug on a worker;
# - decide when to leave all this alone.

# %% [markdown]
# ## A thousand scripts, and a million
#
# To multiply, we need the *mean* length. A total is the number of scripts times their mean; the
# median, which describes a typical script better, would not do.

# %% tags=["nbval-check"]
import numpy as np

from genrelab.datasets import load

scripts = load("script_features")
mean_tokens = scripts.n_tokens.mean()
million = 1_000_000 * mean_tokens

print(
    f"{len(scripts):,} scripts: {mean_tokens:,.0f} tokens each on average, "
    f"median {np.median(scripts.n_tokens):,.0f}"
)
print(f"a million such scripts: {million / 1e9:,.1f} billion tokens")

# %% [markdown]
# How fast is one machine? `genrelab bench encode` has timed our encoder on windows of 512 tokens;
# the file names the machine.
#
# :::{admonition} Predict before you run
# :class: tip
# A thousand scripts on two CPU cores: minutes, hours or days? And a million?
# :::

# %% tags=["nbval-check"]
from genrelab.evaluation import read_result

recorded = read_result("encode")
ours = recorded["speed"]["systems"][0]
cpu_rate = ours["tokens_per_second"]

print(f"{ours['system']}: {cpu_rate:,.0f} tokens/s on {recorded['hardware']['cpu']}")
for n_scripts in (1_000, 1_000_000):
    hours = n_scripts * mean_tokens / cpu_rate / 3600
    print(f"{n_scripts:9,} scripts: {hours:7,.1f} hours, {hours / 24:5.1f} days")

# %% tags=["hide-input"]
from genrelab.evaluation import glue

matrix_share = recorded["speed"]["share_of_matrix_rate"]
glue("ch15_million", f"{million / 1e9:,.0f}")
glue("ch15_thousand_hours", f"{1_000 * mean_tokens / cpu_rate / 3600:,.1f}")
glue("ch15_cpu_days", f"{million / cpu_rate / 3600 / 24:,.0f}")
glue("ch15_matrix_share", f"{matrix_share:.2f}")

# %% [markdown]
# A thousand scripts take {glue:text}`ch15_thousand_hours` hours. Nobody needs a cluster for that:
# start it in the evening. A million take {glue:text}`ch15_cpu_days` days. A machine may well run
# for so long, but nobody waits for it with pleasure, and a mistake found on the last day costs the
# same again.

# %% [markdown]
# ## The arithmetic of a GPU
#
# This page was made without a GPU, so it cannot time one. But we can compute. Three numbers are
# needed.
#
# **Work.** A token of a 512-token window costs MiniLM a fixed number of multiplications and
# additions (FLOP, floating-point operations): `token_flop` counts them from the shapes of its
# six layers.
#
# **Peak.** What the chip can do at most, from its data sheet: 65 TFLOP/s (65 million million a
# second) in half precision for a T4 {cite:p}`nvidiat4`, the GPU that Colab lends, and 312 for an
# A100 {cite:p}`nvidiaa100`.
#
# **Utilisation.** The share of the peak that a real program reaches. This is an *assumption*, and
# the weakest number here. On the CPU our encoder reached {glue:text}`ch15_matrix_share` of what
# the machine's matrix products alone make. Against a data sheet the share is lower: MiniLM's
# matrices are small for a GPU, and a T4 slows its clock when it gets hot {cite:p}`jia2019`. We
# take 0.3. Change it.
#
# Prices are on demand, in the region us-east-1 of one provider, and will be wrong when you read
# this: \$0.526 an hour for a machine with one T4 {cite:p}`skypilotcatalog`, and \$2.745 for one of
# the eight A100s of a larger machine, which is let as a whole {cite:p}`datareceipts`.

# %% tags=["nbval-check"]
import pandas as pd

from genrelab.bench.encode import token_flop

UTILISATION = 0.3  # an assumption: change it

gpus = pd.DataFrame(
    {"peak": [65e12, 312e12], "usd_an_hour": [0.526, 2.745]}, index=["T4", "A100"]
)


def bill(flop_a_token: float, n_tokens: float) -> pd.DataFrame:
    """Tokens a second, hours and dollars on one GPU of each kind."""
    tokens_per_s = gpus["peak"] * UTILISATION / flop_a_token
    hours = n_tokens / tokens_per_s / 3600
    usd = hours * gpus["usd_an_hour"]
    return pd.DataFrame({"tokens_per_s": tokens_per_s, "hours": hours, "usd": usd})


minilm = bill(token_flop(512), million)
print(f"{token_flop(512) / 1e6:.0f} million FLOP a token")
print(minilm.map("{:,.1f}".format))

# %% tags=["hide-input"]
glue("ch15_flop", f"{token_flop(512) / 1e6:.0f}")
for gpu in gpus.index:
    glue(f"ch15_{gpu.lower()}_hours", f"{minilm.loc[gpu, 'hours']:.0f}")
    glue(f"ch15_{gpu.lower()}_usd", f"{minilm.loc[gpu, 'usd']:.0f}")
    glue(f"ch15_{gpu.lower()}_rate", f"{minilm.loc[gpu, 'tokens_per_s'] / 1e6:.1f}")

# %% [markdown]
# If the assumption holds, one small GPU encodes a million scripts in {glue:text}`ch15_t4_hours`
# hours, for about \${glue:text}`ch15_t4_usd`. That is less than a lunch. A five times faster GPU
# is done sooner and costs about the same, because its price is about five times as high.
#
# So it is not the million that makes a cluster necessary. What is it, then? The model.
# Each token goes through all the weights of a network, two operations a weight. Let us send the
# same million scripts through larger ones: an encoder of the size of BERT-base
# {cite:p}`devlin2019`, with some 86 million weights in its layers, and one made of a language
# model with 7 thousand million {cite:p}`wang2024`. (The attention comes on top; we leave it out.)

# %% tags=["nbval-check"]
models = {"MiniLM": token_flop(512), "BERT-base": 2 * 86e6, "7B": 2 * 7e9}
days = pd.DataFrame(
    {name: bill(flop, million)["hours"] / 24 for name, flop in models.items()}
)
usd = pd.DataFrame({name: bill(flop, million)["usd"] for name, flop in models.items()})
print("days on one GPU")
print(days.map("{:,.1f}".format))
print("dollars")
print(usd.map("{:,.0f}".format))

# %% tags=["hide-input"]
glue("ch15_7b_days", f"{days.loc['A100', '7B']:,.0f}")
glue("ch15_7b_usd", f"{usd.loc['A100', '7B']:,.0f}")

# %% [markdown]
# Now we are talking: {glue:text}`ch15_7b_days` days of an A100 and \${glue:text}`ch15_7b_usd`. (A
# T4 could hardly hold the 7B model in its 16 GB.) Who wants this within a day needs as many GPUs
# as there are days, and who pays this will first try what chapter 6 taught: whether word counts, a
# small encoder or fewer windows do as well.

# %% [markdown] tags=["exercise"]
# ### Exercise 15.1 (5 minutes, 1 point)
# The million scripts must be encoded by the 7B model within 24 hours, on A100s. How many GPUs do
# you rent? Put the smallest number into `n_gpus`; forget for now that machines must start.

# %% [markdown] tags=["hint"]
# `bill(models["7B"], million)` knows the hours of one GPU.

# %% tags=["solution"]
n_gpus = ...
### BEGIN SOLUTION
one_gpu = bill(models["7B"], million).loc["A100", "hours"]
n_gpus = int(np.ceil(one_gpu / 24))
print(n_gpus)
### END SOLUTION

# %% tags=["check"]
from genrelab import checks

checks.ch15_ex1(n_gpus, bill)

# %% [markdown] tags=["rubric"]
# - One point for the smallest whole number.
# - Common wrong answers: rounded down; T4s for A100s; hours taken for machines.
# - Five minutes.

# %% [markdown] tags=["exercise"]
# ### Exercise 15.2 (10 minutes, 2 points)
# A machine with two virtual CPUs rents from about \$0.08 an hour in the same list
# {cite:p}`skypilotcatalog`. Suppose that it is as fast as the machine of our recorded run. How
# cheap would its hour have to be to make a million scripts as cheap as a T4 makes them? Put the
# price into `break_even`. What do you conclude about cheap machines?

# %% [markdown] tags=["hint"]
# The T4's bill is `minilm.loc["T4", "usd"]`. The CPU needs `million / cpu_rate / 3600` hours.

# %% tags=["solution"]
break_even = ...
### BEGIN SOLUTION
break_even = minilm.loc["T4", "usd"] / (million / cpu_rate / 3600)
print(f"${break_even:.3f} an hour")
### END SOLUTION

# %% [markdown] tags=["solution"]
# A price an hour says nothing without a speed. The T4's hour costs several times as much and
# does many times the work. The comparison leans on our assumption of 0.3, though: if a T4 reached
# only a few per cent of its peak, the order would turn. That is why one runs a thousand scripts on
# each kind of machine, and measures, before one rents a hundred of them.

# %% tags=["check"]
checks.ch15_ex2(break_even, minilm, cpu_rate)

# %% [markdown] tags=["rubric"]
# - One point for the price, one for the conclusion that a price an hour means nothing without a
#   speed.
# - Common wrong answers: the listed price used as the answer; the A100's bill; the T4's price an
#   hour.
# - Who remarks that all of it hangs on the assumed utilisation deserves praise. Ten minutes.

# %% [markdown]
# ## The bottleneck moves
#
# A faster GPU does not make the rest faster. Before the model can read a text, a *tokenizer*
# cuts it into tokens, on the CPU. How fast is it? We take a play, and give the tokenizer one
# core.

# %%
import os
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from genrelab.encoding import ScriptEncoder

plays = load("plays")
encoder = ScriptEncoder(window=256, token_budget=4096, precision="float32").fit()
play = plays.texts[plays.titles.index("The Comedy of Errors")]
start = time.perf_counter()
n_tokens = len(encoder._tokenizer(play))
tokenizer_rate = n_tokens / (time.perf_counter() - start)
print(f"{tokenizer_rate:,.0f} tokens/s on one core here")
print(f"{len(play.encode()) / n_tokens:.1f} bytes a token")

# %% [markdown]
# On the machines that we have seen, one core makes 0.2 to 1 million tokens a second. Beside a model
# that runs on the CPU we need not think of it: it is dozens of times as fast. Beside a GPU it is
# not. How many cores must tokenise to keep one GPU busy?

# %% tags=["nbval-check"]
cores = pd.DataFrame(
    {
        f"{rate / 1e6:.1f} M/s a core": minilm["tokens_per_s"] / rate
        for rate in (2e5, 5e5, 1e6)
    }
)
print(cores.map("{:.1f}".format))

# %% tags=["hide-input"]
glue("ch15_t4_cores", f"{cores.loc['T4'].min():.0f} to {cores.loc['T4'].max():.0f}")
glue(
    "ch15_a100_cores", f"{cores.loc['A100'].min():.0f} to {cores.loc['A100'].max():.0f}"
)

# %% [markdown]
# A T4 reads {glue:text}`ch15_t4_rate` million tokens a second (at our assumed utilisation) and
# needs {glue:text}`ch15_t4_cores` cores; its rented machine has four. An A100 needs
# {glue:text}`ch15_a100_cores`; with fewer, it waits, and waits at its full price. It is not alone:
# {cite:t}`luan2025` start from the observation that preparing the data on CPUs is often what
# limits work on GPUs.
#
# So our encoder tokenises once, in a thread that runs ahead of the model, and the tokenizer's
# library spreads one text over the cores that it may use. If a fast GPU still waits, give it more
# than one worker: with `gpus_per_worker=0.25`, four of them share it, and while one tokenises
# another computes.
#
# :::{note}
# The next bottleneck would be reading. At four bytes a token a million scripts are some 150 GB.
# Spread over the hours above, that is a few megabytes a second: any disk can do it, but not
# every home connection. The vectors are small: 384 numbers of four bytes, 1.5 GB for the million.
# :::

# %% [markdown]
# ## How many machines are too many?
#
# A hundred machines are never a hundred times as fast. Some part of the work does not shrink:
# machines must start, install and load the model. If that takes $s$ hours and the rest $w$ hours
# on one machine, then $n$ machines need
#
# $$
# s + \frac{w}{n},
# $$
#
# and no number of machines gets below $s$ {cite:p}`amdahl1967`. All of them are paid while they
# start.

# %% tags=["nbval-check"]
START = 10 / 60  # hours until a machine works: an assumption

w = minilm.loc["T4", "hours"]
machines = pd.Index([1, 4, 16, 64, 256], name="T4s")
hours = START + w / machines
amdahl = pd.DataFrame(
    {
        "hours": hours,
        "speed_up": hours[0] / hours,
        "usd": machines * hours * gpus.loc["T4", "usd_an_hour"],
    },
    index=machines,
)
print(amdahl.map("{:.1f}".format))

# %% tags=["hide-input"]
glue("ch15_speed_256", f"{amdahl.loc[256, 'speed_up']:.0f}")
glue("ch15_usd_16", f"{amdahl.loc[16, 'usd'] / amdahl.loc[1, 'usd']:.1f}")
glue("ch15_usd_256", f"{amdahl.loc[256, 'usd'] / amdahl.loc[1, 'usd']:.1f}")

# %% [markdown]
# Sixteen machines cost {glue:text}`ch15_usd_16` times as much as one. 256 machines are
# {glue:text}`ch15_speed_256` times as fast and {glue:text}`ch15_usd_256` times as dear. The
# sensible number lies where the last doubling still buys a time that somebody waits for.
#
# There is a second loss. The work is handed out in pieces, and the last piece ends when it ends:
# the others wait for the *straggler*. {cite:t}`dean2004` start a second copy of late pieces, which
# helps against slow machines. It does not help against a piece that is simply large
# {cite:p}`lin2009`, and scripts differ a lot in length. We can simulate this with the real
# lengths. Whoever is free takes the next batch; time is counted in tokens.

# %%
import heapq

from genrelab import plots


def last_one_done(n_tokens: np.ndarray, machines: int, batch: int) -> float:
    """Tokens that the busiest machine reads when whoever is free takes the next batch."""
    busy_until = [0.0] * machines
    for first in range(0, len(n_tokens), batch):
        work = n_tokens[first : first + batch].sum()
        heapq.heapreplace(busy_until, busy_until[0] + work)
    return max(busy_until)


rng = np.random.default_rng(0)
orders = [rng.permutation(scripts.n_tokens) for _ in range(5)]
counts = [1, 2, 4, 8, 16, 32, 64]
speed_ups = {
    name: pd.DataFrame(
        [[o.sum() / last_one_done(o, n, batch) for o in orders] for n in counts],
        index=counts,
    )
    for name, batch in {
        "one script": 1,
        "batches of 16": 16,
        "batches of 64": 64,
    }.items()
}
plots.learning_curve(
    speed_ups,
    xlabel="machines",
    metric="times as fast as one",
    runs="random orders",
    title="With few batches, added machines have nothing to do",
)

# %% tags=["hide-input"]
for name, key in {
    "one script": "1",
    "batches of 16": "16",
    "batches of 64": "64",
}.items():
    glue(f"ch15_pieces_{key}", f"{speed_ups[name].loc[64].mean():.0f}")
longest = scripts.n_tokens.max()
glue("ch15_longest", f"{longest / mean_tokens:.1f}")
glue("ch15_bound", f"{scripts.n_tokens.sum() / longest:,.0f}")
glue("ch15_n_scripts", f"{len(scripts):,}")

# %% [markdown]
# For our {glue:text}`ch15_n_scripts` scripts, 64 machines are {glue:text}`ch15_pieces_1` times as
# fast as one when scripts are handed out one by one, and {glue:text}`ch15_pieces_64` times when
# they come in batches of 64: there are just not enough batches. And no cluster in the world could
# be more than {glue:text}`ch15_bound` times as fast, for the longest script,
# {glue:text}`ch15_longest` times the average, is read by one machine.
#
# Small pieces balance better; large pieces cost less to hand out and fill the model's batches
# better. With a million scripts, batches of 16 are small enough for thousands of machines. With
# a thousand scripts, one machine is.

# %% [markdown] tags=["exercise"]
# ### Exercise 15.3 (10 minutes, 3 points)
# Old advice for packing a suitcase: the big things first. Hand out the scripts one by one, the
# longest first, to 64 machines. Put the speed-up into `longest_first`, and compare it with the
# mean of the random orders. Before you run: better, worse, or the same?

# %% [markdown] tags=["hint"]
# `np.sort(scripts.n_tokens)[::-1]` sorts downwards. The speed-up is the sum of all tokens over
# what `last_one_done` returns.

# %% tags=["solution"]
longest_first = ...
### BEGIN SOLUTION
downwards = np.sort(scripts.n_tokens)[::-1]
longest_first = downwards.sum() / last_one_done(downwards, 64, 1)
print(
    f"longest first {longest_first:.1f}, "
    f"random orders {speed_ups['one script'].loc[64].mean():.1f}"
)
### END SOLUTION

# %% [markdown] tags=["solution"]
# Better. At the end only short scripts are left, and they fill the gaps. Our encoder does the
# same with its batches for another reason: if the largest one does not fit into memory, it is
# better to know at once.

# %% tags=["check"]
checks.ch15_ex3(longest_first)

# %% [markdown] tags=["rubric"]
# - Two points for the speed-up, one for the reason: short scripts fill the gaps at the end.
# - Common wrong answers: shortest first; tokens of the busiest machine instead of a ratio; exactly
#   64, which ignores that scripts are not cut.
# - Ten minutes.

# %% [markdown]
# ## Doing it twice must not hurt
#
# A job of an hour on one machine either works or is started again. A job of a hundred machines
# *will* lose some of them: a disk fills, a *spot* machine, rented cheaply on recall, is taken
# back. So pieces get lost, and are done again, and sometimes done twice. This is harmless if doing
# it twice gives the same as doing it once; such work is called *idempotent*.
#
# Encoding is. The vector depends on the text, the model and the settings, and on nothing else:
# not on the machine, not on the order, not on what came before. So our store on disk keeps each
# vector under a *key* that is computed from exactly these. Who asks for a vector that is there
# gets it; who writes it a second time writes the same.

# %% tags=["nbval-check"]
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
settings = {"window": 256, "token_budget": 4096, "precision": "float32"}
texts = pd.DataFrame(
    {
        "play": plays.titles[:8],
        "text": [text[: 1_000 + 500 * i] for i, text in enumerate(plays.texts[:8])],
    }
)

encoder = ScriptEncoder(**settings, store=folder / "store")
for attempt in ("first run", "second run"):
    one_machine = encoder.transform(texts["text"].tolist())
    from_store = int(encoder.receipts_["from_store"].sum())
    print(f"{attempt}: {from_store} of {len(texts)} vectors came from the store")

# %% [markdown]
# Put the store on a disk that all machines share, and a job that broke off after nine hours of
# ten goes on where it was. In this respect the cluster is only a faster way to fill the store.

# %% [markdown]
# ## The same encoder on a cluster
#
# Starting processes on other machines, sending them texts, holding back the reader when they
# cannot follow, replacing the dead: all this has been written before, and better than we would
# do it. We use Ray {cite:p}`moritz2018` and its library for data {cite:p}`luan2025`. In Ray, an
# *actor* is a process with a memory of its own, on any machine of the cluster. Ours loads the
# model once and then encodes the batches that it is handed. `genrelab.encoding.ray` is the thin
# door to it: parquet files (tables on disk) in, parquet files out.
#
# A cluster may be as small as one machine. Ours has two CPUs, and the code would be the same for
# two hundred.

# %% tags=["hide-input"]
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec

warnings.filterwarnings("ignore", module="ray")


@contextmanager
def quietly() -> Iterator[None]:
    """Keep off the page what Ray's own processes have to say."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


has_ray = find_spec("ray") is not None
if not has_ray:
    print("Ray is not installed, so the cells with a cluster are skipped. To run them:")
    print("pip install genrelab[ray]")

# %% tags=["nbval-check"]
os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"

logging.getLogger("ray.widgets").setLevel(logging.ERROR)

if has_ray:
    import ray
    import ray.data

    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    print(f"a cluster with {ray.cluster_resources()['CPU']:.0f} CPUs")

# %% [markdown]
# Two workers encode the eight excerpts, two at a time. We give them no store, or they would have
# nothing to do. What should we compare? Tokens must agree exactly. Vectors may differ in their
# last digits, for the machines put other windows together into batches, and sums of numbers with
# seven digits depend on their order.

# %% tags=["nbval-check"]
from genrelab.encoding.ray import encode_parquet

texts.to_parquet(folder / "texts.parquet")


def compare_with_one_machine(target: Path) -> None:
    """Print how the vectors in a folder differ from those of the single machine."""
    rows = pd.read_parquet(target)
    found = rows.set_index("play").loc[texts["play"]]
    vectors = np.stack(found["vector"])
    norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(one_machine, axis=1)
    cosines = (vectors * one_machine).sum(axis=1) / norms
    print(
        f"{len(rows)} rows, {found['truncated'].sum()} tokens truncated, tokens as on one "
        f"machine: {found['tokens'].tolist() == encoder.receipts_['tokens'].tolist()}"
    )
    print(
        f"largest difference {np.abs(vectors - one_machine).max():.4f}, "
        f"lowest cosine {cosines.min():.4f}"
    )


if has_ray:
    with quietly():
        encode_parquet(
            folder / "texts.parquet",
            folder / "vectors",
            workers=2,
            batch_size=2,
            **settings,
        )
    compare_with_one_machine(folder / "vectors")

# %% [markdown]
# The same. This test also stands in the package's test suite, and it should stand in yours: run a
# few documents on both, and compare, before you rent anything. The most common differences are a
# different version of the model on the workers, and a setting that did not travel.

# %% [markdown]
# ## Pulling the plug
#
# Now we let a worker die. `pooling` may be a function of our own; this one makes the ordinary
# mean, but the first time that it is called, it ends its process on the spot, without a word, as
# a power cut would. This time there is one worker, so nobody else can finish what it began.
#
# :::{admonition} Predict before you run
# :class: tip
# The only worker dies in the middle of its first batch. How many rows will the result have: none,
# eight or ten?
# :::

# %% tags=["nbval-check"]
power_cut = folder / "power_cut"


def mean_after_a_power_cut(vectors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average the windows; die at the first call."""
    if not power_cut.exists():
        power_cut.touch()
        os._exit(1)
    return weights @ vectors


if has_ray:
    with quietly():
        encode_parquet(
            folder / "texts.parquet",
            folder / "after_the_cut",
            workers=1,
            batch_size=2,
            pooling=mean_after_a_power_cut,
            **settings,
        )
        ray.shutdown()
    print("a worker has died:", power_cut.exists())
    compare_with_one_machine(folder / "after_the_cut")

# %% [markdown]
# Eight rows, the same vectors. Ray noticed the death, started another worker and handed it the
# lost batch, and then the rest. What was lost is the time of one batch, which is a reason to keep
# batches small.
#
# It would hand the batch out again and again. Think of a text so strange that it kills whoever
# reads it, say by filling the memory: it would kill one worker after the other, all night, at
# full price. So set a limit on the time of the whole job, and keep a store, in which all other
# texts are safe.

# %% [markdown]
# ## What else goes wrong
#
# - **Nothing happens, for ever.** The workers claim all CPUs, and none is left for the reader
#   that should feed them. Keep `cpus_per_worker` below a worker's share; ours is 0.5.
# - **All workers compute in one thread.** Ray gives a worker as many threads as it has whole CPUs,
#   at least one. Take as many workers as cores, or give each several CPUs and leave some free.
# - **The GPU is at 30 %.** Too few cores tokenise, or batches are too small. Let several workers
#   share the GPU; raise the `token_budget`.
# - **Rows come back in another order.** Who is done first writes first. Carry a column that names
#   the document, and sort by it.
# - **Rows are there twice.** A second run wrote into the same folder. Our door refuses a folder
#   that exists.
# - **One empty text ends a night's work.** The encoder raises unless it is told otherwise. With
#   `on_error="collect"` a column says what was refused, and why.
# - **Vectors differ a little.** Some machine has another version of the model, or another
#   precision. Pin both.
# - **The bill goes on.** Machines were left running. Set a time limit on the cluster itself.

# %% [markdown] tags=["exercise"]
# ### Exercise 15.4 (10 minutes, 3 points)
# A colleague wants a Ray cluster of eight T4s. Each night, 20,000 new contracts of 40 pages
# arrive (say 20,000 tokens each), and by morning each must have a MiniLM vector. Work out what
# the job needs with the numbers of this chapter. What do you advise, and what would make you
# change your mind?

# %% [markdown] tags=["hint"]
# `bill(token_flop(512), 20_000 * 20_000)`. How long is a night?

# %% tags=["solution"]
contracts = 20_000 * 20_000
### BEGIN SOLUTION
print(bill(token_flop(512), contracts).map("{:,.2f}".format))
print(f"on two CPU cores: {contracts / cpu_rate / 3600:.1f} hours")
### END SOLUTION

# %% [markdown] tags=["solution"]
# The work is minutes of one T4, half an hour if our utilisation is three times too high. One
# machine with a T4 has time to spare, and a machine with eight good CPU cores may just do. To
# start a cluster would take longer than the work. The advice: one machine, one scheduled
# command with a store, and a look at the receipts in the morning.
#
# Reasons to change one's mind: a much larger model; an archive of millions to encode once, by
# Friday; a promise that the vectors are there within a minute of a contract's arrival; or a
# cluster that is there anyway, with people who look after it. A fear that the numbers will grow
# is no such reason: the store and the code stay the same when they do.

# %% [markdown] tags=["rubric"]
# - One point for the arithmetic (minutes of one T4, hours of two cores), one for advising one
#   machine with a store, one for reasons that would change one's mind.
# - Advice for a cluster can earn two points if its reason is a deadline or a model, not a fear of
#   growth.
# - Common misconceptions: eight GPUs are eight times as fast for a job of minutes; a night is
#   short. Ten minutes.

# %% [markdown]
# ## When not to use many machines
#
# - When the work on one machine ends before you need it. Count first: tokens over tokens a second.
# - When the receipt or the score is not right yet. A cluster repeats a mistake faster.
# - When fewer tokens would do. Four random windows are a sixteenth of the work, and chapter 6
#   measured what they cost in score.
# - When the slow part is not the model. More GPUs do not help a tokenizer, a disk or a lawyer.
#
# A machine that is there is simpler than a cluster that must be kept. Its failures are known,
# and it can be looked at.

# %% [markdown]
# ## Your score
#
# Three of the exercises check themselves. Exercise 15.4 asks for a judgement: hold yours against
# the solution in the book.

# %% tags=["check"]
checks.summary()

# %% [markdown]
# ## Quiz
#
# Choose, then unfold your choice. Each says why it is right or wrong.
#
# <!-- quiz: 15_many_machines -->

# %% [markdown]
# ## What we learned
#
# - The cost of encoding can be worked out beforehand: tokens, FLOP a token, peak, utilisation,
#   price. We say which of them we measured and which we assumed.
# - For a small encoder, a million scripts are {glue:text}`ch15_million` billion tokens and, by our
#   assumption, {glue:text}`ch15_t4_hours` hours of one small GPU. Large models make clusters
#   necessary, not large numbers alone.
# - When one part gets fast, another becomes the limit: first tokenising, then reading, then
#   starting up, then the longest document.
# - Work that may be done twice needs no rescue when a machine dies. A key made of the content
#   gives this almost for nothing.
# - Before we trust a cluster we compare it with one machine on a few documents, and let one of its
#   workers die.
#
# ## References
#
# ```{bibliography}
# :filter: docname in docnames
# ```
