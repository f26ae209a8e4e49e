"""Real certificates: unmodified clients, Pebble, and a resolver that knows nothing about us."""

import random
import shutil
import socket
import subprocess

import pytest
from conftest import VALUE, Api, Redis
from stack.acme import (Pebble, certbot, certbot_ini, dehydrated, describe, lego,
                        mount_namespace, uacme, verify)
from stack.process import Process, StackError, wait_until

PDNS_BASE = """launch=bind
bind-config={dir}/named.conf
local-address={host}
local-port=53
socket-dir={dir}
zone-cache-refresh-interval=0
security-poll-suffix=
write-pid=no
"""


def free_loopback():
    """An address of 127.0.0.0/8 on which port 53 is free: a delegation cannot name another."""
    for _ in range(50):
        host = f"127.{random.randint(64, 127)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
                    socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
                udp.bind((host, 53))
                tcp.bind((host, 53))
                return host
        except PermissionError:
            pytest.skip("port 53 of a loopback address needs root")
        except OSError:
            continue
    raise StackError("no loopback address with a free port 53")


class Parent:
    """A name server of the parent zones, and a resolver that starts there.

    example.com delegates to us, and example.net has the address of our name server: resolvers
    look up the names in NS records too, and some believe only what they find there.
    """

    def __init__(self, directory, delegations, ns_host):
        self.dir, self.host, self.resolver = directory, free_loopback(), free_loopback()
        self.dir.mkdir()
        self._zone("example.com", "www IN A 192.0.2.80", *delegations)
        self._zone("example.net", f"ns1.acmeproxy IN A {ns_host}")
        (directory / "pdns.conf").write_text(PDNS_BASE.format(dir=directory, host=self.host))
        (directory / "unbound.conf").write_text(f"""server:
  directory: "{directory}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: {self.resolver}
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  do-ip6: no
  module-config: "iterator"
  cache-max-negative-ttl: 3600
remote-control:
  control-enable: no
stub-zone:
  name: "example.com."
  stub-addr: {self.host}
stub-zone:
  name: "example.net."
  stub-addr: {self.host}
""")
        # A copy, to which AppArmor's profile of the installed one does not apply.
        shutil.copy("/usr/sbin/unbound", directory / "unbound")
        self.processes = [
            Process("parent", ["/usr/sbin/pdns_server", f"--config-dir={directory}"],
                    directory / "pdns.log"),
            Process("unbound", [str(directory / "unbound"), "-d", "-c",
                                str(directory / "unbound.conf")], directory / "unbound.log")]

    def _zone(self, name, *records):
        file = self.dir / f"{name}.zone"
        head = ["$TTL 60", f"@ IN SOA ns.{name}. hostmaster.{name}. 1 3600 600 86400 60",
                f"@ IN NS ns.{name}.", f"ns IN A {self.host}"]
        file.write_text("\n".join([*head, *records]) + "\n")
        with open(self.dir / "named.conf", "a") as conf:
            conf.write(f'zone "{name}" {{ type master; file "{file}"; }};\n')

    def __enter__(self):
        for process in self.processes:
            process.start()
        wait_until("the resolver answers", lambda: self.dig("A", "www.example.com"),
                   self.processes[1])
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.stop()

    def forgets(self, name):
        """Wait until the resolver has no TXT record of the name: it keeps them for a second."""
        wait_until("the resolver forgets", lambda: '"' not in "".join(self.dig("TXT", name)),
                   self.processes[1])

    def dig(self, rrtype, name):
        run = subprocess.run(["dig", f"@{self.resolver}", "+short", "+tries=1", "+time=5",
                              rrtype, name], capture_output=True, text=True)
        return run.stdout.split()


def names_of(cert):
    line = describe(cert).splitlines()[-1]
    return {word.strip().removeprefix("DNS:") for word in line.split(",")}


def checked(pebble, made):
    cert, chain = made
    assert verify(pebble.root(), chain, cert) == "OK"
    return names_of(cert)


def each_client(stack, pebble, parent, secret, lego_modes):
    """Get a certificate for secure.example.com and its wildcard with each client."""
    names = ["secure.example.com", "*.secure.example.com"]
    clients = [lambda: dehydrated(pebble, names, {"ACMEPROXY_SECRET": secret}),
               lambda: certbot(pebble, names, certbot_ini(stack, {"secure.example.com": secret}))]
    if mount_namespace():
        clients.append(lambda: uacme(pebble, names, secret))
    for mode in lego_modes:
        clients.append(lambda mode=mode: lego(pebble, names, mode, "secure.example.com", secret,
                                              f"{parent.resolver}:53"))
    for client in clients:
        parent.forgets("_acme-challenge.secure.example.com")
        assert checked(pebble, client()) == set(names)


def test_a_certificate_through_a_real_delegation(start_stack, tmp_path):
    """parent zone -> NS -> us; Pebble asks unbound, which follows it."""
    host = free_loopback()
    stack = start_stack(dns_host=host, dns_port=53)
    secret = Api(stack).create("secure.example.com")
    delegation = "_acme-challenge.secure IN NS ns1.acmeproxy.example.net."
    with Parent(tmp_path / "parent", [delegation], host) as parent, \
            Pebble(stack, dns=f"{parent.resolver}:53") as pebble:
        # An early question must not hide what is published later.
        assert parent.dig("TXT", "_acme-challenge.secure.example.com") == []
        each_client(stack, pebble, parent, secret, ("", "RAW"))
    assert Redis(stack)("EXISTS", "acmeproxy:response:secure.example.com") == "0", "cleaned up"
    events = [e["event"] for e in Redis(stack).audit("secure.example.com")]
    assert events.count("published") == events.count("expired") >= 8


def test_a_certificate_through_a_cname(start_stack, tmp_path):
    """parent zone -> CNAME -> our zone, which is delegated like any other."""
    host = free_loopback()
    stack = start_stack(dns_host=host, dns_port=53, settings={
        "zone": {"name": "auth.example.com", "records": ["@ 60 A 192.0.2.53"]}})
    secret = Api(stack).create("secure.example.com")
    lines = ["auth IN NS ns1.acmeproxy.example.net.",
             "_acme-challenge.secure IN CNAME secure.example.com.auth.example.com."]
    with Parent(tmp_path / "parent", lines, host) as parent, \
            Pebble(stack, dns=f"{parent.resolver}:53") as pebble:
        each_client(stack, pebble, parent, secret, ("", "RAW", "exec"))


@pytest.fixture(scope="module")
def pebble(stack):
    with Pebble(stack) as running:
        yield running


@pytest.mark.parametrize("chain", [False, True])
def test_dehydrated_with_a_file_of_secrets(stack, pebble, api, chain, tmp_path):
    """Several domains, a wildcard, mixed case, each with its own secret."""
    tag = "chain" if chain else "single"
    names = [f"www.{tag}.example.com", f"*.www.{tag}.example.com", f"mail.{tag}.example.com"]
    secrets = tmp_path / "secrets"
    secrets.touch(mode=0o600)
    secrets.write_text("# name secret\n\n" + "".join(
        f"{name.upper()}  {api.create(name)}\n" for name in (names[0], names[2])))
    made = dehydrated(pebble, names, {"ACMEPROXY_SECRETS_FILE": str(secrets)}, chain)
    assert checked(pebble, made) == set(names)


def test_certbot_with_several_domains(stack, pebble, api):
    names = ["a.certbot.example.com", "*.a.certbot.example.com", "b.certbot.example.com"]
    ini = certbot_ini(stack, {"A.certbot.Example.com": api.create(names[0]),
                              names[2]: api.create(names[2])})
    assert checked(pebble, certbot(pebble, names, ini)) == set(names)


@pytest.mark.skipif(mount_namespace() is None,
                    reason="uacme trusts our CA only in a mount namespace")
def test_uacme(stack, pebble, api):
    names = ["uacme.example.com", "*.uacme.example.com"]
    assert checked(pebble, uacme(pebble, names, api.create(names[0]))) == set(names)


def test_a_failing_hook_makes_the_client_fail(stack, pebble, api):
    name = "wrong.example.com"
    api.create(name)
    with pytest.raises(StackError) as failure:
        dehydrated(pebble, [name], {"ACMEPROXY_SECRET": "0" * 32})
    assert f"publish_response {name}: HTTP 403: Invalid authorisation token" in str(failure.value)


# The setting authority, a delegation that needs it, and the apex of our zone with both.
LEVELS = [
    ("challenge", "_acme-challenge.www.shop IN NS ns1.acmeproxy.example.net.",
     "_acme-challenge.www.shop.example.com"),
    ("name", "www.shop IN NS ns1.acmeproxy.example.net.", "www.shop.example.com"),
    ("parent", "shop IN NS ns1.acmeproxy.example.net.", "shop.example.com"),
]


@pytest.mark.parametrize("authority,delegation,apex", LEVELS)
def test_each_level_of_delegation(start_stack, tmp_path, authority, delegation, apex):
    host = free_loopback()
    stack = start_stack(dns_host=host, dns_port=53,
                        settings={"authority": authority, "caa_issuers": ["letsencrypt.org", "ca.example"]})
    api = Api(stack)
    secret = api.create("www.shop.example.com")
    with Parent(tmp_path / "parent", [delegation], host) as parent:
        # The delegation is not lame: a resolver gets answers at each step.
        assert parent.dig("NS", apex) == ["ns1.acmeproxy.example.net."]
        assert parent.dig("SOA", apex)[:2] == ["ns1.acmeproxy.example.net.", "hostmaster.example.net."]
        assert sorted(parent.dig("CAA", apex)) == sorted(
            ["0", "issue", '"letsencrypt.org"', "0", "issue", '"ca.example"'])
        assert parent.dig("TXT", "_acme-challenge.www.shop.example.com") == []
        api.publish("www.shop.example.com", secret)
        assert parent.dig("TXT", "_acme-challenge.www.shop.example.com") == [f'"{VALUE}"']
