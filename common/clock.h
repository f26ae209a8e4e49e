#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

/* Milliseconds since the epoch, UTC: the unit of every score in the store. */
int64_t clock_now_ms(void);

/* Milliseconds of a clock that nobody can set: for time-outs and back-off. */
int64_t clock_steady_ms(void);

#endif
