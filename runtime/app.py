"""The reference application: users over HTTP, and how a service treats its database.

Without authentication: it shows the database side and is not meant to face the internet as it is. The list comes from the
reader and may lag by a moment, but not for who has just written (a cookie says when); one user always comes from the writer.
While the
database is away every answer that needs it is 503 with Retry-After, in a second or two, and never a traceback; nothing is
repeated on the client's behalf.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, TypeVar
from uuid import UUID

import psycopg
from fastapi import Cookie, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import ReadOnlySqlTransaction
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.exceptions import HTTPException as StarletteHTTPException

from runtime import VERSION
from runtime.connector import one_line
from runtime.database import PIN, DatabaseManager
from runtime.environment import ApplicationEnvironment
from runtime.errors import DuplicateUser
from runtime.passwords import UNUSABLE, hash_password
from runtime.users import ListedUser, NewUser, User, UserDAO, UserDetails

logger = logging.getLogger("runtime.app")

T = TypeVar("T")
Name = Annotated[str, Field(max_length=100)]
Phone = Annotated[str, Field(max_length=20)]


class SignUp(BaseModel):
    """The body of POST /users. Without a password the account exists but nobody can log in to it."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=255, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    username: Annotated[str, Field(min_length=1, max_length=50)]
    password: Annotated[SecretStr, Field(min_length=8, max_length=1000)] | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    phone_number: Phone | None = None


class Changes(BaseModel):
    """The body of PATCH /users/{id}: the fields that ``UserDAO.update_user`` takes; absent ones stay as they are."""

    model_config = ConfigDict(extra="forbid")

    first_name: Name | None = None
    last_name: Name | None = None
    phone_number: Phone | None = None
    profile_image_url: Annotated[str, Field(max_length=2000)] | None = None
    is_verified: bool = False


def create_app(environment: ApplicationEnvironment, db: DatabaseManager) -> FastAPI:
    """The application on *db*, which it opens when it starts (waiting for nothing) and closes when it stops."""
    users = UserDAO(db)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        db.open()
        yield
        db.close_all_connections()

    app = FastAPI(title="managed-postgres reference application", version=VERSION, lifespan=lifespan)
    _answer_problems(app)

    @app.get("/")
    async def index() -> dict[str, object]:
        links = ["/healthz", "/readyz", "/users", "/docs"]
        return {"name": app.title, "version": VERSION, "environment": environment.environment, "links": links}

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is alive. Asks nobody, or an outage of the database would have every container killed."""
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz(response: Response) -> dict[str, object]:
        """Whether the writer answers: 200 or 503; role and lag in seconds of what is reached."""
        health = db.health()
        response.status_code = 200 if health.ok else 503
        return {"status": "ready" if health.ok else "not ready", **asdict(health)}

    @app.get("/users")
    def list_users(
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        verified_only: bool = False,
        search: Annotated[str | None, Query(max_length=100)] = None,
        wrote_at: Annotated[str | None, Cookie()] = None,
    ) -> list[ListedUser]:
        return users.list_users(
            limit=limit, offset=offset, verified_only=verified_only, search_term=search, wrote_at=_moment(wrote_at)
        )

    @app.post("/users", status_code=201)
    def create_user(body: SignUp, response: Response) -> User:
        """201 once the user is committed."""
        password = body.password and hash_password(body.password.get_secret_value())
        fields = body.model_dump(exclude={"password"})
        user = users.create_user(NewUser(**fields, password_hash=SecretStr(password or UNUSABLE)))
        response.headers["Location"] = f"/users/{user.user_id}"
        _pin(response)
        return user

    @app.get("/users/{user_id}")
    def get_user(user_id: UUID) -> UserDetails:
        return _found(users.get_user_by_id(user_id))

    @app.patch("/users/{user_id}")
    def update_user(user_id: UUID, body: Changes, response: Response) -> User:
        changes = body.model_dump(exclude_unset=True)
        if not changes:
            raise HTTPException(422, f"nothing to change; what can be changed: {', '.join(Changes.model_fields)}")
        user = _found(users.update_user(user_id, changes))
        _pin(response)
        return user

    @app.delete("/users/{user_id}", status_code=204)
    def delete_user(user_id: UUID, response: Response) -> None:
        """The row is kept and marked; see ``UserDAO.delete_user``."""
        if not users.delete_user(user_id):
            raise HTTPException(404, "there is no such user")
        _pin(response)

    return app


def _pin(response: Response) -> None:
    """Tells the client when it wrote; it says so with its next requests (``DatabaseManager.reader``)."""
    response.set_cookie("wrote_at", f"{time.time():.3f}", max_age=int(PIN), httponly=True, samesite="lax")


def _moment(cookie: str | None) -> float | None:
    try:
        return float(cookie) if cookie else None
    except ValueError:  # not one of ours
        return None


def _found(value: T | None) -> T:
    if value is None:
        raise HTTPException(404, "there is no such user")
    return value


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    # RFC 9457, in one line.
    return JSONResponse({"status": status, "detail": detail}, status, headers, media_type="application/problem+json")


def _answer_problems(app: FastAPI) -> None:
    reported_at = 0.0

    async def away(_: Request, error: Exception) -> JSONResponse:
        nonlocal reported_at
        if time.monotonic() - reported_at > 1:  # an outage at 200 requests/s needs one line a second, not 200
            reported_at = time.monotonic()
            logger.warning("answering 503: %s", one_line(error))
        return _problem(503, "the database is not available at the moment; try again", {"Retry-After": "1"})

    # Lost and refused connections, a full pool, a server that starts, stops or was demoted, a cancelled statement.
    for kind in (psycopg.OperationalError, psycopg.InterfaceError, ReadOnlySqlTransaction):
        app.add_exception_handler(kind, away)

    @app.exception_handler(DuplicateUser)
    async def duplicate(_: Request, error: DuplicateUser) -> JSONResponse:
        return _problem(409, str(error))

    @app.exception_handler(StarletteHTTPException)  # FastAPI's is a subclass; unknown paths and methods raise this one
    async def refused(_: Request, error: StarletteHTTPException) -> JSONResponse:
        return _problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(psycopg.DataError)
    async def unstorable(_: Request, error: psycopg.DataError) -> JSONResponse:
        return _problem(422, one_line(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer repeats the input, and the input may be a password.
        problems = (f"{'.'.join(map(str, e['loc'][1:])) or 'body'}: {e['msg']}" for e in error.errors())
        return _problem(422, "; ".join(problems))
