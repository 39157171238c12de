import tempfile
from pathlib import Path

from infra.local.stack import LocalStack
from infra.verify.chaos.experiment import parameters, run

SEED = 32
SECONDS = 20
# The queues' own timeouts are for `make chaos`, which has the time to wait for them.
VISIBILITY_SECONDS = {"OrdersQueue": "20", "StatusQueue": "10"}


def shorten_visibility(stack):
    sqs = stack.description.target().clients.client("sqs")
    for queue, seconds in VISIBILITY_SECONDS.items():
        sqs.set_queue_attributes(
            QueueUrl=stack.description.outputs[queue], Attributes={"VisibilityTimeout": seconds}
        )


def test_everything_holds_when_the_stack_was_broken_under_load():
    # Not below pytest's own folder: every run closes that to other users, and PostgreSQL is one.
    with tempfile.TemporaryDirectory(prefix="orders-chaos-") as folder:
        stack = LocalStack(Path(folder), parameters=parameters(SEED))

        experiment = run(
            stack,
            seed=SEED,
            seconds=SECONDS,
            per_second=3,
            follow_seconds=60,
            prepare=shorten_visibility,
        )

    assert experiment.violations == []
    assert experiment.audit is not None
    assert experiment.audit.findings == {}
    assert experiment.faults
    assert len(experiment.load.accepted) >= 10
