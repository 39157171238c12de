"""The template as CloudFormation sees it: SAM's transform carried out here."""

import json
import os
from typing import Any

from samtranslator.translator.transform import transform

from infra.deploy.clients import LOCAL_REGION
from infra.deploy.template import Template

#: What a template at a TemplateURL may have, before and after its translation.
TEMPLATE_BYTES_MAX = 1_000_000
_ANYWHERE = "s3://bucket/code.zip"


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        """Return nothing: every role has policies of its own."""
        return {}


def translated(template: Template) -> Template:
    """Return a packaged template as it is after SAM's transform, with the code somewhere."""
    given: Template = json.loads(json.dumps(template))
    for resource in given["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = _ANYWHERE
    # It asks for one, and writes it nowhere.
    os.environ.setdefault("AWS_DEFAULT_REGION", LOCAL_REGION)
    result: Any = transform(given, {}, _NoManagedPolicies())
    # A plain copy: some objects stand in several places.
    plain: Template = json.loads(json.dumps(result))
    return plain
