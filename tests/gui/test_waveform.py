from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QImage

from deepbass_gui.views.waveform import WaveStyle, wave_image

STYLE = WaveStyle(QColor("#0000ff"), QColor("#00ff00"), QColor("#ff0000"))


def columns(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def alpha(image: QImage) -> np.ndarray:
    """How strongly each pixel is drawn, 0 to 1, of shape (height, width)."""
    return np.array(
        [
            [image.pixelColor(x, y).alphaF() for x in range(image.width())]
            for y in range(image.height())
        ]
    )


@given(low=st.floats(-1, 1, width=32), high=st.floats(-1, 1, width=32), height=st.integers(16, 90))
def test_the_drawn_area_is_what_lies_between_lowest_and_highest(low, high, height):
    low, high = min(low, high), max(low, high)
    drawn = alpha(wave_image(columns((low, high, 0.0)), height, STYLE)).sum()

    span = (high - low) * height / 2
    # One pixel is the least; beyond the picture's edges half of that may be cut off.
    assert drawn == pytest.approx(max(span, 1), abs=0.51 if span < 1 else 0.02)


def test_the_body_reaches_as_far_as_the_rms():
    image = wave_image(columns((-1.0, 1.0, 0.5)), 40, STYLE)

    names = [image.pixelColor(0, y).name() for y in range(40)]
    assert names == ["#0000ff"] * 10 + ["#00ff00"] * 20 + ["#0000ff"] * 10


def test_positive_samples_are_drawn_above_the_middle():
    drawn = alpha(wave_image(columns((0.0, 1.0, 0.0)), 40, STYLE))[:, 0]

    assert drawn[:20].all()
    assert not drawn[20:].any()


def test_an_edge_within_a_pixel_covers_its_part_of_it():
    drawn = alpha(wave_image(columns((0.0, 0.525, 0.0)), 40, STYLE))[:, 0]

    assert drawn[8] == 0
    assert drawn[9] == pytest.approx(0.5, abs=0.01)
    assert drawn[10] == 1


def test_samples_beyond_full_scale_are_marked_on_their_side():
    image = wave_image(columns((-0.5, 1.01, 0.2), (-1.01, 0.5, 0.2), (-1, 1, 0.2)), 32, STYLE)

    ends = [[image.pixelColor(x, y).name() for y in (0, 31)] for x in range(3)]
    assert ends[0][0] == "#ff0000"
    assert ends[1][1] == "#ff0000"
    assert ends[2] == ["#0000ff", "#0000ff"]
    assert image.pixelColor(0, 31).alpha() == image.pixelColor(1, 0).alpha() == 0


def test_a_gain_scales_and_none_draws_nothing():
    wave = np.repeat(columns((-1.0, 1.0, 0.5)), 3, axis=0)

    image = wave_image(wave, 40, STYLE, gain=np.array([1, 0.5, 0], np.float32))

    assert alpha(image).sum(axis=0).tolist() == [40, 20, 0]


def test_silence_is_a_line_and_what_is_not_known_is_nothing():
    drawn = alpha(wave_image(columns((0, 0, 0), (np.nan,) * 3), 41, STYLE))

    assert drawn[:, 0].sum() == drawn[20, 0] == 1
    assert not drawn[:, 1].any()


def test_a_column_does_not_depend_on_its_neighbours():
    random = np.random.default_rng(1)
    highest = random.uniform(0, 1, 50)
    wave = np.stack((-highest, highest, highest / 2), axis=1).astype(np.float32)

    whole = wave_image(wave, 60, STYLE)

    for x in (0, 17, 49):
        assert wave_image(wave[x : x + 1], 60, STYLE) == whole.copy(x, 0, 1, 60)
