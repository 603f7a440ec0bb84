// The socket that hears of changes. A hint may be lost or repeated without harm: the loop pulls when in doubt.

const AGAIN_MS_MIN = 1000;
const AGAIN_MS_MAX = 60_000;
const PING_MS = 25_000; // where its person is, is said as often: the server's other clients let go after a minute
const CODE_ENDED = 4401;

export class Live {
  /**
   * `onHint(data)` hears of `building.change`, `onSeen(data)` of others in a building, `onJob(data)` how far a job of the
   * person's is; `onOpen` that hints come again, `onClosed` that they do not; `onEnded` that the login is over. `present()` answers what to show of this browser's
   * person: [[scope, said]].
   */
  constructor({ onHint, onSeen, onJob, onOpen, onClosed, onEnded, subscriptions, present }) {
    Object.assign(this, { onHint, onSeen, onJob, onOpen, onClosed, onEnded, subscriptions, present });
    this.socket = null;
    this.shown = new Map(); // scope → what the others were last told
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
    if (this.socket) this.onClosed();
    this.socket = null;
  }

  /** After a subscription changed. */
  subscribe() {
    if (this.isOpen()) {
      this.say('subscribe', { scopes: this.subscriptions() });
    } else if (this.wanted && !this.socket) {
      clearTimeout(this.again);
      this.connect();
    }
  }

  isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  say(event, data) {
    this.socket.send(JSON.stringify({ event, data }));
  }

  /** Tell the others of each building what has changed of where the person is; with `all`, what has not too. */
  show(all = false) {
    if (!this.isOpen()) return;
    for (const [scope, said] of this.present()) {
      const text = JSON.stringify(said);
      if (!all && this.shown.get(scope) === text) continue;
      if (said) this.say('collaboration.sync', { scope, ...said });
      else if (this.shown.get(scope)) this.withdraw(scope);
      if (said) this.shown.set(scope, text);
      else this.shown.delete(scope);
    }
  }

  /** The person looks at something else. Only who leaves a scope is taken from it, so leave it and come again. */
  withdraw(scope) {
    this.say('unsubscribe', { scopes: [{ scope }] });
    this.say('subscribe', { scopes: this.subscriptions().filter((one) => one.scope === scope) });
  }

  connect() {
    const address = new URL('/ws', self.location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    this.socket = socket;
    let ping;
    socket.onopen = () => {
      this.failures = 0;
      this.shown.clear();
      this.subscribe();
      this.show();
      ping = setInterval(() => {
        this.say('ping', {});
        this.show(true);
      }, PING_MS);
      this.onOpen();
    };
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.event === 'building.change') this.onHint(frame.data);
      else if (frame.event === 'collaboration.sync') this.onSeen(frame.data);
      else if (frame.event === 'job.progress') this.onJob(frame.data);
    };
    socket.onclose = ({ code }) => {
      clearInterval(ping);
      if (this.socket !== socket) return;
      this.socket = null;
      this.onClosed();
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
