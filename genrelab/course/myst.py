"""Rewrite MyST Markdown into what Jupyter and Colab render: plain Markdown and HTML."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from html import escape
from pathlib import Path, PurePosixPath

from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import Text

FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|:{3,}|~{3,}) *(?:\{(?P<name>[\w:-]+)\})?(?P<rest>.*)$")
OPTION = re.compile(r"^:([\w-]+):\s*(.*)$")
LABEL = re.compile(r"^\(([\w.:-]+)\)=\s*$")
ROLE = re.compile(r"\{(?P<role>[a-z]+(?::[a-z]+)?)\}`(?P<body>[^`]+)`")
WITH_TARGET = re.compile(r"^(?P<text>.+?)\s*<(?P<target>[^<>]+)>$", re.S)
ADMONITIONS = {"attention", "caution", "danger", "error", "hint", "important", "note", "seealso"}
ADMONITIONS |= {"tip", "warning"}


class MystError(ValueError):
    """Something that Jupyter would show raw."""


@dataclass
class Context:
    """What a chapter's Markdown refers to.

    Parameters
    ----------
    path : Path
        The chapter's source; names it in errors.
    glue : mapping of str to str
        Values glued by the chapter's cells.
    titles : mapping of str to str
        Title of each page of the book, by file stem.
    labels : mapping of str to (str, str)
        Stem of the chapter and heading behind each ``(label)=``.
    bibliography : BibliographyData
        The book's references.
    """

    path: Path
    glue: Mapping[str, str]
    titles: Mapping[str, str]
    labels: Mapping[str, tuple[str, str]]
    bibliography: BibliographyData
    cited: list[str] = field(default_factory=list)


def read_bibliography(path: Path) -> BibliographyData:
    """Read the book's references."""
    return parse_file(str(path), bib_format="bibtex")


def labels(stem: str, text: str) -> dict[str, tuple[str, str]]:
    r"""Find the headings that bear a label.

    Examples
    --------
    >>> labels("03_baselines", "(cliff)=\n## The cliff")
    {'cliff': ('03_baselines', 'The cliff')}
    """
    found = re.findall(r"^\(([\w.:-]+)\)=[ ]*\n+#+ +(.+)$", text, re.M)
    return {label: (stem, heading.strip()) for label, heading in found}


def to_jupyter(text: str, context: Context) -> str:
    """Rewrite one Markdown cell.

    Parameters
    ----------
    text : str
        MyST Markdown: directives with either fence, roles, labels.
    context : Context
        What it refers to; citations are added to ``context.cited``.

    Returns
    -------
    str
        Markdown with HTML, as Jupyter and Colab render it.

    Raises
    ------
    MystError
        If a directive, role, citation, glued value or link is unknown.
    """
    lines, out, prose, at = text.splitlines(), [], [], 0

    def flush() -> None:
        if prose:
            out.append(_roles("\n".join(prose), context))
            prose.clear()

    while at < len(lines):
        line = lines[at]
        opening = FENCE.match(line)
        if opening:
            flush()
            end = _closing(lines, at, opening["fence"], context)
            body = lines[at + 1 : end]
            if opening["name"]:
                out.append(_directive(opening["name"], opening["rest"].strip(), body, context))
            else:
                out += lines[at : end + 1]
            at = end
        elif not LABEL.match(line):
            prose.append(line)
        at += 1
    flush()
    return "\n".join(out).strip("\n")


def _closing(lines: list[str], start: int, fence: str, context: Context) -> int:
    for at in range(start + 1, len(lines)):
        line = lines[at].strip()
        if line.startswith(fence) and not line.strip(fence[0]):
            return at
    raise MystError(f"{context.path.name}: the fence {lines[start]!r} is never closed; close it.")


def _directive(name: str, argument: str, body: list[str], context: Context) -> str:
    options = {}
    while body and (option := OPTION.match(body[0])):
        options[option[1]] = option[2]
        body = body[1:]
    if name == "bibliography":
        return "\n".join(f"- {_reference(key, context)}" for key in sorted(context.cited))
    if name == "math":
        return "\n".join(["$$", *body, "$$"])
    inner = to_jupyter("\n".join(body), context)
    if name == "dropdown" or "dropdown" in options.get("class", ""):
        return details(argument or name.title(), inner)
    if name in ADMONITIONS or name == "admonition":
        title = {"admonition": argument, "seealso": "See also"}.get(name, name.title())
        if name != "admonition" and argument:
            inner = f"{_roles(argument, context)}\n{inner}"
        quoted = "\n".join(f"> {line}".rstrip() for line in inner.splitlines())
        return f"> **{_roles(title, context)}**\n>\n{quoted}"
    raise MystError(
        f"{context.path.name}: directive {{{name}}} has no form that Jupyter renders; "
        "use an admonition, a dropdown or plain Markdown, or teach course/myst.py."
    )


def details(summary: str, inner: str) -> str:
    """Fold Markdown under a summary line.

    Examples
    --------
    >>> print(details("Why?", "Because."))
    <details>
    <summary>Why?</summary>
    <BLANKLINE>
    Because.
    <BLANKLINE>
    </details>
    """
    return f"<details>\n<summary>{escape(summary)}</summary>\n\n{inner}\n\n</details>"


def _roles(text: str, context: Context) -> str:
    def rewrite(match: re.Match) -> str:
        role, body = match["role"], " ".join(match["body"].split())
        if role not in ROLES:
            raise MystError(
                f"{context.path.name}: role {{{role}}} has no form that Jupyter renders; "
                f"use one of {', '.join(sorted(ROLES))}, or teach course/myst.py."
            )
        return ROLES[role](body, context)

    return ROLE.sub(rewrite, text)


def _look_up(kind: str, key: str, known: Mapping, context: Context) -> object:
    if key not in known:
        nearest = ", ".join(get_close_matches(key, known, n=5, cutoff=0)) or "none"
        run = " What a cell glues is known once it has run: `make notebooks`." * ("glued" in kind)
        raise MystError(
            f"{context.path.name}: {kind} {key!r} is unknown; "
            f"nearest of {len(known)}: {nearest}.{run}"
        )
    return known[key]


def _glue(body: str, context: Context) -> str:
    name, _, spec = body.partition(":")
    value = _look_up("glued value", name, context.glue, context)
    return format(float(value), spec) if spec else value


def _doc(body: str, context: Context) -> str:
    split = WITH_TARGET.match(body)
    target = PurePosixPath(split["target"] if split else body)
    title = _look_up("page", target.name, context.titles, context)
    ending = ".md" if "book" in target.parts else ".ipynb"
    return f"[{split['text'] if split else title}]({target}{ending})"


def _ref(body: str, context: Context) -> str:
    split = WITH_TARGET.match(body)
    stem, heading = _look_up("label", split["target"] if split else body, context.labels, context)
    page = "" if stem == context.path.stem else f"{stem}.ipynb"
    return f"[{split['text'] if split else heading}]({page}#{heading.replace(' ', '-')})"


def _citation(form: str) -> Callable[[str, Context], str]:
    def cite(body: str, context: Context) -> str:
        links = []
        for key in (part.strip() for part in body.split(",")):
            entry = _entry(key, context)
            if key not in context.cited:
                context.cited.append(key)
            text, link = form.format(authors(entry), entry.fields["year"]), _link(entry)
            links.append(f"[{text}]({link})" if link else text)
        joined = "; ".join(links)
        return joined if form == "{} ({})" else f"({joined})"

    return cite


def _entry(key: str, context: Context) -> Entry:
    return _look_up("citation", key, context.bibliography.entries, context)


def _plain(latex: str) -> str:
    return str(Text.from_latex(latex))


def authors(entry: Entry) -> str:
    """Name an entry's authors as in running text: one, two, or the first and *et al.*."""
    names = [_plain(" ".join(person.last_names)) for person in entry.persons.get("author", [])]
    if not names:
        return _plain(entry.fields.get("organization", entry.fields["title"]))
    return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)


def _link(entry: Entry) -> str | None:
    fields = entry.fields
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    return f"https://arxiv.org/abs/{fields['eprint']}" if "eprint" in fields else fields.get("url")


@cache
def _plugins() -> tuple:
    """Look for pybtex's plugins once: each look goes through all installed packages."""
    style = find_plugin("pybtex.style.formatting", "unsrt")()
    return style, find_plugin("pybtex.backends", "markdown")("utf-8")


def _reference(key: str, context: Context) -> str:
    entry = _entry(key, context)
    style, backend = _plugins()
    return next(iter(style.format_entries([entry]))).text.render(backend).replace("\n", " ")


ROLES: dict[str, Callable[[str, Context], str]] = {
    "abbr": lambda body, context: body,
    "cite": _citation("{}, {}"),
    "cite:p": _citation("{}, {}"),
    "cite:t": _citation("{} ({})"),
    "doc": _doc,
    "glue:text": _glue,
    "math": lambda body, context: f"${body}$",
    "ref": _ref,
    "term": lambda body, context: (WITH_TARGET.match(body) or {"text": body})["text"],
}
