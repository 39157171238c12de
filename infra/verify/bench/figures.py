"""Measure quotes and plans, round after round, and return their medians."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

from infra.deploy.progress import Report
from infra.verify.bench.buckets import TURNS_MAX, Ask, Bucket, Quote, bucket_of
from infra.verify.bench.requests import Case, Request
from infra.verify.bench.timing import Sample, timed

_ROUNDS_MIN = 3
# A batch of quotes is short: several make a round.
_BATCHES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteFigure:
    """The speed of one bucket's quotes; a turn is one of the calibration loop."""

    curve: str
    bucket: str
    quotes_per_second: float
    microseconds_per_quote: float
    turns_per_quote: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFigure:
    """The speed of plans of one size; the worst is the slowest request by its own median."""

    pools: int
    hops_max: int
    mode: str
    plans_per_second: float
    milliseconds_median: float
    milliseconds_worst: float
    turns_median: float
    turns_worst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All medians, and the number of rounds."""

    rounds: int
    calibration_turns_per_second: float
    quotes: list[QuoteFigure]
    plans: list[PlanFigure]


class Bench:
    """Measures everything once a round, and keeps the samples."""

    def __init__(
        self, asks: Mapping[Bucket, Sequence[Ask]], requests: Mapping[Case, Sequence[Request]]
    ) -> None:
        self._asks, self._requests = asks, requests
        self._quotes: dict[Bucket, list[Sample]] = {bucket: [] for bucket in asks}
        self._plans: dict[Case, list[list[Sample]]] = {
            case: [[] for _ in asked] for case, asked in requests.items()
        }
        self._rounds = 0

    @property
    def steps_per_round(self) -> int:
        return len(self._asks) + len(self._requests)

    def measure(self, rounds: int, seconds_max: float, report: Report) -> Figures:
        """Measure so many rounds, or fewer when the time is up; report each step beforehand."""
        stop_at = time.monotonic() + seconds_max
        while self._rounds < rounds:
            self._round(report)
            if self._rounds >= _ROUNDS_MIN and time.monotonic() >= stop_at:
                break
        return self._figures()

    def _round(self, report: Report) -> None:
        for bucket, asks in self._asks.items():
            report(f"{bucket.curve} {bucket.detail}")
            for batch in range(self._rounds * _BATCHES, (self._rounds + 1) * _BATCHES):
                self._quotes[bucket].append(_time_quotes(bucket, asks, batch % TURNS_MAX))
        for case, requests in self._requests.items():
            size, mode = case
            report(f"{size.pools} pools, {mode}")
            for request, samples in zip(requests, self._plans[case], strict=True):
                samples.append(_time_plan(request, self._rounds))
        self._rounds += 1

    def _figures(self) -> Figures:
        samples = [sample for found in self._quotes.values() for sample in found]
        return Figures(
            rounds=self._rounds,
            calibration_turns_per_second=median(s.turns / s.seconds for s in samples),
            quotes=[_quote_figure(bucket, found) for bucket, found in self._quotes.items()],
            plans=[_plan_figure(case, found) for case, found in self._plans.items()],
        )


def _time_quotes(bucket: Bucket, asks: Sequence[Ask], turn: int) -> Sample:
    calls = [
        (ask.pool.quote_exact_in, ask.input_mint, ask.amount_in, ask.at)
        for ask in (ask.varied(turn) for ask in asks)
    ]

    def work() -> list[Quote]:
        return [quote(mint, amount_in, at) for quote, mint, amount_in, at in calls]

    quotes, sample = timed(work)
    if any(bucket_of(quote) != bucket for quote in quotes):
        raise RuntimeError(f"a quote is not of its bucket: {bucket}")
    return sample.shared_by(len(quotes))


def _time_plan(request: Request, turn: int) -> Sample:
    return timed(lambda: request.plan(turn))[1]


def _quote_figure(bucket: Bucket, samples: Sequence[Sample]) -> QuoteFigure:
    seconds = median(sample.seconds for sample in samples)
    return QuoteFigure(
        curve=bucket.curve,
        bucket=bucket.detail,
        quotes_per_second=1 / seconds,
        microseconds_per_quote=seconds * 1e6,
        turns_per_quote=median(sample.turns for sample in samples),
    )


def _plan_figure(case: Case, samples: Sequence[Sequence[Sample]]) -> PlanFigure:
    size, mode = case
    seconds = [median(sample.seconds for sample in found) for found in samples]
    turns = [median(sample.turns for sample in found) for found in samples]
    return PlanFigure(
        pools=size.pools,
        hops_max=size.hops_max,
        mode=mode.value,
        plans_per_second=1 / mean(seconds),
        milliseconds_median=median(seconds) * 1e3,
        milliseconds_worst=max(seconds) * 1e3,
        turns_median=median(turns),
        turns_worst=max(turns),
    )
