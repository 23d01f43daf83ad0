/* What `pm`, `getprop`, `dumpsys`, ... are on the virtual device: each of those names is a hard
 * link to this program. It hands its arguments, directory, environment and its descriptors 0, 1
 * and 2 to the system server over a socket, waits, and exits with the status that it is given.
 * A process that is killed closes the socket, by which the other side knows. `screenrecord` ends
 * its film at SIGINT and SIGHUP: it sends a byte for each and goes on waiting.
 *
 * No headers and no library: any C compiler will do, and it links to some kilobytes.
 *
 * Message: four 32-bit numbers (bytes that follow, argc, envc, bytes of the directory), the
 * directory, then argc + envc strings, each ended by NUL. Answer: one byte, the exit status.
 */

#if defined(__x86_64__)
#define SYS_READ 0
#define SYS_WRITE 1
#define SYS_SOCKET 41
#define SYS_CONNECT 42
#define SYS_SENDMSG 46
#define SYS_EXIT_GROUP 231
#define SYS_FCNTL 72
#define SYS_OPENAT 257
#define SYS_GETCWD 79
#define SYS_SIGPROCMASK 14
#define SYS_SIGNALFD4 289
#define SYS_PPOLL 271
__asm__(".globl _start\n"
        "_start:\n"
        "  xor %ebp, %ebp\n"
        "  mov %rsp, %rdi\n"
        "  and $-16, %rsp\n"
        "  call run\n"
        ".globl system_call\n"
        "system_call:\n"
        "  mov %rdi, %rax\n"
        "  mov %rsi, %rdi\n"
        "  mov %rdx, %rsi\n"
        "  mov %rcx, %rdx\n"
        "  mov %r8, %r10\n"
        "  syscall\n"
        "  ret\n");
#elif defined(__aarch64__)
#define SYS_READ 63
#define SYS_WRITE 64
#define SYS_SOCKET 198
#define SYS_CONNECT 203
#define SYS_SENDMSG 211
#define SYS_EXIT_GROUP 94
#define SYS_FCNTL 25
#define SYS_OPENAT 56
#define SYS_GETCWD 17
#define SYS_SIGPROCMASK 135
#define SYS_SIGNALFD4 74
#define SYS_PPOLL 73
__asm__(".globl _start\n"
        "_start:\n"
        "  mov x0, sp\n"
        "  bl run\n"
        ".globl system_call\n"
        "system_call:\n"
        "  mov x8, x0\n"
        "  mov x0, x1\n"
        "  mov x1, x2\n"
        "  mov x2, x3\n"
        "  mov x3, x4\n"
        "  svc #0\n"
        "  ret\n");
#else
#error "the virtual device's tool client knows x86-64 and arm64 only"
#endif

#define SOCKET_PATH "/dev/socket/system_server"
#define AT_FDCWD (-100)
#define O_RDWR 2
#define F_GETFD 1
#define AF_UNIX 1
#define SOCK_STREAM_CLOEXEC (1 | 02000000)
#define MSG_NOSIGNAL 0x4000
#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define SIG_BLOCK 0
#define SIGHUP_AND_SIGINT 3UL
#define SIGNAL_SET_BYTES 8
#define SFD_CLOEXEC 02000000
#define POLLIN 1

extern long system_call(long number, long a, long b, long c, long d);

struct block { const void *start; unsigned long length; };
struct message {
  void *name; unsigned int name_length;
  struct block *blocks; unsigned long block_count;
  void *control; unsigned long control_length;
  int flags;
};
struct rights { unsigned long length; int level; int type; int descriptors[3]; int padding; };

static unsigned long length_of(const char *text) {
  unsigned long length = 0;
  while (text[length]) length++;
  return length;
}

static void leave(int status) {
  for (;;) system_call(SYS_EXIT_GROUP, status, 0, 0, 0);
}

static void say(const char *text) {
  system_call(SYS_WRITE, 2, (long)text, length_of(text), 0);
}

static void fail(const char *name) {
  say(name);
  say(": Can't reach the system server. Is the system running?\n");
  leave(20);
}

static long connect_to_system(void) {
  struct { unsigned short family; char path[sizeof SOCKET_PATH]; } address;
  const char *path = SOCKET_PATH;
  unsigned long i;
  long descriptor = system_call(SYS_SOCKET, AF_UNIX, SOCK_STREAM_CLOEXEC, 0, 0);
  address.family = AF_UNIX;
  for (i = 0; i < sizeof SOCKET_PATH; i++) address.path[i] = path[i];
  if (descriptor < 0) return descriptor;
  if (system_call(SYS_CONNECT, descriptor, (long)&address, sizeof address, 0) < 0) return -1;
  return descriptor;
}

static void send_all(long descriptor, const char *start, unsigned long length, const char *name) {
  while (length) {
    long sent = system_call(SYS_WRITE, descriptor, (long)start, length, 0);
    if (sent <= 0) fail(name);
    start += sent;
    length -= sent;
  }
}

static int ends_with(const char *text, const char *end) {
  unsigned long length = length_of(text), end_length = length_of(end), i;
  if (length < end_length) return 0;
  for (i = 0; i < end_length; i++)
    if (text[length - end_length + i] != end[i]) return 0;
  return 1;
}

/* From here on the two signals can be read from the descriptor that comes back. */
static long take_signals(void) {
  unsigned long signals = SIGHUP_AND_SIGINT;
  system_call(SYS_SIGPROCMASK, SIG_BLOCK, (long)&signals, 0, SIGNAL_SET_BYTES);
  return system_call(SYS_SIGNALFD4, -1, (long)&signals, SIGNAL_SET_BYTES, SFD_CLOEXEC);
}

/* Until the answer can be read. */
static void pass_signals_on(long signals, long descriptor) {
  struct { int descriptor; short wanted, found; } waits[2];
  char signal[128];
  waits[0].descriptor = descriptor;
  waits[1].descriptor = signals;
  waits[0].wanted = waits[1].wanted = POLLIN;
  for (;;) {
    waits[0].found = waits[1].found = 0;
    if (system_call(SYS_PPOLL, (long)waits, 2, 0, 0) < 0) return;
    if (waits[0].found) return;
    system_call(SYS_READ, signals, (long)signal, sizeof signal, 0);
    system_call(SYS_WRITE, descriptor, (long)"i", 1, 0);
  }
}

/* The strings of argv and of the environment lie one behind the other in memory (Linux). */
void run(long *stack) {
  long argc = stack[0], signals = -1;
  char **argv = (char **)(stack + 1);
  char **environment = argv + argc + 1;
  long envc = 0, i, descriptor, directory_length, sent;
  static char directory[4096];
  unsigned int header[4];
  unsigned long strings;
  const char *last;
  struct rights rights;
  struct block block;
  struct message message;
  unsigned char status;

  while (environment[envc]) envc++;
  last = envc ? environment[envc - 1] : argv[argc - 1];
  strings = last + length_of(last) + 1 - argv[0];
  directory_length = system_call(SYS_GETCWD, (long)directory, sizeof directory, 0, 0);
  if (directory_length <= 0) { directory[0] = '/'; directory_length = 1; }
  else directory_length--;

  for (i = 0; i < 3; i++)
    if (system_call(SYS_FCNTL, i, F_GETFD, 0, 0) < 0)
      system_call(SYS_OPENAT, AT_FDCWD, (long)"/dev/null", O_RDWR, 0);
  if (ends_with(argv[0], "screenrecord")) signals = take_signals();
  descriptor = connect_to_system();
  if (descriptor < 0) fail(argv[0]);

  header[0] = directory_length + strings;
  header[1] = argc;
  header[2] = envc;
  header[3] = directory_length;
  rights.length = 16 + 3 * sizeof(int);
  rights.level = SOL_SOCKET;
  rights.type = SCM_RIGHTS;
  for (i = 0; i < 3; i++) rights.descriptors[i] = i;
  rights.padding = 0;
  block.start = header;
  block.length = sizeof header;
  message.name = 0;
  message.name_length = 0;
  message.blocks = &block;
  message.block_count = 1;
  message.control = &rights;
  message.control_length = sizeof rights;
  message.flags = 0;
  sent = system_call(SYS_SENDMSG, descriptor, (long)&message, MSG_NOSIGNAL, 0);
  if (sent != sizeof header) fail(argv[0]);
  send_all(descriptor, directory, directory_length, argv[0]);
  send_all(descriptor, argv[0], strings, argv[0]);
  if (signals >= 0) pass_signals_on(signals, descriptor);
  if (system_call(SYS_READ, descriptor, (long)&status, 1, 0) != 1) fail(argv[0]);
  leave(status);
}
