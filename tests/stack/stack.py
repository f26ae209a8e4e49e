"""The local stack: Redis, acmeproxy, nginx and PowerDNS on loopback.

Every configuration is made from the files of deploy/, by putting our own
paths and ports in the place of theirs, so that what runs here is what people
deploy.  A text that is to be replaced and is not there is an error.
"""

import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from .process import Process, StackError, free_port, tail, wait_until

TOP = Path(__file__).resolve().parent.parent.parent
DEPLOY = TOP / "deploy"
SOCKET_PATH_MAX = 100  # octets: sun_path has room for 107
PARTS = ("redis", "acmeproxy", "nginx", "pdns")


def fill_in(template, replacements):
    """The text of a file of deploy/, with each of the replacements made."""
    text = (DEPLOY / template).read_text()
    for old, new in replacements.items():
        if old not in text:
            raise StackError(f"deploy/{template} does not say {old!r} any more")
        text = text.replace(old, new)
    return text


def make_ca(directory, names):
    """A throw-away CA and one certificate for the names; (ca, cert, key)."""
    ca, ca_key = directory / "ca.pem", directory / "ca.key"
    cert, key, csr = (directory / n for n in ("server.pem", "server.key", "server.csr"))
    extensions = directory / "server.ext"
    extensions.write_text("subjectAltName=" + ",".join(names) + "\n")

    def openssl(*args):
        run = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True)
        if run.returncode != 0:
            raise StackError(f"openssl {args[0]}:\n{run.stderr}")

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *curve, "-days", 30, "-subj", "/CN=acmeproxy local stack CA",
            "-keyout", ca_key, "-out", ca)
    openssl("req", *curve, "-subj", "/CN=localhost", "-keyout", key, "-out", csr)
    openssl("x509", "-req", "-in", csr, "-CA", ca, "-CAkey", ca_key, "-set_serial", 1,
            "-days", 30, "-extfile", extensions, "-out", cert)
    return ca, cert, key


class Stack:
    """All parts, started by start() or `with`, stopped by stop().

    settings replace members of the generated acmeproxy.json; accounts, if
    given, becomes the accounts file.  pdns_extra are lines for PowerDNS.
    """

    def __init__(self, directory, settings=None, build=None, accounts=None,
                 pdns_extra=(), pdns_launch="pipe", dns_host="127.0.0.1", dns_port=None):
        self.dir = Path(directory).resolve()
        self.build = Path(build or os.environ.get("BUILD") or "build")
        self.build = self.build if self.build.is_absolute() else TOP / self.build
        self.overrides = dict(settings or {})
        self.accounts = accounts
        self.pdns_extra, self.pdns_launch = pdns_extra, pdns_launch
        self.dns_host, self.dns_port = dns_host, dns_port
        self.processes = {}
        self._made_dir = False
        self._socket_dir = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # -- what the others want to know

    @property
    def env(self):
        """The six assignments of build/run/env."""
        return {
            "ACMEPROXY_URL": self.url,
            "ACMEPROXY_CA_CERT": str(self.ca_cert),
            "ACMEPROXY_DNS_HOST": self.dns_host,
            "ACMEPROXY_DNS_PORT": str(self.dns_port),
            "ACMEPROXY_REDIS_SOCKET": str(self.redis_socket),
            "ACMEPROXY_CONFIG": str(self.config),
        }

    def log(self, part):
        return self.dir / "log" / f"{part}.log"

    # -- making it

    def start(self):
        try:
            self._lay_out()
            self._configure()
            for part in PARTS:
                self.start_part(part)
        except BaseException:
            self.stop()
            raise

    def _lay_out(self):
        self._made_dir = not self.dir.exists()
        self.dir.mkdir(parents=True, exist_ok=True)
        self.sockets = self.plain = self.dir
        # Sockets want a short path, and pipe-command one without a space.
        if len(str(self.dir)) > SOCKET_PATH_MAX - 12 or " " in str(self.dir):
            self._socket_dir = Path(tempfile.mkdtemp(prefix="acmeproxy-"))
            self.sockets, self.plain = self._socket_dir, self._socket_dir / "run"
            self.plain.symlink_to(self.dir)
        self.redis_socket = self.sockets / "redis.sock"
        self.fcgi_socket = self.sockets / "fcgi.sock"
        self.config = self.dir / "acmeproxy.json"
        for name in ("log", "tls", "redis", "nginx", "etc"):
            (self.dir / name).mkdir(exist_ok=True)

    def _private(self, path, text):
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text)
        return path

    def _configure(self):
        etc = self.dir / "etc"
        passwords = {user: secrets.token_hex(16) for user in ("app", "pipe", "admin")}
        files = {user: self._private(etc / f"redis-{user}.password", password + "\n")
                 for user, password in passwords.items()}
        self.ca_cert, self.cert, self.key = make_ca(
            self.dir / "tls", ["DNS:localhost", "IP:127.0.0.1"])
        self.https_port = free_port()
        self.dns_port = self.dns_port or free_port(self.dns_host)
        self.url = f"https://localhost:{self.https_port}"
        self._configure_app(files)
        self._configure_redis(passwords)
        self._configure_nginx()
        self._configure_pdns()

    def _configure_app(self, files):
        settings = json.loads(fill_in("acmeproxy.json", {
            "/run/acmeproxy-redis/redis.sock": str(self.redis_socket),
            "/etc/acmeproxy/redis-app.password": str(files["app"]),
            "/etc/acmeproxy/redis-pipe.password": str(files["pipe"]),
        }))
        if self.accounts is not None:
            settings["accounts_file"] = str(self._private(
                self.dir / "etc" / "accounts.json", json.dumps(self.accounts)))
        settings.update(self.overrides)
        self.key_prefix = settings.get("key_prefix", "acmeproxy:")
        self.settings = settings
        self.write_config(settings)

    def write_config(self, settings):
        """Replace acmeproxy.json; who reads it again is up to the caller."""
        self.config.write_text(json.dumps(settings, indent=2) + "\n")

    def _configure_redis(self, passwords):
        users = {f"{user.upper()}_PASSWORD_SHA256": hashlib.sha256(password.encode()).hexdigest()
                 for user, password in passwords.items()}
        acl = fill_in("redis/users.acl", {
            **users,
            # On your own machine redis-cli needs no password.
            "user default reset off": "user default on nopass ~* &* +@all",
            "~acmeproxy:": f"~{self.key_prefix}",
        })
        (self.dir / "etc" / "redis-users.acl").write_text(acl)
        (self.dir / "etc" / "redis.conf").write_text(fill_in("redis/acmeproxy.conf", {
            "/run/acmeproxy-redis/redis.sock": f'"{self.redis_socket}"',
            "/etc/acmeproxy/redis-users.acl": f'"{self.dir}/etc/redis-users.acl"',
            "dir /var/lib/acmeproxy-redis": f'dir "{self.dir}/redis"',
        }))

    def write_site(self, name, port, fcgi_socket):
        """A site of nginx's, on another port and in front of another program."""
        site = fill_in("nginx/acmeproxy.conf", {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "    listen [::]:443 ssl http2;\n": "",
            "server_name acmeproxy.example.net": "server_name localhost",
            "/etc/letsencrypt/live/acmeproxy.example.net/fullchain.pem": f'"{self.cert}"',
            "/etc/letsencrypt/live/acmeproxy.example.net/privkey.pem": f'"{self.key}"',
            "unix:/run/acmeproxy/fcgi.sock": f"unix:{fcgi_socket}",
            "shared:acmeproxy:": f"shared:{name}:",
        })
        (self.dir / "nginx" / f"{name}.site").write_text(site)

    def _configure_nginx(self):
        nginx = self.dir / "nginx"
        self.write_site("acmeproxy", self.https_port, self.fcgi_socket)
        temporary = "".join(f'    {kind}_temp_path "{nginx}/{kind}";\n' for kind in
                            ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        (nginx / "nginx.conf").write_text(
            f'{user}daemon off;\nworker_processes 2;\npid "{nginx}/pid";\n'
            f'error_log "{self.log("nginx")}";\nworker_rlimit_nofile 4096;\n'
            "events { worker_connections 2000; }\n"
            f'http {{\n    access_log off;\n{temporary}    include "{nginx}/*.site";\n}}\n')

    def _configure_pdns(self):
        pipe = self.sockets / "acmeproxy-pipe"
        pipe.unlink(missing_ok=True)
        pipe.symlink_to(self.build / "acmeproxy-pipe")
        (self.dir / "etc" / "pdns.conf").write_text(fill_in("powerdns/acmeproxy.conf", {
            "launch=pipe": f"launch={self.pdns_launch}",
            "/usr/local/bin/acmeproxy-pipe": f"{pipe} --config {self.plain}/acmeproxy.json",
        }) + f"local-address={self.dns_host}\nlocal-port={self.dns_port}\n"
            f"socket-dir={self.sockets}\nsecurity-poll-suffix=\nwrite-pid=no\n"
            + "".join(line + "\n" for line in self.pdns_extra))

    # -- running it

    def _argv(self, part):
        return {
            "redis": ["redis-server", "etc/redis.conf"],
            "acmeproxy": [str(self.build / "acmeproxy"), "serve", "--config", str(self.config),
                          "--listen", f"unix:{self.fcgi_socket}"],
            "nginx": ["/usr/sbin/nginx", "-e", str(self.log("nginx")), "-c",
                      str(self.dir / "nginx" / "nginx.conf"), "-p", str(self.dir / "nginx")],
            "pdns": ["/usr/sbin/pdns_server", f"--config-dir={self.plain}/etc"],
        }[part]

    def start_part(self, part):
        """Start a part and wait until it answers."""
        process = Process(part, self._argv(part), self.log(part), cwd=self.dir)
        self.processes[part] = process.start()
        wait_until(f"{part} answers", getattr(self, f"_{part}_answers"), process)

    def stop_part(self, part, signo=signal.SIGTERM):
        return self.processes[part].stop(signo)

    def kill_part(self, part):
        self.processes[part].kill()

    def signal_part(self, part, signo):
        self.processes[part].send(signo)

    def _connects(self, family, address):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            try:
                probe.connect(address)
            except OSError:
                return False
        return True

    def _redis_answers(self):
        run = subprocess.run(["redis-cli", "-s", str(self.redis_socket), "PING"],
                             capture_output=True, text=True)
        return run.stdout.strip() == "PONG"

    def _acmeproxy_answers(self):
        return self._connects(socket.AF_UNIX, str(self.fcgi_socket))

    def _nginx_answers(self):
        return self._connects(socket.AF_INET, ("127.0.0.1", self.https_port))

    def _pdns_answers(self):
        query = dns.message.make_query("ready.invalid", "TXT")
        try:
            dns.query.udp(query, self.dns_host, port=self.dns_port, timeout=0.3)
            return True
        except (OSError, dns.exception.DNSException):
            return False

    def dead_part(self):
        """(name, last lines of its log) of a part that stopped by itself."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                return name, tail(process.log)
        return None

    def stop(self):
        """Stop every part and remove what we made."""
        for part in reversed(PARTS):
            if part in self.processes:
                self.processes[part].stop()
                self.processes[part].kill()
        self.processes.clear()
        for name in ("log", "tls", "redis", "nginx", "etc"):
            shutil.rmtree(self.dir / name, ignore_errors=True)
        for path in list(self.dir.glob("*.sock")) + list(self.dir.glob("pdns*")) + [
                self.dir / "acmeproxy.json", self.dir / "acmeproxy-pipe"]:
            path.unlink(missing_ok=True)
        if self._socket_dir:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
        if self._made_dir:
            try:
                self.dir.rmdir()
            except OSError:
                pass  # somebody put a file of theirs there
