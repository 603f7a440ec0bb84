"""Photos that tell too much, made with Pillow, each needle a text that can be looked for in the file; and the cases of
schemas/vectors/photo.json: `python -m tests.formats.photo_files` writes it.

`cleaned` and `taken` in the vectors are what `client_kit/formats/photo.py` answers; that these are right is shown by
tests/formats/test_photo.py with Pillow as another reader.
"""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

from client_kit.formats import FormatError, exif, photo

VECTORS = Path(__file__).parents[2] / "schemas" / "vectors" / "photo.json"
SIZE = (24, 16)
OWNER, SERIAL, NOTES, WORDS, XMP_WORDS, BEHIND = (
    f"{word}-needle".encode() for word in ("owner", "serial", "notes", "words", "xmp", "behind")
)
NEEDLES = (OWNER, SERIAL, NOTES, WORDS, XMP_WORDS, BEHIND)
CAMERA, TIME = b"camera-needle", b"2026:03:29 14:05:06"
LATITUDE = struct.pack(">II", 48_137_154, 1_000_003)  # in both byte orders it is looked for
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>' + XMP_WORDS + b"</a></x:xmpmeta>"
LOCAL = "2026-03-29T12:05:06.000Z"  # in +02:00, and in Berlin


def picture() -> Image.Image:
    image = Image.new("RGB", SIZE, (40, 90, 200))
    ImageDraw.Draw(image).rectangle((2, 2, 9, 6), fill=(250, 220, 10))
    return image


def told(offset: str | None = "+02:00", time: bytes | None = TIME, orientation: int = 6) -> Image.Exif:
    found = Image.Exif()
    found[0x010F], found[0x0110], found[0x0112] = CAMERA.decode(), "Model 1", orientation
    found[0x010E], found[0x013B], found[0x8298] = WORDS.decode(), OWNER.decode(), OWNER.decode()
    within = found.get_ifd(exif.EXIF_DIRECTORY)
    if time:
        within[0x9003] = time.decode()
    if offset:
        within[0x9011] = offset
    within[0x829A], within[0x8827] = IFDRational(1, 125), 200
    within[0x927C], within[0xA430], within[0xA431] = NOTES * 9, OWNER.decode(), SERIAL.decode()
    within[0xA435], within[0x9286] = SERIAL.decode(), WORDS
    place = found.get_ifd(0x8825)
    place[1], place[2] = "N", (IFDRational(48_137_154, 1_000_003), IFDRational(0, 1), IFDRational(0, 1))
    return found


def saved(kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture().save(out, kind, **how)
    return out.getvalue()


def jpeg(**how: Any) -> bytes:
    """As a telephone writes it: EXIF, XMP, IPTC, pictures behind the picture, a comment."""
    plain = saved("JPEG", quality=80, progressive=True, icc_profile=b"profile" * 9, comment=WORDS, **how)
    iptc = b"Photoshop 3.0\0" + OWNER
    more = (
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP) + segment(0xED, iptc) + segment(0xE2, b"MPF\0" + WORDS)
    )
    return plain[:2] + more + plain[2:] + plain + BEHIND


def segment(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(content) + 2) + content


def png() -> bytes:
    said = PngImagePlugin.PngInfo()
    said.add_text("Author", OWNER.decode())
    said.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return saved("PNG", exif=told(), pnginfo=said, dpi=(200, 200)) + BEHIND


def webp(lossless: bool = False) -> bytes:
    return saved("WEBP", exif=told(), xmp=XMP, lossless=lossless, quality=60)


def avif() -> bytes:
    """HEIF's shape with real pictures in it: Pillow writes no HEIC, whose boxes are the same."""
    extra = struct.pack(">I4s", 8 + 16 + len(BEHIND), b"uuid") + bytes(16) + BEHIND
    return saved("AVIF", exif=told(orientation=1), xmp=XMP, quality=60) + extra


def heic(method: int = 0) -> bytes:
    """Boxes of a HEIC made by hand, version 1 of `iloc`, EXIF in two spans; no picture that one could see."""
    block = bytes(4) + told().tobytes()[6:]

    def box(kind: bytes, *parts: bytes) -> bytes:
        return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)

    def items(at: int) -> bytes:
        half = len(block) // 2
        spans = [(at, half), (at + half, len(block) - half)]
        first = struct.pack(">HHHH", 1, method, 0, 2) + b"".join(struct.pack(">II", *span) for span in spans)
        other = struct.pack(">HHHH", 2, method, 0, 1) + struct.pack(">II", at + len(block), len(XMP))
        return box(b"iloc", b"\x01\0\0\0", b"\x44\0", struct.pack(">H", 2), first, other)

    kinds = box(b"infe", b"\x02\0\0\0", struct.pack(">HH4s", 1, 0, b"Exif"), b"\0")
    kinds += box(b"infe", b"\x02\0\0\0", struct.pack(">HH4s", 2, 0, b"mime"), b"\0application/rdf+xml\0")
    listed = box(b"iinf", bytes(4), struct.pack(">H", 2), kinds)
    kept = box(b"idat", block, XMP) if method else b""
    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    meta = 12 + len(listed) + len(items(0)) + len(kept)
    inside = box(b"meta", bytes(4), listed, items(0 if method else len(head) + meta + 8), kept)
    return head + inside + box(b"mdat", b"" if method else block + XMP, b"picture")


def blocks() -> dict[str, bytes]:
    """EXIF that is odd, for a JPEG's segment."""
    whole = told().tobytes()[6:]
    loop = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", exif.EXIF_DIRECTORY, 4, 1, 8) + bytes(4)
    far = (
        b"MM\0*\0\0\0\x08\0\x02"
        + struct.pack(">HHII", 0x0110, 2, 500, 9_000)
        + struct.pack(">HHII", 0x0112, 3, 1, 3 << 16)
    )
    return {
        "cut": whole[: len(whole) // 3], "empty": b"", "a header alone": whole[:8], "no TIFF": b"nothing of the kind",
        "a directory that is itself": loop, "a value that lies beyond": far + bytes(4),
        "more tags than there are": b"II*\0\x08\0\0\0\xff\xff" + bytes(40), "a far directory": b"II*\0\xf0\xff\xff\xff",
        "upright by a number that is none": told(orientation=9).tobytes()[6:],
    }  # fmt: skip


def with_block(block: bytes) -> bytes:
    plain = saved("JPEG", quality=60)
    return plain[:2] + segment(0xE1, photo.EXIF + block) + plain[2:]


def files() -> dict[str, bytes]:
    found = {
        "jpeg": jpeg(exif=told()), "png": png(), "webp": webp(), "webp, lossless": webp(True), "avif": avif(),
        "heic": heic(), "heic in idat": heic(1), "jpeg without a note": saved("JPEG"),
        "png without a note": saved("PNG"), "webp without a note": saved("WEBP"), "nothing": b"",
        "no picture": b"%PDF-1.7 and so on", "two bytes": b"\xff\xd8",
        "tiff": saved("TIFF", exif=told()), "tiff without a note": saved("TIFF"), "raw": b"FUJIFILMCCD-RAW 0201",
        "sound": struct.pack(">I4s4sI4s", 20, b"ftyp", b"M4A ", 0, b"mp42") + b"and so on",
        "film in HEIF": avif() + struct.pack(">I4s", 8, b"moov"), "jpeg cut in its picture": jpeg(exif=told())[:-1000],
    }  # fmt: skip
    odd = {f"jpeg, EXIF: {name}": with_block(block) for name, block in blocks().items()}
    return found | odd


TIMES: list[tuple[str | None, bytes | None, str | None]] = [
    ("+02:00", TIME, None), ("-09:30", TIME, "Europe/Berlin"), (None, TIME, "Europe/Berlin"), (None, TIME, None),
    (None, b"2026:03:29 02:30:00", "Europe/Berlin"), (None, b"2026:10:25 02:30:00", "Europe/Berlin"),
    (None, b"2026:10:25 03:00:00", "Europe/Berlin"), (None, b"2026:10:25 01:59:59", "Europe/Berlin"),
    (None, b"2026:01:31 08:30:00", "Asia/Kathmandu"), (None, TIME, "Nowhere/Atlantis"),
    ("+2:00", TIME, "Europe/Berlin"), ("+24:00", TIME, "Europe/Berlin"), ("+02:00", b"0000:00:00 00:00:00", None),
    ("+02:00", b"2026:02:30 10:00:00", None), ("+02:00", b"2026-03-29 14:05:06", None),
    ("+02:00", None, "Europe/Berlin"), ("+00:00", b"2024:02:29 23:59:60", None),
    (None, b"2026:01:31 08:30:00", "Pacific/Apia"), ("-12:00", b"2026:12:31 23:00:00", None),
]  # fmt: skip


def vectors() -> dict[str, Any]:
    return {
        "about": "Photos and what becomes of them: client_kit/formats/photo.py and pwa/core/photo.js.",
        "cleaned": [_case(name, content, tell) for name, content in files().items() for tell in ("place", "all")],
        "taken": [_time(*case) for case in TIMES],
    }


def _case(name: str, content: bytes, tell: str) -> dict[str, Any]:
    case: dict[str, Any] = {"name": name, "tell": tell, "content": content.hex()}
    try:
        return case | {"cleaned": photo.cleaned(content, tell).hex()}
    except FormatError as error:
        return case | {"refused": error.code}


def _time(offset: str | None, time: bytes | None, zone: str | None) -> dict[str, Any]:
    content = with_block(told(offset, time).tobytes()[6:])
    return {"content": content.hex(), "zone": zone, "taken_at": exif.taken_at(photo.exif_of(content), zone)}


def written() -> str:
    made = vectors()
    lists = [
        f'"{name}": [\n' + ",\n".join("  " + json.dumps(case) for case in made[name]) + "\n]"
        for name in ("cleaned", "taken")
    ]
    return "{\n" + ",\n".join([f'"about": {json.dumps(made["about"])}', *lists]) + "\n}\n"


if __name__ == "__main__":
    VECTORS.write_text(written(), "utf-8")
