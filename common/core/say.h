/*  say.h - the lines a process says, as data: cores fill in a say_t, the shell formats and writes
   it.

    The contract fixes their texts, scripts read them. A template's marks: %i instance, %h host
   name, %t the text, %p a process's name, %n and %m the numbers; %s and %u the same two,
   microseconds as seconds with one decimal; %d the number, microseconds as plain seconds. */

#ifndef MAYHEM_SAY_H
#define MAYHEM_SAY_H

#include "common/core/message.h"

typedef enum {
    SAY_LEVEL_ERROR,
    SAY_LEVEL_WARNING,
    SAY_LEVEL_INFO,
    SAY_LEVEL_DEBUG
} say_level_t;

typedef enum {
    //  Lines about single messages: limited a second.
    SAY_PUBLISHED,
    SAY_CONSUMED,
    SAY_EXTENDED,
    SAY_RESTARTED,
    SAY_SAVED,
    SAY_ACKED,
    SAY_REDELIVERING,
    SAY_RESTART_FAILED,
    SAY_SAVE_FAILED,
    SAY_DEAD,
    SAY_REFUSED_HOST,
    //  The process and its neighbours.
    SAY_FAULT,
    SAY_SHUTTING_DOWN,
    SAY_SIGNAL,
    SAY_NACKING,
    SAY_CANCELLING,
    SAY_LINK_UP,
    SAY_LINK_AGAIN,
    SAY_LINK_ENDED,
    SAY_PEER_DEAD,
    SAY_PEER_CUT,
    SAY_PEER_DRAINING,
    SAY_PEER_LEFT,
    SAY_NAME_IN_USE,
    SAY_NAME_GIVEN_UP,
    SAY_SAME_NAME,
    SAY_NO_ANSWER,
    SAY_BAD_FRAME,
    SAY_DRAINING,
    SAY_DRAIN_LEFT,
    SAY_DRAIN_DEADLINE,
    SAY_DRAIN_CUT_SHORT,
    SAY_IN_HAND,
    SAY_STALLED,
    SAY_COUNT
} say_kind_t;

typedef struct {
    say_kind_t kind;
    text_t instance; // %i
    text_t hostname; // %h
    text_t text;     // %t
    text_t peer;     // %p
    int64_t number;  // %n, %s, %d
    int64_t other;   // %m, %u
    uint8_t id[ID_BYTES];
    name_t name; // JSON only, as the id
    uint16_t delivery;
} say_t;

say_level_t say_level (say_kind_t kind);

//  Whether the line is about a single message.
bool say_about_message (say_kind_t kind);

//  A short word for the event stream and JSON: "restarted", "peer-dead".
const char *say_word (say_kind_t kind);

//  Format without a newline; truncates; returns the length. Texts are not escaped here.
size_t say_format (char *out, size_t out_size, const say_t *say);

#endif
