package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreDeniedException;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Certificates of a private CA, and proxies, configured with the variables of the AWS tools. */
@Timeout(60)
class S3NetworkTest {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final String EMPTY_LIST =
            "<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated></ListBucketResult>";

    @TempDir
    static Path dir;

    private static S3Settings.Builder settings(String endpoint) {
        return S3Settings.builder().endpoint(endpoint).region("us-east-1").credentials(() -> S3ProxyServer.CREDENTIALS);
    }

    private static ObjectStore store(String endpoint, Map<String, String> environment) {
        return new S3Store(URI.create("s3://bucket/p"), settings(endpoint).build(), environment::get);
    }

    // ---- certificates

    private static void keytool(List<String> store, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(store);
        Path out = dir.resolve("keytool.out");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertThat(process.onExit().join().exitValue())
                .as(Files.readString(out))
                .isZero();
    }

    /** Starts a server with a self-signed certificate, and writes that certificate to ca.pem. */
    private static HttpsServer tlsServer(String names) throws Exception {
        Path keys = Files.createTempDirectory(dir, "keys").resolve("keys.p12");
        List<String> store = List.of("-keystore", keys.toString(), "-storepass", new String(PASSWORD), "-alias", "a");
        keytool(store, "-genkeypair", "-keyalg", "EC", "-dname", "CN=store", "-ext", "san=" + names);
        keytool(store, "-exportcert", "-rfc", "-file", pem().toString());
        KeyStore loaded = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keys)) {
            loaded.load(in, PASSWORD);
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(loaded, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            byte[] body = EMPTY_LIST.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
        return server;
    }

    private static Path pem() {
        return dir.resolve("ca.pem");
    }

    private static String address(HttpsServer server) {
        return "https://127.0.0.1:" + server.getAddress().getPort();
    }

    @Test
    void privateCaIsTrustedByVariableOrSetting() throws Exception {
        HttpsServer server = tlsServer("ip:127.0.0.1");
        try (ObjectStore store = store(address(server), Map.of("AWS_CA_BUNDLE", pem().toString()));
                ObjectStore set = new S3Store(
                        URI.create("s3://bucket/p"),
                        settings(address(server)).caBundle(pem().toString()).build(),
                        Map.of("AWS_CA_BUNDLE", "/not/this/one")::get)) {
            assertThat(store.list("", "")).isEmpty();
            assertThat(set.list("", "")).isEmpty();
        } finally {
            server.stop(0);
        }
    }

    @Test
    void untrustedCaIsDeniedWithTheNextStep() throws Exception {
        HttpsServer server = tlsServer("ip:127.0.0.1");
        try (ObjectStore store = store(address(server), Map.of())) {
            assertThatThrownBy(() -> store.list("", ""))
                    .isInstanceOf(StoreDeniedException.class)
                    .hasMessageContaining("PKIX")
                    .hasMessageContaining("AWS_CA_BUNDLE");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void hostNameMismatchIsDenied() throws Exception {
        HttpsServer server = tlsServer("dns:other.example");
        try (ObjectStore store = store(address(server), Map.of("AWS_CA_BUNDLE", pem().toString()))) {
            assertThatThrownBy(() -> store.list("", "")).isInstanceOf(StoreDeniedException.class);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void endpointWithoutTlsIsDenied() throws IOException {
        try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Thread server = new Thread(() -> answerInPlainText(plain), "plain");
            server.setDaemon(true);
            server.start();
            try (ObjectStore store = store("https://127.0.0.1:" + plain.getLocalPort(), Map.of())) {
                assertThatThrownBy(() -> store.list("", ""))
                        .isInstanceOf(StoreDeniedException.class)
                        .hasMessageContaining("does not support TLS");
            }
        }
    }

    private static void answerInPlainText(ServerSocket plain) {
        try (Socket client = plain.accept()) {
            client.getInputStream().read();
            client.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            client.getInputStream().readAllBytes();
        } catch (IOException e) {
            // The client closed the connection.
        }
    }

    @Test
    void invalidBundleIsRejectedByName() throws IOException {
        Path empty = Files.writeString(dir.resolve("empty.pem"), "");
        for (String file : List.of("/not/there.pem", empty.toString())) {
            assertThatThrownBy(() -> store("https://127.0.0.1:1", Map.of("AWS_CA_BUNDLE", file)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("AWS_CA_BUNDLE=" + file)
                    .hasMessageContaining("PEM");
        }
    }

    // ---- proxies

    /** Lists through a proxy whose address has the given form, and returns the requests that the proxy receives. */
    private static List<HttpMessage> throughProxy(String name, String form, String endpoint, String noProxy)
            throws IOException {
        try (FaultProxy proxy = FaultProxy.start(1)) {
            proxy.script(request -> Fault.error(403, "AccessDenied", ""));
            String address =
                    form.replace("HOST", "127.0.0.1:" + proxy.endpoint().getPort());
            try (ObjectStore store = store(endpoint, Map.of(name, address, "NO_PROXY", noProxy))) {
                Throwable failure = catchThrowable(() -> store.list("", ""));
                assertThat(failure).isInstanceOf(StoreException.class);
            }
            return List.copyOf(proxy.requests());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP_PROXY, HOST, http://store.invalid:9000",
        "http_proxy, http://HOST, http://store.invalid:9000",
        "HTTP_PROXY, http://HOST/, http://store.invalid:9000",
        "HTTPS_PROXY, HOST, https://store.invalid:9000",
        "https_proxy, http://HOST, https://store.invalid:9000",
    })
    void proxyIsUsedWithAndWithoutAScheme(String name, String form, String endpoint) throws IOException {
        List<HttpMessage> requests = throughProxy(name, form, endpoint, "other.invalid");
        assertThat(requests).isNotEmpty();
        assertThat(requests.get(0).path()).contains("store.invalid:9000");
    }

    @Test
    void proxyReceivesUserAndPassword() throws IOException {
        List<HttpMessage> requests = throughProxy("HTTP_PROXY", "user:p%40ss@HOST", "http://store.invalid:9000", "");
        assertThat(requests.get(0).header("proxy-authorization")).isEqualTo("Basic dXNlcjpwQHNz");
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "store.invalid", "invalid", ".invalid", "*.invalid", "a.b, STORE.invalid:9000"})
    void hostsOfNoProxyAreReachedDirectly(String noProxy) throws IOException {
        assertThat(throughProxy("HTTP_PROXY", "HOST", "http://store.invalid:9000", noProxy))
                .isEmpty();
    }

    @Test
    void proxyOfTheOtherSchemeIsNotUsed() throws IOException {
        assertThat(throughProxy("HTTPS_PROXY", "HOST", "http://store.invalid:9000", ""))
                .isEmpty();
    }

    @Test
    void invalidProxyIsRejectedWithoutItsPassword() {
        for (String proxy : List.of("socks5://u:pAsSwOrD@host:1", "http://u:pAsSwOrD@", "u:pAsSwOrD^@host")) {
            assertThatThrownBy(() -> store("http://store.invalid", Map.of("HTTP_PROXY", proxy)))
                    .as(proxy)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("HTTP_PROXY")
                    .message()
                    .doesNotContain("pAsSwOrD");
        }
    }

    @Test
    void proxyThatRequiresAPasswordIsReported() throws IOException {
        try (FaultProxy proxy = FaultProxy.start(1)) {
            proxy.script(request -> Fault.error(407, "", ""));
            try (ObjectStore store = store(
                    "https://store.invalid:9000",
                    Map.of("HTTPS_PROXY", "127.0.0.1:" + proxy.endpoint().getPort()))) {
                assertThatThrownBy(() -> store.list("", ""))
                        .isInstanceOf(StoreDeniedException.class)
                        .hasMessageContaining("407")
                        .hasMessageContaining("HTTPS_PROXY");
            }
        }
    }

    @Test
    void storeThatRefusesConnectionsIsUnavailable() {
        try (ObjectStore store = store("http://127.0.0.1:1", Map.of())) {
            assertThatThrownBy(() -> store.list("", "")).isInstanceOf(StoreUnavailableException.class);
        }
    }
}
