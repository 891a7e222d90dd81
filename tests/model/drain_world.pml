/*  drain_world.pml: the rest of drain.pml: signals, one crash, deadlines, the end, the start. */

byte signals_to_come;
bool crash_to_come;

/* "Only signals that this process itself received are counted: the second hands back at once." */
inline signal (x)
{
    signals_to_come--;
    signals[x]++;
    if
    :: state[x] == RUNNING -> drain (x)
    :: state[x] != RUNNING && signals[x] == 2 -> leave (x); impatient = true
    :: else
    fi
}

/* What it held is gone with it. */
inline crash (x)
{
    crash_to_come = false;
    crashed = true;
    signals[x] = 0;
    state[x] = (state[x] == RUNNING -> CRASHED : VANISHED);
    if
    :: x == CONSUMER -> DROP_ALL (passing, 0)
    :: x > CONSUMER -> DROP_ALL (task, (x - P - 1) * MESSAGES)
    :: else
    fi
}

/* Twins are alike: of two, the first crashes, or is signalled first. Every other run is one of
   these with the names changed. */
#define SECOND_TWIN(x) ((P == 2 && x == 1) || (H == 2 && x == P + 2))
#define WAITS_FOR_TWIN(x) (SECOND_TWIN (x) && !crash_to_come && !crashed && \
    state[x - 1] == RUNNING && signals[x - 1] == 0)

proctype trouble (byte x)
{
end: do
    :: d_step { ALIVE (x) && signals_to_come > 0 && !WAITS_FOR_TWIN (x) -> signal (x) }
    :: d_step { ALIVE (x) && crash_to_come && !SECOND_TWIN (x) -> crash (x) }
    /* the deadline: what is left is handed back, or left to the leases; exit 75 */
#ifndef BUG_NO_DEADLINE
    :: d_step { late && state[x] == DRAINING -> leave (x) }
#endif
    od
}

#if PROCESSES == 4
#define NOBODY(is) (!is (0) && !is (1) && !is (2) && !is (3))
#else
#define NOBODY(is) (!is (0) && !is (1) && !is (2))
#endif
#define IS_GONE(x) (state[x] == GONE)
#if P == 2
#define NO_PUBLISHER (!ALIVE (0) && !ALIVE (1) && (IS_GONE (0) || IS_GONE (1)))
#else
#define NO_PUBLISHER IS_GONE (0)
#endif
#if H == 2
#define NO_HANDLER (!ALIVE (P + 1) && !ALIVE (P + 2) && (IS_GONE (P + 1) || IS_GONE (P + 2)))
#else
#define NO_HANDLER IS_GONE (P + 1)
#endif

/* The local rules reach everybody, unless a consumer that crashed stands between: it is waited
   for. */
#define A_STAGE_HAS_LEFT \
    (IS_GONE (CONSUMER) || (ALIVE (CONSUMER) && (NO_PUBLISHER || NO_HANDLER)))

/* Deadlines strike from the start; or when nothing else can move: then somebody must have gone
   without waiting, by a crash or by a second signal (its settlements are confirmed by nobody any
   more). */
proctype world ()
{
    if
    :: late
    :: atomic { timeout && !late ->
            assert (crashed || impatient || NOBODY (LEAVING));
            late = true }
    fi;
    atomic { timeout ->
        assert (NOBODY (LEAVING));
        assert (!A_STAGE_HAS_LEFT || NOBODY (ALIVE)) }
}

init
{
    byte i;
    atomic {
        for (i : 0 .. P + H - 1) {
            link[i].eos = UNSAID;
            link[i].bye = UNSAID
        }
        for (i : 0 .. H * MESSAGES - 1) {
            task[i] = NONE
        }
        for (i : 0 .. MESSAGES - 1) {
            outbox[i] = PENDING;
            passing[i] = NONE;
            run message (i)
        }
        for (i : 0 .. P - 1) {
            run publisher (i);
            run line (i, i, CONSUMER)
        }
        run consumer ();
        for (i : 0 .. H - 1) {
            run handler (i);
            run work (i, 0);
#if MESSAGES == 2
            run work (i, 1);
#endif
            run line (DOWN (i), CONSUMER, HANDLER (i))
        }
        for (i : 0 .. PROCESSES - 1) {
            state[i] = RUNNING;
            run trouble (i)
        }
        i = 0;
        run world ();
        if :: signals_to_come = 0 :: signals_to_come = 1 :: signals_to_come = 2 fi;
        if :: crash_to_come = false :: signals_to_come < TROUBLE -> crash_to_come = true fi;
        if :: late = false :: late = true fi
    }
}
