"""The store as redis-cli shows it."""

import json
import re
import subprocess
import time

from conftest import VALUE, Api, Dns, Redis, value


def test_an_authorisation_is_a_hash(api, redis, name):
    secret = api.create(name)
    fields = redis.hash(f"acmeproxy:authorisation:{name}")
    assert set(fields) == {"secret_hash", "suffix_match", "account", "created_at",
                           "created_by_ip"}
    assert re.fullmatch("[0-9a-f]{64}", fields["secret_hash"])
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
        ("created", None, None), ("refused", None, "taken"), ("published", VALUE, None),
        ("refused", None, "secret"), ("expired", VALUE, None), ("rotated", None, None)]
    assert all(e["ip"] == "127.0.0.1" and e["via"] == "api" for e in events)
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
