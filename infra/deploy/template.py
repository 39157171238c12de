"""The CloudFormation template: what has to be corrected in it, and what it must not lack."""

from typing import Any

from infra.deploy.errors import DeploymentError

Template = dict[str, Any]


def let_websocket_stage_deploy_itself(template: Template) -> None:
    """Remove the WebSocket API's Deployment, which emulators do not know.

    The stage deploys automatically, so it needs none.
    """
    template["Resources"].pop("WebsocketAPIDeployment")
    template["Resources"]["WebsocketAPIStage"]["Properties"].pop("DeploymentId")


def require_partial_batches(template: Template) -> None:
    """Raise DeploymentError unless every queue's consumer reports the messages that it failed.

    Without that flag Lambda deletes the failed messages of a batch with the others.
    """
    for name, resource in template["Resources"].items():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            flags = event["Properties"].get("FunctionResponseTypes", [])
            if event["Type"] == "SQS" and "ReportBatchItemFailures" not in flags:
                raise DeploymentError(f"{name} would lose failed messages: no partial batches")
