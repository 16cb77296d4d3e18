"""The version of DeepBass, in one place."""

__version__ = "0.1.0"
