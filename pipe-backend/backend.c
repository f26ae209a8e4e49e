/* Decides which kind of answer a line gets, and when the answer is FAIL. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/dnsname.h"
#include "common/log.h"
#include "pipe-backend/backend.h"
#include "pipe-backend/names.h"
#include "pipe-backend/question.h"

enum err_code
backend_set_up(struct backend *backend, const struct settings *settings,
    struct err *err)
{
	struct settings *fresh = malloc(sizeof(*fresh));
	struct view *view;

	if (fresh == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	*fresh = *settings;
	if (view_new(&view, fresh, err) != ERR_OK) {
		free(fresh);
		return ERR_SYSTEM;
	}
	backend_wipe(backend);
	backend->settings = fresh;
	backend->view = view;
	return ERR_OK;
}

void
backend_wipe(struct backend *backend)
{
	view_free(backend->view);
	free(backend->settings);
	backend->view = NULL;
	backend->settings = NULL;
}

int
backend_fd(const struct backend *backend)
{
	return backend->view != NULL ? view_fd(backend->view) : -1;
}

void
backend_idle(struct backend *backend)
{
	view_idle(backend->view);
}

/*
 * True for a name that is ours whatever the settings say.  While they cannot be
 * read, all other names are left to PowerDNS's other backends.  PowerDNS asks
 * for the SOA of each name on its way up to the apex of a zone, and one FAIL on
 * that way would be SERVFAIL for a name of another backend.
 */
static bool
is_ours(const struct dnsname *name)
{
	struct challenge_form form;

	return challenge_look(&form, name->text, name->len, false);
}

static enum err_code
answer_q(struct backend *b, const struct question *q, struct reply *reply,
    struct err *err)
{
	struct dnsname name;
	enum err_code rc = ERR_OK;

	if (b->version == 0)
		return err_set(err, ERR_INPUT, "Q before HELO");
	/* The root and names with escapes or odd octets are not ours. */
	if (q->rrtype != RRTYPE_OTHER &&
	    dnsname_parse(&name, q->qname, strlen(q->qname), NULL) == ERR_OK) {
		if (b->settings != NULL)
			rc = names_answer(b, q, &name, reply, err);
		else if (is_ours(&name))
			rc = err_set(err, ERR_SYSTEM, "%s", b->why_not.text);
	}
	if (rc == ERR_OK && !reply_end(reply))
		rc = err_set(err, ERR_SYSTEM, "an answer without an end");
	return rc;
}

static enum err_code
answer_helo(struct backend *b, const struct question *q, struct reply *reply,
    struct err *err)
{
	if (q->version < 1 || q->version > BACKEND_VERSION_MAX)
		return err_set(err, ERR_INPUT,
		    "pipe-abi-version=%u: 1 to %d are spoken here", q->version,
		    BACKEND_VERSION_MAX);
	b->version = q->version;
	reply_line(reply, "OK\tacmeproxy-pipe");
	return ERR_OK;
}

/* `pdnsutil backend-cmd` asks whether questions can be answered. */
static void
answer_cmd(struct backend *b, struct reply *reply)
{
	struct err why = b->why_not;
	bool good = false;

	if (b->settings != NULL) {
		view_begin(b->view);
		good = view_read(b->view, &why) == ERR_OK;
	}
	reply_line(reply, "acmeproxy-pipe: store: %s\nEND",
	    good ? "ok" : why.text);
}

void
backend_log_failure(struct backend *backend, const char *why)
{
	int64_t now_ms = clock_steady_ms();

	if (backend->logged_at_ms != 0 && now_ms - backend->logged_at_ms < 1000)
		return;
	backend->logged_at_ms = now_ms;
	log_line("%s", why);
}

enum err_code
backend_answer(struct backend *backend, const char *line, struct reply *reply,
    struct err *err)
{
	struct err why = { 0 };
	struct question q = { .rrtype = RRTYPE_OTHER };
	enum err_code rc;

	reply_begin(reply);
	if (question_parse(&q, line, &why) != ERR_OK) {
		reply_fail(reply, q.rrtype == RRTYPE_SOA);
		backend_log_failure(backend, why.text);
		return ERR_OK;
	}
	switch (q.kind) {
	case QUESTION_HELO:
		rc = answer_helo(backend, &q, reply, err);
		if (rc != ERR_OK)
			reply_fail(reply, false);
		return rc;
	case QUESTION_Q:
		if (answer_q(backend, &q, reply, &why) == ERR_OK)
			return ERR_OK;
		reply_fail(reply, q.rrtype == RRTYPE_SOA);
		backend_log_failure(backend, why.text);
		return ERR_OK;
	case QUESTION_AXFR:
		/* Our zones are short-lived: there is nothing to transfer. */
		reply_fail(reply, false);
		return ERR_OK;
	case QUESTION_CMD:
		answer_cmd(backend, reply);
		return ERR_OK;
	}
	return ERR_OK;
}
