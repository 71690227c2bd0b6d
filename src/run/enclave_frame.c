/* What every enclave does before and after its job. */
#include "launcher_int.h"

#include <redoubt/crypto.h>

#include <unistd.h>

#define JOB_WAIT_MS 3600000

/* Everything that opens files or maps libraries is over when the second filter closes. */
static bool start(struct rd_enclave *e, const struct rd_enclave_program *program,
		  struct rd_err *err)
{
	uint32_t missing = 0, sealed = 0;

	if (!rd_os_sandbox_enter(&missing, err) || !rd_crypto_init(err))
		return false;
	rd_enclave_init(e, ENCLAVE_LAUNCHER_FD);
	e->sandbox_missing = missing;
	if (!rd_door_open(ENCLAVE_DOOR_FD, &e->door, err) || !rd_enclave_make_keys(e, err))
		return false;
	if (program->prepare && !program->prepare(e, err))
		return false;
	if (!rd_os_sandbox_seal(&sealed, err))
		return false;
	e->sandbox_missing |= sealed;
	rd_door_progress(e->door, RD_PHASE_READY, 0);
	return true;
}

int rd_enclave_main(const struct rd_enclave_program *program)
{
	struct rd_enclave e;
	struct rd_err err = { 0 };
	uint32_t end = RD_END_FAILED;
	bool started;

	rd_enclave_init(&e, -1);
	started = start(&e, program, &err);
	if (started)
		end = program->run(&e, rd_os_deadline(JOB_WAIT_MS));
	rd_enclave_wipe(&e);
	if (e.door && !rd_door_done(e.door, end, &err))
		started = false;
	rd_door_free(&e.door);
	return started ? 0 : 1;
}
