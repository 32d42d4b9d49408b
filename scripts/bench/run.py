"""The whole benchmark: seeds both databases, measures, prints, and rewrites docs/BENCHMARKS.md.

Run by scripts/bench.sh, which gives it a PostgreSQL server in TEST_POSTGRES_URL.
"""

import datetime
import json
import os
import pathlib
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import seed
from service import BINARY, Client, Service, busy_share, server_cpu

HERE = pathlib.Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs" / "BENCHMARKS.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
# How long a round waits for a machine that does nothing else, in seconds.
PATIENCE = int(os.environ.get("BENCH_PATIENCE", "30"))
CONNECTIONS, PAGE, DEEP_PAGE = 10, 100, min(5_000, ROWS // 200)

lines = []


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def row(what, figure, target="", met=None):
    """Adds a row of the table; `met` is whether the target was."""
    mark = {None: "", True: "met", False: "**missed**"}[met]
    lines.append(f"| {what} | {figure} | {target} | {mark} |")
    say(f"{what}: {figure} {target} {mark}")


def wrk(url, connections=CONNECTIONS, script=None, seconds=SECONDS):
    """Requests a second, and how many there were."""
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s"]
    command += ["-s", str(HERE / script)] if script else []
    output = subprocess.run(command + [url], check=True, text=True, capture_output=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"bench: wrk saw errors:\n{output}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return rate, int(re.search(r"(\d+) requests in", output)[1])


def pgbench(url, script, variables):
    """Statements a second, and how many there were."""
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2"]
    command += ["-T", str(SECONDS), "-f", str(HERE / script)]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    output = subprocess.run(command + [url], check=True, text=True, capture_output=True).stdout
    rate = float(re.search(r"tps = ([\d.]+)", output)[1])
    return rate, int(re.search(r"actually processed: (\d+)", output)[1])


def quiet():
    """Waits for a machine that does little else; says how busy it is with that."""
    until = time.monotonic() + PATIENCE
    while (busy := busy_share()) > 0.1 and time.monotonic() < until:
        pass
    return busy


def start_up(folder):
    quiet()

    times = []
    for at in range(11):
        path = folder / f"empty{at}.db"
        with Service(f"sqlite://{path}", folder) as service:
            times.append(service.started_in * 1_000)
    median = statistics.median(times)
    row("start to first 200, empty SQLite file", f"{median:.0f} ms", "under 200 ms", median < 200)


def memory(name, url, folder):
    with Service(url, folder) as service:
        idle = service.status("VmRSS")
        row(f"resident memory, idle, {name}", f"{idle:.0f} MB", "under 40 MB", idle < 40)
        wrk(f"{service.url}/tasks?limit=100", connections=64)
        wrk(f"{service.url}/tasks", connections=64, script="post.lua", seconds=2)
        peak = service.status("VmHWM")
        row(f"… at 64 connections, lists and inserts, its peak, {name}", f"{peak:.0f} MB",
            "under 120 MB", peak < 120)  # fmt: skip


class Meter:
    """Runs a load generator, and keeps its rates and what each request took of all processors."""

    def __init__(self, url):
        file = seed.psql(url, "-c", "SELECT pg_read_file('postmaster.pid')", stdout=subprocess.PIPE)
        self.postmaster = int(file.stdout.split()[0])
        self.rates, self.whole, self.service = {}, {}, {}

    def run(self, name, service, load):
        def used():
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            client = children.ru_utime + children.ru_stime
            return service.cpu(), service.cpu() + client + server_cpu(self.postmaster)

        before = used()
        rate, count = load()
        alone, whole = (now - then for now, then in zip(used(), before))
        self.rates.setdefault(name, []).append(rate)
        self.whole.setdefault(name, []).append(whole / count * 1e6)
        self.service.setdefault(name, []).append(alone / count * 1e6)


def throughput(url, folder):
    """PostgreSQL: pgbench and the service in turns, so that both meet the same moods of the machine."""
    one = seed.psql(url, "-c", "SELECT id FROM tasks WHERE number = 4711", stdout=subprocess.PIPE)
    identifier = one.stdout.strip()
    body = json.loads(re.search(r"\{.*\}", (HERE / "post.lua").read_text())[0])
    body["status"] = "todo"
    texts = (body["title"], body["description"], body["assignee"])
    body["search_text"] = "\n".join(texts).lower()
    others, meter, median = [], Meter(url), statistics.median
    with Service(url, folder) as service:
        task, tasks = f"{service.url}/tasks/{identifier}", f"{service.url}/tasks"
        wrk(task, seconds=2)
        for at in range(ROUNDS):
            others.append(quiet())
            for name, load in (
                ("select", lambda: pgbench(url, "select.sql", {"id": identifier})),
                ("get", lambda: wrk(task)),
                ("insert", lambda: pgbench(url, "insert.sql", body)),
                ("post", lambda: wrk(tasks, script="post.lua")),
            ):
                meter.run(name, service, load)
            rates = ", ".join(f"{name} {rates[-1]:.0f}" for name, rates in meter.rates.items())
            say(f"round {at + 1}: {rates} a second; {others[-1]:.0%} busy with other things")
        meter.run("live", service, lambda: wrk(f"{service.url}/health/live"))
    shares = ", ".join(f"{share:.0%}" for share in others)
    row("busy with other things before each round", shares)
    for what, peer, ours, least in (
        ("`GET /tasks/{id}`", "select", "get", 0.27),
        ("`POST /tasks`", "insert", "post", 0.5),
    ):
        ratios = [mine / its for mine, its in zip(meter.rates[ours], meter.rates[peer])]
        whole = {name: median(meter.whole[name]) for name in (peer, ours)}
        row(f"pgbench, the {peer} of {what}", f"{median(meter.rates[peer]):,.0f}/s")
        row(f"{what}, PostgreSQL", f"{median(meter.rates[ours]):,.0f}/s")
        row(f"… to pgbench, median of {ROUNDS} rounds",
            f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            f"{least} or more", median(ratios) >= least)  # fmt: skip
        row("… processor time, client, service and server: pgbench's to ours",
            f"{whole[peer]:.0f} to {whole[ours]:.0f} µs: {whole[peer] / whole[ours]:.2f}")  # fmt: skip
        row("… of which the service", f"{median(meter.service[ours]):.0f} µs")
    row("`GET /health/live`: every layer, no database", f"{meter.rates['live'][0]:,.0f}/s")
    row("… processor time of the service", f"{meter.service['live'][0]:.0f} µs")


def deep_page(name, service):
    client = Client(service)
    path = first = f"/tasks?limit={PAGE}"
    for _ in range(DEEP_PAGE - 1):
        _, _, headers = client.get(path)
        path = re.match(r'<([^>]+)>; rel="next"', headers["Link"])[1]
    times = {first: [], path: []}
    for _ in range(300):
        for each, taken in times.items():
            taken.append(client.get(each)[0] * 1_000)
    page_1, page_n = (statistics.median(taken) for taken in times.values())
    row(f"page 1 of {ROWS:,} tasks, {name}", f"{page_1:.2f} ms")
    row(f"page {DEEP_PAGE:,} by cursor, {name}", f"{page_n:.2f} ms, {page_n / page_1:.2f} times page 1",
        "within 1.5 times", page_n <= page_1 * 1.5)  # fmt: skip


def search(name, service):
    """Cold: the first search of a new process on new connections. The system's cache is as it is."""
    client = Client(service)
    path = f"/tasks/search?q={seed.RARE_WORD}"
    cold, body, headers = client.get(path)
    hits = len(json.loads(body))
    if hits != min(seed.RARE_ROWS, PAGE) or headers["Link"]:
        raise SystemExit(f"bench: the search found {hits} tasks")
    warm = statistics.median(client.get(path)[0] for _ in range(100))
    row(f"search, three letters, 100 hits, first, {name}", f"{cold * 1e3:.1f} ms",
        "under 50 ms", cold < 0.05)  # fmt: skip
    row(f"… again, median, {name}", f"{warm * 1e3:.1f} ms", "under 50 ms", warm < 0.05)
    for what, path in (
        ("a word that most tasks hold", "/tasks/search?q=the"),
        ("two words", "/tasks/search?q=invoice+anna"),
        ("one status", "/tasks?status=done"),
        ("one assignee, by due date", "/tasks?assignee=anna&sort=due_date"),
        ("latest due date first", "/tasks?sort=-due_date"),
        ("by title (no index: every task is read)", "/tasks?sort=title"),
    ):
        times = [client.get(path)[0] * 1e3 for _ in range(11)]
        row(f"{what}: `{path}`, {name}", f"{statistics.median(times):.1f} ms")


def machine(url):
    def command(*words):
        return subprocess.run(words, text=True, capture_output=True).stdout.strip()

    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory_kb = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    query = "SELECT string_agg(name || '=' || setting, ', ') FROM pg_settings WHERE name IN ('fsync',"
    query += "'synchronous_commit','full_page_writes','shared_buffers')"
    settings = seed.psql(url, "-c", query, stdout=subprocess.PIPE).stdout.strip()
    server = seed.psql(url, "-c", "SHOW server_version", stdout=subprocess.PIPE).stdout.strip()
    return [
        f"- {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC, revision"
        f" {command('git', 'rev-parse', '--short', 'HEAD')}, release build, {BINARY.stat().st_size / 1e6:.0f} MB",
        f"- {os.cpu_count()} × {cpu[1] if cpu else platform.machine()}, {memory_kb / 2**20:.0f} GB,"
        f" Linux {platform.release()}; service, database and load generator share them",
        f"- PostgreSQL {server}: {settings} (throw-away server, the same for both sides)",
        f"- {ROWS:,} tasks; {ROUNDS} rounds of {SECONDS} s, {CONNECTIONS} connections;"
        f" load average {os.getloadavg()[2]:.1f} (15 minutes) at the end, {busy_share():.0%} busy after it",
    ]  # fmt: skip


def main():
    with tempfile.TemporaryDirectory(prefix="taskmanager-bench.") as folder:
        folder = pathlib.Path(folder)
        start_up(folder)
        server = os.environ["TEST_POSTGRES_URL"]
        name = f"taskmanager_bench_{os.getpid()}"
        seed.psql(server, "-c", f"CREATE DATABASE {name}")
        postgres = re.sub(r"/[^/?]*(\?|$)", rf"/{name}\1", server)
        sqlite = f"sqlite://{folder / 'tasks.db'}"
        try:
            for url in (postgres, sqlite):
                with Service(url, folder):
                    pass
            say(f"seeding {ROWS:,} tasks, twice")
            seed.seed_postgres(ROWS, postgres)
            seed.seed_sqlite(ROWS, folder / "tasks.db")
            for kind, url in (("PostgreSQL", postgres), ("SQLite", sqlite)):
                with Service(url, folder) as service:
                    search(kind, service)
                    deep_page(kind, service)
            throughput(postgres, folder)
            for kind, url in (("PostgreSQL", postgres), ("SQLite", sqlite)):
                memory(kind, url, folder)
            about = machine(postgres)
        finally:
            seed.psql(server, "-c", f"DROP DATABASE {name}")
    table = ["| figure | measured | target | |", "|---|---|---|---|", *lines]
    block = "\n".join([BEGIN, "", *about, "", *table, "", END])
    print(block)
    if "--no-write" not in sys.argv:
        text = DOCUMENT.read_text()
        before, rest = text.split(BEGIN, 1)
        DOCUMENT.write_text(before + block + rest.split(END, 1)[1])


if __name__ == "__main__":
    main()
