"""What every HTTP answer has in common: JSON, problem documents, one log line a request."""

import json
import logging
import math
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any

from chalice.app import Request, Response

from chalicelib.domain.errors import CodedError
from chalicelib.domain.pools.rejections import TooLargeError
from chalicelib.engine.errors import (
    HaltedError,
    RateLimitedError,
    StateError,
    UnauthorizedError,
)
from chalicelib.entrypoints import logs, problems
from chalicelib.entrypoints.errors import UnsupportedMediaTypeError
from chalicelib.entrypoints.http.cors import cors_headers
from chalicelib.entrypoints.wire.events import fillable_document

log = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = "1"


def endpoint(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Turn whatever a handler raises into a problem document."""

    @wraps(handler)
    def answered(*args: Any, **kwargs: Any) -> Response:
        try:
            return handler(*args, **kwargs)
        except CodedError as error:
            return _problem_of(error)
        except Exception:
            log.exception("request_failed")
            return _problem(
                500, "INTERNAL", "an unexpected error; find it in the logs by its requestId"
            )

    return answered


def observe(
    request: Request, get_response: Callable[[Request], Response], origins: Collection[str]
) -> Response:
    """Log each request in one line, name it to the client, and let pages of these origins read the
    answer. Compressed bodies are refused, and Chalice's own refusals (405, say) put into the
    common form."""
    if request.raw_body and _is_compressed(request):
        response = _problem_of(UnsupportedMediaTypeError())
    else:
        response = _in_common_form(get_response(request))
    origin = str(request.headers.get("origin", ""))
    methods = str(response.headers.get("Allow", "")) if request.method == "OPTIONS" else ""
    response.headers |= cors_headers(origin, origins, preflight_methods=methods)
    request_id = logs.request_id()
    if response.headers.get("Content-Type") == problems.CONTENT_TYPE:
        response.body = problems.with_request_id(response.body, request_id)
    response.headers["X-Request-Id"] = request_id
    log.info(
        "http",
        extra={
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "duration_ms": logs.elapsed_ms(),
        },
    )
    return response


def _in_common_form(response: Response) -> Response:
    body = response.body
    if response.status_code < 400 or not (isinstance(body, Mapping) and "Code" in body):
        return response
    allowed = response.headers.get("Allow")
    code = "METHOD_NOT_ALLOWED" if allowed else "INTERNAL"
    detail = f"this path allows only {allowed}" if allowed else str(body.get("Message", ""))
    refusal = _problem(response.status_code, code, detail)
    refusal.headers |= {k: v for k, v in response.headers.items() if k.lower() != "content-type"}
    return refusal


def _is_compressed(request: Request) -> bool:
    codings = str(request.headers.get("content-encoding", "")).lower().split(",")
    return any(coding.strip() not in ("", "identity") for coding in codings)


def json_body(request: Request) -> bytes:
    """Return the body's bytes. Raises UnsupportedMediaTypeError unless it is sent as JSON."""
    content_type = str(request.headers.get("content-type", ""))
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaTypeError
    body = request.raw_body
    return body if isinstance(body, bytes) else body.encode()


def base_url(request: Request, public_base_url: str) -> str:
    """Return what a link of this API begins with: the path of the stage, where no URL is known."""
    return public_base_url or str(request.context["path"]).removesuffix(request.path)


def query(request: Request) -> dict[str, str]:
    """Return the query's parameters."""
    return dict(request.query_params or {})


def json_answer(document: Mapping[str, Any], *, status: int = 200, **headers: str) -> Response:
    """Answer with a JSON document that nobody may cache."""
    return Response(
        body=json.dumps(document),
        status_code=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store", **headers},
    )


def _problem_of(error: CodedError) -> Response:
    status = problems.http_status(error)
    if status >= 500:
        log.error("request_failed", extra={"code": error.code, "reason": error.detail})
    is_hidden = status == 503 and not isinstance(error, HaltedError)
    detail = "try again in a moment" if is_hidden else error.detail
    answer = _problem(status, error.code, detail, **_fillable(error), **_order(error))
    if isinstance(error, RateLimitedError):
        seconds = math.ceil(error.retry_after.total_seconds())
        answer.headers |= {"Retry-After": str(seconds), "RateLimit": f'"orders";r=0;t={seconds}'}
    if isinstance(error, UnauthorizedError):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _fillable(error: CodedError) -> Mapping[str, str]:
    if not isinstance(error, TooLargeError):
        return {}
    return fillable_document(
        error.pair, amount_in_max=error.amount_in_max, amount_out_max=error.amount_out_max
    )


def _order(error: CodedError) -> Mapping[str, Any]:
    if not isinstance(error, StateError) or error.order is None:
        return {}
    # Every function loads this file, and only this answer shows an order.
    from chalicelib.entrypoints.wire.documents import accepted_document

    return {"order": accepted_document(error.order)}


def _problem(status: int, code: str, detail: str, **more: Any) -> Response:
    headers: dict[str, str | list[str]] = {
        "Content-Type": problems.CONTENT_TYPE,
        "Cache-Control": "no-store",
    }
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return Response(
        body=problems.problem(status=status, code=code, detail=detail, **more),
        status_code=status,
        headers=headers,
    )
