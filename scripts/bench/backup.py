"""A backup beside the copy alone, both while eight writers go on; prints a table.

Run by scripts/bench/backup.sh, which gives it a PostgreSQL server in TEST_POSTGRES_URL. In each round the copy alone
and a backup take turns. Every transaction of a writer makes or deletes a pair whose amounts cancel each other out, so
a copy that shows one moment holds an even number of rows with the sum 0, and as many as its manifest says.
"""

import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import seed

BINARY = pathlib.Path(os.environ.get("BENCH_BINARY") or "target/release/taskmanager").resolve()
ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
WRITERS, TARGET = 8, 1.3
# Each writer rests so long between two transactions, in seconds: it is the copy that is to be measured.
REST = 0.02
TABLE = "CREATE TABLE pairs (id bigint PRIMARY KEY, amount bigint NOT NULL)"


def program(url, folder, *arguments):
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "BACKUP_DIR": str(folder)}
    done = subprocess.run([BINARY, *arguments], env=environment, text=True, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"backup: {arguments}: {done.returncode}\n{done.stderr}")
    return done.stdout


class Writers:
    """Eight of them, between `with` and its end."""

    def __init__(self, connect):
        self.connect, self.commits, self.stop, self.failed = connect, 0, threading.Event(), []

    def __enter__(self):
        self.threads = [threading.Thread(target=self.write, args=(at,)) for at in range(WRITERS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        if self.failed:
            raise SystemExit(f"backup: a writer failed: {self.failed[0]}")

    def write(self, writer):
        try:
            execute, close = self.connect()
            turn = time.time_ns()
            while not self.stop.is_set():
                turn += 1
                one = (turn * WRITERS + writer) * 2 % 2**62
                execute(f"INSERT INTO pairs VALUES ({one}, {turn % 1000}), ({one + 1}, -{turn % 1000})")
                if turn % 3 == 0:
                    execute(f"DELETE FROM pairs WHERE id IN ({one}, {one + 1})")
                self.commits += 1
                time.sleep(REST)
            close()
        except Exception as error:
            self.failed.append(error)


class Sqlite:
    name, alone = "SQLite", "VACUUM INTO"

    def __init__(self, folder):
        self.path, self.url = folder / "tasks.db", f"sqlite://{folder / 'tasks.db'}"
        program(self.url, folder, "migrate", "up")
        seed.seed_sqlite(ROWS, self.path)
        self.connect()[0](TABLE)

    def connect(self):
        connection = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection.execute, connection.close

    def copy(self, to):
        execute, close = self.connect()
        execute(f"VACUUM INTO '{to}'")
        close()

    def pairs(self, backup):
        connection = sqlite3.connect(f"file:{backup}?mode=ro&immutable=1", uri=True)
        found = connection.execute("SELECT count(*), coalesce(sum(amount), 0) FROM pairs").fetchone()
        connection.close()
        return found

    def close(self):
        pass


class Postgres:
    name, alone = "PostgreSQL", "pg_dump -Fc"

    def __init__(self, folder):
        self.server = os.environ["TEST_POSTGRES_URL"]
        self.database = f"taskmanager_backup_{os.getpid()}"
        seed.psql(self.server, "-c", f"CREATE DATABASE {self.database}")
        self.url = re.sub(r"/[^/?]*(\?|$)", rf"/{self.database}\1", self.server)
        program(self.url, folder, "migrate", "up")
        seed.seed_postgres(ROWS, self.url)
        seed.psql(self.url, "-c", TABLE)

    def connect(self):
        process = subprocess.Popen(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.url], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

        def execute(statement):
            process.stdin.write(f"{statement};\n\\echo done\n")
            process.stdin.flush()
            if process.stdout.readline() != "done\n":
                raise RuntimeError(statement)

        def close():
            process.stdin.close()
            process.wait()

        return execute, close

    def copy(self, to):
        subprocess.run(["pg_dump", "-Fc", "-f", to, self.url], check=True)

    def pairs(self, backup):
        command = ["pg_restore", "--data-only", "--table=pairs", "--file=-", str(backup)]
        text = subprocess.run(command, check=True, text=True, capture_output=True).stdout
        amounts = [int(amount) for amount in re.findall(r"^\d+\t(-?\d+)$", text, re.MULTILINE)]
        return len(amounts), sum(amounts)

    def close(self):
        seed.psql(self.server, "-c", f"DROP DATABASE {self.database}")


def timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def measure(database, folder):
    alone, copies, quick, whole, sizes = [], [], [], [], []
    with Writers(database.connect) as writers:
        for at in range(ROUNDS):
            before, to = writers.commits, folder / f"alone{at}"
            alone.append(timed(lambda: database.copy(to))[0])
            to.unlink()
            for proof, times in (["--quick"], quick), ([], whole):
                arguments = ["backup", "create", "--json", *proof]
                took, said = timed(lambda: program(database.url, folder / "backups", *arguments))
                times.append(took)
                made = json.loads(said)
                copies.append(made["copied_ms"] / 1000)
                sizes.append(made["manifest"]["size"])
                rows, total = database.pairs(made["path"])
                counted = made["manifest"]["rows"]
                if rows % 2 or total or rows != counted["pairs"] or counted["tasks"] != ROWS:
                    raise SystemExit(f"backup: not one moment: {rows} rows, sum {total}, {counted}")
            if writers.commits - before < WRITERS:
                raise SystemExit("backup: the writers stood still")
            print(f"backup: {database.name}, round {at + 1}: {alone[-1]:.2f} s alone, {quick[-1]:.2f} s"
                  f" and {whole[-1]:.2f} s, {writers.commits} commits", file=sys.stderr)  # fmt: skip
    base = statistics.median(alone)
    print(f"| {database.alone} alone, {ROWS:,} tasks, {WRITERS} writers | {base:.2f} s | | |")
    for what, times, target in (
        ("`backup create`, of it the copy", copies, ""),
        ("`backup create --quick`, process and all", quick, f"under {TARGET} times"),
        ("`backup create`, with its proof", whole, ""),
    ):
        ratio = statistics.median(times) / base
        met = "" if not target else "met" if ratio < TARGET else "**missed**"
        print(f"| {what}, {database.name} | {statistics.median(times):.2f} s, {ratio:.2f} times | {target} | {met} |")
    print(f"| size of the backup, {database.name} | {sizes[-1] / 1e6:.1f} MB | | |")


def main():
    print("| figure | measured | target | |\n|---|---|---|---|")
    for kind in (Sqlite, Postgres):
        with tempfile.TemporaryDirectory(prefix="taskmanager-bench.") as folder:
            folder = pathlib.Path(folder)
            database = kind(folder)
            try:
                measure(database, folder)
            finally:
                database.close()


if __name__ == "__main__":
    main()
