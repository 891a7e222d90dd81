"""Reads C sources just well enough to measure them: files, blanked text, functions.

Not a parser. It trusts the formatter: a definition's name stands at column 0.
"""
import os
import re

SKIPPED_FOLDERS = {".git", ".ci", "data"}


def sources(top):
    """Paths (relative to top) of all .c and .h files, build folders left out, sorted."""
    found = []
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(
            name for name in folders if name not in SKIPPED_FOLDERS and not name.startswith("build")
        )
        for name in files:
            if name.endswith((".c", ".h")):
                found.append(os.path.relpath(os.path.join(folder, name), top))
    return sorted(found)


TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
      | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<directive>^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*)""",
    re.X | re.S | re.M,
)


def blank(text):
    """(code, comments): the code with comments, literals and directives blanked, same length and
    lines; and the set of line numbers (from 1) that hold a part of a comment."""
    comments = set()

    def spaces(match):
        part = match.group(0)
        if match.lastgroup == "comment":
            first = text.count("\n", 0, match.start()) + 1
            comments.update(range(first, first + part.count("\n") + 1))
        if match.lastgroup == "text":
            return part[0] + "_" * (len(part) - 2) + part[-1]
        return re.sub(r"[^\n]", " ", part)

    return TOKEN.sub(spaces, text), comments


class Function:
    """One definition: name, first and last line, text of its body, deepest inner brace."""

    def __init__(self, name, first, last, body, nesting, at_column_0):
        self.name = name
        self.first = first
        self.last = last
        self.body = body
        self.nesting = nesting
        self.at_column_0 = at_column_0

    @property
    def lines(self):
        return self.last - self.first + 1


HEAD = re.compile(r"(?P<name>[A-Za-z_]\w*)[ \t]*\([^{}=;]*\)\s*$")


def functions(code):
    """All function definitions in blanked code, in order."""
    found = []
    depth = 0
    head_from = 0
    current = None
    blocks = []    # for each open brace: is it a block (not an initializer)?
    for at, char in enumerate(code):
        if char == "{":
            before = code[head_from:at]
            if depth == 0:
                match = HEAD.search(before)
                if match and match.group("name") not in ("if", "for", "while", "switch"):
                    start = head_from + match.start("name")
                    match_end = re.match(r"[A-Za-z_]\w*", code[start:])
                    current = (match_end.group(0), start, at)
                    blocks, deepest = [], 0
            elif current:
                blocks.append(is_block(code, at))
                deepest = max(deepest, sum(blocks))
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                if current:
                    name, start, opened = current
                    found.append(
                        Function(
                            name,
                            code.count("\n", 0, start) + 1,
                            code.count("\n", 0, at) + 1,
                            code[opened:at + 1],
                            deepest,
                            start == 0 or code[start - 1] == "\n",
                        )
                    )
                current = None
                head_from = at + 1
            elif current:
                blocks.pop()
        elif char == ";" and depth == 0:
            head_from = at + 1
    return found


def is_block(code, at):
    """Is the brace at this place a block? An initializer or compound literal is none."""
    before = code[max(0, at - 200):at]
    stripped = before.rstrip()
    if stripped.endswith(")"):
        return stripped != before    # `(type_t){0}` has no space, `if (x) {` has
    return stripped.endswith((";", "{", "}", ":")) or bool(re.search(r"\b(else|do)$", stripped))


def matching(code, at):
    """Index behind the parenthesis that closes the one at this place."""
    depth = 0
    for place in range(at, len(code)):
        depth += {"(": 1, ")": -1}.get(code[place], 0)
        if depth == 0:
            return place + 1
    return len(code)
