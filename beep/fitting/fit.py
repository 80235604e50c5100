"""From the tones of a pass to when, how far and how fast the satellite flew by.

What one pass over one station cannot tell gets no number: on which side it passed, its height, its whole orbit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import nan, radians

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.base.checks import parse_time
from beep.base.choices import Orbit, Sideband
from beep.base.errors import FitError
from beep.fitting.bias import ionosphere_bias, likely_orbits, model_bias
from beep.fitting.curves import Curve, circular, circular_at, known_orbit, straight_line
from beep.fitting.solve import (
    LEAST_SCALE,
    STEP,
    Solution,
    System,
    Tones,
    left_hz,
    solve,
    solve_robustly,
    starts_of,
    system_of,
)
from beep.geometry import sputnik
from beep.geometry.look import LookFunction
from beep.geometry.orbit import orbit_look
from beep.geometry.stations import Station, parse_station
from beep.measuring.measure import Measurement
from beep.radio.receiver import doppler_sign

QUANTITIES = ("f0_hz", "tca_s", "distance_km", "speed_km_s")
UNDETERMINED = (
    "whether it passed on the left or on the right of the station",
    "its height, and the whole orbit: inclination, node, eccentricity",
)
LEAST_TONES = 12
STARTS = 3  # of a grid, each followed to its end
REJECTED = 8.0  # robust sigmas from the curve: no tone of this satellite
MOST_SHARE = 0.3  # standard error of distance or speed: beyond it a linear error bar means nothing
LEAST_TREND = 5.0  # standard errors by which the tone must have moved
LEAST_ALTITUDE_KM, MOST_ALTITUDE_KM = 100.0, 3000.0
ECCENTRICITY_SD = 1e-3  # of the known orbit, 7 km of height (assumed)
PERIGEE_SD_RAD = radians(1.0)  # (assumed)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and its standard error."""

    value: float
    sd: float


@dataclass(frozen=True, kw_only=True)
class CarrierFit:
    """What is left of one carrier's tones."""

    frequency_hz: float
    sideband: Sideband
    f0_hz: Estimate  # the tone of an unshifted carrier: carrier less oscillator, both with their errors
    drift_hz_per_s: Estimate | None  # of that tone, where it was free
    t_s: Array
    residual_hz: Array  # (N,) tone less curve
    sd_hz: Array  # (N,) standard errors that the tones came with
    used: NDArray[np.bool_]  # (N,) False for outliers, which are not in the fit

    @property
    def rms_hz(self) -> float:
        """Rms of the residuals of the tones in the fit."""
        return float(np.sqrt(np.mean(self.residual_hz[self.used] ** 2)))

    @property
    def misfit(self) -> float:
        """Rms of the same in standard errors of the tones: near 1 where the model holds."""
        return float(np.sqrt(np.mean((self.residual_hz / self.sd_hz)[self.used] ** 2)))


@dataclass(frozen=True, kw_only=True)
class PassFit:
    """A pass found from its Doppler.

    Standard errors come from the scatter of the residuals and take the pulses' errors for independent; they know
    nothing of what is wrong with the model, which stands in `model_bias` (fit less truth: mean and spread).
    """

    model: str
    f0_hz: Estimate  # of the first carrier
    tca_s: Estimate  # closest approach, after the first sample
    distance_km: Estimate  # there
    speed_km_s: Estimate  # there, against the turning Earth
    covariance: Array  # (4, 4) of these
    model_bias: dict[str, Estimate]
    residual_rms_hz: float
    ionosphere_bias: dict[str, Estimate]  # of a morning's; with two carriers, what their removal of it leaves
    time_shift_s: Estimate | None  # known orbit: second of the predicted closest approach
    node_shift_deg: Estimate | None
    carriers: tuple[CarrierFit, ...]

    @property
    def correlation(self) -> Array:
        """Correlations (4, 4) of f0, closest approach, distance and speed; 0 with what was given."""
        sd = np.sqrt(np.diag(self.covariance))
        scaled = np.divide(self.covariance, np.outer(sd, sd), out=np.eye(4), where=np.outer(sd, sd) > 0)
        return np.asarray(scaled)


def fit_pass(
    carriers: Sequence[Tones],
    *,
    orbit: Orbit = "circular",
    altitude_km: float | None = None,
    station: str | None = None,
    start: datetime | str | None = None,
    sideband: Sideband | None = None,
    drift: bool = False,
) -> PassFit:
    """The pass that one or two carriers' tones tell.

    `orbit` is "circular" (at `altitude_km`, or free), "line" for a straight flight at a steady speed, or "sputnik1"
    for the known orbit as it first passes over `station` (a known name or LAT,LON[,HEIGHT_M]) after `start` (UTC, ISO
    8601), of which only time and node are free.
    With two carriers the ionosphere is removed to first order, which by day is not enough at 20 MHz. `sideband` None
    finds it: a Doppler always falls. `drift` lets the receiver's oscillator drift evenly.

    Raises FitError where the tones do not tell: too few, no Doppler, too short an arc. Raises ScenarioError where the
    known orbit does not pass.
    """
    if not 1 <= len(carriers) <= 2:
        raise FitError(f"a fit needs the tones of one or two carriers, got {len(carriers)}")
    carriers = [_usable(tones) for tones in carriers]
    signs = [_sign(tones) if sideband is None else doppler_sign(sideband) for tones in carriers]
    model = model_of(orbit, altitude_km=altitude_km, station=station, start=start)
    curve = model.curve
    system = system_of(carriers, signs, drift=drift)
    solution, used = _robust(curve, system)
    inside = system.only(used)
    passage, covariance = _passage(curve, solution)
    _check_arc(curve, passage, covariance, inside)
    truths = model.others or _alternatives(inside, passage, altitude_km)
    bias = model_bias(curve, inside, solution.parameters, truths)
    sky = ionosphere_bias(curve, inside, solution.parameters, truths)
    left = left_hz(curve, system, solution.parameters, solution.coefficients)
    return PassFit(
        model=curve.name,
        **_estimates(passage, np.sqrt(np.diag(covariance))),
        covariance=covariance,
        model_bias=_estimates(bias.mean, bias.sd),
        residual_rms_hz=float(np.sqrt(np.mean(left[used] ** 2))),
        ionosphere_bias=_estimates(sky.mean, sky.sd),
        time_shift_s=_estimate(solution, 0, less=model.tca_s) if model.others else None,
        node_shift_deg=_estimate(solution, 1) if model.others else None,
        carriers=tuple(
            CarrierFit(
                frequency_hz=tones.frequency_hz,
                sideband="upper" if signs[number] > 0 else "lower",
                f0_hz=_estimate(solution, len(curve.scales) + number),
                drift_hz_per_s=_estimate(solution, len(curve.scales) + len(carriers) + number) if drift else None,
                t_s=tones.t_s,
                residual_hz=left[system.carrier == number],
                sd_hz=tones.sd_hz,
                used=used[system.carrier == number],
            )
            for number, tones in enumerate(carriers)
        ),
    )


def tones_of(measurements: Sequence[Measurement], *, carriers_hz: Sequence[float]) -> list[Tones]:
    """The tones of one or two measured carriers, the first of them first.

    The first of `carriers_hz` belongs to the left channel or to mono, the second to the right; where both are mixed
    in mono the higher one is that whose tone moves more. Of more tones in a channel those with most beeps are taken.
    A measured tone is already that of its pulse's middle. Raises FitError where there are no beeps.
    """
    heard = [one for one in measurements if one.beeps]
    if not heard:
        notes = "; ".join(dict.fromkeys(one.note for one in measurements if one.note))
        raise FitError(f"a fit needs the tones of beeps, got {notes or 'no beeps'}; give it the recording of a pass")
    most = 1 if len({one.channel for one in heard}) > 1 else len(carriers_hz)
    by_beeps = sorted(heard, key=lambda one: -one.beeps)
    heard = [one for one in heard if one in [other for other in by_beeps if other.channel == one.channel][:most]]
    heard = heard[: len(carriers_hz)]
    if len(heard) == 2 and heard[0].channel == heard[1].channel:
        heard.sort(key=lambda one: float(np.ptp(one.pulses.tone_hz)))
        carriers_hz = sorted(carriers_hz)
        numbers = [0, 1]
    else:
        numbers = [min(one.channel, len(carriers_hz) - 1) for one in heard]
    return [
        Tones(
            frequency_hz=carriers_hz[number],
            t_s=one.pulses.time_s,
            tone_hz=one.pulses.tone_hz,
            sd_hz=one.pulses.tone_sd_hz,
        )
        for number, one in zip(numbers, heard, strict=True)
    ]


def _usable(tones: Tones) -> Tones:
    """The tones that are numbers, in order of time."""
    t_s, tone_hz, sd_hz = (np.asarray(a, np.float64).reshape(-1) for a in (tones.t_s, tones.tone_hz, tones.sd_hz))
    if not t_s.size == tone_hz.size == sd_hz.size:
        raise FitError(f"times, tones and errors must be as many, got {t_s.size}, {tone_hz.size} and {sd_hz.size}")
    good = np.isfinite(t_s) & np.isfinite(tone_hz) & np.isfinite(sd_hz) & (sd_hz > 0)
    if good.sum() < LEAST_TONES:
        raise FitError(
            f"a fit needs {LEAST_TONES} tones of a carrier or more, with finite values and errors above 0, got "
            f"{good.sum()} at {tones.frequency_hz / 1e6:g} MHz; record more of the pass"
        )
    order = np.argsort(t_s[good], kind="stable")
    return replace(
        tones,
        t_s=t_s[good][order],
        tone_hz=tone_hz[good][order],
        sd_hz=sd_hz[good][order],
        length_s=np.nan_to_num(np.broadcast_to(tones.length_s, t_s.shape)[good][order]),
    )


def _sign(tones: Tones) -> int:
    """+1 where the tone falls as the Doppler always does, -1 where it rises: the oscillator stands above."""
    third = len(tones.t_s) // 3
    ends = (tones.tone_hz[:third], tones.tone_hz[-third:])
    change_hz = float(np.median(ends[1]) - np.median(ends[0]))
    step_hz = np.diff(tones.tone_hz, 2)
    noise_hz = float(np.median(np.abs(step_hz))) / 0.6745 / 6**0.5
    if abs(change_hz) < LEAST_TREND * noise_hz * (2 * 1.57 / third) ** 0.5:  # pi/2: variance of a median
        raise FitError(
            f"the tones must fall or rise through the pass, but those at {tones.frequency_hz / 1e6:g} MHz stay within "
            f"{abs(change_hz):.2g} Hz from {tones.t_s[0]:.0f} s to {tones.t_s[-1]:.0f} s: no Doppler is seen; "
            f"record a whole pass"
        )
    return 1 if change_hz < 0 else -1


@dataclass(frozen=True, kw_only=True)
class Model:
    """What the tones are fitted with, and for a known orbit when it was predicted and what it might be instead."""

    curve: Curve
    tca_s: float = nan  # predicted, after the start
    others: tuple[LookFunction, ...] = ()


def model_of(
    orbit: Orbit, *, altitude_km: float | None = None, station: str | None = None, start: datetime | str | None = None
) -> Model:
    """The model of `fit_pass`. Raises FitError where something is lacking or does not belong to it."""
    if altitude_km is not None and orbit != "circular":
        raise FitError(f"a height is for the circular orbit, got altitude_km {altitude_km:g} with {orbit}; drop one")
    if altitude_km is not None and not LEAST_ALTITUDE_KM <= altitude_km <= MOST_ALTITUDE_KM:
        raise FitError(
            f"altitude_km must be {LEAST_ALTITUDE_KM:g} to {MOST_ALTITUDE_KM:g}, got {altitude_km:g}; "
            f"leave it out where it is not known"
        )
    if orbit == "sputnik1":
        if station is None or start is None:
            raise FitError(
                "orbit sputnik1 needs a station and a start: where, and from when (UTC) to look for the pass; "
                "give both: --station dallas --start 1957-10-07T05:00Z"
            )
        return _sputnik_1(parse_station(station), parse_time(start))
    if station is not None or start is not None:
        raise FitError(f"a station and a start are for a known orbit, got them with {orbit}; take orbit sputnik1")
    if orbit == "line":
        return Model(curve=straight_line())
    return Model(curve=circular() if altitude_km is None else circular_at(altitude_km))


def _sputnik_1(station: Station, start: datetime) -> Model:
    _, tca = sputnik.first_sputnik_pass(station, start)
    nearest = tca + timedelta(seconds=0.5)
    mean = sputnik.elements(tca)

    def turned(node_rad: float) -> LookFunction:
        return orbit_look(station, replace(mean, raan_rad=mean.raan_rad + node_rad), tca)

    others = [replace(mean, eccentricity=mean.eccentricity + way * ECCENTRICITY_SD) for way in (-1, 1)]
    others += [
        replace(
            mean,
            argument_of_perigee_rad=mean.argument_of_perigee_rad + way * PERIGEE_SD_RAD,
            mean_anomaly_rad=mean.mean_anomaly_rad - way * PERIGEE_SD_RAD,
        )
        for way in (-1, 1)
    ]
    return Model(
        curve=known_orbit(turned, name=f"Sputnik 1's orbit, predicted closest {nearest:%Y-%m-%d %H:%M:%S} UTC"),
        tca_s=(tca - start).total_seconds(),
        others=tuple(orbit_look(station, other, tca) for other in others),
    )


def _robust(curve: Curve, system: System) -> tuple[Solution, NDArray[np.bool_]]:
    """The best fit from several starts, without the tones that are far off it, and which tones are in it."""
    begun = [solve_robustly(curve, system, start, rounds=2) for start in starts_of(curve, system, count=STARTS)]
    best = solve_robustly(curve, system, min(begun, key=lambda solution: solution.scale).parameters)
    normal = left_hz(curve, system, best.parameters, best.coefficients) / system.sd_hz
    used = np.abs(normal) < REJECTED * max(best.scale, LEAST_SCALE)
    return solve_robustly(curve, system.only(used), best.parameters), used


def _passage(curve: Curve, solution: Solution) -> tuple[Array, Array]:
    """First offset, closest approach, distance and speed (4,), and their covariance (4, 4), by propagation."""
    size = len(curve.scales)
    slopes = np.zeros((4, len(solution.covariance)))
    slopes[0, size] = 1.0
    for number, scale in enumerate(curve.scales):
        step = np.zeros(size)
        step[number] = STEP * scale
        ahead, behind = (curve.passage(solution.parameters + way * step) for way in (1, -1))
        slopes[1:, number] = (ahead - behind) / (2 * STEP * scale)
    values = np.array([solution.coefficients[0], *curve.passage(solution.parameters)])
    if not np.isfinite(solution.covariance).all():
        return values, np.full((4, 4), np.inf)
    return values, slopes @ solution.covariance @ slopes.T


def _check_arc(curve: Curve, passage: Array, covariance: Array, system: System) -> None:
    """Raise FitError where the arc does not bend enough to tell the distance and the speed."""
    sd = np.sqrt(np.diag(covariance))
    first_s, last_s = float(system.t_s.min()), float(system.t_s.max())
    shares = sd[2:] / passage[2:]
    if np.all(shares < MOST_SHARE):
        return
    tca_s, sure = passage[1], sd[1] < (last_s - first_s) / 4
    wanted = "the steepest part of the curve must be in it, with a minute on both sides"
    if sure and first_s < tca_s < last_s:
        where = f"from {tca_s - first_s:.0f} s before closest approach to {last_s - tca_s:.0f} s after it"
        wanted = "record on, until the tone hardly changes, on both sides of it"
    elif sure and tca_s > last_s:
        where = f"that end {tca_s - last_s:.0f} s before closest approach"
    elif sure:
        where = f"that begin {first_s - tca_s:.0f} s after closest approach"
    else:
        where = "that do not show the closest approach"
    share = f"open to +-{100 * shares.max():.0f} %" if shares.max() < 10 else "quite open"
    held = ", or give the height (--altitude-km, altitude_km)" if curve.name == "circular orbit" else ""
    raise FitError(
        f"the arc must tell the distance and the speed to {100 * MOST_SHARE:.0f} %, got {last_s - first_s:.0f} s "
        f"{where} and leave them {share}; {wanted}{held}"
    )


def _alternatives(system: System, passage: Array, altitude_km: float | None) -> tuple[LookFunction, ...]:
    """What might have flown instead: as close and as fast, the speed being that of a free circular orbit."""
    free = circular()
    solution = solve(free, system, passage[1:])
    speed_km_s = _estimate(solution, 2)
    return tuple(
        likely_orbits(
            distance_km=float(passage[2]),
            speed_km_s=speed_km_s.value,
            speed_sd_km_s=speed_km_s.sd,
            altitude_km=altitude_km,
        )
    )


def _estimate(solution: Solution, number: int, *, less: float = 0.0) -> Estimate:
    values = np.concatenate([solution.parameters, solution.coefficients])
    return Estimate(value=float(values[number]) - less, sd=float(np.sqrt(solution.covariance[number, number])))


def _estimates(values: Array, sds: Array) -> dict[str, Estimate]:
    return {n: Estimate(value=float(v), sd=float(s)) for n, v, s in zip(QUANTITIES, values, sds, strict=True)}
