"""What /metrics says: the plain numbers that this process and the database hold, as Prometheus reads them."""

import platform
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, cast

import django
from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.utils import timezone
from huey.contrib.djhuey import HUEY
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from chat.realtime.figures import figures as real_time
from chat.realtime.process import take_census
from core.figures import Histogram
from core.jobs import job_records
from core.realtime.figures import figures as rings
from core.surface.middleware import requests
from core.surface.socket_figures import figures as sockets
from notifications.selectors.mails import mail_backlog
from workspaces.realtime.figures import figures as presence

PREFIX = "pubnetwork_"
Samples = Iterable[tuple[tuple[object, ...], float]]


class OfThisProcess(Collector):
    def collect(self) -> Iterator[Metric]:
        build = {"revision": settings.REVISION, "python": platform.python_version(), "django": django.__version__}
        yield InfoMetricFamily(f"{PREFIX}build", "What runs here.", value=build)
        yield _requests()
        yield from _sockets()
        yield from _real_time()
        yield from _pool()


class OfAllProcesses(Collector):
    """What the database and the queue say: the same from whichever process it is asked of."""

    def collect(self) -> Iterator[Metric]:
        try:
            shared = [*_mails(), *_jobs()]
        except AnyDatabaseError:
            shared = []
        yield _gauge("database_up", "Whether the database answered this.", int(bool(shared)))
        yield from shared
        yield from _queue()


def make_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(OfThisProcess())
    registry.register(OfAllProcesses())
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _requests() -> Metric:
    name = "http_request_duration_seconds"
    family = _histograms(name, "How long requests took, but for sending the answer.", ("method", "route", "status"))
    for request, histogram in requests.seconds():
        _add(family, [request.method, request.route, str(request.status)], histogram)
    return family


def _sockets() -> Iterator[Metric]:
    yield _gauge("sockets_open", "WebSockets that are open.", sockets.open)
    yield _counters("socket_frames_received", "Frames from clients.", ("type",), _by_one(sockets.received))
    yield _counters("socket_frames_sent", "Frames given to sockets.", ("type",), _by_one(sockets.sent))
    closed = list(sockets.closed.items())
    yield _counters("sockets_closed", "WebSockets closed, by whom and with what code.", ("by", "code"), closed)
    let_in = "How long it took to let a WebSocket in, from its handshake on."
    yield _histogram("socket_opening_duration_seconds", let_in, sockets.opening_seconds)
    posted = "How long it took from a frame that says something to its being stored or refused."
    yield _histogram("socket_posting_duration_seconds", posted, sockets.posting_seconds)


def _real_time() -> Iterator[Metric]:
    census = take_census()
    yield _gauge("hub_rooms", "Rooms with sockets here.", census.rooms)
    yield _gauge("hub_sockets", "Sockets that are in a room here.", census.listeners)
    yield _gauge("writer_waiting_messages", "Messages that wait to be stored.", census.waiting)
    yield _histogram("writer_batch_messages", "Messages stored in one transaction.", real_time.batch_sizes)
    yield _histogram("writer_store_seconds", "How long storing a batch took.", real_time.store_seconds)
    yield _counter("writer_failed_batches", "Batches the database did not take.", real_time.failed_batches)
    over_the_layer = asdict(rings)
    yield _counters("doorbell_rings", "What went over the channel layer.", ("outcome",), _by_one(over_the_layer))
    yield _counter("resumes", "Sockets that asked for what they missed.", real_time.resumes)
    told = asdict(presence)
    yield _counters("presence", "What telling who is there took: rounds, frames, writes.", ("of",), _by_one(told))
    yield _counter("heals", "Reads of what a room missed.", real_time.heals)


def _pool() -> Iterator[Metric]:
    """Without samples where there is no pool."""
    pool: Any = getattr(connection, "pool", None)
    stats: dict[str, int] = {} if pool is None else {"requests_waiting": 0, "requests_errors": 0, **pool.get_stats()}
    family = GaugeMetricFamily(f"{PREFIX}database_pool_connections", "Of this process.", labels=("state",))
    if stats:
        family.add_metric(["idle"], stats["pool_available"])
        family.add_metric(["used"], stats["pool_size"] - stats["pool_available"])
    yield family
    yield _gauge("database_pool_limit", "As many as there may be.", stats.get("pool_max"))
    yield _gauge("database_pool_waiting", "Threads that wait for one.", stats.get("requests_waiting"))
    yield _counter("database_pool_timeouts", "Threads that waited in vain.", stats.get("requests_errors"))


def _mails() -> Iterator[Metric]:
    now = timezone.now()
    backlog = mail_backlog(at=now)
    age = (now - backlog.oldest_due_at).total_seconds() if backlog.oldest_due_at else 0
    yield _gauge("outbox_due_mails", "Mails that are due and not sent.", backlog.mails)
    yield _gauge("outbox_oldest_due_seconds", "For how long the oldest of them has been due.", age)


def _jobs() -> Iterator[Metric]:
    jobs = job_records()
    runs = [((job.name, "done"), job.runs - job.failures) for job in jobs]
    failures = [((job.name, "failed"), job.failures) for job in jobs]
    yield _counters("job_runs", "Runs of jobs.", ("job", "result"), [*runs, *failures])
    yield _counters(
        "job_seconds", "How long they took together.", ("job",), [((job.name,), job.seconds) for job in jobs]
    )
    last = GaugeMetricFamily(f"{PREFIX}job_last_run_seconds", "How long the last one took.", labels=("job",))
    ended = GaugeMetricFamily(f"{PREFIX}job_last_end_timestamp_seconds", "When it ended.", labels=("job",))
    for job in jobs:
        if job.ended_at is not None:
            last.add_metric([job.name], job.last_seconds)
            ended.add_metric([job.name], job.ended_at.timestamp())
    yield from (last, ended)


def _queue() -> Iterator[Metric]:
    try:
        yield _gauge("job_queue_length", "Jobs that wait for a worker.", HUEY.pending_count())
    except (RedisError, sqlite3.Error, OSError):
        return


def _gauge(name: str, help_text: str, value: float | None) -> Metric:
    return GaugeMetricFamily(PREFIX + name, help_text, value=value)


def _counter(name: str, help_text: str, value: float | None) -> Metric:
    return CounterMetricFamily(PREFIX + name, help_text, value=value)


def _counters(name: str, help_text: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    family = CounterMetricFamily(PREFIX + name, help_text, labels=labels)
    for values, count in samples:
        family.add_metric([str(value) for value in values], count)
    return family


def _by_one(counts: Mapping[str, int]) -> Samples:
    return [((value,), count) for value, count in list(counts.items())]


def _histogram(name: str, help_text: str, histogram: Histogram) -> Metric:
    family = _histograms(name, help_text, ())
    _add(family, [], histogram)
    return family


def _histograms(name: str, help_text: str, labels: tuple[str, ...]) -> HistogramMetricFamily:
    return HistogramMetricFamily(PREFIX + name, help_text, labels=labels)


def _add(family: HistogramMetricFamily, labels: list[str], histogram: Histogram) -> None:
    """Prometheus counts in each bucket what is in those below too."""
    buckets, seen = [], 0
    for bound, count in zip((*histogram.bounds, "+Inf"), tuple(histogram.counts), strict=True):
        seen += count
        buckets.append((str(bound), seen))
    family.add_metric(labels, cast(Any, buckets), histogram.total)
