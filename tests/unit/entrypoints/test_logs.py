import io
import json
import logging
from datetime import UTC, datetime

from chalicelib.entrypoints.logs import JsonFormatter


def logged(action: str, **fields: object) -> dict[str, object]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    record = logging.getLogger("test").makeRecord(
        "test", logging.INFO, __file__, 1, action, (), None, extra=fields
    )
    handler.emit(record)
    line: dict[str, object] = json.loads(stream.getvalue())
    return line


def test_log_line_is_the_action_and_its_fields() -> None:
    line = logged("order_submitted", order_id="1", sequence=5)

    at = datetime.fromisoformat(str(line.pop("at")))
    assert line == {
        "level": "INFO",
        "action": "order_submitted",
        "request_id": "",
        "order_id": "1",
        "sequence": 5,
    }
    assert at.utcoffset() == datetime.now(UTC).utcoffset()


def test_log_line_is_json_when_a_field_is_not() -> None:
    line = logged("swept", at_least=datetime(2026, 1, 1, tzinfo=UTC))

    assert line["at_least"] == "2026-01-01 00:00:00+00:00"


def test_log_line_is_one_line_when_there_is_an_exception() -> None:
    record = logging.makeLogRecord({"msg": "request_failed", "levelname": "ERROR"})
    try:
        raise ValueError("unexpected")
    except ValueError as error:
        record.exc_info = (type(error), error, error.__traceback__)

    line = JsonFormatter().format(record)

    assert "\n" not in line
    assert "ValueError: unexpected" in json.loads(line)["exception"]
