"""What is measured of transitions while a mix is rendered, and what was measured before.

What a transition measures is that of its float samples, before integer output turns it down where
it would clip: so it is the same whatever is written, and what a store keeps of it holds for all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from msgspec.structs import replace

from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.quality import MeasuredTransition
from deepbass_engine.mix.transition_audio import TransitionAudio
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.voice import Voice
from deepbass_engine.progress import CancelToken
from deepbass_engine.settings import QualityLimits

OnMeasured = Callable[[int, MeasuredTransition], None]
"""Told what a transition measures, by its number; one at a time, from any thread."""


class Measures:
    """The measures of the transitions of one mix; safe between threads.

    Parameters
    ----------
    plan
        The mix.
    limits
        What is not to be passed.
    store
        Where they are looked for, and kept.
    voice
        What speaks the NSynth transitions.
    on_measured
        Told of each once.
    cancel
        Looked at on the way.
    """

    def __init__(
        self,
        plan: MixPlan,
        limits: QualityLimits,
        store: TransitionStore | None,
        voice: Voice | None,
        on_measured: OnMeasured | None,
        cancel: CancelToken,
    ) -> None:
        self._plan = plan
        self._limits = limits
        self._store = store
        self._voice = voice
        self._on_measured = on_measured
        self._cancel = cancel
        self._found: dict[int, MeasuredTransition] = {}
        self._lock = threading.Lock()

    def in_order(self) -> dict[int, MeasuredTransition]:
        """What was found, by transition."""
        return dict(sorted(self._found.items()))

    def find(self, index: int) -> bool:
        """Look for what was measured before; whether there is something."""
        if self._store is None:
            return False
        measured = self._store.load_measured(
            self._plan, index, self._limits, voice=self._voice, cancel=self._cancel
        )
        if measured is not None:
            self._tell(index, measured)
        return measured is not None

    def measure(self, index: int, audio: TransitionAudio, *, keep: bool) -> None:
        """Measure a transition; `keep` tells whether it is worth remembering."""
        from deepbass_engine.mix.measuring import measure

        measured = measure(audio, cancel=self._cancel)
        if keep and self._store is not None:
            self._store.keep_measured(
                self._plan, index, measured, voice=self._voice, cancel=self._cancel
            )
        self._tell(index, replace(measured, quality=measured.quality.under(self._limits)))

    def _tell(self, index: int, measured: MeasuredTransition) -> None:
        with self._lock:
            self._found[index] = measured
            if self._on_measured is not None:
                self._on_measured(index, measured)
