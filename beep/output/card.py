"""The sound card, through PortAudio: what is asked for block by block is played, in time, and heard to its end.

Synthesis runs in PortAudio's callback (docs/decisions.md has the measurement). Nothing here knows of satellites: a
`Pull` gives the next frames.
"""

import contextlib
import difflib
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from beep.base.arrays import Samples
from beep.base.errors import PlaybackError

Pull = Callable[[int], Samples]  # number of frames -> (frames, 2)

CHANNELS = 2
OPENINGS = 3
FROZEN_AFTER_S = 3.0  # without a callback
MARGIN_S = 0.1  # silence after the end, beyond what the card says it holds
PIPE = "or pipe it: beep export - | aplay"
USUAL_RATES_HZ = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000)


class Card:
    """An open, running output of two channels.

    PortAudio on Linux drops what it still holds when it stops, so whoever plays must go on until `heard()` is past
    the last frame that matters.
    """

    def __init__(self, pull: Pull, *, sample_rate_hz: int, device: str | None = None, latency_s: float = 0.1) -> None:
        """Open and start. Raises PlaybackError with the remedy where there is no library, no such device, no way."""
        self.underflows = 0
        self.frames = 0  # handed to the card
        self.sample_rate_hz = sample_rate_hz
        self._pull = pull
        self._ended = False
        self._closing = False
        self._failure: Exception | None = None
        self._called_at = time.monotonic()
        self._forgiving_until = 0.0
        self._mark = (0, 0.0)  # a frame, and the stream time at which it leaves the card
        sounddevice = _library()
        self._abort = sounddevice.CallbackAbort
        number, name = _device(sounddevice, device)
        gc.collect()
        gc.freeze()  # what is there now stays; a collection of it would hold up the callback for 0.1 s
        settings = {
            "samplerate": sample_rate_hz,
            "device": number,
            "channels": CHANNELS,
            "dtype": "float32",
            "latency": latency_s,
            "callback": self._callback,
            "finished_callback": self._finished,
        }
        for attempt in range(OPENINGS):
            try:
                self._stream = _started(sounddevice, settings)
                break
            except sounddevice.PortAudioError as error:
                # PortAudio gives its thread one second to start, which a machine that stands still may miss.
                if "timed out" in str(error) and attempt + 1 < OPENINGS:
                    self._ended, self.frames = False, 0
                    continue
                gc.unfreeze()
                raise PlaybackError(_explained(sounddevice, error, number, name, sample_rate_hz)) from None
        self.latency_s = float(self._stream.latency)

    def _callback(self, out: Samples, frames: int, times: Any, status: Any) -> None:
        self._called_at = time.monotonic()
        if self._called_at > self._forgiving_until:
            self.underflows += bool(status.output_underflow)
        try:
            out[:] = self._pull(frames)
        except Exception as error:
            self._failure = error
            out[:] = 0
            raise self._abort from None
        self._mark = (self.frames, max(times.outputBufferDacTime, times.currentTime))
        self.frames += frames

    def _finished(self) -> None:
        self._ended = True

    def heard(self) -> float:
        """Frames that have left the card: what one hears now."""
        frame, leaves_at_s = self._mark
        since_s = self._stream.time - leaves_at_s if self._stream.active else 0.0
        return min(max(frame + since_s * self.sample_rate_hz, 0.0), float(self.frames))

    def check(self) -> None:
        """Raise PlaybackError where the card has gone, or has not asked for sound for some seconds."""
        if self._failure is not None:
            raise PlaybackError(f"the sound could not be made: {self._failure}") from self._failure
        if self._ended and not self._closing:
            raise PlaybackError("the sound card has gone while playing; plug it in again and play on with --from-s")
        if time.monotonic() - self._called_at > FROZEN_AFTER_S:
            raise PlaybackError(
                f"the sound card has not taken any sound for {FROZEN_AFTER_S:g} s: it is frozen or suspended; "
                f"wake it up, choose another with --device, {PIPE}"
            )

    def awake(self) -> None:
        """Say that a silence of the callback was our own doing (the process was stopped)."""
        self._called_at = time.monotonic()
        self._forgiving_until = self._called_at + 1.0

    def close(self) -> None:
        """Stop at once: stopping a frozen card in good order would hang, and dropping is what PortAudio does anyway."""
        self._closing = True
        with quiet():
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
        gc.unfreeze()


def _started(sounddevice: Any, settings: dict[str, Any]) -> Any:
    """An output stream that runs; one that does not start is closed."""
    with quiet():
        stream = sounddevice.OutputStream(**settings)
        try:
            stream.start()
        except sounddevice.PortAudioError:
            stream.close(ignore_errors=True)
            raise
        return stream


def devices() -> list[tuple[int, str, int, int, bool]]:
    """Output devices as (number, name, channels, usual sample rate in Hz, default).

    Raises PlaybackError where there is none.
    """
    sounddevice = _library()
    found = _outputs(sounddevice)
    default = sounddevice.default.device[1]
    return [
        (number, info["name"], info["max_output_channels"], round(info["default_samplerate"]), number == default)
        for number, info in found.items()
    ]


def _library() -> Any:
    """The sounddevice module."""
    try:
        import sounddevice
    except OSError:
        raise PlaybackError(
            f"the PortAudio library is missing; install it (sudo apt install libportaudio2), {PIPE}"
        ) from None
    return sounddevice


def _outputs(sounddevice: Any) -> dict[int, Any]:
    found = {number: info for number, info in enumerate(sounddevice.query_devices()) if info["max_output_channels"] > 0}
    if not found:
        raise PlaybackError(f"there is no sound card to play on; plug one in or start the sound server, {PIPE}")
    return found


def _device(sounddevice: Any, wanted: str | None) -> tuple[int | None, str]:
    """Number and name of the output device that `wanted` means: a number, a name, or a part of one name."""
    found = _outputs(sounddevice)
    if wanted is None:
        return None, "the default device"
    names = {number: str(info["name"]) for number, info in found.items()}
    listed = ", ".join(f"{number} {name!r}" for number, name in names.items())
    if wanted.isdecimal():
        if int(wanted) not in names:
            raise PlaybackError(f"no output device has the number {wanted}; there are {listed}")
        return int(wanted), names[int(wanted)]
    low = wanted.lower()
    near = [number for number, name in names.items() if name.lower() == low]
    near = near or [number for number, name in names.items() if low in name.lower()]
    if len(near) == 1:
        return near[0], names[near[0]]
    if near:
        listed = ", ".join(f"{number} {names[number]!r}" for number in near)
        raise PlaybackError(f"{wanted!r} means more than one output device: {listed}; give the number")
    close = difflib.get_close_matches(wanted, names.values(), n=3, cutoff=0.4)
    hint = f"near it: {', '.join(map(repr, close))}" if close else f"there are {listed}"
    raise PlaybackError(f"no output device is called {wanted!r}; {hint}")


def _explained(sounddevice: Any, error: Exception, number: int | None, name: str, sample_rate_hz: int) -> str:
    """What PortAudio's error means, and the remedy."""
    text = str(error.args[0]) if error.args else str(error)
    if "Invalid sample rate" in text:
        taken = [str(rate) for rate in USUAL_RATES_HZ if _takes(sounddevice, number, rate)]
        return f"{name} does not take {sample_rate_hz} Hz; it takes {', '.join(taken) or 'none that is usual'}"
    if "Device unavailable" in text:
        return f"{name} is busy: another program holds it; end that, choose another with --device, {PIPE}"
    if "Invalid number of channels" in text:
        return f"{name} does not take {CHANNELS} channels; choose another with --device, {PIPE}"
    return f"{name} cannot be opened ({text}); is the sound server running? Choose another with --device, {PIPE}"


def _takes(sounddevice: Any, number: int | None, rate_hz: int) -> bool:
    with contextlib.suppress(Exception), quiet():
        sounddevice.check_output_settings(number, CHANNELS, "float32", samplerate=rate_hz)
        return True
    return False


def look_again() -> None:
    """Have PortAudio look for devices anew: it lists them once, when it starts."""
    with contextlib.suppress(Exception), quiet():
        import sounddevice

        sounddevice._terminate()
        sounddevice._initialize()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep ALSA and PortAudio, which write straight to file descriptor 2, from writing; Python's own stderr goes on."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # no stderr at all
        yield
        return
    before = sys.stderr
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, not a file, or none
        before.flush()
        if before.fileno() == 2:
            sys.stderr = os.fdopen(kept, "w", buffering=1, closefd=False, errors="replace")
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        sys.stderr = before
        os.dup2(kept, 2)
        os.close(kept)
