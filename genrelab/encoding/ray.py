"""Many machines: the same encoder in a pool of Ray actors, parquet in, parquet out."""

from pathlib import Path

import pyarrow as pa

from genrelab.encoding.encoder import ScriptEncoder

ADDED = ("vector", "tokens", "windows", "truncated", "error")


class EncodeBatch:
    """One actor: loads the model once, then encodes the batches that it is handed."""

    def __init__(self, column: str, settings: dict[str, object]) -> None:
        self._column, self._encoder = column, ScriptEncoder(**settings).fit()

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the batch with vectors and receipts in place of its texts."""
        texts, rest = batch.column(self._column).to_pylist(), batch.drop_columns([self._column])
        ids = [str(row) for row in rest.to_pylist()] if rest.num_columns else None
        done = self._encoder.iter_encode(texts, ids, refused=True)
        _, vectors, receipts = zip(*sorted(done, key=lambda item: item[0]), strict=True)
        out = {name: rest.column(name) for name in rest.column_names}
        out["vector"] = pa.array(vectors, pa.list_(pa.float32()))
        return pa.table(out | {name: [getattr(r, name) for r in receipts] for name in ADDED[1:]})


def encode_parquet(
    source: str | Path,
    target: str | Path,
    *,
    workers: int = 2,
    column: str = "text",
    batch_size: int = 16,
    cpus_per_worker: float = 0.5,
    gpus_per_worker: float = 0,
    **settings: object,
) -> None:
    """Encode a column of texts on every machine of a Ray cluster; rows come in any order.

    Parameters
    ----------
    source, target, column : str or Path
        Parquet with a column of texts, and a new folder for all its other columns and vector,
        tokens, windows, truncated, error (with ``on_error="collect"``: why there is no vector).
    workers, batch_size : int, default=2 and 16
        Actors, each with its model, and texts that one takes at a time; Ray replaces a dead one.
    cpus_per_worker, gpus_per_worker : float, default=0.5 and 0
        An actor has as many threads as whole processors, at least one. Actors that claim them all
        starve the readers, and the pipeline waits for ever.
    **settings
        Of :class:`ScriptEncoder`. With a shared ``store`` a second run encodes nothing twice.

    Raises
    ------
    FileExistsError, ImportError, ValueError
        If the target exists, Ray is missing, or a column or a setting does not fit.

    Examples
    --------
    >>> encode_parquet("texts.parquet", "vectors", store="store")  # doctest: +SKIP
    """
    try:
        import ray.data as rd
    except ImportError:
        raise ImportError("encode_parquet needs Ray: pip install genrelab[ray]") from None
    if Path(target).exists():
        raise FileExistsError(f"{target} exists; Ray would add to it. Name a new folder.")
    if settings.get("pooling") == "windows":
        raise ValueError("pooling='windows' makes many vectors; a row holds one. Choose another.")
    texts = rd.read_parquet(str(source), override_num_blocks=2 * workers)
    found = set(texts.schema().names)
    if column not in found or found & set(ADDED):
        raise ValueError(f"columns {found}; expected {column!r} and none of {ADDED}. Rename them.")
    texts.map_batches(
        EncodeBatch, fn_constructor_args=(column, settings), batch_size=batch_size,
        batch_format="pyarrow", compute=rd.ActorPoolStrategy(size=workers),
        num_cpus=cpus_per_worker, num_gpus=gpus_per_worker,
    ).write_parquet(str(target))  # fmt: skip
