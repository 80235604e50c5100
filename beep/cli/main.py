"""The program: reads the arguments, runs one command, prints errors.

Data goes to stdout, messages to stderr. Exit status: 0 done (also when the reader of a pipe has gone), 1 an error in
one line, 2 wrong usage, 130 Ctrl-C, 143 SIGTERM. Only the standard library is imported before the arguments are read.
"""

from __future__ import annotations

import codecs
import io
import os
import sys

from beep.base.constants import VERSION
from beep.base.errors import BeepError, unknown_name
from beep.base.text import printable, quoted
from beep.cli.messages import for_user, tell

TYPE_CHECKING = False  # as in typing, whose import takes a tenth of the time of `beep --help`
if TYPE_CHECKING:
    import argparse
    from typing import Any, NoReturn

DESCRIPTION = "The radio signal of Sputnik 1 as a receiver on the ground heard it."
COMMANDS = {  # each a module of beep.cli.commands, with add(parser) and run(arguments)
    "play": "play the pass on the sound card; keys change it while it plays",
    "export": "write the sound, or the signal as I/Q, to a file or a pipe",
    "web": "serve a page that plays the pass in a browser, with knobs",
    "rtl-tcp": "serve the signal to SDR programs, as a dongle with rtl_tcp would",
    "correct": "take the Doppler of a satellite out of a recording",
    "track": "print range, Doppler and tone of the pass, second by second",
    "passes": "print when a satellite can be received: AOS, TCA, LOS",
    "receptions": "list who received Sputnik 1 in 1957, and check it by the orbit",
    "measure": "find the beeps in a recording: keying, tone, drift, SNR",
    "fit": "find time, distance and speed of a pass from its Doppler curve",
    "compare": "measure two recordings and show them side by side",
    "plot": "draw a pass or a recording as PNG, SVG or PDF",
    "show": "print the scenario as TOML, to change it and use it again",
    "dataset": "make labelled passes by the thousand",
    "completion": "print the completion of commands, options and names for a shell",
}
EXAMPLES = {
    "play": """\
  beep play
      a simple pass: 500 km high, highest elevation 60 degrees; press ? for keys
  beep play --station baldock --start 1957-10-06T22:40Z --from-s 120
      a real pass over Baldock, from its third minute""",
    "export": """\
  beep export dallas.wav --station dallas --start 1957-10-07T05:00Z
      the real orbit over a real place
  beep export sputnik.wav
      a simple pass: 500 km high, highest elevation 60 degrees
  beep export - --duration-s 20 | aplay
      a WAV stream on stdout
  beep export pass.sigmf-meta --station dallas --start 1957-10-07T05:00Z
      the signal before the receiver (I/Q) about 20 MHz""",
    "web": """\
  beep web
      opens the page at http://127.0.0.1:8057/
  beep web --preset dallas --kiosk --host 0.0.0.0
      a museum's screen, which other machines can open, too""",
    "rtl-tcp": """\
  beep rtl-tcp --station dallas --start 1957-10-07T05:00Z --from-s 120
      rtl_tcp at 127.0.0.1:1234: tune to 20.005 or 40.002 MHz
  beep rtl-tcp --shift-mhz 125 --loop
      for programs that do not tune below 24 MHz: 145.005 or 165.002 MHz""",
    "correct": """\
  beep correct capture.sigmf-meta corrected.sigmf-meta --tle iss.tle \\
      --station 52.2,0.1 --frequency-mhz 145.8
      I/Q with time and center frequency in its metadata
  beep correct tape.wav corrected.wav --frequency-mhz 20.005 \\
      --station dallas --start 1957-10-07T05:05:28Z
      sound""",
    "track": """\
  beep track --preset dallas
      the pass that was recorded in Dallas, as CSV
  beep track --tle iss.tle --station 52.2,0.1,20 --start 2018-07-04T04:00Z \\
      --format doppler --frequency-mhz 145.8
      the Doppler of another satellite, as gr-satellites reads it""",
    "passes": """\
  beep passes --station cambridge --start 1957-10-13Z --days 3
      when Sputnik 1 could be received in Cambridge
  beep passes --tle iss.tle --station 52.2,0.1 --start 2018-07-04T04:00Z
      the passes of another satellite""",
    "receptions": """\
  beep receptions
      who received Sputnik 1 in 1957, when, and what its orbit says
  beep receptions --format csv -o receptions.csv
      the same with the sources""",
    "measure": """\
  beep measure tape.wav
      length of pulse and pause, tone, drift and SNR, each with its error
  beep export - --duration-s 60 | beep measure -
      the same, from a stream""",
    "fit": """\
  beep fit sputnik.wav
      time, distance and speed at closest approach
  beep fit dallas.wav --orbit sputnik1 --station dallas \\
      --start 1957-10-07T05:00Z
      with the known orbit: its error in time and in node""",
    "compare": """\
  beep compare dallas.wav tape.wav
      the measured values of both, and the differences""",
    "plot": """\
  beep plot pass sputnik.png
      one sheet: Doppler curve, elevation, level, sky track, waterfall
  beep plot doppler curve.svg --station cambridge --start 1957-10-13Z
      the Doppler curve only
  beep plot waterfall tape.png tape.wav
      a recording""",
    "show": """\
  beep show --preset dallas > mine.toml
      a scenario to change; use it with --scenario mine.toml""",
    "dataset": """\
  beep dataset plan.toml clips
      the clips that plan.toml describes, in the folder clips
  beep dataset plan.toml --show 3
      the first three scenarios, nothing is written
  beep dataset plan.toml clips --verify
      check a set""",
    "completion": """\
  eval "$(beep completion bash)"
      in ~/.bashrc; for zsh the same in ~/.zshrc, after compinit
  beep completion fish > ~/.config/fish/completions/beep.fish
      for fish""",
}
IN_ASCII = {ord("\N{PLUS-MINUS SIGN}"): "+-", ord("\N{DEGREE SIGN}"): " deg"}


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit status; wrong usage and --help raise SystemExit."""
    words = sys.argv[1:] if arguments is None else arguments
    parsed: argparse.Namespace | None = None
    # More threads of BLAS wait for each other: a measurement took three times the processor time. NumPy reads it once.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        _prepare_streams()
        try:
            name, rest = _command(words)
            from importlib import import_module  # for which `beep --help` need not wait

            exit_on("SIGTERM")
            exit_on("SIGHUP")
            command = import_module(f"beep.cli.commands.{name.replace('-', '_')}")
            parsed = parse(name, command, rest)
            command.run(parsed)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
    except BeepError as error:
        tell(f"beep: error: {printable(str(error) if parsed is None else for_user(str(error), parsed))}")
        return 1
    except OSError as error:  # such as a full disk behind stdout
        tell(f"beep: error: cannot write: {error.strerror or error}")
        _discard_stdout()
        return 1
    except KeyboardInterrupt:
        tell("beep: interrupted")
        _discard_stdout()
        return 130
    return 0


def _command(words: list[str]) -> tuple[str, list[str]]:
    """Return the command's name and the arguments after it; answers --help, --version and wrong usage itself."""
    first, *rest = words or ["--help"]
    if zero := [word for word in words if "\0" in word]:
        _wrong_usage(f"an argument has no zero byte, got {quoted(zero[0])}")
    if first == "help" and rest:
        return _command([rest[0], "--help"])
    if first in COMMANDS:
        return first, rest
    if first in ("-h", "--help", "--help-all", "help"):
        print(_help(), end="")
    elif first in ("--version", "version"):
        print(f"beep {VERSION}")
    elif first.startswith("-"):
        _wrong_usage(f"a command comes first, got {quoted(first)}")
    else:
        _wrong_usage(str(unknown_name("a command must be", first, COMMANDS)))
    raise SystemExit(0)


def _wrong_usage(message: str) -> NoReturn:
    tell(f"beep: error: {message}; see beep --help")
    raise SystemExit(2)


def _help() -> str:
    commands = "".join(f"  {name:10}  {text}\n" for name, text in COMMANDS.items())
    return (
        "usage: beep COMMAND [options]\n\n"
        f"{DESCRIPTION}\n\n"
        f"commands:\n{commands}\n"
        "examples: beep play, beep export sputnik.wav, beep measure sputnik.wav\n\n"
        "beep COMMAND --help explains a command, beep --version prints the version.\n"
    )


def parse(name: str, command: Any, rest: list[str]) -> argparse.Namespace:
    """Return the parsed arguments of a command; `options` has its long options by their names in the library."""
    from beep.cli.parser import Parser

    description = f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}."
    parser = Parser(prog=f"beep {name}", description=description, examples=EXAMPLES[name])
    parser.everything = "--help-all" in rest
    command.add(parser)
    parser.add_general_options()
    if dashes := [word for word in rest if word.startswith("-") and word.endswith("--") and word != "--"]:
        parser.error(f"an option has a value, got {quoted(dashes[0])}")  # at which argparse itself fails
    parsed = parser.parse_args(rest)
    parsed.options = parser.options()
    return parsed


def exit_on(name: str) -> None:
    """Make a signal raise SystemExit, so that files are cleaned up, with the status that a shell expects."""
    import signal

    number = getattr(signal, name, None)
    if number is None or signal.getsignal(number) == signal.SIG_IGN:  # nohup
        return

    def leave(_: int, frame: Any) -> None:
        if frame.f_code.co_name == "cb" and hasattr(signal, "setitimer"):  # importlib's, in which exceptions are lost
            signal.signal(signal.SIGALRM, leave)
            signal.setitimer(signal.ITIMER_REAL, 0.001)
        else:
            raise SystemExit(128 + number)

    signal.signal(number, leave)


def _prepare_streams() -> None:
    """Print what a console cannot show in other characters, and give closed standard streams the null device.

    Otherwise the next file would get the number of a closed stream, and what a library prints by itself.
    """
    codecs.register_error("beep", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="beep")
    number = 0
    while number <= 2:
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Return a replacement in ASCII for characters that cannot be encoded: +- for the plus-minus sign, else \\x...."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(IN_ASCII)
    return text.encode("ascii", "backslashreplace").decode(), error.end


def _discard_stdout() -> None:
    """Redirect stdout to nowhere, so that the interpreter does not complain when it closes a broken one."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
