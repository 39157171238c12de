"""Which pages may call (CORS): those of AllowedOrigins, which may follow over the WebSocket, too.

No answer depends on a cookie, so a page learns no more than any other program does.
"""

from collections.abc import Collection, Mapping

ANY = "*"
_SENT = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"
_SHOWN = (
    "Allow, ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, "
    "WWW-Authenticate, X-Request-Id"
)
_PREFLIGHT_SECONDS = 600


def cors_headers(
    origin: str, origins: Collection[str], *, preflight_methods: str = ""
) -> Mapping[str, str]:
    """Return what lets a page of `origin` read an answer, if it is one of `origins`; none are any.

    `preflight_methods` is what the page may call, if that is what its browser asks.
    """
    # A cache must not hand one page the answer to another.
    vary = {"Vary": "Origin"} if origins else {}
    if origins and origin not in origins:
        return vary
    headers = {**vary, "Access-Control-Allow-Origin": origin if origins else ANY}
    if not preflight_methods:
        return {**headers, "Access-Control-Expose-Headers": _SHOWN}
    return {
        **headers,
        "Access-Control-Allow-Methods": preflight_methods,
        "Access-Control-Allow-Headers": _SENT,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
