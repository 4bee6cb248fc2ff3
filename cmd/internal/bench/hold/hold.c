// hold FIRST COUNT [COMMAND [ARG]...]: makes, sets and binds the same sockets as portguard, and becomes COMMAND with the placeholders;
// without one it only tries. What a thousand ports cost at least.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void must(int ok) {
	if (!ok)
		_exit(1);
}

static void set(int fd, int level, int option, int value) { must(setsockopt(fd, level, option, &value, sizeof value) == 0); }

static int bound(int port, struct in6_addr at, int placeholder) {
	struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = at};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	must(fd >= 0);
	if (placeholder)
		set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set(fd, IPPROTO_IPV6, IPV6_V6ONLY, placeholder);
	must(bind(fd, (void *)&name, sizeof name) == 0);
	return fd;
}

int main(int argc, char **argv) {
	must(argc > 2);
	int first = atoi(argv[1]), n = atoi(argv[2]), *fds = malloc(n * sizeof *fds);
	struct in6_addr unused = {{{[0] = 1, [15] = 1}}};
	must(fds != NULL);
	if (argc == 3) { // one after the other, as a report does
		for (int i = 0; i < n; i++)
			close(bound(first + i, in6addr_any, 0));
		return 0;
	}
	for (int i = 0; i < n; i++)
		fds[i] = bound(first + i, in6addr_any, 0);
	for (int i = 0; i < n; i++) {
		int trial = fds[i];
		fds[i] = bound(first + i, unused, 1);
		set(fds[i], IPPROTO_TCP, TCP_USER_TIMEOUT, 0x70677264);
		close(trial);
	}
	for (int i = 0; i < n; i++)
		must(fcntl(fds[i], F_SETFD, 0) == 0);
	execv(argv[3], argv + 3);
	return 1;
}
