"""What fade curves are called, and what each does."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def curve_name(curve: str) -> str:
    """What to call a curve: its own name, and what shape that is."""
    shape = _shape_words().get(curve)
    if curve == "equal_power":
        return shape or curve
    return f"{curve} ({shape})" if shape else curve


def short_curve_name(curve: str) -> str:
    """The shortest that tells a curve from the others."""
    return curve_name(curve) if curve == "equal_power" else curve


def curve_tip(curve: str) -> str:
    """What a curve does, in a sentence."""
    translate = QCoreApplication.translate
    if curve == "equal_power":
        return translate("CurvePicker", "Keeps the level even between two unrelated tracks.")
    if curve == "nofade":
        return translate("CurvePicker", "No fade: full level through the whole transition.")
    if curve == "Random_Linear":
        return translate(
            "CurvePicker",
            "A straight line that switches between the tracks at random; the seed says how.",
        )
    if curve in ("Linear", "Sigmoid"):
        return translate("CurvePicker", "As in the first DeepBass: both end points are reached.")
    return translate("CurvePicker", "The shape that FFmpeg's afade calls “{name}”.").format(
        name=curve
    )


def _shape_words() -> dict[str, str]:
    translate = QCoreApplication.translate
    return {
        "equal_power": translate("CurvePicker", "Equal power"),
        "tri": translate("CurvePicker", "straight line"),
        "qsin": translate("CurvePicker", "quarter of a sine"),
        "hsin": translate("CurvePicker", "half a sine"),
        "esin": translate("CurvePicker", "exponential sine"),
        "log": translate("CurvePicker", "logarithm"),
        "ipar": translate("CurvePicker", "parabola, inverted"),
        "qua": translate("CurvePicker", "square"),
        "cub": translate("CurvePicker", "cube"),
        "squ": translate("CurvePicker", "square root"),
        "cbr": translate("CurvePicker", "cube root"),
        "par": translate("CurvePicker", "parabola"),
        "exp": translate("CurvePicker", "exponential"),
        "iqsin": translate("CurvePicker", "quarter of a sine, inverted"),
        "ihsin": translate("CurvePicker", "half a sine, inverted"),
        "dese": translate("CurvePicker", "seat"),
        "desi": translate("CurvePicker", "steep S"),
        "losi": translate("CurvePicker", "gentle S"),
        "sinc": translate("CurvePicker", "sine over angle"),
        "isinc": translate("CurvePicker", "sine over angle, inverted"),
        "quat": translate("CurvePicker", "fourth power"),
        "quatr": translate("CurvePicker", "fourth root"),
        "qsin2": translate("CurvePicker", "quarter of a sine, squared"),
        "hsin2": translate("CurvePicker", "half a sine, squared"),
        "nofade": translate("CurvePicker", "full level"),
        "Linear": translate("CurvePicker", "straight line, both ends"),
        "Sigmoid": translate("CurvePicker", "S, both ends"),
        "Random_Linear": translate("CurvePicker", "switches at random"),
    }
