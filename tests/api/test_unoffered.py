"""What is not offered says so, and what to use instead."""

from __future__ import annotations

import inspect
import pkgutil
import re
from importlib import import_module

import httpx2
import openai
import openai.resources
import pytest

from api.unoffered import UNOFFERED, unoffered
from tests.fakes.routes import routes
from tests.fakes.server import KEY, Served

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SERVED = re.compile(r"/v1/(chat|files|images|models)")
BEING_BUILT = re.compile(r"/v1/(responses|conversations)")
"""Routes of other hands."""


@pytest.mark.parametrize("path", UNOFFERED)
async def test_every_method_of_it_is_a_404_that_names_it(served: Served, client: httpx2.AsyncClient, path: str) -> None:
    what, instead = UNOFFERED[path]
    for method in METHODS:
        for place in (path, f"{path}/some/thing"):
            answer = await client.request(method, place, content=b"{}")
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["type"]) == (404, "not_offered", "not_found")
            assert what in error["message"]
            assert instead in error["message"]
            assert error["param"] is None
            assert answer.headers["x-should-retry"] == "false"
    head = await client.head(path)
    async with served.client(None) as nobody:
        keyless = await nobody.get(path)
    assert (head.status_code, keyless.status_code) == (404, 401)


@pytest.mark.parametrize("path", ["/v1/embeddingsx", "/v1/", "/v1", "/embeddings", "/v1/nothing/embeddings", "/"])
async def test_other_paths_are_as_unknown_as_before(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.post(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_the_vendors_client_is_told(served: Served) -> None:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0) as vendor:
        with pytest.raises(openai.NotFoundError) as embeddings:
            await vendor.embeddings.create(model="text-embedding-3-small", input="a")
        with pytest.raises(openai.NotFoundError) as variation, pytest.warns(DeprecationWarning, match="deprecated"):
            await vendor.images.create_variation(image=b"x")

    assert (embeddings.value.code, variation.value.code) == ("not_offered", "not_offered")
    assert "/v1/images/edits" in variation.value.message


def vendor_paths() -> set[str]:
    """The path of every call that the vendor's client can make."""
    found: set[str] = set()
    for module in pkgutil.walk_packages(openai.resources.__path__, "openai.resources."):
        source = inspect.getsource(import_module(module.name))
        found |= {f"/v1{path}" for path in re.findall(r'"(/[a-z_]+(?:/[^"?]*)?)[?"]', source)}
    return found


def test_every_call_of_the_vendors_client_has_an_answer_of_its_own() -> None:
    left = {path for path in vendor_paths() if not unoffered(path)}

    assert left
    assert {path for path in left if not SERVED.match(path) and not BEING_BUILT.match(path)} == set()


def test_nothing_that_is_served_is_in_the_table() -> None:
    served = routes()

    assert served
    assert [path for _, path in served if unoffered(path)] == []
