"""The row that plays: the mix, a transition, in a loop, one of its settings; how loud; where."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from deepbass_engine.units import clock_text, db_from_gain, seconds_from_frames
from deepbass_gui import theme
from deepbass_gui.commands import key_of
from deepbass_gui.comparison import CHOICES, Choice, Comparison
from deepbass_gui.nsynth import NSynth
from deepbass_gui.player import LONGEST_ROLL_S, Player, gain_of_volume
from deepbass_gui.selection import Selection
from deepbass_gui.views.meter import LevelMeter

_ICON_PX = 20
_VOLUME_STEPS = 100
_ROLL_PX = 96
_NO_TIME = "0:00.0"


def _button(parent: QWidget, icon: str, name: str, on_click: Callable[[], None]) -> QToolButton:
    button = QToolButton(parent)
    button.setIcon(theme.icon(icon))
    button.setIconSize(QSize(_ICON_PX, _ICON_PX))
    button.setAccessibleName(name)
    button.clicked.connect(lambda: on_click())
    return button


class AuditionControls(QWidget):
    """Plays the current transition, once or in a loop, with setting A, B or what else there is.

    Where nothing can be played the buttons are off, and their tooltips say why.
    """

    def __init__(
        self,
        player: Player,
        comparison: Comparison,
        selection: Selection,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._player = player
        self._comparison = comparison
        self._selection = selection
        self._audition = _button(
            self, "transition", self.tr("Audition the transition"), self._play_once
        )
        self._loop = _button(self, "loop", self.tr("Loop the transition"), self._play_in_loop)
        self._loop.setCheckable(True)
        self._choices: dict[Choice, QToolButton] = {}
        for choice in CHOICES:
            button = QToolButton(self)
            button.setText(choice)
            button.setCheckable(True)
            button.setAccessibleName(self.tr("Setting {0}").format(choice))
            button.setToolTip(
                self.tr(
                    "Hear and edit setting {0} of this transition ({1}). What else there is, is "
                    "kept; all are played as quiet as the quietest."
                ).format(choice, key_of(f"show_{choice.lower()}"))
            )
            button.clicked.connect(partial(self._show, choice))
            self._choices[choice] = button
        self._gain = QLabel(self)
        self._gain.setFont(theme.tabular(self.font()))
        self._gain.setAccessibleName(self.tr("Played down by"))
        self._gain.setToolTip(
            self.tr("By how many dB this setting is played down, to be as loud as the quietest")
        )
        self._keep = _button(self, "ok", self.tr("Keep this setting"), comparison.keep)
        self._keep.setToolTip(self.tr("End the comparison and keep the setting that is heard"))
        self._reset = _button(self, "cancel", "", comparison.reset)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GRID_PX // 2)
        for widget in (
            self._audition,
            self._loop,
            *self._choices.values(),
            self._gain,
            self._keep,
            self._reset,
        ):
            layout.addWidget(widget)
        player.state_changed.connect(self._refresh)
        comparison.changed.connect(self._refresh)
        selection.pair_changed.connect(self._refresh)
        self._refresh()

    def _play_once(self) -> None:
        if self._selection.pair is not None:
            self._player.audition(self._selection.pair)

    def _play_in_loop(self) -> None:
        if self._player.is_looping:
            self._player.stop()
        elif self._selection.pair is not None:
            self._player.loop_audition(self._selection.pair)
        self._refresh()

    def _show(self, choice: Choice) -> None:
        self._comparison.show(choice)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        player, comparison = self._player, self._comparison
        has_pair = self._selection.pair is not None
        why_not = player.why_not or (
            "" if has_pair else self.tr("There is no transition: it takes two tracks.")
        )
        self._loop.setChecked(player.is_looping)
        for button, what in (
            (self._audition, self.tr("Play this transition once (Enter)")),
            (
                self._loop,
                self.tr("Stop the loop")
                if player.is_looping
                else self.tr("Play this transition over and over (Shift+Enter)"),
            ),
        ):
            button.setEnabled(not why_not)
            button.setToolTip(why_not or what)
        for choice, button in self._choices.items():
            button.setEnabled(has_pair)
            button.setVisible(choice in comparison.choices)
            button.setChecked(comparison.is_on and comparison.shown == choice)
        shown = comparison.shown
        for widget in (self._keep, self._reset):
            widget.setVisible(comparison.is_on)
        self._gain.setVisible(comparison.is_on and not comparison.is_blind)
        gain = f"{comparison.gain_db(shown):z.1f} dB" if comparison.is_measured else "... dB"
        self._gain.setText(f"{shown} {gain}")
        home = self.tr("Back to setting {0}").format(comparison.home)
        if comparison.is_blind:
            home = self.tr("Back to the setting of before")
        self._reset.setAccessibleName(home)
        self._reset.setToolTip(self.tr("End the comparison: {0}").format(home))


class TransportBar(QWidget):
    """Play, audition, compare, rolls, volume, meter and the time, in one row.

    Parameters
    ----------
    player, comparison, selection
        What it drives and shows.
    nsynth
        Tells when another transition is rendered.
    """

    def __init__(
        self,
        player: Player,
        comparison: Comparison,
        selection: Selection,
        nsynth: NSynth,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._volume_icon = QLabel(self)
        self._player = player
        self._comparison = comparison
        self._play = _button(self, "play", self.tr("Play"), player.toggle)
        self._controls = AuditionControls(player, comparison, selection, self)
        self._rolls = QWidget(self)
        self._pre_roll = self._roll(self.tr("Pre-roll"), self._set_pre_roll)
        self._pre_roll.setToolTip(self.tr("Seconds of the mix auditioned before a transition"))
        self._post_roll = self._roll(self.tr("Post-roll"), self._set_post_roll)
        self._post_roll.setToolTip(self.tr("Seconds of the mix auditioned after a transition"))
        self._volume = QSlider(Qt.Orientation.Horizontal, self)
        self._volume.setRange(0, _VOLUME_STEPS)
        self._volume.setPageStep(10)
        self._volume.setFixedWidth(96)
        self._volume.setAccessibleName(self.tr("Volume"))
        self._volume.valueChanged.connect(self._set_volume)
        self._draw_volume_icon()
        self._meter = LevelMeter(player, self)
        self._time = QLabel(self)
        self._time.setFont(theme.tabular(self.font()))
        self._time.setAccessibleName(self.tr("Position and length of the mix"))
        self._time.setToolTip(self.tr("Position / length of the mix, in minutes and seconds"))
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._stand_in = QLabel(self)
        self._stand_in.setAccessibleName(self.tr("The plain crossfade stands in"))
        self._stand_in.setToolTip(
            self.tr(
                "This NSynth transition is not rendered yet: you hear the plain crossfade. "
                "Render it in the editor below, or all of them with Ctrl+Shift+R."
            )
        )
        self._stand_in.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._lay_out()
        player.state_changed.connect(self._refresh)
        player.position_changed.connect(self._show_time)
        player.planned.connect(self._show_time)
        comparison.changed.connect(self._show_time)
        for news in (player.state_changed, player.position_changed, nsynth.changed):
            news.connect(self._show_stand_in)
        self._show_stand_in()
        player.volume_changed.connect(self._show_volume)
        player.rolls_changed.connect(self._show_rolls)
        self._refresh()
        self._show_volume()
        self._show_rolls()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw in other colours."""
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_volume_icon()
            self._show_stand_in()
        super().changeEvent(event)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """What is needed where the rolls have given way; they are in the settings too."""
        full = super().minimumSizeHint()
        return QSize(full.width() - self._rolls_px(), full.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep to the room that there is."""
        super().resizeEvent(event)
        self._make_room()

    def event(self, event: QEvent) -> bool:
        """Keep to the room that there is when more is to be shown."""
        is_done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._make_room()
        return is_done

    def _make_room(self) -> None:
        """Let the rolls give way where there is no room for them."""
        room = self.width() - super().minimumSizeHint().width() + self._rolls_px()
        self._rolls.setVisible(room >= self._rolls.sizeHint().width() + theme.GRID_PX)

    def _rolls_px(self) -> int:
        """Room that the rolls take now."""
        if self._rolls.isHidden():
            return 0
        return self._rolls.sizeHint().width() + theme.GRID_PX

    def _draw_volume_icon(self) -> None:
        self._volume_icon.setPixmap(theme.icon("volume").pixmap(_ICON_PX, _ICON_PX))

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.GRID_PX, 4, theme.GRID_PX, 4)
        layout.setSpacing(theme.GRID_PX)
        layout.addWidget(self._play)
        layout.addWidget(self._time)
        layout.addSpacing(theme.GRID_PX)
        layout.addWidget(self._controls)
        layout.addSpacing(theme.GRID_PX)
        rolls = QHBoxLayout(self._rolls)
        rolls.setContentsMargins(0, 0, 0, 0)
        rolls.setSpacing(theme.GRID_PX)
        for text, box in (
            (self.tr("Before"), self._pre_roll),
            (self.tr("After"), self._post_roll),
        ):
            label = QLabel(text, self)
            label.setBuddy(box)
            label.setToolTip(box.toolTip())
            rolls.addWidget(label)
            rolls.addWidget(box)
        layout.addWidget(self._rolls)
        layout.addWidget(self._stand_in)
        layout.addStretch(1)
        layout.addWidget(self._meter, 2)
        layout.addWidget(self._volume_icon)
        layout.addWidget(self._volume)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def _roll(self, name: str, on_value: Callable[[float], None]) -> QDoubleSpinBox:
        box = QDoubleSpinBox(self)
        box.setRange(0.0, LONGEST_ROLL_S)
        box.setDecimals(1)
        box.setSuffix(self.tr(" s"))
        box.setMaximumWidth(_ROLL_PX)
        box.setKeyboardTracking(False)
        box.setAccessibleName(name)
        box.valueChanged.connect(on_value)
        return box

    @Slot(float)
    def _set_pre_roll(self, seconds: float) -> None:
        self._player.pre_roll_s = seconds

    @Slot(float)
    def _set_post_roll(self, seconds: float) -> None:
        self._player.post_roll_s = seconds

    @Slot(int)
    def _set_volume(self, step: int) -> None:
        self._player.volume = step / _VOLUME_STEPS

    @Slot()
    def _show_rolls(self) -> None:
        for box, seconds in (
            (self._pre_roll, self._player.pre_roll_s),
            (self._post_roll, self._player.post_roll_s),
        ):
            with QSignalBlocker(box):
                box.setValue(seconds)

    @Slot()
    def _show_volume(self) -> None:
        volume = self._player.volume
        with QSignalBlocker(self._volume):
            self._volume.setValue(round(volume * _VOLUME_STEPS))
        level_db = db_from_gain(gain_of_volume(volume))
        level = self.tr("silent") if volume == 0 else f"{level_db:.1f} dB"
        self._volume.setToolTip(
            self.tr("Volume: {0}. The mix itself stays as it is.").format(level)
        )

    @Slot()
    def _refresh(self) -> None:
        is_playing, why_not = self._player.is_playing, self._player.why_not
        self._play.setIcon(theme.icon("pause" if is_playing else "play"))
        name = self.tr("Pause") if is_playing else self.tr("Play")
        self._play.setAccessibleName(name)
        self._play.setToolTip(why_not or self.tr("{0} (Space)").format(name))
        self._play.setEnabled(not why_not)
        self._show_time()

    def _show_stand_in(self) -> None:
        """Mark what is not yet what will be rendered."""
        is_stand_in = self._player.is_stand_in
        if is_stand_in:
            palette = self._stand_in.palette()
            palette.setColor(self._stand_in.foregroundRole(), theme.colors().flagged)
            self._stand_in.setPalette(palette)
            self._stand_in.setText(self.tr("⚠ plain crossfade"))
        self._stand_in.setVisible(is_stand_in)

    @Slot()
    def _show_time(self) -> None:
        plan = self._player.plan
        position = total = _NO_TIME
        if plan is not None:
            position, total = (
                clock_text(seconds_from_frames(frame, plan.sample_rate_hz))
                for frame in (self._player.position, plan.n_frames)
            )
        words = self.tr("hidden") if self._comparison.is_blind else f"{position} / {total}"
        self._time.setText(words)
        width = self._time.fontMetrics().horizontalAdvance(f"{total} / {total}")
        self._time.setMinimumWidth(max(self._time.minimumWidth(), width + theme.GRID_PX))
