#include <stdarg.h>
#include <stdio.h>

#include "pipe-backend/reply.h"

static void append(struct reply *reply, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void vappend(struct reply *reply, const char *fmt, va_list ap)
    PRINTF_LIKE(2, 0);

static void
vappend(struct reply *reply, const char *fmt, va_list ap)
{
	size_t room = sizeof(reply->text) - reply->len;
	int n;

	n = vsnprintf(reply->text + reply->len, room, fmt, ap);
	if (n < 0 || (size_t)n >= room)
		reply->overflow = true;
	else
		reply->len += (size_t)n;
}

static void
append(struct reply *reply, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vappend(reply, fmt, ap);
	va_end(ap);
}

void
reply_begin(struct reply *reply)
{
	reply->len = 0;
	reply->overflow = false;
}

void
reply_data(struct reply *reply, const struct reply_owner *owner,
    const char *rrtype, unsigned ttl_s, const char *fmt, ...)
{
	va_list ap;

	append(reply, "DATA\t");
	if (owner->version >= 3) /* scopebits, auth */
		append(reply, "%d\t%d\t", owner->asked == RRTYPE_SOA ? 0 : 1,
		    owner->is_delegated ? 0 : 1);
	append(reply, "%s\tIN\t%s\t%u\t%d\t", owner->qname, rrtype, ttl_s,
	    (int)owner->id);
	va_start(ap, fmt);
	vappend(reply, fmt, ap);
	va_end(ap);
	append(reply, "\n");
}

void
reply_line(struct reply *reply, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vappend(reply, fmt, ap);
	va_end(ap);
	append(reply, "\n");
}

bool
reply_end(struct reply *reply)
{
	append(reply, "END\n");
	return !reply->overflow;
}

void
reply_fail(struct reply *reply, bool drained)
{
	reply_begin(reply);
	append(reply, drained ? "FAIL\nEND\n" : "FAIL\n");
}
