"""What a mix is made of: tracks, the way each pair is joined, and what went wrong on the way.

Everything here is frozen; an edit makes a new value, which is what makes undo simple.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from deepbass_engine.errors import DeepBassError, ProjectFileError
from deepbass_engine.settings import (
    USUAL_TARGET_LUFS,
    Bars,
    CurvePair,
    DurationS,
    EmbeddingFade,
    Method,
    MixSettings,
    Morph,
    MorphPace,
    QualityLimits,
    Seed,
    Style,
    TransitionSpec,
    curve_pair,
)


class Span(Struct, frozen=True, forbid_unknown_fields=True):
    """A half-open range of frames, ``[start_frame, end_frame)``."""

    start_frame: int
    end_frame: int

    @property
    def n_frames(self) -> int:
        """Length in frames."""
        return self.end_frame - self.start_frame


class Problem(Struct, frozen=True):
    """Something that was left out, where, and what to do about it."""

    path: Path | None
    line: int | None
    what: str
    hint: str

    @classmethod
    def from_error(cls, error: DeepBassError, path: Path | None = None) -> Problem:
        """The error as a row of a report; `path` is used where the error names none."""
        return cls(error.path or path, error.line, error.what, error.hint)

    def __str__(self) -> str:
        return str(DeepBassError(self.what, path=self.path, line=self.line, hint=self.hint))


class GivenBeats(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evenly spaced beats of a track, as a person or another program has them.

    Attributes
    ----------
    tempo_bpm
        Beats a minute.
    first_beat_s
        Time in the file of the first beat.
    first_downbeat
        Which of the first four beats begins a bar.
    is_rough
        Whether they are moved to what is heard where both nearly agree: other programs begin some
        files a few hundredths of a second elsewhere.
    """

    tempo_bpm: Annotated[float, Meta(ge=20.0, le=400.0)]
    first_beat_s: Annotated[float, Meta(ge=0.0, le=10.0)]
    first_downbeat: Annotated[int, Meta(ge=0, le=3)] = 0
    is_rough: bool = False


class Given(Struct, frozen=True, kw_only=True):
    """What a DJ library knows of a track: its beats, and its key in words, as far as it has any."""

    beats: GivenBeats | None = None
    key: str = ""


class Track(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of a playlist.

    Attributes
    ----------
    path
        Absolute path of the audio file.
    id
        Names this row within its project, so that the same file may stand in it twice and a
        transition keeps its pair when rows move.
    content_hash
        Hash of the file's bytes when the project was saved, or empty.
    span
        The part to play, in the file's own frames, where a person has chosen it.
    beats
        Its beats where those that are found are not to be used.
    key
        Its key, such as "Am" or "8A", where that which is found is not to be used; or empty.
    is_pinned
        Whether it keeps its place when the playlist is put in an order.
    """

    path: Path
    id: str
    content_hash: str = ""
    span: Span | None = None
    beats: GivenBeats | None = None
    key: str = ""
    is_pinned: bool = False


MEASURED = "the style auto: "
"""How `because` begins where measuring chose; such a choice may be measured anew."""
_MEASURED_BEFORE = MEASURED + "measured best before something else was changed"


class Transition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one pair of neighbours does differently from the project's default.

    It holds while the two tracks stand next to each other. None means the default.

    Attributes
    ----------
    because
        Why a search, or measuring, chose this; empty where a person did.
    """

    out_track: str
    in_track: str
    method: Method | None = None
    curve: CurvePair | None = None
    duration_s: DurationS | None = None
    seed: Seed | None = None
    morph: Morph | None = None
    embedding_fade: EmbeddingFade | None = None
    morph_pace: MorphPace | None = None
    style: Style | None = None
    bars: Bars | None = None
    because: str = ""

    def __post_init__(self) -> None:
        if self.curve is not None:
            curve_pair(self.curve)

    @property
    def is_measured(self) -> bool:
        """Whether measuring chose it, and no person."""
        return self.because.startswith(MEASURED)

    def over(self, default: TransitionSpec) -> TransitionSpec:
        """The default with this pair's own choices laid over it."""
        own = {
            name: value
            for name in TransitionSpec.__struct_fields__
            if (value := getattr(self, name)) is not None
        }
        return msgspec.structs.replace(default, **own)


class Project(Struct, frozen=True, kw_only=True):
    """A playlist and how it is to be mixed.

    Raises
    ------
    ProjectFileError
        If two tracks have one id, or a pair has two transitions.
    """

    tracks: tuple[Track, ...] = ()
    default: TransitionSpec = TransitionSpec()
    mix: MixSettings = MixSettings()
    limits: QualityLimits = QualityLimits()
    transitions: tuple[Transition, ...] = ()

    def __post_init__(self) -> None:
        ids = Counter(track.id for track in self.tracks)
        pairs = Counter(f"{t.out_track} > {t.in_track}" for t in self.transitions)
        for what, counts in (("track id", ids), ("transition", pairs)):
            for key, count in counts.items():
                if count > 1:
                    raise ProjectFileError(f"the {what} {key!r} stands in the project twice")

    def own(self, out_track: str, in_track: str) -> Transition:
        """What the pair with these track ids has of its own."""
        for transition in self.transitions:
            if (transition.out_track, transition.in_track) == (out_track, in_track):
                return transition
        return Transition(out_track=out_track, in_track=in_track)

    def without_reasons(self, track: str | None = None) -> Project:
        """The same without why a search chose what it chose: something it rests on has changed.

        Parameters
        ----------
        track
            Only of the transitions from and to the track of this id.
        """

        def cleared(t: Transition) -> Transition:
            if track not in (None, t.out_track, t.in_track):
                return t
            because = _MEASURED_BEFORE if t.is_measured else ""
            return msgspec.structs.replace(t, because=because)

        kept = tuple(
            t
            for t in map(cleared, self.transitions)
            if t != Transition(out_track=t.out_track, in_track=t.in_track)
        )
        return msgspec.structs.replace(self, transitions=kept)

    @property
    def needs_music(self) -> bool:
        """Whether mixing it takes more of its tracks to be known than their audible parts."""
        styles = {self.default.style, *(t.style for t in self.transitions)}
        return "auto" in styles or self.mix.target_lufs != 0.0

    def spec(self, out_track: str, in_track: str) -> TransitionSpec:
        """How the pair with these track ids is joined."""
        return self.own(out_track, in_track).over(self.default)


def usual_project() -> Project:
    """An empty project as a person begins one: on the beat where that can be, evenly loud."""
    return Project(
        default=TransitionSpec(style="auto"), mix=MixSettings(target_lufs=USUAL_TARGET_LUFS)
    )


def tracks_of(paths: Iterable[Path], given: Iterable[Given] = ()) -> tuple[Track, ...]:
    """Rows for files given on a command line, with ids that are the same at every run.

    Parameters
    ----------
    paths
        The files.
    given
        What is known of each of them, as far as anything is.
    """
    known = zip(paths, chain(given, repeat(Given())), strict=False)
    return tuple(
        Track(path=path, id=f"track-{number}", beats=each.beats, key=each.key)
        for number, (path, each) in enumerate(known, start=1)
    )
