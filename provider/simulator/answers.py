"""What the simulator says: friendly, clearly about the prompt, the same every time for the same seed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle, islice, pairwise

from provider.simulator.identity import derive

_WORD = re.compile(r"\S+\s*")
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_OPENINGS = (
    "You asked: “{prompt}”.",
    "Thank you for “{prompt}”.",
    "Let us look at “{prompt}” together.",
    "Here is what I make of “{prompt}”.",
)
_BODIES = (
    "The heart of it is {first}, and {second} is what gives it its colour.",
    "If I had to start somewhere, I would start with {first} and let {second} follow.",
    "{First} comes first for me; {second} is where it becomes interesting.",
    "Two things matter here, {first} and {second}, and they matter in that order.",
)
_ADVICE = (
    "Take one small step, look at what came of it, and only then take the next.",
    "Write down what you know, then what you guess, and keep the two apart.",
    "Begin with the part you could explain to a friend in a minute.",
    "Leave room for the unexpected: it usually brings the better idea.",
)
_CLOSING = "This answer was made by the offline simulator; nothing left your machine."
_MORE = (
    "There is more to say, of course, and it is best said calmly and in order.",
    "Every further sentence adds a little detail without changing the picture.",
    "A long answer like this one is handy to watch a stream arrive piece by piece.",
)


@dataclass(frozen=True, slots=True)
class Question:
    """What an answer depends on.

    Attributes:
        prompt: the last user message's text.
        system: the system messages' text, empty when there is none.
        messages: how many messages the conversation's branch holds, the prompt's included.
        first: the first user message of the conversation, empty when it is the prompt itself.
        files: one phrase for each file that came with the prompt.
        seen: what each of them shows.
    """

    prompt: str
    system: str = ""
    messages: int = 1
    first: str = ""
    files: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()


@lru_cache(maxsize=512)
def compose(seed: int, question: Question) -> str:
    """The answer to a question."""
    choose = random.Random(derive(seed, question.prompt, question.system))
    first, second = _subjects(question.prompt, choose)
    sentences = [choose.choice(_OPENINGS).format(prompt=_quoted(question.prompt))]
    if question.system:
        sentences.append(f"I keep to my instructions: “{_quoted(question.system)}”.")
    if question.files:
        sentences.append(f"I received {_listed(question.files)}.")
    sentences.extend(question.seen)
    if question.messages > 1:
        told = f", and it began with “{_quoted(question.first, 60)}”" if question.first else ""
        sentences.append(f"This conversation has {question.messages} messages so far{told}.")
    body = choose.choice(_BODIES)
    sentences.append(body.format(first=first, second=second, First=first[:1].upper() + first[1:]))
    sentences.extend((choose.choice(_ADVICE), _CLOSING))
    return " ".join(sentences)


@lru_cache(maxsize=512)
def pieces(text: str, number: int, *, grow: bool) -> tuple[str, ...]:
    """`text` in `number` parts of about the same number of words, white space kept.

    With fewer words than parts, `grow` makes the text longer; without it the parts become fewer.
    """
    words = _WORD.findall(text) or [text]
    if grow and len(words) < number:
        words[-1] = f"{words[-1].rstrip()} "
        filler = (word for sentence in cycle(_MORE) for word in _WORD.findall(f"{sentence} "))
        words.extend(islice(filler, number - len(words)))
    number = min(number, len(words))
    edges = [len(words) * index // number for index in range(number + 1)]
    return tuple("".join(words[start:end]) for start, end in zip(edges, edges[1:], strict=False))


def slices(text: str, number: int) -> tuple[str, ...]:
    """`text` in `number` parts of about the same length, cut anywhere, as tokens are; fewer of a shorter text."""
    number = max(1, min(number, len(text)))
    edges = [len(text) * index // number for index in range(number + 1)]
    return tuple(text[start:end] for start, end in pairwise(edges))


def title(prompt: str) -> str:
    """A conversation's title: the prompt's first words."""
    return " ".join(prompt.split()[:6])[:60] or "New chat"


def _quoted(text: str, longest: int = 120) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1].rstrip()}…"


def _subjects(prompt: str, choose: random.Random) -> tuple[str, str]:
    words = list(dict.fromkeys(word.lower() for word in _LONG_WORD.findall(prompt[:2000])))
    choose.shuffle(words)
    return (*words, "the question itself", "how you look at it")[:2] if len(words) < 2 else (words[0], words[1])


def _listed(phrases: tuple[str, ...]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"
