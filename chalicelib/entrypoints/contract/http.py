"""The routes that serve the contract."""

from chalice.app import Response

from chalicelib.entrypoints.contract import asyncapi, docs_page, openapi

CACHE = "public, max-age=300"
# Nothing is loaded and nothing runs, whatever slips into the page.
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def openapi_document(*, base_url: str, keys_required: bool) -> Response:
    """GET /api/openapi.json."""
    document = openapi.write(base_url=base_url, keys_required=keys_required)
    return _answer(document, "application/json")


def asyncapi_document(*, stream_url: str) -> Response:
    """GET /api/asyncapi.json."""
    return _answer(asyncapi.write(stream_url=stream_url), "application/json")


def docs(*, base_url: str, stream_url: str, keys_required: bool) -> Response:
    """GET /docs."""
    page = docs_page.page(
        openapi.document(base_url=base_url, keys_required=keys_required),
        asyncapi.document(stream_url=stream_url),
    )
    answer = _answer(page, "text/html; charset=utf-8")
    answer.headers |= {
        "Content-Security-Policy": PAGE_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    return answer


def _answer(body: str, content_type: str) -> Response:
    headers: dict[str, str | list[str]] = {"Content-Type": content_type, "Cache-Control": CACHE}
    return Response(body=body, headers=headers)
