# SPDX-License-Identifier: Apache-2.0
"""KServe's own SDK against modeld. It brings half a gigabyte of packages, so it is not among the pinned ones: these
tests run where somebody has installed `kserve`."""
import asyncio

import numpy
import pytest

kserve = pytest.importorskip("kserve")
infer_type = pytest.importorskip("kserve.protocol.infer_type")


@pytest.fixture
def address(daemon, stump):
    return daemon(stump).url


def client(protocol):
    return kserve.InferenceRESTClient(config=kserve.RESTConfig(protocol=protocol, timeout=30, retries=0))


def test_v1_predictsAndExplains(address):
    async def ask():
        rest = client("v1")
        assert await rest.is_server_live(address)
        assert await rest.is_model_ready(address, "stump")
        instances = {"instances": [[0.25, 1], [0.75, 1]]}
        assert (await rest.infer(address, dict(instances), model_name="stump"))["predictions"] == [1.5, -2.0]
        explained = await rest.explain(address, "stump", instances)
        assert len(explained["explanations"]) == 2

    asyncio.run(ask())


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_v2_predicts(address, binary):
    async def ask():
        rest = client("v2")
        assert await rest.is_server_live(address) and await rest.is_server_ready(address)
        assert await rest.is_model_ready(address, "stump")
        tensor = kserve.InferInput("input", [2, 2], "FP32")
        tensor.set_data_from_numpy(numpy.array([[0.25, 1], [0.75, 1]], numpy.float32), binary_data=binary)
        outputs = [infer_type.RequestedOutput("predictions", parameters={"binary_data": binary})]
        request = kserve.InferRequest("stump", [tensor], request_id="42", request_outputs=outputs)
        answer = await rest.infer(address, request, model_name="stump")
        assert answer.id == "42" and answer.model_name == "stump"
        assert numpy.array(answer.outputs[0].as_numpy()).tolist() == [1.5, -2.0]

    asyncio.run(ask())
