package io.veloz.wal.internal.replay;

import io.veloz.wal.WalTrimmedException;
import io.veloz.wal.internal.recovery.Analysis;
import io.veloz.wal.internal.recovery.NameChangedException;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The inspection of a log that another thread or process may write, open or trim at the same time. Files may be renamed
 * or deleted between the listing and the reading of the directory. A finding that this may have caused is not trusted,
 * and the inspection is repeated.
 */
public final class ConcurrentInspection {
    /** The number of inspections that must report a finding before it is trusted while a writer is open. */
    private static final int ATTEMPTS = 20;

    /** The number of inspections during which the directory may change before that is an error. */
    private static final int CHANGES = 1_000;

    private static final long BETWEEN_ATTEMPTS_NANOS = 5_000_000;

    private ConcurrentInspection() {}

    /** Analyses the directory. */
    @FunctionalInterface
    public interface Inspector {
        /**
         * Returns a new analysis.
         *
         * @param live whether a writer may have the log open
         */
        Analysis inspect(boolean live) throws IOException;
    }

    /** Makes a result of an analysis. */
    @FunctionalInterface
    public interface Use<T> {
        T of(Analysis analysis) throws IOException;
    }

    /**
     * Returns the result of the first analysis without a problem, or of one whose problem persists.
     *
     * @throws IOException if the log cannot be read, or changes during every analysis
     * @throws WalTrimmedException if a trim overtakes the use of every analysis
     */
    public static <T> T run(Storage storage, DurableLimit.WriterProbe writer, Inspector inspector, Use<T> use)
            throws IOException {
        int attempts = 0;
        for (int changes = 0; ; ) {
            List<String> before = names(storage);
            boolean live = writer.lives();
            @Nullable Analysis doubtful = null;
            @Nullable Exception failure = null;
            try {
                Analysis analysis = inspector.inspect(live);
                if (analysis.problem(storage.describe()) == null) {
                    return use.of(analysis);
                }
                doubtful = analysis;
            } catch (IOException | WalTrimmedException e) {
                failure = e;
            }
            // A writer may have opened and closed the log during the analysis. Then the names differ.
            if (failure instanceof NameChangedException || !before.equals(names(storage))) {
                if (++changes == CHANGES) {
                    throw new IOException("files changed during each of " + CHANGES + " inspections", failure);
                }
            } else if (failure instanceof WalTrimmedException) {
                // No trim has overtaken this attempt: the record was trimmed before it.
                return conclude(doubtful, failure, use);
            } else if (++attempts == ATTEMPTS || (!live && !writer.lives())) {
                return conclude(doubtful, failure, use);
            }
            LockSupport.parkNanos(BETWEEN_ATTEMPTS_NANOS);
        }
    }

    private static <T> T conclude(@Nullable Analysis doubtful, @Nullable Exception failure, Use<T> use)
            throws IOException {
        if (doubtful != null) {
            return use.of(doubtful);
        } else if (failure instanceof IOException e) {
            throw e;
        } else if (failure instanceof WalTrimmedException e) {
            throw e;
        }
        throw new AssertionError(failure);
    }

    private static List<String> names(Storage storage) throws IOException {
        return storage.list().stream().sorted().toList();
    }
}
