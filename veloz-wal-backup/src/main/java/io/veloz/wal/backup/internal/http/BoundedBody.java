package io.veloz.wal.backup.internal.http;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response, bounded in size, and in time from the headers to its end: a server that sends a byte now and then
 * does not extend it. The request's timeout ends at the headers. What was received of a body that failed is wiped.
 */
public final class BoundedBody implements BodySubscriber<byte[]> {
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private final WipedBuffer bytes = new WipedBuffer();
    private final int maxBytes;
    private final Duration timeout;
    private Flow.@Nullable Subscription subscription;

    public BoundedBody(int maxBytes, Duration timeout) {
        this.maxBytes = maxBytes;
        this.timeout = timeout;
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return body;
    }

    /** The timer runs on a thread of the JDK, and ends with the body. */
    @Override
    public synchronized void onSubscribe(Flow.Subscription opened) {
        subscription = opened;
        CompletableFuture<byte[]> timer = body.copy().orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS);
        var unused = timer.whenComplete((result, failure) ->
                fail(new IOException("the body of the answer did not end within " + timeout.toMillis() + " ms")));
        opened.request(Long.MAX_VALUE);
    }

    @Override
    public synchronized void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            if (body.isDone()) {
                return;
            }
            if (buffer.remaining() > maxBytes - bytes.size()) {
                fail(new IOException("the answer has more than " + maxBytes + " bytes"));
                return;
            }
            byte[] part = new byte[buffer.remaining()];
            buffer.get(part);
            bytes.write(part, 0, part.length);
        }
    }

    /** Does nothing if the body is complete. */
    private synchronized void fail(Throwable failure) {
        if (body.isDone()) {
            return;
        }
        bytes.wipe();
        Flow.Subscription open = subscription;
        if (open != null) {
            open.cancel();
        }
        body.completeExceptionally(failure);
    }

    @Override
    public void onError(Throwable failure) {
        fail(failure);
    }

    @Override
    public synchronized void onComplete() {
        byte[] whole = bytes.toByteArray();
        bytes.wipe();
        if (!body.complete(whole)) {
            Arrays.fill(whole, (byte) 0);
        }
    }
}
