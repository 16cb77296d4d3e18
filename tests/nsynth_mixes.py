"""A small model that is installed, plans whose transitions it speaks, and a count of its work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nsynth_models import random_weights, small_config

from deepbass_engine.analysis.track import analyze_tracks
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.voice import Voice, voice_for
from deepbass_engine.nsynth import models, weights
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.backends import Choice
from deepbass_engine.nsynth.decoding import Decoder, Decoding
from deepbass_engine.project import Project, Transition, tracks_of
from deepbass_engine.settings import MixSettings, OutputSettings, TransitionSpec

EXACT = {"device": "cpu", "precision": "float32"}
"""What is decoded the same on every machine that the tests run on."""


@pytest.fixture
def model_name(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    """A small model that is the only one installed."""
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    install("tiny", seed=1)
    return "tiny"


class CountedDecoder:
    """A model's own decoder, and how many streams each batch has that it begins."""

    def __init__(self, decoder: Decoder, begun: list[int]) -> None:
        self._decoder, self._begun = decoder, begun

    def start(self, encodings: np.ndarray) -> Decoding:
        self._begun.append(len(encodings))
        return self._decoder.start(encodings)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many streams each batch has that is begun to be decoded."""
    begun: list[int] = []
    decoder = Autoencoder.decoder

    def counted(self: Autoencoder, choice: Choice) -> CountedDecoder:
        return CountedDecoder(decoder(self, choice), begun)

    monkeypatch.setattr(Autoencoder, "decoder", counted)
    return begun


def install(name: str, seed: int) -> None:
    """Install a small model."""
    config = small_config()
    models.folder().mkdir(parents=True, exist_ok=True)
    path = models.folder() / f"{name}{weights.SUFFIX}"
    weights.save(path, config, random_weights(config, seed), origin="a test")


def nsynth_project(
    paths: list[Path],
    durations_s: list[float],
    *,
    model: str = "",
    rate_hz: int | None = None,
    methods: list[str] | None = None,
    **spec: object,
) -> Project:
    """Project with an NSynth transition of each length; `methods` makes some others of them."""
    tracks = tracks_of(paths)
    transitions = tuple(
        Transition(out_track=left.id, in_track=right.id, duration_s=length, method=method)
        for left, right, length, method in zip(
            tracks, tracks[1:], durations_s, methods or [None] * len(durations_s), strict=False
        )
    )
    return Project(
        tracks=tracks,
        default=TransitionSpec(method="nsynth", **spec),
        mix=MixSettings(trim="none", sample_rate_hz=rate_hz, model=model),
        transitions=transitions,
    )


def nsynth_plan(paths: list[Path], durations_s: list[float], **settings: object) -> MixPlan:
    """Plan of an `nsynth_project`, analysed for real."""
    return plan_mix(nsynth_project(paths, durations_s, **settings), analyze_tracks(paths, "none"))


def voice_of(plan: MixPlan) -> Voice:
    """What speaks a plan, exactly."""
    return voice_for(plan.model, **EXACT)


def exact_output(subtype: str = "FLOAT", jobs: int = 2) -> OutputSettings:
    """How a mix is written that is spoken exactly."""
    return OutputSettings(subtype=subtype, jobs=jobs, **EXACT)
