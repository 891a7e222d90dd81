"""Arrows point down only: main -> shell -> common/io; shell -> pure stage -> common/core.

No stage includes another, no product file includes a test, no include cycle, and pure code sees
only common/core and harmless headers of libc.  usage: layers.py TOP
"""
import os
import re
import sys

from csource import sources
from style import is_pure, is_test

STAGES = ("publisher", "consumer", "handler")
PURE_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h",
    "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
}    # stdio.h for snprintf: purity.py proves that nothing of it touches a stream
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
RANKS = ["core", "pure", "io", "shell", "main"]


def layer(path):
    """(layer, stage or None) of a product file."""
    folder, name = os.path.split(path)
    if folder == "common/core":
        return "core", None
    if folder == "common/io":
        return "io", None
    if name == "main.c":
        return "main", folder
    return ("pure" if is_pure(path) else "shell"), folder


def check_include(path, target):
    """What is wrong with a product file that includes this file of ours, or None."""
    if is_test(target):
        return "product never includes tests"
    (above, stage), (below, other) = layer(path), layer(target)
    if other in STAGES and stage != other:
        return "no stage includes another, and common includes none"
    if RANKS.index(below) > RANKS.index(above) or (above == "pure" and below == "io"):
        return f"{above} may not include {below}"
    return None


def check_file(path, text, known):
    """All complaints about the includes of one file; known: every path of ours."""
    for mark, target in INCLUDE.findall(text):
        if mark == "<":
            if is_pure(path) and target not in PURE_HEADERS:
                yield f"{path}: pure code may not include <{target}>"
        elif target not in known:
            yield f'{path}: "{target}" is not a path from the top'
        elif not is_test(path):
            complaint = check_include(path, target)
            if complaint:
                yield f"{path} -> {target}: {complaint}"


def find_cycle(edges):
    """One cycle of the graph {path: [path]} as a list, or None."""
    done, trail = set(), []

    def walk(path):
        if path in trail:
            return trail[trail.index(path):] + [path]
        if path in done:
            return None
        trail.append(path)
        for target in edges.get(path, ()):
            cycle = walk(target)
            if cycle:
                return cycle
        trail.pop()
        done.add(path)
        return None

    for path in edges:
        cycle = walk(path)
        if cycle:
            return cycle
    return None


def check_tree(texts):
    """texts: path -> text. All complaints about includes."""
    complaints = []
    edges = {}
    for path, text in texts.items():
        complaints += check_file(path, text, texts)
        edges[path] = [name for mark, name in INCLUDE.findall(text) if mark == '"']
    cycle = find_cycle(edges)
    if cycle:
        complaints.append("include cycle: " + " -> ".join(cycle))
    return complaints, sum(len(targets) for targets in edges.values())


def unbuilt(paths, build_file):
    """The .c files whose names the build file never mentions: dead, or forgotten."""
    words = set(re.findall(r"[\w-]+", build_file))
    return [
        f"{path}: not in CMakeLists.txt"
        for path in paths
        if path.endswith(".c") and os.path.basename(path)[:-2].removeprefix("test_") not in words
    ]


def main(top):
    texts = {}
    for path in sources(top):
        with open(os.path.join(top, path), encoding="utf-8") as file:
            texts[path] = file.read()
    complaints, edges = check_tree(texts)
    with open(os.path.join(top, "CMakeLists.txt"), encoding="utf-8") as file:
        complaints += unbuilt(texts, file.read())
    for complaint in complaints:
        print(complaint)
    print(f"{len(texts)} files, {edges} includes, {len(complaints)} wrong")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
