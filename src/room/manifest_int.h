/* Reading room.yaml: the whole (manifest.c) and its parts (manifest_parts.c). */
#ifndef RD_ROOM_MANIFEST_INT_H
#define RD_ROOM_MANIFEST_INT_H

#include "room_int.h"

struct manifest {
	const char *name;
	const struct rd_room_files *files;
	struct rd_arena *arena;
	struct rd_room *room;
};

bool manifest_wrong(const struct manifest *m, const struct rd_doc *at, const char *what,
		    struct rd_err *err);
/* An entry of `map` of this kind; fails if it is missing. */
bool manifest_need(const struct manifest *m, const struct rd_doc *map, const char *key,
		   enum rd_doc_kind kind, const struct rd_doc **out, struct rd_err *err);
/* A number from `min`; `otherwise` where the key is missing. */
bool manifest_number(const struct manifest *m, const struct rd_doc *map, const char *key,
		     uint64_t *value, struct rd_err *err);
bool manifest_read(const struct manifest *m, const struct rd_doc *path, size_t max,
		   struct rd_view *out, struct rd_err *err);
bool manifest_owners(const struct manifest *m, const struct rd_doc *map, struct rd_err *err);
bool manifest_tables(const struct manifest *m, const struct rd_doc *map, struct rd_err *err);
bool manifest_readers(const struct manifest *m, const struct rd_doc *map, struct rd_err *err);
bool manifest_queries(const struct manifest *m, const struct rd_doc *map, struct rd_err *err);

#endif
