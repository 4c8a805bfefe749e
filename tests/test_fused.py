"""Fused layers give what the plain ones give, and nothing else of a network changes."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModel

from genrelab.encoding import ScriptEncoder
from genrelab.encoding import fused as fused_module
from genrelab.encoding.fused import FusedLinear, fuse
from genrelab.encoding.measure import tensor_trace
from genrelab.encoding.models import LoadedModel, load_model

needs_onednn = pytest.mark.skipif(
    not fused_module._can_fuse(load_model(precision="float32", device="cpu")),
    reason="layers are fused on x86 processors with oneDNN alone",
)
# Kinds of encoders, the exact GELU in the first four beside a layer called dense.
SMALL = {
    "bert": {"hidden_act": "gelu"},
    "roberta": {"hidden_act": "gelu"},
    "mpnet": {"hidden_act": "gelu"},
    "electra": {"hidden_act": "gelu", "embedding_size": 32},
    "bert-tanh": {"hidden_act": "gelu_new"},
    "bert-relu": {"hidden_act": "relu"},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    "modernbert": {"pad_token_id": 0, "reference_compile": False},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
}


def network(kind: str) -> nn.Module:
    """A random encoder of two layers."""
    torch.manual_seed(0)
    sizes = {
        "vocab_size": 100,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    if kind == "distilbert":
        sizes = {"vocab_size": 100}
    family = kind.removesuffix("-tanh").removesuffix("-relu")
    return AutoModel.from_config(AutoConfig.for_model(family, **sizes, **SMALL[kind])).eval()


def loaded(encoder: nn.Module, device: str = "cpu", precision: str = "float32") -> LoadedModel:
    """What `fuse` reads of a loaded model, about any network."""
    return LoadedModel(
        network=encoder, name="", sha256="", device=device, precision=precision, prefix=(),
        suffix=(), pad_id=0, declared_length=0, longest_window=0, dim=0,
    )  # fmt: skip


def fused_layers(encoder: nn.Module) -> list[FusedLinear]:
    return [module for module in encoder.modules() if isinstance(module, FusedLinear)]


@needs_onednn
@pytest.mark.parametrize("kind", SMALL)
def test_a_fused_network_gives_what_the_plain_one_gives(kind: str) -> None:
    plain = network(kind)
    quick = copy.deepcopy(plain)
    n_linear = sum(type(module) is nn.Linear for module in plain.modules())
    fuse(loaded(quick))
    ids = torch.randint(3, 100, (3, 17), generator=torch.Generator().manual_seed(1))
    mask = (torch.arange(17) < torch.tensor([17, 9, 4])[:, None]).long()
    with torch.inference_mode():
        expected = plain(input_ids=ids, attention_mask=mask).last_hidden_state
        found = quick(input_ids=ids, attention_mask=mask).last_hidden_state
    assert len(fused_layers(quick)) == n_linear > 0
    read = mask.bool()
    np.testing.assert_allclose(found[read].numpy(), expected[read].numpy(), atol=2e-5)


@needs_onednn
@pytest.mark.parametrize(
    ("kind", "n_fused"), [("bert", 2), ("mpnet", 2), ("bert-tanh", 0), ("bert-relu", 0)]
)
def test_only_the_exact_gelu_moves_into_the_product(kind: str, n_fused: int) -> None:
    encoder = network(kind)
    fuse(loaded(encoder))
    assert sum(layer.after[0] == "gelu" for layer in fused_layers(encoder)) == n_fused


@needs_onednn
@pytest.mark.parametrize("rows", [(1, 24), (7, 24), (2, 3, 24), (2_500, 24)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("gelu", [True, False])
def test_a_fused_layer_is_the_product_the_bias_and_the_activation(
    rows: tuple[int, ...], bias: bool, gelu: bool
) -> None:
    torch.manual_seed(0)
    linear, values = nn.Linear(24, 40, bias=bias), torch.randn(rows)
    with torch.inference_mode():
        found = FusedLinear(linear, gelu=gelu)(values).double()
        exact = values.double() @ linear.weight.double().T
        exact = exact + linear.bias.double() if bias else exact
        # The definition, Hendrycks and Gimpel 2016: x times the normal distribution's function.
        exact = exact * torch.special.ndtr(exact) if gelu else exact
    np.testing.assert_allclose(found.numpy(), exact.numpy(), atol=1e-5)


@pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(),
    reason="this processor has no bfloat16 products that oneDNN could run",
)
def test_a_fused_bfloat16_layer_is_right_to_the_formats_own_rounding() -> None:
    torch.manual_seed(0)
    linear, values = nn.Linear(384, 1536).to(torch.bfloat16), torch.randn(64, 384)
    with torch.inference_mode():
        found = FusedLinear(linear, gelu=True)(values)
        rounded = values.to(torch.bfloat16).double()
        exact = rounded @ linear.weight.double().T + linear.bias.double()
        exact = exact * torch.special.ndtr(exact)
    assert found.dtype == torch.bfloat16
    # Eight bits of mantissa: half a unit in the last place, and the exact GELU's few units beside.
    np.testing.assert_allclose(found.double().numpy(), exact.numpy(), rtol=2**-7, atol=2e-3)


@pytest.mark.parametrize(("device", "precision"), [("cuda", "float32"), ("cpu", "float16")])
def test_what_onednn_does_not_run_stays_as_it_is(device: str, precision: str) -> None:
    encoder = network("bert")
    fuse(loaded(encoder, device, precision))
    assert not fused_layers(encoder)


def test_another_processor_keeps_its_plain_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_module.platform, "machine", lambda: "arm64")
    encoder = network("bert")
    fuse(loaded(encoder))
    assert not fused_layers(encoder)


@needs_onednn
def test_the_encoder_runs_fused_layers_and_a_model_loaded_for_training_does_not() -> None:
    encoder = ScriptEncoder(window=64, precision="float32", device="cpu").fit()
    assert len(fused_layers(encoder._load().network)) == 37
    assert not fused_layers(load_model(precision="float32", device="cpu").network)


# Resident memory while one layer meets two hundred numbers of rows, a quarter of them first.
_MANY_SHAPES = """
import re
from pathlib import Path
import torch
from genrelab.encoding import memory
from genrelab.encoding.fused import FusedLinear
from genrelab.encoding.models import load_model

def resident():
    memory.trim()
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

load_model(precision="float32", device="cpu")
layer, rows = FusedLinear(torch.nn.Linear(384, 1536), gelu=True), torch.randn(1_400, 384)
with torch.inference_mode():
    layer(rows)
    for count in range(1_000, 1_050):
        layer(rows[:count])
    before = resident()
    for count in range(1_050, 1_200):
        layer(rows[:count])
print(resident() - before)
"""


@needs_onednn
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_batches_of_many_shapes_do_not_fill_the_memory_with_their_code() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MANY_SHAPES], check=True, capture_output=True, text=True
    )
    # With ideep's cache at its default of a thousand, these 150 shapes hold 44 MiB.
    assert float(done.stdout) < 16


@needs_onednn
def test_what_a_layer_asks_for_beforehand_is_in_no_trace_of_tensors() -> None:
    layer, rows = FusedLinear(nn.Linear(64, 256)), torch.randn(100, 64)
    with torch.inference_mode():
        trace = tensor_trace(lambda: layer(rows))
    result = 100 * 256 * 4
    assert result <= trace.max() <= 2 * result


_CRAMPED = """
import resource, sys, warnings
import numpy as np, psutil
from genrelab.encoding import ScriptEncoder, WindowTooLargeError

warnings.simplefilter("ignore")
texts = [f"{word} " * 2_400 for word in ("sea", "storm", "harbour")]
encoder = ScriptEncoder(window=256, token_budget=1_024, precision="float32", device="cpu")
roomy = encoder.fit_transform(texts)
limit = psutil.Process().memory_info().vms + int(sys.argv[1]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    cramped = encoder.set_params(token_budget=8_192).transform(texts)
    print(encoder.receipts_["backoffs"].max(), np.abs(cramped - roomy).max() < 1e-5)
except WindowTooLargeError as error:
    print("too large:", "allocate" in str(error))
"""


@needs_onednn
@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited as on Linux")
@pytest.mark.parametrize(("mib", "expected"), [(20, "too large: True"), (80, " True")])
def test_a_process_at_the_end_of_its_memory_backs_off_or_says_so_and_never_dies(
    mib: int, expected: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CRAMPED, str(mib)],
        capture_output=True,
        text=True,
        check=False,
        # Freed blocks go back to the system, so that the limit means what it says.
        env={**os.environ, "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(2**20)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip("\n").endswith(expected)
    assert not done.stdout.startswith("0"), "the limit was no limit"
