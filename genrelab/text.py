"""Views of a text: what is cut off before a model reads, and how it is read.

A script as it comes off the page carries three things that are not the film: the page's footer
(which names the writers and the *genres*, that is, the answer), page furniture (page numbers,
``CONTINUED``, running heads) and odd white space. :func:`strip_page` takes them off.
"""

import re
from collections import Counter
from typing import NamedTuple

_FOOTER = re.compile(
    r"^[ \t]*Writers? :(?P<writers>.*)\n[ \t]*Genres :(?P<genres>.*)$", re.MULTILINE
)
_FIELD_GAP = re.compile(r"[\s\xa0]{2,}")
_ARTICLE_LAST = re.compile(r"^(?P<name>.*), (?P<article>The|A|An|El|L'|Le|La)(?P<rest> \(.*\))?$")
_FURNITURE = re.compile(
    r"""^[\s\d.*()\-:]*                         # page and scene numbers around the words
        (?:\(?\s*(?:CONTINUED|CONT'?D|CONTINUES|MORE|OMIT(?:TED)?)\s*\)?)
        [\s\d.*()\-:]*$""",
    re.VERBOSE | re.IGNORECASE,
)
_PAGE_NUMBER = re.compile(r"^(?:page\s*)?[\[(\-#.]*\s*\d{1,3}[A-Z]?\s*[\])\-.*]*$", re.IGNORECASE)
_HEADING = re.compile(r"\b(?:INT|EXT|I/E)\b")
_NUMBER_BEFORE_HEADING = re.compile(r"^[A-Z]{0,2}\d{1,3}[A-Z]{0,2}[.)]? (?=(?:INT|EXT|I/E)\b)")
_NUMBER_AFTER_HEADING = re.compile(r" [A-Z]{0,2}\d{1,3}[A-Z]{0,2}[.)]?$")
_NUMBER_ON_BOTH_SIDES = re.compile(r"^(?P<number>[A-Z]?\d{1,3}[A-Z]?)[.)]? (?P<words>.*) (?P=number)$")
_PAGE_AT_END = re.compile(r"^\D.*[^#\d]\d+[A-Z]?\.?$")
_STRAY_WINDOWS_BYTE = re.compile(r"\u00c2?([\u0080-\u009f])")
_DIGITS = re.compile(r"\d+")
_BLANKS = re.compile(r"[^\S\n]+")
_RUNNING_HEAD_REPEATS = 12


class Page(NamedTuple):
    """One script page, taken apart."""

    title: str
    writers: tuple[str, ...]
    genres: tuple[str, ...]
    body: str


def strip_page(raw: str) -> Page:
    r"""Take a script page apart: the film's text here, its title, writers and genres there.

    The footer is cut off whole: it names the genres, and a model that sees it reads the answer.
    Lines that are page furniture (page numbers, ``CONTINUED``, ``(MORE)``, ``OMITTED``, running
    heads that repeat with a changing number) go; white space is made plain; the words stay.

    Parameters
    ----------
    raw : str
        The page as fetched: body, then title, writers and genres.

    Returns
    -------
    Page
        ``title`` (articles in front), ``writers``, ``genres`` and the ``body``.

    Raises
    ------
    ValueError
        If the page does not have exactly one footer: without it there is no label, and with two
        it is unclear where the film ends.

    Examples
    --------
    >>> page = strip_page("INT. BAR\n\n 12.\nHe  waits.\n\tSting, The\n Writers : \xa0 A B\n"
    ...                   " Genres : \xa0 Crime\xa0 \xa0 Comedy\n")
    >>> page.title, page.genres
    ('The Sting', ('Crime', 'Comedy'))
    >>> page.body
    'INT. BAR\n\nHe waits.'
    """
    text = raw.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    footers = list(_FOOTER.finditer(text))
    if len(footers) != 1:
        raise ValueError(
            f"page has {len(footers)} footers with 'Writers :' and 'Genres :'; expected exactly 1. "
            "Check that the file is a whole script page."
        )
    footer = footers[0]
    body, _, title = text[: footer.start()].rstrip().rpartition("\n")
    genres = [name for field in _fields(footer["genres"]) for name in field.split(".")]
    return Page(
        title=article_first(title.strip()),
        writers=tuple(_fields(footer["writers"])),
        genres=tuple(genres),
        body=strip_furniture(body),
    )


def strip_furniture(text: str) -> str:
    r"""Drop page furniture and plain out white space; keep every line that carries words of the film.

    Parameters
    ----------
    text : str
        A screenplay, line by line as typeset.

    Returns
    -------
    str
        Lines without indents, at most one blank line in a row.

    Examples
    --------
    >>> strip_furniture("CONTINUED: (2)\n\n\n  12   INT. HALL - DAY   12\n\nA\xa0door opens.   \n")
    'INT. HALL - DAY\n\nA door opens.'
    """
    text = _STRAY_WINDOWS_BYTE.sub(_as_windows_1252, text.replace("\xa0", " "))
    lines = [_BLANKS.sub(" ", line).strip() for line in text.split("\n")]
    lines = [_without_scene_number(line) for line in lines]
    running_heads = _running_heads(lines)
    kept: list[str] = []
    for line in lines:
        if _FURNITURE.match(line) or _PAGE_NUMBER.match(line) or line in running_heads:
            line = ""
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()


def article_first(title: str) -> str:
    """Put a title's article where a reader expects it.

    Examples
    --------
    >>> article_first("Cider House Rules, The")
    'The Cider House Rules'
    >>> article_first("Avengers, The (2012)")
    'The Avengers (2012)'
    """
    match = _ARTICLE_LAST.match(title)
    if not match:
        return title
    space = "" if match["article"].endswith("'") else " "
    return f"{match['article']}{space}{match['name']}{match['rest'] or ''}"


def _fields(line: str) -> list[str]:
    return [field.strip() for field in _FIELD_GAP.split(line) if field.strip()]


def _as_windows_1252(match: re.Match[str]) -> str:
    """A quotation mark typed on Windows and read as Latin-1 somewhere on its way here."""
    return match[1].encode("latin-1").decode("cp1252", errors="ignore")


def _without_scene_number(line: str) -> str:
    """Typists number scenes in one margin or both; the heading between is the film's."""
    both = _NUMBER_ON_BOTH_SIDES.match(line)
    if both:
        return both["words"]
    heading = _NUMBER_BEFORE_HEADING.sub("", line)
    return _NUMBER_AFTER_HEADING.sub("", heading) if heading != line else line


def _running_heads(lines: list[str]) -> set[str]:
    """Lines that come back again and again with another page number at their end."""
    numbered = {line for line in lines if len(line) <= 80 and _PAGE_AT_END.match(line)}
    shapes = Counter(_DIGITS.sub("#", line) for line in numbered)
    return {
        line
        for line in numbered
        if shapes[_DIGITS.sub("#", line)] >= _RUNNING_HEAD_REPEATS and not _HEADING.search(line)
    }
