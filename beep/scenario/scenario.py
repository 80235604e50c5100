"""The scenario: every setting of a simulated recording, in the user's units.

One flat, frozen record. Default, unit (in the name), help and rule of a field stand in one place. The command line,
TOML, JSON and Python use the same names.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beep.base.checks import checked, field, parse_time
from beep.base.choices import Detector, FilterShape, Ionosphere, Noise, Sideband
from beep.base.errors import ScenarioError, unknown_name
from beep.base.text import quoted
from beep.geometry.stations import parse_station
from beep.geometry.tle import element_set
from beep.scenario.carriers import SPUTNIK_1, Carrier, parse_carriers
from beep.signal.keying import Keying, Regime, parse_keying, resolve

LEAST_BANDWIDTH_HZ = 200.0
FIRST_YEAR, LAST_YEAR = 1900, 2199
LEAST_EDGE_SAMPLES = 24  # a shorter edge would alias more than 1e-4 of full scale into the band


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A satellite pass, its transmitters, the channel and the receiver. Raises ScenarioError where a rule is broken."""

    pulse_s: float = field(0.3, "pulses", "length of a pulse, measured at half amplitude", above=0, most=60)
    pause_s: float = field(
        0.3, "pulses", "length of the pause after a pulse, measured at half amplitude", above=0, most=60
    )
    rise_s: float = field(0.005, "pulses", "rise and fall time of a pulse (raised-cosine edge)", least=0.0005, most=10)
    jitter_s: float = field(0.0, "pulses", "random variation of the pulse length, rms", least=0)
    clock_jitter_s: float = field(0.0, "pulses", "random shift of each key-down about its clock, rms", least=0)
    click_db: float | None = field(
        None, "pulses", "key click of 0.8 ms at key-down, against the pulse", least=-60, most=20, unset="no click"
    )
    keying: tuple[Regime, ...] = field(
        (),
        "pulses",
        "changes of the keying during the pass, e.g. 200:0.2:0.4,300:continuous,400:silent (second, then new pulse and "
        "pause lengths or a state: keyed, continuous, silent)",
        unset="no change",
        read=parse_keying,
    )

    altitude_km: float = field(
        500.0, "pass", "altitude of the circular orbit (only without a station)", least=100, most=100_000
    )
    max_elevation_deg: float = field(
        60.0, "pass", "maximum elevation of the pass (only without a station)", least=0, most=90
    )
    tca_s: float | None = field(
        None, "pass", "closest approach (TCA), seconds after the first sample", least=-1e7, most=1e7, unset="the middle"
    )
    station: str | None = field(
        None,
        "pass",
        "receiving station: known place, LAT,LON[,HEIGHT_M] or locator (JO02ab)",
        unset="a simple pass",
        usual=True,
    )
    min_elevation_deg: float | None = field(
        None,
        "pass",
        "take the first pass that rises at least this high (only with a station)",
        least=0,
        most=89,
        unset="any height",
        needs="station",
        usual=True,
    )
    tle: str | None = field(
        None, "pass", "another satellite: text of its TLE or OMM", unset="Sputnik 1", read=element_set
    )
    start: datetime | str | None = field(  # given as text or datetime, afterwards an aware datetime or None
        None,
        "pass",
        "UTC, e.g. 1957-10-07T05:00Z, or now; with a station: search for a pass from here; without: time of the first "
        "sample",
        unset="no date",
        read=parse_time,
        usual=True,
    )
    still: bool = field(False, "pass", "freeze the satellite at closest approach: no Doppler, constant level")

    carriers: tuple[Carrier, ...] = field(
        SPUTNIK_1, "carriers", "transmitter: MHz, W, and when it sends (pulse, pause, always)", read=parse_carriers
    )
    carrier_offset_hz: float = field(
        0.0, "carriers", "frequency error of the transmitters; no measured value known", least=-5000, most=5000
    )
    carrier_drift_hz_s: float = field(
        0.0, "carriers", "frequency drift of the transmitters; no measured value known", least=-100, most=100
    )
    chirp_hz: float = field(
        0.0, "carriers", "chirp: the carrier starts this much too low at key-down, then settles", least=-500, most=500
    )
    chirp_end_hz: float = field(
        0.0, "carriers", "chirp at key-up: the carrier ends this much too high", least=-500, most=500
    )
    chirp_s: float = field(0.025, "carriers", "time constant of both chirps", least=0.001, most=10)
    am_percent: float = field(
        0.0, "carriers", "random amplitude modulation up to 25 Hz, rms; no measured cause known", least=0, most=30
    )
    backwave_db: float | None = field(
        None, "carriers", "residual carrier in the pause, against the pulse", least=-80, most=-3, unset="none"
    )
    backwave_offset_hz: float = field(
        0.0, "carriers", "frequency offset of the residual carrier", least=-200, most=200, needs="backwave_db"
    )

    ionosphere: Ionosphere = field(
        "off", "channel", "ionosphere of October 1957 by time of day; auto uses the local time of the pass"
    )
    fof2_mhz: float | None = field(
        None, "channel", "critical frequency of the F2 layer (foF2)", above=0, most=100, unset="set by ionosphere"
    )
    hm_km: float | None = field(
        None, "channel", "height of the F2 layer's densest part (hmF2)", least=100, most=1000, unset="set by ionosphere"
    )
    scale_km: float | None = field(
        None, "channel", "scale height of the F2 layer (Chapman layer)", least=5, most=150, unset="set by ionosphere"
    )
    faraday: bool = field(True, "channel", "Faraday rotation: fading on a dipole antenna", needs="ionosphere")
    spin_rpm: float = field(
        0.0, "channel", "spin rate of the satellite, turns per minute (1957: 7); two fades per turn", least=0, most=600
    )
    spin_depth_db: float = field(
        6.0, "channel", "depth of the two fades per turn; no measured value known", least=0, most=60, needs="spin_rpm"
    )
    noise: Noise = field("rural", "channel", "radio noise at the antenna's place (ITU-R P.372)", usual=True)
    snr_db: float | None = field(
        None,
        "channel",
        "SNR of each carrier while it is on, at closest approach, in a band of 500 Hz or the given bandwidth",
        least=-60,
        most=120,
        unset="from power, distance and noise",
    )
    snr_bandwidth_hz: float = field(500.0, "channel", "bandwidth of the given SNR", least=1, most=1e6, needs="snr_db")

    tone_hz: float = field(
        1000.0,
        "tuning",
        "tone of the first carrier without Doppler; tones are in the ratio of the carriers' frequencies",
        above=0,
        most=200_000,
        usual=True,
    )
    sideband: Sideband = field(
        "upper", "tuning", "upper: the tone falls during the pass, like the frequency; lower: the tone rises"
    )

    detector: Detector = field(
        "cw", "receiver", "cw: a BFO makes a carrier a tone; am: envelope detector, a carrier only changes the noise"
    )
    low_hz: float = field(300.0, "receiver", "lower edge of the band filter (-6 dB)", least=0)
    high_hz: float = field(3000.0, "receiver", "upper edge of the band filter (-6 dB)", above=0, most=192_000)
    filter_shape: FilterShape = field(
        "flat", "receiver", "band filter: flat with steep edges, or round (Gaussian); both -6 dB at the edges"
    )
    receiver_drift_hz_s: float = field(0.0, "receiver", "frequency drift of the receiver", least=-100, most=100)
    agc: bool = field(False, "receiver", "automatic gain control (AGC): constant pulses, louder noise in the pauses")
    agc_attack_s: float = field(
        0.005, "receiver", "AGC attack time: how fast a stronger signal reduces the gain", above=0, most=10, needs="agc"
    )
    agc_release_s: float = field(
        0.5, "receiver", "AGC release time: how fast the gain recovers after a signal", above=0, most=10, needs="agc"
    )
    saturation_dbfs: float | None = field(
        None, "receiver", "highest level of the audio stage (soft clipping)", least=-60, most=20, unset="no clipping"
    )
    saturation_asymmetry: float = field(
        0.0, "receiver", "asymmetry of the clipping: even harmonics", least=-0.5, most=0.5, needs="saturation_dbfs"
    )
    hum_hz: float | None = field(None, "receiver", "frequency of the mains hum", least=10, most=1000, unset="no hum")
    hum_dbfs: float = field(
        -40.0, "receiver", "level of the mains hum at its fundamental frequency", least=-120, most=0, needs="hum_hz"
    )
    wow_percent: float = field(0.0, "receiver", "wow of a tape recorder (slow speed variation), peak", least=0, most=5)
    wow_hz: float = field(0.6, "receiver", "frequency of the tape's wow", least=0.05, most=10, needs="wow_percent")
    flutter_percent: float = field(0.0, "receiver", "random flutter of a tape recorder, rms", least=0, most=4)
    flutter_hz: float = field(
        25.0, "receiver", "highest frequency of the tape's random flutter", least=5, most=50, needs="flutter_percent"
    )

    duration_s: float | None = field(
        None, "recording", "length of the recording", above=0, most=1e7, unset="rise (AOS) to set (LOS)", usual=True
    )
    beeps: int | None = field(
        None,
        "recording",
        "length of the recording in beeps: whole periods of the keying around closest approach, silent at both ends, "
        "to be repeated without a click",
        least=1,
        most=100_000,
        unset="not counted",
    )
    sample_rate_hz: int = field(48_000, "recording", "sample rate; sound: up to 384k", least=8000, most=3_200_000)
    seed: int = field(1957, "recording", "seed of the random numbers for noise and jitter", least=0, most=2**63 - 1)
    mix: str = field(
        "stereo", "recording", "stereo (first carrier left), mono, or one carrier by its MHz, e.g. 20", usual=True
    )
    level_dbfs: float = field(
        -6.0, "recording", "amplitude of each carrier at closest approach, relative to full scale", least=-120, most=0
    )

    def __post_init__(self) -> None:
        for rule in fields():
            object.__setattr__(self, rule.name, checked(rule, getattr(self, rule.name)))
        for complaint in _complaints(self):
            raise ScenarioError(complaint)

    @property
    def length_s(self) -> float | None:
        """Length of the recording where it is given, in seconds or in beeps."""
        return self.duration_s if self.beeps is None else self.beeps * (self.pulse_s + self.pause_s)

    @property
    def heard(self) -> tuple[Carrier, ...]:
        """The carriers in the recording, chosen by `mix`."""
        named = zip(self.names, self.carriers, strict=True)
        return tuple(carrier for name, carrier in named if name == self.mix) or self.carriers

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the carriers: the whole MHz of each, with decimals where two would have the same name."""
        whole = [str(int(carrier.frequency_mhz)) for carrier in self.carriers]
        exact = [f"{carrier.frequency_mhz:.6f}".rstrip("0").rstrip(".") for carrier in self.carriers]
        return tuple(short if whole.count(short) == 1 else long for short, long in zip(whole, exact, strict=True))

    def name_of(self, carrier: Carrier) -> str:
        """Name of one of the carriers."""
        return self.names[self.carriers.index(carrier)]

    def tone_without_doppler_hz(self, carrier: Carrier) -> float:
        """Tone of one of the carriers without Doppler; the tones are in the ratio of the carriers' frequencies."""
        return self.tone_hz * carrier.frequency_mhz / self.carriers[0].frequency_mhz

    @property
    def key(self) -> Keying:
        """The keying over time, for `beep.signal.pulses`."""
        names = ("pulse_s", "pause_s", "rise_s", "jitter_s", "clock_jitter_s", "seed")
        return resolve(self.keying, **{name: getattr(self, name) for name in names})

    @property
    def channels(self) -> int:
        """Number of channels of the recording."""
        return 1 if self.mix == "mono" else len(self.heard)


def fields() -> tuple["dataclasses.Field[Any]", ...]:
    """The fields of a Scenario, each with its metadata."""
    return dataclasses.fields(Scenario)


def _complaints(s: Scenario) -> Iterator[str]:
    """Messages for the rules between fields that `s` breaks: the rule, what was given, the remedy."""
    shortest_s = min(length_s for span in s.key.spans for length_s in (span.pulse_s, span.pause_s))
    if s.rise_s > shortest_s:
        yield (
            f"an edge must fit into the pulse and the pause: rise_s is {s.rise_s:g}, the shortest pulse_s or "
            f"pause_s is {shortest_s:g}; lower rise_s"
        )
    if s.rise_s * s.sample_rate_hz < LEAST_EDGE_SAMPLES:
        yield (
            f"an edge must have {LEAST_EDGE_SAMPLES} samples: rise_s is {s.rise_s:g} with sample_rate_hz "
            f"{s.sample_rate_hz}; raise rise_s to {LEAST_EDGE_SAMPLES / s.sample_rate_hz:.2g} or sample_rate_hz"
        )
    if 3 * s.jitter_s > shortest_s - s.rise_s:
        yield (
            f"three times jitter_s plus rise_s must fit into the pulse and the pause ({shortest_s:g} s), "
            f"got jitter_s {s.jitter_s:g}; lower it to {(shortest_s - s.rise_s) / 3:.3g} or less"
        )
    least_pause_s = min(span.pause_s for span in s.key.spans) - s.rise_s - 3 * s.jitter_s
    if s.clock_jitter_s and 6 * s.clock_jitter_s > least_pause_s:
        yield (
            f"six times clock_jitter_s, three times jitter_s and rise_s must fit into the pause, or pulses overlap: "
            f"got clock_jitter_s {s.clock_jitter_s:g}; lower it to {least_pause_s / 6:.3g} or less"
        )
    for name, given in (("duration_s", s.duration_s is not None), ("keying", s.keying)):
        if s.beeps is not None and given:
            yield f"beeps counts whole periods of one keying, got beeps {s.beeps} and {name}; drop one of the two"
    if s.high_hz - s.low_hz < LEAST_BANDWIDTH_HZ:
        yield (
            f"the filter must be at least {LEAST_BANDWIDTH_HZ:g} Hz wide: low_hz is {s.low_hz:g}, "
            f"high_hz is {s.high_hz:g}; move them apart"
        )
    if s.high_hz > s.sample_rate_hz / 2:
        yield (
            f"high_hz must be at most half the sample rate, got {s.high_hz:g} with sample_rate_hz "
            f"{s.sample_rate_hz}; lower high_hz or raise sample_rate_hz"
        )
    if s.snr_db is not None and s.noise == "off":
        yield f"an SNR needs noise, got snr_db {s.snr_db:g} with noise off; choose a noise or leave out snr_db"
    if s.agc_attack_s > s.agc_release_s:
        yield (
            f"the attack of an AGC must not be slower than its release: agc_attack_s is {s.agc_attack_s:g}, "
            f"agc_release_s is {s.agc_release_s:g}; lower agc_attack_s"
        )
    if len(set(s.names)) < len(s.names):
        yield f"carriers must differ in MHz, to six decimals, got {' and '.join(s.names)}; change one"
    if s.mix not in ("stereo", "mono", *s.names):
        raise unknown_name("mix must be", s.mix, ("stereo", "mono", *s.names))
    if isinstance(s.start, datetime) and not FIRST_YEAR <= s.start.year <= LAST_YEAR:
        yield f"start must lie within the years {FIRST_YEAR} to {LAST_YEAR}, got {s.start:%Y-%m-%d}"
    for name in ("fof2_mhz", "hm_km", "scale_km"):
        if s.ionosphere == "off" and getattr(s, name) is not None:
            yield (
                f"{name} {getattr(s, name):g} needs a layer, but ionosphere is off; choose one, for example "
                f"ionosphere='morning'"
            )
    if s.ionosphere == "auto" and s.start is None:
        yield (
            "ionosphere='auto' takes the local time of the pass, but no start is given; give one, for example "
            "start='1957-10-07T05:00Z', or choose a layer, for example ionosphere='morning'"
        )
    if s.station is None and s.tle is not None:
        yield "a tle needs a station that receives the satellite; give one, for example station='dallas'"
    if s.station is not None:
        parse_station(s.station)
        if s.start is None:
            yield "a station needs a start, from which a pass is searched; give one, like start='1957-10-07T05:00Z'"
        for name in ("altitude_km", "max_elevation_deg"):
            if getattr(s, name) != getattr(Scenario, name):
                yield (
                    f"{name} is for a pass without station, got {name} {getattr(s, name):g} with station "
                    f"{quoted(s.station)}; drop one of the two"
                )
