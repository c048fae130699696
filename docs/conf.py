"""The site of the documentation: `python -m sphinx -W --keep-going -n docs build/site`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from simulator import __version__  # noqa: E402 - found by the line above in a checkout that is not installed

project = "citysim"
author = "The citysim authors"
project_copyright = "The citysim authors; BSD-3-Clause"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_click",
    "docs.pages",  # what a page shows of other files, and where links out of docs/ lead
    "docs.interface",  # classes without what their attributes say again
    "docs.commands",  # examples in the help of commands
    "docs.offline",  # nothing from outside
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "literal"  # single backticks in docstrings are code, as in Markdown
exclude_patterns = ["images", "static", "templates", "__pycache__"]
templates_path = ["templates"]
nitpick_ignore_regex = [("py:.*", r"(?!simulator\.\w+$).*")]  # other libraries and inner rooms have no page here

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autosummary_generate = True
autosummary_ignore_module_all = False
# Otherwise Audit and audit share a file where names of files have no case.
autosummary_filename_map = {"simulator.audit": "simulator.audit-function"}
maximum_signature_line_length = 90
highlight_language = "none"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = f"citysim {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
