"""The program: arguments in, one library call, text out.

Data goes to stdout, words to stderr. Exit status: 0 done (also when the reader of a pipe has gone), 1 an error in one
line, 2 wrong usage, 130 Ctrl-C. Nothing but the standard library is imported before the arguments are read.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager

from beep import __version__
from beep.errors import BeepError, OutputError, PlaybackError, ScenarioError

TYPE_CHECKING = False  # as typing has it, whose import takes a tenth of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn, TextIO

    from beep.exporter import Export, Progress
    from beep.player import Player
    from beep.scenario import Scenario
    from beep.stream import Plan

EXAMPLES = """\
  beep play                                                     the simple pass, on the sound card
  beep play --station baldock --start 1957-10-06T22:40Z --from-s 120
                                                                the real one, from its third minute
  beep export sputnik.wav                                       a simple pass: 500 km, 60 degrees high
  beep export dallas.wav --station dallas --start 1957-10-07T05:00Z
                                                                the real orbit over a real place
  beep export - --duration-s 20 | aplay                         a WAV stream on stdout
  beep track --preset dallas --format csv                       the truth of the same pass, second by second
  beep show --preset dallas > mine.toml                         a recipe to change and to give back
"""
BAR_AFTER_S = 0.5
RETRY_S, RETRY_MOST_S = 3.0, 60.0  # PortAudio loses 22 kB each time: the wait doubles


# --- commands ---------------------------------------------------------------------------------------------------


def add_export(parser: argparse.ArgumentParser) -> None:
    from typing import get_args

    from beep.choices import Subtype

    parser.add_argument("file", metavar="FILE", help=".wav or .flac; - for a WAV stream on stdout")
    output = parser.add_argument_group("output")
    output.add_argument("--subtype", choices=get_args(Subtype), default="pcm16", help="samples (default: pcm16)")
    output.add_argument("--force", action="store_true", help="replace a file that exists")


def run_export(arguments: argparse.Namespace, scenario: Scenario) -> None:
    from beep.exporter import export
    from beep.reception import warnings
    from beep.stream import plan

    to = arguments.file
    if to == "-":
        if _stdout().isatty():
            raise OutputError("sound does not go to a terminal, got FILE -; pipe it: beep export - | aplay")
        to = io.BufferedWriter(
            io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
        )  # buffered, whatever PYTHONUNBUFFERED says
    made = plan(scenario)
    for warning in warnings(scenario, made.reception):
        _say(f"beep: warning: {warning}", arguments)
    with _bar(arguments) as progress:
        done = export(made, to, subtype=arguments.subtype, force=arguments.force, progress=progress)
    if done.clipped:
        _say(f"beep: warning: {done.clipped} samples were clipped at full scale; lower --level-dbfs", arguments)
    _say(_summary(arguments, made, done), arguments)


def _summary(arguments: argparse.Namespace, made: Plan, done: Export) -> str:
    from beep.reception import describe

    scenario = made.scenario
    seconds = done.frames / scenario.sample_rate_hz
    mix = scenario.mix if len(scenario.heard) == 2 else f"{scenario.heard[0].name} MHz alone"
    name = "stdout" if arguments.file == "-" else arguments.file
    return (
        f"{name}: {_lasting(seconds)}, {scenario.sample_rate_hz} Hz, {mix}, "
        f"{arguments.subtype}, {done.data_bytes / 1e6:.1f} MB of samples\n"
        f"{describe(scenario, made.reception)}"
    )


def _lasting(seconds: float) -> str:
    minutes = int(seconds // 60)
    parts = [f"{minutes // 60} h"] * (minutes >= 60) + [f"{minutes % 60} min"] * (minutes > 0)
    return " ".join([*parts, f"{seconds % 60:.1f} s"])


def add_track(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("output")
    output.add_argument("--step-s", type=float, default=1.0, metavar="S", help="between rows (default: 1.0 s)")
    output.add_argument("--format", choices=("csv", "json"), default="csv", help="of the rows (default: csv)")
    output.add_argument("-o", "--output", metavar="FILE", default="-", help="where to write (default: stdout)")
    output.add_argument("--force", action="store_true", help="replace a file that exists")


def run_track(arguments: argparse.Namespace, scenario: Scenario) -> None:
    from beep.output.files import whole_file
    from beep.output.table import write_csv, write_json
    from beep.truth import tracks

    write = write_csv if arguments.format == "csv" else write_json
    tables = tracks(scenario, step_s=arguments.step_s)
    if arguments.output == "-":
        write(_stdout(), tables)
        return
    with whole_file(arguments.output, force=arguments.force) as part, part.open("w", encoding="utf-8") as file:
        write(file, tables)


def run_show(arguments: argparse.Namespace, scenario: Scenario) -> None:
    from beep.scenario import to_toml

    _stdout().write(to_toml(scenario))


def add_play(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("playing")
    output.add_argument("--from-s", type=float, default=0.0, metavar="S", help="where to begin (default: 0.0 s)")
    output.add_argument("--loop", action="store_true", help="again and again")
    output.add_argument(
        "--until-stopped", action="store_true", help="the same, and wait for the sound card where it goes: for exhibits"
    )
    output.add_argument("--device", metavar="NAME", help="number, name or part of a name (default: the system's)")
    output.add_argument(
        "--latency-ms",
        type=float,
        default=100.0,
        metavar="MS",
        help="how far ahead of the ear the sound card is filled (default: 100.0 ms)",
    )
    output.add_argument("--list-devices", action="store_true", help="print the output devices and leave")
    output.add_argument("-v", "--verbose", action="store_true", help="print the line now and then without a terminal")


def run_play(arguments: argparse.Namespace, scenario: Scenario) -> None:
    from beep.output.live import devices, quiet

    if arguments.list_devices:
        for number, name, channels, rate_hz, default in devices():
            print(f"{'*' if default else ' '} {number:3}  {name}  ({channels} channels, {rate_hz} Hz)")
        return
    if not 1 <= arguments.latency_ms <= 5000:
        raise ScenarioError(f"latency_ms must be 1 to 5000, got {arguments.latency_ms:g}; the default is 100")
    with quiet():
        _attend(arguments, scenario)


def _attend(arguments: argparse.Namespace, scenario: Scenario) -> None:
    """Play to the end, or with --until-stopped for ever, whatever becomes of a card that once was there."""
    from beep.output.live import look_again

    from_s, retry_s, played = arguments.from_s, 0.0, False
    while True:
        try:
            with _playing(arguments, scenario, from_s) as player:
                from beep.console import attend
                from beep.reception import warnings

                if not played:
                    for warning in warnings(scenario, player.plan.reception):
                        _say(f"beep: warning: {warning}", arguments)
                played, retry_s = True, 0.0
                attend(player, quiet=arguments.quiet, verbose=arguments.verbose)
                return
        except PlaybackError as error:
            if not (arguments.until_stopped and played):
                raise
            if not retry_s:
                scenario, from_s = player.scenario, 0.0
                _say(f"beep: {error}; trying again", arguments)
            retry_s = min(max(2 * retry_s, RETRY_S), RETRY_MOST_S)
            time.sleep(retry_s)
            look_again()


@contextmanager
def _playing(arguments: argparse.Namespace, scenario: Scenario, from_s: float) -> Iterator[Player]:
    """A player as the options ask; what went wrong while it played is said at the end, however that comes."""
    from beep.player import playing

    with playing(
        scenario,
        from_s=from_s,
        loop=arguments.loop or arguments.until_stopped,
        device=arguments.device,
        latency_s=arguments.latency_ms / 1e3,
    ) as player:
        try:
            yield player
        finally:
            if player.card.underflows:
                from beep.console import counted

                _say(f"beep: {counted(player.card.underflows)}; a longer --latency-ms helps", arguments)
            if player.clipped:
                _say(f"beep: warning: {player.clipped} samples were beyond full scale; lower --level-dbfs", arguments)


def add_nothing(parser: argparse.ArgumentParser) -> None:
    pass


Add = Callable[[argparse.ArgumentParser], None]
Run = Callable[[argparse.Namespace, "Scenario"], None]
COMMANDS: dict[str, tuple[str, Add, Run]] = {
    "play": ("play it on the sound card, and turn the knobs meanwhile", add_play, run_play),
    "export": ("write the sound to a file or a pipe", add_export, run_export),
    "track": ("print the exact geometry, delay, Doppler and tones of the pass", add_track, run_track),
    "show": ("print the recipe as TOML, to be changed and given back", add_nothing, run_show),
}


# --- around them ------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit status; only wrong usage and --help leave through SystemExit."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        _stop_on("SIGTERM")
        _stop_on("SIGHUP")
        if not arguments or arguments[0].startswith("-"):
            _top_parser().parse_args(arguments or ["--help"])
            _top_parser().error("a command comes first")
        if arguments[0] not in COMMANDS:
            _top_parser().error(f"no command is called {arguments[0]!r}; there are {', '.join(COMMANDS)}")
        _run(arguments[0], arguments[1:])
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    except BeepError as error:
        _tell(f"beep: error: {error}")
        return 1
    except OSError as error:  # stdout on a full disk, for one
        _tell(f"beep: error: cannot write: {error.strerror or error}")
        _forget_stdout()
        return 1
    except KeyboardInterrupt:
        _tell("beep: interrupted")
        _forget_stdout()
        return 130
    return 0


def _run(name: str, rest: list[str]) -> None:
    from beep.options import add_scenario_options, joined_negatives, scenario_of

    text, add, run = COMMANDS[name]
    lines = [line for line in EXAMPLES.splitlines() if line.lstrip().startswith(f"beep {name} ")]
    parser = Parser(prog=f"beep {name}", description=f"{text}.".capitalize(), epilog="examples:\n" + "\n".join(lines))
    add(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    add_scenario_options(parser)
    parsed = parser.parse_args(joined_negatives(rest))
    run(parsed, scenario_of(parsed))


class Parser(argparse.ArgumentParser):
    """An argparse parser that complains in one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def _top_parser() -> Parser:
    commands = "".join(f"  {name:8} {text}\n" for name, (text, _, _) in COMMANDS.items())
    parser = Parser(
        prog="beep",
        usage="beep COMMAND [options]",
        description="Sputnik 1's radio signal as a receiver on the ground heard it.",
        epilog=f"commands:\n{commands}\nexamples:\n{EXAMPLES}\nbeep COMMAND --help shows every option.",
    )
    parser.add_argument("--version", action="version", version=f"beep {__version__}")
    return parser


@contextmanager
def _bar(arguments: argparse.Namespace) -> Iterator[Progress | None]:
    """A progress function that draws a bar on a terminal, if the work takes longer than a moment."""
    if arguments.quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    began = time.monotonic()
    shown: Any = None
    task: Any = None

    def progress(done: int, frames: int) -> None:
        nonlocal shown, task
        if shown is None and time.monotonic() - began > BAR_AFTER_S:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

            columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
            shown = Progress(*columns, console=Console(stderr=True), transient=True)
            shown.start()
            task = shown.add_task("", total=frames)
        if shown is not None:
            shown.update(task, completed=done)

    try:
        yield progress
    finally:
        if shown is not None:
            shown.stop()


def _say(text: str, arguments: argparse.Namespace) -> None:
    if not arguments.quiet:
        _tell(text)


def _tell(text: str) -> None:
    if sys.stderr is not None:  # where it is closed, print would put the words on stdout
        print(text, file=sys.stderr)


def _stdout() -> TextIO:
    if sys.stdout is None:
        raise OutputError("stdout must be open, but it is closed; redirect it to a file or a pipe")
    return sys.stdout


def _stop_on(name: str) -> None:
    """Leave through the same clean-up as Ctrl-C when the system asks for it, with the status that a shell expects."""
    number = getattr(signal, name, None)
    if number is None or signal.getsignal(number) == signal.SIG_IGN:  # nohup
        return

    def stop(*_: Any) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(number, stop)


def _forget_stdout() -> None:
    """Nobody reads any more: keep the interpreter from complaining when it closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
