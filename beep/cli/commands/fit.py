"""`beep fit`: finds time, distance and speed of the satellite of a recorded pass."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from beep.base.choices import Orbit, Sideband
from beep.base.errors import FitError
from beep.base.text import quoted
from beep.cli.messages import note, warn
from beep.cli.options import add_number, add_output_options, add_section_options, open_input, output_of
from beep.cli.parser import Parser, reader
from beep.cli.tables import write_values
from beep.geometry.stations import parse_station
from beep.scenario.carriers import LEAST_MHZ, MOST_MHZ, SPUTNIK_1

if TYPE_CHECKING:
    from beep.fitting.fit import PassFit
    from beep.fitting.solve import Tones
    from beep.scenario.scenario import Scenario
    from beep.stream.reception import Reception

SATELLITE_KM_S = (6.0, 9.0)
CARRIERS_MHZ = [carrier.frequency_mhz for carrier in SPUTNIK_1]
TABLE_ENDINGS = (".csv", ".tsv", ".txt")
POOR_HZ = 0.5  # of slow residuals
DOUBTFUL_NODE_DEG = 1.5  # 150 km; a noon's ionosphere that is not removed moves a node by 0.5 at 20 MHz
HALF_AN_HOUR = timedelta(minutes=30)  # before closest approach, where only one pass of Sputnik 1 fits


def add(parser: Parser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a recording of a pass, - for stdin; or a table of times and frequencies (.csv, .tsv or .txt) with a "
        "first line of names, such as t_s,f_hz or utc,frequency_mhz, and sd_hz where the errors are known",
    )
    model = parser.add_argument_group("model")
    model.add_argument(
        "--orbit",
        choices=get_args(Orbit),
        default="circular",
        help="orbit of the satellite: circular, a straight line, or the known orbit of Sputnik 1 shifted in time and "
        "node (default: circular)",
    )
    add_number(model, "altitude_km", "height of the circular orbit", unset="found by the fit")
    model.add_argument(
        "--station", metavar="PLACE", help="place of the receiver, for sputnik1: a name or LAT,LON[,HEIGHT_M]"
    )
    model.add_argument(
        "--start",
        metavar="UTC",
        help="time in ISO 8601, for sputnik1: the fit takes the first pass after it; without it, the passes of 4 to 25 "
        "October 1957 over --station are ranked by their misfit",
    )
    add_section_options(model)
    receiver = parser.add_argument_group("receiver")
    receiver.add_argument(
        "--carrier-mhz",
        type=_frequency,
        action="append",
        metavar="MHZ",
        help="carrier frequency of the mono or left channel; given twice: also of the right one "
        f"(default: {' and '.join(map(str, CARRIERS_MHZ))}; of a table with frequencies above 1 MHz, their median)",
    )
    receiver.add_argument(
        "--sideband",
        choices=get_args(Sideband),
        help="upper: the tone falls during the pass; lower: it rises (default: found from the recording)",
    )
    receiver.add_argument("--drift", action="store_true", help="fit a constant drift of the oscillator as well")
    output = parser.add_argument_group("output")
    output.add_argument(
        "--blind", action="store_true", help="do not read the scenario in the file's comment: no date, no comparison"
    )
    add_output_options(output, ("table", "csv", "json"))
    parser.rare |= {"drift", "output"}


def run(arguments: argparse.Namespace) -> None:
    from beep.cli.fit_table import fit_as_json, fit_rows, ranking_rows, show_fit, show_ranking
    from beep.fitting.fit import fit, model_of
    from beep.fitting.rank import rank_passes

    names = ("orbit", "altitude_km", "station", "start")
    settings: dict[str, Any] = {name: getattr(arguments, name) for name in names}
    known = arguments.orbit == "sputnik1"
    ranks = known and arguments.station is not None and arguments.start is None
    from_recipe = known and arguments.station is None and arguments.start is None and not arguments.blind
    if len(arguments.carrier_mhz or CARRIERS_MHZ) > 2:
        raise FitError(
            f"a fit takes one or two carriers, got --carrier-mhz {len(arguments.carrier_mhz)} times; drop the others"
        )
    if not (ranks or from_recipe):
        model_of(**settings)  # reports a wrong option before the long measurement
    if ranks:
        parse_station(arguments.station)
    with output_of(arguments) as out:
        tones, reception = _tones(arguments)
        scenario = None if reception is None else reception.scenario
        if from_recipe:
            settings |= place_and_date(reception, arguments)
            model_of(**settings)
        choices = {name: getattr(arguments, name) for name in ("sideband", "from_s", "to_s")}
        if ranks:
            ranked = rank_passes(tones, station=arguments.station, **choices)
            if arguments.format == "table":
                show_ranking(out, ranked, arguments.station)
            else:
                rows = ranking_rows(ranked)
                document = {"decided": ranked.decided, "possible": ranked.possible, "passes": rows}
                write_values(out, arguments.format, document, rows)
            return
        fitted = fit(tones, **settings, **choices, drift=arguments.drift)
        if arguments.carrier_mhz is None and not _is_table(arguments.file):
            _note_carriers(fitted, scenario, arguments)
        _warn_of_doubts(fitted, arguments)
        recipe = None if reception is None else _recipe(reception)
        if arguments.format == "table":
            show_fit(out, fitted, recipe, start=settings["start"])
        else:
            write_values(out, arguments.format, fit_as_json(fitted, recipe), fit_rows(fitted, recipe))


def _is_table(name: str) -> bool:
    return name.casefold().endswith(TABLE_ENDINGS)


def _tones(arguments: argparse.Namespace) -> tuple[list[Tones], Reception | None]:
    """Return the tones of FILE and the reception in its comment; measures a recording."""
    carriers_hz = [mhz * 1e6 for mhz in arguments.carrier_mhz or CARRIERS_MHZ]
    if _is_table(arguments.file):
        from beep.fitting.table import read_tones

        tones = read_tones(arguments.file, carrier_hz=carriers_hz[0] if arguments.carrier_mhz else None)
        if tones.epoch is not None:
            note(f"t = 0 s is {tones.epoch:%Y-%m-%d %H:%M:%S.%f} UTC, the first line of {arguments.file}", arguments)
        return [tones], None
    from beep.fitting.tones import tones_of
    from beep.measuring.measure import measure
    from beep.stream.resolve import recorded_reception

    with open_input(arguments.file) as recording:
        reception = None if arguments.blind else recorded_reception(recording.comment)
        return tones_of(measure(recording), carriers_hz=carriers_hz), reception


def _frequency(text: str) -> float:
    value: float = reader("carrier_mhz")(text)
    if not LEAST_MHZ <= value <= MOST_MHZ:
        raise argparse.ArgumentTypeError(f"must be {LEAST_MHZ:g} to {MOST_MHZ:g}, got {quoted(text)}")
    return value


def place_and_date(reception: Reception | None, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the station of a file's recipe and a start half an hour before its pass, both or none."""
    if reception is None or reception.scenario.station is None or reception.epoch is None:
        return {}
    station, start = reception.scenario.station, reception.epoch + timedelta(seconds=reception.tca_s) - HALF_AN_HOUR
    note(f"--station {station} --start {start:%Y-%m-%dT%H:%MZ}, from the file's own recipe", arguments)
    return {"station": station, "start": start}


def _recipe(reception: Reception) -> dict[str, float] | None:
    """Return the fitted quantities as a recipe has them; None where it has no pass."""
    from beep.fitting.curves import closest_approach

    scenario = reception.scenario
    if scenario.still:
        return None
    tca_s, distance_km, speed_km_s = map(float, closest_approach(reception.look, guess_s=reception.tca_s))
    f0_hz = scenario.tone_without_doppler_hz(scenario.heard[0])
    return {"f0_hz": f0_hz, "tca_s": tca_s, "distance_km": distance_km, "speed_km_s": speed_km_s}


def _note_carriers(fit: PassFit, scenario: Scenario | None, arguments: argparse.Namespace) -> None:
    """Print which frequencies were assumed, unless they are those of the file's recipe."""
    assumed_hz = [carrier.frequency_hz for carrier in fit.carriers]
    recipe_hz = [] if scenario is None else [carrier.frequency_mhz * 1e6 for carrier in scenario.heard]
    if set(assumed_hz) <= set(recipe_hz):
        return
    assumed, recipe = ([f"{hz / 1e6:g}" for hz in carriers_hz] for carriers_hz in (assumed_hz, recipe_hz))
    remedy = "give another frequency with --carrier-mhz MHZ"
    if recipe:
        options = " ".join(f"--carrier-mhz {mhz}" for mhz in recipe)
        remedy = f"but the file's own recipe says {' and '.join(recipe)}: {options}"
    note(f"assumed: {' and '.join(assumed)} MHz; {remedy}", arguments)


def _warn_of_doubts(fit: PassFit, arguments: argparse.Namespace) -> None:
    """Warn of a speed that no satellite has, of another pass, and of residuals longer than a tape's flutter."""
    if not SATELLITE_KM_S[0] < fit.speed_km_s.value < SATELLITE_KM_S[1]:
        warn(
            f"{fit.speed_km_s.value:.2f} km/s is not the speed of a satellite; check the carrier (--carrier-mhz) and "
            "that the recording has the whole pass",
            arguments,
        )
    node_deg = abs(fit.node_shift_deg.value) if fit.node_shift_deg else 0.0
    if node_deg > DOUBTFUL_NODE_DEG:
        warn(
            f"the node of the orbit had to be shifted by {node_deg:.1f} degrees, but it is known to 0.25: "
            "probably this is another pass; without --start all passes are compared",
            arguments,
        )
    if fit.flutter is not None and fit.flutter.slow and fit.flutter.rms_hz > POOR_HZ:
        warn(
            f"the tones differ from the model by {fit.flutter.rms_hz:.2g} Hz, correlated over "
            f"{fit.flutter.time_s:.0f} s: longer than the flutter of a tape; rather an ionosphere beyond its first "
            "order, another orbit, or a receiver that drifts slowly; the true errors may be larger than those printed",
            arguments,
        )
