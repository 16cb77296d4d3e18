"""What the window knows of NSynth: the models and devices here, and what of the mix is rendered.

All of it is looked up in a thread of its own; see `deepbass_gui.jobs.nsynth_look`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from msgspec import structs
from PySide6.QtCore import QObject, QTimer, Signal

from deepbass_engine.errors import DeepBassError, ModelError
from deepbass_engine.mix.morphs import LONGEST_S, nsynth_transitions
from deepbass_engine.mix.plan import Fade
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.settings import Device, OutputSettings, Precision
from deepbass_engine.units import seconds_from_frames
from deepbass_gui import decoding_speeds, preferences
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.importing import ModelImport
from deepbass_gui.jobs.nsynth_look import Found, key_of, look_up
from deepbass_gui.jobs.worker import Event, Failed, Finished, Job, Told, Worker

if TYPE_CHECKING:
    from deepbass_engine.nsynth.backends import DeviceFacts
    from deepbass_engine.nsynth.models import ModelFacts
    from deepbass_gui.document import Document

LOOK_AFTER_MS = 150
"""How long edits are gathered before it is looked up again what is rendered."""

_DEVICE, _PRECISION = "output/device", "output/precision"


class Readiness(Enum):
    """Whether an NSynth transition can be heard."""

    LOOKING = "looking"
    MISSING = "missing"
    READY = "ready"


class NSynth(QObject):
    """Models, devices, and how the NSynth transitions of a document fare.

    Attributes
    ----------
    importer
        Installs models.

    Signals
    -------
    models_changed()
        `models` is another value, or is known for the first time.
    devices_found()
        `devices` is known.
    changed()
        `readiness` of a transition, `trouble` or what it costs is another.
    model_wanted(object)
        A model is wanted and none is here; the function is to be called once one is.
    """

    models_changed = Signal()
    devices_found = Signal()
    changed = Signal()
    model_wanted = Signal(object)

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._store = TransitionStore()
        self._worker = Worker(1, self)
        self.importer = ModelImport(self)
        self.importer.imported.connect(self.look)
        self._job: Job | None = None
        self._models: tuple[ModelFacts, ...] | None = None
        self._devices: tuple[DeviceFacts, ...] | None = None
        self._is_asking_devices = False
        self._found = Found(())
        self._waiting: list[Callable[[], object]] = []
        self._soon = QTimer(self, singleShot=True, interval=LOOK_AFTER_MS)
        self._soon.timeout.connect(self.look)
        document.planned.connect(self._on_planned)

    # Models and devices

    @property
    def models(self) -> tuple[ModelFacts, ...]:
        """The models here by name; none before the first look."""
        return self._models or ()

    @property
    def is_known(self) -> bool:
        """Whether it was looked which models there are."""
        return self._models is not None

    @property
    def default_model(self) -> str:
        """The one that is used where none is named; empty where there is none."""
        from deepbass_engine.nsynth.models import default_of

        return default_of(self.models) or ""

    @property
    def devices(self) -> tuple[DeviceFacts, ...] | None:
        """What can decode here; None until it is known."""
        return self._devices

    @property
    def device(self) -> Device:
        """The chosen device; remembered."""
        chosen: Device = _among(Device, preferences.get(_DEVICE, "auto"))
        return chosen

    @property
    def precision(self) -> Precision:
        """The chosen precision; remembered."""
        chosen: Precision = _among(Precision, preferences.get(_PRECISION, "auto"))
        return chosen

    def choose_device(self, device: Device, precision: Precision) -> None:
        """Compute NSynth transitions on another device, or in another precision."""
        if (device, precision) != (self.device, self.precision):
            preferences.put(_DEVICE, device)
            preferences.put(_PRECISION, precision)
            self.look()

    def output(self, output: OutputSettings) -> OutputSettings:
        """Output settings with the chosen device and precision."""
        return structs.replace(output, device=self.device, precision=self.precision)

    def when_known(self, then: Callable[[], object]) -> None:
        """Call this once it is known which models are installed."""
        if self._models is not None:
            then()
        else:
            self._waiting.append(then)
            self.look()

    def when_there_is_a_model(self, then: Callable[[], object]) -> None:
        """Call this where there is a model; else tell that one is wanted."""

        def go_on() -> None:
            wanted = self._document.project.mix.model
            if self.models or (wanted and Path(wanted).exists()):
                then()
            else:
                self.model_wanted.emit(then)

        self.when_known(go_on)

    def ask_devices(self) -> None:
        """Find out what can decode here."""
        if self._is_asking_devices:
            return
        self._is_asking_devices = True

        def ask(_job: Job) -> tuple[DeviceFacts, ...]:
            from deepbass_engine.nsynth.backends import devices

            return devices()

        self._worker.start(ask, self._take_devices)

    # How transitions fare

    @property
    def trouble(self) -> DeepBassError | None:
        """Why the NSynth transitions of this mix can't be rendered."""
        return self._found.trouble if self._fades() else None

    @property
    def trouble_words(self) -> str:
        """The same as a sentence for a person at the window; empty where there is none."""
        trouble, wanted = self.trouble, self._document.project.mix.model
        if trouble is None:
            return ""
        names = {model.name for model in self.models}
        if isinstance(trouble, ModelError) and not wanted and not names:
            return self.tr("No NSynth model is installed on this machine. Import one.")
        if isinstance(trouble, ModelError) and wanted not in names and Path(wanted).name == wanted:
            words = self.tr(
                "The NSynth model “{name}”, which this project uses, is not installed on this "
                "machine. Import it, or choose another."
            )
            return words.format(name=wanted)
        return str(trouble)

    def trouble_of(self, pair: Pair) -> str:
        """Why an NSynth transition can't be rendered, as a sentence; empty where it can."""
        fade, plan = self._document.fade(pair), self._document.plan
        if fade is None or plan is None or self.readiness(pair) is None:
            return ""
        length_s = seconds_from_frames(fade.n_frames, plan.sample_rate_hz)
        if length_s > LONGEST_S:
            words = self.tr(
                "An NSynth transition is at most {most} s long; this one is {length} s."
            )
            return words.format(most=f"{LONGEST_S:.0f}", length=f"{length_s:.1f}")
        return self.trouble_words

    @property
    def trouble_of_mix(self) -> str:
        """Why the mix can't be rendered with its NSynth transitions; empty where it can."""
        if self.trouble is not None:
            return self.trouble_words
        for fade in self._fades():
            if words := self.trouble_of(self._document.pair(fade)):
                return self.tr("Transition {n}: {why}").format(n=fade.index + 1, why=words)
        return ""

    @property
    def lacks_model(self) -> bool:
        """Whether the trouble is that a model has to be imported or chosen."""
        return isinstance(self.trouble, ModelError)

    def readiness(self, pair: Pair) -> Readiness | None:
        """Whether a transition can be heard; None for one that is not NSynth's."""
        fade, plan = self._document.fade(pair), self._document.plan
        if fade is None or plan is None or fade.method != "nsynth" or not fade.n_frames:
            return None
        if pair not in self._found.keys:
            return Readiness.LOOKING
        key, is_ready = self._found.keys[pair]
        is_same = key == key_of(plan, fade)
        return Readiness.READY if is_ready and is_same else Readiness.MISSING

    def missing(self) -> list[Pair]:
        """The NSynth transitions of the mix that are not rendered."""
        return [
            pair
            for fade in self._fades()
            if self.readiness(pair := self._document.pair(fade)) is Readiness.MISSING
        ]

    def cost_s(self, pairs: Collection[Pair]) -> float | None:
        """How long rendering these together will take; None before any was rendered here."""
        plan, voice = self._document.plan, self._found.voice
        fades = [fade for pair in pairs if (fade := self._document.fade(pair))]
        if plan is None or voice is None or not fades:
            return None
        per_s = decoding_speeds.expected(voice, len(fades))
        if per_s is None:
            return None
        longest = max(seconds_from_frames(f.n_frames, plan.sample_rate_hz) for f in fades)
        return per_s * longest

    def look(self) -> None:
        """Find out anew which models there are and what is rendered."""
        self._soon.stop()
        if self._job is not None:
            self._job.cancel.cancel()
        document = self._document
        plan = document.plan
        pairs = {fade.index: document.pair(fade) for fade in self._fades()}
        output, known = self.output(OutputSettings()), self._found
        is_settled = not document.is_trying

        def work(job: Job) -> None:
            look_up(job, plan, pairs, self._store, output, known, puts_together=is_settled)

        self._job = self._worker.start(work, self._take)

    def shut_down(self) -> None:
        """Stop and wait for the thread."""
        self._soon.stop()
        self.importer.shut_down()
        self._worker.shut_down()

    def _fades(self) -> list[Fade]:
        plan = self._document.plan
        return [plan.fades[index] for index in nsynth_transitions(plan)] if plan else []

    def _on_planned(self) -> None:
        if self._fades():
            self.changed.emit()
            if not self._soon.isActive():
                self._soon.start()

    def _take(self, event: Event) -> None:
        match event:
            case Told(Found() as found):
                before, self._found = self._found, found
                if found.models != self._models:
                    self._models = found.models
                    self.models_changed.emit()
                if found != before:
                    self.changed.emit()
                waiting, self._waiting = self._waiting, []
                for then in waiting:
                    then()
            case Failed(error):
                raise error

    def _take_devices(self, event: Event) -> None:
        match event:
            case Finished(devices):
                self._devices = devices
                self.devices_found.emit()
            case Failed(error):
                raise error


def _among(kind: object, value: str) -> Any:
    """The value where it is one of a setting's choices, else the first of these."""
    choices = get_args(get_args(kind)[0])
    return value if value in choices else choices[0]
