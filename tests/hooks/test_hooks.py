"""The hooks by themselves, against a server that records what they send."""

import http.server
import os
import re
import shutil
import socket
import subprocess
import threading
import urllib.parse
from pathlib import Path

import pytest

HOOKS = Path(__file__).resolve().parents[2] / "deploy" / "hooks"
VALUE = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
SECRET = "52f562aedc99383c6af848bc7016380a"
OK = (200, '{"result": {"published": true}}')
DENIED = (403, '{"result": false, "error": "Invalid authorisation token"}')
BUSY = (429, '{"result": false, "error": "There are too many requests, try again later"}')
AWAY = (503, '{"result": false, "error": "The store is not available, try again"}')


class Server:
    """Answers from a list, repeating the last; keeps the (path, parameters) of each call."""

    def __init__(self, family=socket.AF_INET, host="127.0.0.1"):
        self.answers, self.calls = [OK], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.calls.append((self.path, dict(urllib.parse.parse_qsl(body))))
                status, text = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        class Httpd(http.server.ThreadingHTTPServer):
            address_family = family

        self.httpd = Httpd((host, 0), Handler)
        self.port = self.httpd.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.close()


@pytest.fixture
def run(server):
    def run(hook, *arguments, **env):
        base = {"PATH": os.environ["PATH"], "ACMEPROXY_ENDPOINT": server.url, "ACMEPROXY_TRIES": "2"}
        return subprocess.run([str(hook if os.path.isabs(str(hook)) else HOOKS / hook), *arguments],
                              env={**base, **env}, capture_output=True, text=True, timeout=60)
    return run


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def published(name, value=VALUE, secret=SECRET):
    return "/publish_response", {"name": name, "response": value, "secret": secret}


@pytest.mark.parametrize("domain,name", [
    ("secure.example.com", "secure.example.com"), ("Secure.Example.COM", "secure.example.com"),
    ("*.secure.example.com", "secure.example.com"), ("secure.example.com.", "secure.example.com")])
@pytest.mark.parametrize("value", [VALUE, "-" + VALUE[1:], "--data", "_" * 43])
def test_dehydrated_publishes_and_expires(run, server, domain, name, value):
    for operation, path in (("deploy_challenge", "/publish_response"),
                            ("clean_challenge", "/expire_response")):
        server.calls.clear()
        done = run("dehydrated.sh", operation, domain, "token", value, ACMEPROXY_SECRET=SECRET)
        assert done.returncode == 0, done.stderr
        assert server.calls == [(path, {"name": name, "response": value, "secret": SECRET})]


@pytest.mark.parametrize("operation", [
    "deploy_cert", "unchanged_cert", "startup_hook", "exit_hook", "invalid_challenge",
    "request_failure", "generate_csr", "sync_cert", "deploy_ocsp",
    "this_hookscript_is_broken__dehydrated_is_working_fine__please_ignore_unknown_hooks_in_your_script"])
def test_other_operations_of_dehydrated_are_ignored(run, server, operation):
    done = run("dehydrated.sh", operation, "a", "b", "c", ACMEPROXY_ENDPOINT="")
    assert (done.returncode, done.stdout, done.stderr, server.calls) == (0, "", "", [])


def test_a_chain_of_challenges(run, server, tmp_path):
    secrets = private(tmp_path / "s", "# x\n\nA.example.com one # mine\n*.b.example.com. two\n")
    done = run("dehydrated.sh", "deploy_challenge", "a.example.com", "t", "v1", "b.example.com", "t",
               "-v2", "*.A.example.com", "t", "v3", ACMEPROXY_SECRETS_FILE=secrets)
    assert done.returncode == 0, done.stderr
    assert server.calls == [published("a.example.com", "v1", "one"),
                            published("b.example.com", "-v2", "two"),
                            published("a.example.com", "v3", "one")]


@pytest.mark.parametrize("answer", [AWAY, BUSY], ids=["503", "429"])
def test_it_is_tried_again(run, server, answer):
    server.answers = [answer, OK]
    assert run("dehydrated.sh", "deploy_challenge", "a.example.com", "t", VALUE,
               ACMEPROXY_SECRET=SECRET).returncode == 0
    assert server.calls == [published("a.example.com")] * 2


@pytest.mark.parametrize("answers,words,n", [
    ([DENIED], "publish_response a.example.com: HTTP 403: Invalid authorisation token", 1),
    ([AWAY], "publish_response a.example.com: HTTP 503: The store is not available", 2),
    ([(404, "<html>not JSON</html>")], "HTTP 404: <html>not JSON</html>", 1)])
def test_a_refusal_is_reported(run, server, answers, words, n):
    server.answers = answers
    done = run("dehydrated.sh", "deploy_challenge", "a.example.com", "t", VALUE,
               ACMEPROXY_SECRET=SECRET)
    assert done.returncode == 1 and words in done.stderr and SECRET not in done.stderr
    assert len(server.calls) == n


@pytest.mark.parametrize("arguments,env,words", [
    (["a.example.com", "t", VALUE], {"ACMEPROXY_ENDPOINT": ""}, "ACMEPROXY_ENDPOINT is not set"),
    (["a.example.com", "t", VALUE], {"ACMEPROXY_ENDPOINT": "http://acmeproxy.example.net"},
     "must begin with https://"),
    (["a.example.com", "t", VALUE], {"ACMEPROXY_ENDPOINT": "http://localhost.example.net"},
     "must begin with https://"),
    (["a.example.com", "t", VALUE], {"ACMEPROXY_ENDPOINT": "http://127.0.0.1:1"}, "HTTP 000"),
    (["a.example.com", "t", VALUE], {"ACMEPROXY_SECRET": ""}, "no secret for a.example.com"),
    (["a.example.com", "t", VALUE], {"ACMEPROXY_SECRETS_FILE": "/nonexistent"}, "cannot be read"),
    (["a.example.com", "t", "a&secret=b"], {}, "not a challenge response"),
    (["a.example.com", "t", ""], {}, "not a challenge response"),
    (["a.example.com&name=b", "t", VALUE], {}, "not a domain name"),
    (["a.example.com", "t"], {}, "DOMAIN, TOKENFILE and VALUE are needed")])
def test_mistakes_that_stop_the_hook(run, server, arguments, env, words):
    done = run("dehydrated.sh", "deploy_challenge", *arguments,
               **{"ACMEPROXY_SECRET": SECRET, "ACMEPROXY_TRIES": "1", **env})
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert server.calls == []


# Not this machine, although each begins as if it were: here {port} is where somebody else listens.
NOT_LOCAL = [
    "http://acmeproxy.example.net", "http://localhost.evil.example", "http://localhost.evil.example:{port}",
    "http://127.0.0.1.evil.example", "http://127.0.0.1@127.0.0.1:{port}", "http://localhost@127.0.0.1:{port}",
    "http://localhost:80@127.0.0.1:{port}", "http://127.0.0.1:80@127.0.0.1:{port}",
    "http://localhost:x@127.0.0.1:{port}/", "http://user:password@127.0.0.1:{port}",
    "http://LOCALHOST:80@127.0.0.1:{port}", "HTTP://Localhost.Evil.Example", "HTTP://LOCALHOST:a@127.0.0.1:{port}",
    "http://[::1]@127.0.0.1:{port}", "http://[::1]:80@127.0.0.1:{port}", "http://[::1].evil.example",
    "http://localhost\\@127.0.0.1:{port}", "http://localhost:80\\@127.0.0.1:{port}",
    "http://localhost#@127.0.0.1:{port}", "http://localhost:80#@127.0.0.1:{port}",
    "http://localhost?@127.0.0.1:{port}", "http://localhost:80?@127.0.0.1:{port}",
    "http://localhost:{{80,80@127.0.0.1:{port}}}", "http://localhost:[80-81]@127.0.0.1:{port}",
    "http://localhost\t@127.0.0.1:{port}", "http://localhost:80\n@127.0.0.1:{port}", " http://127.0.0.1:{port}",
    "http:/127.0.0.1:{port}", "http:127.0.0.1:{port}", "http:///127.0.0.1:{port}", "127.0.0.1:{port}",
    "localhost:{port}", "http://", "https", "https:", "ftp://127.0.0.1:{port}", "http", "file:///localhost",
    "http://%6cocalhost:80@127.0.0.1:{port}", "http://127.0.0.1%2f@127.0.0.1:{port}", "http://0:{port}",
    "http://127.0.0.2:{port}", "http://2130706433:{port}", "http://[::ffff:127.0.0.1]:{port}"]
LOCAL = ["http://127.0.0.1:{port}", "http://localhost:{port}", "http://localhost:{port}/",
         "HTTP://LocalHost:{port}", "http://localhost:{port}/@127.0.0.2", "http://localhost:{port}/a:80@b.example"]


def acme_sh(endpoint, **env):
    """Have acme.sh's API publish a value, with curl as acme.sh calls it."""
    script = f"""_readaccountconf_mutable() {{ :; }}
        _saveaccountconf_mutable() {{ :; }}
        _err() {{ echo "$*" >&2; }}
        _post() {{ printf %s "$1" | curl -s --data @- "$2"; }}
        . {HOOKS}/dns_acmeproxy.sh
        dns_acmeproxy_add _acme-challenge.a.example.com {VALUE}
        status=$?; echo "${{http_proxy:-}}"; exit "$status\""""
    base = {"PATH": os.environ["PATH"], "ACMEPROXY_ENDPOINT": endpoint, "ACMEPROXY_SECRET": SECRET}
    return subprocess.run(["sh", "-c", script], env={**base, **env}, capture_output=True, text=True, timeout=60)


@pytest.fixture(params=["acmeproxy-hook", "dns_acmeproxy.sh"])
def publish(run, request):
    """Publish a value at an endpoint, by one of the hooks that send requests."""
    def publish(endpoint, **env):
        if request.param == "dns_acmeproxy.sh":
            return acme_sh(endpoint, **env)
        return run("acmeproxy-hook", "present", "_acme-challenge.a.example.com", VALUE,
                   ACMEPROXY_ENDPOINT=endpoint, ACMEPROXY_SECRET=SECRET, ACMEPROXY_TRIES="1", **env)
    return publish


@pytest.mark.parametrize("endpoint", NOT_LOCAL)
def test_plain_http_to_another_host_is_refused(publish, server, endpoint):
    done = publish(endpoint.format(port=server.port))
    assert done.returncode == 1 and "must begin with https://" in done.stderr, done.stderr
    assert server.calls == []


@pytest.mark.parametrize("endpoint", LOCAL)
def test_plain_http_to_this_machine(publish, server, endpoint):
    done = publish(endpoint.format(port=server.port))
    assert done.returncode == 0, done.stderr
    assert [parameters for _, parameters in server.calls] == [published("a.example.com")[1]]


def test_plain_http_to_this_machine_by_ipv6(publish):
    try:
        server = Server(socket.AF_INET6, "::1")
    except OSError:
        pytest.skip("this machine has no ::1")
    done = publish(f"http://[::1]:{server.port}")
    server.close()
    assert done.returncode == 0, done.stderr
    assert server.calls == [published("a.example.com")]


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy", "ALL_PROXY"])
def test_plain_http_goes_by_no_proxy(publish, server, variable):
    """A proxy on another machine would be told the secret."""
    proxy = Server()
    done = publish(server.url, **{variable: proxy.url})
    proxy.close()
    assert done.returncode == 0, done.stderr
    assert (proxy.calls, server.calls) == ([], [published("a.example.com")])


def test_acme_sh_keeps_its_proxy(server):
    """It sources our file, and needs its proxy to reach the CA."""
    assert acme_sh(server.url, http_proxy="http://192.0.2.1:3128").stdout == "http://192.0.2.1:3128\n"


@pytest.mark.parametrize("arguments,sentence", [
    ([], "present or cleanup is missing"), (["timeout"], "timeout: neither present nor cleanup"),
    (["other", "_acme-challenge.a.example.com.", VALUE], "other: neither present nor cleanup"),
    (["--nosuch"], "--nosuch: no such option"), (["present"], "present: FQDN is missing"),
    (["cleanup", "a.example.com"], "cleanup: VALUE is missing"),
    (["present", "a.example.com", VALUE, "more"], "more: one argument too many")])
def test_bad_usage_of_the_hook(run, server, arguments, sentence):
    done = run("acmeproxy-hook", *arguments, ACMEPROXY_SECRET=SECRET)
    assert (done.returncode, done.stdout, server.calls) == (2, "", [])
    assert done.stderr == f"acmeproxy-hook: {sentence}; see acmeproxy-hook --help\n"


def test_version_and_help(run):
    """All programs have the changelog's version."""
    changelog = (HOOKS.parent / "debian" / "changelog").read_text()
    version = re.match(r"acmeproxy \(([^)]+)\) ", changelog)[1]
    assert run("acmeproxy-hook", "--version").stdout == f"acmeproxy-hook {version}\n"
    done = run("acmeproxy-hook", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: acmeproxy-hook present|cleanup FQDN VALUE\n")
    assert "  ACMEPROXY_ENDPOINT " in done.stdout and "#!" not in done.stdout


@pytest.mark.parametrize("text,mode,words", [
    ("other.example.com x\n", 0o600, "no secret for a.example.com"),
    ("a.example.com\n", 0o600, "lines are NAME SECRET"),
    ("a.example.com x\n", 0o604, "others can read or write it"),
    ("a.example.com x\n", 0o602, "others can read or write it")])
def test_a_bad_file_of_secrets(run, server, tmp_path, text, mode, words):
    secrets = private(tmp_path / "s", text)
    os.chmod(secrets, mode)
    done = run("dehydrated.sh", "deploy_challenge", "a.example.com", "t", VALUE,
               ACMEPROXY_SECRETS_FILE=secrets)
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert server.calls == []


INI = """; comment
# another
[defaults]
  endpoint  =  {url}/

[domain:Secure.Example.com]
secret={secret}
[domain:b.example.com]
secret = other
"""


@pytest.mark.parametrize("hook,path", [("certbot-auth.sh", "/publish_response"),
                                       ("certbot-cleanup.sh", "/expire_response")])
def test_certbot(run, server, tmp_path, hook, path):
    ini = private(tmp_path / "acmeproxy.ini", INI.format(url=server.url, secret=SECRET))
    done = run(hook, CERTBOT_DOMAIN="secure.EXAMPLE.com", CERTBOT_VALIDATION=VALUE, ACMEPROXY_INI=ini)
    assert done.returncode == 0, done.stderr
    assert server.calls == [(path, {"name": "secure.example.com", "response": VALUE,
                                    "secret": SECRET})]


@pytest.mark.parametrize("text,mode,env,words", [
    (INI, 0o604, {}, "others can read or write it"),
    (INI, 0o600, {"CERTBOT_DOMAIN": "c.example.com"}, "no secret in [domain:c.example.com]"),
    (INI, 0o600, {"CERTBOT_DOMAIN": ""}, "certbot did not set"),
    ("[domain:secure.example.com]\nsecret=x\n", 0o600, {}, "no endpoint in [defaults]"),
    ("endpoint=https://x\nsecret=x\n", 0o600, {}, "no endpoint in [defaults]")])
def test_certbot_s_ini_file(run, server, tmp_path, text, mode, env, words):
    ini = private(tmp_path / "i", text.replace("{url}", server.url).replace("{secret}", SECRET))
    os.chmod(ini, mode)
    done = run("certbot-auth.sh", **{"CERTBOT_DOMAIN": "secure.example.com",
                                     "CERTBOT_VALIDATION": VALUE, "ACMEPROXY_INI": ini, **env})
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert server.calls == []


def test_no_secret_on_a_command_line(run, server, tmp_path):
    """ps shows everybody the arguments of all processes."""
    seen = tmp_path / "seen"
    fake = tmp_path / "curl"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{seen}\nexec {shutil.which("curl")} "$@"\n')
    fake.chmod(0o755)
    done = run("dehydrated.sh", "deploy_challenge", "a.example.com", "t", VALUE,
               ACMEPROXY_SECRET=SECRET, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0 and server.calls == [published("a.example.com")]
    assert "--data" in seen.read_text() and SECRET not in seen.read_text()


def test_a_hook_called_through_a_link(run, server, tmp_path):
    link = tmp_path / "hook"
    link.symlink_to(HOOKS / "dehydrated.sh")
    done = run(link, "deploy_challenge", "a.example.com", "t", VALUE, ACMEPROXY_SECRET=SECRET)
    assert done.returncode == 0 and server.calls == [published("a.example.com")]


@pytest.mark.parametrize("hook,arguments,path", [
    ("acmeproxy-hook", ["present", "_acme-challenge.A.example.com.", "-v"], "/publish_response"),
    ("acmeproxy-hook", ["cleanup", "_acme-challenge.a.example.com.", "-v"], "/expire_response"),
    ("uacme.sh", ["begin", "dns-01", "a.example.com", "token", "-v"], "/publish_response"),
    ("uacme.sh", ["done", "dns-01", "*.a.example.com", "token", "-v"], "/expire_response"),
    ("uacme.sh", ["failed", "dns-01", "a.example.com", "token", "-v"], "/expire_response")])
def test_lego_exec_and_uacme(run, server, hook, arguments, path):
    done = run(hook, *arguments, ACMEPROXY_SECRET=SECRET)
    assert done.returncode == 0, done.stderr
    assert server.calls == [(path, {"name": "a.example.com", "response": "-v", "secret": SECRET})]


@pytest.mark.parametrize("hook,arguments", [
    ("acmeproxy-hook", ["present", "a.example.com.", "v"]),
    ("acmeproxy-hook", ["present", "_a&name=b._acme-challenge.a.example.com.", "v"]),
    ("uacme.sh", ["begin", "http-01", "a.example.com", "token", "v"]),
    ("uacme.sh", ["other", "dns-01", "a.example.com", "token", "v"])])
def test_calls_that_the_hooks_refuse(run, server, hook, arguments):
    assert run(hook, *arguments, ACMEPROXY_SECRET=SECRET).returncode == 1 and server.calls == []


def test_an_account_label(run, server):
    done = run("acmeproxy-hook", "present", "_UJMMOVF2VN55TGYE._acme-challenge.a.example.com.", VALUE,
               ACMEPROXY_SECRET=SECRET)
    assert done.returncode == 0, done.stderr
    assert server.calls == [("/publish_response", {"name": "a.example.com", "response": VALUE,
                                                   "secret": SECRET, "label": "_ujmmovf2vn55tgye"})]


def test_the_target_of_a_cname(run, server):
    """lego follows the CNAME before it calls the hook."""
    fqdn = "A.example.com.auth.example.org."
    done = run("acmeproxy-hook", "cleanup", fqdn, VALUE, ACMEPROXY_SECRET=SECRET,
               ACMEPROXY_ZONE="auth.example.org")
    assert done.returncode == 0, done.stderr
    assert server.calls == [("/expire_response", published("a.example.com")[1])]
    for zone in ("", "auth.example.org"):
        server.calls.clear()
        done = run("acmeproxy-hook", "present", "_x.xauth.example.org", VALUE, ACMEPROXY_SECRET=SECRET,
                   ACMEPROXY_ZONE=zone)
        assert done.returncode == 1 and "neither below" in done.stderr and server.calls == []


@pytest.mark.parametrize("hook,arguments", [
    ("acmeproxy-hook", ["present", "_acme-challenge.secure.example.com", VALUE]),
    ("dehydrated.sh", ["deploy_challenge", "secure.example.com", "token", VALUE]),
    ("uacme.sh", ["begin", "dns-01", "secure.example.com", "token", VALUE])])
def test_every_hook_reads_the_ini_file(run, server, tmp_path, hook, arguments):
    ini = private(tmp_path / "acmeproxy.ini", INI.format(url=server.url, secret=SECRET))
    done = run(hook, *arguments, ACMEPROXY_INI=ini)
    assert done.returncode == 0, done.stderr
    assert server.calls == [published("secure.example.com")]


def test_acme_sh_s_api(server, tmp_path):
    """acme.sh sources the file, and provides these functions."""
    script = f"""_readaccountconf_mutable() {{ :; }}
        _saveaccountconf_mutable() {{ echo "$1" >>{tmp_path}/saved; }}
        _err() {{ echo "$*" >&2; }}
        _post() {{ printf %s "$1" | curl -s --data @- "$2"; }}
        . {HOOKS}/dns_acmeproxy.sh
        dns_acmeproxy_add _acme-challenge.a.example.com {VALUE} || exit 1
        dns_acmeproxy_rm _acme-challenge.a.example.com {VALUE}"""
    env = {"PATH": os.environ["PATH"], "ACMEPROXY_ENDPOINT": server.url, "ACMEPROXY_SECRET": SECRET}
    server.answers = [OK, (200, '{"result": {"expired": false}}'), DENIED]
    assert subprocess.run(["sh", "-c", script], env=env).returncode == 0
    assert server.calls == [published("a.example.com"), (
        "/expire_response", {"name": "a.example.com", "response": VALUE, "secret": SECRET})]
    assert "ACMEPROXY_SECRET" in (tmp_path / "saved").read_text()
    assert subprocess.run(["sh", "-c", script], env=env, stderr=subprocess.DEVNULL).returncode == 1


def test_the_original_s_hooks_keep_working(server):
    """They send a form with curl, and look for `published` or `expired` in the answer."""
    script = f"""out=$(curl -s --data "name=a.example.com&response={VALUE}&secret={SECRET}" \
        {server.url}/publish_response)
        case $out in *published*) exit 0 ;; esac; exit 1"""
    for answers, status in (([OK], 0), ([DENIED], 1), ([AWAY], 1)):
        server.answers = list(answers)
        assert subprocess.run(["sh", "-c", script]).returncode == status
