"""Pictures of the original's job: what stands in them, not how they look."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from signals import music, silence, sine, write

from deepbass_engine.errors import Cancelled
from deepbass_engine.legacy_ini import load
from deepbass_engine.mix import pictures
from deepbass_engine.mix.original import SongCrossfade, crossfade_songs
from deepbass_engine.mix.original_nsynth import NSynthCrossfade
from deepbass_engine.progress import CancelToken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATE_HZ = 16_000


def crossfaded(
    folder: Path,
    *,
    style: str = "Linear",
    names: tuple[str, str] = ("first.wav", "second.wav"),
    amplitude: float = 0.5,
    silence_s: float = 1.0,
) -> SongCrossfade:
    pause = silence(silence_s, RATE_HZ, channels=1)
    tone = sine(440.0, 4.0, RATE_HZ, channels=1, amplitude=amplitude)
    write(folder / names[0], np.concatenate([tone, pause]), RATE_HZ, "FLOAT")
    write(
        folder / names[1],
        np.concatenate([pause, music(4.0, RATE_HZ, channels=1)]),
        RATE_HZ,
        "FLOAT",
    )
    path = folder / "config.ini"
    path.write_text(
        f"[Simple XFade Settings]\nStyle = {style}\ntime = 2\n"
        f"[IO]\nfirstsong = {names[0]}\nsecondsong = {names[1]}\nload directory = .\n"
        "save directory = out\nsave name = Exp\n",
        encoding="utf-8",
    )
    return crossfade_songs(load(path))


def through_nsynth(done: SongCrossfade, n_z: int = 16) -> NSynthCrossfade:
    """The same stretches with encodings of their length, no model's."""
    drawn = np.random.default_rng(0).standard_normal((3, 63, n_z)).astype(np.float32)
    return NSynthCrossfade(
        sample_rate_hz=done.sample_rate_hz,
        first=done.first,
        second=done.second,
        asked_frames=done.asked_frames,
        shortened_because="",
        style="LinearFade",
        mix=done.mix,
        end_enc=drawn[0],
        begin_enc=drawn[1],
        faded_enc=drawn[2],
    )


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def outlines(axes: Axes, label: str) -> np.ndarray:
    """Corner points of what is drawn under a label."""
    parts = [c for c in axes.collections if c.get_label() == label]
    return np.concatenate([path.vertices for part in parts for path in part.get_paths()])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> SongCrossfade:
    """A linear crossfade of a tone into music, with a second of silence at the join of each."""
    return crossfaded(tmp_path_factory.mktemp("plain"))


@pytest.mark.slow
def test_every_picture_comes_as_pdf_and_png_with_the_same_bytes_every_time(
    plain: SongCrossfade,
) -> None:
    drawn = pictures.drawn(plain)
    assert [picture.name for picture in drawn] == [
        "Audio_trim.pdf",
        "Audio_trim.png",
        "xfade.pdf",
        "xfade.png",
        "mixed.pdf",
        "mixed.png",
    ]
    for picture in drawn:
        if picture.name.endswith(".pdf"):
            assert picture.content.startswith(b"%PDF-")
        else:
            assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")
            width, height = struct.unpack(">II", picture.content[16:24])
            assert width == 1350
            assert height >= 500
    assert pictures.drawn(plain) == drawn


def test_drawing_can_be_cancelled(plain: SongCrossfade) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        pictures.drawn(plain, cancel=cancel)


def test_every_axis_says_what_it_shows_and_in_which_unit(plain: SongCrossfade) -> None:
    for draw in (pictures.trims_figure, pictures.ramps_figure, pictures.mix_figure):
        axes = draw(plain).axes
        assert axes[-1].get_ylabel() in ("Amplitude (full scale 1)", "Gain")
        assert all(a.get_ylabel() for a in axes)
        assert any(a.get_xlabel().endswith("(s)") for a in axes)


def test_the_trims_show_the_stretch_and_what_was_left_out_where_it_lies(
    plain: SongCrossfade,
) -> None:
    above, below = pictures.trims_figure(plain).axes
    assert above.get_title(loc="left") == "End of the first song: first.wav"
    assert below.get_title(loc="left") == "Beginning of the second song: second.wav"
    silence_s = [plain.first.silence.n_frames / RATE_HZ, plain.second.silence.n_frames / RATE_HZ]
    for axes, stretch, left_out_s in zip(
        (above, below), (plain.first, plain.second), silence_s, strict=True
    ):
        assert legend(axes) == [
            "not under the fade",
            "under the fade, 2.00 s",
            f"left out as silence, {left_out_s:.2f} s",
        ]
        times_s = outlines(axes, "under the fade, 2.00 s")[:, 0]
        assert times_s.min() == pytest.approx(stretch.used.start_frame / RATE_HZ, abs=0.002)
        assert times_s.max() == pytest.approx(stretch.used.end_frame / RATE_HZ, abs=0.002)
    assert above.get_xlim()[1] == 5.0
    assert below.get_xlim()[0] == 0.0


def test_a_song_without_silence_at_the_join_shows_none(tmp_path: Path) -> None:
    above, _ = pictures.trims_figure(crossfaded(tmp_path, silence_s=0.0)).axes
    assert legend(above) == ["not under the fade", "under the fade, 2.00 s"]


def test_a_waveform_keeps_its_peaks_however_many_frames_a_column_holds(tmp_path: Path) -> None:
    done = crossfaded(tmp_path)
    done.mix[:] = 0
    done.mix[12_345], done.mix[20_001] = 0.75, -0.5
    heights = outlines(pictures.mix_figure(done).axes[0], "both songs together")[:, 1]
    assert (heights.min(), heights.max()) == (-0.5, 0.75)


def test_the_ramps_are_drawn_on_a_scale_of_their_own(tmp_path: Path) -> None:
    done = crossfaded(tmp_path, style="Sigmoid")
    above, below, ramp_out, ramp_in = pictures.ramps_figure(done).axes
    assert legend(above) == legend(below) == ["under its ramp", "gain (Sigmoid)"]
    for ramp, first, last in ((ramp_out, 0.9975, 0.0025), (ramp_in, 0.0025, 0.9975)):
        points = outlines(ramp, "gain (Sigmoid)")
        in_order = points[np.argsort(points[:, 0], kind="stable")]
        assert in_order[0, 1] == pytest.approx(first, abs=0.001)
        assert in_order[-1, 1] == pytest.approx(last, abs=0.001)


def test_full_scale_is_marked_where_the_mix_comes_near_it(
    plain: SongCrossfade, tmp_path: Path
) -> None:
    quiet = pictures.mix_figure(plain).axes[0]
    loud = pictures.mix_figure(crossfaded(tmp_path, amplitude=1.5)).axes[0]
    assert legend(quiet) == ["both songs together"]
    assert legend(loud) == ["both songs together", "full scale"]
    assert "peak 3.5 dBFS" in loud.get_title(loc="left")


@pytest.mark.slow
def test_names_are_shown_as_they_are_as_far_as_the_font_can(tmp_path: Path) -> None:
    done = crossfaded(tmp_path, names=("a $x_1$ 音.wav", "b" * 200 + ".wav"))
    above, below = pictures.trims_figure(done).axes
    assert above.get_title(loc="left") == "End of the first song: a $x_1$ □.wav"
    assert "…" in below.get_title(loc="left")
    pictures.drawn(done)  # a missing glyph would be a warning, and here an error


@pytest.mark.parametrize("name", ["first.wav", "W" * 200 + ".wav"])
def test_nothing_is_cut_off_and_titles_and_legends_do_not_meet(tmp_path: Path, name: str) -> None:
    done = crossfaded(tmp_path, names=(name, "second.wav"))
    for draw in (pictures.trims_figure, pictures.ramps_figure, pictures.mix_figure):
        figure = draw(done)
        boxes = text_boxes(figure)
        for x0, y0, x1, y1 in boxes:
            assert x0 >= 0
            assert y0 >= 0
            assert x1 <= figure.bbox.width
            assert y1 <= figure.bbox.height
        for i, one in enumerate(boxes):
            for other in boxes[:i]:
                assert not overlap(one, other)


def test_encodings_of_songs_with_long_names_are_titled_beside_their_scale(tmp_path: Path) -> None:
    names = ("W" * 200 + ".wav", "M" * 200 + ".wav")
    figure = pictures.encodings_figure(through_nsynth(crossfaded(tmp_path, names=names)))
    boxes = text_boxes(figure)
    scale = figure.axes[-1].get_window_extent().extents
    for i, one in enumerate(boxes):
        assert one[0] >= 0
        assert one[2] <= figure.bbox.width
        assert not any(overlap(one, other) for other in boxes[:i])
    titles = [axes._left_title.get_window_extent().extents for axes in figure.axes[:-1]]
    assert not any(overlap(tuple(title), tuple(scale)) for title in titles)


@pytest.mark.parametrize("n_z", [1, 2, 64])
def test_channels_are_counted_in_whole_numbers_from_1(plain: SongCrossfade, n_z: int) -> None:
    axes = pictures.encodings_figure(through_nsynth(plain, n_z)).axes[0]
    assert axes.get_ylim() == (0.5, n_z + 0.5)
    ticks = [tick for tick in axes.get_yticks() if 0.5 <= tick <= n_z + 0.5]
    assert ticks
    assert all(float(tick).is_integer() for tick in ticks)


def text_boxes(figure: Figure) -> list[tuple[float, float, float, float]]:
    """Where titles, legends and axis labels lie, in dots: left, bottom, right, top."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes = []
    for axes in figure.axes:
        labels = [axes.xaxis.label, axes.yaxis.label, axes._left_title]
        shown = [label for label in labels if label.get_text()]
        if axes.get_legend() is not None:
            shown.append(axes.get_legend())
        boxes += [artist.get_window_extent(renderer).extents for artist in shown]
    return boxes


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
