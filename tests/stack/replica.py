"""The Redis of a second name server: a replica, over TLS, as the shipped files configure it."""

import json
import shutil
import subprocess

from .config import DEPLOY, redis_conf, redis_replica, write_private
from .process import Process, StackError, wait_until


class Replica:
    """Follows the Redis of a stack that has a replica_port; directory needs a short path."""

    def __init__(self, stack, directory):
        self.stack, self.dir = stack, directory
        self.socket = directory / "redis.sock"
        self.process = None

    def __enter__(self):
        etc = self.dir / "etc"
        for path in (etc / "redis.d", self.dir / "redis", self.dir / "tls"):
            path.mkdir(parents=True)
        for end in ("crt", "key"):
            shutil.copy(self.stack.dir / "tls" / f"redis-tls.{end}", self.dir / "tls")
        # Each name server has passwords of its own; here they are the same.
        shutil.copy(self.stack.dir / "etc" / "redis-users.acl", etc)
        password = self.stack.redis_password_file("replica").read_text().strip()
        (etc / "redis.conf").write_text(redis_conf(self.dir))
        write_private(etc / "redis.d" / "replica.conf",
                      redis_replica(self.dir, self.stack.replica_port, password))
        self.config = self.dir / "acmeproxy.json"
        settings = json.loads(self.stack.config.read_text())
        settings["redis_read"]["socket"] = str(self.socket)
        self.config.write_text(json.dumps(settings))
        self.start()
        return self

    def __exit__(self, *_):
        self.process.stop()

    def start(self):
        self.process = Process("replica", self.argv(), self.dir / "log", cwd=self.dir).start()
        try:
            wait_until("the replica follows", self.is_in_step, self.process)
        except StackError:
            self.process.stop()
            raise

    def argv(self):
        return [DEPLOY / "redis" / "start.sh", self.dir / "etc" / "redis.conf"]

    def is_in_step(self):
        """True if it has acknowledged a write of the first Redis."""
        said = self.stack.redis_cli(text="SET in-step 1\nWAIT 1 1000\nDEL in-step\n")
        return said.splitlines()[1:2] == ["1"]

    def read(self, *words, text=None):
        """What redis-cli prints when it asks the replica; text is its standard input."""
        password = self.stack.redis_password_file("admin").read_text().strip()
        return subprocess.run(["redis-cli", "-s", self.socket, "--user", "admin", "--pass", password,
                               "--no-auth-warning", *words], input=text, capture_output=True,
                              text=True, timeout=20).stdout.rstrip("\n")
