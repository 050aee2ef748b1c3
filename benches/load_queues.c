/*
 * load queues: many System V queues in an IPC namespace of their own, with which they vanish. See load.c.
 *
 * Fifty short-lived processes make them one after the other, so that the kernel has recorded different, and by now
 * gone, processes as their last senders and receivers: see msgctl(2) and ipc_namespaces(7).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

enum { MAKERS = 50 };

struct message {
	long type;
	char text[512];
};

static void send_message(int queue, size_t length)
{
	struct message message = { .type = 1 };

	memset(message.text, 'x', sizeof message.text);
	if (msgsnd(queue, &message, length, IPC_NOWAIT) < 0)
		fail("msgsnd");
}

/* Every second queue has a key, every fourth holds messages, and from every eighth one has been received. */
static void make_queue(int number)
{
	static const int modes[] = { 0600, 0640, 0644, 0660, 0666 };
	struct message message;
	key_t key = number % 2 == 0 ? 0x42000000 + number : IPC_PRIVATE;
	int queue = msgget(key, IPC_CREAT | IPC_EXCL | modes[number % 5]);

	if (queue < 0)
		fail("msgget");
	for (int i = 0; number % 4 == 0 && i < 2 + number % 3; i++)
		send_message(queue, (size_t)(1 + number % 500));
	if (number % 8 == 0 && msgrcv(queue, &message, sizeof message.text, 0, IPC_NOWAIT) < 0)
		fail("msgrcv");
}

static void run_maker(int first, int end)
{
	int status;
	pid_t maker = fork_child();

	if (maker == 0) {
		for (int number = first; number < end; number++)
			make_queue(number);
		_exit(0);
	}
	if (waitpid(maker, &status, 0) < 0)
		fail("waitpid");
	if (status != 0)
		quit(FAILED, "a process that makes queues failed");
}

void enter_ipc_namespace(void)
{
	if (unshare(CLONE_NEWIPC) < 0)
		quit(CANNOT, "no IPC namespace of our own: %s (root can make one)", strerror(errno));
}

static void raise_limit(int count)
{
	const char *limit = "/proc/sys/kernel/msgmni";
	FILE *file;

	if (proc_number(limit, 0) >= count)
		return;
	file = fopen(limit, "we");
	if (file != NULL) {
		fprintf(file, "%d\n", count);
		fclose(file); /* a refusal shows in the number read back */
	}
	if (proc_number(limit, 0) < count)
		quit(CANNOT, "msgmni is %lld and cannot be raised to %d", proc_number(limit, 0), count);
}

void make_queues(int count)
{
	struct msginfo info;

	enter_ipc_namespace();
	raise_limit(count);
	for (int i = 0; i < MAKERS; i++)
		run_maker((int)((long)count * i / MAKERS), (int)((long)count * (i + 1) / MAKERS));
	if (msgctl(0, MSG_INFO, (struct msqid_ds *)&info) < 0)
		fail("MSG_INFO");
	if (info.msgpool != count)
		quit(FAILED, "%d queues instead of %d", info.msgpool, count);
	fprintf(stderr, "load: %d queues hold %d messages of %d bytes, by %d processes\n", info.msgpool, info.msgmap,
		info.msgtql, MAKERS);
}
