"""Write beep/web/page/coast.json: the world's coasts as closed rings in tenths of a degree.

The source is land-110m.json of the npm package world-atlas 2.0.2: Natural Earth's land at 1:110 million, public
domain. Run it as `python tests/reference/build_coast.py land-110m.json`.

A ring is [longitude, latitude, step east, step north, step east ...]: its first point, then the step from each point
to the next, 28 kB in place of 49. Longitudes run on beyond 180 degrees where a ring crosses the
date line, so that a page draws each ring as it is, and once more 360 degrees to either side. Antarctica, which goes
round the pole, is closed along the south edge.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "beep" / "web" / "page"
TURN = 3600  # tenths of a degree


def arcs(topology: dict[str, Any]) -> list[list[tuple[int, int]]]:
    """Return the arcs of a TopoJSON in tenths of a degree: each point is stored as the step from the one before."""
    (width, height), (west, south) = topology["transform"]["scale"], topology["transform"]["translate"]
    lines = []
    for steps in topology["arcs"]:
        x = y = 0
        line = []
        for step_x, step_y in steps:
            x, y = x + step_x, y + step_y
            line.append((round(10 * (west + width * x)), round(10 * (south + height * y))))
        lines.append(line)
    return lines


def ring(numbers: list[int], lines: list[list[tuple[int, int]]]) -> list[int]:
    """Return one closed ring, its longitudes without jumps; a negative number is an arc backwards."""
    points: list[tuple[int, int]] = []
    for number in numbers:
        line = lines[number] if number >= 0 else lines[~number][::-1]
        points += line[bool(points) :]
    flat = [*points[0]]
    for (before, _), (longitude, latitude) in pairwise(points):
        east = flat[-2] + (longitude - before + TURN // 2) % TURN - TURN // 2
        if (east, latitude) != (flat[-2], flat[-1]):
            flat += [east, latitude]
    if flat[-2] != flat[0]:  # once round the pole
        flat += [flat[-2], -900, flat[0], -900]
    return flat


def steps(flat: list[int]) -> list[int]:
    """Return the first point of a ring, then the steps from point to point."""
    return flat[:2] + [after - before for before, after in zip(flat, flat[2:], strict=False)]


def main() -> None:
    topology = json.loads(Path(sys.argv[1]).read_text())
    lines = arcs(topology)
    (land,) = topology["objects"]["land"]["geometries"]
    rings = [steps(ring(numbers, lines)) for polygon in land["arcs"] for numbers in polygon]
    text = json.dumps(sorted(rings, key=len, reverse=True), separators=(",", ":"))
    (PAGE / "coast.json").write_text(text.replace("],[", "],\n[") + "\n")


main()
