"""The built pages, read as a reader's browser would read them."""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from sphinx.search.en import SearchEnglish

from genrelab.course import editions, leaks
from genrelab.course.chapters import ROOT, chapters, colab_link, title
from genrelab.course.overlay import read_overlay

CHAPTERS = chapters()


@pytest.fixture(scope="session")
def html() -> Path:
    """The folder of built pages: `make test` builds and names it, so there it must exist."""
    named = os.environ.get("GENRELAB_BOOK")
    folder = ROOT / (named or "_build/html")
    if not (folder / "index.html").is_file():
        if named:
            pytest.fail(f"{folder} holds no index.html: the book was not built.")
        pytest.skip(f"{folder} holds no book; run `make book` first.")
    return folder


@pytest.fixture(scope="session")
def pages(html) -> dict[Path, BeautifulSoup]:
    found = {}
    for path in sorted(html.rglob("*.html")):
        if "_static" not in path.parts:
            found[path] = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    assert len(found) > 3
    return found


@pytest.fixture(scope="session")
def tracked() -> set[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout: cannot tell which files are in git.")
    return set(listed.stdout.splitlines())


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_a_page_with_its_title(html, pages, chapter):
    page = pages[html / "notebooks" / f"{chapter.stem}.html"]
    assert [h1.get_text().rstrip("#") for h1 in page.select("article h1")] == [title(chapter)]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapters_colab_button_opens_a_notebook_that_is_in_git(html, pages, tracked, chapter):
    page = pages[html / "notebooks" / f"{chapter.stem}.html"]
    links = {
        a["href"] for a in page.find_all("a", href=True) if "colab.research.google" in a["href"]
    }
    assert links == {colab_link(chapter)}
    notebook = links.pop().partition("/blob/")[2].partition("/")[2]
    assert notebook.endswith(".ipynb")
    assert notebook in tracked


def test_no_page_shows_a_traceback_or_a_warning_as_output(pages):
    for path, page in pages.items():
        for output in page.select(".cell_output"):
            assert "Traceback (most recent call last)" not in output.get_text(), path.name
            assert not output.select(".traceback, .stderr"), path.name


def test_every_image_says_what_it_shows(pages):
    for path, page in pages.items():
        for image in page.find_all("img"):
            alt = image.get("alt", "").strip()
            about = f"{path.name}: {image.get('src', '')[:60]} has alt text {alt!r}"
            assert alt, about
            assert not re.search(r"\.(png|svg|jpe?g|webp)$|^_images/", alt), about


def test_formulas_are_drawn_from_our_own_files(html, pages):
    for path, page in pages.items():
        if page.select(".math"):
            loaded = [script.get("src", "") for script in page.find_all("script")]
            assert any("katex/start.js" in source for source in loaded), path.name
    katex = html / "_static" / "katex"
    fonts = re.findall(r"url\((fonts/[^)]+)\)", (katex / "katex.min.css").read_text("utf-8"))
    assert fonts
    assert all((katex / font).is_file() for font in fonts)


def references(page: BeautifulSoup) -> list[tuple[str, str]]:
    """All addresses that a browser fetches with the page, as (element, address)."""
    found = [
        (element.name, element[attribute])
        for attribute in ("src", "poster", "data")
        for element in page.find_all(attrs={attribute: True})
    ]
    fetched = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "dns-prefetch"}
    fetched |= {"preconnect", "manifest"}
    found += [
        ("link", link["href"])
        for link in page.find_all("link", href=True)
        if fetched & set(link.get("rel", []))
    ]
    for element in page.find_all(srcset=True):
        found += [(element.name, part.split()[0]) for part in element["srcset"].split(",")]
    return found


def test_no_page_fetches_anything_from_elsewhere(html, pages):
    for path, page in pages.items():
        for element, address in references(page):
            assert not re.match(r"(?:https?:)?//", address), f"{path.name}: <{element}> {address}"
        for script in page.find_all("script", src=False):
            assert not re.search(r"https?://[^\"' ]+\.m?js", script.get_text()), path.name
        for style in page.find_all("style"):
            assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", style.get_text())
    for sheet in html.rglob("*.css"):
        text = sheet.read_text("utf-8", errors="replace")
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", text), sheet.name


def test_every_file_that_a_page_names_is_there(html, pages):
    for path, page in pages.items():
        for element, address in references(page):
            if address.startswith("data:"):
                continue
            target = (path.parent / unquote(urlsplit(address).path)).resolve()
            assert target.is_file(), f"{path.name}: <{element}> {address} is missing"


def test_no_internal_link_is_broken(html, pages):
    anchors = {
        path: {e.get("id") for e in page.find_all(id=True)}
        | {a.get("name") for a in page.find_all("a", attrs={"name": True})}
        for path, page in pages.items()
    }
    checked = 0
    for path, page in pages.items():
        for link in page.find_all("a", href=True):
            parts = urlsplit(link["href"])
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), f"{path.name}: {link['href']} leads nowhere"
            if parts.fragment and target in anchors:
                known = anchors[target]
                assert unquote(parts.fragment) in known, f"{path.name}: no {link['href']}"
            checked += 1
    assert checked > 20


def test_no_markup_is_left_raw(pages):
    raw = re.compile(r"\{(?:cite|glue|doc|ref|numref)(?::\w+)?\}|^:{3,}|BEGIN SOLUTION", re.M)
    for path, page in pages.items():
        article = page.find("article")
        if article is not None:
            assert not raw.search(article.get_text()), path.name


def test_the_search_index_knows_every_chapter(html):
    index = (html / "searchindex.js").read_text("utf-8")
    assert CHAPTERS
    for chapter in CHAPTERS:
        assert f"notebooks/{chapter.stem}" in index


def terms(html: Path) -> set[str]:
    """Every word that the search page knows, as the search page has it: lower case, stemmed."""
    text = (html / "searchindex.js").read_text("utf-8")
    index = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return {*index["terms"], *index["titleterms"]}


def stems(texts: list[str]) -> set[str]:
    """The words of texts in the same form."""
    words = {word for text in texts for word in leaks.words(text).split()}
    return {SearchEnglish({}).stem(word) for word in words}


def test_no_built_page_source_or_search_term_comes_from_an_overlay_or_a_rubric(html):
    overlay = read_overlay(ROOT / "book" / "overlay_sample")
    assert editions.open_places(overlay=overlay) == []  # _build/html and _build/jupyter_execute
    secret = leaks.secrets(overlay.exercises)
    if html != ROOT / "_build" / "html":
        assert leaks.found(secret, leaks.files(html)) == []
    public = [path.read_text("utf-8") for path in (*CHAPTERS, *(ROOT / "book").rglob("*.md"))]
    public += [path.read_text("utf-8") for path in (ROOT / "book" / "quizzes").glob("*.yml")]
    telling = stems(list(secret)) - stems(public)
    assert telling  # words that only the overlay has
    assert not telling & terms(html)
    assert stems(["chapters", "genres"]) <= terms(html)  # the comparison is not of two alphabets
