/** Whether the service is there: asked while the page is seen, and when another call says otherwise. */

import { LostAnswerError, isFailure } from "./api.js";
import { whileVisible } from "./polling.js";

const CHECK_SECONDS = 10;
const PATIENCE_MS = 8000;
// Calls that say otherwise come in numbers.
const DOUBT_MS = 2000;

const THERE = new Set(["ready", "halted"]);
export const AWAY = new Set(["unavailable", "unreachable", "offline"]);

/** Dispatches `state` when it has changed, and `back` when the service is there again. */
export class Service extends EventTarget {
  /** @type {"unknown" | "ready" | "halted" | "locked" | "unavailable" | "unreachable" | "offline"} */
  state = "unknown";
  /** When the last call was answered. */
  answeredAt = null;

  #api;
  #check;
  #doubtsFrom = 0;

  constructor(api) {
    super();
    this.#api = api;
    api.addEventListener("answered", () => this.#hear());
    api.addEventListener("failed", () => this.doubt());
    api.addEventListener("unauthorized", () => this.#say("locked"));
    this.#check = whileVisible(CHECK_SECONDS, () => this.#ask());
    for (const name of ["online", "offline"]) window.addEventListener(name, this.#check);
  }

  /** Something looks as if the service were not there: ask it. */
  doubt() {
    if (Date.now() > this.#doubtsFrom) this.#check();
  }

  #hear() {
    this.answeredAt = Date.now();
    if (this.state === "unreachable" || this.state === "offline") this.doubt();
  }

  async #ask() {
    const before = this.answeredAt;
    this.#doubtsFrom = Infinity;
    const patience = AbortSignal.timeout(PATIENCE_MS);
    try {
      const { halted } = await this.#api.get("/ready", {}, patience);
      this.#say(halted ? "halted" : "ready");
    } catch (error) {
      if (!isFailure(error) && !patience.aborted) throw error;
      if (error.status) this.#say(stateOf(error.status));
      else if (error instanceof LostAnswerError || this.answeredAt === before) this.#sayLost();
    } finally {
      this.#doubtsFrom = Date.now() + DOUBT_MS;
    }
  }

  /** A service on this machine is there without a network: the browser's word explains, no more. */
  #sayLost() {
    this.#say(navigator.onLine ? "unreachable" : "offline");
  }

  #say(state) {
    if (state === this.state) return;
    const isBack = THERE.has(state) && !THERE.has(this.state) && this.state !== "unknown";
    this.state = state;
    this.dispatchEvent(new Event("state"));
    if (isBack) this.dispatchEvent(new Event("back"));
  }
}

function stateOf(status) {
  if (status === 401) return "locked";
  return status < 500 ? "ready" : "unavailable";
}
