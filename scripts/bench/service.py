"""Starts the service as in production, and looks at it from outside."""

import http.client
import os
import pathlib
import signal
import socket
import subprocess
import time

BINARY = pathlib.Path("target/release/taskmanager").resolve()
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Service:
    """A running service; use it with `with`."""

    def __init__(self, database_url, folder, **variables):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # Production defaults, spelt out: JSON lines to a file, at level info.
        environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database_url,
            "DATABASE_MAX_CONNECTIONS": "10",
            "PORT": str(self.port),
            "LOG_FORMAT": "json",
            "RUST_LOG": "info",
            **variables,
        }
        with open(folder / "service.log", "ab") as log:
            self.began = time.perf_counter()
            self.process = subprocess.Popen([BINARY], env=environment, stderr=log)
        self.started_in = self._wait()

    def _wait(self):
        """Seconds from the start to the first 200."""
        while time.perf_counter() < self.began + 30:
            try:
                if self.get("/health/ready")[0] == 200:
                    return time.perf_counter() - self.began
            except OSError:
                time.sleep(0.001)
        raise SystemExit("bench: the service does not become ready")

    def get(self, path):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            client.request("GET", path)
            answer = client.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            client.close()

    def status(self, field):
        """A size in /proc/PID/status, in MB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in text.splitlines() if line.startswith(field + ":"))
        return int(line.split()[1]) / 1024

    def cpu(self):
        """Processor time used so far, in seconds."""
        return sum(stat_fields(self.process.pid)[11:13]) / TICK

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


class Client:
    """One connection that is kept; answers with seconds, body and headers."""

    def __init__(self, service):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path):
        return self.ask("GET", path)

    def ask(self, method, path, body=None):
        headers = {"content-type": "application/json"} if body else {}
        start = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        body = answer.read()
        taken = time.perf_counter() - start
        if answer.status not in (200, 201):
            raise SystemExit(f"bench: {method} {path} answered {answer.status}: {body[:200]!r}")
        return taken, body, answer.headers


def stat_fields(pid):
    """/proc/PID/stat from its third field (the state, given as 0) on: see proc(5)."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return [0, *map(int, text.rsplit(")", 1)[1].split()[1:])]


def server_cpu(postmaster):
    """Processor time of a PostgreSQL server, ended backends included, in seconds."""
    ticks = sum(stat_fields(postmaster)[11:15])
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = stat_fields(process.name)
        except OSError:
            continue
        if fields[1] == postmaster:
            ticks += sum(fields[11:13])
    return ticks / TICK


def busy_share(seconds=1.0):
    """How much of the machine is busy with other things, 0 to 1."""

    def read():
        fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        figures = [int(figure) for figure in fields]
        return sum(figures), figures[3] + figures[4]

    total, idle = read()
    time.sleep(seconds)
    total_after, idle_after = read()
    return 1 - (idle_after - idle) / max(total_after - total, 1)
