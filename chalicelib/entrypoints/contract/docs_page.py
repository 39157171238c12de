"""The page at /docs, written from the two documents: plain HTML, nothing loaded, nothing run."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

Node = Mapping[str, Any]

STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--accent:#06c}
@media(prefers-color-scheme:dark){:root{--accent:#6bf}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:56rem;padding:1rem}
h1{line-height:1.2}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
a{color:var(--accent)}
code,pre{font:14px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--soft);padding:.75rem;overflow-x:auto;border-radius:6px;white-space:pre-wrap}
table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}
details{margin:.5rem 0}summary{cursor:pointer}
section{margin:1.5rem 0}.method{font-weight:700;text-transform:uppercase}
"""


def page(http: Node, stream: Node) -> str:
    """The page of an OpenAPI and an AsyncAPI document."""
    title = escape(http["info"]["title"])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        f"<h1>{title}</h1><p>{escape(http['info']['description'])}</p>"
        '<p><a href="api/openapi.json">OpenAPI 3.1</a> · '
        '<a href="api/asyncapi.json">AsyncAPI 3.0</a></p>'
        f"{''.join(_http(http))}{''.join(_stream(stream))}</body></html>\n"
    )


def _http(document: Node) -> Iterable[str]:
    url = document["servers"][0]["url"].rstrip("/")
    base_url = url if "//" in url else "$BASE_URL"
    yield "<h2>HTTP</h2>"
    for path, operations in document["paths"].items():
        for method in operations:
            yield _operation(document, base_url, path, method)


def _operation(document: Node, base_url: str, path: str, method: str) -> str:
    operation = document["paths"][path][method]
    description = operation.get("description", "")
    parameters = [_with_form(p, document["components"]["schemas"]) for p in operation["parameters"]]
    return (
        f'<section id="{escape(operation["operationId"])}">'
        f'<h3><span class="method">{escape(method)}</span> <code>{escape(path)}</code></h3>'
        f"<p>{escape(operation['summary'])}. {_marked(description)}</p>"
        f"<pre>{escape(curl(base_url, path, method, operation))}</pre>"
        f"{_parameters(parameters)}{_answers(operation['responses'])}</section>"
    )


def curl(base_url: str, path: str, method: str, operation: Node) -> str:
    """A call that can be copied into a shell."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
    query = "?tokenIn=SOL&tokenOut=USDC&amount=1" if operation["operationId"] == "getQuotes" else ""
    call = f'curl "{base_url}{path}{query}"'
    if method not in ("get", "post") or (method == "post" and "requestBody" not in operation):
        call += f" -X {method.upper()}"
    for parameter in operation["parameters"]:
        if parameter["in"] == "header" and parameter["required"]:
            call += f" \\\n  -H '{parameter['name']}: {parameter['example']}'"
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        body = json.dumps(next(iter(content["examples"].values()))["value"])
        call += f" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    return call


def _with_form(parameter: Node, schemas: Node) -> Node:
    """The parameter, the form that it points to written out."""
    name = parameter["schema"].get("$ref", "").rpartition("/")[2]
    return {**parameter, "schema": schemas[name]} if name else parameter


def _parameters(parameters: Iterable[Node]) -> str:
    rows = [
        [
            f"<code>{escape(parameter['name'])}</code>",
            escape(parameter["in"]) + (", required" if parameter["required"] else ""),
            _marked(parameter.get("description", "")),
            f"<code>{escape(_form(parameter['schema']))}</code>",
        ]
        for parameter in parameters
    ]
    return _table(["parameter", "where", "meaning", "form"], rows) if rows else ""


def _form(schema: Node) -> str:
    if "enum" in schema:
        return " | ".join(schema["enum"])
    least, most = schema.get("minimum"), schema.get("maximum")
    bounds = f" {least} … {most}" if most is not None else ""
    return f"{schema['type']}{bounds} {schema.get('pattern', schema.get('format', ''))}".strip()


def _answers(responses: Mapping[str, Node]) -> str:
    return "".join(
        f"<details><summary><code>{escape(status)}</code> {escape(answer['description'])}</summary>"
        + "".join(_media(kind, media) for kind, media in answer["content"].items())
        + f"<p>Headers: {', '.join(escape(name) for name in answer['headers'])}</p></details>"
        for status, answer in responses.items()
    )


def _media(kind: str, media: Node) -> str:
    example = _json(media["example"]) if "example" in media else ""
    return f"<p><code>{escape(kind)}</code></p>{example}"


def _stream(document: Node) -> Iterable[str]:
    [channel] = document["channels"].values()
    [server] = document["servers"].values()
    query = channel["bindings"]["ws"]["query"]
    yield "<h2>WebSocket</h2>"
    yield from (f"<p>{_marked(text)}</p>" for text in document["info"]["description"].split("\n\n"))
    yield f"<pre>{escape(server['protocol'])}://{escape(server['host'] + channel['address'])}</pre>"
    yield _parameters(
        {"name": name, "in": "query", "required": name in query["required"], "schema": form}
        | {"description": form.get("description", "")}
        for name, form in query["properties"].items()
    )
    for operation in document["operations"].values():
        yield f"<h3>{escape(operation['summary'])}</h3>"
        for reference in operation["messages"]:
            yield _frame(document["components"]["messages"][reference["$ref"].rpartition("/")[2]])


def _frame(message: Node) -> str:
    [example] = message["examples"]
    return f"<p>{escape(message['summary'])}</p>{_json(example['payload'])}"


def _json(content: Any) -> str:
    return f"<pre>{escape(json.dumps(content, indent=2, ensure_ascii=False))}</pre>"


def _marked(text: str) -> str:
    """Escaped text whose backticks are code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
