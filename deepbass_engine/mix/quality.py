"""What was measured of a transition, beside what its two tracks have of the same, and its flags.

Every measure is taken of the mix and of each track alone, in the same stretch of time, and what
counts is the `excess`: by how much the mix is worse than both. Drums are rough and a break is quiet
in any song; a transition is flagged for what it adds. The limits are
`deepbass_engine.settings.QualityLimits`, the measures `deepbass_engine.mix.measuring`'s.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from deepbass_engine.settings import QualityLimits

VERSION = "2"
"""Goes up whenever what is measured of the same audio changes."""

MEASURES = (
    "roughness", "dissonance", "loudness_dip", "loudness_jump", "bass_overlap", "kicks",
    "click", "flux", "discarded",
)  # fmt: skip
"""Names of what is measured, in the order in which it is shown."""

_REASONS = {"kicks": "beat_phase"}
"""The reason's name where it is not the measure's: kicks stand for beats until tempo is known."""


class Measure(Struct, frozen=True, kw_only=True):
    """One thing that was measured.

    Attributes
    ----------
    value, outgoing, incoming
        Of the mix, of the track that leaves and of the one that enters; in `unit`. None where a
        track has no such thing.
    excess
        How far `value` goes beyond what both tracks have, in `unit`.
    limit
        What `excess` must not pass.
    range_s
        The stretch that shows it best: begin and end, from where the transition begins.
    words
        What it means, in a sentence without its full stop.
    """

    value: float
    unit: str
    outgoing: float | None
    incoming: float | None
    excess: float
    limit: float
    range_s: tuple[float, float]
    words: str

    @property
    def badness(self) -> float:
        """The excess in limits: 0 where the mix is no worse than its tracks, 1 at the limit."""
        return max(0.0, self.excess) / self.limit if self.limit else float(self.excess > 0)

    @property
    def is_flagged(self) -> bool:
        """Whether the limit is passed."""
        return self.excess > self.limit


class Quality(Struct, frozen=True, kw_only=True):
    """All that is measured of one transition; None where there was nothing to measure.

    `beat_phase`, `key` and `true_peak` wait for tempo, key and true peak to be known of tracks.
    """

    roughness: Measure | None = None
    dissonance: Measure | None = None
    loudness_dip: Measure | None = None
    loudness_jump: Measure | None = None
    bass_overlap: Measure | None = None
    kicks: Measure | None = None
    beat_phase: None = None
    key: None = None
    click: Measure | None = None
    flux: Measure | None = None
    discarded: Measure | None = None
    true_peak: None = None

    @property
    def measures(self) -> dict[str, Measure]:
        """What was measured, by name, in the order of `MEASURES`."""
        found = {name: getattr(self, name) for name in MEASURES}
        return {name: measure for name, measure in found.items() if measure is not None}

    @property
    def flagged(self) -> dict[str, Measure]:
        """The measures that pass their limits, by their reason's name, the worst first."""
        beyond = [(n, m) for n, m in self.measures.items() if m.is_flagged]
        beyond.sort(key=lambda named: -named[1].badness)
        return {_REASONS.get(name, name): measure for name, measure in beyond}

    def under(self, limits: QualityLimits) -> Quality:
        """The same under other limits."""
        measures = {
            name: replace(measure, limit=getattr(limits, name))
            for name, measure in self.measures.items()
        }
        return replace(self, **measures)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Names of why it is flagged, the worst first; empty where it is not."""
        return tuple(self.flagged)

    @property
    def score_terms(self) -> dict[str, float]:
        """What each measure adds to the score: its `badness` squared.

        So one thing that is bad weighs more than many that are nearly good.
        """
        return {name: measure.badness**2 for name, measure in self.measures.items()}

    @property
    def score(self) -> float:
        """One number to compare transitions by: 0 is as good as the tracks, the less the better."""
        return sum(self.score_terms.values())


class Curve(Struct, frozen=True, kw_only=True):
    """A measure over time, of the mix and of each track alone.

    Attributes
    ----------
    start_s
        Time of the first value, from where the transition begins.
    hop_s
        Time from each value to the next.
    mixed, outgoing, incoming
        The values.
    """

    start_s: float
    hop_s: float
    mixed: tuple[float, ...]
    outgoing: tuple[float, ...]
    incoming: tuple[float, ...]


class Outline(Struct, frozen=True, kw_only=True):
    """Waveforms in a few hundred columns: the lowest and highest sample of each.

    Attributes
    ----------
    start_s
        Time of the first column, from where the transition begins.
    column_s
        Time that a column covers.
    mixed, outgoing, incoming
        Pairs of lowest and highest; a track has none where it was not looked at (the one that
        leaves behind the transition, the one that enters before it), and is without its fade.
    """

    start_s: float
    column_s: float
    mixed: tuple[tuple[float, float], ...]
    outgoing: tuple[tuple[float, float] | None, ...]
    incoming: tuple[tuple[float, float] | None, ...]


class MeasuredTransition(Struct, frozen=True, kw_only=True):
    """A transition's quality, and what is drawn of it."""

    quality: Quality
    roughness: Curve
    dissonance: Curve
    outline: Outline
