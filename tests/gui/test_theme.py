"""The look: what is read can be read, in both schemes, and icons follow the scheme."""

from dataclasses import fields
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QPushButton

from deepbass_engine import resources
from deepbass_gui import theme

ICONS = sorted(path.stem for path in resources.path("icons").glob("*.svg"))


@pytest.fixture(autouse=True)
def dark_afterwards(qapp):
    theme.apply(qapp, "system")
    yield
    theme.apply(qapp, "system")


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2.2: contrast ratio of two colours."""

    def luminance(color: QColor) -> float:
        parts = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (color.redF(), color.greenF(), color.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_on_white_is_twenty_one():
    assert contrast(QColor("#000"), QColor("#fff")) == pytest.approx(21)


@pytest.mark.parametrize("colors", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_text_has_a_contrast_of_four_and_a_half(colors):
    mixed = theme.blends(colors)
    pairs = [
        (ink, ground)
        for ink in ("text", "secondary", "accent")
        for ground in ("background", "panel")
    ]
    pairs += [("text", "hover"), ("secondary", "hover")]
    ratios = {f"{a} on {b}": contrast(getattr(colors, a), getattr(colors, b)) for a, b in pairs}
    for ground in ("selection", "progress"):
        ratios[f"text on {ground}"] = contrast(colors.text, mixed[ground])
    for ground in ("accent_hover", "accent_pressed"):
        ratios[f"on_accent on {ground}"] = contrast(colors.on_accent, mixed[ground])
    ratios["on_accent on accent"] = contrast(colors.on_accent, colors.accent)
    assert {what: round(r, 2) for what, r in ratios.items() if r < 4.5} == {}


@pytest.mark.parametrize("colors", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_marks_have_a_contrast_of_three(colors):
    marks = ("accent", "outgoing", "incoming", "ok", "flagged", "error", "edge", "disabled")
    low = {
        f"{mark} on {ground}": round(ratio, 2)
        for mark in marks
        for ground in ("background", "panel")
        if (ratio := contrast(getattr(colors, mark), getattr(colors, ground))) < 3
    }
    assert low == {}
    assert contrast(QColor("#7f8894"), colors.panel) >= 3  # the arrows of resources/style


@pytest.mark.parametrize("name", ICONS)
def test_every_icon_has_ink_at_every_pixel_ratio(qapp, name):
    for ratio in (1.0, 1.5, 2.0):
        pixmap = theme.icon(name).pixmap(QSize(24, 24), ratio)
        image = pixmap.toImage()
        ink = [
            image.pixelColor(x, y)
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() > 150
        ]
        assert image.width() == round(24 * ratio)
        assert pixmap.devicePixelRatio() == ratio
        assert ink
        text = theme.DARK.text.getRgb()[:3]  # but for the rounding of what is half transparent
        assert all(
            abs(a - b) <= 2 for color in ink for a, b in zip(color.getRgb()[:3], text, strict=True)
        )


def test_every_icon_is_a_line_in_the_current_colour():
    files = {path.stem: path.read_text() for path in resources.path("icons").glob("*.svg")}
    assert len(files) >= 43
    assert all('stroke="currentColor"' in svg for svg in files.values())
    assert all('stroke-width="1.5"' in svg for svg in files.values())


def test_an_unknown_icon_or_colour_is_refused(qapp):
    with pytest.raises(ValueError, match="no icon named 'plya'"):
        theme.icon("plya")
    with pytest.raises(ValueError, match="no colour named 'loud'"):
        theme.icon("play", "loud")


def strongest(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> str:
    image = icon.pixmap(QSize(24, 24), 1.0, mode).toImage()
    points = [(x, y) for x in range(24) for y in range(24)]
    x, y = max(points, key=lambda at: image.pixelColor(*at).alpha())
    return image.pixelColor(x, y).name()


def test_an_icon_given_away_before_follows_the_scheme(qapp):
    button = QPushButton()
    button.setIcon(theme.icon("stop"))
    theme.apply(qapp, "light")
    assert strongest(button.icon()) == theme.LIGHT.text.name()
    assert strongest(button.icon(), QIcon.Mode.Disabled) == theme.LIGHT.disabled.name()
    theme.apply(qapp, "dark")
    assert strongest(button.icon()) == theme.DARK.text.name()


def test_a_copy_of_an_icon_that_is_changed_outlives_python_s_names(qapp):
    copy = QIcon(theme.icon("play"))
    copy.setIsMask(True)  # makes Qt clone the engine
    assert strongest(copy) == theme.DARK.text.name()


def test_the_system_s_change_is_followed_only_where_the_system_was_chosen(qapp):
    changed = qapp.styleHints().colorSchemeChanged
    changed.emit(Qt.ColorScheme.Light)
    assert theme.colors() is theme.LIGHT
    assert qapp.palette().color(QPalette.ColorRole.Window) == theme.LIGHT.background
    changed.emit(Qt.ColorScheme.Unknown)
    assert theme.colors() is theme.DARK
    theme.apply(qapp, "dark")
    changed.emit(Qt.ColorScheme.Light)
    assert theme.colors() is theme.DARK


def test_widgets_take_on_the_colours(qapp: QApplication, qtbot):
    button = QPushButton("Render")
    button.setProperty("primary", True)
    qtbot.addWidget(button)
    for scheme, colors in (("light", theme.LIGHT), ("dark", theme.DARK)):
        theme.apply(qapp, scheme)
        assert button.grab().toImage().pixelColor(6, 6) == colors.accent


def test_the_stylesheet_names_only_files_that_are_there(qapp):
    named = [part.split('"')[0] for part in qapp.styleSheet().split('url("')[1:]]
    assert named
    assert all(Path(name).is_file() for name in named)


def test_no_colour_of_the_theme_is_left_unset():
    for colors in (theme.DARK, theme.LIGHT):
        assert all(getattr(colors, field.name).isValid() for field in fields(colors))


def test_a_remembered_scheme_that_is_none_means_the_system_s():
    assert theme.scheme_named("light") == "light"
    assert theme.scheme_named("pink") == "system"


def test_tabular_figures_are_of_one_width(qapp):
    font = theme.tabular(QFont())
    assert font.isFeatureSet(QFont.Tag("tnum"))
    assert len({QFontMetricsF(font).horizontalAdvance(digit * 4) for digit in "0123456789"}) == 1
