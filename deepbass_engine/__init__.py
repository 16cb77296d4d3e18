"""A plain engine, usable without the window, that turns a playlist into one continuous mix.

>>> from pathlib import Path
>>> import deepbass_engine as deepbass
>>> deepbass.Project(tracks=deepbass.tracks_of([Path("one.wav"), Path("two.wav")])).default.method
'simple'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepbass_engine.analysis.dissonance import dissonance as dissonance
    from deepbass_engine.analysis.roughness import timbral_roughness as timbral_roughness
    from deepbass_engine.analysis.track import TrackAnalysis as TrackAnalysis
    from deepbass_engine.analysis.track import analyze_track as analyze_track
    from deepbass_engine.analysis.track import analyze_tracks as analyze_tracks
    from deepbass_engine.audio.decode import probe as probe
    from deepbass_engine.errors import Cancelled as Cancelled
    from deepbass_engine.errors import DeepBassError as DeepBassError
    from deepbass_engine.mix.job import mix_project as mix_project
    from deepbass_engine.mix.plan import MixPlan as MixPlan
    from deepbass_engine.mix.plan import plan_mix as plan_mix
    from deepbass_engine.mix.quality import Quality as Quality
    from deepbass_engine.mix.render import render as render
    from deepbass_engine.mix.report import MixReport as MixReport
    from deepbass_engine.mix.search_job import with_better_transitions as with_better_transitions
    from deepbass_engine.playlists import collect as collect
    from deepbass_engine.progress import CancelToken as CancelToken
    from deepbass_engine.progress import Progress as Progress
    from deepbass_engine.project import Problem as Problem
    from deepbass_engine.project import Project as Project
    from deepbass_engine.project import Span as Span
    from deepbass_engine.project import Track as Track
    from deepbass_engine.project import Transition as Transition
    from deepbass_engine.project import tracks_of as tracks_of
    from deepbass_engine.settings import MixSettings as MixSettings
    from deepbass_engine.settings import OutputSettings as OutputSettings
    from deepbass_engine.settings import QualityLimits as QualityLimits
    from deepbass_engine.settings import SearchSettings as SearchSettings
    from deepbass_engine.settings import TransitionSpec as TransitionSpec
    from deepbass_engine.version import __version__ as __version__

_HOMES = {
    "analysis.dissonance": ("dissonance",),
    "analysis.roughness": ("timbral_roughness",),
    "analysis.track": ("TrackAnalysis", "analyze_track", "analyze_tracks"),
    "audio.decode": ("probe",),
    "errors": ("Cancelled", "DeepBassError"),
    "mix.job": ("mix_project",),
    "mix.plan": ("MixPlan", "plan_mix"),
    "mix.quality": ("Quality",),
    "mix.render": ("render",),
    "mix.report": ("MixReport",),
    "mix.search_job": ("with_better_transitions",),
    "playlists": ("collect",),
    "progress": ("CancelToken", "Progress"),
    "project": ("Problem", "Project", "Span", "Track", "Transition", "tracks_of"),
    "settings": (
        "MixSettings",
        "OutputSettings",
        "QualityLimits",
        "SearchSettings",
        "TransitionSpec",
    ),
    "version": ("__version__",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `deepbass --help` stays quick."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
