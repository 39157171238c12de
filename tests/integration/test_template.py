"""What the deployed template must not lose."""

import json
import re
from dataclasses import MISSING, fields
from typing import Any

import pytest

from chalicelib.entrypoints.metrics import METRICS
from chalicelib.settings import Settings
from infra.deploy.gateway import ANY_METHOD
from infra.deploy.package import Artifact
from infra.deploy.template import Template, require_partial_batches
from infra.errors import DeploymentError
from infra.verify.translated import TEMPLATE_BYTES_MAX
from infra.verify.translated import translated as translate

QUEUES = {
    "OrdersQueue": "Execute",
    "OrdersDeadLetterQueue": "Rescue",
    "StatusQueue": "Publish",
}
DEAD_LETTER_QUEUES = {
    "OrdersQueue": "OrdersDeadLetterQueue",
    "OrdersDeadLetterQueue": "OrdersUnresolvedQueue",
    "StatusQueue": "StatusDeadLetterQueue",
}
# Nobody polls these: what ends here waits for people.
FINAL_QUEUES = ("OrdersUnresolvedQueue", "StatusDeadLetterQueue")
# Whoever asks this function hears that it failed.
ASKED_BY_HAND = "Operate"
LAMBDA_TIMES_VISIBILITY = 6
GATEWAY_SECONDS = 29


@pytest.fixture
def deployed(artifact: Artifact) -> Template:
    return artifact.template


def properties(template: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def names_of(template: Template, kind: str) -> list[str]:
    return [name for name, r in template["Resources"].items() if r["Type"] == kind]


def mappings_of(template: Template, function: str) -> list[dict[str, Any]]:
    events = properties(template, function).get("Events", {}).values()
    return [event["Properties"] for event in events if event["Type"] == "SQS"]


def number(template: Template, value: int | dict[str, str]) -> int:
    """The number, or the default of the numeric parameter that stands for it."""
    if isinstance(value, int):
        return value
    parameter = template["Parameters"][value["Ref"]]
    assert parameter["Type"] == "Number"
    return int(parameter["Default"])


def test_only_these_queues_are_polled_when_deployed(deployed: Template) -> None:
    functions = names_of(deployed, "AWS::Serverless::Function")

    polled = {
        mapping["Queue"]["Fn::Sub"]: function
        for function in functions
        for mapping in mappings_of(deployed, function)
    }

    assert polled == {f"${{{queue}.Arn}}": function for queue, function in QUEUES.items()}


@pytest.mark.parametrize("function", QUEUES.values())
def test_mapping_reports_partial_batches_when_deployed(deployed: Template, function: str) -> None:
    [mapping] = mappings_of(deployed, function)

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10


@pytest.mark.parametrize("function", QUEUES.values())
def test_mapping_limits_concurrency_when_deployed(deployed: Template, function: str) -> None:
    [mapping] = mappings_of(deployed, function)

    most = number(deployed, mapping["ScalingConfig"]["MaximumConcurrency"])

    assert 2 <= most <= 1000


@pytest.mark.parametrize(("queue", "dead_letter_queue"), DEAD_LETTER_QUEUES.items())
def test_queue_sends_poison_to_its_dead_letter_queue_when_deployed(
    deployed: Template, queue: str, dead_letter_queue: str
) -> None:
    policy = properties(deployed, queue)["RedrivePolicy"]
    target = properties(deployed, dead_letter_queue)

    assert policy["deadLetterTargetArn"] == {"Fn::GetAtt": [dead_letter_queue, "Arn"]}
    assert 3 <= policy["maxReceiveCount"] <= 10
    assert target["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("queue", FINAL_QUEUES)
def test_nothing_leaves_a_final_queue_when_deployed(deployed: Template, queue: str) -> None:
    assert "RedrivePolicy" not in properties(deployed, queue)
    assert queue not in QUEUES


@pytest.mark.parametrize(("queue", "function"), QUEUES.items())
def test_queue_hides_messages_long_enough_when_function_is_slow(
    deployed: Template, queue: str, function: str
) -> None:
    timeout_seconds = properties(deployed, function)["Timeout"]

    visibility_seconds = properties(deployed, queue)["VisibilityTimeout"]

    assert visibility_seconds >= LAMBDA_TIMES_VISIBILITY * timeout_seconds


def test_every_queue_is_encrypted_when_deployed(deployed: Template) -> None:
    queues = names_of(deployed, "AWS::SQS::Queue")

    assert {*QUEUES, *DEAD_LETTER_QUEUES.values()} <= {*queues}
    assert all(properties(deployed, queue)["SqsManagedSseEnabled"] for queue in queues)


@pytest.mark.parametrize("queue", ["StatusQueue", "StatusDeadLetterQueue"])
def test_status_queue_orders_each_order_by_itself_when_deployed(
    deployed: Template, queue: str
) -> None:
    found = properties(deployed, queue)

    assert found["FifoQueue"] is True
    assert found["DeduplicationScope"] == "messageGroup"
    assert found["FifoThroughputLimit"] == "perMessageGroupId"
    # The sender names what is the same; two events of one content are two events.
    assert not found.get("ContentBasedDeduplication", False)


@pytest.mark.parametrize("queue", ["OrdersQueue", "OrdersDeadLetterQueue"])
def test_order_queue_is_not_slowed_by_order_when_deployed(deployed: Template, queue: str) -> None:
    assert "FifoQueue" not in properties(deployed, queue)


def alarms_of(template: Template, metric: str) -> list[dict[str, Any]]:
    alarms = [properties(template, name) for name in names_of(template, "AWS::CloudWatch::Alarm")]
    return [alarm for alarm in alarms if alarm["MetricName"] == metric]


def dimensions_of(alarm: dict[str, Any]) -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in alarm["Dimensions"]}


def test_every_alarm_tells_somebody_when_there_is_a_topic(deployed: Template) -> None:
    action = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    for name in names_of(deployed, "AWS::CloudWatch::Alarm"):
        alarm = properties(deployed, name)
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (action, action), name


def test_alarm_watches_every_dead_letter_queue_when_deployed(deployed: Template) -> None:
    watched = alarms_of(deployed, "ApproximateNumberOfMessagesVisible")

    queues = [dimensions_of(alarm)["QueueName"] for alarm in watched]
    assert sorted(queues, key=str) == sorted(
        ({"Fn::GetAtt": [queue, "QueueName"]} for queue in DEAD_LETTER_QUEUES.values()), key=str
    )
    assert {alarm["Threshold"] for alarm in watched} == {1}


def test_alarm_watches_the_age_of_both_queues_when_deployed(deployed: Template) -> None:
    watched = alarms_of(deployed, "ApproximateAgeOfOldestMessage")

    assert [dimensions_of(alarm)["QueueName"]["Fn::GetAtt"][0] for alarm in watched] == [
        "OrdersQueue",
        "StatusQueue",
    ]


def test_alarm_watches_every_function_when_deployed(deployed: Template) -> None:
    watched = [dimensions_of(alarm)["FunctionName"] for alarm in alarms_of(deployed, "Errors")]

    functions = {*names_of(deployed, "AWS::Serverless::Function")} - {ASKED_BY_HAND}
    assert sorted(each["Ref"] for each in watched) == sorted(functions)
    assert len(alarms_of(deployed, "Throttles")) == 1


def test_alarm_watches_both_apis_when_deployed(deployed: Template) -> None:
    [http] = alarms_of(deployed, "5XXError")
    websocket = [*alarms_of(deployed, "IntegrationError"), *alarms_of(deployed, "ExecutionError")]

    # All APIs of an account that have the same name have one metric.
    title = properties(deployed, "RestAPI")["DefinitionBody"]["info"]["title"]
    assert dimensions_of(http) == {"ApiName": title, "Stage": "live"}
    assert title == {"Ref": "AWS::StackName"}
    assert [dimensions_of(alarm)["ApiId"]["Ref"] for alarm in websocket] == ["WebsocketAPI"] * 2


@pytest.mark.parametrize(("metric", "line"), [("Sweeps", "swept"), ("Watches", "watch_ended")])
def test_alarm_tells_when_a_schedule_does_nothing_any_more(
    deployed: Template, metric: str, line: str
) -> None:
    [alarm] = alarms_of(deployed, metric)

    assert [each.name for each in METRICS[line]] == [metric]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    # Nothing is what there is when it does not run at all.
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Period"] == 300


def test_dashboard_shows_what_is_there_when_deployed(deployed: Template) -> None:
    body = properties(deployed, "Dashboard")["DashboardBody"]["Fn::Sub"]
    named = re.findall(r"\$\{(\w+)[.}]", body)

    assert {*named} <= {*deployed["Resources"]}
    own = {m[1] for w in json.loads(body)["widgets"] for m in w["properties"]["metrics"]}
    own -= {"Errors", "ConcurrentExecutions", "ApproximateAgeOfOldestMessage"}
    assert own <= {each.name for metrics in METRICS.values() for each in metrics}
    assert {"OrdersAccepted", "TimeToConfirmed", "PushFailures"} <= own


def test_apis_log_each_request_as_json_when_a_parameter_says_so(deployed: Template) -> None:
    rest = properties(deployed, "RestAPI")["AccessLogSetting"]["Fn::If"]
    websocket = properties(deployed, "WebsocketAPIStage")["AccessLogSettings"]["Fn::If"]

    for condition, setting, nothing in (rest, websocket):
        fields = json.loads(setting["Format"])
        assert (condition, nothing) == ("LogsAccess", {"Ref": "AWS::NoValue"})
        assert {"requestId", "status", "at", "ip"} <= fields.keys()
        # A ticket stands in the query.
        assert "query" not in setting["Format"].lower()


def test_functions_are_traced_when_a_parameter_says_so(translated: Template) -> None:
    functions = names_of(translated, "AWS::Lambda::Function")

    modes = {properties(translated, f)["TracingConfig"]["Mode"] for f in functions}

    assert modes == {translated["Parameters"]["Tracing"]["Default"]} == {"PassThrough"}
    assert properties(translated, "RestAPIliveStage")["TracingEnabled"]["Fn::If"][0] == "Traces"


def test_table_expires_its_items_when_deployed(deployed: Template) -> None:
    [table] = names_of(deployed, "AWS::DynamoDB::Table")

    found = properties(deployed, table)

    assert found["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert found["BillingMode"] == "PAY_PER_REQUEST"


def test_every_function_logs_where_logs_expire_when_deployed(deployed: Template) -> None:
    functions = names_of(deployed, "AWS::Serverless::Function")

    groups = [properties(deployed, name)["LoggingConfig"]["LogGroup"]["Ref"] for name in functions]

    others = {"RestAccessLogGroup", "WebsocketAccessLogGroup"}
    assert {*groups, *others} == set(names_of(deployed, "AWS::Logs::LogGroup"))
    assert len(set(groups)) == len(functions)
    for group in (*groups, *others):
        found = properties(deployed, group)
        assert number(deployed, found["RetentionInDays"]) > 0
        # No function's name: the group is there before the function, and goes after it.
        assert "${AWS::StackName}-" in found["LogGroupName"]["Fn::Sub"]


def test_functions_that_call_each_other_in_turn_may_go_on_when_deployed(
    deployed: Template,
) -> None:
    allowed = {
        name
        for name in names_of(deployed, "AWS::Serverless::Function")
        if properties(deployed, name).get("RecursiveLoop") == "Allow"
    }

    # Lambda ends a chain after sixteen; an order that waits is handed back more often, a watcher
    # queues orders, and a worker starts a watcher.
    assert allowed == {"Execute", "Rescue", "Watch"}


@pytest.mark.parametrize("function", ["APIHandler", "WebsocketConnect", "WebsocketMessage"])
def test_function_ends_before_api_gateway_gives_it_up_when_deployed(
    deployed: Template, function: str
) -> None:
    assert properties(deployed, function)["Timeout"] < GATEWAY_SECONDS


def test_copies_are_kept_for_requests_when_a_parameter_says_so(deployed: Template) -> None:
    reserved = properties(deployed, "APIHandler")["ReservedConcurrentExecutions"]

    assert reserved == {
        "Fn::If": [
            "KeepsRequestConcurrency",
            {"Ref": "RequestConcurrency"},
            {"Ref": "AWS::NoValue"},
        ]
    }
    assert deployed["Parameters"]["RequestConcurrency"]["Default"] == 0


def test_websocket_stage_deploys_by_itself_when_deployed(deployed: Template) -> None:
    stage = properties(deployed, "WebsocketAPIStage")

    assert stage["AutoDeploy"] is True
    assert "DeploymentId" not in stage
    assert "WebsocketAPIDeployment" not in deployed["Resources"]
    assert names_of(deployed, "AWS::ApiGatewayV2::Deployment") == []


def test_environment_holds_no_secret_when_deployed(deployed: Template) -> None:
    secrets = {
        name.upper()
        for name, annotation in Settings.__annotations__.items()
        if "Secret" in str(annotation)
    }
    environments = [deployed["Globals"]["Function"]["Environment"]["Variables"]]
    for function in names_of(deployed, "AWS::Serverless::Function"):
        own = properties(deployed, function).get("Environment", {})
        environments.append(own.get("Variables", {}))

    variables = {name: value for variables in environments for name, value in variables.items()}

    assert {"DATABASE_URL", "WALLET_SECRET_KEY"} <= secrets
    assert secrets.isdisjoint(variables)
    assert variables["SETTINGS_SECRET_ID"] == {"Ref": "SettingsSecretArn"}
    assert [name for name, value in variables.items() if isinstance(value, str)] == []


def test_settings_are_complete_when_secret_and_environment_meet(deployed: Template) -> None:
    variables = deployed["Globals"]["Function"]["Environment"]["Variables"]
    required = {
        f.name for f in fields(Settings) if f.default is MISSING and f.default_factory is MISSING
    }

    missing = required - {name.lower() for name in variables}

    assert missing == {"database_url"}


def test_function_answers_every_method_when_deployed(deployed: Template) -> None:
    paths = properties(deployed, "RestAPI")["DefinitionBody"]["paths"]

    assert "/api/orders/execute" in paths
    assert all(ANY_METHOD in operations for operations in paths.values())


@pytest.fixture(scope="session")
def translated(artifact: Artifact) -> Template:
    """What CloudFormation makes of it."""
    return translate(artifact.template)


def test_template_is_small_enough_when_deployed(deployed: Template, translated: Template) -> None:
    sizes = [len(json.dumps(each, separators=(",", ":"))) for each in (deployed, translated)]

    assert max(sizes) < TEMPLATE_BYTES_MAX / 5


def test_each_api_has_one_stage_when_deployed(translated: Template) -> None:
    # A deployment that names a stage makes that one, too, and without its limits.
    named = [
        properties(translated, name).get("StageName")
        for kind in ("Stage", "Deployment")
        for version in ("", "V2")
        for name in names_of(translated, f"AWS::ApiGateway{version}::{kind}")
    ]

    assert named == ["live", "live", None]


def test_keys_are_required_when_nobody_said_otherwise(deployed: Template) -> None:
    assert deployed["Parameters"]["AuthMode"]["Default"] == "api_key"


def mapping(kind: str, **properties: object) -> Template:
    event = {"Type": kind, "Properties": properties}
    return {
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Good": {"Properties": {"Events": {}}},
            "Worker": {"Properties": {"Events": {"Source": event}}},
        }
    }


@pytest.mark.parametrize(
    "template",
    [
        pytest.param(mapping("SQS"), id="not said"),
        pytest.param(mapping("SQS", FunctionResponseTypes=[]), id="nothing"),
        pytest.param(mapping("SQS", FunctionResponseTypes=["Other"]), id="something else"),
    ],
)
def test_packaging_is_refused_when_a_mapping_would_lose_failed_messages(template: Template) -> None:
    with pytest.raises(DeploymentError, match="Worker"):
        require_partial_batches(template)


@pytest.mark.parametrize(
    "template",
    [
        pytest.param(mapping("SQS", FunctionResponseTypes=["ReportBatchItemFailures"]), id="flag"),
        pytest.param(mapping("Schedule"), id="no queue"),
        pytest.param({"Resources": {}}, id="no resources"),
    ],
)
def test_packaging_goes_on_when_no_mapping_would_lose_failed_messages(template: Template) -> None:
    before = json.dumps(template)

    require_partial_batches(template)

    assert json.dumps(template) == before


def test_emulator_reads_no_frame_when_every_frame_takes_the_same_route(deployed: Template) -> None:
    # An emulator that does breaks the connection at deep JSON, which API Gateway hands on.
    expression = properties(deployed, "WebsocketAPI")["RouteSelectionExpression"]

    assert expression == {"Fn::If": ["HasWebsocketDataPlane", "$default", "$request.body.action"]}


def test_stages_limit_how_many_requests_come_in_when_deployed(deployed: Template) -> None:
    limits = {
        "ThrottlingRateLimit": {"Ref": "RequestsPerSecond"},
        "ThrottlingBurstLimit": {"Ref": "RequestsBurst"},
    }

    [every_method] = properties(deployed, "RestAPI")["MethodSettings"]
    every_frame = properties(deployed, "WebsocketAPIStage")["DefaultRouteSettings"]

    assert every_method == {"ResourcePath": "/*", "HttpMethod": "*"} | limits
    assert every_frame == limits
