"""`python -m deepbass_engine` is `deepbass`."""

import sys

from deepbass_engine.cli.main import main

sys.exit(main())
