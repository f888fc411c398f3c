"""What a simulated research plans and finds: about the question, the same every time for the same seed."""

from __future__ import annotations

import random
import re
from typing import Any
from urllib.parse import quote

from provider.simulator.identity import derive

_WORD = re.compile(r"[^\W\d_]{4,}")
_STEPS = (
    "Settle what {topic} means here and what it does not",
    "Collect sources on {first}",
    "Compare what they say about {second}",
    "Look for voices that disagree",
    "Weigh the evidence and write it down",
)
_PLACES = ("Encyclopedia", "Review of", "Notes on", "A short history of", "Field guide to", "Questions about")
_FINDINGS = (
    "Most sources agree on the beginnings of {word}",
    "The figures for {word} differ by source, and the newer ones are lower",
    "What is written about {word} goes back to very few observations",
    "Practice has changed {word} more than theory has",
)
_CLOSING = "No page of this report exists; it was made up by the offline simulator."
_CITE = "\ue200cite\ue202{references}\ue201"
_LINK = "\ue200url\ue202{label}\ue202{reference}\ue201"


def plan_of(question: str, *, changes: tuple[str, ...] = ()) -> dict[str, Any]:
    """A plan without its id: title, version and steps; each change adds a step and raises the version."""
    first, second, topic = _words(question)
    texts = [step.format(topic=topic, first=first, second=second) for step in _STEPS]
    texts[-1:-1] = [f"As asked: {' '.join(change.split())[:120]}" for change in changes]
    steps = [
        {"id": f"step-{number}", "text": text, "status": "pending", "reason": None}
        for number, text in enumerate(texts, 1)
    ]
    return {"version": 1 + len(changes), "title": f"A survey of {topic}", "steps": steps}


def sources_of(seed: int, question: str) -> list[dict[str, str]]:
    """Four to eight pages that do not exist."""
    choose = random.Random(derive(seed, question, "sources"))
    first, second, topic = _words(question)
    titles = [f"{place} {choose.choice((first, second, topic))}" for place in _PLACES]
    titles = [*titles, f"Archive of {topic}", f"{first.capitalize()}, revisited"][: choose.randint(4, 8)]
    return [
        {"title": title, "url": f"https://source{number}.example.test/{quote(title.lower().replace(' ', '-'))}"}
        for number, title in enumerate(titles, 1)
    ]


def report_of(seed: int, question: str, plan: dict[str, Any]) -> dict[str, Any]:
    """The report as upstream's message: Markdown with citation marks, and the metadata that explains them."""
    choose = random.Random(derive(seed, question, "report"))
    sources = sources_of(seed, question)
    references = [f"turn0search{number}" for number in range(len(sources))]
    lines = [f"# {plan['title']}", "", f"*Asked:* {' '.join(question.split())}", ""]
    for number, step in enumerate(plan["steps"]):
        cited = references[number % len(references)]
        finding = choose.choice(_FINDINGS).format(word=choose.choice(_words(question)))
        lines += [f"## {step['text']}", "", f"{finding}. {_CITE.format(references=cited)}", ""]
    closing = _LINK.format(label=sources[0]["title"], reference=references[0])
    lines += ["## Sources to begin with", "", f"- {closing}", "", _CLOSING]
    return {
        "id": f"report-{derive(seed, question, 'id')[:16]}",
        "author": {"role": "assistant", "name": None, "metadata": {}},
        "content": {"content_type": "text", "parts": ["\n".join(lines)]},
        "status": "finished_successfully",
        "recipient": "all",
        "metadata": {
            "content_references": [_reference(number, source) for number, source in enumerate(sources)],
            "citations": [],
        },
    }


def _reference(number: int, source: dict[str, str]) -> dict[str, Any]:
    name = {"turn_index": 0, "ref_type": "search", "ref_index": number}
    return {
        "matched_text": _CITE.format(references=f"turn0search{number}"),
        "type": "grouped_webpages",
        "items": [{"title": source["title"], "url": source["url"], "refs": [name]}],
    }


def _words(question: str) -> tuple[str, str, str]:
    found = list(dict.fromkeys(word.lower() for word in _WORD.findall(question)[:40]))
    first, second = (*found, "the question", "its background")[:2]
    return first, second, " ".join(found[:3]) or "the question"
