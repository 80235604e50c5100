"""Public names of a package, each imported when it is first used."""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, whose import takes a tenth of the time of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Callable


def names_of(package: str, file: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package whose `__init__.py` is `file`.

    The names are in the stub beside it, `__init__.pyi`, one on each line: `from MODULE import NAME as NAME`, where
    MODULE may be the package itself and NAME a package in it. `OLD = NAME` is an alias, which is not listed.
    """
    with open(f"{file.removesuffix('.py').removesuffix('.pyc')}.pyi", encoding="utf-8") as stub:
        lines = [line.split() for line in stub]
    modules = {words[-1]: words[1] for words in lines if words[:1] == ["from"]}
    aliases = {words[0]: words[2] for words in lines if words[1:2] == ["="]}

    def get(name: str) -> object:
        from importlib import import_module  # for which `beep --help` need not wait

        name = aliases.get(name, name)
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if modules[name] == package:
            return import_module(f"{package}.{name}")
        return getattr(import_module(modules[name]), name)

    return get, lambda: sorted(modules), sorted(modules)
