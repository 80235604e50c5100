"""Files that appear whole or not at all."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from beep.base.errors import OutputError
from beep.base.signals import signals_blocked

LEFT_AFTER_S = 86_400.0  # without a change, after which a temporary folder is one of a killed run


@contextmanager
def whole_file(path: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Return the path of a temporary file, which becomes `path` when the block ends, and is deleted on an error.

    It lies in a folder of its own beside `path`, .beep-*.part, which no other process uses. Folders that killed runs
    have left there are removed when they are a day old.

    Raises OutputError before anything is written where `path` exists (without `force`) or its folder is missing, and
    afterwards where the disk is full or the system refuses.
    """
    from tempfile import mkdtemp  # takes 3 ms, for which a pipe need not wait

    path, own = Path(path), None
    if "\0" in str(path):
        raise OutputError(f"a file name must have no zero byte, got {str(path)!r}; choose another name")
    try:
        if path.is_symlink():
            with suppress(FileNotFoundError):  # a new target
                path.stat()  # raises OSError where links form a loop
            path = path.resolve()  # the link stays, its target changes
        if not path.parent.is_dir():
            raise OutputError(f"the folder must exist, got {path}; make it first: mkdir -p {path.parent}")
        if path.is_dir():
            raise OutputError(f"a file is needed, but {path} is a folder; give a name in it")
        _refuse_existing(path, force)
        _sweep(path.parent)
        try:
            with signals_blocked():
                own = mkdtemp(dir=path.parent, prefix=".beep-", suffix=".part")
            part = Path(own) / path.name
            yield part
            _refuse_existing(path, force)
            part.replace(path)
        finally:
            if own is not None:
                with signals_blocked():
                    shutil.rmtree(own, ignore_errors=True)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; {_remedy(path)}") from None


def _refuse_existing(path: Path, force: bool) -> None:
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is not an ordinary file and is left alone; write to stdout (-) and redirect that")
    if path.exists() and not force:
        raise OutputError(f"{path} already exists and is not overwritten; choose another name or use force=True")


def _sweep(folder: Path) -> None:
    """Remove the temporary folders in which nothing has changed for a day."""
    for left in folder.glob(".beep-*.part"):
        with suppress(OSError):  # another process removes it, or it belongs to somebody else
            if time.time() - max(path.lstat().st_mtime for path in (left, *left.glob("*"))) > LEFT_AFTER_S:
                shutil.rmtree(left)


def _remedy(path: Path) -> str:
    with suppress(OSError, AttributeError):
        disk = os.statvfs(path.parent)
        return f"nothing was kept ({disk.f_bavail * disk.f_frsize / 1e6:.0f} MB are free there); choose another folder"
    return "nothing was kept; choose another folder"
