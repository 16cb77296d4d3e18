"""Shortcuts from files to plans and mixes, and a reading of what was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from deepbass_engine.analysis.track import analyze_tracks
from deepbass_engine.mix.plan import Body, MixPlan, plan_mix
from deepbass_engine.mix.render import Rendered, render
from deepbass_engine.project import Project, tracks_of
from deepbass_engine.settings import MixSettings, OutputSettings, TransitionSpec


def plan_of(
    paths: list[Path],
    duration_s: float = 1.0,
    *,
    trim: str = "none",
    rate_hz: int | None = None,
    curve: str = "equal_power",
    seed: int = 0,
) -> MixPlan:
    """Plan of these files, analysed for real."""
    project = Project(
        tracks=tracks_of(paths),
        default=TransitionSpec(duration_s=duration_s, curve=curve, seed=seed),
        mix=MixSettings(trim=trim, sample_rate_hz=rate_hz),
    )
    return plan_mix(project, analyze_tracks(paths, trim))


def rendered_to(target: Path, plan: MixPlan, subtype: str = "FLOAT", jobs: int = 2) -> Rendered:
    """Render a plan."""
    return render(plan, target, OutputSettings(subtype=subtype, jobs=jobs))


def samples_of(path: Path, dtype: str = "float32") -> np.ndarray:
    """All samples of a file, by libsndfile in one read; shape (frames, channels)."""
    return soundfile.read(path, dtype=dtype, always_2d=True)[0]


def bodies_of(plan: MixPlan) -> list[Body]:
    """The stretches where one track is heard alone."""
    return [segment for segment in plan.segments if isinstance(segment, Body)]
