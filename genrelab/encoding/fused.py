"""Linear layers as one oneDNN call each: weights packed once, bias and GELU inside the product."""

import platform
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from genrelab.encoding.models import LoadedModel

# The packing that suits batches of about so many rows (windows x longest); it holds for any number.
TYPICAL_ROWS = 2_048
# Bytes, beside its result, that a product of a new shape may want for its code. The C library maps
# a block of this size apart and unmaps it at once, untouched.
RESERVE = 33 * 2**20


class FusedLinear(nn.Module):
    """A linear layer for inference on an x86 CPU, followed by an exact GELU if asked.

    PyTorch's own layer copies the bias into its result before each product, packs the weight anew
    for the processor's matrix units in each call, and runs GELU as a pass of its own. oneDNN does
    all three inside the product.

    Parameters
    ----------
    linear : nn.Linear
    gelu : bool, default=False

    References
    ----------
    oneDNN post-ops, https://oneapi-src.github.io/oneDNN/dev_guide_attributes_post_ops.html; the
    call is the one that ``torch.compile`` makes of a frozen layer on a CPU.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> linear, rows = nn.Linear(8, 4), torch.randn(3, 8)
    >>> with torch.inference_mode():
    ...     torch.allclose(FusedLinear(linear)(rows), linear(rows), atol=1e-6)
    True
    """

    def __init__(self, linear: nn.Linear, *, gelu: bool = False) -> None:
        super().__init__()
        self.dtype, self.out_features = linear.weight.dtype, linear.out_features
        with torch.inference_mode():
            self.weight = torch.ops.mkldnn._reorder_linear_weight(
                linear.weight.detach(), TYPICAL_ROWS
            )
        self.bias = None if linear.bias is None else linear.bias.detach()
        self.compiled_for: torch.Size | None = None
        self.after = ("gelu", [], "none") if gelu else ("none", [], "")

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the product, shape (..., out_features), in the weight's own number format.

        Raises
        ------
        MemoryError
            If there is no memory for a product of a new shape and :data:`RESERVE` bytes more.
        """
        rows = rows.to(self.dtype)
        if rows.shape != self.compiled_for:
            # Where a small block of its own cannot be had, oneDNN ends the process. NumPy, asked
            # first, raises an error; torch would show this block in a trace of its tensors.
            result = rows.shape[:-1].numel() * self.out_features * rows.element_size()  # bytes
            np.empty(result + RESERVE, dtype=np.uint8)
            self.compiled_for = rows.shape
        return torch.ops.mkldnn._linear_pointwise(rows, self.weight, self.bias, *self.after)


def fuse(model: "LoadedModel") -> None:
    """Replace the linear layers of a loaded model where oneDNN can run them; for inference only.

    Parameters
    ----------
    model : LoadedModel
        Its network is changed in place.
    """
    from transformers.activations import GELUActivation

    if not _can_fuse(model):
        return
    for parent in list(model.network.modules()):
        # In BERT and its relatives the activation stands beside the layer that it follows.
        activation = getattr(parent, "intermediate_act_fn", None)
        gelu = isinstance(activation, GELUActivation) and _is_linear(getattr(parent, "dense", None))
        for name, child in list(parent.named_children()):
            if _is_linear(child):
                setattr(parent, name, FusedLinear(child, gelu=gelu and name == "dense"))
        if gelu:
            parent.intermediate_act_fn = nn.Identity()


def _is_linear(module: nn.Module | None) -> bool:
    # Not a subclass: attention reads the weight of its own kind of layer itself.
    return type(module) is nn.Linear


def _can_fuse(model: "LoadedModel") -> bool:
    on_x86 = model.device == "cpu" and platform.machine().lower() in {"x86_64", "amd64"}
    if not (on_x86 and torch.backends.mkldnn.is_available()):
        return False
    return model.precision == "float32" or (
        model.precision == "bfloat16" and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
