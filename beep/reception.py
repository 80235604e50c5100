"""A scenario resolved: which look function, from when, for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil, degrees, floor, isinf, radians
from typing import TYPE_CHECKING

import numpy as np

from beep.channel import carrier_to_noise_db_hz
from beep.errors import ScenarioError
from beep.geometry import Look, LookFunction, hold_still, simple_pass, simple_pass_duration_s
from beep.ionosphere import Layer
from beep.keying import Regime
from beep.receiver import doppler_sign
from beep.scenario import Carrier, Scenario
from beep.stations import Station, parse_station
from beep.tle import elements_of

if TYPE_CHECKING:
    from beep.sputnik import DayKeying

STEPS = 2001
LOW_PASS_DEG = 5.0
LONG_BEFORE_S = -1e7
MARGIN_HZ = 100.0  # to the filter's edges
OLD_DAYS = 7.0  # since which elements are 7 to 20 km off
NOISE_MHZ = (0.3, 250.0)  # of ITU-R P.372's man-made noise
SIMPLE_SITE = Station(latitude_deg=52.0, longitude_deg=0.0)  # of the simple pass, where a place matters (assumed)


@dataclass(frozen=True, kw_only=True)
class Reception:
    """Who flies over, in seconds after the first sample."""

    look: LookFunction
    epoch: datetime | None  # UTC of the first sample
    duration_s: float
    tca_s: float
    closest_m: float  # range at closest approach, which sets the level
    site: Station  # where it is heard; assumed for the simple pass
    layer: Layer | None  # of the ionosphere; None where it is off


def receive(scenario: Scenario) -> Reception:
    """The reception that a scenario describes.

    Raises ScenarioError where there is none: no pass within a day, a date without an orbit, no length.
    """
    if scenario.station is None:
        reception = _simple(scenario)
    else:
        reception = _over_station(scenario, parse_station(scenario.station))
    _check_tones(scenario, reception)
    return reception


def _simple(scenario: Scenario) -> Reception:
    altitude_m = scenario.altitude_km * 1e3
    max_elevation_rad = radians(scenario.max_elevation_deg)
    duration_s = scenario.duration_s
    if duration_s is None:
        duration_s = simple_pass_duration_s(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad)
        if duration_s < 1:
            raise ScenarioError(
                f"the pass must rise above the horizon, got max_elevation_deg {scenario.max_elevation_deg:g}; "
                f"raise it, or give duration_s"
            )
    tca_s = duration_s / 2 if scenario.tca_s is None else scenario.tca_s
    look = simple_pass(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=tca_s)
    return _settled(scenario, look, SIMPLE_SITE, _start(scenario), duration_s, tca_s)


def _over_station(scenario: Scenario, station: Station) -> Reception:
    # Imported here, so that a simple pass need not wait for SGP4.
    from beep.forecast import first_pass
    from beep.overhead import over, refuse_lost

    start = _start(scenario)
    assert start is not None, "a scenario with a station has a start"
    found, mean, on_air = first_pass(station, start, scenario.tle)
    if isinf(found.los_s):
        return _always_up(scenario, over(station, mean, start), station, start)
    tca = start + timedelta(seconds=found.tca_s)
    if scenario.tca_s is None and scenario.duration_s is None:
        # The recording begins on the whole second before the rise and ends on the one after the set; over Tyuratam the
        # satellite had risen before it was on the air.
        rise = tca - timedelta(seconds=found.tca_s - found.aos_s)
        epoch = max(rise.replace(microsecond=0), on_air)
        tca_s = (tca - epoch).total_seconds()
        duration_s = float(ceil(tca_s + found.los_s - found.tca_s))
    else:
        duration_s = scenario.duration_s or float(ceil(found.los_s) - floor(found.aos_s))
        tca_s = duration_s / 2 if scenario.tca_s is None else scenario.tca_s
        epoch = tca - timedelta(seconds=tca_s)
    for moment_s in (0.0, duration_s):
        refuse_lost(mean, epoch + timedelta(seconds=moment_s))
    return _settled(scenario, over(station, mean, epoch), station, epoch, duration_s, tca_s)


def _always_up(scenario: Scenario, look: LookFunction, station: Station, start: datetime) -> Reception:
    """A satellite that does not set for days is recorded from the start on."""
    if scenario.duration_s is None:
        raise ScenarioError("this satellite does not set here for days; give duration_s, and it is recorded from start")
    if scenario.tca_s is not None:
        raise ScenarioError("tca_s needs a pass, but this satellite does not set here for days; drop tca_s")
    t_s = np.linspace(0.0, scenario.duration_s, STEPS)
    return _settled(scenario, look, station, start, scenario.duration_s, float(t_s[np.argmin(look(t_s).range_m)]))


def _start(scenario: Scenario) -> datetime | None:
    return scenario.start if isinstance(scenario.start, datetime) else None


def _settled(
    scenario: Scenario, look: LookFunction, site: Station, epoch: datetime | None, duration_s: float, tca_s: float
) -> Reception:
    return Reception(
        look=hold_still(look, tca_s) if scenario.still else look,
        epoch=epoch,
        duration_s=duration_s,
        tca_s=tca_s,
        closest_m=float(look(np.array([tca_s])).range_m[0]),
        site=site,
        layer=None,
    )


def _seen(reception: Reception) -> Look:
    """Looks spread over the whole recording."""
    return reception.look(np.linspace(0.0, reception.duration_s, STEPS))


def tone_range_hz(scenario: Scenario, reception: Reception, carrier: Carrier) -> tuple[float, float]:
    """Lowest and highest tone of a carrier while it is above the horizon, Hz; below zero it has passed zero beat."""
    seen = _seen(reception)
    rate = seen.delay_rate[seen.elevation_rad > 0]
    if not rate.size:
        return scenario.tone_hz, scenario.tone_hz
    tone_hz = scenario.tone_hz - doppler_sign(scenario.sideband) * carrier.frequency_mhz * 1e6 * rate
    return float(tone_hz.min()), float(tone_hz.max())


def day_keying(scenario: Scenario) -> DayKeying:
    """Sputnik 1's keying at the closest approach of a scenario; see `sputnik.keying_on`.

    Raises ScenarioError where there is no date in October 1957.
    """
    from beep import sputnik

    if scenario.tle is not None or scenario.start is None:
        raise ScenarioError("the keying by date is Sputnik 1's, from its start in October 1957; give start, drop tle")
    reception = receive(scenario)
    assert reception.epoch is not None, "a scenario with a start has an epoch"
    return sputnik.keying_on(reception.epoch + timedelta(seconds=reception.tca_s))


def date_keying(scenario: Scenario) -> Scenario:
    """The scenario with Sputnik 1's keying at its closest approach, as far as that is known.

    Where the carrier was continuous, it is the one that sends in the pulse; the other is silent (assumed). Raises
    ScenarioError where there is no date in October 1957.
    """
    then = day_keying(scenario)
    regimes = () if then.key == "keyed" else (Regime(from_s=LONG_BEFORE_S, key=then.key),)
    return replace(scenario, pulse_s=then.pulse_s, pause_s=then.pause_s, keying=regimes)


def _check_tones(scenario: Scenario, reception: Reception) -> None:
    for carrier in scenario.heard:
        low_hz, high_hz = tone_range_hz(scenario, reception, carrier)
        if max(-low_hz, high_hz) >= scenario.sample_rate_hz / 2:
            raise ScenarioError(
                f"a tone must stay below half the sample rate, {scenario.sample_rate_hz / 2:g} Hz, with its Doppler "
                f"that of {carrier.frequency_mhz:g} MHz reaches {max(-low_hz, high_hz):.0f} Hz; "
                f"lower tone_hz or raise sample_rate_hz"
            )


def warnings(scenario: Scenario, reception: Reception) -> list[str]:
    """What is allowed but probably not meant: a tone that leaves the filter's band, a pass that is missed."""
    found = []
    if not np.any(_seen(reception).elevation_rad > 0):
        found.append("the satellite is below the horizon for the whole recording; move tca_s or change duration_s")
    highest_deg = degrees(_seen(reception).elevation_rad.max())
    if scenario.station is not None and 0 < highest_deg < LOW_PASS_DEG:
        found.append(f"this pass rises to {highest_deg:.1f} degrees only; give a later start for the next one")
    for carrier in scenario.heard:
        low_hz, high_hz = tone_range_hz(scenario, reception, carrier)
        if low_hz < scenario.low_hz or high_hz > scenario.high_hz:
            tone_hz, upper_hz = _room_for(scenario, low_hz, high_hz)
            found.append(
                f"the tone of {carrier.frequency_mhz:g} MHz runs from {low_hz:.0f} to {high_hz:.0f} Hz and leaves the "
                f"filter ({scenario.low_hz:g} to {scenario.high_hz:g} Hz), where it fades; tone_hz {tone_hz:.0f} with "
                f"high_hz {upper_hz:.0f} would hold it"
            )
        if scenario.noise != "off" and not NOISE_MHZ[0] <= carrier.frequency_mhz <= NOISE_MHZ[1]:
            found.append(
                f"the noise is ITU-R P.372's, which ends at {NOISE_MHZ[1]:g} MHz; at {carrier.frequency_mhz:g} MHz it "
                f"is continued, and a receiver's own noise, which is not made, would be more"
            )
    if scenario.tle is not None and reception.epoch is not None:
        epoch = elements_of(scenario.tle).epoch
        days = abs((reception.epoch - epoch) / timedelta(days=1))
        if days > OLD_DAYS:
            found.append(
                f"the elements are of {epoch:%Y-%m-%d}, {days:.0f} days from this pass: it may be {days:.0f} to "
                f"{3 * days:.0f} km from there; take a newer set"
            )
    return found


def _room_for(scenario: Scenario, low_hz: float, high_hz: float) -> tuple[float, float]:
    """Tone and upper filter edge, in whole hundreds of Hz, that hold a tone which now runs between the two."""
    tone_hz = max(scenario.tone_hz, 100 * ceil((scenario.tone_hz + scenario.low_hz + MARGIN_HZ - low_hz) / 100))
    return tone_hz, max(scenario.high_hz, 100 * ceil((high_hz + tone_hz - scenario.tone_hz + MARGIN_HZ) / 100))


def peak_snr_db(scenario: Scenario, reception: Reception, carrier: Carrier) -> float:
    """SNR of a carrier in the filter's band while the key is down, at the closest moment of the recording, dB.

    The band is taken as high_hz - low_hz; the filter's noise bandwidth is some 50 Hz less. In mono the noise of both
    receivers counts. Infinite without noise, minus infinity if the satellite never rises.
    """
    seen = _seen(reception)
    up = seen.elevation_rad > 0
    if not up.any():
        return -np.inf
    noise_to_carrier = 0.0  # per Hz; both carriers have the same level
    for heard in scenario.carriers if scenario.mix == "mono" else (carrier,):
        c_n0_db_hz = carrier_to_noise_db_hz(
            heard.frequency_mhz * 1e6,
            power_w=heard.power_w,
            range_m=float(seen.range_m[up].min()),
            place=scenario.noise,
        )
        noise_to_carrier += 10 ** (-c_n0_db_hz / 10)
    with np.errstate(divide="ignore"):
        return float(-10 * np.log10(noise_to_carrier * (scenario.high_hz - scenario.low_hz)))


def describe(scenario: Scenario, reception: Reception) -> str:
    """Two lines: when the pass comes closest, how far and how high; and how strong it is then."""
    closest = reception.look(np.array([reception.tca_s]))
    where = f"{closest.range_m[0] / 1e3:.0f} km away, {degrees(closest.elevation_rad[0]):.0f} deg high"
    if reception.epoch is None:
        when = f"closest after {reception.tca_s:.1f} s"
    else:
        tca = reception.epoch + timedelta(seconds=reception.tca_s + 0.5)  # printed to the nearest second
        when = f"first sample {reception.epoch:%Y-%m-%d %H:%M:%S} UTC, closest {tca:%H:%M:%S}"
        when += " (before that)" if reception.tca_s < 0 else ""
        if scenario.station is not None and scenario.tle is None:
            when += " +-3 s"  # 1 sigma, of the orbit
    ratios_db = {carrier.frequency_mhz: peak_snr_db(scenario, reception, carrier) for carrier in scenario.heard}
    if all(np.isfinite(ratio_db) for ratio_db in ratios_db.values()):
        listed = ", ".join(f"{ratio_db:.1f} dB at {mhz:g} MHz" for mhz, ratio_db in ratios_db.items())
        width_khz = (scenario.high_hz - scenario.low_hz) / 1e3
        strength = f"peak SNR in {width_khz:g} kHz: {listed} (noise: {scenario.noise})"
    else:
        strength = "no noise" if scenario.noise == "off" else "no signal: below the horizon in this recording"
    return f"pass: {when}, {where}\n{strength}"
