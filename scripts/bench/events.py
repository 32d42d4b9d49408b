"""Events: how long one takes to a client, and what many clients cost; prints a table.

Run by scripts/bench/events.sh, which gives it a PostgreSQL server in TEST_POSTGRES_URL. Times are from the moment in
which a request is sent to the one in which its event is read. Throughput is taken in turns, with the clients and without
them, so that both meet the same moods of the machine; POST also beside a release without events, if
BENCH_BEFORE names its binary.
"""

import http.client
import json
import os
import pathlib
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import seed
import service
from service import Service

HERE = pathlib.Path(__file__).parent
service.BINARY = pathlib.Path(os.environ.get("BENCH_BINARY") or service.BINARY).resolve()
BEFORE = os.environ.get("BENCH_BEFORE")
CLIENTS = int(os.environ.get("BENCH_CLIENTS", "1000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
EVENTS, CONNECTIONS = 200, 10
HEAD = b"GET /tasks/events HTTP/1.1\r\nhost: bench\r\n\r\n"

lines = []


def row(what, figure, target="", met=None):
    mark = {None: "", True: "met", False: "**missed**"}[met]
    lines.append(f"| {what} | {figure} | {target} | {mark} |")
    print(f"events: {what}: {figure} {target} {mark}", file=sys.stderr, flush=True)


def wrk(url, script=None):
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s"]
    command += ["-s", str(HERE / script)] if script else []
    output = subprocess.run(command + [url], check=True, text=True, capture_output=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"events: wrk saw errors:\n{output}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])


def follow(port):
    stream = socket.create_connection(("127.0.0.1", port), timeout=30)
    stream.sendall(HEAD)
    said = b""
    while b"event: hello" not in said:
        said += stream.recv(65536)
    return stream


class Clients:
    """Many that read whatever comes, between `with` and its end."""

    def __init__(self, port, count):
        self.selector, self.stop = selectors.DefaultSelector(), threading.Event()
        self.streams = [follow(port) for _ in range(count)]
        for stream in self.streams:
            stream.setblocking(False)
            self.selector.register(stream, selectors.EVENT_READ)

    def __enter__(self):
        self.thread = threading.Thread(target=self.read)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        for stream in self.streams:
            stream.close()

    def read(self):
        while not self.stop.is_set():
            for key, _ in self.selector.select(timeout=0.2):
                if not key.fileobj.recv(1 << 20):
                    self.selector.unregister(key.fileobj)
                    print("events: a client was let go", file=sys.stderr)


def post(client, title):
    body = json.dumps({"title": title})
    client.request("POST", "/tasks", body, {"content-type": "application/json"})
    answer = client.getresponse()
    answer.read()
    if answer.status != 201:
        raise SystemExit(f"events: POST /tasks: {answer.status}")


def latency(what, writer, reader, target):
    """Writes at intervals that follow no rhythm of the service's."""
    stream, times = follow(reader), []
    client = http.client.HTTPConnection("127.0.0.1", writer, timeout=30)
    for turn in range(EVENTS):
        time.sleep(0.013 + 0.037 * ((turn * 7) % 10) / 10)
        title, said = f"latency {turn}", b""
        began = time.perf_counter()
        post(client, title)
        while f'"title":"{title}"'.encode() not in said:
            said += stream.recv(65536)
        times.append((time.perf_counter() - began) * 1_000)
    stream.close()
    times.sort()
    late = times[int(len(times) * 0.99)]
    figure = f"{statistics.median(times):.1f} ms, 99 %: {late:.1f} ms, all: {times[-1]:.1f} ms"
    row(what, figure, f"under {target} ms", times[-1] < target)


def cost(name, running):
    client = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    post(client, "one")
    task, tasks = f"{running.url}/tasks/1", f"{running.url}/tasks"
    wrk(task)
    before, rates = running.status("VmRSS"), {"alone": [], "followed": []}
    for at in range(ROUNDS):
        rates["alone"].append(wrk(task))
        with Clients(running.port, CLIENTS):
            if at == 0:
                more = running.status("VmRSS") - before
                for turn in range(50):
                    post(client, f"to all {turn}")
                told = running.status("VmRSS") - before
            rates["followed"].append(wrk(task))
    row(f"memory of {CLIENTS} clients, {name}", f"{more:.0f} MB, after 50 events {told:.0f} MB",
        "under 100 MB", max(more, told) < 100)  # fmt: skip
    share = statistics.median(f / a for f, a in zip(rates["followed"], rates["alone"]))
    row(f"GET /tasks/{{id}} with {CLIENTS} clients, {name}",
        f"{share:.0%} of {statistics.median(rates['alone']):.0f}/s", "at least 80 %", share >= 0.8)  # fmt: skip
    quiet, heard = [], []
    for _ in range(ROUNDS):
        quiet.append(wrk(tasks, "post.lua"))
        with Clients(running.port, 1):
            heard.append(wrk(tasks, "post.lua"))
    share = statistics.median(h / q for h, q in zip(heard, quiet))
    row(f"POST /tasks with one client, {name}",
        f"{share:.0%} of {statistics.median(quiet):.0f}/s")  # fmt: skip


def beside(name, old_url, new_url, folder):
    """POST of a release without events and of this one, each on a database of its own, in turns."""
    new, shares = service.BINARY, []
    for _ in range(ROUNDS):
        rates = []
        for binary, url in ((pathlib.Path(BEFORE).resolve(), old_url), (new, new_url)):
            service.BINARY = binary
            with Service(url, folder) as running:
                rates.append(wrk(f"{running.url}/tasks", "post.lua"))
        shares.append(rates[1] / rates[0])
    service.BINARY = new
    row(f"POST /tasks against the release before, {name}", f"{statistics.median(shares):.0%}")


def measure(name, url, folder):
    with Service(url, folder) as first, Service(url, folder) as second:
        latency(f"an event, one instance, {name}", first.port, first.port, 300)
        latency(f"an event, across two, {name}", first.port, second.port, 500)
    with Service(url, folder) as running:
        cost(name, running)


def database(name):
    url = os.environ["TEST_POSTGRES_URL"]
    seed.psql(url, "-c", f"DROP DATABASE IF EXISTS {name}")
    seed.psql(url, "-c", f"CREATE DATABASE {name}")
    return url.rsplit("/", 1)[0] + f"/{name}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        measure("SQLite", f"sqlite://{folder}/events.db", folder)
        measure("PostgreSQL", database("bench_events"), folder)
        if BEFORE:
            sqlite = [f"sqlite://{folder}/{name}.db" for name in ("before", "after")]
            beside("SQLite", *sqlite, folder)
            beside("PostgreSQL", database("bench_before"), database("bench_after"), folder)
    print("| figure | measured | target | |\n|---|---|---|---|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
