"""A scenario with its geometry, start time and duration worked out, and its Doppler, tones and C/N0."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from math import inf, log10

import numpy as np

from beep.base.arrays import Array
from beep.geometry.look import Look, LookFunction
from beep.geometry.stations import Station
from beep.radio.channel import Link, amplitude, carrier_to_noise_db_hz, ionospheric_doppler_hz, link
from beep.radio.ionosphere import Layer
from beep.radio.receiver import doppler_sign, flutter_s, noise_bandwidth_hz, wow_s
from beep.scenario.carriers import Carrier
from beep.scenario.scenario import Scenario
from beep.signal.keying import Keying, Regime

TIMES = 2001
LONG_BEFORE_S = -1e7
SILENT_S = 0.005  # at both ends of a recording of whole beeps
MOST_RAYS = 200  # for the lowest and highest tone: a ray costs more than a look


@dataclass(frozen=True, kw_only=True)
class Reception:
    """What `receive` works out of a scenario; times are in seconds after the first sample."""

    scenario: Scenario
    look: LookFunction
    epoch: datetime | None  # UTC of the first sample
    duration_s: float
    tca_s: float
    closest_m: float  # range at closest approach, which sets the level
    site: Station  # of the receiver; assumed for the simple pass
    ionosphere: str  # name of the layer, or "off"
    layer: Layer | None  # None without an ionosphere

    @cached_property
    def times_s(self) -> Array:
        """Times (TIMES,) spread evenly over the recording."""
        return np.linspace(0.0, self.duration_s, TIMES)

    @cached_property
    def looks(self) -> Look:
        """Look at `times_s`."""
        return self.look(self.times_s)

    @cached_property
    def loudest_s(self) -> float:
        """Time of the closest moment in the recording with the satellite above the horizon."""
        t_s = np.append(self.times_s, np.clip(self.tca_s, 0.0, self.duration_s))
        look = self.look(t_s)
        return float(t_s[np.argmin(np.where(look.elevation_rad > 0, look.range_m, inf))])

    @cached_property
    def key(self) -> Keying:
        """The keying over time; around a recording of whole beeps it is silent."""
        scenario = self.scenario
        if scenario.beeps is None:
            return scenario.key
        edge_s = SILENT_S + scenario.rise_s / 2
        ends_s = np.array([0.0, self.duration_s])
        first_s, last_s = ends_s - self.look(ends_s).delay_s + (edge_s, -edge_s)
        keying = (
            Regime(from_s=LONG_BEFORE_S, key="silent"),
            Regime(from_s=first_s, pulse_s=scenario.pulse_s, pause_s=scenario.pause_s),
            Regime(from_s=last_s, key="silent"),
        )
        return replace(scenario, beeps=None, keying=keying).key

    def link(self, look: Look, frequency_hz: float, *, faraday: bool = True) -> Link:
        """Delays and losses of one frequency at each look; without `faraday`, at the mean polarisation loss."""
        faraday = faraday and self.scenario.faraday
        return link(look, frequency_hz=frequency_hz, layer=self.layer, site=self.site, faraday=faraday)


def doppler_hz(reception: Reception, carrier: Carrier, t_s: Array, *, delay_rate: Array | None = None) -> Array:
    """Doppler shift of a carrier as received at times (N,), Hz, ionosphere included; `delay_rate` (N,) where known."""
    frequency_hz = carrier.frequency_mhz * 1e6
    ionosphere_hz = ionospheric_doppler_hz(reception.look, t_s, frequency_hz=frequency_hz, layer=reception.layer)
    return ionosphere_hz - frequency_hz * (reception.look(t_s).delay_rate if delay_rate is None else delay_rate)


def tone_hz(reception: Reception, carrier: Carrier, t_s: Array, *, shift_hz: Array, delay_s: Array) -> Array:
    """Tone (N,) of a carrier at times (N,), from its Doppler shift (N,) and delay (N,); negative beyond zero beat.

    Offset and drift of both oscillators are in it, those of the transmitter at the moment of emission. Wow, flutter and
    chirp are not: it is the tone into which the carrier settles.
    """
    scenario = reception.scenario
    sent_hz = scenario.carrier_offset_hz + scenario.carrier_drift_hz_s * (t_s - delay_s)
    received_hz = shift_hz + sent_hz * (1 + shift_hz / (carrier.frequency_mhz * 1e6))
    centre_hz = scenario.tone_without_doppler_hz(carrier)
    return centre_hz + doppler_sign(scenario.sideband) * (received_hz - scenario.receiver_drift_hz_s * t_s)


def tape_ahead_s(scenario: Scenario, t_s: Array) -> Array | None:
    """Time by which the tape is ahead at each time of the recording, seconds; None where its speed is constant."""
    parts = []
    if scenario.wow_percent > 0:
        parts.append(wow_s(t_s, percent=scenario.wow_percent, rate_hz=scenario.wow_hz))
    if scenario.flutter_percent > 0:
        percent, corner_hz = scenario.flutter_percent, scenario.flutter_hz
        parts.append(flutter_s(t_s, percent=percent, corner_hz=corner_hz, seed=scenario.seed))
    return np.sum(parts, axis=0) if parts else None


def tone_range_hz(reception: Reception, carrier: Carrier) -> tuple[float, float]:
    """Lowest and highest tone of a carrier above the horizon, Hz; negative beyond zero beat."""
    up = np.flatnonzero(reception.looks.elevation_rad > 0)
    if not up.size:
        centre_hz = reception.scenario.tone_without_doppler_hz(carrier)
        return centre_hz, centre_hz
    if reception.layer is not None:
        up = up[:: -(-up.size // MOST_RAYS)]
    t_s, looks = reception.times_s[up], reception.looks
    shift_hz = doppler_hz(reception, carrier, t_s, delay_rate=looks.delay_rate[up])
    tones_hz = tone_hz(reception, carrier, t_s, shift_hz=shift_hz, delay_s=looks.delay_s[up])
    return float(tones_hz.min()), float(tones_hz.max())


def c_n0_db_hz(reception: Reception, carrier: Carrier) -> float:
    """C/N0 of a carrier in the recording at closest approach, key down, dB-Hz; infinite without noise.

    That of `snr_db`, or of the link budget without ionosphere and spin. In mono the noise of all receivers counts.
    """
    if reception.scenario.noise == "off":
        return inf
    carriers = reception.scenario.carriers if reception.scenario.mix == "mono" else (carrier,)
    ratios_db_hz = [receiver_c_n0_db_hz(reception, mixed) for mixed in carriers]
    return -10 * log10(sum(10 ** (-ratio / 10) for ratio in ratios_db_hz))  # all carriers come to the same level


def receiver_c_n0_db_hz(reception: Reception, carrier: Carrier) -> float:
    """The same in the carrier's own receiver, before the receivers are mixed."""
    scenario = reception.scenario
    if scenario.snr_db is not None:
        receivers = len(scenario.carriers) if scenario.mix == "mono" else 1
        return scenario.snr_db + 10 * log10(scenario.snr_bandwidth_hz * receivers)
    return carrier_to_noise_db_hz(
        carrier.frequency_mhz * 1e6, power_w=carrier.power_w, range_m=reception.closest_m, place=scenario.noise
    )


def c_n0_at_db_hz(reception: Reception, carrier: Carrier, t_s: float) -> float:
    """C/N0 of a carrier at a time, key down, dB-Hz: mean polarisation loss, best direction of a spin.

    Infinite without noise, minus infinity below the horizon.
    """
    path = reception.link(reception.look(np.array([t_s])), carrier.frequency_mhz * 1e6, faraday=False)
    gain = float(amplitude(path, np.zeros(1), closest_m=reception.closest_m)[0])
    return c_n0_db_hz(reception, carrier) + 20 * log10(gain) if gain > 0 else -inf


def peak_snr_db(reception: Reception, carrier: Carrier) -> float:
    """SNR of a carrier in `snr_band_hz` at the closest moment of the recording, with the rest as in `c_n0_at_db_hz`."""
    return c_n0_at_db_hz(reception, carrier, reception.loudest_s) - 10 * log10(snr_band_hz(reception.scenario))


def clear_from_s(reception: Reception, *, least_snr_db: float = 10.0) -> float:
    """First time at which a carrier has this SNR in the audio filter; where none ever has, the loudest time."""
    first_s = [reception.loudest_s]
    for carrier in reception.scenario.heard:
        path = reception.link(reception.looks, carrier.frequency_mhz * 1e6, faraday=False)
        gain = amplitude(path, np.zeros(TIMES), closest_m=reception.closest_m)
        over_db = c_n0_db_hz(reception, carrier) - 10 * log10(snr_band_hz(reception.scenario)) - least_snr_db
        first_s += list(reception.times_s[(gain > 0) & (gain >= 10 ** (-over_db / 20))][:1])
    return float(min(first_s))


def snr_band_hz(scenario: Scenario) -> float:
    """Noise bandwidth of the audio filter, Hz; before an envelope detector that of both sides of the carrier."""
    sides, low_hz = (2, 0.0) if scenario.detector == "am" else (1, scenario.low_hz)
    return sides * noise_bandwidth_hz(low_hz=low_hz, high_hz=scenario.high_hz, shape=scenario.filter_shape)
