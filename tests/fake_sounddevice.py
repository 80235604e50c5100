"""A sounddevice whose one card plays into nothing, in real time, and writes to file descriptor 2 as ALSA does."""

import gc
import os
import threading
import time
from types import SimpleNamespace

import numpy as np

BLOCK = 480  # frames
CHATTER = b"ALSA lib pcm.c: underrun occurred\n"
default = SimpleNamespace(device=[-1, 0])
frozen: set[bool] = set()  # whether there were frozen objects while a stream played


class PortAudioError(Exception):
    pass


class CallbackAbort(Exception):  # noqa: N818 - sounddevice's own name
    pass


def query_devices():
    return [{"name": "nothing", "max_output_channels": 2, "default_samplerate": 48_000.0}]


class OutputStream:
    """A stream that asks for samples from a thread of its own."""

    latency = 0.02

    def __init__(self, *, samplerate, callback, finished_callback, **_):
        self._rate_hz, self._callback, self._finished = samplerate, callback, finished_callback
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.active = False
        os.write(2, CHATTER)

    @property
    def time(self):
        return time.monotonic()

    def start(self):
        self.active = True
        self._thread.start()

    def _run(self):
        out, status = np.zeros((BLOCK, 2), np.float32), SimpleNamespace(output_underflow=False)
        while self.active:
            os.write(2, CHATTER)
            frozen.add(gc.get_freeze_count() > 0)
            times = SimpleNamespace(currentTime=self.time, outputBufferDacTime=self.time + self.latency)
            self._callback(out, BLOCK, times, status)
            time.sleep(BLOCK / self._rate_hz)
        self._finished()

    def abort(self, *, ignore_errors):
        assert ignore_errors
        self.active = False
        self._thread.join()

    def close(self, *, ignore_errors):
        assert ignore_errors
