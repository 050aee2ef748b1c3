/*
 * walk: the floor under every question to /proc.
 *
 *   walk          "who holds this?": opens PID/fd of every process and calls readlinkat(2) on every entry, and does
 *                 nothing else: no stat, no fdinfo, no text. `ipcx ls --json` is compared with it, because no tool that
 *                 finds the holders of pipes and sockets through /proc can do less.
 *   walk calls    "who sleeps in what?": reads PID/task/TID/syscall of every thread once. `ipcx why --all` is compared
 *                 with it.
 *
 * Single-threaded. The totals go to stderr, so that nothing is optimised away. Follows proc_pid_fd(5),
 * proc_pid_syscall(5) and getdents(2). Processes that vanish or may not be read are counted and passed over.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024 };

struct totals {
	unsigned long processes, unreadable, entries, bytes;
};

typedef void visit(int folder, const char *name, struct totals *totals);

/* The kernel's struct linux_dirent64, getdents(2); libc offers it only under some names. */
struct entry {
	uint64_t inode;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

static void fail(const char *what)
{
	fprintf(stderr, "walk: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Calls `each` for every entry whose name starts with a digit; -1 with errno when the folder cannot be read. */
static int for_each_number(int folder, char *buffer, visit *each, struct totals *totals)
{
	for (;;) { /* ends with the folder: each getdents64 moves on, and 0 is its end */
		long length = syscall(SYS_getdents64, folder, buffer, BUFFER);

		if (length <= 0)
			return (int)length;
		for (long at = 0; at < length;) {
			const struct entry *entry = (const struct entry *)(buffer + at);

			if (entry->name[0] >= '0' && entry->name[0] <= '9')
				each(folder, entry->name, totals);
			at += entry->length;
		}
	}
}

static void read_link(int folder, const char *name, struct totals *totals)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(folder, name, target, sizeof target);

	if (length < 0)
		return; /* closed since it was listed */
	totals->entries++;
	totals->bytes += (unsigned long)length;
}

static void read_call(int folder, const char *name, struct totals *totals)
{
	char path[64], text[256];
	ssize_t length = -1;
	int file;

	if (snprintf(path, sizeof path, "%s/syscall", name) >= (int)sizeof path)
		return;
	file = openat(folder, path, O_RDONLY | O_CLOEXEC);
	if (file >= 0)
		length = read(file, text, sizeof text);
	if (file >= 0 && close(file) < 0)
		fail("close");
	if (length < 0)
		return; /* ended since it was listed, or not ours to read */
	totals->entries++;
	totals->bytes += (unsigned long)length;
}

/* Does `each` to every number in PID/`part`. */
static void read_process(int proc, const char *pid, const char *part, visit *each, struct totals *totals)
{
	static _Alignas(struct entry) char buffer[BUFFER];
	char path[64];
	int folder;

	if (snprintf(path, sizeof path, "%s/%s", pid, part) >= (int)sizeof path)
		return;
	folder = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || for_each_number(folder, buffer, each, totals) < 0)
		totals->unreadable++;
	else
		totals->processes++;
	if (folder >= 0 && close(folder) < 0)
		fail("close");
}

static void read_fds(int proc, const char *pid, struct totals *totals)
{
	read_process(proc, pid, "fd", read_link, totals);
}

static void read_calls(int proc, const char *pid, struct totals *totals)
{
	read_process(proc, pid, "task", read_call, totals);
}

int main(int argc, char **argv)
{
	static _Alignas(struct entry) char buffer[BUFFER];
	struct totals totals = { 0 };
	bool calls = argc == 2 && strcmp(argv[1], "calls") == 0;
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (argc > 1 && !calls) {
		fputs("usage: walk [calls]\n", stderr);
		return 2;
	}
	if (proc < 0)
		fail("/proc");
	if (for_each_number(proc, buffer, calls ? read_calls : read_fds, &totals) < 0)
		fail("reading /proc");
	fprintf(stderr, "walk: %lu processes, %lu unreadable, %lu %s, %lu bytes\n", totals.processes, totals.unreadable,
		totals.entries, calls ? "calls" : "fds", totals.bytes);
	return 0;
}
