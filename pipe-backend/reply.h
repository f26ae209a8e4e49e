#ifndef PIPE_BACKEND_REPLY_H
#define PIPE_BACKEND_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

/* 64 records whose owner is all escapes and whose data is as long as may be */
#define REPLY_MAX (64 * 2048)

/*
 * The lines that answer one question, gathered so that one write(2) sends
 * them: a reply is whole or not there, and nothing follows its END, which
 * PowerDNS would take as the answer to the next question.
 */
struct reply {
	size_t len;
	bool overflow; /* did not fit: reply_end() makes it FAIL */
	char text[REPLY_MAX];
};

/* What every record of an answer shares. */
struct reply_owner {
	unsigned version;  /* of the protocol: 1 to 5 */
	const char *qname; /* as asked */
	int32_t id;        /* the zone's; PowerDNS hands it back */
	bool cacheable;    /* scopebits 0; else PowerDNS never caches it */
};

void reply_begin(struct reply *reply);

/* Add a DATA line.  content is printed by format; TTL in seconds. */
void reply_data(struct reply *reply, const struct reply_owner *owner,
    const char *rrtype, unsigned ttl_s, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Add a line of free text: the banner, the answer to CMD. */
void reply_line(struct reply *reply, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Finish: END, or FAIL alone if there was no room. */
void reply_end(struct reply *reply);

/* Drop what was gathered and say FAIL: "I do not know", never "no". */
void reply_fail(struct reply *reply);

#endif
