"""The version of this package; the collection has the same."""

__version__ = "0.1.0"
