"""A validated chat, ready to be run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bridge.chat.models import Fallback, ModelChoice
from bridge.chat.structured import Shape
from bridge.chat.tools.offer import Offer
from bridge.chat.transcript import Said
from bridge.routing.needs import Needs
from core.contracts.buckets import Bucket
from core.contracts.routing import Strategy


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer may be. Upstream knows none of it: the bridge asks for it in words, and sees to it.

    Attributes:
        offer: the tools that may be called, `None` where the tool bridge is off.
        shape: the form of an answer in JSON, `None` for plain text.
        stops: words before which the answer ends.
        most_tokens: how long the answer may become.
    """

    offer: Offer | None = None
    shape: Shape | None = None
    stops: tuple[str, ...] = ()
    most_tokens: int | None = None


PLAIN = Form()


@dataclass(frozen=True, slots=True)
class Continued:
    """A conversation that lies upstream and goes on: nobody but its account can answer there.

    Attributes:
        parent_message_id: the last message of its branch.
    """

    account: str
    conversation_id: str
    parent_message_id: str


@dataclass(frozen=True, slots=True)
class ChatOrder:
    """A validated chat.

    Attributes:
        messages: what is said upstream, composed, its files checked; of a continued conversation only what is new.
        tokens: how many they are by estimate, `None` where nobody has counted.
        temporary: ask for a chat that upstream does not keep.
        accounts: the only accounts to use, in this order; empty means the whole pool.
        strategy: the order in which accounts are asked, `None` for the bridge's own.
        affinity: chats with the same key prefer the account that answered before; `None` when any will do.
        fallback: who answers where this model cannot; `None` for nobody.
        search: ask upstream to search the web.
        helper: an agent asks for itself: it waits in a line of its own, and no account is preferred for it.
        afresh: makes the same chat in a conversation of its own, for when the one that it continues is gone.
    """

    messages: tuple[Said, ...]
    model: ModelChoice
    tokens: int | None = None
    temporary: bool = False
    accounts: tuple[str, ...] = ()
    strategy: Strategy | None = None
    affinity: str | None = None
    form: Form = PLAIN
    fallback: Fallback | None = None
    continued: Continued | None = None
    search: bool = False
    helper: bool = False
    afresh: Callable[[], Awaitable[ChatOrder]] | None = field(default=None, repr=False, compare=False)

    @property
    def files(self) -> int:
        """How many pictures and documents it brings."""
        return sum(len(said.files) for said in self.messages)

    def needs(self, model: ModelChoice | None = None) -> Needs:
        """The slots and the model it asks for.

        Args:
            model: instead of its own.
        """
        wanted, files = model or self.model, self.files
        bucket = Bucket.HELPER if self.helper else Bucket.CHAT
        return Needs(
            kind="chat",
            buckets=(Bucket.UPLOAD, bucket) if files else (bucket,),
            slug=wanted.slug,
            effort=wanted.effort,
            accounts=(self.continued.account,) if self.continued else self.accounts,
            strategy=self.strategy,
            inputs=files,
        )
