"""python -m beep"""

import sys

from beep.cli.main import main

sys.exit(main())
