import os
import subprocess
import sys

PROGRAM = """
from PySide6 import QtMultimedia, QtWidgets
application = QtWidgets.QApplication([])
window = QtWidgets.QLabel("DeepBass")
window.show()
application.processEvents()
print(application.platformName(), window.isVisible(), QtMultimedia.QAudioFormat().isValid())
"""


def test_qt_and_its_sound_start_on_this_system():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["offscreen", "True", "False"], done.stderr


REPAINTS = """
import sys
from PySide6 import QtWidgets
application = QtWidgets.QApplication([])
widget = QtWidgets.QWidget()
before = sys.getrefcount(None)
for _ in range(50_000):
    widget.update()
print(before - sys.getrefcount(None))
"""


def test_repaints_do_not_wear_out_none():
    """PySide6 6.12 on Python 3.11 loses a reference to None at each, until the program aborts."""
    done = subprocess.run(
        [sys.executable, "-c", REPAINTS],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1_000
