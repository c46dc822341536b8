package io.veloz.wal.backup;

import io.veloz.wal.backup.internal.metrics.BackupMetrics;
import io.veloz.wal.backup.internal.metrics.BackupMetrics.Metric;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A file of metrics for the textfile collector of Prometheus' node exporter; its name should end with {@code .prom}. Each call
 * adds the result of one run to what earlier runs wrote. Thread-safe, also for several processes.
 *
 * <p>The new content is written to a temporary file in the same directory, forced, and renamed into place, so a reader sees
 * the old or the new file. A lock file in the same directory makes two jobs that end at once follow each other. After a crash
 * the temporary file remains until the next call, which replaces it; the collector does not read it.
 *
 * <p>A file that this class did not write, or that is damaged, is replaced: each call returns a finding if so. The values of
 * earlier runs are lost then, which is visible as absent series.
 */
public final class BackupMetricsFile {
    private static final int MAX_BYTES = 1024 * 1024;
    private static final Duration LOCK_PATIENCE = Duration.ofSeconds(10);
    private static final Duration LOCK_POLL = Duration.ofMillis(10);
    private static final Object IN_THIS_PROCESS = new Object();

    private final Path file;
    private final Clock clock;

    /** Creates an object for a file, which may not exist yet. Its directory must. */
    public BackupMetricsFile(Path file) {
        this(file, Clock.systemUTC());
    }

    BackupMetricsFile(Path file, Clock clock) {
        this.file = file.toAbsolutePath().normalize();
        this.clock = clock;
    }

    // ---- records

    /**
     * Records a backup that ended successfully. A kind that was read and found unchanged counts as successful.
     *
     * @return findings
     * @throws IOException if the file cannot be written; the old one is unchanged
     */
    public List<String> recordSuccess(BackupReport report) throws IOException {
        return update(metrics -> {
            Set<Kind> kinds = EnumSet.noneOf(Kind.class);
            kinds.addAll(report.stored());
            kinds.addAll(report.unchanged());
            for (Kind kind : kinds) {
                metrics.set(Metric.LAST_SUCCESS, kind.label(), now());
                metrics.set(Metric.LAST_ATTEMPT, kind.label(), now());
                metrics.set(Metric.DURATION, kind.label(), report.took().toMillis());
            }
            report.point().ifPresent(point -> setPoint(metrics, point));
            if (report.keyExpiry().isPresent()) {
                metrics.set(Metric.KEY_EXPIRY, report.keyExpiry().get().toEpochMilli());
            } else {
                metrics.remove(Metric.KEY_EXPIRY);
            }
        });
    }

    private static void setPoint(BackupMetrics metrics, RecoveryPoint point) {
        metrics.set(Metric.POINTS, point.number() * 1000);
        metrics.set(Metric.POINT_TIMESTAMP, point.made().toEpochMilli());
        for (Attachment attachment : point.attachments()) {
            metrics.set(Metric.BYTES, attachment.kind().label(), attachment.storedBytes() * 1000);
        }
    }

    /**
     * Records a backup that failed.
     *
     * @param kinds that it was to read
     * @param reason up to 64 lower-case letters and underscores, such as {@code key_unusable}; one of few values
     * @return findings
     * @throws IOException if the file cannot be written; the old one is unchanged
     */
    public List<String> recordFailure(Set<Kind> kinds, String reason) throws IOException {
        return update(metrics -> {
            for (Kind kind : kinds) {
                metrics.set(Metric.LAST_ATTEMPT, kind.label(), now());
                metrics.countFailure(kind.label(), reason);
            }
        });
    }

    /**
     * Records a drill that passed. One that did not is not recorded: the alert is on the age of the last one that did.
     *
     * @return findings
     * @throws IOException if the file cannot be written; the old one is unchanged
     */
    public List<String> recordDrill(Instant passed) throws IOException {
        return update(metrics -> metrics.set(Metric.DRILL, passed.toEpochMilli()));
    }

    private long now() {
        return clock.instant().toEpochMilli();
    }

    // ---- the file

    private List<String> update(Consumer<BackupMetrics> change) throws IOException {
        // A lock of a file excludes other processes only.
        synchronized (IN_THIS_PROCESS) {
            try (FileChannel lockFile = FileChannel.open(
                            sibling(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                    FileLock lock = lock(lockFile)) {
                Read before = read();
                change.accept(before.metrics());
                long made = before.metrics().get(Metric.POINT_TIMESTAMP);
                if (made >= 0) {
                    before.metrics().set(Metric.POINT_AGE, Math.max(0, now() - made));
                }
                replace(before.metrics().text());
                return before.finding().map(List::of).orElse(List.of());
            }
        }
    }

    private FileLock lock(FileChannel lockFile) throws IOException {
        long begin = System.nanoTime();
        while (true) {
            FileLock lock = lockFile.tryLock();
            if (lock != null) {
                return lock;
            }
            if (System.nanoTime() - begin >= LOCK_PATIENCE.toNanos()) {
                throw new IOException(file + ": another process has its lock file for " + LOCK_PATIENCE.toSeconds() + " s");
            }
            LockSupport.parkNanos(this, LOCK_POLL.toNanos());
        }
    }

    private record Read(BackupMetrics metrics, Optional<String> finding) {}

    private Read read() throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (NoSuchFileException e) {
            return new Read(new BackupMetrics(), Optional.empty());
        }
        try {
            if (bytes.length > MAX_BYTES) {
                throw new IllegalArgumentException("has more than " + MAX_BYTES + " bytes");
            }
            return new Read(BackupMetrics.parse(new String(bytes, StandardCharsets.UTF_8)), Optional.empty());
        } catch (IllegalArgumentException e) {
            return new Read(
                    new BackupMetrics(),
                    Optional.of(file + " was not written by this tool, or is damaged (" + e.getMessage()
                            + "): it was replaced, and the values of earlier runs are lost"));
        }
    }

    private void replace(String text) throws IOException {
        Path temporary = sibling(".tmp");
        Files.deleteIfExists(temporary);
        try (FileChannel channel = FileChannel.open(
                temporary,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")))) {
            // The umask of a backup job withholds the file from the collector, which runs as another user.
            Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-r--r--"));
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel directory = FileChannel.open(directory(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    private Path directory() {
        Path directory = file.getParent();
        if (directory == null) {
            throw new IllegalArgumentException(file + ": expected a file in a directory");
        }
        return directory;
    }

    /** A hidden file in the same directory, which the collector does not read. */
    private Path sibling(String suffix) {
        return directory().resolve("." + file.getFileName() + suffix);
    }
}
