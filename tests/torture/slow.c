/*
 * For LD_PRELOAD: the file that ACMEPROXY_TORTURE_DISK names begins with an
 * int, by how many ms fsync() and fdatasync() are slower than they are.  After
 * each of them a line with the inode and the size of what is on the disk now is
 * appended to the file of that name with ".log".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile const int *delay_ms;
static int log_fd = -1;

__attribute__((constructor)) static void
begin(void)
{
	const char *name = getenv("ACMEPROXY_TORTURE_DISK");
	char log[4096];
	void *page;
	int fd;

	if (name == NULL || (fd = open(name, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	page = mmap(NULL, sizeof(int), PROT_READ, MAP_SHARED, fd, 0);
	if (page != MAP_FAILED)
		delay_ms = page;
	(void)close(fd);
	(void)snprintf(log, sizeof(log), "%s.log", name);
	log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int
slowly(long call, int fd)
{
	struct timespec pause = { 0 };
	struct stat st = { 0 };
	char line[64];
	long rc;

	/* What is written meanwhile is not on the disk yet. */
	(void)fstat(fd, &st);
	if (delay_ms != NULL) {
		pause.tv_sec = *delay_ms / 1000;
		pause.tv_nsec = *delay_ms % 1000 * 1000000L;
		(void)nanosleep(&pause, NULL);
	}
	rc = syscall(call, fd);
	if (rc == 0 && log_fd >= 0) {
		int len = snprintf(line, sizeof(line), "%lu %lld\n",
		    (unsigned long)st.st_ino, (long long)st.st_size);

		if (write(log_fd, line, (size_t)len) != len)
			abort();
	}
	return (int)rc;
}

int
fsync(int fd)
{
	return slowly(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return slowly(SYS_fdatasync, fd);
}
