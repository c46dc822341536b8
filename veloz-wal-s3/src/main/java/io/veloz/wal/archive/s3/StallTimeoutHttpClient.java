package io.veloz.wal.archive.s3;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.utils.AttributeMap;

/**
 * An HTTP client that aborts a request with a body when the connection accepts no data for too long. A timeout for the whole
 * request is unsuitable: a large segment on a slow connection takes longer than any timeout that detects a dead connection
 * early. Thread-safe.
 *
 * <p>Only the time between two reads of the body counts. While the body is read, the sender waits for the disk or for a
 * bandwidth limit. The time from the last byte to the start of the response counts as well.
 */
final class StallTimeoutHttpClient implements SdkHttpClient {
    private static final long KEEP_ALIVE_SECONDS = 10;

    private final SdkHttpClient client;
    private final Duration timeout;
    private final ScheduledThreadPoolExecutor watchdog;

    private StallTimeoutHttpClient(SdkHttpClient client, Duration timeout) {
        this.client = client;
        this.timeout = timeout;
        this.watchdog = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "veloz-wal-s3-stall-timeout");
            thread.setDaemon(true);
            return thread;
        });
        // No thread while no request is sent.
        watchdog.setKeepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS);
        watchdog.allowCoreThreadTimeOut(true);
        watchdog.setRemoveOnCancelPolicy(true);
    }

    /** Returns a builder of the same client with a stall timeout. */
    static SdkHttpClient.Builder<?> builder(SdkHttpClient.Builder<?> builder, Duration timeout) {
        return new Builder(builder, timeout);
    }

    private record Builder(SdkHttpClient.Builder<?> builder, Duration timeout)
            implements SdkHttpClient.Builder<Builder> {
        @Override
        public SdkHttpClient buildWithDefaults(AttributeMap defaults) {
            return new StallTimeoutHttpClient(builder.buildWithDefaults(defaults), timeout);
        }
    }

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
        ContentStreamProvider body = request.contentStreamProvider().orElse(null);
        return body == null ? client.prepareRequest(request) : new Upload(request, body);
    }

    @Override
    public String clientName() {
        return client.clientName();
    }

    @Override
    public void close() {
        watchdog.shutdownNow();
        client.close();
    }

    private final class Upload implements ExecutableHttpRequest, Runnable {
        private final ExecutableHttpRequest request;

        // Written by the sending thread, read by the watchdog.
        private volatile long lastReadNanos = System.nanoTime();
        private volatile boolean isReading;

        /** Written by the watchdog. */
        private volatile boolean isStalled;

        Upload(HttpExecuteRequest plain, ContentStreamProvider body) {
            request = client.prepareRequest(HttpExecuteRequest.builder()
                    .request(plain.httpRequest())
                    .metricCollector(plain.metricCollector().orElse(null))
                    .contentStreamProvider(() -> observed(body.newStream()))
                    .build());
        }

        @Override
        public HttpExecuteResponse call() throws IOException {
            lastReadNanos = System.nanoTime();
            long period = Math.max(1, timeout.toNanos() / 4);
            var check = watchdog.scheduleWithFixedDelay(this, period, period, TimeUnit.NANOSECONDS);
            try {
                return request.call();
            } catch (IOException | RuntimeException e) {
                if (isStalled) {
                    SocketTimeoutException stalled = new SocketTimeoutException(
                            "the connection accepted no data for " + timeout.toSeconds() + " s");
                    stalled.initCause(e);
                    throw stalled;
                }
                throw e;
            } finally {
                check.cancel(false);
            }
        }

        @Override
        public void abort() {
            request.abort();
        }

        /** Aborts the request if the connection has stalled. */
        @Override
        public void run() {
            if (!isReading && System.nanoTime() - lastReadNanos >= timeout.toNanos()) {
                isStalled = true;
                request.abort();
            }
        }

        InputStream observed(InputStream body) {
            return new FilterInputStream(body) {
                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                }

                @Override
                public int read(byte[] target, int offset, int length) throws IOException {
                    isReading = true;
                    try {
                        return super.read(target, offset, length);
                    } finally {
                        // Order matters: a watchdog that observes isReading as false also observes the new time.
                        lastReadNanos = System.nanoTime();
                        isReading = false;
                    }
                }
            };
        }
    }
}
