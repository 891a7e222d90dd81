/*  fence_world.pml: the rest of fence.pml: what goes wrong, the start, and the end. */

/* "Handler dead: what it held is nacked `lost` at once by its consumer." What it had settled is
   still on its way; the guard has killed its children. */
inline task_dies (h, m)
{
    if
    :: T.state == WAITING || T.state == RUNNING ->
        grant[T.grant].lost = true;
        running = (T.state == RUNNING -> running - 1 : running)
    :: else
    fi;
    T.state = NONE; T.grant = 0; T.facts = 0; T.held = false; T.did_restart = false;
    in_work[m] = false
}

inline handler_crashes (h)
{
    task_dies (h, 0);
    task_dies (h, 1)
}

/* What it had not passed on is gone and expires. What its handlers list is adopted, with its
   host. */
inline consumer_crashes ()
{
    in_hand[0] = 0;
    in_hand[1] = 0;
#ifdef BUG_HOLDING_WITHOUT_HOST
    in_work[0] = false;
    in_work[1] = false
#endif
}

/* The outbox is read again: whatever may have been leased is suspect and keeps its host busy
   until somebody extends or settles it, or one lease is over. A ghost's row stays until its lease
   is over. */
inline row_is_read (m)
{
    if
    :: row[m].state == GHOST ->
#ifdef BUG_GHOST_REMOVED_AT_ONCE
        row[m].state = GONE;
#endif
        row[m].current = 0
    :: row[m].was_leased && (row[m].state == LEASED || row[m].state == PENDING) ->
#ifdef BUG_RESTART_FORGETS_LEASES
        row[m].state = PENDING;
#else
        row[m].state = SUSPECT;
#endif
        row[m].current = 0
    :: else
    fi
}

inline publisher_crashes (p)
{
    if
    :: OWNER (0) == p -> row_is_read (0)
    :: else
    fi;
    if
    :: OWNER (1) == p -> row_is_read (1)
    :: else
    fi
}

#define AT_REST(m) (EMPTY (m) && in_hand[m] == 0 \
    && (row[m].state == GONE || row[m].state == DEAD || (row[m].state == PENDING && next > GRANTS)))

/* One crash, at any moment; then, once nothing moves, the books. */
proctype world ()
{
    if
    :: d_step { true -> publisher_crashes (0) }
#if P == 2
    :: d_step { true -> publisher_crashes (1) }
#endif
    :: d_step { true -> consumer_crashes () }
    :: d_step { true -> handler_crashes (0) }
#ifdef BUG_SILENT_IS_DEAD
    /* `lost` although the handler is alive behind a cut (or stopped, its child running) */
    :: d_step { task[0].state == RUNNING -> grant[task[0].grant].lost = true }
#endif
    :: timeout -> goto rest
    fi;
    timeout;
rest:
    assert (AT_REST (0) && AT_REST (1))
}

init
{
    byte g;
    atomic {
        row[0].state = PENDING;
        row[1].state = PENDING;
        for (g : 0 .. H * MESSAGES - 1) {
            task[g].state = NONE
        }
        for (g : 1 .. GRANTS) {
            grant[g].sent = NOTHING;
            run wire (g)
        }
        g = 0;
        run publisher (0);
        run publisher (1);
        run consumer (0);
        run consumer (1);
        run handler (0, 0);
        run handler (0, 1);
#if H == 2
        run handler (1, 0);
        run handler (1, 1);
#endif
        run world ()
    }
}
