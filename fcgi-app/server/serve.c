/*
 * The threads of `acmeproxy serve`: one that waits for signals and watches, and
 * the workers, each with its own connection to Redis.
 *
 * How a new config gets from the one to the others.  A config never changes; a
 * reload makes another one.  Everybody who uses one has a reference to it:
 *
 *	server->config   in force; one reference, the main thread's
 *	worker->config   what the worker's store was made from; one reference
 *
 * The main thread replaces server->config and drops its reference.  A worker
 * compares the two before each request; when they differ it takes a reference
 * to the new one, makes a store from it, and drops the old one.  So a request
 * meets one config from its start to its end, a worker that is busy keeps
 * nobody waiting, and the last of them frees the old config.  What is kept
 * true:
 *
 * - server->config and every count of references are touched under
 *   server->lock, until no thread but the main one is left.
 * - worker->config and worker->store are their worker's alone, and the store
 *   points into that config's settings: the two change together.
 * - When a worker cannot make the new store (out of memory), it stays with the
 *   old config and tries again at its next request.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/redis.h"
#include "fcgi-app/access/secret.h"
#include "fcgi-app/api/api.h"
#include "fcgi-app/config.h"
#include "fcgi-app/server/fcgi.h"
#include "fcgi-app/server/keeper.h"
#include "fcgi-app/server/notify.h"
#include "fcgi-app/server/serve.h"
#include "fcgi-app/snippet.h"

/* For workers to stop.  nginx waits as long for an answer. */
#define STOP_MS 15000

/* What the threads share. */
struct server {
	pthread_mutex_t lock;  /* of config and of references to any config */
	struct config *config; /* in force; only the main thread changes it */
	struct keeper keeper;  /* the main thread's */
	int listen_fd;
	int stop[2]; /* a pipe; closing the end for writing stops all */
	_Atomic unsigned n_working;
};

struct worker {
	struct server *server;
	struct fcgi *fcgi;
	struct store store;
	struct config *config; /* what the store was made from; held */
	struct answer answer;
	pthread_t thread;
	bool started;
};

/* A reference to the config in force; NULL when the worker has that one. */
static struct config *
new_config(const struct worker *w)
{
	struct config *config = NULL;

	(void)pthread_mutex_lock(&w->server->lock);
	if (w->server->config != w->config)
		config = config_hold(w->server->config);
	(void)pthread_mutex_unlock(&w->server->lock);
	return config;
}

static void
drop_config(const struct worker *w, struct config *config)
{
	(void)pthread_mutex_lock(&w->server->lock);
	config_drop(config);
	(void)pthread_mutex_unlock(&w->server->lock);
}

/* Have the config in force, and a store that was made from it. */
static enum err_code
take_up_config(struct worker *w, struct err *err)
{
	struct config *config = new_config(w);
	struct redis *redis = NULL;
	struct redis_settings settings;
	enum err_code rc;

	if (config == NULL)
		return ERR_OK;
	settings = config_redis(&config->settings);
	rc = redis_new(&redis, &settings, err);
	if (rc != ERR_OK) {
		drop_config(w, config);
		return rc;
	}
	redis_free(w->store.redis);
	store_init(&w->store, redis, &config->settings);
	w->store.confirmations = w->server->keeper.confirmations;
	drop_config(w, w->config);
	w->config = config;
	return ERR_OK;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct request request;
	struct err err;

	while (fcgi_accept(w->fcgi, &request)) {
		if (take_up_config(w, &err) != ERR_OK)
			log_line("%s; the old settings stay", err.text);
		api_answer(&w->answer, &request, w->config, &w->store);
		if (fcgi_answer(w->fcgi, &w->answer))
			api_confirm(&w->answer, &w->store);
		answer_begin(&w->answer); /* nothing of it stays in memory */
	}
	w->server->n_working--;
	return NULL;
}

/* PowerDNS reads its settings only when it starts: do they fit the new ones? */
static void
say_misfit(const struct settings *settings)
{
	enum piperegex_fit fit;

	if (snippet_compare(&fit, settings) && fit != PIPEREGEX_FITS)
		log_line("%s: %s", settings->powerdns_conf,
		    piperegex_sentence(fit));
}

static void
reload(struct server *server, const char *file)
{
	struct config *fresh, *old;
	struct err err = { 0 };

	notify_reloading();
	if (config_read(&fresh, file, &err) != ERR_OK) {
		log_line("%s; the old settings stay in force", err.text);
		return;
	}
	(void)pthread_mutex_lock(&server->lock);
	old = server->config;
	server->config = fresh;
	keeper_drop(&server->keeper);
	config_drop(old);
	(void)pthread_mutex_unlock(&server->lock);
	log_line("settings read again");
	say_misfit(&fresh->settings);
}

/* A worker that is at one request for so long will not come back. */
static bool
has_stuck_worker(const struct worker *workers, unsigned n, int64_t limit_ms)
{
	for (unsigned i = 0; i < n; i++)
		if (fcgi_busy_ms(workers[i].fcgi) > limit_ms)
			return true;
	return false;
}

/* How long the main thread may sleep. */
static int64_t
pause_ms(const struct server *server, int64_t limit_ms)
{
	int64_t ms = keeper_pause_ms(&server->keeper);

	return limit_ms > 0 && limit_ms / 4 < ms ? limit_ms / 4 : ms;
}

/* Look after the workers until a signal comes; returns its number. */
static int
supervise(struct server *server, const struct worker *workers, unsigned n,
    const sigset_t *set)
{
	int64_t limit_ms = notify_watchdog_ms();
	int signo;

	do {
		int64_t ms = pause_ms(server, limit_ms);
		struct timespec pause = { .tv_sec = (time_t)(ms / 1000),
			.tv_nsec = (long)(ms % 1000) * 1000000 };

		signo = sigtimedwait(set, NULL, &pause);
		if (signo < 0)
			keeper_tend(&server->keeper, &server->config->settings);
		if (!has_stuck_worker(workers, n, limit_ms))
			notify_alive();
	} while (signo < 0);
	return signo;
}

static void
block_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static enum err_code
start(struct worker *w, struct server *server, struct err *err)
{
	enum err_code rc;

	w->server = server;
	rc = answer_init(&w->answer, err);
	if (rc == ERR_OK)
		rc = fcgi_new(&w->fcgi, server->listen_fd, server->stop[0],
		    server->config->settings.workers, err);
	if (rc == ERR_OK)
		rc = take_up_config(w, err);
	if (rc != ERR_OK)
		return rc;
	server->n_working++;
	w->started = pthread_create(&w->thread, NULL, work, w) == 0;
	if (w->started)
		return ERR_OK;
	server->n_working--;
	return err_set(err, ERR_SYSTEM, "cannot start a thread");
}

static void
join(struct worker *w)
{
	if (w->started)
		(void)pthread_join(w->thread, NULL);
}

/* After all workers were joined: nobody else has a reference any more. */
static void
finish(struct worker *w)
{
	answer_wipe(&w->answer);
	fcgi_free(w->fcgi);
	redis_free(w->store.redis);
	config_drop(w->config);
}

/* Have the workers stop; false if some of them still work after STOP_MS. */
static bool
stop(struct server *server)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	int64_t until_ms = clock_steady_ms() + STOP_MS;

	(void)close(server->stop[1]);
	while (server->n_working > 0 && clock_steady_ms() < until_ms)
		(void)nanosleep(&pause, NULL);
	return server->n_working == 0;
}

static enum err_code
run(struct server *server, const char *file, const sigset_t *set,
    struct err *err)
{
	unsigned n = server->config->settings.workers;
	struct worker *workers = calloc(n, sizeof(*workers));
	enum err_code rc = ERR_OK;
	int signo = SIGHUP;

	if (workers == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	for (unsigned i = 0; rc == ERR_OK && i < n; i++)
		rc = start(&workers[i], server, err);
	if (rc == ERR_OK) {
		keeper_tend(&server->keeper, &server->config->settings);
		log_line("%u workers are ready", n);
		say_misfit(&server->config->settings);
	}
	while (rc == ERR_OK && signo == SIGHUP) {
		notify_ready(n);
		signo = supervise(server, workers, n, set);
		if (signo == SIGHUP)
			reload(server, file);
	}
	if (rc == ERR_OK)
		notify_stopping();
	if (!stop(server))
		return err_set(err, ERR_SYSTEM,
		    "%u workers have not stopped within %d s",
		    server->n_working, STOP_MS / 1000);
	for (unsigned i = 0; i < n; i++)
		join(&workers[i]);
	for (unsigned i = 0; i < n; i++)
		finish(&workers[i]);
	free(workers);
	if (rc == ERR_OK)
		log_line("stopped");
	return rc;
}

enum err_code
serve(const char *file, const char *where, struct err *err)
{
	static struct server server = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.listen_fd = -1 };
	enum err_code rc;
	sigset_t set;

	block_signals(&set); /* one that comes early waits for the loop */
	rc = config_read(&server.config, file, err);
	if (rc == ERR_OK)
		rc = secret_init(err);
	if (rc == ERR_OK)
		rc = fcgi_init(err);
	if (rc == ERR_OK)
		rc = keeper_init(&server.keeper, err);
	if (rc == ERR_OK)
		rc = fcgi_listen(&server.listen_fd, where, err);
	if (rc == ERR_OK && pipe(server.stop) != 0)
		rc = err_set(err, ERR_SYSTEM, "pipe: %s", strerror(errno));
	if (rc == ERR_OK) {
		rc = run(&server, file, &set, err);
		if (server.n_working > 0)
			return rc; /* they use all of what follows */
		(void)close(server.stop[0]);
	}
	if (server.listen_fd > 0)
		(void)close(server.listen_fd);
	if (rc == ERR_OK && where != NULL && strncmp(where, "unix:", 5) == 0)
		(void)unlink(where + 5);
	keeper_wipe(&server.keeper);
	config_drop(server.config);
	if (rc != ERR_OK)
		notify_failed(err);
	return rc;
}
