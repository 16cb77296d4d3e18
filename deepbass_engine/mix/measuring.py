"""Measures a transition: all that `deepbass_engine.mix.quality` tells of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.mix.measures.beats import beats
from deepbass_engine.mix.measures.breaks import click, flux
from deepbass_engine.mix.measures.levels import Levels, loudness_dip, loudness_jump
from deepbass_engine.mix.measures.lows import Lows, bass_overlap, kicks
from deepbass_engine.mix.measures.signals import Signals
from deepbass_engine.mix.measures.timbre import dissonances, roughness
from deepbass_engine.mix.quality import Measure, MeasuredTransition, Outline, Quality
from deepbass_engine.mix.transition_audio import TransitionAudio
from deepbass_engine.progress import CancelToken
from deepbass_engine.settings import QualityLimits

_N_COLUMNS = 400


def measure(
    audio: TransitionAudio,
    limits: QualityLimits | None = None,
    *,
    cancel: CancelToken | None = None,
) -> MeasuredTransition:
    """Measure a transition.

    Parameters
    ----------
    audio
        The transition, and its tracks around it. Samples that are no finite numbers must have been
        made silent.
    limits
        What its measures must not pass.
    cancel
        Looked at between measures.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    limits = limits or QualityLimits()
    cancel = cancel or CancelToken()
    signals = Signals.of(audio)
    rough, rough_curve = roughness(signals, limits.roughness, cancel)
    cancel.raise_if_cancelled()
    dissonant, dissonance_curve = dissonances(signals, limits.dissonance, cancel)
    cancel.raise_if_cancelled()
    levels = Levels.of(audio)
    cancel.raise_if_cancelled()
    lows = None if audio.gains is None else Lows.of(signals, audio.gains)
    cancel.raise_if_cancelled()
    clicks = click(signals, limits.click)
    cancel.raise_if_cancelled()
    jumps = flux(signals, limits.flux)
    cancel.raise_if_cancelled()
    return MeasuredTransition(
        quality=Quality(
            roughness=rough,
            dissonance=dissonant,
            loudness_dip=loudness_dip(levels, limits.loudness_dip),
            loudness_jump=loudness_jump(levels, limits.loudness_jump),
            bass_overlap=None if lows is None else bass_overlap(lows, limits.bass_overlap),
            kicks=_together(audio, lows, limits.kicks),
            click=clicks,
            flux=jumps,
            discarded=_discarded(audio, limits.discarded),
        ),
        roughness=rough_curve,
        dissonance=dissonance_curve,
        outline=_outline(audio),
    )


def _together(audio: TransitionAudio, lows: Lows | None, limit: float) -> Measure | None:
    """How far beats fall apart; where they are not sure, kicks."""
    if lows is None:
        return None
    if audio.beats_s is not None:
        return beats(audio.beats_s, audio.n_frames / audio.sample_rate_hz, limit)
    return kicks(lows, limit)


def _discarded(audio: TransitionAudio, limit: float) -> Measure:
    """Music that is left out."""
    leaving_s, entering_s = audio.discarded_s
    places = [
        f"{seconds:.1f} s at {where}"
        for seconds, where in (
            (leaving_s, "the end of the first track"),
            (entering_s, "the beginning of the second"),
        )
        if seconds >= 0.05
    ]
    return Measure(
        value=leaving_s + entering_s,
        unit="s",
        outgoing=leaving_s,
        incoming=entering_s,
        excess=leaving_s + entering_s,
        limit=limit,
        range_s=(0.0, audio.n_frames / audio.sample_rate_hz),
        words=f"music is left out: {' and '.join(places)}" if places else "no music is left out",
    )


def _outline(audio: TransitionAudio) -> Outline:
    """Waveforms in columns, over all that is looked at."""
    n_all = len(audio.outgoing) + len(audio.incoming) - audio.n_frames
    column_frames = max(1, -(-n_all // _N_COLUMNS))
    n_columns = -(-n_all // column_frames)
    outgoing = _columns(audio.outgoing, 0, column_frames, n_columns)
    incoming = _columns(audio.incoming, audio.n_before, column_frames, n_columns)
    mixed = _columns(audio.heard, 0, column_frames, n_columns)
    return Outline(
        start_s=-audio.n_before / audio.sample_rate_hz,
        column_s=column_frames / audio.sample_rate_hz,
        mixed=tuple(column or (0.0, 0.0) for column in mixed),
        outgoing=outgoing,
        incoming=incoming,
    )


def _columns(
    samples: NDArray[np.float32], first_frame: int, column_frames: int, n_columns: int
) -> tuple[tuple[float, float] | None, ...]:
    """Lowest and highest sample of every column; None of those it does not reach into."""
    if not len(samples):
        return (None,) * n_columns
    first, last = (f // column_frames for f in (first_frame, first_frame + len(samples) - 1))
    starts = np.maximum(0, np.arange(first, last + 1) * column_frames - first_frame)
    flat, places = samples.reshape(-1), starts * samples.shape[1]
    lows = np.minimum.reduceat(flat, places).tolist()
    highs = np.maximum.reduceat(flat, places).tolist()
    there = [(round(low, 4), round(high, 4)) for low, high in zip(lows, highs, strict=True)]
    return (*(None,) * first, *there, *(None,) * (n_columns - 1 - last))
