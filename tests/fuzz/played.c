#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/fuzz/check.h"
#include "tests/fuzz/played.h"

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char dir[] = "/tmp/fuzz.XXXXXX", id_file[sizeof(dir) + 8];

static void
remove_files(void)
{
	(void)unlink(address.sun_path);
	(void)unlink(id_file);
	(void)rmdir(dir);
}

static void
read_settings(struct settings *settings, const char *members, int timeout_ms)
{
	char text[512];
	int len = snprintf(text, sizeof(text),
	    "{\"soa_hostname\": \"ns1.example.net\", "
	    "\"soa_contact\": \"a.example.net\", %s"
	    "\"store_id_file\": \"%s\", "
	    "\"redis\": {\"socket\": \"%s\", \"timeout_ms\": %d}}",
	    members, id_file, address.sun_path, timeout_ms);

	CHECK(settings_parse(settings, text, (size_t)len, "-", NULL) == ERR_OK);
}

int
played_listen(struct settings *settings, const char *members, int timeout_ms)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	FILE *file;

	(void)signal(SIGPIPE, SIG_IGN);
	CHECK(fd >= 0);
	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(id_file, sizeof(id_file), "%s/id", dir);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir);
	CHECK(atexit(remove_files) == 0);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(listen(fd, 8) == 0);
	file = fopen(id_file, "w");
	CHECK(file != NULL && fputs(PLAYED_ID "\n", file) >= 0);
	CHECK(fclose(file) == 0);
	read_settings(settings, members, timeout_ms);
	return fd;
}
