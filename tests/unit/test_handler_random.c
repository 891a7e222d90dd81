//  The handler in a world that does anything at any time: its invariants hold after every turn, and
//  once the world is kind again everything in hand comes to its end.

#include "common/core/prng.h"
#include "tests/unit/handler_rig.h"

enum {
    SEEDS = 60,
    STEPS = 120,
    NAMES = 24
};

typedef struct {
    rig_t *rig;
    prng_t prng;
    uint64_t serial; // of the last grant
} world_t;

static uint64_t
s_below (world_t *self, uint64_t bound)
{
    return prng_below (&self->prng, bound);
}

//  One of few messages, so that takeovers and redeliveries are many.
static void
s_give (world_t *self)
{
    uint32_t via = (uint32_t) s_below (self, RIG_CONSUMERS);
    if (self->rig->up[via].spent >= self->rig->up[via].credit) {
        return;
    }
    work_t work = rig_record (1 + s_below (self, NAMES), ++self->serial);
    work.grant.serial -= s_below (self, 8) ? 0 : s_below (self, self->serial);
    work.redelivery = s_below (self, 2) == 0;
    work.steps = s_below (self, 4) ? 0 : (uint8_t) s_below (self, 4);
    work.lease_ms = s_below (self, 10) ? 3000 : (uint32_t) s_below (self, 50);
    rig_work (self->rig, via, &work);
}

static void
s_answer_anything (world_t *self)
{
    work_t work = rig_record (1 + s_below (self, NAMES), 1 + s_below (self, self->serial + 1));
    claim_kind_t kind = s_below (self, 2) ? CLAIM_HELD : CLAIM_REVOKED;
    uint32_t via = (uint32_t) s_below (self, RIG_CONSUMERS);
    if (self->rig->up[via].up) {
        rig_answer (self->rig, via, &work, kind, (uint32_t) s_below (self, 12));
        rig_confirm (self->rig, via, 1 + s_below (self, self->rig->last_pack + 2));
    }
}

static void
s_change_the_weather (world_t *self)
{
    rig_t *rig = self->rig;
    rig->mute = s_below (self, 3) == 0;
    rig->unsure = s_below (self, 3) == 0;
    rig->silent_disk = s_below (self, 8) == 0;
    rig->deaf_children = s_below (self, 2) == 0;
    rig->found = (uint8_t) s_below (self, 4);
    rig->command_us = s_below (self, 5) ? (int64_t) s_below (self, 4000000) : RIG_FOREVER;
    rig->command = (ran_kind_t) s_below (self, RAN_CANCELLED + 1);
}

static void
s_act (world_t *self)
{
    rig_t *rig = self->rig;
    switch (s_below (self, 10)) {
    case 0: s_change_the_weather (self); break;
    case 1: s_answer_anything (self); break;
    case 2: rig_again (rig, (uint32_t) s_below (self, RIG_CONSUMERS)); break;
    case 3: rig_stall (rig, (int64_t) s_below (self, 5000000)); break;
    case 4: rig_signal (rig, 10); break;
    default: s_give (self); break;
    }
    rig_pass (rig, (int64_t) s_below (self, 400000));
    rig_forget (rig);
}

//  Saves that the disk kept to itself come now.
static void
s_be_kind (rig_t *rig)
{
    rig->mute = rig->unsure = rig->silent_disk = rig->deaf_children = false;
    for (size_t i = 0; i < rig->pending_count; i++) {
        if (rig->pending[i].kind == EVENT_SAVED) {
            rig->pending[i].due_us = rig->now_us;
        }
    }
}

static void
s_run (uint64_t seed)
{
    world_t world = {.rig = rig_new ()};
    rig_t *rig = world.rig;
    prng_seed (&world.prng, seed);
    rig->limits.links.up_count = 2;
    rig->limits.exec = seed % 2 == 0;
    rig->limits.fail_restart = rig->limits.fail_save = 0.2;
    rig->limits.restart_min_us = 0;
    rig->limits.restart_max_us = 4 * SECOND;
    rig->limits.timeout_us = 2 * SECOND;
    rig->limits.max_lease_us = 10 * SECOND;
    rig_start (rig);
    for (int step = 0; step < STEPS; step++) {
        s_act (&world);
    }
    s_be_kind (rig);
    if (seed % 3 == 0) {
        rig_signal (rig, 15);
    }
    rig_pass (rig, 30 * SECOND);
    assert_int_equal (rig->runs_now, 0);
    assert_int_equal (handler_in_hand (rig->core), 0);
    assert_true (seed % 3 != 0 || rig->exit_code == 0 || rig->exit_code == 75);
    rig_destroy (rig);
}

static void
whatever_happens_everything_in_hand_comes_to_its_end (void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message ("%s", seed % 50 ? "" : "...\n");
        s_run (seed);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (whatever_happens_everything_in_hand_comes_to_its_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
