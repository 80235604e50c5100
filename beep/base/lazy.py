"""Public names of a package, each imported when it is first used."""

from collections.abc import Callable
from importlib import import_module


def names_of(package: str, file: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package.

    `file` is the package's `__init__.py`. The names stand in the stub beside it, `__init__.pyi`, one a line:
    `from MODULE import NAME as NAME`.
    """
    with open(f"{file.removesuffix('.py').removesuffix('.pyc')}.pyi", encoding="utf-8") as stub:
        lines = [line.split() for line in stub if line.startswith("from ")]
    homes = {words[-1]: words[1] for words in lines}

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return get, lambda: sorted(homes), sorted(homes)
