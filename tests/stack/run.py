"""`make run`: the local stack in the foreground, until Ctrl-C or SIGTERM."""

import fcntl
import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stack.process import StackError  # noqa: E402
from stack.stack import TOP, Stack  # noqa: E402


class Stopped(BaseException):
    """Ctrl-C or SIGTERM."""


def on_signal(signo, _frame):
    # Only the first one: stopping must not be stopped half-way.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(signo)


def settings_of_user():
    """The members of the file that ACMEPROXY_RUN_SETTINGS names."""
    name = os.environ.get("ACMEPROXY_RUN_SETTINGS")
    if not name:
        return {}
    try:
        settings = json.loads(Path(name).read_text())
    except (OSError, ValueError) as error:
        raise StackError(f"ACMEPROXY_RUN_SETTINGS={name}: {error}") from error
    if not isinstance(settings, dict):
        raise StackError(f"ACMEPROXY_RUN_SETTINGS={name}: a JSON object is needed")
    return settings


def lock(directory):
    """Keep others out of the directory; None when one is in there."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


def write_env(path, env):
    temporary = path.with_name(".env.new")
    temporary.write_text("".join(f"{k}={shlex.quote(v)}\n" for k, v in env.items()))
    temporary.rename(path)


def explain(stack):
    host, port = stack.dns_host, stack.dns_port
    curl = f"curl --cacert {shlex.quote(str(stack.ca_cert))}"
    print(f"""All parts answer: Redis, acmeproxy, nginx, PowerDNS.  Try it:

  {curl} --data name=secure.example.com {stack.url}/create_authorisation
  {curl} --data 'name=secure.example.com&secret=SECRET&response=evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA' {stack.url}/publish_response
  dig @{host} -p {port} +noall +answer TXT _acme-challenge.secure.example.com

Settings: {stack.config}
Shell variables: {stack.dir / 'env'}
Ctrl-C stops everything and removes it.""", flush=True)


def run(directory):
    stack = Stack(directory, settings_of_user())
    env = directory / "env"
    try:
        stack.start()
        write_env(env, stack.env)
        explain(stack)
        while (dead := stack.dead_part()) is None:
            time.sleep(0.3)
        raise StackError(f"{dead[0]} stopped by itself:\n{dead[1]}")
    finally:
        env.unlink(missing_ok=True)
        stack.stop()


def main():
    directory = Path(os.environ.get("ACMEPROXY_RUN_DIR") or TOP / "build" / "run").resolve()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, on_signal)
    made = not directory.exists()
    fd = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        fd = lock(directory)
        if fd is None:
            raise StackError(f"another stack runs in {directory}; "
                             "set ACMEPROXY_RUN_DIR to start one elsewhere")
        print("Starting the local stack ...", flush=True)
        run(directory)
    except Stopped:
        print("Stopped.", flush=True)
        return 0
    except (StackError, OSError) as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1
    finally:
        if made and fd is not None:
            try:
                directory.rmdir()
            except OSError:
                pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
