"""The methods of every route: HEAD wherever GET is, whose body each server leaves out by itself,
and OPTIONS, which a browser asks before a page of another origin may call."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from chalice.app import Response

from chalicelib.entrypoints.http.header_lines import HeaderLinesChalice

View = Callable[..., Response]


class MethodsChalice(HeaderLinesChalice):
    """Chalice, whose routes serve HEAD and OPTIONS, and look at the content type themselves."""

    def route(self, path: str, **options: Any) -> Callable[[View], View]:
        """Register a view for the path and its `methods`, GET alone if none are named."""
        methods = options.get("methods", ["GET"])
        served = [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]
        register = super().route(path, **options | {"methods": served, "content_types": []})

        def decorate(view: View) -> View:
            @wraps(view)
            def answer(*args: Any, **kwargs: Any) -> Response:
                if self.current_request and self.current_request.method == "OPTIONS":
                    return Response(body="", status_code=204, headers={"Allow": ", ".join(served)})
                return view(*args, **kwargs)

            registered: View = register(answer)
            return registered

        return decorate
