"""A pytest plugin: what nbval executes is cached for the book, so chapters run once."""

from pathlib import Path

import nbformat

from genrelab.course.chapters import for_book, tags
from genrelab.course.execute import open_cache, store

_ran: dict[Path, list] = {}


def pytest_runtest_makereport(item, call):
    if call.when == "call" and hasattr(item, "test_outputs"):
        outputs = item.test_outputs if call.excinfo is None else None
        _ran.setdefault(Path(item.path), []).append((item.cell, outputs))


def pytest_sessionfinish():
    """Cache the notebooks whose every cell passed; the others run again and fail by name."""
    for path, cells in _ran.items():
        source = path.with_suffix(".py")
        outputs = [output for cell, output in cells if "generated" not in tags(cell)]
        notebook = for_book(source.read_text("utf-8"))
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        if None in outputs or len(code) != len(outputs):
            continue
        for number, (cell, output) in enumerate(zip(code, outputs, strict=True), start=1):
            cell.execution_count = number
            cell.outputs = nbformat.from_dict(output)
        store(open_cache(source.parents[1]), source, notebook)
