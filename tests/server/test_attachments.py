"""Bytes of attachments over real HTTP: up in pieces, cut anywhere, verified, told to the rows, down in ranges."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pymupdf
import pytest
from PIL import Image

from arxos_sync import limits
from server.attachments import files
from server.parts import new_id
from tests.server.cutting import CuttingProxy
from tests.server.running import Person, Running, wait_for

ROOT = "/api/v1/attachments"
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


def bytes_of(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wanted(building: str, content: bytes, **more: Any) -> dict[str, Any]:
    facts = {"scope": building, "sha256": hash_of(content), "byte_size": len(content)}
    return facts | {"media_type": "image/jpeg", "name": "photo.jpg"} | more


def announce(person: Person, building: str, content: bytes, **more: Any) -> dict[str, Any]:
    answer = person.http.post(ROOT, json=wanted(building, content, **more))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def send(person: Person, url: str, offset: int, content: bytes, **headers: str) -> httpx.Response:
    return person.http.patch(url, content=content, headers=TUS | {"Upload-Offset": str(offset)} | headers)


def upload(person: Person, building: str, content: bytes) -> httpx.Response:
    said = announce(person, building, content)
    return send(person, said["url"], said["offset"], content[said["offset"] :])


def add_row(person: Person, building: str, content: bytes, **more: Any) -> str:
    values = {"sha256": hash_of(content), "byte_size": len(content), "media_type": "image/jpeg", "name": "photo.jpg"}
    answer = person.http.post(f"/api/v1/buildings/{building}/attachment", json={"set": values | more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["row"]["id"])


def row_of(person: Person, building: str, id: str) -> dict[str, Any]:
    return dict(person.http.get(f"/api/v1/buildings/{building}/attachment/{id}").json()["set"])


def get(person: Person, building: str, content: bytes, **headers: str) -> httpx.Response:
    return person.http.get(f"{ROOT}/{building}/{hash_of(content)}", headers=headers)


def grant(running: Running, word: str, building: str, role: str) -> None:
    assert running.command("admin", "grant", f"{word}@demo.arxos", building, role).returncode == 0


@pytest.fixture
def proxy(url: str) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(url)
    yield proxy
    proxy.close()


# ---------------------------------------------------------------- up


def test_bytes_go_up_in_pieces_and_every_replica_learns_that_they_are_there(owner: Person, building: str):
    content = bytes_of(1, 700_001)
    id = add_row(owner, building, content)
    before = owner.sync(building)
    said = announce(owner, building, content)
    assert (said["offset"], said["chunk_bytes"]) == (0, limits.ATTACHMENT_CHUNK_BYTES)
    first = send(owner, said["url"], 0, content[:300_000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "300000")
    assert get(owner, building, content).status_code == 404, "nothing is readable before all of it is verified"
    head = owner.http.head(said["url"], headers=TUS)
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("300000", str(len(content)))
    assert send(owner, said["url"], 300_000, content[300_000:]).headers["Location"].endswith(hash_of(content))
    assert get(owner, building, content).content == content
    (row,) = owner.sync(building, before["cursor"])["rows"]
    assert (row["id"], row["set"]["upload_state"]) == (id, "here")
    assert announce(owner, building, content)["offset"] == len(content), "who asks again need not send again"


def test_scenario_12_an_upload_that_is_cut_at_60_percent_goes_on_there(
    owner: Person, building: str, proxy: CuttingProxy
):
    content = bytes_of(2, 3_000_000)
    said = announce(owner, building, content)
    proxy.up = len(content) * 6 // 10
    with pytest.raises(httpx.TransportError):
        headers = TUS | {"Upload-Offset": "0", "Authorization": f"Bearer {owner.token}"}
        httpx.patch(proxy.url + said["url"], content=content, headers=headers, trust_env=False)
    wait_for(lambda: announce(owner, building, content)["offset"] > len(content) * 0.59)
    offset = announce(owner, building, content)["offset"]
    assert offset <= len(content) * 0.6
    assert send(owner, said["url"], offset, content[offset:]).status_code == 204
    add_row(owner, building, content)
    assert get(owner, building, content).content == content


def test_a_row_that_comes_after_its_bytes_is_told_in_the_same_breath(owner: Person, building: str):
    content = bytes_of(3, 1_000)
    before = owner.sync(building)
    assert upload(owner, building, content).status_code == 204
    id = new_id()
    values = {"sha256": hash_of(content), "byte_size": len(content), "media_type": "image/png", "origin": "field"}
    change = {"table": "attachment", "id": id, "op": "insert", "set": values}
    answer = owner.sync(building, before["cursor"], owner.transaction(change))
    assert [one["outcome"] for one in answer["receipts"]] == ["applied"]
    (row,) = answer["rows"]
    assert row["set"]["upload_state"] == "here" and answer["head"] == row["sequence"]
    again = owner.sync(building, answer["cursor"], prior={"n": owner.n, "nonce": owner.nonce})
    assert again["state"] == "ok" and again["rows"] == []


def test_a_wrong_hash_is_said_and_nothing_is_left_of_it(owner: Person, building: str):
    content = bytes_of(4, 50_000)
    said = announce(owner, building, content)
    spoiled = send(owner, said["url"], 0, content[:-1] + bytes([content[-1] ^ 1]))
    assert (spoiled.status_code, spoiled.json()["code"]) == (422, "wrong_hash")
    add_row(owner, building, content)
    assert get(owner, building, content).status_code == 404
    assert announce(owner, building, content)["offset"] == 0
    assert send(owner, said["url"], 0, content).status_code == 204
    assert get(owner, building, content).content == content


def test_a_wrong_offset_and_more_than_was_announced_are_refused(owner: Person, building: str):
    content = bytes_of(5, 10_000)
    said = announce(owner, building, content)
    assert send(owner, said["url"], 5, content).json()["code"] == "wrong_offset"
    assert send(owner, said["url"], 5, content).status_code == 409
    assert send(owner, said["url"], 0, content + b"more").json()["code"] == "too_large"
    assert send(owner, said["url"], 0, content, **{"Content-Type": "image/jpeg"}).status_code == 415
    assert send(owner, said["url"], 0, content, **{"Upload-Offset": "-1"}).status_code == 422
    other = send(owner, said["url"], 0, content, **{"Tus-Resumable": "0.2.2"})
    assert (other.status_code, other.headers["Tus-Version"]) == (412, "1.0.0")
    assert owner.http.head(said["url"]).headers["Upload-Offset"] == "0"
    assert send(owner, f"{ROOT}/uploads/{'0' * 32}", 0, content).status_code == 404
    offered = owner.http.options(ROOT)
    assert offered.headers["Tus-Max-Size"] == str(limits.ATTACHMENT_BYTES_MAX)


def test_what_is_no_attachment_is_not_announced(owner: Person, building: str):
    big = owner.http.post(ROOT, json=wanted(building, b"x", byte_size=limits.ATTACHMENT_BYTES_MAX + 1))
    assert (big.status_code, big.json()["code"]) == (413, "too_large")
    for wrong in ({"sha256": "../../etc/passwd"}, {"byte_size": 0}, {"scope": f"user:{owner.id}"}, {"scope": "../x"}):
        assert owner.http.post(ROOT, json=wanted(building, b"x") | wrong).status_code == 422, wrong


def test_of_two_who_write_to_one_upload_at_once_neither_spoils_it(owner: Person, building: str, running: Running):
    content = bytes_of(6, 4_000_000)
    said = announce(owner, building, content)
    headers = TUS | {"Upload-Offset": "0", "Authorization": f"Bearer {owner.token}"}
    answers: list[int] = []

    def write(url: str) -> None:
        answers.append(httpx.patch(url + said["url"], content=content, headers=headers, trust_env=False).status_code)

    other = running.start() if "ARXOS_DATABASE_URL" in running.environment else owner.url
    writers = [threading.Thread(target=write, args=(url,)) for url in (owner.url, other, owner.url)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert set(answers) <= {204, 409} and answers
    offset = announce(owner, building, content)["offset"]
    if offset < len(content):
        assert send(owner, said["url"], offset, content[offset:]).status_code == 204
    add_row(owner, building, content)
    assert get(owner, building, content).content == content


def test_an_upload_goes_on_at_another_server_process(owner: Person, building: str, running: Running):
    if "ARXOS_DATABASE_URL" not in running.environment:
        return  # the embedded store is for one process
    content = bytes_of(7, 600_000)
    said = announce(owner, building, content)
    send(owner, said["url"], 0, content[:200_000])
    other = Person(running.start(), "owner")
    assert announce(other, building, content)["offset"] == 200_000
    assert send(other, said["url"], 200_000, content[200_000:]).status_code == 204
    add_row(owner, building, content)
    assert get(owner, building, content).content == content


# ---------------------------------------------------------------- rights


def test_knowing_a_hash_opens_nothing_in_another_scope(owner: Person, building: str, stranger: Person):
    content = bytes_of(8, 5_000)
    upload(owner, building, content)
    add_row(owner, building, content)
    theirs = stranger.building("Elsewhere")
    assert announce(stranger, theirs, content)["offset"] == 0, "the other scope's bytes are not lent"
    add_row(stranger, theirs, content)
    assert get(stranger, theirs, content).status_code == 404
    assert get(stranger, building, content).status_code == 404
    said = announce(owner, building, bytes_of(9, 5_000))
    assert stranger.http.post(ROOT, json=wanted(building, content)).status_code == 404
    assert send(stranger, said["url"], 0, b"x").status_code == 404, "an upload is its sender's alone"
    assert stranger.http.head(said["url"]).status_code == 404


def test_who_may_not_add_attachments_may_not_send_bytes(owner: Person, building: str, running: Running, nobody: Person):
    content = bytes_of(10, 5_000)
    grant(running, "viewer", building, "viewer")
    viewer = Person(owner.url, "viewer")
    assert viewer.http.post(ROOT, json=wanted(building, content)).status_code == 403
    assert nobody.http.post(ROOT, json=wanted(building, content)).status_code == 401
    upload(owner, building, content)
    add_row(owner, building, content)
    assert get(viewer, building, content).content == content, "readers read"


@pytest.mark.parametrize("visibility", ["private", "public"])
def test_scenario_26_photos_of_who_lost_the_building_are_kept_for_an_administrator(
    owner: Person, running: Running, visibility: str
):
    building = owner.building(visibility=visibility)
    grant(running, "technician", building, "technician")
    late = Person(owner.url, "technician")
    cursor = late.sync(building)["cursor"]
    promised, unsent, foreign = bytes_of(11, 4_000), bytes_of(12, 4_000), bytes_of(13, 4_000)
    add_row(late, building, promised)  # its row went out in time, its bytes did not
    grant(running, "technician", building, "none")
    values = {"sha256": hash_of(unsent), "byte_size": len(unsent)}
    change = {"table": "attachment", "id": new_id(), "op": "insert", "set": values}
    answer = late.sync(building, cursor, late.transaction(change))
    assert [one["problem"]["code"] for one in answer["receipts"]] == ["forbidden"]
    for content in (promised, unsent):
        assert upload(late, building, content).status_code == 204
        assert announce(late, building, content)["offset"] == len(content)
        assert get(late, building, content).status_code == 404
    unheard = late.http.post(ROOT, json=wanted(building, foreign))
    assert unheard.status_code in (403, 404), "nothing that no row of theirs names"
    admin = Person(owner.url, "admin")
    page = admin.http.get("/api/v1/admin/quarantine?limit=1000").json()
    ours = [one for one in page["items"] if one["scope"] == building]
    assert {one["attachment"]["sha256"] for one in ours if one["bytes"]} == {hash_of(promised), hash_of(unsent)}
    assert [one["transaction"]["changes"][0]["set"]["sha256"] for one in ours if not one["bytes"]] == [hash_of(unsent)]
    assert {admin.http.get(one["bytes"]).content for one in ours if one["bytes"]} == {promised, unsent}
    assert owner.http.get("/api/v1/admin/quarantine").status_code == 403
    assert get(owner, building, promised).status_code == 404, "the building does not take them by itself"


# ---------------------------------------------------------------- down


def test_a_broken_download_goes_on_by_range(owner: Person, building: str, proxy: CuttingProxy):
    content = bytes_of(14, 2_000_000)
    upload(owner, building, content)
    add_row(owner, building, content)
    path = f"{ROOT}/{building}/{hash_of(content)}"
    proxy.down = len(content) // 2
    came = bytearray()
    with pytest.raises(httpx.TransportError):
        headers = {"Authorization": f"Bearer {owner.token}"}
        with httpx.stream("GET", proxy.url + path, headers=headers, trust_env=False) as answer:
            for chunk in answer.iter_raw():
                came += chunk
    assert 0 < len(came) < len(content)
    rest = get(owner, building, content, Range=f"bytes={len(came)}-", **{"If-Range": f'"{hash_of(content)}"'})
    assert rest.status_code == 206 and bytes(came) + rest.content == content
    other = get(owner, building, content, Range="bytes=5-", **{"If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, content)


def picture(width: int, height: int, orientation: int | None = None) -> bytes:
    """A photo, red on the left and blue on the right as its sensor saw it."""
    image = Image.new("RGB", (width, height), "red")
    image.paste((0, 0, 255), (width // 2, 0, width, height))
    out, exif = io.BytesIO(), Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    exif[0x010E] = "where I live"
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_a_small_picture_is_upright_small_and_without_what_the_camera_wrote(owner: Person, building: str):
    content = picture(1200, 800, orientation=6)  # to be turned a quarter to the right
    upload(owner, building, content)
    add_row(owner, building, content)
    answer = owner.http.get(f"{ROOT}/{building}/{hash_of(content)}?size=256")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    small = Image.open(io.BytesIO(answer.content))
    assert small.size == (171, 256) and len(answer.content) < 10_000
    top, bottom = small.convert("RGB").getpixel((85, 20)), small.convert("RGB").getpixel((85, 235))
    assert top[0] > 200 > 60 > top[2] and bottom[2] > 200 > 60 > bottom[0], "red came to stand above"
    assert not small.getexif()
    assert owner.http.get(f"{ROOT}/{building}/{hash_of(content)}?size=255").status_code == 422


def test_of_bytes_that_are_no_picture_there_is_no_small_one_and_the_original_stays(
    owner: Person, building: str, running: Running
):
    content = picture(64, 64)[:-200] + bytes_of(15, 300)
    torn = b"\x89PNG\r\n\x1a\n" + bytes_of(16, 300)
    for one, seen in ((content, (200, 404)), (torn, (404,))):  # a torn photo may show what is left of it
        upload(owner, building, one)
        add_row(owner, building, one)
        small = owner.http.get(f"{ROOT}/{building}/{hash_of(one)}?size=256")
        assert small.status_code in seen, small.text
        assert get(owner, building, one).content == one
    noted = files.thumbnail_of(Path(running.environment["ARXOS_DATA_DIR"]), building, hash_of(torn), "256")
    assert noted.stat().st_size == 0, "it is not tried at every look"


def test_a_page_is_a_picture_that_says_how_many_of_its_pixels_are_a_unit_of_the_page(owner: Person, building: str):
    document = pymupdf.open()
    document.new_page(width=595, height=842)
    document.new_page(width=3370, height=2384).draw_rect((0, 0, 1685, 1192), fill=(1, 0, 0))
    drawing, scan = document.tobytes(), picture(6000, 4000, orientation=6)
    for content in (drawing, scan):
        upload(owner, building, content)
        add_row(owner, building, content)

    def page(content: bytes, number: int) -> Image.Image:
        answer = owner.http.get(f"{ROOT}/{building}/{hash_of(content)}?page={number}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp"), answer.text
        return Image.open(io.BytesIO(answer.content))

    for content, number, size in ((drawing, 1, (595, 842)), (drawing, 2, (3370, 2384)), (scan, 1, (4000, 6000))):
        found = page(content, number)
        assert max(found.size) <= 4096
        scale = float(found.getexif()[0x011A]) / 72
        assert found.width / scale == pytest.approx(size[0], abs=1 / scale)
        assert found.height / scale == pytest.approx(size[1], abs=1 / scale)
    red = page(drawing, 2).convert("RGB")
    assert red.getpixel((10, 10))[1] < 60 < 200 < red.getpixel((red.width - 10, 10))[1]
    for missing, status in ((3, 404), (0, 422), (501, 422)):
        assert owner.http.get(f"{ROOT}/{building}/{hash_of(drawing)}?page={missing}").status_code == status


def test_many_who_write_one_file_at_once_all_succeed_and_leave_no_draft(tmp_path: Path):
    file, content, writers = tmp_path / "ab" / "picture", bytes_of(8, 200_000), 8
    together, failed = threading.Barrier(writers), list[BaseException]()

    def write() -> None:
        for _ in range(20):
            together.wait(30)
            try:
                files.write_whole(file, content)
            except OSError as error:
                failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert file.read_bytes() == content and list(file.parent.iterdir()) == [file]


def test_a_file_that_could_not_be_written_leaves_no_draft(tmp_path: Path):
    taken = tmp_path / "picture"
    taken.mkdir()
    with pytest.raises(OSError):
        files.write_whole(taken, b"bytes")
    assert list(tmp_path.iterdir()) == [taken]


def test_many_who_ask_for_a_small_picture_at_once_all_get_it(owner: Person, building: str):
    content = picture(600, 400)
    upload(owner, building, content)
    add_row(owner, building, content)
    url = f"{ROOT}/{building}/{hash_of(content)}?size=256"
    answers = list[httpx.Response]()
    threads = [threading.Thread(target=lambda: answers.append(owner.http.get(url))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [one.status_code for one in answers] == [200] * 6, [one.text for one in answers]
    assert len({one.content for one in answers}) == 1


def test_bytes_that_a_store_has_lost_are_asked_for_again(owner: Person, building: str, running: Running):
    content = bytes_of(18, 3_000)
    upload(owner, building, content)
    id = add_row(owner, building, content)
    assert row_of(owner, building, id)["upload_state"] == "here"
    files.file_of(Path(running.environment["ARXOS_DATA_DIR"]), building, hash_of(content)).unlink()
    assert get(owner, building, content).status_code == 404
    assert row_of(owner, building, id)["upload_state"] == "awaited", "whoever has them hears of it"
    assert announce(owner, building, content)["offset"] == 0
    upload(owner, building, content)
    assert row_of(owner, building, id)["upload_state"] == "here" and get(owner, building, content).content == content


def test_deleting_a_photo_does_not_clash_with_the_arrival_of_its_bytes(owner: Person, building: str):
    content = bytes_of(17, 1_000)
    id = new_id()
    values = {"sha256": hash_of(content), "byte_size": len(content)}
    insert = {"table": "attachment", "id": id, "op": "insert", "set": values}
    answer = owner.sync(building, None, owner.transaction(insert))
    upload(owner, building, content)  # of which the deleting device has not heard
    prior = {"n": owner.n, "nonce": owner.nonce}
    change = {"table": "attachment", "id": id, "op": "delete", "base": answer["head"]}
    after = owner.sync(building, answer["cursor"], owner.transaction(change), prior=prior)
    assert [one["outcome"] for one in after["receipts"]] == ["applied"], after["receipts"]
    assert get(owner, building, content).status_code == 404
