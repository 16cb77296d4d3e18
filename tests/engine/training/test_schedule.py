"""The learning rate is the published one, or a cosine; the averages follow as published."""

from __future__ import annotations

import pytest

from deepbass_engine.training.schedule import average_decay, learning_rate
from deepbass_engine.training.settings import TrainSettings

PUBLISHED = {
    0: 2e-4, 89_999: 2e-4, 90_000: 4e-4 / 3, 120_000: 6e-5, 150_000: 4e-5, 180_000: 2e-5,
    209_999: 2e-5, 210_000: 6e-6, 240_000: 2e-6, 1_000_000: 2e-6,
}  # fmt: skip


@pytest.mark.parametrize(("step", "rate"), PUBLISHED.items())
def test_the_published_rates(step: int, rate: float) -> None:
    assert learning_rate(TrainSettings(), step) == pytest.approx(rate)


def test_a_published_model_goes_on_at_its_step() -> None:
    assert learning_rate(TrainSettings(), 100, start_step=200_000) == pytest.approx(2e-5)


def test_a_higher_rate_raises_the_whole_schedule() -> None:
    settings = TrainSettings(learning_rate=4e-4)
    assert learning_rate(settings, 120_000) == pytest.approx(2 * 6e-5)


def test_a_cosine_rises_shortly_and_then_falls_to_a_hundredth() -> None:
    settings = TrainSettings(schedule="cosine", learning_rate=1e-3, steps=1000)
    rates = [learning_rate(settings, step) for step in range(1000)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(1e-3)
    assert 0 < top <= 50
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(1e-5, rel=0.02)


def test_a_cosine_of_one_step_is_that_step() -> None:
    settings = TrainSettings(schedule="cosine", learning_rate=1e-3, steps=1)
    assert learning_rate(settings, 0) == pytest.approx(1e-3)


def test_the_average_soon_forgets_the_first_weights_and_ends_at_the_published_pace() -> None:
    assert average_decay(0) == pytest.approx(0.1)
    assert average_decay(90) == pytest.approx(0.91)
    assert average_decay(1_000_000) == 0.9999
