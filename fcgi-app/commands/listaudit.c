/*
 * acmeproxy listaudit: shows the audit log, goes on with what is new, and sends
 * it to the journal.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "fcgi-app/access/cidr.h"
#include "fcgi-app/commands/auditevent.h"
#include "fcgi-app/commands/auditstate.h"
#include "fcgi-app/commands/command.h"
#include "fcgi-app/commands/timestamp.h"

#define WAIT_MS  1000 /* for an event; how long a signal may have to wait */
#define RETRY_MS 1100 /* longer than the back-off of common/redis.h */

struct listing {
	const struct options *options;
	struct settings settings;
	struct store store;
	struct auditlog log;
	struct auditlog_place start; /* where the log begins, for each pass */
	struct auditstate state;
	struct table *table;
	struct dnsname name, under;
	char network[CIDR_BITS]; /* of --ip */
	int64_t start_ms, end_ms;
};

static volatile sig_atomic_t is_stopped;

static void
on_signal(int signo)
{
	(void)signo;
	is_stopped = 1;
}

/* Without SA_RESTART, so that no wait outlasts a signal. */
static void
catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

static bool
has(const struct auditlog_event *event, const char *field, const char *wanted)
{
	const char *value = auditlog_field(event, field);

	return wanted == NULL ||
	    strcmp(value != NULL ? value : "", wanted) == 0;
}

static bool
is_among(const struct options *o, const char *event)
{
	for (size_t i = 0; i < o->n_events; i++)
		if (strcmp(o->events[i], event) == 0)
			return true;
	return o->n_events == 0;
}

static bool
is_from(const struct listing *l, const char *ip)
{
	char bits[CIDR_BITS];

	return l->options->ip == NULL ||
	    (ip != NULL && cidr_address_bits(bits, ip) &&
		strncmp(bits, l->network, strlen(l->network)) == 0);
}

static bool
is_wanted(const struct listing *l, const struct auditlog_event *event)
{
	const struct options *o = l->options;
	const char *what = auditlog_field(event, "event");
	const char *name = auditlog_field(event, "name");
	const char *ip = auditlog_field(event, "ip");
	struct dnsname parsed;

	if (o->under != NULL &&
	    (name == NULL ||
		dnsname_parse(&parsed, name, strlen(name), NULL) != ERR_OK ||
		!dnsname_is_under(&parsed, &l->under)))
		return false;
	return is_among(o, what != NULL ? what : "") &&
	    has(event, "name", o->name != NULL ? l->name.text : NULL) &&
	    has(event, "account", o->account) &&
	    has(event, "owner", o->owner) && is_from(l, ip);
}

static bool
is_to_journal(const struct listing *l)
{
	return (l->options->given & OPTION_JOURNAL) != 0;
}

static enum err_code
take_event(void *ctx, const struct auditlog_event *event,
    const struct auditlog_place *after, struct err *err)
{
	struct listing *l = ctx;
	enum err_code rc;

	if (!is_wanted(l, event))
		return ERR_OK;
	if (!is_to_journal(l)) {
		auditevent_print(l->table, event);
		return ERR_OK;
	}
	rc = auditevent_send(event, err);
	if (rc == ERR_OK)
		rc = auditstate_write(&l->state, after, err);
	return rc;
}

/* Say what the log has lost. */
static void
tell_losses(const struct auditlog *log, const char *before)
{
	if (log->is_shortened)
		log_line("the audit log ends at %s, before %s, which was read: "
			 "Redis has lost events",
		    log->place.id, before);
	if (log->n_missed > 0)
		log_line("%lld events after %s are missing: they were removed "
			 "before they were read",
		    log->n_missed, before);
	else if (log->n_missed < 0)
		log_line("events after %s may be missing: older ones were "
			 "removed meanwhile",
		    before);
}

/* Read one page; what was printed is then with whoever reads it. */
static enum err_code
read_page(struct listing *l, unsigned wait_ms, struct err *err)
{
	struct auditlog_place before = l->log.place;
	enum err_code rc, written;

	rc = auditlog_read(&l->log, wait_ms, take_event, l, err);
	if (l->table->is_measuring)
		return rc;
	tell_losses(&l->log, before.id);
	if (l->log.n == 0 && !l->log.is_shortened)
		return rc;
	if (fflush(stdout) != 0)
		return err_set(err, ERR_SYSTEM, "standard output: %s",
		    strerror(errno));
	written = auditstate_write(&l->state, &l->log.place,
	    rc == ERR_OK ? err : NULL);
	return rc == ERR_OK ? written : rc;
}

/* Tell once that Redis is away or has another store, and why; then wait. */
static void
wait_for_store(struct err *complaint, const struct err *err)
{
	const struct timespec pause = { RETRY_MS / 1000,
		RETRY_MS % 1000 * 1000000L };

	if (strcmp(complaint->text, err->text) != 0)
		log_line("%s; trying again", err->text);
	*complaint = *err;
	(void)nanosleep(&pause, NULL);
}

/* Go on until a signal. */
static enum err_code
follow(struct listing *l, struct err *err)
{
	struct err complaint = { 0 };

	while (!is_stopped) {
		enum err_code rc =
		    read_page(l, l->log.has_more ? 0 : WAIT_MS, err);

		if (is_stopped)
			break;
		if (rc == ERR_STORE) {
			wait_for_store(&complaint, err);
			continue;
		}
		if (rc != ERR_OK)
			return rc;
		if (complaint.text[0] != '\0')
			log_line("Redis answers again; the next event is the "
				 "one after %s",
			    l->log.place.id);
		complaint.text[0] = '\0';
	}
	return ERR_OK;
}

/*
 * All events that are there; then those that come.  Without Redis at the first
 * page it fails: the settings may be wrong.
 */
static enum err_code
events(void *ctx, struct table *table, struct err *err)
{
	struct listing *l = ctx;
	enum err_code rc;

	l->table = table;
	auditlog_init(&l->log, &l->store, l->start_ms, l->end_ms);
	if (l->start.is_event)
		l->log.place = l->start;
	rc = read_page(l, 0, err);
	if (rc == ERR_OK && (l->options->given & OPTION_FOLLOW) != 0 &&
	    !table->is_measuring)
		rc = follow(l, err);
	while (rc == ERR_OK && l->log.has_more && !is_stopped)
		rc = read_page(l, 0, err);
	return is_stopped ? ERR_OK : rc;
}

static bool
read_network(struct listing *l)
{
	const char *ip = l->options->ip;
	const char *whole = strchr(ip, ':') != NULL ? "/128" : "/32";
	char text[CIDR_MAX];

	(void)snprintf(text, sizeof(text), "%.*s%s", CIDR_MAX - 5, ip,
	    strchr(ip, '/') != NULL ? "" : whole);
	if (cidr_bits(l->network, text))
		return true;
	log_line("--ip %s: an address or a network is needed", ip);
	return false;
}

/* What the command line asks for; false after a sentence about it. */
static bool
read_options(struct listing *l)
{
	const struct options *o = l->options;
	const unsigned follow_end = OPTION_FOLLOW | OPTION_END;

	if ((o->given & follow_end) == follow_end) {
		log_line("--follow has no --end");
		return false;
	}
	if (is_to_journal(l) && (o->given & OPTION_FORMAT) != 0) {
		log_line("--journal prints nothing: it goes without --%s",
		    options_name(o->given & OPTION_FORMAT));
		return false;
	}
	if ((o->name != NULL &&
		command_known_name(&l->name, o->name) != ERR_OK) ||
	    command_under(&l->under, o) != ERR_OK ||
	    (o->ip != NULL && !read_network(l)))
		return false;
	return command_times(&l->start_ms, &l->end_ms, o) == ERR_OK;
}

/*
 * Settings and a connection.  Not by session_open(): whoever may only read the
 * audit log need not be able to read the accounts.
 */
static enum err_code
open_log(struct listing *l, struct err *err)
{
	struct redis_settings redis_settings;
	struct redis *redis;
	enum err_code rc;

	rc = auditstate_open(&l->state, &l->start, l->options->state, err);
	if (rc == ERR_OK)
		rc = settings_read(&l->settings, l->options->config, err);
	if (rc != ERR_OK)
		return rc;
	redis_settings = l->settings.redis_audit;
	redis_settings.timeout_ms += WAIT_MS;
	rc = redis_new(&redis, &redis_settings, err);
	if (rc == ERR_OK)
		store_init(&l->store, redis, &l->settings);
	return rc;
}

static enum exit_status
print_log(struct listing *l)
{
	const struct options *o = l->options;
	enum table_format format = o->format;
	struct err err = { 0 };
	struct table table;

	/* Nothing has to be measured for the journal. */
	auditevent_table(&table, is_to_journal(l) ? TABLE_JSON : format);
	if ((o->given & (OPTION_FOLLOW | OPTION_JOURNAL)) == 0)
		return command_print(&table, events, l, "No events found");
	if (table_print(&table, events, l, &err) != ERR_OK)
		return command_fail(&err);
	return EXIT_DONE;
}

enum exit_status
command_listaudit(const struct options *o)
{
	struct listing *l = calloc(1, sizeof(*l));
	struct err err = { 0 };
	enum exit_status status = EXIT_USAGE;

	if (l == NULL) {
		(void)err_set(&err, ERR_SYSTEM, "out of memory");
		return command_fail(&err);
	}
	l->options = o;
	l->state.fd = -1;
	if (read_options(l)) {
		if ((o->given & OPTION_FOLLOW) != 0)
			catch_signals();
		status = open_log(l, &err) == ERR_OK ? print_log(l)
						     : command_fail(&err);
	}
	auditstate_close(&l->state);
	redis_free(l->store.redis);
	free(l);
	return status;
}
