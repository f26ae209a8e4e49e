"""acmeproxy-pipe as PowerDNS talks to it: lines in, lines out."""

import json
import resource
import subprocess

import pytest
from conftest import VALUE, Api, until

NAME = "pipe.example.com"
CHALLENGE = "_acme-challenge." + NAME
# What a question looks like in each version of the protocol.
TAILS = {1: "", 2: "\t127.0.0.1", 3: "\t127.0.0.1\t127.0.0.1/32",
         4: "\t127.0.0.1\t127.0.0.1/32", 5: "\t127.0.0.1\t127.0.0.1/32"}


@pytest.fixture(scope="module", autouse=True)
def published(stack):
    Api(stack).publish(NAME, Api(stack).create(NAME))


def talk(stack, *lines, config=None):
    """Send the lines, close the input, and return (status, lines of the answer)."""
    text = "".join(line + "\n" for line in lines)
    run = subprocess.run([str(stack.build / "acmeproxy-pipe"), "--config",
                          str(config or stack.config)],
                         input=text.encode(), capture_output=True, timeout=20)
    return run.returncode, run.stdout.decode().splitlines()


def question(name, rrtype="ANY", version=5):
    return f"Q\t{name}\tIN\t{rrtype}\t-1\t127.0.0.1{TAILS[version]}"


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_each_version(stack, version):
    status, lines = talk(stack, f"HELO\t{version}", question(CHALLENGE, version=version),
                         question(CHALLENGE, "SOA", version))
    assert status == 0 and lines[0].startswith("OK\t")
    fields = [line.split("\t") for line in lines[1:]]
    extra = 2 if version >= 3 else 0
    assert [f[0] for f in fields] == ["DATA"] * 4 + ["END", "DATA", "END"]
    assert [f[3 + extra] for f in fields if f[0] == "DATA"] == ["SOA", "NS", "CAA", "TXT", "SOA"]
    assert all(len(f) == 7 + extra for f in fields if f[0] == "DATA")
    txt = fields[3]
    assert txt[-1] == f'"{VALUE}"' and txt[1 + extra] == CHALLENGE
    assert len({f[5 + extra] for f in fields if f[0] == "DATA"}) == 1, "one id per zone"
    assert 0 < int(txt[5 + extra]) < 2**31
    assert len(fields[0][-1].split()) == 7
    if extra:
        assert [f[1] for f in fields if f[0] == "DATA"] == ["1"] * 4 + ["0"], "only SOA is cached"


@pytest.mark.parametrize("rrtype,want", [
    ("SOA", ["SOA"]), ("NS", ["NS"]), ("CAA", ["CAA"]), ("TXT", ["TXT"]), ("A", []), ("DS", []),
    ("ANY", ["SOA", "NS", "CAA", "TXT"]), ("TYPE65400", [])])
def test_what_is_asked_is_answered(stack, rrtype, want):
    _, lines = talk(stack, "HELO\t5", question(CHALLENGE, rrtype))
    assert [line.split("\t")[5] for line in lines[1:-1]] == want and lines[-1] == "END"


@pytest.mark.parametrize("owner,auth", [
    ("auth", ["1", "1", "1"]), ("www.auth", ["1"]), ("sub.auth", ["0", "0"]), ("ns.sub.auth", ["0"]), ("xsub.auth", ["1"])])
def test_what_a_record_delegates_is_not_for_us_to_sign(stack, tmp_path, owner, auth):
    """RFC 4035, 2.2: neither the NS records at a delegation nor the addresses at and below it."""
    config = tmp_path / "acmeproxy.json"
    config.write_text(json.dumps({**stack.settings, "zone": {"name": "auth.example.org", "records": [
        "@ 60 A 192.0.2.53", "www 60 A 192.0.2.80", "ns.sub 60 A 192.0.2.1", "sub 60 NS ns.sub.auth.example.org",
        "sub 60 A 192.0.2.2", "xsub 60 A 192.0.2.3"]}}))
    _, lines = talk(stack, "HELO\t5", question("auth.example.org", "SOA"), config=config)
    zone_id = lines[1].split("\t")[7]
    _, lines = talk(stack, "HELO\t5", question(owner + ".example.org").replace("-1", zone_id), config=config)
    assert [line.split("\t")[2] for line in lines[1:-1]] == auth


@pytest.mark.parametrize("line", [
    "", "Q", "Q\t", "Q\ta.example\tIN", "X\ta", "Q " + CHALLENGE, "DATA\tx", "END", "\t\t\t",
    "Q\t" + "a" * 1100 + "\tIN\tANY\t-1\t0.0.0.0", "Q\t" + "a" * 9000, "AXFR\t1", "AXFR",
    "AXFR\t1\t" + CHALLENGE, "HELO", "HELO\tx", "q\ta\tIN\tANY\t1\t0.0.0.0"])
def test_nonsense_fails_and_the_next_question_is_answered(stack, line):
    status, lines = talk(stack, "HELO\t5", line, question(CHALLENGE, "TXT"))
    if line.startswith("HELO"):
        assert lines[1] == "FAIL"
        return
    assert status == 0 and lines[1] == "FAIL" and lines[-1] == "END"
    assert len(lines) == 4, lines


@pytest.mark.parametrize("name", [
    ".", "com", "_acme-challenge", "_acme-challenge.com", "*.example.com", NAME, "x\\009y.example",
    "_acme-challenge.unknown.example", "xn--a.example", "_acme-challenge.a b.example"])
def test_a_name_that_is_not_ours_gets_only_an_end(stack, name):
    _, lines = talk(stack, "HELO\t5", question(name, "SOA"), question(name))
    assert lines[1:] == ["END", "END"]


@pytest.mark.parametrize("version", ["0", "6", "99999999999999999999", "-1"])
def test_a_version_that_we_do_not_speak(stack, version):
    status, lines = talk(stack, f"HELO\t{version}", question(CHALLENGE))
    assert lines[0] == "FAIL"
    assert status == 1 or lines[1:] == ["FAIL"], "never an answer in another version"


def test_no_handshake_no_answer(stack):
    assert talk(stack, question(CHALLENGE)) == (0, ["FAIL"])


def test_it_exits_at_the_end_of_input(stack):
    assert talk(stack) == (0, [])
    assert talk(stack, "HELO\t1") == (0, ["OK\tacmeproxy-pipe"])


def test_cmd_tells_the_status(stack):
    assert talk(stack, "HELO\t5", "CMD\tstatus")[1][1:] == ["acmeproxy-pipe: store: ok", "END"]


BAD = '{\n "soa_hostname": "ns1.example.net",\n "soa_contakt": "x"\n}\n'


def test_a_bad_settings_file_is_named_and_questions_fail(stack, tmp_path):
    config = tmp_path / "acmeproxy.json"
    config.write_text(BAD)
    why = f"{config}:3: soa_contakt: unknown setting"
    run = subprocess.run([str(stack.build / "acmeproxy-pipe"), "--config", str(config)],
                         input="\n".join(["HELO\t5", *[question(CHALLENGE)] * 50,
                                          question(CHALLENGE, "SOA"), "CMD\tstatus", ""]),
                         capture_output=True, text=True, timeout=20)
    assert run.returncode == 0
    assert run.stdout.splitlines() == ["OK\tacmeproxy-pipe", *["FAIL"] * 51, "END",
                                       f"acmeproxy-pipe: store: {why}", "END"]
    assert set(run.stderr.splitlines()) == {f"acmeproxy-pipe: {why}"}
    assert len(run.stderr.splitlines()) < 50, "at most one line per second"


@pytest.mark.parametrize("before", [BAD, None], ids=["bad", "missing"])
def test_good_settings_are_picked_up(stack, tmp_path, before):
    """It notices them by itself; a later mistake leaves the good ones in force."""
    config = tmp_path / "acmeproxy.json"
    if before:
        config.write_text(before)
    log = tmp_path / "log"
    with open(log, "w") as stderr, \
            subprocess.Popen([str(stack.build / "acmeproxy-pipe"), "--config", str(config)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                             text=True, bufsize=1) as pipe:
        def ask():
            pipe.stdin.write(question(CHALLENGE, "TXT") + "\n")
            first = pipe.stdout.readline()
            if first != "FAIL\n":
                assert pipe.stdout.readline() == "END\n"
            return first

        pipe.stdin.write("HELO\t5\n")
        assert pipe.stdout.readline() == "OK\tacmeproxy-pipe\n"
        assert ask() == "FAIL\n"
        config.write_text(stack.config.read_text())
        until("it has them", lambda: VALUE in ask())
        config.write_text(BAD)
        until("it has noticed the mistake",
              lambda: ask() and "old settings stay in force" in log.read_text())
        assert VALUE in ask()
        ttl = json.dumps({**stack.settings, "response_ttl_s": 77})
        config.write_text(ttl)
        until("the new ones are in force", lambda: "\t77\t" in ask())
        # No descriptor is left to read them with: that is not the file's fault.
        soft, hard = resource.prlimit(pipe.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pipe.pid, resource.RLIMIT_NOFILE, (3, hard))
        config.write_text(ttl.replace("77", "78"))
        until("it has tried", lambda: ask() and "Too many open files" in log.read_text())
        resource.prlimit(pipe.pid, resource.RLIMIT_NOFILE, (soft, hard))
        until("the new ones are in force", lambda: "\t78\t" in ask())
