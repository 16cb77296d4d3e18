"""The NSynth WaveNet autoencoder: encodings of audio, and audio of encodings.

>>> from deepbass_engine import nsynth
>>> nsynth.mu_law([0.0, 0.5]).tolist()
[0, 112]
"""

from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.backends import devices
from deepbass_engine.nsynth.models import load_model
from deepbass_engine.nsynth.mulaw import inverse_mu_law, mu_law

__all__ = ["Autoencoder", "devices", "inverse_mu_law", "load_model", "mu_law"]
