"""Pictures of the original's job: what was trimmed, what the fade did, and the mix.

Three pictures under the original's names, each as PDF and PNG:

* ``Audio_trim``: the end of the first song and the beginning of the second, with the stretch under
  the fade and the silence that was left out.
* ``xfade``: the two stretches under their ramps, and the ramps; or, through NSynth, ``NSynth_enc``:
  the encodings of the two stretches, and the one faded into the other.
* ``mixed``, or ``NSynth_xfade``: what came of it.

matplotlib is imported only when something is drawn, and only its figures are used, never pyplot:
pictures may be drawn in any thread, and no window system is asked for. The same crossfade gives
the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from deepbass_engine.errors import shown
from deepbass_engine.mix.original import SongCrossfade
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.units import db_from_gain, seconds_from_frames

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from deepbass_engine.mix.original_nsynth import NSynthCrossfade
    from deepbass_engine.mix.original_stretches import Crossfade, SongPair, Stretch

SIMPLE = ("Audio_trim", "xfade", "mixed")
NSYNTH = ("Audio_trim", "NSynth_enc", "NSynth_xfade")
FORMATS = ("pdf", "png")

_FIRST, _SECOND, _MIX = "#0072b2", "#d55e00", "#00795a"
_REST, _SILENCE, _GAIN = "#b5b5b5", "#f2e3a0", "#222222"
_SIZE_INCHES, _DOTS_PER_INCH = (9.0, 6.0), 150
_COLUMNS = 1_600
"""Points a waveform is drawn with; more could not be seen."""

_TITLE_POINTS = 12
_ROOM_BESIDE_TITLE_POINTS, _ROOM_FOR_ONE_OF_TWO_POINTS = 330, 250
"""Width a song's name may take."""

_FONT_UNITS = 64  # FreeType's, to a point

_NEARLY_FULL_SCALE = 0.9

_ENCODING_COLOURS = "RdBu_r"  # white where an encoding is 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a file: its name and its bytes."""

    name: str
    content: bytes


def file_names(names: tuple[str, ...]) -> list[str]:
    """Names of the files that `drawn` makes of some pictures, `SIMPLE` or `NSYNTH`."""
    return [f"{name}.{kind}" for name in names for kind in FORMATS]


def drawn(
    crossfade: SongCrossfade | NSynthCrossfade,
    *,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> tuple[Picture, ...]:
    """Draw all pictures, each in every format.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    pictures: list[Picture] = []
    figures = _figures(crossfade)
    for name, draw in figures.items():
        if on_progress is not None:
            on_progress(Progress("drawing", len(pictures), len(figures) * len(FORMATS)))
        figure = draw()
        for kind in FORMATS:
            if cancel is not None:
                cancel.raise_if_cancelled()
            file = io.BytesIO()
            metadata = {"CreationDate": None} if kind == "pdf" else None
            figure.savefig(file, format=kind, dpi=_DOTS_PER_INCH, metadata=metadata)
            pictures.append(Picture(f"{name}.{kind}", file.getvalue()))
    return tuple(pictures)


def trims_figure(pair: SongPair) -> Figure:
    """The end of the first song and the beginning of the second, and what was left out."""
    figure = _figure()
    above, below = figure.subplots(2, sharey=True)
    rate_hz = pair.sample_rate_hz
    _draw_trim(above, pair.first, rate_hz, "End of the first song", _FIRST)
    _draw_trim(below, pair.second, rate_hz, "Beginning of the second song", _SECOND)
    return figure


def ramps_figure(crossfade: SongCrossfade) -> Figure:
    """The two stretches under their ramps, with the ramps."""
    figure = _figure()
    above, below = figure.subplots(2, sharex=True, sharey=True)
    rate_hz = crossfade.sample_rate_hz
    height = 1.1 * max(_peak(crossfade.end_faded), _peak(crossfade.begin_faded))
    rows = (
        (above, crossfade.end_faded, crossfade.gains.fade_out, "First song, fading out", _FIRST),
        (below, crossfade.begin_faded, crossfade.gains.fade_in, "Second song, fading in", _SECOND),
    )
    for axes, samples, gain, title, colour in rows:
        wave = _draw_wave(axes, samples, 0, rate_hz, colour, "under its ramp")
        axes.set_ylim(-height, height)
        ramp = axes.twinx()
        label = f"gain ({crossfade.style})"
        line = _draw_wave(ramp, gain, 0, rate_hz, _GAIN, label, linewidth=1.6)
        if crossfade.style == "Random_Linear":  # an area, not a line: behind the wave
            line.set_alpha(0.25)
            ramp.set_zorder(axes.get_zorder() - 1)
            axes.patch.set_visible(False)
        ramp.set_ylim(-1.1, 1.1)
        ramp.set_yticks([0.0, 0.5, 1.0])
        ramp.set_ylabel("Gain", y=0.725)
        _label(axes, title, [wave, line])
    below.set_xlim(0, crossfade.n_frames / rate_hz)
    below.set_xlabel("Time from the start of the fade (s)")
    return figure


def encodings_figure(crossfade: NSynthCrossfade) -> Figure:
    """What the model heard of both stretches, and the one faded into the other."""
    figure = _figure(height_inches=7.5)
    all_axes = figure.subplots(3, sharex=True, sharey=True)
    rows = (
        (f"End of the first song: {_beside_title(crossfade.first)}", crossfade.end_enc),
        (f"Beginning of the second song: {_beside_title(crossfade.second)}", crossfade.begin_enc),
        (f"Faded by {crossfade.style}", crossfade.faded_enc),
    )
    furthest = max(_peak(encodings) for _, encodings in rows)
    length_s = seconds_from_frames(crossfade.n_frames, crossfade.sample_rate_hz)
    for axes, (title, encodings) in zip(all_axes, rows, strict=True):
        n_channels = encodings.shape[1]
        image = axes.imshow(
            encodings.T,
            cmap=_ENCODING_COLOURS,
            vmin=-furthest,
            vmax=furthest,
            aspect="auto",
            interpolation="nearest",
            origin="lower",
            extent=(0, length_s, 0.5, n_channels + 0.5),
        )
        axes.set_title(title, loc="left", fontsize=_TITLE_POINTS, parse_math=False)
        axes.set_ylabel("Channel")
        axes.yaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    all_axes[-1].set_xlabel("Time from the start of the fade (s)")
    figure.colorbar(image, ax=all_axes, label="Value", aspect=40)
    return figure


def mix_figure(crossfade: Crossfade) -> Figure:
    """The crossfade itself."""
    figure = _figure(height_inches=3.8)
    axes = figure.subplots()
    handles: list[Artist] = [
        _draw_wave(axes, crossfade.mix, 0, crossfade.sample_rate_hz, _MIX, "both songs together")
    ]
    if crossfade.peak >= _NEARLY_FULL_SCALE:
        axes.axhline(-1.0, color=_GAIN, linewidth=1.0, linestyle="--")
        handles.append(
            axes.axhline(1.0, color=_GAIN, linewidth=1.0, linestyle="--", label="full scale")
        )
    length_s = seconds_from_frames(crossfade.n_frames, crossfade.sample_rate_hz)
    first, second = (
        _shown_name(stretch, _ROOM_FOR_ONE_OF_TWO_POINTS)
        for stretch in (crossfade.first, crossfade.second)
    )
    peak = "silent" if crossfade.peak == 0 else f"peak {_db(crossfade.peak)} dBFS"
    facts = f"{crossfade.style}, {length_s:.2f} s at {crossfade.sample_rate_hz} Hz, {peak}"
    _label(axes, f"{first} → {second}\n{facts}", handles)
    axes.set_xlim(0, length_s)
    axes.set_xlabel("Time from the start of the fade (s)")
    return figure


def _figures(crossfade: SongCrossfade | NSynthCrossfade) -> dict[str, Callable[[], Figure]]:
    """What draws each picture, by its name."""
    if isinstance(crossfade, SongCrossfade):
        names, draw_fade = SIMPLE, partial(ramps_figure, crossfade)
    else:
        names, draw_fade = NSYNTH, partial(encodings_figure, crossfade)
    draws = (partial(trims_figure, crossfade), draw_fade, partial(mix_figure, crossfade))
    return dict(zip(names, draws, strict=True))


def _draw_trim(axes: Axes, stretch: Stretch, rate_hz: int, title: str, colour: str) -> None:
    """One song: the stretch under the fade, what was left out, and as much again beside it."""
    used, silence = stretch.used, stretch.silence
    first = max(stretch.nearby_start_frame, used.start_frame - used.n_frames)
    last = min(stretch.nearby_start_frame + len(stretch.nearby), used.end_frame + used.n_frames)
    if silence.n_frames:
        first, last = min(first, silence.start_frame), max(last, silence.end_frame)
    parts = (
        (first, used.start_frame, _REST, "not under the fade"),
        (used.end_frame, last, _REST, "not under the fade"),
        (used.start_frame, used.end_frame, colour, f"under the fade, {_s(used.n_frames, rate_hz)}"),
    )
    handles: dict[str, Artist] = {}
    for start, end, part_colour, label in parts:
        nearby = stretch.nearby[
            start - stretch.nearby_start_frame : end - stretch.nearby_start_frame
        ]
        if len(nearby):
            handles[label] = _draw_wave(axes, nearby, start, rate_hz, part_colour, label)
    if silence.n_frames:
        label = f"left out as silence, {_s(silence.n_frames, rate_hz)}"
        handles[label] = axes.axvspan(
            silence.start_frame / rate_hz,
            silence.end_frame / rate_hz,
            color=_SILENCE,
            zorder=0,
            linewidth=0,
            label=label,
        )
    _label(axes, f"{title}: {_beside_title(stretch)}", list(handles.values()))
    axes.set_xlim(first / rate_hz, last / rate_hz)
    axes.set_xlabel("Time in the song (s)")


def _draw_wave(
    axes: Axes,
    samples: npt.NDArray[np.float32],
    start_frame: int,
    rate_hz: int,
    colour: str,
    label: str,
    linewidth: float = 0.8,
) -> Artist:
    """Draw samples, or gains, as the range they cover in each of `_COLUMNS` columns."""
    values = samples.reshape(-1)
    n_columns = min(len(values), _COLUMNS)
    starts = np.arange(n_columns) * len(values) // n_columns
    middles = (starts + np.append(starts[1:], len(values)) - 1) / 2
    return axes.fill_between(
        (start_frame + middles) / rate_hz,
        np.minimum.reduceat(values, starts),
        np.maximum.reduceat(values, starts),
        facecolor=colour,
        edgecolor=colour,
        linewidth=linewidth,
        label=label,
    )


def _label(axes: Axes, title: str, handles: list[Artist]) -> None:
    """Title on the left, the legend between it and the picture, so that neither hides anything."""
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(handles),
        frameon=False,
        borderpad=0,
        borderaxespad=0.3,
    )
    axes.set_title(title, loc="left", pad=24, fontsize=_TITLE_POINTS, parse_math=False)
    axes.set_ylabel("Amplitude (full scale 1)")
    axes.ticklabel_format(useOffset=False)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)


def _figure(height_inches: float = _SIZE_INCHES[1]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)
    return Figure(figsize=(_SIZE_INCHES[0], height_inches), layout=layout)


def _beside_title(stretch: Stretch) -> str:
    return _shown_name(stretch, _ROOM_BESIDE_TITLE_POINTS)


def _shown_name(stretch: Stretch, room_points: float) -> str:
    """A song's name as the picture's font can show it, cut in the middle where it is too long."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    font.set_size(_TITLE_POINTS, 72)
    known = font.get_charmap()
    whole = "".join(c if ord(c) in known else "□" for c in shown(stretch.path.name))
    name, n_kept = whole, len(whole)
    while True:
        font.set_text(name)
        if font.get_width_height()[0] / _FONT_UNITS <= room_points:
            return name
        n_kept -= 1
        name = f"{whole[: n_kept // 2]}…{whole[len(whole) - n_kept // 2 :]}"


def _peak(values: npt.NDArray[np.float32]) -> float:
    """Largest magnitude; 1 where all are 0, for an axis needs a length."""
    return float(np.max(np.abs(values))) or 1.0


def _s(n_frames: int, rate_hz: int) -> str:
    return f"{seconds_from_frames(n_frames, rate_hz):.2f} s"


def _db(gain: float) -> str:
    return f"{db_from_gain(gain):.1f}".replace("-", "−")
