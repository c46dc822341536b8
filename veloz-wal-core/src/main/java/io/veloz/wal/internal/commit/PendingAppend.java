package io.veloz.wal.internal.commit;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The future of an append, and the sequence that it completes with: of its record, or of the last one of its group. Made
 * before the sequence is claimed, so that a claim that succeeded needs no more memory.
 *
 * <p>The thread that completes futures must not wait for one: it would wait for itself. Such a wait is an
 * {@link IllegalStateException}, at once; also on what was derived from a future.
 */
public class PendingAppend extends CompletableFuture<Long> {
    private final Notifier notifier;

    /** Set once, before the future is registered. */
    long sequence;

    PendingAppend(Notifier notifier) {
        this.notifier = notifier;
    }

    /** Once it is claimed, and before {@link LogWriter#register}. */
    public void sequence(long claimed) {
        sequence = claimed;
    }

    private void refuseWaitingForItself() {
        if (!isDone() && notifier.isOwnThread()) {
            throw new IllegalStateException(
                    "a callback waits for the future of an append, which completes only after the"
                            + " callback has returned; use thenCompose or another thread");
        }
    }

    @Override
    public Long join() {
        refuseWaitingForItself();
        return super.join();
    }

    @Override
    public Long get() throws InterruptedException, ExecutionException {
        refuseWaitingForItself();
        return super.get();
    }

    @Override
    public Long get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        refuseWaitingForItself();
        return super.get(timeout, unit);
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new Derived<>(this);
    }

    @Override
    public String toString() {
        return "the append of record " + sequence;
    }

    /** What hangs on a future. Once that one is done, any other thread may complete this one, so waiting is allowed. */
    private static final class Derived<T> extends CompletableFuture<T> {
        private final PendingAppend source;

        Derived(PendingAppend source) {
            this.source = source;
        }

        private void refuseWaitingForItself() {
            if (!isDone()) {
                source.refuseWaitingForItself();
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
            return new Derived<>(source);
        }
    }
}
