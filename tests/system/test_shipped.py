"""The tests run the shipped files, with paths, ports, names and passwords filled in."""

import json
import re

import pytest
from stack.config import DEPLOY, redis_primary, redis_replica

# All that may be filled in: a pattern for both files, and what replaces it in both.
FILLED = [(re.compile(pattern), put) for pattern, put in (
    (r"#(?:[A-Z]+_PASSWORD_SHA256|[0-9a-f]{64})", "#DIGEST"),
    (r"REPLICA_PASSWORD|\b[0-9a-f]{32}\b", "PASSWORD"),
    (r"/usr/local/bin/acmeproxy-pipe\n", "PIPE\n"),
    (r"/\S+/acmeproxy-pipe --config /\S+ --pipe-regex (\S+)\npipe-regex=\1\n", "PIPE\n"),
    (r"(?<![\w.])/(?:etc|run|tmp|usr|var|root|home|work)\S*/(?=[\w.*-]+)", "PATH/"),
    (r"PATH/(?:redis|acmeproxy)\n", "PATH\n"),
    (r"replicaof \S+ \d+", "replicaof PRIMARY PORT"), (r"tls-port \d+", "tls-port PORT"),
    (r"bind (?:\* -::\*|127\.0\.0\.1)", "bind ADDRESSES"),
    (r"listen (?:[\d.:\[\]]+:)?\d+ ssl", "listen PORT ssl"),
    (r"listen \[::1?\]:\d+ ssl", "listen PORT6 ssl"),
    (r"PATH/(?:fullchain|localhost)\.pem", "PATH/CERT"),
    (r"PATH/(?:privkey\.pem|localhost\.key)", "PATH/KEY"),
    (r"PATH/(?:acmeproxy-)?fcgi\.sock", "PATH/FCGI"),
    (r"server_name \S+;", "server_name NAME;"))]
SHIPPED = {
    "redis/acmeproxy.conf": "etc/redis.conf", "redis/users.acl": "etc/redis-users.acl",
    "nginx/acmeproxy.conf": "nginx/acmeproxy.site", "powerdns/acmeproxy.conf": "etc/pdns.d/acmeproxy.conf",
}


def normal(text):
    for pattern, put in FILLED:
        text = pattern.sub(put, text)
    return text.splitlines()


@pytest.mark.parametrize("shipped", SHIPPED)
def test_nothing_else_differs(stack, shipped):
    want = normal((DEPLOY / shipped).read_text())
    have = normal((stack.dir / SHIPPED[shipped]).read_text())
    assert have == want


def test_the_settings_are_the_shipped_ones(stack):
    shipped = json.loads((DEPLOY / "acmeproxy.json").read_text())

    def without_paths(value):
        if isinstance(value, dict):
            return {key: without_paths(member) for key, member in value.items()}
        return "PATH" if isinstance(value, str) and value.startswith("/") else value

    settings = json.loads(stack.config.read_text())
    assert settings.pop("powerdns_conf").startswith(str(stack.rundir.plain))
    assert without_paths(settings) == without_paths(shipped)


def test_the_files_of_a_second_name_server():
    for name, made in (("primary", redis_primary("/tmp/x", 1)),
                       ("replica", redis_replica("/tmp/x", 1, "0" * 32))):
        assert normal(made) == normal((DEPLOY / "redis" / f"{name}.conf").read_text())


def test_redis_does_not_even_answer_a_stranger_s_ping(stack):
    assert "NOAUTH" in stack.redis_cli("PING", user="default") or \
        "WRONGPASS" in stack.redis_cli("PING", user="default")
