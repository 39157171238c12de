import socket
from typing import Any

import pytest

from infra.local.processes import free_port, loopback_addresses, port_objection


class Machine(socket.socket):
    """A machine without the address ::1, or with it; nothing is bound for real."""

    has_ipv6 = True

    def __init__(self, *_: int) -> None:
        super().__init__(socket.AF_INET)

    def bind(self, address: Any) -> None:
        if not self.has_ipv6:
            raise OSError("Cannot assign requested address")


class Forbidden(Machine):
    """A machine that lets nobody have the port."""

    def bind(self, address: Any) -> None:
        raise PermissionError(13, "Permission denied")


class NoFamilySocket(socket.socket):
    """A machine whose kernel does not know IPv6."""

    def __init__(self, family: int) -> None:
        raise OSError("Address family not supported by protocol")


@pytest.mark.parametrize("has_ipv6", [True, False])
def test_addresses_have_that_of_ipv6_when_the_machine_has_it(
    monkeypatch: pytest.MonkeyPatch, has_ipv6: bool
) -> None:
    monkeypatch.setattr(Machine, "has_ipv6", has_ipv6)
    monkeypatch.setattr(socket, "socket", Machine)

    assert loopback_addresses() == ["127.0.0.1", *(["::1"] if has_ipv6 else [])]


def test_addresses_are_those_of_ipv4_when_the_kernel_knows_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "socket", NoFamilySocket)

    assert loopback_addresses() == ["127.0.0.1"]


def test_port_cannot_be_used_when_the_system_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr(socket, "socket", Forbidden)

    assert port_objection(port) == "cannot be used: Permission denied"


def test_port_has_no_objection_when_it_is_free() -> None:
    assert port_objection(free_port()) == ""
