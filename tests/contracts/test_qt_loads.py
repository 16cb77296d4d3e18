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
