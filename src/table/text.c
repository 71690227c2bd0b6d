/* The window over a text file. */
#include "text_int.h"

#define WINDOW ((size_t)1 << 20)

bool text_more(struct text_window *w, struct rd_err *err)
{
	size_t keep = w->len - w->at, want = keep > WINDOW / 2 ? keep * 2 : WINDOW;
	uint64_t left = w->blob->size - w->offset;
	struct rd_span span;

	if (keep && w->at)
		memmove(w->window.data, w->window.data + w->at, keep);
	if (!rd_store_grow(&w->window, want, keep, err))
		return false;
	w->at = 0;
	w->len = keep;
	span = (struct rd_span){ .data = w->window.data, .cap = want, .used = keep };
	if (left < span.cap - span.used)
		span.cap = span.used + (size_t)left;
	if (!w->blob->read(w->blob->ctx, w->offset, &span, err))
		return rd_wrap(err, "%s", w->name);
	w->offset += span.cap - keep;
	w->len = span.cap;
	return true;
}

bool text_open(struct text_window *w, struct rd_err *err)
{
	if (!text_more(w, err))
		return false;
	if (w->len >= 3 && memcmp(w->window.data, "\xef\xbb\xbf", 3) == 0)
		w->at = 3;
	return true;
}

void text_close(struct text_window *w)
{
	if (w->window.data)
		rd_wipe(w->window.data, w->window.cap);
	rd_store_free(&w->window);
}
