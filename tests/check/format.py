"""Every .c and .h is formatted as .clang-format says.  usage: format.py TOP   Exit 77: no tool."""
import os
import shutil
import subprocess
import sys

from csource import sources

EXIT_SKIPPED = 77


def main(top):
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool:
        print("clang-format is not installed: the format is not checked")
        return EXIT_SKIPPED
    paths = [os.path.join(top, path) for path in sources(top)]
    wrong = 0
    for path in paths:
        done = subprocess.run(
            [tool, "--dry-run", "-Werror", "--style=file", path], capture_output=True, text=True
        )
        if done.returncode != 0:
            wrong += 1
            print(done.stderr.split("\n", 1)[0])
            print(f"  to format it: {os.path.basename(tool)} -i {path}")
    print(f"{len(paths)} files, {wrong} not formatted")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
