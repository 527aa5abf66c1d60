"""Metrics, health and the server that shows them: what a monitoring tool gets, and what a stranger can't do."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from clusterbot.errors import UsageError
from clusterbot.monitoring import HealthServer, Monitor, read_bind, server
from clusterbot.monitoring.metrics import STALE_S

BUILT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


class Clock:
    """A clock that a test turns."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock(BUILT.timestamp())


@pytest.fixture
def steady() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def monitor(clock: Clock, steady: Clock) -> Monitor:
    return Monitor(clock, steady)


@pytest.fixture
def serving(monitor: Monitor) -> Iterator[HealthServer]:
    with HealthServer(monitor, "127.0.0.1:0") as one:
        yield one


def get(serving: HealthServer, path: str, method: str = "GET") -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=5)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", ""), response.read().decode()
    finally:
        connection.close()


def value(monitor: Monitor, name: str, **labels: str) -> float | None:
    return monitor.registry.get_sample_value(name, labels)


def test_work_tells_how_long_it_waited_and_took_also_where_it_fails(monitor: Monitor, steady: Clock) -> None:
    def work() -> None:
        steady.at += 0.2
        raise ValueError

    handed_over = monitor.timed("wait", "answer", work)
    steady.at += 3
    with pytest.raises(ValueError):
        handed_over()
    assert value(monitor, "clusterbot_stage_seconds_sum", stage="wait") == pytest.approx(3)
    assert value(monitor, "clusterbot_stage_seconds_sum", stage="answer") == pytest.approx(0.2)


def test_answers_are_counted_by_outcome_and_language(monitor: Monitor) -> None:
    monitor.answered("answered", "fr")
    monitor.answered("abstained", "fr", "no_evidence")
    assert value(monitor, "clusterbot_answers_total", outcome="answered", language="fr") == 1
    assert value(monitor, "clusterbot_answers_total", outcome="abstained", language="fr") == 1
    assert value(monitor, "clusterbot_answers_total", outcome="answered", language="en") == 0
    assert value(monitor, "clusterbot_abstentions_total", reason="no_evidence") == 1


def test_two_monitors_count_apart(monitor: Monitor) -> None:
    monitor.failed("bug")
    assert value(monitor, "clusterbot_failures_total", kind="bug") == 1
    assert value(Monitor(), "clusterbot_failures_total", kind="bug") is None


def test_an_index_has_a_version_an_age_and_its_swaps(monitor: Monitor, clock: Clock) -> None:
    monitor.serves("v1", "bundled@1", BUILT)
    monitor.serves("v1", "bundled@1", BUILT)
    clock.at += 3600
    assert value(monitor, "clusterbot_index_info", version="v1", model="bundled@1") == 1
    assert value(monitor, "clusterbot_index_age_seconds") == 3600
    assert value(monitor, "clusterbot_index_swaps_total") == 0
    monitor.serves("v2", "bundled@1", BUILT + dt.timedelta(hours=1))
    assert value(monitor, "clusterbot_index_swaps_total") == 1
    assert value(monitor, "clusterbot_index_info", version="v1", model="bundled@1") is None
    assert value(monitor, "clusterbot_index_age_seconds") == 0


def test_a_clock_that_falls_back_makes_no_age_negative(monitor: Monitor, clock: Clock) -> None:
    monitor.serves("v1", "bundled@1", BUILT)
    clock.at -= 365 * 24 * 3600
    assert value(monitor, "clusterbot_index_age_seconds") == 0


def test_a_lost_connection_counts_once_until_it_is_back(monitor: Monitor) -> None:
    for state in ("ready", "lost", "lost", "ready", "lost"):
        monitor.gateway(state)  # type: ignore[arg-type]
    assert value(monitor, "clusterbot_gateway_losses_total") == 2
    assert value(monitor, "clusterbot_gateway_state", clusterbot_gateway_state="lost") == 1
    assert value(monitor, "clusterbot_gateway_state", clusterbot_gateway_state="ready") == 0


def test_a_latency_that_is_none_is_left_out(monitor: Monitor) -> None:
    monitor.gateway("ready", 0.05)
    monitor.gateway("ready", float("nan"))
    monitor.gateway("ready", float("inf"))
    assert value(monitor, "clusterbot_gateway_latency_seconds") == 0.05


def test_ready_is_with_an_index_connected_and_beating(monitor: Monitor, serving: HealthServer, steady: Clock) -> None:
    assert get(serving, "/readyz")[0] == 503
    monitor.serves("v1", "bundled@1", BUILT)
    assert get(serving, "/readyz")[0] == 503
    monitor.gateway("ready")
    status, kind, body = get(serving, "/readyz")
    assert (status, kind) == (200, "application/json")
    assert json.loads(body) == {"status": "ok", "index": "v1", "gateway": "ready", "beat_age_s": 0.0}
    monitor.gateway("lost")
    assert get(serving, "/readyz")[0] == 503
    assert get(serving, "/healthz")[0] == 200


def test_a_loop_that_hangs_is_unhealthy_and_a_beat_mends_it(monitor: Monitor, serving: HealthServer, steady: Clock) -> None:
    assert get(serving, "/healthz")[0] == 200
    steady.at += STALE_S + 1
    status, _, body = get(serving, "/healthz")
    assert status == 503
    assert json.loads(body) == {"status": "failing", "beat_age_s": STALE_S + 1}
    monitor.beat()
    assert get(serving, "/healthz")[0] == 200


def test_metrics_are_in_prometheus_form_with_memory_and_open_files(monitor: Monitor, serving: HealthServer) -> None:
    monitor.queued(3, 20)
    status, kind, body = get(serving, "/metrics")
    assert status == 200 and kind.startswith("text/plain; version=")
    lines = body.splitlines()
    assert "clusterbot_queue_waiting 3.0" in lines and "clusterbot_queue_capacity 20.0" in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    assert any(line.startswith("process_open_fds ") for line in lines)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent(serving: HealthServer, method: str) -> None:
    assert get(serving, "/metrics", method)[0] == 405


@pytest.mark.parametrize("path", ["/", "/metrics/", "/../etc/passwd", "/%2e%2e/", "/healthz/x"])
def test_there_is_nothing_else(serving: HealthServer, path: str) -> None:
    assert get(serving, path)[0] == 404


def test_an_endless_request_line_is_refused(serving: HealthServer) -> None:
    assert get(serving, "/" + "a" * 70_000)[0] == 414


def test_who_writes_slowly_is_cut_off_and_others_are_served(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DEADLINE_S", 0.4)
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    with HealthServer(monitor, "127.0.0.1:0") as serving:
        slow = socket.create_connection(("127.0.0.1", serving.port), timeout=5)
        started = time.monotonic()

        def drip() -> None:
            try:
                for letter in b"GET /healthz HTTP/1.1\r\n" * 10:
                    slow.send(bytes([letter]))
                    time.sleep(0.02)
            except OSError:
                pass

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert get(serving, "/healthz")[0] == 200
        slow.settimeout(3)
        with contextlib.suppress(ConnectionError):
            assert slow.recv(100) == b""
        assert 0.2 < time.monotonic() - started < 2
        dripping.join()
        slow.close()


def test_too_many_connections_are_hung_up_on_and_served_again_later(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    with HealthServer(monitor, "127.0.0.1:0") as serving:
        idle = [socket.create_connection(("127.0.0.1", serving.port), timeout=5) for _ in range(2)]
        time.sleep(0.1)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            get(serving, "/healthz")
        for one in idle:
            one.close()
        deadline = time.monotonic() + 5
        status = 0
        while status != 200 and time.monotonic() < deadline:
            try:
                status = get(serving, "/healthz")[0]
            except (http.client.HTTPException, ConnectionError):
                time.sleep(0.05)
        assert status == 200


def test_the_server_says_nothing_of_what_it_runs_on(serving: HealthServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=5)
    connection.request("GET", "/healthz")
    response = connection.getresponse()
    assert "Python" not in str(response.headers)
    connection.close()


@pytest.mark.parametrize(
    ("bind", "expected"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:0", ("::1", 0)), ("localhost:1", ("localhost", 1))],
)
def test_an_address_is_read(bind: str, expected: tuple[str, int]) -> None:
    assert read_bind(bind) == expected


@pytest.mark.parametrize(
    "bind", ["", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "a b:1", "::1:80", "h:99999", "http://h:1", "h:1\n"]
)
def test_what_is_no_address_names_the_setting(bind: str) -> None:
    with pytest.raises(UsageError, match="CLUSTERBOT_HTTP_BIND"):
        read_bind(bind)


def test_a_port_that_is_taken_is_told_with_its_cure(serving: HealthServer, monitor: Monitor) -> None:
    with pytest.raises(UsageError, match="choose another with CLUSTERBOT_HTTP_BIND"):
        HealthServer(monitor, f"127.0.0.1:{serving.port}")
