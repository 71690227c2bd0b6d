/* All engines there are. */
#include "engine_int.h"

#include <string.h>

const struct rd_engine *const rd_engines[] = { &rd_engine_vector, NULL };

const struct rd_engine *rd_engine_find(const char *name)
{
	for (size_t i = 0; rd_engines[i]; i++)
		if (strcmp(rd_engines[i]->name, name) == 0)
			return rd_engines[i];
	return NULL;
}
