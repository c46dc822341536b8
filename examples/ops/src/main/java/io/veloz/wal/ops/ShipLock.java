package io.veloz.wal.ops;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.store.ObjectStore;
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
 * Keeps two {@code ship} processes from fencing each other in turn. It is a lock on a file in the log's directory, which
 * also remembers the epoch that the last {@code ship} of this directory acquired. For one thread.
 *
 * <p>The archive itself is safe without it: the epoch fences the earlier writer. But who starts a second one by mistake, or
 * by a supervisor that restarts what was fenced, wants a refusal and not a take-over. So another writer's archive that was
 * written within {@link #RECENT} is taken over only on demand. Where the directory cannot be written there is no memory of
 * an epoch, and a restart within that time has to be asked for as well.
 */
final class ShipLock implements AutoCloseable {
    /** A writer that was seen within this time may be alive. */
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
            // A read-only directory can be shipped.
            return new ShipLock(uri, null);
        }
        try {
            FileLock lock = file.tryLock();
            if (lock == null) {
                throw refused(path);
            }
            return new ShipLock(uri, file);
        } catch (OverlappingFileLockException e) {
            closeQuietly(file);
            throw refused(path);
        } catch (CommandFailure e) {
            closeQuietly(file);
            throw e;
        } catch (IOException e) {
            // A file system without locks.
            closeQuietly(file);
            return new ShipLock(uri, null);
        }
    }

    private static CommandFailure refused(Path path) {
        return new CommandFailure(
                ExitCode.REFUSED, "another `ship` runs on this directory (it holds " + path + "); stop that one first");
    }

    /** Throws a {@link CommandFailure} if another writer has written the archive a moment ago. */
    void requireNoOtherWriter(ObjectStore store) {
        ArchiveStatus archive;
        try {
            archive = ArchiveStatus.of(store);
        } catch (WalRestoreException e) {
            // There is no archive yet, or the store does not answer, or it is damaged: the shipper deals with each.
            return;
        }
        Duration silent = Duration.between(archive.lastWritten(), Instant.now());
        if (archive.epoch() == 0 || archive.epoch() == lastEpoch() || silent.compareTo(RECENT) > 0) {
            return;
        }
        throw new CommandFailure(
                ExitCode.REFUSED,
                "the writer of epoch " + archive.epoch() + " on host " + archive.host() + " wrote to "
                        + archive.archive() + " " + Math.max(0, silent.toSeconds())
                        + " s ago and may be alive; stop it, or fence it with --take-over");
    }

    /** The epoch that the last {@code ship} of this directory acquired in this archive; 0 if it is not known. */
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
            // Not known: then a take-over has to be asked for.
            return 0;
        }
    }

    /** Remembers an epoch. What a crash leaves half written counts as not known. */
    void acquired(long epoch) {
        FileChannel open = file;
        if (open == null) {
            return;
        }
        try {
            open.truncate(0);
            open.write(ByteBuffer.wrap((uri + "\n" + epoch + "\n").getBytes(StandardCharsets.UTF_8)), 0);
        } catch (IOException e) {
            // The next start within RECENT has to ask for the take-over.
            closeQuietly(open);
        }
    }

    private static void closeQuietly(FileChannel file) {
        try {
            file.close();
        } catch (IOException e) {
            // Nothing in it decides anything.
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
