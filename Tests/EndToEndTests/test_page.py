# SPDX-License-Identifier: Apache-2.0
"""The page at /docs in a browser: it asks nobody but this server, and a request can be tried against each model. Runs
where Chromium is installed."""
import fcntl
import json
import os
import shutil
import subprocess

import pytest

from conftest import FIXTURES, publish_fixture

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
MODELS = FIXTURES / "models"


class Browser:
    """A page of a headless Chromium, spoken to over its debugging pipe: commands on one descriptor, answers on another,
    a zero byte behind each."""

    def __init__(self, profile):
        commands_read, self.commands = os.pipe()
        self.answers, answers_written = os.pipe()
        # The browser takes 3 and 4, which none of these may be.
        commands, answers = (fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (commands_read, answers_written))
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "bash", CHROMIUM, "--headless", "--no-sandbox",
             "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (commands_read, answers_written, commands, answers):
            os.close(end)
        self.buffer, self.number, self.session, self.requested = b"", 0, None, []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        self.call("Network.enable")
        self.call("Page.enable")

    def _message(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.answers, 1 << 16)
            assert piece, "the browser is gone"
            self.buffer += piece
        text, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(text)
        if message.get("method") == "Network.requestWillBeSent":
            self.requested.append(message["params"]["request"]["url"])
        return message

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url):
        self.call("Page.navigate", url=url)
        while self._message().get("method") != "Page.loadEventFired":
            pass

    def run(self, script):
        """The value of a script, which may wait."""
        result = self.call("Runtime.evaluate", expression=f"(async () => {{ {script} }})()", awaitPromise=True,
                           returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def close(self):
        self.call("Browser.close")
        self.process.wait(timeout=20)
        os.close(self.commands)
        os.close(self.answers)


@pytest.fixture
def browser(tmp_path):
    started = Browser(tmp_path / "profile")
    yield started
    started.close()


SOON = "const soon = async (is) => { while (!is()) await new Promise(done => setTimeout(done, 5)); };"


def test_aRequest_canBeTriedAgainstEachModel(daemon, stump, browser):
    publish_fixture(stump, "names", MODELS / "lightgbm/more_pandas/model.txt")
    publish_fixture(stump, "combinations", MODELS / "catboost/more_combinations/model.json")
    for name, case in (("patients", "sk_ct_logreg"), ("digits", "torch_cnn_digits"), ("ridge", "sk_ridge"),
                       ("labels", "sk_logreg_string_labels")):
        publish_fixture(stump, name, MODELS / f"onnx/{case}/model.onnx")
    server = daemon(stump)
    browser.open(server.url + "/docs")
    models = browser.run(SOON + "await soon(() => at('model').options.length > 0 && at('path').textContent);"
                         "return Array.from(at('model').options, option => option.value);")
    assert models == server.get("/v2/models").json["models"] and len(models) == 7
    for form in ("v2", "v1"):
        browser.run(f"at('form').value = '{form}'; at('form').onchange();")
        for name in models:
            status, answer = browser.run(
                f"at('model').value = '{name}'; await at('model').onchange(); await at('send').onclick();"
                "return [at('status').textContent, at('answer').textContent];")
            assert status.startswith("200 "), (form, name, status, answer)
            assert ("outputs" if form == "v2" else "predictions") in json.loads(answer)
    # What is wrong is shown with its code.
    status, answer = browser.run("at('body').value = '{'; await at('send').onclick();"
                                 "return [at('status').textContent, at('answer').textContent];")
    assert status.startswith("400 malformed_body in ") and "error" in json.loads(answer)
    routes = browser.run("return at('routes').rows.length;")
    assert routes >= 20
    assert {url.split("/")[2] for url in browser.requested if url.startswith("http")} == {f"127.0.0.1:{server.port}"}
