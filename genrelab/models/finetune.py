"""Any encoder, fine-tuned: a classifier over texts around the ``Trainer`` of transformers."""

import hashlib
import json
import random
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import nn

from genrelab.encoding.models import (
    PRECISIONS,
    locate,
    position_limit,
    resolve_device,
    resolve_precision,
    special_tokens,
    without_loading_bar,
)
from genrelab.encoding.tokens import DocumentTokenizer
from genrelab.losses import make_loss
from genrelab.models.base import LogitClassifier
from genrelab.models.parts import PIECES
from genrelab.splits import locked_split
from genrelab.windows import windows

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast, Trainer

READS = ("head", "tail", "head+tail", "windows")
POOLINGS = ("mean", "first", "last")
WARMUP_SHARE = 0.1

Window = np.ndarray


def load_encoder(
    model: str | Path | None = None, *, only_safetensors: bool = False
) -> "tuple[PreTrainedModel, PreTrainedTokenizerFast]":
    """Load an encoder with its tokenizer, in float32; code that comes with weights is never run.

    Parameters
    ----------
    model : str or Path, optional
        A folder, or an id on the Hugging Face hub; the bundled, hash-verified MiniLM if left out.
    only_safetensors : bool, default=False
        Refuse weights in torch's own format, which torch reads without running code too.

    Returns
    -------
    encoder : PreTrainedModel
    tokenizer : PreTrainedTokenizerFast

    Examples
    --------
    >>> encoder, tokenizer = load_encoder()
    >>> encoder.config.num_hidden_layers, len(tokenizer)
    (6, 30522)
    """
    from transformers import AutoModel, AutoTokenizer

    source, revision, _ = locate(model)
    options = {"revision": revision, "trust_remote_code": False}
    with without_loading_bar():
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        formats = {"use_safetensors": True} if only_safetensors else {}
        encoder = AutoModel.from_pretrained(source, **options, **formats).float()
    # Keys of earlier tokens are for writing text; a classifier reads each token once.
    if hasattr(encoder.config, "use_cache"):
        encoder.config.use_cache = False
    return encoder, tokenizer


class EncoderClassifier(nn.Module):
    """An encoder, its tokens pooled, a linear layer, and the mean over a document's windows.

    Parameters
    ----------
    encoder : PreTrainedModel
    n_outputs : int
    pooling : {"mean", "first", "last"}, default="mean"
    dropout : float, default=0.1
    """

    # The Trainer reads this: the loss is ours to scale.
    accepts_loss_kwargs = False

    def __init__(
        self,
        encoder: "PreTrainedModel",
        n_outputs: int,
        *,
        pooling: str = "mean",
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, n_outputs)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        share: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return one row of logits a document, or a window where no ``share`` is given.

        Parameters
        ----------
        input_ids, attention_mask : Tensor of int64, shape (windows, longest)
        share : Tensor of shape (documents, windows), optional
            The part that each window has in its document; rows sum to 1.

        Returns
        -------
        Tensor of shape (documents, L) or (windows, L)
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]  # (w, t, dim)
        if self.pooling == "mean":
            mask = attention_mask[:, :, None].to(states.dtype)  # (w, t, 1)
            pooled = (states * mask).sum(dim=1) / mask.sum(dim=1)  # (w, dim)
        else:
            rows = torch.arange(len(states), device=states.device)
            place = attention_mask.sum(dim=1) - 1 if self.pooling == "last" else 0 * rows
            pooled = states[rows, place]  # (w, dim)
        logits = self.head(self.dropout(pooled))  # (w, L)
        if share is None:
            return logits
        # No matrix product: that would round the shares where products are in low precision.
        return (share[:, :, None] * logits).sum(dim=1)  # (documents, L)

    def layers(self) -> nn.ModuleList:
        """Return the encoder's stack of layers: its longest list of modules."""
        lists = (m for m in self.encoder.modules() if isinstance(m, nn.ModuleList))
        return max(lists, key=len)

    def freeze(self, n_layers: int) -> None:
        """Fix the lowest layers and whatever the encoder computes before them; 0 fixes nothing."""
        fixed = {id(weight) for weight in self.layers()[:n_layers].parameters()}
        weights = list(self.encoder.parameters())
        places = [place for place, weight in enumerate(weights) if id(weight) in fixed]
        for weight in weights[: 1 + max(places, default=-1)]:
            weight.requires_grad_(False)


class FineTuned(LogitClassifier):
    """A pre-trained encoder with a linear layer on top, trained together on one's own texts.

    AdamW with a higher rate for the new layer, warm-up over a tenth of the steps and linear decay.
    Part of the training rows is set aside; the weights of the epoch with the lowest loss on them
    come back. Needs accelerate (``pip install 'genrelab[train]'``).

    Parameters
    ----------
    model : str or Path, optional
        A folder, or an id on the Hugging Face hub, of any encoder that ``AutoModel`` knows, causal
        ones included; the bundled MiniLM if left out. Code that comes with weights is never run.
    loss : str or torch Module, default="bce"
        A name of `genrelab.losses.make_loss`, or a loss of logits and targets of shape (batch, L).
    label_smoothing : float, default=0
        Targets become ``targets * (1 - s) + s / 2``, over classes ``… + s / C``, for any loss.
    read : {"head", "tail", "head+tail", "windows"}, default="head"
        What is read of a text that is longer than a window: its beginning, its end, half a window
        of each, or all of it cut by `genrelab.windows.windows`, logits averaged over the windows.
        ``share_read_`` says how much that is.
    window : int, default=256
        Tokens a window, special ones included.
    max_windows : int, optional
        With ``read="windows"``: of a text with more windows, so many are read, evenly spread.
    pooling : {"mean", "first", "last"}, default="mean"
        Of a window's token states: their mean, the first (CLS), or the last (causal models).
    frozen_layers : int, default=0
        The lowest layers that stay as they are, and the embeddings with them.
    epochs : int, default=8
        Passes over the training rows.
    learning_rate, head_learning_rate : float, default=1e-4 and 1e-3
        Highest rates, of the encoder and of the new layer.
    weight_decay : float, default=0.01
        Of matrices; biases and norms have none.
    dropout : float, default=0.1
        Before the new layer; the encoder keeps its own.
    batch_size : int, default=16
        Texts a step.
    accumulate : int, default=1
        Parts into which a step's texts are divided to save memory; the gradients are added up.
    gradient_checkpointing : bool, default=False
        Keep one row a layer and token, and compute the rest again on the way back.
    validation_share : float, default=0.15
        Share of the rows that is set aside, stratified over labels, groups kept whole. With 0, all
        rows train and the last epoch's weights stay.
    precision : {"auto", "float64", "float32", "bfloat16", "float16"}, default="auto"
        Of matrix products in training; weights and predictions are float32. ``"auto"`` takes what
        the hardware multiplies natively. ``"float64"`` is for numbers that must come out again on
        another processor.
    checkpoint_dir : str or Path, optional
        A folder for checkpoints after each epoch. A killed run of the same options, texts and
        labels goes on from there; when a run ends, its checkpoints are removed. They are private
        to this machine: what is passed on is made by `save`.
    random_state : int, RandomState or None, default=0
        Seed of the division, the new layer, the batches and the dropout; the global random states
        stay as they were.
    device : {"auto", "cpu", "cuda"}, default="auto"
        ``"auto"`` takes the GPU if there is one. One device is used.

    Attributes
    ----------
    network_ : EncoderClassifier
    tokenizer_ : PreTrainedTokenizerFast
    history_ : DataFrame
        One row an epoch: ``epoch, train_loss, valid_loss`` (NaN without validation).
    share_read_ : float
        Part of the training texts' tokens that was read.
    classes_ : ndarray
        Column numbers 0 … L-1; for a one-dimensional target its classes.

    Notes
    -----
    With more than two classes, ``"bce"``, ``"balanced"``, ``"log"`` and ``"smoothed"`` are
    cross-entropy over a softmax, as in `genrelab.models.FeedForward`.

    References
    ----------
    Devlin et al. (2019), "BERT". Sun et al. (2019), "How to Fine-Tune BERT for Text
    Classification?". Mosbach, Andriushchenko, Klakow (2021), "On the Stability of Fine-tuning
    BERT". Chen et al. (2016), "Training Deep Nets with Sublinear Memory Cost".

    Examples
    --------
    >>> texts = ["a ghost haunts the house", "two lovers marry", "a ghost in love"]
    >>> tuned = FineTuned(epochs=1, validation_share=0).fit(texts, [[1, 0], [0, 1], [1, 1]])
    >>> tuned.predict_proba(["a haunted bride"]).shape, tuned.share_read_
    ((1, 2), 1.0)
    """

    def __init__(
        self,
        *,
        model: str | Path | None = None,
        loss: str | nn.Module = "bce",
        label_smoothing: float = 0.0,
        read: str = "head",
        window: int = 256,
        max_windows: int | None = None,
        pooling: str = "mean",
        frozen_layers: int = 0,
        epochs: int = 8,
        learning_rate: float = 1e-4,
        head_learning_rate: float = 1e-3,
        weight_decay: float = 0.01,
        dropout: float = 0.1,
        batch_size: int = 16,
        accumulate: int = 1,
        gradient_checkpointing: bool = False,
        validation_share: float = 0.15,
        precision: str = "auto",
        checkpoint_dir: str | Path | None = None,
        random_state: int | np.random.RandomState | None = 0,
        device: str = "auto",
    ) -> None:
        self.model = model
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.read = read
        self.window = window
        self.max_windows = max_windows
        self.pooling = pooling
        self.frozen_layers = frozen_layers
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.head_learning_rate = head_learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.batch_size = batch_size
        self.accumulate = accumulate
        self.gradient_checkpointing = gradient_checkpointing
        self.validation_share = validation_share
        self.precision = precision
        self.checkpoint_dir = checkpoint_dir
        self.random_state = random_state
        self.device = device

    def fit(
        self, X: Sequence[str | np.ndarray], y: ArrayLike, groups: ArrayLike | None = None
    ) -> Self:
        """Fine-tune the encoder.

        Parameters
        ----------
        X : sequence of n texts
            Or of their token ids, without special tokens, as
            `genrelab.encoding.tokens.DocumentTokenizer` makes them: a long text that is fitted
            again and again is tokenised once.
        y : array-like, DataFrame or sparse matrix of shape (n, L), or array of shape (n,)
            0/1 labels, or classes.
        groups : array-like of shape (n,), optional
            Rows of one group stay on one side of the inner division.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If options or texts cannot work, all problems named; if lengths differ, labels are not
            0/1, or the loss becomes infinite.
        """
        _raise_together("options", self._problems())
        targets = self._read_targets(y)  # (n, L)
        encoder, self.tokenizer_ = load_encoder(self.model)
        documents = self._documents(X)
        check_consistent_length(documents, targets, groups)
        seed = check_random_state(self.random_state).randint(2**31)
        trains = np.ones(len(targets), dtype=bool)
        if self.validation_share:
            groups = np.arange(len(targets)) if groups is None else groups
            split = locked_split(targets, groups, test_share=self.validation_share, seed=seed)
            trains = split == "dev"
        names = getattr(y, "columns", self.classes_[-targets.shape[1] :])
        exclusive = self._one_dimensional and len(names) > 1
        loss = make_loss(self.loss, targets[trains], exclusive=exclusive, label_names=names)
        self._softmax = isinstance(loss, nn.CrossEntropyLoss)
        with _own_world():
            torch.manual_seed(seed)
            network = EncoderClassifier(
                encoder, targets.shape[1], pooling=self.pooling, dropout=self.dropout
            )
            _raise_together("options", self._misfits(network))
            read = [self._cut(ids) for ids in documents]
            total = sum(map(len, documents))
            self.share_read_ = sum(len(w) for cut in read for w in cut) / total
            network.freeze(self.frozen_layers)
            floor = self.label_smoothing * (1 / targets.shape[1] if exclusive else 1 / 2)
            goals = targets * (1 - self.label_smoothing) + floor  # (n, L)
            rows = list(zip(read, goals, strict=True))
            parts = [[rows[i] for i in np.flatnonzero(side)] for side in (trains, ~trains)]
            self._train(network, loss, *parts, seed=seed)
        return self

    def save(self, folder: str | Path) -> Path:
        """Write the model as safetensors and JSON, all of it or nothing.

        Parameters
        ----------
        folder : str or Path
            Must not exist.

        Returns
        -------
        Path

        Raises
        ------
        FileExistsError
            If the folder exists.
        """
        from safetensors.torch import save_file

        check_is_fitted(self, "network_")
        folder = Path(folder)
        if folder.exists():
            raise FileExistsError(f"{folder} exists; expected a new folder. Remove it, or rename.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        options = {
            name: value if isinstance(value, (str, int, float, type(None))) else str(value)
            for name, value in self.get_params(deep=False).items()
        }
        about = {
            "options": options,
            "classes": self.classes_.tolist(),
            "one_dimensional": self._one_dimensional,
            "softmax": self._softmax,
            "share_read": self.share_read_,
            "history": json.loads(self.history_.to_json(orient="records")),
        }
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            made = Path(temporary) / "model"
            with without_loading_bar():
                self.network_.encoder.save_pretrained(made / "encoder", safe_serialization=True)
            self.tokenizer_.save_pretrained(made / "encoder")
            head = {name: w.cpu() for name, w in self.network_.head.state_dict().items()}
            save_file(head, made / "head.safetensors")
            (made / "classifier.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
            made.replace(folder)
        return folder

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "auto") -> Self:
        """Read what `save` wrote; no code that lies in the folder is run.

        Parameters
        ----------
        folder : str or Path
        device : {"auto", "cpu", "cuda"}, default="auto"

        Returns
        -------
        FineTuned

        Raises
        ------
        ValueError
            If pieces are missing, all of them named, or do not fit together.
        """
        from safetensors.torch import load_file

        folder = Path(folder)
        missing = [f"{piece} is missing" for piece in PIECES if not (folder / piece).is_file()]
        _raise_together(f"saved model {folder}", missing)
        about = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
        tuned = cls(**{**about["options"], "device": device})
        tuned.classes_ = np.array(about["classes"])
        tuned._one_dimensional, tuned._softmax = about["one_dimensional"], about["softmax"]
        tuned.share_read_ = about["share_read"]
        tuned.history_ = pd.DataFrame(about["history"])
        encoder, tuned.tokenizer_ = load_encoder(folder / "encoder", only_safetensors=True)
        head = load_file(folder / "head.safetensors")
        network = EncoderClassifier(
            encoder, len(head["bias"]), pooling=tuned.pooling, dropout=tuned.dropout
        )
        network.head.load_state_dict(head)
        tuned.network_ = network.to(resolve_device(device)).eval()
        return tuned

    def _problems(self) -> list[str]:
        """Say what is wrong with the options by themselves."""
        wrong = [
            f"{name} is {getattr(self, name)!r}; expected one of {', '.join(map(repr, known))}"
            for name, known in (
                ("read", READS),
                ("pooling", POOLINGS),
                ("precision", ("auto", "float64", *PRECISIONS)),
                ("device", ("auto", "cpu", "cuda")),
            )
            if getattr(self, name) not in known
        ]
        lowest = {"epochs": 1, "batch_size": 1, "accumulate": 1, "frozen_layers": 0, "window": 3}
        wrong += [
            f"{name} is {getattr(self, name)}; expected at least {least}"
            for name, least in lowest.items()
            if getattr(self, name) < least
        ]
        if self.accumulate > 0 and self.batch_size % self.accumulate:
            wrong.append(
                f"batch_size {self.batch_size} is no multiple of accumulate {self.accumulate}"
            )
        if self.max_windows is not None and self.max_windows < 1:
            wrong.append(f"max_windows is {self.max_windows}; expected at least 1, or None")
        if self.max_windows is not None and self.read != "windows":
            wrong.append(f"max_windows is given with read={self.read!r}; it needs 'windows'")
        for name in ("label_smoothing", "dropout", "validation_share"):
            if not 0 <= getattr(self, name) < 1:
                wrong.append(f"{name} is {getattr(self, name)}; expected 0 <= {name} < 1")
        return wrong

    def _misfits(self, network: EncoderClassifier) -> list[str]:
        """Say where the options do not fit the encoder."""
        limit, n_layers = position_limit(network.encoder), len(network.layers())
        wrong = []
        if limit and self.window > limit:
            wrong.append(f"window is {self.window}; the encoder has positions for {limit} tokens")
        if self.frozen_layers > n_layers:
            wrong.append(f"frozen_layers is {self.frozen_layers}; the encoder has {n_layers}")
        if self.gradient_checkpointing and not network.encoder.supports_gradient_checkpointing:
            name = type(network.encoder).__name__
            wrong.append(f"{name} does not support gradient_checkpointing; use accumulate")
        return wrong

    def _documents(self, X: Sequence[str | np.ndarray]) -> list[np.ndarray]:
        """Return the token ids of each text, without special tokens."""
        if isinstance(X, str):
            raise ValueError("X is one text; expected a sequence of texts. Put it into a list.")
        tokenise = DocumentTokenizer(self.tokenizer_)
        documents, wrong = [], []
        for index, text in enumerate(X):
            ids = tokenise(text) if isinstance(text, str) and text.strip() else text
            if not isinstance(ids, np.ndarray) or ids.dtype.kind not in "iu" or not len(ids):
                kind = "empty" if isinstance(text, str) else f"a {type(text).__name__}"
                wrong.append(f"text {index} is {kind}; expected text, or an array of token ids")
            documents.append(ids)
        _raise_together("texts", wrong)
        return documents

    def _cut(self, ids: np.ndarray) -> list[Window]:
        """Return the windows that are read of a document, special tokens left out."""
        prefix, suffix = special_tokens(self.tokenizer_)
        size = self.window - len(prefix) - len(suffix)
        if self.read == "windows":
            spans = windows(len(ids), size)
            if self.max_windows is not None and len(spans) > self.max_windows:
                chosen = np.linspace(0, len(spans) - 1, self.max_windows).round().astype(int)
                spans = [spans[place] for place in chosen]
            return [ids[start:stop] for start, stop in spans]
        n_head = {"head": size, "tail": 0, "head+tail": size // 2}[self.read]
        if len(ids) <= size:
            return [ids]
        return [np.concatenate([ids[:n_head], ids[len(ids) - (size - n_head) :]])]

    def _padded(self, read: Sequence[Window]) -> dict[str, torch.Tensor]:
        """Put windows into one batch, special tokens around them, padded at the end."""
        prefix, suffix = special_tokens(self.tokenizer_)
        lengths = torch.tensor([len(prefix) + len(window) + len(suffix) for window in read])
        shape = (len(read), int(lengths.max()))
        ids = torch.full(shape, self.tokenizer_.pad_token_id or 0)  # (windows, longest)
        for row, window in enumerate(read):
            whole = np.concatenate([prefix, window, suffix]).astype(np.int64)
            ids[row, : len(whole)] = torch.from_numpy(whole)
        mask = torch.arange(shape[1]) < lengths[:, None]  # (windows, longest)
        return {"input_ids": ids, "attention_mask": mask.long()}

    def _train(
        self, network: EncoderClassifier, loss: nn.Module, train: list, valid: list, *, seed: int
    ) -> None:
        """Fit by the Trainer; set ``network_`` and ``history_``."""
        if self.precision == "float64":
            network.double()
        number = network.head.weight.dtype

        def collate(rows: list[tuple[list[Window], np.ndarray]]) -> dict[str, torch.Tensor]:
            owner = np.repeat(np.arange(len(rows)), [len(read) for read, _ in rows])
            share = (owner == np.arange(len(rows))[:, None]).astype(float)
            share /= share.sum(axis=1, keepdims=True)  # (documents, windows)
            goals = np.stack([goal for _, goal in rows])  # (documents, L)
            # Labels first: the Trainer takes the first tensor's length for the number of texts.
            return {
                "labels": torch.from_numpy(goals).to(number),
                "share": torch.from_numpy(share).to(number),
                **self._padded([window for read, _ in rows for window in read]),
            }

        run = None
        if self.checkpoint_dir is not None:
            run = Path(self.checkpoint_dir) / self._fingerprint(loss, train, valid, seed)
        with tempfile.TemporaryDirectory() as temporary, warnings.catch_warnings():
            # Told to every user of a CPU, and of no use to them.
            warnings.filterwarnings("ignore", message=".*pin_memory")
            folder = Path(temporary) if run is None else run
            trainer = self._trainer(network, loss, folder, (train, valid, collate), seed)
            last = max(_whole_checkpoints(folder), default=(0, None))[1]
            trainer.train(resume_from_checkpoint=None if last is None else str(last))
        log = pd.DataFrame(trainer.state.log_history)
        epochs = log.reindex(columns=["epoch", "loss", "eval_loss"]).groupby("epoch").first()
        self.history_ = epochs.reset_index().set_axis(["epoch", "train_loss", "valid_loss"], axis=1)
        self.history_ = self.history_.astype({"epoch": int})
        if not np.isfinite(self.history_["train_loss"]).all():
            raise ValueError(
                f"the training loss is not finite after {len(self.history_)} epochs at "
                f"learning_rate={self.learning_rate}; expected finite losses. Lower it, or look at "
                "the loss."
            )
        if run is not None:
            shutil.rmtree(run)
        self.network_ = trainer.model.eval()

    def _trainer(
        self, network: EncoderClassifier, loss: nn.Module, folder: Path, data: tuple, seed: int
    ) -> "Trainer":
        from transformers import Trainer, TrainingArguments
        from transformers.trainer_callback import PrinterCallback

        train, valid, collate = data
        device = resolve_device(self.device)
        precision = self.precision
        if precision != "float64":
            precision = resolve_precision(precision, device)
        keeps = "epoch" if valid or self.checkpoint_dir is not None else "no"
        n_steps = -(-len(train) // self.batch_size) * self.epochs
        arguments = TrainingArguments(
            output_dir=str(folder),
            num_train_epochs=self.epochs,
            per_device_train_batch_size=self.batch_size // self.accumulate,
            per_device_eval_batch_size=self.batch_size // self.accumulate,
            gradient_accumulation_steps=self.accumulate,
            warmup_steps=round(WARMUP_SHARE * n_steps),
            eval_strategy="epoch" if valid else "no",
            prediction_loss_only=True,
            save_strategy=keeps,
            save_total_limit=1,
            save_only_model=self.checkpoint_dir is None,
            load_best_model_at_end=bool(valid),
            metric_for_best_model="eval_loss" if valid else None,
            greater_is_better=False if valid else None,
            bf16=precision == "bfloat16",
            fp16=precision == "float16",
            use_cpu=device == "cpu",
            dataloader_pin_memory=device != "cpu",
            logging_strategy="epoch",
            logging_nan_inf_filter=False,
            remove_unused_columns=False,
            label_names=["labels"],
            report_to="none",
            disable_tqdm=True,
            seed=seed,
        )
        arguments._n_gpu = min(arguments.n_gpu, 1)
        loss = loss.to(arguments.device, network.head.weight.dtype)

        def mean_over_step(
            logits: torch.Tensor, goals: torch.Tensor, num_items_in_batch: torch.Tensor | None
        ) -> torch.Tensor:
            # A step's parts may be of unequal size: each counts by its cells.
            part = 1 if num_items_in_batch is None else goals.numel() / num_items_in_batch
            return loss(logits, goals) * part

        rates = ((network.encoder, self.learning_rate), (network.head, self.head_learning_rate))
        optimizer = torch.optim.AdamW(
            [
                {"params": weights, "lr": rate, "weight_decay": decay}
                for module, rate in rates
                for decay, is_matrix in ((self.weight_decay, True), (0.0, False))
                if (
                    weights := [
                        weight
                        for weight in module.parameters()
                        if weight.requires_grad and (weight.ndim > 1) == is_matrix
                    ]
                )
            ]
        )
        if self.gradient_checkpointing:
            encoder = network.encoder
            # The newer name of the same method; the older one warns.
            newer = getattr(encoder, "activation_checkpointing_enable", None)
            (newer or encoder.gradient_checkpointing_enable)({"use_reentrant": False})
        trainer = Trainer(
            model=network,
            args=arguments,
            data_collator=collate,
            train_dataset=train,
            eval_dataset=valid or None,
            compute_loss_func=mean_over_step,
            optimizers=(optimizer, None),
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def _fingerprint(self, loss: nn.Module, train: list, valid: list, seed: int) -> str:
        """Hash what a run depends on, so that only the same run is taken up again."""
        digest = hashlib.sha256()
        options = {name: str(value) for name, value in self.get_params(deep=False).items()}
        for name in ("checkpoint_dir", "device", "random_state", "loss"):
            del options[name]
        weights = [(name, value.tolist()) for name, value in loss.state_dict().items()]
        digest.update(repr((sorted(options.items()), seed, repr(loss), weights)).encode())
        for read, goals in (*train, ((), np.zeros(0)), *valid):
            for window in read:
                digest.update(window.astype(np.int64).tobytes())
            digest.update(goals.tobytes())
        return digest.hexdigest()[:16]

    def _logits(self, X: Sequence[str | np.ndarray]) -> torch.Tensor:
        check_is_fitted(self, "network_")
        read = [self._cut(ids) for ids in self._documents(X)]
        owner = torch.tensor([row for row, cut in enumerate(read) for _ in cut])  # (windows,)
        flat = [window for cut in read for window in cut]
        order = np.argsort([len(window) for window in flat], kind="stable")
        weight = self.network_.head.weight
        logits = torch.zeros(len(flat), weight.shape[0], dtype=weight.dtype)  # (windows, L)
        with torch.inference_mode():
            for start in range(0, len(order), self.batch_size):
                rows = order[start : start + self.batch_size]
                batch = self._padded([flat[row] for row in rows])
                found = self.network_(**{k: v.to(weight.device) for k, v in batch.items()})
                logits[torch.from_numpy(rows)] = found.cpu()
        sums = torch.zeros(len(read), logits.shape[1], dtype=logits.dtype)  # (n, L)
        sums.index_add_(0, owner, logits)
        return sums / torch.bincount(owner)[:, None]


def _raise_together(what: str, problems: Sequence[str]) -> None:
    """Raise one error that names all problems, or the first five of many."""
    if problems:
        rest = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise ValueError(f"{what}: {'; '.join(problems[:5])}{rest}.")


def _whole_checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """Return the checkpoints that were written to their end, with their steps."""
    # The Trainer writes this file last.
    states = folder.glob("checkpoint-*/trainer_state.json")
    return [(int(path.parent.name.rpartition("-")[2]), path.parent) for path in states]


@contextmanager
def _own_world() -> Iterator[None]:
    """Give the Trainer, which seeds everything and talks, random states and a log of its own."""
    from transformers.utils import logging

    python, arrays, level = random.getstate(), np.random.get_state(), logging.get_verbosity()  # noqa: NPY002
    logging.set_verbosity_error()
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(arrays)  # noqa: NPY002
        logging.set_verbosity(level)
