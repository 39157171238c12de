/** Says whether the service is there, and whether the stream is live. */

import { setText } from "./dom.js";
import { clock, count } from "./format.js";
import { AWAY } from "./service.js";

const STREAM = {
  idle: "Idle",
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
};
const SERVICE = {
  unknown: "Connecting…",
  locked: "Key needed",
  halted: "Halted: no orders are taken",
  unavailable: "Not available",
  unreachable: "Unreachable",
  offline: "Offline",
};

export function showConnection(node, service, stream) {
  const show = () => {
    const isReady = service.state === "ready";
    node.dataset.state = isReady ? stream.state : service.state;
    // What was shown before may no longer hold: the style sheet dims it.
    document.body.toggleAttribute("data-away", AWAY.has(service.state));
    setText(node, isReady ? streamText(stream) : serviceText(service));
  };
  stream.addEventListener("state", show);
  service.addEventListener("state", show);
  show();
}

function streamText({ state, resumed }) {
  if (state !== "live" || !resumed) return STREAM[state];
  return `Live, resumed ${count(resumed.orders, "order")} at ${clock(resumed.at)}`;
}

function serviceText({ state, answeredAt }) {
  const isStale = AWAY.has(state) && answeredAt !== null;
  return isStale ? `${SERVICE[state]} since ${clock(answeredAt)}` : SERVICE[state];
}
