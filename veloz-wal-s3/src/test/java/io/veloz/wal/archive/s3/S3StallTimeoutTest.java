package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/** Timeouts: a slow transfer continues, a stalled one is aborted. */
@Timeout(60)
class S3StallTimeoutTest {
    private static final Duration LIMIT = Duration.ofSeconds(2);
    private static final int SLICES = 30;

    private final CountDownLatch closed = new CountDownLatch(1);
    private ServerSocket listener;

    /** The behaviour of the server on one connection. */
    private interface Script {
        void serve(InputStream in, Socket client) throws Exception;
    }

    @BeforeEach
    void listen() throws IOException {
        listener = new ServerSocket();
        // Small, so that the body does not fit into the socket buffers.
        listener.setReceiveBufferSize(64 * 1024);
        listener.bind(new java.net.InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
    }

    @AfterEach
    void close() throws IOException {
        closed.countDown();
        listener.close();
    }

    private ObjectStore serving(Script script) {
        Thread server = new Thread(() -> {
            while (closed.getCount() > 0) {
                try (Socket client = listener.accept()) {
                    script.serve(new BufferedInputStream(client.getInputStream()), client);
                } catch (Exception e) {
                    // The client closed the connection, or the test has ended.
                }
            }
        });
        server.setDaemon(true);
        server.start();
        URI endpoint = URI.create("http://127.0.0.1:" + listener.getLocalPort());
        return new S3Store(
                URI.create("s3://bucket/prefix"),
                S3ProxyServer.settings(endpoint).attemptTimeout(LIMIT).build());
    }

    private static void answer(Socket client, String head, String body) throws IOException {
        String text = "HTTP/1.1 200 OK\r\n" + head + "Content-Length: " + body.length() + "\r\n\r\n" + body;
        client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        client.getOutputStream().flush();
    }

    private void pause(long millis) throws InterruptedException {
        assertThat(closed.await(millis, TimeUnit.MILLISECONDS)).isFalse();
    }

    @Test
    void putThatTakesLongerThanTheTimeoutAndNeverStallsSucceeds() throws IOException {
        byte[] bytes = new byte[8_000_000];
        try (ObjectStore store = serving((in, client) -> {
            HttpMessage head = HttpMessage.readHead(in);
            int left = Integer.parseInt(head.header("content-length"));
            for (int slice = left / SLICES + 1; left > 0; left -= slice) {
                in.readNBytes(Math.min(slice, left));
                pause(100);
            }
            answer(client, "ETag: \"1\"\r\n", "");
        })) {
            long started = System.nanoTime();
            assertThat(store.putIfAbsent("a", ObjectContent.of(bytes))).isTrue();
            assertThat(System.nanoTime() - started).isGreaterThan(LIMIT.toNanos());
        }
    }

    @Test
    void putThatStallsIsUnavailable() throws IOException {
        try (ObjectStore store = serving((in, client) -> {
            HttpMessage.readHead(in);
            in.readNBytes(100_000);
            closed.await();
        })) {
            assertThatThrownBy(() -> store.putIfAbsent("a", ObjectContent.of(new byte[20_000_000])))
                    .isInstanceOf(StoreUnavailableException.class);
        }
    }

    @Test
    void slowContentIsNotAStall() throws IOException {
        byte[] bytes = new byte[1000];
        ObjectContent content = ObjectContent.of(bytes);
        ObjectContent slow = new ObjectContent() {
            @Override
            public long length() {
                return content.length();
            }

            @Override
            public String sha256() {
                return content.sha256();
            }

            @Override
            public InputStream open() {
                return new FilterInputStream(new ByteArrayInputStream(bytes)) {
                    @Override
                    public int read(byte[] target, int offset, int length) throws IOException {
                        try {
                            pause(available() == bytes.length ? 3000 : 1);
                        } catch (InterruptedException e) {
                            throw new IOException(e);
                        }
                        return super.read(target, offset, length);
                    }
                };
            }
        };
        try (ObjectStore store = serving((in, client) -> {
            HttpMessage.readHead(in).withBody(in);
            answer(client, "ETag: \"1\"\r\n", "");
        })) {
            assertThat(store.putIfAbsent("a", slow)).isTrue();
        }
    }

    @Test
    void listWhosePagesDoNotAdvanceIsAnError() throws IOException {
        for (String contents : List.of(
                "",
                "<Contents><Key>prefix/not a key</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                        + "<ETag>\"1\"</ETag><Size>1</Size></Contents>")) {
            String page = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>bucket</Name>"
                    + "<IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken>" + contents
                    + "</ListBucketResult>";
            try (ObjectStore store = serving((in, client) -> {
                while (HttpMessage.readHead(in) != null) {
                    answer(client, "Content-Type: application/xml\r\n", page);
                }
            })) {
                assertThatThrownBy(() -> store.list("", ""))
                        .isInstanceOf(StoreUnavailableException.class)
                        .hasMessageContaining("do not advance");
            }
            listener.close();
            listen();
        }
    }

    @Test
    void bodyOfOneBytePerSecondIsAnError() {
        long[] nanos = {0};
        try (S3ObjectStream slow = stream(100_000, () -> nanos[0] += 1_000_000_000L / 2)) {
            assertThatThrownBy(() -> {
                        while (slow.read() >= 0) {
                            // Until the transfer rate is too low.
                        }
                    })
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("1024 bytes a second");
            assertThat(nanos[0]).isLessThan(Duration.ofMinutes(2).toNanos());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void slowReaderIsNotAnError() throws IOException {
        long[] nanos = {0};
        try (S3ObjectStream stream = stream(1000, () -> nanos[0])) {
            for (int i = 0; i < 1000; i++) {
                nanos[0] += Duration.ofMinutes(1).toNanos();
                assertThat(stream.read()).isNotNegative();
            }
            assertThat(stream.read()).isNegative();
        }
    }

    private static S3ObjectStream stream(int length, java.util.function.LongSupplier nanoTime) {
        ResponseInputStream<GetObjectResponse> body = new ResponseInputStream<>(
                GetObjectResponse.builder().build(),
                AbortableInputStream.create(new ByteArrayInputStream(new byte[length])));
        return new S3ObjectStream(body, "object", length, nanoTime);
    }
}
