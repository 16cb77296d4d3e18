"""The audio device, by QtMultimedia, in a thread of its own so that a busy window makes no gap.

QtMultimedia links libpulse on Linux. It is imported in that thread, late and guarded: without it,
or without a device, everything but playing works.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QCoreApplication, QIODevice, QObject, QThread, QTimer, Signal, Slot

from deepbass_engine.audio.channels import STEREO
from deepbass_engine.units import frames_from_seconds
from deepbass_gui.playing import sound_server
from deepbass_gui.playing.tape import DeviceFormat, Tape

if TYPE_CHECKING:
    from PySide6.QtMultimedia import QAudioDevice, QAudioFormat, QAudioSink, QMediaDevices

_BUFFER_S = 0.1
_LOOKS_EVERY_MS = 20
_SILENT_FOR_S = 2.0
"""A device that plays nothing for so long is gone, whatever the system says."""

_WAITS_FOR_END_MS = 3_000


class Output(Protocol):
    """Where tapes are played.

    `why_not` says why nothing can be played, and is empty where it can. `looked` is emitted when
    it may have changed, `failed(str)` when playing has stopped by itself.
    """

    looked: Any
    failed: Any

    @property
    def why_not(self) -> str: ...  # noqa: D102

    def format_for(self, rate_hz: int) -> DeviceFormat | None:
        """What the device takes for audio of this rate."""

    def start(self, tape: Tape) -> None:
        """Play a tape from its first frame, in place of another."""

    def stop(self) -> None:
        """Play no more, at once."""

    def set_volume(self, gain: float) -> None:
        """Play all at this gain."""

    def shut_down(self) -> None:
        """End its thread."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Output", text)


class SinkOutput(QObject):
    """The system's default audio output.

    Signals
    -------
    looked()
        `why_not` may be another.
    failed(str)
        Playing has stopped by itself: why, and what to do.
    """

    looked = Signal()
    failed = Signal(str)

    _start_asked = Signal(object, object, object)
    _stop_asked = Signal()
    _volume_asked = Signal(float)
    _look_asked = Signal()
    _end_asked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.why_not = _tr("Looking for an audio device")
        self._device: QAudioDevice | None = None
        self._thread = QThread(self)
        self._thread.setObjectName("audio output")
        self._sink = _Sink()
        self._sink.moveToThread(self._thread)
        self._look_asked.connect(self._sink.look)
        self._start_asked.connect(self._sink.start)
        self._stop_asked.connect(self._sink.stop)
        self._volume_asked.connect(self._sink.set_volume)
        self._end_asked.connect(self._sink.end)
        self._sink.looked.connect(self._take)
        self._sink.failed.connect(self.failed)
        self._thread.start(QThread.Priority.TimeCriticalPriority)
        self._look_asked.emit()

    def format_for(self, rate_hz: int) -> DeviceFormat | None:
        """What the device takes for audio of this rate; its own rate where it can't do that."""
        if self._device is None:
            return None
        for rate in (rate_hz, self._device.preferredFormat().sampleRate()):
            for is_float in (True, False):
                found = DeviceFormat(rate, is_float)
                if rate > 0 and self._device.isFormatSupported(_audio_format(found)):
                    return found
        return None

    def start(self, tape: Tape) -> None:
        """Play a tape from its first frame, in place of another."""
        self._start_asked.emit(tape, self._device, _audio_format(tape.format))

    def stop(self) -> None:
        """Play no more, at once."""
        self._stop_asked.emit()

    def set_volume(self, gain: float) -> None:
        """Play all at this gain."""
        self._volume_asked.emit(gain)

    def shut_down(self) -> None:
        """Stop and end the thread."""
        self._sink.looked.disconnect(self._take)
        self._sink.failed.disconnect(self.failed)
        self._end_asked.emit()
        self._thread.wait(_WAITS_FOR_END_MS)

    @Slot(object, str)
    def _take(self, device: QAudioDevice | None, why_not: str) -> None:
        self._device, self.why_not = device, why_not
        self.looked.emit()


def _audio_format(device_format: DeviceFormat) -> QAudioFormat:
    from PySide6.QtMultimedia import QAudioFormat

    made = QAudioFormat()
    made.setSampleRate(device_format.rate_hz)
    made.setChannelCount(STEREO)
    kinds = QAudioFormat.SampleFormat
    made.setSampleFormat(kinds.Float if device_format.is_float else kinds.Int16)
    return made


class _TapeReader(QIODevice):
    """A tape as the sink pulls it; it never ends, there is silence behind it."""

    def __init__(self, tape: Tape, parent: QObject) -> None:
        super().__init__(parent)
        self._tape = tape
        self.open(QIODevice.OpenModeFlag.ReadOnly | QIODevice.OpenModeFlag.Unbuffered)

    def readData(self, n_bytes: int) -> Any:  # noqa: N802 (Qt's name)
        return self._tape.take(n_bytes // self._tape.format.bytes_per_frame)

    def writeData(self, data: Any, n_bytes: int) -> int:  # noqa: N802 (Qt's name)
        return -1

    def bytesAvailable(self) -> int:  # noqa: N802 (Qt's name)
        return self._tape.format.rate_hz * self._tape.format.bytes_per_frame

    def isSequential(self) -> bool:  # noqa: N802 (Qt's name)
        return True


class _Sink(QObject):
    """The part of `SinkOutput` that lives in its thread."""

    looked = Signal(object, str)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._devices: QMediaDevices | None = None
        self._sink: QAudioSink | None = None
        self._device: QAudioDevice | None = None
        self._reader: _TapeReader | None = None
        self._tape: Tape | None = None
        self._timer: QTimer | None = None
        self._started_at_s = 0.0
        self._gain = 1.0
        self._has_server = False

    @Slot()
    def look(self) -> None:
        """Find the device, and be told when devices come and go."""
        try:
            from PySide6.QtMultimedia import QMediaDevices
        except ImportError as error:
            self.looked.emit(None, _why_no_multimedia(error))
            return
        self._devices = QMediaDevices(self)
        self._devices.audioOutputsChanged.connect(self._look_again)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOKS_EVERY_MS)
        self._timer.timeout.connect(self._watch)
        self._look_again()
        self._has_server = sound_server.is_connected()

    @Slot()
    def _look_again(self) -> None:
        assert self._devices is not None
        device = self._devices.defaultAudioOutput()
        ids = [other.id() for other in self._devices.audioOutputs()]
        if self._device is not None and self._sink is not None and self._device.id() not in ids:
            self._fail(_gone())
        if device.isNull():
            why = _tr("No audio device was found. Connect or switch on one to play.")
            self.looked.emit(None, why)
        else:
            self.looked.emit(device, "")

    @Slot(object, object, object)
    def start(self, tape: Tape, device: QAudioDevice, audio_format: QAudioFormat) -> None:
        """Play a tape on a device."""
        from PySide6.QtMultimedia import QAudioSink

        self.stop()
        assert self._timer is not None
        if self._is_cut_off():
            self._fail(_server_gone())
            return
        self._device, self._tape = device, tape
        self._reader = _TapeReader(tape, self)
        self._sink = QAudioSink(device, audio_format, self)
        buffer_frames = frames_from_seconds(_BUFFER_S, tape.format.rate_hz)
        self._sink.setBufferSize(buffer_frames * tape.format.bytes_per_frame)
        self._sink.setVolume(self._gain)
        self._sink.start(self._reader)
        self._started_at_s = time.monotonic()
        if self._sink.error().name == "OpenError":
            self._fail(_tr("The audio device can't be opened. Another program may be using it."))
            return
        self._timer.start()

    @Slot()
    def stop(self) -> None:
        """Play no more."""
        if self._sink is None or self._timer is None or self._reader is None:
            return
        self._timer.stop()
        self._sink.reset()
        self._sink.deleteLater()
        self._reader.close()
        self._reader.deleteLater()
        self._sink = self._reader = self._tape = None

    @Slot(float)
    def set_volume(self, gain: float) -> None:
        """Play at this gain."""
        self._gain = gain
        if self._sink is not None:
            self._sink.setVolume(gain)

    @Slot()
    def end(self) -> None:
        """Stop, and end the thread."""
        self.stop()
        for child in (self._timer, self._devices):
            if child is not None:
                child.deleteLater()
        self._timer = self._devices = None
        self.thread().quit()

    @Slot()
    def _watch(self) -> None:
        """Tell the tape how much was heard; notice where nothing is."""
        if self._sink is None or self._tape is None:
            return
        if self._sink.state().name == "StoppedState":
            self._fail(_gone())
            return
        self._tape.note_heard(self._sink.processedUSecs() * self._tape.format.rate_hz // 1_000_000)
        since_s = time.monotonic() - max(self._started_at_s, self._tape.heard_news_at_s)
        if since_s > _SILENT_FOR_S and self._is_cut_off():
            self._fail(_server_gone())
        elif since_s > _SILENT_FOR_S:
            self._fail(_tr("The audio device plays nothing any more. Check it and play again."))

    def _is_cut_off(self) -> bool:
        """Whether the sound server is gone that was there; a sink must not be started then."""
        is_connected = sound_server.is_connected()
        self._has_server |= is_connected
        return self._has_server and not is_connected

    def _fail(self, why: str) -> None:
        self.stop()
        self.failed.emit(why)


def _server_gone() -> str:
    return _tr(
        "The audio device can't be reached: the sound server has stopped. Play again in some "
        "seconds; if it stays silent though the server is back, save and start DeepBass again."
    )


def _gone() -> str:
    return _tr("The audio device is gone. Playing goes on from here when there is one again.")


def _why_no_multimedia(error: ImportError) -> str:
    if sys.platform == "linux":
        what = _tr("Playing is off: a system library is missing. Install the package libpulse0.")
    else:
        what = _tr("Playing is off: QtMultimedia can't be loaded. Install PySide6-Addons again.")
    return f"{what} ({error})"
