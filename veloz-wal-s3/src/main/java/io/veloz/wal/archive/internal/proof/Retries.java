package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.crypt.MissingKeyException;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Retries read-only requests with exponential backoff. Thread-safe. */
public final class Retries {
    /** Limit of the attempts of one request. */
    public static final int ATTEMPTS = 7;

    /** Limit of the attempts if the object is damaged: the store is available then, and fewer suffice. */
    private static final int DAMAGED_ATTEMPTS = 3;

    private final Pause pause;

    /** Waits between two attempts. */
    @FunctionalInterface
    public interface Pause {
        void before(int attempt);
    }

    /** A request. */
    @FunctionalInterface
    public interface Request<T> {
        T send() throws IOException;
    }

    public Retries(Pause pause) {
        this.pause = pause;
    }

    /** Returns a policy with exponential backoff and full jitter, some 6 s in total. */
    public static Retries withBackoff() {
        return new Retries(attempt -> {
            long end = System.nanoTime() + Backoff.nanosAfter(ThreadLocalRandom.current(), attempt);
            for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        });
    }

    /** Returns the same policy, but its delays end when the caller is stopped. The signal is raised then. */
    public static Retries untilStopped(Signal signal, BooleanSupplier isStopped) {
        return new Retries(
                attempt -> signal.await(isStopped, Backoff.nanosAfter(ThreadLocalRandom.current(), attempt)));
    }

    /**
     * Returns the result of the first successful attempt.
     *
     * @throws IOException the last failure, if no attempt succeeded
     */
    public <T> T call(Request<T> request) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return request.send();
            } catch (IOException e) {
                if (!isTemporary(e) || attempt >= (e instanceof BadObjectException ? DAMAGED_ATTEMPTS : ATTEMPTS)) {
                    throw e;
                }
            }
            pause.before(attempt);
        }
    }

    private static boolean isTemporary(IOException e) {
        return e instanceof StoreUnavailableException
                || !(e instanceof StoreException || e instanceof MissingKeyException);
    }
}
