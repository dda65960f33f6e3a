"""Health, the user, settings, accounts, sessions, keys."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from thymos import __version__
from thymos.serve.studio import bodies
from thymos.serve.studio.help import disclosure, first_settings, help_body, languages, region_bodies, settings_of
from thymos.serve.studio.identity import KEY_PREFIX, digest_of, new_secret
from thymos.serve.studio.problems import Refused
from thymos.serve.studio.store import UserStore
from thymos.serve.studio.store.accounts import UserRow
from thymos.serve.studio.studio import Before, Here, Limit, Mine, Studio
from thymos.serve.studio.trial_desk import PARTS

router = APIRouter(tags=["people"])


@router.get("/health")
def health(studio: Here) -> bodies.Health:
    """Whether the studio runs; it does before its models are loaded."""
    parts = studio.parts
    return bodies.Health(status=parts.status, version=__version__, model=parts.model_name, detail=parts.detail)


def me_body(studio: Studio, user: UserStore | None) -> bodies.Me:
    """What a page needs first."""
    settings = first_settings() if user is None else settings_of(user)
    row = None if user is None else user.user()
    return bodies.Me(
        user=None if row is None else user_body(row),
        accounts=studio.options.accounts,
        registration=studio.options.accounts and studio.options.registration,
        disclosure=disclosure(settings.language),
        help=help_body(settings.region),
        regions=region_bodies(),
        languages=languages(),
        settings=settings,
        model=studio.parts.model_name,
        model_status=studio.parts.status,
        encrypted=studio.store.core.sealer.on,
        trial=studio.trial is not None,
        uses=list(uses_of(studio, user)),
    )


def uses_of(studio: Studio, user: UserStore | None) -> tuple[str, ...]:
    """The parts that are open to somebody."""
    if studio.trial is None:
        return PARTS
    return () if user is None else studio.trial.uses(user)


def user_body(row: UserRow) -> bodies.User:
    """A user as told."""
    return bodies.User(id=row.id, name=row.name, created=row.created)


@router.get("/me")
def me(request: Request, studio: Here) -> bodies.Me:
    """The user, or null where nobody is signed in; disclosure and help lines are there in both cases."""
    owner = studio.identity.owner(request)
    return me_body(studio, None if owner is None else studio.store.for_user(owner))


@router.patch("/me/settings")
def change_settings(changes: bodies.SettingsPatch, user: Mine) -> bodies.Settings:
    """Change some settings; what is left out stays."""
    wanted = {name: value for name, value in changes.model_dump().items() if name in changes.model_fields_set}
    for name, known in (("region", [one.code for one in region_bodies()]), ("language", languages())):
        if wanted.get(name) is not None and wanted[name] not in known:
            raise Refused(422, f"{name}: known are {', '.join(known)}")
    # Null is a value for the personality; for everything else it means "as it was".
    wanted = {name: value for name, value in wanted.items() if value is not None or name == "personality"}
    user.preferences.patch(wanted)
    return settings_of(user)


@router.get("/me/export", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
def export(user: Mine) -> Response:
    """Everything about this user as a zip file of JSON and readable talks."""
    name = f"thymos-export-{datetime.now(UTC):%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(user.export(), media_type="application/zip", headers=headers)


@router.delete("/me", status_code=204)
def erase(user: Mine, request: Request, response: Response, studio: Here) -> None:
    """Delete this user and everything of theirs, also from the database's free pages. There is no way back."""
    studio.queue.drop(owner=user.owner)
    studio.queue.wait_for_none(user.owner)
    code = None if studio.trial is None else studio.trial.code(user)
    user.erase()
    if studio.trial is not None and code is not None:
        studio.trial.erased(code)
    if studio.options.accounts:
        studio.identity.close_session(request, response)
    else:
        studio.identity.forget_local()


@router.post("/accounts", status_code=201)
def register(account: bodies.NewAccount, request: Request, response: Response, studio: Here) -> bodies.Me:
    """Make an account and sign in."""
    row = studio.identity.register(account.name, account.password, request)
    studio.identity.open_session(row, response)
    return me_body(studio, studio.store.for_user(row.id))


@router.post("/session")
def sign_in(credentials: bodies.Credentials, request: Request, response: Response, studio: Here) -> bodies.Me:
    """Sign in."""
    row = studio.identity.sign_in(credentials.name, credentials.password, request)
    studio.identity.open_session(row, response)
    return me_body(studio, studio.store.for_user(row.id))


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response, studio: Here) -> None:
    """Sign out; also fine when nobody is signed in."""
    if studio.options.accounts:
        studio.identity.close_session(request, response)


def key_body(row: dict[str, Any], secret: str | None = None) -> bodies.Key:
    """A key as told."""
    return bodies.Key(id=row["id"], name=row["name"], created=row["created"], used=row["used"], secret=secret)


@router.get("/me/keys")
def keys(user: Mine, limit: Limit = 50, before: Before = None) -> bodies.Page[bodies.Key]:
    """Keys for programs, without their secrets."""
    rows, more = user.keys.newest(limit, before)
    return bodies.Page(items=[key_body(row) for row in rows], more=more)


@router.post("/me/keys", status_code=201)
def make_key(wanted: bodies.NewKey, user: Mine) -> bodies.Key:
    """Make a key; its secret is told now and never again."""
    secret = KEY_PREFIX + new_secret()
    return key_body(user.keys.make(wanted.name, digest_of(secret)), secret)


@router.delete("/me/keys/{key_id}", status_code=204)
def drop_key(key_id: str, user: Mine) -> None:
    """Delete a key; it opens nothing from now on."""
    user.keys.drop(key_id)
