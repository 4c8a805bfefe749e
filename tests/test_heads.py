"""The small net learns, stops on the validation loss, and sees no row that it must not see."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from genrelab.datasets import load
from genrelab.evaluation import cross_validate, run_fold
from genrelab.losses import LOSSES, FocalLoss, make_loss
from genrelab.models import FeedForward
from genrelab.splits import Fold, headline_folds, locked_split
from genrelab.thresholds import ThresholdTuner, TunedMultilabelClassifier


def learnable(n: int = 120, n_labels: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Vectors, and labels that noisy linear rules make of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 8))
    return X, (X[:, :n_labels] + 0.5 * rng.normal(size=(n, n_labels)) > 0.5).astype(np.int8)


def small(**options: object) -> FeedForward:
    return FeedForward(**{"hidden": (16,), "max_epochs": 15, "learning_rate": 0.02, **options})


def weights(model: FeedForward) -> torch.Tensor:
    return torch.cat([p.flatten().double() for p in model.module_.state_dict().values()])


@pytest.fixture(scope="module")
def films():
    return load("script_features", min_count=15)


@pytest.fixture(scope="module")
def fifty_films(films):
    """Fifty training films of the first headline fold, and the films that judge them."""
    fold = headline_folds()[0]
    headline = load("script_features")
    train = np.random.default_rng(0).choice(fold.train, 50, replace=False)
    return (
        (headline.vectors[train], headline.labels[train]),
        (headline.vectors[fold.test], headline.labels[fold.test]),
    )


def test_it_learns_ten_films_by_heart(films):
    X, Y = films.vectors[:10], films.labels[:10]
    net = FeedForward(validation_share=0, dropout=0, max_epochs=60).fit(X, Y)
    assert (net.predict(X) == Y).all()
    assert net.history_["train_loss"].iloc[-1] < 0.1 * net.history_["train_loss"].iloc[0]
    assert net.history_["valid_loss"].isna().all() and len(net.history_) == 60


def test_fifty_films_teach_it_more_than_the_prior(fifty_films):
    (X, Y), (X_test, Y_test) = fifty_films
    net = FeedForward().fit(X, Y)
    prior = Y.mean(axis=0).clip(0.01, 0.99)
    scores = net.predict_proba(X_test)
    assert average_precision_score(Y_test, scores, average="macro") > 1.5 * Y_test.mean()
    surprise = [
        np.mean([log_loss(y, p, labels=[0, 1]) for y, p in zip(Y_test.T, table.T, strict=True)])
        for table in (scores, np.tile(prior, (len(Y_test), 1)))
    ]
    assert surprise[0] < surprise[1]


def test_classes_are_learnt_and_called_by_their_names():
    X, codes = make_classification(
        300, 10, n_informative=6, n_classes=3, class_sep=2, random_state=0
    )
    y = np.array(["comedy", "history", "tragedy"])[codes]
    net = small().fit(X[:200], y[:200])
    assert net.classes_.tolist() == ["comedy", "history", "tragedy"]
    assert (net.predict(X[200:]) == y[200:]).mean() > 0.8
    np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1)
    assert net.decision_function(X).shape == (300, 3)


def test_two_classes_in_a_vector_are_one_label():
    X, Y = learnable()
    of_vector = small().fit(X, np.array(["not", "war"])[Y[:, 0]])
    of_column = small().fit(X, Y[:, :1])
    assert (weights(of_vector) == weights(of_column)).all()
    one = of_column.predict_proba(X)
    assert one.shape == (120, 1)
    np.testing.assert_array_equal(of_vector.predict_proba(X), np.hstack([1 - one, one]))
    assert (of_vector.predict(X) == np.array(["not", "war"])[of_column.predict(X)[:, 0]]).all()


@pytest.mark.parametrize(
    "loss", [*LOSSES, FocalLoss(gamma=1, alpha=0.6), nn.MultiLabelSoftMarginLoss()]
)
@pytest.mark.parametrize("target", ["labels", "classes"])
def test_every_loss_learns_to_rank(loss, target):
    X, Y = learnable()
    if target == "classes":
        Y = np.eye(3, dtype=int)[X[:, :3].argmax(axis=1)]
    y = Y if target == "labels" else Y.argmax(axis=1)
    net = small(loss=loss).fit(X, y)
    scores = net.predict_proba(X)
    assert average_precision_score(Y, scores, average="macro") > 0.75
    if target == "classes":
        np.testing.assert_allclose(scores.sum(axis=1), 1)


def test_the_same_seed_gives_the_same_net_and_another_seed_another():
    X, Y = learnable()
    first, second, other = (small(random_state=seed).fit(X, Y) for seed in (1, 1, 2))
    assert (weights(first) == weights(second)).all()
    pd.testing.assert_frame_equal(first.history_, second.history_)
    assert not torch.equal(weights(first), weights(other))


def test_global_random_states_stay_as_they_were():
    torch.manual_seed(5), np.random.seed(5)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    loss = FocalLoss(alpha=[0.25] * 4)
    small(loss=loss).fit(*learnable())
    assert (torch.get_rng_state() == before[0]).all()
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    assert loss.training and loss.alpha.dtype == torch.float32


def validation_loss(net: FeedForward, X: np.ndarray, Y: np.ndarray, groups=None) -> float:
    """Recompute the loss on the rows set aside, with the weights that ``fit`` kept."""
    groups = np.arange(len(Y)) if groups is None else groups
    seed = np.random.RandomState(net.random_state).randint(2**31)
    valid = locked_split(Y, groups, test_share=net.validation_share, seed=seed) == "test"
    logits = torch.from_numpy(net.decision_function(X[valid]))
    loss = make_loss(net.loss, Y[~valid]).double()
    return loss(logits, torch.from_numpy(Y[valid]).double()).item()


@pytest.mark.parametrize("loss", ["bce", "pos_weight"])
def test_the_weights_kept_are_those_of_the_lowest_validation_loss(loss):
    X, Y = learnable()
    net = FeedForward(hidden=(32,), loss=loss, patience=4, learning_rate=0.01).fit(X, Y)
    losses = net.history_["valid_loss"]
    assert len(losses) == losses.argmin() + 1 + 4 < net.max_epochs
    assert validation_loss(net, X, Y) == pytest.approx(losses.min(), rel=1e-5)


def test_stopping_looks_at_the_loss_not_at_the_f1():
    X, Y = learnable()
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 2, Y.shape)
    net = FeedForward(hidden=(64,), patience=3, learning_rate=0.01, dropout=0).fit(X, noise)
    train_loss, valid_loss = net.history_["train_loss"], net.history_["valid_loss"]
    assert train_loss.iloc[-1] < train_loss.iloc[0]
    assert valid_loss.iloc[-1] > valid_loss.min() and len(valid_loss) < 30


def test_a_group_lies_on_one_side_of_the_inner_division():
    X, Y = learnable()
    groups = np.repeat(np.arange(30), 4)
    net = FeedForward(hidden=(32,), patience=3, learning_rate=0.01).fit(X, Y, groups=groups)
    best = net.history_["valid_loss"].min()
    assert validation_loss(net, X, Y, groups) == pytest.approx(best, rel=1e-5)
    assert validation_loss(net, X, Y) != pytest.approx(best, rel=1e-3)


def test_inputs_are_standardised_on_the_rows_that_train():
    X, Y = learnable()
    net = small(max_epochs=3).fit(X, Y)
    assert 0 < net.scaler_.n_samples_seen_ < len(X)
    # A power of two, so that standardised inputs are the same to the bit.
    scaled = small(max_epochs=3).fit(1_024 * X, Y)
    assert (scaled.predict_proba(1_024 * X) == net.predict_proba(X)).all()


def test_permuting_the_labels_of_outer_rows_moves_nothing():
    X, Y = learnable()
    fold = Fold(0, 0, np.arange(90), np.arange(90, 120))
    shuffled = Y.copy()
    shuffled[fold.test] = np.random.default_rng(0).permutation(Y[fold.test])
    assert (shuffled != Y).any()
    for tuner in (None, ThresholdTuner()):
        one, two = (
            run_fold(small(loss="pos_weight"), X, labels, fold, tuner=tuner)
            for labels in (Y, shuffled)
        )
        assert (one.scores == two.scores).all()
        assert tuner is None or (one.thresholds == two.thresholds).all()


def test_permuting_the_labels_of_training_rows_moves_the_net():
    X, Y = learnable()
    assert not torch.equal(weights(small().fit(X, Y)), weights(small().fit(X, Y[::-1])))


def test_a_row_scores_the_same_alone_and_among_others():
    X, Y = learnable()
    net = small().fit(X, Y)
    alone = np.vstack([net.decision_function(row[None]) for row in X])
    np.testing.assert_allclose(alone, net.decision_function(X), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [65, 66])
def test_a_last_batch_of_one_row_does_not_break_batch_norm(n):
    X, Y = learnable(n)
    net = small(batch_size=32, validation_share=0, max_epochs=2).fit(X, Y)
    assert np.isfinite(net.predict_proba(X)).all()


def test_it_works_without_hidden_layers_and_without_batch_norm():
    X, Y = learnable()
    linear = small(hidden=(), learning_rate=0.05).fit(X, Y)
    assert [type(layer) for layer in linear.module_] == [nn.Linear]
    deep = small(hidden=(16, 8), batch_norm=False).fit(X, Y)
    kinds = [nn.Linear, nn.ReLU, nn.Dropout] * 2 + [nn.Linear]
    assert [type(layer) for layer in deep.module_] == kinds
    assert average_precision_score(Y, linear.predict_proba(X), average="macro") > 0.8


def test_labels_may_be_a_table_or_a_sparse_matrix():
    X, Y = learnable()
    table = pd.DataFrame(Y, columns=["Drama", "Crime", "Horror", "War"])
    expected = weights(small().fit(X, Y))
    assert (weights(small().fit(X, table)) == expected).all()
    assert (weights(small().fit(X, csr_matrix(Y))) == expected).all()


def test_the_warning_of_an_empty_label_names_the_column_of_the_table():
    X, Y = learnable()
    table = pd.DataFrame(Y, columns=["Drama", "Crime", "Horror", "War"]).assign(War=0)
    with pytest.warns(UserWarning, match=r"1 of 4 labels .*\(War\)"):
        small(loss="pos_weight", max_epochs=1).fit(X, table)


def test_it_can_be_tuned_cross_validated_and_searched():
    X, Y = learnable()
    tuned = TunedMultilabelClassifier(small(max_epochs=5)).fit(X, Y)
    assert (tuned.predict(X) == (tuned.predict_proba(X) >= tuned.thresholds_)).all()
    folds = [Fold(0, i, *pair) for i, pair in enumerate(KFold(3).split(X))]
    result = cross_validate(small(max_epochs=5), X, Y, folds=folds, tuner="per_label")
    assert result.headline["map"] > Y.mean()
    grid = {"loss": ["bce", FocalLoss(alpha=None)], "hidden": [(), (8,)]}
    search = GridSearchCV(small(max_epochs=3), grid, scoring="f1_macro", cv=KFold(2)).fit(X, Y)
    best = clone(small(max_epochs=3)).set_params(**search.best_params_).fit(X, Y)
    assert (weights(search.best_estimator_) == weights(best)).all()


def test_one_label_can_be_cross_validated():
    X, Y = learnable()
    folds = [Fold(0, i, *pair) for i, pair in enumerate(KFold(2).split(X))]
    result = cross_validate(small(), X, Y[:, :1], folds=folds)
    assert result.scores.shape == (1, 120, 1) and result.headline["map"] > 0.6


@pytest.mark.parametrize(
    "options, message",
    [
        ({"batch_size": 1}, "batch_size is 1; expected at least 2"),
        ({"max_epochs": 0}, "max_epochs is 0; expected at least 1"),
        ({"patience": 0}, "patience is 0; expected at least 1"),
        ({"validation_share": 1.5}, "between 0 and 1"),
        ({"loss": "hinge"}, "loss is 'hinge'; expected a torch Module or one of"),
        ({"learning_rate": 1e30}, "the training loss is not finite"),
    ],
)
def test_options_that_cannot_work_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        small(**options).fit(*learnable())


def test_too_few_rows_and_foreign_targets_are_refused():
    X, Y = learnable()
    with pytest.raises(ValueError, match="1 of 2 rows is left to train on"):
        small(validation_share=0.5).fit(X[:2], Y[:2])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        small().fit(X, Y[:50])
    with pytest.raises(ValueError, match="y holds one class, 'war'"):
        small().fit(X, np.full(120, "war"))
    with pytest.raises(ValueError, match="0 or 1"):
        small().fit(X, Y + 1)


class Watched(nn.BCEWithLogitsLoss):
    """A loss that writes down the first target of every batch that trains."""

    SEEN: ClassVar[list[list[float]]] = []

    def forward(self, logits, targets):
        if torch.is_grad_enabled():
            self.SEEN.append(targets[:, 0].tolist())
        return super().forward(logits, targets)


def test_every_epoch_deals_all_rows_in_another_order():
    X, Y = learnable(96)
    marked = np.column_stack([np.arange(96) % 2, Y]).astype(np.int8)
    Watched.SEEN.clear()
    small(loss=Watched(), validation_share=0, batch_size=32, max_epochs=2).fit(X, marked)
    assert [len(batch) for batch in Watched.SEEN] == [32] * 6
    first, second = (np.concatenate(Watched.SEEN[k : k + 3]).tolist() for k in (0, 3))
    assert sum(first) == sum(second) == 48
    in_file_order = marked[:, 0].tolist()
    assert first != in_file_order and second != in_file_order and first != second


class Interrupted(nn.BCEWithLogitsLoss):
    def forward(self, logits, targets):
        raise KeyboardInterrupt


def test_an_interrupt_ends_the_fit_and_leaves_no_model():
    net = small(loss=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        net.fit(*learnable())
    assert not hasattr(net, "module_")


def expected_failures(_: BaseEstimator) -> dict[str, str]:
    """Checks that the net fails on purpose, and why."""
    return {
        "check_classifiers_multilabel_output_format_predict": (
            "label sets are int8 everywhere in genrelab, whatever the dtype of the targets"
        ),
        "check_supervised_y_2d": "a column is a label matrix of one label, not a clumsy vector",
    }


@parametrize_with_checks(
    [FeedForward(hidden=(16,), max_epochs=25, learning_rate=0.01)],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_common_checks_pass(estimator: BaseEstimator, check: Callable) -> None:
    check(estimator)
