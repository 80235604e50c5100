// World map: coast, night, ground track, the satellite with its circle of visibility, and the station. A click chooses
// another station.

import { dot, open, stroke } from "./canvas.js";
import { groundAt, moment } from "./pass.js";
import { word } from "./words.js";

const EARTH_KM = 6371;
const RADIANS = Math.PI / 180;
const SOLSTICE = Date.UTC(1957, 5, 21, 12); // the sun stood 23.44 degrees north
const YEAR_MS = 365.2422 * 86_400_000;

export class WorldMap {
  /** `choose(latitude_deg, longitude_deg)`, if there is one, is called where the user clicks. */
  constructor(canvas, coast, choose) {
    this.canvas = canvas;
    this.choose = choose; // null in a kiosk
    this.coast = coast.map(points); // rings [longitude, latitude, ...] in tenths of a degree
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect(),
        { left, top, size } = this.frame ?? {};
      if (!size) return;
      const longitude_deg = ((event.clientX - box.left - left) / size) * 360 - 180;
      const latitude_deg = 90 - ((event.clientY - box.top - top) / size) * 360;
      if (Math.abs(latitude_deg) <= 90 && Math.abs(longitude_deg) <= 180) choose?.(latitude_deg, longitude_deg);
    });
  }

  update(heard) {
    const opened = open(this.canvas);
    if (!opened) return;
    const { pen, width, height, letter, line, colours } = opened,
      { pass } = heard;
    const size = Math.min(width, 2 * height),
      left = (width - size) / 2,
      top = (height - size / 2) / 2;
    this.frame = { left, top, size };
    const x = (longitude_deg) => left + ((longitude_deg + 180) / 360) * size;
    const y = (latitude_deg) => top + ((90 - latitude_deg) / 360) * size;
    pen.save();
    pen.beginPath();
    pen.rect(left, top, size, size / 2);
    pen.clip();
    pen.fillStyle = colours.sea;
    pen.fillRect(left, top, size, size / 2);
    this.land(pen, x, y, colours);
    const when = pass && moment(pass, heard.time_s);
    if (when) night(pen, x, y, when, colours.night);
    if (pass?.ground) {
      const { latitude_deg, longitude_deg } = pass.ground;
      stroke(
        pen,
        unbroken(
          longitude_deg.map((east_deg, n) => [east_deg, latitude_deg[n]]),
          x,
          y,
        ),
        colours.soft,
        line,
        [3 * line, 2 * line],
      );
      const now = groundAt(pass, heard.time_s);
      stroke(pen, unbroken(visibility(now), x, y), colours.first, line);
      dot(pen, x(now.longitude_deg), y(now.latitude_deg), letter / 2.2, colours.first, colours.paper);
    }
    if (pass?.station)
      cross(pen, x(pass.station.longitude_deg), y(pass.station.latitude_deg), letter / 2, colours.mark);
    pen.restore();
    if (pass && !pass.station && this.choose) {
      pen.fillStyle = colours.ink;
      pen.textAlign = "center";
      pen.textBaseline = "bottom";
      pen.fillText(word("map.simple"), width / 2, Math.min(height, top + size / 2) - letter / 2, width - letter);
    }
  }

  land(pen, x, y, colours) {
    pen.beginPath();
    for (const shift of [-3600, 0, 3600]) {
      // a ring across the date line runs on beyond 180 degrees
      for (const ring of this.coast) {
        for (let n = 0; n < ring.length; n += 2) {
          pen[n ? "lineTo" : "moveTo"](x((ring[n] + shift) / 10), y(ring[n + 1] / 10));
        }
      }
    }
    pen.fillStyle = colours.land;
    pen.fill("evenodd"); // the Caspian Sea is a ring inside a ring
  }
}

/** Return a ring of points from its first point and the steps from point to point. */
function points(steps) {
  const ring = steps.slice(0, 2);
  for (let n = 2; n < steps.length; n++) ring.push(ring[n - 2] + steps[n]);
  return ring;
}

/** Return points [x, y] of a line of [longitude, latitude], with null where it jumps over the date line. */
function unbroken(places, x, y) {
  return places.flatMap(([east_deg, north_deg], n) => {
    const jump = n && Math.abs(east_deg - places[n - 1][0]) > 180;
    return jump ? [null, [x(east_deg), y(north_deg)]] : [[x(east_deg), y(north_deg)]];
  });
}

/** Return the places [longitude, latitude] from which the satellite stands on the horizon, on a round Earth. */
function visibility({ latitude_deg, longitude_deg, height_km }) {
  const radius = Math.acos(EARTH_KM / (EARTH_KM + height_km)),
    north = latitude_deg * RADIANS;
  return Array.from({ length: 121 }, (_, n) => {
    const bearing = (n / 60) * Math.PI;
    const place = Math.asin(
      Math.sin(north) * Math.cos(radius) + Math.cos(north) * Math.sin(radius) * Math.cos(bearing),
    );
    const east = Math.atan2(
      Math.sin(bearing) * Math.sin(radius) * Math.cos(north),
      Math.cos(radius) - Math.sin(north) * Math.sin(place),
    );
    return [((longitude_deg + east / RADIANS + 540) % 360) - 180, place / RADIANS];
  });
}

/** Shade the side of the Earth where the sun is below the horizon; the sun's place is right within a few degrees. */
function night(pen, x, y, when, colour) {
  const declination = 23.44 * RADIANS * Math.cos((2 * Math.PI * (when - SOLSTICE)) / YEAR_MS);
  const noon_deg = 180 - ((when / 240_000) % 360); // longitude where the sun stands highest
  const south = declination > 0 ? -90 : 90; // the pole in the dark
  pen.beginPath();
  pen.moveTo(x(-180), y(south));
  for (let east_deg = -180; east_deg <= 180; east_deg += 3) {
    pen.lineTo(x(east_deg), y(Math.atan(-Math.cos((east_deg - noon_deg) * RADIANS) / Math.tan(declination)) / RADIANS));
  }
  pen.lineTo(x(180), y(south));
  pen.fillStyle = colour;
  pen.fill();
}

function cross(pen, x, y, size, colour) {
  stroke(pen, [[x - size, y], [x + size, y], null, [x, y - size], [x, y + size]], colour, size / 2.5);
}
