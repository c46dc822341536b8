package io.veloz.wal.backup.internal.vault;

import static io.veloz.wal.backup.internal.vault.VaultSamples.ONCE;
import static io.veloz.wal.backup.internal.vault.VaultSamples.THREE_TIMES;
import static io.veloz.wal.backup.internal.vault.VaultSamples.put;
import static io.veloz.wal.backup.internal.vault.VaultSamples.settings;
import static io.veloz.wal.backup.internal.vault.VaultSamples.tokenFile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.internal.profile.VaultSettings;
import io.veloz.wal.backup.internal.vault.VaultClient.Patience;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class VaultClientTest {
    @TempDir
    Path dir;

    private VaultServer server;

    @BeforeEach
    void start() throws IOException {
        server = VaultServer.start().mount("secret", 2);
        put(server, "secret/data/a", "{\"x\":\"1\"}");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private VaultClient client(Patience patience) throws IOException {
        return new VaultClient(settings(server.address(), dir, 2, "secret"), patience);
    }

    private void assertRefused(VaultException.Reason reason, String message) {
        assertThatThrownBy(() -> client(ONCE).get("secret/data/a"))
                .isInstanceOfSatisfying(
                        VaultException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message)
                .hasMessageNotContaining(VaultServer.TOKEN);
    }

    // ---- requests

    @Test
    void requestHasTokenMarkerAndNamespace() throws IOException {
        VaultSettings plain = settings(server.address(), dir, 2, "secret");
        VaultSettings withNamespace = new VaultSettings(
                plain.address(), plain.tokenFile(), Optional.empty(), Optional.of("desk/eu"), plain.paths(), 2);
        new VaultClient(withNamespace, ONCE).get("secret/data/a");
        client(ONCE).get("secret/data/a");
        assertThat(server.requests())
                .containsExactly(
                        new VaultServer.Request("GET", "/v1/secret/data/a", VaultServer.TOKEN, "desk/eu", "true"),
                        new VaultServer.Request("GET", "/v1/secret/data/a", VaultServer.TOKEN, null, "true"));
    }

    @Test
    void pathIsPercentEncodedButForItsSlashes() {
        assertThat(VaultClient.encode("a b/%41+?#&=;:@ü/\u20ac.-_~"))
                .isEqualTo("a%20b/%2541%2B%3F%23%26%3D%3B%3A%40%C3%BC/%E2%82%AC.-_~");
    }

    @Test
    void addressMayHaveAPath() throws IOException {
        VaultSettings prefixed = settings(URI.create(server.address() + "/vault/"), dir, 2, "secret");
        assertThatThrownBy(() -> new VaultClient(prefixed, ONCE).get("secret/data/a"))
                .hasMessageContaining("the server has no such route");
        assertThat(server.requests())
                .extracting(VaultServer.Request::rawPath)
                .containsExactly("/vault/v1/secret/data/a");
    }

    // ---- token

    @Test
    void tokenFileIsReadAtEachRunAndTrimmed() throws IOException {
        VaultSettings settings = settings(server.address(), dir, 2, "secret");
        VaultExport export = new VaultExport(settings, ONCE);
        export.writeTo(OutputStream.nullOutputStream());
        tokenFile(dir, "hvs.other");
        assertThatThrownBy(() -> export.writeTo(OutputStream.nullOutputStream()))
                .hasMessageContaining("denied (HTTP status 403)");
        tokenFile(dir, "  " + VaultServer.TOKEN + "\r\n\n");
        export.writeTo(OutputStream.nullOutputStream());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "hvs.MARKER one", "hvs.MARKER\nX-Other: 1", "hvs.MARKER\u0007", "hvs.MARKER-ü"})
    void fileWithoutOneTokenIsRefusedWithoutQuotingIt(String content) throws IOException {
        VaultSettings settings = settings(server.address(), dir, 2, "secret");
        tokenFile(dir, content);
        assertThatThrownBy(() -> new VaultClient(settings, ONCE))
                .isInstanceOf(VaultException.class)
                .hasMessageContaining("does not contain one token of printable ASCII characters")
                .hasMessageNotContaining("MARKER");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void tokenFileOfOthersIsRefused() throws IOException {
        VaultSettings settings = settings(server.address(), dir, 2, "secret");
        Files.setPosixFilePermissions(settings.tokenFile(), PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> new VaultClient(settings, ONCE))
                .hasMessageContaining("is accessible to others than its owner; expected mode 0600");
        Files.delete(settings.tokenFile());
        assertThatThrownBy(() -> new VaultClient(settings, ONCE))
                .hasMessageContaining("cannot be read: NoSuchFileException");
    }

    // ---- answers

    @ParameterizedTest
    @ValueSource(ints = {408, 412, 429, 500, 502, 503, 504})
    void passingFailureIsTriedAgainAndThenAnIoException(int status) {
        server.answer(status, "{\"errors\":[\"MARKER\"]}");
        assertThatThrownBy(() -> client(THREE_TIMES).get("secret/data/a"))
                .isInstanceOf(IOException.class)
                .hasMessage("Vault: GET secret/data/a: HTTP status " + status + ", after 3 attempts");
        assertThat(server.requests()).hasSize(3);
    }

    @Test
    void deniedSealedAndUnknownAnswersAreNotTriedAgain() {
        server.answer(403, "{\"errors\":[\"MARKER\"]}");
        assertRefused(VaultException.Reason.DENIED, "Vault: GET secret/data/a: denied (HTTP status 403)");
        server.answer(503, "{\"errors\":[\"Vault is sealed\"]}");
        assertRefused(VaultException.Reason.SEALED, "Vault: GET secret/data/a: the server is sealed; unseal it");
        server.answer(418, "{\"errors\":[\"MARKER\"]}");
        assertRefused(VaultException.Reason.UNUSABLE, "Vault: GET secret/data/a: unexpected HTTP status 418");
        assertThat(server.requests()).hasSize(3);
    }

    @Test
    void notFoundOfAProxyIsNoAnswerOfVault() {
        server.answer(404, "<html>MARKER</html>");
        assertThatThrownBy(() -> client(ONCE).get("secret/data/a"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the answer with HTTP status 404 is not JSON at byte")
                .hasMessageNotContaining("MARKER");
        server.answer(404, "{\"message\":\"MARKER\"}");
        assertThatThrownBy(() -> client(ONCE).get("secret/data/a")).hasMessageContaining("not an answer of Vault");
    }

    @Test
    void answerThatIsNotJsonIsNotQuoted() {
        server.answer(200, "{\"data\":{\"password\":MARKER}}");
        assertThatThrownBy(() -> client(ONCE).get("secret/data/a"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the answer with HTTP status 200 is not JSON at byte")
                .hasMessageNotContaining("MARKER")
                .hasNoCause();
    }

    @Test
    void answerOverTheLimitIsCutOff() {
        server.answer(200, "{\"data\":\"" + "x".repeat(VaultClient.MAX_RESPONSE_BYTES) + "\"}");
        assertThatThrownBy(() -> client(ONCE).get("secret/data/a"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the answer has more than 41943040 bytes");
    }

    @Test
    void silentServerIsBoundedInTime() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            URI address = URI.create("http://localhost:" + silent.getLocalPort());
            VaultClient client = new VaultClient(
                    settings(address, dir, 2, "secret"), new Patience(1, Duration.ZERO, Duration.ofMillis(200)));
            assertThatThrownBy(() -> client.get("secret/data/a"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("HttpTimeoutException");
        }
    }

    @Test
    void bodyThatStallsIsBoundedInTime() throws IOException {
        try (LoopbackHttp stalling = new LoopbackHttp(
                new ServerSocket(0, 1, InetAddress.getLoopbackAddress()),
                request -> new LoopbackHttp.Response(200, "Transfer-Encoding: chunked\r\nX-", new byte[0]))) {
            VaultClient client = new VaultClient(
                    settings(URI.create("http://localhost:" + stalling.port()), dir, 2, "secret"),
                    new Patience(1, Duration.ZERO, Duration.ofMillis(200)));
            assertThatThrownBy(() -> client.get("secret/data/a"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("after 1 attempts");
        }
    }

    /** A server that sends the headers and a part of the body, and then what the rest writes. */
    private static final class SlowBody implements AutoCloseable {
        private final ServerSocket socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch closed = new CountDownLatch(1);

        private interface Rest {
            void write(Socket connection) throws IOException;
        }

        SlowBody(Rest rest) throws IOException {
            Thread thread = new Thread(() -> serve(rest), "slow-body");
            thread.setDaemon(true);
            thread.start();
        }

        private void serve(Rest rest) {
            try (Socket connection = socket.accept()) {
                connection
                        .getOutputStream()
                        .write("HTTP/1.1 200 x\r\nContent-Length: 1000000\r\n\r\n{"
                                .getBytes(StandardCharsets.US_ASCII));
                begun.countDown();
                rest.write(connection);
            } catch (IOException e) {
                // The client closed the connection.
            } finally {
                closed.countDown();
            }
        }

        VaultClient client(Path dir, Duration timeout) throws IOException {
            URI address = URI.create("http://localhost:" + socket.getLocalPort());
            return new VaultClient(settings(address, dir, 2, "secret"), new Patience(1, Duration.ZERO, timeout));
        }

        /** Reads until the client closes the connection. */
        static void nothing(Socket connection) throws IOException {
            connection.getInputStream().transferTo(OutputStream.nullOutputStream());
        }

        static void aByteNowAndThen(Socket connection) throws IOException {
            while (true) {
                connection.getOutputStream().write(' ');
                LockSupport.parkNanos(10_000_000);
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private void assertBodyIsBounded(SlowBody.Rest rest) throws Exception {
        try (SlowBody server = new SlowBody(rest)) {
            VaultClient client = server.client(dir, Duration.ofMillis(500));
            assertThatThrownBy(() -> client.get("secret/data/a"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("the body of the answer did not end within 500 ms, after 1 attempts");
            assertThat(server.closed.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void bodyThatStopsInItsMiddleIsBoundedInTime() throws Exception {
        assertBodyIsBounded(SlowBody::nothing);
    }

    @Test
    void bodyOfAByteNowAndThenIsBoundedInTime() throws Exception {
        assertBodyIsBounded(SlowBody::aByteNowAndThen);
    }

    @Test
    void interruptionEndsTheWaitForABodyAndClosesTheConnection() throws Exception {
        try (SlowBody server = new SlowBody(SlowBody::nothing)) {
            VaultClient client = server.client(dir, Duration.ofHours(1));
            Thread reader = Thread.currentThread();
            Thread interrupting = new Thread(() -> {
                try {
                    server.begun.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                reader.interrupt();
            });
            interrupting.start();
            assertThatThrownBy(() -> client.get("secret/data/a"))
                    .isInstanceOf(InterruptedIOException.class)
                    .hasMessage("interrupted while waiting for Vault");
            assertThat(Thread.interrupted()).isTrue();
            assertThat(server.closed.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void callerThatIsInterruptedDoesNotWaitForAnotherAttempt() {
        server.answer(500, "{}");
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> client(new Patience(5, Duration.ofHours(1), Duration.ofSeconds(20)))
                        .get("secret/data/a"))
                .isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void absentServerIsAnIoException() throws IOException {
        VaultSettings closedPort = settings(URI.create("http://localhost:1"), dir, 2, "secret");
        assertThatThrownBy(() -> new VaultClient(closedPort, ONCE).get("secret/data/a"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Vault: GET secret/data/a: ConnectException");
    }

    // ---- redirects

    @Test
    void redirectToAnotherHostIsRefusedAndGetsNoToken() throws IOException {
        try (VaultServer other = VaultServer.start().mount("secret", 2)) {
            server.redirect(307, other.address() + "/v1/secret/data/a");
            assertRefused(
                    VaultException.Reason.UNUSABLE,
                    "redirected to " + other.address() + ", which is not followed with a token");
            assertThat(other.requests()).isEmpty();
        }
    }

    @Test
    void redirectThatChangesTheMethodIsRefused() {
        server.redirect(302, "/v1/secret/data/b");
        assertRefused(VaultException.Reason.UNUSABLE, "which is not followed with a token");
    }

    @Test
    void redirectToTheSameHostIsFollowedThreeTimes() {
        server.redirect(307, "/v1/secret/data/a");
        assertRefused(VaultException.Reason.UNUSABLE, "more than 3 redirects");
        assertThat(server.requests()).hasSize(4);
    }

    // ---- TLS

    private Path keyStore(String host) throws IOException, InterruptedException {
        Path store = dir.resolve("keys-" + host + ".p12");
        keytool(
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + host,
                "-ext",
                "san=dns:" + host,
                "-keystore",
                store.toString(),
                "-storepass",
                "changeit");
        keytool(
                "-exportcert",
                "-rfc",
                "-alias",
                "server",
                "-keystore",
                store.toString(),
                "-storepass",
                "changeit",
                "-file",
                store + ".pem");
        return store;
    }

    private void keytool(String... arguments) throws IOException, InterruptedException {
        List<String> command = new java.util.ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(dir.resolve("keytool.log").toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    private static SSLContext tls(Path store) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, "changeit".toCharArray());
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(keys, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(factory.getKeyManagers(), null, null);
        return context;
    }

    private VaultSettings tlsSettings(VaultServer tlsServer, Optional<Path> certificates) throws IOException {
        VaultSettings plain = settings(tlsServer.address(), dir, 2, "secret");
        return new VaultSettings(plain.address(), plain.tokenFile(), certificates, Optional.empty(), plain.paths(), 2);
    }

    @Test
    void ownAuthorityIsTrustedAndOthersAreNot() throws Exception {
        Path store = keyStore("localhost");
        try (VaultServer tls = VaultServer.start(tls(store)).mount("secret", 2)) {
            put(tls, "secret/data/a", "{\"x\":\"1\"}");
            Optional<Path> own = Optional.of(Path.of(store + ".pem"));
            assertThat(new VaultClient(tlsSettings(tls, own), ONCE)
                            .get("secret/data/a")
                            .status())
                    .isEqualTo(200);
            assertThatThrownBy(
                            () -> new VaultClient(tlsSettings(tls, Optional.empty()), THREE_TIMES).get("secret/data/a"))
                    .isInstanceOf(VaultException.class)
                    .hasMessageContaining("the server's certificate is not trusted");
        }
    }

    @Test
    void certificateOfAnotherHostIsRefused() throws Exception {
        Path store = keyStore("vault.example");
        try (VaultServer tls = VaultServer.start(tls(store)).mount("secret", 2)) {
            assertThatThrownBy(() -> new VaultClient(tlsSettings(tls, Optional.of(Path.of(store + ".pem"))), ONCE)
                            .get("secret/data/a"))
                    .isInstanceOf(VaultException.class)
                    .hasMessageContaining("the server's certificate is not trusted");
            assertThat(tls.requests()).isEmpty();
        }
    }

    @Test
    void fileWithoutCertificatesIsRefused() throws IOException {
        Path file = Files.writeString(dir.resolve("empty.pem"), "");
        assertThatThrownBy(() -> new VaultClient(tlsSettings(server, Optional.of(file)), ONCE))
                .isInstanceOf(VaultException.class)
                .hasMessageContaining("empty.pem contains no certificate");
        Files.writeString(file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assertThatThrownBy(() -> new VaultClient(tlsSettings(server, Optional.of(file)), ONCE))
                .isInstanceOf(VaultException.class)
                .hasMessageContaining("empty.pem cannot be read");
    }

    // ---- secrets

    @Test
    void textOfAValueIsNotItsContent() throws IOException {
        JsonValue.Obj obj = JsonValue.parse("{\"a\":[\"MARKER\",1]}".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThat(obj.toString() + obj.array("a") + new VaultClient.Answer(200, obj))
                .doesNotContain("MARKER");
    }
}
