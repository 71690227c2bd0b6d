/* codec edge, inside: building one rd_doc tree, whatever the text was. */
#ifndef RD_CODEC_DOC_INT_H
#define RD_CODEC_DOC_INT_H

#include <redoubt/codec.h>

#define RD_DOC_TEXT_MAX ((size_t)8 << 20)
#define RD_DOC_DEPTH_MAX 32
#define RD_DOC_NODES_MAX 65536
/* Entries of one map: each key is compared with those before it. */
#define RD_DOC_KEYS_MAX 4096

struct rd_doc_place {
	uint32_t line, column; /* from 1; 0: the parser does not say */
};

struct rd_doc_builder {
	struct rd_arena *arena;
	const char *name;
	uint32_t n_nodes;
	struct rd_err *err;
};

/* The children of a list or map while they are read. */
struct rd_doc_children {
	struct rd_doc *item;
	uint32_t n, cap;
};

/* Fails with "name:line:column: what". */
bool rd_doc_fail(struct rd_doc_builder *b, struct rd_doc_place at, const char *code,
		 const char *what, struct rd_view about);
/* Refuses text that is too large, not UTF-8, or holds a NUL. */
bool rd_doc_check_text(struct rd_doc_builder *b, struct rd_view text);
/* Counts a node and refuses one too many, or one too deep. */
bool rd_doc_count(struct rd_doc_builder *b, struct rd_doc_place at, uint32_t depth);
/* Appends `child`; in a map its key must not be there yet. */
bool rd_doc_append(struct rd_doc_builder *b, struct rd_doc_children *to, enum rd_doc_kind kind,
		   const struct rd_doc *child);

#endif
