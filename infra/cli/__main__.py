"""`python -m infra.cli` is `orders`."""

from infra.cli.app import app

if __name__ == "__main__":
    app(prog_name="orders")
