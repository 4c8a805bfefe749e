"""A pool of actors gives what one machine gives, outlives its workers, and says what is wrong."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genrelab.encoding import ScriptEncoder, VectorStore
from genrelab.encoding.ray import encode_parquet

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


@pytest.fixture
def source(texts: pd.DataFrame, tmp_path: Path) -> Path:
    texts.to_parquet(tmp_path / "texts.parquet")
    return tmp_path / "texts.parquet"


def by_film(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder).sort_values("film", ignore_index=True)


def test_the_pool_gives_what_one_machine_gives(
    cluster: None, texts: pd.DataFrame, source: Path, tmp_path: Path
) -> None:
    encode_parquet(source, tmp_path / "out", workers=2, batch_size=2, **SETTINGS)
    found = by_film(tmp_path / "out")
    encoder = ScriptEncoder(**SETTINGS)
    expected = encoder.transform(texts["text"].tolist())
    assert found["film"].tolist() == texts["film"].tolist()
    np.testing.assert_allclose(np.stack(found["vector"]), expected, atol=1e-5)
    for column in ("tokens", "windows", "truncated"):
        assert found[column].tolist() == encoder.receipts_[column].tolist()
    assert found["error"].eq("").all() and "text" not in found


def test_what_it_writes_is_plain_parquet_that_needs_no_ray(
    cluster: None, source: Path, tmp_path: Path
) -> None:
    encode_parquet(source, tmp_path / "out", workers=1, **SETTINGS)
    code = (
        "import sys, pyarrow.parquet as pq; "
        "print(pq.read_table(sys.argv[1]).schema.field('vector').type); "
        "print('ray' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "out"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["list<element: float>", "False"]


def test_a_killed_worker_is_replaced_and_nothing_is_lost_or_doubled(
    cluster: None, texts: pd.DataFrame, source: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "died"

    def mean_after_a_death(vectors: np.ndarray, weights: np.ndarray) -> np.ndarray:
        if not mark.exists():
            mark.touch()
            os._exit(1)
        return weights @ vectors

    encode_parquet(
        source, tmp_path / "out", workers=2, batch_size=2, pooling=mean_after_a_death, **SETTINGS
    )
    found = by_film(tmp_path / "out")
    assert mark.exists()
    assert found["film"].tolist() == texts["film"].tolist()
    expected = ScriptEncoder(**SETTINGS).transform(texts["text"].tolist())
    np.testing.assert_allclose(np.stack(found["vector"]), expected, atol=1e-5)


def test_a_second_run_reads_the_shared_store(
    cluster: None, texts: pd.DataFrame, source: Path, tmp_path: Path
) -> None:
    settings = SETTINGS | {"store": tmp_path / "store"}
    encode_parquet(source, tmp_path / "first", batch_size=2, **settings)
    written = {p: p.stat().st_mtime_ns for p in (tmp_path / "store").glob("*/*.npz")}
    encode_parquet(source, tmp_path / "second", batch_size=3, **settings)
    assert len(VectorStore(tmp_path / "store")) == len(written) == len(texts)
    assert all(p.stat().st_mtime_ns == then for p, then in written.items())
    pd.testing.assert_frame_equal(by_film(tmp_path / "first"), by_film(tmp_path / "second"))


def test_a_refused_text_is_named_by_its_row_or_collected(
    cluster: None, texts: pd.DataFrame, tmp_path: Path
) -> None:
    source = tmp_path / "texts.parquet"
    texts.assign(text=texts["text"].where(texts["film"] != "film-3", None)).to_parquet(source)
    with pytest.raises(Exception, match=r"film-3.* is missing"):
        encode_parquet(source, tmp_path / "raised", workers=1, **SETTINGS)
    encode_parquet(source, tmp_path / "out", workers=1, on_error="collect", **SETTINGS)
    found = by_film(tmp_path / "out").set_index("film")
    assert found.index[found["vector"].isna()].tolist() == ["film-3"]
    assert "is missing" in found.loc["film-3", "error"]


def test_what_does_not_fit_is_refused_before_any_work(
    cluster: None, texts: pd.DataFrame, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "old").mkdir()
    with pytest.raises(FileExistsError, match="old exists"):
        encode_parquet(source, tmp_path / "old")
    with pytest.raises(ValueError, match="expected 'script'"):
        encode_parquet(source, tmp_path / "out", column="script")
    texts.assign(tokens=0).to_parquet(tmp_path / "taken.parquet")
    with pytest.raises(ValueError, match=r"none of .*tokens"):
        encode_parquet(tmp_path / "taken.parquet", tmp_path / "out")
    with pytest.raises(ValueError, match="pooling='windows'"):
        encode_parquet(source, tmp_path / "out", pooling="windows")


def test_without_ray_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(ImportError, match=r"pip install genrelab\[ray\]"):
        encode_parquet("texts.parquet", tmp_path / "out")
