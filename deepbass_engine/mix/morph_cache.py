"""What a model has decoded for a transition, kept on disk: all of it, or as far as it came.

It takes minutes to decode and a few hundred kilobytes to keep. Its name is a hash of what decides
it: the transition's two parts, the fade of their encodings, the seed, the model and what computed
it. Neither the curve nor the morph is among them: what is made of the decoded signal can be chosen
anew without decoding it again. Losing any of it costs time, never a result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis import cache
from deepbass_engine.mix import naming
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.voice import Voice
from deepbass_engine.progress import CancelToken

VERSION = "1"
"""Goes up whenever decoded samples change though nothing in their name does."""

_KIND, _PART = "morph", "morph-part"


def load(
    plan: MixPlan,
    index: int,
    voice: Voice,
    *,
    is_part: bool = False,
    cancel: CancelToken | None = None,
) -> NDArray[np.uint8] | None:
    """Classes that were kept for a transition of a plan, or None; all of them, or the first.

    Raises
    ------
    Cancelled
        If asked to stop while a file is read to be named.
    """
    name = _name(plan, index, voice, cancel)
    kept = cache.load_binary(bytes, name, _PART if is_part else _KIND) if name else None
    return None if kept is None else np.frombuffer(kept, np.uint8)


def keep(
    plan: MixPlan,
    index: int,
    voice: Voice,
    classes: NDArray[np.uint8],
    *,
    is_part: bool = False,
    cancel: CancelToken | None = None,
) -> None:
    """Keep the classes of a transition, or the first, unless a track has changed on the way."""
    name = _name(plan, index, voice, cancel)
    if name:
        cache.store_binary(classes.tobytes(), name, _PART if is_part else _KIND)


def _name(plan: MixPlan, index: int, voice: Voice, cancel: CancelToken | None) -> str | None:
    parts = naming.of_parts(plan, index, cancel)
    if parts is None:
        return None
    fade = plan.fades[index]
    settings = (fade.embedding_fade, fade.morph_pace, fade.seed)
    return naming.digest((VERSION, *parts, settings, voice.decides))
