"""Documentation: Swagger UI from an installed package, so that it works without internet."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from fastapi import APIRouter, Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "png": "image/png"}
# Addresses are relative, so that the page also works below a proxy's path.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Traveler: the API</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; the same is in <a href="openapi.json">openapi.json</a>.
</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# A file of its own, as the page's policy allows no script inside it.
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def show_documentation() -> Response:
    """Show the API and let it be tried."""
    headers = {"Content-Security-Policy": POLICY}
    return Response(_PAGE, 200, headers, "text/html")


@router.get("/docs/start.js")
def start_documentation() -> Response:
    """Give the script that starts the page."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{name}")
def get_asset(
    name: Literal["swagger-ui.css", "swagger-ui-bundle.js", "favicon.png"],
) -> Response:
    """Give one of Swagger UI's files."""
    content = (files("fastapi_offline") / "static" / name).read_bytes()
    kept = {"Cache-Control": "max-age=3600"}
    return Response(content, 200, kept, _MEDIA_TYPES[name.rsplit(".", 1)[-1]])
