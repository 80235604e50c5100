"""From the tones of a pass to the time, distance and speed of closest approach.

One pass over one station does not determine on which side it passed, its height, or its whole orbit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
from beep.fitting.flutter import Flutter, covariance_with, find_flutter, sizes
from beep.fitting.solve import (
    LEAST_SCALE,
    Solution,
    System,
    Tones,
    design,
    residual_hz,
    slopes,
    solve,
    solve_robustly,
    starts_of,
    system_of,
)
from beep.fitting.tones import tone_sign, usable_tones
from beep.geometry import sputnik
from beep.geometry.look import LookFunction
from beep.geometry.orbit import orbit_look
from beep.geometry.stations import Station, parse_station
from beep.measuring.measure import Measurement
from beep.radio.receiver import doppler_sign

QUANTITIES = ("f0_hz", "tca_s", "distance_km", "speed_km_s")
UNDETERMINED = (
    "the side of the station on which it passed",
    "inclination, node and eccentricity; the height, unless it was given",
)
STARTS = 3  # start values that are refined
LEAST_SD_HZ = 1e-6  # of tones exactly on the curve
OUTLIER = 8.0  # robust standard deviations from the curve: not a tone of this satellite
MOST_SHARE = 0.3  # standard error over value, of distance and speed: beyond it a linear error bar is meaningless
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
    """The tones of one carrier (N,) in order of time, and their residuals."""

    frequency_hz: float
    sideband: Sideband
    f0_hz: Estimate  # tone without Doppler: carrier minus oscillator, with the errors of both
    drift_hz_per_s: Estimate | None  # of that tone, where it was fitted
    t_s: Array
    tone_hz: Array
    residual_hz: Array  # tone minus curve
    sd_hz: Array  # standard errors of the tones as given, or from the residuals where none were
    total_sd_hz: Array  # with flutter, unless it is as slow as an error of the model
    used: NDArray[np.bool_]  # False for outliers, which are not in the fit
    sd_given: bool

    @property
    def rms_hz(self) -> float:
        """Rms of the residuals of the tones in the fit."""
        return float(np.sqrt(np.mean(self.residual_hz[self.used] ** 2)))

    @property
    def misfit(self) -> float:
        """Rms of the residuals in standard errors of the tones with flutter: near 1 where the model holds."""
        return float(np.sqrt(np.mean((self.residual_hz / self.total_sd_hz)[self.used] ** 2)))


@dataclass(frozen=True, kw_only=True)
class PassFit:
    """A pass determined from its Doppler curve.

    Standard errors come from the scatter of the residuals and from their correlation in time, whatever its cause: the
    flutter of a tape, or an error of the model where `flutter.slow`. The error of the model that the residuals do not
    show is in `model_bias` (fit minus truth, mean and spread).
    """

    model: str
    f0_hz: Estimate  # of the first carrier
    tca_s: Estimate  # closest approach, after the first sample
    distance_km: Estimate  # at closest approach
    speed_km_s: Estimate  # at closest approach, relative to the rotating Earth
    covariance: Array = field(repr=False)  # (4, 4) of these
    model_bias: dict[str, Estimate]
    residual_rms_hz: float
    ionosphere_bias: dict[str, Estimate]  # of a morning's; with two carriers, what their correction leaves
    time_shift_s: Estimate | None  # known orbit: later than predicted
    node_shift_deg: Estimate | None
    flutter: Flutter | None  # None where the errors of the tones explain the residuals
    carriers: tuple[CarrierFit, ...] = field(repr=False)

    @property
    def undetermined(self) -> tuple[str, ...]:
        """What the pass does not determine; empty for a known orbit."""
        return UNDETERMINED if self.time_shift_s is None else ()

    @property
    def correlation(self) -> Array:
        """Correlations (4, 4) of f0, closest approach, distance and speed; 0 with what was given."""
        sd = np.sqrt(np.diag(self.covariance))
        scaled = np.divide(self.covariance, np.outer(sd, sd), out=np.eye(4), where=np.outer(sd, sd) > 0)
        return np.asarray(scaled)


def fit(
    tones: Sequence[Tones] | Sequence[Measurement] | Tones | Measurement,
    *,
    carriers_hz: Sequence[float] | None = None,
    orbit: Orbit = "circular",
    altitude_km: float | None = None,
    station: str | None = None,
    start: datetime | str | None = None,
    sideband: Sideband | None = None,
    drift: bool = False,
    from_s: float | None = None,
    to_s: float | None = None,
) -> PassFit:
    """Return the pass that fits the tones of one or two carriers.

    `tones` is what `measure` returns, or Tones of each carrier. `carriers_hz` are the carriers of the measurements, the
    first that of the left channel or of mono, the second that of the right; without it, Sputnik 1's 20.005 and 40.002
    MHz.

    `orbit` is "circular" (at `altitude_km`, or at any height), "line" for a straight flight at constant speed, or
    "sputnik1" for the known orbit at its first pass over `station` (a known name or LAT,LON[,HEIGHT_M]) after `start`
    (UTC, ISO 8601), with only time and node fitted. With two carriers the ionosphere is corrected to first order, which
    by day is not enough at 20 MHz. Without `sideband` it is determined from the tones: a Doppler shift always falls.
    `drift` also fits a linear drift of the receiver's oscillator. Tones before `from_s` or after `to_s` are left out.

    Raises FitError where the tones do not determine the pass: too few, no Doppler, too short an arc. Raises
    ScenarioError where the known orbit does not pass.
    """
    carriers = usable_tones(tones, carriers_hz=carriers_hz, from_s=from_s, to_s=to_s)
    signs = [tone_sign(carrier) if sideband is None else doppler_sign(sideband) for carrier in carriers]
    model = model_of(orbit, altitude_km=altitude_km, station=station, start=start)
    curve = model.curve
    system = system_of(carriers, signs, drift=drift)
    solution, used = robust_solution(curve, system)
    if not all(carrier.sd_given for carrier in carriers):
        system = _with_scatter(curve, system, solution, used, [carrier.sd_given for carrier in carriers])
        solution, used = robust_solution(curve, system)
    flutter, total, solution, used = _with_flutter(curve, system, solution, used)
    inside = total.only(used)
    passage, covariance = _passage(curve, solution)
    _check_arc(curve, passage, covariance, inside)
    truths = model.alternatives or _alternatives(inside, passage, altitude_km)
    residuals_hz = residual_hz(curve, system, solution.parameters, solution.coefficients)
    return PassFit(
        model=curve.name,
        **_estimates(passage, np.sqrt(np.diag(covariance))),
        covariance=covariance,
        model_bias=_estimates(*model_bias(curve, inside, solution.parameters, truths)),
        residual_rms_hz=float(np.sqrt(np.mean(residuals_hz[used] ** 2))),
        ionosphere_bias=_estimates(*ionosphere_bias(curve, inside, solution.parameters, truths)),
        time_shift_s=_estimate(solution, 0, minus=model.tca_s) if model.alternatives else None,
        node_shift_deg=_estimate(solution, 1) if model.alternatives else None,
        flutter=flutter,
        carriers=tuple(
            CarrierFit(
                frequency_hz=carrier.frequency_hz,
                sideband="upper" if signs[number] > 0 else "lower",
                f0_hz=_estimate(solution, len(curve.scales) + number),
                drift_hz_per_s=_estimate(solution, len(curve.scales) + len(carriers) + number) if drift else None,
                t_s=carrier.t_s,
                tone_hz=carrier.tone_hz,
                residual_hz=residuals_hz[system.carrier == number],
                sd_hz=system.sd_hz[system.carrier == number],
                total_sd_hz=(system if flutter and flutter.slow else total).sd_hz[system.carrier == number],
                sd_given=carrier.sd_given,
                used=used[system.carrier == number],
            )
            for number, carrier in enumerate(carriers)
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Model:
    """The curve that is fitted, and for a known orbit its predicted closest approach and what it could be instead."""

    curve: Curve
    tca_s: float = nan  # predicted, after the start
    alternatives: tuple[LookFunction, ...] = ()


def model_of(
    orbit: Orbit, *, altitude_km: float | None = None, station: str | None = None, start: datetime | str | None = None
) -> Model:
    """Return the model of `fit`. Raises FitError where a setting is missing or does not belong to it."""
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
    mean = sputnik.elements(tca)

    def look_of_node(node_rad: float) -> LookFunction:
        return orbit_look(station, replace(mean, raan_rad=mean.raan_rad + node_rad), tca)

    others = []
    for sign in (-1, 1):
        others.append(replace(mean, eccentricity=mean.eccentricity + sign * ECCENTRICITY_SD))
        perigee_rad, anomaly_rad = mean.argument_of_perigee_rad, mean.mean_anomaly_rad
        turn_rad = sign * PERIGEE_SD_RAD
        others.append(
            replace(mean, argument_of_perigee_rad=perigee_rad + turn_rad, mean_anomaly_rad=anomaly_rad - turn_rad)
        )
    nearest = tca + timedelta(seconds=0.5)  # printed to the nearest second
    return Model(
        curve=known_orbit(look_of_node, name=f"Sputnik 1's orbit, predicted closest {nearest:%Y-%m-%d %H:%M:%S} UTC"),
        tca_s=(tca - start).total_seconds(),
        alternatives=tuple(orbit_look(station, other, tca) for other in others),
    )


def robust_solution(curve: Curve, system: System) -> tuple[Solution, NDArray[np.bool_]]:
    """Return the best solution from several start values without outliers, and the mask of the tones in it."""
    trials = [solve_robustly(curve, system, start, iterations=2) for start in starts_of(curve, system, count=STARTS)]
    best = solve_robustly(curve, system, min(trials, key=lambda solution: solution.scale).parameters)
    normal = residual_hz(curve, system, best.parameters, best.coefficients) / system.sd_hz
    used = np.abs(normal) < OUTLIER * max(best.scale, LEAST_SCALE)
    return solve_robustly(curve, system.only(used), best.parameters), used


def _with_scatter(
    curve: Curve, system: System, solution: Solution, used: NDArray[np.bool_], sd_given: Sequence[bool]
) -> System:
    """Return the system with errors from the residuals for the carriers whose errors are not known."""
    rest_hz = residual_hz(curve, system, solution.parameters, solution.coefficients)
    sd_hz = system.sd_hz.copy()
    freedom = max(int(used.sum()) - len(solution.covariance), 1) / used.sum()
    for number, given in enumerate(sd_given):
        rows = system.carrier == number
        if not given:
            rms_hz = float(np.sqrt(np.mean(rest_hz[rows & used] ** 2) / freedom))
            sd_hz[rows] = max(rms_hz, LEAST_SD_HZ)
    return replace(system, sd_hz=sd_hz)


def _with_flutter(
    curve: Curve, system: System, solution: Solution, used: NDArray[np.bool_]
) -> tuple[Flutter | None, System, Solution, NDArray[np.bool_]]:
    """Return the flutter, the system whose errors include it, its solution and the mask of the tones in it."""

    def found_in(system: System) -> tuple[Flutter | None, Array]:
        by_all = design(curve, system, solution.parameters)
        rest_hz = residual_hz(curve, system, solution.parameters, solution.coefficients)
        return find_flutter(rest_hz, by_all, system), by_all

    rest_hz = residual_hz(curve, system, solution.parameters, solution.coefficients)
    system = replace(system, size=sizes(system, rest_hz))
    flutter, _ = found_in(system.only(used))
    if flutter is None:
        return None, system, solution, used
    solution, used = robust_solution(curve, replace(system, sd_hz=flutter.total_sd_hz(system)))
    again, by_all = found_in(system.only(used))
    flutter = again or flutter
    covariance = covariance_with(flutter, by_all, system.only(used))
    total = replace(system, sd_hz=flutter.total_sd_hz(system))
    return flutter, total, replace(solution, covariance=covariance), used


def _passage(curve: Curve, solution: Solution) -> tuple[Array, Array]:
    """First offset, closest approach, distance and speed (4,), and their covariance (4, 4), by error propagation."""
    size = len(curve.scales)
    by_all = np.zeros((4, len(solution.covariance)))
    by_all[0, size] = 1.0
    by_all[1:, :size] = slopes(curve.passage, solution.parameters, curve.scales)
    values = np.array([solution.coefficients[0], *curve.passage(solution.parameters)])
    if not np.isfinite(solution.covariance).all():
        return values, np.full((4, 4), np.inf)
    return values, by_all @ solution.covariance @ by_all.T


def _check_arc(curve: Curve, passage: Array, covariance: Array, system: System) -> None:
    """Raise FitError where the arc is too short or too straight to determine the distance and the speed."""
    sd = np.sqrt(np.diag(covariance))
    first_s, last_s = float(system.t_s.min()), float(system.t_s.max())
    shares = sd[2:] / passage[2:]
    if np.all(shares < MOST_SHARE):
        return
    part = "that do not show the closest approach"
    if sd[1] < (last_s - first_s) / 4:
        part = f"from {first_s - passage[1]:+.0f} s to {last_s - passage[1]:+.0f} s around closest approach"
    share = f"uncertain by {100 * shares.max():.0f} %" if shares.max() < 10 else "unknown"
    remedy = ", or give the height (--altitude-km, altitude_km)" if curve.name == "circular orbit" else ""
    raise FitError(
        f"the arc must tell the distance and the speed to {100 * MOST_SHARE:.0f} %, got {last_s - first_s:.0f} s "
        f"{part}, which leaves them {share}; record the steepest part of the curve with a minute on both sides{remedy}"
    )


def _alternatives(system: System, passage: Array, altitude_km: float | None) -> tuple[LookFunction, ...]:
    """Passes with the fitted distance and with the speed of a circular orbit fitted to the same tones."""
    speed_km_s = _estimate(solve(circular(), system, passage[1:]), 2)
    return tuple(
        likely_orbits(
            distance_km=float(passage[2]),
            speed_km_s=speed_km_s.value,
            speed_sd_km_s=speed_km_s.sd,
            altitude_km=altitude_km,
        )
    )


def _estimate(solution: Solution, number: int, *, minus: float = 0.0) -> Estimate:
    values = np.concatenate([solution.parameters, solution.coefficients])
    return Estimate(value=float(values[number]) - minus, sd=float(np.sqrt(solution.covariance[number, number])))


def _estimates(values: Array, sds: Array) -> dict[str, Estimate]:
    return {n: Estimate(value=float(v), sd=float(s)) for n, v, s in zip(QUANTITIES, values, sds, strict=True)}
