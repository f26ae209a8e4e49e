"""`make run`, which leaves nothing behind."""

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import VALUE
from stack.stack import TOP

RUN = ["/usr/bin/python3", "-B", str(TOP / "tests" / "stack" / "run.py")]
MEMBERS = ["ACMEPROXY_URL", "ACMEPROXY_CA_CERT", "ACMEPROXY_DNS_HOST", "ACMEPROXY_DNS_PORT",
           "ACMEPROXY_REDIS_SOCKET", "ACMEPROXY_CONFIG", "ACMEPROXY_REDIS_USERNAME",
           "ACMEPROXY_REDIS_PASSWORD_FILE"]


def processes_about(directory):
    """The command lines that name the directory, except this test's."""
    found = subprocess.run(["ps", "-ww", "-eo", "args="], capture_output=True, text=True).stdout
    return [line for line in found.splitlines() if str(directory) in line and "-m pytest" not in line]


class Run:
    started = []

    def __init__(self, directory, stack, settings=None):
        self.dir = directory
        env = {**os.environ, "ACMEPROXY_RUN_DIR": str(directory), "BUILD": str(stack.build)}
        if settings is not None:
            env["ACMEPROXY_RUN_SETTINGS"] = str(settings)
        self.child = subprocess.Popen(RUN, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True)
        Run.started.append(self.child)

    def ready(self):
        end = time.monotonic() + 30
        while not (self.dir / "env").exists():
            assert self.child.poll() is None, self.child.communicate()
            assert time.monotonic() < end
            time.sleep(0.05)
        lines = (self.dir / "env").read_text().splitlines()
        return dict(shlex.split(line)[0].split("=", 1) for line in lines)

    def end(self, signo=signal.SIGTERM):
        self.child.send_signal(signo)
        out, err = self.child.communicate(timeout=30)
        return self.child.returncode, out, err


@pytest.fixture(autouse=True)
def nothing_survives():
    yield
    for child in Run.started:
        if child.poll() is None:
            child.terminate()
            child.communicate()
    Run.started.clear()


def call(env, endpoint, data):
    return subprocess.run(["curl", "-sS", "--cacert", env["ACMEPROXY_CA_CERT"], "--data", data,
                           f"{env['ACMEPROXY_URL']}/{endpoint}"],
                          capture_output=True, text=True, timeout=20).stdout


@pytest.mark.parametrize("where", ["run", "with a space", "deep/" + "x" * 120])
@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_and_leaves_nothing_behind(stack, tmp_path, where, signo):
    directory = tmp_path / where
    run = Run(directory, stack)
    env = run.ready()
    assert list(env) == MEMBERS
    for member in ("ACMEPROXY_CA_CERT", "ACMEPROXY_REDIS_SOCKET", "ACMEPROXY_CONFIG",
                   "ACMEPROXY_REDIS_PASSWORD_FILE"):
        assert os.path.isabs(env[member]) and os.path.exists(env[member])
    assert '"secret"' in call(env, "create_authorisation", "name=secure.example.com")
    dig = subprocess.run(["dig", f"@{env['ACMEPROXY_DNS_HOST']}", "-p", env["ACMEPROXY_DNS_PORT"],
                          "+short", "NS", "_acme-challenge.secure.example.com"],
                         capture_output=True, text=True).stdout
    assert dig == "ns1.acmeproxy.example.net.\n"
    password = Path(env["ACMEPROXY_REDIS_PASSWORD_FILE"]).read_text().strip()
    redis = subprocess.run(["redis-cli", "-s", env["ACMEPROXY_REDIS_SOCKET"],
                            "--user", env["ACMEPROXY_REDIS_USERNAME"], "EXISTS",
                            "acmeproxy:authorisation:secure.example.com"],
                           capture_output=True, text=True,
                           env={**os.environ, "REDISCLI_AUTH": password}).stdout
    assert redis == "1\n"
    assert len(processes_about(directory)) > 1
    status, out, err = run.end(signo)
    assert (status, err) == (0, "")
    assert len([line for line in out.splitlines() if line.startswith("  ")]) == 3
    assert not directory.exists() and processes_about(directory) == []


def test_two_at_once_and_the_same_directory_twice(stack, tmp_path):
    first, second = Run(tmp_path / "a", stack), Run(tmp_path / "b", stack)
    envs = first.ready(), second.ready()
    call(envs[0], "create_authorisation", "name=secure.example.com")
    assert '"secret"' in call(envs[1], "create_authorisation", "name=secure.example.com")
    third = Run(tmp_path / "a", stack)
    out, err = third.child.communicate(timeout=30)
    assert third.child.returncode == 1
    assert err.startswith(f"make run: another stack runs in {tmp_path}/a;")
    assert "error" in call(envs[0], "create_authorisation", "name=secure.example.com")
    assert first.end()[0] == second.end()[0] == 0


def test_the_user_s_settings(stack, tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text('{"response_ttl_s": 9, "key_prefix": "mine:"}')
    run = Run(tmp_path / "run", stack, settings)
    env = run.ready()
    secret = call(env, "create_authorisation", "name=a.example.com").split('"')[5]
    call(env, "publish_response", f"name=a.example.com&secret={secret}&response={VALUE}")
    answer = subprocess.run(["dig", "@127.0.0.1", "-p", env["ACMEPROXY_DNS_PORT"], "+noall",
                             "+answer", "TXT", "_acme-challenge.a.example.com"],
                            capture_output=True, text=True).stdout
    assert answer.split()[1] == "9" and VALUE in answer
    assert run.end()[0] == 0


@pytest.mark.parametrize("text,words", [
    ('{"workers": 0}', "workers: must be between 1 and 256"),
    ('{"soa_hostname": 5}', "soa_hostname: a string is needed, not an integer"),
    ("nonsense", "ACMEPROXY_RUN_SETTINGS="), ("[]", "a JSON object is needed")])
def test_a_failed_start_says_why_and_leaves_nothing_behind(stack, tmp_path, text, words):
    settings = tmp_path / "settings.json"
    settings.write_text(text)
    run = Run(tmp_path / "run", stack, settings)
    out, err = run.child.communicate(timeout=40)
    assert run.child.returncode == 1 and words in err, err
    assert not (tmp_path / "run").exists() and processes_about(tmp_path / "run") == []


def test_an_existing_directory_keeps_its_files(stack, tmp_path):
    directory = tmp_path / "run"
    directory.mkdir()
    (directory / "mine.txt").write_text("mine")
    run = Run(directory, stack)
    run.ready()
    assert run.end()[0] == 0
    assert os.listdir(directory) == ["mine.txt"]


def test_all_stops_when_a_part_dies(stack, tmp_path):
    run = Run(tmp_path / "run", stack)
    run.ready()
    subprocess.run(["pkill", "-KILL", "-f", f"serve --config {tmp_path}/run/"], check=True)
    out, err = run.child.communicate(timeout=30)
    assert run.child.returncode == 1 and "acmeproxy stopped by itself" in err
    assert not (tmp_path / "run").exists() and processes_about(tmp_path / "run") == []


def test_not_even_sigkill_leaves_processes(stack, tmp_path):
    run = Run(tmp_path / "run", stack)
    before = run.ready()
    run.child.kill()
    run.child.communicate()
    end = time.monotonic() + 20
    while processes_about(tmp_path / "run"):
        assert time.monotonic() < end, processes_about(tmp_path / "run")
        time.sleep(0.1)
    again = Run(tmp_path / "run", stack)  # which removes what the other could not
    while again.ready() == before:
        assert time.monotonic() < end
        time.sleep(0.1)
    again.end()
    assert list((tmp_path / "run").iterdir()) == []
