"""The commands that list authorisations and responses."""

import json
import re
import time

from conftest import VALUE, Api, Redis, acmeproxy, value

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00"


def test_listauthorisations_prints_what_the_original_did(start_stack):
    stack = start_stack()
    assert acmeproxy(stack, "listauthorisations", status=1) == "No authorisations found\n"
    api, redis = Api(stack), Redis(stack)
    for n, name in enumerate(["secure.example.com", "b.example.org"]):
        api.create(name)
        created = 1476069078525 + n
        redis("HSET", f"acmeproxy:authorisation:{name}", "created_at", created, "account",
              "operations" if n == 0 else "")
        redis("ZADD", "acmeproxy:authorisations", created, name)
    assert acmeproxy(stack, "listauthorisations") == """\
name                created_by_ip  created_at                        account
------------------  -------------  --------------------------------  ----------
secure.example.com  127.0.0.1      2016-10-10 03:11:18.525000+00:00  operations
b.example.org       127.0.0.1      2016-10-10 03:11:18.526000+00:00
"""
    assert acmeproxy(stack, "listauthorisations", "--tsv").splitlines() == [
        "secure.example.com\t127.0.0.1\t2016-10-10 03:11:18.525000+00:00\toperations",
        "b.example.org\t127.0.0.1\t2016-10-10 03:11:18.526000+00:00\t"]
    rows = [json.loads(line) for line in acmeproxy(stack, "listauthorisations", "--json").splitlines()]
    assert rows[0] == {"name": "secure.example.com", "created_by_ip": "127.0.0.1",
                       "created_at": "2016-10-10 03:11:18.525000+00:00", "account": "operations",
                       "suffix_match": False, "last_used_at": None}
    only = lambda *a: [line.split("\t")[0] for line in
                       acmeproxy(stack, "listauthorisations", "--tsv", *a).splitlines()]
    assert only("--account", "operations") == ["secure.example.com"]
    assert only("--under", "org") == ["b.example.org"]
    assert only("--under", "Example.COM.") == ["secure.example.com"]
    assert acmeproxy(stack, "listauthorisations", "--under", "le.com",
                     status=1) == "No authorisations found\n"


def test_a_long_list_is_complete_and_in_order(start_stack):
    """Many names were created in the same millisecond, before and after the end of a page."""
    stack = start_stack()
    lines, names = [], []
    for n in range(1500):
        names.append(f"h{n:05d}.example.com")
        score = 1476069078525 + n // 700
        lines += [f"HSET acmeproxy:authorisation:{names[-1]} secret_hash x created_at {score}",
                  f"ZADD acmeproxy:authorisations {score} {names[-1]}"]
    stack.redis_cli(text="\n".join(lines))
    rows = acmeproxy(stack, "listauthorisations", "--tsv").splitlines()
    assert [row.split("\t")[0] for row in rows] == names
    assert len(acmeproxy(stack, "listauthorisations").splitlines()) == 1502


def test_listresponses(start_stack):
    stack = start_stack()
    assert acmeproxy(stack, "listresponses", status=1) == "No responses found\n"
    api = Api(stack)
    secret = api.create("secure.example.com")
    other = api.create("test.example.org")
    api.publish("secure.example.com", secret, value(1))
    api.publish("secure.example.com", secret, value(2))
    api.publish("test.example.org", other, value(1))
    api.post("expire_response", name="secure.example.com", secret=secret, response=value(1))
    api.post("publish_response", name="secure.example.com", secret="0" * 32, response=value(3))
    rows = [json.loads(line) for line in acmeproxy(stack, "listresponses", "--json").splitlines()]
    assert [(r["name"], r["value"], r["expired_at"] is not None) for r in rows] == [
        ("secure.example.com", value(1), True), ("secure.example.com", value(2), False),
        ("test.example.org", value(1), False)]
    lines = acmeproxy(stack, "listresponses").splitlines()
    assert lines[0].split() == ["name", "expired_at", "created_by_ip", "created_at"]
    assert re.fullmatch(rf"secure\.example\.com  {TIME}  127\.0\.0\.1      {TIME}", lines[2])
    assert re.fullmatch(rf"secure\.example\.com {{36}}127\.0\.0\.1      {TIME}", lines[3]), lines[3]
    count = lambda *a, **k: len(acmeproxy(stack, "listresponses", "--tsv", *a, **k).splitlines())
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert count("--name", "test.example.org") == 1
    assert count("--under", "example.com") == 2
    assert count("--start", "2016-09-01") == 3
    assert count("--start", today, "--end", today) == 3
    assert count("--start", rows[1]["created_at"]) == 2
    assert count("--end", rows[0]["created_at"].replace(" ", "T")) == 1
    none = dict(status=1)
    assert acmeproxy(stack, "listresponses", "--end", "2016-12-30", **none) == "No responses found\n"
    assert acmeproxy(stack, "listresponses", "--start", "2100-01-01T00:00:00+02:00", **none)


def test_a_long_log_is_read_to_its_end(start_stack):
    """The end of a response is matched with its publication, even if that is pages earlier."""
    stack = start_stack()
    base = int(time.time() * 1000) - 7200000
    lines = [f"XADD acmeproxy:audit {base + n}-0 event published name secure.example.com account a "
             f"ip 192.0.2.1 via api value {value(n)}" for n in range(1200)]
    lines += [f"XADD acmeproxy:audit {base + 2000 + n}-0 event expired name secure.example.com "
              f"account a ip 192.0.2.1 via api value {value(n)}" for n in range(0, 1200, 2)]
    stack.redis_cli(text="\n".join(lines))
    api = Api(stack)
    api.publish("secure.example.com", api.create("secure.example.com"))
    rows = [json.loads(line) for line in acmeproxy(stack, "listresponses", "--json").splitlines()]
    assert [r["value"] for r in rows] == [value(n) for n in range(1200)] + [VALUE]
    assert [r["expired_at"] is not None for r in rows] == [n % 2 == 0 for n in range(1200)] + [False]


def test_a_value_is_expired_while_it_is_live(start_stack):
    """A registration's response is live for registration_life_s, any other for response_life_s."""
    stack = start_stack()
    base = int(time.time() * 1000) - 7200000
    uuid = "d420c923-bbd7-4056-ab64-c3ca54c9b3cf"
    event = lambda at_s, event, name, n: (
        f"XADD acmeproxy:audit {base + 1000 * at_s}-* event {event} name {name} account a "
        f"ip 192.0.2.1 via api value {value(n)}")
    stack.redis_cli(text="\n".join([
        event(0, "published", uuid, 1), event(0, "published", "a.example.com", 2),
        event(1000, "published", "a.example.com", 2), event(1010, "expired", "a.example.com", 2),
        event(1020, "expired", uuid, 1)]))
    rows = [json.loads(line) for line in acmeproxy(stack, "listresponses", "--json").splitlines()]
    assert [(r["name"], r["expired_at"] is not None) for r in rows] == [
        (uuid, True), ("a.example.com", False), ("a.example.com", True)]
