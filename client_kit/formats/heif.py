"""HEIF's boxes (ISO/IEC 23008-12 in the shape of 14496-12): where an item's bytes lie, and blanking them there.

Nothing moves: other boxes point into the file by offsets. EXIF is written anew in its own place, shorter, the rest of
the place zeros; XMP and what else is no picture becomes spaces. A file whose boxes do not add up, or that holds a film,
is refused. Mirrored by `pwa/core/heif.js`.
"""

from __future__ import annotations

from collections.abc import Callable

from . import FormatError

BRANDS = frozenset([b"mif1", b"msf1", b"miaf", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"avif", b"avis"])
RAW_BRANDS = frozenset([b"crx "])
PICTURE = frozenset([b"ftyp", b"meta", b"mdat"])  # boxes of a file that stay as they are
EXIF, SPACES = b"Exif", frozenset([b"mime", b"uri "])
FILE, IDAT = 0, 1  # construction methods
EMPTY = b"II*\0\x08\0\0\0\0\0\0\0\0\0"  # zeros alone are an error to some decoders
Span = tuple[int, int]


def kind_of(head: bytes) -> str | None:
    """heif, raw, or None: sound and films have this shape too."""
    brands = {head[at : at + 4] for at in (8, *range(16, min(len(head), _number(head, 0, 4)) - 3, 4))}
    if brands & RAW_BRANDS:
        return "raw"
    return "heif" if brands & BRANDS else None


def cleaned(content: bytes, anew: Callable[[bytes], bytes]) -> bytes:
    """Raises FormatError `photo_tells`."""
    out = bytearray(content)
    for kind, start, end in _boxes(content, 0, len(content)):
        if kind == b"moov":
            raise _refused()
        if kind not in PICTURE:
            out[start:end] = bytes(end - start)
    for kind, spans in _notes(content):
        whole = b"".join(content[start:end] for start, end in spans)
        new = (_exif(whole, anew) if kind == EXIF else b"").ljust(len(whole), b"\0" if kind == EXIF else b" ")
        for start, end in spans:
            out[start:end], new = new[: end - start], new[end - start :]
    return bytes(out)


def exif_of(content: bytes) -> bytes:
    """Its EXIF block; empty where there is none, or its boxes do not add up."""
    try:
        wholes = (b"".join(content[a:b] for a, b in spans) for kind, spans in _notes(content) if kind == EXIF)
        return next((whole[_header(whole) :] for whole in wholes), b"")
    except FormatError:
        return b""


def _exif(whole: bytes, anew: Callable[[bytes], bytes]) -> bytes:
    block = anew(whole[_header(whole) :]) or EMPTY
    return bytes(4) + block if len(block) + 4 <= len(whole) else b""


def _header(whole: bytes) -> int:
    """Where TIFF begins in an item: four bytes tell how far behind them."""
    return 4 + int.from_bytes(whole[:4], "big")


def _notes(content: bytes) -> list[tuple[bytes, list[Span]]]:
    """Items that are no picture, and where their bytes lie."""
    meta = [(start + 4, end) for kind, start, end in _boxes(content, 0, len(content)) if kind == b"meta"]
    if not meta:
        return []
    inside = {kind: (start, end) for kind, start, end in _boxes(content, *meta[0])}
    kinds = _kinds(content, *inside.get(b"iinf", (0, 0)))
    places = _places(content, inside)
    return [(kind, places[id]) for id, kind in kinds if id in places and (kind == EXIF or kind in SPACES)]


def _kinds(content: bytes, start: int, end: int) -> list[tuple[int, bytes]]:
    if start == end:
        return []
    found, wide = list[tuple[int, bytes]](), _number(content, start, 1) > 0
    for kind, at, _ in _boxes(content, start + (8 if wide else 6), end):
        version = _number(content, at, 1)
        if kind == b"infe" and version in (2, 3):
            size = 2 if version == 2 else 4
            found.append((_number(content, at + 4, size), content[at + 6 + size : at + 10 + size]))
    return found


def _places(content: bytes, inside: dict[bytes, Span]) -> dict[int, list[Span]]:
    """Of the box `iloc`: each item's spans of the file; those that lie elsewhere have none."""
    if b"iloc" not in inside:
        return {}
    at, _ = inside[b"iloc"]
    reader = _Reader(content, at)
    version, _, sizes, more = (reader.number(n) for n in (1, 3, 1, 1))
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    found: dict[int, list[Span]] = {}
    for _ in range(reader.number(2 if version < 2 else 4)):
        id = reader.number(2 if version < 2 else 4)
        method = reader.number(2) & 15 if version else FILE
        elsewhere, base = reader.number(2), reader.number(base_size)
        start, end = inside.get(b"idat", (0, 0)) if method == IDAT else (0, len(content))
        spans = found.setdefault(id, [])
        for _ in range(reader.number(2)):
            reader.number(index_size)
            first = start + base + reader.number(offset_size)
            length = reader.number(length_size)
            if elsewhere or method not in (FILE, IDAT):
                continue
            if not length:  # all there is: no note is written so
                raise _refused()
            spans.append((min(first, end), min(first + length, end)))
    return found


class _Reader:
    def __init__(self, content: bytes, at: int) -> None:
        self.content, self.at = content, at

    def number(self, size: int) -> int:
        self.at += size
        return _number(self.content, self.at - size, size)


def _number(content: bytes, at: int, size: int) -> int:
    if at + size > len(content):
        raise _refused()
    return int.from_bytes(content[at : at + size], "big")


def _boxes(content: bytes, at: int, end: int) -> list[tuple[bytes, int, int]]:
    """Kind, and where what it holds begins and ends, cut at the end of what is there."""
    found = []
    while at + 8 <= end:
        size, head = _number(content, at, 4), 8
        if size == 1:
            size, head = _number(content, at + 8, 8), 16
        if size == 0:
            size = end - at
        if size < head:
            raise _refused()
        found.append((content[at + 4 : at + 8], min(at + head, end), min(at + size, end)))
        at += size
    return found


def _refused() -> FormatError:
    detail = "The boxes of this picture do not add up, or it holds a film"
    return FormatError("photo_tells", detail, "Keep it as JPEG or PNG.")
