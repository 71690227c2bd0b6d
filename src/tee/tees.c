/* A new technology is a folder and a line here. */
#include <redoubt/tee.h>

const struct rd_tee *const rd_tees[] = {
	&rd_tee_process,
	NULL,
};
