"""Every setting is declared once, checked by its declaration, and described from it."""

from __future__ import annotations

import math

import pytest

from deepbass_engine.errors import SettingError
from deepbass_engine.settings import (
    CURVES,
    CurveNames,
    MixSettings,
    OutputSettings,
    TransitionSpec,
    checked,
    curve_pair,
    described,
    n_workers,
)

KINDS = (TransitionSpec, MixSettings, OutputSettings)


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_has_a_flag_a_help_and_a_default_it_accepts(kind):
    for setting in described(kind):
        assert setting.flag.startswith("--")
        assert setting.help
        assert checked(kind, {setting.name: setting.default}) == kind()


@pytest.mark.parametrize("kind", KINDS)
def test_every_declared_limit_is_the_last_value_accepted(kind):
    for setting in described(kind):
        for limit, beyond in ((setting.minimum, -1), (setting.maximum, 1)):
            if limit is not None:
                assert getattr(checked(kind, {setting.name: limit}), setting.name) == limit
                with pytest.raises(SettingError, match=setting.name):
                    checked(kind, {setting.name: limit + beyond})


@pytest.mark.parametrize("kind", KINDS)
def test_every_declared_choice_is_accepted_and_no_other(kind):
    for setting in described(kind):
        for choice in setting.choices:
            assert getattr(checked(kind, {setting.name: choice}), setting.name) == choice
        if setting.choices:
            with pytest.raises(SettingError, match=setting.name):
                checked(kind, {setting.name: "something else"})


def test_no_two_settings_share_a_flag():
    flags = [setting.flag for each in KINDS for setting in described(each)]
    assert len(flags) == len(set(flags))


def test_a_setting_is_described_with_its_type_range_and_unit():
    by_name = {setting.name: setting for setting in described(TransitionSpec)}
    duration = by_name["duration_s"]
    assert (duration.kind, duration.minimum, duration.maximum) == (float, 0, 600)
    assert (duration.unit, duration.default, duration.flag) == ("s", 8.0, "--duration")
    assert by_name["method"].choices == ("simple", "nsynth")
    rate = next(s for s in described(MixSettings) if s.name == "sample_rate_hz")
    assert (rate.kind, rate.default, rate.minimum) == (int, None, 8_000)


@pytest.mark.parametrize(
    ("kind", "values"),
    [(TransitionSpec, {"duration": 5}), (TransitionSpec, {"duration_s": "long"}),
     (TransitionSpec, {"duration_s": math.nan}), (TransitionSpec, {"duration_s": math.inf}),
     (TransitionSpec, {"duration_s": -1}), (TransitionSpec, {"curve": "wobbly"}),
     (TransitionSpec, {"seed": 1.5}), (MixSettings, {"sample_rate_hz": 44_100.5}),
     (OutputSettings, {"jobs": None})],
)  # fmt: skip
def test_a_wrong_name_type_or_value_is_a_setting_error(kind, values):
    with pytest.raises(SettingError) as refused:
        checked(kind, values)
    name, value = next(iter(values.items()))
    assert name in str(refused.value) or str(value) in str(refused.value)


@pytest.mark.parametrize("duration_s", [math.nan, math.inf])
def test_a_length_that_is_no_number_is_refused_however_it_is_given(duration_s):
    with pytest.raises(SettingError):
        TransitionSpec(duration_s=duration_s)


@pytest.mark.parametrize("name", CURVES)
def test_one_curve_name_serves_both_tracks(name):
    assert curve_pair(name) == CurveNames(name, name)


def test_two_curve_names_are_out_then_in():
    assert curve_pair("log:tri") == CurveNames("log", "tri")


@pytest.mark.parametrize(
    "text", ["", "wobbly", "tri:", ":tri", "tri:wobbly", "tri:qsin:tri", "TRI"]
)
def test_unknown_curves_are_refused_with_the_known_ones(text):
    with pytest.raises(SettingError, match="no fade curve named") as refused:
        curve_pair(text)
    assert "equal_power" in refused.value.hint


def test_jobs_are_themselves_and_0_means_at_least_one():
    assert [n_workers(3), n_workers(1)] == [3, 1]
    assert n_workers(0) >= 1
