"""Every setting, declared once: its type, range, unit, default and help.

The command line's flags, the settings dialog, the project file and the documentation are all made
from these declarations. A setting's name on the command line and its unit stand in
``Meta.extra``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from deepbass_engine.errors import SettingError

CURVES = (
    "equal_power", "tri", "qsin", "hsin", "esin", "log", "ipar", "qua", "cub", "squ", "cbr",
    "par", "exp", "iqsin", "ihsin", "dese", "desi", "losi", "sinc", "isinc", "quat", "quatr",
    "qsin2", "hsin2", "nofade", "Linear", "Sigmoid", "Random_Linear",
)  # fmt: skip
"""Names of the fade curves; `deepbass_engine.fades.curves` has the formula of each."""

LOWEST_RATE_HZ = 8_000
HIGHEST_RATE_HZ = 192_000
HIGHEST_DEFAULT_RATE_HZ = 48_000

USUAL_TARGET_LUFS = -14.0
"""What most players of music on demand bring it to."""
CEILING_DBTP = -1.0
"""True peak that tracks and transitions keep to where loudness is matched."""

Method = Annotated[
    Literal["simple", "nsynth"],
    Meta(
        description="how the two tracks are joined: simple is a crossfade; nsynth lets a neural "
        "model turn one into the other, which takes its time",
        extra={"flag": "--method"},
    ),
]
CurvePair = Annotated[
    str,
    Meta(
        description="fade curve, or two as OUT:IN; one of " + ", ".join(CURVES),
        extra={"flag": "--curve", "metavar": "NAME|OUT:IN"},
    ),
]
DurationS = Annotated[
    float,
    Meta(
        ge=0,
        le=600,
        description="length of each transition in seconds; 0 is a hard cut (on the beat it is "
        "found from the music)",
        extra={"flag": "--duration", "metavar": "S", "unit": "s"},
    ),
]
Seed = Annotated[
    int,
    Meta(
        ge=0,
        le=2**63 - 1,
        description="seed of everything random; the same seed gives the same mix",
        extra={"flag": "--seed", "metavar": "N"},
    ),
]
Morph = Annotated[
    Literal["hybrid", "raw"],
    Meta(
        description="what is heard of the model's sound in an nsynth transition: hybrid keeps the "
        "tracks' own highs and stereo picture around it, raw is that sound alone (16 kHz mono)",
        extra={"flag": "--morph"},
    ),
]
EmbeddingFade = Annotated[
    Literal["LinearFade", "HannFade", "EqualPowerFade", "Extend"],
    Meta(
        description="how an nsynth transition goes from one track's encoding to the other's",
        extra={"flag": "--embedding-fade"},
    ),
]
MorphPace = Annotated[
    Literal["curve", "even"],
    Meta(
        description="pace of an nsynth transition: that of its embedding fade's curve, or even "
        "steps along the way from one sound to the other",
        extra={"flag": "--morph-pace"},
    ),
]
Style = Annotated[
    Literal["plain", "auto"],
    Meta(
        description="how a simple transition is made: plain as long and by the curve as chosen, at "
        "the very ends of the tracks; auto on the beat where both tracks keep one, by bars, one "
        "bass line at a time, and plain where it can't",
        extra={"flag": "--style"},
    ),
]
Bars = Annotated[
    int,
    Meta(
        ge=0,
        le=64,
        description="length of a transition on the beat, in bars of the track that leaves; 0 takes "
        "as many as go together best",
        extra={"flag": "--bars", "metavar": "N", "unit": "bars"},
    ),
]
TargetLufs = Annotated[
    float,
    Meta(
        ge=-40,
        le=0,
        description="loudness that every track is brought to, in LUFS, as far as its peaks allow; "
        "0 leaves each as loud as it is",
        extra={"flag": "--loudness", "metavar": "LUFS", "unit": "LUFS"},
    ),
]
Trim = Annotated[
    Literal["loudness", "rms", "none"],
    Meta(
        description="how silence at the ends of tracks is found and left out: by momentary "
        "loudness against the track's own, by the original program's RMS rule, or not at all",
        extra={"flag": "--trim"},
    ),
]
SampleRateHz = Annotated[
    int,
    Meta(
        ge=LOWEST_RATE_HZ,
        le=HIGHEST_RATE_HZ,
        description="sample rate of the mix in Hz; without it the highest among the tracks, at "
        f"most {HIGHEST_DEFAULT_RATE_HZ}",
        extra={"flag": "--rate", "metavar": "HZ", "unit": "Hz"},
    ),
]
ModelName = Annotated[
    str,
    Meta(
        description="model of nsynth transitions: its name, or a model file; without it the one "
        "that was imported last, else the one that comes with DeepBass",
        extra={"flag": "--model", "metavar": "NAME|FILE"},
    ),
]
Subtype = Annotated[
    Literal["PCM_16", "PCM_24", "FLOAT"],
    Meta(
        description="sample format of the output; 16 bit is dithered where it has to round",
        extra={"flag": "--subtype"},
    ),
]
Jobs = Annotated[
    int,
    Meta(
        ge=0,
        le=256,
        description="tracks worked on at once; 0 takes one for each core. The mix is the same "
        "for any number",
        extra={"flag": "--jobs", "metavar": "N"},
    ),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda"],
    Meta(
        description="what computes nsynth transitions; auto takes a GPU where there is one",
        extra={"flag": "--device"},
    ),
]
Precision = Annotated[
    Literal["auto", "float32", "float16", "int8"],
    Meta(
        description="numbers that nsynth transitions are computed in; auto takes the device's own",
        extra={"flag": "--precision"},
    ),
]


class TransitionSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How two neighbours are joined, complete; a project has one as its default."""

    method: Method = "simple"
    curve: CurvePair = "equal_power"
    duration_s: DurationS = 8.0
    seed: Seed = 0
    morph: Morph = "hybrid"
    embedding_fade: EmbeddingFade = "LinearFade"
    morph_pace: MorphPace = "curve"
    style: Style = "plain"
    bars: Bars = 0

    def __post_init__(self) -> None:
        curve_pair(self.curve)
        if not math.isfinite(self.duration_s):
            raise SettingError(f"duration_s is {self.duration_s}", hint="give a length in seconds")


class MixSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for the whole mix and is saved with a project."""

    trim: Trim = "loudness"
    sample_rate_hz: SampleRateHz | None = None
    model: ModelName = ""
    target_lufs: TargetLufs = 0.0


def _limit(unit: str, name: str, description: str) -> Meta:
    """The declaration of one limit of `QualityLimits`."""
    return Meta(
        ge=0,
        le=1000,
        description=f"flag a transition beyond this, in {unit}: {description}",
        extra={"flag": f"--limit-{name}", "metavar": "X", "unit": unit},
    )


class QualityLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much worse than both of its tracks a transition may be before it is flagged.

    docs/quality.md says what each measures, and how many of 200 transitions between real tracks
    these defaults flag.
    """

    roughness: Annotated[
        float, _limit("points", "roughness", "timbral roughness above that of the rougher track")
    ] = 6.0
    dissonance: Annotated[
        float,
        _limit("%", "dissonance", "Sethares dissonance above that of the more dissonant track"),
    ] = 60.0
    loudness_dip: Annotated[
        float, _limit("LU", "loudness-dip", "momentary loudness below that of the quieter track")
    ] = 2.0
    loudness_jump: Annotated[
        float,
        _limit(
            "LU",
            "loudness-jump",
            "step in loudness from track to track, or loudness above that of the louder one",
        ),
    ] = 5.0
    bass_overlap: Annotated[
        float, _limit("s", "bass-overlap", "time in which both tracks' bass lines are heard")
    ] = 3.0
    kicks: Annotated[
        float, _limit("ms", "kicks", "how far the two tracks' kicks may fall apart")
    ] = 40.0
    click: Annotated[
        float, _limit("dB", "click", "a click's height above what either track has of its own")
    ] = 12.0
    flux: Annotated[
        float, _limit("%", "flux", "sudden change of the spectrum above what either track has")
    ] = 35.0
    discarded: Annotated[
        float, _limit("s", "discarded", "music of both tracks that is left out at the transition")
    ] = 12.0


class OutputSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a mix is written; belongs to one export, not to the project."""

    subtype: Subtype = "PCM_24"
    jobs: Jobs = 0
    device: Device = "auto"
    precision: Precision = "auto"


class SearchSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a search for better transitions goes."""

    n_candidates: Annotated[
        int,
        Meta(
            ge=2,
            le=200,
            description="look for a better setting of each transition: of so many (2 to 200) "
            "lengths, places and curves, the present ones among them, the one that measures best "
            "is taken",
            extra={"flag": "--search", "metavar": "N"},
        ),
    ] = 24
    methods: tuple[Method, ...] = ()
    """Which methods are tried; without any, the one that each transition has."""


S = TypeVar("S", bound=Struct)


def checked(kind: type[S], values: Mapping[str, object]) -> S:
    """Build a settings struct from plain values.

    Raises
    ------
    SettingError
        If a name is unknown or a value is of the wrong type or out of range.
    """
    try:
        return msgspec.convert(dict(values), kind)
    except msgspec.ValidationError as error:
        raise SettingError(str(error), hint=f"see the ranges of {kind.__name__}") from error


def curve_pair(text: str) -> CurveNames:
    """Split ``NAME`` or ``OUT:IN`` into two known curve names.

    Raises
    ------
    SettingError
        If a name is not in `CURVES`.
    """
    out_name, _, in_name = text.partition(":")
    pair = CurveNames(out_name, in_name if ":" in text else out_name)
    for name in (pair.fade_out, pair.fade_in):
        if name not in CURVES:
            raise SettingError(
                f"there is no fade curve named {name!r}", hint="known curves: " + ", ".join(CURVES)
            )
    return pair


def n_workers(jobs: int) -> int:
    """Threads for a number of jobs: itself, or for 0 one for each core."""
    return jobs or os.cpu_count() or 1


class CurveNames(Struct, frozen=True):
    """The curve of the track that leaves and of the one that enters."""

    fade_out: str
    fade_in: str


def described(kind: type[Struct]) -> list[Setting]:
    """The settings of a struct in declared order, for flags, dialogs and documentation."""
    return [_setting(field) for field in msgspec.structs.fields(kind)]


class Setting(Struct, frozen=True, kw_only=True):
    """One declared setting, as an interface needs it."""

    name: str
    kind: type
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    flag: str = ""
    metavar: str = ""
    unit: str = ""


def _setting(field: msgspec.structs.FieldInfo) -> Setting:
    """Read one field's declaration; ``X | None`` is described by its X."""
    annotated = field.type
    if not hasattr(annotated, "__metadata__"):
        annotated = next(a for a in get_args(annotated) if hasattr(a, "__metadata__"))
    meta: Meta = annotated.__metadata__[0]
    base = get_args(annotated)[0]
    choices = tuple(get_args(base))
    extra = meta.extra or {}
    return Setting(
        name=field.name,
        kind=str if choices else base,
        default=field.default,
        help=meta.description or "",
        choices=choices,
        minimum=meta.ge,
        maximum=meta.le,
        flag=extra.get("flag", ""),
        metavar=extra.get("metavar", ""),
        unit=extra.get("unit", ""),
    )
