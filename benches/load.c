/*
 * load: makes a machine busy with IPC objects, runs a command beside them, and leaves nothing behind.
 *
 *   load queues COUNT -- COMMAND…      COUNT System V queues in an IPC namespace of their own (needs CAP_SYS_ADMIN)
 *   load fds [PROCESSES] -- COMMAND…   processes in a ring, joined to both neighbours by pipes and unix sockets;
 *                                      1,500 by default: 127,000 fds, of them 60,000 pipe ends and 60,000 sockets
 *   load pause|msgrcv|pipe [PROCESSES] -- COMMAND…
 *                                      processes that sleep: in pause(2), in msgrcv(2) on one queue in an IPC namespace
 *                                      of their own (needs CAP_SYS_ADMIN), or in reading one pipe, both ends of which
 *                                      each of them has; 1,500 by default
 *
 * COMMAND's exit code is passed on (128 + N after signal N). 77: the machine or our rights do not allow the load;
 * 125: something failed. The queues vanish with their namespace, see ipc_namespaces(7). The processes are killed and
 * reaped, and so is whatever COMMAND leaves running. If load itself is killed with SIGKILL, the kernel kills its
 * processes and COMMAND through PR_SET_PDEATHSIG; what COMMAND has started is then up to COMMAND (compare asks for the
 * same). The loads themselves are in load_queues.c, load_fds.c and load_sleepers.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

static pid_t owner; /* load itself: the one process that kills and reaps */
pid_t members[MAX_PROCESSES];
int member_count;

/* Kills our children, whoever started them: we adopt what the command leaves, see PR_SET_CHILD_SUBREAPER. */
static void kill_children(void)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	int pid;

	while (children != NULL && fscanf(children, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	if (children != NULL)
		fclose(children);
}

/* Ends what the command left running, generation after generation, in two seconds at most. */
static void end_orphans(void)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	for (int round = 0; round < 200; round++) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return; /* no child is left */
		kill_children();
		nanosleep(&pause, NULL);
	}
}

/* Kills and reaps all there is. Does nothing in a child that failed half-way. */
static void release(void)
{
	if (getpid() != owner)
		return;
	for (int i = 0; i < member_count; i++)
		if (members[i] > 0)
			kill(members[i], SIGKILL);
	for (int i = 0; i < member_count; i++)
		while (members[i] > 0 && waitpid(members[i], NULL, 0) < 0 && errno == EINTR)
			;
	member_count = 0;
	end_orphans();
}

void quit(int code, const char *format, ...)
{
	va_list values;

	fputs("load: ", stderr);
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fputc('\n', stderr);
	release();
	_exit(code);
}

void fail(const char *what)
{
	quit(FAILED, "%s: %s", what, strerror(errno));
}

long long proc_number(const char *path, int index)
{
	FILE *file = fopen(path, "re");
	long long value = -1;

	if (file == NULL)
		return -1;
	for (int i = 0; i <= index; i++)
		if (fscanf(file, "%*[^0-9]") == EOF || fscanf(file, "%lld", &value) != 1) {
			value = -1;
			break;
		}
	fclose(file);
	return value;
}

/* The setting is per task and does not survive fork(2), so every child asks again; its parent may be gone by then. */
static void die_with_parent(int signal)
{
	if (prctl(PR_SET_PDEATHSIG, signal) < 0)
		fail("PR_SET_PDEATHSIG");
}

pid_t fork_child(void)
{
	pid_t parent = getpid(), child = fork();

	if (child < 0 && errno == EAGAIN)
		quit(CANNOT, "no more processes allowed here (pids.max of the cgroup, RLIMIT_NPROC or pid_max)");
	if (child < 0)
		fail("fork");
	if (child > 0)
		return child;
	die_with_parent(SIGKILL);
	if (getppid() != parent)
		_exit(FAILED);
	return 0;
}

static pid_t start(char **command, const sigset_t *mask)
{
	pid_t child = fork_child();

	if (child != 0)
		return child;
	if (sigprocmask(SIG_SETMASK, mask, NULL) < 0)
		fail("sigprocmask");
	execvp(command[0], command);
	fprintf(stderr, "load: %s: %s\n", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Reaps what has ended. True, with its exit code, once the command has; a process of the ring must not. */
static bool command_ended(pid_t command, int *code)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == command) {
			*code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
			return true;
		}
		for (int i = 0; i < member_count; i++)
			if (members[i] == pid) {
				members[i] = 0;
				kill(command, SIGKILL);
				quit(FAILED, "process %d of the load ended early", (int)pid);
			}
	}
	return false;
}

static time_t seconds(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		fail("clock_gettime");
	return now.tv_sec;
}

/* Waits for the command, or for a signal that tells us to stop; the command ends with us either way. */
static int hold(pid_t command, const sigset_t *signals)
{
	time_t end = seconds() + LIFETIME_S;
	int code;

	while (seconds() < end) {
		struct timespec left = { .tv_sec = end - seconds() };
		int signal = sigtimedwait(signals, NULL, &left);

		if (signal == SIGCHLD && command_ended(command, &code))
			return code;
		if (signal > 0 && signal != SIGCHLD) {
			kill(command, SIGKILL);
			waitpid(command, NULL, 0);
			return 128 + signal;
		}
	}
	kill(command, SIGKILL);
	quit(FAILED, "held for %d s, which is too long", LIFETIME_S);
}

static void usage(void)
{
	fputs("usage: load queues COUNT -- COMMAND…\n       load fds|pause|msgrcv|pipe [PROCESSES] -- COMMAND…\n", stderr);
	exit(2);
}

static int parse_count(const char *text, int least, int most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end != '\0' || value < least || value > most) {
		fprintf(stderr, "load: '%s' is not a number from %d to %d\n", text, least, most);
		exit(2);
	}
	return (int)value;
}

/* Blocks the signals that `hold` waits for. They are set to default first: an ignored signal never arrives. */
static void take_signals(sigset_t *signals, sigset_t *before)
{
	static const int wanted[] = { SIGHUP, SIGINT, SIGTERM, SIGCHLD };

	sigemptyset(signals);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		if (signal(wanted[i], SIG_DFL) == SIG_ERR)
			fail("signal");
		sigaddset(signals, wanted[i]);
	}
	if (sigprocmask(SIG_BLOCK, signals, before) < 0)
		fail("sigprocmask");
}

int main(int argc, char **argv)
{
	sigset_t signals, before;
	int dashes = 1, processes = PROCESSES, code;

	while (dashes < argc && strcmp(argv[dashes], "--") != 0)
		dashes++;
	if (dashes < 2 || dashes > 3 || dashes + 1 >= argc)
		usage();
	owner = getpid();
	die_with_parent(SIGTERM);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		fail("PR_SET_CHILD_SUBREAPER");
	take_signals(&signals, &before);
	if (strcmp(argv[1], "queues") == 0 && dashes == 3)
		make_queues(parse_count(argv[2], 1, MAX_QUEUES));
	else if (strcmp(argv[1], "queues") == 0)
		usage();
	if (dashes == 3)
		processes = parse_count(argv[2], 2, MAX_PROCESSES);
	if (strcmp(argv[1], "fds") == 0)
		make_fds(processes);
	else if (strcmp(argv[1], "queues") != 0 && !make_sleepers(argv[1], processes))
		usage();
	code = hold(start(argv + dashes + 1, &before), &signals);
	release();
	return code;
}
