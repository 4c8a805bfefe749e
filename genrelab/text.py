"""Views of a text: what is cut off before a model reads, and how it is read.

A script as it comes off the page carries three things that are not the film: the page's footer
(which names the writers and the *genres*, that is, the answer), page furniture (page numbers,
``CONTINUED``, running heads) and odd white space. :func:`strip_page` takes them off.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

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
_NUMBER_ON_BOTH_SIDES = re.compile(
    r"^(?P<number>[A-Z]?\d{1,3}[A-Z]?)[.)]? (?P<words>.*) (?P=number)$"
)
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


def film_text(raw: str) -> str:
    r"""Return what a model may read of a text, whether or not it is a page with a footer.

    A page's footer names the genres: it goes, as `strip_page` cuts it; furniture goes as
    `strip_furniture` drops it. On text that was cleaned before, nothing more goes.

    Parameters
    ----------
    raw : str
        A script as found, or any other text.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If it has more than one such footer.

    Examples
    --------
    >>> film_text("INT. BAR\n\nHe waits.\nSting, The\n Writers : A\n Genres : Crime\n")
    'INT. BAR\n\nHe waits.'
    >>> film_text("INT. BAR\r\n\r\n\r\n 12.\r\nHe  waits.")
    'INT. BAR\n\nHe waits.'
    """
    text = raw.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    return strip_page(text).body if _FOOTER.search(text) else strip_furniture(text)


def strip_furniture(text: str) -> str:
    r"""Drop page furniture and plain out white space; keep every line of the film's words.

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


_BLANK_LINES = re.compile(r"\n{3,}")
_AUXILIARY_NOT = re.compile(r"\b\w+n['’]t\b")  # don't, isn't, won't: stop words, all of them
_CLITIC = re.compile(r"['’](?:s|d|m|ll|re|ve|em)\b")
_WORD = re.compile(r"[^\W\d_]{2,}")
# scikit-learn's list also holds words that say what a film is about.
_CONTENT_WORDS = frozenset(
    "amount bill bottom cry describe detail empty fill fire front interest mill mine move serious "
    "show side sincere system thick thin".split()
)
SPACY_MODEL = "en_core_web_sm"


def neural_text(text: str) -> str:
    r"""Return the view that transformers read: plain white space, every word and mark kept.

    Line ends become ``\n``, runs of blanks (no-break ones too) one blank, and runs of empty lines
    one empty line. Case, punctuation and word order stay: the model was trained with them.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str

    Examples
    --------
    >>> neural_text("INT.  BAR\r\n\r\n\r\n\r\nHe\xa0 waits. \n")
    'INT. BAR\n\nHe waits.'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    plain = "\n".join(_BLANKS.sub(" ", line).strip() for line in lines)
    return _BLANK_LINES.sub("\n\n", plain).strip()


def classic_text(
    text: str,
    *,
    lemmas: bool = True,
    stop_words: bool = True,
    keep_pos: Collection[str] | None = None,
) -> str:
    """Return the view that counting models read: lower-case content words, as lemmas.

    Parameters
    ----------
    text : str
        Any English text.
    lemmas : bool, default=True
        Replace each word by its lemma (simplemma): *horses* becomes *horse*.
    stop_words : bool, default=True
        Leave out words like *the* and *with* (scikit-learn's list, less the words in it that say
        what a film is about, such as *fire*).
    keep_pos : collection of str, optional
        Keep only these universal parts of speech, e.g. ``{"NOUN", "VERB"}``; needs spaCy and its
        model ``en_core_web_sm``.

    Returns
    -------
    str
        Words joined by blanks; split it to get tokens.

    Raises
    ------
    ImportError
        If ``keep_pos`` is given and spaCy or its model is not installed.

    Examples
    --------
    >>> classic_text("The horses weren't running; they'd seen the sheriff's fire.")
    'horse run see sheriff fire'
    """
    if keep_pos is not None:
        tagged = _tagger()(text)
        text = " ".join(token.text for token in tagged if token.pos_ in keep_pos)
    text = _CLITIC.sub("", _AUXILIARY_NOT.sub("", text.lower()))
    words = _WORD.findall(text)
    if stop_words:
        words = [word for word in words if word not in _stop_words()]
    if lemmas:
        words = [_lemma(word) for word in words]
    return " ".join(words)


def bigrams(
    token_lists: Sequence[Sequence[str]], *, min_count: int = 5, threshold: float = 10.0
) -> list[list[str]]:
    """Join neighbours that come together more often than chance: *new york* to *new_york*.

    Parameters
    ----------
    token_lists : sequence of sequences of str
        Tokens of each text; the collocations are learned from these, so pass training texts only.
    min_count : int, default=5
        Pairs seen less often are not joined.
    threshold : float, default=10
        Score that a pair must exceed; higher joins fewer.

    Returns
    -------
    list of list of str

    Raises
    ------
    ImportError
        If gensim is not installed.

    References
    ----------
    Mikolov et al. (2013), Distributed representations of words and phrases.
    https://arxiv.org/abs/1310.4546

    Examples
    --------
    >>> texts = [["new", "york", "cop"], ["old", "cop"], ["new", "york"], ["cop", "story"]]
    >>> bigrams(texts, min_count=1, threshold=0.1)[0]
    ['new_york', 'cop']
    """
    try:
        from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, Phrases
    except ImportError:
        raise ImportError(
            "bigrams needs gensim, which is not installed. "
            'Run: python -m pip install "genrelab[train]"'
        ) from None
    model = Phrases(
        token_lists,
        min_count=min_count,
        threshold=threshold,
        connector_words=ENGLISH_CONNECTOR_WORDS,
    )
    return [model[list(tokens)] for tokens in token_lists]


@cache
def _stop_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return ENGLISH_STOP_WORDS - _CONTENT_WORDS


@lru_cache(maxsize=200_000)
def _lemma(word: str) -> str:
    import simplemma

    return simplemma.lemmatize(word, lang="en").lower()  # it knows ann as the name Ann


@cache
def _tagger() -> Callable[[str], Any]:
    try:
        import spacy

        tagger = spacy.load(SPACY_MODEL, exclude=["parser", "ner", "lemmatizer"])
    except (ImportError, OSError):
        raise ImportError(
            f"keep_pos needs spaCy and its model {SPACY_MODEL}, of which at least one is missing. "
            f"Run: python -m pip install 'genrelab[tags]' && python -m spacy download {SPACY_MODEL}"
        ) from None
    tagger.max_length = 10_000_000  # the default guards parser and entities, which are left out
    return tagger


_SCENE = re.compile(
    r"""^[^\S\n]*(?:[A-Z]{0,2}\d{1,4}[A-Z]{0,2}[.)]?[^\S\n]+)?      # a scene number may lead
        (?P<heading>(?:INT(?:ERIOR)?|EXT(?:ERIOR)?|I/E|Int\.|Ext\.)(?![\w]).*)$""",
    re.VERBOSE | re.MULTILINE,
)


class Scene(NamedTuple):
    """One scene: its heading, and where it starts and stops in the text."""

    heading: str
    start: int
    stop: int


def scenes(text: str) -> list[Scene]:
    r"""Cut a screenplay at its scene headings (lines that start with INT. or EXT.).

    The scenes cover the text, in order, without a gap: their slices join to the text again.

    Parameters
    ----------
    text : str
        A screenplay.

    Returns
    -------
    list of Scene
        What stands before the first heading is a scene with the heading ``""``; a text without
        headings is one such scene, and an empty text has none.

    Examples
    --------
    >>> text = "FADE IN:\n\nINT. BAR - DAY\nHe waits.\n\n12 EXT. ROAD - NIGHT\nShe drives."
    >>> [scene.heading for scene in scenes(text)]
    ['', 'INT. BAR - DAY', 'EXT. ROAD - NIGHT']
    >>> "".join(text[scene.start : scene.stop] for scene in scenes(text)) == text
    True
    """
    starts = [(match.start(), match["heading"].strip()) for match in _SCENE.finditer(text)]
    if text and (not starts or starts[0][0] > 0):
        starts.insert(0, (0, ""))
    stops = [start for start, _ in starts[1:]] + [len(text)]
    return [Scene(name, start, stop) for (start, name), stop in zip(starts, stops, strict=False)]


_KINDS = {
    "Action": "action",
    "Adventure": "adventures?",
    "Animation": "animat(?:ed|ion)|cartoons?",
    "Biography": "biograph(?:y|ical)|biopics?",
    "Comedy": "(?:dram|rom-?)?comed(?:y|ies)|comedic|rom-?coms?|dramed(?:y|ies)",
    "Crime": "crime|gangster|heist",
    "Documentary": "(?:doc|mock)umentar(?:y|ies)",
    "Drama": "(?:melo|docu)?dramas?|dramed(?:y|ies)|dramatic",
    "Family": "family|children['’]s",
    "Fantasy": "fantas(?:y|ies)",
    "Film-Noir": "(?:film[ -]|neo-?)?noirs?",
    "History": "histor(?:y|ical)|period|costume",
    "Horror": "horror|slasher",
    "Music": "music|concert",
    "Musical": "musicals?",
    "Mystery": "myster(?:y|ies)|whodun+its?",
    "Romance": "romances?|romantic|rom-?coms?",
    "Sci-Fi": "sci-?fi|science[ -]fiction",
    "Sport": "sports?|boxing|baseball",
    "Thriller": "thrillers?",
    "War": "war|anti-?war",
    "Western": "westerns?",
}
_SPELLINGS = {
    "Animated": "Animation",
    "Historical": "History",
    "Noir": "Film-Noir",
    "Science Fiction": "Sci-Fi",
    "Sports": "Sport",
}
_KIND = "|".join(_KINDS.values())
# Names of kinds of film that are hardly ever anything else …
_SURE = (
    r"(?:melo)?dramas?|comed(?:y|ies)|thrillers?|biopics?|documentar(?:y|ies)|film[ -]noirs?|"
    r"sci-?fi|science[ -]fiction|rom-?coms?|(?:westerns?|musicals?)(?=[.,]|\s+(?:about|based|"
    r"directed|produced|released|set|starring|written)\b)"
)
# … and a run of kinds before a word for a film: "action-adventure movie", "war and spy pictures".
_FILM = "films?|movies?|pictures?|features?|serials?"
_RUN = rf"(?:(?:{_KIND})[\s,/&-]+(?:and\s+)?)+(?:{_FILM})"
_NAMED = re.compile(rf"\b(?:{_RUN}|{_SURE})\b", re.IGNORECASE)


def genre_words(text: str, names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the genres that a text gives away by naming them as kinds of film.

    A word counts where it names a kind of film: *comedy* does, *family* or *war* only before
    *film*, *movie* and the like ("a war film", not "the war").

    Parameters
    ----------
    text : str
        Any text; a first sentence of an encyclopedia is the worst.
    names : sequence of str, optional
        Label names to look for (the scripts' or Wikipedia's spelling); by default all that are
        known.

    Returns
    -------
    tuple of str
        The names found, in the order of ``names``.

    Raises
    ------
    ValueError
        If a name is of no known kind.

    Examples
    --------
    >>> genre_words("Defendor is a 2009 vigilante comedy-drama film about a family at war.")
    ('Comedy', 'Drama')
    >>> genre_words("It is an animated science fiction film.", ["Animated", "Western"])
    ('Animated',)
    """
    names = tuple(_KINDS) if names is None else tuple(names)
    unknown = [name for name in names if _SPELLINGS.get(name, name) not in _KINDS]
    if unknown:
        raise ValueError(f"no words are known for {unknown}; expected names among {list(_KINDS)}.")
    spots = " ".join(match[0] for match in _NAMED.finditer(text))
    return tuple(
        name
        for name in names
        if re.search(rf"\b(?:{_KINDS[_SPELLINGS.get(name, name)]})\b", spots, re.IGNORECASE)
    )


_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?:\[\d+\])*(?=\s+[\"'“‘(\[]*[A-Z0-9])|[.!?]\n")
_LAST_WORD = re.compile(r"(?<![^\s(])[\w.&'’-]*[\w](?=\.$)")
_INITIALS = re.compile(r"(?:[a-z]\.)*[a-z]")
_SMALL_IN_TITLES = frozenset("a an and for in of on or the to with".split())
_TITLES = frozenset(
    "mr mrs ms dr st sgt lt col gen capt cpt sen rep gov prof rev hon transl lit mt ft nos vol vs "
    "pt op feat ca cf e.g i.e aka a.k.a messrs mme mlle jan feb mar apr jun jul aug sept sep oct "
    "nov dec".split()
)
_MAY_END = frozenset("jr sr bros inc co corp ltd etc esq ph.d m.d d.d.s b.a m.a a.m p.m".split())
_OPENER = re.compile(
    r"(?:A|After|All|Also|Although|An|And|As|At|Based|Both|But|By|Directed|During|"
    r"Each|Filmed|For|From|He|Her|His|However|In|It|Its|Many|Most|On|One|"
    r"Originally|Produced|Set|She|Shot|Since|Some|Starring|That|The|Their|Then|"
    r"There|These|They|This|Though|Two|Under|Upon|When|While|With|Written)(?=[\s,])"
)


def drop_first_sentence(text: str) -> str:
    """Cut the first sentence off: in an encyclopedia it names the genre.

    Abbreviations, initials, decimals and marks inside a title do not end it. Where an abbreviation
    may or may not end it ("Jr.", "Bros.", "U.S."), it does so before a word that opens sentences;
    in doubt the cut is the later one, because a rest of the first sentence leaks.

    Parameters
    ----------
    text : str
        A text, sentence after sentence.

    Returns
    -------
    str
        The rest, without leading blanks; ``""`` if there is but one sentence.

    Examples
    --------
    >>> drop_first_sentence("What Now? is a comedy by Mr. L. J. Smith Jr. in the U.S. It ran.")
    'It ran.'
    """
    for end in _SENTENCE_END.finditer(text):
        head, rest = text[: end.end()], text[end.end() :].lstrip()
        if len(head.split()) >= 4 and _ends_sentence(head.rstrip("\n"), rest):
            return rest
    return ""


def sentences(text: str) -> list[str]:
    r"""Cut a text into sentences; a blank line ends one too, and a scene heading is one.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        Each on one line; joined by blanks they are the text, white space aside.

    Examples
    --------
    >>> sentences("INT. BAR - DAY\nMr. Pink waits. He\nsmokes.\n\nPINK\nWell?")
    ['INT. BAR - DAY', 'Mr. Pink waits.', 'He smokes.', 'PINK Well?']
    """
    found = []
    for block in re.split(r"\n\s*\n", _SCENE.sub(r"\n\n\g<0>\n\n", text)):
        rest = " ".join(block.split())
        start = 0
        for end in () if _SCENE.match(rest) else _SENTENCE_END.finditer(rest):
            head, tail = rest[start : end.end()], rest[end.end() :].lstrip()
            if _ends_sentence(head, tail):
                found.append(head)
                start = len(rest) - len(tail)
        found += [rest[start:]] if rest[start:] else []
    return found


def _ends_sentence(head: str, rest: str) -> bool:
    if head[-1] in "!?":  # "Thanks for Everything!" is a part of a title: it has no verb
        return any(word[0].islower() and word not in _SMALL_IN_TITLES for word in head.split())
    last = _LAST_WORD.search(head)
    if not last:
        return not head.endswith("..")
    word = last[0].lower()
    if word in _TITLES or (word == "no" and rest[:1].isdigit()):
        return False
    may_end = word in _MAY_END or _INITIALS.fullmatch(word)
    return not may_end or bool(_OPENER.match(rest))
