/** Follows any number of orders over one WebSocket, and misses no event of any. */

import { isFailure, jittered } from "./api.js";

const PAUSE_MS = 200;
const PAUSE_MS_MAX = 10_000;
const PING_MS = 180_000;
// Whatever is alive answers a ping, or opens, within this.
const PONG_MS = 5000;
const OPENING_MS = 20_000;
// A connection may subscribe a thousand times in its life.
const SUBSCRIPTIONS_MAX = 1000;
// Tickets are good for five minutes at least.
const TICKET_MS = 4 * 60_000;
const HOLE_MS = 1000;
// When the last event of an order was lost, no later one shows the hole: then silence has to do.
const SILENCE_MS = 15_000;
const SILENCE_MS_MAX = 240_000;
// An order that waits may be silent for weeks.
const WAITING_MS = 600_000;

/** Dispatches `state` when what it says of itself has changed. */
export class Stream extends EventTarget {
  /** @type {"idle" | "connecting" | "live" | "reconnecting"} */
  state = "idle";
  /** When it was last resumed, and with how many orders. */
  resumed = null;

  #api;
  #orders;
  #socket = null;
  #isOpening = false;
  #wasCut = false;
  #subscriptions = 0;
  #pauseMs = PAUSE_MS;
  #heardAt = 0;
  #goOn = () => {};
  /** @type {Map<string, {askedAt: number, heardAt: number, holeAt: number,
   *   silenceMs: number}>} */
  #followed = new Map();

  constructor(api, orders) {
    super();
    this.#api = api;
    this.#orders = orders;
    // Whoever comes back has the connection checked.
    setInterval(() => document.hidden || this.#askTheSilent(), 1000);
    setInterval(() => this.#send({ action: "ping" }), PING_MS);
  }

  /** @param {import("./orders.js").Order} order that is known to the orders */
  follow(order) {
    if (order.isFinal || this.#followed.has(order.id)) return;
    const asked = { askedAt: 0, heardAt: Date.now(), holeAt: 0, silenceMs: SILENCE_MS };
    this.#followed.set(order.id, asked);
    if (this.#isOpen) this.#ask(order.id);
    else this.#open();
  }

  /** The network or the service changed: see whether the connection is alive, or try at once. */
  check() {
    this.#pauseMs = PAUSE_MS;
    this.#goOn();
    if (!this.#isOpen) return;
    const [socket, askedAt] = [this.#socket, Date.now()];
    this.#send({ action: "ping" });
    setTimeout(() => {
      if (this.#heardAt >= askedAt) return;
      // A connection without a network may take minutes to close.
      socket.close();
      this.#lose(socket);
    }, PONG_MS);
  }

  get #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  async #open() {
    if (this.#isOpening || this.#socket) return;
    this.#isOpening = true;
    while (!this.#socket && this.#followed.size > 0) {
      this.#say(this.#wasCut ? "reconnecting" : "connecting");
      const [id] = this.#followed.keys();
      if (await this.#renewed(id)) await this.#connect(id);
      else await this.#wait();
    }
    this.#isOpening = false;
    if (!this.#socket) this.#say("idle");
  }

  /** Open a connection with one of the orders; the others join it. */
  async #connect(id) {
    const order = this.#orders.get(id);
    const socket = new WebSocket(`${order.streamUrl}&after=${order.sequence}`);
    const isOpen = await new Promise((resolve) => {
      setTimeout(() => socket.readyState === WebSocket.CONNECTING && socket.close(), OPENING_MS);
      socket.addEventListener("open", () => resolve(true), { once: true });
      socket.addEventListener("close", () => resolve(false), { once: true });
    });
    if (!isOpen) {
      // Browsers do not tell why: the ticket may have run out.
      order.renewedAt = 0;
      this.#wasCut = true;
      await this.#wait();
      return;
    }
    this.#take(socket, id);
  }

  #take(socket, id) {
    this.#socket = socket;
    this.#subscriptions = 1;
    this.#heardAt = Date.now();
    socket.addEventListener("message", (message) => this.#hear(JSON.parse(message.data)));
    socket.addEventListener("close", () => this.#lose(socket));
    for (const [other, followed] of this.#followed) {
      followed.askedAt = Date.now();
      if (other !== id) this.#ask(other);
    }
    if (this.#wasCut) this.resumed = { at: Date.now(), orders: this.#followed.size };
    this.#wasCut = false;
    this.#say("live");
  }

  #lose(socket) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#wasCut = this.#followed.size > 0;
    this.#say(this.#wasCut ? "reconnecting" : "idle");
    if (this.#wasCut) this.#wait().then(() => this.#open());
  }

  #wait() {
    const ms = jittered(this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX);
    return new Promise((resolve) => {
      this.#goOn = resolve;
      setTimeout(resolve, ms);
    });
  }

  #hear(frame) {
    this.#heardAt = Date.now();
    if (frame.type === "update") this.#takeIn(frame.data);
    if (frame.type === "error") this.#refused(frame.error);
  }

  #takeIn(event) {
    const followed = this.#followed.get(event.orderId);
    this.#pauseMs = PAUSE_MS;
    if (followed) Object.assign(followed, { heardAt: Date.now(), silenceMs: SILENCE_MS });
    const isHole = this.#orders.apply(event);
    if (this.#orders.get(event.orderId)?.isFinal) this.#followed.delete(event.orderId);
    else if (isHole && followed && Date.now() - followed.holeAt > HOLE_MS) {
      followed.holeAt = Date.now();
      this.#ask(event.orderId);
    }
  }

  #refused({ code, orderId }) {
    if (code === "TOO_MANY_SUBSCRIPTIONS") this.#socket?.close();
    else if (code === "ORDER_NOT_FOUND") this.#giveUp(orderId);
    else if (code === "UNAUTHORIZED" && this.#orders.get(orderId)) {
      this.#orders.get(orderId).renewedAt = 0;
    }
    // Whatever else it was, the order stays silent and is asked about again.
  }

  /** Ask for what an order's followers have not seen, on the connection that is open. */
  async #ask(id) {
    const followed = this.#followed.get(id);
    followed.askedAt = Date.now();
    if (!(await this.#renewed(id)) || !this.#followed.has(id)) return;
    if (!this.#isOpen) return;
    if (this.#subscriptions >= SUBSCRIPTIONS_MAX) {
      this.#socket.close();
      return;
    }
    this.#subscriptions += 1;
    const order = this.#orders.get(id);
    const ticket = order.streamUrl && new URL(order.streamUrl).searchParams.get("ticket");
    const frame = { action: "subscribe", orderId: id, after: order.sequence };
    this.#send(ticket ? { ...frame, ticket } : frame);
  }

  /** Have a ticket that is good where one is needed; false when that cannot be now. */
  async #renewed(id) {
    const order = this.#orders.get(id);
    // Without keys an open connection may ask for any order: a ticket only spares a look-up.
    if (this.#isOpen && !this.#api.key) return true;
    const isFresh = Date.now() - order.renewedAt < TICKET_MS;
    if (isFresh || (order.renewedAt && !order.streamUrl.includes("ticket="))) return true;
    try {
      if (this.#orders.merge(await this.#api.getOrder(id)).isFinal) this.#followed.delete(id);
      return this.#followed.has(id);
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (error.status === 404) this.#giveUp(id);
      return false;
    }
  }

  #giveUp(id) {
    this.#followed.delete(id);
    this.#orders.lose(id);
  }

  #askTheSilent() {
    if (!this.#isOpen) return;
    const now = Date.now();
    for (const [id, followed] of this.#followed) {
      const order = this.#orders.get(id);
      const isWaiting = order.status === "open" && order.version === order.sequence;
      const silenceMs = isWaiting ? WAITING_MS : followed.silenceMs;
      if (now - Math.max(followed.heardAt, followed.askedAt) > silenceMs) {
        followed.silenceMs = Math.min(2 * followed.silenceMs, SILENCE_MS_MAX);
        this.#ask(id);
      }
    }
  }

  #send(frame) {
    if (this.#isOpen) this.#socket.send(JSON.stringify(frame));
  }

  #say(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
