package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** S3Proxy on a free local port, with its objects in a directory. Thread-safe. */
public final class S3ProxyServer implements AutoCloseable {
    public static final String BUCKET = "veloz-archive";
    public static final S3Credentials CREDENTIALS = new S3Credentials("test-id", "test-secret-b7Qx", null);

    private static S3ProxyServer shared;

    private final ServerProcess process;
    private final int port;

    private S3ProxyServer(ServerProcess process, int port) {
        this.process = process;
        this.port = port;
    }

    /** The shared server of this JVM. Its bucket is empty at first; tests use separate prefixes. It ends with the JVM. */
    public static synchronized S3ProxyServer shared() throws IOException, InterruptedException {
        if (shared == null) {
            Path directory = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "s3proxy-");
            shared = start(directory, directory.toString());
        }
        return shared;
    }

    /** Starts a separate server. The directory must exist. */
    public static S3ProxyServer start(Path directory) throws IOException, InterruptedException {
        return start(directory, "");
    }

    private static S3ProxyServer start(Path directory, String scratch) throws IOException, InterruptedException {
        int port = ServerProcess.freePort();
        Path objects = Files.createDirectories(directory.resolve("objects").resolve(BUCKET));
        Path properties = directory.resolve("s3proxy.conf");
        Files.writeString(
                properties,
                String.join(
                        "\n",
                        "s3proxy.endpoint=http://127.0.0.1:" + port,
                        "s3proxy.authorization=aws-v2-or-v4",
                        "s3proxy.identity=" + CREDENTIALS.accessKeyId(),
                        "s3proxy.credential=" + CREDENTIALS.secretAccessKey(),
                        "jclouds.provider=filesystem",
                        "jclouds.filesystem.basedir=" + objects.getParent(),
                        ""));
        ServerProcess process = ServerProcess.start(
                directory.resolve("s3proxy.log"),
                scratch,
                List.of(
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx256m",
                        "-jar",
                        jar().toString(),
                        "--properties",
                        properties.toString()));
        S3ProxyServer server = new S3ProxyServer(process, port);
        process.awaitResponse(server.endpoint(), 120);
        return server;
    }

    /** The build copies the jar; other modules set its path. */
    private static Path jar() {
        return Path.of(System.getProperty("s3proxy.jar", "target/s3proxy/s3proxy.jar"))
                .toAbsolutePath();
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + port);
    }

    public int port() {
        return port;
    }

    /** Returns a URI with an unused prefix. */
    public static String newUri() {
        return "s3://" + BUCKET + "/t/" + UUID.randomUUID();
    }

    /** Opens a store in this server. */
    public ObjectStore open(String uri) {
        return open(uri, endpoint());
    }

    /** Opens a store in this server through another address. */
    public static ObjectStore open(String uri, URI endpoint) {
        return new S3Store(URI.create(uri), settings(endpoint).build());
    }

    /** Returns the environment variables for another process that uses this server. */
    public Map<String, String> environment() {
        return Map.of(
                "AWS_ENDPOINT_URL_S3",
                endpoint().toString(),
                "AWS_REGION",
                "us-east-1",
                "AWS_ACCESS_KEY_ID",
                CREDENTIALS.accessKeyId(),
                "AWS_SECRET_ACCESS_KEY",
                CREDENTIALS.secretAccessKey());
    }

    static S3Settings.Builder settings(URI endpoint) {
        return S3Settings.builder()
                .endpoint(endpoint.toString())
                .region("us-east-1")
                .credentials(() -> CREDENTIALS);
    }

    @Override
    public void close() throws IOException {
        process.close();
    }
}
