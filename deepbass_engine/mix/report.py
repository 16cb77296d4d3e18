"""What was mixed and how, as a document a program can read and as lines a person can.

Schema ``deepbass.report/1``; apart from `timing_s` the same input gives the same bytes.
"""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import msgspec
from msgspec import Struct

from deepbass_engine.atomic import replacing
from deepbass_engine.audio.channels import STEREO
from deepbass_engine.errors import shown
from deepbass_engine.mix.joins.choosing import Join
from deepbass_engine.mix.plan import Fade, MixPlan, PlannedTrack
from deepbass_engine.mix.quality import MeasuredTransition, Quality
from deepbass_engine.mix.render import Rendered
from deepbass_engine.mix.voice import Voice
from deepbass_engine.project import Problem
from deepbass_engine.units import clock_text, db_from_gain, seconds_from_frames
from deepbass_engine.version import __version__

SCHEMA = "deepbass.report/1"
_LIBRARIES = ("av", "numpy", "soundfile", "soxr")


class ReportedTrack(Struct, frozen=True, kw_only=True):
    """One track of the mix."""

    path: str
    span_s: tuple[float, float]
    """Part of the file that is used, in its own seconds."""
    start_frame: int
    """Where it begins in the mix."""
    end_frame: int
    gain_db: float
    tempo_bpm: float | None = None
    """Its own, where it was listened for."""
    key: str = ""


class ReportedMorph(Struct, frozen=True, kw_only=True):
    """How an NSynth transition was made."""

    model: str
    content_hash: str
    """Of the model's configuration and variables: the same model under any name."""
    device: str
    precision: str
    morph: str
    embedding_fade: str
    pace: str


class ReportedCandidate(Struct, frozen=True, kw_only=True):
    """A way to join two tracks that was weighed."""

    bars: int
    frames: int
    out_s: float
    """Where it begins in the track that leaves, in seconds of its file."""
    in_s: float
    """Where it begins in the track that enters."""
    points: dict[str, float]
    """What it costs, term by term; a point is what a second of music left out costs."""
    total: float


class ReportedJoin(Struct, frozen=True, kw_only=True):
    """How a transition was found on the beat."""

    tempo_bpm: float
    out_ratio: float
    """How many times faster than its own tempo the track that leaves is heard."""
    in_ratio: float
    considered: tuple[ReportedCandidate, ...]
    """The candidates that cost least; the first is what was made."""


class ReportedTransition(Struct, frozen=True, kw_only=True):
    """One transition; `out_track` and `in_track` count from 0 into the report's tracks."""

    index: int
    out_track: int
    in_track: int
    method: str
    curve: str
    seed: int
    start_frame: int
    frames: int
    asked_frames: int
    shortened_because: str
    because: str = ""
    """Why a search, or the style auto, chose it; empty where a person did."""
    flagged: bool | None = None
    """None where the transition was not measured."""
    reasons: tuple[str, ...] = ()
    """Names of the measures that pass their limits, the worst first."""
    score: float | None = None
    quality: Quality | None = None
    nsynth: ReportedMorph | None = None
    """None where no model spoke it."""
    join: ReportedJoin | None = None
    """None where it is not on the beat."""


class MixReport(Struct, frozen=True, kw_only=True):
    """A whole mix."""

    schema: str = SCHEMA
    output: str
    subtype: str
    sample_rate_hz: int
    frames: int
    channels: int
    tracks: tuple[ReportedTrack, ...]
    transitions: tuple[ReportedTransition, ...]
    peak_dbfs: float | None
    clipped_frames: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    """What was done otherwise than chosen."""
    timing_s: dict[str, float]
    versions: dict[str, str]


def make_report(
    plan: MixPlan,
    target: Path,
    subtype: str,
    rendered: Rendered,
    timing_s: dict[str, float],
    problems: tuple[Problem, ...] = (),
) -> MixReport:
    """Put together what is known of a finished mix.

    Parameters
    ----------
    plan, target, subtype, rendered
        The mix.
    timing_s
        Seconds spent, by stage.
    problems
        What was left out before planning: playlist entries that lead nowhere.
    """
    return MixReport(
        output=str(target),
        subtype=subtype,
        sample_rate_hz=plan.sample_rate_hz,
        frames=plan.n_frames,
        channels=STEREO,
        tracks=tuple(
            ReportedTrack(
                path=str(track.source.path),
                span_s=_span_s(track, plan.sample_rate_hz),
                start_frame=start_frame,
                end_frame=start_frame + track.span.n_frames,
                gain_db=db_from_gain(track.warp.gain),
                tempo_bpm=None if track.beats is None else track.beats.tempo_bpm,
                key=track.key,
            )
            for track, start_frame in zip(plan.tracks, plan.track_starts, strict=True)
        ),
        transitions=tuple(
            _transition(
                fade, plan.sample_rate_hz, rendered.voice, rendered.measured.get(fade.index)
            )
            for fade in plan.fades
        ),
        peak_dbfs=db_from_gain(rendered.peak) if rendered.peak > 0 else None,
        clipped_frames=rendered.n_clipped,
        problems=(*problems, *plan.problems, *rendered.problems),
        notes=rendered.notes,
        timing_s=timing_s,
        versions={
            "deepbass": __version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in _LIBRARIES},
        },
    )


def save_report(report: MixReport, path: Path) -> None:
    """Write the report as JSON.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    document = msgspec.to_builtins(report, enc_hook=str)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="ascii")


def summary(report: MixReport) -> str:
    """The mix in lines for a person."""
    rate_hz = report.sample_rate_hz
    peak = "silent" if report.peak_dbfs is None else f"peak {report.peak_dbfs:.1f} dBFS"
    lines = [
        f"{shown(report.output)}",
        f"{clock_text(report.frames / rate_hz)}, {rate_hz} Hz, stereo, {report.subtype}, {peak}",
    ]
    if morph := spoken(report):
        lines.append(
            f"NSynth by the model {morph.model} ({morph.device}, {morph.precision}), "
            f"content {morph.content_hash}"
        )
    lines.append("")
    for number, track in enumerate(report.tracks, start=1):
        at = clock_text(seconds_from_frames(track.start_frame, rate_hz))
        lines.append(f"{number:4}  {at:>10}  {shown(Path(track.path).name)}")
        if number <= len(report.transitions):
            fade = report.transitions[number - 1]
            length = seconds_from_frames(fade.frames, rate_hz)
            how = f"{length:.2f} s {_manner(fade)}" if fade.frames else "cut"
            lines.append(f"{'':18}{how}")
            lines += [f"{'':18}! {words}" for words in _flags(fade, rate_hz)]
    return "\n".join(lines)


def spoken(report: MixReport) -> ReportedMorph | None:
    """What spoke the NSynth transitions, one model for all; None where there are none."""
    return next((fade.nsynth for fade in report.transitions if fade.nsynth is not None), None)


def warnings(report: MixReport) -> list[str]:
    """What a person should know before using the mix, in lines."""
    found = [str(problem) for problem in report.problems]
    for fade in report.transitions:
        if fade.shortened_because:
            length, asked = (
                seconds_from_frames(n, report.sample_rate_hz)
                for n in (fade.frames, fade.asked_frames)
            )
            found.append(
                f"transition {fade.index + 1} is {length:.2f} s long instead of {asked:.2f} s: "
                f"{fade.shortened_because}"
            )
    if len(report.tracks) == 1:
        found.append("only one track could be used: the mix is that track")
    if report.clipped_frames:
        over = report.peak_dbfs or 0.0
        found.append(
            f"{report.clipped_frames} frames pass full scale (by up to {over:.1f} dB) and were "
            "clipped; 32 bit float (--subtype FLOAT) keeps them"
        )
    return found


def flagged(report: MixReport) -> list[str]:
    """What is wrong with each flagged transition, a line for each."""
    return [
        f"transition {fade.index + 1} is flagged: {'; '.join(words)}"
        for fade in report.transitions
        if (words := _flags(fade, report.sample_rate_hz))
    ]


def _flags(fade: ReportedTransition, rate_hz: int) -> list[str]:
    """What a transition is flagged for, in words, and where in the mix; the worst first."""
    if fade.quality is None:
        return []
    start_s = seconds_from_frames(fade.start_frame, rate_hz)
    return [
        f"{measure.words} (in the mix at {clock_text(max(0.0, start_s + measure.range_s[0]))})"
        for measure in fade.quality.flagged.values()
    ]


def _manner(fade: ReportedTransition) -> str:
    """How a transition is made, in a few words."""
    if fade.nsynth is None:
        if fade.join is None:
            return f"{fade.method} {fade.curve}"
        bars = fade.join.considered[0].bars
        n_bars = f"{bars} bars " if bars else ""  # none where a person has chosen the length
        return f"{n_bars}on the beat at {fade.join.tempo_bpm:.1f} BPM, {fade.curve}"
    return f"{fade.method} {fade.nsynth.morph} {fade.nsynth.embedding_fade}"


def _transition(
    fade: Fade, sample_rate_hz: int, voice: Voice | None, measured: MeasuredTransition | None
) -> ReportedTransition:
    morph = None
    if voice is not None and fade.method == "nsynth" and fade.n_frames:
        morph = ReportedMorph(
            model=voice.name,
            content_hash=voice.content_hash,
            device=voice.choice.device,
            precision=voice.choice.precision,
            morph=fade.morph,
            embedding_fade=fade.embedding_fade,
            pace=fade.morph_pace,
        )
    quality = None if measured is None else measured.quality
    return ReportedTransition(
        index=fade.index,
        out_track=fade.index,
        in_track=fade.index + 1,
        method=fade.method,
        curve=fade.curve,
        seed=fade.seed,
        start_frame=fade.start_frame,
        frames=fade.n_frames,
        asked_frames=fade.asked_frames,
        shortened_because=fade.shortened_because,
        because=fade.because,
        flagged=None if quality is None else bool(quality.reasons),
        reasons=() if quality is None else quality.reasons,
        score=None if quality is None else quality.score,
        quality=quality,
        nsynth=morph,
        join=None if fade.join is None else _join(fade.join, sample_rate_hz),
    )


def _join(join: Join, sample_rate_hz: int) -> ReportedJoin:
    return ReportedJoin(
        tempo_bpm=join.met.tempo_bpm,
        out_ratio=join.met.out_ratio,
        in_ratio=join.met.in_ratio,
        considered=tuple(
            ReportedCandidate(
                bars=each.placed.n_bars,
                frames=each.placed.n_frames,
                out_s=each.placed.out_start / sample_rate_hz,
                in_s=each.placed.in_start / sample_rate_hz,
                points=asdict(each.terms),
                total=each.terms.total,
            )
            for each in join.considered
        ),
    )


def _span_s(track: PlannedTrack, sample_rate_hz: int) -> tuple[float, float]:
    """The part of a file that is used, in its own seconds."""
    start, end = (
        seconds_from_frames(round(track.warp.source_frame(frame)), sample_rate_hz)
        for frame in (track.span.start_frame, track.span.end_frame)
    )
    return start, end
