/* Accepts connections and looks at their requests.  Hides epoll. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl*): for accept4() */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "fcgi-app/api/request.h"
#include "fcgi-app/server/room.h"

/* nginx gives up sending after as long: its fastcgi_send_timeout. */
#define WAIT_MS  5000
#define LAST_MS  2000 /* for requests that are on their way when we stop */
#define LAST_MAX 128  /* requests that are still served when we stop */

/* Of parameters nginx sends 32 KiB at most, and we read 8 KiB of a body. */
#define LOOK_MAX   65536

#define PLACES_MAX 64

/* Source: FastCGI Specification, 3.3 and 8. */
#define HEADER_LEN  8
#define VERSION     1
#define TYPE_PARAMS 4
#define TYPE_STDIN  5

/* How much of a request is there. */
enum extent {
	EXTENT_LESS, /* not even its parameters, or it is none */
	EXTENT_HEAD, /* its parameters */
	EXTENT_WHOLE,
};

struct guest {
	int fd;
	bool is_answered; /* room_linger() */
	int64_t leaves_at_ms;
};

struct room {
	int listen_fd, stop_fd, epoll_fd;
	int64_t stops_at_ms; /* 0: it is not time to stop */
	unsigned n_last;     /* requests given away since */
	size_t n, n_places;
	struct guest guests[PLACES_MAX]; /* first who came first */
	unsigned char octets[LOOK_MAX];
};

static size_t
places_a_room(unsigned n_rooms)
{
	long n_files = sysconf(_SC_OPEN_MAX);
	size_t n = n_files < 0 ? PLACES_MAX : (size_t)n_files / 2 / n_rooms;

	return n < 1 ? 1 : n > PLACES_MAX ? PLACES_MAX : n;
}

static bool
watch(const struct room *room, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(room->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

enum err_code
room_new(struct room **room, int listen_fd, int stop_fd, unsigned n_rooms,
    struct err *err)
{
	struct room *r = calloc(1, sizeof(*r));
	int yes = 1;

	if (r == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	r->listen_fd = listen_fd;
	r->stop_fd = stop_fd;
	r->n_places = places_a_room(n_rooms);
	/* Connections inherit this.  A Unix socket has no such option. */
	(void)setsockopt(listen_fd, IPPROTO_TCP, TCP_NODELAY, &yes,
	    sizeof(yes));
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0 || !watch(r, listen_fd, EPOLLIN | EPOLLEXCLUSIVE) ||
	    !watch(r, stop_fd, EPOLLIN)) {
		(void)err_set(err, ERR_SYSTEM, "epoll: %s", strerror(errno));
		room_free(r);
		return ERR_SYSTEM;
	}
	*room = r;
	return ERR_OK;
}

void
room_free(struct room *room)
{
	if (room == NULL)
		return;
	while (room->n > 0)
		(void)close(room->guests[--room->n].fd);
	if (room->epoll_fd >= 0)
		(void)close(room->epoll_fd);
	free(room);
}

static enum extent
measure(const unsigned char *octets, size_t len)
{
	enum extent extent = EXTENT_LESS;
	size_t at = 0, body_len = 0;

	while (len - at >= HEADER_LEN) {
		const unsigned char *header = octets + at;
		size_t left = len - at - HEADER_LEN;
		size_t content = ((size_t)header[4] << 8) + header[5];
		size_t padding = header[6];

		if (header[0] != VERSION)
			return EXTENT_LESS;
		if (header[1] == TYPE_STDIN)
			body_len += content < left ? content : left;
		/* Nobody reads what is too long. */
		if (extent == EXTENT_HEAD && body_len > HTTP_BODY_MAX)
			return EXTENT_WHOLE;
		if (content + padding > left)
			return extent;
		if (header[1] == TYPE_STDIN && content == 0)
			return extent == EXTENT_HEAD ? EXTENT_WHOLE : extent;
		if (header[1] == TYPE_PARAMS && content == 0)
			extent = EXTENT_HEAD;
		at += HEADER_LEN + content + padding;
	}
	return extent;
}

/*
 * How much of its request a connection has sent.  *can_grow is false when no
 * more of it will come, or none that we would look at.
 */
static enum extent
look_at(struct room *room, int fd, bool *can_grow)
{
	ssize_t n = recv(fd, room->octets, LOOK_MAX, MSG_PEEK | MSG_DONTWAIT);
	enum extent extent = EXTENT_LESS;

	*can_grow =
	    n < 0 ? errno == EAGAIN || errno == EINTR : n > 0 && n < LOOK_MAX;
	if (n > 0) {
		extent = measure(room->octets, (size_t)n);
		explicit_bzero(room->octets, (size_t)n); /* it has secrets */
	}
	return extent;
}

/* Read and forget; false when the peer has closed its end. */
static bool
discard(struct room *room, int fd)
{
	ssize_t n;

	do {
		n = recv(fd, room->octets, LOOK_MAX, MSG_DONTWAIT);
		if (n > 0)
			explicit_bzero(room->octets, (size_t)n);
	} while (n > 0);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
add_guest(struct room *room, int fd, bool is_answered)
{
	struct guest *guest = &room->guests[room->n];

	assert(room->n < room->n_places);
	if (!watch(room, fd, EPOLLIN | EPOLLRDHUP | EPOLLET)) {
		(void)close(fd);
		return;
	}
	guest->fd = fd;
	guest->is_answered = is_answered;
	guest->leaves_at_ms = clock_steady_ms() + WAIT_MS;
	room->n++;
}

static enum extent
extent_of(struct room *room, const struct guest *guest)
{
	bool can_grow;

	return guest->is_answered ? EXTENT_LESS
				  : look_at(room, guest->fd, &can_grow);
}

/* The i-th guest leaves: returns its connection, or closes it. */
static int
let_go(struct room *room, size_t i, bool is_wanted)
{
	int fd = room->guests[i].fd;

	room->n--;
	memmove(&room->guests[i], &room->guests[i + 1],
	    (room->n - i) * sizeof(room->guests[0]));
	if (is_wanted)
		(void)epoll_ctl(room->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	else
		(void)close(fd);
	return is_wanted ? fd : -1;
}

/*
 * Like what follows, returns the connection whose request is to be answered
 * next, or -1.  Here it has come just in time.
 */
static int
send_off_first(struct room *room)
{
	return let_go(room, 0,
	    extent_of(room, &room->guests[0]) == EXTENT_WHOLE);
}

static int
accept_one(struct room *room)
{
	int fd =
	    accept4(room->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	bool can_grow;
	int first = -1;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		if (room->n > 0)
			return send_off_first(room);
		(void)poll(NULL, 0, 10); /* other rooms have them all */
	}
	if (fd < 0)
		return -1; /* another worker was quicker, as a rule */
	if (look_at(room, fd, &can_grow) == EXTENT_WHOLE)
		return fd;
	if (room->n == room->n_places)
		first = send_off_first(room);
	add_guest(room, fd, false);
	return first;
}

static int
hear_guest(struct room *room, int fd, bool has_closed)
{
	enum extent extent;
	bool can_grow;
	size_t i = 0;

	while (i < room->n && room->guests[i].fd != fd)
		i++;
	assert(i < room->n);
	if (room->guests[i].is_answered)
		return discard(room, fd) ? -1 : let_go(room, i, false);
	extent = look_at(room, fd, &can_grow);
	if (extent != EXTENT_WHOLE && !has_closed && can_grow)
		return -1;
	return let_go(room, i, extent != EXTENT_LESS);
}

static int
send_off_late(struct room *room, int64_t now_ms)
{
	int fd = -1;

	while (fd < 0 && room->n > 0 && room->guests[0].leaves_at_ms <= now_ms)
		fd = let_go(room, 0,
		    extent_of(room, &room->guests[0]) != EXTENT_LESS);
	return fd;
}

static int
pause_ms(const struct room *room, int64_t now_ms)
{
	int64_t until_ms = room->n > 0 ? room->guests[0].leaves_at_ms : -1;

	if (room->stops_at_ms != 0 && room->n == 0)
		return 0;
	if (room->stops_at_ms != 0 && room->stops_at_ms < until_ms)
		until_ms = room->stops_at_ms;
	return until_ms < 0 ? -1 : (int)(until_ms - now_ms);
}

static void
begin_to_stop(struct room *room)
{
	(void)epoll_ctl(room->epoll_fd, EPOLL_CTL_DEL, room->stop_fd, NULL);
	room->stops_at_ms = clock_steady_ms() + LAST_MS;
}

/* One event at a time: each but the first would be lost if we left with it. */
static int
wait_for_event(struct room *room, int64_t now_ms, bool *is_quiet)
{
	struct epoll_event event;
	int n = epoll_wait(room->epoll_fd, &event, 1, pause_ms(room, now_ms));

	*is_quiet = n == 0;
	if (n <= 0)
		return -1;
	if (event.data.fd == room->listen_fd)
		return accept_one(room);
	if (event.data.fd != room->stop_fd)
		return hear_guest(room, event.data.fd,
		    (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
	begin_to_stop(room);
	return -1;
}

int
room_next(struct room *room)
{
	bool is_quiet = false;
	int fd;

	do {
		int64_t now_ms = clock_steady_ms();

		if (room->stops_at_ms != 0 &&
		    (room->stops_at_ms <= now_ms || room->n_last >= LAST_MAX ||
			(is_quiet && room->n == 0)))
			return -1;
		fd = send_off_late(room, now_ms);
		if (fd < 0)
			fd = wait_for_event(room, now_ms, &is_quiet);
	} while (fd < 0);
	if (room->stops_at_ms != 0)
		room->n_last++;
	return fd;
}

void
room_linger(struct room *room, int fd)
{
	if (shutdown(fd, SHUT_WR) == 0 && discard(room, fd) &&
	    room->n < room->n_places)
		add_guest(room, fd, true);
	else
		(void)close(fd);
}
