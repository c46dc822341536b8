package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalException;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveComparison;
import io.veloz.wal.archive.ArchiveComparison.Relation;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The log in the engine's directory, as it is before a recovery. It is only read. It belongs to one thread. */
final class LocalLog {
    private final EngineSettings engine;
    private final LogLocks locks;

    /**
     * Creates the log.
     *
     * @param locks of the recovery: a lock that it holds is no sign of a writer
     */
    LocalLog(EngineSettings engine, LogLocks locks) {
        this.engine = engine;
        this.locks = locks;
    }

    /**
     * The state of the log.
     *
     * @param relation to the archive; DIVERGED also if damage prevents the comparison
     * @param damage empty if no acknowledged record is damaged or missing
     */
    record State(Relation relation, Optional<String> damage) {
        /** Returns whether the log may have records that are not archived. */
        boolean mayHaveMore() {
            return relation == Relation.AHEAD || relation == Relation.DIVERGED;
        }
    }

    Path directory() {
        return engine.logDirectory();
    }

    boolean exists() {
        return Files.exists(directory(), LinkOption.NOFOLLOW_LINKS);
    }

    private LogFiles files() throws IOException {
        return LogFiles.of(locks.open(directory()), engine.logPrefix());
    }

    private ReadOptions options() throws IOException {
        LogFiles files = files();
        return ReadOptions.of(files.storage()).prefix(files.prefix());
    }

    /**
     * Reports what the next open would find.
     *
     * @throws WalException if the log cannot be read
     */
    RecoveryReport inspect() throws IOException {
        return WalRecovery.inspect(options());
    }

    /**
     * Compares the log with the archive.
     *
     * @throws WalRestoreException if the archive is damaged or cannot be read
     * @throws WalException if the log cannot be read
     */
    State compare(ObjectStore store) throws IOException {
        if (!Files.isDirectory(directory())) {
            return new State(Relation.NO_LOG, Optional.empty());
        }
        Optional<String> damage = damage(inspect());
        try {
            return new State(ArchiveComparison.of(store, files()).relation(), damage);
        } catch (WalRestoreException e) {
            throw e;
        } catch (WalException e) {
            // An inspection does not read the data of sealed segments.
            return new State(Relation.DIVERGED, Optional.of(damage.orElse(String.valueOf(e.getMessage()))));
        }
    }

    /** Returns the files that are damaged; empty if none is. */
    static Optional<String> damage(RecoveryReport report) {
        return report.isSound()
                ? Optional.empty()
                : Optional.of(report.segments().stream()
                        .filter(segment -> !segment.isGood())
                        .map(segment -> segment.file() + ": " + segment.verdict() + " " + segment.detail())
                        .collect(Collectors.joining("; ")));
    }

    /**
     * Compares every record that this log and another one have. Damaged records are skipped.
     *
     * @throws RecoveryException LOG_DIVERGED if one differs
     */
    void requireSameRecords(ReadOptions other) throws IOException {
        long otherFirst = Math.max(1, WalRecovery.inspect(other).firstSequence());
        try (WalReader mine = WalReader.open(options().salvage())) {
            if (!mine.next()) {
                return;
            }
            try (WalReader theirs = WalReader.open(other.fromSequence(Math.max(otherFirst, mine.sequence())))) {
                boolean more = theirs.next();
                while (more) {
                    if (mine.sequence() < theirs.sequence()) {
                        more = mine.next();
                    } else if (mine.sequence() > theirs.sequence()) {
                        more = theirs.next();
                    } else {
                        requireSame(mine, theirs);
                        more = mine.next() && theirs.next();
                    }
                }
            }
        }
    }

    private void requireSame(WalReader mine, WalReader theirs) {
        boolean same = mine.type() == theirs.type()
                && mine.timestampNanos() == theirs.timestampNanos()
                && mine.groupContinues() == theirs.groupContinues()
                && mine.payload().equals(theirs.payload());
        if (!same) {
            throw new RecoveryException(
                    Reason.LOG_DIVERGED,
                    "the log in " + directory() + " and the archive have different records from " + mine.sequence()
                            + " on: decide which are valid. If it is the archive, discard the local log explicitly (it"
                            + " is set aside)");
        }
    }

    /** Copies the files of the log into a new directory. Returns when they are durable. */
    void copyTo(Path target) throws IOException {
        LogFiles log = files();
        Files.createDirectory(target);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory())) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (log.isOwn(name) && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    Path copied = target.resolve(name);
                    Files.copy(file, copied);
                    try (FileChannel channel = FileChannel.open(copied, StandardOpenOption.WRITE)) {
                        channel.force(true);
                    }
                }
            }
        }
        StateDirectory.force(target);
    }

    /** Returns size and time of each file of the log. */
    Map<String, String> sizesAndTimes() throws IOException {
        Map<String, String> found = new TreeMap<>();
        if (Files.isDirectory(directory())) {
            LogFiles log = files();
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory())) {
                for (Path file : entries) {
                    String name = file.getFileName().toString();
                    if (log.isOwn(name)) {
                        found.put(name, Files.size(file) + " " + Files.getLastModifiedTime(file));
                    }
                }
            }
        }
        return found;
    }
}
