"""Files that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from beep.base.errors import OutputError

_NUMBER = count()  # of temporary files, since a folder may have two at a time


@contextmanager
def whole_file(path: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Return the path of a temporary file, which becomes `path` when the block ends, and is deleted on an error.

    Raises OutputError before anything is written where `path` exists (without `force`) or its folder is missing, and
    afterwards where the disk is full or the system refuses.
    """
    path = Path(path)
    if os.path.islink(path):
        path = path.resolve()  # the link stays, its target changes
    part = path.with_name(f".beep-{os.getpid()}-{next(_NUMBER)}.part")
    try:
        if not path.parent.is_dir():
            raise OutputError(f"the folder must exist, got {path}; make it first: mkdir -p {path.parent}")
        if path.is_dir():
            raise OutputError(f"a file is needed, but {path} is a folder; give a name in it")
        _refuse_existing(path, force)
        part.open("xb").close()
        yield part
        _refuse_existing(path, force)
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; {_remedy(path)}") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _refuse_existing(path: Path, force: bool) -> None:
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is not an ordinary file and is left alone; write to stdout (-) and redirect that")
    if path.exists() and not force:
        raise OutputError(f"{path} already exists and is not overwritten; choose another name or use force=True")


def _remedy(path: Path) -> str:
    with suppress(OSError, AttributeError):
        disk = os.statvfs(path.parent)
        return f"nothing was kept ({disk.f_bavail * disk.f_frsize / 1e6:.0f} MB are free there); choose another folder"
    return "nothing was kept; choose another folder"
