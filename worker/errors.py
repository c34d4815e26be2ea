"""Why a message has no answer yet: what the follower is told, and whether to try again.

AnswerError             retry  phrase
├── PictureExpired      no     picture_expired      WeChat no longer has it
├── NotAPicture         no     not_a_picture        some other file, or none
├── PictureBroken       no     picture_broken       cut off on its way
├── PictureTooLarge     no     picture_too_large    bytes, pixels or parts
├── NoPicture           no     send_picture_first   a question about nothing
├── PictureGone         no     picture_gone         a question about one that was kept for its time
├── PictureForgotten    no     picture_forgotten    a question about one of many before the last few
├── EndpointUnavailable no     endpoint_away        it was tried twice, as long as a follower waits
├── AddressRefused      no     picture_expired      a PicUrl that we do not ask, or that gave none
├── ModelUnavailable    yes    apology              away, slow, or answering nonsense
│   └── ModelSilent     yes    apology              no answer at all: it counts for the breaker
├── RedisAway           yes    apology              before a send; certainly nothing was sent
├── WeChatUnavailable   yes    apology              away or busy; certainly nothing was done
│   └── WeChatPaused    yes    apology              it refuses the account: not asked until a time
│       └── WeChatClosed yes   apology              and that is hours away, or no time at all
└── WeChatRefused       no     apology              it said no, and will again; carries the errcode
    └── WeChatParked    no     apology              until the follower writes again

SendBroken              not an AnswerError: nobody knows whether the follower was told
ModelMismatch           not an AnswerError: model or labels are not what the settings say
"""

from __future__ import annotations


class AnswerError(Exception):
    """No answer. The text is for operators: it names no follower and holds no secret."""

    retry = False  # may another attempt succeed?
    phrase = "apology"  # what to tell the follower, by its key in labels

    def __init__(self, text: str = "", **blanks: object) -> None:
        super().__init__(text)
        self.blanks = blanks  # that the phrase leaves open


class PictureExpired(AnswerError):
    """WeChat does not have the picture (any more)."""

    phrase = "picture_expired"


class NotAPicture(AnswerError):
    """The file is no picture of a kind that we open."""

    phrase = "not_a_picture"


class PictureBroken(AnswerError):
    """The picture ends too early, or is damaged."""

    phrase = "picture_broken"


class PictureTooLarge(AnswerError):
    """More bytes, pixels or parts than we take."""

    phrase = "picture_too_large"


class NoPicture(AnswerError):
    """A question, but no picture that it could be about."""

    phrase = "send_picture_first"


class PictureGone(AnswerError):
    """There was a picture, but it is not kept any more."""

    phrase = "picture_gone"


class PictureForgotten(AnswerError):
    """The follower means one of several pictures, of which only the last few are kept."""

    phrase = "picture_forgotten"


class EndpointUnavailable(AnswerError):
    """The endpoint for photographs gave no usable answer in its time."""

    phrase = "endpoint_away"


class AddressRefused(AnswerError):
    """The address of a picture is not one that we ask, or gave no picture."""

    phrase = "picture_expired"


class ModelUnavailable(AnswerError):
    """The model server gave no usable answer."""

    retry = True


class ModelSilent(ModelUnavailable):
    """The model server is away, too slow or overloaded: asking on would make it worse."""


class RedisAway(AnswerError):
    """Redis went away before a reply was sent; it certainly was not."""

    retry = True


class WeChatUnavailable(AnswerError):
    """WeChat did not take the request; it certainly had no effect."""

    retry = True


class WeChatPaused(WeChatUnavailable):
    """WeChat refuses the account, or gives it no token; the text says until when we do not ask."""


class WeChatClosed(WeChatPaused):
    """Too long a pause to wait for: answers go into the mailbox, as those that WeChat parks."""


class WeChatRefused(AnswerError):
    """WeChat took the request and refused it."""

    def __init__(self, errcode: int, meaning: str = "") -> None:
        text = f"WeChat refused with errcode {errcode}"
        super().__init__(f"{text}: {meaning}" if meaning else text)
        self.errcode = errcode


class WeChatParked(WeChatRefused):
    """WeChat takes no more messages to this follower until they write again."""


class SendBroken(Exception):
    """The connection broke after the reply had gone out and before WeChat's word on it."""


class ModelMismatch(Exception):
    """The model or its labels are not what the settings say: a person must act."""
