package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The directory in which a log is put together, beside the one it will have. It belongs to one thread.
 *
 * <pre>
 *   wal.partial/restore     which log it is: what is here may be used, and removed
 *   wal.partial/log/        the log
 *   wal.partial/copy/       a new log of the records that are wanted, if not all are
 *   wal.partial/copied      the copy is whole: its log id, and what was asked for
 *   wal.partial/swap        the log is whole: it takes the place of the old directory, which gets the name in here
 * </pre>
 *
 * <p>Crash table. Until the last rename there is nothing under the name of the target, or the old log:
 *
 * <pre>
 *   wal.partial made, or its mark        the next attempt goes on in it
 *   files of the log                     those that are whole by their digests are kept
 *   copied written                       the copy is made again, or has its name and is done
 *   swap written                         the next attempt ends the swap, before anything else
 *   old directory renamed                as before
 *   log renamed, or its parent forced    done; wal.partial is removed by the next attempt
 * </pre>
 */
final class Workplace {
    private static final String MARK = "restore";
    private static final String SWAP = "swap";
    private static final String COPIED = "copied";

    private final Path target;
    private final Path partial;
    private final Steps steps;

    Workplace(Path directory, Steps steps) {
        this.target = directory.toAbsolutePath().normalize();
        if (target.getFileName() == null) {
            throw new WalRestoreException(
                    Reason.TARGET_UNUSABLE, target + " is the root of a file system; expected a new directory", null);
        }
        this.partial = target.resolveSibling(target.getFileName() + ".partial");
        this.steps = steps;
    }

    Path target() {
        return target;
    }

    Path log() {
        return partial.resolve("log");
    }

    Path copy() {
        return partial.resolve("copy");
    }

    /** Whether the target is not there, or empty. */
    boolean isFree() throws IOException {
        if (!Files.exists(target)) {
            return true;
        }
        if (!Files.isDirectory(target)) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY, target + " is a file; restore into another directory", null);
        }
        try (Stream<Path> files = Files.list(target)) {
            return files.findAny().isEmpty();
        }
    }

    /** Room on the disk, in bytes. */
    long usableBytes() throws IOException {
        Path there = target;
        for (Path up = target.getParent(); up != null && !Files.exists(there); up = up.getParent()) {
            there = up;
        }
        return Files.getFileStore(there).getUsableSpace();
    }

    /** What is there from an earlier attempt, in bytes. */
    long partialBytes() throws IOException {
        if (!Files.isDirectory(log())) {
            return 0;
        }
        long bytes = 0;
        try (Stream<Path> files = Files.list(log())) {
            for (Path file : (Iterable<Path>) files::iterator) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    /** Makes it this restore's own, or finds that it is. */
    void claim(String logId) throws IOException {
        Storage storage = steps.open(partial);
        Optional<String> mark = read(MARK);
        if (mark.isEmpty() && !onlyOurs(storage)) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY, partial + " is in the way, and is of no restore; remove it first", null);
        }
        if (mark.isPresent() && !mark.get().equals(logId)) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY,
                    partial + " is left from a restore of log " + mark.get() + "; remove it first",
                    null);
        }
        if (mark.isEmpty()) {
            write(storage, MARK, logId);
        }
    }

    private boolean onlyOurs(Storage storage) throws IOException {
        try (Stream<Path> files = Files.list(partial)) {
            return files.allMatch(file -> file.getFileName().toString().startsWith("." + MARK));
        } finally {
            storage.forceDirectory();
        }
    }

    private Optional<String> read(String name) throws IOException {
        Path file = partial.resolve(name);
        return Files.exists(file)
                ? Optional.of(Files.readString(file, StandardCharsets.UTF_8).strip())
                : Optional.empty();
    }

    private static void write(Storage storage, String name, String text) throws IOException {
        AtomicFile.replace(storage, name, "." + name, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Removes what an earlier attempt has copied. */
    void clearCopy() throws IOException {
        steps.before("clear copy");
        remove(copy());
        remove(partial.resolve("copy.partial"));
    }

    /** Gives a directory of this place the name of the target, which is free. Returns when that is on disk. */
    void publish(Path directory) throws IOException {
        steps.before("publish");
        try {
            Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (DirectoryNotEmptyException e) {
            throw new WalRestoreException(
                    Reason.TARGET_NOT_EMPTY, target + " was empty, and no longer is; the log is in " + directory, e);
        }
        forceParent();
        clear();
    }

    /** The same for a new log, of which the next attempt knows by this that it is the one that was asked for. */
    void publishCopy(String logId, String wanted) throws IOException {
        write(steps.open(partial), COPIED, logId + " " + wanted);
        publish(copy());
    }

    /** Whether an earlier attempt has made that very log, and died behind the rename. */
    boolean isCopied(String logId, String wanted) throws IOException {
        return read(COPIED).filter(done -> done.equals(logId + " " + wanted)).isPresent();
    }

    /** Puts the log in the place of the old directory, and returns the name that that one has now. */
    Path swap() throws IOException {
        Path kept = keptName();
        write(steps.open(partial), SWAP, kept.getFileName().toString());
        endSwap();
        return kept;
    }

    private Path keptName() {
        for (int i = 1; ; i++) {
            Path name = target.resolveSibling(target.getFileName() + ".before-restore-" + i);
            if (!Files.exists(name)) {
                return name;
            }
        }
    }

    /** Ends a swap that was cut. */
    void endSwap() throws IOException {
        Optional<String> swap = read(SWAP);
        if (swap.isEmpty()) {
            return;
        }
        Path kept = target.resolveSibling(swap.get());
        if (Files.exists(log()) && Files.exists(target) && !Files.exists(kept)) {
            steps.before("keep the old directory");
            Files.move(target, kept, StandardCopyOption.ATOMIC_MOVE);
            forceParent();
        }
        if (Files.exists(log())) {
            publish(log());
        } else {
            forceParent();
            clear();
        }
    }

    private void forceParent() throws IOException {
        steps.before("force parent");
        steps.open(target.resolveSibling(".").normalize()).forceDirectory();
    }

    /** Removes what is left of a restore that has ended. */
    void clear() throws IOException {
        if (read(MARK).isPresent()) {
            steps.before("clear");
            // The mark last: what has none is not removed.
            remove(log());
            remove(copy());
            remove(partial.resolve("copy.partial"));
            for (String name : List.of("." + SWAP, SWAP, "." + COPIED, COPIED, "." + MARK, MARK)) {
                Files.deleteIfExists(partial.resolve(name));
            }
            Files.deleteIfExists(partial);
        }
    }

    private static void remove(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
