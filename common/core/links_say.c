//  The lines about neighbours: facts leave bits in peer->says, the next turn says them.

#include "common/core/links_private.h"

#include <stdio.h>
#include <string.h>

static text_t
s_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

static void
s_say_peer (effects_t *effects, say_kind_t kind, const peer_t *peer, const char *text,
            int64_t number)
{
    //  Before the first WELCOME only the address is known.
    const char *name = *peer->name ? peer->name : peer->inbox;
    effects_say (
        effects,
        &(say_t){.kind = kind, .peer = s_text (name), .text = s_text (text), .number = number});
}

static void
s_say_ended (effects_t *effects, const peer_t *peer)
{
    switch (peer->cause) {
    case CAUSE_DEAD: s_say_peer (effects, SAY_PEER_DEAD, peer, "", 0); break;
    case CAUSE_CUT: s_say_peer (effects, SAY_PEER_CUT, peer, "", peer->silent_us); break;
    case CAUSE_GAP: s_say_peer (effects, SAY_LINK_ENDED, peer, "frames are missing", 0); break;
    case CAUSE_RENEWED: s_say_peer (effects, SAY_LINK_AGAIN, peer, "", 0); break;
    case CAUSE_NONE:
    case CAUSE_LEFT: break;
    }
}

static void
s_say_draining (effects_t *effects, const peer_t *peer)
{
    char text[2 * NAME_MAX_BYTES];
    const char *reason = drain_reason (peer->theirs.why, peer->theirs.signal);
    if (*peer->origin_name && strcmp (peer->origin_name, peer->name) != 0) {
        snprintf (text, sizeof text, "%s, begun by %s", reason, peer->origin_name);
        reason = text;
    }
    bool endless = peer->theirs.left_ms == UINT32_MAX;
    int64_t left_us = endless ? 0 : (int64_t) peer->theirs.left_ms * 1000;
    s_say_peer (effects, SAY_PEER_DRAINING, peer, reason, left_us);
}

void
links_say (peer_t *peer, effects_t *effects)
{
    if (peer->says & PEER_SAYS_ENDED) {
        s_say_ended (effects, peer);
    }
    if (peer->says & PEER_SAYS_UP) {
        s_say_peer (effects, SAY_LINK_UP, peer, "", 0);
    }
    if (peer->says & PEER_SAYS_DRAINING) {
        s_say_draining (effects, peer);
    }
    if (peer->says & PEER_SAYS_LEFT) {
        s_say_peer (effects, SAY_PEER_LEFT, peer, "", 0);
    }
    if (peer->says & PEER_SAYS_SAME) {
        s_say_peer (effects, SAY_SAME_NAME, peer, peer->inbox, 0);
    }
    if (peer->says & PEER_SAYS_NO_ANSWER) {
        s_say_peer (effects, SAY_NO_ANSWER, peer, peer->inbox, 0);
    }
    if (peer->says & PEER_SAYS_REFUSED) {
        s_say_peer (effects, SAY_NAME_IN_USE, peer, "", 0);
    }
    peer->says = 0;
}

void
links_say_bad (links_t *self, effects_t *effects)
{
    const links_counts_t *counts = &self->counts;
    uint64_t bad = counts->bad + counts->stale + counts->duplicate + counts->unknown;
    if (bad == self->bad_said || self->now_us < self->bad_us) {
        return;
    }
    effects_say (effects, &(say_t){.kind = SAY_BAD_FRAME,
                                   .peer = s_text (self->bad_from),
                                   .number = (int64_t) (bad - self->bad_said),
                                   .text = s_text ("stale, repeated or not ours")});
    self->bad_said = bad;
    self->bad_us = self->now_us + SAY_BAD_US;
}
