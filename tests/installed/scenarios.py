"""What is tried, a function a scenario, a `with` a step of it.

A scenario that needs what another one made is not tried when that one failed.
"""

from .internet import texts
from .network import RESOLVER
from .report import GivenUp, expect

SCENARIOS = []  # (function, functions that it needs), in order


def scenario(*needs):
    def add(function):
        SCENARIOS.append((function, needs))
        return function
    return add


def prepare(roots):
    """While there is a network: everything that a machine will install."""
    roots.download([["nginx", "certbot", "redis-server"]])


def play(world):
    """All scenarios; the report counts."""
    failed = set()
    for function, needs in SCENARIOS:
        title = function.__doc__.splitlines()[0]
        world.report.say(f"{title}")
        if failed.intersection(needs):
            failed.add(function)
            world.report.missed(title)
            continue
        try:
            function(world)
        except GivenUp:
            failed.add(function)


@scenario()
def wires(world):
    """The machines, the internet and the wires between them are what the rest relies on."""
    report, internet, network = world.report, world.internet, world.network
    with report.step("name servers, a resolver and an ACME server"):
        internet.start()
        internet.delegate("example.net", ["acmeproxy 60 IN A 192.0.2.53",
                                          "acmeproxy 60 IN AAAA 2001:db8::53"])
        internet.delegate("example.com", ["there 60 IN TXT here"])
        expect(texts(RESOLVER, "there.example.com"), ["here"], "TXT from the root down")
    with report.step("two machines start"):
        one, two = world.machine("ns1"), world.machine("ns2")
        one.boot()
        two.boot()
        world.trust_the_ca(one)
    with report.step("packages are installed without a network"):
        one.must("apt-get install nginx certbot")
        two.must("apt-get install redis-server")
    with report.step("the ACME server sees one of them by its name"):
        one.must("systemctl stop nginx && certbot certonly --standalone -d acmeproxy.example.net")
    with report.step("a cut wire between the two is just that"):
        two.must("redis-cli config set bind '* -::*' && redis-cli config set protected-mode no")
        listens = "timeout 2 bash -c 'echo PING >/dev/tcp/%s/6379'"
        one.must(listens % "192.0.2.54")
        one.must(listens % "2001:db8::54")
        network.cut("ns1", "ns2")
        expect(one.run(listens % "192.0.2.54").status, 124, "a connection over no wire")
        one.must("dig +short there.example.com TXT | grep here")
        network.mend("ns1", "ns2")
        one.must(listens % "192.0.2.54")
    with report.step("a restart leaves what was enabled"):
        one.reboot()
        one.must("systemctl is-active nginx && test -e /etc/letsencrypt/live/*/fullchain.pem")
    with report.step("another machine in the place of the second"):
        world.discard(two)
        other = world.machine("other", "ns2")
        other.boot()
        one.must("bash -c '! echo >/dev/tcp/192.0.2.54/6379'")
