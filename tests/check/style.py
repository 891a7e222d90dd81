"""The style as a test: fails on what the project does not allow, prints its numbers.

usage: style.py TOP
"""
import os
import re
import statistics
import sys

from csource import blank, functions, matching, sources

FUNCTION_LINES_MAX = 70
MAIN_LINES_MAX = 50
NESTING_MAX = 3
COLUMNS_MAX = 100
PRODUCT_C_LINES_MAX = 450
PRODUCT_H_LINES_MAX = 100
TEST_LINES_MAX = 800

BANNED_CALLS = re.compile(
    r"\b(strcpy|strcat|sprintf|vsprintf|atoi|atol|atoll|atof|strtok|gets|system|popen|alloca"
    r"|signal)\s*\("
)
SLEEPS = re.compile(r"\b(sleep|usleep|nanosleep|clock_nanosleep|zclock_sleep)\s*\(")
ALLOCATIONS = re.compile(r"\b(malloc|calloc|realloc|aligned_alloc|mmap|strdup)\s*\(")
# Spelt in halves, so that a search for these words finds no hit here either.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


def is_test(path):
    return path.startswith("tests/")


def is_pure(path):
    """common/core and the stages without what belongs to their shells."""
    folder, name = os.path.split(path)
    if folder == "common/core":
        return True
    shell = re.match(r"source|action|left\.|main\.|.*_(shell|options)\.", name)
    return folder in ("publisher", "consumer", "handler") and not shell


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def check_file_length(path, lines):
    limit = PRODUCT_H_LINES_MAX if path.endswith(".h") else PRODUCT_C_LINES_MAX
    if is_test(path):
        limit = TEST_LINES_MAX
    if lines > limit:
        yield 1, f"{lines} lines, the limit is {limit}"


def check_lines(text):
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            yield number, "tab"
        if len(line) > COLUMNS_MAX:
            yield number, f"{len(line)} columns, the limit is {COLUMNS_MAX}"
        if UNFINISHED.search(line):
            yield number, "a word for unfinished work"


def check_calls(path, code):
    for match in BANNED_CALLS.finditer(code):
        yield line_of(code, match.start()), f"banned call: {match.group(1)}"
    if path.startswith(("tests/unit/", "tests/sim/")) or is_pure(path):
        for match in SLEEPS.finditer(code):
            yield line_of(code, match.start()), f"no sleep here: {match.group(1)}"


def check_braces(code):
    """Every control statement has braces; `} while (x);` ends a do block and needs none."""
    for match in re.finditer(r"\b(if|for|while|switch)\s*\(", code):
        end = matching(code, match.end() - 1)
        rest = code[end:].lstrip()
        if match.group(1) == "while" and rest.startswith(";") and ends_do(code, match.start()):
            continue
        if not rest.startswith("{"):
            yield line_of(code, match.start()), f"{match.group(1)} without braces"
    for match in re.finditer(r"\b(else|do)\b", code):
        if not re.match(r"\s*(\{|if\b)", code[match.end():]):
            yield line_of(code, match.start()), f"{match.group(1)} without braces"


def ends_do(code, at):
    """Does a `while` at this place close a do block?"""
    if not code[:at].rstrip().endswith("}"):
        return False
    depth = 0
    for place in range(len(code[:at].rstrip()) - 1, -1, -1):
        depth += {"}": 1, "{": -1}.get(code[place], 0)
        if depth == 0:
            return bool(re.search(r"\bdo\s*$", code[:place]))
    return False


def check_function(path, function):
    limit = MAIN_LINES_MAX if function.name == "main" else FUNCTION_LINES_MAX
    if function.lines > limit:
        yield function.first, f"{function.name} has {function.lines} lines, the limit is {limit}"
    if function.nesting > NESTING_MAX:
        yield function.first, f"{function.name} nests {function.nesting} deep, limit {NESTING_MAX}"
    if not function.at_column_0:
        yield function.first, f"{function.name}: the return type stands on its own line"
    labels = set(re.findall(r"\bgoto\s+(\w+)", function.body))
    if labels - {"out", "fail"}:
        yield function.first, f"{function.name}: goto leads to out or fail only"
    elif len(labels) > 1:
        yield function.first, f"{function.name}: one cleanup label at most"
    allocates = ALLOCATIONS.search(function.body)
    if is_pure(path) and allocates and not re.search(r"_(new|init)$", function.name):
        yield function.first, f"{function.name}: pure code allocates in _new only"


def check_text(path, text):
    """All (line, complaint) pairs of one file."""
    code, _ = blank(text)
    yield from check_file_length(path, text.count("\n"))
    yield from check_lines(text)
    yield from check_calls(path, code)
    yield from check_braces(code)
    for function in functions(code):
        yield from check_function(path, function)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def print_functions(title, found):
    """found: (path, Function) pairs."""
    if not found:
        return
    lengths = [function.lines for _, function in found]
    path, longest = max(found, key=lambda pair: pair[1].lines)
    shallow = sum(function.nesting <= 1 for _, function in found) * 100 // len(found)
    print(
        f"{title}: {len(found)} functions, median {statistics.median(lengths):g}, "
        f"p90 {percentile(lengths, 0.9)}, longest {longest.lines} ({longest.name} in {path}), "
        f"{shallow} % nest at most once"
    )


def print_numbers(texts):
    """texts: path -> text. The numbers that the project holds itself to."""
    product = {path: text for path, text in texts.items() if not is_test(path)}
    tests = {path: text for path, text in texts.items() if is_test(path)}
    for title, part in (("product", product), ("tests", tests)):
        lines = [text.count("\n") for text in part.values()]
        median = statistics.median(lines) if lines else 0
        print(f"{title}: {len(part)} files, {sum(lines)} lines, median file {median:g}")
    found = {path: functions(blank(text)[0]) for path, text in texts.items()}
    for title, part in (("product", product), ("tests", tests)):
        print_functions(title, [(path, one) for path in part for one in found[path]])
    filled = sum(sum(1 for line in text.split("\n") if line.strip()) for text in product.values())
    comments = sum(len(blank(text)[1]) for text in product.values())
    print(f"comments: {comments * 100 / max(1, filled):.0f} % of product lines (goal 18 to 30)")
    pure = [one for path in product if is_pure(path) for one in found[path]]
    asserts = sum(len(re.findall(r"\bassert\s*\(", one.body)) for one in pure)
    share = asserts / max(1, len(pure))
    print(f"asserts: {share:.1f} per pure function ({asserts} in {len(pure)}, goal 2)")


def main(top):
    texts = {}
    complaints = 0
    for path in sources(top):
        with open(os.path.join(top, path), encoding="utf-8") as file:
            texts[path] = file.read()
        for line, complaint in check_text(path, texts[path]):
            print(f"{path}:{line}: {complaint}")
            complaints += 1
    print_numbers(texts)
    print(f"{complaints} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
