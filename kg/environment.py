"""Environment: a plant's files, and what they leave to variables and other files, as secrets."""

from __future__ import annotations

import os
import re
import tomllib
from typing import TYPE_CHECKING, Any

from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

SECRETS = ("password", "token", "user")
"""Settings that stand nowhere in the open."""
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def read_toml(path: Path, sections: set[str]) -> dict[str, Any]:
    """Read a file of TOML.

    Raises:
        ConfigError: it is missing, is none, or has other ``sections``.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no {path}", hint="name one with --plant PATH") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: {error}", hint="it is a file of TOML, in UTF-8") from error
    if unknown := document.keys() - sections:
        hint = f"its sections are {', '.join(sorted(sections))}"
        raise ConfigError(f"{path}: unknown section [{min(unknown)}]", hint=hint)
    return document


def expand_secrets(
    section: dict[str, Any],
    folder: Path,
    path: Path,
    where: str,
    names: Collection[str] = SECRETS,
) -> dict[str, Any]:
    """Fill in the environment and the files that hold secrets, which stand nowhere else.

    ``path`` and ``where`` are the file and the section that errors name.

    Raises:
        ConfigError: a secret stands in the open, or its variable or file is not there.
    """
    given = {key: _expand(value, path) for key, value in section.items()}
    for name in sorted(names):
        if name in section and not _VARIABLE.fullmatch(str(section[name])):
            raise ConfigError(
                f"{path}: {where} {name} stands in the open",
                hint=f'{name} = "${{NAME}}" takes it from the environment, {name}_file from a file',
            )
        if file := given.get(f"{name}_file"):
            try:
                given[name] = (folder / str(file)).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"{path}: {where} {name}_file: {error}", hint="name a file that can be read"
                ) from error
    return given


def _expand(value: Any, path: Path) -> Any:
    def lookup(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise ConfigError(f"{path}: ${{{name}}} is not set", hint=f"export {name}=…")
        return os.environ[name]

    return _VARIABLE.sub(lookup, value) if isinstance(value, str) else value
