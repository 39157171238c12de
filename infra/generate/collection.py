"""The Postman collection, written from the OpenAPI document by `make collection`. Insomnia reads it
as well."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.entrypoints.contract import examples, openapi
from infra.paths import ROOT

FILE = ROOT / "docs" / "orders.postman_collection.json"
FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
LOCAL_URL = "http://localhost:3000"
# The calls that name an order use the one that was placed last.
KEEP_ID = (
    "if (pm.response.code === 202)",
    "  pm.collectionVariables.set('orderId', pm.response.json().orderId);",
)

Node = dict[str, Any]


def collection() -> Node:
    """Return the collection: a folder for each tag, a request for each operation and example."""
    document = openapi.document(base_url=LOCAL_URL)
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": FORMAT,
        },
        "auth": {"type": "bearer", "bearer": [_named("token", "{{apiKey}}")]},
        "variable": [
            _named("baseUrl", LOCAL_URL),
            _named("apiKey", ""),
            _named("orderId", examples.ORDER_ID),
        ],
        "item": [
            {"name": tag["name"], "item": [*_requests(document, tag["name"])]}
            for tag in document["tags"]
        ],
    }


def collection_text() -> str:
    """Return the collection as the file has it."""
    return json.dumps(collection(), indent=2, ensure_ascii=False) + "\n"


def _named(key: str, value: str) -> Node:
    return {"key": key, "value": value, "type": "string"}


def _requests(document: Node, tag: str) -> Iterator[Node]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if tag in operation["tags"]:
                yield from _items(path, method, operation)


def _items(path: str, method: str, operation: Node) -> Iterator[Node]:
    """Yield one request, or one for each example of a body."""
    name, request = operation["summary"], _request(path, method, operation)
    item = {"name": name, "request": request, "response": [*_answers(operation)]}
    if "requestBody" not in operation:
        yield item
        return
    if operation["operationId"] == "submitOrder":
        script = {"type": "text/javascript", "exec": [*KEEP_ID]}
        item["event"] = [{"listen": "test", "script": script}]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    for title, example in examples.items():
        text = json.dumps(example["value"], indent=2)
        body = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
        yield item | {"name": f"{name}: {title}", "request": request | {"body": body}}


def _request(path: str, method: str, operation: Node) -> Node:
    parameters = operation["parameters"]
    request: Node = {
        "method": method.upper(),
        "header": [_header(p) for p in parameters if p["in"] == "header"],
        "url": _url(path, [p for p in parameters if p["in"] == "query"]),
        "description": operation.get("description", operation["summary"]),
    }
    if "requestBody" in operation:
        request["header"].append(_named("Content-Type", "application/json"))
    if "security" not in operation:
        request["auth"] = {"type": "noauth"}
    return request


def _header(parameter: Node) -> Node:
    return _named(parameter["name"], parameter["example"]) | {
        "description": parameter["description"],
        "disabled": not parameter["required"],
    }


def _url(path: str, query: list[Node]) -> Node:
    path = path.replace("{order_id}", "{{orderId}}")
    fields = [_query(parameter) for parameter in query]
    asked = "&".join(f"{f['key']}={f['value']}" for f in fields if not f["disabled"])
    return {
        "raw": f"{{{{baseUrl}}}}{path}{'?' if asked else ''}{asked}",
        "host": ["{{baseUrl}}"],
        "path": path.strip("/").split("/"),
        "query": fields,
    }


def _query(parameter: Node) -> Node:
    name, schema = parameter["name"], parameter["schema"]
    # Neither amount is required, for either token may have it; one of them is.
    is_asked = parameter["required"] or name == "amount"
    return {
        "key": name,
        "value": str(examples.MARKET_ORDER.get(name, schema.get("default", ""))),
        "description": parameter.get("description", ""),
        "disabled": not is_asked,
    }


def _answers(operation: Mapping[str, Any]) -> Iterator[Node]:
    for status, answer in operation["responses"].items():
        for kind, media in answer["content"].items():
            if int(status) < 300 and "example" in media:
                yield {
                    "name": answer["description"],
                    "code": int(status),
                    "header": [{"key": "Content-Type", "value": kind}],
                    "body": json.dumps(media["example"], indent=2, ensure_ascii=False),
                }


def main() -> None:
    """Write the collection to its file."""
    FILE.write_text(collection_text())


if __name__ == "__main__":
    main()
