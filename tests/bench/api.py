"""Requests per second over HTTPS."""

import json
import signal
import subprocess
from contextlib import contextmanager

from stack.process import Process, free_port, wait_until

from .generators import steady_load, wrk
from .servers import Ours
from .tools import BY_NS, N_NAMES, VALUE, Interrupt, alternate, questions, run

NOTHING = "a FastCGI program that does nothing"


def call(target, endpoint, data):
    return run("curl", "-sS", "--cacert", target.ca_cert, "--data", data, f"{target.url}/{endpoint}")


def create(target, name):
    """Create an authorisation; return its secret."""
    return call(target, "create_authorisation", f"name={name}").split('"')[5]


def publish(target, name):
    """A function that measures publish_response of a name, at that port."""
    body = f"name={name}&secret={create(target, name)}&response={VALUE}"
    return lambda port=target.https_port: wrk(target.dir, port, "/publish_response", body)


def update(target):
    """A function that measures acme-dns's /update."""
    who = json.loads(call(target, "register", ""))
    body = json.dumps({"subdomain": who["subdomain"], "txt": VALUE})
    return lambda: wrk(target.dir, target.https_port, "/update", body, who["username"],
                       who["password"])


@contextmanager
def nothing(stack):
    """The port at which nginx has what does nothing."""
    sock = stack.sockets / "no.sock"
    process = Process("nothing", [str(stack.build / "bench_nothing"), str(sock)],
                      stack.log("nothing")).start()
    try:
        wait_until("it listens", sock.exists, process, interrupt=Interrupt.check)
        port = free_port()
        stack.write_site("nothing", port, sock)
        stack.signal_part("nginx", signal.SIGHUP)
        wait_until("nginx serves both", interrupt=Interrupt.check, check=lambda: subprocess.run(
            ["curl", "-sk", f"https://127.0.0.1:{port}/"], capture_output=True).returncode == 0)
        yield port
    finally:
        process.stop()


def bench_requests(stack, results):
    publishing = publish(stack, "secure.example.com")
    with nothing(stack) as port:
        results.table(
            "requests", "HTTPS requests per second (wrk, 16 keep-alive connections, TLS)", alternate({
                NOTHING: lambda: publishing(port),
                "publish_response": publishing,
                "acme-dns /update": update(stack),
            }))
    results.ratio("publish", "requests", "publish_response", NOTHING)
    results.ratio("update", "requests", "acme-dns /update", NOTHING)


def bench_refusals(stack, results):
    """Whether an unknown name takes a different time than a wrong secret."""
    create(stack, "known.example.com")
    who = json.loads(call(stack, "register", ""))

    def form(name):
        body = f"name={name}.example.com&secret={'0' * 32}&response={VALUE}"
        return lambda: wrk(stack.dir, stack.https_port, "/publish_response", body, refused=True)

    def user(name):
        body = json.dumps({"subdomain": name, "txt": VALUE})
        return lambda: wrk(stack.dir, stack.https_port, "/update", body, name, "x" * 40, True)

    measures = {
        "publish_response, unknown name": form("other"),
        "publish_response, wrong secret": form("known"),
        "/update, unknown user": user("00000000-0000-4000-8000-000000000000"),
        "/update, wrong key": user(who["username"]),
    }
    results.table("refusals", "Refusals per second: both of a kind must take the same time",
                  alternate(measures))
    results.ratio("refuse_publish", "refusals", *list(measures)[:2])
    results.ratio("refuse_update", "refusals", *list(measures)[2:])


def bench_tracked(stack, results):
    """What it costs the API that coprocesses follow what changes, while DNS is loaded."""
    asked = questions(stack, BY_NS, N_NAMES)
    publishing = publish(stack, "tracked.example.com")
    stack.stop_part("pdns")  # which would follow as well

    def beside(name, settings):
        with Ours(stack, name, settings) as server:
            server.wake_all()
            with steady_load(server.port, asked):
                return publishing()

    results.table("tracked", "publish_response per second, while DNS is asked", alternate({
        "no coprocess follows (dns_copy_mib 0)": lambda: beside("untold", {"dns_copy_mib": 0}),
        "all coprocesses follow": lambda: beside("told", {}),
    }))
    stack.start_part("pdns")
    results.ratio("tracked", "tracked", "all coprocesses follow",
                  "no coprocess follows (dns_copy_mib 0)")
