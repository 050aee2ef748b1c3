/* What the parts of load share: ending it, its child processes, and numbers from /proc. See load.c. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <sys/types.h>

enum {
	PROCESSES = 1500,
	MAX_PROCESSES = 5000,
	MAX_QUEUES = 1000000,
	LIFETIME_S = 1800, /* no load outlives this, whatever happens */
	CANNOT = 77, /* exit code: the machine or our rights do not allow it */
	FAILED = 125, /* exit code: something went wrong */
};

/* The processes of the ring, to be killed and reaped in the end; 0 for one that is reaped already. */
extern pid_t members[MAX_PROCESSES];
extern int member_count;

/* Says why, releases the load, and ends this process with `code`. */
__attribute__((format(printf, 2, 3), noreturn)) void quit(int code, const char *format, ...);

/* quit() with FAILED and the text of errno. */
__attribute__((noreturn)) void fail(const char *what);

/* fork(2) of a child that dies with its parent; 0 in the child. */
pid_t fork_child(void);

/* The number at `index` (from 0) in a file of /proc; -1 if there is none. */
long long proc_number(const char *path, int index);

/* Makes `count` queues in an IPC namespace of our own; returns once they are there. */
void make_queues(int count);

/* Makes the ring; returns once every process of it holds what it should. */
void make_fds(int processes);

/* Makes processes that sleep in a call; returns once all do. False if it knows no such call. */
bool make_sleepers(const char *call, int processes);

/* Gives us an IPC namespace of our own, or quits. */
void enter_ipc_namespace(void);

/* Quits where so many processes more than there are do not fit. */
void check_process_limits(long long processes);

#endif
