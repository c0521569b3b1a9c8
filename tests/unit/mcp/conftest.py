from __future__ import annotations

from tests.unit.api.conftest import (  # noqa: F401 - the small plant, served
    client,
    own_client,
    own_owner,
    own_plant,
    owner,
)
