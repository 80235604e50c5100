// The source of sound behind the page: a WebSocket to the server, which connects again by itself.
//
// pull(frames) asks for samples, turn(changes) changes the scenario; a renderer in the browser could have both.
// It calls onblock(frame, samples), onsegment(segment), onpass(pass), onrefused(refused), onstate(connected, message).

const FLUSH_EVERY_MS = 50;
const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 5000;

export class Link {
  constructor(url) {
    this.url = url;
    this.beginning = { type: "begin" }; // what is asked for when the connection opens
    this.pending = {}; // changes, to_s and playing, which wait to be sent
    this.flushed = 0; // when they were sent
    this.timer = null;
    this.retry = FIRST_RETRY_MS;
    this.message = "";
    queueMicrotask(() => this.connect()); // after the page has asked for a beginning of its own
  }

  connect() {
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      this.retry = FIRST_RETRY_MS;
      this.message = "";
      this.send(this.beginning);
      this.flush();
      this.onstate(true, "");
    };
    this.socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) {
        this.onblock(new DataView(data).getFloat64(0, true), new Float32Array(data, 8));
        return;
      }
      const message = JSON.parse(data);
      if (message.type === "segment") this.onsegment(message);
      else if (message.type === "pass") this.onpass(message);
      else if (message.type === "refused") this.onrefused(message);
      else this.message = message.message;
    };
    this.socket.onclose = () => {
      this.onstate(false, this.message);
      setTimeout(() => this.connect(), this.message ? LAST_RETRY_MS : this.retry);
      this.retry = Math.min(2 * this.retry, LAST_RETRY_MS);
    };
  }

  get connected() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  send(message) {
    if (this.connected) this.socket.send(JSON.stringify(message));
  }

  pull(frames) {
    this.send({ type: "pull", frames });
  }

  turn(changes) {
    this.later({ changes: { ...this.pending.changes, ...changes } });
  }

  seek(to_s) {
    this.later({ to_s });
  }

  play(playing) {
    this.later({ playing });
  }

  begin(beginning) {
    this.pending = {};
    this.beginning = { type: "begin", ...beginning };
    this.send(this.beginning);
  }

  // What comes in fast succession is sent together; without a server, when it is there again.
  later(pending) {
    this.pending = { ...this.pending, ...pending };
    this.timer ??= setTimeout(() => this.flush(), Math.max(0, this.flushed + FLUSH_EVERY_MS - performance.now()));
  }

  flush() {
    this.timer = null;
    if (!this.connected) return;
    const { changes, to_s, playing } = this.pending;
    if (changes !== undefined) this.send({ type: "turn", changes });
    if (to_s !== undefined) this.send({ type: "seek", to_s });
    if (playing !== undefined) this.send({ type: playing ? "play" : "pause" });
    this.pending = {};
    this.flushed = performance.now();
  }
}
