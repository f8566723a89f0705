/* The least a broadcasting server can do, on epoll: shows how much the load generator can take.
 *
 * usage: fast_sender PORT
 *
 * Whoever connects is in the one room there is. It believes every handshake, unmasks each text frame and writes it to
 * all sockets; frames that came in one turn of the loop go out in one write. It drops what a full socket does not take.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 4096
#define BUFFER (64 * 1024)

struct peer {
    int fd, is_open;
    size_t have;
    uint8_t buffer[BUFFER];
};

static struct peer *peers[MOST];
static int count;
static uint8_t outgoing[1 << 20];
static size_t outgoing_bytes;

static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static void leave(struct peer *p)
{
    for (int i = 0; i < count; i++)
        if (peers[i] == p)
            peers[i] = peers[--count];
    close(p->fd);
    free(p);
}

static void relay(const uint8_t *mask, const uint8_t *payload, size_t length)
{
    if (length > 65535 || outgoing_bytes + length + 4 > sizeof outgoing)
        return;
    uint8_t *at = outgoing + outgoing_bytes;
    *at++ = 0x81;
    if (length < 126) {
        *at++ = length;
    } else {
        *at++ = 126;
        *at++ = length >> 8;
        *at++ = length & 255;
    }
    for (size_t i = 0; i < length; i++)
        *at++ = payload[i] ^ mask[i & 3];
    outgoing_bytes = at - outgoing;
}

static int take(struct peer *p)
{
    ssize_t n = recv(p->fd, p->buffer + p->have, BUFFER - p->have, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    p->have += n;
    size_t at = 0;
    if (!p->is_open) {
        uint8_t *end = memmem(p->buffer, p->have, "\r\n\r\n", 4);
        if (!end)
            return 1;
        at = end + 4 - p->buffer;
        p->is_open = 1;
        send(p->fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL);
    }
    while (p->have - at >= 8) {
        uint8_t *frame = p->buffer + at;
        size_t header = 6, length = frame[1] & 127;
        if (length == 126)
            header = 8, length = frame[2] << 8 | frame[3];
        if (p->have - at < header + length)
            break;
        if ((frame[0] & 15) == 8)
            return 0;
        if ((frame[0] & 15) == 1)
            relay(frame + header - 4, frame + header, length);
        at += header + length;
    }
    memmove(p->buffer, p->buffer + at, p->have -= at);
    return 1;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
    struct epoll_event events[512], event = {.events = EPOLLIN, .data.ptr = NULL};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0), poller = epoll_create1(0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1024)) {
        perror("fast_sender");
        return 1;
    }
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(poller, events, 512, -1);
        for (int i = 0; i < n; i++) {
            struct peer *p = events[i].data.ptr;
            if (!p) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0 || count == MOST)
                    continue;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                p = peers[count++] = calloc(1, sizeof *p);
                p->fd = fd;
                struct epoll_event its = {.events = EPOLLIN, .data.ptr = p};
                epoll_ctl(poller, EPOLL_CTL_ADD, fd, &its);
            } else if (!take(p)) {
                leave(p);
            }
        }
        for (int i = 0; i < count && outgoing_bytes; i++)
            if (peers[i]->is_open)
                send(peers[i]->fd, outgoing, outgoing_bytes, MSG_NOSIGNAL);
        outgoing_bytes = 0;
    }
}
