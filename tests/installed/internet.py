"""The internet's own servers: a name server of the parent zones, a resolver, an ACME server.

They are processes of the harness, with the addresses that network.py gave us.  A
PowerDNS with zone files serves the parent zones from the root down; the resolver is
an unbound that starts at that root and caches what it learns, as a CA's may.
"""

import json
import ssl
import urllib.request

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from stack.config import Authority
from stack.process import Process, StackError, wait_until

from .network import CA, PARENT, RESOLVER

CA_NAME = "ca.example.net"
# Nobody caches a negative answer: what a scenario adds is visible at once.
SOA = "@ 60 IN SOA parent.example.net. hostmaster.example.net. 1 3600 600 86400 0\n"
NS = "@ 60 IN NS parent.example.net.\n"
ZONES = {
    ".": "".join(f"{zone}. 60 IN NS parent.example.net.\n" for zone in ("com", "net", "org"))
         + f"parent.example.net. 60 IN A {PARENT}\n",
    "com": "example 60 IN NS parent.example.net.\n",
    "net": f"example 60 IN NS parent.example.net.\nparent.example 60 IN A {PARENT}\n",
    "org": "example 60 IN NS parent.example.net.\n",
    "example.com": "",
    "example.net": f"parent 60 IN A {PARENT}\nca 60 IN A {CA}\n",
    "example.org": "",
}


def ask(server, name, rrtype, port=53, seconds=5):
    """Ask a server, over TCP if it says so; returns the dns.message, or None without an answer."""
    query = dns.message.make_query(name, rrtype, use_edns=0)
    if server == RESOLVER:
        query.flags |= dns.flags.RD
    else:
        query.flags &= ~dns.flags.RD
    for _ in range(2):  # as a resolver does: a packet may be lost
        try:
            return dns.query.udp_with_fallback(query, server, timeout=seconds / 2, port=port)[0]
        except (OSError, dns.exception.DNSException):
            pass
    return None


def texts(server, name, seconds=5):
    """The values of a server's TXT records, sorted; or the name of the rcode if it is an error."""
    answer = ask(server, name, "TXT", seconds=seconds)
    if answer is None:
        return "no answer"
    if answer.rcode() != dns.rcode.NOERROR:
        return dns.rcode.to_text(answer.rcode())
    return sorted(b"".join(rdata.strings).decode() for rrset in answer.answer
                  for rdata in rrset if rrset.rdtype == dns.rdatatype.TXT)


class Internet:
    """start() it in the network namespace that network.Network made."""

    def __init__(self, directory, log):
        self.dir, self.log = directory, log
        self.zones = dict(ZONES)
        self.parent = self.resolver = self.ca = None
        self.directory_url = f"https://{CA_NAME}/dir"

    def start(self):
        self.dir.mkdir()
        self.authority = Authority(self.dir)
        self._start_parent()
        self._start_resolver()
        self._start_ca()

    def _start_parent(self):
        conf = "".join(f'zone "{zone}" {{ type master; file "{self._zone_file(zone)}"; }};\n'
                       for zone in self.zones)
        (self.dir / "named.conf").write_text(conf)
        (self.dir / "pdns.conf").write_text(
            f"launch=bind\nbind-config={self.dir}/named.conf\nsocket-dir={self.dir}\n"
            f"local-address={PARENT}\nsecurity-poll-suffix=\nwrite-pid=no\n"
            "cache-ttl=0\nnegquery-cache-ttl=0\nquery-cache-ttl=0\nzone-cache-refresh-interval=0\n")
        self._write_zones()
        self.parent = Process("parent", ["pdns_server", f"--config-dir={self.dir}", "--daemon=no"],
                              self.log / "parent").start()
        wait_until("the parent answers", lambda: ask(PARENT, "example.com", "SOA", seconds=0.2),
                   self.parent)

    def _zone_file(self, zone):
        return self.dir / f"zone-{zone if zone != '.' else 'root'}"

    def _write_zones(self):
        for zone, text in self.zones.items():
            self._zone_file(zone).write_text(f"$ORIGIN {zone.rstrip('.')}.\n{SOA}{NS}{text}")

    def delegate(self, zone, lines):
        """Add lines to one of the parent zones, as its owner would."""
        self.zones[zone] += "".join(line.strip() + "\n" for line in lines)
        if self.parent:
            self.parent.stop()
            self._start_parent()

    def _start_resolver(self):
        (self.dir / "root.hints").write_text(
            f". 60 IN NS parent.example.net.\nparent.example.net. 60 IN A {PARENT}\n")
        (self.dir / "unbound.conf").write_text(
            f'server:\n  chroot: ""\n  username: ""\n  pidfile: ""\n  directory: "{self.dir}"\n'
            f'  use-syslog: no\n  interface: {RESOLVER}\n  access-control: 0.0.0.0/0 allow\n'
            f'  root-hints: "{self.dir}/root.hints"\n  module-config: "iterator"\n'
            'remote-control:\n  control-enable: no\n')
        self.resolver = Process("resolver", ["unbound", "-d", "-c", self.dir / "unbound.conf"],
                                self.log / "resolver").start()
        wait_until("the resolver answers", lambda: ask(RESOLVER, CA_NAME, "A", seconds=0.5),
                   self.resolver)

    def _start_ca(self):
        cert, key = self.authority.issue("acme", f"DNS:{CA_NAME}", "DNS:localhost")
        (self.dir / "pebble.json").write_text(json.dumps({"pebble": {
            "listenAddress": f"{CA}:443", "managementListenAddress": "127.0.0.1:15000",
            "certificate": str(cert), "privateKey": str(key), "httpPort": 80, "tlsPort": 443,
            "externalAccountBindingRequired": False}}))
        self.ca = Process(
            "ca", ["pebble", "-config", self.dir / "pebble.json", "-dnsserver", f"{RESOLVER}:53"],
            # Each order is validated, even if the name was validated before.
            self.log / "ca", env={"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0",
                                  "PEBBLE_AUTHZREUSE": "0", "PATH": "/usr/bin:/bin"}).start()
        wait_until("the ACME server answers", self._root_of_ca, self.ca)

    def _root_of_ca(self):
        context = ssl.create_default_context(cafile=str(self.authority.cert))
        try:
            with urllib.request.urlopen("https://localhost:15000/roots/0", context=context,
                                        timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def roots(self):
        """What machines have to trust: {file name: certificate}."""
        root = self._root_of_ca()
        if not root:
            raise StackError("the ACME server does not give its root certificate")
        return {"directory.crt": self.authority.cert.read_text(), "issued.crt": root}
