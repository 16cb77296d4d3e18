"""Which models there are and which NSynth transitions are rendered, looked up in a thread.

Models lie on the disk, and a transition is found by the content of its files. What was decoded but
not yet put together, because rendering was cancelled or another curve was chosen, is put together
here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deepbass_engine.errors import DeepBassError, DeviceError, ModelError
from deepbass_engine.mix import morph_cache
from deepbass_engine.mix.plan import Fade, MixPlan
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.transitions import render_transitions
from deepbass_engine.mix.voice import Voice, voice_for
from deepbass_engine.settings import OutputSettings
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.worker import Job

if TYPE_CHECKING:
    from deepbass_engine.nsynth.models import ModelFacts


@dataclass(frozen=True, slots=True)
class Found:
    """What one look found.

    Attributes
    ----------
    keys
        What was looked up, by pair, and whether it is rendered.
    voice, trouble
        What speaks the transitions of the plan, or why nothing can; both None without any.
    """

    models: tuple[ModelFacts, ...]
    keys: dict[Pair, tuple[object, bool]] = field(default_factory=dict)
    voice: Voice | None = None
    trouble: DeepBassError | None = None


def look_up(
    job: Job,
    plan: MixPlan | None,
    pairs: dict[int, Pair],
    store: TransitionStore,
    output: OutputSettings,
    known: Found,
    *,
    puts_together: bool,
) -> None:
    """Look everything up, in the thread; tells of it, and again when more is put together.

    What was found by the last look, and has not changed, is not read again.
    """
    from deepbass_engine.nsynth import models

    try:
        installed = tuple(models.installed())
    except DeepBassError as error:
        job.tell(Found((), trouble=error))
        return
    if plan is None or not pairs:
        job.tell(Found(installed))
        return
    missing = {pair: (key_of(plan, plan.fades[index]), False) for index, pair in pairs.items()}
    try:
        voice = voice_for(plan.model, output.device, output.precision)
    except (ModelError, DeviceError) as error:
        job.tell(Found(installed, missing, trouble=error))
        return
    keys, decoded = dict(missing), []
    for index, pair in pairs.items():
        found = (keys[pair][0], True)
        is_known = known.voice == voice and known.keys.get(pair) == found
        if is_known or store.load(plan, index, voice=voice, cancel=job.cancel) is not None:
            keys[pair] = found
        elif morph_cache.load(plan, index, voice, cancel=job.cancel) is not None:
            decoded.append(index)
    job.tell(Found(installed, dict(keys), voice))
    if not (decoded and puts_together):
        return
    render_transitions(
        plan,
        decoded,
        store,
        jobs=output.jobs,
        device=output.device,
        precision=output.precision,
        cancel=job.cancel,
    )
    for index in decoded:
        is_there = store.load(plan, index, voice=voice, cancel=job.cancel) is not None
        keys[pairs[index]] = (keys[pairs[index]][0], is_there)
    job.tell(Found(installed, keys, voice))


def key_of(plan: MixPlan, fade: Fade) -> object:
    """What decides a transition, as far as the plan knows."""
    return (
        plan.model,
        plan.sample_rate_hz,
        [(track.source, track.warp) for track in plan.tracks[fade.index : fade.index + 2]],
        fade.ceiling_dbtp,
        (fade.out_frame, fade.in_frame, fade.n_frames),
        (fade.curve, fade.seed, fade.morph, fade.embedding_fade, fade.morph_pace),
    )
