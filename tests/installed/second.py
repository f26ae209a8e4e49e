"""README, "A second name server"."""

import shutil
import time

from stack.process import StackError, wait_until

from .first import NAME, client
from .internet import ask, texts
from .readme import Reader, Readme
from .report import expect, expect_in
from .scenarios import scenario

SECOND = "192.0.2.54"
NAMES = ["ns1.acmeproxy.example.net", "ns2.acmeproxy.example.net"]
CHALLENGE = f"_acme-challenge.{NAME}"


def name_servers():
    """The name servers, according to the second one."""
    answer = ask(SECOND, CHALLENGE, "NS")
    return sorted(rdata.to_text().rstrip(".") for rrset in answer.answer for rdata in rrset)


def publishes(server, patient=False):
    """True if the API says 200, and then both name servers have the response.

    With `patient` it is False while a name server says SERVFAIL; otherwise that is an error.
    """
    answer, response = server.api.publish(NAME, server.secrets[NAME])
    if answer.status != 200:
        return False
    # The second one first: asking the first one would give it more time.
    for address in (SECOND, server.address):
        said = texts(address, CHALLENGE)
        if patient and said == "SERVFAIL":
            return False
        expect_in(response, said, f"{address} after the 200")
    return True


def wait_until_well(server):
    wait_until("both have a response", lambda: publishes(server, patient=True), seconds=60)


@scenario(client)
def second(world):
    """README, "A second name server"."""
    step, server, network = world.report.step, world.first, world.network
    follow, gather, install, configure, dig = Readme("Deployment").below("A second name server")
    with step("the first server is told of it"):
        server.edit(nameservers=NAMES, replicas_required=1)
        server.reader.type(follow)
        server.reader.type(gather)
        answer, _ = server.api.publish(NAME, server.secrets[NAME])
        expect(answer.status, 503, f"without the second server: {answer}")
    with step("the second server is installed"):
        machine = world.machine("ns2")
        machine.boot()
        world.bring(machine, "new", "*.deb")
        shutil.copy(server.machine.path("/root/second.tar"), machine.path("/root"))
        reader = Reader(machine)
        reader.type(install)
        reader.type(configure)
        # The pipe backend looks at its settings once a second.
        wait_until("it answers with its new settings", lambda: name_servers() == NAMES)
        expect_in("status: NOERROR", reader.type(dig), "SOA")
        world.internet.delegate(
            "example.com", [f"{CHALLENGE}. IN NS {NAMES[1]}."])
    with step("50 responses, each at both name servers right after the 200"):
        for i in range(50):
            wait_until(f"number {i} is published", lambda: publishes(server))
    with step("it restarts, and follows again"):
        machine.reboot()
        wait_until_well(server)
    with step("the link is cut: 503, and SERVFAIL from the second"):
        network.cut("ns1", "ns2")
        last = server.texts(NAME)
        answer, response = server.api.publish(NAME, server.secrets[NAME])
        expect(answer.status, 503, str(answer))
        wait_until("SERVFAIL from the second", lambda: says_servfail(last), seconds=30)
        time.sleep(1)  # each coprocess relies on what it has read for half a second
        for _ in range(50):
            expect(texts(SECOND, CHALLENGE), "SERVFAIL", "the second")
        # A name has at most 32: the response with the 503 may have replaced the oldest.
        if not set(last).intersection(server.texts(NAME)):
            raise StackError(f"the first does not keep its responses: {server.texts(NAME)}, before: {last}")
    with step("the link is mended: all is well again"):
        network.mend("ns1", "ns2")
        wait_until_well(server)
    with step("the first server restarts: all is well again"):
        server.machine.reboot()
        wait_until_well(server)
    with step("the second server is gone for good"):
        # Redis is least willing to stop just after it has received everything.
        machine.poweroff()
        expect("timed out" in machine.journal(lines=1000), False, "a unit did not stop")
        world.discard(machine)
        server.edit(nameservers=NAMES[:1], replicas_required=0)
        server.machine.must("systemctl reload acmeproxy")
        server.publish_and_ask(NAME)


def says_servfail(acknowledged):
    """True if the second says SERVFAIL; until then it may say what was acknowledged before."""
    said = texts(SECOND, CHALLENGE)
    if said == "SERVFAIL":
        return True
    expect(said, acknowledged, "the second, which knows no newer state")
    return False
