"""What API Gateway answers by itself: its refusals are problem documents like the function's, and
it hands every method of a known path to the function, which refuses those that it does not know.

Any page may read such a refusal: it says nothing of anybody, and a gateway response cannot choose
from a list of origins."""

from typing import Any, NamedTuple

from chalicelib.entrypoints import problems

ANY_METHOD = "x-amazon-apigateway-any-method"
RETRY_AFTER_SECONDS = 1


class Refusal(NamedTuple):
    """A request that the gateway refuses, and what its problem document says."""

    status: int
    code: str
    detail: str


NOT_FOUND = Refusal(404, "NOT_FOUND", "no such path")
FORBIDDEN = Refusal(403, "FORBIDDEN", "this request is not allowed")
UNAVAILABLE = Refusal(503, "UNAVAILABLE", "try again in a moment")
TOO_MANY = Refusal(429, "TOO_MANY_REQUESTS", "too many requests; try again in a moment")
UNREADABLE = Refusal(400, "INVALID_REQUEST", "the request could not be read")
TOO_LARGE = Refusal(413, "BODY_TOO_LARGE", "The body is larger than 16 KiB.")
REFUSALS = {
    "MISSING_AUTHENTICATION_TOKEN": NOT_FOUND,
    "RESOURCE_NOT_FOUND": NOT_FOUND,
    "UNAUTHORIZED": Refusal(401, "UNAUTHORIZED", "an API key is required"),
    "ACCESS_DENIED": FORBIDDEN,
    "WAF_FILTERED": FORBIDDEN,
    "REQUEST_TOO_LARGE": TOO_LARGE,
    "UNSUPPORTED_MEDIA_TYPE": Refusal(
        415, "UNSUPPORTED_MEDIA_TYPE", "The body must be sent as application/json, uncompressed."
    ),
    "THROTTLED": TOO_MANY,
    "QUOTA_EXCEEDED": TOO_MANY,
    "INTEGRATION_FAILURE": UNAVAILABLE,
    "INTEGRATION_TIMEOUT": UNAVAILABLE,
    "DEFAULT_4XX": UNREADABLE,
    "DEFAULT_5XX": Refusal(500, "INTERNAL", "an unexpected error"),
}


def answer_everything(template: dict[str, Any]) -> None:
    """Give the REST API of a packaged template an answer for every method and every refusal."""
    properties = template["Resources"]["RestAPI"]["Properties"]
    paths = properties["DefinitionBody"]["paths"]
    # One operation instead of all: the template may have 51,200 bytes.
    paths |= {path: {ANY_METHOD: next(iter(all_.values()))} for path, all_ in paths.items()}
    # Not resources of their own: those would wait for the next deployment of the API.
    properties["GatewayResponses"] = {kind: _response(r) for kind, r in REFUSALS.items()}


def refusal_of(status: int) -> Refusal:
    """Return the refusal with this status, or that the request is at fault or the service is."""
    others = UNREADABLE if status < 500 else UNAVAILABLE
    return next((r for r in REFUSALS.values() if r.status == status), others)


def refusal_headers(refusal: Refusal, request_id: str) -> dict[str, str]:
    """Return the headers of a refusal."""
    headers = {
        "Content-Type": problems.CONTENT_TYPE,
        "Cache-Control": "no-store",
        "X-Request-Id": request_id,
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Retry-After, X-Request-Id",
    }
    if refusal.status in (429, 503):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return headers


def _response(refusal: Refusal) -> dict[str, Any]:
    headers = {name: f"'{text}'" for name, text in refusal_headers(refusal, "").items()}
    headers["X-Request-Id"] = "context.requestId"
    body = problems.problem(**refusal._asdict(), requestId="$context.requestId")
    return {
        "StatusCode": refusal.status,
        "ResponseParameters": {"Headers": headers},
        # This template is used whatever the client accepts.
        "ResponseTemplates": {"application/json": body},
    }
