"""Edits and questions about pictures through real processes, from the request to upstream and back."""

from __future__ import annotations

import io
from pathlib import Path

import openai
from PIL import Image

from provider.simulator import SimulatorConfig
from tests.e2e.calls import ASYNC, CHAT, OPERATIONS, reaches
from tests.e2e.stack import KEY, open_stack
from tests.fakes.pictures import picture_host
from tests.fakes.server import events
from tests.fakes.upstream import png

EDITS = "/v1/images/edits"
VISION = "/v1/chatgpt/vision"


async def test_pictures_are_edited_looked_at_and_spoken_of(tmp_path: Path) -> None:
    async with (
        picture_host() as host,
        open_stack(tmp_path, SimulatorConfig(accounts=("plus",)), CHATGPT_FETCH_ALLOW="127.0.0.0/8") as stack,
    ):
        await stack.start()
        host.shows("/red.png", png("red"))
        async with stack.client() as client:
            # A form, as the vendors' clients send it.
            async with openai.AsyncOpenAI(base_url=f"{stack.base_url}/v1", api_key=KEY, max_retries=0) as vendor:
                edited = await vendor.images.edit(image=("teal.png", png()), prompt="[sim:seconds=1,pixels=64] Purple")
            assert edited.data
            first = (await client.get(str(edited.data[0].url))).content
            with Image.open(io.BytesIO(first)) as picture:
                picture.verify()
            assert first != png()

            # Its result by our own link, and another picture by a foreign address.
            again = await client.post(
                EDITS,
                headers=ASYNC,
                json={
                    "prompt": "[sim:seconds=1,pixels=64] Both",
                    "images": [str(edited.data[0].url), host.url("/red.png")],
                },
            )
            operation = again.json()["operation"]
            assert again.status_code == 202
            assert (await reaches(client, operation["id"], "completed"))["artifacts"]

            # Looked at: at once, and as a stream.
            seen = await client.post(VISION, files={"image": ("a.png", first)}, data={"mode": "ocr"})
            assert seen.status_code == 200, seen.text
            assert seen.json()["text"]
            assert seen.json()["chatgpt_account"] == stack.simulator.aliases[0]
            streamed = await client.post(VISION, json={"image": host.url("/red.png"), "stream": True})
            found = events(streamed.text)
            said = "".join(event["choices"][0]["delta"].get("content", "") for event in found[:-1])
            operation_id = streamed.headers["x-chatgpt-operation-id"]
            kept = (await client.get(f"{OPERATIONS}/{operation_id}")).json()["operation"]
            assert found[-1] == "[DONE]"
            assert said
            assert kept["state"] == "completed"

            # And in a chat.
            part = {"type": "image_url", "image_url": {"url": host.url("/red.png")}}
            spoken = await client.post(CHAT, json={"messages": [{"role": "user", "content": ["What is it?", part]}]})
            assert spoken.status_code == 200, spoken.text

        assert len(stack.simulator.ledger.submissions) == 5
        # Teal, the first result, and red.
        assert len([path for path in (tmp_path / "data" / "inputs").rglob("*") if path.is_file()]) == 3
