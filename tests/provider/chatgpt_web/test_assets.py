from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import ProtocolError
from provider.chatgpt_web.assets import final_assets, input_ids, metadata_paths, parse_pointer, preview_assets
from provider.interface.turns import ImageAsset

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "assets.json").read_text())


def picture(pointer: str, **more: Any) -> dict[str, Any]:
    return {"content_type": "image_asset_pointer", "asset_pointer": pointer, **more}


def tool(*parts: Any, **more: Any) -> dict[str, Any]:
    content = {"content_type": "multimodal_text", "parts": list(parts)}
    return {"author": {"role": "tool"}, "content": content, "status": "finished_successfully", **more}


@pytest.mark.parametrize("case", VECTORS["cases"], ids=[case["name"] for case in VECTORS["cases"]])
def test_results_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    assets = final_assets(case["messages"], inputs=case["uploaded_file_ids"])
    assert [asset.pointer for asset in assets] == case["assets"]


@pytest.mark.parametrize("case", VECTORS["pointers"], ids=[f"{n}" for n in range(len(VECTORS["pointers"]))])
def test_pointers_lead_to_the_paths_of_the_vectors(case: dict[str, Any]) -> None:
    conversation_id = case.get("conversation_id")
    if "error" in case:
        with pytest.raises(ProtocolError):
            metadata_paths(case["pointer"], conversation_id=conversation_id)
        return
    assert parse_pointer(case["pointer"]) == (case["scheme"], case["id"])
    assert metadata_paths(case["pointer"], conversation_id=conversation_id)[0] == case["metadata_path"]


def test_the_other_path_comes_second_and_ids_cannot_leave_their_segment() -> None:
    within = "/backend-api/files/download/file_a?conversation_id=c&inline=false"
    plain = "/backend-api/files/file_a/download"
    assert metadata_paths("sediment://file_a", conversation_id="c") == (within, plain)
    assert metadata_paths("file-service://file_a", conversation_id="c") == (plain, within)
    assert metadata_paths("file-service://..%2Fa", conversation_id=None) == ("/backend-api/files/..%252Fa/download",)


def test_an_asset_carries_its_bare_id_and_size() -> None:
    message = tool(picture("sediment://file_a#v=1", width=1024, height=768), picture("sediment://file_b", width=None))
    assert final_assets([message]) == (
        ImageAsset("sediment://file_a", "file_a", 1024, 768),
        ImageAsset("sediment://file_b", "file_b"),
    )


def test_a_replaced_revision_does_not_come_back_through_a_later_mention() -> None:
    slot = {"metadata": {"generation": {"gen_id": "g"}}}
    messages = [
        tool(picture("sediment://file_old", **slot)),
        tool(picture("sediment://file_new", **slot)),
        tool(picture("file-service://file_old")),
    ]
    assert [asset.file_id for asset in final_assets(messages)] == ["file_new"]


def test_inputs_are_pointers_with_and_without_a_type_and_attachments() -> None:
    user = {
        "author": {"role": "user"},
        "content": {"parts": [{"asset_pointer": "file-service://file_a"}, "text", None]},
        "metadata": {"attachments": [{"id": "file_b"}, {"id": None}, "odd"]},
    }
    assert input_ids([user, tool(picture("sediment://file_c"))]) == {"file_a", "file_b"}


def test_nulls_and_odd_shapes_are_no_assets() -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"author": None, "content": None, "metadata": None},
        tool(None, 3, {"asset_pointer": 7}, {"content_type": "image_asset_pointer"}, picture("https://example.test/x")),
        tool(picture("sediment://file_x", metadata=[1])),
    ]
    assert [asset.file_id for asset in final_assets(odd)] == ["file_x"]


def test_previews_are_what_is_shown_while_it_is_made_each_once_and_no_input() -> None:
    pending = {"status": "in_progress"}
    messages = [
        tool(picture("sediment://file_in"), picture("sediment://file_1", width=4, height=3)) | pending,
        tool(picture("file-service://file_1"), picture("sediment://file_2")) | pending,
        tool(picture("sediment://file_3")),
        {**tool(picture("sediment://file_4")), "author": {"role": "user"}, **pending},
    ]
    shown = preview_assets(messages, inputs={"file_in"})
    assert shown == (ImageAsset("sediment://file_1", "file_1", 4, 3), ImageAsset("sediment://file_2", "file_2"))
