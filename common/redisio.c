#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <hiredis/hiredis.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/redisio.h"
#include "common/redisreply.h"

#define PASSWORD_MAX 1024 /* octets in a password file */

static const char *
wait_for(const redisContext *c, short events, int64_t deadline_ms)
{
	struct pollfd fd = { .fd = c->fd, .events = events };
	int n;

	do {
		int64_t left_ms = deadline_ms - clock_steady_ms();

		if (left_ms <= 0)
			return "timed out";
		n = poll(&fd, 1, (int)left_ms);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n > 0 ? NULL : strerror(errno);
}

const char *
redisio_send(redisContext *context, int64_t deadline_ms)
{
	const char *why = NULL;
	int done = 0;

	while (why == NULL && !done)
		if (redisBufferWrite(context, &done) != REDIS_OK)
			why = context->errstr;
		else if (!done)
			why = wait_for(context, POLLOUT, deadline_ms);
	return why;
}

const char *
redisio_read(redisContext *context, void **reply, int64_t deadline_ms)
{
	const char *why = NULL;

	*reply = NULL;
	while (why == NULL) {
		if (redisGetReplyFromReader(context, reply) != REDIS_OK)
			return context->errstr;
		if (*reply != NULL)
			return NULL;
		why = wait_for(context, POLLIN, deadline_ms);
		if (why == NULL && redisBufferRead(context) != REDIS_OK)
			why = context->errstr;
	}
	return why;
}

static const char *
finish_connecting(const redisContext *c, int64_t deadline_ms)
{
	const char *why = wait_for(c, POLLOUT, deadline_ms);
	socklen_t len = sizeof(int);
	int error = 0;

	if (why == NULL &&
	    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	return error != 0 ? strerror(error) : why;
}

/* Send the command that is queued, and get its reply. */
static enum err_code
ask(redisContext *c, void **reply, int64_t deadline_ms, struct err *err)
{
	const char *why = redisio_send(c, deadline_ms);

	if (why == NULL)
		why = redisio_read(c, reply, deadline_ms);
	if (why == NULL)
		return ERR_OK;
	(void)err_set(err, ERR_STORE, "%s", why);
	return ERR_STORE;
}

static enum err_code
authenticate(redisContext *c, const struct redis_settings *s,
    int64_t deadline_ms, struct err *err)
{
	void *reply = NULL;
	const redisReply *r;
	enum err_code rc;
	char *password;

	if (s->password_file[0] == '\0')
		return ERR_OK;
	rc = file_read(&password, NULL, s->password_file, PASSWORD_MAX, err);
	if (rc != ERR_OK)
		return rc;
	password[strcspn(password, "\r\n")] = '\0';
	if (s->username[0] != '\0')
		(void)redisAppendCommand(c, "AUTH %s %s", s->username,
		    password);
	else
		(void)redisAppendCommand(c, "AUTH %s", password);
	explicit_bzero(password, strlen(password));
	free(password);
	rc = ask(c, &reply, deadline_ms, err);
	if (rc != ERR_OK)
		return rc;
	r = reply;
	if (r->type == REDIS_REPLY_ERROR)
		rc =
		    err_set(err, ERR_STORE, "%s: %s", s->password_file, r->str);
	freeReplyObject(reply);
	return rc;
}

static enum err_code
read_clock(int64_t *offset_ms, redisContext *c, int64_t deadline_ms,
    struct err *err)
{
	int64_t sent_ms = clock_steady_ms(), time_ms;
	void *reply = NULL;
	enum err_code rc;

	(void)redisAppendCommand(c, "TIME");
	rc = ask(c, &reply, deadline_ms, err);
	if (rc != ERR_OK)
		return rc;
	time_ms = redis_reply_time_ms(reply);
	*offset_ms = time_ms != 0 ? time_ms - sent_ms : 0;
	freeReplyObject(reply);
	return ERR_OK;
}

enum err_code
redisio_connect(redisContext **context, int64_t *offset_ms, const char **doing,
    const struct redis_settings *s, int64_t deadline_ms, struct err *err)
{
	const char *where = s->socket[0] != '\0' ? s->socket : s->host;
	enum err_code rc = ERR_OK;
	const char *reason;
	redisContext *c;

	*context = NULL;
	*doing = "connect";
	c = where == s->socket ? redisConnectUnixNonBlock(where)
			       : redisConnectNonBlock(where, (int)s->port);
	if (c == NULL)
		return err_set(err, ERR_STORE, "out of memory");
	reason = c->err != 0 ? c->errstr : finish_connecting(c, deadline_ms);
	if (reason != NULL)
		rc = err_set(err, ERR_STORE, "%s: %s", where, reason);
	if (rc == ERR_OK) {
		*doing = "authenticate";
		if (where == s->host)
			(void)redisEnableKeepAlive(c);
		rc = authenticate(c, s, deadline_ms, err);
	}
	if (rc == ERR_OK)
		rc = read_clock(offset_ms, c, deadline_ms, err);
	if (rc == ERR_OK)
		*context = c;
	else
		redisFree(c);
	return rc;
}
