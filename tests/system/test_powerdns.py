"""The PowerDNS settings that `acmeproxy powerdnsconfig` prints: which questions they stop, and the rest."""

import re
import select
import signal
import socket
import subprocess
import time

import pytest
from conftest import VALUE, Api, Dns, acmeproxy, until
from stack.config import DEPLOY

ZONE = {"name": "auth.example.org", "records": ['@ 60 TXT "there"', "www.deep 60 A 192.0.2.1"]}
RECORD = "ca.example; accounturi=https://ca.example/acct/123"
LABEL = "_ujmmovf2vn55tgye"
NAME = "secure.example.com"
NARROW = "pipe-regex makes PowerDNS refuse names that can be ours"
WIDE = "a narrower pipe-regex would spare questions"
FITS = "pipe-regex fits the settings"
# Nobody's, whatever the settings are, unless authority adds names.
FOREIGN = ["example.com", NAME, "evilauth.example.org", "auth.example.org.com", "www.example.net", ".",
           "_acme-challengex.example.com", "x_validation-persist.example.com", "a" * 63 + ".example"]
COMBINATIONS = [
    {}, {"persistent_records": True}, {"zone": ZONE}, {"zone": ZONE, "persistent_records": True},
    {"zone": {**ZONE, "signed": True}}, {"authority": "name"}, {"authority": "parent", "zone": ZONE}]


def said(stack, part, words):
    """How often a log has these words."""
    return stack.log(part).read_text().count(words)


def asked(stack):
    """How many questions have reached a coprocess; the stack has query-logging."""
    return said(stack, "pdns", "Query: 'Q\t")


def publish_all(stack, settings):
    """Publish whatever the settings allow; returns {name in DNS: its texts}."""
    api = Api(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    assert api.post("publish_response", name=NAME, secret=secret, response=VALUE[::-1],
                    label=LABEL).status == 200
    ours = {f"_acme-challenge.{NAME}": [VALUE], f"_ACME-Challenge.{NAME.upper()}": [VALUE],
            f"{LABEL}._acme-challenge.{NAME}": [VALUE[::-1]]}
    if settings.get("persistent_records"):
        assert api.post("publish_persistent_record", name=NAME, secret=secret,
                        record=RECORD).status == 200
        ours[f"_validation-persist.{NAME}"] = [RECORD]
    if settings.get("zone"):
        ours.update({"auth.example.org": ["there"], "Auth.EXAMPLE.org": ["there"],
                     f"{NAME}.auth.example.org": [VALUE], "deep.auth.example.org": [],
                     f"{LABEL}.{NAME}.auth.example.org": [VALUE[::-1]]})
        if settings.get("persistent_records"):
            ours[f"_validation-persist.{NAME}.auth.example.org"] = [RECORD]
    if "authority" in settings:
        ours[NAME] = []
        if settings["authority"] == "parent":
            ours["example.com"] = []
    return ours


@pytest.mark.parametrize("settings", COMBINATIONS)
def test_ours_reach_the_coprocess_and_nobody_s_do_not(start_stack, settings):
    stack = start_stack(settings=settings, pdns_extra=["query-logging=yes"])
    dnsq = Dns(stack)
    for name, texts in publish_all(stack, settings).items():
        before = asked(stack)
        assert dnsq.txt_at(name) == texts, name
        assert asked(stack) > before, "PowerDNS does log what it asks"
    before = asked(stack)
    foreign = [name for name in FOREIGN if "authority" not in settings or "example.com" not in name]
    for name in foreign:
        for rrtype in ("TXT", "A", "SOA", "DS"):
            assert dnsq.rcode(name, rrtype) == "REFUSED", (name, rrtype)
    assert (asked(stack) == before) == ("authority" not in settings)
    acmeproxy(stack, "checkconfig")
    for part in ("pdns", "acmeproxy"):
        assert said(stack, part, NARROW) == said(stack, part, WIDE) == 0


def reload(stack):
    """Make `acmeproxy serve` read its settings; returns what it then said about the snippet."""
    before, done = stack.log("acmeproxy").read_text(), "settings read again"
    stack.signal_part("acmeproxy", signal.SIGHUP)
    until("it has read them", lambda: said(stack, "acmeproxy", done) > before.count(done))
    time.sleep(0.2)
    fresh = stack.log("acmeproxy").read_text()[len(before):]
    return [line for line in fresh.splitlines() if "pipe-regex" in line]


def read_by_all(stack):
    """Ask until a coprocess has read its settings again."""
    before = said(stack, "pdns", "acmeproxy-pipe: settings read")
    until("they are read", lambda: Dns(stack).rcode(f"_acme-challenge.{NAME}") and
          said(stack, "pdns", "acmeproxy-pipe: settings read") > before)


@pytest.mark.parametrize("more,name", [
    ({"zone": ZONE}, "auth.example.org"),
    ({"zone": {"name": "_acme-challenge.example.org"}}, None),  # it matches already
    ({"persistent_records": True}, f"_validation-persist.{NAME}"),
    ({"authority": "name"}, NAME)])
def test_no_name_is_refused_in_silence(start_stack, more, name):
    """A change that PowerDNS's settings do not fit is in all logs, until it has new ones."""
    stack = start_stack()
    dnsq, snippet = Dns(stack), stack.rundir.plain / "etc/pdns.d/acmeproxy.conf"
    Api(stack).create(NAME)
    assert f"{snippet}: {FITS}\n" in acmeproxy(stack, "checkconfig") and reload(stack) == []

    settings = {**stack.settings, **more}
    stack.write_config(settings)
    read_by_all(stack)
    words, status = (NARROW, 1) if name else (WIDE, 0)
    until("the coprocess says so", lambda: said(stack, "pdns", f"acmeproxy-pipe: {words}"))
    assert reload(stack) == [line for line in stack.log("acmeproxy").read_text().splitlines()
                             if line.startswith(f"acmeproxy: {snippet}: {words}")] != []
    assert f"{snippet}: {words}" in acmeproxy(stack, "checkconfig", status=status)
    assert acmeproxy(stack, "checkconfig", "--files") == f"{stack.config}: good\n"
    if name:
        assert dnsq.rcode(name) == "REFUSED"

    stack.write_snippet()
    if name:  # PowerDNS does not know of it yet
        assert dnsq.rcode(name) == "REFUSED"
    stack.stop_part("pdns")
    before = said(stack, "pdns", words)
    stack.start_part("pdns")
    assert reload(stack) == []
    assert f"{snippet}: {FITS}\n" in acmeproxy(stack, "checkconfig")
    if name:
        assert dnsq.rcode(name) == "NOERROR"
    assert said(stack, "pdns", words) == before

    stack.write_config({**stack.settings, "workers": 2})
    read_by_all(stack)
    if more.get("authority"):  # PowerDNS stops nothing, and has not told the coprocess
        assert said(stack, "pdns", "pipe-regex") == before
    elif name:
        until("a narrower one would do", lambda: said(stack, "pdns", WIDE))
    if name:
        (line,) = reload(stack)
        assert line.startswith(f"acmeproxy: {snippet}: {WIDE}")
        assert f"{snippet}: {WIDE}" in acmeproxy(stack, "checkconfig")


def test_the_snippet_without_an_expression_is_right_for_all(start_stack):
    """It is what the packages install."""
    stack = start_stack()
    snippet = stack.dir / "etc/pdns.d/acmeproxy.conf"
    stack.stop_part("pdns")
    shipped = (DEPLOY / "powerdns/acmeproxy.conf").read_text()
    snippet.write_text(shipped.replace(
        "/usr/local/bin/acmeproxy-pipe",
        f"{stack.build}/acmeproxy-pipe --config {stack.rundir.plain}/acmeproxy.json"))
    stack.start_part("pdns")
    Api(stack).create(NAME)
    for more in COMBINATIONS:
        stack.write_config({**stack.settings, **more})
        read_by_all(stack)
        assert Dns(stack).rcode(f"_acme-challenge.{NAME}") == "NOERROR"
        out = acmeproxy(stack, "checkconfig")
        assert (WIDE in out, FITS in out) == ("authority" not in more, "authority" in more)
    assert said(stack, "pdns", "pipe-regex") == 0


@pytest.mark.parametrize("text,words", [
    ("  pipe-regex =  ^nothing$\n", NARROW), ("#pipe-regex=^nothing$\n", WIDE),
    ("pipe-regex=^nothing$ # why\npipe-regex=. # all\n", WIDE), ("pipe-regex=.\r\n", WIDE),
    ("pipe-regex=. # all\npipe-regex=^nothing$", NARROW), ("pipe-regex=(\n", NARROW),
    ("pipe-regexes=^nothing$\n", WIDE), ("pipe-regex\n", WIDE), ("", WIDE), ("\n\n", WIDE)])
def test_how_a_snippet_is_read(stack, tmp_path, text, words):
    (tmp_path / "snippet.conf").write_text(text)
    config = tmp_path / "acmeproxy.json"
    config.write_text(stack.config.read_text().replace(
        str(stack.rundir.plain / "etc/pdns.d/acmeproxy.conf"), str(tmp_path / "snippet.conf")))
    run = stack.command("checkconfig", config=config)
    assert f"{tmp_path}/snippet.conf: {words}" in run.stdout
    assert run.returncode == (1 if words == NARROW else 0)


@pytest.mark.parametrize("value", ["null", '"/nonexistent/acmeproxy.conf"', '"/etc"'])
def test_where_there_is_no_snippet_nothing_is_said(stack, tmp_path, value):
    config = tmp_path / "acmeproxy.json"
    config.write_text(re.sub(r'("powerdns_conf": )"[^"]*"', lambda m: m[1] + value,
                             stack.config.read_text()))
    run = stack.command("checkconfig", config=config)
    assert run.returncode == 0 and f'powerdns_conf: {value}\n' in run.stdout
    assert "pipe-regex" not in run.stdout


def test_what_powerdnsconfig_prints(stack, tmp_path):
    """The shipped file, but for how the coprocess is started and what passes."""
    text = acmeproxy(stack, "powerdnsconfig")
    shipped = (DEPLOY / "powerdns/acmeproxy.conf").read_text()
    regex = "^([^*.]+[.]){0,17}(_acme-challenge[.])"
    assert text == shipped.replace(
        "pipe-command=/usr/local/bin/acmeproxy-pipe\n",
        f"pipe-command={stack.build}/acmeproxy-pipe --config {stack.config} --pipe-regex {regex}\n"
        f"pipe-regex={regex}\n")
    # PowerDNS has another working directory.
    (tmp_path / "here.json").write_text(stack.config.read_text())
    run = subprocess.run([stack.build / "acmeproxy", "powerdnsconfig", "--config", "here.json"],
                         cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert run.stdout == text.replace(str(stack.config), f"{tmp_path}/here.json")


@pytest.mark.parametrize("name,text,why", [
    ("a b.json", None, "has a blank, at which PowerDNS would split it"),
    ("bad.json", "{", ":1: "), ("missing.json", "", "No such file or directory")])
def test_when_powerdnsconfig_fails_it_prints_nothing(stack, tmp_path, name, text, why):
    config = tmp_path / name
    if text != "":
        config.write_text(text or stack.config.read_text())
    run = stack.command("powerdnsconfig", config=config)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"acmeproxy: {config}") and why in run.stderr
    assert len(run.stderr.splitlines()) == 1


# -- the other settings

def dig(stack, *words):
    return subprocess.run(["dig", f"@{stack.dns_host}", "-p", str(stack.dns_port), "+tries=1", "+time=5",
                           "+norecurse", *words], capture_output=True, text=True, timeout=20).stdout


def connect(stack, address, n):
    """Idle connections from an address."""
    return [socket.create_connection((stack.dns_host, stack.dns_port), timeout=5,
                                     source_address=(address, 0)) for _ in range(n)]


def n_closed(connections, seconds=1):
    """How many PowerDNS has closed."""
    time.sleep(seconds)
    return len(select.select(connections, [], [], 0)[0])


def test_idle_connections_of_one_client_do_not_keep_others_from_tcp(stack):
    name = f"_acme-challenge.tcp.{NAME}"
    Api(stack).create(f"tcp.{NAME}")
    idle = connect(stack, "127.0.0.2", 25)
    try:
        said_to_other = dig(stack, "+tcp", "-b", "127.0.0.3", "SOA", name)
        assert "status: NOERROR" in said_to_other and "ns1.acmeproxy.example.net." in said_to_other
        assert n_closed(idle) == 5, "a client has twenty"
    finally:
        for each in idle:
            each.close()


def test_with_powerdns_s_defaults_they_do(start_stack):
    """Otherwise the test above proves nothing."""
    stack = start_stack(pdns_extra=["max-tcp-connections=20", "max-tcp-connections-per-client=0",
                                    "tcp-idle-timeout=30"])
    idle = connect(stack, "127.0.0.2", 25)
    try:
        assert "status:" not in dig(stack, "+tcp", "-b", "127.0.0.3", "SOA", NAME)
    finally:
        for each in idle:
            each.close()


def test_strangers_do_not_learn_what_runs_where(stack):
    answer = dig(stack, "+nsid", "SOA", f"_acme-challenge.{NAME}")
    assert "status: " in answer and "; NSID" not in answer
    assert "status: REFUSED" in dig(stack, "CH", "TXT", "id.server")
    assert socket.gethostname() not in dig(stack, "CH", "TXT", "id.server", "+short")
    assert "PowerDNS" not in dig(stack, "CH", "TXT", "version.bind")
