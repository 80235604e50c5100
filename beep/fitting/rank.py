"""Which pass of Sputnik 1 is this? Every pass over a station in October 1957, ranked by how well it fits the tones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf, radians

import numpy as np

from beep.base.arrays import Array
from beep.base.choices import Sideband
from beep.base.errors import FitError
from beep.fitting.curves import Curve
from beep.fitting.fit import OUTLIER
from beep.fitting.flutter import Flutter, chi_square, find_flutter, sizes
from beep.fitting.solve import (
    LEAST_SCALE,
    System,
    Tones,
    design,
    residual_hz,
    robust_sd,
    shift_hz,
    system_of,
    without_offsets,
)
from beep.fitting.tones import UsableTones, tone_sign, usable_tones
from beep.geometry import sputnik
from beep.geometry.forecast import Prediction, passes
from beep.geometry.orbit import orbit_look
from beep.geometry.stations import Station, parse_station
from beep.measuring.measure import Measurement
from beep.radio.receiver import doppler_sign

GRID_S = 4.0  # spacing of a pass's delay rate, between which a cubic spline is exact to 1e-4 Hz
BEYOND_HORIZON_S = 90.0  # heard before rise and after set, by refraction in the ionosphere (assumed)
TRIAL_STEP_S = 12.0  # of the time of the first sample
TRIAL_TONES = 60  # in this first search
NODE_STEP_DEG = 0.1
NODE_SD_DEG = 0.25  # 25 km, the orbit's accuracy
ROUNDS = 8  # of Gauss and Newton
LEAST_PROBABILITY = 0.95  # of the first pass, for a decision
POSSIBLE = 0.01  # least probability of a pass that fits about as well
MOST_STEP_S = 20.0  # of the time in one round


@dataclass(frozen=True, kw_only=True)
class RankedPass:
    """One pass over the station, with the time shift, the node and the offsets at which it fits best."""

    prediction: Prediction
    first_sample: datetime  # UTC of t_s = 0
    node_shift_deg: float
    sideband: Sideband  # of the first carrier
    residual_rms_hz: float
    chi_square: float  # above that of the best pass
    probability: float  # among all passes, if all are equally likely before


class RankedPasses(tuple[RankedPass, ...]):
    """Passes in order of misfit, the best first."""

    flutter: Flutter | None = None  # that was counted in the errors

    @property
    def possible(self) -> int:
        """Number of passes that fit about as well as the first one."""
        return sum(ranked.probability >= POSSIBLE for ranked in self)

    @property
    def decided(self) -> bool:
        """Whether the first pass is 95 % probable."""
        return bool(self) and self[0].probability >= LEAST_PROBABILITY


def rank_passes(
    tones: Sequence[Tones] | Sequence[Measurement] | Tones | Measurement,
    *,
    station: str,
    carriers_hz: Sequence[float] | None = None,
    sideband: Sideband | None = None,
    from_s: float | None = None,
    to_s: float | None = None,
) -> RankedPasses:
    """Return all passes of Sputnik 1 over a station from 4 to 25 October 1957, ranked by their misfit.

    `tones` and the other settings are those of `fit`. Each pass is fitted with the time of the first sample, an offset
    of each carrier and a shift of the node within the orbit's accuracy; with two carriers the ionosphere is corrected
    to first order. The scatter of the residuals of the best pass and their correlation are taken as the tones' errors,
    so that the probabilities hold if one of the passes is the right one. Raises FitError for unusable tones, and where
    no pass is as long as the recording.
    """
    place = parse_station(station)
    carriers = usable_tones(tones, carriers_hz=carriers_hz, from_s=from_s, to_s=to_s)
    predictions = passes(
        station, sputnik.ORBIT_FROM, days=(sputnik.ORBIT_UNTIL - sputnik.ORBIT_FROM) / timedelta(days=1)
    )
    flights = [flight for prediction in predictions if (flight := _flight(place, prediction)) is not None]
    trials: list[_Trial] = []
    for signs in _signs(carriers, sideband):
        system = system_of(carriers, signs, drift=False)
        found = [_search(flight, system) for flight in flights]
        trials += [trial for trial in found if trial is not None]
    if not trials:
        length_s = float(max(carrier.t_s[-1] for carrier in carriers) - min(carrier.t_s[0] for carrier in carriers))
        raise FitError(
            f"one of the passes over {station} must be as long as the recording, got tones over {length_s:.0f} s; "
            f"check the station, or take a part of the recording with from_s and to_s"
        )
    trials.sort(key=lambda trial: trial.chi_square)
    return _ranked(*_with_errors(trials, all(carrier.sd_given for carrier in carriers)))


def _signs(carriers: Sequence[UsableTones], sideband: Sideband | None) -> list[list[int]]:
    """Signs of the Doppler shift in the tones that are possible: both where the tones do not show it."""
    if sideband is not None:
        return [[doppler_sign(sideband)] * len(carriers)]
    try:
        return [[tone_sign(carrier) for carrier in carriers]]
    except FitError:  # too short
        return [[1] * len(carriers), [-1] * len(carriers)]


@dataclass(frozen=True, kw_only=True)
class _Flight:
    """Delay rate of one pass and its slopes, as splines of seconds after closest approach."""

    prediction: Prediction
    curve: Curve  # parameters: time of closest approach, s, and node, degrees
    first_s: float
    last_s: float


def _flight(station: Station, prediction: Prediction) -> _Flight | None:
    if prediction.aos is None or prediction.los is None:
        return None
    from scipy.interpolate import CubicSpline

    tca, elements = prediction.tca, sputnik.elements(prediction.tca)
    first_s = (prediction.aos - tca).total_seconds() - BEYOND_HORIZON_S
    last_s = (prediction.los - tca).total_seconds() + BEYOND_HORIZON_S
    grid_s = np.arange(first_s - 2 * GRID_S, last_s + 3 * GRID_S, GRID_S)
    rate, moved = (
        orbit_look(station, replace(elements, raan_rad=elements.raan_rad + radians(shift_deg)), tca)(grid_s).delay_rate
        for shift_deg in (0.0, NODE_STEP_DEG)
    )
    both = CubicSpline(grid_s, np.stack([rate, (moved - rate) / NODE_STEP_DEG], axis=-1))

    def delay_rate(t_s: Array, parameters: Array) -> Array:
        at_rest, by_node = both(t_s - parameters[0]).T
        return np.asarray(at_rest + parameters[1] * by_node)

    return _Flight(
        prediction=prediction,
        curve=Curve(
            name="pass of Sputnik 1",
            starts=((0.0,),),
            scales=(10.0, 1.0),
            bounds=((-inf, inf), (-inf, inf)),
            delay_rate=delay_rate,
            passage=np.asarray,
        ),
        first_s=first_s,
        last_s=last_s,
    )


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """One pass fitted to tones."""

    flight: _Flight
    system: System
    parameters: Array
    coefficients: Array
    chi_square: float


def _search(flight: _Flight, system: System) -> _Trial | None:
    """Return the pass at the best times on a grid, refined; None where it is shorter than the recording.

    The best times are those of the least absolute deviations, which outliers hardly change, and of the least squares
    with node and offsets, which are exact for a short and accurate recording.
    """
    begin_s, end_s = float(system.t_s.min()), float(system.t_s.max())
    least_s, most_s = end_s - flight.last_s, begin_s - flight.first_s  # time of closest approach in the recording
    if least_s > most_s:
        return None
    thinned = system.only(np.unique(np.linspace(0, system.t_s.size - 1, TRIAL_TONES).round().astype(int)))
    prior = np.concatenate([[NODE_SD_DEG], system.prior_sd])
    grid_s = np.linspace(least_s, most_s, int((most_s - least_s) / TRIAL_STEP_S) + 2)
    deviations, squares = [], []
    for tca_s in grid_s:
        parameters = np.array([tca_s, 0.0])
        rest_hz = thinned.tone_hz - shift_hz(flight.curve, thinned, parameters)
        slopes = design(flight.curve, thinned, parameters)[:, 1:]
        squares.append(chi_square(None, rest_hz, slopes, thinned, prior)[0])
        deviations.append(float(np.abs(without_offsets(flight.curve, thinned, parameters)).sum()))
    starts_s = {float(grid_s[np.argmin(costs)]) for costs in (deviations, squares)}
    trials = [trial for start_s in starts_s if (trial := _refine(flight, system, start_s, None)) is not None]
    return min(trials, key=lambda trial: trial.chi_square)


def _refine(flight: _Flight, system: System, tca_s: float, flutter: Flutter | None) -> _Trial | None:
    """Return the least-squares fit of a pass from a time of closest approach; None where the pass is too short."""
    least_s, most_s = float(system.t_s.max()) - flight.last_s, float(system.t_s.min()) - flight.first_s
    if least_s > most_s:
        return None
    parameters = np.array([np.clip(tca_s, least_s, most_s), 0.0])
    prior = np.concatenate([[inf, NODE_SD_DEG], system.prior_sd])
    for last in (False,) * ROUNDS + (True,):
        # The curve is linear in node and offsets, so that only the time needs a start value.
        unmoved = np.array([parameters[0], 0.0])
        rest_hz = system.tone_hz - shift_hz(flight.curve, system, unmoved)
        slopes = design(flight.curve, system, parameters)
        if last:
            slopes, prior = slopes[:, 1:], prior[1:]
        value, change = chi_square(flutter, rest_hz, slopes, system, prior)
        if last:
            parameters, coefficients = np.array([parameters[0], change[0]]), change[1:]
        else:
            moved_s = float(np.clip(change[0], -MOST_STEP_S, MOST_STEP_S))
            parameters = np.array([np.clip(parameters[0] + moved_s, least_s, most_s), change[1]])
    return _Trial(flight=flight, system=system, parameters=parameters, coefficients=coefficients, chi_square=value)


def _with_errors(trials: list[_Trial], sd_given: bool) -> tuple[list[_Trial], Flutter | None]:
    """Return the passes fitted again without outliers, with the errors that the residuals of the best one show."""
    best = trials[0]
    curve = best.flight.curve
    rest_hz = residual_hz(curve, best.system, best.parameters, best.coefficients)
    normal = rest_hz / best.system.sd_hz
    used = np.abs(normal) < OUTLIER * max(robust_sd(normal), LEAST_SCALE)
    size = sizes(best.system, rest_hz)[used]
    inside = replace(best.system.only(used), size=size)
    again = _refine(best.flight, inside, float(best.parameters[0]), None) or best
    slopes = design(curve, inside, again.parameters)
    scatter = (again.chi_square / max(int(used.sum()) - slopes.shape[1], 1)) ** 0.5
    flutter = find_flutter(residual_hz(curve, inside, again.parameters, again.coefficients), slopes, inside)
    share = 1.0 if flutter is not None else max(scatter, 1.0 if sd_given else LEAST_SCALE)
    refitted = []
    for trial in trials:
        system = replace(trial.system.only(used), size=size)
        system = replace(system, sd_hz=share * system.sd_hz)
        refined = _refine(trial.flight, system, float(trial.parameters[0]), flutter)
        refitted += [] if refined is None else [refined]
    return sorted(refitted, key=lambda trial: trial.chi_square), flutter


def _ranked(trials: list[_Trial], flutter: Flutter | None) -> RankedPasses:
    best: dict[datetime, _Trial] = {}
    for trial in trials:  # of both sidebands the better one
        best.setdefault(trial.flight.prediction.tca, trial)
    above = np.array([trial.chi_square for trial in best.values()]) - trials[0].chi_square
    weight = np.exp(-above / 2)
    ranked = RankedPasses(
        RankedPass(
            prediction=trial.flight.prediction,
            first_sample=trial.flight.prediction.tca - timedelta(seconds=float(trial.parameters[0])),
            node_shift_deg=float(trial.parameters[1]),
            sideband="upper" if trial.system.factor_hz[0] > 0 else "lower",
            residual_rms_hz=_rms_hz(trial),
            chi_square=float(more),
            probability=float(share),
        )
        for trial, more, share in zip(best.values(), above, weight / weight.sum(), strict=True)
    )
    ranked.flutter = flutter
    return ranked


def _rms_hz(trial: _Trial) -> float:
    rest_hz = residual_hz(trial.flight.curve, trial.system, trial.parameters, trial.coefficients)
    return float(np.sqrt(np.mean(rest_hz**2)))
