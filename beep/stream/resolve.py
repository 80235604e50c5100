"""From a scenario to its reception: which pass, from when, for how long, through which layer of the ionosphere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil, floor, isinf, radians
from typing import TYPE_CHECKING

import numpy as np

from beep.base.errors import BeepError, ScenarioError
from beep.geometry.look import LookFunction, hold_still, simple_pass, simple_pass_duration_s
from beep.geometry.stations import Station, parse_station
from beep.geometry.tle import elements_of
from beep.radio.ionosphere import LAYERS, LEAST_HEIGHT, Layer, layer_at
from beep.scenario.scenario import Scenario
from beep.scenario.toml import from_comment
from beep.signal.keying import Regime
from beep.stream.reception import LONG_BEFORE_S, TIMES, Reception, tone_range_hz

if TYPE_CHECKING:
    from beep.scenario.date_keying import DayKeying

LONGEST_PASS = timedelta(minutes=20)  # of Sputnik 1, with a margin
HOUR = timedelta(hours=1)
SIMPLE_SITE = Station(latitude_deg=52.0, longitude_deg=0.0)  # of the simple pass, where a place matters (assumed)


def receive(scenario: Scenario | Reception, *, audible: bool = True) -> Reception:
    """Return the reception that a scenario describes; a Reception is returned as it is.

    Raises ScenarioError where there is none: no pass within a day, a date without an orbit, no length, a tone beyond
    half the sample rate. The tone is not checked where nobody listens to it, `audible` False.
    """
    if isinstance(scenario, Reception):
        return scenario
    reception = _simple(scenario) if scenario.station is None else _over_station(scenario, scenario.station)
    if audible:
        _check_tones(reception)
    return reception


def recorded_reception(comment: str) -> Reception | None:
    """Return the reception of the scenario in a recording's comment; None where that is none, or cannot be received.

    A comment may be a stranger's: whatever it says, it raises nothing.
    """
    scenario = from_comment(comment)
    try:
        return None if scenario is None else receive(scenario)
    except BeepError:
        return None


def _simple(scenario: Scenario) -> Reception:
    altitude_m = scenario.altitude_km * 1e3
    max_elevation_rad = radians(scenario.max_elevation_deg)
    duration_s = scenario.length_s
    if duration_s is None:
        duration_s = simple_pass_duration_s(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad)
        if duration_s < 1:
            got = f"max_elevation_deg {scenario.max_elevation_deg:g}"
            raise ScenarioError(f"the pass must rise above the horizon, got {got}; raise it, or give duration_s")
    tca_s = duration_s / 2 if scenario.tca_s is None else scenario.tca_s
    look = simple_pass(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=tca_s)
    return _reception(scenario, look, SIMPLE_SITE, _start(scenario), duration_s, tca_s)


def _over_station(scenario: Scenario, place: str) -> Reception:
    # Imported here, so that a simple pass need not wait for SGP4.
    from beep.geometry.forecast import first_pass
    from beep.geometry.orbit import check_orbit, orbit_look

    station, start = parse_station(place), _start(scenario)
    assert start is not None, "a scenario with a station has a start"
    next_pass, mean, on_air = first_pass(station, start, scenario.tle, radians(scenario.min_elevation_deg or 0.0))
    if isinf(next_pass.los_s):
        return _from_start(scenario, orbit_look(station, mean, start), station, start)
    tca = start + timedelta(seconds=next_pass.tca_s)
    if scenario.tca_s is None and scenario.length_s is None:
        # The recording begins on the whole second before AOS and ends on the one after LOS; over Tyuratam AOS was
        # before the satellite was on the air.
        aos = tca - timedelta(seconds=next_pass.tca_s - next_pass.aos_s)
        epoch = max(aos.replace(microsecond=0), on_air)
        tca_s = (tca - epoch).total_seconds()
        duration_s = float(ceil(tca_s + next_pass.los_s - next_pass.tca_s))
    else:
        duration_s = scenario.length_s or float(ceil(next_pass.los_s) - floor(next_pass.aos_s))
        tca_s = duration_s / 2 if scenario.tca_s is None else scenario.tca_s
        epoch = tca - timedelta(seconds=tca_s)
    for moment_s in (0.0, duration_s):
        check_orbit(mean, epoch + timedelta(seconds=moment_s))
    return _reception(scenario, orbit_look(station, mean, epoch), station, epoch, duration_s, tca_s)


def receive_from(scenario: Scenario, epoch: datetime, duration_s: float) -> Reception:
    """Return the reception of a scenario's satellite over its station from a moment on, above the horizon or not.

    The elements of Sputnik 1 are those of the pass that is in progress, or of the next. Raises ScenarioError or
    TleError where there is no orbit.
    """
    from beep.geometry.forecast import first_pass
    from beep.geometry.orbit import check_orbit, orbit_look
    from beep.geometry.sputnik import ORBIT_FROM

    assert scenario.station is not None
    station = parse_station(scenario.station)
    if scenario.tle is None:
        elements = first_pass(station, max(epoch - LONGEST_PASS, ORBIT_FROM), None)[1]
    else:
        elements = elements_of(scenario.tle)
    for moment_s in (0.0, duration_s):
        check_orbit(elements, epoch + timedelta(seconds=moment_s))
    return _from_start(replace(scenario, duration_s=duration_s), orbit_look(station, elements, epoch), station, epoch)


def _from_start(scenario: Scenario, look: LookFunction, station: Station, start: datetime) -> Reception:
    """Reception of a satellite that does not set for days: from the start on."""
    if scenario.length_s is None:
        raise ScenarioError("this satellite does not set here for days; give duration_s, and it is recorded from start")
    if scenario.tca_s is not None:
        raise ScenarioError("tca_s needs a pass, but this satellite does not set here for days; drop tca_s")
    t_s = np.linspace(0.0, scenario.length_s, TIMES)
    return _reception(scenario, look, station, start, scenario.length_s, float(t_s[np.argmin(look(t_s).range_m)]))


def _start(scenario: Scenario) -> datetime | None:
    return scenario.start if isinstance(scenario.start, datetime) else None


def _reception(
    scenario: Scenario, look: LookFunction, site: Station, epoch: datetime | None, duration_s: float, tca_s: float
) -> Reception:
    ionosphere = scenario.ionosphere if scenario.ionosphere != "auto" else layer_at(solar_hour(epoch, tca_s, site))
    return Reception(
        scenario=scenario,
        look=hold_still(look, tca_s) if scenario.still else look,
        epoch=epoch,
        duration_s=duration_s,
        tca_s=tca_s,
        closest_m=float(look(np.array([tca_s])).range_m[0]),
        site=site,
        ionosphere=ionosphere,
        layer=None if ionosphere == "off" else _layer(scenario, LAYERS[ionosphere]),
    )


def solar_hour(epoch: datetime | None, tca_s: float, site: Station) -> float:
    """Hour of mean solar time at the site at closest approach, 0 to 24."""
    assert epoch is not None, "a scenario with ionosphere auto has a date"
    tca = (epoch + timedelta(seconds=tca_s)).astimezone(UTC)
    return ((tca - tca.replace(hour=0, minute=0, second=0, microsecond=0)) / HOUR + site.longitude_deg / 15) % 24


def _layer(scenario: Scenario, named: Layer) -> Layer:
    """The named layer with the scenario's changes. Raises ScenarioError where no carrier can pass through it."""
    layer = Layer(
        fof2_hz=named.fof2_hz if scenario.fof2_mhz is None else scenario.fof2_mhz * 1e6,
        hm_m=named.hm_m if scenario.hm_km is None else scenario.hm_km * 1e3,
        scale_m=named.scale_m if scenario.scale_km is None else scenario.scale_km * 1e3,
    )
    lowest_mhz = min(carrier.frequency_mhz for carrier in scenario.carriers)
    if lowest_mhz * 1e6 <= layer.fof2_hz:
        raise ScenarioError(
            f"a wave passes a layer only above its critical frequency: at {lowest_mhz:g} MHz fof2_mhz "
            f"{layer.fof2_hz / 1e6:g} reflects everything; lower fof2_mhz or turn the ionosphere off"
        )
    if layer.hm_m < LEAST_HEIGHT * layer.scale_m:
        raise ScenarioError(
            f"a layer must not reach the ground: hm_km must be at least {LEAST_HEIGHT:g} times scale_km, got "
            f"{layer.hm_m / 1e3:g} and {layer.scale_m / 1e3:g}; raise hm_km or lower scale_km"
        )
    return layer


def _check_tones(reception: Reception) -> None:
    half_hz = reception.scenario.sample_rate_hz / 2
    for carrier in reception.scenario.heard:
        low_hz, high_hz = tone_range_hz(reception, carrier)
        if max(-low_hz, high_hz) >= half_hz:
            got = f"with its Doppler that of {carrier.frequency_mhz:g} MHz reaches {max(-low_hz, high_hz):.0f} Hz"
            rule = f"a tone must stay below half the sample rate, {half_hz:g} Hz"
            raise ScenarioError(f"{rule}, {got}; lower tone_hz or raise sample_rate_hz")


# --- keying by date ---------------------------------------------------------------------------------------------


def day_keying(scenario: Scenario) -> DayKeying:
    """Return Sputnik 1's keying at the closest approach of a scenario; see `date_keying.keying_on`.

    Raises ScenarioError where there is no date in October 1957.
    """
    from beep.scenario.date_keying import keying_on

    if scenario.tle is not None:
        raise ScenarioError(
            "the keying by date is known for Sputnik 1 only, got the tle of another satellite; drop tle"
        )
    if scenario.start is None:
        raise ScenarioError(
            "the keying by date needs a start in October 1957, got none; give start='1957-10-07T05:00Z'"
        )
    reception = receive(scenario)
    assert reception.epoch is not None, "a scenario with a start has an epoch"
    return keying_on(reception.epoch + timedelta(seconds=reception.tca_s))


def date_keying(scenario: Scenario, keying: DayKeying | None = None) -> Scenario:
    """Return the scenario with Sputnik 1's keying at its closest approach, or with the `keying` of a day.

    While the carrier was continuous, it is the one that sends in the pulse; the other is silent (assumed). Raises
    ScenarioError where there is no date in October 1957.
    """
    keying = keying or day_keying(scenario)
    regimes = () if keying.key == "keyed" else (Regime(from_s=LONG_BEFORE_S, key=keying.key),)
    return replace(scenario, pulse_s=keying.pulse_s, pause_s=keying.pause_s, keying=regimes)
