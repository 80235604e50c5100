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
    const { pen, width, height, letter, line, colours } = opened;
    const { pass, time_s } = this;
    const [left, right, head, foot] = [3.6 * letter, width - letter, 1.7 * letter, height - 1.7 * letter];
    this.edges = [left, right];
    const curves = heardCarriers(pass).map(({ name, number }) => ({
      shifts_hz: pass.table[`doppler_${name}_hz`],
      now_hz: at(pass, `doppler_${name}_hz`, time_s),
      colour: number ? colours.second : colours.first,
      dash: number ? [4 * line, 2 * line] : [],
    }));
    const up = (n) => pass.table.elevation_deg[n] > 0;
    const most_hz = Math.max(10, ...curves.flatMap(({ shifts_hz }) => shifts_hz.filter((_, n) => up(n)).map(Math.abs)));
    const x = (seconds) => left + (seconds / pass.duration_s) * (right - left);
    const y = (hz) => (head + foot) / 2 - (hz / most_hz) * ((foot - head) / 2 - line);
    const upright = (seconds, colour) => stroke(pen, [[x(seconds), head], [x(seconds), foot]], colour, line / 2);

    this.hill(opened, { x, head, foot });
    stroke(pen, [[left, y(0)], [right, y(0)]], colours.soft, 1, [line, 2 * line]);
    this.axes(opened, { left, right, foot, head, x, y, most_hz });
    for (const { shifts_hz, colour, dash } of curves) {
      const points = pass.table.t_s.map((seconds, n) => (up(n) ? [x(seconds), y(shifts_hz[n])] : null));
      stroke(pen, points, colour, line * 1.3, dash);
    }
    if (this.wanted_s !== null) upright(this.wanted_s, colours.ink);
    upright(time_s, colours.soft);
    if (at(pass, "elevation_deg", time_s) <= 0) return;
    for (const { now_hz, colour } of curves) dot(pen, x(time_s), y(now_hz), letter / 2.2, colour, colours.paper);
  }

  /** Draw the elevation, 90 degrees high. */
  hill({ pen, colours }, { x, head, foot }) {
    const { t_s, elevation_deg } = this.pass.table;
    pen.beginPath();
    pen.moveTo(x(t_s[0]), foot);
    t_s.forEach((seconds, n) => pen.lineTo(x(seconds), foot - (Math.max(elevation_deg[n], 0) / 90) * (foot - head)));
    pen.lineTo(x(t_s.at(-1)), foot);
    pen.fillStyle = colours.grid;
    pen.fill();
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
