package io.veloz.wal.archive.s3;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** S3Mock on a free local port. Available with the Maven profile s3mock only. Thread-safe. */
public final class S3MockServer implements AutoCloseable {
    public static final String BUCKET = "veloz-archive";

    private final ServerProcess process;
    private final int port;

    private S3MockServer(ServerProcess process, int port) {
        this.process = process;
        this.port = port;
    }

    /** Starts a server with an empty bucket, and its objects below a directory. */
    public static S3MockServer start(Path directory) throws IOException, InterruptedException {
        int port = ServerProcess.freePort();
        ServerProcess process = ServerProcess.start(
                directory.resolve("s3mock.log"),
                "",
                List.of(
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        Path.of("target/s3mock/s3mock.jar").toAbsolutePath().toString(),
                        "--com.adobe.testing.s3mock.http-port=" + port,
                        "--server.port=" + ServerProcess.freePort(),
                        "--com.adobe.testing.s3mock.store.root="
                                + Files.createDirectories(directory.resolve("objects"))));
        S3MockServer server = new S3MockServer(process, port);
        process.awaitResponse(server.endpoint(), 180);
        server.createBucket();
        return server;
    }

    private void createBucket() throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) endpoint().resolve("/" + BUCKET).toURL().openConnection(java.net.Proxy.NO_PROXY);
        connection.setRequestMethod("PUT");
        int status = connection.getResponseCode();
        if (status != 200) {
            throw new IOException("bucket was not created: status " + status);
        }
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + port);
    }

    @Override
    public void close() throws IOException {
        process.close();
    }
}
