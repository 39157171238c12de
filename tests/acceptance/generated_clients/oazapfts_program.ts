// What a user writes on top of what oazapfts made; it prints what it saw as JSON.
import { randomUUID } from "node:crypto";
import * as orders from "./oazapfts.js";

const DEADLINE_MS = 60_000;

orders.defaults.baseUrl = process.argv[2];

async function place(order: orders.OrderRequest, idempotencyKey: string) {
  const answer = await orders.submitOrder(order, { idempotencyKey });
  if (answer.status !== 202) throw new Error(answer.data.detail);
  return answer.data;
}

async function finished(order: orders.AcceptedOrder): Promise<orders.Order> {
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline) {
    const answer = await orders.getOrder(order.orderId);
    if (answer.status !== 200) throw new Error(answer.data.detail);
    if (["confirmed", "failed"].includes(answer.data.status)) return answer.data;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${order.orderId} is not finished`);
}

const selling: orders.ExactInOrder = {
  type: "MARKET",
  tokenIn: "SOL",
  tokenOut: "USDC",
  amount: "0.5",
};
// @ts-expect-error An order has one of the two amounts.
const neither: orders.OrderRequest = { type: "MARKET", tokenIn: "SOL", tokenOut: "USDC" };
const buying = { ...neither, amountOut: "25.5", slippageBps: 200 };

const key = randomUUID();
const sold = await place(selling, key);
const again = await place(selling, key);
const bought = await place(buying, randomUUID());
const [shown, received] = [await finished(sold), await finished(bought)];
const page = await orders.listOrders({ limit: 1, tokenIn: "SOL", status: "confirmed" });
const quotes = await orders.getQuotes("SOL", "USDC", { amount: "1" });
const refusal = await orders.submitOrder({ ...selling, tokenOut: "wSOL" });
if (page.status !== 200 || quotes.status !== 200 || refusal.status !== 422) {
  throw new Error("not as documented");
}

const seen = {
  placed: sold.status,
  repeated: again.orderId === sold.orderId,
  statuses: shown.events.map((event) => event.status),
  bought: received.amountOut,
  listed: page.data.orders.length,
  hasNext: page.data.nextCursor !== null,
  venues: [...new Set(quotes.data.quotes.map((quote) => quote.venue))].sort(),
  refusal: [refusal.data.status, refusal.data.code],
};
console.log(JSON.stringify(seen));
