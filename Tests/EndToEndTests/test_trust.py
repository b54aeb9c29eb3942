# SPDX-License-Identifier: Apache-2.0
"""Signatures, together with the model-signing tool, and files that are not what they were."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

from conftest import BIN, FIXTURES, age, publish_fixture, run

SIGNING = FIXTURES / "signing"
STUMP = FIXTURES / "protocols/registry/stump/1/model.json"
OTHER = FIXTURES / "models/xgboost/xgb_binary_logistic/model.json"
ROW = [[0.25, 1.0]]


def tool(*arguments, check=True):
    """The command of the package model-signing, which is beside the interpreter."""
    command = [str(pathlib.Path(sys.executable).parent / "model_signing"), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if check and result.returncode != 0:
        raise AssertionError(f"{command}\n{result.stdout}\n{result.stderr}")
    return result


def sign(version, key="p256"):
    run(BIN / "modelctl", "sign", version, "--key", SIGNING / f"{key}.pem")


def verify(version, key="p256"):
    result = run(BIN / "modelctl", "verify", version, "--public-key", SIGNING / f"{key}.pub", "--output", "json",
                 check=False)
    return [json.loads(line) for line in result.stdout.splitlines()]


def trust_file(tmp_path, *lines):
    path = tmp_path / "trust.yaml"
    path.write_text("\n".join([f"keys:\n  - id: release\n    file: {SIGNING}/p256.pub", *lines]) + "\n")
    return path


def states(server, model="stump"):
    return {s["version"]: s for s in server.post("/v2/repository/index", {}).json if s["name"] == model}


def published(registry, source=STUMP, version=1, name="stump"):
    """A version with a manifest, as publishing leaves it."""
    directory = publish_fixture(registry, name, source, version)
    sign(directory)
    (directory / "model.sig").unlink()
    return directory


@pytest.mark.parametrize("key", ["p256", "p384", "p521"])
def test_whatWeSign_theToolVerifies(tmp_path, key):
    version = publish_fixture(tmp_path / "registry", "stump", STUMP)
    sign(version, key)
    arguments = ["verify", "key", version, "--signature", version / "model.sig", "--public_key"]
    tool(*arguments, SIGNING / f"{key}.pub")
    assert tool(*arguments, SIGNING / ("p384.pub" if key == "p256" else "p256.pub"), check=False).returncode != 0
    (version / "model.json").write_bytes(STUMP.read_bytes() + b" ")
    assert tool(*arguments, SIGNING / f"{key}.pub", check=False).returncode != 0


@pytest.mark.parametrize("key", ["p256", "p384", "p521"])
def test_whatTheToolSigns_weVerify(tmp_path, key):
    version = published(tmp_path / "registry")
    signature = tmp_path / "model.sig"
    tool("sign", "key", version, "--private_key", SIGNING / f"{key}.pem", "--signature", signature)
    shutil.copy(signature, version / "model.sig")
    assert [entry["ok"] for entry in verify(tmp_path / "registry", key)] == [True]
    other = "p384" if key == "p256" else "p256"
    assert [entry["code"] for entry in verify(tmp_path / "registry", other)] == ["unknown_signer"]


def test_aDaemonThatDemandsSignatures_servesWhatIsSignedAsThatVersionOnly(daemon, registry, tmp_path):
    sign(publish_fixture(registry, "stump", STUMP))
    flags = ["--trust-policy", "require", "--trust-keys", trust_file(tmp_path)]
    server = daemon(registry, *flags)
    answer = server.infer("stump", ROW)
    assert answer.status == 200

    def refused(code, change, version):
        """The version that `change` has made is refused for `code`, and the first one goes on."""
        staged = tmp_path / "staged"
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(registry / "stump/1", staged)
        manifest = staged / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"version": 1,', f'"version": {version},'))
        # Signed as this version, whatever is done to it afterwards.
        place = tmp_path / "sign" / "stump" / str(version)
        place.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(place)
        (place / "model.sig").unlink()
        sign(place)
        change(place)
        place.rename(registry / "stump" / str(version))
        state = server.eventually(lambda: states(server).get(str(version), {}).get("reason"))
        assert code in state, state
        again = server.infer("stump", ROW).json
        assert again["outputs"] == answer.json["outputs"] and again["model_version"] == "1"

    refused("there is no model.sig", lambda p: (p / "model.sig").unlink(), 2)
    refused("the manifest says", lambda p: (p / "model.json").write_bytes(STUMP.read_bytes() + b" "), 3)
    refused("does not list notes.md", lambda p: (p / "notes.md").write_text("hello"), 4)
    refused("does not list the model file renamed.json", lambda p: (p / "model.json").rename(p / "renamed.json"), 5)
    refused("was not signed", lambda p: (p / "more").mkdir() or (p / "more/x").write_text("x"), 6)
    refused("not trusted", lambda p: sign(p, "p384"), 7)

    # A good release of one model, put where another is looked for.
    shutil.copytree(registry / "stump/1", registry / "fraud/1")
    shutil.copytree(registry / "stump/1", registry / "stump/8")
    for model, version in [("fraud", "1"), ("stump", "8")]:
        reason = server.eventually(lambda: states(server, model).get(version, {}).get("reason"))
        assert "was published as stump@1" in reason
    assert server.infer("fraud", ROW).status == 503


def test_aRevokedDigest_isTakenBackAtSIGHUP(daemon, registry, tmp_path):
    sign(publish_fixture(registry, "stump", STUMP))
    flags = ["--trust-policy", "require", "--trust-keys", trust_file(tmp_path)]
    server = daemon(registry, *flags)
    assert server.infer("stump", ROW).status == 200
    digest = hashlib.sha256(STUMP.read_bytes()).hexdigest()
    trust_file(tmp_path, f"revoked:\n  - sha256: {digest}\n    reason: leaked")
    server.process.send_signal(signal.SIGHUP)
    server.eventually(lambda: server.infer("stump", ROW).status == 503)
    assert "revoked: leaked" in states(server)["1"]["reason"]
    trust_file(tmp_path)
    server.process.send_signal(signal.SIGHUP)
    server.eventually(lambda: server.infer("stump", ROW).status == 200)


def test_aDaemonWithoutUsableKeys_doesNotStart(registry, tmp_path):
    publish_fixture(registry, "stump", STUMP)
    broken = tmp_path / "trust.yaml"
    broken.write_text("keys:\n  - id: a\n    pem: none\n")
    command = [BIN / "modeld", "--registry", registry, "--listen", "127.0.0.1:0", "--trust-policy", "require"]
    result = run(*command, "--trust-keys", broken, check=False)
    assert result.returncode != 0 and "2:5: the key 'a': there is no public key" in result.stderr
    result = run(*command, check=False)
    assert result.returncode == 78 and "trust.keys" in result.stderr


def overwrite(path):
    with open(path, "r+b") as file:
        file.write(b"x" * 200)


def truncate(path):
    os.truncate(path, 100)


def fifo(path):
    path.unlink()
    os.mkfifo(path)


def directory(path):
    path.unlink()
    path.mkdir()


def loop(path):
    path.unlink()
    path.symlink_to(path.name)


def outside(path):
    kept = path.parents[3] / "outside.json"
    shutil.copy(path, kept)
    path.unlink()
    path.symlink_to(f"../../../{kept.name}")


def other_model(path):
    shutil.copy(OTHER, path)


CHANGES = {
    overwrite: "has no known format", truncate: "the manifest says", fifo: "is no regular file", directory: "holds no model file",
    loop: "holds no model file", outside: "leads out of the registry", other_model: "the manifest says",
}


@pytest.mark.parametrize("change, words", CHANGES.items(), ids=[change.__name__ for change in CHANGES])
def test_aLiveFileThatIsNotWhatItWas_isRefusedAndTheOldGoesOn(daemon, registry, change, words):
    version = published(registry)
    age(registry)
    server = daemon(registry)
    before = server.infer("stump", ROW)
    assert before.status == 200
    change(version / "model.json")
    reason = server.eventually(lambda: states(server)["1"].get("reason"))
    assert words in reason and str(registry) not in reason
    for _ in range(20):
        after = server.infer("stump", ROW)
        assert after.status == 200 and after.json["outputs"] == before.json["outputs"]
    # What was there before is taken back as soon as it is there again.
    if (version / "model.json").is_dir():
        (version / "model.json").rmdir()
    else:
        (version / "model.json").unlink()
    shutil.copy(STUMP, version / "model.json")
    server.eventually(lambda: "reason" not in states(server)["1"])
    assert server.process.poll() is None


def test_linksWithinTheRegistry_areFollowedAsConfigMapsNeedThem(daemon, registry):
    version = registry / "stump/1"
    (version / "..2026_11_26").mkdir(parents=True)
    shutil.copy(STUMP, version / "..2026_11_26/model.json")
    (version / "..data").symlink_to("..2026_11_26")
    (version / "model.json").symlink_to("..data/model.json")
    (registry / ".store").mkdir()
    shutil.copytree(version, registry / ".store/stump-2", symlinks=True)
    (registry / "stump/2").symlink_to("../.store/stump-2")
    age(registry)
    server = daemon(registry)
    assert server.infer("stump", ROW, version="1").status == 200
    assert server.infer("stump", ROW, version="2").status == 200
