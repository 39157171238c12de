"""Why no pool is made of accounts: each says which account and what is wrong with it.

PoolRefusedError
├── MissingAccountError
├── WrongAccountError
├── UnsupportedPoolError
├── ClosedPoolError
└── InconsistentPoolError
"""


class PoolRefusedError(Exception):
    """The accounts give no pool that can be quoted."""

    def __init__(self, address: str, reason: str) -> None:
        """`address` is the account at fault."""
        self.address = address
        self.reason = reason
        super().__init__(f"{address}: {reason}")


class MissingAccountError(PoolRefusedError):
    """An account was not read, or does not exist."""


class WrongAccountError(PoolRefusedError):
    """An account is of another program, kind or size than the pool needs."""


class UnsupportedPoolError(PoolRefusedError):
    """The pool, or a mint of it, has a rule that the curves do not know."""


class ClosedPoolError(PoolRefusedError):
    """The pool does not swap: it is switched off, or not open yet, or a vault is frozen."""


class InconsistentPoolError(PoolRefusedError):
    """The accounts contradict each other: they were read at different moments."""
