"""The threshold explorer computes in the browser what Python computes, and needs nothing else."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from sklearn.metrics import precision_recall_fscore_support

from genrelab import plots
from genrelab.metrics import report
from genrelab.plots.explorer import FILES, SHARED, TEMPLATE
from genrelab.thresholds import ThresholdTuner

NAMES = ["Drama", "Horror & Gore", "War <b>"]
RNG = np.random.default_rng(5)
Y = (RNG.random((60, 3)) < [0.6, 0.3, 0.1]).astype(int)
Y[0] = 1
SCORES = np.clip(0.35 * Y + 0.6 * RNG.random((60, 3)), 0, 1)
TITLES = [f"Film {i}" for i in range(57)] + [
    'The </script><script>document.title="hacked"</script>',
    'A "quoted" & <i>marked</i> one',
    "Ærø, où ça? 千と千尋",
]
MEASURES = ("f1", "precision", "recall")


def explorer(**options: object) -> plots.Figure:
    return plots.threshold_explorer(SCORES, Y, NAMES, TITLES, **options)


def page_of(figure: plots.Figure) -> str:
    return figure._repr_mimebundle_()["text/html"]


def data_in(page: str) -> dict:
    found = BeautifulSoup(page, "html.parser").find("script", type="application/json")
    return json.loads(found.string)


def in_a_browser(pages: list[str], driver: str, folder: Path) -> list:
    """Return what ``driver`` pushes to ``out`` on a page that holds ``pages``."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("neither chromium nor google-chrome is installed")
    script = f"""<script>
      const out = [], roots = [...document.querySelectorAll(".genrelab-explorer")];
      const part = (root, name) => root.querySelector(".gx-" + name);
      const send = (element, value, type) => {{
        element.value = value;
        element.dispatchEvent(new Event(type, {{ bubbles: true }}));
      }};
      {driver}
      const kept = document.createElement("pre");
      kept.id = "out";
      kept.textContent = JSON.stringify(out);
      document.body.replaceChildren(kept);
    </script>"""
    path = folder / "page.html"
    head = '<!doctype html><meta charset="utf-8"><title>still mine</title>'
    path.write_text(head + "".join(pages) + script, "utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    profile = f"--user-data-dir={folder / 'profile'}"
    done = subprocess.run(
        [*command, profile, path.as_uri()], capture_output=True, timeout=120, check=True
    )
    dom = done.stdout.decode("utf-8")
    assert "<title>still mine</title>" in dom
    found = re.search(r'<pre id="out">(.*?)</pre>', dom, re.S)
    assert found, done.stderr.decode()[-2000:]
    return json.loads(html.unescape(found[1]))


def numbers(text: str) -> list[float]:
    """F1, precision and recall as the page's sentence names them."""
    return [float(re.search(rf"{name} (\d\.\d+)", text)[1]) for name in ("F1", *MEASURES[1:])]


def test_the_page_holds_exactly_the_scores_and_labels():
    data = data_in(page_of(explorer(thresholds=[0.4, 0.2, 2.0])))
    assert data["genres"] == NAMES
    assert data["titles"] == TITLES
    np.testing.assert_array_equal(data["scores"], np.rint(1000 * SCORES))
    assert data["labels"] == [np.flatnonzero(row).tolist() for row in Y]
    assert data["thresholds"] == [400, 200, 1000]


def test_a_title_cannot_end_the_script_that_holds_it():
    soup = BeautifulSoup(page_of(explorer()), "html.parser")
    assert [script.get("type") for script in soup.find_all("script")] == ["application/json", None]
    assert "hacked" not in soup.find_all("script")[1].string


def test_where_no_script_runs_a_picture_with_alt_text_stands_in():
    figure = explorer(title="Each genre has its own best threshold")
    still = plots.threshold_curves(SCORES, Y, NAMES, title="Each genre has its own best threshold")
    bundle = figure._repr_mimebundle_()
    assert bundle["text/plain"] == figure.alt == still.alt
    image = BeautifulSoup(bundle["text/html"], "html.parser").select_one(".gx-still img")
    assert image["alt"] == figure.alt
    assert figure.png == still.png


def test_the_page_loads_nothing_and_its_controls_are_named():
    text = "".join((FILES / name).read_text("utf-8") for name in (TEMPLATE.name, *SHARED))
    assert re.findall(r"https?://[^\"' ]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"\bid=|@import|url\(|fetch\(|innerHTML", text)
    soup = BeautifulSoup(text, "html.parser")
    for control in soup.find_all(["select", "input"]):
        assert control.find_parent("label").get_text(strip=True)
    assert soup.find("input")["type"] == "range"
    assert all(output["aria-live"] == "polite" for output in soup.find_all("output"))


def test_nine_hundred_films_and_sixteen_genres_stay_under_150_kilobytes():
    rng = np.random.default_rng(0)
    labels = (rng.random((900, 16)) < 0.2).astype(int)
    figure = plots.threshold_explorer(
        rng.random((900, 16)), labels, [f"Genre {i}" for i in range(16)],
        [f"A film with an average title {i}" for i in range(900)],
    )  # fmt: skip
    page = page_of(figure)
    assert len(json.dumps(data_in(page), separators=(",", ":"))) < 150_000
    assert len(page) - len(figure.png) * 4 / 3 < 180_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scores": 3 * SCORES - 1}, "expected probabilities between 0 and 1"),
        ({"titles": TITLES[1:]}, "59 titles .* expected 60"),
        ({"thresholds": [0.5]}, r"expected 60, .* and \(3,\), one a genre"),
        ({"scores": SCORES[:, :2]}, "shape"),
        ({"Y": Y * [1, 1, 0]}, "no row carries"),
    ],
)
def test_what_cannot_be_explored_is_refused(change: dict, words: str):
    given = {"scores": SCORES, "Y": Y, "label_names": NAMES, "titles": TITLES} | change
    with pytest.raises(ValueError, match=words):
        plots.threshold_explorer(**given)


def test_the_browser_computes_what_python_computes_in_every_explorer_of_a_page(tmp_path: Path):
    cuts = [0, 5, 150, 300, 455, 500, 700, 950, 1000]
    films = [0, 57, 58, 59]
    second = plots.threshold_explorer(SCORES[:, ::-1], Y[:, ::-1], NAMES[::-1], TITLES)
    driver = f"""
      roots.forEach((root, which) => {{
        for (let genre = 0; genre <= 3; genre += 1) for (const cut of {cuts}) {{
          send(part(root, "genre"), genre, "change");
          send(part(root, "threshold"), cut, "input");
          const scores = part(root, "scores").textContent;
          for (const film of {films}) {{
            send(part(root, "film"), film, "change");
            out.push([which, genre, cut, film, scores, part(root, "sets").textContent]);
          }}
        }}
      }});"""
    shown = in_a_browser([page_of(explorer()), page_of(second)], driver, tmp_path)
    assert len(shown) == 2 * 4 * len(cuts) * len(films)
    rounded = np.rint(1000 * SCORES)
    for which, genre, cut, film, said, sets in shown:
        order = [2, 1, 0] if which else [0, 1, 2]
        labels, names = Y[:, order], np.array(NAMES)[order]
        # Genres before this one stayed where they were left, those after it wait at 0.5.
        each = [cuts[-1]] * genre + [cut] + [500] * (2 - genre) if genre < 3 else [cut] * 3
        passes = (rounded[:, order] >= each).astype(int)
        true, predicted = (labels, passes) if genre == 3 else (labels[:, genre], passes[:, genre])
        average = "macro" if genre == 3 else "binary"
        precision, recall, f1, _ = precision_recall_fscore_support(
            true, predicted, average=average, zero_division=0
        )
        assert numbers(said) == pytest.approx([f1, precision, recall], abs=0.000501)
        if genre < 3:
            counts = f"{predicted.sum()} films pass, {(true & predicted).sum()} of the {true.sum()}"
            assert counts in said
        found, right = (", ".join(names[m[film] == 1]) or "nothing" for m in (passes, labels))
        assert sets == f"Predicted for {TITLES[film]}: {found}. Its labels: {right}."


def test_the_best_button_finds_what_the_tuner_finds(tmp_path: Path):
    driver = """
      for (let genre = 0; genre <= 3; genre += 1) {
        send(part(roots[0], "genre"), genre, "change");
        part(roots[0], "best").click();
        out.push(part(roots[0], "scores").textContent);
        part(roots[0], "half").click();
        out.push(part(roots[0], "scores").textContent);
      }"""
    shown = in_a_browser([page_of(explorer())], driver, tmp_path)
    rounded = np.rint(1000 * SCORES) / 1000
    tuned, one = ThresholdTuner().fit(rounded, Y), ThresholdTuner(strategy="global")
    best = [*report(Y, tuned.predict(rounded)).per_label["f1"]]
    best.append(one.fit(rounded, Y).objective_value_)
    half = report(Y, (rounded >= 0.5).astype(int))
    at_half = [*half.per_label["f1"], half.summary["f1_macro"]]
    assert [numbers(text)[0] for text in shown[::2]] == pytest.approx(best, abs=0.000501)
    assert [numbers(text)[0] for text in shown[1::2]] == pytest.approx(at_half, abs=0.000501)


def test_each_explorer_starts_once_and_shows_the_live_figure_alone(tmp_path: Path):
    driver = """
      for (const root of roots) {
        const box = part(root, "curves").getBoundingClientRect();
        part(root, "curves").dispatchEvent(new PointerEvent("pointerdown",
          { buttons: 1, clientX: box.left + box.width * (34 + 310 * 0.25) / 360 }));
        out.push([root.querySelectorAll(".gx-genre option").length, root.querySelectorAll("img")
          .length, part(root, "live").hidden, part(root, "value").textContent,
          part(root, "threshold").getAttribute("aria-valuetext"),
          part(root, "curves").getAttribute("aria-label") !== null]);
      }"""
    shown = in_a_browser([page_of(explorer())] * 2, driver, tmp_path)
    assert shown == [[4, 0, False, "0.250", "0.250", True]] * 2
