"""What a photo tells beside its picture, taken out of its file without touching a pixel (decision 0024).

    keep   nothing is taken out
    place  where it was taken, whose camera it was and which one, notes, names, small pictures; time, kind of camera and
           orientation stay
    all    all but the orientation

JPEG (ITU-T T.81, JFIF, EXIF 3.0), PNG, WebP and HEIF (HEIC, AVIF) are taken apart into segments, chunks and boxes;
those that draw the picture stay byte for byte, EXIF is written anew, all others go, and so does what lies behind the
picture. A file that is cut or odd stays so: no photo is lost over it. What is no picture is left alone, and a kind of
picture that cannot be rid of what it tells is refused with `photo_tells`. Mirrored by `pwa/core/photo.js`; both are
held to `schemas/vectors/photo.json`.
"""

from __future__ import annotations

import io
import zlib
from typing import Any

from . import FormatError, exif, heif

HEAD_BYTES = 64  # by these its kind is known
TEM, SOI, EOI, APP0, APP1, APP2, APP14, APP15, COM = 0x01, 0xD8, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
PNG = b"\x89PNG\r\n\x1a\n"
EXIF = b"Exif\0\0"
# Chunks that draw, and those that say of how fine it is and when it was changed (that one goes with `all`).
PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD hIST pHYs sPLT cICP mDCV cLLI acTL fcTL fdAT".split()
)
WEBP_KEPT = frozenset([b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"])
WEBP_HAS_EXIF, WEBP_HAS_XMP = 0x08, 0x04
JPEG_KEPT = {APP0: b"JFIF\0", APP2: b"ICC_PROFILE\0", APP14: b"Adobe"}
RAW = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"II+\0", b"MM\0+", b"\0\0\0\x0cJXL ")
TIFF = (b"II*\0", b"MM\0*")
TIFF_TELLS = frozenset([0x013B, 0x02BC, 0x83BB, 0x8298, exif.EXIF_DIRECTORY, 0x8825, 0x927C, 0xC634])


def kind_of(head: bytes) -> str | None:
    """jpeg, png, webp, heif, tiff, raw; None of what is no picture, or tells nothing."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(PNG):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return heif.kind_of(head)
    if head.startswith(TIFF):
        return "tiff"
    return "raw" if head.startswith(RAW) else None


def cleaned(content: bytes, tell: str) -> bytes:
    """The file without what it must not tell. Raises FormatError `photo_tells`."""
    if tell == "keep":
        return content
    match kind_of(content[:HEAD_BYTES]):
        case "jpeg":
            return _jpeg(content, tell)
        case "png":
            return _png(content, tell)
        case "webp":
            return _webp(content, tell)
        case "heif":
            return heif.cleaned(content, lambda block: exif.anew(block, tell))
        case "raw":
            raise refused()
        case "tiff" if any(page.keys() & TIFF_TELLS for page in exif.directories(content)):
            raise refused()
    return content


def exif_of(content: bytes) -> bytes:
    """Its EXIF block; empty where there is none."""
    match kind_of(content[:HEAD_BYTES]):
        case "jpeg":
            return next((part[10:] for part in _segments(content) if part[1] == APP1 and part[4:10] == EXIF), b"")
        case "png":
            return next((part[8:-4] for part in _chunks(content) if part[4:8] == b"eXIf"), b"")
        case "webp":
            return next((_block(part[8:]) for part in _pieces(content) if part[:4] == b"EXIF"), b"")
        case "heif":
            return heif.exif_of(content)
    return b""


def facts(content: bytes, tell: str, zone: str | None) -> dict[str, Any]:
    """Columns of its row: width and height as it is looked at, and `taken_at` where it says so and that may be told."""
    block = exif_of(content)
    taken = None if tell == "all" else exif.taken_at(block, zone)
    return _size(content, block) | ({"taken_at": taken} if taken else {})


def _size(content: bytes, block: bytes) -> dict[str, int]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # its head alone is read
    try:
        with Image.open(io.BytesIO(content)) as picture:
            width, height = picture.size
    except (OSError, ValueError, SyntaxError):
        return {}  # nothing that one could see
    turns = kind_of(content[:HEAD_BYTES]) in ("jpeg", "png", "webp") and exif.turned(block)
    return {"width": height, "height": width} if turns else {"width": width, "height": height}


def refused() -> FormatError:
    detail = "What this kind of picture tells beside itself cannot be taken out here"
    return FormatError("photo_tells", detail, "Keep it as JPEG or PNG.")


# ---------------------------------------------------------------- JPEG


def _jpeg(content: bytes, tell: str) -> bytes:
    kept, written = [content[:2]], False
    for part in _segments(content):
        if _draws(part):
            kept.append(part)
        elif part[1] == APP1 and part[4:10] == EXIF and not written:
            written = True
            if block := exif.anew(part[10:], tell):
                kept.append(bytes([0xFF, APP1]) + (len(block) + 8).to_bytes(2, "big") + EXIF + block)
    return b"".join(kept)


def _draws(part: bytes) -> bool:
    """Is it anything but a note; or one without which the colours are others?"""
    kind = part[1]
    if not APP0 <= kind <= APP15 and kind != COM:
        return True
    return kind in JPEG_KEPT and part[4:].startswith(JPEG_KEPT[kind])


def _segments(content: bytes) -> list[bytes]:
    """All after the marker SOI to EOI or the end: each from its marker to the next, a scan with what it holds."""
    found, at, size = list[bytes](), 2, len(content)
    while (mark := _marker(content, at)) < size:
        kind = content[mark + 1]
        if kind == EOI:
            return [*found, content[mark : mark + 2]]
        length = 0 if kind in (TEM, SOI) else max(2, int.from_bytes(content[mark + 2 : mark + 4], "big"))
        at = _marker(content, min(mark + 2 + length, size))
        found.append(content[mark:at])
    return found


def _marker(content: bytes, at: int) -> int:
    """Where the next marker begins that is no part of what a scan holds; the end where there is none."""
    while 0 <= (at := content.find(b"\xff", at)) < len(content) - 1:
        following = content[at + 1]
        if following not in (0x00, 0xFF) and not 0xD0 <= following <= 0xD7:
            return at
        at += 1
    return len(content)


# ---------------------------------------------------------------- PNG


def _png(content: bytes, tell: str) -> bytes:
    kept = [PNG]
    for part in _chunks(content):
        kind = part[4:8]
        if kind in PNG_KEPT or (kind == b"tIME" and tell != "all"):
            kept.append(part)
        elif kind == b"eXIf" and (block := exif.anew(part[8:-4], tell)):
            named = kind + block
            kept.append(len(block).to_bytes(4, "big") + named + zlib.crc32(named).to_bytes(4, "big"))
    return b"".join(kept)


def _chunks(content: bytes) -> list[bytes]:
    found, at = list[bytes](), len(PNG)
    while at + 8 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        found.append(content[at:end])
        if content[at + 4 : at + 8] == b"IEND":
            break
        at = end
    return found


# ---------------------------------------------------------------- WebP


def _webp(content: bytes, tell: str) -> bytes:
    kept, has_exif = list[bytes](), False
    for part in _pieces(content):
        if part[:4] in WEBP_KEPT:
            kept.append(part)
        elif part[:4] == b"EXIF" and not has_exif and (block := exif.anew(_block(part[8:]), tell)):
            has_exif = True
            kept.append(b"EXIF" + len(block).to_bytes(4, "little") + block)
    kept = [_flagged(part, has_exif) if part[:4] == b"VP8X" and len(part) > 8 else part for part in kept]
    body = b"".join(kept)
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def _pieces(content: bytes) -> list[bytes]:
    found, at, end = list[bytes](), 12, min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at + 8 <= end:
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        found.append(content[at : min(at + 8 + size + size % 2, len(content))])
        at += 8 + size + size % 2
    return found


def _flagged(part: bytes, has_exif: bool) -> bytes:
    flags = part[8] & ~(WEBP_HAS_EXIF | WEBP_HAS_XMP) | (WEBP_HAS_EXIF if has_exif else 0)
    return part[:8] + bytes([flags]) + part[9:]


def _block(data: bytes) -> bytes:
    return data[6:] if data.startswith(EXIF) else data
