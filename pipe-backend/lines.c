#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "pipe-backend/lines.h"

void
lines_init(struct lines *lines, int fd)
{
	memset(lines, 0, sizeof(*lines));
	lines->fd = fd;
}

char *
lines_take(struct lines *lines)
{
	char *line = lines->octets + lines->begin;
	char *newline = memchr(line, '\n', lines->end - lines->begin);

	if (newline == NULL)
		return NULL;
	*newline = '\0';
	lines->begin = (size_t)(newline - lines->octets) + 1;
	if (lines->is_skipping)
		line = newline;
	lines->is_skipping = false;
	return line;
}

void
lines_read(struct lines *lines)
{
	ssize_t n;

	memmove(lines->octets, lines->octets + lines->begin,
	    lines->end - lines->begin);
	lines->end -= lines->begin;
	lines->begin = 0;
	if (lines->end == sizeof(lines->octets)) {
		lines->is_skipping = true;
		lines->end = 0;
	}
	n = read(lines->fd, lines->octets + lines->end,
	    sizeof(lines->octets) - lines->end);
	if (n > 0)
		lines->end += (size_t)n;
	else if (n == 0 || errno != EINTR)
		lines->is_at_end = true;
}
