// Plays a ring of blocks in the browser's audio thread, and reports what it has played.
import { Ring } from "./ring.js";

const REPORT_EVERY = 8; // quanta of 128 frames: 21 ms

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ring = new Ring();
    this.quanta = 0;
    this.port.onmessage = ({ data }) => this.ring.obey(data);
  }

  process(_, [[left, right]]) {
    if (this.quanta++ % REPORT_EVERY === 0) this.port.postMessage(this.ring.report(currentTime));
    this.ring.fill(left, right);
    return true;
  }
}

registerProcessor("player", Player);
