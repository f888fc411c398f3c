"""An account's fault: its owner has to look after the capture or the login."""

from __future__ import annotations

from typing import Any

from core.errors.base import BridgeError, Fault

_REFRESH = "Send one message in the browser, copy that request again and update the account with it."


class AccountError(BridgeError):
    """The account cannot serve until its owner acts."""

    fault = Fault.ACCOUNT


class BrowserCheckRequiredError(AccountError):
    """Upstream asks for a person. The bridge stops; it solves nothing and disguises nothing.

    Attributes:
        reason: why, as in docs/protocol.md section 7: `challenge_page`, `unusual_activity`, `proof_config_missing`,
            `challenge_malformed`, `proof_unsolved`, `proof_rejected`, `turnstile_missing`, `arkose_missing`,
            `requirements_token_missing`, `login_required`, `unknown_requirement`; `not_refreshed` where work waited for
            a fresh capture in vain.
    """

    code = "browser_check_required"
    action = _REFRESH

    def __init__(self, message: str, *, reason: str, upstream_status: int | None = None) -> None:
        super().__init__(message, upstream_status=upstream_status)
        self.reason = reason


class AuthExpiredError(AccountError):
    """The capture's bearer token has expired."""

    code = "auth_expired"
    other_account = True
    action = _REFRESH


class AuthInvalidError(AccountError):
    """Upstream does not accept the capture's credentials."""

    code = "auth_invalid"
    other_account = True
    action = _REFRESH


class AccountDisabledError(AccountError):
    """Upstream has deactivated the account."""

    code = "account_disabled"
    other_account = True
    action = "Sign in to ChatGPT in a browser and read what it says about the account."


class AccountQuarantinedError(AccountError):
    """Nothing may be sent with the account until its capture is refreshed; work that is under way on it waits.

    Attributes:
        account: its alias.
        cause: `challenge`, `auth_expired` or `blocked`.
    """

    code = "account_quarantined"
    other_account = True
    action = "Refresh the account's capture with `chatgpt-api account update`; what waits for it goes on by itself."

    def __init__(self, message: str, *, account: str, cause: str) -> None:
        super().__init__(message)
        self.account = account
        self.cause = cause


class ForbiddenError(AccountError):
    """Upstream refuses this account without saying more."""

    code = "forbidden"
    other_account = True
    action = "Check in a browser that the account may do this."


class AccountNotConfiguredError(AccountError):
    """The named account has no capture, or there is no account at all."""

    code = "account_not_configured"
    other_account = True
    action = "Add an account with `chatgpt-api account add`."


class CaptureUnreadableError(AccountError):
    """A stored capture that cannot be decrypted or parsed."""

    code = "capture_unreadable"
    other_account = True
    action = (
        "Start with the passphrase or key file it is encrypted with, which since a `secrets rotate` is the new one, or "
        "save the capture again."
    )


class FeatureSwitchedOffError(AccountError):
    """The operator has set the slots for this kind of work to 0 on every account that could do it."""

    code = "feature_switched_off"
    action = "Ask the operator, who gives it slots with `chatgpt-api admin set-limits`."


class PassedOverError(AccountError):
    """Accounts were looked at, and none of them serves now.

    Attributes:
        route: how the choice went, in short: the value of a header.
    """

    def __init__(self, message: str, *, route: str = "", **known: Any) -> None:
        super().__init__(message, **known)
        self.route = route


class NoEligibleAccountError(PassedOverError):
    """Every account was passed over; the message says why for each."""

    code = "no_eligible_account"
    retryable = True
    action = "Wait until the time in `Retry-After`, or look after the accounts named in the message."


class AccountsNeedCareError(NoEligibleAccountError):
    """The same where nothing passes by itself: somebody has to look after the accounts."""

    retryable = False
    action = "Look after the accounts that the message names; `chatgpt-api account list` says what each of them needs."


class AccountsBusyError(PassedOverError):
    """All slots of all eligible accounts are taken and the queue's patience is over."""

    code = "accounts_busy"
    fault = Fault.UPSTREAM
    retryable = True
    action = "Try again after `Retry-After` seconds, or add an account."
