"""Sputnik with the echo of a hall, for a museum, written block by block in constant memory.

    python examples/own_effect.py [OUT.wav]

An effect is a generator that takes blocks and yields blocks.
"""

import sys
from collections.abc import Iterable, Iterator

import numpy as np
import soundfile

import beep
from beep.base.arrays import Samples


def echo(blocks: Iterable[Samples], *, delay: int, gain: float) -> Iterator[Samples]:
    """Yield the blocks with a single echo `delay` frames later."""
    past: Samples = np.zeros((delay, 0), np.float32)
    for block in blocks:
        past = past if past.size else np.zeros((delay, block.shape[1]), np.float32)
        history = np.concatenate([past, block])
        past = history[len(block) :]
        echoed = block.copy()
        echoed += np.float32(gain) * history[: len(block)]
        yield echoed


def main() -> None:
    out = sys.argv[1] if len(sys.argv) > 1 else "museum.wav"
    scenario = beep.Scenario(duration_s=10, mix="20", noise="galactic")
    with soundfile.SoundFile(out, "w", scenario.sample_rate_hz, scenario.channels) as file:
        for block in echo(beep.blocks(scenario), delay=round(0.35 * scenario.sample_rate_hz), gain=0.4):
            file.write(block)
    print(f"{out}: {scenario.duration_s:g} s with an echo")


if __name__ == "__main__":
    main()
