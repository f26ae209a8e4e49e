"""Pebble, and unmodified ACME clients that get certificates from it."""

import json
import os
import shutil
import ssl
import subprocess
import urllib.request

from .process import Process, StackError, free_port, tail, wait_until
from .stack import DEPLOY

HOOKS = DEPLOY / "hooks"
CLIENT_SECONDS = 120


def client_env(home, **more):
    """The part of our environment that a client needs; it writes only to home."""
    kept = {k: os.environ[k] for k in ("PATH", "LANG", "TZ") if k in os.environ}
    return {**kept, "HOME": str(home), "TMPDIR": str(home), **{k: str(v) for k, v in more.items()}}


class Pebble:
    """Debian's ACME test server, which asks the resolver `dns` about challenges."""

    def __init__(self, stack, dns=None):
        self.stack = stack
        self.dns = dns or f"{stack.dns_host}:{stack.dns_port}"
        self.dir = stack.dir / "pebble"
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        self.dir.mkdir(exist_ok=True)
        port, management = free_port(), free_port()
        self.directory_url = f"https://localhost:{port}/dir"
        self.management_url = f"https://localhost:{management}"
        config = self.dir / "pebble.json"
        config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{port}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": str(self.stack.cert), "privateKey": str(self.stack.key),
            "httpPort": free_port(), "tlsPort": free_port(),
            "externalAccountBindingRequired": False}}))
        self.process = Process(
            "pebble", ["pebble", "-config", str(config), "-dnsserver", self.dns],
            self.stack.log("pebble"),
            # By default Pebble rejects some nonces, and dehydrated 0.7.0 gives up.
            env=client_env(self.dir, PEBBLE_WFE_NONCEREJECT=0, PEBBLE_VA_NOSLEEP=1))
        self.process.start()
        wait_until("pebble answers", self._answers, self.process,
                   interrupt=self.stack.interrupt)

    def _get(self, url):
        context = ssl.create_default_context(cafile=str(self.stack.ca_cert))
        with urllib.request.urlopen(url, context=context, timeout=5) as answer:
            return answer.read()

    def _answers(self):
        try:
            return bool(self._get(self.directory_url))
        except OSError:
            return False

    def root(self):
        """Write its root certificate to a file; returns the path."""
        path = self.dir / "root.pem"
        path.write_bytes(self._get(self.management_url + "/roots/0"))
        return path

    def stop(self):
        if self.process:
            self.process.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def run_client(name, argv, env, log, interrupt=lambda: None):
    """Run a client to its end; its output goes to the log."""
    client = Process(name, argv, log, env=env).start()
    try:
        wait_until(f"{name} ends", lambda: client.poll() is not None,
                   seconds=CLIENT_SECONDS, interrupt=interrupt)
    finally:
        client.kill()
    if client.poll() != 0:
        raise StackError(f"{name} failed ({client.how()}):\n{tail(log, 25)}")


def dehydrated(pebble, names, env, chain=False):
    """Get one certificate for the names; returns (certificate, chain) files."""
    stack = pebble.stack
    base = pebble.dir / "dehydrated"
    base.mkdir(exist_ok=True)
    config = base / "config"
    config.write_text(
        f'CA="{pebble.directory_url}"\nBASEDIR="{base}"\nCHALLENGETYPE="dns-01"\n'
        f'HOOK="{HOOKS}/dehydrated.sh"\nHOOK_CHAIN="{"yes" if chain else "no"}"\n'
        f'CURL_OPTS="--cacert {stack.ca_cert}"\nCONTACT_EMAIL="hostmaster@example.com"\n')
    env = client_env(base, ACMEPROXY_ENDPOINT=stack.url, ACMEPROXY_CA_CERT=stack.ca_cert, **env)
    log = stack.log("dehydrated")
    run_client("dehydrated", ["dehydrated", "--config", config, "--register", "--accept-terms"],
               env, log, stack.interrupt)
    argv = ["dehydrated", "--config", config, "--cron", "--force"]
    for name in names:
        argv += ["--domain", name]
    run_client("dehydrated", argv, env, log, stack.interrupt)
    made = base / "certs" / names[0].removeprefix("*.")
    return made / "cert.pem", made / "chain.pem"


def certbot(pebble, names, ini):
    """Get one certificate for the names; returns (certificate, chain) files."""
    base = pebble.dir / "certbot"
    argv = ["certbot", "certonly", "--non-interactive", "--agree-tos",
            "--email", "hostmaster@example.com", "--no-eff-email",
            "--server", pebble.directory_url, "--manual", "--preferred-challenges", "dns",
            "--manual-auth-hook", HOOKS / "certbot-auth.sh",
            "--manual-cleanup-hook", HOOKS / "certbot-cleanup.sh", "--cert-name", names[0]]
    for directory in ("config", "work", "logs"):
        argv += [f"--{directory}-dir", base / directory]
    for name in names:
        argv += ["--domain", name]
    env = client_env(base, ACMEPROXY_INI=ini, REQUESTS_CA_BUNDLE=pebble.stack.ca_cert)
    run_client("certbot", argv, env, pebble.stack.log("certbot"), pebble.stack.interrupt)
    made = base / "config" / "live" / names[0]
    return made / "cert.pem", made / "chain.pem"


def lego(pebble, names, mode, user, password, resolver=None):
    """Get one certificate by httpreq, or by our hook if the mode is "exec"; returns (certificate, chain) files."""
    stack, base = pebble.stack, pebble.dir / "lego"
    env = client_env(base, HTTPREQ_ENDPOINT=stack.url, HTTPREQ_USERNAME=user,
                     HTTPREQ_PASSWORD=password, HTTPREQ_MODE=mode, HTTPREQ_POLLING_INTERVAL=1,
                     EXEC_POLLING_INTERVAL=1, EXEC_SEQUENCE_INTERVAL=2,
                     EXEC_PATH=HOOKS / "acmeproxy-hook", ACMEPROXY_ENDPOINT=stack.url,
                     ACMEPROXY_CA_CERT=stack.ca_cert, ACMEPROXY_SECRET=password,
                     ACMEPROXY_ZONE=(stack.settings.get("zone") or {}).get("name", ""),
                     LEGO_CA_CERTIFICATES=stack.ca_cert, SSL_CERT_FILE=stack.ca_cert)
    argv = ["lego", "--path", base, "--server", pebble.directory_url, "--accept-tos", "--email",
            "hostmaster@example.com", "--dns", "exec" if mode == "exec" else "httpreq",
            "--dns.disable-cp", "--dns.resolvers",
            resolver or f"{stack.dns_host}:{stack.dns_port}"]
    for name in names:
        argv += ["--domains", name]
    run_client("lego", [*argv, "run"], env, stack.log("lego"))
    made = base / "certificates"
    return made / f"{names[0]}.crt", made / f"{names[0]}.issuer.crt"


def mount_namespace():
    """A prefix that gives a command its own mounts; None where that is forbidden."""
    for argv in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        if subprocess.run([*argv, "true"], capture_output=True).returncode == 0:
            return argv
    return None


def uacme(pebble, names, secret):
    """Get one certificate by uacme's hook; returns (certificate, chain) files."""
    stack, base = pebble.stack, pebble.dir / "uacme"
    base.mkdir(exist_ok=True)
    env = client_env(base, ACMEPROXY_ENDPOINT=stack.url, ACMEPROXY_CA_CERT=stack.ca_cert,
                     ACMEPROXY_SECRET=secret, SSL_CERT_FILE=stack.ca_cert)
    # Its libcurl reads only this list of CAs: put ours there, for this process alone.
    trust = ("mount --bind \"$1\" /etc/ssl/certs/ca-certificates.crt && shift && exec \"$@\"")
    common = [*mount_namespace(), "sh", "-c", trust, "sh", stack.ca_cert,
              "uacme", "-c", base, "-a", pebble.directory_url, "-y"]
    run_client("uacme", [*common, "new"], env, stack.log("uacme"))
    run_client("uacme", [*common, "-h", HOOKS / "uacme.sh", "issue", *names], env, stack.log("uacme"))
    made = base / names[0] / "cert.pem"
    return made, made


def certbot_ini(stack, secrets):
    """Write an ini file for certbot's hooks with the secrets of names; returns its path."""
    path = stack.dir / "etc" / "acmeproxy.ini"
    path.touch(mode=0o600)
    path.write_text(f"[defaults]\nendpoint = {stack.url}\nca_cert = {stack.ca_cert}\n"
                    + "".join(f"\n[domain:{n}]\nsecret = {s}\n" for n, s in secrets.items()))
    return path


def verify(root, chain, cert):
    """What openssl says about a certificate; raises unless it is valid."""
    run = subprocess.run(["openssl", "verify", "-CAfile", str(root), "-untrusted", str(chain),
                          str(cert)], capture_output=True, text=True)
    if run.returncode != 0:
        raise StackError(f"openssl verify: {run.stdout}{run.stderr}")
    return run.stdout.strip().rsplit(": ", 1)[-1]


def describe(cert):
    """Subject, names, issuer and dates, as openssl prints them."""
    run = subprocess.run(["openssl", "x509", "-in", str(cert), "-noout", "-subject", "-issuer",
                          "-dates", "-ext", "subjectAltName"],
                         capture_output=True, text=True, check=True)
    return run.stdout
