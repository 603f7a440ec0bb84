"""What a photo tells, taken out of its file: seen by Pillow, and the same in the browser's code."""

from __future__ import annotations

import hashlib
import io
import json
import random
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from client_kit.formats import FormatError, exif, photo
from tests.formats import photo_files as made

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {"jpeg": made.jpeg(exif=made.told()), "png": made.png(), "webp": made.webp(), "avif": made.avif()}
MUTATIONS = 60


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def same_picture(one: bytes, other: bytes) -> bool:
    difference = ImageChops.difference(opened(one).convert("RGB"), opened(other).convert("RGB"))
    return difference.getbbox() is None


def holds_place(content: bytes) -> bool:
    big = made.LATITUDE
    little = big[3::-1] + big[:3:-1]
    return big in content or little in content


@pytest.mark.parametrize("kind", SHOWN)
def test_the_file_before_tells_all_of_it(kind: str):
    content = SHOWN[kind]
    expected = {"png": {made.OWNER, made.XMP_WORDS}, "webp": {made.XMP_WORDS}, "avif": {made.XMP_WORDS, made.BEHIND}}
    assert holds_place(content) and made.SERIAL in content and made.NOTES in content
    assert all(needle in content for needle in expected.get(kind, made.NEEDLES))


@pytest.mark.parametrize("kind", SHOWN)
def test_without_its_place_a_photo_keeps_time_camera_and_orientation_and_every_pixel(kind: str):
    content = photo.cleaned(SHOWN[kind], "place")
    assert [needle for needle in made.NEEDLES if needle in content] == [] and not holds_place(content)
    assert same_picture(content, SHOWN[kind])
    found = opened(content).getexif()
    within = found.get_ifd(exif.EXIF_DIRECTORY)
    assert (found[0x010F], found[0x0110]) == (made.CAMERA.decode(), "Model 1")
    assert found.get(0x0112) == (None if kind == "avif" else 6)  # there the picture's own boxes turn it
    assert (within[0x9003], within[0x9011], within[0x8827]) == (made.TIME.decode(), "+02:00", 200)
    assert float(within[0x829A]) == 1 / 125
    assert set(found) <= exif.KEPT | {exif.EXIF_DIRECTORY} and set(within) <= exif.KEPT_EXIF
    assert exif.taken_at(photo.exif_of(content), None) == made.LOCAL


@pytest.mark.parametrize("kind", SHOWN)
def test_with_all_taken_out_only_the_orientation_is_left(kind: str):
    content = photo.cleaned(SHOWN[kind], "all")
    for needle in (*made.NEEDLES, made.CAMERA, made.TIME):
        assert needle not in content, needle
    assert not holds_place(content) and same_picture(content, SHOWN[kind])
    assert dict(opened(content).getexif()) == ({} if kind == "avif" else {0x0112: 6})


def test_profile_and_fineness_stay_for_they_are_of_the_picture():
    assert opened(photo.cleaned(SHOWN["jpeg"], "all")).info["icc_profile"] == b"profile" * 9
    assert opened(photo.cleaned(SHOWN["png"], "all")).info["dpi"] == pytest.approx((200, 200), abs=0.1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("tell", ["keep", "place", "all"])
def test_a_picture_that_tells_nothing_stays_byte_for_byte(kind: str, tell: str):
    content = made.saved(kind)
    assert photo.cleaned(content, tell) == content


def test_kept_means_byte_for_byte():
    assert all(photo.cleaned(content, "keep") is content for content in made.files().values())


@pytest.mark.parametrize("method", [0, 1])
def test_a_heic_is_blanked_where_it_stands(method: int):
    content = made.heic(method)
    clean = photo.cleaned(content, "place")
    assert len(clean) == len(content) and clean.endswith(b"picture")
    assert [needle for needle in made.NEEDLES if needle in clean] == [] and not holds_place(clean)
    assert exif.taken_at(photo.exif_of(clean), None) == made.LOCAL


@pytest.mark.parametrize("name", ["tiff", "raw", "film in HEIF"])
def test_what_cannot_be_rid_of_what_it_tells_is_refused_with_a_word(name: str):
    content = made.files()[name]
    for tell in ("place", "all"):
        with pytest.raises(FormatError) as refused:
            photo.cleaned(content, tell)
        assert (refused.value.code, "JPEG" in refused.value.hint) == ("photo_tells", True)


@pytest.mark.parametrize("name", made.blocks())
def test_odd_exif_stops_no_photo(name: str):
    content = made.with_block(made.blocks()[name])
    taken = exif.taken_at(photo.exif_of(content), "Europe/Berlin")
    assert taken == (made.LOCAL if name == "upright by a number that is none" else None)
    for tell in ("place", "all"):
        assert same_picture(photo.cleaned(content, tell), content)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_file_cut_anywhere_is_kept_and_tells_nothing(kind: str):
    for length in range(0, len(SHOWN[kind]), 7):
        clean = photo.cleaned(SHOWN[kind][:length], "place")
        assert [needle for needle in made.NEEDLES if needle in clean] == [] and not holds_place(clean), length
        assert photo.cleaned(clean, "place") == clean


def test_the_vectors_are_those_that_are_made_here():
    found = json.loads(made.VECTORS.read_text("utf-8"))
    assert found["taken"] == made.vectors()["taken"]
    for case in found["cleaned"]:  # the files were written by the Pillow of their day
        try:
            assert photo.cleaned(bytes.fromhex(case["content"]), case["tell"]).hex() == case["cleaned"], case["name"]
        except FormatError as error:
            assert error.code == case["refused"]
    assert len(found["cleaned"]) >= 50


def mutated(seed: int) -> list[bytes]:
    """Files of every kind with a few bytes changed, cut out or doubled."""
    dice, found = random.Random(seed), []
    for content in (*SHOWN.values(), made.heic(), made.heic(1), made.saved("TIFF", exif=made.told())):
        for _ in range(MUTATIONS):
            one = bytearray(content)
            for _ in range(dice.randint(1, 6)):
                at = dice.randrange(min(len(one), dice.choice((64, 600, len(one)))))
                one[at : at + dice.choice((0, 1, 1, 1, 4))] = dice.randbytes(dice.choice((0, 1, 1, 1, 4)))
            found.append(bytes(one))
    return found


def verdict(content: bytes, tell: str) -> str:
    try:
        return hashlib.sha256(photo.cleaned(content, tell)).hexdigest()
    except FormatError as error:
        return error.code


def test_spoiled_files_come_out_of_the_browsers_code_as_out_of_ours(tmp_path: Path):
    seed = random.randrange(10**9)
    print("seed", seed)
    files = mutated(seed)
    (tmp_path / "files.json").write_text(json.dumps([content.hex() for content in files]))
    done = subprocess.run(
        ["node", ROOT / "tests/formats/photo_verdicts.mjs", tmp_path / "files.json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    for place, (content, said) in enumerate(zip(files, theirs, strict=True)):
        taken = exif.taken_at(photo.exif_of(content), "Europe/Berlin")
        assert said == [verdict(content, "place"), verdict(content, "all"), taken], f"seed {seed}, file {place}"
