"""A camera that looks at a code: barcodes by reportlab, drawn by PyMuPDF, as a film that Chromium takes for its own."""

from __future__ import annotations

import io
from pathlib import Path

import pymupdf
from PIL import Image
from playwright.sync_api import Browser
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.pdfgen.canvas import Canvas

from tests import services

WIDE, HIGH = 1280, 720
DPI = 200
FRAMES = 3


def picture_of(kind: str, value: str) -> Image.Image:
    """One code, black on white."""
    square = {"barWidth": 120, "barHeight": 120} if kind == "QR" else {}
    bars = {"barHeight": 60, "humanReadable": True} if kind in ("Code128", "EAN13") else {}
    drawing = createBarcodeDrawing(kind, value=value, **square, **bars)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(drawing.width + 40, drawing.height + 40))
    renderPDF.draw(drawing, canvas, 20, 20)
    canvas.save()
    with pymupdf.open(stream=out.getvalue(), filetype="pdf") as document:
        return Image.open(io.BytesIO(document[0].get_pixmap(dpi=DPI).tobytes("png"))).convert("L")


def film(file: Path, *codes: tuple[str, str]) -> Path:
    """A label with these codes on a grey wall, a little askew as one holds a phone."""
    frame = Image.new("L", (WIDE, HIGH), 110)
    for place, (kind, value) in enumerate(codes):
        code = picture_of(kind, value)
        code.thumbnail((WIDE // len(codes) - 60, HIGH - 120))
        code = code.rotate(2, expand=True, fillcolor=255)
        left = (WIDE // len(codes)) * place + (WIDE // len(codes) - code.width) // 2
        frame.paste(code, (left, (HIGH - code.height) // 2))
    grey = bytes([128]) * (WIDE * HIGH // 4)
    one = b"FRAME\n" + frame.tobytes() + grey + grey
    file.write_bytes(f"YUV4MPEG2 W{WIDE} H{HIGH} F10:1 Ip A1:1 C420jpeg\n".encode() + one * FRAMES)
    return file


def looking_at(browser: Browser, chromium: str, file: Path) -> Browser:
    """Another Chromium, whose camera sees the film."""
    flags = [
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={file}",
    ]  # fmt: skip
    return browser.browser_type.launch(executable_path=chromium, args=[*services.CHROMIUM_FLAGS, *flags])
