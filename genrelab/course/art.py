"""Draw the logo, the favicon and the cover: lines of a script that swell into bands of genre.

Run ``python -m genrelab.course.art`` to write them into ``book/_static``.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from genrelab.settings import PACKAGE

STATIC = PACKAGE.parent / "book" / "_static"
NIGHT, PAPER, INK, PALE = "#101822", "#F6F2E9", "#2B2B2B", "#EDEAE3"
BANDS = {
    "Crime": "#0072B2",
    "Romance": "#CC79A7",
    "Comedy": "#E69F00",
    "Horror": "#D55E00",
    "Sci-Fi": "#56B4E9",
    "Drama": "#009E73",
}


def letters(
    text: str, x: float, y: float, size: float, fill: str, font: str, anchor: float = 0
) -> str:
    """Return ``text`` as an outline, so that it looks the same without any font."""
    weight = "bold" if font.startswith("DejaVu") else "normal"
    outline = TextPath((0, 0), text, size=size, prop=FontProperties(family=font, weight=weight))
    width = outline.get_extents().width
    parts = []
    for points, code in outline.iter_segments():
        spots = " ".join(f"{px - anchor * width:.2f} {-py:.2f}" for px, py in points.reshape(-1, 2))
        letter = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}[int(code)]
        parts.append(letter if letter == "Z" else letter + spots)
    return f'<path transform="translate({x:.1f} {y:.1f})" fill="{fill}" d="{"".join(parts)}"/>'


def ribbon(x: np.ndarray, centre: np.ndarray, width: np.ndarray, fill: str) -> str:
    """Return a band along ``x`` (n,) around ``centre`` (n,), ``width`` (n,) high."""
    upper = np.column_stack([x, centre - width / 2])
    lower = np.column_stack([x, centre + width / 2])[::-1]
    points = " ".join(f"{px:.1f},{py:.1f}" for px, py in np.concatenate([upper, lower]))
    return f'<polygon fill="{fill}" points="{points}"/>'


def smoothstep(x: np.ndarray, start: float, stop: float) -> np.ndarray:
    """Return 0 before ``start``, 1 after ``stop``, and a smooth rise between."""
    t = np.clip((x - start) / (stop - start), 0, 1)
    return t * t * t * (t * (6 * t - 15) + 10)


def svg(width: float, height: float, body: Sequence[str], label: str) -> str:
    """Wrap shapes into a picture with an accessible name."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{label}">\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def gradient(name: str, colours: Sequence[str], start: float, stop: float) -> str:
    """Return the definition of a horizontal passage from one colour to another."""
    first, last = colours
    return (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" x1="{start:g}" x2="{stop:g}">'
        f'<stop offset="0" stop-color="{first}"/><stop offset="1" stop-color="{last}"/>'
        "</linearGradient>"
    )


def mark(size: float, line: str) -> list[str]:
    """Return the mark: four lines of text, in the colour ``line``, that become four genres."""
    names = ("Crime", "Comedy", "Horror", "Drama")
    thick = np.array([0.2, 0.3, 0.22, 0.24])
    edges = 0.02 + np.cumsum(thick) - thick
    shapes = []
    for row, name in enumerate(names):
        x = np.linspace((0.02, 0.12, 0.12, 0.02)[row], 0.98, 60)
        flow = smoothstep(x, 0.2, 0.85)
        centre = (1 - flow) * (0.14 + 0.24 * row) + flow * (edges[row] + thick[row] / 2)
        width = (1 - flow) * 0.09 + flow * thick[row]
        shapes.append(gradient(name, (line, BANDS[name]), 0.34 * size, 0.6 * size))
        shapes.append(ribbon(size * x, size * centre, size * width, f"url(#{name})"))
    return shapes


def logo(ink: str) -> str:
    """Return mark and name side by side, the name in the colour ``ink``."""
    name = letters("genrelab", 78, 47, 46, ink, "DejaVu Sans Mono")
    shapes = ["<g transform='translate(4 4)'>", *mark(60, ink), "</g>", name]
    return svg(306, 68, shapes, "genrelab")


def favicon() -> str:
    """Return the mark on a dark tile."""
    tile = f'<rect width="64" height="64" rx="13" fill="{NIGHT}"/>'
    shapes = [tile, "<g transform='translate(9 9)'>", *mark(46, PALE), "</g>"]
    return svg(64, 64, shapes, "genrelab")


def cover(width: int = 1600, height: int = 600) -> str:
    """Return the wide picture: a page of a script whose lines flow into a genre timeline."""
    rng = np.random.default_rng(1941)
    left, top, step, rim = 132, 104, 13.4, 404  # of the type area; right edge of the page
    kinds = "h.aaa.c.ddd.c.dd.aa.h.aa.c.dddd.a"  # heading, action, character cue, dialogue
    indent = {"h": 0, "a": 0, "d": 46, "c": 92}
    length = {"h": (130, 180), "a": (190, 240), "d": (90, 140), "c": (40, 70)}
    lines = [(top + step * row, kind) for row, kind in enumerate(kinds) if kind != "."]
    genre = rng.permutation(np.arange(len(lines)) % len(BANDS))

    x = np.linspace(rim - 50, width - 36, 200)
    phase = rng.uniform(0, 2 * np.pi, (3, len(BANDS), 1))
    wave = sum(np.sin(x / pace + shift) for pace, shift in zip((150, 92, 61), phase, strict=True))
    share = np.exp(0.62 * wave)  # (bands, n)
    tall = 330 + 55 * np.sin((x - 700) / 170)  # (n,)
    thick = tall * share / share.sum(axis=0)
    middle = height / 2 + 22 * np.sin(x / 210)
    edges = middle - tall / 2 + np.cumsum(thick, axis=0) - thick  # upper edge of each band

    words, ribbons = [], []
    for band, colour in enumerate(BANDS.values()):
        mine = [line for line, of in zip(lines, genre, strict=True) if of == band]
        for place, (y, kind) in enumerate(mine):
            start = left + indent[kind]
            stop = start + rng.integers(*length[kind])
            while start < stop:
                word = min(rng.integers(12, 42), stop - start)
                words.append(
                    f'<rect x="{start}" y="{y - 2.6:.1f}" width="{word}" height="5.2" rx="1.5" '
                    f'fill="{INK}"/>'
                )
                start += word + 6
            target = edges[band] + thick[band] * (place + 0.5) / len(mine)
            flow = smoothstep(x, rim - 20, 830)
            body = 2.2 * (1 - flow) + flow * (thick[band] / len(mine) + 0.7)
            thread = np.concatenate([[stop + 4], x[x > stop + 4]])
            centre = np.interp(thread, x, (1 - flow) * y + flow * target)
            ribbons.append(ribbon(thread, centre, np.interp(thread, x, body), colour))
    names = []
    for band, name in enumerate(BANDS):
        reach = 9  # points of x that half a name takes
        low = np.max([np.roll(edges[band], k) for k in range(-reach, reach + 1)], axis=0)
        high = np.min([np.roll(edges[band] + thick[band], k) for k in range(-reach, reach + 1)], 0)
        room = np.where((x > 860) & (x < width - 120), high - low, 0)
        spot = int(room.argmax())
        size = np.clip(0.62 * room[spot], 13, 30)
        y = (low[spot] + high[spot]) / 2 + 0.36 * size
        names.append(letters(name, x[spot], y, size, NIGHT, "DejaVu Sans", anchor=0.5))
    page = [
        f'<rect x="{88 + 8 * i}" y="{52 - 7 * i}" width="{rim - 88}" height="{height - 104}" '
        f'rx="3" fill="{shade}"/>'
        for i, shade in ((2, "#A9A498"), (1, "#D2CCBF"), (0, PAPER))
    ]
    typed = [
        letters("FADE IN:", left, 88, 17, INK, "cmtt10"),
        letters("FADE OUT.", width - 52, height - 36, 21, PALE, "cmtt10", anchor=1),
    ]
    night = f'<rect width="{width}" height="{height}" rx="18" fill="{NIGHT}"/>'
    shapes = [night, *page, *ribbons, *words, *names, *typed]
    return svg(width, height, shapes, "Lines of a script flow into six coloured bands of genre")


def draw(folder: Path = STATIC) -> None:
    """Write the pictures into ``folder``."""
    pictures = {
        "logo.svg": logo(INK),
        "logo-dark.svg": logo(PALE),
        "favicon.svg": favicon(),
        "cover.svg": cover(),
    }
    for name, picture in pictures.items():
        (folder / name).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    draw()
