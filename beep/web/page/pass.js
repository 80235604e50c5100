// Values of a pass at a time: the server sends tables, the page interpolates.

/** Return the position of `value` in rising `numbers`, with its fraction, within 0 and the last index. */
export function place(numbers, value) {
  let low = 0,
    high = numbers.length - 1;
  if (high < 1 || value <= numbers[0]) return 0;
  if (value >= numbers[high]) return high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= value) low = middle;
    else high = middle;
  }
  return low + (value - numbers[low]) / (numbers[high] - numbers[low]);
}

/** Return a column of the pass's table at a time, linearly interpolated; null where it is not known. */
export function at(pass, column, time_s) {
  return between(pass.table[column], place(pass.table.t_s, time_s));
}

function between(values, position) {
  const before = Math.floor(position),
    after = Math.min(before + 1, values.length - 1),
    part = position - before;
  if (values[before] == null || values[after] == null) return values[Math.round(position)];
  return values[before] + part * (values[after] - values[before]);
}

/** Return an angle of the table at a time, in degrees from 0 to 360, also across north. */
export function azimuthAt(pass, time_s) {
  const position = place(pass.table.t_s, time_s),
    values = pass.table.azimuth_deg;
  const before = values[Math.floor(position)],
    after = values[Math.ceil(position)];
  const turn = ((after - before + 540) % 360) - 180;
  return (before + (position % 1) * turn + 360) % 360;
}

/** Return latitude, longitude and height of the satellite at a time; null for a pass without an orbit. */
export function groundAt(pass, time_s) {
  if (!pass.ground) return null;
  const { t_s, latitude_deg, longitude_deg, height_km } = pass.ground;
  const position = place(t_s, time_s),
    before = Math.floor(position),
    after = Math.ceil(position);
  const turn = ((longitude_deg[after] - longitude_deg[before] + 540) % 360) - 180;
  return {
    latitude_deg: between(latitude_deg, position),
    longitude_deg: ((longitude_deg[before] + (position % 1) * turn + 540) % 360) - 180,
    height_km: between(height_km, position),
  };
}

/** Return whether the pulse of a carrier arrives at a time, from a satellite above the horizon. */
export function sounding(pass, carrier, time_s) {
  const pulses = pass.pulses[carrier.name];
  let low = 0,
    high = pulses.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pulses[middle][0] <= time_s) low = middle + 1;
    else high = middle;
  }
  return low > 0 && time_s < pulses[low - 1][1] && at(pass, "elevation_deg", time_s) > 0;
}

/** Return the carriers that are heard, each with its number among all, which gives its colour. */
export function heardCarriers(pass) {
  return pass.carriers.map((carrier, number) => ({ ...carrier, number })).filter((carrier) => carrier.heard);
}

/** Return the moment of a time in the recording; null for a pass without a date. */
export function moment(pass, time_s) {
  return pass.epoch ? new Date(Date.parse(pass.epoch) + 1000 * time_s) : null;
}
