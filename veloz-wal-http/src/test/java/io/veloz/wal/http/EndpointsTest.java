package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class EndpointsTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private static WalHttpServer started() {
        return Client.server().log(() -> LogState.readOnly(1)).start();
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"})
    void otherMethodsAreNotAllowed(String method) throws Exception {
        try (WalHttpServer server = started()) {
            Client.Reply reply = Client.send(server, method, "/health", "");
            assertThat(reply.status()).isEqualTo(405);
            assertThat(reply.headers().firstValue("Allow")).contains("GET, HEAD");
            assertThat(reply.body()).isEqualTo("method not allowed; expected GET, HEAD\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/health", "/metrics", "/api/status"})
    void headHasTheHeadersOfGetAndNoBody(String path) throws Exception {
        try (WalHttpServer server = started()) {
            Client.Reply get = Client.get(server, path);
            Client.Reply head = Client.send(server, "HEAD", path, "");
            assertThat(head.status()).isEqualTo(get.status()).isEqualTo(200);
            assertThat(head.body()).isEmpty();
            assertThat(get.body()).isNotEmpty();
            assertThat(head.headers().firstValue("Content-Type"))
                    .isEqualTo(get.headers().firstValue("Content-Type"))
                    .isPresent();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/nothing",
                "/health/",
                "/HEALTH",
                "/api",
                "/favicon.ico",
                "/../../etc/passwd",
                "/%2e%2e/%2e%2e/etc/passwd",
                "/health/../metrics",
                "/page.html",
                "/health%00"
            })
    void unknownPathIsNotFound(String path) throws Exception {
        try (WalHttpServer server = started()) {
            String response = Client.raw(server, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(response).startsWith("HTTP/1.1 404 ").contains("text/plain", "not found");
            assertThat(response).doesNotContain("root:", "Exception");
        }
    }

    /** The server of the JDK answers these itself. */
    @Test
    void pathWithoutALeadingSlashIsNotFound() throws Exception {
        try (WalHttpServer server = started()) {
            for (String path : List.of("//health", "*", "http://localhost")) {
                assertThat(Client.raw(server, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                        .startsWith("HTTP/1.1 404 ");
            }
        }
    }

    @Test
    void queryIsIgnored() throws Exception {
        try (WalHttpServer server = started()) {
            assertThat(Client.get(server, "/health?verbose=1").status()).isEqualTo(200);
        }
    }

    @Test
    void everyResponseForbidsSniffingFramingAndCaching() throws Exception {
        try (WalHttpServer server = started()) {
            for (String path : List.of("/", "/health", "/metrics", "/nothing")) {
                Client.Reply reply = Client.get(server, path);
                assertThat(reply.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
                assertThat(reply.headers().firstValue("Cache-Control")).contains("no-store");
                assertThat(reply.headers().firstValue("Connection")).contains("close");
                assertThat(reply.headers().firstValue("Content-Security-Policy"))
                        .get()
                        .asString()
                        .contains("default-src 'none'", "frame-ancestors 'none'");
            }
        }
    }

    @Test
    void connectionEndsAfterTheResponse() throws Exception {
        try (WalHttpServer server = started()) {
            // Reads until the server ends the connection: with keep-alive this would time out.
            assertThat(Client.raw(server, GET)).startsWith("HTTP/1.1 200 OK").endsWith("0\r\n\r\n");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"attacker.example", "attacker.example:8080", "127.0.0.1.attacker.example", "localhost.evil"})
    void nameOfAnotherHostIsRefusedOnLoopback(String host) throws Exception {
        try (WalHttpServer server = started()) {
            String response = Client.raw(server, GET.replace("localhost", host));
            assertThat(response)
                    .startsWith("HTTP/1.1 403 ")
                    .contains("unexpected Host header: expected localhost or an IP address");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]:8080", "192.168.1.7"})
    void loopbackNamesAndAddressesAreAccepted(String host) throws Exception {
        try (WalHttpServer server = started()) {
            assertThat(Client.raw(server, GET.replace("localhost", host))).startsWith("HTTP/1.1 200 OK");
        }
    }

    @Test
    void listensOnLoopbackByDefault() {
        try (WalHttpServer server = started()) {
            assertThat(server.address().getAddress().isLoopbackAddress()).isTrue();
            assertThat(server.uri().getHost()).isIn("127.0.0.1", "[::1]");
            assertThat(server.toString()).isEqualTo("WalHttpServer[" + server.uri() + "]");
        }
    }

    @Test
    void portInUseIsAnErrorWithTheAddress() {
        try (WalHttpServer server = started()) {
            WalHttpServer.Builder second = WalHttpServer.builder().address(server.address());
            assertThatThrownBy(second::start)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageStartingWith("cannot listen on ")
                    .hasMessageContaining(String.valueOf(server.address().getPort()));
        }
    }

    @Test
    void closeFreesThePortAndMayBeRepeated() {
        WalHttpServer server = started();
        InetSocketAddress address = server.address();
        server.close();
        server.close();
        WalHttpServer.builder().address(address).start().close();
    }

    @Test
    void exceptionOfASupplierIsAnInternalErrorWithoutItsText() throws Exception {
        try (WalHttpServer server = Client.server()
                .orders(() -> {
                    throw new IllegalStateException("password=hunter2");
                })
                .start()) {
            Client.Reply reply = Client.get(server, "/api/orders_state");
            assertThat(reply.status()).isEqualTo(500);
            assertThat(reply.body()).isEqualTo("internal error; the log of the engine has the cause\n");
        }
    }

    // ---- commands

    @Test
    void commandReceivesTheBodyAndItsReplyIsSent() throws Exception {
        try (WalHttpServer server = Client.server()
                .command("/api/echo", body -> new HttpReply(202, "{\"length\":" + body.length() + "}"))
                .start()) {
            Client.Reply reply = Client.send(server, "POST", "/api/echo", "äb");
            assertThat(reply.status()).isEqualTo(202);
            assertThat(reply.json().get("length").asInt()).isEqualTo(2);
        }
    }

    @Test
    void commandAcceptsPostOnly() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        try (WalHttpServer server = Client.server()
                .command("/api/live", body -> new HttpReply(200, "{\"call\":" + calls.incrementAndGet() + "}"))
                .start()) {
            Client.Reply reply = Client.get(server, "/api/live");
            assertThat(reply.status()).isEqualTo(405);
            assertThat(reply.headers().firstValue("Allow")).contains("POST");
            assertThat(calls).hasValue(0);
        }
    }

    @Test
    void commandFromABrowserIsRefused() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        try (WalHttpServer server = Client.server()
                .command("/api/live", body -> new HttpReply(200, "{\"call\":" + calls.incrementAndGet() + "}"))
                .start()) {
            for (String header : List.of("Origin", "Sec-Fetch-Site")) {
                Client.Reply reply = Client.send(server, "POST", "/api/live", "", header, "null");
                assertThat(reply.status()).isEqualTo(403);
                assertThat(reply.body()).isEqualTo("commands are not accepted from a browser\n");
            }
            assertThat(calls).hasValue(0);
        }
    }

    @Test
    void bodyOfACommandIsLimited() throws Exception {
        try (WalHttpServer server = Client.server()
                .command("/api/echo", body -> new HttpReply(200, "{\"length\":" + body.length() + "}"))
                .start()) {
            assertThat(Client.send(server, "POST", "/api/echo", "x".repeat(16 * 1024))
                            .status())
                    .isEqualTo(200);
            Client.Reply reply = Client.send(server, "POST", "/api/echo", "x".repeat(16 * 1024 + 1));
            assertThat(reply.status()).isEqualTo(413);
            assertThat(reply.body()).contains("expected at most 16384 bytes");
        }
    }

    @Test
    void exceptionOfACommandIsAnInternalErrorWithoutItsText() throws Exception {
        try (WalHttpServer server = Client.server()
                .command("/api/live", body -> {
                    throw new java.io.IOException("password=hunter2");
                })
                .start()) {
            Client.Reply reply = Client.send(server, "POST", "/api/live", "");
            assertThat(reply.status()).isEqualTo(500);
            assertThat(reply.body()).doesNotContain("hunter2", "IOException");
        }
    }

    // ---- settings

    @Test
    void invalidSettingsAreRefused() throws Exception {
        WalHttpServer.Builder builder = WalHttpServer.builder();
        assertThatThrownBy(() -> builder.maxBackupAge("databse", Duration.ofHours(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("kind databse: expected one of [configuration, secrets, database, roles, vault]");
        assertThatThrownBy(() -> builder.maxArchiveLag(Duration.ZERO))
                .hasMessage("maxArchiveLag PT0S: expected more than zero");
        assertThatThrownBy(() -> builder.command("live", body -> new HttpReply(200, "")))
                .hasMessage("command live: expected a new path that begins with /");
        assertThatThrownBy(() -> new HttpReply(100, "")).hasMessage("status 100: expected 200 to 599");
        WalHttpServer.Builder ages = Client.server().maxDrillAge(Duration.ofDays(35));
        assertThatThrownBy(ages::start)
                .hasMessage("an age of backups or drills is limited, but there is no metrics file");
        WalHttpServer.Builder clash = Client.server().command("/metrics", body -> new HttpReply(200, ""));
        assertThatThrownBy(clash::start).hasMessage("command /metrics: the server has an endpoint there");
    }

    @Test
    void serverThatListensOnAllInterfacesHasALoopbackUri() throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getByName("0.0.0.0"), 0);
        try (WalHttpServer server = WalHttpServer.builder()
                .address(any)
                .backupMetrics(Path.of("does-not-exist"))
                .start()) {
            assertThat(server.uri().getHost()).isEqualTo("127.0.0.1");
            assertThat(Client.raw(server, GET.replace("localhost", "engine.example")))
                    .startsWith("HTTP/1.1 200 OK");
        }
    }
}
