// What a user writes on top of what openapi-typescript made; it prints what it saw as JSON.
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./openapi_typescript.js";

type Schemas = components["schemas"];
const DEADLINE_MS = 60_000;

const client = createClient<paths>({ baseUrl: process.argv[2] });

async function place(body: Schemas["OrderRequest"], key: string): Promise<Schemas["AcceptedOrder"]> {
  const { data, error } = await client.POST("/api/orders/execute", {
    params: { header: { "Idempotency-Key": key } },
    body,
  });
  if (!data) throw new Error(error.detail);
  return data;
}

async function finished(order: Schemas["AcceptedOrder"]): Promise<Schemas["Order"]> {
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline) {
    const path = { order_id: order.orderId };
    const { data, error } = await client.GET("/api/orders/{order_id}", { params: { path } });
    if (!data) throw new Error(error.detail);
    if (data.status === "confirmed" || data.status === "failed") return data;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${order.orderId} is not finished`);
}

const selling: Schemas["ExactInOrder"] = {
  type: "MARKET",
  tokenIn: "SOL",
  tokenOut: "USDC",
  amount: "0.5",
};
// @ts-expect-error An order has one of the two amounts.
const neither: Schemas["OrderRequest"] = { type: "MARKET", tokenIn: "SOL", tokenOut: "USDC" };
const buying = { ...neither, amountOut: "25.5", slippageBps: 200 };

const key = randomUUID();
const sold = await place(selling, key);
const again = await place(selling, key);
const bought = await place(buying, randomUUID());
const [shown, received] = [await finished(sold), await finished(bought)];
const page = await client.GET("/api/orders", {
  params: { query: { limit: 1, tokenIn: "SOL", status: "confirmed" } },
});
const quotes = await client.GET("/api/quotes", {
  params: { query: { tokenIn: "SOL", tokenOut: "USDC", amount: "1" } },
});
const refusal = await client.POST("/api/orders/execute", {
  body: { ...selling, tokenOut: "wSOL" },
});
if (!page.data || !quotes.data || !refusal.error) throw new Error("not as documented");

const seen = {
  placed: sold.status,
  repeated: again.orderId === sold.orderId,
  statuses: shown.events.map((event) => event.status),
  bought: received.amountOut,
  listed: page.data.orders.length,
  hasNext: page.data.nextCursor !== null,
  venues: [...new Set(quotes.data.quotes.map((quote) => quote.venue))].sort(),
  refusal: [refusal.error.status, refusal.error.code],
};
console.log(JSON.stringify(seen));
