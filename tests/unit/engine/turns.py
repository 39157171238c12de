"""Actors that take turns: threads of which one runs at a time, and chance says which goes on."""

from collections.abc import Callable, Sequence
from random import Random
from threading import Event, Lock, Thread, current_thread


class Turns:
    """Interleaves actors at every `pause`; equal randomness gives equal interleavings."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._gates: dict[Thread, Lock] = {}
        self._errors: list[BaseException] = []
        self._is_over = Event()

    def play(self, actors: Sequence[Callable[[], None]]) -> None:
        """Let the actors act until all are done. Raises what the first of them to fail raised."""
        for actor in actors:
            thread = Thread(target=self._act, args=[actor], daemon=True)
            gate = self._gates[thread] = Lock()
            gate.acquire()
        for thread in list(self._gates):
            thread.start()
        self._let_one_go_on()
        self._is_over.wait()
        if self._errors:
            raise self._errors[0]

    def pause(self) -> None:
        """Let anybody go on, perhaps the one who calls; nothing happens outside of the play."""
        gate = self._gates.get(current_thread())
        if gate is not None:
            self._let_one_go_on()
            gate.acquire()

    def _act(self, actor: Callable[[], None]) -> None:
        self._gates[current_thread()].acquire()
        try:
            actor()
        except BaseException as error:
            self._errors.append(error)
        del self._gates[current_thread()]
        self._let_one_go_on()

    def _let_one_go_on(self) -> None:
        if self._gates:
            self._random.choice(list(self._gates.values())).release()
        else:
            self._is_over.set()
