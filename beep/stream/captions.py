"""What is written on a picture of a scenario: which recipe, where, when, and how well its orbit is known."""

from datetime import datetime, timedelta

from beep.geometry.stations import STATIONS, parse_station
from beep.geometry.tle import elements_of, satellite_name
from beep.scenario.presets import preset, presets
from beep.scenario.scenario import Scenario, fields
from beep.stream.reception import Reception

MOST_CHANGES = 3  # written out
TOLD_APART = {"station", "start", "tle"}  # as place and date


def footer(scenario: Scenario, reception: Reception) -> list[str]:
    """Preset, place, date, and the grade of the orbit, a few words each."""
    return [recipe(scenario), place(scenario), f"first sample {moment(reception.epoch, 0.0)}", orbit(scenario)]


def recipe(scenario: Scenario) -> str:
    """The preset that comes nearest, and what is changed in it."""
    changes = {name: _changed(scenario, preset(name)) for name in presets()}
    nearest = min(changes, key=lambda name: (len(changes[name]), name != "tass"))
    changed = changes[nearest]
    if len(changed) > MOST_CHANGES:
        return f"preset {nearest} with {len(changed)} changes"
    values = ", ".join(f"{name} {_written(getattr(scenario, name))}" for name in changed)
    return f"preset {nearest}" + (f" with {values}" if values else "")


def _changed(scenario: Scenario, base: Scenario) -> list[str]:
    names = [field.name for field in fields() if field.name not in TOLD_APART]
    return [name for name in names if getattr(scenario, name) != getattr(base, name)]


def _written(value: object) -> str:
    if isinstance(value, tuple):  # carriers
        return " and ".join(f"{carrier.frequency_mhz:g} MHz" for carrier in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def place(scenario: Scenario) -> str:
    """The station's name and coordinates."""
    if scenario.station is None:
        return "no place"
    station = parse_station(scenario.station)
    north, east = station.latitude_deg, station.longitude_deg
    where = f"{abs(north):.2f}\N{DEGREE SIGN} {'NS'[north < 0]}, {abs(east):.2f}\N{DEGREE SIGN} {'EW'[east < 0]}"
    name = name_of(scenario)
    return f"{name} ({where})" if name else where


def name_of(scenario: Scenario) -> str:
    """The known station's name as it is written, or nothing."""
    known = (scenario.station or "").strip().lower().replace(" ", "-")
    return known.replace("-", " ").title() if known in STATIONS else ""


def date(epoch: datetime | None) -> str:
    """Day, month and year, or nothing."""
    return f"{epoch.day} {epoch:%B %Y}" if epoch else ""


def moment(epoch: datetime | None, t_s: float) -> str:
    """UTC of `t_s` after the epoch, to the nearest second."""
    if epoch is None:
        return "without a date"
    return f"{epoch + timedelta(seconds=t_s + 0.5):%Y-%m-%d %H:%M:%S} UTC"


def minutes(t_s: float) -> str:
    """Minutes and seconds, to the nearest second."""
    whole = round(abs(t_s))
    return f"{'-' if t_s < 0 and whole else ''}{whole // 60}:{whole % 60:02}"


def orbit(scenario: Scenario) -> str:
    """Where the orbit comes from, with its grade: C computed from observations, A assumed."""
    if scenario.station is None:
        return "orbit: grade A (assumed), a circle over a round Earth at rest"
    if scenario.tle is not None:
        return f"orbit: SGP4, elements of {elements_of(scenario.tle).epoch:%Y-%m-%d}"
    return (
        "orbit: grade C (computed from 62 radio crossings of 1957), "
        "\N{PLUS-MINUS SIGN}3 s, \N{PLUS-MINUS SIGN}2 % in distance"
    )


def title(scenario: Scenario, reception: Reception) -> str:
    """Who flies over whom, and when."""
    if scenario.station is None:
        what = "a satellite that hangs still" if scenario.still else "a simple pass"
        what += f", {scenario.altitude_km:g} km high, {scenario.max_elevation_deg:g}\N{DEGREE SIGN} at its highest"
    else:
        flying = "Sputnik 1" if scenario.tle is None else satellite_name(scenario.tle)
        what = f"{flying} over {name_of(scenario) or place(scenario)}"
    return ", ".join(part for part in (what, date(reception.epoch)) if part)
