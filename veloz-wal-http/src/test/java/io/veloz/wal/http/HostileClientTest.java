package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderStore;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class HostileClientTest {
    private static WalHttpServer.Builder impatient() {
        return Client.server().log(() -> LogState.readOnly(1)).timeouts(Duration.ofMillis(500), Duration.ofMillis(500));
    }

    private static void send(Socket socket, String text) throws Exception {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static List<Thread> serverThreads(WalHttpServer server) {
        String name = "veloz-wal-http " + server.address().getPort();
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(name))
                .collect(Collectors.toList());
    }

    @Test
    void clientThatDoesNotCompleteItsRequestIsDisconnected() throws Exception {
        try (WalHttpServer server = impatient().start();
                Socket socket = Client.connect(server)) {
            send(socket, "GET /health HTTP/1.1\r\nHost: local");
            assertThat(Client.readToEnd(socket)).isEmpty();
        }
    }

    @Test
    void clientThatDoesNotCompleteTheBodyOfACommandIsDisconnected() throws Exception {
        try (WalHttpServer server = impatient()
                        .command("/api/live", body -> new HttpReply(200, "{}"))
                        .start();
                Socket socket = Client.connect(server)) {
            send(socket, "POST /api/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf");
            assertThat(Client.readToEnd(socket)).doesNotContain("200 OK");
        }
    }

    @Test
    void clientThatDoesNotReadIsDisconnected() throws Exception {
        OrderStore store = new OrderStore();
        for (int i = 1; i <= 40_000; i++) {
            store.apply(i, i, OrderNew.limit("order-" + i, "BTCUSDT", Side.BUY, 1.0, 2.0));
        }
        try (WalHttpServer server = impatient().orders(store).start();
                Socket socket = Client.connect(server)) {
            send(socket, "GET /api/orders_state HTTP/1.1\r\nHost: localhost\r\n\r\n");
            // The first byte, so that the response has begun. Its size is larger than the buffers of the connection.
            assertThat(socket.getInputStream().read()).isEqualTo('H');
            while (serverThreads(server).stream().anyMatch(HostileClientTest::isWriting)) {
                Thread.onSpinWait();
            }
            assertThat(Client.readToEnd(socket)).doesNotEndWith("0\r\n\r\n");
        }
    }

    private static boolean isWriting(Thread thread) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getClassName().equals(OrdersEndpoint.class.getName())) {
                return true;
            }
        }
        return false;
    }

    @Test
    void slowClientsDoNotKeepAProbeFromItsAnswer() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try (WalHttpServer server = impatient().start()) {
            for (int i = 0; i < 40; i++) {
                Socket socket = Client.connect(server);
                slow.add(socket);
                send(socket, "GET /health HTTP/1.1\r\n");
            }
            assertThat(Client.get(server, "/health/live").status()).isEqualTo(200);
            assertThat(serverThreads(server)).hasSizeLessThanOrEqualTo(9);
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    @Test
    void requestsBeyondTheQueueAreDisconnectedAndLaterOnesAnswered() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        // Eight requests occupy the threads, and 64 the queue.
        CountDownLatch disconnected = new CountDownLatch(8);
        List<CompletableFuture<Boolean>> clients = new ArrayList<>();
        try (WalHttpServer server = Client.server()
                .command("/api/wait", body -> {
                    release.await();
                    return new HttpReply(200, "{}");
                })
                .log(() -> LogState.readOnly(1))
                .start()) {
            for (int i = 0; i < 8 + 64 + 8; i++) {
                CompletableFuture<Boolean> answered = new CompletableFuture<>();
                clients.add(answered);
                new Thread(() -> answered.complete(isAnswered(server, disconnected))).start();
            }
            assertThat(disconnected.await(60, TimeUnit.SECONDS)).isTrue();
            release.countDown();
            int answered = 0;
            for (CompletableFuture<Boolean> client : clients) {
                answered += client.get(60, TimeUnit.SECONDS) ? 1 : 0;
            }
            assertThat(answered).isEqualTo(8 + 64);
            assertThat(Client.get(server, "/health").status()).isEqualTo(200);
        } finally {
            release.countDown();
        }
    }

    private static boolean isAnswered(WalHttpServer server, CountDownLatch disconnected) {
        boolean isAnswered = false;
        try {
            isAnswered = Client.raw(server, "POST /api/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
                    .startsWith("HTTP/1.1 200 OK");
        } catch (IOException e) {
            // Disconnected while it was sending.
            isAnswered = false;
        }
        if (!isAnswered) {
            disconnected.countDown();
        }
        return isAnswered;
    }

    @Test
    void manyIdleConnectionsOccupyNoThread() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try (WalHttpServer server =
                Client.server().log(() -> LogState.readOnly(1)).start()) {
            for (int i = 0; i < 300; i++) {
                idle.add(Client.connect(server));
            }
            assertThat(Client.get(server, "/health").status()).isEqualTo(200);
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }

    @Test
    void hugeHeaderIsRefused() throws Exception {
        try (WalHttpServer server =
                Client.server().log(() -> LogState.readOnly(1)).start()) {
            StringBuilder headers = new StringBuilder();
            for (int i = 0; i < 300; i++) {
                headers.append("X-")
                        .append(i)
                        .append(": ")
                        .append("y".repeat(4096))
                        .append("\r\n");
            }
            String response;
            try {
                response = Client.raw(server, "GET /health HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
            } catch (java.net.SocketException e) {
                // The server has closed the connection while the client was sending.
                response = "";
            }
            assertThat(response).doesNotContain("200 OK");
            assertThat(Client.get(server, "/health").status()).isEqualTo(200);
        }
    }

    @Test
    void bytesThatAreNotHttpDoNotHarmTheServer() throws Exception {
        try (WalHttpServer server = impatient().start()) {
            for (String garbage : List.of(
                    "\r\n\r\n\r\n",
                    "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n",
                    "GET\r\n\r\n",
                    "GET /health\r\n\r\n",
                    "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    "GET http://[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                    "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
                    "GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")) {
                assertThat(Client.raw(server, garbage)).doesNotContain("\tat ", "Caused by");
            }
            assertThat(Client.get(server, "/health").status()).isEqualTo(200);
        }
    }

    @Test
    void closeEndsARequestThatWaits() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        WalHttpServer server = Client.server()
                .check("hangs", () -> {
                    entered.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return CheckResult.failed("interrupted");
                })
                .start();
        try (Socket socket = Client.connect(server)) {
            send(socket, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(entered.await(60, TimeUnit.SECONDS)).isTrue();
            List<Thread> threads = serverThreads(server);
            server.close();
            assertThat(Client.readToEnd(socket)).doesNotContain("200 OK");
            for (Thread thread : threads) {
                thread.join(60_000);
                assertThat(thread.isAlive()).as(thread.getName()).isFalse();
            }
        } finally {
            server.close();
        }
    }

    @Test
    void checkThatHangsIsInterruptedAfterTheResponseTimeout() throws Exception {
        CountDownLatch interrupted = new CountDownLatch(1);
        try (WalHttpServer server = impatient()
                .check("hangs", () -> {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        interrupted.countDown();
                    }
                    return CheckResult.failed("interrupted");
                })
                .start()) {
            Client.raw(server, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(interrupted.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(Client.get(server, "/health/live").status()).isEqualTo(200);
        }
    }
}
