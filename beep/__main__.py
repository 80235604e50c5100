"""The program `beep`, also `python -m beep`."""

import sys

TYPE_CHECKING = False  # as in typing, during whose import Ctrl-C would be a traceback
if TYPE_CHECKING:
    from typing import NoReturn


def program() -> "NoReturn":
    """Run the program and leave with its status. Ctrl-C is never a traceback, also not during an import."""
    status: object
    try:
        from beep.cli.main import main

        status = main()
    except KeyboardInterrupt:
        status = 130
    except SystemExit as end:
        status = end.code
    finally:  # nothing is left to clean up
        if signal := sys.modules.get("signal"):  # not after --help, which is faster without
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_DFL)
    # A thread that is still inside PortAudio would end in a segmentation fault; a long measurement would go on.
    stopped = isinstance(status, int) and status > 128 and "beep.base.threads" in sys.modules
    if stopped or "sounddevice" in sys.modules:
        import os

        os._exit(status if isinstance(status, int) else 0)
    sys.exit(status)


if __name__ == "__main__":
    program()
