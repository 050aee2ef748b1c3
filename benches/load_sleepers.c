/*
 * load pause, load msgrcv, load pipe: processes that all sleep in the same call. See load.c.
 *
 * What they have open is /dev/null three times and, where they read a pipe, both of its ends: nobody is its only writer,
 * so that whoever asks who could wake them has to look at all of them. Each is waited for until /proc shows its call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { ROUNDS = 6000 }; /* of 10 ms each, until all sleep */

static const struct {
	const char *name;
	long number;
} calls[] = { { "pause", SYS_pause }, { "msgrcv", SYS_msgrcv }, { "pipe", SYS_read } };

/* Sleeps in the call; `object` is the queue, or the pipe's read end. Ends by SIGKILL or by the alarm. */
__attribute__((noreturn)) static void sleep_in(long number, int object)
{
	struct {
		long type;
		char text[1];
	} message;

	alarm(LIFETIME_S);
	for (;;) {
		if (number == SYS_pause)
			pause();
		else if (number == SYS_msgrcv)
			(void)!msgrcv(object, &message, sizeof message.text, 0, 0);
		else
			(void)!read(object, message.text, sizeof message.text);
	}
}

/* What they sleep on: -1 for nothing. */
static int make_object(long number)
{
	int ends[2], null, queue;

	if (syscall(SYS_close_range, 3U, ~0U, 0U) < 0)
		fail("close_range");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Standard error stays: it says what went wrong. */
	if (null < 0 || dup2(null, 0) < 0)
		fail("/dev/null");
	if (close(null) < 0)
		fail("close");
	if (number == SYS_pause)
		return -1;
	if (number == SYS_read) {
		if (pipe(ends) < 0)
			fail("pipe");
		return ends[0];
	}
	enter_ipc_namespace();
	queue = msgget(IPC_PRIVATE, 0600);
	if (queue < 0)
		fail("msgget");
	return queue;
}

static void wait_for(pid_t pid, long number)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
	for (int round = 0; round < ROUNDS; round++) {
		if (proc_number(path, 0) == number)
			return;
		nanosleep(&pause, NULL);
	}
	quit(FAILED, "process %d does not sleep in call %ld", (int)pid, number);
}

bool make_sleepers(const char *call, int processes)
{
	long number = -1;
	int object;

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (strcmp(calls[i].name, call) == 0)
			number = calls[i].number;
	if (number < 0)
		return false;
	check_process_limits(processes);
	object = make_object(number);
	for (int i = 0; i < processes; i++) {
		pid_t child = fork_child();

		if (child == 0)
			sleep_in(number, object);
		members[member_count++] = child;
	}
	for (int i = 0; i < member_count; i++)
		wait_for(members[i], number);
	fprintf(stderr, "load: %d processes sleep in call %ld\n", member_count, number);
	return true;
}
