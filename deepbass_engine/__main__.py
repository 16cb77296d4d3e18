"""`python -m deepbass_engine` is `deepbass`."""

from deepbass_engine.cli.main import script

script()
