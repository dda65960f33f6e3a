"""Passwords, sessions and keys: who somebody is."""

import hashlib
import secrets
import threading
from datetime import timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from fastapi import Request, Response

from thymos.serve.studio.gate import Bucket, client_of, tried_too_often
from thymos.serve.studio.options import StudioOptions
from thymos.serve.studio.problems import Refused
from thymos.serve.studio.store import Store
from thymos.serve.studio.store.accounts import LOCAL, UserRow

COOKIE = "thymos_session"
KEY_PREFIX = "thymos-"
HASHING_AT_ONCE = 2  # each hash takes 64 MB and a core for a moment


def digest_of(secret: str) -> str:
    """What is kept of a session's or key's secret. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """256 random bits for a cookie or a key."""
    return secrets.token_urlsafe(32)


class Identity:
    """Finds out who asks.

    Args:
        store: knows the users.
        options: of the studio.
    """

    def __init__(self, store: Store, options: StudioOptions) -> None:
        self.store, self.options = store, options
        self._hasher = PasswordHasher()  # argon2id with the library's settings (RFC 9106, low memory)
        self._hashing = threading.BoundedSemaphore(HASHING_AT_ONCE)
        limits = options.limits
        self._names = Bucket(limits.tries, limits.tries_seconds)
        self._addresses = Bucket(limits.tries * 3, limits.tries_seconds)
        self._local: UserRow | None = None

    def known_owner(self) -> str | None:
        """The local user, where it is known without asking the database."""
        return None if self.options.accounts or self._local is None else self._local.id

    @cached_property
    def _nobody(self) -> str:
        """The hash of a password that nobody has."""
        return self._hasher.hash(new_secret())

    def owner(self, request: Request) -> str | None:
        """The user's id; None when nobody is signed in."""
        if not self.options.accounts:
            return self.local().id
        cookie = request.cookies.get(COOKIE)
        return None if not cookie else self.store.accounts.session_owner(digest_of(cookie))

    def local(self) -> UserRow:
        """The one user of a studio without accounts."""
        if self._local is None:
            self._local = self.store.accounts.local_user()
        return self._local

    def forget_local(self) -> None:
        """The local user was erased; the next request makes a new one."""
        self._local = None

    def register(self, name: str, password: str, request: Request) -> UserRow:
        """Make an account.

        Raises:
            Refused: no accounts here, no new ones, a password that holds the name, too many tries.
            Conflict: the name is taken.
        """
        if not self.options.accounts:
            raise Refused(403, "this studio has one user and no accounts; start it with --accounts")
        if not self.options.registration:
            raise Refused(403, "new accounts cannot be made here")
        self._try((self._addresses, client_of(request.scope)))
        if name.casefold() == LOCAL:
            raise Refused(409, "this name is taken")
        if name.casefold() in password.casefold() or len(set(password)) < 5:
            raise Refused(422, "password: choose one that is harder to guess")
        with self._hashing:
            hashed = self._hasher.hash(password)
        return self.store.accounts.register(name, hashed)

    def sign_in(self, name: str, password: str, request: Request) -> UserRow:
        """Check a password.

        Raises:
            Refused: 401 for a wrong name or password (it is not told which), 429 after too many tries.
        """
        if not self.options.accounts:
            raise Refused(403, "this studio has one user and no accounts; start it with --accounts")
        self._try((self._addresses, client_of(request.scope)), (self._names, name.casefold()))
        found = self.store.accounts.credentials(name)
        # A name that is not there takes as long as a wrong password.
        hashed = self._nobody if found is None or found[1] is None else found[1]
        with self._hashing:
            right = self._fits(hashed, password)
            if not right or found is None or hashed is self._nobody:
                raise Refused(401, "name or password is wrong")
            if self._hasher.check_needs_rehash(hashed):
                self.store.accounts.set_password(found[0].id, self._hasher.hash(password))
        return found[0]

    def _fits(self, hashed: str, password: str) -> bool:
        try:
            return bool(self._hasher.verify(hashed, password))
        except (VerificationError, InvalidHashError):
            return False

    def _try(self, *buckets: tuple[Bucket, str]) -> None:
        wait = tried_too_often(buckets)
        if wait:
            raise Refused(429, "too many tries; wait some minutes", retry_after=wait)

    def open_session(self, user: UserRow, response: Response) -> None:
        """Sign somebody in: a fresh secret in a cookie that scripts cannot read."""
        secret, lasting = new_secret(), timedelta(days=self.options.session_days)
        self.store.accounts.open_session(user.id, digest_of(secret), lasting)
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(lasting.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=self.options.tls,
            path="/",
        )

    def close_session(self, request: Request, response: Response) -> None:
        """Sign somebody out."""
        cookie = request.cookies.get(COOKIE)
        if cookie:
            self.store.accounts.close_session(digest_of(cookie))
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self.options.tls, path="/")

    def key_owner(self, authorization: str) -> str:
        """Whose key this is.

        Args:
            authorization: the header, ``Bearer thymos-...``.

        Raises:
            Refused: 401.
        """
        kind, _, secret = authorization.partition(" ")
        found = self.store.accounts.key_owner(digest_of(secret.strip())) if kind.lower() == "bearer" else None
        if found is None:
            raise Refused(401, "a key is needed: make one in the studio's settings and send it as Bearer token")
        owner, key = found
        self.store.for_user(owner).keys.touch(key)
        return owner
