// The blocks that wait to be played, each with the listener's frame of its first sample.

export class Ring {
  constructor() {
    this.round = 0; // counts the connections: a report of an earlier one is out of date
    this.enough = 4800; // frames with which it begins, at first and after it ran dry
    this.clear();
  }

  clear() {
    this.blocks = []; // {frame, samples: left, right, left, right ...}
    this.used = 0; // frames of the first block that were played
    this.buffered = 0;
    this.frame = 0; // the next one to be played
    this.waiting = true;
    this.underruns = 0;
    this.missing = 0; // frames of silence put in
  }

  // A message of the page: {clear}, or {frame, samples, enough}.
  obey({ clear, frame, samples, enough }) {
    if (clear !== undefined) {
      this.clear();
      this.round = clear;
    } else {
      this.blocks.push({ frame, samples });
      this.buffered += samples.length / 2;
      this.enough = enough;
    }
  }

  report(time) {
    const { round, frame, buffered, underruns, missing, waiting } = this;
    return { round, time, frame, buffered, underruns, missing, waiting };
  }

  // Fill both sides with the next samples, and with silence where there are none.
  fill(left, right) {
    let done = 0;
    if (this.waiting && this.buffered >= this.enough) this.waiting = false;
    while (!this.waiting && done < left.length && this.blocks.length) {
      const { frame, samples } = this.blocks[0];
      const count = Math.min(left.length - done, samples.length / 2 - this.used);
      for (let n = 0; n < count; n++) {
        left[done + n] = samples[2 * (this.used + n)];
        right[done + n] = samples[2 * (this.used + n) + 1];
      }
      done += count;
      this.used += count;
      this.frame = frame + this.used;
      this.buffered -= count;
      if (2 * this.used === samples.length) {
        this.blocks.shift();
        this.used = 0;
      }
    }
    left.fill(0, done);
    right.fill(0, done);
    if (!this.waiting && done < left.length) {
      this.waiting = true;
      this.underruns++;
    }
    if (this.underruns) this.missing += left.length - done;
  }
}
