#ifndef FCGI_APP_SERVER_ROOM_H
#define FCGI_APP_SERVER_ROOM_H

#include "common/err.h"

/*
 * Where connections wait until their whole request is there, so that no worker
 * waits for a peer.
 *
 * Each worker has a room.  It takes connections from the listening socket,
 * looks at what has arrived without taking it, and gives a connection away when
 * all that libfcgi will read from it is there.  So all of that has to fit into
 * the socket's buffer: 208 KiB, or seventy writes of a few octets.  nginx makes
 * one or two for a request.
 *
 * A peer that says nothing, or an
 * octet a second, occupies a place in a room for 5 s at most.  When all places
 * are taken, a new connection gets that of the one that has waited longest: a
 * flood of such peers does not stop nginx, whose requests are whole within
 * microseconds.
 *
 * Belongs to one thread; the descriptors given to room_new() stay the caller's.
 */
struct room;

/*
 * Make a room.
 *
 *   listen_fd	a listening, non-blocking socket, which other rooms may share
 *   stop_fd	becomes readable (end of file will do) when it is time to stop
 *   n_rooms	1 at least: together they take half of our descriptors at most
 *
 * Returns ERR_OK or ERR_SYSTEM.
 */
MUST_CHECK enum err_code room_new(struct room **room, int listen_fd,
    int stop_fd, unsigned n_rooms, struct err *err);
void room_free(struct room *room);

/*
 * Wait for a request.  Returns a non-blocking connection, which is the caller's
 * from now on.  Either all of its request is there, or its parameters are and
 * the rest will not come: the peer has closed it, or its time is up.
 *
 * Returns -1 when it is time to stop, and either nobody waits or comes, or 2 s
 * have passed, or 128 requests have been given away since.
 */
int room_next(struct room *room);

/*
 * Take a connection back that was answered before its request was read to the
 * end, and close it when the peer has: closed at once, the answer could be
 * lost.
 */
void room_linger(struct room *room, int fd);

#endif
