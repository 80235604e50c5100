"""Imports point one way, and light things stay light."""

import ast
import graphlib
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import beep

PACKAGE = Path(beep.__file__).parent
ARCHITECTURE = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")

# A subpackage imports only from rows before its own. Those of one row do not import each other.
ROWS = [
    {"base"},
    {"signal", "geometry", "measuring"},
    {"radio", "scenario"},
    {"stream", "fitting"},
    {"output"},
    {"plot", "datasets"},
    {"web"},
    {"cli"},
]
SUBPACKAGES = set().union(*ROWS)
COMMAND_FUNCTIONS = {"add", "run"}  # each module of cli/commands has both: the program calls them by these names


@cache
def modules() -> dict[str, Path]:
    """Every module inside a subpackage, by its dotted name without `beep.`."""
    paths = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for name, path in paths.items() if "." in name}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports: in functions, for type checking, and by name in a string, too."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            paths = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {path if path.removeprefix("beep.") in modules() else str(node.module) for path in paths}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and str(node.value).removeprefix("beep.") in modules():
            names |= {node.value} if node.value.startswith("beep.") else set()
    assert "beep" not in names, f"{path} imports the package as a whole, and with it every subpackage"
    return {name.removeprefix("beep.") for name in names if name.startswith("beep.")}


def subpackage(module: str) -> str:
    return module.partition(".")[0]


@cache
def subpackage_imports() -> dict[tuple[str, str], int]:
    """How many imports lead from one subpackage to another."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for name, path in modules().items():
        for other in imports(path):
            if subpackage(other) != subpackage(name):
                counts[subpackage(name), subpackage(other)] += 1
    return counts


def test_imports_point_down() -> None:
    """A subpackage imports only from the rows below it; every subpackage has a row."""
    row = {name: number for number, names in enumerate(ROWS) for name in names}
    assert {subpackage(name) for name in modules()} == SUBPACKAGES
    assert [
        f"{name} imports {other}"
        for name, path in modules().items()
        for other in imports(path)
        if subpackage(other) != subpackage(name) and row[subpackage(other)] >= row[subpackage(name)]
    ] == []
    assert len(subpackage_imports()) > 20
    assert sum(subpackage_imports().values()) > 150


def test_no_circle() -> None:
    """No module imports itself through others, also not inside functions."""
    graph = {name: imports(path) - {name} for name, path in modules().items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(graph) <= set(order)
    assert len(order) > 60


def test_top_level() -> None:
    """The package holds its subpackages and four files; three subpackages have an `__init__` without imports."""
    names = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert names == SUBPACKAGES | {"__init__.py", "__init__.pyi", "__main__.py", "py.typed"}
    assert [(PACKAGE / name / "__init__.py").read_text() for name in ("base", "geometry", "signal")] == ["", "", ""]


def test_public_names_are_defined_once() -> None:
    """No function, class or constant of one module has the name of another module's."""
    homes: dict[str, list[str]] = defaultdict(list)
    for module, path in modules().items():
        for name in public_names(tree(path)) - {"TYPE_CHECKING"}:
            if not (module.startswith("cli.commands.") and name in COMMAND_FUNCTIONS):
                homes[name].append(module)
    assert len(homes) > 300
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def public_names(module: ast.Module) -> set[str]:
    """Names without underscore that a module defines at its top level; not those that it imports."""
    names: set[str] = set()
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def test_picture_shows_the_rows() -> None:
    """The picture in docs/architecture.md has the rows, and its arrows are the imports.

    Each arrow stands for imports that exist, and each import of one subpackage from another follows arrows.
    """
    (picture,) = re.findall(r"```mermaid\n(.*?)```", ARCHITECTURE, flags=re.S)
    rows = re.findall(r"subgraph [^\n]*\n(.*?)\n *end", picture, flags=re.S)
    assert [set(re.findall(r"^ *(\w+)\[", row, flags=re.M)) for row in reversed(rows)] == ROWS
    below: dict[str, set[str]] = defaultdict(set)
    for upper, lower in re.findall(r"^ *(\w+) --> (.+)$", picture, flags=re.M):
        below[upper] |= set(lower.split(" & "))
    assert {(upper, lower) for upper, names in below.items() for lower in names} <= set(subpackage_imports())
    reached: dict[str, set[str]] = defaultdict(set)
    for name in graphlib.TopologicalSorter(below).static_order():
        reached[name] = below[name].union(*(reached[lower] for lower in below[name]))
    assert [(upper, lower) for upper, lower in subpackage_imports() if lower not in reached[upper]] == []


def test_table_tells_what_a_room_may_import() -> None:
    """The table in docs/architecture.md has each subpackage, with exactly the subpackages of the rows below it."""
    table = dict(re.findall(r"^\| `([a-z]+)` \|.*\| ([^|]*) \|$", ARCHITECTURE, flags=re.M))
    below: set[str] = set()
    for row in ROWS:
        for name in row:
            assert set(re.findall(r"\w+", table.pop(name))) - {"nothing"} == below
        below |= row
    assert table == {}


def test_one_module_each_for_what_is_heavy() -> None:
    """SGP4, soundfile and rich are each imported in one place; SciPy only on the way back."""
    wanted = {
        "sgp4": {"geometry.orbit"},
        "soundfile": {"output.wav", "measuring.recording"},
        "rich": {"cli.tables", "cli.progress", "cli.live"},
        "sounddevice": {"output.card"},
        "scipy": {"fitting.flutter", "fitting.rank", "fitting.solve", "measuring.bursts"},
        "matplotlib": {"plot.style", "plot.panels", "plot.sheets", "plot.recordings"},
        "starlette": {"web.server"},
        "uvicorn": {"web.server"},
        "websockets": set(),
    }
    for library, homes in wanted.items():
        found = set()
        for name, path in modules().items():
            for node in ast.walk(tree(path)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                found |= {name for imported in names if imported.split(".")[0] == library}
        assert found == homes, library


def test_no_file_is_too_long() -> None:
    """A file beyond 400 lines should be two."""
    lengths = {path.name: len(path.read_text().splitlines()) for path in modules().values()}
    assert lengths
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_importing_loads_nothing_heavy() -> None:
    """Importing the package, or asking the program for help, waits for no library."""
    heavy = "{'numpy', 'scipy', 'soundfile', 'sounddevice', 'rich', 'sgp4', 'matplotlib'}"
    top = "from beep.cli.main import _help; _help()"
    for what in ("import beep, beep.scenario.scenario", top):
        code = f"import sys; {what}; print(sorted({heavy} & set(sys.modules)))"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_rendering_loads_no_scipy_and_no_audio_library() -> None:
    """A WAV is written, and a pass with every effect rendered and tracked, with NumPy and SGP4 alone."""
    code = (
        "import sys, io, beep; beep.export(beep.Scenario(duration_s=0.1), io.BytesIO());"
        "tape = beep.character('tape', beep.Scenario(station='dallas', start='1957-10-07T05:00Z', ionosphere='auto'));"
        "beep.render(tape, stop=10); beep.track(tape, [100.0]);"
        "print(sorted({'scipy', 'soundfile', 'sounddevice', 'rich', 'matplotlib', 'starlette'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_every_public_name_is_there() -> None:
    """What `__all__` promises can be had, and an unknown name is refused as Python does."""
    assert beep.__all__
    assert all(getattr(beep, name) is not None for name in beep.__all__)
    assert not hasattr(beep, "sputnik_2")
