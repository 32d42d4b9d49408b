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
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

import seed
import service
from service import Client, Service, busy_share, server_cpu

HERE = pathlib.Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs" / "BENCHMARKS.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
# How long a round waits for a machine that does nothing else, in seconds.
PATIENCE = int(os.environ.get("BENCH_PATIENCE", "30"))
CONNECTIONS, MANY_CONNECTIONS, SQLITE_CONNECTIONS = 10, 64, 32
PAGE, DEEP_PAGE = 100, min(5_000, ROWS // 200)
# Requests of a client that is alone.
ALONE = int(os.environ.get("BENCH_ALONE", "1000"))
service.BINARY = pathlib.Path(os.environ.get("BENCH_BINARY") or service.BINARY).resolve()
# The release that one client's latency, lists, statistics and search are compared with.
BEFORE = os.environ.get("BENCH_BEFORE")
# The least of the peer's rate in the same round, by request and connections.
TARGETS = {
    ("get", CONNECTIONS): 0.6,
    ("get", MANY_CONNECTIONS): 1.0,
    ("post", CONNECTIONS): 0.8,
    ("post", MANY_CONNECTIONS): 1.4,
    ("post", SQLITE_CONNECTIONS): 2.5,
}
SLOWER_MAX = 1.05

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


def pgbench(url, script, variables, connections=CONNECTIONS):
    """Statements a second, and how many there were; one thread, as wrk has."""
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(connections), "-j", "1"]
    command += ["-T", str(SECONDS), "-f", str(HERE / script)]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    output = subprocess.run(command + [url], check=True, text=True, capture_output=True).stdout
    rate = re.search(r"tps = ([\d.]+)", output)
    if not rate:
        raise SystemExit(f"bench: pgbench did nothing in {SECONDS} s:\n{output}")
    return float(rate[1]), int(re.search(r"actually processed: (\d+)", output)[1])


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
        with Service(f"sqlite://{path}", folder) as running:
            times.append(running.started_in * 1_000)
    median = statistics.median(times)
    row("start to first 200, empty SQLite file", f"{median:.0f} ms", "under 200 ms", median < 200)


def memory(name, url, folder):
    with Service(url, folder) as running:
        idle = running.status("VmRSS")
        row(f"resident memory, idle, {name}", f"{idle:.0f} MB", "under 40 MB", idle < 40)
        wrk(f"{running.url}/tasks?limit=100", MANY_CONNECTIONS)
        wrk(f"{running.url}/tasks", MANY_CONNECTIONS, "post.lua", seconds=2)
        peak = running.status("VmHWM")
        row(f"… at 64 connections, lists and inserts, its peak, {name}", f"{peak:.0f} MB",
            "under 120 MB", peak < 120)  # fmt: skip


class Meter:
    """Runs a load generator, and keeps its rates and what each request took of all processors."""

    def __init__(self, url):
        file = seed.psql(url, "-c", "SELECT pg_read_file('postmaster.pid')", stdout=subprocess.PIPE)
        self.postmaster = int(file.stdout.split()[0])
        self.rates, self.whole, self.service = {}, {}, {}

    def run(self, name, running, load):
        def used():
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            client = children.ru_utime + children.ru_stime
            return running.cpu(), running.cpu() + client + server_cpu(self.postmaster)

        before = used()
        rate, count = load()
        alone, whole = (now - then for now, then in zip(used(), before))
        self.rates.setdefault(name, []).append(rate)
        self.whole.setdefault(name, []).append(whole / count * 1e6)
        self.service.setdefault(name, []).append(alone / count * 1e6)


def ratio(what, ours, peers, target=None):
    """A row with the median of the ratios of the rounds."""
    ratios = [mine / its for mine, its in zip(ours, peers)]
    middle = statistics.median(ratios)
    row(what, f"{middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        f"{target} or more" if target else "", middle >= target if target else None)  # fmt: skip


def the_task():
    """What post.lua sends, as the columns that an insert fills."""
    body = json.loads(re.search(r"\{.*\}", (HERE / "post.lua").read_text())[0])
    body["status"] = "todo"
    texts = (body["title"], body["description"], body["assignee"])
    body["search_text"] = "\n".join(texts).lower()
    return body


class Durability:
    """PostgreSQL's settings, changed for all sessions while it is used with `with`."""

    def __init__(self, url, on):
        self.url, self.value = url, "on" if on else "off"

    def change(self, command):
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            seed.psql(self.url, "-c", command.format(name))
        seed.psql(self.url, "-c", "SELECT pg_reload_conf()", stdout=subprocess.DEVNULL)
        # The sessions that are open read their settings before their next statement.
        time.sleep(0.2)

    def __enter__(self):
        self.change("ALTER SYSTEM SET {} = " + self.value)

    def __exit__(self, *_):
        self.change("ALTER SYSTEM RESET {}")


def throughput(url, folder):
    """PostgreSQL: pgbench and the service in turns, so that both meet the same moods of the machine."""
    one = seed.psql(url, "-c", "SELECT id FROM tasks WHERE number = 4711", stdout=subprocess.PIPE)
    identifier, body = one.stdout.strip(), the_task()
    others, meter, median = [], Meter(url), statistics.median
    with Service(url, folder) as running:
        task, tasks = f"{running.url}/tasks/{identifier}", f"{running.url}/tasks"
        wrk(task, seconds=2)
        meter.run("live", running, lambda: wrk(f"{running.url}/health/live"))
        for at in range(ROUNDS):
            others.append(quiet())
            for count in (CONNECTIONS, MANY_CONNECTIONS):
                selects = lambda: pgbench(url, "select.sql", {"id": identifier}, count)
                meter.run(f"select {count}", running, selects)
                meter.run(f"get {count}", running, lambda: wrk(task, count))
                for fsync in ("off", "on"):
                    with Durability(url, fsync == "on"):
                        inserts = lambda: pgbench(url, "insert.sql", body, count)
                        meter.run(f"insert {count} {fsync}", running, inserts)
                        meter.run(f"post {count} {fsync}", running, lambda: wrk(tasks, count, "post.lua"))
            rates = ", ".join(f"{name} {rates[-1]:.0f}" for name, rates in meter.rates.items())
            say(f"round {at + 1}: {rates} a second; {others[-1]:.0%} busy with other things")
    row("busy with other things before each round", ", ".join(f"{share:.0%}" for share in others))
    for request, what, peer, settings in (
        ("get", "`GET /tasks/{id}`", "select", [""]),
        ("post", "`POST /tasks`", "insert", [" on", " off"]),
    ):
        for setting in settings:
            for count in (CONNECTIONS, MANY_CONNECTIONS):
                ours, its = f"{request} {count}{setting}", f"{peer} {count}{setting}"
                how = f"{count} connections" + (f", fsync{setting}" if setting else "")
                row(f"pgbench, the {peer} of {what}, {how}", f"{median(meter.rates[its]):,.0f}/s")
                row(f"{what}, PostgreSQL, {how}", f"{median(meter.rates[ours]):,.0f}/s")
                # Without fsync a batch saves little: no target.
                target = None if setting == " off" else TARGETS[request, count]
                ratio(f"… to pgbench, median of {ROUNDS} rounds", meter.rates[ours], meter.rates[its], target)
                whole = {name: median(meter.whole[name]) for name in (its, ours)}
                row("… processor time, client, service and server: pgbench's to ours",
                    f"{whole[its]:.0f} to {whole[ours]:.0f} µs: {whole[its] / whole[ours]:.2f}")  # fmt: skip
                row("… of which the service", f"{median(meter.service[ours]):.0f} µs")
    row("`GET /health/live`: every layer, no database", f"{meter.rates['live'][0]:,.0f}/s")
    row("… processor time of the service", f"{meter.service['live'][0]:.0f} µs")


def insert_alone(path, seconds=SECONDS):
    """Rows a second of a client that inserts the row of post.lua and commits each, at FULL."""
    body, now = the_task(), int(time.time() * 1e6)
    # 2026-12-24T18:00:00Z
    due = int(datetime.datetime.fromisoformat(body["due_date"]).timestamp() * 1e6)
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    columns = ", ".join(seed.COLUMNS)
    insert = f"INSERT INTO tasks ({columns}) VALUES ({', '.join('?' * len(seed.COLUMNS))})"
    count, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds:
        connection.execute(insert, (
            os.urandom(16), body["title"], body["description"], body["status"], body["priority"],
            body["assignee"], due, now, now, None, 1, body["search_text"],
        ))  # fmt: skip
        count += 1
    connection.close()
    return count / taken


def throughput_sqlite(url, path, folder):
    """SQLite: the service, and a client without one, in turns on the same file."""
    median, rates = statistics.median, {}
    task = sqlite3.connect(path).execute("SELECT id FROM tasks WHERE number = 4711").fetchone()[0].hex()
    task = "-".join((task[:8], task[8:12], task[12:16], task[16:20], task[20:]))
    counts = (CONNECTIONS, SQLITE_CONNECTIONS, MANY_CONNECTIONS)
    for _ in range(ROUNDS):
        quiet()
        rates.setdefault("alone", []).append(insert_alone(path))
        for mode in ("full", "normal"):
            with Service(url, folder, SQLITE_SYNCHRONOUS=mode) as running:
                for count in counts:
                    rate = wrk(f"{running.url}/tasks", count, "post.lua")[0]
                    rates.setdefault(f"post {count} {mode}", []).append(rate)
                    if mode == "full" and count != SQLITE_CONNECTIONS:
                        rate = wrk(f"{running.url}/tasks/{task}", count)[0]
                        rates.setdefault(f"get {count}", []).append(rate)
    for count in (CONNECTIONS, MANY_CONNECTIONS):
        row(f"`GET /tasks/{{id}}`, SQLite, {count} connections", f"{median(rates[f'get {count}']):,.0f}/s")
    row("a Python client that inserts the row of `POST /tasks`, and commits each at `FULL`",
        f"{median(rates['alone']):,.0f}/s")  # fmt: skip
    for mode in ("full", "normal"):
        for count in counts:
            ours = rates[f"post {count} {mode}"]
            row(f"`POST /tasks`, SQLite, {count} connections, `{mode.upper()}`", f"{median(ours):,.0f}/s")
            if mode == "full":
                ratio(f"… to that client, median of {ROUNDS} rounds", ours, rates["alone"],
                      TARGETS.get(("post", count)) if count == SQLITE_CONNECTIONS else None)  # fmt: skip


def alone(name, url, folder, before=None):
    """Latency of one client. With a release to compare with, both answer in turns, each on its own database."""
    asked = (
        ("`GET /tasks/{id}`", "GET", "/tasks/4711"),
        ("`POST /tasks`", "POST", "/tasks"),
        ("a list of 50", "GET", "/tasks?limit=50"),
        ("`/tasks/stats`", "GET", "/tasks/stats"),
        ("a search", "GET", f"/tasks/search?q={seed.RARE_WORD}"),
    )
    body = re.search(r"\{.*\}", (HERE / "post.lua").read_text())[0]
    new = service.BINARY
    with Service(url, folder) as now:
        clients = {"now": Client(now)}
        older = None
        if before:
            service.BINARY = pathlib.Path(BEFORE).resolve()
            older = Service(before, folder)
            service.BINARY = new
            clients["before"] = Client(older)
        try:
            for what, method, path in asked:
                requests = ALONE if "{id}" in what or method == "POST" else max(ALONE // 10, 10)
                times = {which: [] for which in clients}
                for _ in range(requests):
                    for which, client in clients.items():
                        taken = client.ask(method, path, body if method == "POST" else None)[0]
                        times[which].append(taken * 1e3)
                middle = {which: statistics.median(taken) for which, taken in times.items()}
                late = sorted(times["now"])[int(requests * 0.99)]
                row(f"one client alone, {what}, {name}", f"{middle['now']:.2f} ms, 99 %: {late:.2f} ms")
                if before:
                    slower = middle["now"] / middle["before"]
                    row("… of the release before", f"{slower:.2f} times {middle['before']:.2f} ms",
                        f"{SLOWER_MAX} times or less", slower <= SLOWER_MAX)  # fmt: skip
        finally:
            if older:
                older.__exit__()


def deep_page(name, running):
    client = Client(running)
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


def search(name, running):
    """Cold: the first search of a new process on new connections. The system's cache is as it is."""
    client = Client(running)
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
        f" {command('git', 'rev-parse', '--short', 'HEAD')}, release build, {service.BINARY.stat().st_size / 1e6:.0f} MB",
        f"- {os.cpu_count()} × {cpu[1] if cpu else platform.machine()}, {memory_kb / 2**20:.0f} GB,"
        f" Linux {platform.release()}; service, database and load generator share them",
        f"- PostgreSQL {server}: {settings} (throw-away server, the same for both sides)",
        f"- {ROWS:,} tasks; {ROUNDS} rounds of {SECONDS} s, {CONNECTIONS} connections;"
        f" load average {os.getloadavg()[2]:.1f} (15 minutes) at the end, {busy_share():.0%} busy after it",
    ]  # fmt: skip


def seeded(folder, kind, name):
    """A migrated database with the tasks; service.BINARY migrates it."""
    if kind == "SQLite":
        path = folder / f"{name}.db"
        url = f"sqlite://{path}"
    else:
        server, database = os.environ["TEST_POSTGRES_URL"], f"taskmanager_{name}_{os.getpid()}"
        seed.psql(server, "-c", f"CREATE DATABASE {database}")
        url = re.sub(r"/[^/?]*(\?|$)", rf"/{database}\1", server)
    with Service(url, folder):
        pass
    if kind == "SQLite":
        seed.seed_sqlite(ROWS, path)
    else:
        seed.seed_postgres(ROWS, url)
    return url


def drop_databases():
    server = os.environ["TEST_POSTGRES_URL"]
    for name in ("now", "before"):
        seed.psql(server, "-c", "SET client_min_messages = error",
                  "-c", f"DROP DATABASE IF EXISTS taskmanager_{name}_{os.getpid()} WITH (FORCE)")  # fmt: skip


def main():
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="taskmanager-bench.") as folder:
        folder = pathlib.Path(folder)
        start_up(folder)
        try:
            kinds = ("PostgreSQL", "SQLite")
            say(f"seeding {ROWS:,} tasks on each database" + (", twice" if BEFORE else ""))
            urls = {kind: seeded(folder, kind, "now") for kind in kinds}
            older = dict.fromkeys(kinds)
            if BEFORE:
                new, service.BINARY = service.BINARY, pathlib.Path(BEFORE).resolve()
                older = {kind: seeded(folder, kind, "before") for kind in kinds}
                service.BINARY = new
            for kind in kinds:
                with Service(urls[kind], folder) as running:
                    search(kind, running)
                    deep_page(kind, running)
            with Durability(urls["PostgreSQL"], True):
                alone("PostgreSQL", urls["PostgreSQL"], folder, older["PostgreSQL"])
            alone("SQLite", urls["SQLite"], folder, older["SQLite"])
            throughput(urls["PostgreSQL"], folder)
            throughput_sqlite(urls["SQLite"], folder / "now.db", folder)
            for kind in kinds:
                memory(kind, urls[kind], folder)
            about = machine(urls["PostgreSQL"])
        finally:
            drop_databases()
    say(f"{time.monotonic() - began:.0f} s in all")
    table = ["| figure | measured | target | |", "|---|---|---|---|", *lines]
    block = "\n".join([BEGIN, "", *about, "", *table, "", END])
    print(block)
    if "--no-write" not in sys.argv:
        text = DOCUMENT.read_text()
        before, rest = text.split(BEGIN, 1)
        DOCUMENT.write_text(before + block + rest.split(END, 1)[1])


if __name__ == "__main__":
    main()
