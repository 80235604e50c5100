"""Many listeners at once, as a page's audio thread would hear them: by hand, on a quiet machine.

    python tests/web/by_hand.py --listeners 10 --seconds 60
    python tests/web/by_hand.py --listeners 2 --seconds 30 --hostile 10000 --stalled 50

Each listener has its own settings and plays in real time with a lead; a block that comes late is an underrun. Prints
one line of JSON: underruns, the least that was buffered, and the server's processor time for each listener. On a busy
machine `chrt -r 1 python ...` gives listeners and server, but not the attackers, the processor before other programs.
"""

import argparse
import asyncio
import json
import os
import random
import re
import struct
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from test_server import hostile_message
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage

RATE_HZ, BLOCK = 48_000, 4800


async def listen(url: str, number: int, seconds: float, lead_s: float) -> tuple[int, float]:
    """Underruns of one listener, and the least that was buffered, seconds."""
    async with connect(url, max_size=None, compression=None) as page:
        await page.send(json.dumps({"type": "begin", "recipe": f"duration_s={seconds + 60}&seed={number}", "at_s": 0}))
        pulled = received = underruns = 0
        least_s, began_s, played = lead_s, None, 0.0

        async def read() -> None:
            nonlocal received
            async for message in page:
                if isinstance(message, bytes):
                    assert struct.unpack("<d", message[:8]) == (received,)
                    received += (len(message) - 8) // 8

        reading = asyncio.create_task(read())
        while played < seconds * RATE_HZ:
            while pulled + BLOCK <= played + lead_s * RATE_HZ:
                await page.send(json.dumps({"type": "pull", "frames": BLOCK}))
                pulled += BLOCK
            now_s = time.monotonic()
            if began_s is None and received >= BLOCK:
                began_s = now_s
            if began_s is not None:
                played = (now_s - began_s) * RATE_HZ
                if played > received:
                    underruns += 1
                    began_s += (played - received) / RATE_HZ  # it waits for the samples
                    played = received
                least_s = min(least_s, (received - played) / RATE_HZ)
            await asyncio.sleep(0.01)
        reading.cancel()
    return underruns, least_s


async def attack(url: str, messages: int, seed: int, sent: Any) -> None:
    """Send hostile messages, over a new connection whenever one is closed."""
    rng, left = random.Random(seed), messages
    while left:
        with suppress(ConnectionClosed, InvalidMessage, OSError, TimeoutError):
            async with connect(url, max_size=None, compression=None) as page:
                await page.send(json.dumps({"type": "begin"}))
                while left:
                    await page.send(hostile_message(rng))
                    left -= 1
                    sent.value += 1


async def attacks(url: str, options: argparse.Namespace, sent: Any) -> None:
    """Stalled and hostile pages, until they are ended."""
    stalled = [asyncio.create_task(stall(url)) for _ in range(options.stalled)]
    count = min(20, options.hostile)
    await asyncio.gather(*(attack(url, options.hostile // count, number, sent) for number in range(count)))
    await asyncio.gather(*stalled)


def others(url: str, options: argparse.Namespace, sent: Any) -> None:
    """The same, to be run in a process of its own, at the usual priority."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    asyncio.run(attacks(url, options, sent))


async def stall(url: str) -> None:
    """Pull sound, and never read it, for so long as the server bears it."""
    with suppress(ConnectionClosed, InvalidMessage, OSError, TimeoutError):
        async with connect(url, max_queue=1, max_size=None, compression=None) as page:
            await page.send(json.dumps({"type": "begin"}))
            while True:
                await page.send(json.dumps({"type": "pull", "frames": RATE_HZ}))
                await asyncio.sleep(0.5)


def processor_s(process: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def run(url: str, process: int, options: argparse.Namespace) -> dict[str, object]:
    before_s = processor_s(process)
    listening = [
        asyncio.create_task(listen(url, number, options.seconds, options.lead_s)) for number in range(options.listeners)
    ]
    await asyncio.sleep(2.0)
    sent = get_context("spawn").Value("i", 0)
    attacker = get_context("spawn").Process(target=others, args=(url, options, sent))
    attacker.start()
    results = await asyncio.gather(*listening)
    attacker.terminate()
    attacker.join()
    used = (processor_s(process) - before_s) / options.seconds
    return {
        "listeners": options.listeners,
        "underruns": [underruns for underruns, _ in results],
        "least_buffered_s": round(min(least_s for _, least_s in results), 3),
        "server_percent_of_a_core": round(100 * used, 1),
        "percent_for_each_listener": round(100 * used / options.listeners, 2),
        "hostile_messages_sent": sent.value,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--listeners", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--lead-s", type=float, default=0.25)
    parser.add_argument("--hostile", type=int, default=0, help="messages")
    parser.add_argument("--stalled", type=int, default=0, help="listeners that pull and never read")
    options = parser.parse_args()
    command = [sys.executable, "-m", "beep", "web", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            address = re.search(r"http(://\S+/);", server.stderr.readline())[1]
            print(json.dumps(asyncio.run(run(f"ws{address}listen", server.pid, options))))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
