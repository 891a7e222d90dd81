/*  sim - the deterministic simulator: the three real cores, N x M x K, in one process, on a virtual
   clock and network, with faults drawn from a seed. One seed is one run, whatever machine it runs
   on. */

#include "tests/sim/report.h"
#include "tests/sim/world.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_MAX    16
#define TWICE_EVERY 64 // so often a seed is run again, and must come out the same
#define LAST_LINES  60 // of a failing seed's trace

typedef struct {
    uint64_t from;
    uint64_t seeds;
    uint32_t jobs;
    int64_t until_us;
    bool verbose;
    bool trace;
    bool expect_violation;
} options_t;

static int
s_usage (void)
{
    fputs ("usage: sim [--seeds N] [--from S] [--seed S] [--jobs N] [--until SECONDS] [--verbose]\n"
           "           [--trace] [--expect-violation]\n",
           stderr);
    return 64;
}

static bool
s_number (const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    *out = strtoull (text, &end, 10);
    return *text && !*end && *out <= most;
}

static int
s_options (options_t *self, int argc, char **argv)
{
    static const struct option list[] = {
        {"seeds", required_argument, 0, 'n'},
        {"from", required_argument, 0, 'f'},
        {"seed", required_argument, 0, 's'},
        {"jobs", required_argument, 0, 'j'},
        {"until", required_argument, 0, 'u'},
        {"verbose", no_argument, 0, 'v'},
        {"trace", no_argument, 0, 't'},
        {"expect-violation", no_argument, 0, 'e'},
        {0},
    };
    *self = (options_t){.from = 1, .seeds = 1000, .jobs = 2, .until_us = INT64_MAX};
    uint64_t number = 0;
    for (int letter; (letter = getopt_long (argc, argv, "", list, NULL)) != -1;) {
        bool fits = !optarg || s_number (optarg, UINT64_MAX / 2, &number);
        switch (letter) {
        case 'n': self->seeds = number; break;
        case 'f': self->from = number; break;
        case 's':
            self->from = number;
            self->seeds = self->jobs = 1;
            self->verbose = true;
            break;
        case 'j': self->jobs = (uint32_t) number; break;
        case 'u': self->until_us = (int64_t) number * 1000000; break;
        case 'v': self->verbose = true; break;
        case 't': self->trace = true; break;
        case 'e': self->expect_violation = true; break;
        default: return -1;
        }
        if (!fits) {
            return -1;
        }
    }
    return optind == argc && self->jobs >= 1 && self->jobs <= JOBS_MAX ? 0 : -1;
}

//  One seed, some of them twice. False: a violation.
static bool
s_seed (world_t *world, const options_t *options, report_t *report, uint64_t seed)
{
    report->seed = seed;
    bool good = world_run (world, seed, options->until_us, options->trace ? stdout : NULL);
    uint64_t hash = world->hash;
    report_add (report, world);
    if (options->verbose) {
        report_seed (world);
    }
    if (good && seed % TWICE_EVERY == 0) {
        good = world_run (world, seed, options->until_us, NULL);
        if (good && world->hash != hash) {
            world_fail (world, "the same seed gives another run");
            good = false;
        }
    }
    if (!good) {
        report->failed = true;
        snprintf (report->rule, sizeof report->rule, "%s", world->rule);
    }
    return good;
}

//  The seeds from + worker, from + worker + jobs, ...
static int
s_work (const options_t *options, report_t *reports, uint32_t worker)
{
    world_t *world = world_new ();
    if (!world) {
        return 70;
    }
    bool good = true;
    for (uint64_t i = worker; i < options->seeds && good; i += options->jobs) {
        good = s_seed (world, options, &reports[worker], options->from + i);
        //  Another worker has found something.
        for (uint32_t other = 0; other < options->jobs; other++) {
            if (reports[other].failed) {
                i = options->seeds;
            }
        }
    }
    world_destroy (&world);
    return good ? 0 : 1;
}

//  Run a failing seed again, in a process of its own because it may end by an assertion, and show
//  how it ends.
static void
s_show (const options_t *options, uint64_t seed)
{
    FILE *trace = tmpfile ();
    if (!trace) {
        return;
    }
    setvbuf (trace, NULL, _IOLBF, 1 << 16);
    fflush (stdout);
    pid_t pid = fork ();
    if (pid == 0) {
        world_t *world = world_new ();
        if (world) {
            world_run (world, seed, options->until_us, trace);
        }
        _exit (0);
    }
    waitpid (pid, NULL, 0);
    report_tail (trace, LAST_LINES);
    fclose (trace);
}

static int
s_run (const options_t *options, report_t *reports)
{
    pid_t workers[JOBS_MAX];
    for (uint32_t worker = 0; worker < options->jobs; worker++) {
        workers[worker] = fork ();
        if (workers[worker] == 0) {
            int code = s_work (options, reports, worker);
            fflush (stdout);
            _exit (code);
        }
    }
    int found = 0;
    for (uint32_t worker = 0; worker < options->jobs; worker++) {
        int status = 0;
        waitpid (workers[worker], &status, 0);
        if (!WIFEXITED (status)) {
            reports[worker].failed = true;
            snprintf (reports[worker].rule, sizeof reports[worker].rule,
                      "an assertion of a core (signal %d)", WTERMSIG (status));
        }
        found += reports[worker].failed;
    }
    return found;
}

int
main (int argc, char **argv)
{
    options_t options;
    if (s_options (&options, argc, argv)) {
        return s_usage ();
    }
    report_t *reports = mmap (NULL, sizeof (report_t) * JOBS_MAX, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (reports == MAP_FAILED) {
        return 70;
    }
    int found = s_run (&options, reports);
    report_sum (reports, options.jobs);
    for (uint32_t worker = 0; worker < options.jobs; worker++) {
        const report_t *report = &reports[worker];
        if (report->failed) {
            if (!options.expect_violation && !options.trace) {
                s_show (&options, report->seed);
            }
            printf ("VIOLATION in seed %lu: %s\nreplay: %s --seed %lu --trace\n", report->seed,
                    report->rule, argv[0], report->seed);
        }
    }
    return (found > 0) == options.expect_violation ? 0 : 1;
}
