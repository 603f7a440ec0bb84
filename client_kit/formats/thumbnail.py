"""A small picture of a photo or of a PDF's first page: WebP that fits a square, upright, without what the camera wrote.

Readers for `limited.read_limited`: they take a path and answer bytes. Photos are read by Pillow, which decodes a JPEG
at an eighth of its size where that suffices; orientation is EXIF 2.32, tag 0x0112.
"""

from __future__ import annotations

import io
from pathlib import Path

from . import FormatError

PHOTOS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "MPO")
PIXELS_MAX = 200_000_000  # a bomb says more
QUALITY = 75


def fit_256(path: Path) -> bytes:
    return _fit(path, 256)


def fit_1024(path: Path) -> bytes:
    return _fit(path, 1024)


def _fit(path: Path, size_px: int) -> bytes:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # bounded here, so that a large plan is refused or read, never half warned of
    try:
        with Image.open(io.BytesIO(_page(path, size_px)) if _is_pdf(path) else path, formats=PHOTOS) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise FormatError("too_large", f"{picture.width} × {picture.height} pixels", "Save it smaller.")
            picture.draft("RGB", (size_px, size_px))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((size_px, size_px))
            return _webp(upright)
    except (OSError, ValueError, SyntaxError) as error:
        raise FormatError("unreadable", f"{path.name}: {error}", "It is kept as it is.") from error


def _webp(picture: object) -> bytes:
    from PIL import Image

    assert isinstance(picture, Image.Image)
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    out = io.BytesIO()
    picture.convert(mode).save(out, "WEBP", quality=QUALITY)
    return out.getvalue()


def _is_pdf(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(5) == b"%PDF-"


def _page(path: Path, size_px: int) -> bytes:
    import pymupdf

    try:
        with pymupdf.open(path, filetype="pdf") as document:
            page = document[0]
            scale = 2 * size_px / max(page.rect.width, page.rect.height, 1)
            return page.get_pixmap(matrix=pymupdf.Matrix(scale, scale)).tobytes("png")
    except (RuntimeError, IndexError) as error:
        raise FormatError("unreadable", f"{path.name}: {error}", "It is kept as it is.") from error
