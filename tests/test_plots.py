"""Figures say what they show, look the same everywhere, and refuse data they cannot draw."""

import base64
import functools
import io
import re
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from PIL import Image

from genrelab import plots
from genrelab.plots.figure import spread, wrap

RNG = np.random.default_rng(7)
NAMES = ["Drama", "Comedy", "Horror", "Animation"]
SHARE = np.array([0.54, 0.33, 0.13, 0.03])
Y = (RNG.random((200, 4)) < SHARE).astype(int)
Y[0] = 1
SCORES = np.clip(0.3 * RNG.random((200, 4)) + 0.5 * Y * RNG.random((200, 4)), 0, 1)
BY_GENRE = pd.DataFrame({"at 0.5": [0.7, 0.4, 0.2, 0.04], "tuned": [0.8, 0.6, 0.5, 0.3]}, NAMES)
READING = pd.DataFrame(
    {
        "share": [0.01, 0.05, 1.0],
        "score": [0.476, 0.559, 0.608],
        "low": [0.45, 0.53, 0.59],
        "high": [0.5, 0.58, 0.62],
    },
    index=["first window", "four random", "mean of all"],
)
WORDS = pd.DataFrame(
    [(genre, f"word{i}", 2 - i / 7) for genre in NAMES for i in range(5)],
    columns=["genre", "word", "weight"],
)

# Each figure once, and numbers of the data that its alt text must name.
FIGURES = {
    "genre_counts": (lambda: plots.genre_counts(Y, NAMES), [f"{Y[:, 0].sum()}", "200 films"]),
    "cardinality": (lambda: plots.cardinality(Y), [f"{Y.sum(axis=1).mean():.2f}"]),
    "co_occurrence": (
        lambda: plots.co_occurrence(Y, NAMES),
        [f"{100 * Y[Y[:, i] == 1, 0].mean():.0f} % of {NAMES[i]} is also Drama" for i in (1, 2)],
    ),
    "lengths": (
        lambda: plots.lengths({"loglines": [21, 30, 44], "scripts": [19_000, 23_500]}, window=380),
        ["loglines 30", "scripts 21,250", "380"],
    ),
    "fold_spread": (
        lambda: plots.fold_spread({"TF-IDF": [0.61, 0.65], "dummy": [0.30, 0.31]}),
        ["0.630", "0.610", "0.650", "0.305"],
    ),
    "paired_differences": (
        lambda: plots.paired_differences(
            pd.DataFrame(
                {
                    "difference": [0.05, -0.01],
                    "low": [0.02, -0.03],
                    "high": [0.08, 0.01],
                    "pooled_low": [0.03, -0.02],
                    "pooled_high": [0.07, 0.01],
                },
                index=["SVD", "SVM"],
            )
        ),
        ["SVD +0.050", "+0.020 to +0.080", "SVM -0.010"],
    ),
    "leaderboard": (
        lambda: plots.leaderboard(
            pd.DataFrame({"picked_by": ["public", "cv"] * 3, "regret": [0.03, 0, 0.06, 0.01, 0, 0]})
        ),
        ["0.0300", "0.0033", "0.060", "3 rounds", "33 %", "67 %"],
    ),
    "leak_bars": (
        lambda: plots.leak_bars({"footer": (0.64, 0.99), "first sentence": (0.48, 0.88)}),
        ["0.64 and 0.99", "+0.35", "0.48 and 0.88"],
    ),
    "threshold_curves": (lambda: plots.threshold_curves(SCORES, Y, NAMES), NAMES),
    "threshold_cliff": (
        lambda: plots.threshold_cliff(BY_GENRE["at 0.5"], BY_GENRE["tuned"], NAMES, share=SHARE),
        ["Animation 0.04, 0.30"],
    ),
    "per_genre_dumbbell": (
        lambda: plots.per_genre_dumbbell(BY_GENRE.assign(both=0.9), share=SHARE),
        ["Drama 0.70, 0.80, 0.90"],
    ),
    "reading_more": (
        lambda: plots.reading_more(READING, references={"TF-IDF": 0.651}),
        ["0.476", "0.608", "TF-IDF 0.651", "5 %"],
    ),
    "word_weights": (lambda: plots.word_weights(WORDS, share=SHARE), ["word0 2.00", "word4 1.43"]),
    "agreement": (
        lambda: plots.agreement(pd.Series([0.7, 0.6, 0.5, 0.4], NAMES, name="kappa")),
        ["mean 0.55", "Horror 0.50"],
    ),
    "embedding_map": (
        lambda: plots.embedding_map([[0, 0], [2, 1], [4, 4]], ["comedy", "comedy", "other"]),
        ["comedy (2)", "(1.0, 0.5)", "other (1)"],
    ),
    "confusion": (
        lambda: plots.confusion(pd.DataFrame([[9, 1], [4, 6]], NAMES[:2], NAMES[:2])),
        ["15 of 20", "75 %", "4 of 10"],
    ),
    "reliability": (
        lambda: plots.reliability({"LR": (Y, SCORES), "squared": (Y, SCORES**2)}),
        ["LR 0.", "squared 0."],
    ),
    "heatmap": (
        lambda: plots.heatmap(pd.DataFrame({"512": [0.61, -0.02]}, ["mean", "max"]), centre=0),
        ["mean, 512 at 0.61", "max, 512 at -0.02"],
    ),
    "lines": (
        lambda: plots.lines(
            {"yes": pd.DataFrame({"BCE": [2.3, 0.1], "focal": [0.5, 0.0]}, [0.1, 0.9])},
            xlabel="p",
            ylabel="loss",
            diagonal=True,
        ),
        ["BCE 2.30 to 0.10", "focal 0.50 to 0.00", "p 0.1 to 0.9"],
    ),
    "play_scores": (
        lambda: plots.play_scores(
            pd.DataFrame({"Comedy": [0.6, 0.2, 0.4], "Drama": [0.1, 0.9, 0.8]}),
            ["comedy", "tragedy", "tragedy"],
        ),
        ["comedy 0.60", "tragedy 0.30", "tragedy 0.85"],
    ),
    "quality_vs_cost": (
        lambda: plots.quality_vs_cost(
            pd.DataFrame(
                {"seconds": [5, 900, 40], "macro-F1": [0.65, 0.61, 0.66]}, ["LR", "MiniLM", "both"]
            )
        ),
        ["MiniLM 0.610 for 900", "LR and both"],
    ),
    "learning_curve": (
        lambda: plots.learning_curve(
            {"LR": pd.DataFrame([[0.4, 0.5], [0.6, 0.62]], index=[100, 800])}, runs="draws"
        ),
        ["0.450 at 100", "0.610 at 800", "mean of 2 draws"],
    ),
    "memory_lines": (
        lambda: plots.memory_lines({"naive": pd.Series([9, 77], [1, 8])}, xlabel="windows"),
        ["naive from 9 MiB at 1 to 77 MiB at 8"],
    ),
    "genre_timeline": (
        lambda: plots.genre_timeline(
            [[0.1, 0.2, 0.9, 0.3]] * 3 + [[0.2, 0.1, 0.99, 0.4]], NAMES, marked=["Horror"]
        ),
        ["Horror: mean 0.92, highest 0.99 at 75–100 %", "4 parts"],
    ),
    "place_bands": (
        lambda: plots.place_bands(
            {
                name: pd.DataFrame({"mean": [0, 0.1, -0.1], "low": [-0.1, 0, -0.2], "high": 0.25})
                for name in NAMES
            },
            ylabel="score",
        ),
        ["Horror highest at 33–67 %, 0.10 (0.00 to 0.25)"],
    ),
    "resampled_rows": (
        lambda: plots.resampled_rows(
            {
                "none": ([[0, 0], [4, 1], [2, 2]], ["with", "with", "without"]),
                "SMOTE": ([[0, 0], [4, 1], [2, 2], [2, 0.5]], ["with", "with", "without", "added"]),
            },
            "War",
        ),
        ["none 2 with it, 0 added, 1 without it", "SMOTE 2 with it, 1 added, 1 without it"],
    ),
}


@functools.cache
def drawn(name):
    return FIGURES[name][0]()


class Images(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def rgb(figure):
    return np.asarray(Image.open(io.BytesIO(figure.png)).convert("RGB")).astype(int)


def test_every_figure_of_the_room_is_tested_here():
    # The explorers have files of their own.
    elsewhere = {"support_colours", "threshold_explorer", "timeline_explorer"}
    made = {name for name in plots.__all__ if name.islower()} - elsewhere
    assert made == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_shows_as_one_small_image_whose_alt_names_the_numbers(name):
    figure = drawn(name)
    for number in FIGURES[name][1]:
        assert number in figure.alt
    assert "nan" not in figure.alt
    bundle = figure._repr_mimebundle_()
    assert bundle["text/plain"] == figure.alt
    parser = Images()
    parser.feed(bundle["text/html"])
    [(tag, attributes)] = parser.found
    assert (tag, attributes["alt"]) == ("img", figure.alt)
    png = base64.b64decode(attributes["src"].removeprefix("data:image/png;base64,"))
    assert png == figure.png
    image = Image.open(io.BytesIO(png))
    assert image.width == pytest.approx(2 * int(attributes["width"]), abs=2)
    assert len(png) < 80_000


@pytest.mark.parametrize("name", FIGURES)
def test_no_letter_is_cut_off_at_the_edge(name):
    edge = rgb(drawn(name))
    border = np.concatenate(
        [
            edge[:6].reshape(-1, 3),
            edge[-6:].reshape(-1, 3),
            edge[:, :6].reshape(-1, 3),
            edge[:, -6:].reshape(-1, 3),
        ]
    )
    assert np.abs(border - border[0]).max() <= 6


def test_drawing_leaves_no_pyplot_figure_and_no_changed_setting():
    from matplotlib import pyplot

    pyplot.close("all")
    before = dict(matplotlib.rcParams)
    for name, (draw, _) in FIGURES.items():
        draw()
        assert drawn(name).png
    assert pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_a_reader_with_other_settings_sees_the_same_picture():
    draw = FIGURES["leak_bars"][0]
    expected = draw().png
    with matplotlib.rc_context({"font.size": 25, "axes.facecolor": "red", "savefig.dpi": 30}):
        assert draw().png == expected


def test_few_colours_in_the_file_lose_none_of_the_picture():
    figure = plots.co_occurrence(Y, NAMES)
    colours = {tuple(pixel) for pixel in rgb(figure)[::2, ::2].reshape(-1, 3)}
    low = np.array(to_rgb(plots.PALETTE["low"])) * 255
    assert min(np.abs(low - colour).max() for colour in colours) < 12


def test_genres_are_coloured_by_their_support():
    figure = plots.genre_counts(Y, NAMES)
    bars = dict(
        zip(
            [tick.get_text() for tick in figure.canvas.axes[0].get_yticklabels()],
            [bar.get_facecolor()[:3] for bar in figure.canvas.axes[0].patches],
            strict=True,
        )
    )
    for name, share in zip(NAMES, Y.mean(axis=0), strict=True):
        assert bars[name] == to_rgb(plots.PALETTE["low" if share < 0.1 else "high"])
    assert plots.support_colours([0.1, 0.0999], 2) == [plots.PALETTE["high"], plots.PALETTE["low"]]


# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
BLINDNESS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def lab(colour, sight):
    linear = np.array(
        [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    )
    linear = np.clip(np.array(sight) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = xyz @ linear / [0.9505, 1, 1.089]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", BLINDNESS)
def test_colour_blind_readers_can_tell_the_colours_apart(sight):
    support = [lab(plots.PALETTE[kind], BLINDNESS[sight]) for kind in ("high", "low")]
    assert np.linalg.norm(support[0] - support[1]) > 40
    series = [lab(colour, BLINDNESS[sight]) for colour in plots.SERIES]
    gaps = [np.linalg.norm(a - b) for i, a in enumerate(series) for b in series[:i]]
    assert min(gaps) > 15


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.genre_counts([[0, 2]], ["a", "b"]), r"Y holds \[2\]; expected 0 and 1"),
        (lambda: plots.genre_counts([[0, 1]], ["a"]), "1 names for 2 columns"),
        (lambda: plots.cardinality([1, 0]), r"shape \(2,\)"),
        (
            lambda: plots.resampled_rows({"SMOTE": ([[0, 0]], ["made"])}, "War"),
            r"'SMOTE': .*kinds \['made'\]; expected",
        ),
        (lambda: plots.cardinality(np.zeros((0, 3))), "at least one of each"),
        (lambda: plots.co_occurrence([[1, 0], [1, 0]], ["Drama", "War"]), "no row carries .*War"),
        (lambda: plots.co_occurrence([[1], [1]], ["Drama"]), "expected two or more"),
        (lambda: plots.lengths({}), "n_words is empty"),
        (lambda: plots.lengths({"plots": [0, 3]}), "'plots'.*minimum 0.*Drop empty"),
        (lambda: plots.fold_spread({"LR": [0.6, np.nan]}), "nan in row 1, column 'LR'.*finite"),
        (lambda: plots.fold_spread({}), "scores is empty"),
        (lambda: plots.paired_differences(BY_GENRE), r"expected also \['difference', 'low', 'hi"),
        (lambda: plots.leaderboard(pd.DataFrame({"regret": [0.1]})), "picked_by"),
        (lambda: plots.threshold_curves(SCORES[:5], Y, NAMES), r"\(5, 4\); expected \(200, 4"),
        (lambda: plots.threshold_curves([[0.2]], [[0]], ["War"]), "no row carries .*War"),
        (lambda: plots.threshold_cliff([0.1], [0.2, 0.3], NAMES), r"\(4,\) each"),
        (lambda: plots.per_genre_dumbbell(BY_GENRE, share=[1]), r"share has shape \(1,\)"),
        (lambda: plots.per_genre_dumbbell(BY_GENRE, share=[54, 33, 13, 3]), "not counts"),
        (lambda: plots.per_genre_dumbbell(pd.DataFrame(np.eye(7))), "7 columns; expected"),
        (lambda: plots.reading_more(READING.assign(share=80)), "above 0 and at most 1"),
        (lambda: plots.word_weights(WORDS.drop(columns="word")), "expected also .*word"),
        (lambda: plots.embedding_map([[1, 2]], ["a", "b"]), r"groups has shape \(2,\)"),
        (lambda: plots.embedding_map(np.zeros((8, 2)), list("abcdefgh")), "at most 6"),
        (lambda: plots.confusion(pd.DataFrame([[1, 0], [0, 0]], [0, 1], [0, 1])), r"class \[1\]"),
        (lambda: plots.confusion(pd.DataFrame([[1, 0]], ["a"], ["a", "b"])), "same classes"),
        (lambda: plots.reliability({"SVM": ([1, 0], [2.0, -1.0])}), "'SVM'.*probabilities"),
        (lambda: plots.heatmap(pd.DataFrame({"a": ["x"]})), "'x' in row 0, column 'a'"),
        (lambda: plots.play_scores(BY_GENRE, ["comedy"]), "1 kinds for 4 plays"),
        (
            lambda: plots.quality_vs_cost(pd.DataFrame({"seconds": [0], "macro-F1": [1]}, ["LR"])),
            "seconds of 'LR' is 0",
        ),
        (lambda: plots.learning_curve({}), "0 curves"),
        (lambda: plots.genre_timeline([[0.1, 0.2]], NAMES), r"shape \(1, 2\); expected \(parts, 4"),
        (lambda: plots.genre_timeline([[0.1], [2]], ["War"]), "2 in part 1, genre 'War'"),
        (lambda: plots.genre_timeline([[np.nan]], ["War"]), "nan in part 0, genre 'War'"),
        (lambda: plots.genre_timeline([[0.1]], ["War"], marked=["Wars"]), "'Wars' is none of"),
        (lambda: plots.place_bands({}, ylabel="score"), "places holds no panel"),
        (lambda: plots.place_bands({"a": READING}, ylabel="score"), r"'a' .*expected also .*mean"),
        (lambda: plots.lines({}, xlabel="p", ylabel="loss"), "0 panels"),
        (
            lambda: plots.lines(
                {"a": READING[["low"]], "b": READING[["high"]]}, xlabel="p", ylabel="loss"
            ),
            "2 panels.*high.*low",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_was_found(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_threshold_curves_find_the_optimum_that_trying_every_threshold_finds():
    figure = plots.threshold_curves(SCORES, Y, NAMES)
    for name, score, truth in zip(NAMES, SCORES.T, Y.T, strict=True):
        f1 = {
            t: 2 * ((score >= t) & (truth == 1)).sum() / ((score >= t).sum() + truth.sum())
            for t in [*score, 0.5]
        }
        best = max(f1.values())
        found = re.search(rf"{name} ([\d.]+) \(F1 ([\d.]+), at 0.5 ([\d.]+)\)", figure.alt)
        assert float(found[2]) == pytest.approx(best, abs=0.0051)
        assert float(found[3]) == pytest.approx(f1[0.5], abs=0.0051)
        winners = [t for t, value in f1.items() if value == best]
        assert min(abs(float(found[1]) - t) for t in winners) < 0.0051


def test_calibration_error_is_the_mean_gap_over_equal_bins():
    score = np.repeat([0.1, 0.3, 0.6, 0.9], 10)
    truth = np.concatenate([np.arange(10) < hits for hits in (0, 4, 6, 10)]).astype(int)
    expected = np.mean([0.1, 0.1, 0.0, 0.1])
    figure = plots.reliability({"LR": (truth, score)}, bins=4)
    assert f"LR {expected:.3f}" in figure.alt


def test_the_front_holds_systems_that_none_beats_at_their_cost():
    cost, quality = RNG.uniform(1, 100, 12), RNG.uniform(0, 1, 12)
    frame = pd.DataFrame({"seconds": cost, "macro-F1": quality}, [f"s{i:02d}" for i in range(12)])
    unbeaten = {
        name
        for name, c, q in zip(frame.index, cost, quality, strict=True)
        if not ((cost <= c) & (quality > q)).any()
    }
    said = plots.quality_vs_cost(frame).alt.split("at their cost: ")[1]
    assert set(re.findall(r"s\d\d", said)) == unbeaten


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.01, 0.2))
def test_labels_keep_their_distance_and_their_order(wishes, gap):
    placed = spread(wishes, gap)
    order = np.argsort(wishes, kind="stable")
    assert (np.diff(placed[order]) >= gap - 1e-9).all()
    assert np.mean(placed) == pytest.approx(np.mean(wishes))
    if (np.diff(np.sort(wishes)) >= gap).all():
        assert placed == pytest.approx(wishes)


@settings(deadline=None)
@given(st.text(alphabet="ab c", min_size=1).filter(str.strip), st.integers(21, 60))
def test_a_wrapped_title_keeps_its_words_and_its_width(text, width):
    lines = wrap(text, width).split("\n")
    assert max(map(len, lines)) <= width
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_figure_is_saved_whole_or_not_at_all(tmp_path):
    figure = plots.cardinality(Y)
    path = figure.save(tmp_path / "cardinality.png")
    assert path.read_bytes() == figure.png
    with pytest.raises(ValueError, match=r"'a\.jpg'; expected a name in \.png"):
        figure.save(tmp_path / "a.jpg")
    assert [file.name for file in tmp_path.iterdir()] == ["cardinality.png"]
