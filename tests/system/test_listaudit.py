"""`acmeproxy listaudit`: the audit log as a list, as a stream, and in the journal."""

import contextlib
import datetime
import json
import os
import random
import signal
import socket
import struct
import subprocess
import time

import pytest
from conftest import VALUE, Api, Redis, acmeproxy, until
from stack.acme import mount_namespace
from stack.config import DEPLOY
from stack.process import Process

AUDIT = "acmeproxy:audit"
COLUMNS = ["at", "event", "name", "authorisation", "account", "owner", "ip", "via"]
# What a store may hold: (milliseconds, fields).  Others than these may come with any version.
PUBLISHED = dict(event="published", name="www.example.com", authorisation="example.com",
                 account="robots", owner="operations", ip="192.0.2.77", via="httpreq", value=VALUE)
ENTRIES = [
    (1476069078525, dict(event="created", name="example.com", account="operations",
                         ip="192.0.2.1", via="api")),
    (1476069078526, PUBLISHED),
    (1476155478000, dict(event="refused", name="mail.example.org", account="", ip="2001:db8::7",
                         via="api", reason="secret")),
    (1476241878000, dict(event="enlightened", name="", authorisation="", account="operations",
                         owner="", ip="::ffff:192.0.2.2", via="command", odd_field="a \"b\" c",
                         id="7")),
]


def at(ms):
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{ms % 1000:03d}000+00:00"


def quoted(words):
    return " ".join('"' + str(word).replace('"', '\\"') + '"' for word in words)


def add(stack, *entries):
    """Write events as scripts do; returns their ids."""
    lines = [quoted(["XADD", AUDIT, f"{ms}-*" if isinstance(ms, int) else ms,
                     *(word for pair in fields.items() for word in pair)])
             for ms, fields in entries]
    ids = stack.redis_cli(text="\n".join(lines) + "\n").splitlines()
    assert len(ids) == len(entries) and all("-" in each for each in ids), ids
    return ids


def numbered(first, last, event="published"):
    """Events of now that differ by their value."""
    return [("*", dict(PUBLISHED, event=event, value=f"{n:043d}")) for n in range(first, last)]


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def listed(stack, *options, **more):
    return rows(acmeproxy(stack, "listaudit", "--json", *options, **more))


@contextlib.contextmanager
def following(stack, tmp_path, *options, prefix=()):
    """`acmeproxy listaudit --follow` in the background; what it printed is in its log."""
    process = Process("listaudit", [
        *prefix, stack.build / "acmeproxy", "listaudit", "--follow", "--config", stack.config,
        *options], tmp_path / "listaudit.log")
    try:
        yield process.start()
    finally:
        process.kill()


def output(process):
    return process.log.read_text().splitlines()


def events(process):
    return rows("\n".join(line for line in output(process) if line.startswith("{")))


def complaints(process):
    return [line for line in output(process) if not line.startswith("{")]


def numbers(found):
    return [int(event["value"]) for event in found]


# -- lists

def test_all_that_the_api_does(start_stack):
    """Every event is there with every field that the store has."""
    stack = start_stack()
    api = Api(stack)
    secret = api.create("secure.example.com")
    api.publish("secure.example.com", secret)
    api.post("expire_response", name="secure.example.com", secret=secret, response=VALUE)
    api.post("expire_authorisation", name="secure.example.com", secret=secret)
    acmeproxy(stack, "deleteauthorisation", "secure.example.com")
    stored = json.loads(Redis(stack)("--json", "XRANGE", AUDIT, "-", "+"))
    assert {"created", "published", "expired", "rotated", "deleted"} <= {
        (fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2])))["event"]
        for _, fields in stored}
    found = listed(stack)
    assert len(found) == len(stored)
    for row, (identity, fields) in zip(found, stored):
        fields = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2]))
        assert row == {"id": identity, "at": at(int(identity.split("-")[0])),
                       **dict.fromkeys(COLUMNS[1:]), **fields}
        assert list(row)[:len(COLUMNS) + 1] == ["id", *COLUMNS]


def test_a_table(start_stack):
    stack = start_stack()
    stack.redis_cli("DEL", AUDIT)
    assert acmeproxy(stack, "listaudit", status=1) == "No events found\n"
    add(stack, *ENTRIES)
    lines = acmeproxy(stack, "listaudit").splitlines()
    assert lines[0].split() == [*COLUMNS, "detail"] and set(lines[1]) == {"-", " "}
    starts = [lines[0].index(column) for column in [*COLUMNS, "detail"]]
    cells = [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None])] for line in lines[2:]]
    detail = ["", f"value={VALUE}", "reason=secret", 'odd_field="a \\"b\\" c" id_=7']
    want = [[at(ms), *(fields.get(column, "") for column in COLUMNS[1:]), end]
            for (ms, fields), end in zip(ENTRIES, detail)]
    assert cells == want
    assert [line.split("\t") for line in acmeproxy(stack, "listaudit", "--tsv").splitlines()] == want


def test_json(start_stack):
    stack = start_stack()
    stack.redis_cli("DEL", AUDIT)
    ids = add(stack, *ENTRIES)
    found = listed(stack)
    assert found[0] == {"id": ids[0], "at": at(ENTRIES[0][0]), "authorisation": None, "owner": None,
                        **ENTRIES[0][1]}
    assert found[1] == {"id": ids[1], "at": at(ENTRIES[1][0]), **PUBLISHED}
    assert found[3]["odd_field"] == 'a "b" c' and (found[3]["id"], found[3]["id_"]) == (ids[3], "7")


def test_what_is_stored_cannot_forge_a_line(start_stack):
    stack = start_stack()
    stack.redis_cli("DEL", AUDIT)
    stack.redis_cli("XADD", AUDIT, "*", "event", "a\nb", "name", "x\ty", "account", "\x1b[31m",
                    "we\nird", "c\nd")
    assert acmeproxy(stack, "listaudit", "--tsv").split("\t")[1:] == [
        "a?b", "x?y", "", "?[31m", "", "", "", "we_ird=c?d\n"]
    (row,) = listed(stack)
    assert (row["event"], row["we_ird"]) == ("a\nb", "c\nd")


@pytest.mark.parametrize("options,want", [
    ("", "0123"), ("--start 2016-10-11", "23"), ("--end 2016-10-10", "01"),
    ("--start 2016-10-10T03:11:18.526Z --end 2016-10-11", "12"),
    ("--event created", "0"), ("--event created --event enlightened", "03"), ("--event nosuch", ""),
    ("--name example.com", "0"), ("--name WWW.Example.com.", "1"), ("--name com", ""),
    ("--under example.com", "01"), ("--under org", "2"), ("--under le.com", ""),
    ("--account operations", "03"), ("--account robots", "1"), ("--account=", "2"),
    ("--owner operations", "1"), ("--owner=", "023"),
    ("--ip 192.0.2.1", "0"), ("--ip 192.0.2.0/24", "013"), ("--ip 192.0.2.0/26", "03"),
    ("--ip 2001:db8::/32", "2"), ("--ip 2001:db8::7", "2"), ("--ip ::ffff:192.0.2.2", "3"),
    ("--ip 192.0.2.2", "3"), ("--ip 0.0.0.0/0 --event created --under com", "0")])
def test_filters(shared, options, want):
    found = listed(shared, *options.split(), status=0 if want else 1) if want else []
    assert "".join(str(ENTRIES_BY_AT[row["at"]]) for row in found) == want
    if not want:
        assert acmeproxy(shared, "listaudit", *options.split(), status=1) == "No events found\n"


ENTRIES_BY_AT = {at(ms): i for i, (ms, _) in enumerate(ENTRIES)}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    from stack.stack import Stack
    with Stack(tmp_path_factory.mktemp("audit")) as running:
        running.redis_cli("DEL", AUDIT)
        add(running, *ENTRIES)
        yield running


@pytest.mark.parametrize("options,sentence", [
    ("--ip example.com", "--ip example.com: an address or a network is needed"),
    ("--ip 192.0.2.0/33", "--ip 192.0.2.0/33: an address or a network is needed"),
    ("--start yesterday", '"yesterday" is neither a date (2016-10-10) nor a time '
     "(2016-10-10T03:11:18Z)"),
    ("--follow --end 2016-10-10", "--follow has no --end"),
    ("--journal --json", "--journal prints nothing: it goes without --json"),
    ("--journal --tsv", "--journal prints nothing: it goes without --tsv")])
def test_mistakes(shared, options, sentence):
    assert acmeproxy(shared, "listaudit", *options.split(),
                     status=2) == f"acmeproxy: {sentence}\n"


def test_a_long_log_is_complete(start_stack):
    stack = start_stack()
    add(stack, *numbered(0, 1700))
    assert numbers(listed(stack, "--event", "published")) == list(range(1700))
    assert len(acmeproxy(stack, "listaudit").splitlines()) == 1702


def test_another_store_is_not_listed(start_stack):
    stack = start_stack()
    add(stack, *ENTRIES)
    stack.redis_cli("HSET", "acmeproxy:store", "id", "0" * 32)
    said = acmeproxy(stack, "listaudit", status=3)
    assert said.startswith(f"acmeproxy: the store in Redis is {'0' * 32}, not the one that ")


def test_its_redis_user_can_read_the_log_and_nothing_else(shared):
    cli = lambda *words: shared.redis_cli(*words, user="acmeproxy-audit", password="audit")
    assert "published" in cli("XRANGE", AUDIT, "-", "+")
    for words in (["XADD", AUDIT, "*", "a", "b"], ["XTRIM", AUDIT, "MAXLEN", 0], ["DEL", AUDIT],
                  ["HMGET", "acmeproxy:authorisation:example.com", "secret_hash"],
                  ["HSET", "acmeproxy:store", "id", 1], ["KEYS", "*"], ["FLUSHALL"],
                  ["EVAL", "return 1", 0], ["CONFIG", "GET", "*"], ["ACL", "LIST"]):
        assert "NOPERM" in cli(*words), words


# -- following

@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT])
def test_follow(start_stack, tmp_path, signo):
    stack = start_stack()
    add(stack, *numbered(0, 700))
    with following(stack, tmp_path, "--json") as process:
        until("the old ones", lambda: len(events(process)) == 700)
        add(stack, *numbered(700, 703))
        until("the new ones", lambda: len(events(process)) == 703)
        assert numbers(events(process)) == list(range(703)) and complaints(process) == []
        assert process.stop(signo) == 0


def test_a_table_that_is_followed_has_one_heading(start_stack, tmp_path):
    stack = start_stack()
    with following(stack, tmp_path, "--event", "published", "--name", "www.example.com") as process:
        add(stack, *numbered(0, 2, "created"), *numbered(2, 3))
        until("an event", lambda: len(output(process)) == 3)
        add(stack, *numbered(3, 4))
        until("another", lambda: len(output(process)) == 4)
    assert output(process)[0].split() == [*COLUMNS, "detail"]
    assert [line.rsplit("=")[1] for line in output(process)[2:]] == [f"{n:043d}" for n in (2, 3)]


def test_nothing_is_lost_or_repeated_when_redis_is_killed(start_stack, tmp_path):
    stack = start_stack()
    add(stack, *numbered(0, 10))
    with following(stack, tmp_path, "--json") as process:
        until("the old ones", lambda: len(events(process)) == 10)
        for n in range(1, 4):
            stack.kill_part("redis")
            until("it says so", lambda: sum("trying again" in line for line in output(process)) >= n)
            stack.start_part("redis")
            add(stack, *numbered(10 * n, 10 * n + 10))
            until("the new ones", lambda: len(events(process)) == 10 * n + 10)
        assert numbers(events(process)) == list(range(40))
        # Each event was there before the kill that followed: nothing else is said.
        again = [line for line in complaints(process) if "trying again" not in line]
        assert len(again) == 3
        assert all(line.startswith("acmeproxy: Redis answers again; the next event is the one after ")
                   for line in again)


def test_it_ends_while_redis_is_away(start_stack, tmp_path):
    stack = start_stack()
    add(stack, *numbered(0, 1))
    with following(stack, tmp_path, "--json") as process:
        until("an event", lambda: events(process))
        stack.kill_part("redis")
        until("it says so", lambda: complaints(process))
        assert process.stop() == 0


def test_without_redis_it_does_not_begin(start_stack, tmp_path):
    stack = start_stack()
    stack.kill_part("redis")
    with following(stack, tmp_path) as process:
        until("it ends", lambda: process.poll() is not None)
        assert process.poll() == 3 and complaints(process)[0].startswith("acmeproxy: redis: ")


def test_trimming_that_overtakes_is_told_with_its_number(start_stack, tmp_path):
    stack = start_stack()
    stack.redis_cli("DEL", AUDIT)
    add(stack, *numbered(0, 5))
    with following(stack, tmp_path, "--json") as process:
        until("the old ones", lambda: len(events(process)) == 5)
        # What is removed after it was read is no loss.
        stack.redis_cli("XTRIM", AUDIT, "MAXLEN", 1)
        add(stack, *numbered(5, 6))
        until("one more", lambda: len(events(process)) == 6)
        assert complaints(process) == []
        process.send(signal.SIGSTOP)
        add(stack, *numbered(6, 1000))
        stack.redis_cli("XTRIM", AUDIT, "MAXLEN", 7)
        process.send(signal.SIGCONT)
        until("the last one", lambda: numbers(events(process))[-1] == 999)
        found = numbers(events(process))
        (said,) = complaints(process)
        words = said.split()
        assert (words[0], words[2:4], words[5:7]) == ("acmeproxy:", ["events", "after"],
                                                      ["are", "missing:"]), said
        assert len(found) + int(words[1]) == 1000
        # It says where: the event after that id is the first that is missing.
        ids = [event["id"] for event in events(process)]
        gap = ids.index(words[4])
        assert found[gap] < 999 - 7 and found[gap + 1:] == list(range(993, 1000))


def test_trimming_that_overtakes_a_long_list(start_stack, tmp_path):
    """A list that is read from its first event knows as well."""
    stack = start_stack()
    stack.redis_cli("DEL", AUDIT)
    add(stack, *numbered(0, 9000))
    with following(stack, tmp_path, "--json") as process:
        until("the first page", lambda: len(events(process)) >= 500)
        process.send(signal.SIGSTOP)
        stack.redis_cli("XTRIM", AUDIT, "MAXLEN", 3)
        process.send(signal.SIGCONT)
        until("the last one", lambda: numbers(events(process))[-1] == 8999)
        missing = 9000 - len(events(process))
        said = complaints(process)
    if missing:  # else it was faster than we
        assert len(said) == 1 and said[0].startswith(f"acmeproxy: {missing} events after ")


def test_a_log_that_has_lost_its_newest_events(start_stack, tmp_path):
    stack = start_stack()
    add(stack, *numbered(0, 3))
    with following(stack, tmp_path, "--json") as process:
        until("the old ones", lambda: len([e for e in events(process) if e["value"]]) == 3)
        last = events(process)[-1]["id"]
        stack.redis_cli("DEL", AUDIT)
        # Older by its id, since the clock went back: still new.
        add(stack, (5, dict(PUBLISHED, value="7")))
        until("it says so", lambda: complaints(process))
        add(stack, (6, dict(PUBLISHED, value="8")))
        until("the new one", lambda: numbers(events(process))[-1] == 8)
        assert complaints(process) == [
            f"acmeproxy: the audit log ends at 5-0, before {last}, which was read: "
            "Redis has lost events"]


# -- the state

def test_state(start_stack, tmp_path):
    """Each run goes on where the last one ended, whatever it filters."""
    stack, state = start_stack(), tmp_path / "state"
    stack.redis_cli("DEL", AUDIT)
    run = lambda *options, **more: listed(stack, "--state", str(state), *options, **more)
    add(stack, *numbered(0, 700))
    assert numbers(run()) == list(range(700))
    assert acmeproxy(stack, "listaudit", "--state", str(state), status=1) == "No events found\n"
    add(stack, *numbered(700, 702), *numbered(702, 703, "created"))
    assert numbers(run("--event", "published")) == [700, 701]
    assert acmeproxy(stack, "listaudit", "--state", str(state), status=1) == "No events found\n"
    add(stack, *numbered(703, 705))
    assert acmeproxy(stack, "listaudit", "--state", str(state)).count("published") == 2
    # Trimming that overtook it between two runs is known by its number as well.
    last = state.read_text().split()[0]
    add(stack, *numbered(705, 720))
    stack.redis_cli("XTRIM", AUDIT, "MAXLEN", 4)
    done = stack.command("listaudit", "--state", str(state))
    assert [int(line.rsplit("=")[1]) for line in done.stdout.splitlines()[2:]] == [716, 717, 718, 719]
    assert done.stderr == (f"acmeproxy: 11 events after {last} are missing: "
                           "they were removed before they were read\n")


@pytest.mark.parametrize("text", ["x\n", "17\n", "1-2", "1-2 3", "-1-2 3\n", "1-2 3 4\n", "\0" * 80])
def test_a_state_that_is_not_ours_is_an_error(shared, tmp_path, text):
    state = tmp_path / "state"
    state.write_text(text)
    assert acmeproxy(shared, "listaudit", "--state", str(state),
                     status=1) == f"acmeproxy: {state}: an event's id is needed\n"
    assert state.read_text() == text


def test_a_state_is_for_one_process(start_stack, tmp_path):
    stack, state = start_stack(), tmp_path / "state"
    add(stack, *numbered(0, 1))
    with following(stack, tmp_path, "--json", "--state", str(state)) as process:
        until("an event", lambda: events(process))
        assert acmeproxy(stack, "listaudit", "--state", str(state),
                         status=1) == f"acmeproxy: {state}: another process uses it\n"


def test_output_that_is_not_taken_is_not_remembered(start_stack, tmp_path):
    stack, state = start_stack(), tmp_path / "state"
    add(stack, *numbered(0, 3))
    with open("/dev/full", "w") as full:
        done = subprocess.run([stack.build / "acmeproxy", "listaudit", "--json", "--config",
                               stack.config, "--state", state], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and "standard output: " in done.stderr
    assert numbers([e for e in listed(stack, "--state", str(state)) if e.get("value")]) == [0, 1, 2]


# -- the journal

class Journal:
    """A journal's socket in a folder, and what comes there."""

    def __init__(self, directory):
        directory.mkdir()
        self.directory, self.messages = directory, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(directory / "socket"))
        self.socket.setblocking(False)
        # A private /run, in which the folder is where libsystemd looks for the journal.
        self.prefix = [*mount_namespace(), "sh", "-c",
                       "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && "
                       'mount --bind "$0" /run/systemd/journal && exec "$@"', directory]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self):
        """All messages so far: lists of (field, value)."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.messages.append(self._parse(self.socket.recv(1 << 20)))
        return self.messages

    @staticmethod
    def _parse(data):
        # Source: https://systemd.io/JOURNAL_NATIVE_PROTOCOL
        fields = []
        while data:
            line, data = data.split(b"\n", 1)
            name, equals, value = line.partition(b"=")
            if not equals:
                (length,) = struct.unpack("<Q", data[:8])
                value, data = data[8:8 + length], data[9 + length:]
            fields.append((name.decode(), value.decode()))
        return fields


@pytest.fixture
def journal(tmp_path):
    if mount_namespace() is None:
        pytest.skip("a mount namespace is forbidden here")
    with Journal(tmp_path / "journal") as listening:
        yield listening


def test_the_journal_gets_these_fields(start_stack, tmp_path, journal):
    stack = start_stack()
    stack.redis_cli("DEL", AUDIT)
    ids = add(stack, *ENTRIES)
    with following(stack, tmp_path, "--journal", prefix=journal.prefix) as process:
        until("all", lambda: len(journal.read()) == len(ENTRIES))
        assert process.stop() == 0 and output(process) == []
    common = {"MESSAGE_ID": "2384604ddf014396a4e5ad07a77c9029", "PRIORITY": "6",
              "SYSLOG_IDENTIFIER": "acmeproxy-audit"}
    detail = ["created example.com account=operations ip=192.0.2.1 via=api",
              "published www.example.com authorisation=example.com account=robots owner=operations "
              f"ip=192.0.2.77 via=httpreq value={VALUE}",
              "refused mail.example.org ip=2001:db8::7 via=api reason=secret",
              "enlightened account=operations ip=::ffff:192.0.2.2 via=command "
              'odd_field="a \\"b\\" c" id_=7']
    for identity, (_, fields), message, text in zip(ids, ENTRIES, journal.messages, detail):
        names = {"id": "ACMEPROXY_ID_"}
        assert sorted(message) == sorted({
            **common, "MESSAGE": text, "ACMEPROXY_ID": identity,
            **{names.get(name, f"ACMEPROXY_{name.upper()}"): value
               for name, value in fields.items() if value != ""}}.items())


def test_a_journal_that_is_not_there_loses_nothing(start_stack, tmp_path, journal):
    stack, state = start_stack(), tmp_path / "state"
    stack.redis_cli("DEL", AUDIT)
    add(stack, *numbered(0, 2))
    options = ["--journal", "--state", str(state)]
    (journal.directory / "socket").rename(journal.directory / "away")
    with following(stack, tmp_path, *options, prefix=journal.prefix) as process:
        until("it ends", lambda: process.poll() is not None)
        assert process.poll() == 1
        assert output(process) == ["acmeproxy: /run/systemd/journal/socket: No such file or directory"]
    (journal.directory / "away").rename(journal.directory / "socket")
    with following(stack, tmp_path, *options, prefix=journal.prefix):
        until("all", lambda: len(journal.read()) == 2)


def test_kills_lose_nothing_and_repeat_one_event_at_most(start_stack, tmp_path, journal):
    stack, state = start_stack(), tmp_path / "state"
    stack.redis_cli("DEL", AUDIT)
    total, kills = 4000, 0
    ids = add(stack, *numbered(0, total))
    options = ["--journal", "--state", str(state)]
    while len({dict(m)["ACMEPROXY_ID"] for m in journal.read()}) < total:
        goal = len(journal.messages) + random.randrange(1, 700)
        with following(stack, tmp_path, *options, prefix=journal.prefix) as process:
            until("some", lambda: len(journal.read()) >= min(goal, total))
            process.kill()
        kills += 1
        assert kills < 500, "it gets on"
    found = [dict(message)["ACMEPROXY_ID"] for message in journal.read()]
    once = [each for i, each in enumerate(found) if i == 0 or each != found[i - 1]]
    assert once == ids and len(found) - total <= kills


def test_the_unit_starts_what_is_tested_here():
    unit = (DEPLOY / "systemd" / "acmeproxy-audit.service").read_text()
    assert ("\nExecStart=/usr/local/bin/acmeproxy listaudit --follow --journal "
            "--state %S/acmeproxy-audit/last\n") in unit
