"""From nothing to a certificate: the first server, and a machine that gets one."""

import re

from .api import Https
from .internet import ask, texts
from .network import RESOLVER
from .readme import Reader, Readme
from .report import expect, expect_in
from .scenarios import scenario
from .server import Server, secret_in

NAME = "secure.example.com"
API_NAME = "acmeproxy.example.net"
ADDRESSES = {"acmeproxy": ("192.0.2.53", "2001:db8::53"),
             "ns1.acmeproxy": ("192.0.2.53", "2001:db8::53"),
             "ns2.acmeproxy": ("192.0.2.54", "2001:db8::54")}
STAMP = "/root/stamp"  # as old as the machine
NEW = "acmeproxy*.deb"
CERTIFICATE = f"/etc/letsencrypt/live/{NAME}/fullchain.pem"
RECORD = "ca.example; accounturi=https://ca.example/acct/123; persistUntil=4070908800"


@scenario()
def internet(world):
    """An internet without acmeproxy."""
    with world.report.step("name servers, a resolver and an ACME server"):
        world.internet.start()
        world.internet.delegate("example.net", [
            line for name, (ipv4, ipv6) in ADDRESSES.items()
            for line in (f"{name} 60 IN A {ipv4}", f"{name} 60 IN AAAA {ipv6}")])
        expect(ask(RESOLVER, API_NAME, "A").answer[0][0].to_text(), "192.0.2.53", "the API's name")


@scenario(internet)
def packages(world):
    """README, "From packages"."""
    step, deployment = world.report.step, Readme("Deployment")
    install, reload, powerdns, create, dig = deployment.below("From packages")
    with step("a machine starts"):
        machine = world.machine("ns1")
        machine.boot()
        world.bring(machine, "new", "*.deb")
        machine.must(f"touch {STAMP}")
        world.trust_the_ca(machine)
        world.first = server = Server(machine, "192.0.2.53")
    with step("the packages are installed, and all is well at once"):
        server.reader.type(install)
        server.expect_well()
    with step("settings are edited, and are in force after a reload"):
        server.edit(soa_contact="dns.example.net", persistent_records=True)
        expect_in("dns.example.net", server.reader.type(reload), "checkconfig")
    with step("PowerDNS gets the settings that fit"):
        complaints = "journalctl -b -u acmeproxy | grep -c 'a narrower pipe-regex'"
        before = machine.must(complaints)
        server.reader.type(powerdns)
        expect_in("pipe-command=/usr/bin/acmeproxy-pipe --pipe-regex ^",
                  machine.must("cat /etc/powerdns/pdns.d/acmeproxy.conf"), "the snippet")
        expect_in("pipe-regex fits", machine.must("acmeproxy checkconfig"), "checkconfig")
        machine.must("systemctl reload acmeproxy; sleep 1")
        expect(machine.must(complaints), before, "complaints in the log")
    with step("an authorisation, and the first answer"):
        server.secrets[NAME] = secret_in(server.reader.type(create))
        expect_in("ns1.acmeproxy.example.net. dns.example.net.", server.reader.type(dig), "SOA")
    with step("what the API publishes is in DNS"):
        server.publish_and_ask(NAME)


@scenario(packages)
def certificate(world):
    """README, "The API's certificate", and an account for those who call the API."""
    step, server = world.report.step, world.first
    deployment = Readme("Deployment")
    with step("nginx, and a certificate from the ACME server"):
        for block in deployment.below("The API's certificate"):
            server.reader.type(block)
        server.api = Https(server.address, API_NAME, world.internet.roots()["issued.crt"])
        server.publish_and_ask(NAME)
    with step("an account"):
        world.account = secret_in(server.reader.type(Readme("Accounts").blocks[0]))
    with step("a persistent record"):
        answer = server.api.post("publish_persistent_record", name=NAME, record=RECORD,
                                 secret=server.secrets[NAME])
        expect(answer.status, 200, str(answer))
        expect(texts(server.address, f"_validation-persist.{NAME}"), [RECORD], "TXT")


def certbot_of_readme(secret):
    """README's acmeproxy.ini with this secret, and its certbot command."""
    block = next(block for block in Readme("Clients").blocks if "[defaults]" in block.text)
    ini, certbot = block.text.split("certbot certonly", 1)
    return re.sub(r"(?m)^secret = .*", f"secret = {secret}", ini), "certbot certonly" + certbot


def curl(client, endpoint, **parameters):
    """Call the API as README's "API" does; returns (status, body)."""
    data = "&".join(f"{k}={v}" for k, v in parameters.items())
    said = client.must(f"curl -s -w '\\n%{{http_code}}' --data '{data}' https://{API_NAME}/{endpoint}")
    body, _, status = said.rpartition("\n")
    return int(status), body


@scenario(certificate)
def client(world):
    """README, "Hooks on client machines": a machine that has nothing else of ours."""
    step, server = world.report.step, world.first
    with step("a machine starts, and the hooks are installed"):
        world.client = machine = world.machine("client")
        machine.boot()
        world.bring(machine, "new", "acmeproxy-hooks_*.deb")
        world.trust_the_ca(machine)
        for block in Readme("Deployment").below("Hooks on client machines"):
            Reader(machine).type(block)
        machine.must("apt-get install certbot")
        expect(machine.run("command -v gcc redis-server acmeproxy").status, 1, "what it has")
    with step("only the account creates authorisations by the API"):
        for words, status in (({}, 400), ({"secret": "0" * 32}, 403),
                              ({"secret": world.account}, 200)):
            answer = curl(machine, "create_authorisation", name="www.example.org", **words)
            expect(answer[0], status, answer[1])
        answer = curl(machine, "create_authorisation", name="www.example.net", secret=world.account)
        expect(answer[0], 403, answer[1])
    with step("certbot gets a certificate for the name and its wildcard by our hooks"):
        world.internet.delegate("example.com", Readme("DNS set-up").blocks[0].text.splitlines())
        ini, certbot = certbot_of_readme(server.secrets[NAME])
        machine.must("umask 077; cat >/etc/acmeproxy.ini", stdin=ini)
        machine.must(certbot)
        expect_certificate(world)


def expect_certificate(world):
    """The client machine has a certificate from the ACME server for both names."""
    said = world.client.must(
        f"openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt -untrusted {CERTIFICATE} "
        f"{CERTIFICATE} && openssl x509 -in {CERTIFICATE} -noout -ext subjectAltName -serial")
    expect_in(f"DNS:{NAME}", said, "names")
    expect_in(f"DNS:*.{NAME}", said, "names")
    return said


def renew(world):
    """Renew on the client machine as its timer would; there must be another certificate."""
    before = expect_certificate(world)
    world.client.must("certbot renew --force-renewal --no-random-sleep-on-renew")
    expect(expect_certificate(world) != before, True, "it is another certificate")
