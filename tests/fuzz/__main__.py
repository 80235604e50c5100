"""Fuzzing by hand: python -m tests.fuzz --minutes 60 --seed 1. Prints each failure once, and how much was tried."""

import argparse
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from random import Random

import hypothesis

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz import monitor
from fuzz.cases import KINDS
from fuzz.strategies import SPECIAL

LONGEST_S = 15.0  # of processor time, after which a case is stopped
SETTINGS = {
    "database": None,
    "deadline": None,
    "phases": [hypothesis.Phase.generate],  # a case is shown as it was sent
    "suppress_health_check": list(hypothesis.HealthCheck),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=tuple(KINDS))
    arguments = parser.parse_args()
    signal.signal(signal.SIGVTALRM, _stop)
    warnings.simplefilter("ignore", hypothesis.errors.HypothesisWarning)
    until_s, seed = time.monotonic() + 60 * arguments.minutes, arguments.seed
    cases, failures = dict.fromkeys(arguments.kinds, 0), set()
    while time.monotonic() < until_s:
        for name in arguments.kinds:
            failure = _round(name, seed, cases)
            if failure and failure.splitlines()[0] not in failures:
                failures.add(failure.splitlines()[0])
                print(f"--- {name}, seed {seed}: {failure}", flush=True)
            worst = monitor.worst
            most = f"{worst.processor_s:.2f} s, {worst.growth_mib:.0f} MiB more, {worst.peak_mib:.0f} MiB in all"
            print(f"{sum(cases.values())} cases, {len(failures)} failures, at most {most}: {cases}", flush=True)
        seed += 1
    return bool(failures)


def _round(name: str, seed: int, cases: dict[str, int]) -> str:
    """Try some cases; return the place of a failure, and the case that shows it."""
    kind = KINDS[name]

    def check(drawn: object) -> None:
        random = Random(repr(drawn))
        for number in range(1 + kind.variants):
            case = _changed(drawn, random) if number else drawn
            cases[name] += 1
            signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S)
            try:
                kind.try_it(case)
            except Exception as error:
                error.add_note(f"case: {case!r:.2000}")
                raise
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    try:
        hypothesis.settings(**SETTINGS, max_examples=kind.drawn)(
            hypothesis.seed(seed)(hypothesis.given(kind.strategy)(check))
        )()
    except Exception as error:
        stack = [f"{Path(at.filename).name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)]
        place = [at for at in stack if not at.startswith(("core.py", "__main__"))] or stack
        notes = [note for note in getattr(error, "__notes__", []) if note.startswith("case: ")]
        return "\n".join(
            [f"{type(error).__name__} at {place[-1]}", " < ".join(place[:-6:-1]), f"{error}"[:999], *notes]
        )
    return ""


def _changed(case: str | bytes, random: Random) -> str | bytes:
    """Return a text or bytes with up to three pieces taken out, doubled, or replaced by something odd."""
    for _ in range(random.randint(1, 3)):
        at, length = random.randrange(len(case) + 1), random.choice((0, 1, 1, 4, 30))
        again = random.randrange(len(case) + 1)
        odd = random.choice(SPECIAL) if isinstance(case, str) else random.randbytes(random.choice((1, 2, 4)))
        piece = random.choice((case[:0], case[again : again + random.choice((1, 8, 80))], odd))
        case = case[:at] + piece + case[at + length :]
    return case


def _stop(*_: object) -> None:
    raise TimeoutError(f"more than {LONGEST_S:g} s")


if __name__ == "__main__":
    sys.exit(main())
