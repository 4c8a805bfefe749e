"""Models over windows: pooled, voted, attended; padding and order change nothing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from genrelab.bench.readings import vector_classifier
from genrelab.datasets import load
from genrelab.losses import LOSSES, make_loss
from genrelab.models import ChunkVoting, PooledWindows, WindowNet
from genrelab.models.aggregate import read_windows
from genrelab.splits import headline_folds, locked_split
from genrelab.thresholds import TunedMultilabelClassifier

LINEAR = OneVsRestClassifier(LogisticRegression())


def documents(n: int = 80, n_labels: int = 3, dim: int = 6, seed: int = 0):
    """Documents of one to five windows; a label shows in a single window."""
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, 2, (n, n_labels)).astype(np.int8)
    X = [rng.normal(size=(rng.integers(1, 6), dim)) for _ in range(n)]
    for windows, labels in zip(X, Y, strict=True):
        for label in np.flatnonzero(labels):
            windows[rng.integers(len(windows)), label] += 6
    return X, Y


def small(**options: object) -> WindowNet:
    return WindowNet(**{"hidden": 8, "max_epochs": 15, "learning_rate": 0.02, **options})


MODELS = {
    "votes": lambda: ChunkVoting(LINEAR),
    "majority": lambda: ChunkVoting(LINEAR, vote="majority"),
    "highest vote": lambda: ChunkVoting(LINEAR, vote="max"),
    "mean": lambda: PooledWindows(LINEAR),
    "highest": lambda: PooledWindows(LINEAR, pooling="max"),
    "net, attention": lambda: small(),
    "net, mean": lambda: small(pooling="mean"),
    "net, max": lambda: small(pooling="max"),
}


@pytest.fixture(scope="module")
def fitted():
    X, Y = documents()
    return {name: make().fit(X, Y) for name, make in MODELS.items()}


@pytest.fixture(scope="module")
def films():
    return load("script_features")


@pytest.mark.parametrize("name", MODELS)
def test_the_order_of_the_windows_does_not_matter(fitted, name):
    X, _ = documents()
    turned = [windows[::-1] for windows in X]
    np.testing.assert_allclose(
        fitted[name].predict_proba(turned), fitted[name].predict_proba(X), atol=1e-12
    )


@pytest.mark.parametrize("name", MODELS)
def test_a_document_scores_the_same_alone_and_beside_longer_ones(fitted, name):
    X, _ = documents()
    together = fitted[name].predict_proba(X)
    alone = np.vstack([fitted[name].predict_proba([windows]) for windows in X])
    np.testing.assert_allclose(alone, together, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_a_window_scores_what_it_would_as_a_document(fitted, name):
    X, Y = documents(12)
    scores = fitted[name].window_scores(X)
    assert [part.shape for part in scores] == [(len(windows), 3) for windows in X]
    alone = fitted[name].predict_proba([windows[:1] for windows in X])
    np.testing.assert_allclose(np.array([part[0] for part in scores]), alone, atol=1e-12)
    assert fitted[name].predict(X).dtype == np.int8 and fitted[name].predict(X).shape == Y.shape


@pytest.mark.parametrize("name, pool", [("votes", np.mean), ("majority", np.mean),
                                        ("highest vote", np.max)])  # fmt: skip
def test_the_votes_of_the_windows_make_the_score_of_the_document(fitted, name, pool):
    X, _ = documents()
    model = fitted[name]
    by_hand = np.array([pool(part, axis=0) for part in model.window_scores(X)])
    np.testing.assert_allclose(model.predict_proba(X), by_hand, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_logit_of_the_net_is_the_weighted_mean_of_its_windows_logits(fitted, seed):
    X, _ = documents(5, seed=seed)
    for name in ("net, attention", "net, mean"):
        net = fitted[name]
        weights = net.attention(X)
        parts = [net.decision_function(windows[:, None]) for windows in X]
        by_hand = [row @ part for row, part in zip(weights, parts, strict=True)]
        np.testing.assert_allclose(net.decision_function(X), by_hand, rtol=1e-9, atol=1e-9)
        scores = [expit(part) for part in parts]
        np.testing.assert_allclose(np.vstack(net.window_scores(X)), np.vstack(scores))


def test_the_linear_classifier_of_means_divides_into_its_windows_exactly():
    X, Y = documents()
    model = PooledWindows(vector_classifier()).fit(X, Y)
    by_hand = [logit(part).mean(axis=0) for part in model.window_scores(X)]
    np.testing.assert_allclose(logit(model.predict_proba(X)), by_hand, atol=1e-9)


def test_attention_is_the_gate_of_the_paper_computed_slowly(fitted):
    X, _ = documents(10)
    net = fitted["net, attention"]
    state = {name: value.numpy() for name, value in net.module_.state_dict().items()}
    for windows, weights in zip(X, net.attention(X), strict=True):
        raw = []
        for window in net.scaler_.transform(windows):
            content = np.tanh(state["content.weight"] @ window + state["content.bias"])
            gate = expit(state["gate.weight"] @ window + state["gate.bias"])
            raw.append(float(state["score.weight"][0] @ (content * gate)))
        expected = np.exp(raw) / np.exp(raw).sum()
        np.testing.assert_allclose(weights, expected, rtol=1e-9)


def test_attention_weights_sum_to_one_and_find_the_window_that_tells(fitted):
    X, Y = documents(60, seed=1)
    weights = fitted["net, attention"].attention(X)
    assert all(row.shape == (len(windows),) for row, windows in zip(weights, X, strict=True))
    np.testing.assert_allclose([row.sum() for row in weights], 1)
    telling = [
        row[windows[:, :3].max(axis=1).argmax()] * len(windows)
        for row, windows, labels in zip(weights, X, Y, strict=True)
        if labels.any() and len(windows) > 1
    ]
    assert np.mean(telling) > 1.2
    for row, windows in zip(fitted["net, mean"].attention(X), X, strict=True):
        np.testing.assert_allclose(row, 1 / len(windows))


def test_an_untrained_net_starts_at_the_mean_and_at_the_prior():
    X, Y = documents()
    net = small(max_epochs=1, learning_rate=0.0, weight_decay=0.0).fit(X, Y)
    np.testing.assert_allclose(net.predict_proba(X), np.tile(Y.mean(axis=0), (len(X), 1)))
    for row in net.attention(X):
        np.testing.assert_allclose(row, 1 / len(row))


def test_ten_films_are_learnt_by_heart(films):
    X, Y = films.segments[:10], films.labels[:10]
    for pooling in ("attention", "mean", "max"):
        net = WindowNet(
            pooling=pooling, validation_share=0, dropout=0, max_epochs=60, learning_rate=0.02
        ).fit(X, Y)
        assert (net.predict(X) == Y).all()
        assert net.history_["train_loss"].iloc[-1] < 0.1 * net.history_["train_loss"].iloc[0]


def test_fifty_films_teach_more_than_the_prior(films):
    fold = headline_folds(films)[0]
    train = np.random.default_rng(0).choice(fold.train, 50, replace=False)
    X, Y = films.segments[train], films.labels[train]
    X_test, Y_test = films.segments[fold.test], films.labels[fold.test]
    prior = Y.mean(axis=0).clip(0.01, 0.99)

    def surprise(table: np.ndarray) -> float:
        pairs = zip(Y_test.T, table.T, strict=True)
        return float(np.mean([log_loss(y, p, labels=[0, 1]) for y, p in pairs]))

    for model in (WindowNet(), WindowNet(pooling="max"), PooledWindows(vector_classifier())):
        scores = model.fit(X, Y).predict_proba(X_test)
        assert average_precision_score(Y_test, scores, average="macro") > 1.4 * Y_test.mean()
        assert surprise(scores) < surprise(np.tile(prior, (len(Y_test), 1)))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns_to_rank(loss):
    X, Y = documents()
    scores = small(loss=loss).fit(X, Y).predict_proba(X)
    assert average_precision_score(Y, scores, average="macro") > 0.8


def test_classes_are_learnt_and_called_by_their_names():
    X, Y = documents()
    kinds = np.array(["comedy", "crime", "war"])[Y.argmax(axis=1)]
    net = small().fit(X, kinds)
    assert (net.predict(X) == kinds).mean() > 0.7
    for part in net.window_scores(X):
        np.testing.assert_allclose(part.sum(axis=1), 1)


def test_the_same_seed_gives_the_same_net_and_another_seed_another():
    X, Y = documents()
    one, two, other = (small(random_state=seed).fit(X, Y).predict_proba(X) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert abs(one - other).max() > 1e-3


def test_groups_are_kept_whole_when_rows_are_set_aside_and_the_best_epoch_is_kept():
    X, Y = documents()
    groups = np.arange(80) // 4
    net = small(max_epochs=40, patience=3).fit(X, Y, groups)
    seed = np.random.RandomState(0).randint(2**31)
    valid = locked_split(Y, groups, test_share=0.15, seed=seed) == "test"
    logits = torch.from_numpy(net.decision_function([X[row] for row in np.flatnonzero(valid)]))
    loss = make_loss("bce", Y[~valid])(logits, torch.from_numpy(Y[valid]).double()).item()
    assert loss == pytest.approx(net.history_["valid_loss"].min(), rel=1e-6)
    means = np.array([X[row].mean(axis=0) for row in np.flatnonzero(~valid)])
    np.testing.assert_allclose(net.scaler_.mean_, means.mean(axis=0))


def test_chunks_get_the_labels_of_their_document():
    class Spy(LogisticRegression):
        def fit(self, X, y):
            self.seen_ = np.asarray(y)
            return super().fit(X, y)

    X, Y = documents(20)
    model = ChunkVoting(Spy()).fit(X, Y[:, :1])
    expected = np.concatenate([[label] * len(w) for w, label in zip(X, Y[:, 0], strict=True)])
    np.testing.assert_array_equal(model.estimator_.seen_, expected)
    assert model.predict_proba(X).shape == (20, 1)


def test_thresholds_can_be_tuned_over_lists_of_documents():
    X, Y = documents()
    tuned = TunedMultilabelClassifier(PooledWindows(LINEAR)).fit(X, Y)
    assert tuned.predict(X).shape == Y.shape


def test_one_array_and_a_list_of_arrays_are_the_same_documents(films):
    X, Y = films.segments[:60], films.labels[:60]
    for model in (ChunkVoting(LINEAR), small(max_epochs=2)):
        with_array = model.fit(X, Y).predict_proba(X)
        with_list = model.fit(list(X), Y).predict_proba(list(X))
        np.testing.assert_array_equal(with_array, with_list)


@pytest.mark.parametrize(
    "X, message",
    [
        ([], "X holds no document"),
        (np.ones((4, 6)), r"document 0 has shape \(6,\); expected \(windows, dim\)"),
        ([np.ones((2, 6)), np.ones((0, 6))], r"document 1 has shape \(0, 6\)"),
        ([np.ones((2, 6)), np.ones((2, 5))], "document 1 has vectors of 5 numbers; expected 6"),
        ([np.ones((2, 6)), np.full((1, 6), np.nan)], "document 1 holds a number that is not"),
    ],
)
def test_windows_that_cannot_be_read_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        read_windows(X)


def test_what_cannot_work_is_refused(fitted):
    X, Y = documents()
    with pytest.raises(ValueError, match="vote is 'median'; expected one of"):
        ChunkVoting(LINEAR, vote="median").fit(X, Y)
    for model in (PooledWindows(LINEAR, pooling="sum"), small(pooling="sum")):
        with pytest.raises(ValueError, match="pooling is 'sum'; expected one of"):
            model.fit(X, Y)
    with pytest.raises(TypeError, match=r"LinearSVC has no predict_proba.*Calibrate"):
        ChunkVoting(LinearSVC()).fit(X, Y[:, :1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        PooledWindows(LINEAR).fit(X, Y[:5])
    with pytest.raises(ValueError, match="pooling is 'max', which has no weights"):
        fitted["net, max"].attention(X)
    for name in MODELS:
        with pytest.raises(ValueError, match="document 0 has vectors of 4 numbers; expected 6"):
            fitted[name].predict_proba([np.ones((2, 4))])


def test_the_recorded_table_tunes_as_every_other_table_does(films):
    from genrelab.bench import aggregate
    from genrelab.bench.readings import judged

    fold = headline_folds(films)[3]
    shared = aggregate.table().rows["mean"](fold)
    alone = judged(PooledWindows(vector_classifier()), films.segments, fold)
    np.testing.assert_allclose(shared.scores, alone.scores)
    np.testing.assert_allclose(shared.thresholds, alone.thresholds)
    np.testing.assert_array_equal(shared.tuned, alone.tuned)
