"""Looks for better transitions: tries settings of each, measures what they sound like, ranks them.

Every pair is searched as a mix of its own two tracks (`Pair`): what a candidate is there, it is in
the whole mix too, whatever is chosen for the pairs beside it (see
`deepbass_engine.mix.candidates.Room`). The stretch of both tracks that the candidates lie in is
decoded once; each candidate is then planned, made and measured like any transition, and ranked by
`deepbass_engine.mix.choosing`. The result depends on nothing but tracks and settings.

A model takes minutes for what a crossfade has at once. So beside the present setting at most one
NSynth candidate is made of each transition, all of them as one batch at the end: in the present
place where both methods are tried; where NSynth alone is, where the plain crossfade measures best.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.errors import DeepBassError, DeviceError, ModelError
from deepbass_engine.mix.candidates import Candidate
from deepbass_engine.mix.choosing import Ranked, ranked
from deepbass_engine.mix.estimate import OnEstimate
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.morphs import LONGEST_S, OnNote
from deepbass_engine.mix.pair import Pair, together, with_candidate
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.playback import DecodedStretches, audio_around
from deepbass_engine.mix.proposals import Kicks, proposals
from deepbass_engine.mix.quality import MeasuredTransition
from deepbass_engine.mix.side_by_side import work_side_by_side
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.transitions import render_transitions
from deepbass_engine.mix.voice import voice_for
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.project import Project
from deepbass_engine.settings import OutputSettings, SearchSettings, checked, n_workers

__all__ = ["Candidate", "Ranked", "search_transitions", "with_choice"]

N_RANKED = 8
"""Candidates that are told of each transition, and the present one where it is none of them."""

_SPOKEN_S = 8.0

OnFound = Callable[[int, tuple[Ranked, ...]], None]
_Measured = list[tuple[Candidate, MeasuredTransition]]


def search_transitions(
    project: Project,
    analyses: Sequence[TrackAnalysis | DeepBassError],
    indices: Iterable[int],
    search: SearchSettings | None = None,
    *,
    store: TransitionStore | None = None,
    stretches: DecodedStretches | None = None,
    jobs: int = 0,
    device: str = "auto",
    precision: str = "auto",
    on_found: OnFound | None = None,
    on_estimate: OnEstimate | None = None,
    on_note: OnNote | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> dict[int, tuple[Ranked, ...]]:
    """Measure candidates for transitions and rank them.

    Parameters
    ----------
    project, analyses
        As for `deepbass_engine.mix.plan.plan_mix`.
    indices
        Numbers of the transitions, in the plan of `project`.
    search
        How many candidates, and which methods.
    store
        Where finished NSynth transitions are looked for, and kept.
    stretches
        What is decoded already, and where more is kept.
    jobs
        Transitions worked on at once; 0 takes one for each core. The result is the same for any
        number.
    device, precision
        What NSynth transitions are rendered on and in, as in
        `deepbass_engine.settings.OutputSettings`.
    on_found
        Told the ranking of a transition when it is there, one at a time, from any thread.
    on_estimate, on_note
        Told how long NSynth transitions will take, and, as a sentence, what could not be tried.
    on_progress
        Told of the stage "searching", in candidates, with the number of each transition whose
        plain candidates are measured; behind it, of NSynth's stages.
    cancel
        See `deepbass_engine.progress`.

    Returns
    -------
    Candidates by the number of the transition, the best first, the present setting always among
    them. A transition that can't be measured as it is, because a track can't be read or there is
    no model, is left out.

    Raises
    ------
    PlanError
        If no track can be used.
    Cancelled
        If asked to stop.
    """
    plan = plan_mix(project, analyses)
    work = _Search(
        [Pair.of(project, plan, index, analyses) for index in sorted(set(indices))],
        search or SearchSettings(),
        TransitionStore() if store is None else store,
        stretches,
        checked(OutputSettings, {"jobs": jobs, "device": device, "precision": precision}),
        on_found,
        on_note,
        on_progress,
        cancel or CancelToken(),
    )
    work.look_for_a_voice(plan.model)
    work.try_simple()
    work.speak(on_estimate)
    work.measure_spoken()
    return dict(sorted(work.found.items()))


def with_choice(
    project: Project,
    plan: MixPlan,
    index: int,
    choice: Ranked,
    analyses: Sequence[TrackAnalysis | DeepBassError],
) -> Project:
    """A project in which a transition is as a candidate has it, and says why.

    Choices for several transitions are made one after the other, all with the plan and the
    analyses that were searched.

    Parameters
    ----------
    project
        The project, with what was chosen for other transitions since.
    plan, analyses
        Those in which the candidates were found.
    index
        Number of the transition.
    choice
        What it is to be.
    """
    return with_candidate(project, plan, index, choice.candidate, analyses, because=choice.because)


class _Search:
    """One search: what its workers share."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        search: SearchSettings,
        store: TransitionStore,
        stretches: DecodedStretches | None,
        output: OutputSettings,
        on_found: OnFound | None,
        on_note: OnNote | None,
        on_progress: OnProgress | None,
        cancel: CancelToken,
    ) -> None:
        self.found: dict[int, tuple[Ranked, ...]] = {}
        self._pairs = {pair.index: pair for pair in pairs}
        self._search = search
        self._store = store
        self._stretches = stretches
        self._output = output
        self._on_found = on_found
        self._on_note = on_note
        self._on_progress = on_progress
        self._cancel = cancel
        self._stop = CancelToken()
        self._can_speak = False
        self._measured: dict[int, _Measured] = {}
        self._to_speak: dict[int, list[Candidate]] = {}
        self._n_done = 0
        self._lock = threading.Lock()

    def look_for_a_voice(self, model: str) -> None:
        """Find out whether NSynth can be tried; leave out what is NSynth now where it can't."""
        spoken_now = [i for i, pair in self._pairs.items() if pair.present.method == "nsynth"]
        if not spoken_now and "nsynth" not in self._search.methods:
            return
        try:
            voice_for(model, self._output.device, self._output.precision)
            self._can_speak = True
        except (ModelError, DeviceError) as error:
            self._note(f"NSynth transitions are not tried: {error}")
            for index in spoken_now:
                del self._pairs[index]

    def try_simple(self) -> None:
        """Measure plain crossfades of each transition, and settle what a model is to speak."""
        self._side_by_side(self._pairs, self._try_simple)

    def speak(self, on_estimate: OnEstimate | None) -> None:
        """Make the NSynth candidates of all transitions as one batch."""
        wanted = [(i, c) for i in sorted(self._to_speak) for c in self._to_speak[i]]
        if not wanted:
            return
        plan = together([(self._pairs[index], candidate) for index, candidate in wanted])
        failed = render_transitions(
            plan,
            range(0, 2 * len(wanted), 2),
            self._store,
            jobs=self._output.jobs,
            device=self._output.device,
            precision=self._output.precision,
            on_estimate=on_estimate,
            on_note=self._on_note,
            on_progress=self._tell_of_speaking,
            cancel=self._cancel,
        )
        for number, error in failed.items():
            index = wanted[number // 2][0]
            self._note(f"transition {index + 1} is not tried with NSynth: {error}")

    def measure_spoken(self) -> None:
        """Measure them, and rank them among the plain ones."""
        self._side_by_side(self._to_speak, self._measure_spoken)

    def _side_by_side(self, indices: Iterable[int], work: Callable[[int], None]) -> None:
        """Work on transitions; one whose tracks can't be read is left out, and told."""

        def work_on(index: int) -> None:
            try:
                work(index)
            except DeepBassError as error:
                self._note(f"transition {index + 1} is left as it is: {error}")

        work_side_by_side(
            indices, work_on, n_workers(self._output.jobs), stop=self._stop, cancel=self._cancel
        )

    def _try_simple(self, index: int) -> None:
        pair = self._pairs[index]
        methods = self._search.methods or (pair.present.method,)
        may_speak = "nsynth" in methods or pair.present.method == "nsynth"
        n_plain = self._search.n_candidates - ("simple" in methods and may_speak)
        plain = self._plain_measured(pair, n_plain)
        best = [each.candidate for each in ranked(plain[0][0], plain)[:N_RANKED]]
        if "simple" in methods:
            measured = [each for each in plain if each[0] in (plain[0][0], *best)]
        else:
            measured = plain[:1] if pair.present.method == "simple" else []
        spoken = []
        if may_speak and self._can_speak:
            spoken = _to_speak(pair.present, methods, best[0], is_compared=n_plain == 1)
        if spoken:
            with self._lock:
                self._measured[index], self._to_speak[index] = measured, spoken
        else:
            self._find(pair, measured)

    def _plain_measured(self, pair: Pair, n_candidates: int) -> _Measured:
        """Plain crossfades of a pair, measured, in the order in which they were made."""
        present = replace(pair.present, method="simple")
        measured: _Measured = []

        def best(n_most: int) -> list[Candidate]:
            return [each.candidate for each in ranked(present, measured)[:n_most]]

        try:
            decoded = pair.decoded(self._stretches, self._stop)
            rate_hz = pair.plan.sample_rate_hz
            kicks = Kicks.of(decoded.leaving, decoded.entering, rate_hz)
            others = proposals(replace(pair.room, present=present), kicks, n_candidates, best)
            for candidate in islice(chain([present], others), n_candidates):
                audio = audio_around(
                    pair.planned(candidate), 0, stretches=decoded.stretches, cancel=self._stop
                )
                assert audio is not None
                found = measure(audio, pair.project.limits, cancel=self._stop)
                measured.append((candidate, found))
                self._count(1)
        except DeepBassError:
            self._count(self._search.n_candidates - len(measured), pair.index)
            raise
        self._count(self._search.n_candidates - len(measured), pair.index)
        return measured

    def _measure_spoken(self, index: int) -> None:
        pair, measured = self._pairs[index], self._measured[index]
        for candidate in self._to_speak[index]:
            audio = audio_around(
                pair.planned(candidate),
                0,
                store=self._store,
                stretches=self._stretches,
                device=self._output.device,
                precision=self._output.precision,
                cancel=self._stop,
            )
            if audio is not None:
                found = measure(audio, pair.project.limits, cancel=self._stop)
                measured.append((candidate, found))
        self._find(pair, measured)

    def _find(self, pair: Pair, measured: _Measured) -> None:
        """Rank what was measured of a transition, unless it could not be measured as it is."""
        if all(candidate != pair.present for candidate, _ in measured):
            self._note(f"transition {pair.index + 1} is left as it is: it could not be measured")
            return
        ranking = ranked(pair.present, measured)
        told = tuple(r for i, r in enumerate(ranking) if i < N_RANKED or r.is_default)
        with self._lock:
            self.found[pair.index] = told
            if self._on_found is not None:
                self._on_found(pair.index, told)

    def _note(self, text: str) -> None:
        if self._on_note is not None:
            self._on_note(text)

    def _count(self, n_candidates: int, index: int | None = None) -> None:
        with self._lock:
            self._n_done += n_candidates
            if self._on_progress is not None:
                total = self._search.n_candidates * len(self._pairs)
                self._on_progress(Progress("searching", self._n_done, total, index))

    def _tell_of_speaking(self, progress: Progress) -> None:
        """Pass on how far NSynth is; the batch has numbers of its own."""
        if self._on_progress is not None:
            self._on_progress(replace(progress, transition_index=None))


def _to_speak(
    present: Candidate, methods: Sequence[str], best: Candidate, *, is_compared: bool
) -> list[Candidate]:
    """The NSynth candidates of a transition.

    Parameters
    ----------
    present
        What it is now.
    methods
        What is tried.
    best
        The one whose plain crossfade measures best.
    is_compared
        Whether nothing but the two methods is compared, at the setting that was asked for.
    """
    spoken = [present] if present.method == "nsynth" else []
    if "nsynth" not in methods or (spoken and "simple" in methods):
        return spoken
    if "simple" not in methods:
        wished = best
    elif is_compared:
        wished = present
    else:
        wished = replace(present, duration_s=min(_SPOKEN_S, best.duration_s))
    wished = replace(wished, method="nsynth", duration_s=min(LONGEST_S, wished.duration_s))
    if wished.duration_s and wished not in spoken:
        spoken.append(wished)
    return spoken
