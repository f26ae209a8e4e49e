"""Configuration of the local stack, made from the files in deploy/.

Our own paths and ports replace theirs.  It is an error if a text to be replaced
is missing, or if a path of a real installation remains: what runs here is what
people deploy.
"""

import hashlib
import json
import os
import re
import socket
import subprocess
from pathlib import Path

from .process import StackError

TOP = Path(__file__).resolve().parent.parent.parent
DEPLOY = TOP / "deploy"
# A path that only a real installation has.
REAL_PATH = re.compile(r"(?<![\w.])/(?:etc|run|srv|usr|var)/[\w./-]+")


def fill_in(template, replacements):
    """The text of a file in deploy/, with all replacements made."""
    text = (DEPLOY / template).read_text()
    for old in replacements:
        if old not in text:
            raise StackError(f"deploy/{template} does not say {old!r} any more")
    # All at once, so that what replaced one text is not searched for another.
    any_old = re.compile("|".join(map(re.escape, sorted(replacements, key=len, reverse=True))))
    for line in text.splitlines():
        rest = any_old.sub("", line)
        if not line.lstrip().startswith("#") and REAL_PATH.search(rest):
            raise StackError(f"deploy/{template}: nothing replaces {REAL_PATH.search(rest)[0]}")
    return any_old.sub(lambda match: replacements[match[0]], text)


def write_private(path, text):
    """Write a file that nobody else may read; returns its path."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
    return path


class Authority:
    """A throw-away CA; its root certificate is the file `cert`."""

    def __init__(self, directory):
        self.dir = directory
        self.cert, self.key = directory / "ca.pem", directory / "ca.key"
        self.config = directory / "openssl.cnf"
        # Our own, so that nothing depends on the machine's.
        self.config.write_text(
            "[req]\ndistinguished_name = empty\n[empty]\n"
            "[ca]\nbasicConstraints = critical,CA:true\n"
            "keyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n")
        self._openssl("req", "-x509", *self._new_key(self.key), "-extensions", "ca",
                      "-subj", "/CN=acmeproxy local stack CA", "-out", self.cert)

    def _openssl(self, command, *args):
        run = subprocess.run(["openssl", command, *map(str, args), "-config", str(self.config)],
                             capture_output=True, text=True, start_new_session=True)
        if run.returncode != 0:
            raise StackError(f"openssl {command}:\n{run.stderr}")

    @staticmethod
    def _new_key(key):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                "-days", 30)

    def issue(self, name, *names):
        """Issue a certificate for names such as "DNS:localhost"; returns (certificate, key)."""
        cert, key = self.dir / f"{name}.pem", self.dir / f"{name}.key"
        with open(self.config, "a") as config:
            config.write(f"[{name}]\nbasicConstraints = critical,CA:false\n"
                         "extendedKeyUsage = serverAuth\nsubjectKeyIdentifier = hash\n"
                         "authorityKeyIdentifier = keyid\n"
                         f"subjectAltName = {','.join(names)}\n")
        self._openssl("req", "-x509", *self._new_key(key), "-extensions", name,
                      "-subj", f"/CN={name}", "-CA", self.cert, "-CAkey", self.key, "-out", cert)
        return cert, key

    def issue_pair(self):
        """Make the self-signed certificate that a primary Redis and its replica share."""
        self._openssl("req", "-x509", *self._new_key(self.dir / "redis-tls.key"),
                      "-subj", "/CN=acmeproxy-redis", "-out", self.dir / "redis-tls.crt")


def app_settings(base):
    """acmeproxy.json, as an object."""
    settings = json.loads(fill_in("acmeproxy.json", {
        "/etc/acmeproxy/store-id": f"{base}/etc/store-id",
        "/run/acmeproxy/redis.sock": f"{base}/redis.sock",
        "/etc/acmeproxy/redis-app.password": f"{base}/etc/redis-app.password",
        "/etc/acmeproxy/redis-pipe.password": f"{base}/etc/redis-pipe.password",
        "/etc/acmeproxy/redis-audit.password": f"{base}/etc/redis-audit.password",
    }))
    # Its default may be a file of this machine.
    return {**settings, "powerdns_conf": f"{base}/etc/pdns.d/acmeproxy.conf"}


def redis_pattern(prefix):
    """A key_prefix as a pattern for Redis's ACL, which must not contain a space."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", prefix).replace(" ", "?")


def redis_users(passwords, key_prefix):
    digests = {f"{user.upper()}_PASSWORD_SHA256": hashlib.sha256(password.encode()).hexdigest()
               for user, password in passwords.items()}
    return fill_in("redis/users.acl", {
        **digests,
        "~acmeproxy:": f"~{redis_pattern(key_prefix)}",
    })


def redis_tls(base):
    return {f"/etc/acmeproxy/redis-tls.{end}": f"{base}/tls/redis-tls.{end}"
            for end in ("crt", "key")}


def redis_primary(base, port):
    """What the first name server's Redis needs in addition when there is a second."""
    return fill_in("redis/primary.conf", {
        **redis_tls(base), "tls-port 6380": f"tls-port {port}", "bind * -::*": "bind 127.0.0.1"})


def redis_replica(base, port, password):
    """What the second one's Redis needs in addition; base is its own directory."""
    return fill_in("redis/replica.conf", {
        **redis_tls(base), "replicaof 192.0.2.53 6380": f"replicaof 127.0.0.1 {port}",
        "REPLICA_PASSWORD": password})


def redis_conf(base):
    return fill_in("redis/acmeproxy.conf", {
        "/run/acmeproxy/redis.sock": f"{base}/redis.sock",
        "/etc/acmeproxy/redis-users.acl": f"{base}/etc/redis-users.acl",
        "/etc/acmeproxy/redis.d/": f"{base}/etc/redis.d/",
        "/var/lib/acmeproxy": f"{base}/redis",
    })


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def nginx_site(base, port, fcgi_socket, name, everywhere=False):
    """Our site; everywhere: it listens on all addresses, as it is shipped."""
    ipv4, ipv6 = ("", "[::]") if everywhere else ("127.0.0.1:", "[::1]")
    return fill_in("nginx/acmeproxy.conf", {
        "listen 443 ssl": f"listen {ipv4}{port} ssl",
        "    listen [::]:443 ssl;\n": f"    listen {ipv6}:{port} ssl;\n" if has_ipv6() else "",
        "server_name acmeproxy.example.net": "server_name localhost",
        "/etc/letsencrypt/live/acmeproxy.example.net/fullchain.pem": f"{base}/tls/localhost.pem",
        "/etc/letsencrypt/live/acmeproxy.example.net/privkey.pem": f"{base}/tls/localhost.key",
        "unix:/run/acmeproxy-fcgi.sock": f"unix:{fcgi_socket}",
        "shared:acmeproxy:": f"shared:{name}:",
        # Sites beside ours have zones of their own.
        "zone=acmeproxy_": f"zone={name}_",
        "limit_conn acmeproxy_": f"limit_conn {name}_",
    })


def nginx_conf(base):
    """The nginx.conf around our site, as Debian has one, with the numbers of README, "Limits"."""
    temporary = "".join(f"    {kind}_temp_path {base}/nginx/{kind};\n"
                        for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
    # Workers without root's rights could not enter a directory below /root.
    user = "user root;\n" if os.geteuid() == 0 else ""
    return (f"{user}daemon off;\nworker_processes 2;\nworker_rlimit_nofile 16384;\n"
            f"pid {base}/nginx/pid;\nerror_log {base}/log/nginx.log;\n"
            "events { worker_connections 8192; }\n"
            f"http {{\n    access_log off;\n{temporary}    include {base}/nginx/*.site;\n}}\n")


def pdns_conf(base, launch, host, port):
    """The pdns.conf, as Debian has one; our snippet is in its include-dir."""
    return (f"launch={launch}\ninclude-dir={base}/etc/pdns.d\n"
            f"local-address={host}\nlocal-port={port}\nsocket-dir={base}\n"
            "security-poll-suffix=\nwrite-pid=no\n")
