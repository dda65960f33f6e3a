"""Texts at rest: what is sealed opens under its key and in its place only."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.serve.studio.store import Sealer, Store
from thymos.serve.studio.store.sealing import WrongKey, parse_key, read_key_file
from thymos.serve.studio.store.tables import OWNED, sealed_columns

ONE, TWO = bytes(range(32)), bytes(range(1, 33))


@given(
    st.text(st.characters(exclude_categories=["Cs"])), st.text(max_size=40), st.sampled_from([(), (ONE,), (TWO, ONE)])
)
def test_what_is_sealed_opens(text: str, place: str, keys: tuple[bytes, ...]) -> None:
    sealer = Sealer(keys)
    stored = sealer.sealed(text, place)
    assert sealer.opened(stored, place) == text
    assert sealer.is_current(stored)
    if keys and len(text) > 8:
        assert text not in stored
        assert sealer.sealed(text, place) != stored  # a fresh nonce each time


def test_another_place_another_key_or_a_changed_byte_do_not_open() -> None:
    stored = Sealer((ONE,)).sealed("hello", "messages.content.1")
    with pytest.raises(WrongKey, match="changed from outside"):
        Sealer((ONE,)).opened(stored, "messages.content.2")
    with pytest.raises(WrongKey, match="another key"):
        Sealer((TWO,)).opened(stored, "messages.content.1")
    with pytest.raises(WrongKey, match="no key was given"):
        Sealer().opened(stored, "messages.content.1")
    spoiled = stored[:-6] + ("A" if stored[-6] != "A" else "B") + stored[-5:]
    with pytest.raises(WrongKey, match="changed from outside"):
        Sealer((ONE,)).opened(spoiled, "messages.content.1")


def test_keys_are_never_shown() -> None:
    assert "1" in repr(Sealer((ONE,)))
    assert repr(ONE) not in repr(Sealer((ONE,)))


def test_key_files(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"
    made = read_key_file(path)
    assert read_key_file(path) == made
    assert len(made[0]) == 32
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(f"{base64.urlsafe_b64encode(TWO).decode()}\n\n{base64.b64encode(ONE).decode()}\n")
    assert read_key_file(path) == (TWO, ONE)
    path.write_text("too short\n")
    with pytest.raises(BadInput, match="line 1: this is no key") as error:
        read_key_file(path)
    assert "too short" not in str(error.value)
    path.write_text("")
    with pytest.raises(BadInput, match="there is no key in it"):
        read_key_file(path)
    with pytest.raises(BadInput, match="32 bytes"):
        parse_key("QUJD")


def stored_texts(store: Store) -> list[str]:
    """Every text that is kept, as it is kept."""
    with store.core.engine.connect() as connection:
        return [
            text
            for table in OWNED
            for column in sealed_columns(table)
            for text in connection.execute(sa.select(column)).scalars()
        ]


def test_no_text_is_readable_in_the_database(
    url: str, open_store: Callable[..., Store], tmp_path: Path, fill: Callable[..., dict[str, str]]
) -> None:
    store = open_store(url, Sealer((ONE,)))
    ann = store.for_user(store.accounts.register("ann", "hash").id)
    fill(ann, "planted")
    texts = stored_texts(store)
    assert len(texts) > 8
    assert all(text.startswith("s:") for text in texts)
    assert b"planted message" in b"".join(
        ann.chats.messages(row.id)[0][0].content.encode() for row in ann.chats.newest(1)[0]
    )
    store.close()
    if url.startswith("sqlite"):
        assert not any(b"planted message" in path.read_bytes() for path in tmp_path.glob("studio.db*"))


def test_a_wrong_key_is_one_clear_error_at_the_start(url: str, open_store: Callable[..., Store]) -> None:
    open_store(url, Sealer((ONE,))).close()
    for sealer, told in ((Sealer((TWO,)), "another key"), (Sealer(), "no key was given")):
        with pytest.raises(WrongKey, match=told) as error:
            Store.open(url, sealer)
        assert "--key-file or THYMOS_KEY" in str(error.value)
    open_store(url, Sealer((ONE,)))  # and nothing was left locked


def test_sealing_can_begin_later_and_keys_can_change(url: str, open_store: Callable[..., Store]) -> None:
    store = open_store(url)
    ann = store.for_user(store.accounts.register("ann", "hash").id)
    chat = ann.chats.make("plain title")
    store.close()
    store = open_store(url, Sealer((ONE,)))
    ann = store.for_user(ann.owner)
    ann.chats.accept(chat.id, "sealed message", "client-0001")
    assert ann.chats.get(chat.id).title == "plain title"
    assert store.reseal() > 0
    assert all(text.startswith("s:") for text in stored_texts(store))
    store.close()
    store = open_store(url, Sealer((TWO, ONE)))
    assert store.reseal() > 0
    assert store.reseal() == 0
    store.close()
    store = open_store(url, Sealer((TWO,)))
    rows, _ = store.for_user(ann.owner).chats.messages(chat.id)
    assert rows[0].content == "sealed message"
    assert store.for_user(ann.owner).chats.get(chat.id).title == "plain title"
