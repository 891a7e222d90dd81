"""Pure code links nothing but the harmless part of libc: proven on the symbols of its archives.

usage: purity.py ARCHIVE...   An undefined symbol must be in ALLOWED, come from another archive of
the list, or belong to a sanitizer or to coverage.
"""
import re
import subprocess
import sys

ALLOWED = set(
    """
    memcpy memmove memset memcmp memchr
    strlen strnlen strcmp strncmp strchr strrchr strspn strcspn
    snprintf vsnprintf strtol strtoul strtoll strtoull
    malloc calloc free qsort abs labs llabs
    __assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_
    __ctype_b_loc __ctype_tolower_loc tolower toupper isalnum isalpha isdigit isxdigit isprint
    __memcpy_chk __memmove_chk __memset_chk __snprintf_chk __vsnprintf_chk
    __isoc23_strtol __isoc23_strtoul __isoc23_strtoll __isoc23_strtoull
    """.split()
)
INSTRUMENTS = re.compile(r"^(__asan_|__ubsan_|__tsan_|__sanitizer_|__gcov_|_?__llvm_|__lsan_)")


def symbols(archive, kind):
    """Set of names: kind is -u (undefined) or --defined-only."""
    listing = subprocess.run(
        ["nm", "-P", "-g", kind, archive], check=True, capture_output=True, text=True
    ).stdout
    return {line.split()[0] for line in listing.splitlines() if len(line.split()) >= 2}


def foreign(undefined, defined):
    """Sorted names that pure code may not need."""
    return sorted(
        name for name in undefined - defined - ALLOWED if not INSTRUMENTS.match(name)
    )


def main(archives):
    defined = set().union(*(symbols(archive, "--defined-only") for archive in archives))
    wrong = 0
    for archive in archives:
        undefined = symbols(archive, "-u")
        names = foreign(undefined, defined)
        wrong += len(names)
        print(f"{archive}: needs {' '.join(sorted(undefined - defined)) or 'nothing'}")
        for name in names:
            print(f"{archive}: pure code may not need {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
