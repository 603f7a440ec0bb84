// The socket that hears of changes. A hint may be lost or repeated without harm: the loop pulls when in doubt.

const AGAIN_MS_MIN = 1000;
const AGAIN_MS_MAX = 60_000;
const PING_MS = 25_000;
const CODE_ENDED = 4401;

export class Live {
  /** `onHint(data)` hears of `building.change`; `onOpen` that hints come again; `onEnded` that the login is over. */
  constructor({ onHint, onOpen, onEnded, subscriptions }) {
    Object.assign(this, { onHint, onOpen, onEnded, subscriptions });
    this.socket = null;
    this.wanted = false;
    this.failures = 0;
  }

  start() {
    this.wanted = true;
    if (!this.socket) this.connect();
  }

  stop() {
    this.wanted = false;
    clearTimeout(this.again);
    this.socket?.close();
    this.socket = null;
  }

  /** After a subscription changed. */
  subscribe() {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ event: 'subscribe', data: { scopes: this.subscriptions() } }));
    } else if (this.wanted && !this.socket) {
      clearTimeout(this.again);
      this.connect();
    }
  }

  connect() {
    const address = new URL('/ws', self.location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    this.socket = socket;
    let ping;
    socket.onopen = () => {
      this.failures = 0;
      this.subscribe();
      ping = setInterval(() => socket.send('{"event":"ping"}'), PING_MS);
      this.onOpen();
    };
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.event === 'building.change') this.onHint(frame.data);
    };
    socket.onclose = ({ code }) => {
      clearInterval(ping);
      if (this.socket !== socket) return;
      this.socket = null;
      if (code === CODE_ENDED) this.onEnded();
      if (this.wanted) this.again = setTimeout(() => this.connect(), this.pause());
    };
  }

  pause() {
    this.failures += 1;
    const full = Math.min(AGAIN_MS_MAX, AGAIN_MS_MIN * 2 ** Math.min(this.failures, 6));
    return full / 2 + (full / 2) * Math.random();
  }
}
