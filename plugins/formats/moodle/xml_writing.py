"""Writing Moodle XML, so that reading it gives the same questions back."""

from __future__ import annotations

from lxml import etree

from examhall.plugins import QuestionBundle
from examhall.plugins.formats.moodle.categories import category_path
from examhall.plugins.formats.moodle.xml_writer import XmlWriter
from examhall.plugins.formats.moodle.xml_written import WRITERS


def write_xml(bundle: QuestionBundle) -> bytes:
    """Return a file with questions. Raises FormatError for one that Moodle XML cannot hold."""
    root = etree.Element("quiz")
    category = ""
    for question in bundle.questions:
        path = category_path(question.tags)
        if path != category:
            element = etree.SubElement(root, "question", type="category")
            inner = etree.SubElement(element, "category")
            etree.SubElement(inner, "text").text = f"$course$/top/{path}"
            category = path
        writer = XmlWriter(question, bundle.media, path)
        write = WRITERS.get(question.type)
        if write is None:
            writer.refuse(f"it knows no questions of the type “{question.type}”.")
        write(writer)
        root.append(writer.finished())
    data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return data
