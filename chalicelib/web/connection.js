/** Says whether the service is there, and whether the stream is live. */

import { setText } from "./dom.js";
import { clock, count } from "./format.js";

const STREAM = {
  idle: "Ready",
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
};
const SERVICE = {
  unknown: "Connecting…",
  locked: "Key needed",
  unavailable: "Not available",
  unreachable: "Not reachable",
  offline: "Offline",
};
const AWAY = new Set(["unavailable", "unreachable", "offline"]);

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
  return isStale ? `${SERVICE[state]}; last answer ${clock(answeredAt)}` : SERVICE[state];
}
