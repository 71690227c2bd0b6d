/* redoubt-enclave: the measured program. */
#include <redoubt/run.h>

int main(void)
{
	return rd_enclave_main(&rd_enclave_room_program);
}
