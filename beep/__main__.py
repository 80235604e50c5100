"""python -m beep"""

import sys

from beep.cli import main

sys.exit(main())
