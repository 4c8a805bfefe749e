"""Losses equal their closed forms, stay finite when the model is sure, and leave no traces."""

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from genrelab.losses import (
    LOSSES,
    AsymmetricLoss,
    FocalLoss,
    SmoothedBCELoss,
    class_weights,
    make_loss,
    pos_weight,
)

ALL = [FocalLoss, AsymmetricLoss, SmoothedBCELoss]
OPTIONS = [
    FocalLoss(),
    FocalLoss(gamma=0.5, alpha=None),
    FocalLoss(alpha=[0.1, 0.5, 0.9]),
    AsymmetricLoss(),
    AsymmetricLoss(gamma_neg=0.5, gamma_pos=0.5),
    AsymmetricLoss(gamma_neg=0.5, gamma_pos=0.0, clip=0.0),
    SmoothedBCELoss(),
    SmoothedBCELoss(smoothing=0.0, weight=[1.0, 2.0, 3.0], pos_weight=[3.0, 2.0, 1.0]),
]


def drawn(soft: bool = False, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    torch_random = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(20, 3, generator=torch_random, dtype=dtype)
    targets = torch.rand(20, 3, generator=torch_random, dtype=dtype)
    return logits, targets if soft else (targets > 0.6).to(dtype)


def focal_closed_form(logits, targets, gamma, alpha):
    """The formula of the paper as torchvision writes it, out of probabilities."""
    p = torch.sigmoid(logits)
    cross_entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    loss = cross_entropy * ((1 - p_t) ** gamma)
    return loss * (alpha * targets + (1 - alpha) * (1 - targets))


def asymmetric_closed_form(logits, targets, gamma_neg, gamma_pos, clip):
    """Equations 2, 4 and 5 of the paper, out of probabilities."""
    p = torch.sigmoid(logits)
    p_m = (p - clip).clamp(min=0)
    positive = (1 - p) ** gamma_pos * torch.log(p)
    negative = p_m**gamma_neg * torch.log(1 - p_m)
    return -targets * positive - (1 - targets) * negative


def bce(logits, targets, **options):
    return F.binary_cross_entropy_with_logits(logits, targets, **options)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("gamma, alpha", [(2.0, 0.25), (0.0, 0.9), (0.7, 0.375), (5.0, 0.5)])
def test_focal_loss_is_the_closed_form_of_the_paper(gamma, alpha, soft):
    logits, targets = drawn(soft)
    expected = focal_closed_form(logits, targets, gamma, alpha)
    losses = FocalLoss(gamma=gamma, alpha=alpha, reduction="none")(logits, targets)
    torch.testing.assert_close(losses, expected, rtol=1e-12, atol=1e-14)


def test_focal_loss_with_gamma_0_and_alpha_one_half_is_half_of_cross_entropy():
    logits, targets = drawn()
    loss = FocalLoss(gamma=0, alpha=0.5)(logits, targets)
    torch.testing.assert_close(loss, bce(logits, targets) / 2)


def test_an_alpha_below_one_half_weighs_positives_down():
    logits, targets = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    positive, negative = FocalLoss(alpha=0.25, reduction="none")(logits, targets)[0]
    assert positive.item() == pytest.approx(negative.item() / 3)


def test_one_alpha_a_label_gives_each_column_its_own():
    logits, targets = drawn()
    alphas = [0.1, 0.5, 0.9]
    together = FocalLoss(alpha=alphas, reduction="none")(logits, targets)
    for column, alpha in enumerate(alphas):
        alone = FocalLoss(alpha=alpha, reduction="none")(logits, targets)[:, column]
        torch.testing.assert_close(together[:, column], alone)


@pytest.mark.parametrize(
    "gamma_neg, gamma_pos, clip", [(4.0, 1.0, 0.05), (0.5, 2.0, 0.2), (3.0, 0.0, 0.0)]
)
def test_asymmetric_loss_is_the_closed_form_of_the_paper(gamma_neg, gamma_pos, clip):
    logits, targets = drawn()
    expected = asymmetric_closed_form(logits, targets, gamma_neg, gamma_pos, clip)
    loss = AsymmetricLoss(gamma_neg=gamma_neg, gamma_pos=gamma_pos, clip=clip, reduction="none")
    torch.testing.assert_close(loss(logits, targets), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("soft", [False, True])
def test_asymmetric_loss_without_gammas_and_clip_is_cross_entropy(soft):
    logits, targets = drawn(soft)
    loss = AsymmetricLoss(gamma_neg=0, gamma_pos=0, clip=0)(logits, targets)
    torch.testing.assert_close(loss, bce(logits, targets))


def test_asymmetric_loss_forgets_negatives_below_the_clip():
    logits = torch.tensor([[math.log(0.04 / 0.96), math.log(0.06 / 0.94)]], requires_grad=True)
    losses = AsymmetricLoss(clip=0.05, reduction="none")(logits, torch.zeros(1, 2))
    losses.sum().backward()
    assert losses[0, 0] == 0 and losses[0, 1] > 0
    assert logits.grad[0, 0] == 0 and logits.grad[0, 1] > 0


def test_without_smoothing_the_smoothed_loss_is_cross_entropy_with_its_weights():
    logits, targets = drawn()
    weights = {"weight": torch.tensor([1.0, 2, 3]), "pos_weight": torch.tensor([9.0, 1, 0.5])}
    loss = SmoothedBCELoss(smoothing=0, **weights)(logits, targets)
    torch.testing.assert_close(loss, bce(logits, targets, **weights))
    loss = SmoothedBCELoss(smoothing=0, pos_weight=2.0)(logits, targets)
    torch.testing.assert_close(loss, bce(logits, targets, pos_weight=torch.tensor(2.0)))


def test_smoothing_makes_the_best_probability_of_a_positive_less_than_one():
    logits = torch.linspace(-6, 6, 1201, dtype=torch.float64)[:, None]
    losses = SmoothedBCELoss(smoothing=0.1, reduction="none")(logits, torch.ones_like(logits))
    best = torch.sigmoid(logits[losses.argmin()]).item()
    assert best == pytest.approx(0.95, abs=1e-3)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("loss", OPTIONS, ids=repr)
def test_gradients_are_those_of_finite_differences(loss, soft):
    logits, targets = drawn(soft)
    assert torch.autograd.gradcheck(lambda z: loss(z, targets), logits.requires_grad_())


@pytest.mark.parametrize("size", [100.0, 1e4])
@pytest.mark.parametrize("loss", OPTIONS, ids=repr)
def test_losses_and_gradients_stay_finite_when_the_model_is_sure(loss, size):
    logits = torch.tensor([[size, -size, 0.0], [-size, size, size]], requires_grad=True)
    targets = torch.tensor([[1.0, 0, 1], [1, 0, 0]])
    value = loss(logits, targets)
    value.backward()
    assert value.isfinite() and value > 0
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("loss", ALL)
def test_being_sure_and_wrong_by_100_costs_about_100_times_the_weight(loss):
    options = {"alpha": None} if loss is FocalLoss else {}
    losses = loss(reduction="none", **options)(torch.tensor([[-100.0]]), torch.ones(1, 1))
    assert losses.item() == pytest.approx(95 if loss is SmoothedBCELoss else 100)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("loss", OPTIONS, ids=repr)
def test_half_precision_logits_lose_nothing_but_their_own_rounding(loss, dtype):
    logits, targets = drawn(dtype=dtype)
    logits.requires_grad_()
    value = loss(logits, targets)
    value.backward()
    torch.testing.assert_close(value, loss(logits.detach().float(), targets.float()))
    assert logits.grad.dtype == dtype and logits.grad.isfinite().all()


@pytest.mark.parametrize("loss", OPTIONS, ids=repr)
def test_a_loss_changes_neither_its_options_nor_its_inputs_nor_global_state(loss):
    logits, targets = drawn()
    kept = copy.deepcopy(loss.state_dict()), logits.clone(), targets.clone()
    random_state = torch.get_rng_state()
    with torch.no_grad():
        loss(logits, targets)
        assert not torch.is_grad_enabled()
    assert loss(logits.requires_grad_(), targets).requires_grad and torch.is_grad_enabled()
    assert all((loss.state_dict()[name] == value).all() for name, value in kept[0].items())
    assert (logits == kept[1]).all() and (targets == kept[2]).all()
    assert (torch.get_rng_state() == random_state).all()


def test_the_callers_weights_are_copied():
    alpha = torch.tensor([0.1, 0.5, 0.9])
    loss = FocalLoss(alpha=alpha)
    alpha += 0.05
    assert loss.alpha.tolist() == pytest.approx([0.1, 0.5, 0.9])


@pytest.mark.parametrize("loss", OPTIONS, ids=repr)
def test_the_reductions_agree_with_each_other(loss):
    logits, targets = drawn()
    by = {}
    for reduction in ("none", "mean", "sum"):
        other = copy.deepcopy(loss)
        other.reduction = reduction
        by[reduction] = other(logits, targets)
    assert by["none"].shape == logits.shape
    torch.testing.assert_close(by["mean"], by["none"].mean())
    torch.testing.assert_close(by["sum"], by["none"].sum())


def test_whole_number_and_boolean_targets_are_taken():
    logits, targets = drawn()
    for kind in (torch.int8, torch.bool):
        assert FocalLoss()(logits, targets.to(kind)) == FocalLoss()(logits, targets)


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize(
    "logits, targets, message",
    [
        (torch.zeros(4, 3), torch.zeros(4), r"\(4, 3\) and targets \(4,\); expected the same"),
        (torch.zeros(4, 3), torch.full((4, 3), 2.0), "targets run from 2 to 2; expected 0 to 1"),
        (torch.zeros(1, 2), torch.tensor([[0.5, -1]]), "targets run from -1 to 0.5"),
        (torch.zeros(1, 1), torch.tensor([[math.nan]]), "targets run from nan"),
    ],
)
def test_targets_that_do_not_fit_are_refused(loss, logits, targets, message):
    with pytest.raises(ValueError, match=message):
        loss()(logits, targets)


@pytest.mark.parametrize(
    "loss, options, message",
    [
        (FocalLoss, {"reduction": "average"}, "reduction is 'average'; expected one of"),
        (FocalLoss, {"gamma": -1}, "gamma is -1; expected one number"),
        (FocalLoss, {"alpha": [0.5, 1.5]}, r"alpha is \[0.5, 1.5\]; .* from 0 to 1"),
        (FocalLoss, {"alpha": [[0.5, 0.5]]}, "expected one number, or one a label"),
        (AsymmetricLoss, {"clip": 1.5}, "clip is 1.5"),
        (AsymmetricLoss, {"gamma_neg": math.nan}, "gamma_neg is nan"),
        (SmoothedBCELoss, {"smoothing": 1.1}, "smoothing is 1.1"),
        (SmoothedBCELoss, {"pos_weight": [-1.0]}, "pos_weight is"),
    ],
)
def test_options_out_of_range_are_refused(loss, options, message):
    with pytest.raises(ValueError, match=message):
        loss(**options)


def test_one_weight_a_label_must_match_the_number_of_labels():
    with pytest.raises(ValueError, match="alpha has 2 values, but logits have 3 columns"):
        FocalLoss(alpha=[0.1, 0.2])(*drawn())


def test_a_loss_shows_its_options():
    assert repr(FocalLoss(alpha=0.4)) == "FocalLoss(gamma=2.0, alpha=0.4, reduction='mean')"
    assert "pos_weight=[1.0, 2.0]" in repr(SmoothedBCELoss(pos_weight=[1.0, 2.0]))


def test_weights_follow_the_loss_to_another_dtype():
    assert "alpha" in FocalLoss(alpha=[0.5]).double().state_dict()
    assert FocalLoss(alpha=[0.5]).double().alpha.dtype == torch.float64


LABELS = arrays(
    np.int8,
    st.tuples(st.integers(3, 30), st.integers(1, 5)),
    elements=st.integers(0, 1),
)


@given(LABELS)
@settings(deadline=None, max_examples=50)
def test_pos_weight_is_negatives_per_positive_or_one_with_a_warning(Y):
    counts = Y.sum(axis=0)
    known = (counts > 0) & (counts < len(Y))
    expected = [(len(Y) - c) / c if k else 1 for c, k in zip(counts, known, strict=True)]
    if known.all():
        weights = pos_weight(Y)
    else:
        with pytest.warns(UserWarning, match=f"{(~known).sum()} of {Y.shape[1]} labels"):
            weights = pos_weight(Y)
    assert weights.dtype == torch.float32
    np.testing.assert_allclose(weights, expected, rtol=1e-6)


def test_an_empty_label_is_named_in_the_warning_and_weighs_one():
    Y = pd.DataFrame({"Drama": [1, 1, 0, 0], "Western": [0, 0, 0, 0]})
    with pytest.warns(UserWarning, match=r"no positives or no negatives \(Western\)"):
        assert pos_weight(Y).tolist() == [1, 1]
    with pytest.warns(UserWarning, match=r"no positives \(Noir\).*weight 1"):
        assert class_weights(Y, label_names=["Drama", "Noir"]).tolist() == [1, 1]


def test_a_cap_bounds_pos_weight():
    Y = np.eye(10, dtype=int)[:, :2]
    assert pos_weight(Y, cap=5).tolist() == [5, 5]
    assert pos_weight(Y, cap=50).tolist() == [9, 9]
    with pytest.raises(ValueError, match="cap is 0; expected a positive number"):
        pos_weight(Y, cap=0)


def test_balanced_weights_are_scikit_learns_where_each_row_has_one_label():
    classes = np.array([0] * 7 + [1] * 2 + [2] * 11)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=classes)
    np.testing.assert_allclose(class_weights(np.eye(3)[classes]), expected, rtol=1e-6)


def test_log_weights_are_the_formula_and_average_one():
    Y = np.random.default_rng(0).random((200, 6)) < np.linspace(0.02, 0.7, 6)
    raw = np.array([math.log(200 / (count + 1)) for count in Y.sum(axis=0)])
    weights = class_weights(Y, "log").numpy()
    np.testing.assert_allclose(weights, raw / raw.mean(), rtol=1e-6)
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_array_equal(class_weights(csr_matrix(Y), "log"), weights)


def test_log_weights_refuse_a_label_that_nearly_every_row_has():
    Y = pd.DataFrame({"War": [0, 1, 0, 0], "Drama": [1, 1, 1, 0]})
    with pytest.raises(ValueError, match=r"label 'Drama' has 3 of 4 rows.*expected at most 2"):
        class_weights(Y, "log")


@pytest.mark.parametrize("make", [class_weights, pos_weight])
@pytest.mark.parametrize("Y", [[0, 1, 1], [[0, 2]], [[0.5, 1]], np.zeros((0, 3))])
def test_labels_that_are_no_indicator_matrix_are_refused(make, Y):
    with pytest.raises(ValueError, match="expected a 0/1 matrix"):
        make(Y)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="scheme is 'sqrt'; expected one of"):
        class_weights([[0, 1]], "sqrt")
    with pytest.raises(ValueError, match="loss is 'hinge'; expected a torch Module or one of"):
        make_loss("hinge", [[0, 1]])
    with pytest.raises(ValueError, match="label_names has 1 names; expected 2"):
        pos_weight([[0, 1], [1, 0]], label_names=["Drama"])


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_each_name_makes_a_loss_of_logits_and_indicator_targets(name, exclusive):
    logits, _ = drawn()
    targets = torch.eye(3, dtype=torch.float64)[torch.arange(20) % 3]
    loss = make_loss(name, targets.numpy(), exclusive=exclusive).double()
    assert loss(logits, targets).isfinite()
    softmax = exclusive and name in ("bce", "balanced", "log", "smoothed")
    assert isinstance(loss, nn.CrossEntropyLoss) == softmax


def test_the_weights_of_a_named_loss_come_from_the_labels_given():
    logits, targets = drawn()
    Y = targets.numpy()
    for name, kind in (("balanced", "weight"), ("log", "weight"), ("pos_weight", "pos_weight")):
        weights = pos_weight(Y) if name == "pos_weight" else class_weights(Y, name)
        expected = bce(logits, targets, **{kind: weights.double()})
        torch.testing.assert_close(make_loss(name, Y).double()(logits, targets), expected)


def test_a_module_given_as_a_loss_is_copied():
    given_loss = FocalLoss(alpha=[0.5, 0.5])
    made = make_loss(given_loss, [[0, 1]])
    assert made is not given_loss and made.alpha is not given_loss.alpha
