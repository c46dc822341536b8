package io.veloz.wal.ops;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.ArchiveTakeOver;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Prevents two {@code ship} processes from fencing each other repeatedly: a lock on a file in the log's directory, which
 * also stores the epoch that the last {@code ship} of this directory acquired. Not thread-safe.
 *
 * <p>The archive is safe without it, because the epoch fences the earlier writer. But if a second {@code ship} is started by
 * mistake, or by a supervisor that restarts a fenced one, it should be refused instead of taking over. So an archive that
 * another writer has written within {@link #RECENT} is taken over only with {@code --take-over}, or if a recovery has recorded
 * that this directory takes it over.
 */
final class ShipLock implements AutoCloseable {
    /** A writer that wrote to the archive within this time may be running. */
    static final Duration RECENT = Duration.ofMinutes(2);

    private static final int MOST_BYTES = 4096;

    private final String uri;
    private final @Nullable FileChannel file;

    private ShipLock(String uri, @Nullable FileChannel file) {
        this.uri = uri;
        this.file = file;
    }

    /** Throws a {@link CommandFailure} if another process ships this directory. */
    static ShipLock acquire(Path directory, String prefix, String uri) {
        Path path = directory.resolve(prefix + ".ship");
        FileChannel file;
        try {
            file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "cannot write to " + path + ": " + e + "; `ship` writes two small files in the log's directory");
        }
        try {
            FileLock lock = file.tryLock();
            if (lock == null) {
                throw alreadyRunning(path);
            }
            return new ShipLock(uri, file);
        } catch (OverlappingFileLockException e) {
            closeQuietly(file);
            throw alreadyRunning(path);
        } catch (CommandFailure e) {
            closeQuietly(file);
            throw e;
        } catch (IOException e) {
            // The file system does not support locks.
            closeQuietly(file);
            return new ShipLock(uri, null);
        }
    }

    private static CommandFailure alreadyRunning(Path path) {
        return new CommandFailure(
                ExitCode.REFUSED, "another `ship` runs on this directory (it has locked " + path + "); stop it first");
    }

    /** Throws a {@link CommandFailure} if another writer wrote to the archive within {@link #RECENT}. */
    void requireNoOtherWriter(ObjectStore store, LogFiles log) {
        ArchiveStatus archive;
        try {
            archive = ArchiveStatus.of(store);
        } catch (WalRestoreException e) {
            // There is no archive yet, or it is damaged, or the store cannot be reached: the shipper handles each case.
            return;
        }
        Duration silent = Duration.between(archive.lastWritten(), Instant.now());
        boolean isOurs = archive.epoch() == lastEpoch() || archive.epoch() == permitted(store, log);
        if (archive.epoch() == 0 || isOurs || silent.compareTo(RECENT) > 0) {
            return;
        }
        throw new CommandFailure(
                ExitCode.REFUSED,
                "the writer of epoch " + archive.epoch() + " on host " + archive.host() + " wrote to "
                        + archive.archive() + " " + Math.max(0, silent.toSeconds())
                        + " s ago and may be running; stop it, or fence it with --take-over " + archive.epoch());
    }

    private static long permitted(ObjectStore store, LogFiles log) {
        try {
            return ArchiveTakeOver.permitted(store, log);
        } catch (IOException e) {
            // The shipper reads it again, and reports why it cannot.
            return 0;
        }
    }

    /** Returns the epoch that the last {@code ship} of this directory acquired in this archive; 0 if unknown. */
    private long lastEpoch() {
        FileChannel open = file;
        if (open == null) {
            return 0;
        }
        try {
            ByteBuffer bytes = ByteBuffer.allocate(MOST_BYTES);
            open.read(bytes, 0);
            String[] lines = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8).split("\n", -1);
            return lines.length > 2 && lines[0].equals(uri) ? Long.parseLong(lines[1]) : 0;
        } catch (IOException | NumberFormatException e) {
            // Unknown: a take-over then requires the option.
            return 0;
        }
    }

    /** Stores an epoch. If a crash interrupts the write, the epoch is unknown. */
    void acquired(long epoch) {
        FileChannel open = file;
        if (open == null) {
            return;
        }
        try {
            open.truncate(0);
            open.write(ByteBuffer.wrap((uri + "\n" + epoch + "\n").getBytes(StandardCharsets.UTF_8)), 0);
        } catch (IOException e) {
            // The next start within RECENT requires the option.
            closeQuietly(open);
        }
    }

    private static void closeQuietly(FileChannel file) {
        try {
            file.close();
        } catch (IOException e) {
            // The content is not needed for correctness.
            return;
        }
    }

    @Override
    public void close() {
        if (file != null) {
            closeQuietly(file);
        }
    }
}
