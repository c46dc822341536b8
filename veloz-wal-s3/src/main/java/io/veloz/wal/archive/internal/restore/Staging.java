package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.DirectoryState;
import io.veloz.wal.archive.internal.format.FollowState;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The target directory, its lock, and the staging directory inside it in which the log is assembled. Everything is in the
 * file system of the target, so a mount point works as a target, and the target itself is never renamed.
 * {@link Publication} moves the staged log into the target. It belongs to one thread.
 *
 * <pre>
 *   wal/orders.lock             the lock of the log: locked from the comparison to the end
 *   wal/.orders_restoring       the log does not open: from the claim of a free target, or from the first move, to the last
 *   wal/.restore/log-id         the id of the restored log: .restore belongs to a restore, and can be reused and deleted
 *   wal/.restore/log/           the log
 *   wal/.restore/copy/          a new log with the requested records, if not all are requested
 *   wal/.restore/copied         the copy is complete: its log id, and the requested point
 *   wal/.restore/moves          the journal: the staged log is complete, and its files are being moved
 *   wal/before-restore-1/       the log that was in the target before
 * </pre>
 *
 * <p>Crash table. A crash releases the lock.
 *
 * <pre>
 *   crash after                         the target       the next restore
 *   target, lock created                is free          starts
 *   .orders_restoring (free target)     does not open    starts
 *   .restore created, or log-id         does not open    continues in it (a log in the target still opens)
 *   files of the log                    does not open    keeps files whose SHA-256 matches, and parts (a log in the target opens)
 *   copied                              does not open    makes the copy again
 *   .orders_restoring (log in target)   does not open    deletes it: nothing has been moved
 *   moves, "out"                        does not open    completes the moves before anything else
 *   some files moved out                does not open    the same: every log file in the target is an old one
 *   moves, "in"                         does not open    the same: no old file is left
 *   some files moved in                 does not open    the same: files that are no longer staged have been moved
 *   .orders_restoring deleted           opens            finds nothing staged, and deletes the journal
 *   moves deleted                       opens            finds the log complete, and deletes .restore
 * </pre>
 *
 * <p>Order matters: .orders_restoring is durable before the journal. With the journal alone an engine could open the old log
 * and acknowledge records, and the next restore would move them away.
 */
final class Staging implements AutoCloseable {
    static final String LOG = "log";
    static final String COPY = "copy";

    /** The journal of {@link Publication}. */
    static final String MOVES = "moves";

    /** Prefix of the directories for the previous log. */
    static final String BEFORE_RESTORE = "before-restore-";

    private static final String NAME = ".restore";
    private static final String LOG_ID = "log-id";
    private static final String COPIED = "copied";

    private final Path target;
    private final Path staging;
    private final Directories directories;
    private String prefix = "";
    private @Nullable Storage storage;
    private @Nullable LogFiles files;
    private @Nullable StorageLock lock;
    private @Nullable Ownership ownership;

    Staging(Path directory, Directories directories) {
        this.target = directory.toAbsolutePath().normalize();
        if (target.getFileName() == null) {
            throw new WalRestoreException(
                    Reason.TARGET_UNUSABLE, target + " is the root of a file system; expected a new directory", null);
        }
        this.staging = target.resolve(NAME);
        this.directories = directories;
    }

    Path target() {
        return target;
    }

    String prefix() {
        return prefix;
    }

    Path path(String name) {
        return staging.resolve(name);
    }

    Path log() {
        return path(LOG);
    }

    Path copy() {
        return path(COPY);
    }

    Storage open() throws IOException {
        return directories.open(staging);
    }

    /** Returns the storage of the locked target. */
    Storage storage() {
        return Objects.requireNonNull(storage, "not locked");
    }

    /** Returns the log files of the locked target. */
    LogFiles files() {
        return Objects.requireNonNull(files, "not locked");
    }

    Ownership ownership() {
        return Objects.requireNonNull(ownership, "not locked");
    }

    Optional<String> ownershipNote() {
        return ownership == null ? Optional.empty() : ownership.note();
    }

    // ---- the target

    /** Returns whether the target does not exist, or contains only files of the file system or of an earlier restore. */
    boolean isFree(String logPrefix) throws IOException {
        if (!Files.exists(target)) {
            return true;
        }
        if (!Files.isDirectory(target)) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY, target + " is a file; restore into another directory", null);
        }
        LogFiles names = LogFiles.of(DiskStorage.open(target), logPrefix);
        try (Stream<Path> entries = Files.list(target)) {
            return entries.allMatch(entry -> isIgnored(entry, names));
        }
    }

    private static boolean isIgnored(Path entry, LogFiles names) {
        String name = entry.getFileName().toString();
        return name.equals(NAME)
                || name.equals("lost+found")
                || name.equals(names.lockName())
                || name.startsWith(names.restoreMarkName())
                || name.startsWith(DirectoryState.namesBegin(names.prefix()))
                || (name.startsWith(BEFORE_RESTORE) && Files.isDirectory(entry));
    }

    /** Returns the free space in the file system of the target, in bytes. */
    long usableBytes() throws IOException {
        Path existing = target;
        for (Path up = target.getParent(); up != null && !Files.exists(existing); up = up.getParent()) {
            existing = up;
        }
        return Files.getFileStore(existing).getUsableSpace();
    }

    /** Returns the size of the files that an earlier attempt has fetched, in bytes. */
    long stagedBytes() throws IOException {
        long bytes = 0;
        for (Path file : regularFiles(log())) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    /**
     * Locks the target, and creates it if it does not exist. Until {@link #close} no engine and no other restore can use it.
     * Does nothing if it is locked already.
     *
     * @throws io.veloz.wal.WalLockedException if a process has the log open, or restores into the target
     */
    void lock(String logPrefix) throws IOException {
        if (lock != null) {
            return;
        }
        prefix = logPrefix;
        if (!Files.exists(target)) {
            DiskStorage.createOrOpen(target.resolveSibling(".").normalize());
            Ownership.createDirectory(target);
        }
        storage = new LockedStorage(directories.open(target));
        files = LogFiles.of(storage, prefix);
        lock = files.lock();
        ownership = new Ownership(target);
        ownership.apply(target.resolve(files.lockName()));
        if (storage.exists(FollowState.fileName(prefix))) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    target + " is a standby that follows an archive; promote it, or restore into another directory",
                    null);
        }
        if (read(MOVES).isEmpty() && files.isRestoring() && !isFree(prefix)) {
            // The log in the target is unchanged: no file is moved without a journal.
            files.endRestore();
        }
    }

    void checkLock() throws IOException {
        @Nullable String lost = Objects.requireNonNull(lock, "not locked").lostBecause();
        if (lost != null) {
            throw new IOException(lost);
        }
    }

    @Override
    public void close() throws IOException {
        if (lock != null) {
            lock.close();
            lock = null;
        }
    }

    // ---- the staging directory

    /** Claims the staging directory for the restore of a log, or checks that it is claimed for it. */
    void claim(String logId) throws IOException {
        Optional<String> found = read(LOG_ID);
        if (found.isEmpty() && !isUnused()) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY, staging + " does not belong to a restore; remove it first", null);
        }
        if (found.isPresent() && !found.get().equals(logId)) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    staging + " is left from a restore of log " + found.get() + "; remove it first",
                    null);
        }
        if (isFree(prefix) && !files().isRestoring()) {
            files().beginRestore();
        }
        if (found.isEmpty()) {
            if (!Files.exists(staging)) {
                directories.beforeChange("create staging");
                Ownership.createDirectory(staging);
            }
            write(LOG_ID, logId);
        }
    }

    private boolean isUnused() throws IOException {
        return regularFiles(staging).stream()
                .allMatch(file -> file.getFileName().toString().startsWith("." + LOG_ID));
    }

    Optional<String> read(String name) throws IOException {
        Path file = path(name);
        return Files.exists(file) ? Optional.of(Files.readString(file, StandardCharsets.UTF_8)) : Optional.empty();
    }

    /** Replaces a file of the staging directory atomically. Returns when it is durable. */
    void write(String name, String text) throws IOException {
        AtomicFile.replace(open(), name, "." + name, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Deletes the copy of an earlier attempt. */
    void clearCopy() throws IOException {
        directories.beforeChange("clear copy");
        delete(copy());
        delete(path(COPY + ".partial"));
    }

    /** Records that the copy is complete: the next attempt recognizes it by its log id and the requested point. */
    void markCopied(String logId, String point) throws IOException {
        write(COPIED, logId + " " + point);
    }

    /** Returns whether an earlier attempt has made and published this copy. */
    boolean isCopied(String logId, String point) throws IOException {
        return read(COPIED).filter(done -> done.equals(logId + " " + point)).isPresent();
    }

    /** Returns the regular files of a directory; none if it does not exist. */
    static List<Path> regularFiles(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return new ArrayList<>();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return new ArrayList<>(files.filter(Files::isRegularFile).toList());
        }
    }

    /** Deletes the staging directory, if it belongs to a restore. */
    void clear() throws IOException {
        if (read(LOG_ID).isPresent()) {
            directories.beforeChange("clear");
            // The log id last: a directory without it is not deleted.
            delete(log());
            delete(copy());
            delete(path(COPY + ".partial"));
            for (String name : List.of("." + MOVES, MOVES, "." + COPIED, COPIED, "." + LOG_ID, LOG_ID)) {
                Files.deleteIfExists(path(name));
            }
            Files.deleteIfExists(staging);
        }
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        for (Path file : regularFiles(directory)) {
            Files.delete(file);
        }
        Files.delete(directory);
    }
}
