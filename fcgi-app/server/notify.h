#ifndef FCGI_APP_SERVER_NOTIFY_H
#define FCGI_APP_SERVER_NOTIFY_H

#include <stdint.h>

#include "common/err.h"

/*
 * Tell the service manager what we do (Type=notify).  Without a service
 * manager, these functions do nothing.
 * Source: sd_notify(3), sd_watchdog_enabled(3).
 */
void notify_ready(unsigned n_workers);
void notify_reloading(void);
void notify_stopping(void);

/* Tell why the start failed: `systemctl status` shows it. */
void notify_failed(const struct err *err);

/* Say that all is well.  Due every notify_watchdog_ms(), or we are killed. */
void notify_alive(void);

/* How long we may stay silent, in ms; 0 if there is no limit. */
int64_t notify_watchdog_ms(void);

#endif
