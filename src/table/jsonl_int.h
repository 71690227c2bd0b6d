/* JSON lines, read object by object in bounded memory. */
#ifndef RD_TABLE_JSONL_INT_H
#define RD_TABLE_JSONL_INT_H

#include "text_int.h"

#define JSONL_RECORD_MAX ((size_t)64 << 20) /* bytes of one line */

enum jsonl_kind { JSONL_NULL, JSONL_BOOL, JSONL_NUMBER, JSONL_TEXT, JSONL_KINDS };

struct jsonl_member {
	struct rd_view name, text; /* text: as written, of strings what they mean */
	enum jsonl_kind kind;
};

struct jsonl_reader {
	struct text_window text;
	size_t searched;         /* bytes that are not yet read and have no line end */
	uint64_t line;           /* of the object at hand, from 1 */
	struct rd_store strings; /* of the object at hand: names and texts, unescaped */
	size_t strings_len;
	struct jsonl_member *member; /* of the object at hand */
	uint32_t n;
};

RD_MUST_USE bool jsonl_open(struct jsonl_reader *r, const struct rd_blob *blob, const char *name,
			    struct rd_err *err);
void jsonl_close(struct jsonl_reader *r);
/* The next object; *more is false at the end of the file.  Views live until the next call. */
RD_MUST_USE bool jsonl_next(struct jsonl_reader *r, bool *more, struct rd_err *err);

#endif
