"""Settings of training, declared once: the command line's flags and its help are made of them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from deepbass_engine.errors import SettingError
from deepbass_engine.nsynth.config import WaveNetConfig

CONFIGS = {
    "small": WaveNetConfig(
        encoder_width=32, encoder_layers=10, n_z=16, width=32, layers=20, skip_width=128
    ),
    "h512_bo16": WaveNetConfig(
        encoder_width=128, encoder_layers=30, n_z=16, width=512, layers=30, skip_width=256
    ),
}
"""Models to train: the one that ships with the program, and the published one."""


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
    start_step: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000_000,
            description="step of the published schedule to begin at; without it the step that the "
            "model given with --from was trained to, else 0",
            extra={"flag": "--start-step", "metavar": "N"},
        ),
    ] | None = None
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
