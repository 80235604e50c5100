// Lamps that light with the key as it is heard, and the numbers of this moment.

import { at, azimuthAt, groundAt, heardCarriers, sounding } from "./pass.js";
import { figure, quantity, word } from "./words.js";

const POINTS = ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"];

export class Lamps {
  constructor(box) {
    this.box = box;
    this.lamps = [];
  }

  /** Light the lamps; with `numbers`, write tone and Doppler as well. */
  update(heard, numbers) {
    if (!heard.pass) return;
    const carriers = heardCarriers(heard.pass);
    if (carriers.length !== this.lamps.length) this.build(carriers.length);
    carriers.forEach((carrier, n) => {
      const { lamp, texts } = this.lamps[n];
      const sounds = heard.connected && heard.running && heard.playing;
      lamp.classList.toggle("on", sounds && sounding(heard.pass, carrier, heard.time_s));
      lamp.classList.toggle("second", carrier.number > 0);
      if (!numbers) return;
      const up = at(heard.pass, "elevation_deg", heard.time_s) > 0;
      const value = (kind, signed) =>
        up ? quantity(at(heard.pass, `${kind}_${carrier.name}_hz`, heard.time_s), "Hz", 0, signed) : "–";
      const words = [
        `${figure(carrier.frequency_mhz, 3)} ${word("unit.MHz")}`,
        `${word("tone")} ${heard.pass.scenario.detector === "am" ? "–" : value("tone")}`,
        `${word("doppler")} ${value("doppler", true)}`,
      ];
      texts.forEach((text, part) => {
        if (text.textContent !== words[part]) text.textContent = words[part];
      });
    });
  }

  build(count) {
    this.lamps = Array.from({ length: count }, () => {
      const lamp = document.createElement("p"),
        texts = ["b", "span", "span"].map((kind) => document.createElement(kind));
      lamp.className = "lamp";
      lamp.append(document.createElement("i"), ...texts);
      return { lamp, texts };
    });
    this.box.replaceChildren(...this.lamps.map(({ lamp }) => lamp));
  }
}

export class Numbers {
  constructor(list) {
    this.list = list;
  }

  update(heard) {
    if (!heard.pass) return;
    const { pass, time_s } = heard,
      value = (column) => at(pass, column, time_s);
    const azimuth_deg = azimuthAt(pass, time_s),
      ground = groundAt(pass, time_s);
    const height_km = ground ? ground.height_km : pass.scenario.altitude_km;
    const rows = {
      range: quantity(value("range_km"), "km"),
      rate: quantity(value("range_rate_km_s"), "km/s", 2, true),
      elevation: quantity(value("elevation_deg"), "°"),
      azimuth: `${quantity(azimuth_deg, "°")} ${word(POINTS[Math.round(azimuth_deg / 45) % 8])}`,
      height: quantity(height_km, "km"),
      gaps: figure(heard.underruns),
    };
    for (const [name, text] of Object.entries(rows)) this.write(name, text);
  }

  write(name, text) {
    let row = this.list.querySelector(`[data-number="${name}"]`);
    if (!row) {
      const term = document.createElement("dt");
      row = document.createElement("dd");
      term.dataset.word = `number.${name}`;
      term.textContent = word(`number.${name}`);
      row.dataset.number = name;
      this.list.append(term, row);
    }
    if (row.textContent !== text) row.textContent = text;
  }
}
