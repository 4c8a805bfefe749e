"""Losses for rare labels, over logits: class weights, focal, asymmetric, label smoothing.

Each takes logits and targets of shape ``(n, L)``, one column a label, like
`torch.nn.BCEWithLogitsLoss`: never put a sigmoid before them.
"""

import copy
import warnings
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor, nn

SCHEMES = ("balanced", "log")
REDUCTIONS = {"mean": torch.mean, "sum": torch.sum, "none": lambda losses: losses}
SHARES = ("alpha", "clip", "smoothing")
LOSSES = ("bce", *SCHEMES, "pos_weight", "focal", "asymmetric", "smoothed")

Weight = float | Sequence[float] | Tensor | None


def class_weights(
    Y: ArrayLike, scheme: str = "balanced", *, label_names: Sequence[str] | None = None
) -> Tensor:
    """Weigh each label by its rarity: the ``weight`` of a loss, for positives and negatives alike.

    Parameters
    ----------
    Y : array-like of shape (n, L)
        Training labels, 0/1.
    scheme : {"balanced", "log"}, default="balanced"
        ``"balanced"``: ``n / (L * count)``, scikit-learn's rule. ``"log"``:
        ``log(n / (count + 1))`` divided by its mean over labels, which is gentler.
    label_names : sequence of str, optional
        Names for warnings and errors; default: a DataFrame's columns, else numbers.

    Returns
    -------
    Tensor of float32, shape (L,)

    Raises
    ------
    ValueError
        If ``scheme`` is unknown, labels are not 0/1, or ``"log"`` meets a label that (nearly)
        every row has: its weight would not be positive.

    Warns
    -----
    UserWarning
        If a label has no positives under ``"balanced"``: it gets weight 1.

    Examples
    --------
    >>> Y = [[1, 0], [1, 0], [1, 1], [0, 0], [0, 0], [0, 0]]
    >>> class_weights(Y)
    tensor([1., 3.])
    >>> class_weights(Y, "log")
    tensor([0.5392, 1.4608])
    """
    counts, n, names = _counted(Y, label_names)
    if scheme == "log":
        if (counts + 1 >= n).any():
            raise ValueError(
                f"label {names[counts.argmax()]!r} has {counts.max()} of {n} rows, so its log "
                f"weight would not be positive; expected at most {n - 2}. Drop the label, or use "
                'scheme="balanced".'
            )
        weights = np.log(n / (counts + 1))
        return torch.tensor(weights / weights.mean(), dtype=torch.float32)
    if scheme != "balanced":
        raise ValueError(f"scheme is {scheme!r}; expected one of {SCHEMES}.")
    return _or_one(n / (len(counts) * np.maximum(counts, 1)), counts > 0, "positives", names)


def pos_weight(
    Y: ArrayLike, cap: float | None = None, *, label_names: Sequence[str] | None = None
) -> Tensor:
    """Weigh the positives of each label by its negatives per positive.

    It goes into the ``pos_weight`` of a loss. As ``weight`` it would blow up the negatives too.

    Parameters
    ----------
    Y : array-like of shape (n, L)
        Training labels, 0/1.
    cap : float, optional
        Largest weight; more than 0.
    label_names : sequence of str, optional
        Names for warnings; default: a DataFrame's columns, else numbers.

    Returns
    -------
    Tensor of float32, shape (L,)

    Raises
    ------
    ValueError
        If labels are not 0/1 or ``cap`` is not positive.

    Warns
    -----
    UserWarning
        If a label has no positives, or no negatives: it gets weight 1.

    Examples
    --------
    >>> pos_weight([[1, 0], [1, 0], [0, 0], [0, 1]])
    tensor([1., 3.])
    """
    if cap is not None and not cap > 0:
        raise ValueError(f"cap is {cap}; expected a positive number, or None for no cap.")
    counts, n, names = _counted(Y, label_names)
    weights = (n - counts) / np.maximum(counts, 1)
    weights = weights if cap is None else np.minimum(weights, cap)
    known = (counts > 0) & (counts < n)
    return _or_one(weights, known, "positives or no negatives", names)


class _LogitLoss(nn.Module):
    """What the losses share: options, checks, reduction.

    ``_losses`` is the formula of each, of log p, log (1 - p) and targets, all of shape (n, L).
    """

    def __init__(self, reduction: str, **options: Weight) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction is {reduction!r}; expected one of {tuple(REDUCTIONS)}.")
        self._options, self.reduction = tuple(options), reduction
        for name, value in options.items():
            numbers = torch.as_tensor(0 if value is None else value).detach().clone()
            highest = 1 if name in SHARES else float("inf")
            if numbers.ndim > 1 or not ((numbers >= 0) & (numbers <= highest)).all():
                raise ValueError(
                    f"{name} is {value}; expected one number, or one a label, from 0 to {highest}."
                )
            if numbers.ndim:
                self.register_buffer(name, numbers)
            else:
                setattr(self, name, None if value is None else float(value))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of logits and targets (0 to 1), both of shape (n, L)."""
        if logits.shape != targets.shape:
            raise ValueError(
                f"logits have shape {tuple(logits.shape)} and targets {tuple(targets.shape)}; "
                "expected the same, one column a label. Reshape one of them."
            )
        for name, values in self.named_buffers():
            if len(values) != logits.shape[-1]:
                raise ValueError(
                    f"{name} has {len(values)} values, but logits have {logits.shape[-1]} columns; "
                    "expected one a label."
                )
        if not ((targets >= 0) & (targets <= 1)).all():
            raise ValueError(
                f"targets run from {targets.min():g} to {targets.max():g}; expected 0 to 1. Pass "
                "labels, not logits or class numbers."
            )
        # In 16 bits, sums over a batch and small losses would be lost.
        dtype = torch.promote_types(logits.dtype, torch.float32)
        logits, targets = logits.to(dtype), targets.to(dtype)  # (n, L) each
        losses = self._losses(F.logsigmoid(logits), F.logsigmoid(-logits), targets)  # (n, L)
        return REDUCTIONS[self.reduction](losses)

    def extra_repr(self) -> str:
        """Return the options, for ``repr``."""
        values = ((name, getattr(self, name)) for name in (*self._options, "reduction"))
        return ", ".join(f"{k}={v.tolist() if isinstance(v, Tensor) else v!r}" for k, v in values)


class FocalLoss(_LogitLoss):
    """Binary cross-entropy that fades where the model is already right.

    ``-alpha_t * (1 - p_t) ** gamma * log(p_t)``, where ``p_t`` is the probability given to the
    truth, and ``alpha_t`` is ``alpha`` for positives and ``1 - alpha`` for negatives.

    Parameters
    ----------
    gamma : float, default=2.0
        How fast easy examples fade; 0 for not at all.
    alpha : float, sequence of L floats, or None, default=0.25
        Weight of the positives, 0 to 1. **Below .5 it weighs positives down**: .25 is the paper's,
        chosen for detectors with gamma 2. None leaves the factor out.
    reduction : {"mean", "sum", "none"}, default="mean"

    References
    ----------
    Lin et al. (2017), "Focal Loss for Dense Object Detection". https://arxiv.org/abs/1708.02002

    Examples
    --------
    >>> logits, targets = torch.tensor([[2.0, -1.0]]), torch.tensor([[1.0, 0.0]])
    >>> FocalLoss(gamma=0, alpha=None)(logits, targets)  # plain cross-entropy
    tensor(0.2201)
    >>> FocalLoss(gamma=2, alpha=None)(logits, targets)
    tensor(0.0122)
    """

    def __init__(
        self, *, gamma: float = 2.0, alpha: Weight = 0.25, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction, gamma=gamma, alpha=alpha)

    def _losses(self, log_p: Tensor, log_q: Tensor, targets: Tensor) -> Tensor:
        # In logs, 1 - p_t and its gradient stay finite however sure the model is.
        log_miss = torch.logaddexp(log_p + torch.log1p(-targets), log_q + torch.log(targets))
        losses = -(targets * log_p + (1 - targets) * log_q) * torch.exp(self.gamma * log_miss)
        if self.alpha is None:
            return losses
        return losses * (self.alpha * targets + (1 - self.alpha) * (1 - targets))


class AsymmetricLoss(_LogitLoss):
    """Focal loss with a gamma of its own for negatives, of which the easiest cost nothing.

    Parameters
    ----------
    gamma_neg, gamma_pos : float, default=4.0 and 1.0
        How fast easy negatives and easy positives fade.
    clip : float, default=0.05
        Taken off a negative's probability first: one of less than ``clip`` costs nothing.
    reduction : {"mean", "sum", "none"}, default="mean"
        The authors' code sums; with the mean, a learning rate means the same for each loss.

    References
    ----------
    Ridnik et al. (2021), "Asymmetric Loss for Multi-Label Classification".
    https://arxiv.org/abs/2009.14119

    Examples
    --------
    >>> logits, targets = torch.tensor([[2.0, -3.0]]), torch.tensor([[1.0, 0.0]])
    >>> AsymmetricLoss(reduction="none")(logits, targets)  # p = .047 for the second: below clip
    tensor([[0.0151, 0.0000]])
    """

    def __init__(
        self,
        *,
        gamma_neg: float = 4.0,
        gamma_pos: float = 1.0,
        clip: float = 0.05,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction, gamma_neg=gamma_neg, gamma_pos=gamma_pos, clip=clip)

    def _losses(self, log_p: Tensor, log_q: Tensor, targets: Tensor) -> Tensor:
        positive = log_p * torch.exp(self.gamma_pos * log_q)  # (n, L)
        clip = torch.as_tensor(self.clip, dtype=log_q.dtype, device=log_q.device).log()
        log_q = torch.logaddexp(log_q, clip).clamp(max=0)  # (n, L): log of min(1 - p + clip, 1)
        # Zero to a power below 1 has no finite gradient.
        shifted = (-torch.expm1(log_q)).clamp(min=torch.finfo(log_q.dtype).tiny)
        negative = log_q * shifted**self.gamma_neg  # (n, L)
        return 0 - targets * positive - (1 - targets) * negative


class SmoothedBCELoss(_LogitLoss):
    """Binary cross-entropy against targets moved towards one half.

    Parameters
    ----------
    smoothing : float, default=0.1
        Targets become ``targets * (1 - smoothing) + smoothing / 2``.
    weight, pos_weight : float or sequence of L floats, optional
        Weight of a label, and of its positives alone: `class_weights` and `pos_weight`.
    reduction : {"mean", "sum", "none"}, default="mean"

    References
    ----------
    Müller, Kornblith, Hinton (2019), "When Does Label Smoothing Help?".
    https://arxiv.org/abs/1906.02629

    Examples
    --------
    >>> loss = SmoothedBCELoss(smoothing=0.1, reduction="none")
    >>> loss(torch.tensor([[3.0, 9.0]]), torch.tensor([[1.0, 1.0]]))  # too sure costs
    tensor([[0.1986, 0.4501]])
    """

    def __init__(
        self,
        *,
        smoothing: float = 0.1,
        weight: Weight = None,
        pos_weight: Weight = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction, smoothing=smoothing, weight=weight, pos_weight=pos_weight)

    def _losses(self, log_p: Tensor, log_q: Tensor, targets: Tensor) -> Tensor:
        targets = targets * (1 - self.smoothing) + self.smoothing / 2
        of_positive = 1 if self.pos_weight is None else self.pos_weight
        losses = -(of_positive * targets * log_p + (1 - targets) * log_q)
        return losses if self.weight is None else losses * self.weight


def make_loss(
    loss: str | nn.Module,
    Y: ArrayLike,
    *,
    exclusive: bool = False,
    label_names: Sequence[str] | None = None,
) -> nn.Module:
    """Return the loss of a name, weighed by the training labels where it has weights.

    Parameters
    ----------
    loss : str or Module
        ``"bce"``; ``"balanced"`` or ``"log"``, with `class_weights`; ``"pos_weight"``;
        ``"focal"``, ``"asymmetric"`` or ``"smoothed"``, with their default options. A module is
        copied.
    Y : array-like of shape (n, L)
        **Training** labels, 0/1.
    exclusive : bool, default=False
        Each row has one class: ``"bce"``, ``"balanced"``, ``"log"`` and ``"smoothed"`` become
        cross-entropy over the classes. The others judge each class for itself.
    label_names : sequence of str, optional
        Names for warnings and errors.

    Returns
    -------
    Module
        Takes logits and float targets of shape (n, L).

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> make_loss("log", [[1, 0], [1, 0], [0, 1], [0, 0]]).weight
    tensor([0.5866, 1.4134])
    """
    if isinstance(loss, nn.Module):
        return copy.deepcopy(loss)
    plain = nn.CrossEntropyLoss if exclusive else nn.BCEWithLogitsLoss
    if loss in SCHEMES:
        return plain(weight=class_weights(Y, loss, label_names=label_names))
    if loss == "pos_weight":
        return nn.BCEWithLogitsLoss(pos_weight=pos_weight(Y, label_names=label_names))
    if loss == "smoothed":
        return nn.CrossEntropyLoss(label_smoothing=0.1) if exclusive else SmoothedBCELoss()
    named = {"bce": plain, "focal": FocalLoss, "asymmetric": AsymmetricLoss}
    if loss not in named:
        raise ValueError(f"loss is {loss!r}; expected a torch Module or one of {LOSSES}.")
    return named[loss]()


def _counted(Y: ArrayLike, names: Sequence[str] | None) -> tuple[np.ndarray, int, list[str]]:
    """Return the positives of each label, the number of rows, and the labels' names."""
    labels = Y.toarray() if hasattr(Y, "toarray") else np.asarray(Y)
    if labels.ndim != 2 or not labels.size or not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"Y has shape {labels.shape} and values from {np.unique(labels)[:3].tolist()}; "
            "expected a 0/1 matrix, one column a label. Binarise it."
        )
    names = getattr(Y, "columns", range(labels.shape[1])) if names is None else names
    if len(names) != labels.shape[1]:
        raise ValueError(
            f"label_names has {len(names)} names; expected {labels.shape[1]}, one a label."
        )
    return labels.sum(axis=0, dtype=np.int64), len(labels), list(map(str, names))


def _or_one(weights: np.ndarray, known: np.ndarray, lacking: str, names: list[str]) -> Tensor:
    """Return the weights, and 1 with a warning for each label that has none."""
    if not known.all():
        without = ", ".join(name for name, fine in zip(names, known, strict=True) if not fine)
        warnings.warn(
            f"{(~known).sum()} of {len(known)} labels have no {lacking} ({without}): they get "
            "weight 1. Drop them or load more rows.",
            stacklevel=3,
        )
    return torch.tensor(np.where(known, weights, 1), dtype=torch.float32)
