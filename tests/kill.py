"""Exports and players that are ended by a signal at random moments. By hand: python tests/kill.py 100"""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import soundfile
from program import Beep
from virtual_card import virtual_card

DURATION_S = 60.0
AT_ONCE = 2  # processes that write the same name
SAID = {signal.SIGINT: r"(beep: interrupted\n)?"}
SIGINT_AS_ON_A_TERMINAL = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # not so after `&`
)
PROGRAM = f"{SIGINT_AS_ON_A_TERMINAL}from beep.__main__ import program; print(flush=True); program()"


def killed(beep: Beep, signals: Sequence[int], *, seed: int = 0) -> int:
    """Start exports of one name and send them a signal at a random moment, for each signal. Returns the whole files."""
    chance, name, whole, took_s = random.Random(seed), beep.folder / "a.wav", 0, 0.0
    command = ["export", name.name, "--duration-s", str(DURATION_S), "--sample-rate-hz", "16000", "-q"]
    for number in (0, *signals):  # the first exports get none
        name.unlink(missing_ok=True)
        running = [
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, *command],
                cwd=beep.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(AT_ONCE)
        ]
        for process in running:
            process.stdout.readline()  # Python has started
        began_s = time.monotonic()
        time.sleep(chance.uniform(0, 1.1) * took_s)
        for process in running:
            process.send_signal(number)
        for process in running:
            said = process.communicate()[1]
            assert re.fullmatch(rf"(beep: error: a\.wav already exists[^\n]*\n)?{SAID.get(number, '')}", said), said
        took_s = took_s or time.monotonic() - began_s
        left = list(beep.folder.glob(".*"))
        assert not left or number == signal.SIGKILL, left
        for path in (path for folder in left for path in (*folder.iterdir(), folder)):
            os.utime(path, (0, 0))  # as after a day
        if name.exists():
            whole += 1
            assert soundfile.info(name).frames == DURATION_S * 16_000
        assert beep("export", "b.wav", "--force", "--duration-s", 1).status == 0
        assert {path.name for path in beep.folder.iterdir()} <= {"a.wav", "b.wav"}
    return whole


def played(folder: Path, times: int, *, seed: int = 0) -> None:
    """Start players, which would never end, and press Ctrl-C once while they start, open the card or play."""
    chance = random.Random(seed)
    command = [sys.executable, "-c", PROGRAM, "play", "--until-stopped", "--no-keys", "--quiet"]
    with virtual_card(folder) as card:
        for _ in range(times):
            process = subprocess.Popen(command, env=card.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            process.stdout.readline()  # Python has started
            time.sleep(chance.uniform(0, 2))
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=20)[1]
            assert process.returncode in (130, -signal.SIGINT), (process.returncode, said)
            assert b"Traceback" not in said, said


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        times = int(sys.argv[1])
        order = times * [signal.SIGKILL, signal.SIGINT, signal.SIGTERM]
        print(f"{len(order)} rounds of {AT_ONCE} exports: {killed(Beep(Path(folder)), order)} files were whole")
    with tempfile.TemporaryDirectory() as folder:
        played(Path(folder), times)
        print(f"{times} players were ended")
