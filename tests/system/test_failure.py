"""Any part can die at any moment: what callers see then."""

import concurrent.futures
import os
import signal
import subprocess

import pytest
from conftest import VALUE, Api, Dns, Redis, children, until, value
from stack.process import free_port
from stack.replica import Replica

NAME = "secure.example.com"


def every_endpoint_answers_503(api, secret):
    for endpoint, more in (("create_authorisation", {}), ("expire_authorisation", {}),
                           ("publish_response", {"response": VALUE}), ("expire_response", {})):
        answer = api.post(endpoint, name=NAME, secret=secret, **more)
        assert answer.status == 503, answer.text
        assert answer.headers["Retry-After"] == "1"
        assert answer.error == "The store is not available, try again"


def test_redis_dies_and_comes_back(start_stack):
    stack = start_stack()
    api, dnsq = Api(stack), Dns(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    pids = [p.pid for p in stack.processes.values()] + children(stack.processes["pdns"].pid)
    for how in (signal.SIGTERM, signal.SIGKILL):
        stack.stop_part("redis", how)
        every_endpoint_answers_503(api, secret)
        # The first name's SOA may be in PowerDNS's cache, on purpose.
        for name, rrtypes in (("_acme-challenge." + NAME, ("TXT", "NS")),
                              ("_acme-challenge.other.example", ("TXT", "NS", "SOA"))):
            for rrtype in rrtypes:
                assert dnsq.rcode(name, rrtype) == "SERVFAIL"
        stack.start_part("redis")
        until("DNS is back", lambda: dnsq.rcode("_acme-challenge." + NAME) == "NOERROR")
        until("the API is back", lambda: api.post(
            "publish_response", name=NAME, secret=secret, response=VALUE).status == 200)
        for _ in range(20):  # all coprocesses are in step again
            assert dnsq.texts(NAME) == [VALUE], "the API had answered 200 to it"
            assert dnsq.rcode("_acme-challenge.other.example") == "REFUSED"
    assert [p.pid for p in stack.processes.values()][1:] == pids[1:4]
    assert children(stack.processes["pdns"].pid) == pids[4:], "no coprocess died"


def test_redis_hangs(start_stack):
    stack = start_stack()
    api, dnsq = Api(stack), Dns(stack)
    secret = api.create(NAME)
    coprocesses = children(stack.processes["pdns"].pid)
    stack.signal_part("redis", signal.SIGSTOP)
    every_endpoint_answers_503(api, secret)
    assert dnsq.rcode("_acme-challenge." + NAME) == "SERVFAIL"
    stack.signal_part("redis", signal.SIGCONT)
    until("the API is back", lambda: api.post(
        "publish_response", name=NAME, secret=secret, response=VALUE).status == 200)
    until("DNS is back", lambda: dnsq.rcode("_acme-challenge." + NAME) == "NOERROR")
    assert dnsq.texts(NAME) == [VALUE]
    assert children(stack.processes["pdns"].pid) == coprocesses


@pytest.mark.parametrize("how", [
    ("CONFIG", "SET", "maxmemory", "1"), ("REPLICAOF", "127.0.0.1", "1"),
    ("CONFIG", "SET", "min-replicas-to-write", "1")])
def test_redis_refuses_writes(start_stack, how):
    """Full, read-only or without its replicas: 503, and nothing half done."""
    stack = start_stack()
    api, redis, dnsq = Api(stack), Redis(stack), Dns(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret, value(1))
    redis(*how)
    for answer in (api.post("create_authorisation", name="new.example.com"),
                   api.post("publish_response", name=NAME, secret=secret, response=value(2)),
                   api.post("expire_authorisation", name=NAME, secret=secret)):
        assert answer.status == 503 and answer.error
    assert redis("EXISTS", "acmeproxy:authorisation:new.example.com") == "0"
    assert dnsq.texts(NAME) == [value(1)], "reading still works"
    for undo in (("CONFIG", "SET", "maxmemory", "0"), ("REPLICAOF", "NO", "ONE"),
                 ("CONFIG", "SET", "min-replicas-to-write", "0")):
        redis(*undo)
    api.publish(NAME, secret, value(2))
    assert dnsq.texts(NAME) == [value(1), value(2)]


def test_a_required_replica_is_missing(start_stack, tmp_path):
    stack = start_stack(settings={"replicas_required": 1, "replicas_timeout_ms": 300})
    api, redis = Api(stack), Redis(stack)
    answer = api.post("create_authorisation", name=NAME)
    assert answer.status == 503
    until("the name is free again", lambda: redis("EXISTS", f"acmeproxy:authorisation:{NAME}") == "0")
    assert redis.audit(NAME)[-1]["event"] == "lapsed"


def test_a_required_replica_is_there(start_stack, tmp_path):
    """A 200 means that the replica has the response; without the replica, 503."""
    stack = start_stack(settings={"replicas_required": 1, "replicas_timeout_ms": 3000},
                        replica_port=free_port())
    api, redis = Api(stack), Redis(stack)
    with Replica(stack, tmp_path / "r") as replica:
        secret = api.create(NAME)
        api.publish(NAME, secret)
        assert replica.read("ZRANGE", f"acmeproxy:response:{NAME}", "0", "-1") == VALUE
        # A quiet link does not count as lost: the first Redis sends pings often enough.
        every = redis("CONFIG", "GET", "repl-ping-replica-period").split()[1]
        assert 2 * int(every) < int(replica.read("CONFIG", "GET", "repl-timeout").split()[1])
    assert api.post("publish_response", name=NAME, secret=secret, response=VALUE).status == 503


def test_a_replica_that_is_cut_off_answers_nothing(start_stack, tmp_path):
    """SERVFAIL makes a resolver ask the other name server, which is better than old data."""
    stack = start_stack(replica_port=free_port())
    api = Api(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    with Replica(stack, tmp_path / "r") as replica:
        def ask():
            question = f"Q\t_acme-challenge.{NAME}\tIN\tTXT\t-1\t192.0.2.1"
            return subprocess.run([stack.build / "acmeproxy-pipe", "--config", replica.config],
                                  input=f"HELO\t1\n{question}\n", capture_output=True,
                                  text=True, timeout=20).stdout.splitlines()[1:]

        until("it has the response", lambda: VALUE in ask()[0])
        stack.signal_part("redis", signal.SIGSTOP)  # as if the link were cut: nothing arrives
        until("it has noticed that the link is lost", lambda: ask() == ["FAIL"])
        stack.signal_part("redis", signal.SIGCONT)
        until("it follows again", lambda: ask()[-1] == "END" and VALUE in ask()[0])


def test_the_app_dies(start_stack):
    stack = start_stack()
    api, dnsq = Api(stack), Dns(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    stack.kill_part("acmeproxy")
    answer = api.post("publish_response", name=NAME, secret=secret, response=VALUE)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.error == "The service is not available, try again"
    assert dnsq.texts(NAME) == [VALUE], "DNS does not need it"
    stack.start_part("acmeproxy")  # although its old socket is still there
    api.publish(NAME, secret)


def test_sigterm_lets_requests_finish(start_stack):
    """Every request gets its own answer or nginx's 503; none hangs or breaks."""
    stack = start_stack()
    secret = Api(stack).create(NAME)
    statuses = []

    def publish(n):
        answer = Api(stack).post("publish_response", name=NAME, secret=secret, response=value(n))
        assert answer.json["result"] is False or answer.result["published"]
        statuses.append(answer.status)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        work = [pool.submit(publish, n) for n in range(200)]
        until("some are done", lambda: len(statuses) > 40)
        assert stack.stop_part("acmeproxy") == 0
        for each in work:
            each.result()
    assert set(statuses) <= {200, 503} and statuses.count(200) > 40
    assert stack.log("acmeproxy").read_text().endswith("acmeproxy: stopped\n")
    assert not stack.fcgi_socket.exists()
    log = stack.log("acmeproxy").read_text()
    assert log.count("POST /publish_response 200") == statuses.count(200), "none was cut off"


def test_a_coprocess_dies(start_stack):
    stack = start_stack()
    api, dnsq = Api(stack), Dns(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    for pid in children(stack.processes["pdns"].pid):
        os.kill(pid, signal.SIGKILL)
    until("DNS is back", lambda: dnsq.rcode("_acme-challenge." + NAME) == "NOERROR")
    for _ in range(20):
        until("every coprocess is back", lambda: dnsq.rcode("_acme-challenge." + NAME) == "NOERROR")
    assert dnsq.texts(NAME) == [VALUE]


def test_powerdns_dies_and_leaves_no_coprocess(start_stack):
    stack = start_stack()
    coprocesses = children(stack.processes["pdns"].pid)
    assert len(coprocesses) >= 3
    os.kill(stack.processes["pdns"].pid, signal.SIGKILL)
    until("they have seen the end of input", lambda: not any(
        os.path.exists(f"/proc/{pid}") for pid in coprocesses))


def test_sighup_reads_the_settings_again(start_stack):
    stack = start_stack()
    api, dnsq = Api(stack), Dns(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    log = stack.log("acmeproxy")

    stack.write_config({**stack.settings, "workers": "many"})
    stack.signal_part("acmeproxy", signal.SIGHUP)
    until("it says so", lambda: "old settings stay in force" in log.read_text())
    assert f"{stack.config}:" in log.read_text() and "workers: an integer is needed" in log.read_text()
    api.publish(NAME, secret)

    stack.write_config({**stack.settings, "response_life_s": 7, "response_ttl_s": 5})
    stack.signal_part("acmeproxy", signal.SIGHUP)
    until("it says so", lambda: "read again" in log.read_text())
    api.publish(NAME, secret)
    assert int(Redis(stack)("TTL", f"acmeproxy:response:{NAME}")) <= 7
    for pid in children(stack.processes["pdns"].pid):
        os.kill(pid, signal.SIGHUP)
    until("the TTL is new", lambda: dnsq.ask("_acme-challenge." + NAME).answer[0].ttl == 5)


@pytest.mark.parametrize("where,words", [
    ([], "descriptor 0 is no listening socket"),
    (["--listen", "nonsense"], "unix:PATH or ADDRESS:PORT"),
    (["--listen", "localhost:1"], "is no address with a port"),
    (["--listen", "unix:" + "x" * 200], "a socket's path has at most 107 octets"),
    (["--listen", "unix:/nonexistent/sock"], "No such file or directory"),
    (["--config", "/nonexistent"], "/nonexistent: No such file or directory"),
])
def test_why_it_does_not_start(stack, where, words):
    run = subprocess.run([str(stack.build / "acmeproxy"), "serve", "--config", str(stack.config),
                          *where], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                         timeout=20)
    assert run.returncode == 1 and words in run.stderr
