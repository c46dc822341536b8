package io.veloz.wal.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * A future that its completing thread must not wait for, because the wait would never end. Such a wait throws {@link
 * IllegalStateException} immediately, also on a future that was derived from this one.
 */
public class CallbackFuture<T> extends CompletableFuture<T> {
    private final BooleanSupplier onCallbackThread;

    /**
     * The future that the callback thread completes. Once it is done, any thread may complete the futures derived
     * from it.
     */
    private final CallbackFuture<?> source;

    /**
     * @param onCallbackThread returns whether the current thread is the one that completes this future
     */
    public CallbackFuture(BooleanSupplier onCallbackThread) {
        this.onCallbackThread = onCallbackThread;
        this.source = this;
    }

    private CallbackFuture(CallbackFuture<?> source) {
        this.onCallbackThread = source.onCallbackThread;
        this.source = source;
    }

    private void rejectWaitOnCallbackThread() {
        if (!isDone() && !source.isDone() && onCallbackThread.getAsBoolean()) {
            throw new IllegalStateException(
                    "a callback waits for the future of an append, which completes only after the"
                            + " callback has returned; use thenCompose or another thread");
        }
    }

    @Override
    public T join() {
        rejectWaitOnCallbackThread();
        return super.join();
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        rejectWaitOnCallbackThread();
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        rejectWaitOnCallbackThread();
        return super.get(timeout, unit);
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new CallbackFuture<>(source);
    }
}
