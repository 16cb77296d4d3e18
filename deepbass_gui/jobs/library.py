"""What is known of the files of a project, read in the background and told as it comes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib import import_module
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from deepbass_engine.analysis.peaks import Peaks
from deepbass_engine.analysis.survey import Survey, survey
from deepbass_engine.analysis.track import PARTS_PER_TRACK, TrackAnalysis
from deepbass_engine.audio.source import FileState
from deepbass_engine.audio.tags import Tags
from deepbass_engine.errors import DeepBassError, InputError, shown
from deepbass_engine.settings import n_workers
from deepbass_gui.jobs.worker import Advanced, Event, Failed, Finished, Job, Stopped, Told, Worker

LOOK_AGAIN_EVERY_MS = 5_000


class State(Enum):
    """How far the reading of a file is."""

    WAITING = "waiting"
    READING = "reading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class TrackFacts:
    """What is known of one file.

    Attributes
    ----------
    path
        The file.
    state, share
        How far reading it is; `share` goes from 0 to 1.
    analysis
        Of use to the planner. While the file is being read it is provisional: the whole file.
    error
        Why it can't be used, in state FAILED.
    """

    path: Path
    state: State = State.WAITING
    share: float = 0.0
    analysis: TrackAnalysis | None = None
    loudness_lufs: float | None = None
    peaks: Peaks | None = None
    tags: Tags = field(default_factory=Tags)
    error: DeepBassError | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will come."""
        return self.state in (State.READY, State.FAILED)

    @property
    def title(self) -> str:
        """What to call it: its title, or else its file name without the extension."""
        return self.tags.title or shown(self.path.stem)

    @property
    def duration_s(self) -> float | None:
        """Length of the whole file."""
        if self.analysis is None or not self.analysis.source.frames:
            return None
        source = self.analysis.source
        return (source.frames or 0) / source.sample_rate_hz


class Library(QObject):
    """Reads the files a project names, several at once, in the order of the playlist.

    Signals
    -------
    changed(Path)
        More is known of a file.
    advanced()
        Reading went on; see `n_wanted`, `n_settled` and `share`.
    """

    changed = Signal(object)
    advanced = Signal()
    failed = Signal(object)
    """A job ended with an error that is no fault of the file's: an exception to show."""

    def __init__(self, jobs: int = 0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = Worker(n_workers(jobs), self)
        self._looking = Worker(1, self)
        self._facts: dict[Path, TrackFacts] = {}
        self._pending: set[Path] = set()
        self._jobs: dict[Path, Job] = {}
        self._stamps: dict[Path, FileState | None] = {}
        self._trim = "loudness"
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_AGAIN_EVERY_MS)
        self._timer.timeout.connect(self.look_again)
        self._timer.start()

    def facts(self, path: Path) -> TrackFacts:
        """What is known of a file by now."""
        return self._facts.get(path) or TrackFacts(path)

    @property
    def n_wanted(self) -> int:
        """Files of the project."""
        return len(self._facts)

    @property
    def n_settled(self) -> int:
        """Files of which all is known."""
        return len(self._facts) - len(self._pending)

    @property
    def is_settled(self) -> bool:
        """Whether all is known of every file."""
        return not self._pending

    @property
    def share(self) -> float:
        """How far reading all of them is, from 0 to 1."""
        if not self._facts:
            return 1.0
        read = self.n_settled + sum(self._facts[path].share for path in self._pending)
        return read / len(self._facts)

    def want(self, paths: Iterable[Path], trim: str) -> None:
        """Read these files, by this rule for silence; others are forgotten."""
        wanted = dict.fromkeys(paths)
        for path in [p for p in self._facts if p not in wanted]:
            self._forget(path)
        if trim != self._trim:
            self._trim = trim
            for path in list(self._facts):
                self.refresh(path)
        for path in wanted:
            if path not in self._facts:
                self._read(path, TrackFacts(path))
        self.advanced.emit()

    def refresh(self, path: Path) -> None:
        """Read a file again; what was known stays to be seen until then."""
        if path in self._facts:
            before = self._facts[path]
            self._read(path, replace(before, state=State.WAITING, share=0.0, error=None))
            self.changed.emit(path)

    def warm_up(self) -> None:
        """Load what reading needs, so that the first file does not wait for it."""

        def load(job: Job) -> None:
            import_module("deepbass_engine.analysis.k_weighting")
            import_module("deepbass_engine.analysis.extremes")

        self._looking.start(load, lambda event: None)

    def look_again(self) -> None:
        """Read those files again that have changed on the disk, come or gone."""
        if self._looking.is_busy:
            return
        known = {p: s for p, s in self._stamps.items() if self._facts[p].is_settled}

        def changed(job: Job) -> list[Path]:
            return [path for path, stamp in known.items() if state_of(path) != stamp]

        def on_event(event: Event) -> None:
            if isinstance(event, Finished):
                for path in event.result:
                    if self._stamps.get(path) == known[path]:
                        self.refresh(path)

        if known:
            self._looking.start(changed, on_event)

    def shut_down(self) -> None:
        """Stop reading and wait for the threads."""
        self._timer.stop()
        self._looking.shut_down()
        self._worker.shut_down()

    def _forget(self, path: Path) -> None:
        self._stop(path)
        del self._facts[path]
        self._pending.discard(path)
        self._stamps.pop(path, None)

    def _stop(self, path: Path) -> None:
        if job := self._jobs.pop(path, None):
            job.cancel.cancel()

    def _read(self, path: Path, facts: TrackFacts) -> None:
        self._stop(path)
        self._facts[path] = facts
        self._pending.add(path)
        trim = self._trim

        def work(job: Job) -> Survey:
            job.tell(state_of(path))
            return survey(
                path,
                trim,
                music=True,
                on_probed=lambda analysis, tags: job.tell((analysis, tags)),
                on_peaks=job.tell,
                on_progress=job.progress,
                cancel=job.cancel,
            )

        def on_event(event: Event) -> None:
            if self._jobs.get(path) is job:  # else it was forgotten or started anew
                self._take(path, event)

        job = self._worker.start(work, on_event)
        self._jobs[path] = job

    def _take(self, path: Path, event: Event) -> None:
        """Learn what a job has found out."""
        facts = self._facts[path]
        match event:
            case Told(FileState() | None as stamp):
                self._stamps[path] = stamp
                facts = replace(facts, state=State.READING)
            case Told((TrackAnalysis() as analysis, Tags() as tags)):
                facts = replace(facts, analysis=analysis, tags=tags)
            case Told(Peaks() as peaks):
                facts = replace(facts, peaks=peaks)
            case Advanced(progress):
                self._facts[path] = replace(facts, share=progress.done / PARTS_PER_TRACK)
                self.changed.emit(path)
                self.advanced.emit()
                return
            case Finished(Survey() as found):
                facts = replace(
                    facts,
                    state=State.READY,
                    share=1.0,
                    analysis=found.analysis,
                    loudness_lufs=found.loudness_lufs,
                    peaks=found.peaks,
                    tags=found.tags,
                )
            case Failed(error):
                facts = replace(facts, state=State.FAILED, analysis=None, error=_as_input(error))
                if not isinstance(error, DeepBassError):
                    self.failed.emit(error)
            case Stopped():
                return
        is_last = not isinstance(event, Told)
        if is_last:
            del self._jobs[path]
            self._pending.discard(path)
        self._facts[path] = facts
        self.changed.emit(path)
        if is_last:
            self.advanced.emit()


def _as_input(error: Exception) -> DeepBassError:
    """The error as one of the file's."""
    if isinstance(error, DeepBassError):
        return error
    return InputError(f"could not be read: {error}", hint="take it out of the playlist")


def state_of(path: Path) -> FileState | None:
    """What tells a changed file from an unchanged one; None where there is no file."""
    with suppress(OSError, ValueError):
        return FileState.of(path)
    return None
