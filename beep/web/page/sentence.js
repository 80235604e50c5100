// One sentence under the waterfall: what is heard now, or what a knob has just done.

import { at } from "./pass.js";
import { figure, quantity, word } from "./words.js";

const LEAST_MS = 10_000; // that a sentence stands
const JUMP_S = 5; // in the recording, after which it changes at once
const CLOSEST_S = 6; // on both sides of the closest approach

/** Return the sentence for this moment as [name, values]. */
export function phase(heard) {
  const { pass, time_s } = heard;
  if (!pass) return ["say.wait", {}];
  if (heard.ended) return ["say.end", {}];
  if (!heard.playing || !heard.running) return ["say.paused", {}];
  const { scenario } = pass,
    rises = scenario.sideband === "lower";
  const noise = scenario.noise === "off" ? "silent" : "noise";
  if (scenario.still) return ["say.still", {}];
  if (at(pass, "elevation_deg", time_s) <= 0) {
    return [
      time_s < pass.tca_s ? `say.before.${noise}` : `say.after.${pass.ground && !scenario.tle ? "orbit" : "simple"}`,
      {},
    ];
  }
  if (scenario.detector === "am") return ["say.am", {}];
  const rate_km_s = at(pass, "range_rate_km_s", time_s);
  if (Math.abs(time_s - pass.tca_s) < CLOSEST_S || Math.abs(rate_km_s) < 0.5) {
    return [`say.closest.${rises ? "rises" : "falls"}`, { range: quantity(at(pass, "range_km", pass.tca_s), "km") }];
  }
  const high = rate_km_s < 0 !== rises;
  return [
    `say.${rate_km_s < 0 ? "coming" : "leaving"}.${high ? "high" : "low"}`,
    { speed: figure(Math.abs(rate_km_s)) },
  ];
}

export class Sentence {
  constructor(element) {
    this.element = element;
    this.until_ms = 0;
    this.name = "";
    this.lapse = false; // whether the picture runs faster than the sound below the horizon
  }

  /** Say what a knob has done, for ten seconds. */
  knob(name, now_ms) {
    this.show(name, {}, now_ms);
  }

  update(heard, now_ms) {
    if (!heard.pass && this.name) return; // what is heard now is described within a second
    const jump = heard.pass?.number !== this.number || Math.abs(heard.time_s - this.time_s) > JUMP_S;
    if (jump && !this.name.startsWith("did.")) this.until_ms = 0;
    this.number = heard.pass?.number;
    this.time_s = heard.time_s;
    const [name, values] = this.lapse ? ["say.lapse", {}] : phase(heard);
    if (name === this.name) this.values = values; // whole km/s: it changes a few times in a pass
    if (word(this.name, this.values) !== this.element.textContent) this.write();
    if (name === this.name || now_ms < this.until_ms) return;
    this.show(name, values, now_ms);
    if (!heard.playing) this.until_ms = 0; // it goes on with the sound
  }

  show(name, values, now_ms) {
    this.name = name;
    this.values = values;
    this.until_ms = now_ms + LEAST_MS;
    this.write();
  }

  /** Write the sentence again, in another language. */
  write() {
    if (this.name) this.element.textContent = word(this.name, this.values);
  }
}
