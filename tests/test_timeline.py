"""The timeline shows the scores it was given, in Python's picture and in the browser's."""

import base64
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from matplotlib.patches import StepPatch

from genrelab import plots
from genrelab.plots.explorer import FILES, SHARED
from genrelab.plots.timeline import TEMPLATE

NAMES = ["Drama", "Horror & Gore", "War <b>"]
RNG = np.random.default_rng(8)
FILMS = [np.rint(100 * RNG.random((parts, 3))) / 100 for parts in (16, 1, 7)]
Y = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0]])
TITLES = [
    "Ærø, où ça?",
    'The </script><script>document.title="hacked"</script>',
    'A "b" & <i>c</i>',
]


def explorer(**options: object) -> plots.Figure:
    return plots.timeline_explorer(FILMS, Y, NAMES, TITLES, **options)


def page_of(figure: plots.Figure) -> str:
    return figure._repr_mimebundle_()["text/html"]


def data_in(page: str) -> dict:
    found = BeautifulSoup(page, "html.parser").find("script", type="application/json")
    return json.loads(found.string)


def in_a_browser(page: str, driver: str, folder: Path) -> list:
    """Return what ``driver`` pushes to ``out`` on a page that holds the explorer."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("neither chromium nor google-chrome is installed")
    script = f"""<script>
      const out = [], root = document.querySelector(".genrelab-timeline");
      const part = (name) => root.querySelector(".gx-" + name);
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
    path.write_text(head + page + script, "utf-8")
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


def test_the_picture_draws_every_score_loudest_genre_on_top():
    film = FILMS[0]
    figure = plots.genre_timeline(film, NAMES, marked=["Drama"])
    ax = figure.canvas.axes[0]
    order = np.argsort(-film.mean(axis=0))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [NAMES[g] for g in order]
    rows = [patch.get_data() for patch in ax.patches if isinstance(patch, StepPatch)]
    for row, (genre, steps) in enumerate(zip(order, rows, strict=True)):
        np.testing.assert_allclose((row - steps.values) / 0.85, film[:, genre])
        np.testing.assert_allclose(steps.edges, np.linspace(0, 100, 17))
    weights = {tick.get_text(): tick.get_fontweight() for tick in ax.get_yticklabels()}
    assert weights == {"Drama": "bold", "Horror & Gore": "normal", "War <b>": "normal"}


def test_the_picture_says_how_many_genres_it_leaves_out_and_takes_one_part():
    many = plots.genre_timeline(RNG.random((5, 20)), [f"genre {i}" for i in range(20)])
    assert "The 16 highest of 20 genres" in many.canvas.get_supxlabel().replace("\n", " ")
    one = plots.genre_timeline([[0.25, 0.75]], ["War", "Drama"])
    assert one.alt.startswith("Genre scores in one part of the script. Drama: mean 0.75")


def test_the_title_says_what_is_loudest_and_where():
    figure = plots.genre_timeline([[0.1, 0.2], [0.3, 0.9], *[[0, 0]] * 6], ["War", "Drama"])
    title = figure.canvas.get_suptitle().replace("\n", " ")
    # Halves are rounded up, as the page does.
    assert title == "Drama is loudest at 13–25 % of the script"


def test_the_page_holds_the_scores_in_hundredths_and_the_film_to_begin_with():
    data = data_in(page_of(explorer(first=2)))
    assert (data["genres"], data["titles"], data["first"]) == (NAMES, TITLES, 2)
    assert data["labels"] == [[0, 1], [], [1]]
    for packed, film in zip(data["scores"], FILMS, strict=True):
        stored = np.frombuffer(base64.b64decode(packed), np.uint8).reshape(-1, 3)
        np.testing.assert_array_equal(stored, np.rint(100 * film))


def test_where_no_script_runs_the_first_films_picture_stands_in():
    figure = explorer(first=2, title="A film")
    still = plots.genre_timeline(FILMS[2], NAMES, marked=["Horror & Gore"], title="A film")
    assert (figure.alt, figure.png) == (still.alt, still.png)
    image = BeautifulSoup(page_of(figure), "html.parser").select_one(".gx-still img")
    assert image["alt"] == figure.alt


def test_the_page_loads_nothing_and_a_title_cannot_end_its_script():
    text = "".join((FILES / name).read_text("utf-8") for name in (TEMPLATE.name, *SHARED))
    assert re.findall(r"https?://[^\"' ]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"\bid=|@import|url\(|fetch\(|innerHTML", text)
    soup = BeautifulSoup(page_of(explorer()), "html.parser")
    assert [script.get("type") for script in soup.find_all("script")] == ["application/json", None]
    for control in soup.find_all(["select", "input"]):
        assert control.find_parent("label").get_text(strip=True)
    assert soup.find("output")["aria-live"] == "polite"


def test_all_films_of_the_course_fit_into_a_page():
    films = RNG.random((885, 16, 13))
    figure = plots.timeline_explorer(
        films, np.ones((885, 13), int), [f"Genre {i}" for i in range(13)],
        [f"A film with an average title {i}" for i in range(885)],
    )  # fmt: skip
    assert len(page_of(figure)) - len(figure.png) * 4 / 3 < 350_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scores": FILMS[:2]}, "2 films have scores, 3 titles and 3 labels"),
        ({"titles": TITLES[1:]}, "3 films have scores, 2 titles"),
        ({"scores": [3 * film for film in FILMS]}, r"film 'Ærø.*expected probabilities"),
        ({"scores": [film[:, :2] for film in FILMS]}, r"film 'Ærø.*shape \(16, 2\)"),
    ],
)
def test_what_cannot_be_explored_is_refused(change: dict, words: str):
    given = {"scores": FILMS, "Y": Y, "label_names": NAMES, "titles": TITLES} | change
    with pytest.raises(ValueError, match=words):
        plots.timeline_explorer(**given)


def test_the_browser_shows_every_part_of_every_film(tmp_path: Path):
    driver = """
      out.push([part("live").hidden, root.querySelectorAll("img").length, part("film").value]);
      for (const option of [...part("film").options]) {
        send(part("film"), option.value, "change");
        for (let place = 0; place <= Number(part("place").max); place += 1) {
          send(part("place"), place, "input");
          const texts = [...part("rows").querySelectorAll("text")].map((text) => text.textContent);
          out.push([Number(option.value), place, texts.slice(0, 6), part("says").textContent]);
        }
      }"""
    first, *shown = in_a_browser(page_of(explorer(first=2)), driver, tmp_path)
    assert first == [False, 0, "2"]
    assert len(shown) == 16 + 1 + 7
    for film, place, texts, said in shown:
        order = np.argsort(-FILMS[film].mean(axis=0), kind="stable")
        expected = [text for g in order for text in (NAMES[g], f"{FILMS[film][place, g]:.2f}")]
        assert texts == expected
        low, high = (int(100 * p / len(FILMS[film]) + 0.5) for p in (place, place + 1))
        own = [name for name, label in zip(NAMES, Y[film], strict=True) if label]
        assert said.startswith(f"{TITLES[film]} at {low}–{high} % of the script: loudest are ")
        assert said.endswith(f"Labels of the film: {' and '.join(own) or 'none of these'}.")


def test_a_finger_on_the_rows_moves_the_place(tmp_path: Path):
    driver = """
      send(part("film"), 0, "change");
      for (const share of [0.01, 0.5, 0.99]) {
        const box = part("rows").getBoundingClientRect();
        part("rows").dispatchEvent(new PointerEvent("pointermove",
          { clientX: box.left + box.width * (90 + 220 * share) / 360, clientY: box.top + 20 }));
        out.push([part("place").value, part("place").getAttribute("aria-valuetext")]);
      }"""
    shown = in_a_browser(page_of(explorer()), driver, tmp_path)
    assert shown == [["0", "0–6 %"], ["8", "50–56 %"], ["15", "94–100 %"]]


def test_both_explorers_start_on_one_page_each_with_its_own_script(tmp_path: Path):
    scores = np.array([film[0] for film in FILMS])
    marked = np.array([[1, 1, 0], [0, 0, 1], [0, 1, 0]])
    other = plots.threshold_explorer(scores, marked, NAMES, TITLES)
    pages = page_of(explorer()) + page_of(other)
    assert not set(SHARED) & set(re.findall(r"/\* (\S+) \*/", pages)), "a place left empty"
    driver = """
      for (const root of document.querySelectorAll(".genrelab-explorer")) {
        out.push([root.querySelector(".gx-live").hidden, root.querySelectorAll("img").length,
          root.querySelectorAll(".gx-film option").length, root.querySelectorAll("svg text").length,
          getComputedStyle(root).getPropertyValue("--gx-accent").trim()]);
      }"""
    shown = in_a_browser(pages, driver, tmp_path)
    # 3 rows of name and number, 5 places; 3 names with verdicts and 5 numbers on either axis.
    assert shown == [[False, 0, 3, 11, "#00795a"], [False, 0, 3, 16, "#0072b2"]]
