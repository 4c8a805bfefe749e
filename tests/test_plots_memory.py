"""The memory figure: its alt text holds the numbers, its labels fit, and it refuses the rest."""

import numpy as np
import pandas as pd
import pytest

from genrelab import plots

SIZES = [1, 2, 4, 8]
GROWING = pd.Series([10.0, 20, 40, 80], index=SIZES)
FLAT = pd.Series([12.0, 12, 12, 12], index=SIZES)


def lines_of(figure):
    return figure.canvas.axes[0].get_lines()


def test_the_alt_text_says_where_each_line_starts_ends_and_peaks():
    trace = pd.Series([0.0, 5, 90, 3])
    alt = plots.memory_lines({"step": trace, "flat": FLAT}, xlabel="events").alt
    assert "step from 0 MiB at 0 to 3 MiB at 3, at most 90 MiB" in alt
    assert "flat from 12 MiB at 1 to 12 MiB at 8" in alt


def test_what_grows_with_the_size_has_slope_one_on_logarithmic_axes():
    figure = plots.memory_lines({"growing": GROWING, "flat": FLAT}, xlabel="windows", log=True)
    ax = figure.canvas.axes[0]
    places = [ax.transScale.transform(line.get_xydata()) for line in lines_of(figure)]
    slopes = [np.polyfit(*place.T, 1)[0] for place in places]
    np.testing.assert_allclose(slopes, [1, 0], atol=1e-9)


def test_a_few_sizes_are_marked_and_a_long_trace_is_drawn_in_steps():
    trace = pd.Series(np.arange(100.0))
    figure = plots.memory_lines({"sizes": GROWING, "trace": trace}, xlabel="events")
    sizes, steps = lines_of(figure)
    assert (sizes.get_marker(), sizes.get_drawstyle()) == ("o", "default")
    assert (steps.get_marker(), steps.get_drawstyle()) == ("None", "steps-post")


def test_each_line_is_named_once_and_no_name_is_cut_off():
    names = ["with gradients", "without gradients", "with a budget"]
    figure = plots.memory_lines(dict.fromkeys(names, GROWING), xlabel="windows", log=True)
    assert figure.png
    ax = figure.canvas.axes[0]
    assert [text.get_text() for text in ax.texts] == names
    page = figure.canvas.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0 and box.x1 <= page.x1


@pytest.mark.parametrize(
    ("lines", "log", "message"),
    [
        ({}, False, "0 lines; expected 1 to 6"),
        ({"a": pd.Series(dtype=float)}, False, "line 'a' is empty"),
        ({"a": pd.Series([1, np.nan])}, False, "line 'a' holds nan in row 1"),
        ({"a": pd.Series([1, 0])}, True, "line 'a' holds 0 MiB; expected above 0"),
    ],
)
def test_lines_that_cannot_be_drawn_are_refused(lines, log, message):
    with pytest.raises(ValueError, match=message):
        plots.memory_lines(lines, xlabel="windows", log=log)
