# SPDX-License-Identifier: Apache-2.0
"""Publishing and deciding: the examples of the operators' page, and the same over HTTP."""
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile

import pytest
from conftest import BIN, FIXTURES, ROOT, clean_environment, publish_fixture, run

STUMP = FIXTURES / "protocols/registry/stump/1/model.json"
SIGNING = FIXTURES / "signing"
ROW = [[0.25, 1.0]]
KEY = "correct horse battery staple".replace(" ", "-")


def test_theExamplesOfThePage_doWhatItSays(tmp_path):
    page = (ROOT / "docs/operating/releasing.md").read_text()
    shutil.copy(STUMP, tmp_path / "model.json")
    environment = clean_environment({"PATH": f"{BIN}:{os.environ['PATH']}"})
    blocks = re.findall(r"```sh example\n(.*?)```(?:\n\n```\n(.*?)```)?", page, re.S)
    assert len(blocks) >= 7
    for commands, printed in blocks:
        result = subprocess.run(["bash", "-e", "-c", commands], cwd=tmp_path, env=environment, text=True,
                                capture_output=True, timeout=120)
        assert result.returncode == 0, f"{commands}\n{result.stdout}{result.stderr}"
        if printed:
            assert result.stdout == printed, commands


def replaced(model):
    """The stump with other answers: its leaves are swapped."""
    document = json.loads(STUMP.read_text())
    tree = document["learner"]["gradient_booster"]["model"]["trees"][0]
    weights = tree["base_weights"]
    weights[1], weights[2] = weights[2], weights[1]
    conditions = tree["split_conditions"]
    conditions[1], conditions[2] = conditions[2], conditions[1]
    return json.dumps(document).encode()


class Admin:
    """A daemon whose registry may be changed by whoever has the key."""

    def __init__(self, daemon, registry, tmp_path, *flags, **options):
        self.keys = tmp_path / "keys"
        self.keys.write_text(f"# who\nada {hashlib.sha256(KEY.encode()).hexdigest()}\n")
        self.key_file = tmp_path / "ada.key"
        self.key_file.write_text(KEY + "\n")
        self.server = daemon(registry, "--admin-keys", self.keys, "--listen-routes",
                             "models,health,metrics,admin", *flags, **options)

    def send(self, method, path, body=None, key=KEY, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return self.server.request(method, "/admin/" + path, body, headers)

    def ctl(self, *arguments, check=True):
        return run(BIN / "modelctl", *arguments, "--server", self.server.url, "--key-file", self.key_file, check=check)


def version(server, model="stump"):
    answer = server.infer(model, ROW)
    return answer.json.get("model_version") if answer.status == 200 else None


def archive(files, form=tarfile.USTAR_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_withoutAKey_nothingIsChanged(daemon, registry, tmp_path):
    publish_fixture(registry, "stump", STUMP)
    before = sorted(p for p in registry.rglob("*"))
    off = daemon(registry, "--listen-routes", "models,admin")
    for method, path in [("POST", "models/stump/versions?file=m.json"), ("DELETE", "models/stump/versions/1"),
                         ("POST", "models/stump/policy"), ("GET", "models/stump/policy"), ("POST", "gc")]:
        answer = off.request(method, "/admin/" + path, b"{}", {"Authorization": f"Bearer {KEY}"})
        assert answer.status == 403 and "admin.keys" in answer.text, (method, path, answer.text)
    admin = Admin(daemon, registry, tmp_path)
    for key in [None, "", "wrong", KEY + "x", KEY[:-1], hashlib.sha256(KEY.encode()).hexdigest()]:
        for method, path in [("POST", "models/stump/versions?file=m.json"), ("DELETE", "models/stump/versions/1"),
                             ("POST", "models/stump/policy"), ("GET", "models/stump/policy"), ("POST", "gc")]:
            answer = admin.send(method, path, b"{}", key=key)
            assert answer.status == 401 and answer.headers["WWW-Authenticate"] == "Bearer", (key, path)
    # By default the routes are not there at all where predictions are answered.
    plain = daemon(registry, "--admin-keys", admin.keys)
    assert plain.request("GET", "/admin/models/stump/policy", None, {"Authorization": f"Bearer {KEY}"}).status == 404
    assert sorted(p for p in registry.rglob("*")) == before
    assert KEY not in admin.server.stop()


def test_aVersionThatIsSent_isPublishedWholeOrNotAtAll(daemon, registry, tmp_path):
    admin = Admin(daemon, registry, tmp_path)
    body = STUMP.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    answer = admin.send("POST", f"models/stump/versions?file=model.json&sha256={digest}", body)
    assert answer.status == 201, answer.text
    assert answer.json == {"model": "stump", "version": 1,
                           "files": [{"name": "model.json", "size": len(body), "sha256": digest}]}
    admin.server.eventually(lambda: version(admin.server) == "1")
    manifest = json.loads((registry / "stump/1/manifest.json").read_text())
    assert manifest["facts"]["published_by"] == "ada"

    answer = admin.send("POST", "models/stump/versions", archive({"./model.json": body, "notes.md": b"hello"}),
                        Content_Type="application/x-tar")
    assert answer.status == 201 and answer.json["version"] == 2, answer.text
    admin.server.eventually(lambda: version(admin.server) == "2")

    refused = [
        ("models/stump/versions?file=m.json&sha256=" + "0" * 64, body, 422, "digest_mismatch"),
        ("models/stump/versions?file=m.json", b"{}", 422, None),
        ("models/stump/versions?file=m.json", body[:-10], 422, None),
        ("models/stump/versions?file=..%2Fm.json", body, 400, "invalid_file_name"),
        ("models/..%2Fstump/versions?file=m.json", body, 400, "invalid_model_name"),
        ("models/%2Fetc/versions?file=m.json", body, 400, "invalid_model_name"),
        ("models/stump/versions?file=manifest.json", body, 422, "malformed_manifest"),
        ("models/stump/versions?file=model.sig", body, 422, "no_model_file"),
        ("models/stump/versions", body, 400, None),
        ("models/stump/versions?file=m.json", b"", 400, "nothing_to_publish"),
    ]
    for path, content, status, code in refused:
        answer = admin.send("POST", path, content)
        assert answer.status == status and answer.json.get("code", code) == (code or answer.json.get("code")), \
            (path, answer.status, answer.text)
    archives = [archive({"../m.json": body}), archive({"a/m.json": body}), body + b"\0" * 2000, archive({})[:512],
                archive({"m.json": body})[:1500], archive({"m.json": body, "n" * 150: b"x"}, tarfile.PAX_FORMAT)]
    for content in archives:
        answer = admin.send("POST", "models/stump/versions", content, Content_Type="application/x-tar")
        assert answer.status in (400, 422), answer.text
    admin.server.eventually(lambda: sorted(os.listdir(registry / "stump")) == ["1", "2"])
    assert sorted(os.listdir(registry)) == ["stump"]
    log = admin.server.stop()
    assert "registry was changed" in log and "actor=ada" in log and "a change of the registry was refused" in log


def test_anUploadThatBreaksOffOrIsTooLarge_leavesNothing(daemon, registry, tmp_path):
    import socket
    admin = Admin(daemon, registry, tmp_path, "--admin-upload-bytes", "1MiB")
    answer = admin.send("POST", "models/stump/versions?file=m.json", b"x" * (2 << 20))
    assert answer.status == 413
    head = (f"POST /admin/models/stump/versions?file=m.json HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Length: 100000\r\n\r\n")
    client = socket.create_connection(("127.0.0.1", admin.server.port))
    client.sendall(head.encode() + b"x" * 1000)
    admin.server.eventually(lambda: (registry / "stump").is_dir() and os.listdir(registry / "stump"))
    client.close()
    admin.server.eventually(lambda: os.listdir(registry / "stump") == [])


def test_decisions_answerAndCanBeTakenBack(daemon, registry, tmp_path):
    admin = Admin(daemon, registry, tmp_path)
    second = tmp_path / "model.json"
    second.write_bytes(replaced(STUMP))
    admin.ctl("publish", "stump", STUMP)
    admin.ctl("publish", "stump", second)
    changes = [
        ({"action": "promote", "version": 1, "reason": "reviewed"}, "1"),
        ({"action": "alias", "alias": "canary", "version": 2}, "1"),
        ({"action": "promote", "version": 2}, "2"),
        ({"action": "roll_back"}, "1"),
        ({"action": "pin", "version": 2}, "2"),
        ({"action": "unpin"}, "latest"),
    ]
    for number, (change, default) in enumerate(changes):
        answer = admin.send("POST", "models/stump/policy", json.dumps(change))
        assert answer.status == 200, answer.text
        assert answer.json["revision"] == number and answer.json["changed"] and answer.json["default"] == default
    policy = admin.send("GET", "models/stump/policy").json
    assert [e["action"] for e in policy["history"]] == ["promote", "alias", "promote", "roll back", "pin", "unpin"]
    assert policy["history"][0]["actor"] == "ada" and policy["history"][0]["reason"] == "reviewed"
    assert policy["aliases"] == {"canary": 2} and policy["versions"] == [1, 2]
    assert admin.send("POST", "models/stump/policy", '{"action": "unpin"}').json["changed"] is False
    wrong = [('{', 400), ('{"action": "publish"}', 400), ('{"action": "promote"}', 400),
             ('{"action": "promote", "version": 9}', 404), ('{"action": "promote", "version": 1, "x": 1}', 400),
             ('{"action": "split", "split": {"nobody": 1}}', 409),
             ('{"action": "roll_back", "revision": 99}', 409), ('{"action": "alias", "alias": "latest", "version": 1}', 400),
             ('{"action": "promote", "version": 1, "url": "http://127.0.0.1:1/"}', 400)]
    for body, status in wrong:
        answer = admin.send("POST", "models/stump/policy", body)
        assert answer.status == status, (body, answer.text)
    assert admin.send("DELETE", "models/stump/versions/2").status == 409
    assert admin.send("DELETE", "models/stump/versions/9").status == 404
    assert admin.send("POST", "models/nobody/policy", '{"action": "unpin"}').status == 404
    admin.ctl("alias", "stump", "canary", "--remove")
    admin.ctl("delete", "stump@2")
    assert sorted(p.name for p in (registry / "stump").iterdir()) == [".policy", "1"]
    assert json.loads(admin.ctl("gc", "--dry-run", "--output", "json").stdout or "[]") == []


def test_twoVersions_areComparedOnAFile(daemon, registry, tmp_path):
    admin = Admin(daemon, registry, tmp_path)
    second = tmp_path / "model.json"
    second.write_bytes(replaced(STUMP))
    admin.ctl("publish", "stump", STUMP)
    admin.ctl("publish", "stump", second)
    admin.server.eventually(lambda: version(admin.server) == "2")
    rows = tmp_path / "rows.csv"
    rows.write_text("f0,f1\n" + "".join(f"{i / 10},1\n" for i in range(10)))
    same = run(BIN / "modelctl", "diff", "stump@1", "stump@1", rows, "--server", admin.server.url, "--output", "json")
    assert json.loads(same.stdout)["identical"] == 10
    other = run(BIN / "modelctl", "diff", "stump@1", "stump@2", rows, "--server", admin.server.url, "--output", "json",
                "--show", "3", check=False)
    result = json.loads(other.stdout)
    assert other.returncode == 1 and result["different"] == 10 and result["agreement"] == 0
    assert len(result["greatest"]) == 3


def test_aServerThatDemandsSignatures_publishesWhatIsSignedElsewhere(daemon, registry, tmp_path):
    trust = tmp_path / "trust.yaml"
    trust.write_text(f"keys:\n  - id: release\n    file: {SIGNING}/p256.pub\n")
    admin = Admin(daemon, registry, tmp_path, "--trust-policy", "require", "--trust-keys", trust)
    refused = admin.ctl("publish", "stump", STUMP, check=False)
    assert refused.returncode == 65 and "there is no model.sig" in refused.stderr
    refused = admin.ctl("publish", "stump", STUMP, "--sign", SIGNING / "p384.pem", check=False)
    assert refused.returncode == 65 and "not trusted" in refused.stderr
    for number in ("1", "2"):
        admin.ctl("publish", "stump", STUMP, "--sign", SIGNING / "p256.pem")
        admin.server.eventually(lambda: version(admin.server) == number)
    files = {p.name: p.read_bytes() for p in (registry / "stump/1").iterdir()}
    again = admin.send("POST", "models/stump/versions", archive(files), Content_Type="application/x-tar")
    assert again.status == 409 and again.json["code"] == "version_taken"
    other = admin.send("POST", "models/fraud/versions", archive(files), Content_Type="application/x-tar")
    assert other.status == 422 and other.json["code"] == "wrong_binding"


def test_modelsAreLoadedAndUnloaded_asTritonDoesInExplicitMode(daemon, registry, tmp_path):
    import tritonclient.http
    publish_fixture(registry, "stump", STUMP)
    broken = publish_fixture(registry, "broken", STUMP) / "model.json"
    broken.write_bytes(STUMP.read_bytes()[:-9])
    admin = Admin(daemon, registry, tmp_path, "--models-load", "explicit")
    assert admin.server.infer("stump", ROW).status != 200
    load = "/v2/repository/models/stump/load"
    assert admin.server.request("POST", load, "{}").status == 401
    headers = {"Authorization": f"Bearer {KEY}"}
    for parameters in [{"config": "{}"}, {"file:1/model.json": "AAAA"}, {"url": "http://127.0.0.1:1/"}]:
        assert admin.server.request("POST", load, {"parameters": parameters}, headers).status == 400
    with tritonclient.http.InferenceServerClient(f"127.0.0.1:{admin.server.port}") as client:
        client.load_model("stump", headers=headers)
        assert version(admin.server) == "1" and client.is_model_ready("stump")
        client.unload_model("stump", headers=headers)
        admin.server.eventually(lambda: version(admin.server) is None)
        client.load_model("stump", headers=headers)
        assert version(admin.server) == "1"
        for name, words in [("broken", "failed to load 'broken'"), ("nobody", "there is no model 'nobody'")]:
            with pytest.raises(tritonclient.utils.InferenceServerException, match=words):
                client.load_model(name, headers=headers)


def test_keysThatAreTakenOut_areRefusedAfterSIGHUP(daemon, registry, tmp_path):
    publish_fixture(registry, "stump", STUMP)
    admin = Admin(daemon, registry, tmp_path)
    assert admin.send("GET", "models/stump/policy").status == 200
    admin.keys.write_text("ada nonsense\n")
    admin.server.process.send_signal(signal.SIGHUP)
    admin.server.logs("line 1")
    assert admin.send("GET", "models/stump/policy").status == 200
    admin.keys.write_text(f"bob {hashlib.sha256(b'other').hexdigest()}\n")
    admin.server.process.send_signal(signal.SIGHUP)
    admin.server.eventually(lambda: admin.send("GET", "models/stump/policy").status == 401)
    assert admin.send("GET", "models/stump/policy", key="other").status == 200
