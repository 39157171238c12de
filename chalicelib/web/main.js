/** Puts the page together. */

import { Adoption } from "./adoption.js";
import { Announcements } from "./announcements.js";
import { Api, isFailure } from "./api.js";
import { Cancelling } from "./cancelling.js";
import { Chart } from "./chart.js";
import { showConnection } from "./connection.js";
import { part } from "./dom.js";
import { showFigures } from "./figures.js";
import { History } from "./history.js";
import { showKeyForm } from "./key_form.js";
import { OrderBook } from "./order_book.js";
import { OrderEdit } from "./order_edit.js";
import { OrderForm } from "./order_form.js";
import { OrderPage } from "./order_page.js";
import { Orders } from "./orders.js";
import { whileVisible } from "./polling.js";
import { Prices } from "./prices.js";
import { QuotePreview } from "./quote_preview.js";
import { Service } from "./service.js";
import { showSlot } from "./slot_age.js";
import { Stream } from "./stream.js";
import { Tokens } from "./tokens.js";
import { Views } from "./views.js";

const TOKENS_SECONDS = 10;

const byId = (id) => document.getElementById(id);
const api = new Api(document.documentElement.dataset.base);
const orders = new Orders();
const service = new Service(api);
const stream = new Stream(api, orders);
const tokens = new Tokens();
const prices = new Prices(api, orders, { isFailure });
const cancelling = new Cancelling(api, orders);
const edit = new OrderEdit(byId("edit"), api, orders);
const book = new OrderBook(byId("book"), { api, orders, cancelling }, (order) => edit.open(order));
const history = new History(byId("history"), api, orders);
const orderPage = new OrderPage(
  byId("order"),
  { api, orders, stream, tokens, cancelling },
  { edit: (order) => edit.open(order), repeat },
);
const form = new OrderForm(
  byId("order-form"),
  { api, tokens },
  { accepted: follow, changed: showOffer },
);
const preview = new QuotePreview(byId("quote"), { api, tokens }, (quotes) => form.quoted(quotes));

function follow(document) {
  const order = orders.merge(document);
  book.show(order);
  stream.follow(order);
}

function showOffer(offer, otherwise) {
  preview.show(offer, otherwise);
  chart.mark(form.line);
  prices.show(form.pair, Number(part(byId("chart"), "minutes").value));
}

/** Fill the ticket in, and show it. */
function repeat(values) {
  location.hash = "#/";
  form.fill(values);
}

/** What was shown or under way before may be otherwise now. */
function catchUp() {
  askForTokens();
  history.refresh();
  orderPage.retry();
}

async function loadTokens() {
  if (tokens.symbols.length > 0) return;
  try {
    await tokens.load(api);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return;
  }
  form.offer(tokens.symbols);
  history.offer(tokens.symbols);
  views.open();
}

const views = new Views({
  "": { title: "Trade", node: byId("trade"), open: () => {} },
  history: { title: "History", node: byId("history"), open: (_, query) => history.open(query) },
  orders: { title: "Order", node: byId("order"), open: (id) => orderPage.open(id) },
});

byId("skip").addEventListener("click", (event) => {
  // The address names the view.
  event.preventDefault();
  byId("main").focus();
});
showKeyForm(byId("key-form"), byId("forget-key"), api);
showConnection(byId("connection"), service, stream);
service.addEventListener("state", () => stream.check());
service.addEventListener("back", catchUp);
stream.addEventListener("state", () => stream.state !== "live" && service.doubt());
document.addEventListener("visibilitychange", () => document.hidden || stream.check());
views.show();
new Announcements(byId("announcements"), orders);
prices.addEventListener("change", () => form.observe(prices.now));
showSlot(byId("slot"), prices);
const chart = new Chart(byId("chart"), prices, (rate) => form.setPrice(rate));
part(byId("chart"), "minutes").addEventListener("change", (event) => {
  prices.show(form.pair, Number(event.target.value));
});
showFigures(byId("figures"), api, orders);
new Adoption(api, book, follow);
const askForTokens = whileVisible(TOKENS_SECONDS, loadTokens);
