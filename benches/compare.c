/*
 * compare: runs whole commands in turn and measures them from exec to exit.
 *
 *   compare [-n RUNS] [-t SECONDS] [-p] [-v] NAME[:RUNS]=COMMAND…
 *
 * One warm-up of each, then rounds in which every command runs once, so that what disturbs the machine disturbs all
 * of them. A COMMAND is split at blanks and runs without a shell, in a vfork(2) child, so that commands of about a
 * millisecond are measured well. Its stdin, stdout and stderr are /dev/null; with -p stdout is a pipe that is drained,
 * with -v stderr is ours. A COMMAND with RUNS of its own stops after as many, and one that needs longer than SECONDS
 * is killed and not run again: what it needs is then at least the time shown.
 *
 * Wall time is CLOCK_MONOTONIC from vfork to wait4(2); CPU is user and system time, and RSS the high-water mark, both
 * from its rusage. The mark cannot be lower than compare's own memory, which the child shares until exec.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 16, MAX_WORDS = 64, MAX_RUNS = 1000 };

struct command {
	char *name;
	char *words[MAX_WORDS + 1];
	int runs, done;
	int status; /* of the last run that did not end with 0 */
	bool timed_out;
	double wall[MAX_RUNS], cpu[MAX_RUNS], rss[MAX_RUNS]; /* ms, ms, kB */
};

struct options {
	int runs, timeout_ms;
	bool drain, show_errors;
};

static struct command commands[MAX_COMMANDS];
static int command_count;
static int null_fd;

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "compare: %s: %s\n", what, strerror(errno));
	exit(125);
}

static double now_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		fail("clock_gettime");
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Between vfork and exec the child may change nothing of ours: it only makes system calls. It dies with us. */
__attribute__((noinline)) static pid_t spawn(char *const *words, int out, bool show_errors)
{
	pid_t parent = getpid(), child = vfork();

	if (child != 0)
		return child;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || dup2(null_fd, 0) < 0 || dup2(out, 1) < 0 ||
	    (!show_errors && dup2(null_fd, 2) < 0))
		_exit(126);
	execvp(words[0], words);
	_exit(127);
}

/* Waits until the process has ended and its pipe, if there is one, is empty. False when the time is up. */
static bool drain(int process, int pipe, double end)
{
	static char buffer[256 * 1024];
	struct pollfd sources[2] = { { .fd = process, .events = POLLIN }, { .fd = pipe, .events = POLLIN } };

	while (sources[0].fd >= 0 || sources[1].fd >= 0) { /* poll(2) passes over negative ones */
		double left = end - now_ms();
		int ready = left > 0 ? poll(sources, 2, (int)left + 1) : 0;

		if (ready == 0)
			return false;
		if (ready < 0 && errno != EINTR)
			fail("poll");
		if (ready > 0 && sources[0].revents != 0)
			sources[0].fd = -1;
		if (ready > 0 && sources[1].revents != 0 && read(pipe, buffer, sizeof buffer) <= 0)
			sources[1].fd = -1;
	}
	return true;
}

static void record(struct command *command, double wall, int status, const struct rusage *usage)
{
	double cpu = (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e3 +
		     (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e3;

	if (status != 0)
		command->status = status;
	command->wall[command->done] = wall;
	command->cpu[command->done] = cpu;
	command->rss[command->done] = (double)usage->ru_maxrss;
}

/* One run, recorded at `done`, which the caller moves on unless it was the warm-up. */
static void run(struct command *command, const struct options *options)
{
	int pipes[2] = { -1, null_fd }, process, status;
	struct rusage usage;

	if (options->drain && pipe2(pipes, O_CLOEXEC) < 0)
		fail("pipe");
	double start = now_ms();
	pid_t child = spawn(command->words, pipes[1], options->show_errors);
	if (child < 0)
		fail("vfork");
	process = (int)syscall(SYS_pidfd_open, child, 0);
	if (process < 0)
		fail("pidfd_open");
	if (options->drain && close(pipes[1]) < 0)
		fail("close");
	if (!drain(process, pipes[0], start + options->timeout_ms)) {
		command->timed_out = true;
		kill(child, SIGKILL); /* not reaped yet, so it is still this process */
	}
	if (wait4(child, &status, 0, &usage) != child)
		fail("wait4");
	record(command, now_ms() - start, status, &usage);
	if (close(process) < 0 || (options->drain && close(pipes[0]) < 0))
		fail("close");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		fprintf(stderr, "compare: %s cannot be run\n", command->words[0]);
		exit(127);
	}
}

static void run_all(const struct options *options)
{
	int most = 0;

	for (int i = 0; i < command_count; i++) {
		run(&commands[i], options);
		if (commands[i].timed_out)
			commands[i].done = commands[i].runs = 1;
		if (commands[i].runs > most)
			most = commands[i].runs;
	}
	for (int round = 0; round < most; round++)
		for (int i = 0; i < command_count; i++)
			if (commands[i].done < commands[i].runs && !commands[i].timed_out) {
				run(&commands[i], options);
				commands[i].done++;
			}
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Of sorted numbers. */
static double median(const double *values, int count)
{
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static void print_status(const struct command *command)
{
	if (command->timed_out)
		puts("  timeout");
	else if (WIFSIGNALED(command->status))
		printf("  signal-%d\n", WTERMSIG(command->status));
	else if (command->status != 0)
		printf("  exit-%d\n", WEXITSTATUS(command->status));
	else
		puts("  ok");
}

/* Columns stay where they are and names hold no blanks: scripts read this too. */
static void print_table(void)
{
	const struct command *first = &commands[0];

	printf("%-14s %4s  %10s %10s  %9s %9s  %8s %8s  %7s %7s  %s\n", "NAME", "RUNS", "WALL-MED", "WALL-MIN", "CPU-MED",
	       "CPU-MIN", "KB-MED", "KB-MAX", "x-MED", "x-MIN", "STATUS");
	for (int i = 0; i < command_count; i++) {
		struct command *command = &commands[i];
		int count = command->done;

		qsort(command->wall, (size_t)count, sizeof *command->wall, by_size);
		qsort(command->cpu, (size_t)count, sizeof *command->cpu, by_size);
		qsort(command->rss, (size_t)count, sizeof *command->rss, by_size);
		printf("%-14s %4d  %10.3f %10.3f  %9.3f %9.3f  %8.0f %8.0f  %7.3f %7.3f", command->name, count,
		       median(command->wall, count), command->wall[0], median(command->cpu, count), command->cpu[0],
		       median(command->rss, count), command->rss[count - 1],
		       median(command->wall, count) / median(first->wall, first->done),
		       command->wall[0] / first->wall[0]);
		print_status(command);
	}
}

__attribute__((noreturn)) static void usage(void)
{
	fputs("usage: compare [-n RUNS] [-t SECONDS] [-p] [-v] NAME[:RUNS]=COMMAND…\n", stderr);
	exit(2);
}

static int parse_number(const char *text, int most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end != '\0' || value < 1 || value > most) {
		fprintf(stderr, "compare: '%s' is not a number from 1 to %d\n", text, most);
		exit(2);
	}
	return (int)value;
}

static void add_command(char *text, int runs)
{
	struct command *command = &commands[command_count];
	char *equals = strchr(text, '='), *colon, *rest = NULL;
	int words = 0;

	if (equals == NULL || equals == text || command_count == MAX_COMMANDS)
		usage();
	*equals = '\0';
	colon = strchr(text, ':');
	if (colon != NULL)
		*colon = '\0';
	command->name = text;
	command->runs = colon != NULL ? parse_number(colon + 1, MAX_RUNS) : runs;
	for (char *word = strtok_r(equals + 1, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		if (words == MAX_WORDS)
			usage();
		command->words[words++] = word;
	}
	if (words == 0)
		usage();
	command_count++;
}

int main(int argc, char **argv)
{
	struct options options = { .runs = 10, .timeout_ms = 60 * 1000 };

	for (int option; (option = getopt(argc, argv, "+n:t:pv")) != -1;) {
		if (option == 'n')
			options.runs = parse_number(optarg, MAX_RUNS);
		else if (option == 't')
			options.timeout_ms = 1000 * parse_number(optarg, 3600);
		else if (option == 'p')
			options.drain = true;
		else if (option == 'v')
			options.show_errors = true;
		else
			usage();
	}
	for (int i = optind; i < argc; i++)
		add_command(argv[i], options.runs);
	if (command_count == 0)
		usage();
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		fail("/dev/null");
	run_all(&options);
	print_table();
	return 0;
}
