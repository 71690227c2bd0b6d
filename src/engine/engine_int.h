/* What the engines' folders give to engine.c. */
#ifndef RD_ENGINE_INT_H
#define RD_ENGINE_INT_H

#include <redoubt/engine.h>

extern const struct rd_engine rd_engine_vector;

#endif
