// Sky plot: zenith in the middle, north at the top, east on the right; the path of the pass and the satellite now.

import { dot, open, stroke } from "./canvas.js";
import { at, azimuthAt } from "./pass.js";
import { word } from "./words.js";

export class Sky {
  constructor(canvas) {
    this.canvas = canvas;
  }

  update(heard) {
    const opened = open(this.canvas);
    if (!opened) return;
    const { pen, width, height, letter, line, colours } = opened,
      { pass, time_s } = heard;
    const middle = [width / 2, height / 2],
      radius = Math.min(width, height) / 2 - 1.5 * letter;
    const point = (azimuth_deg, elevation_deg) => {
      const angle = (azimuth_deg * Math.PI) / 180,
        distance = (1 - elevation_deg / 90) * radius;
      return [middle[0] + distance * Math.sin(angle), middle[1] - distance * Math.cos(angle)];
    };
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const elevation_deg of [0, 30, 60]) {
      pen.beginPath();
      pen.arc(...middle, (1 - elevation_deg / 90) * radius, 0, 2 * Math.PI);
      pen.strokeStyle = elevation_deg ? colours.grid : colours.soft;
      pen.lineWidth = Math.max(1, line / 2);
      pen.stroke();
    }
    stroke(pen, [point(0, 0), point(180, 0), null, point(90, 0), point(270, 0)], colours.grid, Math.max(1, line / 2));
    pen.fillStyle = colours.soft;
    const opposite_deg = pass ? (azimuthAt(pass, pass.tca_s) + 180) % 360 : 90;
    const free_deg = 45 + 90 * Math.floor(opposite_deg / 90); // away from the path
    for (const elevation_deg of [30, 60]) pen.fillText(`${elevation_deg}°`, ...point(free_deg, elevation_deg));
    ["north", "east", "south", "west"].forEach((name, n) => {
      const angle = (n * Math.PI) / 2,
        distance = radius + 0.8 * letter;
      pen.fillText(word(name), middle[0] + distance * Math.sin(angle), middle[1] - distance * Math.cos(angle));
    });
    if (!pass) return;
    const { azimuth_deg, elevation_deg } = pass.table;
    const path = azimuth_deg.map((azimuth, n) => (elevation_deg[n] >= 0 ? point(azimuth, elevation_deg[n]) : null));
    stroke(pen, path, colours.ink, line);
    const now_deg = at(pass, "elevation_deg", time_s);
    if (now_deg >= 0) dot(pen, ...point(azimuthAt(pass, time_s), now_deg), letter / 2.2, colours.first, colours.paper);
  }
}
