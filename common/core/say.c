#include "common/core/say.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ERROR   SAY_LEVEL_ERROR
#define WARNING SAY_LEVEL_WARNING
#define INFO    SAY_LEVEL_INFO
#define DEBUG   SAY_LEVEL_DEBUG

//  The contract's lines first, to the letter.
static const struct {
    say_level_t level;
    const char *word;
    const char *text;
} s_lines[] = {
    [SAY_PUBLISHED] = {DEBUG, "published", "Published message %i"},
    [SAY_CONSUMED] = {INFO, "consumed", "Consumed %i"},
    [SAY_EXTENDED] = {INFO, "extended", "Extended deadline by %d seconds for %i"},
    [SAY_RESTARTED] = {INFO, "restarted", "Restarted %h"},
    [SAY_SAVED] = {INFO, "saved", "Saved %i into database"},
    [SAY_ACKED] = {INFO, "acked", "Done. Acked %i"},
    [SAY_REDELIVERING] = {WARNING, "redelivering", "Redelivering %i (%n of %m): %t"},
    [SAY_RESTART_FAILED] = {ERROR, "restart-failed", "Could not restart %h: %t"},
    [SAY_SAVE_FAILED] = {ERROR, "save-failed", "Could not save %i: %t"},
    [SAY_DEAD] = {ERROR, "dead", "Dead: %i after %n deliveries: %t"},
    [SAY_REFUSED_HOST] = {ERROR, "refused", "Refused %i: %t"},
    [SAY_FAULT] = {ERROR, "fault", "Caught exception: %t"},
    [SAY_SHUTTING_DOWN] = {INFO, "shutting-down", "Shutting down..."},
    [SAY_SIGNAL] = {INFO, "signal", "Received exit signal %t..."},
    [SAY_NACKING] = {INFO, "nacking", "Nacking outstanding messages (%n)"},
    [SAY_CANCELLING] = {INFO, "cancelling", "Cancelling %n outstanding tasks"},
    [SAY_LINK_UP] = {INFO, "link-up", "Linked with %p"},
    [SAY_LINK_AGAIN] = {INFO, "link-again", "Linking with %p again"},
    [SAY_LINK_ENDED] = {WARNING, "link-ended", "The link with %p has ended: %t"},
    [SAY_PEER_DEAD] = {WARNING, "peer-dead", "%p is dead: it vanished and did not answer"},
    [SAY_PEER_CUT] = {WARNING, "peer-cut", "%p is cut off: nothing heard for %s s"},
    [SAY_PEER_DRAINING] = {INFO, "peer-draining", "%p is draining: %t, %s s left"},
    [SAY_PEER_LEFT] = {INFO, "peer-left", "%p has left"},
    [SAY_NAME_IN_USE] = {WARNING, "name-in-use", "%p says: my name is in use, trying again"},
    [SAY_NAME_GIVEN_UP] = {ERROR, "name-given-up", "%p says: my name is in use, giving up"},
    [SAY_SAME_NAME] = {WARNING, "same-name", "%t is left alone: its name is that of another one"},
    [SAY_NO_ANSWER] = {WARNING, "no-answer", "No answer from %t yet, calling on"},
    [SAY_BAD_FRAME] = {WARNING, "bad-frame", "Dropped %n frames from %p: %t"},
    [SAY_DRAINING] = {INFO, "draining", "Draining: %t, %s s left"},
    [SAY_DRAIN_LEFT] = {INFO, "drain-left", "Still %n in hand, the oldest %i at %t, %u s left"},
    [SAY_DRAIN_DEADLINE] = {WARNING, "drain-deadline",
                            "The drain's time is over, %n still in hand"},
    [SAY_DRAIN_CUT_SHORT] = {WARNING, "drain-cut", "The drain is cut short, %n still in hand"},
    [SAY_IN_HAND] = {INFO, "in-hand", "In hand: %n; %t"},
    [SAY_STALLED] = {WARNING, "stalled", "This process stood still for %s s"},
};
_Static_assert(sizeof s_lines / sizeof *s_lines == SAY_COUNT, "a line for each kind");

say_level_t
say_level (say_kind_t kind)
{
    assert (kind < SAY_COUNT);
    return s_lines[kind].level;
}

bool
say_about_message (say_kind_t kind)
{
    assert (kind < SAY_COUNT);
    return kind <= SAY_REFUSED_HOST;
}

const char *
say_word (say_kind_t kind)
{
    assert (kind < SAY_COUNT);
    return s_lines[kind].word;
}

typedef struct {
    char *at;
    char *end;
} out_t;

static void
s_text (out_t *out, const char *text, size_t length)
{
    size_t room = (size_t) (out->end - out->at);
    size_t take = length < room ? length : room;
    if (take) {
        memcpy (out->at, text, take);
    }
    out->at += take;
}

static void
s_printed (out_t *out, const char *format, int64_t whole, int64_t part)
{
    char number[48];
    int length = snprintf (number, sizeof number, format, whole, part);
    s_text (out, number, (size_t) length);
}

//  Microseconds as seconds with one decimal.
static void
s_seconds (out_t *out, int64_t us)
{
    s_printed (out, "%" PRId64 ".%" PRId64, us / 1000000, us / 100000 % 10);
}

//  Microseconds as seconds, without a point when they are whole: "3", "0.25".
static void
s_plain_seconds (out_t *out, int64_t us)
{
    int64_t rest = us % 1000000;
    s_printed (out, "%" PRId64 "%.0" PRId64, us / 1000000, 0);
    if (rest) {
        char digits[16];
        int length = snprintf (digits, sizeof digits, ".%06" PRId64, rest);
        while (digits[length - 1] == '0') {
            length--;
        }
        s_text (out, digits, (size_t) length);
    }
}

static void
s_mark (out_t *out, char mark, const say_t *say)
{
    switch (mark) {
    case 'i': s_text (out, say->instance.at, say->instance.length); break;
    case 'h': s_text (out, say->hostname.at, say->hostname.length); break;
    case 't': s_text (out, say->text.at, say->text.length); break;
    case 'p': s_text (out, say->peer.at, say->peer.length); break;
    case 'n': s_printed (out, "%" PRId64 "%.0" PRId64, say->number, 0); break;
    case 'm': s_printed (out, "%" PRId64 "%.0" PRId64, say->other, 0); break;
    case 's': s_seconds (out, say->number); break;
    case 'u': s_seconds (out, say->other); break;
    case 'd': s_plain_seconds (out, say->number); break;
    default: assert (!"a mark of say.h");
    }
}

size_t
say_format (char *out, size_t out_size, const say_t *say)
{
    assert (out_size > 0);
    assert (say->kind < SAY_COUNT);
    out_t to = {out, out + out_size - 1};
    for (const char *text = s_lines[say->kind].text; *text; text++) {
        if (*text == '%') {
            s_mark (&to, *++text, say);
        } else {
            s_text (&to, text, 1);
        }
    }
    *to.at = 0;
    return (size_t) (to.at - out);
}
