"""Commands that make keys, list them and take them back."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from kg.access.gate import keys_path
from kg.access.keys import opened
from kg.answer.render import to_json
from kg.cli.options import PlantOption, QuietOption, say, suggest
from kg.errors import ConfigError
from kg.report import rows_text
from kg.roles import ScopeName
from kg.settings import load_plant
from kg.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.access.keys import Key, Keys
    from kg.settings import Plant

MAX_NAME = 80

keys = typer.Typer(no_args_is_help=True, help="Make keys, list them, and take them back.")


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Whose it is: 'kiosk at the saws'.")],
    role: Annotated[
        str, typer.Option(help="reader, analyst, sender, kiosk, admin, or a [[role]].")
    ],
    plant: PlantOption = Path("plant.toml"),
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="Only this much of what its role may do.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0.001, max=36_500, help="How long it is good.")
    ] = None,
    until: Annotated[str, typer.Option(help="Until when, ISO 8601; default: for ever.")] = "",
    quiet: QuietOption = False,
) -> None:
    """Make a key and print it, this once: only its digest is kept."""
    described = load_plant(plant)
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise ConfigError(f"a key's name has 1 to {MAX_NAME} printable letters", hint="who has it")
    now = datetime.now(UTC).replace(microsecond=0)
    scopes = _scopes(described, role, scope or [])
    expires_at = _end(now, days, until)
    with _keys(described) as found:
        secret, made = found.add(name, role, now, scopes=scopes, expires_at=expires_at)
    typer.echo(secret)
    good = f"until {format_time(expires_at)}" if expires_at else "until it is revoked"
    say(f"{made.prefix} of {name}, role {role}, is good {good}.", is_quiet=quiet)
    suggest(
        "send it as Authorization: Bearer …; it is not shown again\n"
        f"back: traveler keys revoke {made.prefix} --plant {plant}",
        is_quiet=quiet,
    )


@keys.command("list")
def show(
    plant: PlantOption = Path("plant.toml"),
    is_all: Annotated[bool, typer.Option("--all", help="Also those that open nothing.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the keys, by their prefixes."""
    now = datetime.now(UTC)
    with _keys(load_plant(plant)) as found:
        rows = [_told(key, now) for key in found.all() if is_all or key.is_good(now)]
    if is_json:
        typer.echo(to_json({"keys": rows}))
        return
    shown = [{n: str(v) for n, v in row.items() if v and n != "created_at"} for row in rows]
    for row in shown:
        row["until"] = row.pop("expires_at", "-")
    typer.echo(rows_text(shown) if shown else "There are no keys.")


@keys.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="Its prefix, or its name.")],
    plant: PlantOption = Path("plant.toml"),
    quiet: QuietOption = False,
) -> None:
    """Take a key back, at once, and end the sessions that it opened."""
    with _keys(load_plant(plant)) as found:
        gone = found.revoke(key, datetime.now(UTC).replace(microsecond=0))
    say(f"{gone.prefix} of {gone.name} opens nothing any more.", is_quiet=quiet)


@contextmanager
def _keys(plant: Plant) -> Iterator[Keys]:
    if plant.access is None:
        raise ConfigError(
            "plant.toml does not say who may ask: there are no keys",
            hint="write a section [access] into it; it may be empty",
        )
    with opened(keys_path(plant, plant.access)) as found:
        yield found


def _scopes(plant: Plant, role: str, given: list[str]) -> tuple[str, ...]:
    roles = plant.every_role
    if role not in roles:
        near = get_close_matches(role, roles, 3) or sorted(roles)
        raise ConfigError(f"there is no role {role!r}", hint=f"there is {', '.join(near)}")
    for scope in given:
        if scope not in get_args(ScopeName):
            raise ConfigError(
                f"there is no scope {scope!r}", hint=f"one of {', '.join(get_args(ScopeName))}"
            )
        if scope not in roles[role].scopes:
            raise ConfigError(
                f"the role {role} has no scope {scope}",
                hint=f"it has {', '.join(roles[role].scopes)}",
            )
    return tuple(dict.fromkeys(given))


def _end(now: datetime, days: float | None, until: str) -> datetime | None:
    if days is not None and until:
        raise ConfigError("--days and --until say the same", hint="one of them is enough")
    if days is not None:
        return (now + timedelta(days=days)).replace(microsecond=0)
    if not until:
        return None
    try:
        end = parse_time(until, "iso", UTC)  # type: ignore[arg-type]
    except ValueError as error:
        raise ConfigError(f"--until {until!r} is no time", hint="2027-01-01T00:00:00Z") from error
    if end <= now:
        raise ConfigError(f"--until {until} has passed", hint="name a time that comes")
    return end


def _told(key: Key, now: datetime) -> dict[str, object]:
    return {
        "key": key.prefix,
        "name": key.name,
        "role": key.role,
        "scopes": " ".join(key.scopes),
        "state": key.state(now),
        "created_at": format_time(key.created_at),
        "expires_at": format_time(key.expires_at) if key.expires_at else None,
    }
