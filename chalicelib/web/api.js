/** Calls to the service. */

const KEY = "api-key";
const TIMEOUT_MS = 30_000;
const SUBMIT_PAUSES_MS = [500, 1000, 2000];
const NOT_TAKEN = 429;
const BUSY = new Set([NOT_TAKEN, 500, 502, 503, 504]);

/** The service refused; `code` is stable, the message is for people. */
export class ProblemError extends Error {
  constructor(status, problem, retryAfterMs) {
    super(problem.detail ?? `the service answered ${status}`);
    this.status = status;
    this.code = problem.code ?? String(status);
    this.retryAfterMs = retryAfterMs;
    this.isUnknown = BUSY.has(status) && status !== NOT_TAKEN;
  }
}

/** No answer came; whether the call arrived is not known. */
export class LostAnswerError extends Error {
  constructor() {
    super("the service cannot be reached");
    this.code = "UNREACHABLE";
    this.isUnknown = true;
  }
}

/** Whether this is a failure to be told, not a mistake of this page or a call that was given up. */
export function isFailure(error) {
  return error instanceof ProblemError || error instanceof LostAnswerError;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Half of a pause is random: many clients must not come at once. */
export const jittered = (ms) => ms * (0.5 + Math.random() / 2);

/**
 * Dispatches `answered` when a call brought what was asked for, `failed` when the service did not
 * answer or could not, and `unauthorized` when a key is missing or not good.
 */
export class Api extends EventTarget {
  #url;

  constructor(base) {
    super();
    this.#url = `${base}/api`;
  }

  get key() {
    return sessionStorage.getItem(KEY);
  }

  set key(value) {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
  }

  /**
   * @param {string} path below /api
   * @param {Record<string, string | number>} [query]
   * @param {AbortSignal} [signal]
   */
  get(path, query = {}, signal) {
    const search = new URLSearchParams(query).toString();
    return this.#call(search ? `${path}?${search}` : path, {}, signal);
  }

  getOrder(id) {
    return this.get(`/orders/${encodeURIComponent(id)}`);
  }

  /** Cancel an order: what it says then is the order, which may yet be filled. */
  cancel(id) {
    return this.#call(`/orders/${encodeURIComponent(id)}/cancel`, { method: "POST" });
  }

  /** Change an open order that is known up to this sequence. */
  edit(id, sequence, fields) {
    return this.#call(`/orders/${encodeURIComponent(id)}`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json", "If-Match": `"${sequence}"` },
      body: JSON.stringify(fields),
    });
  }

  /**
   * Place an order. Under its key a lost answer is asked for again, and never places a second. An
   * error says by `isUnknown` whether the order may have arrived all the same.
   */
  async submit(order, key) {
    const options = {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: JSON.stringify(order),
    };
    let isUnknown = false;
    for (const ms of [...SUBMIT_PAUSES_MS, null]) {
      try {
        return await this.#call("/orders/execute", options);
      } catch (error) {
        if (!isFailure(error)) throw error;
        isUnknown ||= error.isUnknown;
        error.isUnknown = isUnknown;
        if (ms === null || (error.status && !BUSY.has(error.status))) throw error;
        await pause(jittered(Math.max(ms, error.retryAfterMs ?? 0)));
      }
    }
  }

  async #call(path, options, signal) {
    const headers = { ...options.headers };
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    const { answer, document } = await this.#fetch(path, { ...options, headers }, signal);
    this.#tell(answer.status);
    if (answer.ok) return document;
    const retryAfter = Number(answer.headers.get("Retry-After") ?? 0);
    throw new ProblemError(answer.status, document ?? {}, retryAfter * 1000);
  }

  #tell(status) {
    if (status < 400) this.dispatchEvent(new Event("answered"));
    if (status === 401) this.dispatchEvent(new Event("unauthorized"));
    if (status >= 500) this.dispatchEvent(new Event("failed"));
  }

  async #fetch(path, options, signal) {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    try {
      const answer = await fetch(this.#url + path, { ...options, signal: either });
      const isJson = answer.headers.get("Content-Type")?.includes("json");
      return { answer, document: isJson ? await answer.json() : null };
    } catch (error) {
      if (signal?.aborted) throw error;
      this.dispatchEvent(new Event("failed"));
      throw new LostAnswerError();
    }
  }
}
