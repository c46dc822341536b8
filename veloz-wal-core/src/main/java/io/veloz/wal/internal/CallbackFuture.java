package io.veloz.wal.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * A future that one thread completes, and that this thread must not wait for: it would wait for itself. Such a wait throws
 * {@link IllegalStateException} at once, also on a future that was derived from it.
 */
public class CallbackFuture<T> extends CompletableFuture<T> {
    private final BooleanSupplier onCallbackThread;

    /** The future that the callback thread completes. Once it is done, any thread may complete those derived from it. */
    private final CallbackFuture<?> source;

    /**
     * @param onCallbackThread whether the caller is the thread that completes this future
     */
    public CallbackFuture(BooleanSupplier onCallbackThread) {
        this.onCallbackThread = onCallbackThread;
        this.source = this;
    }

    private CallbackFuture(CallbackFuture<?> source) {
        this.onCallbackThread = source.onCallbackThread;
        this.source = source;
    }

    private void refuseWaitingForItself() {
        if (!isDone() && !source.isDone() && onCallbackThread.getAsBoolean()) {
            throw new IllegalStateException(
                    "a callback waits for the future of an append, which completes only after the"
                            + " callback has returned; use thenCompose or another thread");
        }
    }

    @Override
    public T join() {
        refuseWaitingForItself();
        return super.join();
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        refuseWaitingForItself();
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        refuseWaitingForItself();
        return super.get(timeout, unit);
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new CallbackFuture<>(source);
    }
}
