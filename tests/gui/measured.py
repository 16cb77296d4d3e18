"""Measures made by hand, for those who show them."""

from __future__ import annotations

from deepbass_engine.mix.quality import Curve, Measure, MeasuredTransition, Outline, Quality


def measure(
    excess: float = 0.0,
    limit: float = 1.0,
    range_s: tuple[float, float] = (0.2, 0.6),
    words: str = "the two bass lines sound at once from 0:00.2 to 0:00.6",
    unit: str = "s",
) -> Measure:
    """One measure; flagged where its excess passes its limit."""
    return Measure(
        value=10.0 + excess,
        unit=unit,
        outgoing=10.0,
        incoming=9.0,
        excess=excess,
        limit=limit,
        range_s=range_s,
        words=words,
    )


def curve(mixed: tuple[float, ...] = (), hop_s: float = 0.1, start_s: float = 0.0) -> Curve:
    """A curve of the mix, over tracks that have nothing."""
    nothing = (0.0,) * len(mixed)
    return Curve(start_s=start_s, hop_s=hop_s, mixed=mixed, outgoing=nothing, incoming=nothing)


def measured(
    *, rough_curve: Curve | None = None, clash_curve: Curve | None = None, **measures: Measure
) -> MeasuredTransition:
    """A transition of which this was measured."""
    return MeasuredTransition(
        quality=Quality(**measures),
        roughness=rough_curve or curve(),
        dissonance=clash_curve or curve(),
        outline=Outline(start_s=0.0, column_s=1.0, mixed=(), outgoing=(), incoming=()),
    )
