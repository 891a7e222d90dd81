/*  faults.h - what befalls the processes at a moment of the run, as the plan says, and how it ends.
 */

#ifndef MAYHEM_SIM_FAULTS_H
#define MAYHEM_SIM_FAULTS_H

#include "tests/sim/queue.h"

typedef struct world_s world_t;

//  Put all of them into the queue.
void faults_plan (world_t *world);
//  One begins, or ends.
void faults_begin (world_t *world, const happen_t *happen);
void faults_end (world_t *world, const happen_t *happen);

#endif
