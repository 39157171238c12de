"""`make destroy`: remove a stage from AWS."""

from rich.console import Console

from infra.arguments import OneLineArgumentParser
from infra.deploy.change_sets import delete_stack, describe_stack, outputs_of
from infra.deploy.confirm import confirm
from infra.deploy.database import database_target, has_database
from infra.deploy.progress import Progress
from infra.deploy.target import Target
from infra.errors import DeploymentError
from infra.local.commands import command
from infra.stages import LOCAL, stage_name, target_of


def main() -> None:
    """Delete a stage's stacks. Its secrets and the code in the bucket stay, and of a database of
    its own a snapshot."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--stage", type=stage_name, required=True)
    arguments = parser.parse_args()
    with command():
        if arguments.stage == LOCAL:
            raise DeploymentError("`make dev` ends with Ctrl-C; `make clean` deletes its data")
        destroy(target_of(arguments.stage), Progress(Console(stderr=True, highlight=False)))


def destroy(target: Target, progress: Progress) -> None:
    """Delete the stage's stacks, when somebody confirms it with the stage's name. Raises
    DeploymentError."""
    has_own = has_database(target)
    if describe_stack(target) is None and not has_own:
        raise DeploymentError(f"there is no stack {target.stack_name}")
    also = " and its database, of which a snapshot stays," if has_own else ""
    intention = f"delete {target.stack_name}{also} with all messages and logs"
    confirm(intention, is_given=False, word=target.stage)
    with progress.step("functions"):
        delete_stack(target, progress.report)
    if has_own:
        with progress.step("database"):
            _delete_database(database_target(target), progress)


def _delete_database(of: Target, progress: Progress) -> None:
    database_id = outputs_of(describe_stack(of)).get("DatabaseId")
    if database_id:
        of.clients.client("rds").modify_db_instance(
            DBInstanceIdentifier=database_id, DeletionProtection=False, ApplyImmediately=True
        )
    delete_stack(of, progress.report)


if __name__ == "__main__":
    main()
