"""Whatever becomes of an answer, its client has a secret that works, or finds the name free."""

import concurrent.futures
import json
import signal
import time

import pytest
from conftest import VALUE, Api, Redis, acmeproxy, until
from proxy import Proxy

NAME = "secure.example.com"


def works(api, name, secret):
    return api.post("publish_response", name=name, secret=secret, response=VALUE).status


def secrets_of(redis, name):
    return [field for field in redis.hash(f"acmeproxy:authorisation:{name}") if field.startswith("secret:")]


def hung(stack, call, seconds=0.8):
    """What a call returns while Redis hangs for longer than anybody waits; then Redis goes on."""
    stack.signal_part("redis", signal.SIGSTOP)
    try:
        answer = call()
        time.sleep(seconds)
    finally:
        stack.signal_part("redis", signal.SIGCONT)
    return answer


def test_a_rotation_while_redis_hangs(start_stack):
    stack = start_stack()
    api = Api(stack)
    secret = api.create(NAME)
    for _ in range(3):
        assert hung(stack, lambda: api.post("expire_authorisation", name=NAME, secret=secret)).status == 503
        until("the old secret works", lambda: works(api, NAME, secret) == 200)
    fresh = api.post("expire_authorisation", name=NAME, secret=secret).result["secret"]
    until("the old secret has ended", lambda: works(api, NAME, secret) == 403)
    assert works(api, NAME, fresh) == 200


def test_a_creation_while_redis_hangs(start_stack):
    stack = start_stack()
    api = Api(stack)
    assert hung(stack, lambda: api.post("create_authorisation", name=NAME)).status == 503
    until("it is free", lambda: api.post("create_authorisation", name=NAME).status == 200)


def test_a_command_while_redis_hangs(start_stack):
    stack = start_stack()
    acmeproxy(stack, "createauthorisation", "other.example.com")
    run = hung(stack, lambda: stack.command("createauthorisation", NAME))
    assert run.returncode == 3
    until("it is free", lambda: stack.command("createauthorisation", NAME).returncode == 0)


def test_a_missing_replica(start_stack):
    """The secret that was presented stays; a creation is gone after 10 s; a refusal waits for nobody."""
    stack = start_stack(settings={"replicas_timeout_ms": 700})
    api, redis = Api(stack), Redis(stack)
    secret = api.create(NAME)
    stack.write_config({**stack.settings, "replicas_required": 1})
    stack.signal_part("acmeproxy", signal.SIGHUP)
    until("it was read", lambda: "read again" in stack.log("acmeproxy").read_text())
    assert api.post("expire_authorisation", name=NAME, secret=secret).status == 503
    assert works(api, NAME, secret) == 503, "no replica has it"
    run = stack.command("createauthorisation", "new.example.com")
    assert run.returncode == 3 and "0 of 1 replicas have it" in run.stderr
    n = int(redis("INFO", "commandstats").split("cmdstat_wait:calls=")[1].split(",")[0])
    assert works(api, NAME, "0" * 32) == 403, "it needs no replica to say no"
    assert int(redis("INFO", "commandstats").split("cmdstat_wait:calls=")[1].split(",")[0]) == n
    stack.write_config(stack.settings)
    stack.signal_part("acmeproxy", signal.SIGHUP)
    until("the old secret works", lambda: works(api, NAME, secret) == 200)
    until("the name is free", lambda: redis("EXISTS", "acmeproxy:authorisation:new.example.com") == "0")
    assert redis("ZCARD", "acmeproxy:unconfirmed") == "0"


@pytest.fixture
def proxied(start_stack, tmp_path):
    """A stack whose app reaches Redis through a proxy."""
    stack = start_stack()
    with Proxy(tmp_path / "proxy", stack.redis_socket) as proxy:
        settings = {**stack.settings, "workers": 1,
                    "redis": {**stack.settings["redis"], "socket": str(proxy.path)}}
        stack.write_config(settings)
        stack.stop_part("acmeproxy")
        stack.start_part("acmeproxy")
        until("it is back", lambda: Api(stack).send("/health", method="GET").status == 200)
        yield stack, proxy


def test_the_second_trip_of_a_rotation_is_lost(proxied):
    """200 with the new secret.  The old one works until the new one is used, or the store is back."""
    stack, proxy = proxied
    api, redis = Api(stack), Redis(stack)
    secret = api.create(NAME)
    for used_by in ("client", "server"):
        proxy.lose_after(1)
        answer = api.post("expire_authorisation", name=NAME, secret=secret)
        assert answer.status == 200
        until("the second trip was tried", lambda: proxy.lost > 0)
        assert len(secrets_of(redis, NAME)) == 2
        fresh = answer.result["secret"]
        if used_by == "client":
            proxy.lose_after(None)
            until("the new one works", lambda: works(api, NAME, fresh) == 200)
            assert works(api, NAME, secret) == 403
        else:
            proxy.lose_after(None)
            until("the old one is ended", lambda: len(secrets_of(redis, NAME)) == 1)
            assert works(api, NAME, secret) == 403 and works(api, NAME, fresh) == 200
        secret = fresh


def test_the_second_trip_of_a_creation_is_lost(proxied):
    """200, and it is confirmed as soon as the store is back: it does not lapse."""
    stack, proxy = proxied
    api, redis = Api(stack), Redis(stack)
    proxy.lose_after(1)
    secret = api.create(NAME)
    until("the second trip was tried", lambda: proxy.lost > 0)
    assert redis("ZCARD", "acmeproxy:unconfirmed") == "1"
    proxy.lose_after(None)
    until("it is confirmed", lambda: redis("ZCARD", "acmeproxy:unconfirmed") == "0")
    assert "confirm_by" not in redis.hash(f"acmeproxy:authorisation:{NAME}")
    assert works(api, NAME, secret) == 200


def test_the_first_trip_s_answer_is_lost(proxied):
    """The store has an authorisation that nobody can use: 409 at first, then the name is free."""
    stack, proxy = proxied
    api, redis = Api(stack), Redis(stack)
    api.create("warm.example.com")
    proxy.lose_after(0)
    assert api.post("create_authorisation", name=NAME).status == 503
    proxy.lose_after(None)
    until("the store is back", lambda: api.send("/health", method="GET").status == 200)
    secret = api.create(NAME)
    # As if the answer to this had been lost.
    redis("HSET", f"acmeproxy:authorisation:{NAME}", "confirm_by", int(time.time() * 1000) + 3000)
    redis("ZADD", "acmeproxy:unconfirmed", int(time.time() * 1000) + 3000, NAME)
    assert api.post("create_authorisation", name=NAME).status == 409
    until("it is free", lambda: api.post("create_authorisation", name=NAME).status == 200)
    assert works(api, NAME, secret) == 403


def test_the_first_use_confirms(start_stack):
    stack = start_stack()
    api, redis = Api(stack), Redis(stack)
    secret = api.create(NAME)
    key = f"acmeproxy:authorisation:{NAME}"
    redis("HSET", key, "confirm_by", int(time.time() * 1000) + 2000)
    redis("ZADD", "acmeproxy:unconfirmed", int(time.time() * 1000) + 2000, NAME)
    assert works(api, NAME, "0" * 32) == 403 and "confirm_by" in redis.hash(key), "a wrong one does not"
    assert works(api, NAME, secret) == 200
    assert "confirm_by" not in redis.hash(key) and redis("ZCARD", "acmeproxy:unconfirmed") == "0"


def test_many_lost_rotations(start_stack):
    """The secrets that nobody knows do not pile up, and the one that is known stays."""
    stack = start_stack()
    api, redis = Api(stack), Redis(stack)
    secret = api.create(NAME)
    for n in range(40):
        redis("HSET", f"acmeproxy:authorisation:{NAME}", f"secret:{n:064x}", 1700000000000 + n,
              f"ends:{n:064x}", secrets_of(redis, NAME)[0].removeprefix("secret:"))
        if n % 8 == 7:
            run = stack.command("createauthorisation", f"x{n}.example.com")
            assert run.returncode == 0
    for _ in range(3):
        secret = api.post("expire_authorisation", name=NAME, secret=secret).result["secret"]
        assert len(secrets_of(redis, NAME)) <= 16
    assert works(api, NAME, secret) == 200
    # Nor do those that are known: of two rotations of one secret both may be used.
    for n in range(20):
        redis("HSET", f"acmeproxy:authorisation:{NAME}", f"secret:{n:064x}", 1600000000000 + n)
        secret = api.post("expire_authorisation", name=NAME, secret=secret).result["secret"]
        assert works(api, NAME, secret) == 200
        assert len(secrets_of(redis, NAME)) <= 16
    fresh = json.loads(acmeproxy(stack, "rotateauthorisation", NAME, "--json"))["secret"]
    assert len(secrets_of(redis, NAME)) == 1, "an administrator's rotation ends all others"
    assert works(api, NAME, secret) == 403 and works(api, NAME, fresh) == 200


class Client:
    """Creates its name, and then rotates and publishes; knows which secrets it was given."""

    def __init__(self, stack, n):
        self.api, self.name = Api(stack), f"client{n}.example.com"
        self.secret, self.ended = None, []

    def step(self):
        if self.secret is None:
            answer = self.api.post("create_authorisation", name=self.name)
            assert answer.status in (200, 409, 503), answer.text
            self.secret = answer.result["secret"] if answer.status == 200 else None
            return
        answer = self.api.post("expire_authorisation", name=self.name, secret=self.secret)
        assert answer.status in (200, 503), answer.text
        if answer.status == 200:
            self.ended.append(self.secret)
            self.secret = answer.result["secret"]
        assert works(self.api, self.name, self.secret) in (200, 503)

    def is_well(self):
        if self.secret is None:
            self.step()
        return self.secret is not None and works(self.api, self.name, self.secret) == 200


def test_nobody_is_locked_out(start_stack):
    """Redis hangs, for less and for more than anybody waits, and is killed, while clients are at work."""
    stack = start_stack()
    clients = [Client(stack, n) for n in range(12)]
    stop = time.monotonic() + 15

    def run(client):
        while time.monotonic() < stop:
            client.step()

    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        work = [pool.submit(run, client) for client in clients]
        for pause in (0.1, 0.3, 0.7, 0.9, 0.6, 0.5, 1.1):
            time.sleep(0.5)
            hung(stack, lambda: None, pause)
        for _ in range(2):
            stack.stop_part("redis", signal.SIGKILL)
            stack.start_part("redis")
            time.sleep(1)
        for each in work:
            each.result()
    for client in clients:
        until(f"{client.name} has a secret that works", client.is_well)
        assert all(works(client.api, client.name, secret) == 403 for secret in client.ended)
    assert sum(len(client.ended) for client in clients) > 20
