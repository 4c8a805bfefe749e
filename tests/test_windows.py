"""Windows cover every token, in order, and none is empty."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrelab.windows import windows

SHAPES = st.integers(1, 64).flatmap(
    lambda size: st.tuples(st.integers(1, 2000), st.just(size), st.integers(0, size - 1))
)


@given(SHAPES)
def test_every_token_is_in_a_window(shape: tuple[int, int, int]) -> None:
    covered = {token for start, stop in windows(*shape) for token in range(start, stop)}
    assert covered == set(range(shape[0]))


@given(SHAPES)
def test_windows_come_in_order_and_neighbours_share_exactly_the_overlap(
    shape: tuple[int, int, int],
) -> None:
    _, size, overlap = shape
    cut = windows(*shape)
    for (start, stop), (next_start, next_stop) in zip(cut, cut[1:], strict=False):
        assert stop - next_start == overlap
        assert start < next_start and stop < next_stop
        assert stop - start == size


@given(SHAPES)
def test_no_window_is_empty_or_longer_than_its_size(shape: tuple[int, int, int]) -> None:
    assert all(0 < stop - start <= shape[1] for start, stop in windows(*shape))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((0, 4, 0), "n_tokens"), ((4, 0, 0), "size"), ((4, 4, 4), "overlap"), ((4, 4, -1), "overlap")],
)
def test_a_shape_that_cannot_be_cut_is_refused_by_name(
    arguments: tuple[int, int, int], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        windows(*arguments)
