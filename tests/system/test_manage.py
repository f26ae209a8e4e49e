"""The administrator's tools, and the accounts that they make."""

import concurrent.futures
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest
from conftest import VALUE, Api, Dns, Redis, value

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00"


def acmeproxy(stack, *arguments, status=0):
    """Run a command; its output, and the error output when it fails."""
    run = subprocess.run([str(stack.build / "acmeproxy"), *arguments, "--config", str(stack.config)],
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == status, run
    return run.stdout if status == 0 else run.stderr


def reload(stack):
    log = stack.log("acmeproxy")
    n = len(log.read_text())
    stack.signal_part("acmeproxy", signal.SIGHUP)
    end = time.monotonic() + 20
    while "read again" not in log.read_text()[n:] and "stay in force" not in log.read_text()[n:]:
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A stack whose accounts and lists are this module's alone."""
    from stack.stack import Stack
    with Stack(tmp_path_factory.mktemp("manage"), accounts={"accounts": []}) as running:
        yield running


@pytest.fixture(scope="module")
def secrets(own):
    """Accounts, as createaccount makes them, and their secrets."""
    made = {}
    for name, permits in (("any", []), ("operations-team", ["example.com", ".example.org"]),
                          ("one", ["one.example.net"]), ("fleet", ["fleet.example", ".fleet.example"])):
        arguments = [word for permit in permits for word in ("--permit", permit)]
        out = acmeproxy(own, "createaccount", name, *arguments)
        assert f'Successfully created account "{name}"' in out and "reload" in out
        made[name] = re.search(r"\b[0-9a-f]{32}\b", out)[0]
    reload(own)
    return made


def test_no_account_no_authorisation(own, secrets):
    api = Api(own)
    for secret in ("0" * 32, secrets["any"][:-1], secrets["any"].upper() + "x"):
        answer = api.post("create_authorisation", name="a.example.com", secret=secret)
        assert (answer.status, answer.text) == (
            403, '{"result": false, "error": "Invalid account token"}')
    answer = api.post("create_authorisation", name="a.example.com")
    assert (answer.status, answer.error) == (400, "The parameter secret is missing")


@pytest.mark.parametrize("account,name,allowed", [
    ("any", "any.example.com", True), ("operations-team", "example.com", True),
    ("operations-team", "a.example.com", False), ("operations-team", "b.example.org", True),
    ("operations-team", "deep.down.b.example.org", True), ("operations-team", "example.org", False),
    ("operations-team", "evilexample.org", False), ("operations-team", "evilexample.com", False),
    ("operations-team", "example.org.example.net", False), ("one", "one.example.net", True),
    ("one", "*.one.example.net", None), ("one", "x.one.example.net", False)])
def test_what_an_account_may_have(own, secrets, account, name, allowed):
    answer = Api(own).post("create_authorisation", name=name, secret=secrets[account])
    if allowed is None:
        assert answer.status == 409, "the wildcard's challenge is at its base"
    elif allowed:
        assert answer.status == 200 and answer.result["authorisation"] == name
        stored = Redis(own).hash(f"acmeproxy:authorisation:{name}")
        assert stored["account"] == account
        Api(own).publish(name, answer.result["secret"])
        assert [(e["event"], e["account"]) for e in Redis(own).audit(name)] == [
            ("created", account), ("published", account)]
    else:
        assert (answer.status, answer.text) == (
            403, '{"result": false, "error": "Changes to this domain are not permitted with this '
                 'account token"}')
        assert Redis(own).audit(name)[-1]["reason"] == "permit"


def test_suffix_match_speaks_for_all_below(own, secrets):
    api, dnsq = Api(own), Dns(own)
    answer = api.post("create_authorisation", name="fleet.example", suffix_match="true",
                      secret=secrets["fleet"])
    assert answer.status == 200 and answer.result["suffix_match"] is True
    secret = answer.result["secret"]
    for name in ("fleet.example", "www.fleet.example", "a.b.c.fleet.example"):
        assert dnsq.rcode(f"_acme-challenge.{name}", "SOA") == "NOERROR", "even before a response"
        answer = api.post("publish_response", name=name, secret=secret, response=VALUE)
        assert answer.text == ('{"result": {"authorisation": "fleet.example", "suffix_match": true, '
                               '"published": true}}')
        assert dnsq.texts(name) == [VALUE]
        answer = api.post("expire_response", name=name, secret=secret)
        assert answer.result["expired"] is True and dnsq.texts(name) == []
    for name in ("evilfleet.example", "example"):
        assert dnsq.rcode(f"_acme-challenge.{name}") == "REFUSED"
    assert api.post("publish_response", name="evilfleet.example", secret=secret,
                    response=VALUE).status == 403
    # Its secret is for its own name: there is no authorisation to rotate below.
    assert api.post("expire_authorisation", name="www.fleet.example", secret=secret).status == 403


def test_the_authorisation_of_a_longer_name_wins(own, secrets):
    api = Api(own)
    wide = api.post("create_authorisation", name="wide.example", suffix_match="true",
                    secret=secrets["any"]).result["secret"]
    narrow = api.create("db.wide.example", secret=secrets["any"])
    assert api.post("publish_response", name="db.wide.example", secret=wide,
                    response=VALUE).status == 403
    assert api.post("publish_response", name="db.wide.example", secret=narrow,
                    response=VALUE).status == 200
    # It is no suffix_match itself, so what is below it is the wide one's.
    assert api.post("publish_response", name="x.db.wide.example", secret=narrow,
                    response=VALUE).status == 403
    assert api.post("publish_response", name="x.db.wide.example", secret=wide,
                    response=VALUE).status == 200


@pytest.mark.parametrize("account,name", [
    ("operations-team", "example.com"), ("operations-team", "example.org"),
    ("one", "one.example.net"), ("operations-team", "com")])
def test_suffix_match_needs_a_permit_for_all_of_it(own, secrets, account, name):
    answer = Api(own).post("create_authorisation", name=name, suffix_match="true",
                           secret=secrets[account])
    assert answer.status in (400, 403) and answer.error


def test_suffix_match_without_accounts(api, name):
    answer = api.post("create_authorisation", name=name, suffix_match="true")
    assert answer.status == 403


@pytest.mark.parametrize("text,words", [
    ("nonsense", ":1: "), ('{"accounts": {}}', 'accounts: an array is needed'),
    ('{"accounts": [\n{"name": "x"}]}', ":2: accounts.0: secret_hash: 64 lower-case hexadecimal"),
    ('{"accounts": [], "more": 1}', 'more: unknown member')])
def test_a_bad_accounts_file_leaves_the_old_accounts_in_force(own, secrets, text, words):
    file = own.dir / "etc" / "accounts.json"
    before = file.read_text()
    try:
        file.write_text(text)
        reload(own)
        assert words in own.log("acmeproxy").read_text()
        assert "the old settings and accounts stay in force" in own.log("acmeproxy").read_text()
        answer = Api(own).post("create_authorisation", name="x.evil.example", secret=secrets["one"])
        assert answer.status == 403
    finally:
        file.write_text(before)
        reload(own)


def test_an_accounts_file_that_others_can_read_is_refused(own, secrets):
    file = own.dir / "etc" / "accounts.json"
    for mode in (0o644, 0o660, 0o602):
        file.chmod(mode)
        reload(own)
        assert f"{file}: mode {mode:04o}: others must not read it" in own.log("acmeproxy").read_text()
        assert "others must not" in acmeproxy(own, "listaccounts", status=1)
    file.chmod(0o600)
    reload(own)


def test_accounts_by_command(own, secrets):
    file = own.dir / "etc" / "accounts.json"
    file.chmod(0o640)
    out = acmeproxy(own, "createaccount", "short-lived", "--permit", ".short.example")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640, "the mode is kept"
    secret = re.search(r"\b[0-9a-f]{32}\b", out)[0]
    assert secret not in file.read_text()
    reload(own)
    assert Api(own).post("create_authorisation", name="a.short.example", secret=secret).status == 200
    assert 'account "short-lived" exists already' in acmeproxy(own, "createaccount", "short-lived",
                                                               status=1)
    assert "permit: " in acmeproxy(own, "createaccount", "x", "--permit", "a..b", status=1)
    rows = acmeproxy(own, "listaccounts", "--tsv").splitlines()
    assert "short-lived\t.short.example" in rows and "any\tany" in rows
    assert "operations-team\texample.com, .example.org" in rows
    assert 'Successfully deleted account "short-lived"' in acmeproxy(own, "deleteaccount",
                                                                     "short-lived")
    assert 'account "short-lived" does not exist' in acmeproxy(own, "deleteaccount", "short-lived",
                                                               status=1)
    reload(own)
    assert Api(own).post("create_authorisation", name="b.short.example", secret=secret).status == 403


def test_two_administrators_at_once(own, secrets):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: acmeproxy(own, "createaccount", f"twin{n}"), range(16)))
    rows = [json.loads(line)["name"] for line in acmeproxy(own, "listaccounts", "--json").splitlines()]
    assert {f"twin{n}" for n in range(16)} <= set(rows)
    for n in range(16):
        acmeproxy(own, "deleteaccount", f"twin{n}")
    assert os.listdir(own.dir / "etc").count("accounts.json") == 1
    assert not [f for f in os.listdir(own.dir / "etc") if f.startswith("accounts.json.")]


def test_accounts_need_a_file(stack):
    assert "set accounts_file" in acmeproxy(stack, "createaccount", "x", status=1)


# -- authorisations

@pytest.fixture
def lists(start_stack):
    return start_stack()


def test_listauthorisations_as_the_original_shows_it(lists):
    assert acmeproxy(lists, "listauthorisations", status=1) == "No authorisations found\n"
    api, redis = Api(lists), Redis(lists)
    for n, name in enumerate(["secure.example.com", "b.example.org"]):
        api.create(name)
        created = 1476069078525 + n
        redis("HSET", f"acmeproxy:authorisation:{name}", "created_at", created, "account",
              "operations" if n == 0 else "")
        redis("ZADD", "acmeproxy:authorisations", created, name)
    assert acmeproxy(lists, "listauthorisations") == """\
name                created_by_ip  created_at                        account
------------------  -------------  --------------------------------  ----------
secure.example.com  127.0.0.1      2016-10-10 03:11:18.525000+00:00  operations
b.example.org       127.0.0.1      2016-10-10 03:11:18.526000+00:00
"""
    assert acmeproxy(lists, "listauthorisations", "--tsv").splitlines() == [
        "secure.example.com\t127.0.0.1\t2016-10-10 03:11:18.525000+00:00\toperations",
        "b.example.org\t127.0.0.1\t2016-10-10 03:11:18.526000+00:00\t"]
    rows = [json.loads(line) for line in acmeproxy(lists, "listauthorisations", "--json").splitlines()]
    assert rows[0] == {"name": "secure.example.com", "created_by_ip": "127.0.0.1",
                       "created_at": "2016-10-10 03:11:18.525000+00:00", "account": "operations",
                       "suffix_match": False, "last_used_at": None}
    only = lambda *a: [line.split("\t")[0] for line in
                       acmeproxy(lists, "listauthorisations", "--tsv", *a).splitlines()]
    assert only("--account", "operations") == ["secure.example.com"]
    assert only("--under", "org") == ["b.example.org"]
    assert only("--under", "Example.COM.") == ["secure.example.com"]
    assert acmeproxy(lists, "listauthorisations", "--under", "le.com",
                     status=1) == "No authorisations found\n"


def test_a_long_list_comes_whole_and_in_order(lists):
    """Many of the same millisecond, on both sides of a page's end."""
    lines, names = [], []
    for n in range(1500):
        names.append(f"h{n:05d}.example.com")
        score = 1476069078525 + n // 700
        lines += [f"HSET acmeproxy:authorisation:{names[-1]} secret_hash x created_at {score}",
                  f"ZADD acmeproxy:authorisations {score} {names[-1]}"]
    lists.redis_cli(text="\n".join(lines))
    rows = acmeproxy(lists, "listauthorisations", "--tsv").splitlines()
    assert [row.split("\t")[0] for row in rows] == names
    assert len(acmeproxy(lists, "listauthorisations").splitlines()) == 1502


def test_deleteauthorisation(lists):
    api, dnsq, redis = Api(lists), Dns(lists), Redis(lists)
    secret = api.create("test.example.org")
    api.publish("test.example.org", secret)
    assert acmeproxy(lists, "deleteauthorisation", "Test.Example.org") == (
        'Successfully deleted authorisation "test.example.org"\n')
    assert redis("KEYS", "*test.example.org*") == ""
    assert redis("ZSCORE", "acmeproxy:authorisations", "test.example.org") == ""
    assert dnsq.ask("_acme-challenge.test.example.org").answer == []
    assert api.post("publish_response", name="test.example.org", secret=secret,
                    response=VALUE).status == 403
    assert acmeproxy(lists, "deleteauthorisation", "test.example.org", status=1) == (
        'Authorisation "test.example.org" does not exist\n')
    event = redis.audit("test.example.org")[-2]
    assert (event["event"], event["via"], event["ip"]) == ("deleted", "command", "")
    api.create("test.example.org")


def test_createauthorisation_and_rotateauthorisation(lists):
    api = Api(lists)
    made = json.loads(acmeproxy(lists, "createauthorisation", "a.example.com", "--json"))
    assert made["authorisation"] == "a.example.com" and made["suffix_match"] is False
    api.publish("a.example.com", made["secret"])
    assert acmeproxy(lists, "createauthorisation", "a.example.com", status=1) == (
        'Authorisation "a.example.com" exists already\n')
    out = acmeproxy(lists, "rotateauthorisation", "a.example.com")
    fresh = re.search(r"\b[0-9a-f]{32}\b", out)[0]
    assert api.post("publish_response", name="a.example.com", secret=made["secret"],
                    response=VALUE).status == 403
    api.publish("a.example.com", fresh)
    assert acmeproxy(lists, "rotateauthorisation", "b.example.com", status=1) == (
        'Authorisation "b.example.com" does not exist\n')
    wide = json.loads(acmeproxy(lists, "createauthorisation", "wide.example", "--suffix-match", "--json"))
    api.publish("x.wide.example", wide["secret"])
    assert 'account "x" does not exist' in acmeproxy(
        lists, "createauthorisation", "c.example.com", "--account", "x", status=1)


# -- responses

def test_listresponses(lists):
    assert acmeproxy(lists, "listresponses", status=1) == "No responses found\n"
    api = Api(lists)
    secret = api.create("secure.example.com")
    other = api.create("test.example.org")
    api.publish("secure.example.com", secret, value(1))
    api.publish("secure.example.com", secret, value(2))
    api.publish("test.example.org", other, value(1))
    api.post("expire_response", name="secure.example.com", secret=secret, response=value(1))
    api.post("publish_response", name="secure.example.com", secret="0" * 32, response=value(3))
    rows = [json.loads(line) for line in acmeproxy(lists, "listresponses", "--json").splitlines()]
    assert [(r["name"], r["value"], r["expired_at"] is not None) for r in rows] == [
        ("secure.example.com", value(1), True), ("secure.example.com", value(2), False),
        ("test.example.org", value(1), False)]
    lines = acmeproxy(lists, "listresponses").splitlines()
    assert lines[0].split() == ["name", "expired_at", "created_by_ip", "created_at"]
    assert re.fullmatch(rf"secure\.example\.com  {TIME}  127\.0\.0\.1      {TIME}", lines[2])
    assert re.fullmatch(rf"secure\.example\.com {{36}}127\.0\.0\.1      {TIME}", lines[3]), lines[3]
    count = lambda *a, **k: len(acmeproxy(lists, "listresponses", "--tsv", *a, **k).splitlines())
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert count("--name", "test.example.org") == 1
    assert count("--under", "example.com") == 2
    assert count("--start", "2016-09-01") == 3
    assert count("--start", today, "--end", today) == 3
    assert count("--start", rows[1]["created_at"]) == 2
    assert count("--end", rows[0]["created_at"].replace(" ", "T")) == 1
    none = dict(status=1)
    assert acmeproxy(lists, "listresponses", "--end", "2016-12-30", **none) == "No responses found\n"
    assert acmeproxy(lists, "listresponses", "--start", "2100-01-01T00:00:00+02:00", **none)


def test_a_long_log_is_read_to_its_end(lists):
    """Completions are matched with publications that are pages before them."""
    base = int(time.time() * 1000) - 7200000
    lines = [f"XADD acmeproxy:audit {base + n}-0 event published name secure.example.com account a "
             f"ip 192.0.2.1 via api value {value(n)}" for n in range(1200)]
    lines += [f"XADD acmeproxy:audit {base + 2000 + n}-0 event expired name secure.example.com "
              f"account a ip 192.0.2.1 via api value {value(n)}" for n in range(0, 1200, 2)]
    lists.redis_cli(text="\n".join(lines))
    api = Api(lists)
    api.publish("secure.example.com", api.create("secure.example.com"))
    rows = [json.loads(line) for line in acmeproxy(lists, "listresponses", "--json").splitlines()]
    assert [r["value"] for r in rows] == [value(n) for n in range(1200)] + [VALUE]
    assert [r["expired_at"] is not None for r in rows] == [n % 2 == 0 for n in range(1200)] + [False]


def test_the_log_is_trimmed_as_it_grows(start_stack):
    """What is older than audit_retention_days goes, a node of the stream at a time."""
    stack = start_stack(settings={"audit_retention_days": 1})
    old = int(time.time() * 1000) - 2 * 86400000
    lines = [f"XADD acmeproxy:audit {old + n}-0 event published name a.example.com" for n in range(1000)]
    stack.redis_cli(text="\n".join(lines))
    redis = Redis(stack)
    assert redis("XLEN", "acmeproxy:audit") == "1000"
    Api(stack).create("secure.example.com")
    assert int(redis("XLEN", "acmeproxy:audit")) < 200


@pytest.mark.parametrize("arguments", [
    ["listresponses", "--start", "yesterday"], ["listresponses", "--start", "2016-13-01"],
    ["listresponses", "--end", "2016-02-30"], ["listresponses", "--start", "2016-02-03T25:00:00Z"],
    ["listresponses", "extra"], ["listauthorisations", "--start", "2016-01-01"],
    ["deleteauthorisation"], ["deleteauthorisation", "a.example", "b.example"],
    ["deleteauthorisation", "not a name"], ["createaccount"], ["listauthorisations", "--nonsense"],
    ["listauthorisations", "--under", "a..b"]])
def test_bad_usage_is_2(stack, arguments):
    assert acmeproxy(stack, *arguments, status=2)


def test_checkconfig_of_the_files_alone(lists):
    """What systemd does before a reload, which must not depend on Redis."""
    lists.stop_part("redis")
    assert acmeproxy(lists, "checkconfig", "--files") == f"{lists.config}: good\n"
    lists.start_part("redis")
    lists.write_config({**lists.settings, "workers": 0})
    run = lists.command("checkconfig", "--files")
    assert run.returncode == 1 and f"{lists.config}:" in run.stderr and "workers: " in run.stderr
    lists.write_config(lists.settings)


@pytest.mark.parametrize("arguments", [
    ["listauthorisations"], ["listresponses"], ["deleteauthorisation", "a.example"],
    ["createauthorisation", "a.example"], ["rotateauthorisation", "a.example"], ["checkconfig"]])
def test_without_a_store_every_command_says_so(lists, arguments):
    lists.stop_part("redis")
    run = subprocess.run([str(lists.build / "acmeproxy"), *arguments, "--config", str(lists.config)],
                         capture_output=True, text=True, timeout=30)
    assert run.returncode == 3 and f"redis: connect: {lists.redis_socket}: No such file or directory" in run.stdout + run.stderr
    lists.start_part("redis")


def test_checkconfig(stack, tmp_path):
    out = acmeproxy(stack, "checkconfig")
    assert out.startswith(f"{stack.config}: good\n")
    assert f"redis: {stack.redis_socket} as acmeproxy: it answers" in out
    assert f"redis_read: {stack.redis_socket} as acmeproxy-pipe: it answers" in out
    assert "response_life_s: 300" in out and "anybody may create" in out
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({**stack.settings, "accounts_file": "/nonexistent"}))
    run = subprocess.run([str(stack.build / "acmeproxy"), "checkconfig", "--config", str(bad)],
                         capture_output=True, text=True)
    assert run.returncode == 1 and "/nonexistent: No such file or directory" in run.stderr
