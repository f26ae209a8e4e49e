#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/attr.h"

/*
 * Set the program's name, with which all later lines begin.  `name` is not
 * copied: it must live as long as the process.
 */
void log_init(const char *name);

/*
 * Write one line to stderr, where systemd and PowerDNS pick it up.  Control
 * characters become '?', so that nothing a client sends can forge a line.
 * Safe from any thread.
 */
void log_line(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
