"""The local stack: Redis, acmeproxy, nginx and PowerDNS on loopback."""

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess

import dns.exception
import dns.message
import dns.query

from .config import (DEPLOY, TOP, Authority, app_settings, nginx_conf, nginx_site, pdns_conf,
                     redis_conf, redis_primary, redis_users, write_private)
from .process import Process, StackError, free_port, tail, wait_until
from .rundir import RunDir

__all__ = ["DEPLOY", "PARTS", "TOP", "Stack", "StackError"]
REDIS_USERS = ("app", "pipe", "audit", "replica", "admin")
PARTS = ("redis", "acmeproxy", "nginx", "pdns")


class Stack:
    """All parts, started by start() or `with`, stopped by stop().

    settings replace members of the generated acmeproxy.json; accounts, if
    given, becomes the accounts file.  pdns_extra are lines for PowerDNS,
    pdns_launch its backends in order.
    replica_port is where a Replica may find our Redis.
    https_within is a network namespace in which nginx listens on all addresses.
    interrupt() is called while we wait; an exception from it ends the start.
    processes has a Process for each part: its pid, its log, whether it is alive.
    """

    def __init__(self, directory, settings=None, build=None, accounts=None,
                 pdns_extra=(), pdns_launch="pipe", dns_host="127.0.0.1", dns_port=None,
                 replica_port=None, https_within=None, interrupt=lambda: None):
        self.rundir = RunDir(directory)
        self.dir = self.rundir.files
        self.build = TOP / (build or os.environ.get("BUILD") or "build")
        self.overrides = dict(settings or {})
        self.accounts = accounts
        self.pdns_extra, self.pdns_launch = pdns_extra, pdns_launch
        self.dns_host, self.dns_port = dns_host, dns_port
        self.replica_port, self.https_within = replica_port, https_within
        self.interrupt = interrupt
        self.processes = {}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # -- what others ask for

    @property
    def env(self):
        """The assignments of build/run/env."""
        return {
            "ACMEPROXY_URL": self.url,
            "ACMEPROXY_CA_CERT": str(self.ca_cert),
            "ACMEPROXY_DNS_HOST": self.dns_host,
            "ACMEPROXY_DNS_PORT": str(self.dns_port),
            "ACMEPROXY_REDIS_SOCKET": str(self.redis_socket),
            "ACMEPROXY_CONFIG": str(self.config),
            "ACMEPROXY_REDIS_USERNAME": "admin",
            "ACMEPROXY_REDIS_PASSWORD_FILE": str(self.redis_password_file("admin")),
        }

    def log(self, part):
        return self.dir / "log" / f"{part}.log"

    def dead_part(self):
        """A part that died by itself: (name, how it ended and the last lines of its log)."""
        for name, process in self.processes.items():
            if process.poll() is not None and not process.wanted_dead:
                return name, f"{process.how()}:\n{tail(process.log)}"
        return None

    # -- starting it

    def start(self):
        self.rundir.enter()
        try:
            self._configure()
            self.start_part("redis")
            self.init_store()
            for part in PARTS[1:]:
                self.start_part(part)
        except BaseException:
            self.stop()
            raise

    def _configure(self):
        base = self.sockets = self.rundir.plain
        for name in ("log", "tls", "redis", "nginx", "etc"):
            (self.dir / name).mkdir()
        self.redis_socket, self.fcgi_socket = base / "redis.sock", base / "fcgi.sock"
        self.https_port = free_port()
        self.dns_port = self.dns_port or free_port(self.dns_host)
        self.url = f"https://localhost:{self.https_port}"
        self.authority = Authority(self.dir / "tls")
        self.ca_cert = self.authority.cert
        self.cert, self.key = self.authority.issue("localhost", "DNS:localhost", "IP:127.0.0.1")
        self._configure_app(base)
        self._configure_redis(base)
        if self.replica_port:
            self.authority.issue_pair()
            (self.dir / "etc" / "redis.d" / "primary.conf").write_text(
                redis_primary(base, self.replica_port))
        self.write_site("acmeproxy", self.https_port, self.fcgi_socket)
        (self.dir / "nginx" / "nginx.conf").write_text(nginx_conf(base))
        self._configure_pdns(base)

    def write_site(self, name, port, fcgi_socket):
        """Write a site for nginx: its port, and the socket of the program behind it."""
        (self.dir / "nginx" / f"{name}.site").write_text(
            nginx_site(self.rundir.plain, port, fcgi_socket, name, self.https_within is not None))

    def _configure_app(self, base):
        self.config = self.dir / "acmeproxy.json"
        settings = app_settings(base)
        if self.accounts is not None:
            write_private(self.dir / "etc" / "accounts.json", json.dumps(self.accounts))
            settings["accounts_file"] = f"{base}/etc/accounts.json"
        settings.update(self.overrides)
        self.settings = settings
        self.write_config(settings)

    def write_config(self, settings):
        """Replace acmeproxy.json; the caller has to make programs read it."""
        self.config.write_text(json.dumps(settings, indent=2) + "\n")

    def _configure_redis(self, base):
        passwords = {user: secrets.token_hex(16) for user in REDIS_USERS}
        for user, password in passwords.items():
            write_private(self.redis_password_file(user), password + "\n")
        prefix = self.settings.get("key_prefix", "acmeproxy:")
        if not isinstance(prefix, str):
            prefix = "acmeproxy:"  # the programs will say what is wrong
        (self.dir / "etc" / "redis-users.acl").write_text(redis_users(passwords, prefix))
        (self.dir / "etc" / "redis.conf").write_text(redis_conf(base))
        (self.dir / "etc" / "redis.d").mkdir()

    def _configure_pdns(self, base):
        before, after = self.pdns_launch.split("pipe")
        etc = self.dir / "etc"
        (etc / "pdns.conf").write_text(pdns_conf(
            base, before.strip(","), self.dns_host, self.dns_port))
        (etc / "pdns.d").mkdir()
        self.write_snippet()
        # PowerDNS reads this after our snippet, so that it overrides it.
        others = [*self.pdns_extra, *([f"launch+={after.strip(',')}"] if after else [])]
        (etc / "pdns.d" / "others.conf").write_text("".join(line + "\n" for line in others))

    def write_snippet(self):
        """What README's "Deployment" does before each start of PowerDNS."""
        # By the plain path: PowerDNS splits its command at spaces and knows no quoting.
        config = self.rundir.plain / "acmeproxy.json"
        run = self.command("powerdnsconfig", config=config)
        if run.returncode != 0:
            raise StackError(f"acmeproxy powerdnsconfig:\n{run.stderr}")
        (self.dir / "etc" / "pdns.d" / "acmeproxy.conf").write_text(run.stdout)

    def redis_password_file(self, user):
        return self.dir / "etc" / f"redis-{user}.password"

    def redis_cli(self, *words, user="admin", password="admin", text=None):
        """What redis-cli prints; text is its standard input."""
        env = {**os.environ,
               "REDISCLI_AUTH": self.redis_password_file(password).read_text().strip()}
        run = subprocess.run(["redis-cli", "-s", self.redis_socket, "--user", user,
                              *map(str, words)], input=text, capture_output=True, text=True,
                             timeout=120, env=env)
        return run.stdout.rstrip("\n") + run.stderr

    # -- while it runs

    def command(self, *words, config=None):
        """Run an administrator's command with our settings."""
        return subprocess.run([self.build / "acmeproxy", *words, "--config", config or self.config],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)

    def init_store(self):
        """What README's "Deployment" does once, after the first start of Redis."""
        run = self.command("initstore")
        if run.returncode != 0:
            raise StackError(f"acmeproxy initstore:\n{run.stderr}")

    def _argv(self, part):
        # Real paths, no alias: ps then shows which stack a process belongs to.
        return {
            "redis": [DEPLOY / "redis" / "start.sh", self.dir / "etc" / "redis.conf"],
            "acmeproxy": [self.build / "acmeproxy", "serve", "--config", self.config,
                          "--listen", f"unix:{self.fcgi_socket}"],
            "nginx": [*(self.https_within.prefix if self.https_within else []),
                      "/usr/sbin/nginx", "-e", self.log("nginx"), "-c",
                      self.dir / "nginx" / "nginx.conf", "-p", self.dir / "nginx"],
            "pdns": ["/usr/sbin/pdns_server", f"--config-dir={self.dir}/etc"],
        }[part]

    def start_part(self, part):
        """Start a part and wait until it answers."""
        before = self.processes.get(part)
        if before and before.poll() is None:
            raise StackError(f"{part} runs already")
        if before:
            before.kill()  # what is left of it
        process = Process(part, self._argv(part), self.log(part), cwd=self.dir)
        self.processes[part] = process
        process.start()
        wait_until(f"{part} answers", getattr(self, f"_{part}_answers"), process,
                   interrupt=self.interrupt)

    def stop_part(self, part, signo=signal.SIGTERM):
        """Stop a part as its administrator would; returns its exit status."""
        return self.processes[part].stop(signo)

    def kill_part(self, part):
        """Kill a part with SIGKILL, and all its processes."""
        return self.processes[part].kill()

    def signal_part(self, part, signo):
        self.processes[part].send(signo)

    def _redis_answers(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self.redis_socket))
                password = self.redis_password_file("admin").read_bytes().strip()
                probe.sendall(b"AUTH admin %s\r\nPING\r\nQUIT\r\n" % password)
                answer = b""
                while more := probe.recv(64):
                    answer += more
                return answer.startswith(b"+OK\r\n+PONG\r\n")  # -LOADING: not yet
            except OSError:
                return False

    def _acmeproxy_answers(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self.fcgi_socket)) == 0

    def _nginx_answers(self):
        context = ssl.create_default_context(cafile=str(self.ca_cert))
        connection = http.client.HTTPSConnection("127.0.0.1", self.https_port, timeout=2,
                                                 context=context)
        try:
            with self.https_within.entered() if self.https_within else contextlib.nullcontext():
                connection.connect()
            connection.request("GET", "/")
            connection.getresponse()  # whatever it is
            return True
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _pdns_answers(self):
        query = dns.message.make_query("ready.invalid", "TXT")
        try:
            dns.query.udp(query, self.dns_host, port=self.dns_port, timeout=0.3)
            return True
        except (OSError, dns.exception.DNSException):
            return False

    def stop(self):
        """Stop every part and remove what we made."""
        try:
            for part in reversed(PARTS):
                if part in self.processes:
                    self.processes[part].stop()
            self.processes.clear()
        finally:
            self.rundir.leave()
