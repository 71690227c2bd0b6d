/* One thread a connection, a fixed number of them. */
#include <redoubt/os.h>

#include <pthread.h>
#include <stdlib.h>

#define CONNECTIONS_MAX 256u
#define ACCEPT_MS 100

/* A seat for one connection; `fd` is -1 while nobody uses it. */
struct seat {
	struct house *house;
	pthread_t thread;
	int fd;
	bool started, done;
};

struct house {
	const struct rd_os_server *server;
	pthread_mutex_t lock; /* of fd and done of each seat */
	struct seat *seat;
};

static void *serve_seat(void *arg)
{
	struct seat *seat = arg;
	struct house *house = seat->house;

	house->server->serve(house->server->ctx, seat->fd);
	pthread_mutex_lock(&house->lock);
	rd_os_close(&seat->fd);
	seat->done = true;
	pthread_mutex_unlock(&house->lock);
	return NULL;
}

static void join_seat(struct seat *seat)
{
	if (!seat->started)
		return;
	pthread_join(seat->thread, NULL);
	seat->started = seat->done = false;
}

static struct seat *free_seat(struct house *house)
{
	struct seat *found = NULL;

	pthread_mutex_lock(&house->lock);
	for (uint32_t i = 0; i < house->server->max_connections && !found; i++)
		if (!house->seat[i].started || house->seat[i].done)
			found = &house->seat[i];
	pthread_mutex_unlock(&house->lock);
	if (found)
		join_seat(found);
	return found;
}

static void admit(struct house *house, int *fd)
{
	struct seat *seat = free_seat(house);

	if (!seat)
		return;
	seat->fd = *fd;
	seat->started = pthread_create(&seat->thread, NULL, serve_seat, seat) == 0;
	if (seat->started)
		*fd = -1;
	else
		seat->fd = -1;
}

static void empty(struct house *house)
{
	uint32_t n = house->server->max_connections;

	pthread_mutex_lock(&house->lock);
	for (uint32_t i = 0; i < n; i++)
		if (house->seat[i].fd >= 0)
			rd_os_hang_up(house->seat[i].fd);
	pthread_mutex_unlock(&house->lock);
	for (uint32_t i = 0; i < n; i++)
		join_seat(&house->seat[i]);
	pthread_mutex_destroy(&house->lock);
	free(house->seat);
}

static bool welcome(struct house *house, struct rd_err *err)
{
	const int fds[] = { house->server->stop_fd, house->server->listener };

	for (;;) {
		RD_AUTO(rd_os_close) int fd = -1;
		struct rd_err refused = { 0 };
		uint32_t ready = 0;

		if (!rd_os_wait_readable(fds, 2, RD_NO_DEADLINE, &ready, err))
			return false;
		if (ready == 0)
			return true;
		/* A stranger that hung up meanwhile, or a lack of descriptors: go on serving. */
		if (rd_os_accept(house->server->listener, rd_os_deadline(ACCEPT_MS), &fd, &refused))
			admit(house, &fd);
	}
}

bool rd_os_serve(const struct rd_os_server *server, struct rd_err *err)
{
	struct house house = { .server = server };
	bool ok;

	if (server->max_connections < 1 || server->max_connections > CONNECTIONS_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "os.server.connections",
			       "%u connections at a time, expected 1 to %u",
			       server->max_connections, CONNECTIONS_MAX);
	house.seat = calloc(server->max_connections, sizeof(*house.seat));
	if (!house.seat)
		return rd_fail_errno(err, "base.memory", "server");
	for (uint32_t i = 0; i < server->max_connections; i++)
		house.seat[i] = (struct seat){ .house = &house, .fd = -1 };
	pthread_mutex_init(&house.lock, NULL);
	ok = welcome(&house, err);
	empty(&house);
	return ok;
}
