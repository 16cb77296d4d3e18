"""What settings and their choices are called, and what a choice is like, in plain words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from deepbass_engine.settings import Setting
from deepbass_gui.quality_words import measure_title


def setting_title(setting: Setting) -> str:
    """What to call a setting: its name without the unit."""
    known = {
        "duration_s": QCoreApplication.translate("SettingForm", "Length"),
        "sample_rate_hz": QCoreApplication.translate("SettingForm", "Sample rate"),
        "subtype": QCoreApplication.translate("SettingForm", "Sample format"),
        "trim": QCoreApplication.translate("SettingForm", "Silence at the ends"),
        "jobs": QCoreApplication.translate("SettingForm", "Tracks at once"),
        "scheme": QCoreApplication.translate("SettingForm", "Colours"),
        "pre_roll_s": QCoreApplication.translate("SettingForm", "Listen before"),
        "post_roll_s": QCoreApplication.translate("SettingForm", "Listen after"),
        "morph": QCoreApplication.translate("SettingForm", "NSynth: sound"),
        "embedding_fade": QCoreApplication.translate("SettingForm", "NSynth: way across"),
        "morph_pace": QCoreApplication.translate("SettingForm", "NSynth: pace"),
        "model": QCoreApplication.translate("SettingForm", "NSynth model"),
        "device": QCoreApplication.translate("SettingForm", "NSynth computes on"),
        "precision": QCoreApplication.translate("SettingForm", "NSynth precision"),
    }
    name = setting.name
    if title := measure_title(name):
        return title
    plain = name.removesuffix(f"_{setting.unit.lower()}") if setting.unit else name
    return known.get(name) or plain.replace("_", " ").capitalize()


def choice_words(name: str, choice: str) -> str:
    """What to call a choice of a setting."""
    translate = QCoreApplication.translate
    known = {
        ("subtype", "PCM_16"): translate("SettingForm", "16 bit"),
        ("subtype", "PCM_24"): translate("SettingForm", "24 bit"),
        ("subtype", "FLOAT"): translate("SettingForm", "32 bit float"),
        ("trim", "loudness"): translate("SettingForm", "Leave out, found by loudness"),
        ("trim", "rms"): translate("SettingForm", "Leave out, found by RMS"),
        ("trim", "none"): translate("SettingForm", "Keep"),
        ("scheme", "system"): translate("SettingForm", "As the system"),
        ("method", "auto"): translate("SettingForm", "On the beat"),
        ("method", "nsynth"): translate("SettingForm", "NSynth morph"),
        ("morph", "hybrid"): translate("SettingForm", "Hybrid, full range"),
        ("morph", "raw"): translate("SettingForm", "Raw, 16 kHz mono"),
        ("embedding_fade", "LinearFade"): translate("SettingForm", "Linear"),
        ("embedding_fade", "HannFade"): translate("SettingForm", "Hann, slow at the ends"),
        ("embedding_fade", "EqualPowerFade"): translate("SettingForm", "Equal power, livelier"),
        ("embedding_fade", "Extend"): translate("SettingForm", "Extend, three passes"),
        ("morph_pace", "curve"): translate("SettingForm", "As the way across"),
        ("morph_pace", "even"): translate("SettingForm", "Even"),
        ("device", "auto"): translate("SettingForm", "Automatic"),
        ("device", "cpu"): translate("SettingForm", "CPU"),
        ("device", "cuda"): translate("SettingForm", "GPU (CUDA)"),
        ("precision", "auto"): translate("SettingForm", "Automatic"),
        ("precision", "float32"): translate("SettingForm", "float32, exact"),
        ("precision", "float16"): translate("SettingForm", "float16"),
        ("precision", "int8"): translate("SettingForm", "int8, fastest, coarser"),
    }
    return known.get((name, choice)) or choice.replace("_", " ").capitalize()


def choice_tip(name: str, choice: str) -> str:
    """What a choice of a setting is like; empty where its words say all."""
    translate = QCoreApplication.translate
    known = {
        ("method", "auto"): translate(
            "SettingForm",
            "A crossfade by bars, both tracks at one tempo, one bass line at a time.\n"
            "Where a track keeps no steady beat, or the tempi are far apart: a simple one.",
        ),
        ("method", "simple"): translate(
            "SettingForm", "A crossfade: one track goes down as the other comes up. At once."
        ),
        ("method", "nsynth"): translate(
            "SettingForm",
            "One track turns into the other: a neural model sings a sound that is first the one, "
            "then the other.\nIt is to be rendered; until then the plain crossfade is heard.",
        ),
        ("morph", "hybrid"): translate(
            "SettingForm",
            "The model's sound in the middle; highs and stereo picture are the tracks' own.",
        ),
        ("morph", "raw"): translate(
            "SettingForm", "The model's sound alone: 16 kHz, mono, grainy, as in 2017."
        ),
        ("embedding_fade", "LinearFade"): translate(
            "SettingForm", "In a straight line from one sound to the other."
        ),
        ("embedding_fade", "HannFade"): translate(
            "SettingForm", "Stays with each track at its end, crosses quickly in the middle."
        ),
        ("embedding_fade", "EqualPowerFade"): translate(
            "SettingForm", "In the middle more of both is kept than on the straight line."
        ),
        ("embedding_fade", "Extend"): translate(
            "SettingForm",
            "The same passage three times, each time with less of the leaving track.",
        ),
        ("morph_pace", "curve"): translate(
            "SettingForm", "As fast as the way across says, whatever the sounds do."
        ),
        ("morph_pace", "even"): translate(
            "SettingForm",
            "Slower where the two sounds lie far apart, quicker where they are alike.",
        ),
    }
    return known.get((name, choice), "")
