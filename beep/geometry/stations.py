"""Stations: places where Sputnik 1 was heard in 1957, and coordinates given as text.

Coordinates are WGS-84 in degrees, east positive; heights in metres above sea level, taken as ellipsoidal
heights (up to 50 m apart, far below the error of the orbit). "Assumed" says how far off the position may be.
"""

import re
from dataclasses import dataclass

from beep.base.errors import ScenarioError, unknown_name

_LOCATOR = re.compile(r"[a-r]{2}\d{2}([a-x]{2}(\d{2})?)?")


@dataclass(frozen=True, kw_only=True)
class Station:
    """A place on the WGS-84 ellipsoid."""

    latitude_deg: float
    longitude_deg: float
    height_m: float = 0.0

    def __post_init__(self) -> None:
        rules = (
            ("latitude", self.latitude_deg, -90.0, 90.0, "degrees"),
            ("longitude", self.longitude_deg, -180.0, 360.0, "degrees, east positive"),
            ("height", self.height_m, -500.0, 9000.0, "m"),
        )
        for name, value, least, most, unit in rules:
            if not least <= value <= most:
                raise ScenarioError(f"a station's {name} must be {least:g} to {most:g} {unit}, got {value:g}")


def _at(latitude_deg: float, longitude_deg: float, height_m: float) -> Station:
    return Station(latitude_deg=latitude_deg, longitude_deg=longitude_deg, height_m=height_m)


STATIONS = {
    "baldock": _at(52.00, -0.13, 95),  # GPO receiving station east of the town; assumed within 3 km
    "banbury": _at(52.06, -1.34, 100),  # GPO measuring station; assumed: the town, within 8 km
    "cambridge": _at(52.165, 0.037, 20),  # Mullard Observatory, Lord's Bridge; assumed that the aerials stood there
    "dallas": _at(32.78, -96.80, 135),  # Roy Welch, W5SLL; assumed: the city, within 20 km
    "laurel": _at(39.165, -76.897, 120),  # Applied Physics Laboratory, Howard County; assumed within 1 km
    "munich": _at(48.1453, 11.6069, 529),  # University Observatory, IAU code 532 (IAU/UNESCO heritage portal)
    "quartz-hill": _at(-41.25, 174.69, 280),  # NZ Broadcasting Service, Makara; assumed within 2 km
    "riverhead": _at(40.89, -72.66, 15),  # RCA receiving station, Long Island; assumed within 4 km
    "tatsfield": _at(51.29, 0.01, 255),  # BBC measuring station; Wikipedia, "Tatsfield Receiving Station"
    "tyuratam": _at(45.9203, 63.3422, 90),  # launch pad (Wikipedia, "Gagarin's Start"); its IP-1 assumed within 3 km
    "urbana": _at(40.11, -88.23, 225),  # University of Illinois; assumed: the campus, within 8 km
    "washington": _at(38.822, -77.024, 10),  # Naval Research Laboratory; assumed within 1 km
}


def parse_station(text: str) -> Station:
    """Return the station of a known name, of coordinates, or the centre of a Maidenhead locator like JO02ab.

    Coordinates are `LAT,LON[,HEIGHT_M]` in degrees and metres, north and east positive, or with letters as in
    `48.1N,11.5E`. Raises ScenarioError where the text is none of these.
    """
    name = text.strip().lower().replace(" ", "-")
    if name in STATIONS:
        return STATIONS[name]
    if _LOCATOR.fullmatch(name):
        return _locator(name)
    parts = text.split(",")
    try:
        if len(parts) in (2, 3) and text.isprintable():
            height_m = float(parts[2]) if len(parts) == 3 else 0.0
            return _at(_degrees(parts[0], "NS"), _degrees(parts[1], "EW"), height_m)
    except ScenarioError:
        raise
    except ValueError:
        pass
    raise unknown_name("station must be LAT,LON[,HEIGHT_M], a locator like JO02ab, or", text, STATIONS)


def _degrees(text: str, letters: str) -> float:
    """Degrees of a coordinate, positive with the first of two letters, negative with the second."""
    typed = text.strip().upper().replace("\N{DEGREE SIGN}", "")
    try:
        return float(typed)
    except ValueError:
        if not typed.endswith(tuple(letters)):
            raise
        number = float(typed[:-1])
        return -number if typed[-1] == letters[1] else number


def _locator(text: str) -> Station:
    """Centre of a locator of 4, 6 or 8 characters.

    References: IARU Region 1, "The Locator System", VHF Managers Handbook.
    """
    east_deg, north_deg, width_deg = -180.0, -90.0, 360.0
    for at, count in zip(range(0, len(text), 2), (18, 10, 24, 10), strict=False):
        width_deg /= count
        east, north = (int(letter, 36) - (0 if letter.isdigit() else 10) for letter in text[at : at + 2])
        east_deg, north_deg = east_deg + east * width_deg, north_deg + north * width_deg / 2
    return _at(north_deg + width_deg / 4, east_deg + width_deg / 2, 0.0)
