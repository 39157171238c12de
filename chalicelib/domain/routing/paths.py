"""The ways from one mint to others over pools of two."""

from collections.abc import Iterable, Iterator, Mapping

from chalicelib.domain.tokens import Mint

Path = tuple[Mint, ...]


def neighbours(pairs: Iterable[tuple[Mint, Mint]]) -> dict[Mint, list[Mint]]:
    """Return where each mint leads, from the pairs (paid, received) that pools swap."""
    found: dict[Mint, list[Mint]] = {}
    for paid, received in dict.fromkeys(pairs):
        found.setdefault(paid, []).append(received)
    return found


def paths_from(
    start: Mint, neighbours: Mapping[Mint, Iterable[Mint]], hops_max: int
) -> Iterator[Path]:
    """Yield every path of one hop to `hops_max` that visits no mint twice, each after its
    beginnings."""
    ends: list[Path] = [(start,)]
    for _ in range(hops_max):
        ends = [
            (*path, received)
            for path in ends
            for received in neighbours.get(path[-1], ())
            if received not in path
        ]
        yield from ends


def paths_between(
    start: Mint, end: Mint, neighbours: Mapping[Mint, Iterable[Mint]], hops_max: int
) -> Iterator[Path]:
    """Yield those of `paths_from` that lead to the end, in the same sequence, without going all the
    others."""
    paths: list[Path] = [(start,)] if start != end else []
    for hop in range(hops_max):
        yield from ((*path, end) for path in paths if end in neighbours.get(path[-1], ()))
        if hop < hops_max - 1:
            paths = [
                (*path, received)
                for path in paths
                for received in neighbours.get(path[-1], ())
                if received != end and received not in path
            ]
