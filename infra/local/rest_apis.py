"""Two parts of a REST API's definition that the emulator does not import: the method ANY, and the
gateway's own answers."""

from typing import Any

from ministack.services import apigateway_v1

from infra.deploy.gateway import ANY_METHOD

_import_path_item = apigateway_v1._import_path_item
_import_rest_api = apigateway_v1._import_rest_api


def import_path_item(api_id: str, path: str, operations: dict[str, Any], *security: object) -> None:
    """Import the operations of a path, ANY included."""
    named = {"any" if name == ANY_METHOD else name: body for name, body in operations.items()}
    _import_path_item(api_id, path, named, *security)


def import_rest_api(definition: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
    """Import an API, its gateway responses included."""
    api_id: str = _import_rest_api(definition, base_data)
    responses = definition.get("x-amazon-apigateway-gateway-responses", {})
    for response_type, response in responses.items():
        apigateway_v1._put_gateway_response(api_id, response_type, response)
    return api_id


#: What stands in the place of what, and which methods the emulator then knows.
PATCHES = {
    "ministack.services.apigateway_v1._import_path_item": import_path_item,
    "ministack.services.apigateway_v1._import_rest_api": import_rest_api,
    "ministack.services.apigateway_v1._OPENAPI_HTTP_METHODS": {
        *apigateway_v1._OPENAPI_HTTP_METHODS,
        "any",
    },
}
