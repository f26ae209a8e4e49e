#ifndef FCGI_APP_SERVER_NOTIFY_H
#define FCGI_APP_SERVER_NOTIFY_H

#include <stdint.h>

#include "common/err.h"

/*
 * What the service manager is told (Type=notify).  Without one, each of these
 * does nothing.
 * Source: sd_notify(3), sd_watchdog_enabled(3).
 */
void notify_ready(unsigned n_workers);
void notify_reloading(void);
void notify_stopping(void);

/* Why the start failed: `systemctl status` shows it. */
void notify_failed(const struct err *err);

/* All is well; due within notify_watchdog_ms(), or we are killed. */
void notify_alive(void);

/* How long we may be silent, in ms; 0 for as long as we like. */
int64_t notify_watchdog_ms(void);

#endif
