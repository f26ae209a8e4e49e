/* Hides libsystemd. */
#include <stdint.h>

#include <systemd/sd-daemon.h>

#include "fcgi-app/server/notify.h"

void
notify_ready(unsigned n_workers)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%u workers are ready", n_workers);
}

void
notify_reloading(void)
{
	(void)sd_notify(0, "RELOADING=1\nSTATUS=Reading the settings");
}

void
notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1\nSTATUS=Finishing the requests in hand");
}

void
notify_failed(const struct err *err)
{
	(void)sd_notifyf(0, "STATUS=%s", err->text);
}

void
notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

int64_t
notify_watchdog_ms(void)
{
	uint64_t limit_us;

	if (sd_watchdog_enabled(0, &limit_us) <= 0)
		return 0;
	return (int64_t)(limit_us / 1000);
}
