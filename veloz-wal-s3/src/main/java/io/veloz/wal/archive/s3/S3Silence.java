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
 * An HTTP client that ends a request with a body when the network takes nothing for too long. A limit on the whole request
 * would be wrong: a large segment on a slow line takes longer than any limit that finds a dead connection in time. Any
 * thread may use it.
 *
 * <p>Only the time between two reads of the body counts. While the body is read, the sender is waiting for itself: for
 * the disk, or for a bandwidth limit. The time after the last byte, until the answer begins, counts as well.
 */
final class S3Silence implements SdkHttpClient {
    private static final long IDLE_SECONDS = 10;

    private final SdkHttpClient client;
    private final Duration limit;
    private final ScheduledThreadPoolExecutor watch;

    private S3Silence(SdkHttpClient client, Duration limit) {
        this.client = client;
        this.limit = limit;
        this.watch = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "veloz-wal-s3-silence");
            thread.setDaemon(true);
            return thread;
        });
        // No thread while nothing is sent.
        watch.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        watch.allowCoreThreadTimeOut(true);
        watch.setRemoveOnCancelPolicy(true);
    }

    /** The same client with the limit. */
    static SdkHttpClient.Builder<?> limit(SdkHttpClient.Builder<?> builder, Duration limit) {
        return new Builder(builder, limit);
    }

    private record Builder(SdkHttpClient.Builder<?> builder, Duration limit) implements SdkHttpClient.Builder<Builder> {
        @Override
        public SdkHttpClient buildWithDefaults(AttributeMap defaults) {
            return new S3Silence(builder.buildWithDefaults(defaults), limit);
        }
    }

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
        ContentStreamProvider body = request.contentStreamProvider().orElse(null);
        return body == null ? client.prepareRequest(request) : new Sending(request, body);
    }

    @Override
    public String clientName() {
        return client.clientName();
    }

    @Override
    public void close() {
        watch.shutdownNow();
        client.close();
    }

    private final class Sending implements ExecutableHttpRequest, Runnable {
        private final ExecutableHttpRequest request;

        // The sending thread writes, the watching one reads.
        private volatile long since = System.nanoTime();
        private volatile boolean isReading;
        private volatile boolean isSilent;

        Sending(HttpExecuteRequest plain, ContentStreamProvider body) {
            request = client.prepareRequest(HttpExecuteRequest.builder()
                    .request(plain.httpRequest())
                    .metricCollector(plain.metricCollector().orElse(null))
                    .contentStreamProvider(() -> reads(body.newStream()))
                    .build());
        }

        @Override
        public HttpExecuteResponse call() throws IOException {
            since = System.nanoTime();
            long period = Math.max(1, limit.toNanos() / 4);
            var watching = watch.scheduleWithFixedDelay(this, period, period, TimeUnit.NANOSECONDS);
            try {
                return request.call();
            } catch (IOException | RuntimeException e) {
                if (isSilent) {
                    SocketTimeoutException timeout =
                            new SocketTimeoutException("the connection took nothing for " + limit.toSeconds() + " s");
                    timeout.initCause(e);
                    throw timeout;
                }
                throw e;
            } finally {
                watching.cancel(false);
            }
        }

        @Override
        public void abort() {
            request.abort();
        }

        /** Looks whether the network has been silent for too long. */
        @Override
        public void run() {
            if (!isReading && System.nanoTime() - since >= limit.toNanos()) {
                isSilent = true;
                request.abort();
            }
        }

        InputStream reads(InputStream body) {
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
                        // In this order: whoever sees that nothing is read sees since when.
                        since = System.nanoTime();
                        isReading = false;
                    }
                }
            };
        }
    }
}
