"""A pool of actors gives what one machine gives, and outlives its workers."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genrelab.encoding import ScriptEncoder

ray = pytest.importorskip("ray", reason="ray is not installed: pip install genrelab[ray]")

SETTINGS = {"window": 64, "token_budget": 512, "precision": "float32"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def texts() -> pd.DataFrame:
    sentences = ["A ship sinks.", "Two men wait for a train.", "The king counts his money."]
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(sentences, size=n)) for n in (1, 40, 7, 90, 25, 60)]
    return pd.DataFrame({"film": [f"film-{i}" for i in range(6)], "text": texts})


def test_the_pool_gives_what_one_machine_gives(
    cluster: None, texts: pd.DataFrame, tmp_path: Path
) -> None:
    from genrelab.encoding.ray import encode_parquet

    texts.to_parquet(tmp_path / "texts.parquet")
    encode_parquet(
        tmp_path / "texts.parquet", tmp_path / "out", workers=2, batch_size=2, **SETTINGS
    )
    found = pd.read_parquet(tmp_path / "out").sort_values("film", ignore_index=True)
    encoder = ScriptEncoder(**SETTINGS)
    expected = encoder.transform(texts["text"].tolist())
    assert found["film"].tolist() == texts["film"].tolist()
    np.testing.assert_allclose(np.stack(found["vector"]), expected, atol=1e-5)
    assert found["tokens"].tolist() == encoder.receipts_["tokens"].tolist()


def test_a_killed_worker_is_replaced_and_nothing_is_lost(
    cluster: None, texts: pd.DataFrame, tmp_path: Path
) -> None:
    class DiesOnce:
        """An actor that is lost like a machine, the first time that it meets a batch."""

        def __init__(self, mark: str) -> None:
            from genrelab.encoding.ray import EncodeBatch

            self._mark = Path(mark)
            self._encode = EncodeBatch("text", SETTINGS)

        def __call__(self, batch: pd.DataFrame) -> pd.DataFrame:
            if not self._mark.exists():
                self._mark.touch()
                os._exit(1)
            return self._encode(batch)

    encoded = ray.data.from_pandas(texts).map_batches(
        DiesOnce,
        fn_constructor_args=(str(tmp_path / "died"),),
        batch_size=3,
        batch_format="pandas",
        compute=ray.data.ActorPoolStrategy(size=1),
        num_cpus=0.5,
    )
    found = encoded.to_pandas()
    assert (tmp_path / "died").exists()
    assert sorted(found["film"]) == texts["film"].tolist()
