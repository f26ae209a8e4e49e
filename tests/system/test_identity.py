"""A wrong store, or one with an unknown schema, is neither read nor written."""

import json
import resource
import signal
import subprocess

import pytest
from conftest import VALUE, Api, Dns, Redis, acmeproxy, until

NAME = "secure.example.com"
STORE = "acmeproxy:store"


def pipe_status(stack):
    """What `pdnsutil backend-cmd pipe status` prints."""
    run = subprocess.run([stack.build / "acmeproxy-pipe", "--config", stack.config],
                         input="HELO\t5\nCMD\tstatus\n", capture_output=True, text=True,
                         timeout=20)
    return run.stdout.splitlines()[1].removeprefix("acmeproxy-pipe: store: ")


def nobody_is_served(stack, secret, words):
    """The API answers 503 and DNS SERVFAIL; both logs and the commands say why."""
    api, dnsq = Api(stack), Dns(stack)
    before = Redis(stack)("DBSIZE")
    for endpoint, more in (("create_authorisation", {}), ("publish_response", {"response": VALUE}),
                           ("expire_response", {}), ("expire_authorisation", {})):
        answer = api.post(endpoint, name=NAME, secret=secret, **more)
        assert answer.status == 503 and answer.error == "The store is not available, try again"
    assert api.post("create_authorisation", name="victim.example.com").status == 503
    assert api.send("/health", method="GET", content_type=None).status == 503
    assert dnsq.rcode("_acme-challenge." + NAME) == "SERVFAIL"
    assert dnsq.rcode("_acme-challenge.other.example") == "SERVFAIL"
    assert words in stack.log("acmeproxy").read_text()
    until("the pipe backend logs it", lambda: dnsq.rcode("_acme-challenge." + NAME) == "SERVFAIL"
          and words in stack.log("pdns").read_text())
    assert f"store: {words}" in acmeproxy(stack, "checkconfig", status=3)
    assert pipe_status(stack).startswith(words)
    for command in (["createauthorisation", "victim.example.com"], ["listauthorisations"],
                    ["listpersistentrecords"], ["listresponses"]):
        assert words in acmeproxy(stack, *command, status=3)
    assert Redis(stack)("DBSIZE") == before, "nothing was written"


def all_is_well(stack, name=NAME, secret=None):
    api = Api(stack)
    secret = secret or api.create(name)
    api.publish(name, secret)
    assert VALUE in Dns(stack).texts(name)
    acmeproxy(stack, "checkconfig")
    assert pipe_status(stack) == "ok"
    return secret


def test_a_store_that_was_emptied(start_stack):
    stack = start_stack()
    secret = all_is_well(stack)
    Redis(stack)("FLUSHALL")
    nobody_is_served(stack, secret, "the store in Redis is a new one, not the one that "
                                    f"{stack.rundir.plain}/etc/store-id names")
    assert "with 0 authorisations" in acmeproxy(stack, "initstore")
    all_is_well(stack)  # without a restart of anything


def test_a_store_with_another_id(start_stack):
    stack = start_stack()
    secret = all_is_well(stack)
    redis, ours = Redis(stack), Redis(stack)("HGET", STORE, "id")
    redis("HSET", STORE, "id", "0123456789abcdef" * 2)
    nobody_is_served(stack, secret, "the store in Redis is 0123456789abcdef0123456789abcdef, not")
    redis("HSET", STORE, "id", ours)
    all_is_well(stack, secret=secret)


@pytest.mark.parametrize("content,words", [
    (None, "No such file or directory"), ("", "32 hex digits are needed"),
    ("x" * 32 + "\n", "32 hex digits are needed"), ("0" * 33 + "\n", "over 33 octets")])
def test_a_missing_or_bad_store_id_file(start_stack, content, words):
    stack = start_stack()
    secret = all_is_well(stack)
    file = stack.dir / "etc" / "store-id"
    good = file.read_text()
    file.unlink()
    if content is not None:
        file.write_text(content)
    # Running programs have read the file before; those that start now have not.
    for part in ("acmeproxy", "pdns"):
        stack.stop_part(part)
        stack.start_part(part)
    nobody_is_served(stack, secret, "nothing says that the store in Redis is ours "
                                    f"({stack.rundir.plain}/etc/store-id: {words})")
    acmeproxy(stack, "initstore")
    assert file.read_text() == good, "the store kept its identity"
    all_is_well(stack, secret=secret)


def test_initstore_says_what_it_found(start_stack):
    stack = start_stack()
    all_is_well(stack)
    file = stack.dir / "etc" / "store-id"
    out = acmeproxy(stack, "initstore")
    assert "with 1 authorisations" in out and "it was already" in out
    assert file.stat().st_mode & 0o777 == 0o644
    file.unlink()
    stack.stop_part("redis")
    assert "redis: connect" in acmeproxy(stack, "initstore", status=3) and not file.exists()


def test_initstore_cannot_write_its_file(start_stack):
    """As on a full disk: it says why, keeps the old file, and leaves no other."""
    stack = start_stack()
    folder = stack.dir / "etc"
    (folder / "store-id").write_text("0" * 32 + "\n")

    def let_no_file_grow():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    run = subprocess.run([stack.build / "acmeproxy", "initstore", "--config", stack.config],
                         capture_output=True, text=True, timeout=20, preexec_fn=let_no_file_grow)
    assert run.returncode == 1
    assert run.stderr == f"acmeproxy: {stack.rundir.plain}/etc/store-id: File too large\n"
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    acmeproxy(stack, "initstore")
    all_is_well(stack)


@pytest.mark.parametrize("schema", ["99", "1x"])
def test_an_unknown_schema_is_refused(start_stack, schema):
    stack = start_stack()
    secret = all_is_well(stack)
    Redis(stack)("HSET", STORE, "schema", schema)
    nobody_is_served(stack, secret, f"the store has schema {schema}, and this version knows up to "
                                    "4: a newer acmeproxy has written it")
    assert f"schema {schema}" in acmeproxy(stack, "initstore", status=3)


def as_schema_3(redis):
    """Make it a store of schema 3: one secret a name, allowfrom without bits, no quotas."""
    for key in redis("KEYS", "acmeproxy:authorisation:*").splitlines():
        secret = next(field for field in redis.hash(key) if field.startswith("secret:"))
        redis("HSET", key, "secret_hash", secret.removeprefix("secret:"))
        redis("HDEL", key, secret, "network", "allowfrom_bits")
    redis("DEL", "acmeproxy:quotas")
    redis("HSET", STORE, "schema", "3")


def as_schema_1(redis, names):
    """Make it a store of schema 1: no identity, one secret a name, and all counts in one hash."""
    as_schema_3(redis)
    for key in redis("KEYS", "acmeproxy:below:*").splitlines():
        redis("DEL", key)
    for name in names:
        above = name.split(".")[1:]
        redis("HINCRBY", "acmeproxy:parents", ".".join(above), 1)
        for i in range(len(above)):
            redis("HINCRBY", "acmeproxy:parents", "." + ".".join(above[i:]), 1)
    redis("DEL", STORE)


def counts(redis):
    return {key.removeprefix("acmeproxy:below:"): redis.hash(key)
            for key in redis("KEYS", "acmeproxy:below:*").splitlines()}


NAMES = ("a.example.com", "b.example.com", "x.y.example.com", "example.org")


def test_initstore_migrates_an_older_store(start_stack):
    stack = start_stack()
    api, redis = Api(stack), Redis(stack)
    secrets = {name: api.create(name) for name in NAMES}
    want = counts(redis)
    assert want["example.com"] == {"children": "2", "descendants": "3"}
    assert want["com"] == {"descendants": "3"}
    as_schema_1(redis, NAMES)
    (stack.dir / "etc" / "store-id").unlink()
    run = stack.command("initstore")
    assert run.returncode == 0 and "with 4 authorisations" in run.stdout
    assert "migrated from schema 1 to 2" in run.stderr
    assert "migrated from schema 2 to 3" in run.stderr
    assert "migrated from schema 3 to 4" in run.stderr
    assert counts(redis) == want and redis("EXISTS", "acmeproxy:parents") == "0"
    assert redis("HGET", STORE, "schema") == "4"
    for name in NAMES:
        all_is_well(stack, name, secrets[name])


@pytest.mark.parametrize("redis_is_up", [True, False])
def test_serve_migrates_an_older_store(start_stack, redis_is_up):
    """At its start, or as soon as Redis is up, without waiting for a request."""
    stack = start_stack()
    api, redis, dnsq = Api(stack), Redis(stack), Dns(stack)
    secrets = {name: api.create(name) for name in NAMES}
    want, store_id = counts(redis), redis("HGET", STORE, "id")
    stack.stop_part("acmeproxy")
    as_schema_1(redis, NAMES)
    redis("HSET", STORE, "id", store_id, "schema", "1")
    assert dnsq.rcode("_acme-challenge.a.example.com") == "SERVFAIL", "not served until it is migrated"
    assert pipe_status(stack).startswith("the store has schema 1 until")
    if not redis_is_up:
        stack.stop_part("redis")
    stack.start_part("acmeproxy")
    if not redis_is_up:
        stack.start_part("redis")
    until("it is migrated", lambda: redis("HGET", STORE, "schema") == "4")
    assert counts(redis) == want
    for name in NAMES:
        all_is_well(stack, name, secrets[name])
    acmeproxy(stack, "deleteauthorisation", "x.y.example.com")
    assert counts(redis)["example.com"] == {"children": "2", "descendants": "2"}
    assert "y.example.com" not in counts(redis)


NETWORKS = ["192.0.2.0/24", "192.0.2.77/25", "0.0.0.0/0", "255.255.255.255/32", "2001:db8::/32", "::/0",
            "2001:DB8:5:a::77/61", "::1/128", "1:2:3:4:5:6:7:8/127", "2001:db8::192.0.2.1/128",
            "::ffff:192.0.2.0/120", "::ffff:192.0.2.0/95", "1::/3", "1:2:3:4:5:6:7::/112"]


def test_migration_of_networks_and_accounts(start_stack):
    """Addresses of schema 3 become what the program makes of them now."""
    stack = start_stack(settings={"registration": "open", "zone": {"name": "auth.example.org"}})
    api, redis = Api(stack), Redis(stack)
    answer = api.send("/register", json.dumps({"allowfrom": NETWORKS}), "application/json")
    assert answer.status == 201, answer.text
    key = f"acmeproxy:authorisation:{answer.json['subdomain']}"
    redis("HSET", key, "account", "ops")
    acmeproxy(stack, "createauthorisation", "a.example.com")
    redis("HSET", "acmeproxy:authorisation:a.example.com", "account", "ops")
    want = redis.hash(key)
    assert want["allowfrom_bits"].startswith("/4" + f"{0xc00002:024b}/4" + f"{0xc00002:024b}0/4/4")
    stack.stop_part("acmeproxy")
    as_schema_3(redis)
    stack.start_part("acmeproxy")
    until("it is migrated", lambda: redis("HGET", STORE, "schema") == "4")
    del want["network"]
    assert redis.hash(key) == want
    assert redis.hash("acmeproxy:quotas") == {
        "authorisations account ops": "1", "registrations account ops": "1"}
