"""The transition editor: the chosen pair to be seen, dragged, nudged and typed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.units import frames_from_seconds, seconds_from_frames
from deepbass_gui import preferences, theme
from deepbass_gui.document import Document
from deepbass_gui.edits import reset_transition, with_own
from deepbass_gui.selection import Selection
from deepbass_gui.views.morph_fields import MorphFields
from deepbass_gui.views.pair_canvas import ZOOM_STEP, PairCanvas
from deepbass_gui.views.quality_strip import QualityStrip
from deepbass_gui.views.transition_fields import TransitionFields

CURVES_KEY = "quality_curves"


class TransitionEditor(QWidget):
    """Shows the chosen transition as two waveforms with a region on each, and its settings.

    Attributes
    ----------
    canvas
        The two tracks.
    strip
        What was measured of the transition over time.
    fields
        The settings.
    morph
        Those of an NSynth transition, and whether it is rendered.
    controls
        Room at the right end of the fields for buttons of the window's.

    Signals
    -------
    seek_requested(int)
        A frame of the mix was chosen on the ruler.
    audition_requested()
        The transition is to be played.
    snap_changed(bool)
        Snapping was switched.
    spectrogram_changed(bool)
        Frequencies are shown, or waveforms again.
    curves_changed(bool)
        The strip was switched.
    """

    seek_requested = Signal(int)
    audition_requested = Signal()
    snap_changed = Signal(bool)
    spectrogram_changed = Signal(bool)
    curves_changed = Signal(bool)

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self.canvas = PairCanvas(document, selection)
        self.strip = QualityStrip(self.canvas)
        self.strip.setVisible(preferences.get(CURVES_KEY, True))
        self.fields = TransitionFields(document, selection)
        self.morph = MorphFields(document, selection)
        self.controls: QHBoxLayout = self.fields.controls
        self.title = QLabel()
        self.note = QLabel()
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.note.setWordWrap(True)
        self.note.setMaximumHeight(2 * self.note.fontMetrics().lineSpacing())  # its tip has all
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.snap_button = self._button("snap", self.tr("Snap"), "S")
        self.snap_button.setCheckable(True)
        self.snap_button.setChecked(self.canvas.snaps)
        self.spectrogram_button = self._button("spectrogram", self.tr("Spectrogram"), "G")
        self.spectrogram_button.setCheckable(True)
        self.curves_button = self._button("curves", self.tr("Quality curves"), "Q")
        self.curves_button.setCheckable(True)
        self.curves_button.setChecked(preferences.get(CURVES_KEY, True))
        zoom_out = self._button("zoom-out", self.tr("Zoom out"), "-")
        zoom_in = self._button("zoom-in", self.tr("Zoom in"), "+")
        fit = self._button("fit", self.tr("Fit the transition"), "0")
        self.reset_button = self._button("reset", self.tr("Reset the transition"), "")
        self.snap_button.setToolTip(
            self.tr(
                "Snap: edges stop at beats, where sound or file begins and ends, and at the "
                "playhead (S);\n"
                "hold Alt to go past, Shift to go ten times as fine"
            )
        )

        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 8, 0)
        head.setSpacing(4)
        head.addWidget(self.title)
        head.addSpacing(12)
        head.addWidget(self.note, 1)
        for button in (
            self.snap_button,
            self.spectrogram_button,
            self.curves_button,
            zoom_out,
            zoom_in,
            fit,
            self.reset_button,
        ):
            head.addWidget(button)
        shown = QWidget()
        above = QVBoxLayout(shown)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(4)
        above.addLayout(head)
        above.addWidget(self.canvas, 1)
        above.addWidget(self.strip)
        self._beside = QSplitter(Qt.Orientation.Horizontal)
        self._beside.addWidget(shown)
        self._beside.setCollapsible(0, False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(4)
        column.addWidget(self._beside, 1)
        column.addWidget(self.fields)
        column.addWidget(self.morph)

        self.canvas.seek_requested.connect(self.seek_requested)
        self.canvas.reset_requested.connect(self.reset)
        self.canvas.menu_requested.connect(self._show_menu)
        self.canvas.snap_changed.connect(self.snap_button.setChecked)
        self.canvas.snap_changed.connect(self.snap_changed)
        self.snap_button.toggled.connect(self.canvas.set_snap)
        self.spectrogram_button.toggled.connect(self.canvas.set_spectrogram)
        self.spectrogram_button.toggled.connect(self.spectrogram_changed)
        self.curves_button.toggled.connect(self._show_curves)
        zoom_out.clicked.connect(self.zoom_out)
        zoom_in.clicked.connect(self.zoom_in)
        fit.clicked.connect(self.fit)
        self.reset_button.clicked.connect(self.reset)
        self.setFocusProxy(self.canvas)
        document.planned.connect(self._show)
        selection.pair_changed.connect(self._show)
        self._show()

    def put_beside(self, panel: QWidget) -> None:
        """Let a panel stand to the right of the two tracks."""
        self._beside.addWidget(panel)
        self._beside.setStretchFactor(0, 1)
        self._beside.setStretchFactor(1, 0)

    # For the window's keys

    def nudge_ms(self, ms: float) -> None:
        """Move the chosen handle by milliseconds; to the right above 0."""
        if self.canvas.scene is not None:
            self.nudge_frames(frames_from_seconds(ms / 1000, self.canvas.scene.rate_hz))

    def nudge_frames(self, n: int) -> None:
        """Move the chosen handle by frames of the mix; to the right above 0."""
        if n and (scene := self.canvas.scene) is not None:
            name = self.tr("Nudge transition {number}").format(number=scene.fade.index + 1)
            self.canvas.nudge(n, name)

    def choose_next_method(self) -> None:
        """Take the next method for this transition."""
        self.fields.choose_next_method()

    def choose_next_curve(self) -> None:
        """Take the next curve for this transition."""
        self.fields.choose_next_curve(self.canvas.focus_handle[0])

    def toggle_snap(self) -> None:
        """Switch snapping."""
        self.canvas.set_snap(not self.canvas.snaps)

    def toggle_spectrogram(self) -> None:
        """Show frequencies, or waveforms again."""
        self.spectrogram_button.toggle()

    def toggle_curves(self) -> None:
        """Show the strip under the waveforms, or hide it; it is remembered."""
        self.curves_button.toggle()

    @property
    def shows_curves(self) -> bool:
        """Whether the strip is shown."""
        return self.curves_button.isChecked()

    def zoom_in(self) -> None:
        """See less, larger."""
        self.canvas.zoom(ZOOM_STEP)

    def zoom_out(self) -> None:
        """See more, smaller."""
        self.canvas.zoom(1 / ZOOM_STEP)

    def fit(self) -> None:
        """Show the whole transition with a quarter of its length around it."""
        self.canvas.fit()

    def reset(self) -> None:
        """Take back everything the transition has of its own, as a step that can be undone."""
        pair = self._selection.pair
        analyses = self._document.analyses(pair) if pair is not None else None
        scene = self.canvas.scene
        if pair is not None and analyses is not None and scene is not None:
            name = self.tr("Reset transition {number}").format(number=scene.fade.index + 1)
            project = reset_transition(self._document.settled_project, pair, analyses)
            self._document.edit(name, project)

    def set_playhead(self, mix_frame: int | None) -> None:
        """Put the playhead at a frame of the mix, or take it away."""
        self.canvas.set_playhead(mix_frame)
        self.strip.set_playhead(mix_frame)

    def abort(self) -> bool:
        """Take back what is being dragged; tells whether there was anything."""
        return self.canvas.abort()

    def shut_down(self) -> None:
        """Stop what runs and wait for the threads."""
        self.canvas.shut_down()

    # The parts

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Write in the new palette's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "note"):
            self._show()

    def _button(self, icon: str, name: str, key: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(theme.icon(icon))
        button.setAutoRaise(True)
        button.setAccessibleName(name)
        button.setToolTip(f"{name} ({key})" if key else name)
        return button

    def _show_curves(self, is_shown: bool) -> None:
        preferences.put(CURVES_KEY, is_shown)
        self.strip.setVisible(is_shown)
        self.curves_changed.emit(is_shown)

    def _show(self) -> None:
        scene = self.canvas.scene
        self.reset_button.setEnabled(scene is not None)
        if scene is None:
            self.title.setText("")
            self.note.setText("")
            return
        leaving, entering = scene.lanes
        self.title.setText(
            self.tr("Transition {number}: track {first} > {second}").format(
                number=scene.fade.index + 1, first=leaving.number, second=entering.number
            )
        )
        fade = scene.fade
        words = ""
        if fade.shortened_because:
            words = self.tr("is {length} s instead of {asked} s: {reason}").format(
                length=f"{seconds_from_frames(fade.n_frames, scene.rate_hz):.1f}",
                asked=f"{seconds_from_frames(fade.asked_frames, scene.rate_hz):.1f}",
                reason=fade.shortened_because,
            )
        color = theme.colors().flagged
        if not words and fade.because:
            words = self.tr("Chosen by {reason}").format(reason=fade.because)
            color = theme.colors().secondary
        self.note.setText(words)
        self.note.setToolTip(words)
        palette = self.note.palette()
        palette.setColor(self.note.foregroundRole(), color)
        self.note.setPalette(palette)

    def _show_menu(self, at: QPoint) -> None:
        """The verbs of a transition."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        play = menu.addAction(theme.icon("play"), self.tr("Play the transition"))
        play.triggered.connect(self.audition_requested)
        menu.addSeparator()
        menu.addAction(theme.icon("reset"), self.tr("Reset the transition"), self.reset)
        menu.addAction(self.tr("Cut without a fade"), self._cut)
        menu.addSeparator()
        menu.addAction(theme.icon("fit"), self.tr("Fit the transition"), self.fit)
        for button in (self.snap_button, self.spectrogram_button, self.curves_button):
            action = menu.addAction(button.accessibleName())
            action.setCheckable(True)
            action.setChecked(button.isChecked())
            action.toggled.connect(button.setChecked)
        menu.popup(at)

    def _cut(self) -> None:
        pair = self._selection.pair
        if pair is not None:
            project = with_own(self._document.settled_project, pair, duration_s=0.0)
            self._document.edit(self.tr("Cut without a fade"), project)
