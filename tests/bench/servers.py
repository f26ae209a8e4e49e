"""More PowerDNS than the one of a stack: with other settings, or with another backend."""

import json
import re

import dns.exception
import dns.message
import dns.query

from stack.config import pdns_conf
from stack.process import Process, StackError, free_port, wait_until

from .tools import BY_NS, IN_ZONE, VALUE, ZONE, Interrupt, n_tracking, run

LMDB = """launch=lmdb
lmdb-filename={dir}/pdns.lmdb
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
local-address=127.0.0.1
local-port={port}
socket-dir={dir}
distributor-threads=3
security-poll-suffix=
write-pid=no
"""
ZONE_HEAD = "$ORIGIN {zone}.\n@ 60 IN SOA ns. h. 1 3600 600 86400 0\n@ 60 IN NS ns.\n"


class Server:
    """A pdns_server on a port of its own; `with` starts and stops it."""

    def __init__(self, stack, name):
        self.stack, self.name = stack, name
        self.dir, self.port = stack.sockets / name, free_port()
        self.process = None

    def __enter__(self):
        self.dir.mkdir(exist_ok=True)
        config = self.configure()
        self.process = Process(self.name, ["/usr/sbin/pdns_server", f"--config-dir={config}"],
                               self.stack.log(self.name)).start()
        try:
            wait_until(f"{self.name} answers", self._answers, self.process,
                       interrupt=Interrupt.check)
        except BaseException:
            self.process.stop()
            raise
        return self

    def __exit__(self, *_):
        self.process.stop()

    def _answers(self):
        try:
            self.ask("ready.invalid", timeout=0.3)
            return True
        except (OSError, dns.exception.DNSException):
            return False

    def ask(self, name, tcp=False, timeout=5):
        send = dns.query.tcp if tcp else dns.query.udp
        return send(dns.message.make_query(name, "TXT"), "127.0.0.1", port=self.port,
                    timeout=timeout)


class Ours(Server):
    """On the store of a stack, with other settings, and more lines for PowerDNS."""

    def __init__(self, stack, name, settings=None, lines=()):
        super().__init__(stack, name)
        self.settings, self.lines = {**stack.settings, **(settings or {})}, lines

    def configure(self):
        etc = self.dir / "etc"
        (etc / "pdns.d").mkdir(parents=True, exist_ok=True)
        (self.dir / "acmeproxy.json").write_text(json.dumps(self.settings))
        (etc / "pdns.conf").write_text(pdns_conf(self.dir, "", "127.0.0.1", self.port))
        (etc / "pdns.d" / "acmeproxy.conf").write_text(self.snippet())
        (etc / "pdns.d" / "others.conf").write_text("".join(line + "\n" for line in self.lines))
        return etc

    def snippet(self):
        """PowerDNS's settings, as README installs them."""
        run = self.stack.command("powerdnsconfig", config=self.dir / "acmeproxy.json")
        if run.returncode != 0:
            raise StackError(f"acmeproxy powerdnsconfig:\n{run.stderr}")
        return run.stdout

    def wake_all(self):
        """Ask until all coprocesses follow what changes, or none does, as the settings say."""
        snippet = self.snippet()
        n = 1
        for threads in ("distributor-threads", "receiver-threads"):
            found = re.search(rf"^{threads}=(\d+)", snippet, re.MULTILINE)
            n *= int(found[1]) if found else 1
        n = 0 if self.settings.get("dns_copy_mib") == 0 else n + 1  # the one for TCP

        def woken():
            self.ask(BY_NS % 0)
            self.ask(BY_NS % 0, tcp=True)
            return n_tracking(self.stack) == n
        wait_until(f"{n} coprocesses follow", woken, self.process, interrupt=Interrupt.check)


class Lmdb(Server):
    """The reference: PowerDNS's own lmdb backend, with caches off and the same names."""

    def __init__(self, stack, name, n):
        super().__init__(stack, name)
        self.n = n

    def configure(self):
        (self.dir / "pdns.conf").write_text(LMDB.format(dir=self.dir, port=self.port))
        for zone, pattern in (("example.com", BY_NS), (ZONE, IN_ZONE)):
            path = self.dir / "zone"
            with open(path, "w") as file:
                file.write(ZONE_HEAD.format(zone=zone))
                file.writelines(f'{pattern % i}. 1 IN TXT "{VALUE}"\n' for i in range(self.n))
            run("pdnsutil", f"--config-dir={self.dir}", "load-zone", zone, path)
            path.unlink()
        return self.dir


def pipe_regex(stack):
    """The line for PowerDNS that keeps nobody's names from the pipe; None where nothing prints it."""
    printed = stack.command("powerdnsconfig")
    lines = [line for line in printed.stdout.splitlines() if line.startswith("pipe-regex=")]
    if printed.returncode == 0 and len(lines) != 1:
        raise StackError(f"acmeproxy powerdnsconfig prints no pipe-regex:\n{printed.stdout}")
    return lines[0] if printed.returncode == 0 else None
