/*
 * load fds: processes in a ring, each joined to its two neighbours by pipes and unix socket pairs. See load.c.
 *
 * The two ends of every pipe and socket pair are in different processes, so a tool has to join them. Each process has
 * 40 pipe ends, 40 sockets, its stdin, stdout, stderr and one more fd on /dev/null; two of three also hold a regular
 * file. The limits of the machine are checked first, and what was made is counted afterwards, in /proc.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "load.h"

enum {
	LINK_PIPES = 20, /* between two neighbours; a process has two neighbours, so twice as many ends */
	LINK_ENDS = 2 * LINK_PIPES, /* as many socket pairs as pipes */
	FDS_NEEDED = 6 * LINK_ENDS, /* what load itself has open at most, generously */
	KB_PER_PROCESS = 600, /* kernel memory of one process of the ring with its fds, generously */
	READY_MS = 60 * 1000,
};

struct counts {
	long pipes, sockets, others;
};

static void close_all(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		if (close(fds[i]) < 0)
			fail("close");
}

static void check_file_limits(long long processes)
{
	struct rlimit limit;
	long long files = proc_number("/proc/sys/fs/file-nr", 0), max = proc_number("/proc/sys/fs/file-nr", 2);
	long long need = processes * (2 * LINK_ENDS + 2);

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		fail("RLIMIT_NOFILE");
	if (limit.rlim_cur < FDS_NEEDED && limit.rlim_max >= FDS_NEEDED) {
		limit.rlim_cur = FDS_NEEDED;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			fail("RLIMIT_NOFILE");
	}
	if (limit.rlim_cur < FDS_NEEDED)
		quit(CANNOT, "%d open files are needed, RLIMIT_NOFILE allows %lld", FDS_NEEDED, (long long)limit.rlim_max);
	if (max >= 0 && files + need + need / 10 > max)
		quit(CANNOT, "file-max is %lld, %lld are open and %lld more are needed", max, files, need);
	/* Over pipe-user-pages-soft an ordinary user's pipes only get smaller; over -hard they are refused: pipe(7). */
	max = proc_number("/proc/sys/fs/pipe-user-pages-hard", 0);
	if (geteuid() != 0 && max > 0 && processes * LINK_PIPES * 2 > max)
		quit(CANNOT, "pipe-user-pages-hard is %lld: too few pages for %lld pipes", max, processes * LINK_PIPES);
}

void check_process_limits(long long processes)
{
	struct rlimit limit;
	long long running = proc_number("/proc/loadavg", 7); /* "0.1 0.2 0.3 1/TASKS pid" */
	long long pids = proc_number("/proc/sys/kernel/pid_max", 0);
	long long threads = proc_number("/proc/sys/kernel/threads-max", 0);
	long long most = pids < threads ? pids : threads;

	if (running + processes + 100 > most)
		quit(CANNOT, "%lld processes on top of %lld do not fit: %lld at most", processes, running, most);
	if (getrlimit(RLIMIT_NPROC, &limit) < 0)
		fail("RLIMIT_NPROC");
	if (geteuid() != 0 && limit.rlim_cur < (rlim_t)processes + 100)
		quit(CANNOT, "RLIMIT_NPROC is %lld", (long long)limit.rlim_cur);
}

static void check_memory(long long processes)
{
	long long available = proc_number("/proc/meminfo", 2); /* MemTotal, MemFree, MemAvailable: kB each */
	long long need = processes * KB_PER_PROCESS;

	if (available >= 0 && available < need)
		quit(CANNOT, "%lld kB of memory are available, %lld kB may be needed", available, need);
}

/* The ends at [0, LINK_PIPES) are of pipes, those from LINK_PIPES on of sockets. */
static void make_link(int *near, int *far)
{
	for (int i = 0; i < LINK_ENDS; i++) {
		int ends[2];
		int made = i < LINK_PIPES ? pipe2(ends, O_CLOEXEC) :
					    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);

		if (made < 0)
			fail(i < LINK_PIPES ? "pipe" : "socketpair");
		near[i] = ends[1];
		far[i] = ends[0];
	}
}

/* What one process of the ring does: replaces what is not part of the load, reports, and waits to be killed. */
__attribute__((noreturn)) static void be_member(bool with_file, int report)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || (with_file && open("/proc/self/exe", O_RDONLY | O_CLOEXEC) < 0))
		fail("open");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			fail("dup2");
	if (write(report, "", 1) != 1 || close(report) < 0)
		_exit(FAILED);
	alarm(LIFETIME_S);
	for (;;) /* until SIGKILL, from load or through PR_SET_PDEATHSIG, or the alarm */
		pause();
}

static void wait_for_reports(int reports, int expected)
{
	char bytes[512];
	int seen = 0;

	while (seen < expected) {
		struct pollfd source = { .fd = reports, .events = POLLIN };
		ssize_t length = 0;

		if (poll(&source, 1, READY_MS) > 0)
			length = read(reports, bytes, sizeof bytes);
		if (length <= 0)
			quit(FAILED, "only %d of %d processes came up", seen, expected);
		seen += (int)length;
	}
}

/* Forks the ring. The link between the last and the first process is made first and kept to the end. */
static void fork_ring(int processes)
{
	int ring[LINK_ENDS], in[LINK_ENDS], near[LINK_ENDS], far[LINK_ENDS], reports[2];

	if (pipe2(reports, O_CLOEXEC) < 0)
		fail("pipe");
	make_link(ring, in);
	for (int i = 0; i < processes; i++) {
		bool last = i == processes - 1;
		int *out = last ? ring : near;

		if (!last)
			make_link(near, far);
		pid_t child = fork_child();
		if (child == 0) {
			close_all(reports, 1);
			if (!last) {
				close_all(far, LINK_ENDS);
				close_all(ring, LINK_ENDS);
			}
			be_member(i < processes * 2 / 3, reports[1]);
		}
		members[member_count++] = child;
		close_all(in, LINK_ENDS);
		close_all(out, LINK_ENDS);
		memcpy(in, far, sizeof in);
	}
	close_all(reports + 1, 1);
	wait_for_reports(reports[0], processes);
	close_all(reports, 1);
}

static void count_member(pid_t pid, struct counts *counts)
{
	char path[64], target[64];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	if (folder == NULL)
		fail(path);
	while ((entry = readdir(folder)) != NULL) {
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);

		if (length < 0)
			continue; /* "." and ".." */
		if (length > 5 && memcmp(target, "pipe:", 5) == 0)
			counts->pipes++;
		else if (length > 7 && memcmp(target, "socket:", 7) == 0)
			counts->sockets++;
		else
			counts->others++;
	}
	closedir(folder);
}

void make_fds(int processes)
{
	struct counts counts = { 0 };
	long ends = (long)processes * 2 * LINK_PIPES, others = 4L * processes + processes * 2 / 3;

	check_file_limits(processes);
	check_process_limits(processes);
	check_memory(processes);
	/* Whatever was inherited would be counted 1,500 times. */
	if (syscall(SYS_close_range, 3U, ~0U, 0U) < 0)
		fail("close_range");
	fork_ring(processes);
	for (int i = 0; i < member_count; i++)
		count_member(members[i], &counts);
	fprintf(stderr, "load: %d processes hold %ld fds: %ld pipe ends, %ld unix sockets, %ld others\n", member_count,
		counts.pipes + counts.sockets + counts.others, counts.pipes, counts.sockets, counts.others);
	if (counts.pipes != ends || counts.sockets != ends || counts.others != others)
		quit(FAILED, "%ld, %ld and %ld were wanted", ends, ends, others);
}
