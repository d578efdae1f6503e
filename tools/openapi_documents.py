"""Write the OpenAPI documents of both APIs, as rest.json and commerce.json, into a folder.

Usage: .venv/bin/python tools/openapi_documents.py FOLDER
"""

import sys
from pathlib import Path

from distribu.api.document import DOCUMENT as REST
from distribu.commerce.document import DOCUMENT as COMMERCE

folder = Path(sys.argv[1])
(folder / "rest.json").write_text(REST.text)
(folder / "commerce.json").write_text(COMMERCE.text)
