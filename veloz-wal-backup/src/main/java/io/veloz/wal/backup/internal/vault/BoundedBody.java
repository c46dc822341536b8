package io.veloz.wal.backup.internal.vault;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response, bounded in size and in time. The request's timeout ends at the headers, so a server that stalls
 * later would block the caller without this bound.
 */
public final class BoundedBody implements BodySubscriber<byte[]> {
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private final JsonValue.WipedBuffer bytes = new JsonValue.WipedBuffer();
    private final int maxBytes;
    private volatile Flow.@Nullable Subscription subscription;

    public BoundedBody(int maxBytes, Duration timeout) {
        this.maxBytes = maxBytes;
        var unused = body.orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS).whenComplete((result, failure) -> {
            Flow.Subscription open = subscription;
            if (failure != null && open != null) {
                open.cancel();
            }
        });
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return body;
    }

    @Override
    public void onSubscribe(Flow.Subscription opened) {
        subscription = opened;
        opened.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            if (body.isDone()) {
                return;
            }
            if (buffer.remaining() > maxBytes - bytes.size()) {
                bytes.wipe();
                body.completeExceptionally(new IOException("the answer has more than " + maxBytes + " bytes"));
                return;
            }
            byte[] part = new byte[buffer.remaining()];
            buffer.get(part);
            bytes.write(part, 0, part.length);
        }
    }

    @Override
    public void onError(Throwable failure) {
        bytes.wipe();
        body.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
        byte[] whole = bytes.toByteArray();
        bytes.wipe();
        body.complete(whole);
    }
}
