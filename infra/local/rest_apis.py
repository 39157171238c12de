"""What the emulator does not know of REST APIs: the method ANY and the gateway's own answers in a
definition, and that an API stays what it is when another definition is put in its place."""

from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

from infra.deploy.gateway import ANY_METHOD

_REST_API = "AWS::ApiGateway::RestApi"
# What an API has of its definition; its stages and deployments are resources of their own.
_DEFINED = ("_resources", "_gateway_responses", "_authorizers_v1", "_models")
_update_rest_api = provisioners._apigw_rest_api_update
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


def update_rest_api(
    api_id: str,
    before: dict[str, Any],
    properties: dict[str, Any],
    stack_name: str,
    logical_id: str | None = None,
) -> tuple[str, dict[str, Any]]:
    """Bring an API of a stack to other properties. It keeps its id when its definition changes, and
    who calls it meanwhile is answered by the one or the other."""
    if properties.get("Body") == before.get("Body"):
        found: tuple[str, dict[str, Any]] = _update_rest_api(
            api_id, before, properties, stack_name, logical_id
        )
        return found
    made, _ = provisioners._apigw_rest_api_create(logical_id or api_id, properties, stack_name)
    for name in _DEFINED:
        table = getattr(apigateway_v1, name)
        table[api_id] = table.get(made, {})
    apigateway_v1._rest_apis[api_id] = {**apigateway_v1._rest_apis[made], "id": api_id}
    apigateway_v1._delete_rest_api(made)
    return api_id, provisioners._apigw_rest_api_attrs(api_id)


#: What stands in the place of what, and which methods the emulator then knows.
PATCHES = {
    "ministack.services.apigateway_v1._import_path_item": import_path_item,
    "ministack.services.apigateway_v1._import_rest_api": import_rest_api,
    "ministack.services.apigateway_v1._OPENAPI_HTTP_METHODS": {
        *apigateway_v1._OPENAPI_HTTP_METHODS,
        "any",
    },
    "ministack.services.cloudformation.provisioners._RESOURCE_HANDLERS": {
        **provisioners._RESOURCE_HANDLERS,
        _REST_API: {**provisioners._RESOURCE_HANDLERS[_REST_API], "update": update_rest_api},
    },
}
