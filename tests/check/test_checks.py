"""Tests of the checks: small bad snippets that they must reject, small good ones they must not."""
import unittest

import layers
import purity
import style
from csource import blank, functions

GOOD = """\
/*  A comment with strcpy (a, b) and goto nowhere; is no code. */
#define LOOP(x) for (;;) x
static const int s_table[] = {1, 2};

static int
s_add (int a, int b)
{
    point_t point = {.x = a};
    do {
        a += use ((point_t){0}, "if (x) return; {{{");
    } while (a < b);
    if (a) {
        goto out;
    } else if (b) {
        b++;
    } else {
        b--;
    }
    while (b) {
        b--;
    }
out:
    return a + b;
}
"""


def body(statements):
    return "static void\ns_one (void)\n{\n" + statements + "\n}\n"


def long_function(name, lines):
    return f"int\n{name} (void)\n{{\n" + "    x++;\n" * (lines - 3) + "}\n"


class StyleTest(unittest.TestCase):
    def complaints(self, text, path="common/core/x.c"):
        return [complaint for _, complaint in style.check_text(path, text)]

    def rejects(self, text, word, path="common/core/x.c"):
        complaints = self.complaints(text, path)
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn(word, complaints[0])

    def accepts(self, text, path="common/core/x.c"):
        self.assertEqual(self.complaints(text, path), [])

    def test_good_code_is_accepted(self):
        self.accepts(GOOD)

    def test_a_function_of_70_lines_passes_and_of_71_does_not(self):
        self.accepts(long_function("x_run", 70))
        self.rejects(long_function("x_run", 71), "71 lines")

    def test_main_may_have_50_lines(self):
        self.accepts(long_function("main", 50))
        self.rejects(long_function("main", 51), "51 lines")

    def test_nesting_ends_at_three(self):
        self.accepts(body("if (a) {\nif (b) {\nfor (;;) {\nx = (t_t){0};\n}\n}\n}"))
        self.rejects(body("if (a) {\nif (b) {\nfor (;;) {\nif (c) {\n}\n}\n}\n}"), "nests 4 deep")

    def test_files_have_limits(self):
        self.accepts("\n" * 450)
        self.rejects("\n" * 451, "451 lines")
        self.accepts("\n" * 100, "common/core/x.h")
        self.rejects("\n" * 101, "101 lines", "common/core/x.h")
        self.accepts("\n" * 800, "tests/unit/test_x.c")
        self.rejects("\n" * 801, "801 lines", "tests/unit/test_x.c")

    def test_control_statements_have_braces(self):
        self.rejects(body("    if (a)\n        b ();"), "if without braces")
        self.rejects(body("    for (;;)\n        b ();"), "for without braces")
        self.rejects(body("    while (a (b))\n        b ();"), "while without braces")
        self.rejects(body("    while (a)\n        ;"), "while without braces")
        self.rejects(body("    {\n    }\n    while (a);"), "while without braces")
        self.rejects(body("    if (a) {\n    } else\n        b ();"), "else without braces")
        bare = body("    do\n        b ();\n    while (0);")
        self.assertIn("do without braces", self.complaints(bare))

    def test_banned_calls_are_found_and_their_cousins_are_not(self):
        for call in ("strcpy", "strcat", "sprintf", "vsprintf", "atoi", "atol", "strtok", "gets",
                     "system", "popen", "alloca", "signal"):
            self.rejects(body(f"    {call} (a);"), call)
        self.accepts(body("    snprintf (a, 1, b);\n    fgets (a);\n    s_signal (a);"))
        self.accepts(body("    x.signal = 1;"))

    def test_unit_tests_and_simulations_do_not_sleep(self):
        for path in ("tests/unit/test_x.c", "tests/sim/sim.c"):
            self.rejects(body("    usleep (1);"), "usleep", path)
        self.accepts(body("    usleep (1);"), "tests/system/x.c")

    def test_goto_leads_to_one_cleanup_label(self):
        self.rejects(body("    goto again;\nagain:\n    ;"), "out or fail")
        self.rejects(body("    goto out;\n    goto fail;\nout:\nfail:\n    ;"), "one cleanup label")

    def test_unfinished_work_is_found_in_comments(self):
        for word in ("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"):
            self.rejects(f"// {word}: later\n", "unfinished")
        self.accepts('char path[] = "/tmp/x-XXXXXX";\n')

    def test_tabs_and_wide_lines_are_found(self):
        self.rejects("\tint x;\n", "tab")
        self.accepts("x" * 100 + "\n")
        self.accepts("…" * 100 + "\n")
        self.rejects("x" * 101 + "\n", "101 columns")

    def test_the_return_type_stands_alone(self):
        self.rejects("static int s_one (void)\n{\n}\n", "own line")

    def test_pure_code_allocates_in_new_only(self):
        bad = "void\nx_step (void)\n{\n    calloc (1, 1);\n}\n"
        self.rejects(bad, "allocates", "publisher/publisher.c")
        self.accepts(bad, "publisher/publisher_shell.c")
        self.accepts(bad.replace("x_step", "x_new"), "publisher/publisher.c")

    def test_functions_are_measured(self):
        found = functions(blank(GOOD)[0])
        self.assertEqual([(one.name, one.nesting, one.lines) for one in found], [("s_add", 1, 19)])


class LayersTest(unittest.TestCase):
    def edge(self, above, below):
        return layers.check_tree({above: f'#include "{below}"\n', below: ""})[0]

    def test_arrows_down_are_accepted(self):
        for above, below in (
            ("handler/main.c", "handler/handler_shell.h"),
            ("handler/handler_shell.c", "common/io/socket.h"),
            ("handler/handler_shell.c", "handler/handler.h"),
            ("handler/action_exec.c", "common/io/watch.h"),
            ("handler/handler.c", "common/core/slab.h"),
            ("common/io/socket.c", "common/core/wire.h"),
            ("tests/unit/test_x.c", "handler/handler.h"),
            ("tests/sim/sim.c", "tests/sim/net.h"),
        ):
            self.assertEqual(self.edge(above, below), [], (above, below))

    def test_arrows_up_and_across_are_rejected(self):
        for above, below in (
            ("common/core/slab.c", "common/io/clock.h"),
            ("common/core/slab.c", "handler/handler.h"),
            ("common/io/socket.c", "handler/handler.h"),
            ("handler/handler.c", "common/io/clock.h"),
            ("handler/handler.c", "handler/handler_shell.h"),
            ("handler/handler_shell.c", "consumer/consumer.h"),
            ("handler/handler.c", "tests/unit/help.h"),
        ):
            self.assertEqual(len(self.edge(above, below)), 1, (above, below))

    def test_pure_code_sees_harmless_headers_only(self):
        for header, wrong in (("string.h", 0), ("time.h", 1), ("unistd.h", 1), ("czmq.h", 1)):
            found = layers.check_tree({"common/core/slab.c": f"#include <{header}>\n"})[0]
            self.assertEqual(len(found), wrong, header)
        self.assertEqual(layers.check_tree({"common/io/clock.c": "#include <time.h>\n"})[0], [])

    def test_paths_start_at_the_top(self):
        texts = {"common/core/slab.c": '#include "slab.h"\n', "common/core/slab.h": ""}
        self.assertEqual(len(layers.check_tree(texts)[0]), 1)

    def test_a_cycle_is_found(self):
        texts = {
            "common/core/a.h": '#include "common/core/b.h"\n',
            "common/core/b.h": '#include "common/core/c.h"\n',
            "common/core/c.h": '#include "common/core/a.h"\n',
        }
        found = layers.check_tree(texts)[0]
        self.assertEqual(len(found), 1)
        self.assertIn("cycle", found[0])


    def test_a_file_that_nobody_builds_is_found(self):
        paths = ["handler/fate.c", "handler/fate.h", "handler/lost.c"]
        found = layers.unbuilt(paths, "set (HANDLER_CORE fate)")
        self.assertEqual(found, ["handler/lost.c: not in CMakeLists.txt"])


class PurityTest(unittest.TestCase):
    def test_what_reaches_the_world_is_named(self):
        undefined = {"memcpy", "x_new", "__asan_init", "clock_gettime", "zmq_send", "getenv"}
        self.assertEqual(
            purity.foreign(undefined, {"x_new"}), ["clock_gettime", "getenv", "zmq_send"]
        )


if __name__ == "__main__":
    unittest.main()
