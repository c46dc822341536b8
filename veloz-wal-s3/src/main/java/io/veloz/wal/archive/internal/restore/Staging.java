package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
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
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The target directory, its lock, and the directory inside it in which a log is put together. Everything is in the target's
 * own file system, so a mount point works, and the target itself is never renamed. It belongs to one thread.
 *
 * <pre>
 *   wal/orders.lock             the log's lock: held from the comparison to the end
 *   wal/.orders_restoring       the log does not open: from the claim of a free target, or from the first move, to the last
 *   wal/.restore/log-id         which log is restored: what is in .restore may be used, and removed
 *   wal/.restore/log/           the log
 *   wal/.restore/copy/          a new log of the records that are wanted, if not all are
 *   wal/.restore/copied         the copy is complete: its log id, and what was requested
 *   wal/.restore/moves          the journal: the staged log is complete, and its files are being moved
 *   wal/before-restore-1/       the log that was in the target
 * </pre>
 *
 * <p>Crash table. A cut releases the lock.
 *
 * <pre>
 *   cut after                           the target       the next restore
 *   target, lock created                is free          begins
 *   .orders_restoring (free target)     does not open    begins
 *   .restore created, or log-id         does not open    goes on in it (a log that was in the target: still opens)
 *   files of the log                    does not open    keeps those whose digests match (a log that was there: opens)
 *   copied                              does not open    makes the copy again
 *   .orders_restoring (a log is there)  does not open    removes it: nothing has been moved
 *   moves, "out"                        does not open    completes the moves before anything else
 *   some files moved out                does not open    the same: every file of the log that is left is an old one
 *   moves, "in"                         does not open    the same: no old file is left
 *   some files moved in                 does not open    the same: what is no longer staged has been moved
 *   .orders_restoring removed           opens            finds nothing staged, and removes the journal
 *   moves removed                       opens            finds the log complete, and removes .restore
 * </pre>
 *
 * <p>Order matters: .orders_restoring is on disk before the journal. With the journal alone an engine could open the old log,
 * acknowledge records, and the next restore would move them away.
 */
final class Staging implements AutoCloseable {
    static final String LOG = "log";
    static final String COPY = "copy";

    private static final String NAME = ".restore";
    private static final String KEPT = "before-restore-";
    private static final String LOG_ID = "log-id";
    private static final String MOVES = "moves";
    private static final String COPIED = "copied";

    private final Path target;
    private final Path staging;
    private final Steps steps;
    private String prefix = "";
    private @Nullable Storage storage;
    private @Nullable LogFiles files;
    private @Nullable StorageLock lock;
    private @Nullable Access access;

    /**
     * The journal. It is replaced as a whole.
     *
     * @param out whether files of the old log are still being moved out
     * @param from the directory in .restore whose files are moved in
     * @param kept the directory for the old log; empty if there was none
     */
    private record Moves(String prefix, boolean out, String from, String kept) {
        String text() {
            return String.join("\n", prefix, out ? "out" : "in", from, kept) + "\n";
        }

        static Moves of(String text) {
            String[] lines = text.split("\n", -1);
            return new Moves(lines[0], lines[1].equals("out"), lines[2], lines[3]);
        }
    }

    Staging(Path directory, Steps steps) {
        this.target = directory.toAbsolutePath().normalize();
        if (target.getFileName() == null) {
            throw new WalRestoreException(
                    Reason.TARGET_UNUSABLE, target + " is the root of a file system; expected a new directory", null);
        }
        this.staging = target.resolve(NAME);
        this.steps = steps;
    }

    Path target() {
        return target;
    }

    Path log() {
        return staging.resolve(LOG);
    }

    Path copy() {
        return staging.resolve(COPY);
    }

    /** The target, locked. */
    Storage storage() {
        return Objects.requireNonNull(storage, "not locked");
    }

    private LogFiles files() {
        return Objects.requireNonNull(files, "not locked");
    }

    Optional<String> accessNote() {
        return access == null ? Optional.empty() : access.note();
    }

    // ---- the target

    /** Whether the target does not exist, or holds nothing but what a file system or an earlier restore put there. */
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
            return entries.allMatch(entry -> isNoContent(entry, names));
        }
    }

    private static boolean isNoContent(Path entry, LogFiles names) {
        String name = entry.getFileName().toString();
        return name.equals(NAME)
                || name.equals("lost+found")
                || name.equals(names.lockName())
                || name.startsWith(names.restoreMarkName())
                || (name.startsWith(KEPT) && Files.isDirectory(entry));
    }

    /** Free space in the file system of the target, in bytes. */
    long usableBytes() throws IOException {
        Path existing = target;
        for (Path up = target.getParent(); up != null && !Files.exists(existing); up = up.getParent()) {
            existing = up;
        }
        return Files.getFileStore(existing).getUsableSpace();
    }

    /** What an earlier attempt has fetched, in bytes. */
    long stagedBytes() throws IOException {
        long bytes = 0;
        for (Path file : list(log())) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    /**
     * Locks the target, which is created if it does not exist: until {@link #close} neither an engine nor another restore can
     * use it. Does nothing if it is locked.
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
            Access.createDirectory(target);
        }
        storage = new LockedStorage(steps.open(target));
        files = LogFiles.of(storage, prefix);
        lock = files.lock();
        access = new Access(target);
        access.give(target.resolve(files.lockName()));
        if (moves().isEmpty() && files.isRestoring() && !isFree(prefix)) {
            // The log in the target is as it was: no file has been moved without a journal.
            files.endRestore();
        }
    }

    private void checkLock() throws IOException {
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

    // ---- staging

    /** Makes the staging directory this restore's own, or finds that it is. */
    void claim(String logId) throws IOException {
        Optional<String> found = read(LOG_ID);
        if (found.isEmpty() && !isUnused()) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY, staging + " is not of a restore; remove it first", null);
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
                steps.before("create staging");
                Access.createDirectory(staging);
            }
            write(LOG_ID, logId);
        }
    }

    private boolean isUnused() throws IOException {
        return list(staging).stream()
                .allMatch(file -> file.getFileName().toString().startsWith("." + LOG_ID));
    }

    private Optional<String> read(String name) throws IOException {
        Path file = staging.resolve(name);
        return Files.exists(file) ? Optional.of(Files.readString(file, StandardCharsets.UTF_8)) : Optional.empty();
    }

    private void write(String name, String text) throws IOException {
        AtomicFile.replace(
                steps.open(staging), name, "." + name, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Removes what an earlier attempt has copied. */
    void clearCopy() throws IOException {
        steps.before("clear copy");
        remove(copy());
        remove(staging.resolve(COPY + ".partial"));
    }

    /** Whether an earlier attempt has made and published that very log. */
    boolean isCopied(String logId, String wanted) throws IOException {
        return read(COPIED).filter(done -> done.equals(logId + " " + wanted)).isPresent();
    }

    // ---- publishing

    /** Completes the moves of a restore that was cut, under the lock of the target; does nothing if there are none. */
    void finishMoves() throws IOException {
        Optional<Moves> pending = moves();
        if (pending.isEmpty()) {
            return;
        }
        lock(pending.get().prefix());
        // Once more: until now another restore could complete them.
        pending = moves();
        if (pending.isPresent()) {
            move(pending.get());
            if (pending.get().from().equals(LOG)) {
                clear();
            }
        }
    }

    private Optional<Moves> moves() throws IOException {
        return read(MOVES).map(Moves::of);
    }

    /** Puts the staged log into the target, which is free. Returns when it is on disk and opens. */
    void publish() throws IOException {
        publish(new Moves(prefix, false, LOG, ""));
        clear();
    }

    /** The same for a new log; the next attempt recognizes it by its id and by what was requested. */
    void publishCopy(String logId, String wanted) throws IOException {
        write(COPIED, logId + " " + wanted);
        publish(new Moves(prefix, false, COPY, ""));
        clear();
    }

    /** Puts the staged log in place of the one in the target. Returns the directory in which that one is kept. */
    Path replace() throws IOException {
        int number = 1;
        while (Files.exists(target.resolve(KEPT + number))) {
            number++;
        }
        publish(new Moves(prefix, true, LOG, KEPT + number));
        clear();
        return target.resolve(KEPT + number);
    }

    private void publish(Moves moves) throws IOException {
        checkLock();
        steps.before("set owner and permissions");
        for (Path file : staged(moves)) {
            access().giveFile(file);
        }
        if (!files().isRestoring()) {
            files().beginRestore();
        }
        try {
            write(MOVES, moves.text());
        } catch (IOException e) {
            releaseUnlessMoving(e, moves);
            throw e;
        }
        move(moves);
    }

    /** Lets the old log open again if the journal could not be written, as when the disk is full. */
    private void releaseUnlessMoving(IOException failure, Moves moves) {
        try {
            if (moves.out() && !Files.exists(staging.resolve(MOVES))) {
                files().endRestore();
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private Access access() {
        return Objects.requireNonNull(access, "not locked");
    }

    private void move(Moves moves) throws IOException {
        if (moves.out()) {
            moveOut(target.resolve(moves.kept()));
            write(MOVES, new Moves(moves.prefix(), false, moves.from(), moves.kept()).text());
        }
        for (Path file : staged(moves)) {
            steps.before("move in");
            Files.move(file, target.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        }
        // Also the names that are gone from the staging directory: a file that came back would be moved in once more.
        if (Files.exists(staging.resolve(moves.from()))) {
            steps.open(staging.resolve(moves.from())).forceDirectory();
        }
        files().endRestore();
        steps.before("remove journal");
        Files.delete(staging.resolve(MOVES));
        steps.open(staging).forceDirectory();
    }

    private void moveOut(Path kept) throws IOException {
        if (!Files.exists(kept)) {
            steps.before("create kept directory");
            Access.createDirectory(kept);
        }
        Storage keptStorage = steps.open(kept);
        List<Path> old = list(target);
        old.removeIf(file -> !files().isOwn(name(file)) || name(file).equals(files().restoreMarkName()));
        // The oldest segment first: a reader that looks at the rest misses the beginning, and reports it.
        old.sort(Comparator.comparing((Path file) -> name(file).startsWith(".")).thenComparing(Staging::name));
        for (Path file : old) {
            steps.before("move out");
            Files.move(file, kept.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        }
        keptStorage.forceDirectory();
        storage().forceDirectory();
    }

    /** The staged files in the order in which they are moved in: the oldest segment last, so that no part looks like a log. */
    private List<Path> staged(Moves moves) throws IOException {
        List<Path> staged = list(staging.resolve(moves.from()));
        staged.removeIf(file -> !files().isOwn(name(file)));
        staged.sort(Comparator.comparing((Path file) -> !name(file).startsWith("."))
                .thenComparing(Staging::name, Comparator.reverseOrder()));
        return staged;
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }

    private static List<Path> list(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return new ArrayList<>();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return new ArrayList<>(files.filter(Files::isRegularFile).toList());
        }
    }

    /** Removes the staging directory, if it is of a restore. */
    void clear() throws IOException {
        if (read(LOG_ID).isPresent()) {
            steps.before("clear");
            // The log id last: a directory without one is not removed.
            remove(log());
            remove(copy());
            remove(staging.resolve(COPY + ".partial"));
            for (String name : List.of("." + MOVES, MOVES, "." + COPIED, COPIED, "." + LOG_ID, LOG_ID)) {
                Files.deleteIfExists(staging.resolve(name));
            }
            Files.deleteIfExists(staging);
        }
    }

    private static void remove(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        for (Path file : list(directory)) {
            Files.delete(file);
        }
        Files.delete(directory);
    }
}
