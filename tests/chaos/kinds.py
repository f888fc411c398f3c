"""One request of each kind of operation, its words unique to it."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image


@dataclass(frozen=True)
class Asked:
    """A request: `prompt` occurs in no other one, `plan` is what is decided when its plan waits."""

    kind: str
    path: str
    body: dict[str, Any]
    prompt: str
    headers: dict[str, str] = field(default_factory=dict)
    plan: str | None = None


def image(prompt: str, rng: random.Random) -> Asked:
    """A picture, within the stream or later."""
    way = rng.choice(("image=inline,seconds=0", "image=async,seconds=1", "image=async,seconds=4"))
    return Asked("image", "/v1/images/generations", {"prompt": f"[sim:{way},pixels=64] {prompt}"}, prompt)


def edit(prompt: str, rng: random.Random) -> Asked:
    """A changed picture, sometimes with the input echoed before it."""
    body = {
        "prompt": f"[sim:seconds=1,pixels=64] {prompt}",
        "images": [_picture(rng) for _ in range(rng.randint(1, 2))],
    }
    return Asked("edit", "/v1/images/edits", body, prompt)


def vision(prompt: str, rng: random.Random) -> Asked:
    """A question about a picture, answered at once or slowly."""
    body = {"prompt": f"[sim:deltas=20,pace={rng.choice((1, 60))}] {prompt}", "images": [_picture(rng)]}
    return Asked("vision", "/v1/chatgpt/vision", body, prompt)


def response(prompt: str, rng: random.Random) -> Asked:
    """A chat in the background."""
    words = f"[sim:deltas=30,pace={rng.choice((1, 60))}] {prompt}"
    body = {"model": "auto", "messages": [{"role": "user", "content": words}]}
    return Asked("response", "/v1/chat/completions", body, prompt)


def research(prompt: str, rng: random.Random) -> Asked:
    """A research, with or without a plan that waits for a person."""
    plan = rng.choice((None, None, "approve", "edit", "reject"))
    way = "fast" if plan is None and rng.random() < 0.5 else "plan"
    body = {"prompt": f"[sim:research={way}] {prompt}", "plan": "auto" if plan is None else "ask"}
    return Asked("research", "/v1/chatgpt/research", body, prompt, plan=plan)


KINDS: dict[str, Callable[[str, random.Random], Asked]] = {
    make.__name__: make for make in (image, edit, vision, response, research)
}


def _picture(rng: random.Random) -> str:
    drawn = io.BytesIO()
    Image.new("RGB", (48, 32), tuple(rng.randrange(256) for _ in range(3))).save(drawn, "PNG")
    return f"data:image/png;base64,{base64.b64encode(drawn.getvalue()).decode('ascii')}"
