package io.veloz.wal.legacy;

import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * An order log that the engine wrote itself. Thread-safe, and several threads may replay it concurrently. The files are
 * never modified. No process should write to them during a replay.
 *
 * <pre>{@code
 * LegacyReplay replay = LegacyLog.open(directory).replay(LegacyMode.DEFAULT);
 * replay.findings().forEach(System.err::println);
 * }</pre>
 */
public final class LegacyLog {
    private static final byte[] NEW_FORMAT = "VELOZWAL".getBytes(StandardCharsets.US_ASCII);

    private final String prefix;
    private final List<Path> files;
    private final List<LegacyFinding> findings;

    private LegacyLog(String prefix, List<Path> files, List<LegacyFinding> findings) {
        this.prefix = prefix;
        this.files = files;
        this.findings = findings;
    }

    /** Opens a directory with the prefix {@code orders}; see {@link #open(Path, String)}. */
    public static LegacyLog open(Path directory) {
        return open(directory, "orders");
    }

    /**
     * Lists the files of a log. No file stays open.
     *
     * @param prefix the part of the file names before the underscore
     * @throws WalOpenException if the directory is missing or unreadable, or contains no files of such a log
     * @throws WalVersionException if it contains a log of this library; open it with {@link io.veloz.wal.Wal} instead
     * @throws IllegalArgumentException if the prefix is empty or contains a separator
     */
    public static LegacyLog open(Path directory, String prefix) {
        if (prefix.isEmpty() || prefix.indexOf('/') >= 0 || prefix.indexOf('\\') >= 0) {
            throw new IllegalArgumentException("prefix is \"" + prefix + "\", expected a part of a file name");
        }
        if (!Files.isDirectory(directory)) {
            throw new WalOpenException(directory + " is not a directory", null);
        }
        List<Path> files = new ArrayList<>();
        List<LegacyFinding> findings = new ArrayList<>();
        list(directory, prefix, files, findings);
        if (files.isEmpty()) {
            throw new WalOpenException(
                    directory + " contains no regular file named " + prefix + "_*" + LegacyNames.SUFFIX, null);
        }
        files.forEach(LegacyLog::rejectNewFormat);
        return new LegacyLog(prefix, List.copyOf(files), List.copyOf(findings));
    }

    private static void list(Path directory, String prefix, List<Path> files, List<LegacyFinding> findings) {
        List<Path> all = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            entries.forEach(all::add);
        } catch (IOException e) {
            throw new WalOpenException("cannot list " + directory + ": " + e, e);
        } catch (DirectoryIteratorException e) {
            throw new WalOpenException("cannot list " + directory + ": " + e.getCause(), e.getCause());
        }
        // The engine sorts names byte by byte.
        all.sort(Comparator.comparing(
                path -> String.valueOf(path.getFileName()).getBytes(StandardCharsets.UTF_8),
                (left, right) -> Arrays.compareUnsigned(left, right)));
        for (Path path : all) {
            String name = String.valueOf(path.getFileName());
            if (!name.endsWith(LegacyNames.SUFFIX)) {
                continue;
            }
            if (!LegacyNames.isOfLog(name, prefix)) {
                String text = "not named " + prefix + "_*; not read";
                findings.add(Findings.aboutFile(Kind.UNKNOWN_FILE, Severity.NOTE, name, text));
            } else if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                String text = "not a regular file; not read, as in the engine";
                findings.add(Findings.aboutFile(Kind.SKIPPED_FILE, Severity.DOUBTFUL, name, text));
            } else {
                if (!LegacyNames.isKnown(name, prefix)) {
                    findings.add(Findings.aboutFile(
                            Kind.UNKNOWN_FILE, Severity.NOTE, name, "the engine never uses this name; read"));
                }
                files.add(path);
            }
        }
    }

    private static void rejectNewFormat(Path path) {
        try (LegacyFile file = LegacyFile.open(path)) {
            if (file.size() >= NEW_FORMAT.length && Arrays.equals(file.bytes(0, NEW_FORMAT.length), NEW_FORMAT)) {
                throw new WalVersionException(path + " starts with VELOZWAL, expected entries of the engine's old log:"
                        + " this is a log of veloz-wal itself");
            }
        }
    }

    /** The files of the log, sorted by name. */
    public List<Path> files() {
        return files;
    }

    /**
     * Replays the log. Memory is bounded by the number of orders, even if the files are corrupt.
     *
     * @throws WalOpenException if a file cannot be read
     */
    public LegacyReplay replay(LegacyMode mode) {
        return mode == LegacyMode.DEFAULT
                ? forEach((sequence, nanos, event) -> {})
                : new EngineReplay(mode, findings()).replay(files, prefix);
    }

    /**
     * Replays the log in {@link LegacyMode#DEFAULT} and passes every applied event to the handler, in order. Applied to an
     * empty store with the given times, these events result in the orders of the returned replay. Rotations and checkpoints
     * are not events. Orders that were adopted from a checkpoint are passed as {@link io.veloz.wal.orders.OrderRestored}.
     *
     * @throws WalOpenException if a file cannot be read; the events passed until then are valid
     */
    public LegacyReplay forEach(LegacyEventHandler handler) {
        return forEach(handler, WalProgress.NONE);
    }

    /** Replays the log as {@link #forEach(LegacyEventHandler)} does, and reports how many bytes have been read. */
    public LegacyReplay forEach(LegacyEventHandler handler, WalProgress progress) {
        String lastName = String.valueOf(files.get(files.size() - 1).getFileName());
        long before = LegacyNames.number(lastName, prefix).orElse(0);
        return new TruthReplay(OrderedFiles.of(files, prefix), handler, findings(), progress).replay(before);
    }

    private Findings findings() {
        Findings copy = new Findings();
        findings.forEach(copy::add);
        return copy;
    }

    /** Returns the prefix and the files, for log messages. */
    @Override
    public String toString() {
        return "LegacyLog[" + prefix + ", " + files + "]";
    }
}
