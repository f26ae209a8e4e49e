"""The parent zones of names that are delegated to us, and resolvers that start at their root.

A delegation names no port, so each name server has port 53 of a loopback address of its own.
"""

import random
import re
import shutil
import socket
import subprocess

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from stack.process import Process, StackError, free_port, wait_until

OUR_NS = "ns1.acmeproxy.example.net."
PDNS = """launch=bind
bind-config={dir}/named.conf
bind-dnssec-db={dir}/keys
local-address={host}
local-port=53
socket-dir={dir}
zone-cache-refresh-interval=0
security-poll-suffix=
write-pid=no
"""
UNBOUND = """server:
  directory: "{dir}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: {host}@{port}
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  do-ip6: no
  root-hints: "{dir}/root.hints"
  module-config: "{modules}"
  cache-max-negative-ttl: 3600
  qname-minimisation: yes
  qname-minimisation-strict: yes
  use-caps-for-id: yes
  aggressive-nsec: yes
{anchors}remote-control:
  control-enable: no
"""
BIND = """options {{
  directory "{dir}";
  pid-file none;
  session-keyfile none;
  listen-on port {port} {{ {host}; }};
  listen-on-v6 {{ none; }};
  recursion yes;
  empty-zones-enable no;
  dnssec-validation {validation};
  qname-minimization strict;
  synth-from-dnssec yes;
}};
controls {{ }};
zone "." {{ type hint; file "root.hints"; }};
{anchors}"""


def free_loopback():
    """An address of 127.0.0.0/8 on which port 53 is free."""
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


def ask(host, name, rrtype, port=53, recursion=False, dnssec=False, timeout=20):
    """Ask a server, over TCP if it says so."""
    query = dns.message.make_query(name, rrtype, use_edns=0, payload=1232, want_dnssec=dnssec)
    if recursion:
        query.flags |= dns.flags.AD  # "say whether it is validated" (RFC 6840, 5.7)
    else:
        query.flags &= ~dns.flags.RD
    return dns.query.udp_with_fallback(query, host, port=port, timeout=timeout)[0]


def rdata(answer):
    """The records of an answer without CNAME and signatures, sorted."""
    return sorted(rd.to_text() for rrset in answer.answer for rd in rrset
                  if rrset.rdtype == answer.question[0].rdtype)


class Parent:
    """The name server of the root, of com, net and org, of example.com, .net and .org, and of what records has.

    records are more records of these three, and those of more zones; the zones in `signed` are signed.
    example.net has the address of our name server: resolvers look up the names in NS records
    too, and some believe only what they find there.
    """

    def __init__(self, directory, our_host, records, signed=()):
        self.dir, self.host = directory, free_loopback()
        directory.mkdir()
        tops = ("com", "net", "org")
        zones = {".": ["parent.example.net. 60 IN A " + self.host,
                       *(f"{top} 60 IN NS parent.example.net." for top in tops)]}
        for top in tops:
            zones[top] = ["example 60 IN NS parent.example.net."]
            zones[f"example.{top}"] = ["www 60 IN A 192.0.2.80"]
        zones["net"].append(f"parent.example 60 IN A {self.host}")
        zones["example.net"] += [f"parent 60 IN A {self.host}", f"ns1.acmeproxy 60 IN A {our_host}"]
        for zone, lines in records.items():
            zones[zone] = zones.get(zone, []) + lines
        for zone, lines in zones.items():
            self._write(zone, lines)
        (directory / "pdns.conf").write_text(PDNS.format(dir=directory, host=self.host))
        self._pdnsutil("create-bind-db", f"{directory}/keys")
        for zone in signed:
            self._pdnsutil("secure-zone", zone)
        self.anchors = [line.partition(" ;")[0] for zone in signed
                        for line in self._pdnsutil("export-zone-ds", zone).splitlines()]
        self.process = Process("parent", ["/usr/sbin/pdns_server", f"--config-dir={directory}"],
                               directory / "log")

    def _write(self, zone, lines):
        file = self.dir / f"zone-{zone}"
        head = [f"$ORIGIN {zone.rstrip('.')}.", "@ 60 IN NS parent.example.net.",
                "@ 60 IN SOA parent.example.net. hostmaster.example.net. 1 3600 600 86400 60"]
        file.write_text("\n".join([*head, *lines]) + "\n")
        with open(self.dir / "named.conf", "a") as conf:
            conf.write(f'zone "{zone}" {{ type master; file "{file}"; }};\n')

    def _pdnsutil(self, *words):
        run = subprocess.run(["pdnsutil", f"--config-dir={self.dir}", *words],
                             capture_output=True, text=True)
        if run.returncode != 0:
            raise StackError(f"pdnsutil {words}: {run.stdout}{run.stderr}")
        return run.stdout

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.stop()


class Resolver:
    """A resolver that starts at the root of a Parent, and validates if that signs a zone."""

    def __init__(self, directory, parent):
        self.dir, self.host, self.port = directory, "127.0.0.1", free_port()
        directory.mkdir()
        (directory / "root.hints").write_text(
            f". 60 IN NS parent.example.net.\nparent.example.net. 60 IN A {parent.host}\n")
        # A copy, to which AppArmor's profile of the installed one does not apply.
        program = shutil.copy(self.PROGRAM, directory)
        self._configure(parent.anchors)
        self.process = Process(self.NAME, [program, *self.OPTIONS, directory / "conf"],
                               directory / "log")

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def __enter__(self):
        self.process.start()
        wait_until(f"{self.NAME} answers", self._answers, self.process)
        return self

    def __exit__(self, *_):
        self.process.stop()

    def restart(self):
        """Forget everything."""
        self.__exit__()
        self.__enter__()

    def _answers(self):
        try:
            return ask(self.host, "www.example.com", "A", self.port, recursion=True, timeout=0.1)
        except (OSError, dns.exception.DNSException):
            return False

    def ask(self, name, rrtype="TXT", dnssec=False):
        return ask(self.host, name, rrtype, self.port, recursion=True, dnssec=dnssec)

    def rcode(self, name, rrtype="TXT"):
        return dns.rcode.to_text(self.ask(name, rrtype).rcode())

    def rdata(self, rrtype, name):
        return rdata(self.ask(name, rrtype))

    def forgets(self, name):
        """Wait until it has no TXT record of the name: it may keep one for its TTL."""
        wait_until(f"{self.NAME} forgets", lambda: not self.rdata("TXT", name), self.process)


class Unbound(Resolver):
    NAME, PROGRAM, OPTIONS = "unbound", "/usr/sbin/unbound", ["-d", "-c"]
    KEEPS_DENIAL_S = 0

    def _configure(self, anchors):
        (self.dir / "conf").write_text(UNBOUND.format(
            dir=self.dir, host=self.host, port=self.port, modules="validator iterator" if anchors else "iterator",
            anchors="".join(f'  trust-anchor: "{anchor}"\n' for anchor in anchors)))


class Bind(Resolver):
    """A second resolver.  It runs from one file as any user, and dig has brought its libraries already."""

    NAME, PROGRAM, OPTIONS = "named", "/usr/sbin/named", ["-g", "-c"]
    KEEPS_DENIAL_S = 1  # a TTL of 0 means until the second ends

    def _configure(self, anchors):
        lines = [re.sub(r"(\S+) IN DS (\d+ \d+ \d+) (\w+)", r'  "\1" static-ds \2 "\3";', anchor)
                 for anchor in anchors]
        (self.dir / "conf").write_text(BIND.format(
            dir=self.dir, host=self.host, port=self.port, validation="yes" if anchors else "no",
            anchors="\n".join(["trust-anchors {", *lines, "};", ""]) if anchors else ""))
