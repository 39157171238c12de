/** What can be traded, as the service lists it. */

export class Tokens {
  /** @type {string[]} */
  symbols = [];
  #byMint = new Map();
  #decimals = new Map();

  async load(api) {
    const { tokens } = await api.get("/tokens");
    this.symbols = tokens.map((token) => token.symbol);
    this.#decimals = new Map(tokens.map((token) => [token.symbol, token.decimals]));
    this.#byMint = new Map(tokens.map((token) => [token.mint, token.symbol]));
  }

  /** Whether a token is listed, and so called by its symbol. */
  has(symbol) {
    return this.#decimals.has(symbol);
  }

  /** How many decimals a listed token has. */
  decimals(symbol) {
    return this.#decimals.get(symbol) ?? 0;
  }

  /** The symbol of a mint; of one that is not listed, its beginning. */
  symbol(mint) {
    return this.#byMint.get(mint) ?? `${mint.slice(0, 4)}…`;
  }
}
