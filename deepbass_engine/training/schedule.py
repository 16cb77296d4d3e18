"""Learning rate of each step, and how fast the averaged weights follow."""

from __future__ import annotations

import math

from deepbass_engine.training.settings import TrainSettings

PUBLISHED_PEAK = 2e-4
_PUBLISHED = (
    (0, 2e-4),
    (90_000, 4e-4 / 3),
    (120_000, 6e-5),
    (150_000, 4e-5),
    (180_000, 2e-5),
    (210_000, 6e-6),
    (240_000, 2e-6),
)
_RISE_SHARE, _LONGEST_RISE, _END_SHARE = 0.05, 1000, 0.01
_AVERAGE_DECAY = 0.9999


def learning_rate(settings: TrainSettings, step: int, start_step: int = 0) -> float:
    """Learning rate of a step.

    Parameters
    ----------
    settings
        Schedule, highest rate and number of steps.
    step
        Counted from 0 in this training.
    start_step
        Step of the published schedule at which it began.

    Examples
    --------
    >>> learning_rate(TrainSettings(), 0), learning_rate(TrainSettings(), 5, 180_000)
    (0.0002, 2e-05)
    """
    peak = settings.learning_rate
    if settings.schedule == "published":
        at = step + start_step
        return peak * next(r for s, r in reversed(_PUBLISHED) if at >= s) / PUBLISHED_PEAK
    n_rise = min(_LONGEST_RISE, max(1, round(_RISE_SHARE * settings.steps)))
    if step < n_rise:
        return peak * (step + 1) / n_rise
    done = min(1.0, (step - n_rise) / max(1, settings.steps - n_rise))
    return peak * (_END_SHARE + (1 - _END_SHARE) * 0.5 * (1 + math.cos(math.pi * done)))


def average_decay(step: int) -> float:
    """What the averaged weights keep of themselves in a step, counted from 0 in this training.

    The published 0.9999, reached by way of (1 + step) / (10 + step) as there, so that the first
    weights are soon forgotten. A model that is gone on from counts as a first one: with the
    published count its average would hardly move in a short training.
    """
    return min(_AVERAGE_DECAY, (1 + step) / (10 + step))
