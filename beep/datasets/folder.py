"""Where a data set is written: a folder, or a place that fsspec opens, such as s3://bucket/set."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from beep.base.errors import ExtraError, OutputError
from beep.output.files import whole_file


@dataclass(frozen=True)
class Folder:
    """A folder whose files appear whole or not at all."""

    url: str

    @cached_property
    def _store(self) -> tuple[Any, str] | None:
        """File system and path of an address with a protocol; None for a folder of this machine."""
        if "://" not in self.url:
            return None
        try:
            import fsspec
        except ImportError:
            raise ExtraError(f"an address like {self.url} needs fsspec; pip install fsspec") from None
        try:
            system, path = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise OutputError(f"cannot open {self.url}: {error}; give a folder") from None
        return system, path

    def make(self) -> None:
        """Make the folder, and the folder `parts` in it, where they are not there. Raises OutputError."""
        try:
            if self._store is None:
                (Path(self.url) / "parts").mkdir(parents=True, exist_ok=True)
            else:
                system, path = self._store
                system.makedirs(f"{path}/parts", exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make {self.url}: {error.strerror or error}; choose another folder") from None

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        if self._store is None:
            return (Path(self.url) / name).is_file()
        system, path = self._store
        return bool(system.isfile(f"{path}/{name}"))

    def read(self, name: str) -> bytes:
        """Return the content of a file. Raises OutputError."""
        try:
            if self._store is None:
                return (Path(self.url) / name).read_bytes()
            system, path = self._store
            content: bytes = system.cat_file(f"{path}/{name}")
            return content
        except OSError as error:
            raise OutputError(f"cannot read {self.url}/{name}: {error.strerror or error}") from None

    def write(self, name: str, content: bytes | Iterable[bytes]) -> None:
        """Write a file, whole or in pieces, in place of one that is there. Raises OutputError."""
        pieces = [content] if isinstance(content, bytes) else content
        if self._store is None:
            with whole_file(Path(self.url) / name, force=True) as part, part.open("wb") as file:
                file.writelines(pieces)
            return
        system, path = self._store
        try:
            with system.open(f"{path}/{name}", "wb") as file:
                file.writelines(pieces)
        except OSError as error:
            raise OutputError(f"cannot write {self.url}/{name}: {error}") from None
