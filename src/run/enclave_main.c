/* redoubt-enclave: the measured program. */
#include <redoubt/run.h>

#define JOB_MEMORY_MAX (16u << 20)

static void free_arena(struct rd_arena **arena)
{
	rd_arena_free(arena);
}

/* No kind of job is understood yet: every one is refused. */
static uint32_t run(struct rd_enclave *enclave, int64_t deadline_ns)
{
	RD_AUTO(free_arena) struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	struct rd_door_job job;

	if (!rd_arena_new(JOB_MEMORY_MAX, &arena, &err) ||
	    !rd_door_job(enclave->door, deadline_ns, arena, &job, &err))
		return RD_END_FAILED;
	return RD_END_JOB;
}

int main(void)
{
	static const struct rd_enclave_program program = { .run = run };

	return rd_enclave_main(&program);
}
