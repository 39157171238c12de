"""What the local stack does to the machine it runs on."""

import ipaddress

import psutil

from infra.local.functions import processes_below


def listening(processes):
    """The addresses on which these accept connections, or receive datagrams."""
    sockets = [each for process in processes for each in process.net_connections(kind="inet")]
    return [each.laddr.ip for each in sockets if each.laddr and not each.raddr]


def test_stack_listens_on_loopback_alone_when_it_is_up(stack):
    roots = stack.process_ids()

    found = listening([*map(psutil.Process, roots), *processes_below(roots)])

    assert len(found) >= 3
    assert [ip for ip in found if not ipaddress.ip_address(ip).is_loopback] == []
