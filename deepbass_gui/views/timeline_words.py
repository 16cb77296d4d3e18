"""What the timeline says in words: tooltips and descriptions."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.units import clock_text, seconds_from_frames
from deepbass_gui.document import Document
from deepbass_gui.jobs.library import State, TrackFacts
from deepbass_gui.nsynth import Readiness
from deepbass_gui.quality_words import Mark
from deepbass_gui.setting_words import choice_words
from deepbass_gui.views.timeline_layout import Clip, Join


def _tr(text: str) -> str:
    return QCoreApplication.translate("Timeline", text)


def reading_text(facts: TrackFacts) -> str:
    """What stands on a clip while its waveform is not known."""
    if facts.state is State.WAITING:
        return _tr("waiting to be read")
    return _tr("reading {percent} %").format(percent=int(100 * facts.share))


def description(plan: MixPlan | None) -> str:
    """How many tracks the mix has and how long it is."""
    if plan is None:
        return _tr("no tracks yet")
    text = _tr("1 track, {length}") if len(plan.tracks) == 1 else _tr("{n} tracks, {length}")
    return text.format(
        n=len(plan.tracks),
        length=clock_text(seconds_from_frames(plan.n_frames, plan.sample_rate_hz)),
    )


def clip_words(document: Document, plan: MixPlan, clip: Clip) -> str:
    """Which track a clip is, when it begins and how long it is heard."""
    begin, length = (
        clock_text(seconds_from_frames(n, plan.sample_rate_hz))
        for n in (clip.start_frame, clip.n_frames)
    )
    text = _tr("{number}  {title}\nbegins at {begin}, {length} long\nDouble-click: play from here")
    return text.format(
        number=clip.index + 1,
        title=document.library.facts(clip.path).title,
        begin=begin,
        length=length,
    )


def join_words(document: Document, plan: MixPlan, join: Join, marks: tuple[Mark, ...]) -> str:
    """Which tracks a transition joins, how, how long, and what there is to say about it."""
    fade, rate_hz = join.fade, plan.sample_rate_hz
    leaving, entering = (
        document.library.facts(plan.tracks[i].source.path).title
        for i in (fade.index, fade.index + 1)
    )
    lines = [f"{fade.index + 1}  {leaving}  →  {fade.index + 2}  {entering}"]
    if fade.n_frames:
        length = _tr("{seconds:.1f} s, {method}, {curve}").format(
            seconds=seconds_from_frames(fade.n_frames, rate_hz),
            method=choice_words("method", "auto" if fade.join is not None else fade.method),
            curve=fade.curve.replace("_", " "),
        )
    else:
        length = _tr("a cut, without a fade")
    lines.append(length)
    if fade.shortened_because:
        lines.append(
            _tr("shorter than the {seconds:.1f} s asked for: {why}").format(
                seconds=seconds_from_frames(fade.asked_frames, rate_hz), why=fade.shortened_because
            )
        )
    if document.nsynth.readiness(document.pair(fade)) is Readiness.MISSING:
        lines.append(_tr("not rendered yet: the plain crossfade is heard"))
    lines += [f"⚠ {mark.sentence}" for mark in marks]
    lines.append(_tr("Double-click: edit"))
    return "\n".join(lines)
