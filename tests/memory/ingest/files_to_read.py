"""Writes the files that the tests of the readers read."""

import io
import zipfile


def docx(build):
    """The bytes of a Word document; `build` fills it."""
    from docx import Document

    document, made = Document(), io.BytesIO()
    build(document)
    document.save(made)
    return made.getvalue()


def repacked(content, **parts):
    """The bytes of a zip file with parts put in or replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in parts:
                new.writestr(info, old.read(info))
        for name, part in parts.items():
            new.writestr(name, part)
    return made.getvalue()
