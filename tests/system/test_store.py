"""The store as redis-cli shows it."""

import hashlib
import json
import subprocess
import time

from conftest import VALUE, Api, Dns, Redis, acmeproxy, create_by_command, until, value


def test_an_authorisation_is_a_hash(api, redis, name):
    secret = api.create(name)
    fields = redis.hash(f"acmeproxy:authorisation:{name}")
    hashed = "secret:" + hashlib.blake2b(secret.encode(), digest_size=32).hexdigest()
    assert set(fields) == {hashed, "suffix_match", "account", "created_at", "created_by_ip", "network"}
    assert fields[hashed] == fields["created_at"]
    assert secret not in json.dumps(fields)
    assert (fields["suffix_match"], fields["account"]) == ("false", "")
    assert fields["created_by_ip"] == "127.0.0.1"
    assert abs(int(fields["created_at"]) / 1000 - time.time()) < 3600
    assert redis("ZSCORE", "acmeproxy:authorisations", name) == fields["created_at"]
    assert redis("TTL", f"acmeproxy:authorisation:{name}") == "-1"


def test_a_response_lives_at_most_300_s(api, redis, name):
    secret = api.create(name)
    key = f"acmeproxy:response:{name}"
    api.publish(name, secret)
    assert redis("TYPE", key) == "zset"
    assert 0 < int(redis("TTL", key)) <= 300
    redis("EXPIRE", key, 5)
    api.publish(name, secret)
    assert 5 < int(redis("TTL", key)) <= 300, "a publication renews it"
    assert redis("ZRANGE", key, 0, -1) == VALUE
    api.post("expire_response", name=name, secret=secret)
    assert redis("EXISTS", key) == "0"


def test_each_value_expires_by_itself(start_stack):
    """A second publication neither prolongs the first nor cuts it short."""
    stack = start_stack(settings={"response_life_s": 3})
    api, dnsq, redis = Api(stack), Dns(stack), Redis(stack)
    secret = api.create("secure.example.com")
    api.publish("secure.example.com", secret, value(1))
    api.publish("secure.example.com", secret, value(2))
    key = "acmeproxy:response:secure.example.com"
    # As if the first had been published 2.9 s earlier.
    redis("ZADD", key, int(redis("ZSCORE", key, value(1))) - 2900, value(1))
    while value(1) in dnsq.texts("secure.example.com"):
        time.sleep(0.05)
    assert dnsq.texts("secure.example.com") == [value(2)]
    while dnsq.texts("secure.example.com"):
        time.sleep(0.05)
    assert redis("EXISTS", key) == "0"


def test_the_audit_log_has_every_event(api, redis, name):
    secret = api.create(name)
    api.post("create_authorisation", name=name)
    api.publish(name, secret)
    api.post("publish_response", name=name, secret="0" * 32, response=VALUE)
    api.post("expire_response", name=name, secret=secret)
    new = api.post("expire_authorisation", name=name, secret=secret).result["secret"]
    events = redis.audit(name)
    assert [(e["event"], e.get("value"), e.get("reason")) for e in events] == [
        ("created", None, None), ("published", VALUE, None), ("expired", VALUE, None),
        ("rotated", None, None), ("ended", None, None)]
    assert {e["authorisation"] for e in events} == {name} and {e["owner"] for e in events} == {""}
    assert redis.refusals(name) == {("127.0.0.1", "api", "taken"): 1, ("127.0.0.1", "api", "secret"): 1}
    assert all(e["via"] == "api" and e["ip"] == "127.0.0.1" for e in events[:-1])
    assert secret not in json.dumps(events) and new not in json.dumps(events)


def test_the_audit_log_is_trimmed_as_it_grows(start_stack):
    """Events older than audit_retention_days are removed, one node of the stream at a time."""
    stack = start_stack(settings={"audit_retention_days": 1})
    old = int(time.time() * 1000) - 2 * 86400000
    lines = [f"XADD acmeproxy:audit {old + n}-0 event published name a.example.com" for n in range(1000)]
    stack.redis_cli(text="\n".join(lines))
    redis = Redis(stack)
    assert redis("XLEN", "acmeproxy:audit") == "1000"
    Api(stack).create("secure.example.com")
    assert int(redis("XLEN", "acmeproxy:audit")) < 200


def redis_as(stack, user, *words):
    return stack.redis_cli(*words, user=user[0], password=user[1])


def test_the_pipe_s_user_can_only_read_what_dns_needs(stack):
    pipe = ("acmeproxy-pipe", "pipe")
    assert "NOPERM" not in redis_as(stack, pipe, "HGET", "acmeproxy:authorisation:a.b",
                                    "suffix_match")
    for words in (("SET", "acmeproxy:response:a.b", "1"),
                  ("DEL", "acmeproxy:authorisation:a.b"),
                  ("ZADD", "acmeproxy:response:a.b", "1", "x"),
                  ("XRANGE", "acmeproxy:audit", "-", "+"), ("KEYS", "*"), ("CONFIG", "GET", "*"),
                  ("EVAL", "return 1", "0"), ("FLUSHALL",), ("ACL", "LIST")):
        assert "NOPERM" in redis_as(stack, pipe, *words), words


def test_the_app_s_user_is_confined_to_its_keys(stack):
    app = ("acmeproxy", "app")
    for words in (("HSET", "other:key", "a", "b"), ("KEYS", "*"), ("CONFIG", "GET", "*"),
                  ("FLUSHALL",), ("SHUTDOWN",), ("ACL", "LIST")):
        assert "NOPERM" in redis_as(stack, app, *words), words


def test_the_pipe_backend_links_neither_libsodium_nor_libfcgi(stack):
    """It only reads the store, and needs neither secrets nor FastCGI for that."""
    libraries = subprocess.run(["ldd", str(stack.build / "acmeproxy-pipe")],
                               capture_output=True, text=True, check=True).stdout
    assert "libhiredis" in libraries
    assert "libsodium" not in libraries and "libfcgi" not in libraries


def test_another_key_prefix(start_stack):
    stack = start_stack(settings={"key_prefix": "other:"})
    api = Api(stack)
    api.publish("secure.example.com", api.create("secure.example.com"))
    assert Dns(stack).texts("secure.example.com") == [VALUE]
    assert Redis(stack)("KEYS", "acmeproxy:*") == ""
    assert Redis(stack)("EXISTS", "other:authorisation:secure.example.com") == "1"


def test_a_deletion_leaves_nothing(start_stack):
    """Neither responses under labels nor those of names that a suffix_match covers, nor to a new owner."""
    stack = start_stack()
    api, redis, dnsq = Api(stack), Redis(stack), Dns(stack)
    label = "_ujmmovf2vn55tgye"
    for delete in ("wide.example", "a.wide.example"):
        secret = create_by_command(stack, "wide.example", "--suffix-match")
        for name in ("wide.example", "a.wide.example", "b.a.wide.example"):
            api.publish(name, secret)
            assert api.post("publish_response", name=name, secret=secret, response=value(1),
                            label=label).status == 200
            assert dnsq.txt_at(f"{label}._acme-challenge.{name}") == [value(1)]
        if delete == "a.wide.example":  # a new owner of the name inherits nothing from the one above
            create_by_command(stack, "a.wide.example")
            assert dnsq.texts("a.wide.example") == [] and dnsq.texts("b.a.wide.example") == [VALUE]
            assert redis("EXISTS", f"acmeproxy:response:a.wide.example/{label}") == "0"
            acmeproxy(stack, "deleteauthorisation", "a.wide.example")
        acmeproxy(stack, "deleteauthorisation", "wide.example")
        assert dnsq.ask("_acme-challenge.b.a.wide.example").answer == []
        left = set(redis("KEYS", "*wide.example*").splitlines())
        assert {key.split(":")[1] for key in left} == {"deleted"}
        assert redis("ZCARD", "acmeproxy:secrets_used") == "0" and redis("KEYS", "acmeproxy:below:*") == ""


def test_labels_of_a_name_are_bounded(start_stack):
    stack = start_stack()
    api, redis = Api(stack), Redis(stack)
    secret = api.create("secure.example.com")

    def publish(n):
        label = "_" + "".join("abcdefghijklmnop"[int(digit, 16)] for digit in f"{n:016x}")
        return api.post("publish_response", name="secure.example.com", secret=secret, response=VALUE,
                        label=label)

    assert [publish(n).status for n in range(17)] == [200] * 16 + [409]
    assert publish(16).error == "The name has as many labels as it may have"
    assert publish(3).status == 200, "one that it has already"
    assert 0 < int(redis("TTL", "acmeproxy:labels:secure.example.com")) <= 300
    redis("ZADD", "acmeproxy:labels:secure.example.com", "1", redis(
        "ZRANGE", "acmeproxy:labels:secure.example.com", "0", "0"))
    assert publish(16).status == 200, "one of them is over"


def test_refusals_are_counted_and_bounded(start_stack):
    """A flood of wrong secrets leaves the audit log alone, and what it writes is limited."""
    stack = start_stack()
    api, redis = Api(stack), Redis(stack)
    secret = api.create("secure.example.com")
    length = redis("XLEN", "acmeproxy:audit")
    for _ in range(5):
        assert api.post("publish_response", name="secure.example.com", secret="0" * 32,
                        response=VALUE).status == 403
    assert redis.refusals("secure.example.com") == {("127.0.0.1", "api", "secret"): 5}
    assert redis("XLEN", "acmeproxy:audit") == length
    lines = [f"ZADD acmeproxy:refusals {n} x{n}\nHSET acmeproxy:refused x{n} 1" for n in range(9999)]
    redis.cli(text="\n".join(lines))
    for name in ("a.example", "b.example"):
        api.post("expire_response", name=name, secret=secret)
    for command, key in (("ZCARD", "refusals"), ("HLEN", "refused")):
        assert redis(command, f"acmeproxy:{key}") == "10000"
    assert redis("ZRANK", "acmeproxy:refusals", "x0") == "", "the oldest went"


def test_listrefusals(start_stack):
    stack = start_stack()
    api = Api(stack)
    assert "Nobody was refused" in acmeproxy(stack, "listrefusals", status=1)
    for n in range(450):
        Redis(stack).cli("ZADD", "acmeproxy:refusals", str(1000 + n), f"192.0.2.1 api secret n{n}.example")
    assert len(acmeproxy(stack, "listrefusals", "--tsv").splitlines()) == 450
    for _ in range(2):
        api.post("publish_response", name="a.example.com", secret="0" * 32, response=VALUE)
    row = json.loads(acmeproxy(stack, "listrefusals", "--json", "--under", "example.com"))
    assert list(row) == ["name", "ip", "reason", "count", "last_at", "via"]
    assert (row["name"], row["ip"], row["reason"], row["count"], row["via"]) == (
        "a.example.com", "127.0.0.1", "secret", 2, "api")


def test_unused_since(start_stack):
    stack = start_stack()
    redis = Redis(stack)
    for name in ("old.example", "used.example", "new.example"):
        create_by_command(stack, name)
    for name in ("old.example", "used.example"):
        redis("HSET", f"acmeproxy:authorisation:{name}", "created_at", "1577836800000")
    redis("ZADD", "acmeproxy:last_used", "1609459200000", "used.example")
    for since, names in (("2019-12-31", []), ("2020-01-02", ["old.example"]),
                         ("2021-01-02", ["old.example", "used.example"])):
        out = acmeproxy(stack, "listauthorisations", "--unused-since", since, "--tsv", status=0 if names else 1)
        assert [row.split("\t")[0] for row in out.splitlines() if "\t" in row] == names
    assert "never" in acmeproxy(stack, "listauthorisations", "--unused-since", "never", status=2)


def test_the_audit_log_is_bounded_in_octets(start_stack):
    """Whatever the names are: the oldest events go, and the latest stay."""
    stack = start_stack(settings={"audit_memory_mib": 1})
    redis = Redis(stack)
    now_ms = int(time.time() * 1000)
    lines = [f"XADD acmeproxy:audit {now_ms - 100000 + n}-0 event published name {'a.' * 100}example.com "
             f"authorisation {'a.' * 100}example.com number {n}" for n in range(20000)]
    stack.redis_cli(text="\n".join(lines))
    assert int(redis("MEMORY", "USAGE", "acmeproxy:audit")) > 4 << 20
    until("it is trimmed", lambda: int(redis("MEMORY", "USAGE", "acmeproxy:audit")) <= 1.05 * 2**20)
    assert int(redis("MEMORY", "USAGE", "acmeproxy:audit")) > 2**19
    last = redis("XREVRANGE", "acmeproxy:audit", "+", "-", "COUNT", "1").splitlines()
    assert "19999" in last


def commands_of(redis, request):
    """How often Redis ran each command for a request; {command: calls}.  The least of some: the server
    sweeps now and then."""
    found = []
    for _ in range(4):  # the first one makes the row of a refusal
        redis("CONFIG", "RESETSTAT")
        request()
        lines = redis("INFO", "commandstats").splitlines()
        found.append({line.split(":")[0]: int(line.split("calls=")[1].split(",")[0])
                      for line in lines if line.startswith("cmdstat_h") or line.startswith("cmdstat_z")})
    return min(found, key=lambda calls: sum(calls.values()))


def test_every_refusal_costs_the_same(start_stack):
    """An unknown name, a wrong secret, and the right one from an address that is not allowed."""
    stack = start_stack()
    api, redis = Api(stack), Redis(stack)
    secret, other = api.create("secure.example.com"), api.create("other.example.com")
    redis("HSET", "acmeproxy:authorisation:other.example.com", "allowfrom_bits", "/4" + f"{0xc00002:024b}")

    def refused(name, presented):
        answer = api.post("publish_response", name=name, secret=presented, response=VALUE)
        assert (answer.status, answer.error) == (403, "Invalid authorisation token")

    unknown, wrong, forbidden = (commands_of(redis, lambda case=case: refused(*case)) for case in (
        ("nobody.example.com", secret), ("secure.example.com", "0" * 32), ("other.example.com", other)))
    assert unknown == wrong == forbidden and unknown["cmdstat_hmget"] > 1
