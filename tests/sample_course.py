"""A checkout with one small chapter: an exercise with checks, open and hidden, one of prose."""

import shutil
from pathlib import Path

from genrelab.course import notebooks
from genrelab.course.chapters import ROOT
from genrelab.course.execute import executed

OVERLAY = ROOT / "book" / "overlay_sample"
CHAPTER = """\
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
# # A sample
#
# Back to {doc}`the guide <../book/how_to_run>`.

# %%
import numpy as np
from IPython.display import display

tokens = np.array([700, 300])
print("one thousand tokens")

# %% [markdown] tags=["exercise"]
# ### Exercise 1.1 (5 minutes, 2 points)
# Give each window the weight of its tokens. Call it `weights`.

# %% [markdown] tags=["hint"]
# Weights add up to one.

# %% tags=["solution"]
total = tokens.sum()
### BEGIN SOLUTION
shares_of_all = tokens.astype(float)
weights = shares_of_all / total
### END SOLUTION
print("the weights are", weights)

# %% tags=["hide-input"]
prefix = "application/papermill.record/"
scrapbook = {"name": "largest", "mime_prefix": prefix}
largest = {prefix + "text/plain": repr(float(max(weights)))}
display(largest, raw=True, metadata={"scrapbook": scrapbook})

# %% [markdown] tags=["solution"]
# The longer window counts {glue:text}`largest:.1f`. A plain mean favours the short one.

# %% tags=["check"]
assert np.isclose(sum(weights), 1), "They do not add up to one."

# %% tags=["hidden-check"]
assert np.allclose(weights, [0.7, 0.3]), "Not in proportion to their number of tokens."

# %% [markdown] tags=["rubric"]
# Half of the points for weights of any sort. Common wrong answer: equal weights for both.

# %% [markdown] tags=["exercise"]
# ### Exercise 1.2 (5 minutes, 1 point)
# How many windows fit into 4 GiB? See chapter 7.

# %% tags=["solution"]
fits, fits_training = 546, 56
print(fits + fits_training, "windows by both ways together")

# %% tags=["check"]
from genrelab import checks

checks.ch07_ex1(fits, fits_training)

# %% [markdown] tags=["exercise"]
# ### Exercise 1.3 (10 minutes, 3 points)
# Would you trust such a mean?

# %% [markdown] tags=["solution"]
# Only with an interval beside the number, since ten folds share their films.

# %% [markdown] tags=["rubric"]
# One point for the interval, two for a reason of the learner's own.

# %% [markdown]
# ## Your score

# %% tags=["check"]
checks.summary()
"""


def make(root: Path) -> Path:
    """Write and execute the sample course; return its chapter."""
    for folder in ("notebooks", "book", "genrelab"):
        (root / folder).mkdir(parents=True)
    for name in ("_config.yml", "requirements-data.txt"):
        shutil.copy(ROOT / name, root / name)
    (root / "book" / "references.bib").write_text("")
    (root / "book" / "how_to_run.md").write_text("# How to run\n")
    chapter = root / "notebooks" / "01_sample.py"
    chapter.write_text(CHAPTER)
    notebooks.write(chapter, executed(chapter, root), root)
    readme = "\n".join(["# x", *notebooks.LIST_MARKS, ""])
    (root / "README.md").write_text(notebooks.with_chapter_list(readme, root))
    return chapter
