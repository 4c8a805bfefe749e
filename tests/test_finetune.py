"""Fine-tuning moves what it should, keeps the best, repeats, resumes, and runs no foreign code."""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from safetensors.torch import load_file
from sklearn.base import clone
from sklearn.metrics import average_precision_score
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import nn

from genrelab.datasets import load
from genrelab.encoding.tokens import DocumentTokenizer
from genrelab.evaluation import run_fold
from genrelab.losses import LOSSES, FocalLoss, make_loss
from genrelab.models import FineTuned
from genrelab.models.finetune import EncoderClassifier, load_encoder
from genrelab.splits import Fold, locked_split
from genrelab.thresholds import ThresholdTuner
from genrelab.windows import windows

WORDS = "alien ghost kiss gun ship house love bank night road horse song king child train".split()
RULES = ["ghost", "love", "gun"]
SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2}
WIDER = {**SIZES, "intermediate_size": 48, "max_position_embeddings": 40}
CONFIGS = {
    "bert": lambda n: transformers.BertConfig(vocab_size=n, **WIDER),
    "roberta": lambda n: transformers.RobertaConfig(vocab_size=n, pad_token_id=0, **WIDER),
    "electra": lambda n: transformers.ElectraConfig(vocab_size=n, embedding_size=16, **WIDER),
    "albert": lambda n: transformers.AlbertConfig(vocab_size=n, embedding_size=16, **WIDER),
    "distilbert": lambda n: transformers.DistilBertConfig(
        vocab_size=n, dim=32, n_layers=3, n_heads=2, hidden_dim=48, max_position_embeddings=40
    ),
    "modernbert": lambda n: transformers.ModernBertConfig(
        vocab_size=n, pad_token_id=0, cls_token_id=1, sep_token_id=2, bos_token_id=1,
        eos_token_id=2, **WIDER
    ),
    "causal": lambda n: transformers.LlamaConfig(
        vocab_size=n, num_key_value_heads=2, pad_token_id=0, bos_token_id=1, eos_token_id=2, **WIDER
    ),
}  # fmt: skip


def tiny(kind: str, folder: Path) -> Path:
    """Write a random model of an architecture, and a tokenizer of one token a word."""
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
    words = Tokenizer(
        models.WordLevel({w: i for i, w in enumerate(special + WORDS)}, unk_token="[UNK]")
    )
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    if kind != "causal":
        ends = [("[CLS]", 1), ("[SEP]", 2)]
        words.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=ends
        )
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        unk_token="[UNK]",
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.AutoModel.from_config(CONFIGS[kind](len(tokenizer))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny("bert", tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def still(bert: Path) -> Path:
    """The same model without dropout of its own."""
    encoder, tokenizer = load_encoder(bert)
    encoder.config.hidden_dropout_prob = encoder.config.attention_probs_dropout_prob = 0
    encoder.save_pretrained(bert.parent / "still")
    tokenizer.save_pretrained(bert.parent / "still")
    return bert.parent / "still"


def learnable(n: int = 60, length: int = 8, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Texts of random words, and a label for each of three words that may be among them."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, length)) for _ in range(n)]
    return texts, np.array([[word in text for word in RULES] for text in texts], dtype=np.int8)


def small(model: Path, **options: object) -> FineTuned:
    fixed = {"window": 16, "epochs": 3, "learning_rate": 3e-3, "head_learning_rate": 0.01}
    return FineTuned(model=model, **{**fixed, "precision": "float64", "device": "cpu", **options})


def weights(model: FineTuned) -> dict[str, torch.Tensor]:
    return model.network_.state_dict()


def assert_same(one: FineTuned, other: FineTuned, atol: float = 0) -> None:
    for name, weight in weights(one).items():
        torch.testing.assert_close(weights(other)[name], weight, rtol=0, atol=atol)


# What it learns


def test_it_learns_ten_films_by_heart() -> None:
    films = load("films", view="logline").select(np.arange(876) < 10)
    tuned = FineTuned(epochs=30, window=64, validation_share=0, dropout=0, learning_rate=3e-4)
    tuned.set_params(batch_size=10, frozen_layers=3).fit(films.texts, films.labels)
    assert (tuned.predict(films.texts) == films.labels).all()
    assert tuned.history_["valid_loss"].isna().all() and len(tuned.history_) == 30


def test_fifty_films_teach_it_more_than_the_prior() -> None:
    films = load("films", view="logline")
    rows = np.random.default_rng(0).permutation(876)[:200]
    train, test = rows[:50], rows[50:]
    tuned = FineTuned(epochs=8, window=64, frozen_layers=4)
    tuned.fit([films.texts[i] for i in train], films.labels[train], films.groups[train])
    scores = tuned.predict_proba([films.texts[i] for i in test])
    truth = films.labels[test]
    assert average_precision_score(truth, scores, average="macro") > 1.5 * truth.mean()


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_architecture_goes_through_the_recipe(kind: str, tmp_path: Path) -> None:
    folder = tiny(kind, tmp_path / kind)
    X, Y = learnable()
    pooling = "last" if kind == "causal" else "mean"
    options = {"pooling": pooling, "frozen_layers": 1, "window": 10, "read": "windows"}
    # ALBERT's layer is one and the same each time; transformers will not checkpoint it.
    options["gradient_checkpointing"] = kind != "albert"
    tuned = small(folder, **options).fit(X, Y)
    before, after = load_encoder(folder)[0].state_dict(), tuned.network_.encoder.state_dict()
    moved = {name for name in before if not torch.equal(before[name].double(), after[name])}
    (table,) = (n for n, w in before.items() if w.shape[0] == 4 + len(WORDS) and w.ndim == 2)
    assert table not in moved
    # ALBERT uses one layer again and again: when that is fixed, so is the encoder.
    assert moved or kind == "albert"
    again = FineTuned.load(tuned.save(tmp_path / "saved"), device="cpu")
    np.testing.assert_allclose(again.predict_proba(X), tuned.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize(
    "loss, target",
    [(loss, "labels") for loss in (*LOSSES, FocalLoss(gamma=1, alpha=0.6))]
    + [(loss, "classes") for loss in ("bce", "log", "focal")],
)
def test_every_loss_learns_to_rank(loss: str | nn.Module, target: str, bert: Path) -> None:
    X, Y = learnable()
    if target == "classes":
        Y = np.eye(3, dtype=int)[[WORDS.index(text.split()[0]) % 3 for text in X]]
        X = [text.split()[0] for text in X]
    y = Y if target == "labels" else np.array(["west", "east", "north"])[Y.argmax(axis=1)]
    tuned = small(bert, loss=loss, epochs=6, batch_size=8).fit(X, y)
    scores = tuned.predict_proba(X)
    if target == "classes":
        Y = Y[:, [WORDS.index("alien") + 1, 2, 0]]  # east, north, west
        np.testing.assert_allclose(scores.sum(axis=1), 1)
        assert set(tuned.predict(X)) <= {"west", "east", "north"}
    assert average_precision_score(Y, scores, average="macro") > 0.8


def test_two_classes_in_a_vector_are_one_label(bert: Path) -> None:
    X, Y = learnable()
    of_vector = small(bert).fit(X, np.array(["calm", "ghostly"])[Y[:, 0]])
    of_column = small(bert).fit(X, Y[:, :1])
    assert_same(of_vector, of_column)
    np.testing.assert_array_equal(of_vector.predict_proba(X)[:, 1:], of_column.predict_proba(X))


# Label smoothing


@pytest.mark.parametrize("smoothing", [0.05, 0.2])
def test_smoothing_asks_for_the_closed_form(smoothing: float, still: Path) -> None:
    # Texts that are all alike: the best answer is the smoothed share of the label.
    X, y = ["ghost love"] * 40, np.repeat([[1, 0, 1], [1, 0, 0]], [10, 30], axis=0)
    options = {"frozen_layers": 3, "dropout": 0, "weight_decay": 0, "validation_share": 0}
    tuned = small(still, label_smoothing=smoothing, epochs=150, batch_size=40, **options)
    share = tuned.set_params(head_learning_rate=0.03).fit(X, y).predict_proba(X[:1])[0]
    best = np.array([1, 0, 0.25]) * (1 - smoothing) + smoothing / 2
    np.testing.assert_allclose(share, best, atol=0.01)


def test_smoothing_of_classes_is_that_of_torch(bert: Path) -> None:
    X, Y = learnable()
    y = Y.sum(axis=1) % 3
    ours = small(bert, label_smoothing=0.1).fit(X, y)
    torchs = small(bert, loss="smoothed").fit(X, y)
    assert_same(ours, torchs, atol=1e-9)


# Frozen layers, accumulation, checkpointing of gradients


@pytest.mark.parametrize("n_frozen", [0, 1, 3])
def test_frozen_layers_do_not_move_and_the_others_do(n_frozen: int, bert: Path) -> None:
    before = load_encoder(bert)[0].double().state_dict()
    tuned = small(bert, frozen_layers=n_frozen).fit(*learnable())
    for name, weight in tuned.network_.encoder.state_dict().items():
        if name.startswith("pooler"):
            continue  # the recipe pools itself
        layer = int(name.split(".")[2]) if name.startswith("encoder") else -1
        is_fixed = layer < n_frozen if n_frozen else False
        assert torch.equal(weight, before[name]) == is_fixed, name


def test_accumulation_equals_the_large_batch(still: Path) -> None:
    # 37 texts: the last step is a short one, its parts unequal.
    X, Y = learnable(37)
    options = {"dropout": 0, "validation_share": 0}
    whole, parts = (small(still, batch_size=16, accumulate=n, **options).fit(X, Y) for n in (1, 4))
    assert_same(whole, parts, atol=1e-9)
    pd.testing.assert_frame_equal(whole.history_, parts.history_, check_exact=False, atol=1e-6)


def test_gradient_checkpointing_changes_nothing_but_memory(bert: Path) -> None:
    X, Y = learnable()
    plain, spared = (small(bert, gradient_checkpointing=way).fit(X, Y) for way in (False, True))
    assert_same(plain, spared, atol=1e-9)


# What is read


def test_windows_are_averaged_as_the_slow_way_does(bert: Path) -> None:
    X, Y = learnable(30, length=45)
    tuned = small(bert, read="windows", window=12).fit(X, Y)
    assert tuned.share_read_ == 1
    tokenise, network = DocumentTokenizer(tuned.tokenizer_), tuned.network_
    for text, found in zip(X, tuned.decision_function(X), strict=True):
        logits = []
        ids = tokenise(text)
        for start, stop in windows(len(ids), 10):
            whole = torch.tensor([[1, *ids[start:stop].tolist(), 2]])
            with torch.inference_mode():
                logits.append(network(whole, torch.ones_like(whole))[0].numpy())
        np.testing.assert_allclose(np.mean(logits, axis=0), found, atol=1e-9)


def test_documents_in_a_batch_do_not_mix(bert: Path) -> None:
    X, Y = learnable(20)
    X = [text * (1 + i % 4) for i, text in enumerate(X)]
    tuned = small(bert, read="windows", window=8, epochs=1).fit(X, Y)
    batch = tuned._padded([w for t in X[:3] for w in tuned._cut(tuned._documents([t])[0])])
    n_windows = [len(tuned._cut(ids)) for ids in tuned._documents(X[:3])]
    share = np.repeat(np.eye(3) / n_windows, n_windows, axis=1)
    with torch.inference_mode():
        together = tuned.network_(**batch, share=torch.tensor(share)).numpy()
    np.testing.assert_allclose(together, tuned.decision_function(X[:3]), atol=1e-9)


@pytest.mark.parametrize(
    "read, expected, share",
    [
        ("head", "alien ghost kiss gun", 4 / 9),
        ("tail", "love bank night road", 4 / 9),
        ("head+tail", "alien ghost night road", 4 / 9),
    ],
)
def test_a_long_text_is_read_where_one_asked(
    read: str, expected: str, share: float, bert: Path
) -> None:
    text = "alien ghost kiss gun ship love bank night road"
    _, Y = learnable(20, length=3)
    tuned = small(bert, read=read, window=6, epochs=1, validation_share=0).fit([text], Y[:1])
    np.testing.assert_allclose(
        tuned.decision_function([text]), tuned.decision_function([expected]), atol=1e-12
    )
    assert tuned.share_read_ == pytest.approx(share)


def test_of_many_windows_the_chosen_lie_evenly_from_first_to_last(bert: Path) -> None:
    text = " ".join(WORDS)
    tuned = small(bert, read="windows", window=5, max_windows=3, epochs=1, validation_share=0)
    tuned.fit([text], [[1, 0]])
    words = ["alien ghost kiss", "love bank night", "king child train"]
    expected = tuned.decision_function(words).mean(axis=0)
    np.testing.assert_allclose(tuned.decision_function([text])[0], expected, atol=1e-9)
    assert tuned.share_read_ == pytest.approx(9 / 15)


def test_token_ids_are_read_as_their_texts(bert: Path) -> None:
    X, Y = learnable()
    tokenise = DocumentTokenizer(load_encoder(bert)[1])
    ids = np.empty(len(X), dtype=object)
    ids[:] = [tokenise(text) for text in X]
    assert_same(small(bert).fit(X, Y), small(bert).fit(ids, Y))


@pytest.mark.parametrize("pooling", ["mean", "first", "last"])
def test_pooling_never_sees_the_padding(pooling: str, bert: Path) -> None:
    X, Y = learnable()
    tuned = small(bert, pooling=pooling, epochs=1).fit(X, Y)
    mixed = ["ghost", *X[:5], "love gun"]
    alone = np.vstack([tuned.decision_function([text]) for text in mixed])
    np.testing.assert_allclose(tuned.decision_function(mixed), alone, atol=1e-9)


# Best epoch, seeds, rows that may teach


def test_the_weights_kept_are_those_of_the_lowest_validation_loss(bert: Path) -> None:
    X, Y = learnable(40)
    noise = np.random.default_rng(0).integers(0, 2, Y.shape)
    groups = np.repeat(np.arange(20), 2)
    tuned = small(bert, epochs=12, loss="log", batch_size=8).fit(X, noise, groups)
    losses = tuned.history_["valid_loss"]
    assert losses.argmin() < 11 and losses.iloc[-1] > losses.min() + 0.01
    seed = np.random.RandomState(0).randint(2**31)
    valid = locked_split(noise, groups, test_share=0.15, seed=seed) == "test"
    logits = torch.from_numpy(tuned.decision_function([X[i] for i in np.flatnonzero(valid)]))
    loss = make_loss("log", noise[~valid]).double()
    found = loss(logits, torch.from_numpy(noise[valid]).double()).item()
    assert found == pytest.approx(losses.min(), abs=1e-4)


def test_the_same_seed_gives_the_same_model_and_another_seed_another(bert: Path) -> None:
    X, Y = learnable()
    first, second, other = (small(bert, random_state=seed).fit(X, Y) for seed in (1, 1, 2))
    assert_same(first, second)
    pd.testing.assert_frame_equal(first.history_, second.history_)
    assert not torch.equal(first.network_.head.weight, other.network_.head.weight)


def test_global_random_states_stay_as_they_were(bert: Path) -> None:
    random.seed(5), np.random.seed(5), torch.manual_seed(5)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1], torch.get_rng_state()  # noqa: NPY002
    small(bert, epochs=1).fit(*learnable())
    assert random.getstate() == before[0]
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    assert (torch.get_rng_state() == before[2]).all()


def test_permuting_the_labels_of_outer_rows_moves_nothing(bert: Path) -> None:
    X, Y = learnable()
    fold = Fold(0, 0, np.arange(45), np.arange(45, 60))
    shuffled = Y.copy()
    shuffled[fold.test] = Y[fold.test][::-1]
    assert (shuffled != Y).any()
    one, two = (
        run_fold(small(bert, epochs=1), np.array(X), labels, fold, tuner=ThresholdTuner())
        for labels in (Y, shuffled)
    )
    assert (one.scores == two.scores).all() and (one.thresholds == two.thresholds).all()


def test_a_clone_has_the_options_and_nothing_learnt(bert: Path) -> None:
    tuned = small(bert, epochs=1, loss=FocalLoss()).fit(*learnable(12))
    copy = clone(tuned)
    assert not hasattr(copy, "network_") and copy.get_params()["window"] == 16


# Killed and taken up again

KILLED = """
    import os, signal, sys
    import torch
    sys.path.insert(0, {tests!r})
    from test_finetune import learnable, small

    class Deadly(torch.nn.BCEWithLogitsLoss):
        calls = 0

        def forward(self, logits, targets):
            Deadly.calls += 1
            if Deadly.calls == {dies_at}:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().forward(logits, targets)

        def _get_name(self):
            return "BCEWithLogitsLoss"

    small({model!r}, loss=Deadly(), checkpoint_dir={folder!r}, epochs=4).fit(*learnable())
"""


def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_been(bert: Path, tmp_path: Path) -> None:
    # 51 texts learn in 4 steps an epoch and 9 judge in 1 batch: the 13th call is in epoch 3.
    script = KILLED.format(
        tests=str(Path(__file__).parent), model=str(bert), folder=str(tmp_path), dies_at=13
    )
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=os.environ, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    (run,) = tmp_path.iterdir()
    states = sorted(run.glob("checkpoint-*/trainer_state.json"))
    assert json.loads(states[-1].read_text())["epoch"] == 2.0

    seen = Counting()
    resumed = small(bert, loss=seen, checkpoint_dir=tmp_path, epochs=4).fit(*learnable())
    whole = small(bert, epochs=4).fit(*learnable())
    assert_same(resumed, whole, atol=1e-9)
    pd.testing.assert_frame_equal(resumed.history_, whole.history_, atol=1e-6)
    assert Counting.calls == 2 * 5
    assert list(tmp_path.iterdir()) == []


class Counting(nn.BCEWithLogitsLoss):
    calls = 0

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        Counting.calls += 1
        return super().forward(logits, targets)

    def _get_name(self) -> str:
        return "BCEWithLogitsLoss"


def test_other_texts_or_options_do_not_take_up_a_strangers_run(bert: Path, tmp_path: Path) -> None:
    X, Y = learnable()
    keys = set()
    for options, texts in (({}, X), ({"epochs": 2}, X), ({"loss": "log"}, X), ({}, X[::-1])):
        spy = small(bert, checkpoint_dir=tmp_path, **options)
        spy._fingerprint = lambda *a, spy=spy: keys.add(FineTuned._fingerprint(spy, *a)) or "run"
        spy.fit(texts, Y)
    assert len(keys) == 4


# Saved and loaded


def test_a_saved_model_holds_safetensors_and_json_and_nothing_else(
    bert: Path, tmp_path: Path
) -> None:
    tuned = small(bert, loss=FocalLoss(), epochs=1).fit(*learnable())
    folder = tuned.save(tmp_path / "deep" / "model")
    kinds = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert kinds <= {".safetensors", ".json", ".txt"}
    again = FineTuned.load(folder, device="cpu")
    assert again.get_params()["read"] == "head" and again.get_params()["loss"].startswith(
        "FocalLoss("
    )
    pd.testing.assert_frame_equal(again.history_, tuned.history_)
    assert torch.equal(load_file(folder / "head.safetensors")["bias"], weights(tuned)["head.bias"])
    with pytest.raises(FileExistsError, match="expected a new folder"):
        tuned.save(folder)


def test_a_folder_with_code_and_pickles_runs_neither(bert: Path, tmp_path: Path) -> None:
    folder = small(bert, epochs=1).fit(*learnable()).save(tmp_path / "model")
    trap = tmp_path / "sprung"
    (folder / "encoder" / "modeling.py").write_text(f"open({str(trap)!r}, 'w')\n")
    config = json.loads((folder / "encoder" / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "modeling.Evil", "AutoConfig": "modeling.Evil"}
    (folder / "encoder" / "config.json").write_text(json.dumps(config))
    FineTuned.load(folder, device="cpu")
    weights_file = folder / "encoder" / "model.safetensors"
    torch.save(load_file(weights_file), folder / "encoder" / "pytorch_model.bin")
    weights_file.unlink()
    with pytest.raises(ValueError, match=r"encoder/model.safetensors is missing"):
        FineTuned.load(folder)
    assert not trap.exists()


def test_all_missing_pieces_are_named(bert: Path, tmp_path: Path) -> None:
    folder = small(bert, epochs=1).fit(*learnable()).save(tmp_path / "model")
    (folder / "head.safetensors").unlink()
    (folder / "classifier.json").unlink()
    with pytest.raises(ValueError, match=r"classifier.json is missing; head.safetensors is miss"):
        FineTuned.load(folder)


# Errors


def test_all_problems_of_the_options_are_named_at_once(bert: Path) -> None:
    wrong = small(bert, read="middle", pooling="max", epochs=0, batch_size=9, accumulate=2)
    with pytest.raises(ValueError) as raised:
        wrong.set_params(label_smoothing=1.0).fit(*learnable())
    for part in (
        "read is 'middle'; expected one of 'head', 'tail'",
        "pooling is 'max'",
        "epochs is 0; expected at least 1",
        "batch_size 9 is no multiple of accumulate 2",
        "label_smoothing is 1.0",
    ):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"window": 41, "frozen_layers": 4}, "41; the encoder has positions for 40 .*has 3"),
        ({"max_windows": 2}, "max_windows is given with read='head'"),
        ({"read": "windows", "max_windows": 0}, "max_windows is 0"),
        ({"precision": "int8"}, "precision is 'int8'"),
        ({"loss": "hinge"}, "loss is 'hinge'; expected a torch Module or one of"),
        ({"learning_rate": 1e30, "precision": "float32"}, "training loss is not finite"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict, message: str, bert: Path) -> None:
    with pytest.raises(ValueError, match=message):
        small(bert, **options).fit(*learnable())


def test_roberta_counts_positions_from_its_padding(tmp_path: Path) -> None:
    folder = tiny("roberta", tmp_path)
    with pytest.raises(ValueError, match="positions for 39 tokens"):
        small(folder, window=40).fit(*learnable())


def test_bad_texts_are_named_by_their_place(bert: Path) -> None:
    X, Y = learnable(5)
    with pytest.raises(ValueError, match=r"text 1 is empty; .*text 3 is a NoneType"):
        small(bert).fit([X[0], "  ", X[2], None, X[4]], Y)
    with pytest.raises(ValueError, match="X is one text"):
        small(bert).fit("a film", Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        small(bert).fit(X[:3], Y)


def test_an_encoder_alone_stays_where_it_was_put(bert: Path) -> None:
    network = EncoderClassifier(load_encoder(bert)[0], 2)
    assert len(network.layers()) == 3
    network.freeze(2)
    moving = [n for n, w in network.encoder.named_parameters() if w.requires_grad]
    assert moving and all(n.startswith(("encoder.layer.2", "pooler")) for n in moving)
