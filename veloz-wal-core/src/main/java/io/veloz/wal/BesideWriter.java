package io.veloz.wal;

import io.veloz.wal.internal.replay.DurableLimit;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Looking at a log that somebody may be writing, or opening, meanwhile: files get other names between the list and the
 * look, so what is gone, or looks wrong, is looked at again.
 */
final class BesideWriter {
    private static final int LOOKS = 20;
    private static final long BETWEEN_LOOKS_NANOS = 5_000_000;

    private BesideWriter() {}

    /** One look. */
    @FunctionalInterface
    interface Look<T> {
        /** Null to have another look. The last one has to say something. */
        @Nullable
        T at(boolean live, boolean last) throws IOException;
    }

    static <T> T look(DurableLimit.WriterProbe writer, Look<T> look) throws IOException {
        for (int attempt = 1; ; attempt++) {
            boolean live = writer.lives();
            boolean last = attempt == LOOKS;
            try {
                @Nullable T found = look.at(live, last || !live);
                if (found != null) {
                    return found;
                }
            } catch (NoSuchFileException e) {
                if (last) {
                    throw e;
                }
            } catch (IOException e) {
                if (last || !live) {
                    throw e;
                }
            }
            LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
        }
    }
}
