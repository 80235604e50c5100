// Spectrum of the samples that were just heard.

const WINDOW = 4096; // samples: 85 ms at 48 kHz, so that a beep of 0.3 s is a dash
const SIZE = 8192; // of the Fourier transform: 5.9 Hz from bin to bin

const hann = Float64Array.from({ length: WINDOW }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 0.5)) / WINDOW));
const cosine = Float64Array.from({ length: SIZE / 2 }, (_, n) => Math.cos((2 * Math.PI * n) / SIZE));
const sine = Float64Array.from({ length: SIZE / 2 }, (_, n) => -Math.sin((2 * Math.PI * n) / SIZE));
const real = new Float64Array(SIZE),
  imaginary = new Float64Array(SIZE);

/** Frames of sound that a spectrum needs; its time is that of the middle one. */
export const FRAMES = WINDOW;

/** Return the power at each of `columns` frequencies from low to high, dB; 0 dB is a tone of full scale in one channel.

Both channels go through one complex transform: left as its real part, right as its imaginary part. */
export function spectrum(left, right, rate_hz, low_hz, high_hz, columns) {
  real.fill(0);
  imaginary.fill(0);
  for (let n = 0; n < WINDOW; n++) {
    real[n] = left[n] * hann[n];
    imaginary[n] = right[n] * hann[n];
  }
  transform();
  const power = (bin) => {
    const other = (SIZE - bin) % SIZE;
    return real[bin] ** 2 + imaginary[bin] ** 2 + real[other] ** 2 + imaginary[other] ** 2;
  };
  const full = WINDOW ** 2 / 8; // of a tone of full scale: (WINDOW / 4) squared, twice
  return Float32Array.from({ length: columns }, (_, column) => {
    const position = ((low_hz + ((column + 0.5) / columns) * (high_hz - low_hz)) / rate_hz) * SIZE;
    const bin = Math.floor(position),
      part = position - bin;
    return 10 * Math.log10(((1 - part) * power(bin) + part * power(bin + 1)) / full + 1e-20);
  });
}

/** The fast Fourier transform (radix 2) of `real` and `imaginary`, in place. */
function transform() {
  for (let n = 1, reversed = 0; n < SIZE; n++) {
    let bit = SIZE >> 1;
    for (; reversed & bit; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (n < reversed) {
      [real[n], real[reversed]] = [real[reversed], real[n]];
      [imaginary[n], imaginary[reversed]] = [imaginary[reversed], imaginary[n]];
    }
  }
  for (let half = 1; half < SIZE; half *= 2) {
    const step = SIZE / (2 * half);
    for (let first = 0; first < SIZE; first += 2 * half) {
      for (let n = 0; n < half; n++) {
        const a = first + n,
          b = a + half;
        const turnedReal = real[b] * cosine[n * step] - imaginary[b] * sine[n * step];
        const turnedImaginary = real[b] * sine[n * step] + imaginary[b] * cosine[n * step];
        real[b] = real[a] - turnedReal;
        imaginary[b] = imaginary[a] - turnedImaginary;
        real[a] += turnedReal;
        imaginary[a] += turnedImaginary;
      }
    }
  }
}
