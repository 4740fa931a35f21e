"""The one family of errors that the lab raises."""


class LabError(RuntimeError):
    """The lab could not do what was asked; the text says what, where and what to do next."""
