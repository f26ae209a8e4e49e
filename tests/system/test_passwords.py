"""The passwords of Redis's users, as deploy/redis/passwords.sh makes them."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
USERS = {"app": "acmeproxy", "pipe": "acmeproxy-pipe", "audit": "acmeproxy-audit",
         "replica": "acmeproxy-replica", "admin": "admin"}


class Installed:
    """A folder of settings, and the script beside a users.acl of its own."""

    def __init__(self, base):
        self.share, self.etc, self.socket = base / "share", base / "etc", base / "sock"
        shutil.copytree(DEPLOY / "redis", self.share)
        self.etc.mkdir()
        self.acl, self.template = self.etc / "redis-users.acl", self.share / "users.acl"
        # As much of redis.conf as the script looks at and Redis needs here.
        (self.etc / "redis.conf").write_text(
            f"port 0\nunixsocketperm 700\nunixsocket {self.socket}\naclfile {self.acl}\n"
            f"dir {base}\nsave \"\"\n")

    def run(self, *options):
        run = subprocess.run(["sh", str(self.share / "passwords.sh"), *options, str(self.etc)],
                             capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run
        return run

    def files(self):
        return {path.name: path.read_text() for path in self.etc.iterdir()}

    def password(self, name):
        return (self.etc / f"redis-{name}.password").read_text().strip()

    def whoami(self, name, password):
        run = subprocess.run(
            ["redis-cli", "-s", str(self.socket), "--user", USERS[name], "AUTH", USERS[name],
             password], capture_output=True, text=True, timeout=60)
        return run.stdout.strip()

    @contextlib.contextmanager
    def redis(self):
        with subprocess.Popen(["redis-server", str(self.etc / "redis.conf")],
                              stdout=subprocess.DEVNULL) as redis:
            try:
                end = time.monotonic() + 20
                while not self.socket.exists():
                    assert redis.poll() is None and time.monotonic() < end
                    time.sleep(0.02)
                yield
            finally:
                redis.terminate()


@pytest.fixture
def installed():
    # A path that is short enough for a socket.
    with tempfile.TemporaryDirectory() as base:
        yield Installed(Path(base))


def test_a_fresh_folder(installed):
    installed.run()
    assert sorted(installed.files()) == [
        "redis-admin.password", "redis-app.password", "redis-audit.password",
        "redis-pipe.password", "redis-replica.password", "redis-users.acl", "redis-users.acl.made", "redis.conf"]
    passwords = {installed.password(name) for name in USERS}
    assert len(passwords) == len(USERS)
    assert all(re.fullmatch("[0-9a-f]{64}", password) for password in passwords)
    assert "SHA256" not in installed.acl.read_text()
    for path in installed.etc.glob("redis-*"):
        assert path.stat().st_mode & 0o007 == 0, path
    with installed.redis():
        for name in USERS:
            assert installed.whoami(name, installed.password(name)) == "OK"
        assert installed.whoami("app", installed.password("pipe")).startswith("WRONGPASS")


def test_a_second_run_changes_nothing(installed):
    installed.run()
    before = installed.files()
    assert installed.run().stdout == ""
    assert installed.files() == before


def test_what_is_missing_is_made(installed):
    installed.run()
    before = installed.files()
    (installed.etc / "redis-pipe.password").unlink()
    installed.run()
    after = installed.files()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"redis-pipe.password", "redis-users.acl", "redis-users.acl.made"}
    with installed.redis():
        assert installed.whoami("pipe", installed.password("pipe")) == "OK"


def test_a_new_password_of_admin_needs_a_restart(installed):
    installed.run()
    (installed.etc / "redis-admin.password").unlink()
    with installed.redis():
        # Only admin could tell a running Redis.
        assert "restart acmeproxy-redis" in installed.run().stderr
        assert installed.whoami("admin", installed.password("admin")).startswith("WRONGPASS")
    with installed.redis():
        assert installed.whoami("admin", installed.password("admin")) == "OK"


def test_rotate(installed):
    installed.run()
    before = {name: installed.password(name) for name in USERS}
    with installed.redis():
        said = installed.run("--rotate").stdout
        # Redis has them already: it need not be restarted.
        assert said.splitlines()[1].strip() == "systemctl reload acmeproxy"
        for name in USERS:
            assert installed.whoami(name, installed.password(name)) == "OK"
            assert installed.whoami(name, before[name]).startswith("WRONGPASS")


def test_rotate_without_redis(installed):
    installed.run()
    assert "restart acmeproxy-redis" in installed.run("--rotate").stdout.splitlines()[1]


def test_new_rules_come_with_a_new_version(installed):
    installed.run()
    with installed.redis():
        installed.template.write_text(installed.template.read_text() + "user later reset off\n")
        installed.run()
        assert installed.acl.read_text().endswith("user later reset off\n")
        users = subprocess.run(
            ["redis-cli", "-s", str(installed.socket), "--user", "admin", "ACL", "USERS"],
            env={**os.environ, "REDISCLI_AUTH": installed.password("admin")},
            capture_output=True, text=True, timeout=60).stdout
        assert "later" in users.split()


def test_a_changed_file_stays(installed):
    installed.run()
    installed.acl.chmod(0o600)
    installed.acl.write_text(installed.acl.read_text() + "user mine reset off\n")
    installed.template.write_text(installed.template.read_text() + "user later reset off\n")
    said = installed.run().stderr
    assert "has changes of yours" in said and str(installed.template) in said
    assert "user mine" in installed.acl.read_text()
    assert "user later" not in installed.acl.read_text()
    # It still gets new passwords.
    before = installed.password("app")
    with installed.redis():
        installed.run("--rotate")
        assert "user mine" in installed.acl.read_text()
        assert installed.password("app") != before
        assert installed.whoami("app", installed.password("app")) == "OK"


@pytest.mark.parametrize("arguments", [["--roate"], ["/nowhere/at/all"], ["/tmp", "/tmp"]])
def test_usage(arguments):
    run = subprocess.run(["sh", str(DEPLOY / "redis/passwords.sh"), *arguments],
                         capture_output=True, text=True, timeout=60)
    assert run.returncode in (1, 2) and run.stderr
