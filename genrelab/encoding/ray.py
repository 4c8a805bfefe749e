"""Many machines: the same encoder in a pool of Ray actors, parquet in, parquet out.

A thin door to Ray Data (extra ``[ray]``), which brings what a cluster needs: scheduling, back
pressure, retries when a worker dies.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from genrelab.encoding.encoder import ScriptEncoder


class EncodeBatch:
    """One actor: loads the model once, then encodes the batches that it is handed."""

    def __init__(self, column: str, settings: dict[str, object]) -> None:
        self._column = column
        self._encoder = ScriptEncoder(**settings).fit()

    def __call__(self, batch: pd.DataFrame) -> pd.DataFrame:
        """Return the batch with vectors and receipts in place of its texts."""
        vectors = self._encoder.transform(batch[self._column].tolist())
        receipts = self._encoder.receipts_
        rest = batch.drop(columns=self._column).reset_index(drop=True)
        return rest.assign(
            vector=list(vectors.astype(np.float32)),
            tokens=receipts["tokens"].to_numpy(),
            windows=receipts["windows"].to_numpy(),
        )


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
    """Encode a column of texts on every machine of a Ray cluster.

    Parameters
    ----------
    source, target : str or Path
        Parquet files or folders; the target gets all other columns, and vector, tokens, windows.
    workers : int, default=2
        Actors, each with a model of its own.
    column : str, default="text"
        The column of texts.
    batch_size : int, default=16
        Documents that an actor takes at a time, and loses if it dies: Ray hands them out again.
    cpus_per_worker : float, default=0.5
        Less than a whole processor, or actors that claim all of them starve the readers, and the
        pipeline waits for ever.
    gpus_per_worker : float, default=0
        1 gives each actor a GPU.
    **settings
        Of :class:`~genrelab.encoding.ScriptEncoder`.
    """
    import ray

    texts = ray.data.read_parquet(str(source), override_num_blocks=2 * workers)
    encoded = texts.map_batches(
        EncodeBatch,
        fn_constructor_args=(column, settings),
        batch_size=batch_size,
        batch_format="pandas",
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=cpus_per_worker,
        num_gpus=gpus_per_worker,
    )
    encoded.write_parquet(str(target))
