"""`make run`: the local stack in the foreground, until Ctrl-C or SIGTERM."""

import json
import os
import shlex
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stack.process import Signals, StackError, Stopped  # noqa: E402
from stack.stack import TOP, Stack  # noqa: E402

VALUE = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


def directory_of_user(default):
    """ACMEPROXY_RUN_DIR, or the default, which is a name in build/."""
    build = TOP / (os.environ.get("BUILD") or "build")
    return Path(os.environ.get("ACMEPROXY_RUN_DIR") or build / default).absolute()


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


def explain(stack):
    curl = f"curl -sS --cacert {shlex.quote(str(stack.ca_cert))}"
    create = f"{curl} --data name=secure.example.com {stack.url}/create_authorisation"
    publish = f'{curl} --data "name=secure.example.com&secret=$secret&response={VALUE}"'
    print(f"""All parts answer: Redis, acmeproxy, nginx, PowerDNS.  Try it:

  secret=$({create} | tee /dev/stderr | cut -d'"' -f6)
  {publish} {stack.url}/publish_response
  dig @{stack.dns_host} -p {stack.dns_port} +noall +answer TXT _acme-challenge.secure.example.com

Settings: {stack.config}
Logs: {stack.dir / 'log'}
Shell variables: {stack.rundir.env}
Ctrl-C stops everything and removes it.""", flush=True)


def run(directory, signals):
    with Stack(directory, settings_of_user(), interrupt=signals.check) as stack:
        stack.rundir.write_env(
            "".join(f"{k}={shlex.quote(v)}\n" for k, v in stack.env.items()))
        explain(stack)
        while (dead := stack.dead_part()) is None:
            signals.check()
            time.sleep(0.2)
        raise StackError(f"{dead[0]} stopped by itself, {dead[1]}")


def main():
    signals = Signals()
    try:
        print("Starting the local stack ...", flush=True)
        run(directory_of_user("run"), signals)
    except Stopped:
        print("Stopped.", flush=True)
        return 0
    except (StackError, OSError) as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
