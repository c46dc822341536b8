package io.veloz.wal;

import io.veloz.wal.internal.recovery.Analysis;
import io.veloz.wal.internal.replay.DurableLimit;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a log that another thread or process may write, open or trim meanwhile. Files are renamed and deleted between the
 * listing and the look, so a finding that may come from that is not believed, and the log is looked at again.
 */
final class BesideWriter {
    /** So often a finding that comes again is doubted while a writer lives. */
    private static final int LOOKS = 20;

    /** So often a directory may change during a look before that is an error. */
    private static final int CHANGES = 1_000;

    private static final long BETWEEN_LOOKS_NANOS = 5_000_000;

    private BesideWriter() {}

    /** What the directory holds. */
    @FunctionalInterface
    interface Look {
        /** Reads it, as it is while a writer has the log open, or while none has. */
        Analysis at(boolean live) throws IOException;
    }

    /** What is made of it. */
    @FunctionalInterface
    interface Use<T> {
        T of(Analysis analysis) throws IOException;
    }

    /**
     * Returns what is made of the first look that finds no problem, or of one whose problem stays.
     *
     * @throws IOException if the log cannot be read, or changes during every look
     * @throws WalTrimmedException if a trim overtakes the use of every look
     */
    static <T> T look(Storage storage, DurableLimit.WriterProbe writer, Look look, Use<T> use) throws IOException {
        int looks = 0;
        for (int changes = 0; ; ) {
            List<String> before = names(storage);
            boolean live = writer.lives();
            @Nullable Analysis doubtful = null;
            @Nullable Exception failure = null;
            try {
                Analysis analysis = look.at(live);
                if (analysis.problem(storage.describe()) == null) {
                    return use.of(analysis);
                }
                doubtful = analysis;
            } catch (IOException | WalTrimmedException e) {
                failure = e;
            }
            // A writer may have come and gone during the look. It leaves other names then.
            if (!before.equals(names(storage))) {
                if (++changes == CHANGES) {
                    throw new IOException("files changed during each of " + CHANGES + " looks", failure);
                }
            } else if (++looks == LOOKS || (!live && !writer.lives())) {
                return conclude(doubtful, failure, use);
            }
            LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
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
