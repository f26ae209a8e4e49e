"""`make torture`, one short round of each fault; and whether it would notice what it looks for."""

import pytest
from conftest import PATIENCE, until
from torture.faults import FAULTS, Fault
from torture.round import torture
from torture.stack import may_mount

SECONDS = 1


def needs_root(fault):
    return "small" in (fault.disk, fault.replica)


@pytest.mark.parametrize("key", [key for key, fault in FAULTS.items() if not fault.is_long])
def test_nothing_is_lost(tmp_path, key):
    fault = FAULTS[key]
    if needs_root(fault) and not may_mount():
        pytest.skip("needs root, to mount a small disk")
    found = torture(fault, tmp_path, 1, SECONDS)
    assert found.count.acknowledged > 20
    assert found.count.lost == 0, found.complaints
    # PowerDNS swallows the question that a coprocess died of.
    assert found.count.wrong <= found.n_killed, found.complaints
    assert found.outage_s < PATIENCE
    # What a killed nginx had taken from us, and not handed on, is lost.
    assert found.count.locked_out <= (2 if key == "kill_nginx" else 0), found.complaints


def test_it_notices_what_another_configuration_loses(tmp_path):
    found = torture(FAULTS["slow_power_cut"], tmp_path, 1, SECONDS, "appendfsync everysec",
                    patience_s=0)
    assert found.count.lost > 0


def test_it_notices_a_lock_out_and_lost_responses(tmp_path):
    """Somebody else writes to the store: a secret is replaced, responses are removed."""
    def meddle(round_):
        def names(clients):
            return [name.name for client in clients for name in list(client.names) if name.live]

        until("clients have responses", lambda: names(round_.clients[:1]) and len(
            names(round_.clients[1:])) > 3)
        key = f"acmeproxy:authorisation:{names(round_.clients[:1])[0]}"
        fields = round_.redis("HKEYS", key).splitlines()
        round_.redis("HDEL", key, *(field for field in fields if field.startswith("secret:")))
        round_.redis("DEL", *(f"acmeproxy:response:{name}" for name in names(round_.clients[1:])))
        return 0

    found = torture(Fault("meddling", meddle), tmp_path, 1, SECONDS)
    said = "\n".join(found.complaints)
    assert found.count.locked_out >= 1 and "no secret works" in said
    assert found.count.lost >= 1 and "does not work" in said
    assert "NOERROR" in said, "responses are missing"
