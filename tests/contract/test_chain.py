"""What a Chain has to do, whatever is behind it: the simulated one, and one behind a node."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib.adapters.solana.chain import RpcChain
from chalicelib.adapters.solana.json_rpc import JsonRpc
from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.order import SignedTransaction
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.chain import Chain, Landing
from chalicelib.simulation.market import SLOT
from tests.contract.loopback import answering, response
from tests.contract.rpc_node import RpcNode, serving
from tests.swaps import LIFE_BLOCKS, order, routed, signed
from tests.world import ONE_SOL, World

FINAL_BLOCKS = 32


@dataclass(slots=True)
class Case:
    """A chain, the world that it shows, and the node between them, where there is one."""

    chain: Chain
    world: World
    node: RpcNode

    def sent(self, *, limit: int = 1) -> SignedTransaction:
        transaction = signed(self.world, limit=limit, blockhash=self.chain.latest_blockhash())
        self.chain.send([transaction])
        return transaction

    def wait(self, blocks: int) -> None:
        self.world.clock.at += SLOT * blocks

    def landing(self, transaction: SignedTransaction) -> Landing | None:
        return self.chain.statuses([transaction.signature]).landings.get(transaction.signature)


@pytest.fixture(params=["simulated", "node"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with serving(RpcNode(World())) as node:
        world = node.world
        chains: dict[str, Any] = {"simulated": world.chain, "node": RpcChain(JsonRpc(node.url))}
        yield Case(chains[request.param], world, node)


@pytest.fixture
def behind_node() -> Iterator[Case]:
    with serving(RpcNode(World())) as node:
        yield Case(RpcChain(JsonRpc(node.url)), node.world, node)


def test_swap_is_reported_with_what_it_moved_when_it_landed(case: Case) -> None:
    transaction = case.sent()
    expected = routed(case.world).amount_out
    landing_slot = case.world.ledger.entries[transaction.signature].landing_slot

    case.wait(FINAL_BLOCKS)

    assert case.landing(transaction) == Landing(
        slot=landing_slot, amount_in=ONE_SOL, amount_out=expected, error_code=None
    )


def test_swap_is_reported_without_amounts_when_it_failed(case: Case) -> None:
    transaction = case.sent(limit=10**18)

    case.wait(FINAL_BLOCKS)

    landing = case.landing(transaction)
    assert landing is not None
    assert (landing.error_code, landing.refused_by) == ("SLIPPAGE_EXCEEDED", None)
    assert (landing.amount_in, landing.amount_out) == (None, None)


def test_pool_that_refused_is_named_when_the_swap_failed_at_it(case: Case) -> None:
    route = routed(case.world)
    too_much = replace(route.legs[0], amount_in=U64_MAX)
    transaction = case.world.wallet.sign_swap(
        order=order(case.world),
        route=replace(route, legs=(too_much,)),
        limit=1,
        blockhash=case.chain.latest_blockhash(),
    )
    case.chain.send([transaction])

    case.wait(FINAL_BLOCKS)

    landing = case.landing(transaction)
    assert landing is not None
    assert landing.refused_by == too_much.pool_address
    assert landing.error_code not in (None, "SLIPPAGE_EXCEEDED")


def test_each_signature_gets_its_own_landing_when_several_are_asked_for(case: Case) -> None:
    good, bad = signed(case.world), signed(case.world, number=2, limit=10**18)
    case.chain.send([good, bad])
    case.wait(FINAL_BLOCKS)

    landings = case.chain.statuses([good.signature, bad.signature]).landings

    assert landings[good.signature].error_code is None
    assert landings[bad.signature].error_code == "SLIPPAGE_EXCEEDED"


def test_nothing_is_reported_when_nothing_was_sent(case: Case) -> None:
    transaction = signed(case.world)

    assert case.landing(transaction) is None
    assert case.chain.statuses([]).landings == {}


def test_same_bytes_land_once_when_they_are_sent_again(case: Case) -> None:
    transaction = case.sent()
    case.wait(FINAL_BLOCKS)
    first = case.landing(transaction)

    case.chain.send([transaction, transaction])
    case.wait(FINAL_BLOCKS)

    assert case.landing(transaction) == first
    assert len(case.world.ledger.entries) == 1


def test_others_land_when_one_cannot_be_read(case: Case) -> None:
    good = signed(case.world)
    bad = replace(signed(case.world, number=2), wire_bytes=b"none")

    case.chain.send([bad, good])
    case.wait(FINAL_BLOCKS)

    assert case.chain.statuses([bad.signature, good.signature]).landings.keys() == {good.signature}


def test_height_proves_expiry_only_when_the_last_valid_block_is_final(case: Case) -> None:
    transaction = signed(case.world, blockhash=case.chain.latest_blockhash())

    case.wait(LIFE_BLOCKS + FINAL_BLOCKS)
    just_valid = case.chain.statuses([transaction.signature]).finalized_block_height
    case.wait(1)
    expired = case.chain.statuses([transaction.signature]).finalized_block_height

    assert just_valid == transaction.last_valid_block_height
    assert expired > transaction.last_valid_block_height


def test_failure_is_not_reported_when_its_block_is_not_final(behind_node: Case) -> None:
    transaction = behind_node.sent(limit=10**18)
    behind_node.wait(FINAL_BLOCKS - 1)

    answer = behind_node.chain.statuses([transaction.signature])

    assert (answer.landings, answer.finalized_block_height) == ({}, 0)


def test_nothing_counts_as_expired_when_a_landed_transaction_cannot_be_read(
    behind_node: Case,
) -> None:
    transaction = behind_node.sent()
    behind_node.node.forgets_transactions = True
    behind_node.wait(LIFE_BLOCKS + FINAL_BLOCKS + 1)

    answer = behind_node.chain.statuses([transaction.signature])

    assert (answer.landings, answer.finalized_block_height) == ({}, 0)


def test_others_are_reported_when_one_does_not_show_what_it_moved(behind_node: Case) -> None:
    good = behind_node.sent()
    bad = signed(behind_node.world, number=2)
    behind_node.chain.send([bad])
    behind_node.node.hides_balances_of.add(bad.signature)
    behind_node.wait(LIFE_BLOCKS + FINAL_BLOCKS + 1)

    answer = behind_node.chain.statuses([bad.signature, good.signature])

    assert answer.landings.keys() == {good.signature}
    assert answer.finalized_block_height == 0


def test_nothing_counts_as_expired_when_it_lands_between_two_calls(behind_node: Case) -> None:
    transaction = signed(behind_node.world, blockhash=behind_node.chain.latest_blockhash())
    behind_node.wait(LIFE_BLOCKS)

    def land_late(method: str) -> None:
        # It lands at the last moment, and time goes on before the second call is answered.
        if method == "getSignatureStatuses":
            behind_node.world.chain.send([transaction])
            behind_node.wait(FINAL_BLOCKS + 1)

    behind_node.node.before = land_late
    answer = behind_node.chain.statuses([transaction.signature])

    assert answer.landings.keys() == {transaction.signature}
    assert answer.finalized_block_height <= transaction.last_valid_block_height


def test_answer_is_refused_when_the_node_is_behind_the_finalized_block(behind_node: Case) -> None:
    behind_node.node.lag_slots = FINAL_BLOCKS + 1

    with pytest.raises(UnavailableError, match="behind"):
        behind_node.chain.statuses([signed(behind_node.world).signature])


def test_chain_is_unavailable_when_no_node_listens() -> None:
    chain = RpcChain(JsonRpc("http://127.0.0.1:9"))

    with pytest.raises(UnavailableError):
        chain.latest_blockhash()
    with pytest.raises(UnavailableError):
        chain.send([signed(World())])
    with pytest.raises(UnavailableError):
        chain.statuses([])


@pytest.mark.parametrize("result", ["null", "7", "[]", "{}", '{"value": [], "context": {}}'])
def test_chain_is_unavailable_when_results_are_of_another_form(result: str) -> None:
    nonsense = response(b'[{"jsonrpc": "2.0", "id": 0, "result": %s}]' % result.encode())

    with answering(lambda _: nonsense) as url:
        chain = RpcChain(JsonRpc(url))
        with pytest.raises(UnavailableError, match="cannot be read"):
            chain.latest_blockhash()
        with pytest.raises(UnavailableError, match="cannot be read"):
            chain.statuses([])
