"""Word vectors and recurrent nets: they learn from training texts alone, and padding is nothing."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from genrelab.bench import words as recorded
from genrelab.datasets import load
from genrelab.evaluation import run_fold
from genrelab.losses import FocalLoss
from genrelab.models import Recurrent, WordVectors
from genrelab.models.recurrent import BucketSampler, Reader, lengths_of
from genrelab.splits import headline_folds, locked_split
from genrelab.thresholds import ThresholdTuner

TEXTS = [
    "The ship sinks and the crew of the ship swims to an island.",
    "A captain and his crew sail a ship around the island.",
    "A gang robs a bank, and the police hunt the gang.",
    "The police wait in the bank for the gang of robbers.",
] * 5
SEA = np.array([1, 1, 0, 0] * 5)
LABELS = np.column_stack([SEA, 1 - SEA])


def small(**options: object) -> Recurrent:
    given = {"vectors": WordVectors(vector_size=6, epochs=3), "hidden": 6, "max_epochs": 6}
    return Recurrent(**{**given, **options})


def weights(model: Recurrent) -> torch.Tensor:
    return torch.cat([p.flatten() for p in model.module_.state_dict().values()])


@pytest.fixture(scope="module")
def films():
    return load("films", view="logline")


@pytest.fixture(scope="module")
def fold(films):
    return headline_folds(films)[0]


@pytest.fixture(scope="module")
def fifty(films, fold):
    """Fifty training films of the first headline fold."""
    return np.random.default_rng(0).choice(fold.train, 50, replace=False)


@pytest.fixture(scope="module")
def learnt(films, fifty) -> WordVectors:
    return WordVectors(epochs=3).fit([films.texts[row] for row in fifty])


# Word vectors


def obvious_sif(words: WordVectors, train: list[str], texts: list[str]) -> np.ndarray:
    """Arora's algorithm as the paper has it, one word after the other."""

    def mean(text: str) -> np.ndarray:
        total, n = np.zeros(words.vector_size), 0
        for word in words.tokenize(text):
            if word in words.vectors_.key_to_index:
                n_all = sum(len(words.tokenize(other)) for other in train)
                n_word = sum(words.tokenize(other).count(word) for other in train)
                total = total + words.a / (words.a + n_word / n_all) * words.vectors_[word]
                n += 1
        return total / max(n, 1)

    svd = TruncatedSVD(1, algorithm="arpack", random_state=0).fit(np.array(list(map(mean, train))))
    (u,) = svd.components_
    return np.array([mean(text) - (mean(text) @ u) * u for text in texts])


def test_sif_is_what_the_paper_says():
    words = WordVectors(vector_size=8, epochs=3, pooling="sif").fit(TEXTS)
    unseen = ["The crew robs the ship.", "An island of police."]
    np.testing.assert_allclose(
        words.transform(unseen), obvious_sif(words, TEXTS, unseen), rtol=1e-5, atol=1e-7
    )


def test_a_tfidf_mean_weighs_words_as_scikit_learn_does(films, fifty, learnt):
    texts = [films.texts[row] for row in fifty]
    vectorizer = TfidfVectorizer(tokenizer=learnt.tokenize, token_pattern=None).fit(texts)
    idf = dict(zip(vectorizer.get_feature_names_out(), vectorizer.idf_, strict=True))
    words = clone(learnt).set_params(pooling="tfidf").fit(texts)
    assert all(words.weight(word) == pytest.approx(idf[word]) for word in idf)
    known = [word for word in words.tokenize(texts[0]) if word in words.vectors_]
    expected = np.average(words.vectors_[known], axis=0, weights=[idf[word] for word in known])
    np.testing.assert_allclose(words.transform(texts[:1])[0], expected, rtol=1e-5)


def test_the_plain_mean_is_the_mean_of_the_known_words():
    words = WordVectors(vector_size=5, epochs=2).fit(TEXTS)
    expected = words.vectors_[["ship", "ship", "bank"]].mean(axis=0)
    np.testing.assert_allclose(words.transform(["Ship, zeppelin, ship: bank"])[0], expected, 1e-5)


def test_one_fit_serves_every_pooling(learnt, films, fifty):
    texts = [films.texts[row] for row in fifty]
    for pooling in ("mean", "tfidf", "sif"):
        fresh = clone(learnt).set_params(pooling=pooling).fit(texts).transform(texts)
        again = clone(learnt).fit(texts).set_params(pooling=pooling).transform(texts)
        np.testing.assert_array_equal(fresh, again)


def test_what_is_transformed_leaves_the_vectors_as_they_are(films, fifty, learnt):
    before = learnt.vectors_.vectors.copy(), learnt.component_.copy(), learnt.counts_.copy()
    alone = learnt.transform([films.texts[row] for row in fifty[:3]])
    among = learnt.transform([films.texts[row] for row in fifty])[:3]
    np.testing.assert_array_equal(alone, among)
    np.testing.assert_array_equal(before[0], learnt.vectors_.vectors)
    assert (before[1] == learnt.component_).all() and before[2] == learnt.counts_


@pytest.mark.filterwarnings("error")
def test_fasttext_makes_vectors_for_words_it_never_saw():
    words = WordVectors(kind="fasttext", vector_size=8, epochs=3).fit(TEXTS)
    assert "robbery" not in words.vectors_.key_to_index
    unseen = words.transform(["robbery"])
    assert np.linalg.norm(unseen) > 0
    np.testing.assert_allclose(unseen[0], words.vectors_["robbery"], rtol=1e-6)


def test_a_text_without_a_known_word_is_zero_and_counted():
    words = WordVectors(vector_size=5, epochs=1).fit(TEXTS)
    with pytest.warns(UserWarning, match=r"2 of 3 texts \(first: index 1\) hold no word of the"):
        vectors = words.transform(["A ship.", "Zeppelins!", ""])
    assert (vectors[1:] == 0).all() and (vectors[0] != 0).any()


PRINT_HASH = """
import hashlib
from genrelab.models import WordVectors
texts = ["The ship sinks near an island.", "A gang robs the bank on the island."] * 10
for kind in ("word2vec", "fasttext"):
    vectors = WordVectors(kind=kind, epochs=20).fit(texts).vectors_.vectors
    print(hashlib.sha256(vectors.tobytes()).hexdigest())
"""


def test_the_same_seed_gives_the_same_vectors_whatever_the_hash_seed_and_the_processor():
    cases = [("1", "Haswell"), ("2", "Haswell"), ("3", "Zen")]
    printed = {
        subprocess.run(
            [sys.executable, "-c", PRINT_HASH],
            env={**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_CORETYPE": core},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, core in cases
    }
    assert len(printed) == 1
    one, two = (WordVectors(epochs=1, random_state=s).fit(TEXTS).vectors_.vectors for s in (0, 1))
    assert not np.array_equal(one, two)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"kind": "glove"}, "kind is 'glove'; expected one of"),
        ({"pooling": "max"}, "pooling is 'max'; expected one of"),
        ({"epochs": 0}, "epochs is 0; expected at least 1"),
        ({"a": 0.0}, "a is 0.0; expected a positive number"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0; expected a positive number"),
        ({"min_count": 99}, r"the most frequent word of 20 texts occurs \d+ times; .*min_count=99"),
    ],
)
def test_word_vectors_that_cannot_be_learnt_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        WordVectors(**options).fit(TEXTS)


@pytest.mark.parametrize("model", [WordVectors(), small()])
def test_what_is_no_list_of_texts_is_refused_by_name(model):
    with pytest.raises(TypeError, match="got one text of 11 characters; expected a list"):
        model.fit("a ship sank", [1])
    with pytest.raises(TypeError, match="item 1 is a list; expected a text"):
        model.fit(["a ship", ["a", "ship"]], [0, 1])


def test_without_gensim_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(ImportError, match=r"genrelab\[train\]"):
        WordVectors().fit(TEXTS)


# Nets


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_it_learns_ten_films_by_heart(films, cell):
    texts, Y = films.texts[:10], films.labels[:10]
    net = Recurrent(
        cell=cell, vectors=WordVectors(min_count=1), frozen=False, dropout=0, validation_share=0,
        max_epochs=60, learning_rate=0.02,
    ).fit(texts, Y)  # fmt: skip
    assert (net.predict(texts) == Y).all()
    assert net.history_["valid_loss"].isna().all() and len(net.history_) == 60


def test_fifty_films_teach_it_more_than_the_prior():
    # Of synopses, since a logline has a dozen words.
    films = load("films")
    fold = headline_folds(films)[0]
    train = np.random.default_rng(0).choice(fold.train, 50, replace=False)
    texts = np.array(films.texts, dtype=object)
    net = Recurrent(frozen=False, validation_share=0, max_epochs=12)
    net.fit(texts[train], films.labels[train])
    scores, true = net.predict_proba(texts[fold.test]), films.labels[fold.test]
    assert average_precision_score(true, scores, average="macro") > 1.1 * true.mean()


def test_classes_are_learnt_and_called_by_their_names():
    y = np.array(["crime", "sea"])[SEA]
    net = small(max_epochs=30, learning_rate=0.03).fit(TEXTS, y)
    assert (net.predict(TEXTS) == y).all() and net.classes_.tolist() == ["crime", "sea"]
    np.testing.assert_allclose(net.predict_proba(TEXTS).sum(axis=1), 1)


@pytest.mark.parametrize("loss", ["pos_weight", "asymmetric", FocalLoss(alpha=None)])
def test_it_takes_every_kind_of_loss(loss):
    net = small(loss=loss, max_epochs=30, learning_rate=0.03).fit(TEXTS, LABELS)
    assert average_precision_score(LABELS, net.predict_proba(TEXTS), average="macro") > 0.9


def test_the_same_seed_gives_the_same_net_and_another_seed_another():
    first, second, other = (small(random_state=seed).fit(TEXTS, LABELS) for seed in (1, 1, 2))
    assert torch.equal(weights(first), weights(second))
    assert first.history_.equals(second.history_)
    assert not torch.equal(weights(first), weights(other))


def test_frozen_vectors_stay_and_others_move():
    frozen, moving = (small(frozen=f).fit(TEXTS, LABELS) for f in (True, False))
    learnt = torch.from_numpy(frozen.vectors_.vectors_.vectors)
    table = frozen.module_.words.weight
    torch.testing.assert_close(table[2:], (learnt / learnt.std()).double())
    assert (table[:2] == 0).all() and (moving.module_.words.weight[0] == 0).all()
    assert not torch.equal(moving.module_.words.weight[2:], table[2:])


def unpadded(net: Recurrent, text: str) -> torch.Tensor:
    """Read one text by itself: no padding, no packing, no batch."""
    known = net.vectors_.vectors_.key_to_index
    ids = [known.get(word, -1) + 2 for word in net.vectors_.tokenize(text)]
    states, _ = net.module_.reader(net.module_.words(torch.tensor(ids))[None])
    return net.module_.head(states.amax(dim=1))[0]


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_packed_batch_is_read_as_each_text_alone(films, cell):
    texts = [films.texts[row] for row in (3, 1, 4)] + ["The ship sinks.", "A bank."] + TEXTS[:2]
    net = small(cell=cell, max_epochs=2, vectors=WordVectors(min_count=1, vector_size=6, epochs=1))
    net.fit(texts, np.arange(7)[:, None] % 2)
    alone = torch.stack([unpadded(net, text) for text in texts]).detach().numpy()
    np.testing.assert_allclose(net.decision_function(texts), alone, rtol=1e-9, atol=1e-12)


def test_neither_order_nor_neighbours_nor_batches_change_a_prediction(films, fifty):
    texts, Y = [films.texts[row] for row in fifty], films.labels[fifty]
    net = small(vectors=WordVectors(epochs=1), max_epochs=2).fit(texts, Y)
    scores = net.decision_function(texts)
    np.testing.assert_allclose(net.decision_function(texts[::-1])[::-1], scores, rtol=1e-9)
    in_one = clone(net).set_params(batch_size=1000)
    in_one.__dict__ |= {name: value for name, value in vars(net).items() if name.endswith("_")}
    in_one._softmax, in_one._one_dimensional = net._softmax, net._one_dimensional
    np.testing.assert_allclose(in_one.decision_function(texts), scores, rtol=1e-9)


def test_buckets_hold_every_row_once_and_lengths_that_differ_little():
    ids = (torch.arange(30) < torch.randint(1, 31, (500, 1))).int()  # (500, 30)
    for shuffle in (False, True):
        batches = list(BucketSampler(ids, 16, shuffle))
        assert torch.equal(torch.cat(batches).sort().values, torch.arange(500))
        spread = [(lengths_of(ids[rows]).max() - lengths_of(ids[rows]).min()) for rows in batches]
        mixed = [lengths_of(ids[rows]).float() for rows in torch.randperm(500).split(16)]
        assert np.mean(spread) < 0.4 * np.mean([part.max() - part.min() for part in mixed])
    sampler = BucketSampler(ids, 16, shuffle=True)
    assert not torch.equal(torch.cat(list(sampler)), torch.cat(list(sampler)))


class Norms(Callback):
    """Writes down how long each gradient is after clipping."""

    def __init__(self) -> None:
        self.lengths: list[float] = []

    def on_grad_computed(self, net, named_parameters, **_):
        grads = [p.grad.flatten() for _, p in named_parameters if p.grad is not None]
        self.lengths.append(torch.cat(grads).norm().item())


class Watched(Recurrent):
    """A net that is watched after its gradients were clipped."""

    def _callbacks(self):
        self.norms_ = Norms()
        return [*super()._callbacks(), ("norms", self.norms_)]


def test_gradients_are_clipped():
    long, cut = (
        Watched(vectors=WordVectors(vector_size=6), clip=clip, max_epochs=3).fit(TEXTS, LABELS)
        for clip in (1e9, 1e-3)
    )
    assert max(long.norms_.lengths) > 0.01
    assert 0 < max(cut.norms_.lengths) <= 1e-3 * (1 + 1e-6)


def test_word_vectors_learn_from_the_texts_that_the_net_learns_from_alone():
    groups = np.arange(20) // 2
    net = small().fit(TEXTS, LABELS, groups=groups)
    seed = np.random.RandomState(0).randint(2**31)
    dev = locked_split(LABELS, groups, test_share=0.15, seed=seed) == "dev"
    expected = clone(net.vectors).fit([text for text, on in zip(TEXTS, dev, strict=True) if on])
    assert 0 < dev.sum() < 20 and net.vectors_.counts_ == expected.counts_
    np.testing.assert_array_equal(net.vectors_.vectors_.vectors, expected.vectors_.vectors)


@pytest.mark.filterwarnings("ignore:.*(hold no word|positives)")
def test_neither_texts_nor_labels_of_outer_rows_move_a_thing(films, fold, fifty):
    fold = fold._replace(train=fifty)
    texts, Y = np.array(films.texts, dtype=object), films.labels.copy()
    others = texts.copy()
    others[fold.test[1:]] = "zebra zebra zebra"
    Y_other = Y.copy()
    Y_other[fold.test] = 1 - Y[fold.test]
    logistic = OneVsRestClassifier(LogisticRegression())
    for model in (
        make_pipeline(WordVectors(epochs=1, pooling="sif"), logistic),
        small(max_epochs=2, vectors=WordVectors(epochs=1)),
    ):
        one = run_fold(model, texts, Y, fold, tuner=ThresholdTuner())
        with pytest.warns(UserWarning, match="texts .* hold no word"):
            two = run_fold(model, others, Y_other, fold, tuner=ThresholdTuner())
        np.testing.assert_allclose(one.scores[0], two.scores[0], rtol=1e-9)
        np.testing.assert_array_equal(one.thresholds, two.thresholds)


def test_it_can_be_cloned_and_set_like_every_estimator():
    net = small(cell="lstm", loss="focal")
    assert clone(net).get_params()["vectors__vector_size"] == 6
    net.set_params(vectors__kind="fasttext", hidden=3).fit(TEXTS, LABELS)
    assert net.module_.head.in_features == 6
    assert not hasattr(clone(net), "module_") and not hasattr(net.vectors, "vectors_")
    with pytest.raises(NotFittedError):
        clone(net).predict(TEXTS)


def test_a_text_of_unknown_words_is_read_as_unknown_and_counted():
    net = small().fit(TEXTS, LABELS)
    with pytest.warns(UserWarning, match=r"2 of 3 texts \(first: index 1\)"):
        scores = net.predict_proba(["A ship.", "Zeppelin!", ""])
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores[1], scores[2])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"cell": "rnn"}, "cell is 'rnn'; expected one of"),
        ({"clip": 0}, "clip is 0; expected a positive number"),
        ({"batch_size": 1}, "batch_size is 1; expected at least 2"),
        ({"loss": "hinge"}, "loss is 'hinge'"),
        ({"vectors": WordVectors(min_count=99)}, "min_count=99"),
    ],
)
def test_nets_that_cannot_work_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        small(**options).fit(TEXTS, LABELS)


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        small().fit(TEXTS, LABELS[:5])


def test_dropout_and_frozen_words_reach_the_net():
    reader = Reader(torch.ones(4, 3), 2, "gru", 5, 0.25, frozen=True)
    assert reader.dropout.p == 0.25 and not reader.words.weight.requires_grad
    assert reader(torch.tensor([[2, 3, 0], [1, 0, 0]])).shape == (2, 2)


# The recorded table


def test_a_row_of_the_table_is_a_plain_fold_with_tuned_thresholds():
    films, texts = recorded.texts_of("logline")
    fold = headline_folds(films)[2]
    found = recorded.row(fold, view="logline", system="TF-IDF")
    plain = run_fold(
        recorded.classifier(texts, "TF-IDF"), texts, films.labels, fold, groups=films.groups,
        tuner=ThresholdTuner(),
    )  # fmt: skip
    np.testing.assert_array_equal(found.scores, plain.scores)
    np.testing.assert_allclose(found.thresholds, plain.thresholds)
    fixed = recorded.row(fold, view="logline", system="TF-IDF", rule=", 0.3")
    np.testing.assert_array_equal(fixed.tuned, found.scores >= 0.3)
    one = recorded.row(fold, view="logline", system="TF-IDF", rule=", one threshold")
    assert len(np.unique(one.thresholds)) == 1
    everything = recorded.row(fold, view="logline", system="predict everything")
    assert everything.tuned.all()
