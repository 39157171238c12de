"""The functions of a running stack: their deployed names, and the processes that run them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil

from infra.local.description import Description


def function_names(description: Description) -> dict[str, str]:
    """Return the deployed name of each function by its name in the template."""
    functions = description.client("lambda").list_functions()["Functions"]
    return {template_name(f["FunctionName"]): f["FunctionName"] for f in functions}


def log_group(function: str) -> str:
    """Return where a function of the local stage logs, by its name in the template."""
    return f"/aws/lambda/orders-local-{function}"


def function_processes(process_ids: Iterable[int]) -> Iterator[tuple[str, psutil.Process]]:
    """Yield each process below these that runs a function, with the function's name in the
    template."""
    for process in processes_below(process_ids):
        try:
            name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
        except psutil.Error:
            continue
        if name:
            yield template_name(name), process


def processes_below(process_ids: Iterable[int]) -> Iterator[psutil.Process]:
    """Yield the processes that these have started, and those that they have started in turn."""
    for process_id in process_ids:
        with suppress(psutil.NoSuchProcess):
            yield from psutil.Process(process_id).children(recursive=True)


def template_name(function_name: str) -> str:
    """Return the part between the stack's name, `orders-<stage>`, and CloudFormation's suffix."""
    return function_name.split("-")[2]
