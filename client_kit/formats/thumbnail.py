"""Pictures of a photo or of a PDF's page: WebP that fits a square, upright, without what the camera wrote.

`fit` makes small ones, `page` one to lay beneath a plan. The latter says how fine it is in EXIF's XResolution: pixels
for 72 units of the page, these being PDF's points, or the pixels of a photo.

Readers for `limited.read_limited`: they take a path and answer bytes. Photos are read by Pillow, which decodes a JPEG
at an eighth of its size where that suffices; orientation is EXIF 2.32, tag 0x0112.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from . import FormatError

if TYPE_CHECKING:
    from PIL import Image

PHOTOS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "MPO")
PIXELS_MAX = 200_000_000  # a bomb says more
QUALITY = 75
PAGE_PX = 4096
PAGE_SCALE_MAX = 4.0  # pixels a point: 288 dpi
PAGE_QUALITY = 85
PAGE_METHOD = 1  # of 0 to 6: a third of the time of 4, and hardly larger
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _INCH = 0x011A, 0x011B, 0x0128, 2


def fit(path: Path, size_px: int) -> bytes:
    """The photo, or the PDF's first page."""
    try:
        source = io.BytesIO(_first_page(path, size_px)) if _is_pdf(path) else path
        upright, _ = _upright(source, path.name, size_px, 1)
        return _webp(upright, quality=QUALITY)
    except (OSError, ValueError, SyntaxError) as error:
        raise _unreadable(path, error) from error


def page(path: Path, number: int) -> bytes:
    """Page `number` from 1 of a PDF or of a TIFF; a photo has one."""
    try:
        if _is_pdf(path):
            picture, scale = _pdf_page(path, number)
        else:
            picture, scale = _upright(path, path.name, PAGE_PX, number)
        return _webp(picture, quality=PAGE_QUALITY, method=PAGE_METHOD, exif=_fineness(scale))
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise _unreadable(path, error) from error


def _upright(source: Path | io.BytesIO, name: str, size_px: int, number: int) -> tuple[Image.Image, float]:
    """The picture, and how many of its pixels are one of the original's."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # bounded here, so that a large plan is refused or read, never half warned of
    with Image.open(source, formats=PHOTOS) as picture:
        picture.seek(number - 1)
        if picture.width * picture.height > PIXELS_MAX:
            raise FormatError("too_large", f"{picture.width} × {picture.height} pixels", "Save it smaller.")
        long = max(picture.size)
        picture.draft("RGB", (size_px, size_px))
        upright = ImageOps.exif_transpose(picture)
        upright.thumbnail((size_px, size_px))
        return upright, max(upright.size) / long


def _webp(picture: Image.Image, **how: object) -> bytes:
    mode, out = "RGBA" if picture.has_transparency_data else "RGB", io.BytesIO()
    picture.convert(mode).save(out, "WEBP", **{"exif": b"", **how})
    return out.getvalue()


def _fineness(scale: float) -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[_X_RESOLUTION] = exif[_Y_RESOLUTION] = 72 * scale
    exif[_RESOLUTION_UNIT] = _INCH
    return exif.tobytes()


def _is_pdf(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(5) == b"%PDF-"


def _first_page(path: Path, size_px: int) -> bytes:
    from .mupdf import pymupdf

    try:
        with pymupdf.open(path, filetype="pdf") as document:
            page = document[0]
            scale = 2 * size_px / max(page.rect.width, page.rect.height, 1)
            return page.get_pixmap(matrix=pymupdf.Matrix(scale, scale)).tobytes("png")
    except (RuntimeError, IndexError) as error:
        raise _unreadable(path, error) from error


def _pdf_page(path: Path, number: int) -> tuple[Image.Image, float]:
    from PIL import Image

    from .mupdf import pymupdf

    try:
        with pymupdf.open(path, filetype="pdf") as document:
            page = document[number - 1]
            scale = min((PAGE_PX - 1) / max(page.rect.width, page.rect.height, 1), PAGE_SCALE_MAX)
            drawn = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False)
            return Image.frombytes("RGB", (drawn.width, drawn.height), drawn.samples), scale
    except (RuntimeError, IndexError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> FormatError:
    return FormatError("unreadable", f"{path.name}: {error}", "It is kept as it is.")
