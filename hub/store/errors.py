"""What can go wrong with the store, named after what is wrong."""


class StoreError(Exception):
    """Base of everything the store raises; `sentence` is fit for an operator.

    `cause` is what the driver said, for the log: its class, code and first line; empty where no driver spoke.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.cause = ""


class Busy(StoreError):
    """The lock was not had in time; nothing was written; the same request may be sent again."""


class Deadlock(Busy):
    """The database broke this transaction off so that another could go on; nothing was written; try it again."""


class Unavailable(StoreError):
    """The database cannot be reached, or the connection was lost; a retry is harmless."""


class Full(StoreError):
    """The disk is full; nothing was written."""


class NotInitialised(StoreError):
    """There is no database here, or it is not at this version's schema."""


class ClockAhead(StoreError):
    """The sequencer lies more than five minutes ahead of the clock: a forward jump was recorded."""


class CopyFailed(StoreError):
    """The database cannot be copied into a backup, or out of one."""
