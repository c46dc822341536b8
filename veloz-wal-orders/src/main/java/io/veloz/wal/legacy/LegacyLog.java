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
 * A directory of order logs that the engine itself wrote. Any thread may replay it, several at once; nothing is ever
 * changed. The files should not be written meanwhile.
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
    private final List<LegacyFinding> oddities;

    private LegacyLog(String prefix, List<Path> files, List<LegacyFinding> oddities) {
        this.prefix = prefix;
        this.files = files;
        this.oddities = oddities;
    }

    /** Opens a directory whose files begin with {@code orders_}; see {@link #open(Path, String)}. */
    public static LegacyLog open(Path directory) {
        return open(directory, "orders");
    }

    /**
     * Lists the directory. No file stays open.
     *
     * @param prefix what the names of the files begin with, before the underscore
     * @throws WalOpenException if the directory is missing or unreadable, or holds no file of such a log
     * @throws WalVersionException if it holds a log of this library; open it with that
     * @throws IllegalArgumentException if the prefix is empty or holds a separator
     */
    public static LegacyLog open(Path directory, String prefix) {
        if (prefix.isEmpty() || prefix.indexOf('/') >= 0 || prefix.indexOf('\\') >= 0) {
            throw new IllegalArgumentException("prefix is \"" + prefix + "\", expected a part of a file name");
        }
        if (!Files.isDirectory(directory)) {
            throw new WalOpenException(directory + " is no directory", null);
        }
        List<Path> files = new ArrayList<>();
        List<LegacyFinding> oddities = new ArrayList<>();
        list(directory, prefix, files, oddities);
        if (files.isEmpty()) {
            throw new WalOpenException(
                    directory + " holds no regular file named " + prefix + "_*" + LegacyNames.SUFFIX, null);
        }
        files.forEach(LegacyLog::refuseNewFormat);
        return new LegacyLog(prefix, List.copyOf(files), List.copyOf(oddities));
    }

    private static void list(Path directory, String prefix, List<Path> files, List<LegacyFinding> oddities) {
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
                oddities.add(Findings.aboutFile(Kind.UNKNOWN_FILE, Severity.NOTE, name, text));
            } else if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                String text = "no regular file; not read, as the engine would not";
                oddities.add(Findings.aboutFile(Kind.SKIPPED_FILE, Severity.DOUBTFUL, name, text));
            } else {
                if (!LegacyNames.isKnown(name, prefix)) {
                    oddities.add(Findings.aboutFile(
                            Kind.UNKNOWN_FILE, Severity.NOTE, name, "the engine never gives this name; read"));
                }
                files.add(path);
            }
        }
    }

    private static void refuseNewFormat(Path path) {
        try (LegacyFile file = LegacyFile.open(path)) {
            if (file.size() >= NEW_FORMAT.length && Arrays.equals(file.bytes(0, NEW_FORMAT.length), NEW_FORMAT)) {
                throw new WalVersionException(path + " starts with VELOZWAL, expected entries of the engine's old log:"
                        + " this is a log of veloz-wal itself");
            }
        }
    }

    /** The files that are read, sorted by name. */
    public List<Path> files() {
        return files;
    }

    /**
     * Replays the log. Memory is bounded by the orders, whatever the files hold.
     *
     * @throws WalOpenException if a file cannot be read
     */
    public LegacyReplay replay(LegacyMode mode) {
        return mode == LegacyMode.DEFAULT
                ? forEach((sequence, nanos, event) -> {})
                : new EngineReplay(mode, findings()).replay(files, prefix);
    }

    /**
     * Replays the log in the default mode and passes every event that counts, in the order in which they apply: applied
     * one by one to an empty store, with the times given, they add up to the orders of the returned replay. Rotations and
     * checkpoints carry no event; orders that had to be taken from a checkpoint come as
     * {@link io.veloz.wal.orders.OrderRestored}.
     *
     * @throws WalOpenException if a file cannot be read; what the handler got until then was right
     */
    public LegacyReplay forEach(LegacyEventHandler handler) {
        return forEach(handler, WalProgress.NONE);
    }

    /** The same, and tells how many bytes of the files have been read. */
    public LegacyReplay forEach(LegacyEventHandler handler, WalProgress progress) {
        String lastName = String.valueOf(files.get(files.size() - 1).getFileName());
        long before = LegacyNames.number(lastName, prefix).orElse(0);
        return new TruthReplay(OrderedFiles.of(files, prefix), handler, findings(), progress).replay(before);
    }

    private Findings findings() {
        Findings findings = new Findings();
        oddities.forEach(findings::add);
        return findings;
    }
}
