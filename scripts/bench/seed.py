"""Fills a migrated, empty database with made tasks: the same rows in both kinds.

    python3 seed.py postgres ROWS URL    through psql's COPY
    python3 seed.py sqlite ROWS FILE     through the sqlite3 module

The indexes are taken away, built again afterwards from their own definitions, and ANALYZEd. Exactly
RARE_ROWS tasks, spread over the table, hold the word RARE_WORD; the rows are the same each time.
"""

import datetime
import hashlib
import random
import sqlite3
import subprocess
import sys

RARE_WORD, RARE_ROWS = "zqx", 100
COLUMNS = (
    "id title description status priority assignee due_date created_at updated_at completed_at"
    " version search_text"
).split()

VERBS = "Review Update Fix Write Test Deploy Plan Call Order Check Draft Move Clean Prepare Sign Ship".split()
THINGS = (
    "invoice report server contract backup website budget schedule printer meeting release password"
    " warehouse brochure pipeline ticket audit lease catalogue payroll firewall newsletter sensor"
    " database garden survey passport machine logo staircase"
).split()
PLACES = (
    "for Berlin|for the board|before Friday|in the staging area|with Anna|at the Lyon office|again|"
    "for customer {n}|of building {n}|in room {n}|for Q{q}|with the new supplier"
).split("|")
NOTES = (
    "Ask the owner first, then write the result down.|See the notes of the last meeting, page {n}.|"
    "Blocked until delivery {n} arrives.|The customer expects an answer this week.|"
    "Measure twice, cut once; keep the old part.|Copy to accounting and to the archive, folder {n}."
).split("|")
PEOPLE = "anna ben chiara david elif farid greta hugo ines jonas kofi lena mehmet nora olga paul".split()
STATUSES, PRIORITIES = ("todo", "in_progress", "done"), ("low", "medium", "high")
# 2026-01-01 UTC, in microseconds; a task every 20 seconds from then on.
FIRST, STEP, DAY = 1_767_225_600_000_000, 20_000_000, 86_400_000_000


def tasks(rows):
    """The tasks as tuples in the order of COLUMNS; times in microseconds, ids as bytes."""
    chance = random.Random(20261121)
    rare_every = max(rows // RARE_ROWS, 1)
    for at in range(rows):
        n = chance.randrange(1, 100_000)
        title = f"{chance.choice(VERBS)} {chance.choice(THINGS)} {chance.choice(PLACES)}"
        title = title.format(n=n, q=n % 4 + 1)
        if at % rare_every == rare_every // 2 and at // rare_every < RARE_ROWS:
            title += f" {RARE_WORD}"
        description = chance.choice(NOTES).format(n=n) if n % 10 < 6 else None
        assignee = chance.choice(PEOPLE) if n % 4 else None
        created = FIRST + at * STEP + n
        status = chance.choices(STATUSES, (5, 2, 3))[0]
        due = created + chance.randrange(1, 90) * DAY if n % 3 else None
        completed = created + n * 1_000_000 if status == "done" else None
        unique = hashlib.md5(str(at).encode()).digest()
        # UUIDv7 (RFC 9562 section 5.7): milliseconds, version, variant.
        identifier = (created // 1000).to_bytes(6, "big") + unique[:10]
        identifier = bytearray(identifier)
        identifier[6] = 0x70 | identifier[6] & 0x0F
        identifier[8] = 0x80 | identifier[8] & 0x3F
        search = f"{title}\n{description or ''}\n{assignee or ''}".lower()
        yield (
            bytes(identifier), title, description, status, chance.choice(PRIORITIES), assignee,
            due, created, completed or created, completed, 1, search,
        )  # fmt: skip


def copy_line(task):
    """One line of COPY's text format; the made texts hold neither tab nor backslash."""
    moment = lambda at: datetime.datetime.fromtimestamp(at / 1e6, datetime.UTC).isoformat()
    fields = []
    for column, value in zip(COLUMNS, task):
        if value is None:
            value = r"\N"
        elif column == "id":
            value = value.hex()
        elif column == "due_date" or column.endswith("_at"):
            value = moment(value)
        fields.append(str(value).replace("\n", r"\n"))
    return "\t".join(fields) + "\n"


def psql(url, *arguments, **options):
    command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", url, *arguments]
    return subprocess.run(command, check=True, text=True, **options)


def seed_postgres(rows, url):
    listing = (
        "SELECT indexname || '|' || indexdef FROM pg_indexes"
        " WHERE tablename = 'tasks' AND schemaname = 'public' AND indexname <> 'tasks_pkey'"
    )
    found = psql(url, "-c", listing, stdout=subprocess.PIPE).stdout.splitlines()
    indexes = [line.split("|", 1) for line in found]
    psql(url, "-c", "".join(f"DROP INDEX {name};" for name, _ in indexes))
    copy = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", url]
    copy += ["-c", f"COPY tasks ({', '.join(COLUMNS)}) FROM STDIN"]
    with subprocess.Popen(copy, stdin=subprocess.PIPE, text=True) as process:
        for task in tasks(rows):
            process.stdin.write(copy_line(task))
        process.stdin.close()
        if process.wait() != 0:
            sys.exit("seed: COPY failed")
    settings = "SET maintenance_work_mem = '512MB';"
    psql(url, "-c", settings + ";".join(definition for _, definition in indexes))
    psql(url, "-c", "VACUUM (ANALYZE) tasks")
    psql(url, "-c", "CHECKPOINT")


def seed_sqlite(rows, path):
    connection = sqlite3.connect(path)
    made = connection.execute(
        "SELECT type, name, sql FROM sqlite_master"
        " WHERE tbl_name = 'tasks' AND type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _ in made:
        connection.execute(f"DROP {kind} {name}")
    places = ", ".join("?" * len(COLUMNS))
    insert = f"INSERT INTO tasks ({', '.join(COLUMNS)}) VALUES ({places})"
    connection.executemany(insert, tasks(rows))
    connection.execute("INSERT INTO tasks_search (tasks_search) VALUES ('rebuild')")
    for _, _, definition in made:
        connection.execute(definition)
    connection.commit()
    connection.execute("ANALYZE")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


if __name__ == "__main__":
    kind, rows, place = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    {"postgres": seed_postgres, "sqlite": seed_sqlite}[kind](rows, place)
