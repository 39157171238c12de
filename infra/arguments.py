"""The arguments of commands: a value that makes no sense ends the command with one line."""

import argparse
import math
from argparse import ArgumentTypeError
from typing import NoReturn

import psycopg
from psycopg.conninfo import conninfo_to_dict

PORT_MAX = 65_535


class OneLineArgumentParser(argparse.ArgumentParser):
    """An ArgumentParser that says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Write the message to stderr and exit with 2."""
        self.exit(2, f"{' '.join(message.split())}\n")


def port_number(text: str) -> int:
    """Return a port to listen on. Raises ArgumentTypeError when it is none."""
    port = _whole_number(text)
    if not 1 <= port <= PORT_MAX:
        raise ArgumentTypeError(f"{text!r} is not a port from 1 to {PORT_MAX}")
    return port


def positive_count(text: str) -> int:
    """Return a whole number from 1. Raises ArgumentTypeError when it is none."""
    count = _whole_number(text)
    if count < 1:
        raise ArgumentTypeError(f"{text!r} is less than 1")
    return count


def natural_number(text: str) -> int:
    """Return a whole number from 0. Raises ArgumentTypeError when it is none."""
    number = _whole_number(text)
    if number < 0:
        raise ArgumentTypeError(f"{text!r} is less than 0")
    return number


def positive_number(text: str) -> float:
    """Return a finite number above 0. Raises ArgumentTypeError when it is none."""
    try:
        number = float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a number") from None
    if not (math.isfinite(number) and number > 0):
        raise ArgumentTypeError(f"{text!r} is not a finite number above 0")
    return number


def database_url(text: str) -> str:
    """Return where a database is. Raises ArgumentTypeError when libpq cannot read it."""
    if not is_database_url(text):
        # Not what libpq says: it quotes what it cannot read, the password perhaps.
        raise ArgumentTypeError(
            "give a URL like postgresql://user@host/database; the default is DATABASE_URL"
        )
    return text


def is_database_url(text: str) -> bool:
    """Tell whether libpq can read where the database is."""
    try:
        conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        return False
    return True


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise ArgumentTypeError(f"{text!r} is not a whole number")
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError("the number has too many digits") from None
