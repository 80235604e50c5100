// What the page hears, and what it knows of it: the sound, the time in the recording that is heard now, its last samples.
import { Link } from "./link.js";
import { Ring } from "./ring.js";

const RATE_HZ = 48000;
const BLOCK = 4800; // frames of a pull
const KEPT = 4 * RATE_HZ; // frames that recent() may ask for, and the lead before them
const SMOOTH_S = 0.02;

export class Sound extends EventTarget {
  constructor() {
    super();
    this.lead_s = 0.25;
    this.last = null; // the newest pass
    this.underruns = 0;
    this.round = 0;
    this.restart();
    this.context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
    this.context.onstatechange = () => this.tell();
    this.gain = new GainNode(this.context);
    this.gain.connect(this.context.destination);
    this.ready = this.open();
    this.link = new Link(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/listen`);
    this.link.onblock = (frame, samples) => this.take(frame, samples);
    this.link.onsegment = (segment) => this.segments.push(segment);
    this.link.onpass = (pass) => {
      this.passes.set(pass.number, pass);
      this.last = pass;
      this.link.beginning = { type: "begin", recipe: pass.link };
      this.emit("pass", pass);
    };
    this.link.onrefused = (refused) => this.emit("refused", refused);
    this.link.onstate = (connected, message) => this.linked(connected, message);
  }

  // --- what the page calls

  async tap() {
    await this.context.resume();
  }

  turn(changes) {
    this.link.turn(changes);
  }

  begin(beginning = {}) {
    this.link.begin(beginning);
  }

  seek(to_s) {
    this.link.seek(to_s);
  }

  play() {
    if (this.heard().ended) this.link.seek(0);
    this.link.play(true);
  }

  pause() {
    this.link.play(false);
  }

  get volume() {
    return this.gain.gain.value;
  }

  set volume(volume) {
    this.gain.gain.setTargetAtTime(volume, this.context.currentTime, SMOOTH_S);
  }

  heard() {
    const frame = this.heardFrame();
    const segment = this.segments.findLast(({ frame: first }) => first <= frame) ?? null;
    const pass = segment?.pass ? (this.passes.get(segment.pass) ?? null) : this.last; // null: not described yet
    const at = segment ? segment.at + (segment.playing ? frame - segment.frame : 0) : 0;
    const duration_s = pass?.duration_s ?? (segment ? Infinity : 0);
    const time_s = Math.min(at / RATE_HZ, duration_s);
    const ended = Boolean(segment?.playing) && time_s >= duration_s;
    return {
      pass,
      time_s,
      ended,
      playing: Boolean(segment?.playing) && !ended,
      frame,
      buffered_s: this.report.buffered / RATE_HZ,
      underruns: this.underruns + this.report.underruns,
      connected: this.link.connected,
      running: this.context.state === "running",
    };
  }

  recent(count, until = this.heardFrame()) {
    const sides = [new Float32Array(count), new Float32Array(count)];
    for (const { frame, samples } of this.blocks) {
      const from = Math.max(frame, until - count);
      const to = Math.min(frame + samples.length / 2, until);
      for (let n = from; n < to; n++) {
        sides[0][n - until + count] = samples[2 * (n - frame)];
        sides[1][n - until + count] = samples[2 * (n - frame) + 1];
      }
    }
    return sides;
  }

  // --- inside

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  tell(message = "") {
    this.emit("state", { connected: this.link.connected, running: this.context.state === "running", message });
  }

  // The audio thread; on plain http from another machine there is none, and the page itself fills the card's blocks.
  async open() {
    if (this.context.audioWorklet) {
      await this.context.audioWorklet.addModule("worklet.js");
      const node = new AudioWorkletNode(this.context, "player", { numberOfInputs: 0, outputChannelCount: [2] });
      node.port.onmessage = ({ data }) => this.reported(data);
      this.post = (message) => node.port.postMessage(message);
      node.connect(this.gain);
    } else {
      const ring = new Ring();
      const node = this.context.createScriptProcessor(1024, 0, 2);
      node.onaudioprocess = ({ outputBuffer, playbackTime }) => {
        this.reported(ring.report(playbackTime));
        ring.fill(outputBuffer.getChannelData(0), outputBuffer.getChannelData(1));
      };
      this.post = (message) => ring.obey(message);
      node.connect(this.gain);
    }
  }

  restart() {
    this.underruns += this.report?.underruns ?? 0;
    this.report = { time: 0, frame: 0, buffered: 0, underruns: 0, missing: 0, waiting: true };
    this.passes = new Map(); // by number, which a connection counts from 1
    this.pulled = 0;
    this.received = 0;
    this.segments = [];
    this.blocks = []; // {frame, samples}, the last seconds and what waits to be played
  }

  async linked(connected, message) {
    if (connected) {
      this.restart();
      this.round++;
      await this.ready;
      this.post({ clear: this.round });
      this.pull();
    } else if (this.wasConnected && this.last) {
      const { pass, time_s, playing } = this.heard();
      this.link.beginning = { type: "begin", recipe: (pass ?? this.last).link, at_s: time_s, playing };
    }
    this.wasConnected = connected;
    this.tell(message);
  }

  take(frame, samples) {
    this.blocks.push({ frame, samples });
    this.received = frame + samples.length / 2;
    while (this.blocks[0].frame < frame - KEPT) this.blocks.shift();
    this.post({ frame, samples, enough: Math.min(BLOCK, (this.lead_s * RATE_HZ) / 2) });
  }

  reported(report) {
    if (report.round !== this.round) return;
    this.report = report;
    this.pull();
    const old = this.segments.findLastIndex(({ frame }) => frame <= report.frame - KEPT);
    if (old > 0) this.segments.splice(0, old);
  }

  pull() {
    while (this.pulled + BLOCK <= this.report.frame + Math.max(this.lead_s * RATE_HZ, BLOCK)) {
      this.pulled += BLOCK;
      this.link.pull(BLOCK);
    }
  }

  // The frame that leaves the loudspeaker now: the card is some time behind the audio thread.
  heardFrame() {
    const { frame, time, waiting } = this.report;
    if (waiting) return frame;
    const { contextTime, performanceTime } = this.context.getOutputTimestamp?.() ?? {};
    const now_s = contextTime ? contextTime + (performance.now() - performanceTime) / 1000 : this.context.currentTime;
    return Math.max(0, Math.min(Math.round(frame + (now_s - time) * RATE_HZ), this.received));
  }
}
