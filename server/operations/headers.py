"""The headers by which a browser keeps our pages and answers to themselves.

Every answer has them, whatever it is an answer to. Pages run our scripts and no others, none of them inline, and text
cannot become a script: the one policy of Trusted Types makes addresses of workers (pwa/trusted.js). What is not a
page runs nothing at all.
"""

from __future__ import annotations

REPORTS = "/api/v1/csp-reports"
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types arxos",
        f"report-uri {REPORTS}",
    )
)
# HTMX gives the browser text: pwa/desk/admin.js has a policy that lets it.
DESK_POLICY = PAGE_POLICY.replace("trusted-types arxos", "trusted-types default")
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ALWAYS = {
    "content-security-policy": DATA_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=(self), xr-spatial-tracking=(self)",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
OVER_TLS = {"strict-transport-security": "max-age=31536000"}


def missing(given: list[tuple[bytes, bytes]], secure: bool) -> list[tuple[bytes, bytes]]:
    """What an answer that has `given` lacks."""
    there = {name.lower() for name, _ in given}
    wanted = ALWAYS | OVER_TLS if secure else ALWAYS
    return [(n.encode(), v.encode()) for n, v in wanted.items() if n.encode() not in there]
