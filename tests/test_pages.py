"""The prose pages that are filled at build time: the ledger, published results, cards, films."""

import json
import re

import numpy as np
import pytest

from genrelab import datasets, settings
from genrelab.course import pages
from genrelab.course.chapters import ROOT, config
from genrelab.datasets import load
from genrelab.evaluation import capstone
from genrelab.splits import headline_folds

RESULTS = sorted(settings.results_dir().glob("*.json"))
MARKED = {
    path.name: pages.MARK.findall(path.read_text("utf-8"))
    for path in sorted((ROOT / "book").glob("*.md"))
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "results_dir", lambda: tmp_path)
    return tmp_path


def test_the_ledger_lists_every_result_with_its_command_and_whether_it_is_complete():
    ledger = pages.ledger()
    assert len(ledger.splitlines()) == 2 + len(RESULTS)
    for path in RESULTS:
        result = json.loads(path.read_text("utf-8"))
        (line,) = [line for line in ledger.splitlines() if f"/{path.name})" in line]
        assert f"`{result['command']}`" in line
        assert line.endswith("| yes |" if result.get("complete", True) else "| **no** |")


def test_a_result_is_in_the_ledger_as_soon_as_it_is_recorded(folder):
    hardware = {"cpu": "Chip", "cores": 2, "gpu": None}
    result = {
        "name": "fresh",
        "title": "New",
        "command": "genrelab bench fresh",
        "commit": "0123456789" * 4 + "+",
        "date": "2026-02-02",
        "hardware": hardware,
        "complete": False,
        "data": {"films": "abcdefghij", "folds": "f"},
        "code": {"a": "", "b": ""},
        "kept": {"a": {"date": "2026-01-01", "hardware": {**hardware, "gpu": "T4"}}},
        "rows": [{"row": row} for row in "ab" for _ in range(5)],
    }
    (folder / "fresh.json").write_text(json.dumps(result))
    line = pages.ledger().splitlines()[-1]
    for part in ("films `abcdefg`", "T4", "2 cores of Chip", "2026-01-01 to 2026-02-02"):
        assert part in line
    assert "| `0123456+` | 2 × 5 | **no** |" in line


def test_every_published_result_is_cited_and_the_citation_exists():
    keys = re.findall(r"^@\w+\{(\w+),", (ROOT / "book/references.bib").read_text("utf-8"), re.M)
    assert len(capstone.PUBLISHED) >= 12
    for of in capstone.PUBLISHED:
        assert of.key in keys
        assert all(of), f"{of.key} has an empty field"


def test_a_published_result_is_never_ranked_among_ours():
    scripts = load("script_features")
    ours = capstone.systems(headline_folds(scripts), scripts.label_names)
    assert not set(ours.index) & {of.system for of in capstone.PUBLISHED}
    assert ours["f1_macro"].is_monotonic_decreasing
    assert ours["hardware"].str.len().min() > 3


def test_the_capstone_finds_every_table_on_the_headline_folds():
    scripts = load("script_features")
    folds = headline_folds(scripts)
    tables = {
        result["name"]
        for result in capstone.recorded()
        if result.get("pooled") and result["data"]["folds"] == capstone.folds_hash(folds)
    }
    found = capstone.systems(folds, scripts.label_names)
    assert {"baselines", "readings", "focal_sweep", "aggregate"} <= set(found["table"]) <= tables
    assert found.loc["footer alone", "reads"] == "the answer"


def test_a_table_of_more_genres_is_judged_on_the_headline_genres():
    scripts = load("script_features")
    found = capstone.systems(headline_folds(scripts), scripts.label_names)
    wide = found[found["trained_on"] > len(scripts.label_names)]
    rows = next(r for r in capstone.recorded() if r["name"] == "imbalance")
    for pooled in rows["pooled"]:
        if pooled["row"] in wide.index:
            for rule, column in (("untuned", "untuned"), ("tuned", "f1_macro")):
                f1 = [pooled["per_label"][rule][name]["f1"] for name in scripts.label_names]
                assert wide.loc[pooled["row"], column] == pytest.approx(np.mean(f1))


def test_without_recorded_tables_the_capstone_names_the_command(folder):
    scripts = load("script_features")
    with pytest.raises(FileNotFoundError, match="genrelab bench baselines"):
        capstone.systems(headline_folds(scripts), scripts.label_names)


def test_every_data_set_has_a_card_on_the_page():
    cards = pages.cards()
    for name in datasets.NAMES:
        assert f"## `{name}`: " in cards


def test_every_mark_has_its_table_and_every_table_its_page():
    used = [name for names in MARKED.values() for name in names]
    assert sorted(used) == sorted(pages.FILL)
    for names in MARKED.values():
        for name in names:
            assert pages.filled(f"<!-- fill: {name} -->").startswith(("|", "##"))


def test_pages_are_filled_by_the_build_and_stand_in_the_contents():
    extensions = config()["sphinx"]["config"]["extensions"]
    assert "genrelab.course.pages" in extensions
    contents = (ROOT / "_toc.yml").read_text("utf-8")
    for page, names in MARKED.items():
        assert not names or f"file: book/{page.removesuffix('.md')}\n" in contents, page
