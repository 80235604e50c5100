// The S-curve: Doppler of the heard carriers over the whole pass, with the elevation as a hill behind it. The dot is
// what is heard now; dragging it, or the arrow keys, seek.

import { dot, open, stroke } from "./canvas.js";
import { at, heardCarriers, moment } from "./pass.js";
import { clock, duration, figure, word } from "./words.js";

const TICKS_S = [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const SEEK_MS = 150; // between two seeks of one drag
const STEPS_S = { ArrowLeft: -10, ArrowRight: 10, ArrowDown: -10, ArrowUp: 10, PageDown: -60, PageUp: 60 };

export class Curve {
  /** `seek(time_s)` is called where the user wants another time. */
  constructor(canvas, seek) {
    this.canvas = canvas;
    this.seek = seek;
    this.wanted_s = null; // while dragging
    this.sent_ms = 0;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.drag(event, true);
    });
    canvas.addEventListener("pointermove", (event) => this.wanted_s !== null && this.drag(event, false));
    canvas.addEventListener("pointerup", (event) => this.wanted_s !== null && this.drop(event));
    canvas.addEventListener("pointercancel", () => {
      this.wanted_s = null;
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  drag(event, now) {
    if (!this.pass) return;
    const box = this.canvas.getBoundingClientRect(),
      [left, right] = this.edges ?? [0, box.width];
    const share = (event.clientX - box.left - left) / (right - left);
    this.wanted_s = Math.min(Math.max(share, 0), 1) * this.pass.duration_s;
    if (!now && event.timeStamp - this.sent_ms < SEEK_MS) return;
    this.sent_ms = event.timeStamp;
    this.seek(this.wanted_s);
  }

  drop(event) {
    this.drag(event, true);
    this.wanted_s = null;
  }

  key(event) {
    if (!this.pass) return;
    const ends = { Home: 0, End: this.pass.duration_s - 1 };
    if (!(event.key in STEPS_S) && !(event.key in ends)) return;
    event.preventDefault();
    event.stopPropagation();
    this.seek(Math.min(Math.max(ends[event.key] ?? this.time_s + STEPS_S[event.key], 0), this.pass.duration_s));
  }

  update(heard) {
    if (!heard.pass) return;
    this.pass = heard.pass;
    this.time_s = heard.time_s;
    this.canvas.setAttribute("aria-valuemax", Math.round(this.pass.duration_s));
    this.canvas.setAttribute("aria-valuenow", Math.round(this.time_s));
    this.canvas.setAttribute("aria-valuetext", clock(this.pass, this.time_s));
    this.draw();
  }

  draw() {
    const opened = open(this.canvas);
    if (!opened) return;
    const { pen, width, height, letter, line, colours } = opened,
      { pass } = this,
      { t_s } = pass.table;
    const left = 3.6 * letter,
      right = width - letter,
      head = 1.7 * letter,
      foot = height - 1.7 * letter;
    const x = (time_s) => left + (time_s / pass.duration_s) * (right - left);
    this.edges = [left, right];

    const hill = t_s.map((time_s, n) => [
      x(time_s),
      foot - (Math.max(pass.table.elevation_deg[n], 0) / 90) * (foot - head),
    ]);
    pen.beginPath();
    pen.moveTo(x(t_s[0]), foot);
    hill.forEach((point) => pen.lineTo(...point));
    pen.lineTo(hill.at(-1)[0], foot);
    pen.fillStyle = colours.grid;
    pen.fill();

    const carriers = heardCarriers(pass),
      columns = carriers.map((carrier) => `doppler_${carrier.name}_hz`);
    const up = (n) => pass.table.elevation_deg[n] > 0;
    const most_hz = Math.max(
      10,
      ...columns.flatMap((column) => pass.table[column].filter((_, n) => up(n)).map(Math.abs)),
    );
    const y = (hz) => (head + foot) / 2 - (hz / most_hz) * ((foot - head) / 2 - line);
    stroke(
      pen,
      [
        [left, y(0)],
        [right, y(0)],
      ],
      colours.soft,
      1,
      [line, 2 * line],
    );
    this.axes(opened, { left, right, foot, head, x, y, most_hz });
    columns.forEach((column, number) => {
      const points = t_s.map((time_s, n) => (up(n) ? [x(time_s), y(pass.table[column][n])] : null));
      stroke(pen, points, number ? colours.second : colours.first, line * 1.3, number ? [4 * line, 2 * line] : []);
    });

    if (this.wanted_s !== null)
      stroke(
        pen,
        [
          [x(this.wanted_s), head],
          [x(this.wanted_s), foot],
        ],
        colours.ink,
        line / 2,
      );
    stroke(
      pen,
      [
        [x(this.time_s), head],
        [x(this.time_s), foot],
      ],
      colours.soft,
      line / 2,
    );
    if (at(pass, "elevation_deg", this.time_s) > 0)
      columns.forEach((column, number) => {
        dot(
          pen,
          x(this.time_s),
          y(at(pass, column, this.time_s)),
          letter / 2.2,
          number ? colours.second : colours.first,
          colours.paper,
        );
      });
  }

  axes({ pen, width, height, letter, colours }, { left, right, foot, head, x, y, most_hz }) {
    const { pass } = this,
      least_s = (pass.duration_s * 6 * letter) / (right - left);
    const step_s = TICKS_S.find((seconds) => seconds >= least_s) ?? 7200;
    const epoch_s = pass.epoch ? Date.parse(pass.epoch) / 1000 : 0; // negative before 1970
    const start_s = ((epoch_s % step_s) + step_s) % step_s;
    pen.fillStyle = colours.soft;
    pen.textBaseline = "middle";
    pen.textAlign = "center";
    for (let time_s = start_s ? step_s - start_s : 0; time_s <= pass.duration_s; time_s += step_s) {
      if (x(time_s) < left + 1.5 * letter || x(time_s) > right - 2 * letter) continue;
      const when = moment(pass, time_s);
      pen.fillText(
        when ? when.toISOString().slice(11, step_s % 60 ? 19 : 16) : duration(time_s),
        x(time_s),
        (foot + height) / 2 + letter / 8,
      );
      pen.fillRect(x(time_s) - 0.5, foot, 1, letter / 3);
    }
    pen.textAlign = "right";
    const round_hz = most_hz > 100 ? Math.floor(most_hz / 100) * 100 : Math.floor(most_hz / 10) * 10;
    for (const hz of [-round_hz, 0, round_hz]) pen.fillText(figure(hz, 0, true), left - letter / 2, y(hz));
    pen.textAlign = "left";
    const names = heardCarriers(pass)
      .map((carrier) => figure(carrier.frequency_mhz, 3))
      .join(", ");
    let title = `${word("curve.doppler")}: ${names} ${word("unit.MHz")}`;
    const hill = word("curve.hill");
    if (pen.measureText(title + hill).width > right - left - 2 * letter) title = word("curve.doppler");
    pen.fillText(title, left, head / 2);
    pen.textAlign = "right";
    pen.fillText(hill, right, head / 2);
  }
}
