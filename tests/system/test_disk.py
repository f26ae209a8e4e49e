"""The disk of Redis gets full: DNS goes on, the API says 503, and both recover by themselves."""

import re
import time

import pytest
from conftest import VALUE, Api, Dns, Redis, until, value
from freshness.load import follow
from stack.config import DEPLOY
from stack.process import free_port
from torture.faults import RESTART_S
from torture.stack import SmallReplica, TortureStack, may_mount

NAME = "secure.example.com"

pytestmark = pytest.mark.skipif(not may_mount(), reason="needs root, to mount a small disk")


@pytest.fixture
def small(tmp_path):
    """A stack with room for 64 MiB, and what systemd would do about its Redis."""
    with TortureStack(tmp_path / "s", disk="small", replica_port=free_port()) as stack:
        yield stack


def restart_redis_if_it_exited(stack):
    process = stack.processes["redis"]
    if process.poll() is not None:
        time.sleep(RESTART_S)
        stack.start_part("redis")
    return stack.processes["redis"].pid


def publish_until(stack, secret, status):
    """Publish until the API answers so; returns the values that it answered 200 to."""
    api, n, done = Api(stack), 0, []

    def answers_so():
        nonlocal n
        n += 1
        restart_redis_if_it_exited(stack)
        answer = api.post("publish_response", name=NAME, secret=secret, response=value(n % 30))
        done.extend([value(n % 30)] if answer.status == 200 else [])
        return answer.status == status

    until(f"the API answers {status}", answers_so)
    return done


def test_a_full_disk(small):
    api, dnsq, redis = Api(small), Dns(small), Redis(small)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    small.disk.fill()
    done = publish_until(small, secret, 503)
    until("Redis only reads", lambda: restart_redis_if_it_exited(small) and redis(
        "CONFIG", "GET", "min-replicas-to-write").endswith("2147483647"))
    until("DNS is back", lambda: dnsq.rcode("_acme-challenge." + NAME) == "NOERROR")
    pid = small.processes["redis"].pid
    for n in range(20):
        for answer in (api.post("publish_response", name=NAME, secret=secret, response=value(n)),
                       api.post("create_authorisation", name="new.example.com"),
                       api.post("expire_authorisation", name=NAME, secret=secret)):
            assert answer.status == 503
        assert dnsq.texts(NAME) == sorted({VALUE, *done})
        time.sleep(0.1)
    assert restart_redis_if_it_exited(small) == pid, "it does not die of what it refuses"
    small.disk.free()
    done += publish_until(small, secret, 200)
    assert redis("CONFIG", "GET", "appendfsync").endswith("always")
    until("DNS is back", lambda: dnsq.rcode("_acme-challenge." + NAME) == "NOERROR")
    assert dnsq.texts(NAME) == sorted({VALUE, *done})


def test_a_full_disk_at_the_start(small):
    """An administrator restarts Redis, which must not help or harm."""
    api, dnsq = Api(small), Dns(small)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    small.disk.fill()
    for _ in range(2):
        small.stop_part("redis")
        small.start_part("redis")
        until("DNS is back", lambda: dnsq.rcode("_acme-challenge." + NAME) == "NOERROR")
        assert dnsq.texts(NAME) == [VALUE]
        assert api.post("publish_response", name=NAME, secret=secret,
                        response=value(1)).status == 503


def test_what_a_rewrite_has_left_is_removed(small):
    """Redis was killed while it wrote its file anew: the half of it must not fill the disk."""
    redis = Redis(small)
    Api(small).create(NAME)
    redis("CONFIG", "SET", "rdb-key-save-delay", "1000000")
    redis("BGREWRITEAOF")
    folder = small.disk.inside
    until("it writes", lambda: list(folder.glob("temp-*")))
    small.kill_part("redis")
    assert list(folder.glob("temp-*"))
    small.start_part("redis")
    assert not list(folder.glob("temp-*"))
    assert Redis(small)("EXISTS", f"acmeproxy:authorisation:{NAME}") == "1"


def test_a_full_disk_of_the_replica(small, tmp_path):
    """The second name server goes on with what the first one sends, also after a restart."""
    api, dnsq = Api(small), Dns(small)
    secret = api.create(NAME)
    with SmallReplica(small, tmp_path / "r") as replica:
        small.write_config({**small.settings, "replicas_required": 1})
        small.stop_part("acmeproxy")
        small.start_part("acmeproxy")
        follow(small, replica)
        replica.disk.fill()
        for n in range(10):
            api.publish(NAME, secret, value(n))
            assert value(n) in dnsq.texts(NAME)
        replica.process.kill()
        replica.start()
        api.publish(NAME, secret, value(10))
        until("DNS is back", lambda: dnsq.rcode("_acme-challenge." + NAME) == "NOERROR")
        assert value(10) in dnsq.texts(NAME)
        replica.disk.free()
        # start.sh stops it, now that there is room.
        until("it stops", lambda: replica.process.poll() is not None)
        replica.start()
        api.publish(NAME, secret, value(11))
        assert "appendfsync\neverysec" in replica.read("CONFIG", "GET", "appendfsync")
        assert replica.read("CONFIG", "GET", "min-replicas-to-write").endswith("\n0")


def test_the_unit_starts_it_as_the_tests_do(small):
    unit = (DEPLOY / "systemd" / "acmeproxy-redis.service").read_text()
    assert re.search(r"^ExecStart=/usr/local/share/acmeproxy/redis/start\.sh /etc/acmeproxy/redis\.conf$",
                     unit, re.MULTILINE)
    assert small._argv("redis")[-2:] == [DEPLOY / "redis" / "start.sh",
                                         small.dir / "etc" / "redis.conf"]
