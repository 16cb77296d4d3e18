"""How long a frame of the timeline takes while it is zoomed, panned and played.

A mix of twenty made-up tracks, an hour in all, is shown without a screen. Each step of a scenario
is painted whole into a picture; what is printed are the median and the worst of its frames.

    python benchmarks/timeline_frames.py
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from deepbass_engine.analysis.peaks import BUCKET_FRAMES, FULL_SCALE, Peaks
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.project import Project, Span, Track
from deepbass_gui.document import Document
from deepbass_gui.jobs.library import Library, State, TrackFacts
from deepbass_gui.selection import Selection
from deepbass_gui.views.timeline import TimelineView

RATE_HZ, N_TRACKS, TRACK_S = 44_100, 20, 187
SIZES = ((1280, 800), (2560, 1440))


@dataclass(frozen=True)
class Scene:
    """What the scenarios act upon."""

    document: Document
    selection: Selection
    timeline: TimelineView


class MadeUp(Library):
    """Knows all of every file at once: noise of a track's length."""

    def __init__(self) -> None:
        super().__init__(jobs=1)
        self._known: dict[Path, TrackFacts] = {}

    def want(self, paths: object, trim: str) -> None:
        """Read nothing."""

    def facts(self, path: Path) -> TrackFacts:
        """All of a track."""
        if path not in self._known:
            self._known[path] = _facts(path, len(self._known))
        return self._known[path]


def _facts(path: Path, seed: int) -> TrackFacts:
    n_frames = TRACK_S * RATE_HZ
    random = np.random.default_rng(seed)
    highest = random.uniform(0.2, 1.0, -(-n_frames // BUCKET_FRAMES))
    level_0 = np.stack((-highest, highest, highest / 3), axis=1) * FULL_SCALE
    source = AudioSource(
        path, "WAV", "PCM_16", RATE_HZ, ("FL", "FR"), n_frames, n_frames, 16, "soundfile"
    )
    return TrackFacts(
        path,
        State.READY,
        1.0,
        TrackAnalysis(source, Span(0, n_frames)),
        peaks=Peaks.over(level_0.astype(np.int16), n_frames, RATE_HZ),
    )


def zoom(scene: Scene) -> Iterator[QWidget]:
    """From the whole mix to two seconds and back."""
    view = scene.timeline
    view.fit()
    for step in (view.zoom_in, view.zoom_out):
        for _ in range(24):
            step()
            yield view


def pan_far(scene: Scene) -> Iterator[QWidget]:
    """Through five minutes' worth of the mix, 40 pixels at a time."""
    yield from _pan(scene, 60.0)


def pan_near(scene: Scene) -> Iterator[QWidget]:
    """The same with four seconds in view."""
    yield from _pan(scene, 4.0)


def _pan(scene: Scene, seen_s: float) -> Iterator[QWidget]:
    view = scene.timeline
    begin = scene.document.plan.fades[3].start_frame  # type: ignore[union-attr]
    step = 40 * seen_s * RATE_HZ / view.width()
    for i in range(100):
        view.show_frames(begin + i * step, begin + i * step + seen_s * RATE_HZ)
        yield view


SCENARIOS: list[tuple[str, Callable[[Scene], Iterator[QWidget]]]] = [
    ("zoom", zoom),
    ("pan, 60 s in view", pan_far),
    ("pan, 4 s in view", pan_near),
]
"""A step changes something and yields the widget that has to be painted again."""


def main() -> None:
    """Paint, count, print."""
    app = QApplication([])
    library = MadeUp()
    document = Document(library)
    selection = Selection(document)
    tracks = tuple(Track(path=Path(f"/music/{i}.wav"), id=f"t{i}") for i in range(N_TRACKS))
    document.open(Project(tracks=tracks), None)
    timeline = TimelineView(document, selection)
    scene = Scene(document, selection, timeline)
    for width, height in SIZES:
        timeline.resize(width, height)
        timeline.show()
        app.processEvents()
        picture = QImage(width, height, QImage.Format.Format_RGB32)
        for name, scenario in SCENARIOS:
            frames_ms = []
            started_s = time.perf_counter()
            for widget in scenario(scene):
                widget.render(picture)
                frames_ms.append(1000 * (time.perf_counter() - started_s))
                started_s = time.perf_counter()
            print(
                f"{width} x {height}, {name}: median {statistics.median(frames_ms):.1f} ms, "
                f"worst {max(frames_ms):.1f} ms of {len(frames_ms)} frames"
            )
    library.shut_down()


if __name__ == "__main__":
    main()
