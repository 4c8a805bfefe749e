# %% [markdown] tags=["exercise"]
# ### Exercise 1.5 (15 minutes, 3 points)
# Your class has films of its own, drawn by `SEED`. For every pair of genres, take the films that
# carry the rarer of the two, and the share of them that carry the commoner one as well. Find the
# pair with the largest share. Put the names into `pair`, the rarer first, and the share into
# `share`. Why does the size of the commoner genre not enter?

# %% [markdown] tags=["hint"]
# `labels.T @ labels` counts, for all pairs at once, the films with both genres. Its diagonal
# holds the films of each genre.

# %% tags=["solution"]
import numpy as np

from genrelab.datasets import load

SEED = 2026
drawn = np.random.default_rng(SEED)
class_films = load("films")
rows = drawn.choice(len(class_films.labels), size=drawn.integers(200, 400), replace=False)
labels, names = class_films.labels[rows].astype(int), class_films.label_names
### BEGIN SOLUTION
meeting = labels.T @ labels
films_of = np.diag(meeting)
contained = meeting / np.minimum.outer(films_of, films_of)
np.fill_diagonal(contained, 0)
places = np.unravel_index(contained.argmax(), contained.shape)
rarer, commoner = sorted(places, key=lambda place: films_of[place])
pair, share = (names[rarer], names[commoner]), contained[rarer, commoner]
### END SOLUTION
print(pair, share)

# %% [markdown] tags=["solution"]
# We ask of the films of the rarer genre alone, so only they are counted. A measure that divides by
# both sizes, or by the films with either, punishes a small genre inside a big one, which is the
# very thing we look for.

# %% tags=["check"]
assert len(pair) == 2 and set(pair) <= set(names), "`pair` holds two names of genres."
assert 0 < share <= 1, "A share lies between 0 and 1."

# %% tags=["hidden-check"]
import numpy as np

from genrelab.datasets import load

SEED = 2026
grader = np.random.default_rng(SEED)
all_films = load("films")
picked = grader.choice(len(all_films.labels), size=grader.integers(200, 400), replace=False)
truth = all_films.labels[picked].astype(int)
counted, largest = truth.sum(axis=0), {}
for one, first_name in enumerate(all_films.label_names):
    for two, second_name in enumerate(all_films.label_names):
        if counted[one] < counted[two] or (counted[one] == counted[two] and one != two):
            key = (first_name, second_name)
            largest[key] = (truth[:, one] * truth[:, two]).sum() / counted[one]
assert abs(share - max(largest.values())) < 1e-9, "This is not the largest share of your films."
assert abs(largest.get(tuple(pair), -1) - share) < 1e-9, "The share is right, the pair is not."

# %% [markdown] tags=["rubric"]
# Three points for the pair and its share, which the checks see; read the reason only if you ask
# for it in class.
#
# Common wrong answers:
# - *Dividing by the films with either genre.* That is the Jaccard index of two columns.
# - *Dividing by the commoner genre.* `np.maximum.outer` in place of `np.minimum.outer`.
# - *A share of 1.* The diagonal was left in: every genre contains itself.
