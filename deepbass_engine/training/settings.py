"""Settings of preparing clips and of training, declared once: the flags are made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from deepbass_engine.errors import SettingError

if TYPE_CHECKING:
    from deepbass_engine.nsynth.config import WaveNetConfig

MODEL_RATE_HZ = 16_000
"""`deepbass_engine.nsynth.config.SAMPLE_RATE_HZ`, told here again so that help loads no NumPy."""


class PrepareSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How songs are made into clips."""

    seconds: Annotated[
        float,
        Meta(
            ge=0.032,
            le=600,
            description="length of a clip; 4 s at 16 kHz is what the published training reads",
            extra={"flag": "--seconds", "metavar": "S", "unit": "s"},
        ),
    ] = 4.0
    crop: Annotated[
        Literal["begin-end", "random", "all"],
        Meta(
            description="which clips of a song are taken, its silent ends left out: the first and "
            "the last, two from anywhere, or all, one after the other",
            extra={"flag": "--crop"},
        ),
    ] = "begin-end"
    max_duration_s: Annotated[
        float,
        Meta(
            ge=1,
            le=1_000_000,
            description="leave out files longer than this: they are mixes of many songs",
            extra={"flag": "--max-duration", "metavar": "S", "unit": "s"},
        ),
    ] = 1000.0
    rate_hz: Annotated[
        int,
        Meta(
            ge=4000,
            le=192_000,
            description="sample rate of the clips; the models here hear 16000 Hz",
            extra={"flag": "--rate", "metavar": "HZ", "unit": "Hz"},
        ),
    ] = MODEL_RATE_HZ
    n_shards: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="files that the clips to train on are dealt to",
            extra={"flag": "--shards", "metavar": "K"},
        ),
    ] = 8
    valid_share: Annotated[
        float,
        Meta(
            ge=0,
            le=0.9,
            description="share of the songs that is kept to validate on; at least one",
            extra={"flag": "--valid-share", "metavar": "X"},
        ),
    ] = 0.05


class TrainSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is trained, and how."""

    model: Annotated[
        Literal["small", "h512_bo16"],
        Meta(
            description="shape of the model: small decodes faster than it plays on a CPU, "
            "h512_bo16 is the published one; with --from, that model's own",
            extra={"flag": "--model"},
        ),
    ] = "small"
    base: Annotated[
        str,
        Meta(
            description="go on from a model: the name of an imported one, a model file, or a "
            "checkpoint; without it training begins with random weights",
            extra={"flag": "--from", "metavar": "NAME|FILE"},
        ),
    ] = ""
    steps: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000_000,
            description="steps to train in all",
            extra={"flag": "--steps", "metavar": "N"},
        ),
    ] = 200_000
    batch: Annotated[
        int,
        Meta(
            ge=1,
            le=4096,
            description="crops of audio in a step, over all devices and machines",
            extra={"flag": "--batch", "metavar": "N"},
        ),
    ] = 8
    length: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="samples in a crop, a multiple of the model's hop",
            extra={"flag": "--length", "metavar": "N"},
        ),
    ] = 6144
    precision: Annotated[
        Literal["float32", "mixed_bfloat16"],
        Meta(
            description="numbers the layers compute in; mixed_bfloat16 is faster on recent GPUs",
            extra={"flag": "--precision"},
        ),
    ] = "float32"
    schedule: Annotated[
        Literal["published", "cosine"],
        Meta(
            description="how the learning rate falls: in the published steps, which take 240,000, "
            "or along a cosine over the steps there are, after a short rise",
            extra={"flag": "--schedule"},
        ),
    ] = "published"
    learning_rate: Annotated[
        float,
        Meta(
            ge=1e-8,
            le=1,
            description="highest learning rate",
            extra={"flag": "--learning-rate", "metavar": "X"},
        ),
    ] = 2e-4
    start_step: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=10_000_000,
                description="step of the published schedule to begin at; without it the step that "
                "the model given with --from was trained to, else 0",
                extra={"flag": "--start-step", "metavar": "N"},
            ),
        ]
        | None
    ) = None
    evaluate_every: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="steps from one evaluation to the next; each validates, saves, and exports "
            "the model if it is the best so far",
            extra={"flag": "--evaluate-every", "metavar": "N"},
        ),
    ] = 1000
    report_every: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="steps from one line of figures to the next",
            extra={"flag": "--report-every", "metavar": "N"},
        ),
    ] = 50
    patience: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="evaluations without a better validation loss after which training stops; "
            "0 never stops early",
            extra={"flag": "--patience", "metavar": "N"},
        ),
    ] = 10
    examples: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            description="clips that are decoded at each evaluation and written as WAV",
            extra={"flag": "--examples", "metavar": "N"},
        ),
    ] = 2
    quieter_db: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="make each crop quieter by anything up to this, so that quiet music is "
            "learned too where the songs are all loud",
            extra={"flag": "--quieter", "metavar": "DB", "unit": "dB"},
        ),
    ] = 0.0
    seed: Annotated[
        int,
        Meta(
            ge=0,
            le=2**63 - 1,
            description="seed of the first weights and of the crops",
            extra={"flag": "--seed", "metavar": "N"},
        ),
    ] = 0

    def check_length(self, config: WaveNetConfig) -> None:
        """Raise `SettingError` if a crop is no whole number of the model's frames."""
        if self.length % config.hop:
            fitting = max(1, round(self.length / config.hop)) * config.hop
            raise SettingError(
                f"--length is {self.length}, which is no multiple of the model's hop {config.hop}",
                hint=f"give {fitting}",
            )

    def check_batch(self, n_devices: int) -> None:
        """Raise `SettingError` if a batch can't be dealt to the devices evenly."""
        if self.batch % n_devices:
            raise SettingError(
                f"--batch is {self.batch}, which can't be dealt to {n_devices} devices evenly",
                hint=f"give a multiple of {n_devices}",
            )


CHANGEABLE = ("steps", "patience", "examples", "report_every")
"""Settings that may be others when a run is gone on with."""
