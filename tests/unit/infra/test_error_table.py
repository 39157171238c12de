import pytest

from chalicelib.domain.errors import NoRouteError, OrderError, UnknownPairError
from chalicelib.domain.pools.rejections import ZeroOutputError
from infra.generate.error_table import PAGE, table, with_table


def test_page_has_the_table_of_today_when_read() -> None:
    page = PAGE.read_text()

    assert with_table(page) == page, "python -m infra.generate.error_table"


def test_table_names_a_code_once_when_written() -> None:
    codes = [line.split("|")[1].strip() for line in table().splitlines()[2:]]

    assert len(codes) == len(set(codes))
    assert {"`SAME_TOKEN`", "`METHOD_NOT_ALLOWED`", "`INTERNAL`", "`SLIPPAGE_EXCEEDED`"} <= {*codes}


def test_every_code_has_a_place_and_a_meaning_when_written() -> None:
    rows = [line.strip("| ").split(" | ") for line in table().splitlines()[2:]]

    assert all(len(row) == 4 and all(row) for row in rows)


@pytest.mark.parametrize("kind", [NoRouteError, UnknownPairError, ZeroOutputError])
def test_code_of_a_quote_is_that_of_an_order_too_when_both_meet_it(kind: type[OrderError]) -> None:
    rows = [line.strip("| ").split(" | ") for line in table().splitlines()[2:]]

    [where] = [where for code, where, *_ in rows if code == f"`{kind.code}`"]
    assert where == "422, order"
