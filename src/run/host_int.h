/* The host's state of one run. */
#ifndef RUN_HOST_INT_H
#define RUN_HOST_INT_H

#include "door_int.h"
#include "launcher_int.h"

enum connection_state {
	CONNECTION_NONE = 0,
	CONNECTION_OPEN,
	CONNECTION_ENDED, /* the peer is gone, the enclave not told yet */
	CONNECTION_TOLD,
};

struct host_connection {
	enum connection_state state;
	int fd;
	uint32_t pending_len;
	uint8_t *pending; /* NET_LEN_MAX bytes received that the ring had no room for */
};

struct rd_host_run {
	uint8_t *base; /* the door's memory */
	struct door_page *page;
	struct door_ring up, down; /* up: from the enclave; down: to it */
	int life;
	struct rd_os_watch *watch;
	bool served;
	enum rd_phase phase;
	uint32_t end, missing;
	uint8_t launch_config[RD_SHA256_LEN];
	uint8_t *payload; /* private copy of the message at hand */
	uint64_t output_len[RD_DOOR_OUTPUTS_MAX];
	struct host_connection connection[RD_DOOR_CONNECTIONS_MAX];
	struct rd_err peer_failure;
};

/* A run over a door that is there: for rd_host_run_new and the fuzz target.  Takes over `door_fd`
 * and `life_fd` when it succeeds. */
RD_MUST_USE bool rd_host_run_attach(int door_fd, int life_fd, struct rd_host_run **out,
				    struct rd_err *err);

#endif
