/*  drain_stages.pml: the rest of drain.pml: the life of the three stages. */

#define RELEASE(where) where = (where == IN_HAND -> RELEASED : where)
#if P == 2
#define NO_MORE_LEASES(p) leases[p] = LEASES
#elif MESSAGES == 2
#define NO_MORE_LEASES(p) leases[0] = LEASES; leases[1] = LEASES
#else
#define NO_MORE_LEASES(p) leases[0] = LEASES
#endif
#if MESSAGES == 2
#define RELEASE_ALL RELEASE (passing[0]); RELEASE (passing[1])
#define DROP_ALL(table, i) table[i] = NONE; table[i + 1] = NONE
#else
#define RELEASE_ALL RELEASE (passing[0])
#define DROP_ALL(table, i) table[i] = NONE
#endif

/* DRAINING: "Consumer: what it has not passed on is released." */
inline drain (x)
{
    state[x] = DRAINING;
    if
    :: x == CONSUMER -> RELEASE_ALL
    :: x < CONSUMER -> NO_MORE_LEASES (x)
    :: else
    fi
}

/* "Also at the deadline EOS or BYE goes out on every link." */
#define LAST_WORD(verb) verb = (verb == UNSAID -> SAID : verb)

inline leave (x)
{
    state[x] = GONE;
    signals[x] = 0;
    if
    :: x == CONSUMER ->
        LAST_WORD (link[0].bye);
        LAST_WORD (link[P - 1].bye);
        LAST_WORD (link[P].eos);
        LAST_WORD (link[P + H - 1].eos);
        DROP_ALL (passing, 0)
    :: x < CONSUMER -> LAST_WORD (link[x].eos)
    :: else ->
        LAST_WORD (link[x - 1].bye);
        DROP_ALL (task, (x - P - 1) * MESSAGES)
    fi
}

/* "When one side has no link up and at least one of it has left, the crashed ones get one drain
   time-out to return." */
#ifdef BUG_CRASHED_ONE_HOLDS_ALL
#define SIDE_IS_OVER(every, any, none, left) every (left)
#else
#define SIDE_IS_OVER(every, any, none, left) (every (none) && any (left) && (every (left) || late))
#endif

/* --- publisher ------------------------------------------------------------------------------- */

#ifdef BUG_EXIT_0_WITH_LEASES
#define NOTHING_OUT(p) true
#else
#define NOTHING_OUT(p) EVERY_MESSAGE_OF (p, NOT_LEASED)
#endif

/* A finite source drains when everything is done; any one drains when its last downstream has
   left. */
#define PUBLISHER_ENDS(p) (EVERY_MESSAGE_OF (p, IS_DONE) || DOWN_LEFT (p))

proctype publisher (byte p)
{
end: do
    :: d_step { state[p] == RUNNING && PUBLISHER_ENDS (p) -> drain (p) }
    :: d_step { state[p] == DRAINING && NOTHING_OUT (p) && NO_DOWN (p) ->
            assert (EVERY_MESSAGE_OF (p, NOT_LEASED));
            leave (p) }
    od
}

/* --- consumer -------------------------------------------------------------------------------- */

/* "BYE after its last settlement is confirmed", those that it carries for its handlers included;
   and not before EOS: more work may be on its way. */
#ifdef BUG_BYE_BEFORE_EOS
#define INPUT_OVER(l) true
#else
#define INPUT_OVER(l) (link[l].eos == HEARD)
#endif
#ifdef BUG_BYE_BEFORE_CONFIRMATION
#define NOTHING_OWED(p) (passing[p] != IN_HAND)
#define TASK_OVER(t) (t != IN_HAND)
#else
#define NOTHING_OWED(p) EVERY_MESSAGE_OF (p, NOT_HERE)
#define TASK_OVER(t) (t == NONE || t == COMING)     /* what comes it cannot see */
#endif
#if MESSAGES == 2
#define TASKS_OVER(h) (TASK_OVER (task[h * 2]) && TASK_OVER (task[h * 2 + 1]))
#else
#define TASKS_OVER(h) TASK_OVER (task[h])
#endif

/* "After BYE nothing is in hand, so a missing answer is waited for at most 1 s." */
#define BYE_IS_OVER(l) (link[l].bye == HEARD || link[l].up_gone || (late && link[l].bye == SAID))

inline say_bye_to (p)
{
    assert (EVERY_MESSAGE_OF (p, NOT_HERE));
    link[p].bye = SAID
}

proctype consumer ()
{
end: do
    :: d_step { state[CONSUMER] == RUNNING &&
            (SIDE_IS_OVER (EVERY_DOWN, ANY_DOWN, NO_DOWN, DOWN_LEFT) ||
            SIDE_IS_OVER (EVERY_UP, ANY_UP, NO_UP, UP_LEFT)) -> drain (CONSUMER) }
    :: d_step { ALIVE (CONSUMER) && ALIVE (0) && link[0].bye == UNSAID &&
            INPUT_OVER (0) && NOTHING_OWED (0) ->
            say_bye_to (0) }
#if P == 2
    :: d_step { ALIVE (CONSUMER) && ALIVE (1) && link[1].bye == UNSAID &&
            INPUT_OVER (1) && NOTHING_OWED (1) ->
            say_bye_to (1) }
#endif
    :: d_step { state[CONSUMER] == DRAINING && EVERY_DOWN (NO_DOWN) && EVERY_UP (BYE_IS_OVER) &&
            EVERY_MESSAGE (NOT_HERE) -> leave (CONSUMER) }
    od
}

/* --- handler --------------------------------------------------------------------------------- */

proctype handler (byte h)
{
end: do
    :: d_step { state[HANDLER (h)] == RUNNING && UP_LEFT (DOWN (h)) -> drain (HANDLER (h)) }
    :: d_step { LEAVING (HANDLER (h)) && ALIVE (CONSUMER) && link[DOWN (h)].bye == UNSAID &&
            INPUT_OVER (DOWN (h)) && TASKS_OVER (h) ->
            assert (EVERY_TASK (h, == NONE));
            link[DOWN (h)].bye = SAID }
    :: d_step { state[HANDLER (h)] == DRAINING && BYE_IS_OVER (DOWN (h)) && TASKS_OVER (h) ->
            assert (EVERY_TASK (h, == NONE));
            leave (HANDLER (h)) }
    od
}
