"""A reception in words: warnings before it is rendered, what `beep export` prints, and titles of pictures."""

from datetime import datetime, timedelta
from math import ceil, degrees, floor, isfinite, log10

import numpy as np

from beep.geometry.stations import STATIONS, parse_station
from beep.geometry.tle import elements_of, satellite_name
from beep.scenario.carriers import Carrier
from beep.scenario.presets import preset, presets
from beep.scenario.scenario import Scenario
from beep.stream.reception import Reception, c_n0_at_db_hz, c_n0_db_hz, peak_snr_db, snr_band_hz, tone_range_hz
from beep.stream.resolve import solar_hour

LOW_PASS_DEG = 5.0
CLICK_HZ = 200.0  # above, an edge of 5 ms is more than 30 dB below its carrier
MARGIN_HZ = 100.0  # to the filter's edges
OLD_DAYS = 7.0  # age at which elements are 7 to 20 km off
NOISE_MHZ = (0.3, 250.0)  # of ITU-R P.372's man-made noise
MOST_CHANGES = 3  # written out
PLACE_AND_DATE = {
    "station",
    "start",
    "tle",
    "min_elevation_deg",
}  # fields that are written apart from the changes of a preset


# --- warnings ---------------------------------------------------------------------------------------------------


def warnings(reception: Reception) -> list[str]:
    """What is allowed but probably not meant, such as a tone that leaves the filter, or a pass that is missed."""
    scenario = reception.scenario
    lines = [*pass_warnings(reception), *_silent(reception), *_clipping(reception)]
    if scenario.detector == "am":
        clicks = f"with detector am the key clicks lie below {CLICK_HZ:g} Hz, but low_hz is {scenario.low_hz:g}"
        return [*lines, f"{clicks}; lower it to 100"] if scenario.low_hz > CLICK_HZ else lines
    lines += _tones_outside(reception)
    for carrier in scenario.heard:
        if scenario.noise != "off" and not NOISE_MHZ[0] <= carrier.frequency_mhz <= NOISE_MHZ[1]:
            lines.append(
                f"the noise of ITU-R P.372 ends at {NOISE_MHZ[1]:g} MHz; at {carrier.frequency_mhz:g} MHz it is "
                f"extrapolated, and the noise of a receiver itself, which is not simulated, would be more"
            )
    return lines


def pass_warnings(reception: Reception) -> list[str]:
    """Warnings about the pass alone."""
    scenario, highest_deg = reception.scenario, degrees(reception.looks.elevation_rad.max())
    lines = []
    if highest_deg <= 0:
        lines.append("the satellite is below the horizon for the whole recording; move tca_s or change duration_s")
    elif scenario.station is not None and highest_deg < LOW_PASS_DEG:
        lines.append(
            f"the max. elevation is only {highest_deg:.1f} degrees; give a later start, or min_elevation_deg 20"
        )
    if scenario.tle is not None and reception.epoch is not None:
        epoch = elements_of(scenario.tle).epoch
        days = abs((reception.epoch - epoch) / timedelta(days=1))
        if days > OLD_DAYS:
            lines.append(
                f"the elements are of {epoch:%Y-%m-%d}, {days:.0f} days from this pass: the satellite may be "
                f"{days:.0f} to {3 * days:.0f} km from there; take a newer set"
            )
    return lines


def _silent(reception: Reception) -> list[str]:
    """A warning where a carrier that is heard is never keyed in the recording."""
    keys = {span.key for span in reception.key.spans if span.from_s < reception.duration_s and span.until_s > 0}
    sent_in = {"pulse": {"keyed", "continuous"}, "pause": {"keyed"}, "always": {"keyed", "continuous"}}
    silent = [carrier for carrier in reception.scenario.heard if not keys & sent_in[carrier.sends]]
    names = " and ".join(f"{carrier.frequency_mhz:g} MHz" for carrier in silent)
    return (
        [f"nothing is sent on {names} in this recording: the keying is {' and '.join(sorted(keys))}"] if silent else []
    )


def _clipping(reception: Reception) -> list[str]:
    """A warning where the noise often exceeds full scale."""
    scenario = reception.scenario
    if scenario.agc or scenario.saturation_dbfs is not None:
        return []
    level = 10 ** (scenario.level_dbfs / 20)
    c_n0_db = min(c_n0_db_hz(reception, carrier) for carrier in scenario.heard)
    noise = level * 10 ** (-(c_n0_db - 10 * log10(2 * snr_band_hz(scenario))) / 20)
    if level + 2 * noise <= 1:
        return []
    fits_dbfs = floor(scenario.level_dbfs - 20 * log10(level + 4 * noise))
    return [f"the noise will be clipped at full scale; level_dbfs {fits_dbfs} or agc prevents it"]


def _tones_outside(reception: Reception) -> list[str]:
    """A warning where tones leave the filter, with the `tone_hz` and `high_hz` that keep all of them inside."""
    scenario = reception.scenario
    ranges_hz = {carrier: tone_range_hz(reception, carrier) for carrier in scenario.heard}
    outside = {c: ends for c, ends in ranges_hz.items() if ends[0] < scenario.low_hz or ends[1] > scenario.high_hz}
    if not outside:
        return []
    ratios = {carrier: carrier.frequency_mhz / scenario.carriers[0].frequency_mhz for carrier in ranges_hz}
    lows_hz = {carrier: low_hz for carrier, (low_hz, _) in outside.items() if low_hz < scenario.low_hz}
    rise_hz = max(((scenario.low_hz + MARGIN_HZ - low_hz) / ratios[c] for c, low_hz in lows_hz.items()), default=0.0)
    tone_hz = 100 * ceil((scenario.tone_hz + rise_hz) / 100) if lows_hz else scenario.tone_hz
    top_hz = max(high_hz + ratios[c] * (tone_hz - scenario.tone_hz) for c, (_, high_hz) in ranges_hz.items())
    changes = [f"tone_hz {tone_hz:g}"] if lows_hz else []
    if top_hz > scenario.high_hz:
        changes.append(f"high_hz {min(100 * ceil((top_hz + MARGIN_HZ) / 100), scenario.sample_rate_hz / 2):g}")
    tones = [f"{c.frequency_mhz:g} MHz ({low_hz:.0f} to {high_hz:.0f} Hz)" for c, (low_hz, high_hz) in outside.items()]
    return [
        f"the filter ({scenario.low_hz:g} to {scenario.high_hz:g} Hz) weakens the tone of "
        f"{' and that of '.join(tones)}; {' with '.join(changes)} keeps "
        f"{'both' if len(ranges_hz) == 2 else 'it'} inside"
    ]


# --- what it is -------------------------------------------------------------------------------------------------


def describe(reception: Reception, *, sound: bool = True) -> str:
    """A few lines: when and where the closest approach is, SNR (of the sound) and C/N0, and the ionosphere."""
    lines = [_pass(reception), *_strength(reception)[0 if sound else -1 :]]
    if reception.layer is not None:
        lines.append(_ionosphere(reception))
    return "\n".join(lines)


def _pass(reception: Reception) -> str:
    scenario, tca_s = reception.scenario, reception.tca_s
    look = reception.look(np.array([tca_s]))
    where = f"range {look.range_m[0] / 1e3:.0f} km, elevation {degrees(look.elevation_rad[0]):.0f} deg"
    if reception.epoch is None:
        when = f"{-tca_s:.1f} s before the first sample" if tca_s < 0 else f"after {tca_s:.1f} s"
        return f"pass: TCA (closest) {when}, {where}"
    tca = reception.epoch + timedelta(seconds=tca_s + 0.5)  # printed to the nearest second
    when = f"first sample {reception.epoch:%Y-%m-%d %H:%M:%S} UTC, TCA (closest) {tca:%H:%M:%S}"
    if scenario.station is not None and scenario.tle is None:
        when += " +-3 s"  # 1 sigma, of the orbit
    return f"pass: {when}{' (before that)' if tca_s < 0 else ''}, {where}"


def _strength(reception: Reception) -> list[str]:
    scenario = reception.scenario
    ratios_db = [peak_snr_db(reception, carrier) for carrier in scenario.heard]
    if not all(map(isfinite, ratios_db)):
        return ["no noise" if scenario.noise == "off" else "no signal: below the horizon in this recording"]
    cause = f"noise: {scenario.noise}"
    if scenario.snr_db is not None:
        cause = f"as asked: {scenario.snr_db:g} dB in {scenario.snr_bandwidth_hz:g} Hz"
    lines = [f"peak SNR in {snr_band_hz(scenario) / 1e3:.3g} kHz: {_listed(scenario, ratios_db, 'dB')} ({cause})"]
    densities_db = [c_n0_at_db_hz(reception, carrier, reception.tca_s) for carrier in scenario.heard]
    if all(map(isfinite, densities_db)):
        lines.append(f"C/N0 at TCA: {_listed(scenario, densities_db, 'dB-Hz')}")
    return lines


def _listed(scenario: Scenario, values: list[float], unit: str) -> str:
    pairs = zip(scenario.heard, values, strict=True)
    return ", ".join(f"{value:.1f} {unit} at {carrier.frequency_mhz:g} MHz" for carrier, value in pairs)


def _ionosphere(reception: Reception) -> str:
    layer, hour = reception.layer, ""
    assert layer is not None
    if reception.scenario.ionosphere == "auto":
        hours = solar_hour(reception.epoch, reception.tca_s, reception.site)
        hour = f" at {int(hours):02}:{int(hours % 1 * 60):02} local solar time"
    return (
        f"ionosphere: {reception.ionosphere}{hour}, foF2 {layer.fof2_hz / 1e6:g} MHz, peak at "
        f"{layer.hm_m / 1e3:g} km, scale height {layer.scale_m / 1e3:g} km"
    )


# --- on pictures ------------------------------------------------------------------------------------------------


def title(reception: Reception) -> str:
    """Satellite, place and date, or the simple pass."""
    scenario = reception.scenario
    if scenario.station is not None:
        satellite = "Sputnik 1" if scenario.tle is None else satellite_name(scenario.tle)
        text = f"{satellite} over {station_name(scenario) or place(scenario)}"
    else:
        text = "satellite frozen at closest approach" if scenario.still else "simple pass"
        text += f", altitude {scenario.altitude_km:g} km, max. elevation {scenario.max_elevation_deg:g}°"
    return f"{text}, {date(reception.epoch)}" if reception.epoch else text


def footer(reception: Reception) -> list[str]:
    """Preset, place, first sample, and the orbit with its accuracy, a few words each."""
    scenario = reception.scenario
    return [recipe(scenario), place(scenario), f"first sample {moment(reception.epoch, 0.0)}", orbit(scenario)]


def recipe(scenario: Scenario) -> str:
    """The preset with the fewest differences from the scenario, and these differences."""
    values = {name: value for name, value in vars(scenario).items() if name not in PLACE_AND_DATE}
    changes = {
        base: [name for name, value in values.items() if value != getattr(preset(base), name)] for base in presets()
    }
    nearest = min(changes, key=lambda name: (len(changes[name]), name != "tass"))
    changed = changes[nearest]
    if len(changed) > MOST_CHANGES:
        return f"preset {nearest} with {len(changed)} changes"
    written = ", ".join(f"{name} {_written(values[name])}" for name in changed)
    return f"preset {nearest} with {written}" if written else f"preset {nearest}"


def _written(value: object) -> str:
    if isinstance(value, tuple):  # carriers, or changes of the keying
        carriers = [f"{part.frequency_mhz:g} MHz" for part in value if isinstance(part, Carrier)]
        return " and ".join(carriers) or f"with {len(value)} changes"
    return f"{value:g}" if isinstance(value, float) else str(value)


def place(scenario: Scenario) -> str:
    """The station's name and coordinates."""
    if scenario.station is None:
        return "no station"
    station = parse_station(scenario.station)
    north, east = station.latitude_deg, station.longitude_deg
    where = f"{abs(north):.2f}° {'NS'[north < 0]}, {abs(east):.2f}° {'EW'[east < 0]}"
    name = station_name(scenario)
    return f"{name} ({where})" if name else where


def station_name(scenario: Scenario) -> str:
    """A known station's name as it is written, or nothing."""
    known = (scenario.station or "").strip().lower().replace(" ", "-")
    return known.replace("-", " ").title() if known in STATIONS else ""


def orbit(scenario: Scenario) -> str:
    """Where the orbit comes from, and its accuracy."""
    if scenario.station is None:
        return "orbit: circular over a round Earth at rest (assumed)"
    if scenario.tle is not None:
        return f"orbit: SGP4, elements of {elements_of(scenario.tle).epoch:%Y-%m-%d}"
    return "orbit: computed from 62 radio crossings of 1957, accuracy ±3 s, ±2 % in distance"


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
