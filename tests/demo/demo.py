"""`make demo`: two real certificates from a real ACME server, step by step."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stack.acme import (Pebble, certbot, certbot_ini, dehydrated, describe,  # noqa: E402
                        verify)
from stack.process import Signals, StackError, Stopped, tail  # noqa: E402
from stack.run import directory_of_user, settings_of_user  # noqa: E402
from stack.stack import Stack  # noqa: E402

VALUE = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


def say(text):
    print(text, flush=True)


def call(stack, endpoint, **parameters):
    """POST with curl, as a person would; returns the `result` of the answer."""
    say(f"   curl --data '{'&'.join(f'{k}={v}' for k, v in parameters.items())}' .../{endpoint}")
    argv = ["curl", "-sS", "--cacert", str(stack.ca_cert), f"{stack.url}/{endpoint}"]
    for key, value in parameters.items():
        argv += ["--data-urlencode", f"{key}={value}"]
    run = subprocess.run(argv, capture_output=True, text=True)
    say(f"   {run.stdout.strip()}")
    try:
        result = json.loads(run.stdout)["result"]
    except ValueError:
        result = False
    if not result:
        raise StackError(f"{endpoint}: {run.stderr}\n{tail(stack.log('acmeproxy'))}")
    return result


def dig(stack, rrtype, name):
    """Ask PowerDNS and show the answer on one line."""
    run = subprocess.run(["dig", f"@{stack.dns_host}", "-p", str(stack.dns_port), "+norecurse",
                          "+noall", "+comments", "+answer", rrtype, name],
                         capture_output=True, text=True)
    lines = run.stdout.splitlines()
    status = next((line.split("status: ")[1].split(",")[0] for line in lines if "status: " in line),
                  "no answer")
    answers = [" ".join(line.split()[3:]) for line in lines if line and not line.startswith(";")]
    say(f"   dig {rrtype} {name}: {status}" + "".join(f", {answer}" for answer in answers))
    if status == "no answer":
        raise StackError(f"PowerDNS does not answer:\n{tail(stack.log('pdns'))}")
    return answers


class Watch:
    """Say what DNS answers for a name, each time the answer changes."""

    def __init__(self, stack, name):
        self.address, self.port, self.name = stack.dns_host, stack.dns_port, name
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _texts(self):
        query = dns.message.make_query(self.name, "TXT")
        answer = dns.query.udp(query, self.address, port=self.port, timeout=2)
        return sorted(rd.to_text() for rrset in answer.answer for rd in rrset
                      if rd.rdtype == dns.rdatatype.TXT)

    def _run(self):
        before = []
        while not self.over.wait(0.02):
            try:
                now = self._texts()
            except (OSError, dns.exception.DNSException):
                continue  # the ACME client will report it
            if now != before:
                say(f"   DNS now has at {self.name}: {', '.join(now) or 'no TXT any more'}")
            before = now


def show(title, cert, verdict):
    say(f"\n   {title}")
    for line in describe(cert).splitlines():
        say(f"     {line.strip()}")
    say(f"     verified against the ACME server's root: {verdict}")


def demo(directory, signals):
    say("1. Starting Redis, acmeproxy, nginx and PowerDNS on loopback ...")
    with Stack(directory, settings_of_user(), interrupt=signals.check) as stack:
        say(f"   the API is at {stack.url}, DNS at {stack.dns_host} port {stack.dns_port}")
        say("   and Pebble, an ACME server that asks this DNS ...")
        with Pebble(stack) as pebble:
            say(f"   its directory is at {pebble.directory_url}")
            walk(stack, pebble)
        say("\n7. Stopping everything.")


def walk(stack, pebble):
    challenge = "_acme-challenge.secure.example.com"
    say("\n2. Nobody is authorised yet, so the name is none of our business.")
    dig(stack, "TXT", challenge)

    say("\n3. Creating authorisations: each returns a secret, which is shown once.")
    secure = call(stack, "create_authorisation", name="secure.example.com")["secret"]
    mail = call(stack, "create_authorisation", name="mail.example.com")["secret"]
    dig(stack, "SOA", challenge)
    dig(stack, "TXT", challenge)

    say("\n4. Publishing a response by hand: the very next question sees it.")
    call(stack, "publish_response", name="secure.example.com", response=VALUE, secret=secure)
    if dig(stack, "TXT", challenge) != [f'TXT "{VALUE}"']:
        raise StackError("DNS does not have the response")
    call(stack, "expire_response", name="secure.example.com", secret=secure)
    if dig(stack, "TXT", challenge):
        raise StackError("DNS still has the response")

    say("\n5. dehydrated gets a certificate for secure.example.com and *.secure.example.com")
    say("   through deploy/hooks/dehydrated.sh: two values at one name ...")
    with Watch(stack, challenge):
        cert, chain = dehydrated(pebble, ["secure.example.com", "*.secure.example.com"],
                                 {"ACMEPROXY_SECRET": secure})
    root = pebble.root()
    show("dehydrated's certificate", cert, verify(root, chain, cert))

    say("\n6. certbot gets one for mail.example.com through deploy/hooks/certbot-*.sh ...")
    with Watch(stack, "_acme-challenge.mail.example.com"):
        cert, chain = certbot(pebble, ["mail.example.com"],
                              certbot_ini(stack, {"mail.example.com": mail}))
    show("certbot's certificate", cert, verify(root, chain, cert))


def main():
    signals = Signals()
    try:
        demo(directory_of_user("demo"), signals)
    except Stopped:
        print("\nmake demo: stopped before its end", file=sys.stderr)
        return 1
    except (StackError, OSError) as error:
        print(f"\nmake demo: {error}", file=sys.stderr)
        return 1
    say("Done: two real certificates.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
