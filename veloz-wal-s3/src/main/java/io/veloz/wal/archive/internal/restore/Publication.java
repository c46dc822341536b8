package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Moves a staged log into the target, with a journal that makes the moves atomic across crashes. See the crash table of
 * {@link Staging}. It belongs to one thread.
 */
final class Publication {
    private final Staging staging;
    private final Directories directories;

    /**
     * The journal. It is replaced atomically.
     *
     * @param out whether files of the old log are still being moved out
     * @param from the directory in .restore whose files are moved in
     * @param kept the directory for the old log; empty if there is none
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

    Publication(Staging staging, Directories directories) {
        this.staging = staging;
        this.directories = directories;
    }

    /** Locks the target and completes the moves of an interrupted restore. Does nothing if there is no journal. */
    void finishMoves() throws IOException {
        Optional<Moves> pending = moves();
        if (pending.isEmpty()) {
            return;
        }
        staging.lock(pending.get().prefix());
        // Read again under the lock: another restore may have completed the moves.
        pending = moves();
        if (pending.isPresent()) {
            move(pending.get());
            if (pending.get().from().equals(Staging.LOG)) {
                staging.clear();
            }
        }
    }

    private Optional<Moves> moves() throws IOException {
        return staging.read(Staging.MOVES).map(Moves::of);
    }

    /** Moves the staged log into a free target. Returns when it is durable and opens. */
    void publish() throws IOException {
        publish(new Moves(staging.prefix(), false, Staging.LOG, ""));
        staging.clear();
    }

    /** Moves a new log of the requested records into a free target. Returns when it is durable and opens. */
    void publishCopy(String logId, String point) throws IOException {
        staging.markCopied(logId, point);
        publish(new Moves(staging.prefix(), false, Staging.COPY, ""));
        staging.clear();
    }

    /** Replaces the log in the target by the staged log. Returns the directory in which the old log is kept. */
    Path replace() throws IOException {
        int number = 1;
        while (Files.exists(staging.target().resolve(Staging.BEFORE_RESTORE + number))) {
            number++;
        }
        String kept = Staging.BEFORE_RESTORE + number;
        publish(new Moves(staging.prefix(), true, Staging.LOG, kept));
        staging.clear();
        return staging.target().resolve(kept);
    }

    private void publish(Moves moves) throws IOException {
        staging.checkLock();
        directories.beforeChange("set owner and permissions");
        for (Path file : staged(moves)) {
            staging.ownership().applyAndForce(file);
        }
        if (!files().isRestoring()) {
            files().beginRestore();
        }
        try {
            staging.write(Staging.MOVES, moves.text());
        } catch (IOException e) {
            releaseUnlessMoving(e, moves);
            throw e;
        }
        move(moves);
    }

    /** Lets the old log open again if the journal could not be written, as on a full disk. */
    private void releaseUnlessMoving(IOException failure, Moves moves) {
        try {
            if (moves.out() && !Files.exists(staging.path(Staging.MOVES))) {
                files().endRestore();
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private LogFiles files() {
        return staging.files();
    }

    private void move(Moves moves) throws IOException {
        if (moves.out()) {
            moveOut(staging.target().resolve(moves.kept()));
            staging.write(Staging.MOVES, new Moves(moves.prefix(), false, moves.from(), moves.kept()).text());
        }
        for (Path file : staged(moves)) {
            directories.beforeChange("move in");
            Files.move(file, staging.target().resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        }
        // Makes the deleted names durable as well: a file that reappeared in staging would be moved in again.
        if (Files.exists(staging.path(moves.from()))) {
            directories.open(staging.path(moves.from())).forceDirectory();
        }
        files().endRestore();
        directories.beforeChange("remove journal");
        Files.delete(staging.path(Staging.MOVES));
        staging.open().forceDirectory();
    }

    private void moveOut(Path kept) throws IOException {
        if (!Files.exists(kept)) {
            directories.beforeChange("create kept directory");
            Ownership.createDirectory(kept);
        }
        Storage keptStorage = directories.open(kept);
        List<Path> old = Staging.regularFiles(staging.target());
        old.removeIf(file -> !files().isOwn(name(file)) || name(file).equals(files().restoreMarkName()));
        // The oldest segment first: a reader of the remaining files reports that the beginning is missing.
        old.sort(Comparator.comparing((Path file) -> name(file).startsWith(".")).thenComparing(Publication::name));
        for (Path file : old) {
            directories.beforeChange("move out");
            Files.move(file, kept.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        }
        keptStorage.forceDirectory();
        staging.storage().forceDirectory();
    }

    /** Returns the staged files in move order: the oldest segment last, so that a part of them does not open as a log. */
    private List<Path> staged(Moves moves) throws IOException {
        List<Path> staged = Staging.regularFiles(staging.path(moves.from()));
        staged.removeIf(file -> !files().isOwn(name(file)));
        staged.sort(Comparator.comparing((Path file) -> !name(file).startsWith("."))
                .thenComparing(Publication::name, Comparator.reverseOrder()));
        return staged;
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }
}
