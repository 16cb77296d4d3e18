"""The window: drag in a playlist, see it, hear it, tweak it, render it.

Everything it knows of audio it asks of `deepbass_engine`.
"""
