/** Says whether the stream is live. */

import { setText } from "./dom.js";
import { clock, count } from "./format.js";

const SAID = {
  idle: "Ready",
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
};

export function showConnection(node, stream) {
  const show = () => {
    const { state, resumed } = stream;
    const isResumed = state === "live" && resumed;
    node.dataset.state = state;
    setText(node, isResumed
      ? `Live, resumed ${count(resumed.orders, "order")} at ${clock(resumed.at)}`
      : SAID[state]);
  };
  stream.addEventListener("state", show);
  show();
}
