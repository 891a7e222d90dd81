/*  drain_rules.pml: the rest of drain.pml: what each end of a link says, and how work moves. */

/* What was sent before EOS is read before it. */
#define READ_UP(m) (passing[m] != COMING)
#define ALL_READ(l) (l < P -> EVERY_MESSAGE_OF (l, READ_UP) : EVERY_TASK ((l - P), != COMING))

/* "The upstream end says EOS after its last work (also as the answer to a downstream that says
   that it is draining)." The state of a neighbour is heard at some time, or never. */
#if defined (BUG_EOS_IS_NO_ANSWER)
#define SAYS_EOS(up, down) LEAVING (up)
#elif defined (BUG_EOS_FORGOTTEN)
#define SAYS_EOS(up, down) LEAVING (down)
#else
#define SAYS_EOS(up, down) (LEAVING (up) || LEAVING (down))
#endif

/* Nobody leaves before every living neighbour has heard that it is draining: who is GONE has
   left. Of who crashed in its drain this may have been heard or not. */
#ifdef BUG_LEAVES_UNHEARD
#define UNHEARD(x) (state[x] != RUNNING)
#else
#define UNHEARD(x) (state[x] == CRASHED || state[x] == VANISHED)
#endif

inline sees_nobody (x, verb, lost)
{
    if
    :: UNHEARD (x) && verb != HEARD -> lost = true; verb = UNSAID
    :: state[x] != CRASHED || verb == HEARD -> verb = HEARD
    fi
}

proctype line (byte l; byte up; byte down)
{
end: do
    /* the upstream end */
    :: d_step { ALIVE (up) && ALIVE (down) && link[l].eos == UNSAID && SAYS_EOS (up, down) ->
            link[l].eos = SAID }
    :: d_step { ALIVE (up) && link[l].bye == SAID -> link[l].bye = HEARD }
    :: atomic { ALIVE (up) && !ALIVE (down) && !NO_DOWN (l) ->
            sees_nobody (down, link[l].bye, link[l].down_lost) }
    /* the downstream end */
    :: d_step { ALIVE (down) && link[l].eos == SAID && ALL_READ (l) -> link[l].eos = HEARD }
    :: atomic { ALIVE (down) && !ALIVE (up) && !link[l].up_gone && ALL_READ (l) ->
            sees_nobody (up, link[l].eos, link[l].up_gone);
            link[l].up_gone = true }
    /* nobody is left to know (kept small: one state instead of many) */
    :: d_step { !ALIVE (up) && !ALIVE (down) && link[l].bye != OVER ->
            link[l].eos = OVER; link[l].bye = OVER;
            link[l].down_lost = false; link[l].up_gone = false }
    od
}

/* --- work ------------------------------------------------------------------------------------ */

#ifdef BUG_WORK_AFTER_EOS
#define MAY_SEND(l) (!link[l].down_lost)
#else
#define MAY_SEND(l) (link[l].eos == UNSAID && !NO_DOWN (l))
#endif
#define NOT_ENDED(l) (link[l].eos != HEARD && link[l].bye == UNSAID)

inline answered (m, kind)
{
    if
    :: kind == FINISHED -> outbox[m] = DONE; leases[m] = LEASES
    :: kind == RELEASED && outbox[m] == LEASED -> outbox[m] = PENDING
    :: else
    fi
}

/* One message between its publisher and the consumer. */
proctype message (byte m)
{
end: do
    :: d_step { state[OWNER (m)] == RUNNING && outbox[m] == PENDING && leases[m] < LEASES &&
            MAY_SEND (OWNER (m)) && passing[m] == NONE ->
            outbox[m] = LEASED; leases[m]++; passing[m] = COMING }
    :: d_step { passing[m] == COMING && ALIVE (CONSUMER) ->
            assert (NOT_ENDED (OWNER (m)));
            passing[m] = (state[CONSUMER] == RUNNING -> IN_HAND : RELEASED) }
    /* what cannot be placed is released; "every settlement is answered", until then it is kept */
    :: d_step { passing[m] == IN_HAND && EVERY_DOWN (NO_DOWN) -> passing[m] = RELEASED }
    :: d_step { passing[m] == RELEASED && ALIVE (OWNER (m)) ->
            answered (m, RELEASED); passing[m] = NONE }
    /* never arrived, or nobody extends it: it returns */
    :: d_step { passing[m] == COMING && !ALIVE (CONSUMER) -> passing[m] = NONE }
    :: d_step { outbox[m] == LEASED && ALIVE (OWNER (m)) && passing[m] == NONE &&
            (NO_TASK (m) || !ALIVE (CONSUMER)) -> outbox[m] = PENDING }
    od
}

/* One message between the consumer and one handler. */
proctype work (byte h; byte m)
{
end: do
    :: d_step { state[CONSUMER] == RUNNING && passing[m] == IN_HAND && MAY_SEND (DOWN (h)) &&
            T == NONE -> passing[m] = NONE; T = COMING }
    :: d_step { T == COMING && ALIVE (HANDLER (h)) ->
            assert (NOT_ENDED (DOWN (h)));
            T = (state[HANDLER (h)] == RUNNING -> IN_HAND : RELEASED) }
    :: d_step { T == IN_HAND -> T = FINISHED }
    :: d_step { (T == FINISHED || T == RELEASED) && ALIVE (CONSUMER) && ALIVE (OWNER (m)) ->
            assert (link[OWNER (m)].bye == UNSAID);
            answered (m, T); T = NONE }
    :: d_step { T == COMING && !ALIVE (HANDLER (h)) -> T = NONE }
    od
}
