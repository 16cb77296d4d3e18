"""The terminal: results to stdout, everything else to stderr, a progress line where one is seen."""

from __future__ import annotations

import shutil
import sys
import threading
import time

from deepbass_engine.errors import OutputError
from deepbass_engine.progress import CancelToken, Progress

_SHOWN_AFTER_S = 0.3
_REDRAWN_EVERY_S = 0.1
_BAR_WIDTH = 24


class Console:
    """Prints for a command.

    Attributes
    ----------
    quiet
        Whether results and progress are kept back; what went wrong is always said.
    cancel
        Set by Ctrl-C; to be handed to every long call.
    """

    def __init__(self) -> None:
        self.quiet = False
        self.cancel = CancelToken()
        self._lock = threading.Lock()
        self._stage = ""
        self._stage_started_s = self._drawn_s = 0.0
        self._line_is_open = False

    def out(self, text: str) -> None:
        """Print a result.

        Raises
        ------
        BrokenPipeError
            If whoever read the results has gone.
        OutputError
            If they can't be written, as to a file on a full disk.
        """
        self.clear()
        if self.quiet:
            return
        try:
            print(text, flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            sys.stdout = None  # Python would try once more at its end
            raise OutputError(
                f"the results can't be written: {error.strerror}",
                hint="let them go somewhere else",
            ) from error

    def say(self, text: str) -> None:
        """Say what is going on, unless it is to be quiet."""
        if not self.quiet:
            self.note(text)

    def note(self, text: str) -> None:
        """Say something that is no result: a warning, an error."""
        self.clear()
        if sys.stderr is not None:  # it may have been closed
            print(text, file=sys.stderr, flush=True)

    def progress(self, progress: Progress) -> None:
        """Draw the progress line, at most ten times a second and only on a terminal."""
        if self.quiet or sys.stderr is None or not sys.stderr.isatty():
            return
        now_s = time.monotonic()
        with self._lock:
            if progress.stage != self._stage:
                self._stage, self._stage_started_s, self._drawn_s = progress.stage, now_s, 0.0
            elapsed_s = now_s - self._stage_started_s
            is_told_once = progress.total == 1 and not progress.done
            if not is_told_once and (
                elapsed_s < _SHOWN_AFTER_S or now_s - self._drawn_s < _REDRAWN_EVERY_S
            ):
                return
            self._drawn_s, self._line_is_open = now_s, True
            line = progress_line(progress, elapsed_s)[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the progress line away."""
        with self._lock:
            if self._line_is_open:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
                self._line_is_open = False


def progress_line(progress: Progress, elapsed_s: float) -> str:
    """One line: stage, bar, percent and time left, once there is something to go by.

    >>> progress_line(Progress("rendering", 1, 4), 3.0)
    'rendering   ######.................. 25 %, 9 s left'
    >>> progress_line(Progress("compiling once", 0, 1), 0.0)
    'compiling once ........................ 0 %'
    """
    share = progress.done / progress.total if progress.total else 1.0
    bar = "#" * int(share * _BAR_WIDTH)
    line = f"{progress.stage:<11} {bar:.<{_BAR_WIDTH}} {share:.0%}".replace("%", " %")
    if not share:
        return line
    minutes, seconds = divmod(round(elapsed_s * (1 - share) / share), 60)
    left = f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
    return f"{line}, {left} left"
