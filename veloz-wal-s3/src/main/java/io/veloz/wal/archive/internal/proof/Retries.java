package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/** Asks a store again when that may help. Only for what changes nothing. Any thread may call any method. */
public final class Retries {
    /** At one request, before it counts as failed. */
    public static final int ATTEMPTS = 7;

    /** What came over damaged came from a store that answers: so often will do. */
    private static final int READS = 3;

    private final Pause pause;

    /** How long to wait. */
    @FunctionalInterface
    public interface Pause {
        void before(int attempt);
    }

    /** A request. */
    @FunctionalInterface
    public interface Request<T> {
        T ask() throws IOException;
    }

    public Retries(Pause pause) {
        this.pause = pause;
    }

    /** Twice as long each time, with full jitter: some 6 s in all. */
    public static Retries withBackoff() {
        return new Retries(attempt -> {
            long end = System.nanoTime() + Backoff.nanosAfter(ThreadLocalRandom.current(), attempt);
            for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        });
    }

    /**
     * Returns the first answer there is.
     *
     * @throws IOException the last failure, if there was none
     */
    public <T> T call(Request<T> request) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return request.ask();
            } catch (IOException e) {
                if (!mayPass(e) || attempt >= (e instanceof BadObjectException ? READS : ATTEMPTS)) {
                    throw e;
                }
            }
            pause.before(attempt);
        }
    }

    private static boolean mayPass(IOException e) {
        return e instanceof StoreUnavailableException || !(e instanceof StoreException);
    }
}
