/* Which runs this reader has opened: an old answer in new clothes is noticed. */
#include "common.h"

#include <redoubt/os.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LEN 4096
#define STATE_MAX (1u << 20)

/* $XDG_STATE_HOME/redoubt/runs, ~/.local/state/redoubt/runs otherwise. */
static bool state_path(char out[PATH_MAX_LEN], struct rd_err *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int len;

	if (state && state[0] == '/')
		len = snprintf(out, PATH_MAX_LEN, "%s/redoubt", state);
	else
		len = snprintf(out, PATH_MAX_LEN, "%s/.local/state/redoubt", home ? home : "");
	if (len < 0 || len >= PATH_MAX_LEN - 6 || (!state && !home))
		return rd_fail(err, RD_FAULT_FAILED, "os.file.name",
			       "no folder to remember runs in: set HOME or XDG_STATE_HOME");
	if (!rd_os_mkdirs(out, 0700, err))
		return false;
	memcpy(out + len, "/runs", 6);
	return true;
}

/* One line a broker: hash of the room, query, owner, run. */
static bool parse_line(struct rd_view line, struct rd_view prefix, int64_t *run)
{
	struct rd_err ignored = { 0 };

	return rd_view_starts(line, prefix) &&
	       rd_parse_i64(rd_view_of(line.data + prefix.len, line.len - prefix.len), 0, INT64_MAX,
			    run, &ignored);
}

static struct rd_view next_line(struct rd_view *text)
{
	const uint8_t *end = memchr(text->data, '\n', text->len);
	size_t len = end ? (size_t)(end - text->data) : text->len;
	struct rd_view line = rd_view_of(text->data, len);

	len += end != NULL;
	*text = rd_view_of(text->data + len, text->len - len);
	return line;
}

/* The state without the line of `prefix`, whose number is *last (0: there was none). */
static void take_out(struct rd_buf *state, struct rd_view prefix, int64_t *last)
{
	struct rd_view text = rd_buf_view(state), line;
	size_t kept = 0;

	*last = 0;
	while (text.len) {
		int64_t run = 0;

		line = next_line(&text);
		if (parse_line(line, prefix, &run)) {
			*last = run > *last ? run : *last;
			continue;
		}
		if (line.len == 0)
			continue;
		memmove(state->data + kept, line.data, line.len);
		kept += line.len;
		state->data[kept++] = '\n';
	}
	state->len = kept;
}

static void name_it(const struct rd_release_seen *seen, int64_t last)
{
	if ((uint64_t)last == seen->run)
		fprintf(stderr,
			"redoubt open: note: run %llu of the broker of %.*s was opened here "
			"before\n",
			(unsigned long long)seen->run, RD_FMT(seen->owner));
	else if ((uint64_t)last > seen->run)
		fprintf(stderr,
			"redoubt open: WARNING: this is run %llu of the broker of %.*s, but "
			"run %lld was opened here before: an old answer\n",
			(unsigned long long)seen->run, RD_FMT(seen->owner), (long long)last);
}

bool cmd_runs_seen(const struct cmd_room_file *room, struct rd_view query,
		   const struct rd_receipt_checked *receipt, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf state = { .max = STATE_MAX };
	char path[PATH_MAX_LEN], prefix[512], hash[2 * RD_SHA256_LEN + 1];

	if (!state_path(path, err) ||
	    (rd_os_file_exists(path) && !rd_os_file_read(path, STATE_MAX, &state, err)))
		return false;
	for (size_t i = 0; i < RD_SHA256_LEN; i++)
		snprintf(hash + 2 * i, 3, "%02x", room->hash[i]);
	for (uint32_t i = 0; i < receipt->n_owners; i++) {
		const struct rd_release_seen *seen = &receipt->seen[i];
		int64_t last = 0;

		snprintf(prefix, sizeof(prefix), "%s %.*s %.*s ", hash, RD_FMT(query),
			 RD_FMT(seen->owner));
		take_out(&state, rd_view_str(prefix), &last);
		name_it(seen, last);
		rd_buf_printf(&state, "%s%llu\n", prefix,
			      (unsigned long long)(seen->run > (uint64_t)last ? seen->run
									      : (uint64_t)last));
	}
	return rd_buf_ok(&state, err) && rd_os_file_write(path, 0600, rd_buf_view(&state), err);
}
