// Waterfall: 20 spectra a second of what was heard, the newest at the top, 30 s high. Thin lines run on both sides of
// each predicted tone. The rows are cut at fixed frames of the sound, not when the browser happens to draw.

import { open, stroke } from "./canvas.js";
import { at } from "./pass.js";
import { FRAMES, spectrum } from "./spectrum.js";
import { figure, word } from "./words.js";

const ROWS = 600,
  ROWS_PER_S = 20,
  COLUMNS = 540;
const BESIDE_HZ = 45; // from the predicted tone to each of its two lines
const SPAN_DB = 46; // from the darkest to the brightest colour
const FLOOR_DB = [-78, -25]; // bounds of the noise that is taken for the darkest colour
const CALM_MS = 1000; // between two pictures where the user wants little motion
// Ten colours of viridis (matplotlib, CC0), between which the others are interpolated.
const VIRIDIS = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Waterfall {
  constructor(canvas, sound) {
    this.canvas = canvas;
    this.sound = sound;
    this.store = Object.assign(document.createElement("canvas"), { width: COLUMNS, height: ROWS });
    this.ink = this.store.getContext("2d", { willReadFrequently: true });
    this.line = this.ink.createImageData(COLUMNS, 1);
    this.predicted = Array.from({ length: ROWS }, () => []); // tones of the carriers, Hz, for each row
    this.next = 0; // row that comes next, counted from the first frame of the sound
    this.count = 0; // rows written
    this.band = [300, 3000];
    this.floor_db = FLOOR_DB[0];
    this.drawn_ms = 0;
    this.clear();
  }

  clear() {
    this.ink.fillStyle = `rgb(${VIRIDIS[0]})`;
    this.ink.fillRect(0, 0, COLUMNS, ROWS);
    this.predicted.forEach((_, row) => {
      this.predicted[row] = [];
    });
    this.dirty = true;
  }

  /** Add the rows that have been heard since the last call; draw if there are any. */
  update(heard, now_ms) {
    if (heard.pass) this.follow(heard);
    if (!this.dirty || now_ms - this.drawn_ms < (calm.matches ? CALM_MS : 0)) return;
    this.drawn_ms = now_ms;
    this.dirty = false;
    this.draw();
  }

  follow(heard) {
    const { rate_hz, scenario } = heard.pass,
      frames = rate_hz / ROWS_PER_S;
    const due = Math.floor(heard.frame / frames) + 1;
    if (scenario.low_hz !== this.band[0] || scenario.high_hz !== this.band[1]) {
      this.band = [scenario.low_hz, scenario.high_hz];
      this.clear();
    }
    const missed = due - this.next;
    if (missed < 0 || missed > ROWS || !heard.playing) this.next = due; // reconnected, long asleep, or a pause
    const known = Math.floor(2.8 * ROWS_PER_S); // the sound keeps 3 s
    for (; this.next < due; this.next++) {
      const frame = this.next * frames;
      const time_s = heard.time_s - (heard.frame - frame + FRAMES / 2) / rate_hz;
      this.add(due - this.next > known ? null : this.sound.recent(FRAMES, frame), heard.pass, time_s);
    }
  }

  /** Write one row: the spectrum of samples [left, right], or null, and the tones predicted for its time. */
  add(samples, pass, time_s) {
    const row = ROWS - 1 - (this.count++ % ROWS),
      pixels = this.line.data;
    const levels_db = samples && spectrum(...samples, pass.rate_hz, ...this.band, COLUMNS);
    if (levels_db) {
      const middle_db = Float32Array.from(levels_db).sort()[COLUMNS >> 1];
      const wanted_db = Math.min(Math.max(middle_db - 2, FLOOR_DB[0]), FLOOR_DB[1]);
      this.floor_db += (wanted_db - this.floor_db) / (this.count < 20 ? 2 : 40);
    }
    for (let column = 0; column < COLUMNS; column++) {
      const share = levels_db ? Math.min(Math.max((levels_db[column] - this.floor_db) / SPAN_DB, 0), 1) : 0;
      const position = share * (VIRIDIS.length - 1),
        low = Math.min(Math.floor(position), VIRIDIS.length - 2);
      for (let part = 0; part < 3; part++) {
        pixels[4 * column + part] =
          VIRIDIS[low][part] + (position - low) * (VIRIDIS[low + 1][part] - VIRIDIS[low][part]);
      }
      pixels[4 * column + 3] = 255;
    }
    this.ink.putImageData(this.line, 0, row);
    this.top = row;
    this.predicted[row] =
      at(pass, "elevation_deg", time_s) > 0
        ? pass.carriers.map(({ name, heard }) => (heard ? at(pass, `tone_${name}_hz`, time_s) : null))
        : [];
    this.dirty = true;
  }

  draw() {
    const opened = open(this.canvas);
    if (!opened) return;
    const { pen, width, height, letter, line, colours } = opened,
      foot = height - 1.7 * letter;
    const top = this.top ?? 0,
      newer = ROWS - top,
      row_px = foot / ROWS;
    pen.drawImage(this.store, 0, top, COLUMNS, newer, 0, 0, width, newer * row_px);
    if (top) pen.drawImage(this.store, 0, 0, COLUMNS, top, 0, newer * row_px, width, top * row_px);
    const [low_hz, high_hz] = this.band,
      x = (hz) => ((hz - low_hz) / (high_hz - low_hz)) * width;
    for (const carrier of [0, 1]) {
      for (const side of [-BESIDE_HZ, BESIDE_HZ]) {
        const points = [];
        for (let row = 0, before_hz = null; row < ROWS; row++) {
          const tone_hz = this.predicted[(top + row) % ROWS][carrier];
          if (tone_hz == null || Math.abs(tone_hz - before_hz) > BESIDE_HZ) points.push(null); // another pass or time
          if (tone_hz != null) points.push([x(tone_hz + side), (row + 0.5) * row_px]);
          before_hz = tone_hz;
        }
        stroke(pen, points, carrier ? "#ffb733" : "#7cc8f5", line * 0.8); // the picture below is dark in any theme
      }
    }
    this.label(pen, { width, height, foot, letter, colours, x });
  }

  label(pen, { width, height, foot, letter, colours, x }) {
    const [low_hz, high_hz] = this.band,
      step_hz = width < 30 * letter ? 1000 : 500;
    pen.textBaseline = "middle";
    pen.fillStyle = colours.soft;
    for (let hz = Math.ceil(low_hz / step_hz) * step_hz; hz <= high_hz; hz += step_hz) {
      const last = x(hz) > width - 3 * letter;
      pen.fillRect(x(hz) - 0.5, foot, 1, letter / 3);
      pen.textAlign = last ? "right" : "center";
      pen.fillText(
        last ? `${figure(hz)} ${word("unit.Hz")}` : figure(hz),
        last ? width - letter / 3 : x(hz),
        (foot + height) / 2 + letter / 8,
      );
    }
    pen.textAlign = "left";
    pen.fillStyle = "#ffffff";
    for (const seconds of foot > 8 * letter ? [10, 20] : []) {
      const y = (foot * seconds * ROWS_PER_S) / ROWS;
      pen.fillRect(0, y, letter / 2, 1);
      pen.fillText(word("ago", { seconds }), letter * 0.8, y);
    }
  }
}
