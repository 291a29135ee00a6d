"""The public interface of a crate as text, read from its documentation, and whether it is the one that is written down.

    interface.py target/beside/doc/roomcast tests/interface/roomcast.txt [--write]

Each public item has its declaration and what it implements, as rustdoc shows them. The exit status is 0 if the file
says the same; with --write it is written.
"""

import re
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

# Who loses one of these breaks users, though nobody has written it.
AUTO_TRAITS = ["Send", "Sync", "Unpin", "UnwindSafe", "RefUnwindSafe"]

# What stands among the code and is not of it.
ASIDES = {"summary"}
ASIDE_CLASSES = {"src", "anchor", "since", "rightside", "tooltip"}

# What other types have, or all of them; and what the declaration says already.
ELSEWHERE = ("blanket-implementations-list", "deref-methods-", "variant.", "required-", "provided-")

# Where the source of an item leads that is not another crate's.
OWN = r'class="src" href="[./]*src/'

VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}


class Page(HTMLParser):
    """The code of one page: its declaration, and the heads of what follows."""

    def __init__(self):
        super().__init__()
        self.declaration, self.members, self.auto = [], [], []
        self.is_shown = False
        self.open = []
        self.text = None

    def handle_starttag(self, tag, attributes):
        if tag in VOID:
            return
        attributes = dict(attributes)
        name = attributes.get("id") or ""
        classes = set((attributes.get("class") or "").split())
        self.is_shown |= name == "main-content"
        self.open.append((tag, name, classes))
        is_code = "item-decl" in classes or "code-header" in classes or name.startswith("reexport.")
        if is_code and self.text is None:
            self.text, self.depth = "", len(self.open)
        elif self.text is not None and tag == "div":
            self.text += "\n"

    def handle_endtag(self, tag):
        while self.open and self.open[-1][0] != tag:
            self.open.pop()
        if self.text is not None and len(self.open) <= self.depth:
            lines = [" ".join(line.split()) for line in self.text.splitlines()]
            if "item-decl" in self.open[-1][2]:
                # A line for each field, variant or method.
                self.declaration.extend(line for line in lines if line not in ("", "}"))
            else:
                self.take(" ".join(lines).strip())
            self.text = None
        elif self.text is not None and tag == "div":
            self.text += "\n"
        if self.open:
            self.open.pop()

    def handle_data(self, data):
        if self.text is None:
            return
        inside = self.open[self.depth :]
        if not any(tag in ASIDES or classes & ASIDE_CLASSES for tag, _, classes in inside):
            self.text += data

    def take(self, code):
        """The head of an item that is not the page's own."""

        def within(start):
            return any(name.startswith(start) for _, name, _ in self.open)

        of_impl = any("trait-impl" in classes for _, _, classes in self.open)
        if within("synthetic-implementations-list"):
            self.auto.extend(name for name in AUTO_TRAITS if re.match(rf"impl(<.*>)? {name} for ", code))
        elif any(within(start) for start in ELSEWHERE):
            pass
        elif re.fullmatch(r"impl(<[^:]*>)? [^ ]+", code):
            # In how many places the methods of a type are written is nobody's business.
            pass
        # The trait says what methods it has, but not what types an implementation chooses.
        elif not of_impl or code.startswith(("type ", "const ")):
            self.members.append(code)


def interface(documentation):
    """Each item by its kind and path, with its lines."""
    items = {}
    for file in sorted(documentation.rglob("*.html")):
        folder = "::".join([documentation.name, *file.relative_to(documentation).parts[:-1]])
        kind, _, name = file.stem.partition(".")
        if file.name == "index.html":
            kind, path = "mod", folder
        elif name:
            path = f"{folder}::{name}"
        else:
            continue
        page = Page()
        html = file.read_text(encoding="utf-8")
        page.feed(html)
        # Else it only leads to another one.
        if not page.is_shown:
            continue
        lines = page.declaration
        if kind in ("mod", "derive", "macro") or re.search(OWN, html):
            lines += sorted(page.members)
            if "dyn-compatibility-info" in html:
                lines.append("not dyn compatible")
            if page.auto:
                lines.append(f"auto: {' '.join(page.auto)}")
        else:
            lines = ["of another crate"]
        items[f"{kind} {path}"] = lines
    return items


def written(items):
    text = ""
    for item, lines in sorted(items.items()):
        text += "".join([f"{item}\n", *(f"    {line}\n" for line in lines)])
    return text


def read(text):
    items, lines = {}, []
    for line in text.splitlines():
        if line.startswith("    "):
            lines.append(line.strip())
        else:
            items[line] = lines = []
    return items


def differences(before, now):
    """What is gone, and what is new."""
    for mark, ours, others in (("-", before, now), ("+", now, before)):
        for item, lines in ours.items():
            if item not in others:
                yield f"{mark} {item}"
                continue
            yield from (f"{mark} {item}: {line}" for line in (Counter(lines) - Counter(others[item])).elements())


def main():
    arguments = [word for word in sys.argv[1:] if word != "--write"]
    if len(arguments) != 2:
        return __doc__.strip()
    documentation, file = map(Path, arguments)
    now = interface(documentation)
    if not now:
        return f"there is no documentation in {documentation}"
    if "--write" in sys.argv:
        file.write_text(written(now), encoding="utf-8")
        return None
    different = list(differences(read(file.read_text(encoding="utf-8")), now))
    if not different:
        print(f"{len(now)} public items and modules, as {file} says")
        return None
    return "\n".join(
        [
            f"the public interface is another one than {file} says:",
            *different,
            "`-` breaks users, and so does a new method that a trait requires: what is meant goes into CHANGELOG.md; then",
            f"python3 {' '.join(sys.argv)} --write",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
