/* Types of columns whose values are text: ENGINE.md 1, doc/format/table.md. */
#ifndef RD_TABLE_INFER_INT_H
#define RD_TABLE_INFER_INT_H

#include "table_int.h"

/* What a column's values look like. */
struct infer {
	uint32_t seen; /* a set of enum seen */
	bool null;
	uint32_t digits, scale; /* most before and behind the point */
};
/* A value that is not NULL: of a format that has only text, ... */
void infer_look(struct infer *c, struct rd_view text);
/* ... or of one that says what is text: dates and timestamps alone are told from it. */
void infer_look_quoted(struct infer *c, struct rd_view text);
/* What it says is a number, in JSON's form. */
void infer_look_number(struct infer *c, struct rd_view text);
/* Text for good: nothing more can be learnt. */
bool infer_is_text(const struct infer *c);
struct rd_coltype infer_type(const struct infer *c);

#endif
