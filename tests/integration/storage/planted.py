"""Credentials of stores that nobody may ever read anywhere."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_ID, SECRET, SESSION = "AKIAPLANTEDKEYID", "planted/secret+access=key", "planted-session-token"
TOKEN = "planted-access-token"
PRIVATE_KEY_ID = "planted-private-key-id"

AMAZONS = {
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": SESSION,
    "AWS_DEFAULT_REGION": "us-east-1",
}


def new_private_key() -> str:
    """Return a key as Google's key files have it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def service_account(private_key: str, token_uri: str) -> dict[str, str]:
    """Return what a key file holds."""
    return {
        "type": "service_account",
        "project_id": "project",
        "private_key_id": PRIVATE_KEY_ID,
        "private_key": private_key,
        "client_email": "janitor@project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }


def secrets_of(private_key: str) -> list[str]:
    """Return all that must not be said; the id of Amazon's key is none."""
    lines = [line for line in private_key.splitlines() if "-----" not in line]
    basic = base64.b64encode(f"{KEY_ID}:{SECRET}".encode()).decode()
    return [*lines, PRIVATE_KEY_ID, TOKEN, SECRET, SESSION, basic]
