#!/bin/sh
# Make the passwords of acmeproxy's Redis, and the file of its users from the
# users.acl in this script's folder.  What is there already stays, except for its
# owner and mode.  Run this again when one of the users below has been created,
# or when there is a new users.acl.
#
#     passwords.sh [--rotate] [FOLDER]
#
# --rotate replaces the old passwords with new ones, and says what to do then.
# FOLDER is /etc/acmeproxy unless given.
set -eu
umask 077

# For each password: its name, who may read it, and the mode for that.
passwords='app     root:acmeproxy       0640
pipe    root:pdns            0640
audit   root:acmeproxy-audit 0640
replica root:root            0600
admin   root:root            0600'
acl=redis-users.acl
acl_owner=acmeproxy-redis:acmeproxy-redis
# The users' file as it was last written here.  As long as the two are the same,
# nobody else has changed the users' file, and it may follow users.acl.
made=$acl.made

fail() {
	echo "passwords.sh: $*" >&2
	exit 1
}

rotate=
if [ "${1-}" = --rotate ]; then
	rotate=yes
	shift
fi
folder=${1-/etc/acmeproxy}
case $#$folder in
[01]-* | [!01]*)
	echo "usage: passwords.sh [--rotate] [FOLDER]" >&2
	exit 2
	;;
esac
template=$(dirname "$0")/users.acl
[ -r "$template" ] || fail "$template: cannot be read"
[ -d "$folder" ] || fail "$folder: no such folder"
# Each file is made in here first, so that it takes its place in one step.
work=$(mktemp -d "$folder/.passwords.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Give a file to those who may read it, or to root alone until they exist.
hand_over() { # FILE OWNER:GROUP MODE
	[ "$(id -u)" -eq 0 ] || return 0
	if getent passwd "${2%:*}" && getent group "${2#*:}"; then
		chown "$2" "$1"
		chmod "$3" "$1"
	else
		chown root:root "$1"
		chmod 0600 "$1"
	fi >/dev/null
}

# Put the new file, if there is one, in its place; set its owner and mode.
place() { # NAME OWNER:GROUP MODE
	if [ -e "$work/$1" ]; then
		hand_over "$work/$1" "$2" "$3"
		mv -f "$work/$1" "$folder/$1"
	else
		hand_over "$folder/$1" "$2" "$3"
	fi
}

password() { # FILE
	tr -d '\n' <"$1"
}

digest() { # FILE
	password "$1" | sha256sum | cut -d' ' -f1
}

# Make Redis read its users' file again, as admin with the password that Redis
# knows.  Fails if there is no Redis, or if Redis rejects the file.
load_users() { # PASSWORD
	socket=$(sed -n 's/^unixsocket[[:space:]][[:space:]]*//p' "$folder/redis.conf" 2>/dev/null) &&
		[ -S "$socket" ] && command -v redis-cli >/dev/null || return 1
	reply=$(REDISCLI_AUTH=$1 redis-cli -s "$socket" --user admin ACL LOAD 2>&1) || return 1
	[ "$reply" = OK ]
}

# The passwords.  $fill_in is what sed does to users.acl, and $exchange what it
# does to the digests in an existing users' file.
fill_in='' exchange=''
for name in $(echo "$passwords" | cut -d' ' -f1); do
	file=redis-$name.password old='' new=$folder/redis-$name.password
	[ ! -s "$new" ] || old=$(digest "$new")
	if [ -z "$old" ] || [ -n "$rotate" ]; then
		new=$work/$file
		od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$new"
		echo >>"$new"
	fi
	new=$(digest "$new")
	name=$(echo "$name" | tr '[:lower:]' '[:upper:]')
	fill_in="$fill_in s/#${name}_PASSWORD_SHA256/#$new/;"
	[ -z "$old" ] || exchange="$exchange s/#$old/#$new/;"
done

# The users' file.
sed "$fill_in" "$template" >"$work/generated"
loaded=yes
if [ ! -e "$folder/$acl" ] || cmp -s "$folder/$acl" "$folder/$made"; then
	cmp -s "$work/generated" "$folder/$acl" || {
		[ ! -e "$folder/$acl" ] || loaded=
		cp "$work/generated" "$work/$acl"
		cp "$work/generated" "$work/$made"
	}
else
	sed "$exchange" "$folder/$acl" >"$work/$acl"
	! cmp -s "$work/$acl" "$folder/$acl" || rm "$work/$acl"
	[ ! -e "$folder/$made" ] || sed "$exchange" "$folder/$made" >"$work/$made"
	cmp -s "$work/generated" "$work/$made" ||
		echo "$folder/$acl has changes of yours and stays as it is; compare it with $template" >&2
fi

admin=
[ ! -s "$folder/redis-admin.password" ] || admin=$(password "$folder/redis-admin.password")
while read -r name owner mode; do
	place "redis-$name.password" "$owner" "$mode"
done <<END
$passwords
END
place "$acl" "$acl_owner" 0400
[ ! -e "$work/$made" ] || place "$made" root:root 0400
[ -n "$rotate" ] || [ -n "$loaded" ] || load_users "$admin" ||
	echo "Redis knows its new users at its next start: systemctl restart acmeproxy-redis" >&2

[ -n "$rotate" ] || exit 0
echo "There are new passwords in $folder.  Now, in this order:"
load_users "$admin" || echo "    systemctl restart acmeproxy-redis"
cat <<'END'
    systemctl reload acmeproxy
    pkill -HUP acmeproxy-pipe
A second name server has redis-replica.password of this one as masterauth in its
/etc/acmeproxy/redis.d/replica.conf: put it there, and there
    systemctl restart acmeproxy-redis
END
