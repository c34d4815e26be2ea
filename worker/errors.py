"""Why a message has no answer yet: what the follower is told, and whether to try again.

AnswerError             retry  phrase
├── PictureExpired      no     picture_expired      WeChat no longer has it
├── NotAPicture         no     not_a_picture        some other file, or none
├── PictureBroken       no     picture_broken       cut off on its way
├── PictureTooLarge     no     picture_too_large    bytes or pixels
├── NoPicture           no     send_picture_first   a question about nothing
├── ModelUnavailable    yes    apology              away, slow, or answering nonsense
├── WeChatUnavailable   yes    apology              away or busy; certainly nothing was done
└── WeChatRefused       no     apology              it said no, and will again; carries the errcode

SendBroken              not an AnswerError: nobody knows whether the follower was told
"""

from __future__ import annotations


class AnswerError(Exception):
    """No answer. The text is for operators: it names no follower and holds no secret."""

    retry = False  # may another attempt succeed?
    phrase = "apology"  # what to tell the follower, by its key in labels


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
    """More bytes or pixels than we take."""

    phrase = "picture_too_large"


class NoPicture(AnswerError):
    """A question, but no picture that it could be about."""

    phrase = "send_picture_first"


class ModelUnavailable(AnswerError):
    """The model server gave no usable answer."""

    retry = True


class WeChatUnavailable(AnswerError):
    """WeChat did not take the request; it certainly had no effect."""

    retry = True


class WeChatRefused(AnswerError):
    """WeChat took the request and refused it."""

    def __init__(self, errcode: int) -> None:
        super().__init__(f"WeChat refused with errcode {errcode}")
        self.errcode = errcode


class SendBroken(Exception):
    """The connection broke after the reply had gone out and before WeChat's word on it."""


class ModelMismatch(Exception):
    """The model or its labels are not what the settings say: a person must act."""
