"""Texts at rest: AES-256-GCM under a key of the user, or plain.

A stored text says how it is kept: ``p:`` plain, ``s:KEY:...`` sealed under the key with this fingerprint. Each sealed
text is bound to its row and column, so that rows cannot be swapped unnoticed.
"""

import base64
import binascii
import os
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from thymos.errors import BadInput

KEY_BYTES = 32
NONCE_BYTES = 12  # 96 bits, as GCM wants; drawn anew for every text
PLAIN, SEALED = "p:", "s:"
KEY_VARIABLE = "THYMOS_KEY"


class WrongKey(BadInput):
    """The texts of the database cannot be opened with the key that was given."""

    def __init__(self, what: str = "the texts in it are sealed under another key") -> None:
        super().__init__(what, where="database", mend=f"give the key it was made with: --key-file or {KEY_VARIABLE}")


@dataclass(frozen=True)
class Sealer:
    """Seals and opens texts.

    Args:
        keys: raw keys of 32 bytes; the first seals, all open. Without keys texts are kept plain.

    Example:
        >>> sealer = Sealer((bytes(32),))
        >>> sealer.opened(sealer.sealed("hello", "messages.content.1"), "messages.content.1")
        'hello'
    """

    keys: tuple[bytes, ...] = ()
    _ciphers: dict[str, AESGCM] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if any(len(key) != KEY_BYTES for key in self.keys):
            raise BadInput(f"a key has {KEY_BYTES} bytes", where="key", mend="let `thymos studio --key-file` make one")
        object.__setattr__(self, "_ciphers", {fingerprint(key): AESGCM(key) for key in self.keys})

    def __repr__(self) -> str:
        return f"Sealer({len(self.keys)} keys)"  # never the keys

    @property
    def on(self) -> bool:
        """Whether new texts are encrypted."""
        return bool(self.keys)

    def sealed(self, text: str, place: str) -> str:
        """The text as it is stored.

        Args:
            text: what was written.
            place: names the row and column, e.g. ``"messages.content.ID"``.
        """
        if not self.keys:
            return PLAIN + text
        name, cipher = next(iter(self._ciphers.items()))
        nonce = secrets.token_bytes(NONCE_BYTES)
        body = nonce + cipher.encrypt(nonce, text.encode(), place.encode())
        return f"{SEALED}{name}:{base64.b64encode(body).decode()}"

    def opened(self, stored: str, place: str) -> str:
        """The text that was stored.

        Raises:
            WrongKey: sealed under a key that is not here, changed, or moved from another row.
        """
        if stored.startswith(PLAIN):
            return stored[len(PLAIN) :]
        name, _, coded = stored.removeprefix(SEALED).partition(":")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise WrongKey if self.keys else WrongKey("the texts in it are sealed, and no key was given")
        try:
            body = base64.b64decode(coded, validate=True)
            return cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error):
            raise WrongKey(f"the text at {place} was changed from outside") from None

    def is_current(self, stored: str) -> bool:
        """Whether a stored text is kept the way new ones are."""
        if not self.keys:
            return stored.startswith(PLAIN)
        return stored.startswith(f"{SEALED}{fingerprint(self.keys[0])}:")


def fingerprint(key: bytes) -> str:
    """A short public name of a key."""
    return sha256(b"thymos key name\0" + key).hexdigest()[:12]


def read_key_file(path: str | Path) -> tuple[bytes, ...]:
    """Keys of a file, one a line in base64; a file that is not there is made with a fresh key, readable by its owner.

    For a new key, put it on the first line and leave the old one below until ``--reseal`` has run.

    Raises:
        BadInput: a line that is no key, or a place that cannot be written.
    """
    path = Path(path).expanduser()
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as stream:
                stream.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
        except OSError as error:
            raise BadInput(f"no key can be written ({error.strerror})", where=path, mend="name another file") from None
    try:
        lines = [line.strip() for line in path.read_text(encoding="ascii").splitlines()]
    except (OSError, UnicodeDecodeError):
        raise BadInput("the key cannot be read", where=path, mend="check the file and its permissions") from None
    keys = tuple(parse_key(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line)
    if not keys:
        raise BadInput("there is no key in it", where=path, mend="remove the empty file: a fresh key will be made")
    return keys


def parse_key(text: str, where: str = KEY_VARIABLE) -> bytes:
    """A key from base64 (the usual alphabet or the one for addresses).

    Raises:
        BadInput: not 32 bytes in base64; the text itself is not told.
    """
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadInput(f"this is no key: {KEY_BYTES} bytes in base64 are needed", where=where, mend="check the key")
    return key
