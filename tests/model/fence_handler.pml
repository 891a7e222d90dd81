/*  fence_handler.pml: the rest of fence.pml: one task of one handler, step by step. */

inline settle (kind)
{
    running = (T.state == RUNNING -> running - 1 : running);
    grant[T.grant].sent = (T.facts == BOTH -> DONE : kind);
    grant[T.grant].facts = T.facts;
    T.state = SETTLED;
    T.held = false;
    in_work[m] = false
}

inline steps_end (restart_went_well)
{
    if
    :: f = T.facts
    :: f = T.facts | SAVED
    fi;
    f = (restart_went_well -> f | RESTARTED : f);
    T.did_restart = T.did_restart || restart_went_well;
    T.facts = f;
    happened[m] = happened[m] | f;
    settle (FAILED)
}

/* "That handler takes over the higher grant and goes on, and starts nothing twice." */
inline take ()
{
    T.grant = in_hand[m];
    in_hand[m] = 0;
    in_work[m] = true;
#ifdef BUG_TAKEOVER_FORGETS
    T.facts = grant[T.grant].carried;
#else
    T.facts = T.facts | grant[T.grant].carried;
#endif
    if
    :: T.state == RUNNING
    :: else -> T.state = WAITING; T.held = false
    fi
}

#ifdef BUG_BEGIN_BEFORE_HELD
#define MAY_BEGIN true
#else
#define MAY_BEGIN T.held
#endif

proctype handler (byte h; byte m)
{
end: do
    :: d_step { in_hand[m] > T.grant && GATE_OPEN (m) -> take () }
    /* extend, answered `held`; a restarted publisher adopts what is extended or listed */
    :: d_step { (T.state == WAITING || T.state == RUNNING) && !T.held && HELD_FOR (m, T.grant) ->
            row[m].state = LEASED;
            row[m].current = T.grant;
            T.held = true }
    /* `revoked`: "steps not begun are dropped, a running step ends, what it did is still
       reported" */
    :: atomic { (T.state == WAITING || T.state == RUNNING) && !HELD_FOR (m, T.grant) ->
            settle (FAILED) }
    /* "a step that restarts a real host begins only after the first `held`" */
    :: d_step { T.state == WAITING && MAY_BEGIN && !(T.facts & RESTARTED) ->
            assert (running == 0 && !T.did_restart);
            running++;
            T.state = RUNNING }
    :: atomic { T.state == RUNNING -> steps_end (true) }
    :: atomic { T.state == RUNNING -> steps_end (false) }
    :: atomic { T.state == WAITING && (T.facts & RESTARTED) -> steps_end (false) }
    /* the lease ends without `held`: the guard has ended the process group by then */
#ifdef BUG_CHILD_OUTLIVES_LEASE
    :: d_step { T.held -> T.held = false }
#else
    :: d_step { T.held && T.state == WAITING -> T.held = false }
    :: d_step { T.held && T.state == RUNNING -> settle (FAILED) }
#endif
    /* handed back by a drain */
    :: d_step { T.state == WAITING || T.state == RUNNING -> settle (BACK) }
    /* "A settlement is kept until confirmed" */
    :: d_step { T.state == SETTLED && grant[T.grant].confirmed ->
            T.state = NONE; T.grant = 0; T.facts = 0; T.did_restart = false }
    od
}
