/* Errors: see redoubt/base.h. */
#include <redoubt/base.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

RD_PRINTF(2, 0) static void set_text(struct rd_err *err, const char *fmt, va_list args)
{
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
}

bool rd_fail(struct rd_err *err, enum rd_fault fault, const char *code, const char *fmt, ...)
{
	va_list args;

	err->fault = fault;
	err->code = code;
	err->sys_errno = 0;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	return false;
}

bool rd_fail_errno(struct rd_err *err, const char *code, const char *fmt, ...)
{
	int saved = errno;
	char reason[128];
	size_t len;
	va_list args;

	err->fault = RD_FAULT_FAILED;
	err->code = code;
	err->sys_errno = saved;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	len = strlen(err->text);
	(void)snprintf(err->text + len, sizeof(err->text) - len, ": %s",
		       strerror_r(saved, reason, sizeof(reason)));
	return false;
}

bool rd_wrap(struct rd_err *err, const char *fmt, ...)
{
	char context[RD_ERR_TEXT_MAX];
	size_t context_len, kept;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(context, sizeof(context) - 2, fmt, args);
	va_end(args);
	if (n < 0)
		return false;
	context_len = strlen(context);
	memcpy(context + context_len, ": ", 2);
	context_len += 2;
	kept = strlen(err->text);
	if (kept > sizeof(err->text) - 1 - context_len)
		kept = sizeof(err->text) - 1 - context_len;
	memmove(err->text + context_len, err->text, kept);
	memcpy(err->text, context, context_len);
	err->text[context_len + kept] = '\0';
	return false;
}

_Noreturn void rd_assert_failed(const char *what, const char *file, int line)
{
	/* The library never prints: the three stay in the frame for whoever opens the core. */
	__asm__ volatile("" : : "r"(what), "r"(file), "r"(line));
	abort();
}
