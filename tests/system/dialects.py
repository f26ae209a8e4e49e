"""What the tests of other responders' APIs share."""

import base64
import hashlib

ZONE = {"name": "auth.example.org", "records": ["@ 3600 A 192.0.2.53"]}
# A key authorisation (RFC 8555, 8.1), and the TXT value made from it.
KEY_AUTH = "token." + "k" * 43
KEY_AUTH_VALUE = base64.urlsafe_b64encode(hashlib.sha256(KEY_AUTH.encode()).digest()).decode().rstrip("=")


def basic_auth(user, password):
    """The header of HTTP's Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
