"""The sound card, through PortAudio: plays the samples that a function returns.

That function, a `Pull`, is called in PortAudio's callback (docs/decisions.md has the measurement). Calls into PortAudio
run in a thread: while the sound server is stopped they do not return, and Python would obey no signal.
"""

import atexit
import contextlib
import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from beep.base.arrays import Samples
from beep.base.errors import PlaybackError, unknown_name

Answer = TypeVar("Answer")
Pull = Callable[[int], Samples]  # number of frames -> (frames, 2)

CHANNELS = 2
OPENING_ATTEMPTS = 3
FROZEN_AFTER_S = 3.0  # without a callback
ANSWER_S, CLOSED_S = 10.0, 1.0  # after which a call into PortAudio is given up; closing a card
MARGIN_S = 0.1  # of silence after the last sample, in addition to the card's latency
PIPE = "or pipe the sound: beep export - | aplay"
SERVER_STOPPED = f"the sound server does not answer; start it again, {PIPE}"
COMMON_RATES_HZ = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000)
ALSA_COMPOUND = 1024  # SND_CONFIG_TYPE_COMPOUND in alsa/conf.h: a node that holds others


class Card:
    """An open, running output of two channels.

    PortAudio on Linux drops its buffer when it stops: close a card only after `heard()` has passed the last frame.
    """

    def __init__(self, pull: Pull, *, sample_rate_hz: int, device: str | None = None, latency_s: float = 0.1) -> None:
        """Open and start. Raises PlaybackError where there is no PortAudio, no such device, or the card refuses."""
        self.underflows = 0
        self.frames = 0  # handed to the card
        self.sample_rate_hz = sample_rate_hz
        self._pull = pull
        self._ended = False
        self._closing = False
        self._failure: Exception | None = None
        self._called_at = time.monotonic()
        self._uncounted_until = 0.0  # underflows before this time are not counted
        self._mark = (0, 0.0)  # a frame, and the stream time at which it is heard
        self._stream = in_thread(partial(self._open, device, latency_s), undo=_close)
        self.latency_s = float(self._stream.latency)

    def _open(self, device: str | None, latency_s: float) -> Any:
        """Return the running stream."""
        sounddevice = _library()
        self._abort = sounddevice.CallbackAbort
        number, name = _device(sounddevice, device)
        settings = {
            "samplerate": self.sample_rate_hz,
            "device": number,
            "channels": CHANNELS,
            "dtype": "float32",
            "latency": latency_s,
            "callback": self._callback,
            "finished_callback": self._finished,
        }
        for attempt in range(OPENING_ATTEMPTS):
            stream = None
            try:
                stream = sounddevice.OutputStream(**settings)
                stream.start()
                break
            except sounddevice.PortAudioError as error:
                if stream is not None:
                    stream.close(ignore_errors=True)
                # PortAudio gives its thread one second to start, which is too short on a halted virtual machine.
                if "timed out" in str(error) and attempt + 1 < OPENING_ATTEMPTS:
                    self._ended, self.frames = False, 0
                    continue
                raise PlaybackError(_explained(sounddevice, error, number, name, self.sample_rate_hz)) from None
        return stream

    def _callback(self, out: Samples, frames: int, times: Any, status: Any) -> None:
        self._called_at = time.monotonic()
        if self._called_at > self._uncounted_until:
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
        """Return the number of frames that have left the card."""
        frame, leaves_at_s = self._mark
        since_s = self._stream.time - leaves_at_s if self._stream.active else 0.0
        return min(max(frame + since_s * self.sample_rate_hz, 0.0), float(self.frames))

    def check(self) -> None:
        """Raise PlaybackError where the card was removed, or has not asked for samples for some seconds."""
        if self._failure is not None:
            raise PlaybackError(f"the sound could not be computed: {self._failure}") from self._failure
        if self._ended and not self._closing:
            raise PlaybackError("the sound card has gone while playing; plug it in again and go on with from_s")
        if time.monotonic() - self._called_at > FROZEN_AFTER_S:
            raise PlaybackError(
                f"the sound card has not taken any sound for {FROZEN_AFTER_S:g} s: it is frozen or suspended; "
                f"wake it up, choose another with device=NAME, {PIPE}"
            )

    def awake(self) -> None:
        """Excuse a gap between callbacks: the process was stopped and goes on now."""
        self._called_at = time.monotonic()
        self._uncounted_until = self._called_at + 1.0

    def close(self) -> None:
        """Stop at once. An orderly stop of a frozen card would hang, and PortAudio drops its buffer in either case."""
        self._closing = True
        with contextlib.suppress(PlaybackError):  # the process ends it
            in_thread(partial(_close, self._stream), within_s=CLOSED_S)


def _close(stream: Any) -> None:
    stream.abort(ignore_errors=True)
    stream.close(ignore_errors=True)


_calling = threading.Lock()  # PortAudio takes one call at a time


def in_thread(
    call: Callable[[], Answer], *, within_s: float | None = None, undo: Callable[[Answer], None] | None = None
) -> Answer:
    """Return what a call into PortAudio returns. Raises PlaybackError where the sound server does not answer in time.

    A call that was given up, in that way or by a signal, may still return: `undo` is called with its result.
    """
    answer: Future[Answer] = Future()
    given_up = threading.Event()

    def run() -> None:
        with _calling:
            try:
                answer.set_result(call())
            except Exception as error:
                answer.set_exception(error)
            else:
                if given_up.is_set() and undo is not None:
                    undo(answer.result())

    threading.Thread(target=run, daemon=True).start()
    until_s = time.monotonic() + (ANSWER_S if within_s is None else within_s)
    try:
        with quiet():
            while not answer.done() and time.monotonic() < until_s:
                with contextlib.suppress(TimeoutError):
                    answer.exception(0.1)  # short: on Windows no signal ends it
    finally:
        if not answer.done():
            given_up.set()
            waiting: Any = getattr(sys.modules.get("sounddevice"), "_exit_handler", None)
            atexit.unregister(waiting)
    if given_up.is_set():
        raise PlaybackError(SERVER_STOPPED)
    return answer.result()


def devices() -> list[tuple[int, str, int, int, bool]]:
    """Return the output devices as (number, name, channels, usual sample rate in Hz, is the default).

    Raises PlaybackError where there is none.
    """
    sounddevice = in_thread(_library)
    default = sounddevice.default.device[1]
    return [
        (number, info["name"], info["max_output_channels"], round(info["default_samplerate"]), number == default)
        for number, info in _outputs(sounddevice).items()
    ]


def _library() -> Any:
    """Return the sounddevice module."""
    _check_alsa()
    try:
        import sounddevice
    except OSError:
        raise PlaybackError(
            f"the PortAudio library is missing; install it (sudo apt install libportaudio2), {PIPE}"
        ) from None
    except Exception as error:  # sounddevice.PortAudioError, which is not yet there
        raise PlaybackError(f"PortAudio does not start ({error}); mend ALSA's configuration, {PIPE}") from None
    return sounddevice


def _check_alsa() -> None:
    """Raise PlaybackError where the configuration of ALSA has no device, upon which PortAudio aborts the process."""
    if sys.platform != "linux" or "sounddevice" in sys.modules:
        return
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:  # another sound system
        return
    alsa.snd_config_search.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    alsa.snd_config_get_type.argtypes = [ctypes.c_void_p]
    for function in (alsa.snd_config_iterator_first, alsa.snd_config_iterator_end):
        function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
    alsa.snd_config_update()
    root, devices = ctypes.c_void_p.in_dll(alsa, "snd_config"), ctypes.c_void_p()
    if root and alsa.snd_config_search(root, b"pcm", ctypes.byref(devices)) == 0:
        named = alsa.snd_config_get_type(devices) == ALSA_COMPOUND
        if named and alsa.snd_config_iterator_first(devices) != alsa.snd_config_iterator_end(devices):
            return
    raise PlaybackError(f"ALSA's configuration is broken: it names no device; mend /etc/asound.conf, {PIPE}")


def _outputs(sounddevice: Any) -> dict[int, Any]:
    try:
        devices = enumerate(sounddevice.query_devices())
    except sounddevice.PortAudioError as error:
        raise PlaybackError(f"the sound system does not list its cards ({error}); start it again, {PIPE}") from None
    outputs = {number: info for number, info in devices if info["max_output_channels"] > 0}
    if not outputs:
        raise PlaybackError(f"there is no sound card to play on; plug one in or start the sound server, {PIPE}")
    return outputs


def _device(sounddevice: Any, wanted: str | None) -> tuple[int | None, str]:
    """Return number and name of the output device `wanted`: a number, a name, or a part of one name only."""
    outputs = _outputs(sounddevice)
    if wanted is None:
        return None, "the default device"
    names = {number: str(info["name"]) for number, info in outputs.items()}
    listed = ", ".join(f"{number} {name!r}" for number, name in names.items())
    if wanted.isdecimal():
        if int(wanted) not in names:
            raise PlaybackError(f"no output device has the number {wanted}; there are {listed}")
        return int(wanted), names[int(wanted)]
    whole = [number for number, name in names.items() if name.lower() == wanted.lower()]
    matching = whole or [number for number, name in names.items() if wanted.lower() in name.lower()]
    if len(matching) == 1:
        return matching[0], names[matching[0]]
    if matching:
        listed = ", ".join(f"{number} {names[number]!r}" for number in matching)
        raise PlaybackError(f"{wanted!r} is part of more than one output device's name: {listed}; give the number")
    raise unknown_name("an output device must be", wanted, names.values(), error=PlaybackError)


def _explained(sounddevice: Any, error: Exception, number: int | None, name: str, sample_rate_hz: int) -> str:
    """Return the meaning of PortAudio's error, and the remedy."""
    text = str(error.args[0]) if error.args else str(error)
    if "Invalid sample rate" in text:
        rates = [str(rate) for rate in COMMON_RATES_HZ if _takes(sounddevice, number, rate)]
        return (
            f"{name} does not take {sample_rate_hz} Hz; "
            f"choose another sample_rate_hz: {', '.join(rates) or 'it takes none of the usual ones'}"
        )
    other = f"choose another with device=NAME, {PIPE}"
    if "Device unavailable" in text:
        return f"{name} is busy: another program holds it; end that, {other}"
    if "Invalid number of channels" in text:
        return f"{name} does not take {CHANNELS} channels; {other}"
    return f"{name} cannot be opened ({text}); start the sound server, {other}"


def _takes(sounddevice: Any, number: int | None, rate_hz: int) -> bool:
    with contextlib.suppress(Exception):
        sounddevice.check_output_settings(number, CHANNELS, "float32", samplerate=rate_hz)
        return True
    return False


def look_again() -> None:
    """Make PortAudio list the devices anew, which it does only when it starts."""
    sounddevice: Any = sys.modules.get("sounddevice")
    with contextlib.suppress(Exception):
        in_thread(lambda: (sounddevice._terminate(), sounddevice._initialize()))  # noqa: SLF001 - nothing public does it


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress what ALSA and PortAudio write to file descriptor 2; Python's own stderr keeps working.

    For the short calls that print. The descriptor belongs to the whole process: `beep play` holds this while it plays,
    a library must not.
    """
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
