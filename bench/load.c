/* A load generator for WebSocket servers that costs little: one thread on epoll.
 *
 * usage: load PORT PID CLIENTS DIALECT SIZE PHASE...
 *
 * PID is the server's process: what it takes of its core is measured with each phase.
 * CLIENTS is a file with a socket a line: its path, a tab, and the token for its Authorization header, or nothing.
 * DIALECT is `plain` ({"message": ...}), `named` (the same with a client_id, which is acknowledged) or `socketio`.
 * SIZE is how many bytes of text a delivered message shall have; what is sent is padded to that.
 * PHASE is fanout:IN_FLIGHT:SECONDS (all sockets share a room; the sockets take turns at sending; a message is done when
 * every socket has it) or ack:SENDERS:SECONDS (each of the first SENDERS sockets sends its next message when the last
 * one was acknowledged).
 *
 * Prints one JSON line a phase. Times are in milliseconds; `busy` and `server_busy` are how much of a core this process
 * and the server used.
 *
 * Every message carries `@`, the time in nanoseconds it was sent at and its number, both in hexadecimal: so a latency
 * is known from the delivered frame alone, and nothing but the frame's header and these digits is parsed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (256 * 1024)
#define NUMBERED 4096            /* more than are ever in flight */
#define BUCKET_NS 5000
#define BUCKETS 2000000          /* latencies up to 10 s */
#define LOST_AFTER_NS 3000000000ll
#define OPENING_AT_ONCE 32

enum dialect { PLAIN, NAMED, SOCKETIO };
enum state { CLOSED, CONNECTING, SHAKING, GREETING, OPEN };

struct client {
    int fd;
    enum state state;
    char path[160], token[1200];
    uint8_t *buffer;
    size_t have;
    uint64_t sent_at;            /* of its message that is not yet acknowledged; 0 when there is none */
};

struct message {
    uint32_t number;
    int missing;                 /* sockets that do not have it yet; 0 when done */
    uint64_t sent_at;
};

static struct client *clients;
static int count, opened, broken, poller, port, server, close_code = 1006;
static enum dialect dialect;
static size_t wanted_size, padding, seen_size;
static struct message in_flight[NUMBERED];
static uint32_t next_number = 1, probe;
static int turn, waiting_for_acks;
static int measuring, keep_sending, acknowledging;
static uint64_t deliveries, done, lost, acks;
static uint32_t *histogram;
static uint64_t histogram_total;

static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* What the server has used so far, over all its threads: fields 14 and 15 of what proc(5) describes. */
static double server_cpu_seconds(void)
{
    char name[64], line[1024];
    unsigned long user = 0, system = 0;
    snprintf(name, sizeof name, "/proc/%d/stat", server);
    FILE *file = fopen(name, "r");
    if (!file || !fgets(line, sizeof line, file))
        die("the server has ended");
    fclose(file);
    char *after_name = strrchr(line, ')');
    if (!after_name || sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        die("cannot read %s", name);
    return (double)(user + system) / sysconf(_SC_CLK_TCK);
}

static void write_all(struct client *c, const void *data, size_t length)
{
    const char *at = data;
    while (length) {
        ssize_t n = send(c->fd, at, length, MSG_NOSIGNAL);
        if (n > 0) {
            at += n;
            length -= n;
        } else if (errno == EAGAIN) {
            struct pollfd p = {c->fd, POLLOUT, 0};
            poll(&p, 1, 1000);
        } else {
            return;              /* the reading side finds out */
        }
    }
}

static void send_text(struct client *c, const char *text, size_t length, uint8_t opcode)
{
    static uint32_t mask_state = 2463534242u;
    uint8_t frame[4096 + 16];
    size_t at = 0;
    if (length > 4096)
        die("a message of %zu bytes is too long", length);
    mask_state ^= mask_state << 13, mask_state ^= mask_state >> 17, mask_state ^= mask_state << 5;
    uint8_t mask[4];
    memcpy(mask, &mask_state, 4);
    frame[at++] = 0x80 | opcode;
    if (length < 126) {
        frame[at++] = 0x80 | length;
    } else {
        frame[at++] = 0x80 | 126;
        frame[at++] = length >> 8;
        frame[at++] = length & 255;
    }
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < length; i++)
        frame[at++] = text[i] ^ mask[i & 3];
    write_all(c, frame, at);
}

static void send_message(struct client *c, uint32_t number, uint64_t at)
{
    char text[4096], pad[2048];
    memset(pad, 'x', padding);
    pad[padding] = 0;
    unsigned long long stamp = at;
    int length;
    if (dialect == NAMED)
        length = snprintf(text, sizeof text, "{\"message\":\"@%016llx%08x%s\",\"client_id\":\"%llx.%x\"}", stamp, number,
                          pad, stamp, number);
    else if (dialect == SOCKETIO)
        length = snprintf(text, sizeof text, "42[\"message\",{\"message\":\"@%016llx%08x%s\"}]", stamp, number, pad);
    else
        length = snprintf(text, sizeof text, "{\"message\":\"@%016llx%08x%s\"}", stamp, number, pad);
    c->sent_at = at;
    send_text(c, text, length, 1);
}

static uint32_t send_to_all(void)
{
    for (int tried = 0; tried < count; tried++) {
        struct client *c = &clients[turn];
        turn = (turn + 1) % count;
        if (c->state != OPEN)
            continue;
        uint32_t number = next_number++;
        struct message *m = &in_flight[number % NUMBERED];
        *m = (struct message){number, opened, now_ns()};
        send_message(c, number, m->sent_at);
        return number;
    }
    die("no socket is open any more");
    return 0;
}

static void note_latency(uint64_t nanoseconds)
{
    uint64_t bucket = nanoseconds / BUCKET_NS;
    histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    histogram_total++;
}

static double quantile(double q)
{
    uint64_t rank = (uint64_t)(q * histogram_total), seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += histogram[i]) > rank)
            return (i + 0.5) * BUCKET_NS / 1e6;
    return 0;
}

static uint64_t hexadecimal(const uint8_t *digits, int length)
{
    uint64_t value = 0;
    for (int i = 0; i < length; i++)
        value = value << 4 | (digits[i] <= '9' ? digits[i] - '0' : (digits[i] | 32) - 'a' + 10);
    return value;
}

static void on_delivery(const uint8_t *stamp, size_t length, uint64_t now)
{
    uint64_t sent_at = hexadecimal(stamp, 16);
    uint32_t number = hexadecimal(stamp + 16, 8);
    struct message *m = &in_flight[number % NUMBERED];
    seen_size = length;
    if (measuring) {
        deliveries++;
        if (!acknowledging)
            note_latency(now - sent_at);
    }
    if (m->number == number && m->missing > 0 && --m->missing == 0) {
        if (measuring)
            done++;
        if (keep_sending && !acknowledging && number != probe)
            send_to_all();
    }
}

/* Of another message than the last one, a probe's say, it is not waited for. */
static void on_ack(struct client *c, const uint8_t *text, size_t length, uint64_t now)
{
    static const char before[] = "\"client_id\":";
    const uint8_t *id = memmem(text, length, before, sizeof before - 1), *end = text + length;
    const uint8_t *dot = id ? memchr(id, '.', end - id) : NULL;
    if (!c->sent_at || !dot)
        return;
    for (id += sizeof before - 1; *id == ' ' || *id == '"'; id++)
        ;
    if (hexadecimal(id, dot - id) != c->sent_at)
        return;
    if (acknowledging && measuring) {
        acks++;
        note_latency(now - c->sent_at);
    }
    c->sent_at = 0;
    if (acknowledging && keep_sending)
        send_message(c, next_number++, now_ns());
    else if (acknowledging)
        waiting_for_acks--;
}

static void on_text(struct client *c, const uint8_t *text, size_t length, uint64_t now)
{
    if (dialect == SOCKETIO && length && text[0] != '4') {
        if (text[0] == '0')
            send_text(c, "40", 2, 1);
        else if (text[0] == '2')
            send_text(c, "3", 1, 1);
        return;
    }
    if (c->state == GREETING && length > 1 && text[1] == '0') {
        c->state = OPEN;
        opened++;
        return;
    }
    const uint8_t *at = memchr(text, '@', length);
    if (at && at + 25 <= text + length)
        on_delivery(at + 1, length, now);
    else if (length > 16 && memmem(text, 16, "\"ack\"", 5))
        on_ack(c, text, length, now);
    else if (length > 8 && memmem(text, length, "\"error\"", 7))
        die("the server refused: %.*s", (int)length, text);
}

static void drop(struct client *c)
{
    if (c->state == OPEN)
        opened--;
    if (c->state != CLOSED) {
        broken++;
        close(c->fd);
    }
    c->state = CLOSED;
}

/* How many bytes of the buffer were whole frames. */
static size_t read_frames(struct client *c, uint64_t now)
{
    size_t at = 0;
    while (c->have - at >= 2 && c->state != CLOSED) {
        const uint8_t *frame = c->buffer + at;
        size_t header = 2, length = frame[1] & 127;
        if (length == 126) {
            if (c->have - at < 4)
                break;
            header = 4, length = frame[2] << 8 | frame[3];
        } else if (length == 127) {
            if (c->have - at < 10)
                break;
            header = 10, length = 0;
            for (int i = 2; i < 10; i++)
                length = length << 8 | frame[i];
        }
        if (length > BUFFER - 16)
            die("a frame of %zu bytes", length);
        if (c->have - at < header + length)
            break;
        switch (frame[0] & 15) {
        case 1:
            on_text(c, frame + header, length, now);
            break;
        case 8:
            close_code = length >= 2 ? frame[header] << 8 | frame[header + 1] : 1005;
            drop(c);
            break;
        case 9:
            send_text(c, (const char *)frame + header, length, 10);
            break;
        }
        at += header + length;
    }
    return at;
}

static void shake_hands(struct client *c)
{
    char request[2048];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Origin: http://127.0.0.1:%d\r\n%s%s%s\r\n",
                          c->path, port, port, *c->token ? "Authorization: Bearer " : "", c->token,
                          *c->token ? "\r\n" : "");
    write_all(c, request, length);
    c->state = SHAKING;
}

static size_t read_answer(struct client *c)
{
    uint8_t *end = memmem(c->buffer, c->have, "\r\n\r\n", 4);
    if (!end)
        return 0;
    if (c->have < 12 || memcmp(c->buffer + 9, "101", 3))
        die("the handshake was refused: %.60s", c->buffer);
    c->state = dialect == SOCKETIO ? GREETING : OPEN;
    opened += c->state == OPEN;
    return end + 4 - c->buffer;
}

static void on_readable(struct client *c)
{
    ssize_t n = recv(c->fd, c->buffer + c->have, BUFFER - c->have, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            drop(c);
        return;
    }
    c->have += n;
    size_t used = 0;
    if (c->state == SHAKING) {
        used = read_answer(c);
        memmove(c->buffer, c->buffer + used, c->have -= used);
    }
    if (c->state >= GREETING) {
        used = read_frames(c, now_ns());
        c->have -= used;
        if (c->have && used)
            memmove(c->buffer, c->buffer + used, c->have);
    }
}

static void begin(struct client *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    c->buffer = malloc(BUFFER);
    if (c->fd < 0 || !c->buffer)
        die("cannot open so many sockets: %s", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->state = CONNECTING;
    if (connect(c->fd, (void *)&address, sizeof address) && errno != EINPROGRESS)
        die("cannot connect: %s", strerror(errno));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
}

static void turn_once(int milliseconds)
{
    struct epoll_event events[512];
    int n = epoll_wait(poller, events, 512, milliseconds);
    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        if (c->state == CONNECTING && events[i].events & (EPOLLOUT | EPOLLERR)) {
            struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
            epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
            shake_hands(c);
        } else if (c->state != CLOSED) {
            on_readable(c);
        }
    }
}

static void open_all(void)
{
    uint64_t until = now_ns() + 60000000000ull;
    for (int begun = 0; opened < count;) {
        while (begun < count && begun - opened < OPENING_AT_ONCE)
            begin(&clients[begun++]);
        turn_once(100);
        if (broken)
            die("a socket was closed while the others were opened, with %d", close_code);
        if (now_ns() > until)
            die("only %d of %d sockets could be opened", opened, count);
    }
}

/* Wait until one message reaches every socket, and learn from it how much padding makes the wanted size. */
static void find_padding(int everybody)
{
    uint64_t until = now_ns() + 60000000000ull;
    for (int round = 0; round < 2; round++) {
        for (int reached = 0; !reached;) {
            uint64_t again = now_ns() + 1000000000ull;
            probe = send_to_all();
            struct message *m = &in_flight[probe % NUMBERED];
            if (!everybody)
                m->missing = 1;
            while (m->missing && now_ns() < again)
                turn_once(50);
            reached = !m->missing;
            m->missing = 0;
            if (now_ns() > until)
                die("no message reaches all %d sockets", opened);
        }
        if (round == 0 && seen_size > wanted_size)
            die("a delivered message has %zu bytes at least", seen_size);
        if (round == 0)
            padding = wanted_size - seen_size;
    }
}

static void give_up_lost(uint64_t now)
{
    for (int i = 0; i < NUMBERED; i++) {
        struct message *m = &in_flight[i];
        if (m->missing > 0 && (int64_t)(now - m->sent_at) > LOST_AFTER_NS) {
            lost += m->missing;
            m->missing = 0;
            if (keep_sending && m->number != probe)
                send_to_all();
        }
    }
}

static void run_for(double seconds)
{
    uint64_t until = now_ns() + (uint64_t)(seconds * 1e9), looked = now_ns(), now;
    while ((now = now_ns()) < until) {
        turn_once(20);
        if (!acknowledging && now - looked > 200000000) {
            looked = now;
            give_up_lost(now);
        }
    }
}

static int is_quiet(void)
{
    if (acknowledging)
        return waiting_for_acks <= 0;
    for (int i = 0; i < NUMBERED; i++)
        if (in_flight[i].missing > 0)
            return 0;
    return 1;
}

static void measure(const char *phase)
{
    char kind[16];
    int width;
    double seconds;
    if (sscanf(phase, "%15[a-z]:%d:%lf", kind, &width, &seconds) != 3 || width < 1 || width > NUMBERED / 4)
        die("not a phase: %s", phase);
    acknowledging = !strcmp(kind, "ack");
    deliveries = done = lost = acks = histogram_total = 0;
    memset(histogram, 0, BUCKETS * sizeof *histogram);
    keep_sending = 1;
    if (acknowledging && width > count)
        die("%d senders need as many sockets", width);
    waiting_for_acks = width;
    for (int i = 0; i < width; i++) {
        if (acknowledging)
            send_message(&clients[i], next_number++, now_ns());
        else
            send_to_all();
    }
    run_for(seconds / 5);
    measuring = 1;
    double cpu = cpu_seconds(), server_cpu = server_cpu_seconds();
    uint64_t started = now_ns();
    run_for(seconds);
    measuring = keep_sending = 0;
    double elapsed = (now_ns() - started) / 1e9;
    cpu = cpu_seconds() - cpu;
    server_cpu = server_cpu_seconds() - server_cpu;
    printf("{\"kind\":\"%s\",\"width\":%d,\"sockets\":%d,\"seconds\":%.3f,\"deliveries\":%llu,\"messages\":%llu,"
           "\"acks\":%llu,\"lost\":%llu,\"closed\":%d,\"p50\":%.3f,\"p99\":%.3f,\"bytes\":%zu,\"busy\":%.3f,\"server_busy\":%.3f}\n",
           kind, width, count, elapsed, (unsigned long long)deliveries, (unsigned long long)done,
           (unsigned long long)acks, (unsigned long long)lost, broken, quantile(0.5), quantile(0.99), seen_size,
           cpu / elapsed, server_cpu / elapsed);
    fflush(stdout);
    uint64_t until = now_ns() + 2 * LOST_AFTER_NS;
    while (!is_quiet() && now_ns() < until) {
        turn_once(20);
        give_up_lost(now_ns());
    }
}

static void read_clients(const char *name)
{
    char line[1500];
    FILE *file = fopen(name, "r");
    if (!file)
        die("cannot read %s", name);
    while (fgets(line, sizeof line, file)) {
        clients = realloc(clients, (count + 1) * sizeof *clients);
        struct client *c = &clients[count++];
        memset(c, 0, sizeof *c);
        if (sscanf(line, "%159s %1199s", c->path, c->token) < 1)
            die("not a client: %s", line);
    }
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc < 7)
        die("usage: load PORT PID CLIENTS plain|named|socketio SIZE PHASE...");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    port = atoi(argv[1]);
    server = atoi(argv[2]);
    read_clients(argv[3]);
    dialect = !strcmp(argv[4], "named") ? NAMED : !strcmp(argv[4], "socketio") ? SOCKETIO : PLAIN;
    wanted_size = atoi(argv[5]);
    histogram = calloc(BUCKETS, sizeof *histogram);
    poller = epoll_create1(0);
    open_all();
    find_padding(!strncmp(argv[6], "fanout", 6));
    for (int i = 6; i < argc; i++)
        measure(argv[i]);
    return 0;
}
