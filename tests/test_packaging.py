"""What installs, how fast it imports, how small it stays."""

import ast
import os
import re
import subprocess
import sys
import tokenize
import tomllib
import zipfile
from pathlib import Path

import pytest

from genrelab.course.chapters import ROOT, chapters

PACKAGE = sorted((ROOT / "genrelab").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DECLARED = [
    *PROJECT["dependencies"],
    *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
]
LONGEST_PACKAGE, LONGEST_MODULE = 6_000, 600  # logical lines of code, docstrings not counted
# The workshop makes the pages of the book: nobody imports it to read or classify a text.
WORKSHOP, LONGEST_WORKSHOP = ("bench", "checks", "course", "plots"), 5_500

# The nine packages that the course names, and how each is used: imported, or run by the build.
NAMED = {
    "jupyter-book": ("run", "genrelab/course/__main__.py", "jupyter-book"),
    "jupytext": ("import", "jupytext"),
    "torch": ("import", "torch"),
    "transformers": ("import", "transformers"),
    "sentence-transformers": ("import", "sentence_transformers"),
    "scikit-learn": ("import", "sklearn"),
    "imbalanced-learn": ("import", "imblearn"),
    "seaborn": ("import", "seaborn"),
    "nbval": ("run", "Makefile", "--nbval-lax"),
}
LATER = {}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def is_used(name: str) -> bool:
    kind, where, *needle = NAMED[name]
    if kind == "run":
        return needle[0] in (ROOT / where).read_text("utf-8")
    return any(where in imported(path) for path in [*PACKAGE, *chapters()])


@pytest.mark.parametrize("name", NAMED)
def test_each_named_package_is_really_used(name):
    if name in LATER:
        assert not is_used(name), f"{name} is used now; take it off LATER"
    else:
        assert is_used(name)
    pins = (ROOT / "requirements.txt").read_text("utf-8")
    assert re.search(rf"^{re.escape(name)}==", pins, re.M)


def code_lines(path: Path) -> int:
    """Count logical lines: statements, however the formatter wraps them; no docstrings."""
    documented = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                documented.add(value.end_lineno)
    with path.open("rb") as file:
        ends = [t.start[0] for t in tokenize.tokenize(file.readline) if t.type == tokenize.NEWLINE]
    return sum(line not in documented for line in ends)


def test_docstrings_comments_blank_and_wrapped_lines_do_not_count(tmp_path):
    module = tmp_path / "module.py"
    module.write_text('"""Doc."""\n\n# why\nx = [\n    1,\n]\n\ndef f():\n    """D.\n    E."""\n')
    assert code_lines(module) == 2


def test_the_package_stays_small():
    counts = {path.relative_to(ROOT): code_lines(path) for path in PACKAGE}
    assert {path.name: count for path, count in counts.items() if count > LONGEST_MODULE} == {}
    workshop = sum(count for path, count in counts.items() if path.parts[1] in WORKSHOP)
    assert workshop <= LONGEST_WORKSHOP
    assert sum(counts.values()) - workshop <= LONGEST_PACKAGE


def python(code: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **env}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_genrelab_loads_nothing_heavy():
    heavy = "torch transformers sentence_transformers sklearn pandas scipy seaborn matplotlib"
    loaded = python(
        f"import sys, genrelab; print([n for n in '{heavy}'.split() if n in sys.modules])"
    )
    assert loaded.strip() == "[]"


def test_importing_genrelab_takes_less_than_a_third_of_a_second():
    code = "import time; t = time.perf_counter(); import genrelab; print(time.perf_counter() - t)"
    assert min(float(python(code)) for _ in range(3)) < 0.3


def test_dependencies_are_floors():
    for requirement in DECLARED:
        if requirement.startswith("genrelab["):
            continue
        assert ">=" in requirement, requirement
        upper = re.search(r"==|~=|<", requirement)
        # jupyter-book 2 ignores _config.yml, builds nothing and exits 0.
        assert upper is None or requirement.startswith("jupyter-book"), requirement
    assert set(PROJECT["optional-dependencies"]) >= {"book", "train", "track", "ray", "dev"}


def test_everything_imported_is_declared():
    declared = " ".join(DECLARED)
    names = {"sklearn": "scikit-learn", "yaml": "pyyaml", "imblearn": "imbalanced-learn"}
    # Each is brought by the declared library that we use it with.
    brought = {"matplotlib", "PIL", "huggingface_hub", "tokenizers", "joblib", "tqdm", "IPython"}
    brought |= {"pybtex", "sphinx"}
    for path in PACKAGE:
        for module in imported(path) - set(sys.stdlib_module_names) - {"genrelab"} - brought:
            name = names.get(module, module.replace("_", "-"))
            assert name in declared, f"{path.name} imports {module}, which pyproject.toml omits"


def test_requirements_are_exact():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins[0] == "torch==2.13.0"
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+(\[\w+\])?==[\w.+]+", pin) for pin in pins)
    data = (ROOT / "requirements-data.txt").read_text("utf-8").splitlines()
    hashed = [line for line in data if line and not line.startswith("#")]
    assert len(hashed) == 2
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line) for line in hashed)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_holds_every_module_and_data_file(wheel):
    package = ROOT / "genrelab"
    shipped = [*(package / "datasets/files").rglob("*"), *(package / "models/default").iterdir()]
    files = [*PACKAGE, *(p for p in shipped if p.is_file())]
    expected = {path.relative_to(ROOT).as_posix() for path in files} | {"genrelab/py.typed"}
    assert expected <= set(wheel)


def test_the_wheel_holds_the_recorded_results(wheel):
    expected = {f"genrelab/results/{p.name}" for p in (ROOT / "book/results").glob("*.json")}
    assert expected
    assert expected <= set(wheel)


def test_the_wheel_holds_no_tests_and_no_notebooks(wheel):
    assert not [name for name in wheel if name.startswith(("tests/", "notebooks/", "book/"))]
    assert not [name for name in wheel if "conftest" in name or name.endswith(".ipynb")]
