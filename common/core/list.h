//  list: doubly linked lists of slots. The links of all slots live in one array of the caller.
//
//  A slot is in at most one list per link array. The array may start as zero memory: the links of
//  a slot are only read while the slot is in a list. Nothing is allocated. Every call is O(1).

#ifndef MAYHEM_LIST_H
#define MAYHEM_LIST_H

#include "common/core/slab.h"

typedef struct {
    uint32_t prev; //  Slot before, SLAB_NONE at the head
    uint32_t next; //  Slot after, SLAB_NONE at the tail
} list_link_t;

typedef struct {
    uint32_t head;  //  First slot, SLAB_NONE when empty
    uint32_t tail;  //  Last slot, SLAB_NONE when empty
    uint32_t count; //  Slots in the list
} list_t;

//  Initial value of a list. A zeroed list_t is not a list: slot 0 is a slot like any other.
#define LIST_EMPTY                                                                                 \
    {                                                                                              \
        SLAB_NONE, SLAB_NONE, 0                                                                    \
    }

//  Make the list empty. Slots that were in it are forgotten.
void list_init (list_t *self);

//  Add a slot that is in no list, at the tail or at the head.
void list_append (list_t *self, list_link_t *links, uint32_t slot);
void list_prepend (list_t *self, list_link_t *links, uint32_t slot);

//  Take out a slot that is in this list.
void list_remove (list_t *self, list_link_t *links, uint32_t slot);

//  Take out the head. Returns its slot, SLAB_NONE when the list is empty.
uint32_t list_shift (list_t *self, list_link_t *links);

//  The slot after a slot that is in a list, SLAB_NONE at the tail. To remove while walking, ask
//  for the next slot first.
uint32_t list_next (const list_link_t *links, uint32_t slot);

//  The first slot, SLAB_NONE when the list is empty.
uint32_t list_head (const list_t *self);

#endif
