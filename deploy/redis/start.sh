#!/bin/sh
# Start acmeproxy's Redis; acmeproxy-redis.service runs this.
#
#     start.sh CONFIGURATION [OPTION OF redis-server ...]
#
# With "appendfsync always" Redis exits when it cannot write because the disk is
# full, and after a restart it would exit again at the next write.  So if there is
# no room on the disk, this starts a Redis that refuses all writes and answers
# questions: the API then says 503, and DNS goes on.  As soon as there is room,
# that Redis is stopped, and systemd starts it as usual.
set -eu
room_mib=16
conf=$1
shift
dir=$(sed -n 's/^dir[[:space:]][[:space:]]*//p' "$conf")
dir=${dir:-.}

has_room() {
	[ "$(df --output=avail -k "$dir" | tail -n 1)" -ge $((room_mib * 1024)) ]
}

# What a Redis that was killed while it rewrote its file has left: nobody reads it.
rm -f "$dir"/temp-*.aof "$dir"/temp-*.rdb
! has_room || exec redis-server "$conf" "$@"

echo "start.sh: $dir has no room for $room_mib MiB: Redis refuses writes until it has" >&2
redis=$$
(
	while sleep 1 && kill -0 "$redis"; do
		! has_room || kill -TERM "$redis"
	done
) 2>/dev/null &
# min-replicas-to-write refuses what clients write.  What expires is still written;
# with "everysec" Redis tries that again until there is room.
exec redis-server "$conf" "$@" --appendfsync everysec --min-replicas-to-write 2147483647 \
	--replica-ignore-disk-write-errors yes
