"""Sphinx's settings for the site that `make docs` builds (scripts/docs.sh), from the Markdown files as they are.

Sphinx, since antsibull-docs writes pages for it and for no other generator; furo, since it brings along all that it
shows.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

project = "Leeboard"
author = "The Leeboard developers"
root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "roles/**.md", "tests/**.md", "collection/*.rst"]
extensions = ["myst_parser", "sphinx_antsibull_ext"]
nitpicky = True  # a reference that leads nowhere is a warning, and scripts/docs.sh makes a warning a failure
# What the pages of modules name in the documentation of Ansible, which is not here.
nitpick_ignore_regex = [
    ("std:ref", r"(common_return|ansible_configuration)_\w+|(action|callback)_plugins|ansible_collections\.ansible\..*")
]

myst_heading_anchors = 4
highlight_language = "none"
smartquotes = False

html_theme = "furo"
html_title = "Leeboard"
html_show_sphinx = html_show_copyright = False
html_copy_source = False
antsibull_ext_color_scheme = "default-autodark"

LINK = re.compile(r"\]\(([^)#\s]+)\.md\)")
CONTENTS = re.compile(r"^\.\. contents::\n(   .*\n)*", re.MULTILINE)  # furo shows them beside each page
ANCHOR = re.compile(r'^<a id="([^"]+)"></a>$', re.MULTILINE)


def setup(app: Sphinx) -> None:
    """Make the menu out of the two pages that list the others."""
    app.connect("source-read", _read)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    text = CONTENTS.sub("", source[0]) if page.startswith("collection/") else ANCHOR.sub(r"(\1)=", source[0])
    if page == root_doc:
        text += _menu(["docs/README"])
        index = (Path(app.srcdir) / "docs" / "README.md").read_text(encoding="utf-8")
        for section in index.split("\n## ")[1:]:
            title, _, body = section.partition("\n")
            # The links of docs/README.md begin in docs, those of the root page beside it.
            text += _menu([f"docs/{name}".replace("docs/../", "") for name in LINK.findall(body)], title)
        text += _menu(["collection/index"], "Modules and plugins")
    elif page == "docs/decisions/README":
        text += _menu(LINK.findall(text))
    source[0] = text


def _menu(pages: list[str], title: str = "") -> str:
    listed = "\n".join(page for page in pages if page != root_doc)
    return f"\n\n```{{toctree}}\n:hidden:\n{title and f':caption: {title}'}\n\n{listed}\n```\n"
