"""A second name server whose clock is wrong, compared with that of the first."""

import time

import pytest
from conftest import Api, Redis, until, value
from stack.coprocess import Coprocess
from stack.process import free_port
from stack.replica import Replica

NAME = "secure.example.com"


@pytest.fixture
def second(start_stack, tmp_path):
    """A coprocess that reads a replica, and a way to say what time it is at the first server."""
    stack = start_stack(replica_port=free_port(),
                        settings={"replicas_required": 1, "replicas_timeout_ms": 3000})
    redis, log = Redis(stack), tmp_path / "log"
    with Replica(stack, tmp_path / "r") as replica, \
            Coprocess(stack.build / "acmeproxy-pipe", replica.config, log) as pipe:
        api = Api(stack)
        api.publish(NAME, api.create(NAME), value(1))
        assert pipe.texts(NAME) == [value(1)]
        until("the first server has told its time", lambda: redis("HGET", "acmeproxy:clock", "now_ms"))
        assert abs(int(redis("HGET", "acmeproxy:clock", "now_ms")) / 1000 - time.time()) < 10
        stack.stop_part("acmeproxy")

        def is_earlier_by(seconds):
            redis("HSET", "acmeproxy:clock", "now_ms", int(1000 * (time.time() - seconds)))
            redis("WAIT", 1, 3000)
            time.sleep(0.6)  # a question may rely on what was read half a second ago

        yield pipe, is_earlier_by, log


@pytest.mark.parametrize("seconds,words", [(20, " s fast, compared"), (-20, " s slow, compared")])
def test_it_says_so(second, seconds, words):
    pipe, is_earlier_by, log = second
    is_earlier_by(0)
    assert pipe.texts(NAME) == [value(1)] and words not in log.read_text()
    is_earlier_by(seconds)
    assert pipe.texts(NAME) == [value(1)] and words in log.read_text()


def test_the_end_of_a_response_is_judged_by_the_first_servers_clock(second):
    pipe, is_earlier_by, _ = second
    is_earlier_by(-280)
    assert pipe.texts(NAME) == [value(1)]
    is_earlier_by(-310)
    assert pipe.texts(NAME) == []


def test_a_clock_that_hides_responses_is_servfail(second):
    """A replica hides what has expired by its own clock: nobody must take that for no data."""
    pipe, is_earlier_by, log = second
    is_earlier_by(600)
    assert pipe.texts(NAME) is None and " s fast" in log.read_text()
    is_earlier_by(0)
    assert pipe.texts(NAME) == [value(1)], "it was corrected"
