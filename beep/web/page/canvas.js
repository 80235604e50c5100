// What all pictures share: a canvas as sharp as the screen, and the colours of the style sheet.

let colours = null;
matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => {
  colours = null;
});

/** Return a pen for a canvas, with its size in CSS pixels and the size of letters; null where it is not shown. */
export function open(canvas) {
  const width = canvas.clientWidth,
    height = canvas.clientHeight,
    scale = window.devicePixelRatio || 1;
  if (!width || !height) return null;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const style = getComputedStyle(document.documentElement);
  colours ??= Object.fromEntries(
    ["paper", "panel", "ink", "soft", "grid", "first", "second", "mark", "land", "sea", "night"].map((name) => [
      name,
      style.getPropertyValue(`--${name}`).trim(),
    ]),
  );
  const letter = 0.78 * parseFloat(style.fontSize),
    pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `${letter}px ${style.fontFamily}`;
  pen.lineJoin = "round";
  return { pen, width, height, letter, line: letter / 7, colours };
}

/** Draw a line through points [x, y]; null lifts the pen. */
export function stroke(pen, points, colour, width, dash = []) {
  pen.beginPath();
  let down = false;
  for (const point of points) {
    if (point) down ? pen.lineTo(...point) : pen.moveTo(...point);
    down = Boolean(point);
  }
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

/** Draw a dot with a rim that stands out from any picture below it. */
export function dot(pen, x, y, radius, colour, rim) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
  pen.strokeStyle = rim;
  pen.lineWidth = radius / 3;
  pen.stroke();
}
