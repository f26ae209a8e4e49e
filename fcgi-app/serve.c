#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/redis.h"
#include "fcgi-app/api.h"
#include "fcgi-app/config.h"
#include "fcgi-app/fcgi.h"
#include "fcgi-app/secret.h"
#include "fcgi-app/serve.h"

/* What the threads share. */
struct server {
	pthread_mutex_t lock;  /* of config and its holders */
	struct config *config; /* in force */
	int listen_fd;
	int stop[2]; /* a pipe; closing the end for writing stops all */
};

struct worker {
	struct server *server;
	struct fcgi *fcgi;
	struct api api;
	struct config *config; /* held; what api was made from */
	pthread_t thread;
	bool started;
};

/* The config in force, and a connection for it if it is new to us. */
static enum err_code
keep_up(struct worker *w, struct err *err)
{
	struct config *config;
	struct redis *redis = NULL;
	struct redis_settings settings;
	enum err_code rc;

	(void)pthread_mutex_lock(&w->server->lock);
	config = w->server->config;
	if (config != w->config)
		(void)config_hold(config);
	(void)pthread_mutex_unlock(&w->server->lock);
	if (config == w->config)
		return ERR_OK;

	settings = config->settings.redis;
	if (config->settings.replicas_required > 0)
		settings.timeout_ms += config->settings.replicas_timeout_ms;
	rc = redis_new(&redis, &settings, err);
	(void)pthread_mutex_lock(&w->server->lock);
	config_drop(rc == ERR_OK ? w->config : config);
	(void)pthread_mutex_unlock(&w->server->lock);
	if (rc != ERR_OK)
		return rc;
	redis_free(w->api.redis);
	w->config = config;
	w->api = (struct api){ .config = config, .redis = redis };
	return ERR_OK;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct request request;
	struct answer answer;
	struct err err;

	while (fcgi_accept(w->fcgi, &request)) {
		if (keep_up(w, &err) != ERR_OK)
			log_line("%s; the old settings stay", err.text);
		api_answer(&w->api, &request, &answer);
		fcgi_answer(w->fcgi, &answer);
	}
	return NULL;
}

static void
reload(struct server *server, const char *file)
{
	struct config *fresh, *old;
	struct err err = { 0 };

	if (config_read(&fresh, file, &err) != ERR_OK) {
		log_line("%s; the old settings and accounts stay in force",
		    err.text);
		return;
	}
	(void)pthread_mutex_lock(&server->lock);
	old = server->config;
	server->config = fresh;
	config_drop(old);
	(void)pthread_mutex_unlock(&server->lock);
	log_line("settings and accounts read again");
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
	rc = fcgi_new(&w->fcgi, server->listen_fd, server->stop[0], err);
	if (rc == ERR_OK)
		rc = keep_up(w, err);
	if (rc != ERR_OK)
		return rc;
	if (pthread_create(&w->thread, NULL, work, w) != 0)
		return err_set(err, ERR_SYSTEM, "cannot start a thread");
	w->started = true;
	return ERR_OK;
}

static void
join(struct worker *w)
{
	if (w->started)
		(void)pthread_join(w->thread, NULL);
}

/* Once no thread is left to count holders of the config. */
static void
finish(struct worker *w)
{
	fcgi_free(w->fcgi);
	redis_free(w->api.redis);
	config_drop(w->config);
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
	if (rc == ERR_OK)
		log_line("%u workers are ready", n);
	while (rc == ERR_OK && signo == SIGHUP) {
		if (sigwait(set, &signo) != 0)
			break;
		if (signo == SIGHUP)
			reload(server, file);
	}
	(void)close(server->stop[1]);
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
	struct server server = { .lock = PTHREAD_MUTEX_INITIALIZER,
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
		rc = fcgi_listen(&server.listen_fd, where, err);
	if (rc == ERR_OK && pipe(server.stop) != 0)
		rc = err_set(err, ERR_SYSTEM, "pipe: %s", strerror(errno));
	if (rc == ERR_OK) {
		rc = run(&server, file, &set, err);
		(void)close(server.stop[0]);
	}
	if (server.listen_fd > 0)
		(void)close(server.listen_fd);
	if (rc == ERR_OK && where != NULL && strncmp(where, "unix:", 5) == 0)
		(void)unlink(where + 5);
	config_drop(server.config);
	return rc;
}
