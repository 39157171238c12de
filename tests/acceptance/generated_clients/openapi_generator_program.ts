// What a user writes on top of what openapi-generator made; it prints what it saw as JSON.
import { randomUUID } from "node:crypto";
import {
  Configuration,
  MarketApi,
  OrdersApi,
  OrderStatus,
  ProblemFromJSON,
  ResponseError,
  type AcceptedOrder,
  type ExactInOrder,
  type Order,
  type OrderRequest,
  type Problem,
} from "./openapi_generator_typescript/index.js";

const DEADLINE_MS = 60_000;

const configuration = new Configuration({ basePath: process.argv[2] });
const orders = new OrdersApi(configuration);
const market = new MarketApi(configuration);

async function finished(order: AcceptedOrder): Promise<Order> {
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline) {
    const shown = await orders.getOrder({ orderId: order.orderId });
    if (shown.status === "confirmed" || shown.status === "failed") return shown;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${order.orderId} is not finished`);
}

async function refused(orderRequest: OrderRequest): Promise<Problem> {
  try {
    await orders.submitOrder({ orderRequest });
  } catch (error) {
    if (error instanceof ResponseError) return ProblemFromJSON(await error.response.json());
    throw error;
  }
  throw new Error("the order was accepted");
}

const selling: ExactInOrder = { type: "MARKET", tokenIn: "SOL", tokenOut: "USDC", amount: "0.5" };
// @ts-expect-error An order has one of the two amounts.
const neither: OrderRequest = { type: "MARKET", tokenIn: "SOL", tokenOut: "USDC" };
const buying = { ...neither, amountOut: "25.5", slippageBps: 200 };

const first = { orderRequest: selling, idempotencyKey: randomUUID() };
const sold = await orders.submitOrder(first);
const again = await orders.submitOrder(first);
const second = { orderRequest: buying, idempotencyKey: randomUUID() };
const bought = await orders.submitOrder(second);
const [shown, received] = [await finished(sold), await finished(bought)];
const page = await orders.listOrders({ limit: 1, tokenIn: "SOL", status: OrderStatus.Confirmed });
const quotes = await market.getQuotes({ tokenIn: "SOL", tokenOut: "USDC", amount: "1" });
const refusal = await refused({ ...selling, tokenOut: "wSOL" });

const seen = {
  placed: sold.status,
  repeated: again.orderId === sold.orderId,
  statuses: shown.events.map((event) => event.status),
  bought: received.amountOut,
  listed: page.orders.length,
  hasNext: page.nextCursor !== null,
  venues: [...new Set(quotes.quotes.map((quote) => quote.venue))].sort(),
  refusal: [refusal.status, refusal.code],
};
console.log(JSON.stringify(seen));
