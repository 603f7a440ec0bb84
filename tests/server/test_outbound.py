"""What may be called, and where a call goes: the guard before webhooks, maintenance systems and push services."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from pathlib import Path

import pytest

from arxos_sync.problems import Problem
from server import outbound
from server.outbound import Allowed, pinned, post, read_allowed, send
from server.settings import SettingError, read_settings
from tests import services
from tests.server.receiving import Receiver

HERE = read_allowed("127.0.0.0/8")
PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.192",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "168.63.129.16", "::1", "::", "fe80::1%eth0", "fc00::1",
    "fd00:ec2::254", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a00:1", "2002:7f00:1::", "2002:808:808::1", "2001:0:53aa:64c::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_into_a_private_network_is_refused(address: str):
    with pytest.raises(Problem) as refused:
        pinned("https://example.org/", Allowed(), lambda host, port: ["93.184.215.14", address])
    assert refused.value.code == "address_refused" and "not public" in refused.value.detail


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::5db8:d70e"])
def test_a_public_name_is_pinned_to_the_address_that_was_judged(address: str):
    target = pinned("https://example.org:8443/a?b=c", Allowed(), lambda host, port: [address])
    assert (target.host, target.port, target.path, target.address) == ("example.org", 8443, "/a?b=c", address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "https://example.org:22/", "https://user:pass@example.org/",
        "https://user@example.org/", "https:///path", "example.org", "https://example.org\\@evil.example/",
        "https://example.org/ a", "https://exämple.org/", "https://example.org:99999/", "https://example.org:0/",
        "https://[::1/", "file:///etc/passwd", "https://example.org/" + "a" * 3000, "",
    ],
)  # fmt: skip
def test_an_address_of_another_shape_is_refused_before_anybody_is_asked(url: str):
    def nobody(host: str, port: int) -> list[str]:
        return ["93.184.215.14"]

    with pytest.raises(Problem) as refused:
        pinned(url, Allowed(), nobody)
    assert refused.value.code == "address_refused"


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost", "[::1]", "017700000001"])
def test_loopback_in_any_spelling_is_refused(host: str):
    with pytest.raises(Problem) as refused:
        pinned(f"https://{host}/", Allowed())
    assert refused.value.code in ("address_refused", "unreachable")


def test_what_is_allowed_by_host_or_network_may_be_called_by_http_on_any_port():
    allowed = read_allowed("cmms.intranet, other.intranet:8080, 10.1.0.0/16")
    for url, address in [
        ("http://cmms.intranet:81/", "10.9.9.9"), ("http://other.intranet:8080/", "10.9.9.9"),
        ("http://any.example:99/", "10.1.2.3"),
    ]:  # fmt: skip
        assert pinned(url, allowed, lambda host, port, address=address: [address]).address == address
    for url, address in [("http://other.intranet/", "10.9.9.9"), ("https://any.example/", "10.2.0.1")]:
        with pytest.raises(Problem):
            pinned(url, allowed, lambda host, port, address=address: [address])
    with pytest.raises(Problem):
        pinned("http://any.example:99/", allowed, lambda host, port: ["10.1.2.3", "10.2.0.1"])


def test_a_wrong_setting_is_named_with_its_remedy(tmp_path: Path):
    with pytest.raises(SettingError, match="ARXOS_OUTBOUND_ALLOW.*10.0.0.0/99.*10.1.0.0/16"):
        read_settings({"ARXOS_OUTBOUND_ALLOW": "10.0.0.0/99"}, tmp_path)
    assert read_settings({"ARXOS_OUTBOUND_ALLOW": "a.b, ::1/128"}, tmp_path).outbound_allow == "a.b, ::1/128"


def test_a_name_that_changes_between_the_look_and_the_call_gains_nothing():
    """DNS rebinding: the second answer of the name is never asked for."""
    with Receiver() as meant, Receiver() as inside:
        answers = ["127.0.0.1", "127.0.0.2"]
        target = pinned(f"http://hooks.example:{meant.port}/x", HERE, lambda host, port: [answers.pop(0)])
        assert send("POST", target, {}, b"hello").status == 204
        assert answers == ["127.0.0.2"] and inside.sent == []
    (sent,) = meant.sent
    assert sent.headers["host"] == f"hooks.example:{meant.port}" and sent.body == b"hello"
    with pytest.raises(Problem):  # and at the next call the name is judged anew
        post(f"https://hooks.example:{meant.port}/x", {}, b"", Allowed(), lambda host, port: answers)


def test_tls_asks_for_the_name_and_believes_no_other(tmp_path: Path):
    server, trusting = certificate(tmp_path, "hooks.example")
    with Receiver(tls=server) as receiver:
        def to(name: str) -> outbound.Target:
            return pinned(f"https://{name}:{receiver.port}/", HERE, lambda host, port: ["127.0.0.1"])

        assert send("POST", to("hooks.example"), {}, b"x", tls=trusting).status == 204
        for name, tls in (("other.example", trusting), ("hooks.example", None)):
            with pytest.raises(Problem) as refused:
                send("POST", to(name), {}, b"x", tls=tls)
            assert refused.value.code == "unreachable" and "certificate" in refused.value.detail
    assert len(receiver.sent) == 1


def test_an_answer_is_read_no_further_than_it_may_be_long():
    with Receiver(lambda sent: (200, {"X-Kind": "long"}, b"a" * 100_000)) as receiver:
        target = pinned(receiver.url, HERE)
        answer = send("GET", target, {}, answer_bytes_max=1000)
        assert (answer.body, answer.cut, answer.headers["x-kind"]) == (b"a" * 1000, True, "long")
        assert not send("GET", target, {}, answer_bytes_max=100_000).cut


def test_who_sends_a_byte_now_and_then_is_cut_off_when_the_whole_time_is_over():
    waiting = threading.Event()

    def trickle(sent: object) -> tuple[int, dict[str, str], bytes]:
        waiting.wait(20)
        return 200, {}, b""

    with Receiver(trickle) as receiver:  # noqa: SIM117
        with pytest.raises(Problem) as refused:
            send("GET", pinned(receiver.url, HERE), {}, wait_s_max=0.3)
        waiting.set()
    assert refused.value.code == "unreachable"


def test_the_time_is_bounded_as_a_whole_and_not_read_by_read():
    """A real peer that sends a header's byte every 50 ms, for as long as anybody listens."""
    import socket

    stop, port = threading.Event(), services.free_port()
    listening = socket.create_server(("127.0.0.1", port))

    def drip() -> None:
        peer, _ = listening.accept()
        with peer:
            while not stop.wait(0.05):
                try:
                    peer.sendall(b"H")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    with pytest.raises(Problem):
        send("GET", pinned(f"http://127.0.0.1:{port}/", HERE), {}, wait_s_max=0.4)
    stop.set()
    thread.join(10)
    listening.close()
    assert not thread.is_alive()


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for a name, and one that trusts it alone."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "certificate.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "certificate.pem"))


def test_every_kind_of_address_that_python_calls_global_was_thought_of():
    """Networks of the registries that are not unicast on the open Internet, whatever `is_global` says of them."""
    for text in ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "2002::/16", "2001::/32", "ff00::/8", "fec0::/10"):
        assert not outbound.is_public(ipaddress.ip_network(text)[9])
