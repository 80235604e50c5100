"""A scenario resolved: which look function, from when, for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil, floor, inf, isinf, log10, radians
from typing import TYPE_CHECKING

import numpy as np

from beep.base.arrays import Array
from beep.base.errors import ScenarioError
from beep.geometry.look import Look, LookFunction, hold_still, simple_pass, simple_pass_duration_s
from beep.geometry.stations import Station, parse_station
from beep.radio.channel import carrier_to_noise_db_hz, ionospheric_doppler_hz
from beep.radio.ionosphere import LEAST_HEIGHT, PRESETS, Layer, by_the_sun
from beep.radio.receiver import doppler_sign
from beep.scenario.scenario import Carrier, Scenario
from beep.signal.keying import Regime

if TYPE_CHECKING:
    from beep.scenario.date_keying import DayKeying

STEPS = 2001
BENT_STEPS = 200
HOUR = timedelta(hours=1)
LONG_BEFORE_S = -1e7
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
    ionosphere: str  # the name of the layer, also where it was chosen by the sun, or "off"
    layer: Layer | None  # None where it is off

    @cached_property
    def times_s(self) -> Array:
        """Times spread over the whole recording."""
        return np.linspace(0.0, self.duration_s, STEPS)

    @cached_property
    def seen(self) -> Look:
        """What is seen at these times."""
        return self.look(self.times_s)


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
    from beep.geometry.forecast import first_pass
    from beep.geometry.orbit import check_orbit, orbit_look

    start = _start(scenario)
    assert start is not None, "a scenario with a station has a start"
    found, mean, on_air = first_pass(station, start, scenario.tle)
    if isinf(found.los_s):
        return _always_up(scenario, orbit_look(station, mean, start), station, start)
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
        check_orbit(mean, epoch + timedelta(seconds=moment_s))
    return _settled(scenario, orbit_look(station, mean, epoch), station, epoch, duration_s, tca_s)


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
    ionosphere = scenario.ionosphere if scenario.ionosphere != "auto" else by_the_sun(solar_hour(epoch, tca_s, site))
    return Reception(
        look=hold_still(look, tca_s) if scenario.still else look,
        epoch=epoch,
        duration_s=duration_s,
        tca_s=tca_s,
        closest_m=float(look(np.array([tca_s])).range_m[0]),
        site=site,
        ionosphere=ionosphere,
        layer=None if ionosphere == "off" else _layer(scenario, PRESETS[ionosphere]),
    )


def solar_hour(epoch: datetime | None, tca_s: float, site: Station) -> float:
    """Hour of mean solar time at the site, 0 to 24, at closest approach."""
    assert epoch is not None, "a scenario that goes by the sun has a date"
    then = (epoch + timedelta(seconds=tca_s)).astimezone(UTC)
    return ((then - then.replace(hour=0, minute=0, second=0, microsecond=0)) / HOUR + site.longitude_deg / 15) % 24


def _layer(scenario: Scenario, preset: Layer) -> Layer:
    """The preset with what the recipe changes. Raises ScenarioError where no straight way leads through it."""
    layer = Layer(
        fof2_hz=preset.fof2_hz if scenario.fof2_mhz is None else scenario.fof2_mhz * 1e6,
        hm_m=preset.hm_m if scenario.hm_km is None else scenario.hm_km * 1e3,
        scale_m=preset.scale_m if scenario.scale_km is None else scenario.scale_km * 1e3,
    )
    for carrier in scenario.carriers:
        if carrier.frequency_mhz * 1e6 <= layer.fof2_hz:
            raise ScenarioError(
                f"a wave passes a layer only above its critical frequency: at {carrier.frequency_mhz:g} MHz fof2_mhz "
                f"{layer.fof2_hz / 1e6:g} reflects everything; lower fof2_mhz or turn the ionosphere off"
            )
    if layer.hm_m < LEAST_HEIGHT * layer.scale_m:
        raise ScenarioError(
            f"a layer must not reach the ground: hm_km must be at least {LEAST_HEIGHT:g} times scale_km, got "
            f"{layer.hm_m / 1e3:g} and {layer.scale_m / 1e3:g}; raise hm_km or lower scale_km"
        )
    return layer


def tone_hz(scenario: Scenario, carrier: Carrier, doppler_hz: Array, t_s: Array, delay_s: Array) -> Array:
    """Tone of a carrier with that Doppler and delay, with what the oscillators are off; negative beyond zero beat.

    All arrays of one shape. The carrier's own error is that of the moment of emission, and is shifted like the carrier.
    A tape's wow is not in it.
    """
    sent_hz = scenario.carrier_offset_hz + scenario.carrier_drift_hz_s * (t_s - delay_s)
    received_hz = doppler_hz + sent_hz * (1 + doppler_hz / (carrier.frequency_mhz * 1e6))
    centre_hz = scenario.tone_without_doppler_hz(carrier)
    return centre_hz + doppler_sign(scenario.sideband) * (received_hz - scenario.receiver_drift_hz_s * t_s)


def doppler_hz(reception: Reception, carrier: Carrier, t_s: Array) -> Array:
    """What a carrier's frequency is received above its own at times (N,), ionosphere included."""
    return _doppler_hz(reception, carrier, t_s, reception.look(t_s).delay_rate)


def _doppler_hz(reception: Reception, carrier: Carrier, t_s: Array, delay_rate: Array) -> Array:
    frequency_hz = carrier.frequency_mhz * 1e6
    bent_hz = ionospheric_doppler_hz(reception.look, t_s, frequency_hz=frequency_hz, layer=reception.layer)
    return bent_hz - frequency_hz * delay_rate


def tone_range_hz(scenario: Scenario, reception: Reception, carrier: Carrier) -> tuple[float, float]:
    """Lowest and highest tone of a carrier while it is above the horizon, Hz; below zero it has passed zero beat."""
    up = np.flatnonzero(reception.seen.elevation_rad > 0)
    if not up.size:
        centre_hz = scenario.tone_without_doppler_hz(carrier)
        return centre_hz, centre_hz
    if reception.layer is not None:
        up = up[:: -(-up.size // BENT_STEPS)]  # a ray costs more than a look
    t_s, seen = reception.times_s[up], reception.seen
    shift_hz = _doppler_hz(reception, carrier, t_s, seen.delay_rate[up])
    tones_hz = tone_hz(scenario, carrier, shift_hz, t_s, seen.delay_s[up])
    return float(tones_hz.min()), float(tones_hz.max())


def day_keying(scenario: Scenario) -> DayKeying:
    """Sputnik 1's keying at the closest approach of a scenario; see `date_keying.keying_on`.

    Raises ScenarioError where there is no date in October 1957.
    """
    from beep.scenario.date_keying import keying_on

    if scenario.tle is not None or scenario.start is None:
        raise ScenarioError("the keying by date is Sputnik 1's, from its start in October 1957; give start, drop tle")
    reception = receive(scenario)
    assert reception.epoch is not None, "a scenario with a start has an epoch"
    return keying_on(reception.epoch + timedelta(seconds=reception.tca_s))


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


def c_n0_db_hz(scenario: Scenario, carrier: Carrier, range_m: float, reception: Reception) -> float:
    """C/N0 of a carrier in the recording, from that far while the key is down, dB-Hz.

    As asked for, or the link budget's, without what the ionosphere and a spinning antenna add or take. In mono the
    noise of all receivers counts. Infinite without noise.
    """
    if scenario.noise == "off":
        return inf
    noise_to_carrier = 0.0  # per Hz; every receiver brings its carrier to the same level
    for one in _mixed_with(scenario, carrier):
        noise_to_carrier += 10 ** (-receiver_c_n0_db_hz(scenario, one, range_m, reception) / 10)
    return -10 * log10(noise_to_carrier)


def receiver_c_n0_db_hz(scenario: Scenario, carrier: Carrier, range_m: float, reception: Reception) -> float:
    """The same in the carrier's own receiver, before it is mixed with others."""
    if scenario.snr_db is None:
        return carrier_to_noise_db_hz(
            carrier.frequency_mhz * 1e6, power_w=carrier.power_w, range_m=range_m, place=scenario.noise
        )
    asked_db_hz = scenario.snr_db + 10 * log10(scenario.snr_bandwidth_hz * len(_mixed_with(scenario, carrier)))
    return asked_db_hz + 20 * log10(reception.closest_m / range_m)


def _mixed_with(scenario: Scenario, carrier: Carrier) -> tuple[Carrier, ...]:
    """The carriers whose receivers' sound goes into the channel of this one."""
    return scenario.carriers if scenario.mix == "mono" else (carrier,)
