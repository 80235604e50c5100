"""A reception in words: warnings before it is made, and a few lines that say what it is."""

from datetime import timedelta
from math import ceil, degrees, floor, inf, log10

import numpy as np

from beep.geometry.tle import elements_of
from beep.radio.channel import amplitude, link
from beep.radio.ionosphere import Layer
from beep.radio.receiver import noise_bandwidth_hz
from beep.scenario.scenario import Carrier, Scenario
from beep.stream.reception import Reception, c_n0_db_hz, solar_hour, tone_range_hz

LOW_PASS_DEG = 5.0
THUMP_HZ = 200.0  # above, an edge of 5 ms is more than 30 dB below its carrier
MARGIN_HZ = 100.0  # to the filter's edges
OLD_DAYS = 7.0  # since which elements are 7 to 20 km off
NOISE_MHZ = (0.3, 250.0)  # of ITU-R P.372's man-made noise


def warnings(scenario: Scenario, reception: Reception) -> list[str]:
    """What is allowed but probably not meant: a tone that leaves the filter's band, a pass that is missed."""
    found = []
    if not np.any(reception.seen.elevation_rad > 0):
        found.append("the satellite is below the horizon for the whole recording; move tca_s or change duration_s")
    highest_deg = degrees(reception.seen.elevation_rad.max())
    if scenario.station is not None and 0 < highest_deg < LOW_PASS_DEG:
        found.append(f"this pass rises to {highest_deg:.1f} degrees only; give a later start for the next one")
    found += _too_loud(scenario, reception)
    if scenario.detector == "am":
        if scenario.low_hz > THUMP_HZ:
            found.append(
                f"the thumps of an envelope detector lie below the filter's edge, low_hz {scenario.low_hz:g}; "
                f"lower it to 100"
            )
        return found  # there is no tone
    for carrier in scenario.heard:
        low_hz, high_hz = tone_range_hz(scenario, reception, carrier)
        if low_hz < scenario.low_hz or high_hz > scenario.high_hz:
            tone_hz, upper_hz = _room_for(scenario, carrier, low_hz, high_hz)
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


def _too_loud(scenario: Scenario, reception: Reception) -> list[str]:
    """A warning where the noise will often go beyond full scale: before gigabytes of it have been written."""
    if scenario.agc or scenario.saturation_dbfs is not None:
        return []
    level = 10 ** (scenario.level_dbfs / 20)
    c_n0_db = min(c_n0_db_hz(scenario, carrier, reception.closest_m, reception) for carrier in scenario.heard)
    noise = level * 10 ** (-(c_n0_db - 10 * log10(2 * band_hz(scenario))) / 20)
    if level + 2 * noise <= 1:
        return []
    fits_dbfs = floor(scenario.level_dbfs - 20 * log10(level + 4 * noise))
    return [f"the noise will be clipped at full scale; level_dbfs {fits_dbfs} would hold it, or agc"]


def _room_for(scenario: Scenario, carrier: Carrier, low_hz: float, high_hz: float) -> tuple[float, float]:
    """`tone_hz` and upper filter edge, in whole hundreds of Hz, that hold a tone which now runs between the two."""
    ratio = carrier.frequency_mhz / scenario.carriers[0].frequency_mhz
    tone_hz = max(
        scenario.tone_hz, 100 * ceil((scenario.tone_hz + (scenario.low_hz + MARGIN_HZ - low_hz) / ratio) / 100)
    )
    moved_hz = ratio * (tone_hz - scenario.tone_hz)
    return tone_hz, max(scenario.high_hz, 100 * ceil((high_hz + moved_hz + MARGIN_HZ) / 100))


def peak_snr_db(scenario: Scenario, reception: Reception, carrier: Carrier) -> float:
    """SNR of a carrier in the filter's band while the key is down, at the closest moment of the recording, dB.

    The band is taken as high_hz - low_hz; the filter's noise bandwidth is some 50 Hz less. In mono the noise of both
    receivers counts. Mean polarisation, best direction of a spin. Infinite without noise, minus infinity if the
    satellite never rises.
    """
    t_s = np.append(reception.times_s, np.clip(reception.tca_s, 0.0, reception.duration_s))
    seen = reception.look(t_s)
    closest_s = t_s[np.argmin(np.where(seen.elevation_rad > 0, seen.range_m, inf))]
    return _c_n0_db_hz(scenario, reception, carrier, closest_s) - 10 * log10(band_hz(scenario))


def band_hz(scenario: Scenario) -> float:
    """Bandwidth in which the SNR is stated: that of the audio filter, or of both sides before an envelope detector."""
    if scenario.detector == "am":
        return 2 * noise_bandwidth_hz(low_hz=0.0, high_hz=scenario.high_hz, shape=scenario.filter_shape)
    return noise_bandwidth_hz(low_hz=scenario.low_hz, high_hz=scenario.high_hz, shape=scenario.filter_shape)


def closest_c_n0_db_hz(scenario: Scenario, reception: Reception, carrier: Carrier) -> float:
    """C/N0 of a carrier at closest approach, key down, dB-Hz: mean polarisation, best direction of a spin.

    Infinite without noise, minus infinity below the horizon.
    """
    return _c_n0_db_hz(scenario, reception, carrier, reception.tca_s)


def _c_n0_db_hz(scenario: Scenario, reception: Reception, carrier: Carrier, at_s: float) -> float:
    seen = reception.look(np.array([at_s]))
    frequency_hz = carrier.frequency_mhz * 1e6
    way = link(seen, frequency_hz=frequency_hz, layer=reception.layer, site=reception.site, faraday=False)
    heard = float(amplitude(way, np.zeros(1), closest_m=reception.closest_m)[0])
    budget_db_hz = c_n0_db_hz(scenario, carrier, reception.closest_m, reception)
    return budget_db_hz + 20 * log10(heard) if heard > 0 else -inf


def describe(scenario: Scenario, reception: Reception) -> str:
    """Some lines: when the pass comes closest, how far and how high; how strong it is then; and through what."""
    closest = reception.look(np.array([reception.tca_s]))
    where = f"{closest.range_m[0] / 1e3:.0f} km away, {degrees(closest.elevation_rad[0]):.0f} deg high"
    if reception.epoch is None:
        when = f"closest after {reception.tca_s:.1f} s"
    else:
        tca = reception.epoch + timedelta(seconds=reception.tca_s + 0.5)  # printed to the nearest second
        when = f"first sample {reception.epoch:%Y-%m-%d %H:%M:%S} UTC, closest {tca:%H:%M:%S}"
        if scenario.station is not None and scenario.tle is None:
            when += " +-3 s"  # 1 sigma, of the orbit
        when += " (before that)" if reception.tca_s < 0 else ""
    lines = [f"pass: {when}, {where}", *_strength(scenario, reception)]
    if reception.layer is not None:
        lines.append(_layer_in_words(scenario, reception, reception.layer))
    return "\n".join(lines)


def _strength(scenario: Scenario, reception: Reception) -> list[str]:
    ratios_db = [peak_snr_db(scenario, reception, carrier) for carrier in scenario.heard]
    if not all(np.isfinite(ratio_db) for ratio_db in ratios_db):
        return ["no noise" if scenario.noise == "off" else "no signal: below the horizon in this recording"]
    cause = f"noise: {scenario.noise}"
    if scenario.snr_db is not None:
        cause = f"as asked: {scenario.snr_db:g} dB in {scenario.snr_bandwidth_hz:g} Hz"
    lines = [f"peak SNR in {band_hz(scenario) / 1e3:.3g} kHz: {_listed(scenario, ratios_db, 'dB')} ({cause})"]
    densities_db = [closest_c_n0_db_hz(scenario, reception, carrier) for carrier in scenario.heard]
    if all(np.isfinite(density_db) for density_db in densities_db):
        lines.append(f"C/N0 at closest approach: {_listed(scenario, densities_db, 'dB-Hz')}")
    return lines


def _listed(scenario: Scenario, values: list[float], unit: str) -> str:
    pairs = zip(scenario.heard, values, strict=True)
    return ", ".join(f"{value:.1f} {unit} at {carrier.frequency_mhz:g} MHz" for carrier, value in pairs)


def _layer_in_words(scenario: Scenario, reception: Reception, layer: Layer) -> str:
    hour = ""
    if scenario.ionosphere == "auto":
        hours = solar_hour(reception.epoch, reception.tca_s, reception.site)
        hour = f" at {int(hours):02}:{int(hours % 1 * 60):02} solar time"
    return (
        f"ionosphere: {reception.ionosphere}{hour}, foF2 {layer.fof2_hz / 1e6:g} MHz, densest at "
        f"{layer.hm_m / 1e3:g} km, scale height {layer.scale_m / 1e3:g} km"
    )
