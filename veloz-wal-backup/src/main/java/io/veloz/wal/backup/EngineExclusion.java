package io.veloz.wal.backup;

import io.veloz.wal.backup.internal.place.Places;
import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.recovery.Engine;
import io.veloz.wal.backup.internal.recovery.LogLocks;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Excludes the engine while a recovery replaces its files: it must be down, and cannot open its log until this is closed. Does
 * nothing if the profile has no engine. It belongs to one thread.
 */
final class EngineExclusion implements Closeable {
    private final Profile profile;
    private final RecoveryOptions options;
    private final LogLocks locks;

    EngineExclusion(Profile profile, RecoveryOptions options) {
        this.profile = profile;
        this.options = options;
        this.locks = new LogLocks(profile.engine());
    }

    LogLocks locks() {
        return locks;
    }

    /**
     * Begins before anything is staged. Nothing is written into the directory of a log that is not replaced.
     *
     * @throws RecoveryException ENGINE_RUNS
     */
    void begin() throws IOException {
        begin(options.logUri().isPresent());
    }

    private void begin(boolean replacesLog) throws IOException {
        if (profile.engine().isEmpty()) {
            return;
        }
        EngineSettings engine = profile.engine().get();
        new Engine(engine, profile.stateDirectory()).requireDown(options.knowsEngineDown());
        if (replacesLog) {
            locks.add(engine.logDirectory());
        } else {
            locks.addIfLockable(engine.logDirectory());
        }
    }

    /** Begins, or continues, before a switch or a rollback: it also covers the other names that the log has meanwhile. */
    void begin(SwitchJournal journal) throws IOException {
        if (profile.engine().isEmpty()) {
            return;
        }
        boolean replacesLog = WrittenSince.replacedLog(journal, profile.engine().get());
        begin(replacesLog);
        if (replacesLog) {
            Path directory = profile.engine().get().logDirectory();
            long point = JournalFacts.of(journal).point();
            locks.add(Places.stagingOf(directory, point));
            locks.add(Places.keptOf(directory, point));
        }
    }

    @Override
    public void close() throws IOException {
        locks.close();
    }
}
