/* Listens, and reads one request at a time for a worker.  Hides libfcgi. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/sockios.h>

#include <fcgiapp.h>

#include "common/clock.h"
#include "fcgi-app/server/fcgi.h"
#include "fcgi-app/server/room.h"

#define BACKLOG     1024
#define SOCKET_MODE 0660 /* nginx's user shares our group */
#define WRITE_MS    5000 /* for all of an answer */
#define PIECE       4096

struct fcgi {
	FCGX_Request native;
	struct room *room;
	_Atomic int64_t busy_since_ms; /* by clock_steady_ms(); 0 if idle */
	bool drained;                  /* the request was read to its end */
	char body[HTTP_BODY_MAX + 1];
};

enum err_code
fcgi_init(struct err *err)
{
	if (FCGX_Init() != 0)
		return err_set(err, ERR_SYSTEM, "libfcgi: cannot start");
	return ERR_OK;
}

static enum err_code
listen_unix(int *fd, const char *path, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, ERR_INPUT,
		    "%s: a socket's path has at most %zu octets", path,
		    sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path));
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return err_set(err, ERR_SYSTEM, "socket: %s", strerror(errno));
	/* A process that was killed left its socket, and bind() would fail. */
	if (connect(*fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return err_set(err, ERR_SYSTEM, "%s: somebody listens there",
		    path);
	if (errno == ECONNREFUSED)
		(void)unlink(path);
	if (bind(*fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    chmod(path, SOCKET_MODE) != 0)
		return err_set(err, ERR_SYSTEM, "%s: %s", path,
		    strerror(errno));
	return ERR_OK;
}

static enum err_code
listen_tcp(int *fd, const char *where, struct err *err)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	const char *colon = strrchr(where, ':');
	struct addrinfo *found = NULL;
	char host[64];
	size_t len;
	int yes = 1;

	len = colon != NULL ? (size_t)(colon - where) : 0;
	if (len >= 2 && where[0] == '[' && where[len - 1] == ']') {
		where++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(host))
		return err_set(err, ERR_INPUT,
		    "--listen: unix:PATH or ADDRESS:PORT is needed");
	memcpy(host, where, len);
	host[len] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return err_set(err, ERR_INPUT,
		    "--listen: %s is no address with a port", host);
	*fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 ||
	    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
	    bind(*fd, found->ai_addr, found->ai_addrlen) != 0) {
		freeaddrinfo(found);
		return err_set(err, ERR_SYSTEM, "--listen %s:%s: %s", host,
		    colon + 1, strerror(errno));
	}
	freeaddrinfo(found);
	return ERR_OK;
}

static enum err_code
check_inherited(struct err *err)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	if (getsockopt(0, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 ||
	    !listening)
		return err_set(err, ERR_INPUT,
		    "descriptor 0 is no listening socket: use --listen, "
		    "systemd or spawn-fcgi");
	return ERR_OK;
}

enum err_code
fcgi_listen(int *fd, const char *where, struct err *err)
{
	int new_fd = -1;
	enum err_code rc;

	if (where == NULL) {
		rc = check_inherited(err);
		new_fd = 0;
	} else if (strncmp(where, "unix:", 5) == 0) {
		rc = listen_unix(&new_fd, where + 5, err);
	} else {
		rc = listen_tcp(&new_fd, where, err);
	}
	assert(rc != ERR_OK || new_fd >= 0);
	/* Non-blocking, since several workers may wake for one connection. */
	if (rc == ERR_OK &&
	    ((where != NULL && listen(new_fd, BACKLOG) != 0) ||
		fcntl(new_fd, F_SETFL, O_NONBLOCK) != 0))
		rc = err_set(err, ERR_SYSTEM, "listen: %s", strerror(errno));
	if (rc == ERR_OK)
		*fd = new_fd;
	else if (new_fd > 0)
		(void)close(new_fd);
	return rc;
}

enum err_code
fcgi_new(struct fcgi **fcgi, int listen_fd, int stop_fd, unsigned n_workers,
    struct err *err)
{
	struct fcgi *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	/* It gets connections from the room, and must not accept any. */
	(void)FCGX_InitRequest(&f->native, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	if (room_new(&f->room, listen_fd, stop_fd, n_workers, err) != ERR_OK) {
		free(f);
		return ERR_SYSTEM;
	}
	*fcgi = f;
	return ERR_OK;
}

void
fcgi_free(struct fcgi *fcgi)
{
	if (fcgi == NULL)
		return;
	FCGX_Free(&fcgi->native, 1);
	room_free(fcgi->room);
	free(fcgi);
}

int64_t
fcgi_busy_ms(const struct fcgi *fcgi)
{
	int64_t since_ms = atomic_load(&fcgi->busy_since_ms);

	return since_ms == 0 ? 0 : clock_steady_ms() - since_ms;
}

static const char *
param(const struct fcgi *fcgi, const char *name)
{
	const char *value = FCGX_GetParam(name, fcgi->native.envp);

	return value != NULL ? value : "";
}

static void
read_body(struct fcgi *fcgi, struct request *request)
{
	FCGX_Stream *in = fcgi->native.in;
	long length = strtol(param(fcgi, "CONTENT_LENGTH"), NULL, 10);
	int n = 0;

	if (length <= HTTP_BODY_MAX)
		n = FCGX_GetStr(fcgi->body, HTTP_BODY_MAX + 1, in);
	request->body_too_large = length > HTTP_BODY_MAX || n > HTTP_BODY_MAX;
	request->is_cut_off =
	    !request->body_too_large && (FCGX_GetError(in) != 0 || n < length);
	request->body = fcgi->body;
	request->body_len =
	    request->body_too_large || request->is_cut_off ? 0 : (size_t)n;
	fcgi->drained = !request->body_too_large && FCGX_GetError(in) == 0;
}

/*
 * Have libfcgi read the parameters.  It has no function that takes a connection
 * from its caller, but these members are what it looks at.  Detached, it does
 * not linger on a connection that it closes: it would as long as the peer
 * sends.
 */
static bool
read_params(struct fcgi *fcgi, int fd)
{
	fcgi->native.ipcFd = fd;
	fcgi->native.keepConnection = 1; /* or it would close it first */
	(void)FCGX_Detach(&fcgi->native);
	return FCGX_Accept_r(&fcgi->native) == 0;
}

bool
fcgi_accept(struct fcgi *fcgi, struct request *request)
{
	int fd;

	do {
		atomic_store(&fcgi->busy_since_ms, 0);
		fd = room_next(fcgi->room);
		if (fd < 0)
			return false;
		atomic_store(&fcgi->busy_since_ms, clock_steady_ms());
	} while (!read_params(fcgi, fd));

	request->method = param(fcgi, "REQUEST_METHOD");
	request->path = param(fcgi, "SCRIPT_NAME");
	request->content_type = param(fcgi, "CONTENT_TYPE");
	request->remote_addr = param(fcgi, "REMOTE_ADDR");
	request->authorization = param(fcgi, "HTTP_AUTHORIZATION");
	request->api_user = param(fcgi, "HTTP_X_API_USER");
	request->api_key = param(fcgi, "HTTP_X_API_KEY");
	request->host = param(fcgi, "HTTP_HOST");
	request->origin = param(fcgi, "HTTP_ORIGIN");
	request->fetch_site = param(fcgi, "HTTP_SEC_FETCH_SITE");
	read_body(fcgi, request);
	return true;
}

/*
 * libfcgi writes what it is given in pieces of 8 KiB, and gives up when the
 * connection does not take one at once.  So a long text waits in between.
 */
static void
put(struct fcgi *fcgi, const char *text, size_t len, int64_t until_ms)
{
	struct pollfd pollfd = { .fd = fcgi->native.ipcFd, .events = POLLOUT };
	size_t n;

	for (;; text += n, len -= n) {
		int64_t left_ms = until_ms - clock_steady_ms();

		n = len < PIECE ? len : PIECE;
		if (FCGX_PutStr(text, (int)n, fcgi->native.out) < 0 || n == len)
			return;
		(void)poll(&pollfd, 1, left_ms > 0 ? (int)left_ms : 0);
	}
}

/* The beginning of what libfcgi keeps of a stream; its header does not say. */
struct stream_data {
	unsigned char *buff;
	int bufflen;
};

static void
wipe_stream(const FCGX_Stream *stream)
{
	const struct stream_data *data = stream != NULL ? stream->data : NULL;

	if (data != NULL && data->buff != NULL)
		explicit_bzero(data->buff, (size_t)data->bufflen);
}

/* There may be secrets in all that was read and written. */
static void
wipe(struct fcgi *fcgi)
{
	for (char **p = fcgi->native.envp; p != NULL && *p != NULL; p++)
		explicit_bzero(*p, strlen(*p));
	wipe_stream(fcgi->native.in);
	wipe_stream(fcgi->native.out);
	explicit_bzero(fcgi->body, sizeof(fcgi->body));
}

/*
 * Has the peer read all of what was sent?  A peer that ended without having
 * done so leaves ECONNRESET.
 */
static bool
has_arrived(int fd, int64_t until_ms)
{
	struct pollfd pollfd = { .fd = fd };
	int left, error = 0;
	socklen_t len = sizeof(error);

	do {
		if (ioctl(fd, SIOCOUTQ, &left) != 0 ||
		    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ||
		    error != 0)
			return false;
		if (left == 0)
			return true;
		(void)poll(&pollfd, 1, 1);
	} while (clock_steady_ms() < until_ms);
	return false;
}

bool
fcgi_answer(struct fcgi *fcgi, const struct answer *answer)
{
	int64_t until_ms = clock_steady_ms() + WRITE_MS;
	int fd = fcgi->native.ipcFd;
	bool arrived = true;
	char head[512];
	int n;

	n = snprintf(head, sizeof(head),
	    "Status: %d\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Cache-Control: no-store\r\n%s\r\n",
	    answer->status, answer->content_type, answer->len, answer->header);
	assert(n > 0 && (size_t)n < sizeof(head)); /* all of it is ours */
	put(fcgi, head, (size_t)n, until_ms);
	put(fcgi, answer->body, answer->len, until_ms);
	(void)FCGX_FClose(fcgi->native.err);
	(void)FCGX_FClose(fcgi->native.out);
	wipe(fcgi);
	FCGX_Free(&fcgi->native, 0);
	fcgi->native.ipcFd = -1;
	if (answer->fresh.is_set)
		arrived = has_arrived(fd, until_ms);
	/* As a rule nothing was left unread, and nobody has to wait. */
	if (fcgi->drained)
		(void)close(fd);
	else
		room_linger(fcgi->room, fd);
	return arrived;
}
